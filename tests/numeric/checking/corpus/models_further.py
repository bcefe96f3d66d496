"""Models beyond layers, further: forms of three operands, towers, windows, gradients in a dictionary."""

import math

import numpy as np

try:
    import torch
except ImportError:
    torch = None



# a bilinear form with three operands
def trilinear(x: "b i", T: "i j k", y: "b j"):
    xT = np.einsum("bi,ijk->bjk", x, T)
    return np.einsum("bjk,bj->bk", xT, y), (x, T, y, xT)


def trilinear_backward(g, cache):
    x, T, y, xT = cache
    gy = np.einsum("bk,bjk->bj", g, xT)
    gxT = g[:, None, :] * y[:, :, None]
    gT = np.einsum("bi,bjk->ijk", x, gxT)
    gx = np.einsum("bjk,ijk->bi", gxT, T)
    return gx, gT, gy


# standardisation with n - 1
def standardise(x: "n d"):
    n = x.shape[0]
    m = x.mean(0)
    s = x.std(0, ddof=1)
    z = (x - m) / s
    return z, (z, s, n)


def standardise_backward(dz, cache):
    z, s, n = cache
    return (dz - dz.mean(0) - z * (dz * z).sum(0) / (n - 1)) / s


# torch, the newer way, and a constant
if torch is not None:

    class ScaledDot(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v):
            """q: (n, d); k: (m, d); v: (m, e)"""
            scale = 1 / math.sqrt(q.shape[-1])
            attn = torch.softmax(scale * q @ k.T, dim=-1)
            ctx.save_for_backward(q, k, v, attn)
            ctx.scale = scale
            return attn @ v

        @staticmethod
        def backward(ctx, dout):
            q, k, v, attn = ctx.saved_tensors
            dv = attn.T @ dout
            dattn = dout @ v.T
            dscores = attn * (dattn - (dattn * attn).sum(dim=-1, keepdim=True))
            dq = ctx.scale * (dscores @ k)
            dk = ctx.scale * (dscores.T @ q)
            return dq, dk, dv

    class Exp10(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x: "n d", constant=2.0):
            out = torch.exp(constant * x)
            ctx.constant = constant
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, grad_output):
            (out,) = ctx.saved_tensors
            return grad_output * ctx.constant * out, None

    def torch_glu(x: "n d", W: "d h", V: "d h", b: "h"):
        a = x @ W + b
        g = torch.sigmoid(x @ V)
        return a * g, (x, W, V, a, g)

    def torch_glu_backward(dy, cache):
        x, W, V, a, g = cache
        da = dy * g
        dg = dy * a
        dgp = dg * g * (1 - g)
        dW = x.t() @ da
        dV = x.t().mm(dgp)
        db = da.sum(dim=0)
        dx = da.mm(W.t()) + dgp.mm(V.t())
        return dx, dW, dV, db


# parameters and gradients in one dictionary
def loss_and_grads(params, x, y):
    """x: (B, D); y: (B, K); params["W1"]: (D, H)"""
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    h1 = np.maximum(0.0, x @ W1 + b1)
    out = h1 @ W2 + b2
    diff = out - y
    loss = np.mean(diff**2)
    grads = {}
    d_out = 2.0 * diff / diff.size
    grads["W2"] = h1.T @ d_out
    grads["b2"] = d_out.sum(axis=0)
    d_h1 = d_out @ W2.T
    d_h1[h1 <= 0] = 0
    grads["W1"] = x.T @ d_h1
    grads["b1"] = d_h1.sum(axis=0)
    return loss, grads


# a stack of equal residual layers
def tied_stack(x: "n d", W: "d d", depth=3):
    xs = [x]
    hs = []
    for _ in range(depth):
        h = np.tanh(xs[-1] @ W)
        hs.append(h)
        xs.append(xs[-1] + 0.5 * h)
    return xs[-1], (xs, hs, W)


def tied_stack_backward(dout, cache):
    xs, hs, W = cache
    dW = np.zeros_like(W)
    dx = dout
    for l in reversed(range(len(hs))):
        dh = 0.5 * dx * (1 - hs[l] ** 2)
        dW += xs[l].T @ dh
        dx = dx + dh @ W.T
    return dx, dW


# product written with loops
def matmul_loops(A, B):
    n, m = A.shape
    m, p = B.shape
    C = np.zeros((n, p))
    for i in range(n):
        for j in range(p):
            for k in range(m):
                C[i, j] += A[i, k] * B[k, j]
    return C, (A, B)


def matmul_loops_backward(dC, cache):
    A, B = cache
    dA = np.zeros(A.shape)
    dB = np.zeros(B.shape)
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            for k in range(A.shape[1]):
                dA[i, k] += dC[i, j] * B[k, j]
                dB[k, j] += dC[i, j] * A[i, k]
    return dA, dB


# clipping a vector to a ball
def clip_norm(x: "n", c=0.7):
    r = np.linalg.norm(x)
    y = x * c / r
    return y, (x, r, c)


def clip_norm_backward(dy, cache):
    x, r, c = cache
    return c * (dy / r - x * (x @ dy) / r**3)


# in-batch softmax of two towers
class TwoTower:
    def __init__(self, du, di, k):
        self.U = np.random.randn(du, k) * 0.5
        self.I = np.random.randn(di, k) * 0.5

    def forward(self, users, items):
        """users: (B, du); items: (B, di)"""
        self.users, self.items = users, items
        self.eu, self.ei = users @ self.U, items @ self.I
        s = self.eu @ self.ei.T
        s = s - s.max(axis=1, keepdims=True)
        self.p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        return -np.log(np.diag(self.p)).mean()

    def backward(self, dloss=1.0):
        B = self.p.shape[0]
        ds = (self.p - np.eye(B)) / B * dloss
        deu = ds @ self.ei
        dei = ds.T @ self.eu
        self.dU = self.users.T @ deu
        self.dI = self.items.T @ dei
        return deu @ self.U.T, dei @ self.I.T


# sliding windows
def conv1d_windows(x: "c 9", w: "o c 3", b: "o"):
    win = np.lib.stride_tricks.sliding_window_view(x, 3, axis=1)
    y = np.einsum("clk,ock->ol", win, w) + b[:, None]
    return y, (x, w, win)


def conv1d_windows_backward(dy, cache):
    x, w, win = cache
    db = dy.sum(axis=1)
    dw = np.einsum("ol,clk->ock", dy, win)
    dx = np.zeros_like(x)
    L = dy.shape[1]
    for k in range(w.shape[2]):
        dx[:, k : k + L] += np.einsum("ol,oc->cl", dy, w[:, :, k])
    return dx, dw, db

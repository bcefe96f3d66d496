"""Layers and losses by many hands: strides, messages, experts, kernels, sequences."""

import numpy as np

try:
    import torch
except ImportError:
    torch = None


def log_sum_exp(v, axis):
    m = v.max(axis=axis, keepdims=True)
    return (m + np.log(np.exp(v - m).sum(axis=axis, keepdims=True))).squeeze(axis)


# the style of a course: docstrings and TODOs
def selu_forward(x):
    """
    Input:
    - x: array of shape (N, D)
    """
    scale, alpha = 1.05, 1.67
    out = scale * np.where(x > 0, x, alpha * np.expm1(x))
    return out, x


def selu_backward(dout, cache):
    scale, alpha = 1.05, 1.67
    x = cache
    dx = np.zeros_like(x)
    mask = x > 0
    dx[mask] = scale * dout[mask]
    dx[~mask] = dout[~mask] * scale * alpha * np.exp(x[~mask])
    return dx


# network as a list of layers
class Stack:
    def __init__(self, W1: "d h", b1: "h", W2: "h k", b2: "k"):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2

    def forward(self, x: "n d"):
        self.x = x
        self.a = x @ self.W1 + self.b1
        self.h = self.a * (self.a > 0)
        self.o = self.h @ self.W2 + self.b2
        self.e = np.exp(self.o)
        self.p = self.e / self.e.sum(axis=1)[:, None]
        return self.p

    def backward(self, dp):
        do = self.p * dp
        do -= self.p * do.sum(axis=1)[:, None]
        self.dW2 = self.h.T @ do
        self.db2 = do.sum(axis=0)
        dh = do @ self.W2.T
        dh[self.a <= 0] = 0
        self.dW1 = self.x.T @ dh
        self.db1 = dh.sum(axis=0)
        return dh @ self.W1.T


# strided convolution over a padded signal, loops
def strided_conv(x: "c 8", w: "f c 3", b: "f"):
    stride, pad = 2, 1
    xp = np.pad(x, ((0, 0), (pad, pad)))
    L = (xp.shape[1] - 3) // stride + 1
    out = np.zeros((w.shape[0], L))
    for i in range(L):
        seg = xp[:, i * stride : i * stride + 3]
        for f in range(w.shape[0]):
            out[f, i] = (seg * w[f]).sum() + b[f]
    return out, (xp, w, stride, pad)


def strided_conv_backward(dout, cache):
    xp, w, stride, pad = cache
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    db = np.zeros(w.shape[0])
    for i in range(dout.shape[1]):
        a = i * stride
        for f in range(w.shape[0]):
            dxp[:, a : a + 3] += w[f] * dout[f, i]
            dw[f] += xp[:, a : a + 3] * dout[f, i]
            db[f] += dout[f, i]
    return dxp[:, pad:-pad], dw, db


# transposed convolution by scattering
def deconv(x: "c t", w: "c f 3"):
    T = x.shape[1]
    out = np.zeros((w.shape[1], 2 * T + 1))
    for t in range(T):
        out[:, 2 * t : 2 * t + 3] += np.tensordot(x[:, t], w, axes=(0, 0))
    return out


def deconv_backward(dout, x, w):
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for t in range(x.shape[1]):
        piece = dout[:, 2 * t : 2 * t + 3]
        dx[:, t] = np.tensordot(w, piece, axes=([1, 2], [0, 1]))
        dw += x[:, t][:, None, None] * piece[None]
    return dx, dw


# group norm, five dimensions
def gn(x: "n 6 h w", gamma: "6", beta: "6", G=3):
    N, C, H, W = x.shape
    g = x.reshape(N, G, C // G, H, W)
    m = g.mean(axis=(2, 3, 4), keepdims=True)
    v = g.var(axis=(2, 3, 4), keepdims=True)
    r = (v + 1e-5) ** -0.5
    xn = ((g - m) * r).reshape(N, C, H, W)
    return xn * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1), (xn, r, gamma, G)


def gn_backward(dy, cache):
    xn, r, gamma, G = cache
    N, C, H, W = dy.shape
    dgamma = (dy * xn).sum(axis=(0, 2, 3))
    dbeta = dy.sum(axis=(0, 2, 3))
    dxn = (dy * gamma.reshape(1, C, 1, 1)).reshape(N, G, C // G, H, W)
    xg = xn.reshape(N, G, C // G, H, W)
    M = C // G * H * W
    s1 = dxn.sum(axis=(2, 3, 4), keepdims=True)
    s2 = (dxn * xg).sum(axis=(2, 3, 4), keepdims=True)
    dx = r / M * (M * dxn - s1 - xg * s2)
    return dx.reshape(N, C, H, W), dgamma, dbeta


# peephole-free LSTM over time, row vectors, one matrix
def lstm_seq(x: "T n d", W: "d 4*h", U: "h 4*h", b: "4*h"):
    T, n, _ = x.shape
    H = U.shape[0]
    h, c = np.zeros((n, H)), np.zeros((n, H))
    tape, hs = [], []
    for t in range(T):
        z = x[t] @ W + h @ U + b
        i, f, o = (1 / (1 + np.exp(-z[:, k * H : (k + 1) * H])) for k in range(3))
        g = np.tanh(z[:, 3 * H :])
        cn = f * c + i * g
        tc = np.tanh(cn)
        tape.append((h, c, i, f, o, g, tc))
        h, c = o * tc, cn
        hs.append(h)
    return np.array(hs), (x, W, U, tape)


def lstm_seq_backward(dhs, cache):
    x, W, U, tape = cache
    H = U.shape[0]
    dx, dW, dU = np.zeros(x.shape), np.zeros(W.shape), np.zeros(U.shape)
    db = np.zeros(4 * H)
    dh_next = np.zeros((x.shape[1], H))
    dc_next = np.zeros((x.shape[1], H))
    for t in range(len(tape) - 1, -1, -1):
        hp, cp, i, f, o, g, tc = tape[t]
        dh = dhs[t] + dh_next
        dc = dc_next + dh * o * (1 - tc**2)
        dz = np.concatenate(
            [dc * g * i * (1 - i), dc * cp * f * (1 - f), dh * tc * o * (1 - o), dc * i * (1 - g**2)], axis=1
        )
        dW += x[t].T @ dz
        dU += hp.T @ dz
        db += dz.sum(0)
        dx[t] = dz @ W.T
        dh_next = dz @ U.T
        dc_next = dc * f
    return dx, dW, dU, db


# a recurrent net through time with truncated targets
def elman(xs: "T d", W: "h d", R: "h h", v: "h", y: "T"):
    T, H = xs.shape[0], R.shape[0]
    S = np.zeros((T + 1, H))
    out = np.zeros(T)
    for t in range(T):
        S[t + 1] = np.tanh(W @ xs[t] + R @ S[t])
        out[t] = v @ S[t + 1]
    loss = 0.5 * np.sum((out - y) ** 2)
    gW, gR, gv = np.zeros_like(W), np.zeros_like(R), np.zeros_like(v)
    carry = np.zeros(H)
    for t in range(T - 1, -1, -1):
        e = out[t] - y[t]
        gv += e * S[t + 1]
        ds = e * v + carry
        da = ds * (1 - S[t + 1] ** 2)
        gW += da[:, None] * xs[t][None, :]
        gR += da[:, None] * S[t][None, :]
        carry = R.T @ da
    return loss, gW, gR, gv


# linear chain: log partition by forward and backward messages
def crf_logz(unary: "T k", pair: "k k"):
    T, K = unary.shape
    alpha = np.zeros((T, K))
    alpha[0] = unary[0]
    for t in range(1, T):
        alpha[t] = unary[t] + log_sum_exp(alpha[t - 1][:, None] + pair, 0)
    logz = log_sum_exp(alpha[-1], 0)
    beta = np.zeros((T, K))
    for t in range(T - 2, -1, -1):
        beta[t] = log_sum_exp(pair + (unary[t + 1] + beta[t + 1])[None, :], 1)
    dunary = np.exp(alpha + beta - logz)
    dpair = np.zeros((K, K))
    for t in range(T - 1):
        dpair += np.exp(alpha[t][:, None] + pair + (unary[t + 1] + beta[t + 1])[None, :] - logz)
    return logz, dunary, dpair


# prototype classifier with squared distances
def proto_loss(X: "n d", C: "k d", y: "n"):
    """y: integers of shape (n,)"""
    d2 = (X**2).sum(1)[:, None] - 2 * X @ C.T + (C**2).sum(1)[None, :]
    s = -d2
    s = s - s.max(1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(1, keepdims=True)
    N = len(X)
    loss = -np.log(p[range(N), y]).sum() / N
    ds = p
    ds[range(N), y] -= 1.0
    ds /= N
    dd = -ds
    dX = 2 * (dd.sum(1)[:, None] * X - dd @ C)
    dC = 2 * (dd.sum(0)[:, None] * C - dd.T @ X)
    return loss, dX, dC


# cosine classifier with temperature
def cosine_logits(x: "n d", W: "k d", s: ""):
    nx = np.sqrt((x**2).sum(1, keepdims=True))
    nw = np.sqrt((W**2).sum(1, keepdims=True))
    xh, wh = x / nx, W / nw
    cos = xh @ wh.T
    return s * cos, (xh, wh, nx, nw, cos, s)


def cosine_logits_backward(dout, cache):
    xh, wh, nx, nw, cos, s = cache
    ds = np.sum(dout * cos)
    dcos = s * dout
    dxh = dcos @ wh
    dwh = dcos.T @ xh
    dx = (dxh - xh * (xh * dxh).sum(1, keepdims=True)) / nx
    dW = (dwh - wh * (wh * dwh).sum(1, keepdims=True)) / nw
    return dx, dW, ds


# gated feed-forward of a language model, columns as features
class GatedFFN:
    def __init__(self, w1: "d h", w3: "d h", w2: "h d"):
        self.w1, self.w2, self.w3 = w1, w2, w3

    def forward(self, x: "b t d"):
        self.x = x
        self.u = x @ self.w1
        self.g = x @ self.w3
        self.sg = 1.0 / (1.0 + np.exp(-self.u))
        self.act = self.u * self.sg
        return (self.act * self.g) @ self.w2 + x

    def backward(self, dout):
        flat = lambda a: a.reshape(-1, a.shape[-1])
        dm = dout @ self.w2.T
        self.dw2 = flat(self.act * self.g).T @ flat(dout)
        dact = dm * self.g
        dg = dm * self.act
        du = dact * (self.sg + self.act * (1 - self.sg))
        self.dw1 = flat(self.x).T @ flat(du)
        self.dw3 = flat(self.x).T @ flat(dg)
        return du @ self.w1.T + dg @ self.w3.T + dout


# polynomial and Gaussian kernels
def poly_kernel(X: "n d", Z: "m d", c: "", a: "n m"):
    G = X @ Z.T + c
    K = G**3
    f = np.sum(a * K)
    dG = a * 3 * G**2
    return f, dG @ Z, dG.T @ X, dG.sum()


# whitening by the inverse square root of a variance with shrinkage
def shrink(x: "n d", lam: ""):
    n = x.shape[0]
    xc = x - x.mean(0)
    S = xc.T @ xc / n + (1 + lam**2) * np.eye(x.shape[1])
    Sinv = np.linalg.inv(S)
    f = 0.5 * np.linalg.slogdet(S)[1]
    dS = 0.5 * Sinv
    dxc = xc @ (dS + dS.T) / n
    dx = dxc - dxc.mean(0)
    dlam = 2 * lam * np.trace(dS)
    return f, dx, dlam


# quantile loss with a mask
def pinball(pred: "n q", y: "n", tau=(0.2, 0.5, 0.9)):
    tau = np.asarray(tau)[: pred.shape[1]]
    e = y[:, None] - pred
    loss = np.maximum(tau * e, (tau - 1) * e).mean(axis=0).sum()
    return loss, e


def pinball_backward(g, cache, pred, y):
    e = cache
    tau = np.asarray((0.2, 0.5, 0.9))[: pred.shape[1]]
    below = e < 0
    de = np.where(below, tau - 1, tau) * g
    de /= len(y)
    return -de, de.sum(axis=1)


# log-normal likelihood with softplus scale
def softplus_nll(mu: "n", rho: "n", t: "n"):
    sigma = np.log1p(np.exp(rho)) + 1e-3
    z = (t - mu) / sigma
    nll = np.sum(0.5 * z**2 + np.log(sigma))
    d_mu = -z / sigma
    d_sigma = (1 - z**2) / sigma
    d_rho = d_sigma / (1 + np.exp(-rho))
    return nll, {"mu": d_mu, "rho": d_rho}


# attention pooling with multiplicative mask
def attn_pool(h: "b t d", w: "d", mask: "b t"):
    s = h @ w
    e = np.exp(s) * (1 + mask**2)
    a = e / e.sum(1, keepdims=True)
    ctx = np.einsum("bt,btd->bd", a, h)
    return ctx, (h, w, a)


def attn_pool_backward(dctx, cache):
    h, w, a = cache
    da = np.einsum("bd,btd->bt", dctx, h)
    ds = a * (da - np.einsum("bt,bt->b", da, a)[:, None])
    dw = np.einsum("bt,btd->d", ds, h)
    dh = a[:, :, None] * dctx[:, None, :]
    dh += ds[:, :, None] * w
    return dh, dw


# of PyTorch's kind: a rotation and a norm
if torch is not None:

    class PowerNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, p, eps=1e-6):
            """x: (n, d); p: (d,)"""
            r = torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
            y = x * r
            ctx.save_for_backward(x, p, r)
            return y * (1 + p)

        @staticmethod
        def backward(ctx, g):
            x, p, r = ctx.saved_tensors
            y = x * r
            dp = (g * y).sum(dim=0)
            gy = g * (1 + p)
            inner = (gy * y).mean(dim=-1, keepdim=True)
            dx = r * (gy - y * inner)
            return dx, dp, None

    def torch_attn(q: "n d", k: "m d", v: "m e"):
        w = torch.softmax(q @ k.t() / q.shape[1] ** 0.5, dim=1)
        return torch.matmul(w, v), (q, k, v, w)

    def torch_attn_backward(go, cache):
        q, k, v, w = cache
        gv = w.t().matmul(go)
        gw = go.matmul(v.t())
        gs = w * gw
        gs = gs - w * gs.sum(dim=1, keepdim=True)
        gs = gs / q.shape[1] ** 0.5
        gq = gs.matmul(k)
        gk = gs.t().matmul(q)
        return gq, gk, gv


# mixture of two experts
def moe(x: "n d", A: "d k", B: "d k", r: "d"):
    gate = 1 / (1 + np.exp(-x @ r))
    ya, yb = x @ A, np.tanh(x @ B)
    return gate[:, None] * ya + (1 - gate)[:, None] * yb, (x, A, B, r, gate, ya, yb)


def moe_backward(dy, cache):
    x, A, B, r, gate, ya, yb = cache
    dya = gate[:, None] * dy
    dyb = (1 - gate)[:, None] * dy
    dgate = ((ya - yb) * dy).sum(1)
    dlogit = dgate * gate * (1 - gate)
    dzb = dyb * (1 - yb**2)
    dA = x.T @ dya
    dB = x.T @ dzb
    dr = x.T @ dlogit
    dx = dya @ A.T + dzb @ B.T + np.outer(dlogit, r)
    return dx, dA, dB, dr


# min pooling by comparison and repeat
def minpool(x: "n 4 6"):
    n = x.shape[0]
    blocks = x.reshape(n, 2, 2, 3, 2)
    out = blocks.min(axis=(2, 4))
    return out, (blocks, out)


def minpool_backward(dout, cache):
    blocks, out = cache
    hit = blocks == out[:, :, None, :, None]
    d = hit * dout[:, :, None, :, None]
    return d.reshape(len(out), 4, 6)


# Adam's friend: a weight-decayed multinomial regression with class columns
def multinomial(W: "d k", b: "k", X: "n d", Y: "n k", decay=0.03):
    scores = X.dot(W) + b
    scores -= np.max(scores, axis=1, keepdims=True)
    P = np.exp(scores)
    P /= np.sum(P, axis=1, keepdims=True)
    num = X.shape[0]
    T = np.exp(Y) / np.exp(Y).sum(1, keepdims=True)
    loss = -np.sum(T * np.log(P)) / num + 0.5 * decay * np.sum(W * W)
    dscores = (P - T) / num
    dW = np.dot(X.T, dscores)
    dW += decay * W
    db = np.sum(dscores, axis=0)
    return loss, dW, db

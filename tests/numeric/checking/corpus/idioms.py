"""Other idioms: lists of parameters, residuals first, labels in loops, recurrences."""

import numpy as np
from numpy import dot, exp, log, tanh, zeros, zeros_like

try:
    import torch
    from torch.autograd import Function
except ImportError:
    torch = None


# layers with lists of parameters and gradients
class Affine:
    def __init__(self, n_in, n_out):
        W = np.random.randn(n_in, n_out)
        b = np.random.randn(n_out)
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        out = np.dot(x, W) + b
        self.x = x
        return out

    def backward(self, dout):
        W, b = self.params
        dx = np.dot(dout, W.T)
        dW = np.dot(self.x.T, dout)
        db = np.sum(dout, axis=0)
        self.grads[0][...] = dW
        self.grads[1][...] = db
        return dx


# jax style: residuals first, tuple back
def ln_fwd(x, scale, bias):
    mean = jnp_mean(x)
    centered = x - mean
    inv = (np.mean(centered * centered, axis=-1, keepdims=True) + 1e-6) ** -0.5
    normed = centered * inv
    return normed * scale + bias, (normed, inv, scale)


def jnp_mean(x):
    return np.mean(x, axis=-1, keepdims=True)


def ln_bwd(res, g):
    normed, inv, scale = res
    g_scale = np.sum(g * normed, axis=0)
    g_bias = np.sum(g, axis=0)
    gn = g * scale
    gx = inv * (gn - jnp_mean(gn) - normed * jnp_mean(gn * normed))
    return gx, g_scale, g_bias


# softmax regression with loops
def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    num_train = X.shape[0]
    num_classes = W.shape[1]
    for i in range(num_train):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(p[y[i]])
        for k in range(num_classes):
            dW[:, k] += (p[k] - (k == y[i])) * X[i]
    loss /= num_train
    loss += 0.5 * reg * np.sum(W * W)
    dW /= num_train
    dW += reg * W
    return loss, dW


# squeeze and excitation
def se_forward(x: "n c h w", W1: "c r", W2: "r c"):
    s = x.mean(axis=(2, 3))
    a = s @ W1
    r = np.maximum(0, a)
    e = 1 / (1 + exp(-(r @ W2)))
    out = x * e[:, :, None, None]
    return out, (x, s, a, r, e, W1, W2)


def se_backward(dout, cache):
    x, s, a, r, e, W1, W2 = cache
    H, W = x.shape[2:]
    de = (dout * x).sum(axis=(2, 3))
    dz = de * e * (1 - e)
    dW2 = r.T @ dz
    dr = dz @ W2.T
    da = np.where(a > 0, dr, 0)
    dW1 = s.T @ da
    ds = da @ W1.T
    dx = dout * e[:, :, None, None] + ds[:, :, None, None] / (H * W)
    return dx, dW1, dW2


# additive attention
def additive_attention(q: "d", K: "t e", Wq: "h d", Wk: "h e", v: "h"):
    u = np.tanh(Wq @ q + K @ Wk.T)
    e = u @ v
    e = np.exp(e - e.max())
    alpha = e / e.sum()
    c = alpha @ K
    return c, (q, K, Wq, Wk, v, u, alpha)


def additive_attention_backward(dc, cache):
    q, K, Wq, Wk, v, u, alpha = cache
    dalpha = K @ dc
    dK = np.outer(alpha, dc)
    de = alpha * (dalpha - alpha @ dalpha)
    dv = u.T @ de
    du = np.outer(de, v)
    dpre = du * (1 - u**2)
    dWq = np.outer(dpre.sum(axis=0), q)
    dq = Wq.T @ dpre.sum(axis=0)
    dWk = dpre.T @ K
    dK += dpre @ Wk
    return dq, dK, dWq, dWk, dv


# factorisation machine
def fm_forward(x, w0, w, V):
    xv = x @ V
    inter = 0.5 * np.sum(xv**2 - (x**2) @ (V**2), axis=1)
    return w0 + x @ w + inter, (x, w, V, xv)


def fm_backward(dy, cache):
    x, w, V, xv = cache
    dw0 = dy.sum()
    dw = x.T @ dy
    dxv = dy[:, None] * xv
    dV = x.T @ dxv - V * ((x**2).T @ dy)[:, None]
    dx = np.outer(dy, w) + dxv @ V.T - dy[:, None] * x * np.sum(V**2, axis=1)
    return dx, dw0, dw, dV


# inverse and log determinant
def whitened_quadratic(r: "d", A: "d d"):
    M = np.eye(r.shape[0]) + A @ A.T
    P = np.linalg.inv(M)
    q = P @ r
    return q, (r, A, P, q)


def whitened_quadratic_backward(dq, cache):
    r, A, P, q = cache
    dr = P.T @ dq
    dM = -np.outer(P.T @ dq, q)
    dA = (dM + dM.T) @ A
    return dr, dA


# focal loss on logits
def focal_loss(logits, targets, gamma=2.0):
    p = 1 / (1 + np.exp(-logits))
    pt = targets * p + (1 - targets) * (1 - p)
    loss = -np.mean((1 - pt) ** gamma * np.log(pt))
    dpt = gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt
    dp = dpt * (2 * targets - 1)
    dlogits = dp * p * (1 - p) / logits.size
    return loss, dlogits


# dice loss
def dice(probs: "n m", mask: "n m"):
    inter = (probs * mask).sum()
    union = probs.sum() + mask.sum()
    loss = 1 - 2 * inter / union
    dprobs = -2 * (mask * union - inter) / union**2
    return loss, dprobs


# Gaussian mixture, responsibilities
def gmm_nll(X: "n d", mu: "k d", logits: "k"):
    n = len(X)
    pi = np.exp(logits - logits.max())
    pi = pi / pi.sum()
    diff = X[:, None] - mu[None]
    logp = np.log(pi) - 0.5 * (diff**2).sum(-1)
    top = logp.max(1, keepdims=True)
    lse = top[:, 0] + np.log(np.exp(logp - top).sum(1))
    nll = -lse.mean()
    resp = np.exp(logp - lse[:, None])
    dmu = -(resp[:, :, None] * diff).sum(0) / n
    dlogits = pi - resp.mean(0)
    return nll, dmu, dlogits


# dilated convolution in one dimension
def dilated_conv_forward(x, w, dilation=2):
    """x: (T,), w: (K,)"""
    T, K = x.shape[0], w.shape[0]
    n = T - dilation * (K - 1)
    y = np.zeros(n)
    for t in range(n):
        for k in range(K):
            y[t] += w[k] * x[t + dilation * k]
    return y, (x, w, dilation)


def dilated_conv_backward(dy, cache):
    x, w, dilation = cache
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for t in range(len(dy)):
        for k in range(len(w)):
            dw[k] += dy[t] * x[t + dilation * k]
            dx[t + dilation * k] += dy[t] * w[k]
    return dx, dw


# LSTM over a sequence, one fused matrix, a class with a dictionary
class LSTM:
    def __init__(self, D, H):
        self.H = H
        self.params = {
            "W": np.random.randn(D + H, 4 * H) * 0.5,
            "b": np.random.randn(4 * H) * 0.5,
        }
        self.grads = {}

    def forward(self, x: "T N D"):
        T, N, D = x.shape
        H = self.H
        h, c = np.zeros((N, H)), np.zeros((N, H))
        self.steps = []
        out = np.zeros((T, N, H))
        for t in range(T):
            z = np.hstack([x[t], h])
            a = z @ self.params["W"] + self.params["b"]
            i, f, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
            g = np.tanh(a[:, 3 * H :])
            c_prev = c
            c = f * c + i * g
            tc = np.tanh(c)
            h = o * tc
            self.steps.append((z, i, f, o, g, c_prev, tc))
            out[t] = h
        return out

    def backward(self, dout):
        T, N, H = dout.shape
        W = self.params["W"]
        dW, db = np.zeros_like(W), np.zeros(4 * H)
        D = W.shape[0] - H
        dx = np.zeros((T, N, D))
        dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
        for t in range(T - 1, -1, -1):
            z, i, f, o, g, c_prev, tc = self.steps[t]
            dh = dout[t] + dh_next
            do = dh * tc
            dc = dh * o * (1 - tc**2) + dc_next
            di = dc * g
            df = dc * c_prev
            dg = dc * i
            da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
            dW += z.T @ da
            db += da.sum(0)
            dz = da @ W.T
            dx[t] = dz[:, :D]
            dh_next = dz[:, D:]
            dc_next = dc * f
        self.grads["W"], self.grads["b"] = dW, db
        return dx


# linear recurrence, state space
def ssm_forward(u: "L", A: "N N", B: "N", C: "N"):
    L = u.shape[0]
    states = [np.zeros(A.shape[0])]
    y = []
    for k in range(L):
        states.append(A @ states[-1] + B * u[k])
        y.append(C @ states[-1])
    return np.array(y), (u, A, B, C, states)


def ssm_backward(dy, cache):
    u, A, B, C, states = cache
    du, dA, dB, dC = np.zeros_like(u), np.zeros_like(A), np.zeros_like(B), np.zeros_like(C)
    lam = np.zeros_like(B)
    for k in range(len(u))[::-1]:
        dC += dy[k] * states[k + 1]
        lam = A.T @ lam + C * dy[k]
        dA += np.outer(lam, states[k])
        dB += lam * u[k]
        du[k] = B @ lam
    return du, dA, dB, dC

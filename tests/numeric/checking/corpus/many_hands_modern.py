"""Layers and losses by many hands: adapters, contrast, anchors, returns, running sums."""

import numpy as np

try:
    import torch
except ImportError:
    torch = None


# im2col with index arrays
def col_indices(H, W, k):
    oh, ow = H - k + 1, W - k + 1
    i = np.repeat(np.arange(k), k)[:, None] + np.repeat(np.arange(oh), ow)[None, :]
    j = np.tile(np.arange(k), k)[:, None] + np.tile(np.arange(ow), oh)[None, :]
    return i, j


def conv_cols(X: "N C 4 5", W: "F C 2 2", b: "F"):
    N, C, H, Wd = X.shape
    i, j = col_indices(H, Wd, 2)
    cols = X[:, :, i, j]
    cols = cols.reshape(N, C * 4, -1)
    out = W.reshape(W.shape[0], -1) @ cols + b[:, None]
    return out.reshape(N, W.shape[0], H - 1, Wd - 1), (X.shape, W, cols, i, j)


def conv_cols_backward(dY, cache):
    shape, W, cols, i, j = cache
    N, C, H, Wd = shape
    F = W.shape[0]
    dflat = dY.reshape(N, F, -1)
    db = dflat.sum(axis=(0, 2))
    dW = np.einsum("nfp,ncp->fc", dflat, cols).reshape(W.shape)
    dcols = np.matmul(W.reshape(F, -1).T, dflat)
    dX = np.zeros(shape)
    np.add.at(dX, (slice(None), slice(None), i, j), dcols.reshape(N, C, 4, -1))
    return dX, dW, db


# average pooling, loops
def avgpool(x: "n c 4 6"):
    N, C, H, W = x.shape
    out = np.zeros((N, C, H // 2, W // 2))
    for i in range(H // 2):
        for j in range(W // 2):
            out[:, :, i, j] = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean(axis=(2, 3))
    return out


def avgpool_backward(dout, x):
    N, C, H, W = x.shape
    dx = np.zeros_like(x)
    for i in range(H // 2):
        for j in range(W // 2):
            d = dout[:, :, i, j][:, :, None, None]
            dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += d / 4
    return dx


# batch norm as a layer, training mode
class BatchNorm1d:
    def __init__(self, gamma: "d", beta: "d", eps=1e-5):
        self.gamma, self.beta, self.eps = gamma, beta, eps

    def forward(self, X: "n d"):
        self.mean = X.mean(axis=0)
        self.X_centered = X - self.mean
        self.var = np.mean(self.X_centered**2, axis=0)
        self.stddev_inv = 1 / np.sqrt(self.var + self.eps)
        self.X_norm = self.X_centered * self.stddev_inv
        return self.gamma * self.X_norm + self.beta

    def backward(self, accum_grad):
        n = accum_grad.shape[0]
        self.grad_gamma = np.sum(accum_grad * self.X_norm, axis=0)
        self.grad_beta = np.sum(accum_grad, axis=0)
        g = accum_grad * self.gamma
        dvar = np.sum(g * self.X_centered, axis=0) * -0.5 * self.stddev_inv**3
        dmean = np.sum(g, axis=0) * -self.stddev_inv
        return g * self.stddev_inv + dvar * 2 * self.X_centered / n + dmean / n


# layer norm written out with three sums
def ln3(x: "b d", w: "d"):
    D = x.shape[1]
    s1 = x.sum(1, keepdims=True)
    s2 = (x * x).sum(1, keepdims=True)
    mu = s1 / D
    var = s2 / D - mu**2
    inv = 1 / np.sqrt(var + 1e-5)
    return (x - mu) * inv * w, (x, w, mu, inv, D)


def ln3_backward(dy, cache):
    x, w, mu, inv, D = cache
    g = dy * w
    dw = (dy * (x - mu) * inv).sum(0)
    dinv = (g * (x - mu)).sum(1, keepdims=True)
    dmu = -(g * inv).sum(1, keepdims=True)
    dvar = dinv * -0.5 * inv**3
    ds2 = dvar / D
    dmu += -2 * mu * dvar
    ds1 = dmu / D
    dx = g * inv + ds1 + 2 * x * ds2
    return dx, dw


# low-rank adapter over a frozen projection, scaled, with a mask
def adapter(x: "n d", W: "k d", A: "r d", B: "k r", keep: "n d"):
    xd = x * keep
    low = xd @ A.T
    y = x @ W.T + 0.5 * low @ B.T
    return y, (x, xd, low, W, A, B, keep)


def adapter_backward(dy, cache):
    x, xd, low, W, A, B, keep = cache
    dB = 0.5 * dy.T @ low
    dlow = 0.5 * dy @ B
    dA = dlow.T @ xd
    dxd = dlow @ A
    dx = dy @ W + dxd * keep
    return dx, dA, dB


# GRU in the equations of a textbook, columns
def gru_tb(x: "d", h: "k", W: "3 k d", U: "3 k k", b: "3 k"):
    r = 1 / (1 + np.exp(-(W[0] @ x + U[0] @ h + b[0])))
    z = 1 / (1 + np.exp(-(W[1] @ x + U[1] @ h + b[1])))
    n = np.tanh(W[2] @ x + r * (U[2] @ h) + b[2])
    return (1 - z) * n + z * h, (x, h, W, U, r, z, n)


def gru_tb_backward(dh1, cache):
    x, h, W, U, r, z, n = cache
    dn = dh1 * (1 - z)
    dz = dh1 * (h - n)
    dan = dn * (1 - n**2)
    dr = dan * (U[2] @ h)
    dar = dr * r * (1 - r)
    daz = dz * z * (1 - z)
    db = np.stack([dar, daz, dan])
    dW = db[:, :, None] * x
    dU = np.stack([np.outer(dar, h), np.outer(daz, h), np.outer(dan * r, h)])
    dx = W[0].T @ dar + W[1].T @ daz + W[2].T @ dan
    dh = dh1 * z + U[0].T @ dar + U[1].T @ daz + U[2].T @ (dan * r)
    return dx, dh, dW, dU, db


# variational autoencoder's latent part
def latent(mu: "b z", logvar: "b z", eps: "b z", V: "z d", t: "b d", beta=0.5):
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    rec = z @ V
    B = mu.shape[0]
    loss = 0.5 * np.sum((rec - t) ** 2) / B
    loss += beta * -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar)) / B
    drec = (rec - t) / B
    dV = z.T @ drec
    dz = drec @ V.T
    dmu = dz + beta * mu / B
    dlogvar = 0.5 * dz * eps * std + 0.5 * beta * (np.exp(logvar) - 1) / B
    return loss, dmu, dlogvar, dV


# InfoNCE in both directions
def clip_loss(I: "n d", T: "n d", t: ""):
    n = I.shape[0]
    S = I @ T.T * np.exp(t)
    R = np.exp(S - S.max(1, keepdims=True))
    R /= R.sum(1, keepdims=True)
    C = np.exp(S - S.max(0, keepdims=True))
    C /= C.sum(0, keepdims=True)
    loss = -0.5 * (np.log(np.diag(R)).mean() + np.log(np.diag(C)).mean())
    eye = np.eye(n)
    dS = 0.5 * ((R - eye) + (C - eye)) / n
    dI = np.exp(t) * dS @ T
    dT = np.exp(t) * dS.T @ I
    dt = np.sum(dS * S)
    return loss, dI, dT, dt


# a multi-class margin loss with soft hinge
def crammer(W: "k d", X: "n d", y: "n", mu: ""):
    """y: integer labels of shape (n,)"""
    n = X.shape[0]
    s = X @ W.T
    m = s - s[np.arange(n), y][:, None] + 1
    m[np.arange(n), y] = 0
    j = m.argmax(1)
    best = m[np.arange(n), j]
    loss = np.maximum(best, 0).mean() + 0.5 * mu * (W**2).sum()
    on = best > 0
    dW = mu * W
    for i in range(n):
        if on[i]:
            dW[j[i]] += X[i] / n
            dW[y[i]] -= X[i] / n
    return loss, dW


# robust loss with a learned scale
def cauchy(r: "n", log_c: ""):
    c2 = np.exp(2 * log_c)
    q = r**2 / c2
    loss = np.sum(np.log1p(q))
    w = 1 / (1 + q)
    dr = 2 * r * w / c2
    dlog_c = -2 * np.sum(q * w)
    return loss, dr, dlog_c


# the Sinkhorn-like double normalisation
def double_norm(a: "n m", p: "m"):
    e = np.exp(a)
    col = e / e.sum(0)
    row = col / col.sum(1, keepdims=True)
    out = row @ p
    return out, (e, col, row, p)


def double_norm_backward(g, cache):
    e, col, row, p = cache
    dp = row.T @ g
    drow = np.outer(g, p)
    R = col.sum(1, keepdims=True)
    dcol = (drow - (drow * row).sum(1, keepdims=True)) / R
    da = col * (dcol - (dcol * col).sum(0))
    return da, dp


# a residual block with shared weights and a skip scale
def tied_res(x: "n d", W: "d d", s: ""):
    h1 = x + s * np.tanh(x @ W)
    h2 = h1 + s * np.tanh(h1 @ W)
    return h2, (x, h1, W, s)


def tied_res_backward(dh2, cache):
    x, h1, W, s = cache
    t2 = np.tanh(h1 @ W)
    d2 = s * dh2 * (1 - t2**2)
    dW = h1.T @ d2
    ds = np.sum(dh2 * t2)
    dh1 = dh2 + d2 @ W.T
    t1 = np.tanh(x @ W)
    d1 = s * dh1 * (1 - t1**2)
    dW += x.T @ d1
    ds += np.sum(dh1 * t1)
    dx = dh1 + d1 @ W.T
    return dx, dW, ds


# squared distances to anchors through a Gaussian, einsum
def soft_assign(X: "n d", C: "k d", V: "k m"):
    diff = X[:, None, :] - C[None, :, :]
    u = np.exp(-0.5 * np.einsum("nkd,nkd->nk", diff, diff))
    w = u / u.sum(1, keepdims=True)
    return np.einsum("nk,km->nm", w, V), (diff, w, V)


def soft_assign_backward(dY, cache):
    diff, w, V = cache
    dV = np.einsum("nk,nm->km", w, dY)
    dw = np.einsum("nm,km->nk", dY, V)
    ds = w * (dw - np.einsum("nk,nk->n", w, dw)[:, None])
    ddiff = -ds[:, :, None] * diff
    dX = ddiff.sum(axis=1)
    dC = -ddiff.sum(axis=0)
    return dX, dC, dV


# log det of a covariance made of a factor and a diagonal
def factor_nll(y: "d", L: "d r", logpsi: "d"):
    psi = np.exp(logpsi)
    S = L @ L.T + np.diag(psi)
    Si = np.linalg.inv(S)
    a = Si @ y
    sign, ld = np.linalg.slogdet(S)
    f = 0.5 * (ld + y @ a)
    G = 0.5 * (Si - np.outer(a, a))
    dL = 2 * G @ L
    dpsi = np.diag(G)
    return f, a, dL, dpsi * psi


# cumulative product gates: a discounted return
def returns(r: "T", gamma: "", v: "T"):
    T = len(r)
    G = np.zeros(T)
    run = 0.0
    for t in reversed(range(T)):
        run = r[t] + gamma * run
        G[t] = run
    loss = 0.5 * np.mean((v - G) ** 2)
    err = (v - G) / T
    dv = err
    dr = np.zeros(T)
    dgamma = 0.0
    back = 0.0
    for t in range(T):
        back = -err[t] + gamma * back
        dr[t] = back
        if t + 1 < T:
            dgamma += back * G[t + 1]
    return loss, dr, dgamma, dv


# of PyTorch's kind: layer with bias and clamp; a cumulative sum
if torch is not None:

    class BoundedLinear(torch.autograd.Function):
        @staticmethod
        def forward(ctx, inp, weight, bias):
            """inp: (n, d); weight: (k, d); bias: (k,)"""
            pre = inp.mm(weight.t()) + bias
            ctx.save_for_backward(inp, weight, pre)
            return pre.clamp(-1, 1)

        @staticmethod
        def backward(ctx, grad_output):
            inp, weight, pre = ctx.saved_tensors
            inside = (pre.abs() < 1).to(grad_output.dtype)
            grad_pre = grad_output * inside
            grad_inp = grad_pre.mm(weight)
            grad_weight = grad_pre.t().mm(inp)
            grad_bias = grad_pre.sum(0)
            return grad_inp, grad_weight, grad_bias


def cumulative(x: "t d", w: "d"):
    c = np.cumsum(x, axis=0)
    return np.tanh(c * w), (c, w)


def cumulative_backward(dy, cache):
    c, w = cache
    ds = dy * (1 - np.tanh(c * w) ** 2)
    dw = (ds * c).sum(axis=0)
    dc = ds * w
    dx = np.cumsum(dc[::-1], axis=0)[::-1]
    return dx, dw


# focal-like power of a softmax probability for one class
def gce(z: "n k", y: "n", q=0.7):
    """y: integers of shape (n,)"""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(z.shape[0])
    py = p[rows, y]
    loss = np.mean((1 - py**q) / q)
    dpy = -(py ** (q - 1)) / len(y)
    onehot = np.zeros_like(p)
    onehot[rows, y] = 1
    dz = (dpy * py)[:, None] * (onehot - p)
    return loss, dz


# masked sequence loss
def seq_nll(logp: "b t v", ids: "b t", mask: "b t"):
    """ids: integer tokens of shape (b, t)"""
    B, T, V = logp.shape
    m = (mask > 0).astype(float)
    m[0, 0] = 1.0
    lse = np.log(np.exp(logp).sum(-1, keepdims=True))
    ln = logp - lse
    pick = np.take_along_axis(ln, ids[:, :, None], axis=2)[:, :, 0]
    loss = -(pick * m).sum() / m.sum()
    d = np.exp(ln)
    b, t = np.meshgrid(np.arange(B), np.arange(T), indexing="ij")
    d[b, t, ids] -= 1
    d *= m[:, :, None]
    d /= m.sum()
    return loss, {"logp": d}

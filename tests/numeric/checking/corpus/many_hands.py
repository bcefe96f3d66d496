"""Layers and losses by many hands: masks, rotations, gates, metrics, a tape."""

import numpy as np

try:
    import torch
except ImportError:
    torch = None


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# in place through a boolean mask
def leaky_forward(x: "n d", alpha=0.1):
    out = x.copy()
    out[x < 0] *= alpha
    return out, (x, alpha)


def leaky_backward(dout, cache):
    x, alpha = cache
    dx = dout.copy()
    dx[x < 0] *= alpha
    return dx


# a layer with an exponential tail
class ELU:
    def __init__(self, alpha=0.7):
        self.alpha = alpha

    def forward(self, x: "n d"):
        self.x = x
        self.y = np.where(x > 0, x, self.alpha * (np.exp(np.minimum(x, 0)) - 1))
        return self.y

    def backward(self, grad):
        slope = np.where(self.x > 0, 1.0, self.y + self.alpha)
        return grad * slope


# low-rank bilinear pooling
def mlb_forward(x: "b m", z: "b n", U: "m r", V: "n r", P: "r o"):
    a = np.tanh(x @ U)
    c = np.tanh(z @ V)
    f = a * c
    return f @ P, (x, z, U, V, P, a, c, f)


def mlb_backward(dout, cache):
    x, z, U, V, P, a, c, f = cache
    dP = f.T @ dout
    df = dout @ P.T
    da = df * c * (1 - a * a)
    dc = df * a * (1 - c * c)
    dU = x.T @ da
    dV = z.T @ dc
    dx = da @ U.T
    dz = dc @ V.T
    return dx, dz, dU, dV, dP


# causal attention, fused projection, heads by reshape
def gpt_attention(x: "B T 4", Wqkv: "4 12", Wo: "4 4", n_head=2):
    B, T, C = x.shape
    hs = C // n_head
    qkv = x @ Wqkv
    q, k, v = np.split(qkv, 3, axis=2)
    q = q.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    k = k.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    v = v.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    att = q @ k.transpose(0, 1, 3, 2) / np.sqrt(hs)
    att = np.where(np.triu(np.ones((T, T)), 1) > 0, -1e9, att)
    att = np.exp(att - att.max(-1, keepdims=True))
    att = att / att.sum(-1, keepdims=True)
    y = att @ v
    y = y.transpose(0, 2, 1, 3).reshape(B, T, C)
    return y @ Wo, (x, q, k, v, att, y, Wqkv, Wo, n_head)


def gpt_attention_backward(dout, cache):
    x, q, k, v, att, y, Wqkv, Wo, n_head = cache
    B, T, C = x.shape
    hs = C // n_head
    dWo = y.reshape(-1, C).T @ dout.reshape(-1, C)
    dy = dout @ Wo.T
    dy = dy.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    datt = dy @ v.transpose(0, 1, 3, 2)
    dv = att.transpose(0, 1, 3, 2) @ dy
    dpre = att * (datt - (datt * att).sum(-1, keepdims=True))
    dpre /= np.sqrt(hs)
    dq = dpre @ k
    dk = dpre.transpose(0, 1, 3, 2) @ q
    merge = lambda t: t.transpose(0, 2, 1, 3).reshape(B, T, C)
    dqkv = np.concatenate([merge(dq), merge(dk), merge(dv)], axis=2)
    dWqkv = x.reshape(-1, C).T @ dqkv.reshape(-1, 3 * C)
    dx = dqkv @ Wqkv.T
    return dx, dWqkv, dWo


# rotary embedding, interleaved
def rotary(x: "t 6", phase: "t 3"):
    c, s = np.cos(phase), np.sin(phase)
    out = np.empty_like(x)
    out[:, 0::2] = x[:, 0::2] * c - x[:, 1::2] * s
    out[:, 1::2] = x[:, 0::2] * s + x[:, 1::2] * c
    return out, (x, c, s)


def rotary_backward(g, cache):
    x, c, s = cache
    dx = np.empty_like(g)
    dx[:, 0::2] = g[:, 0::2] * c + g[:, 1::2] * s
    dx[:, 1::2] = g[:, 1::2] * c - g[:, 0::2] * s
    dphase = g[:, 0::2] * (-x[:, 0::2] * s - x[:, 1::2] * c)
    dphase += g[:, 1::2] * (x[:, 0::2] * c - x[:, 1::2] * s)
    return dx, dphase


# layer norm over channels, images
def channel_norm(x: "n c h w", weight: "c", bias: "c", eps=1e-5):
    u = x.mean(1, keepdims=True)
    s = ((x - u) ** 2).mean(1, keepdims=True)
    inv = 1 / np.sqrt(s + eps)
    z = (x - u) * inv
    return weight[None, :, None, None] * z + bias[None, :, None, None], (z, inv, weight)


def channel_norm_backward(grad, cache):
    z, inv, weight = cache
    gw = np.einsum("nchw,nchw->c", grad, z)
    gb = np.einsum("nchw->c", grad)
    gz = grad * weight[None, :, None, None]
    gx = gz - gz.mean(1, keepdims=True)
    gx -= z * (gz * z).mean(1, keepdims=True)
    gx *= inv
    return gx, gw, gb


# convolution by sliding windows
def conv_windows(x: "n c 5 6", w: "f c 3 2", b: "f"):
    win = np.lib.stride_tricks.sliding_window_view(x, (3, 2), axis=(2, 3))
    y = np.einsum("nchwij,fcij->nfhw", win, w) + b[:, None, None]
    return y, (x, w, win)


def conv_windows_backward(dy, cache):
    x, w, win = cache
    db = dy.sum((0, 2, 3))
    dw = np.einsum("nfhw,nchwij->fcij", dy, win)
    pad = np.pad(dy, ((0, 0), (0, 0), (2, 2), (1, 1)))
    pwin = np.lib.stride_tricks.sliding_window_view(pad, (3, 2), axis=(2, 3))
    dx = np.einsum("nfhwij,fcij->nchw", pwin, w[:, :, ::-1, ::-1])
    return dx, dw, db


# depthwise convolution, loops over the kernel
def depthwise(x: "c 6 5", k: "c 2 2"):
    H, W = 5, 4
    out = np.zeros((x.shape[0], H, W))
    for u in range(2):
        for v in range(2):
            out += x[:, u : u + H, v : v + W] * k[:, u, v][:, None, None]
    return out


def depthwise_backward(dout, x, k):
    H, W = 5, 4
    dx = np.zeros_like(x)
    dk = np.zeros_like(k)
    for u in range(2):
        for v in range(2):
            dx[:, u : u + H, v : v + W] += dout * k[:, u, v][:, None, None]
            dk[:, u, v] = np.sum(dout * x[:, u : u + H, v : v + W], axis=(1, 2))
    return dx, dk


# max over time and mean over time, joined
def time_pool(h: "b t d", W: "2*d k"):
    idx = h.argmax(axis=1)
    B, T, D = h.shape
    mx = h[np.arange(B)[:, None], idx, np.arange(D)[None, :]]
    mean = h.mean(axis=1)
    both = np.concatenate([mx, mean], axis=1)
    return both @ W, (h, W, idx, both)


def time_pool_backward(dout, cache):
    h, W, idx, both = cache
    B, T, D = h.shape
    dW = both.T @ dout
    dboth = dout @ W.T
    dmx, dmean = dboth[:, :D], dboth[:, D:]
    dh = np.repeat(dmean[:, None, :], T, axis=1) / T
    dh[np.arange(B)[:, None], idx, np.arange(D)[None, :]] += dmx
    return dh, dW


# backpropagation through time, gated
def mgu_forward(x: "T d", h0: "k", Wf: "k d", Uf: "k k", Wh: "k d", Uh: "k k"):
    h = h0
    hs, fs, cs = [h0], [], []
    for t in range(x.shape[0]):
        f = sigmoid(Wf @ x[t] + Uf @ h)
        c = np.tanh(Wh @ x[t] + Uh @ (f * h))
        h = (1 - f) * h + f * c
        hs.append(h)
        fs.append(f)
        cs.append(c)
    return np.stack(hs[1:]), (x, hs, fs, cs, Wf, Uf, Wh, Uh)


def mgu_backward(dhs, cache):
    x, hs, fs, cs, Wf, Uf, Wh, Uh = cache
    dx = np.zeros_like(x)
    dWf, dUf = np.zeros_like(Wf), np.zeros_like(Uf)
    dWh, dUh = np.zeros_like(Wh), np.zeros_like(Uh)
    carry = np.zeros_like(hs[0])
    for t in reversed(range(x.shape[0])):
        dh = dhs[t] + carry
        hp, f, c = hs[t], fs[t], cs[t]
        df = dh * (c - hp)
        dc = dh * f
        carry = dh * (1 - f)
        dzc = dc * (1 - c**2)
        dWh += np.outer(dzc, x[t])
        dUh += np.outer(dzc, f * hp)
        dfh = Uh.T @ dzc
        df += dfh * hp
        carry += dfh * f
        dzf = df * f * (1 - f)
        dWf += np.outer(dzf, x[t])
        dUf += np.outer(dzf, hp)
        carry += Uf.T @ dzf
        dx[t] = Wh.T @ dzc + Wf.T @ dzf
    return dx, carry, dWf, dUf, dWh, dUh


# tokens and positions
def embed(tokens: "b t", E: "V d", P: "t d", W: "d k"):
    h = E[tokens] + P
    return h @ W, (tokens, h, E, W)


def embed_backward(dy, cache):
    tokens, h, E, W = cache
    dW = np.einsum("btd,btk->dk", h, dy)
    dh = dy @ W.T
    dP = dh.sum(axis=0)
    dE = np.zeros_like(E)
    np.add.at(dE, tokens.ravel(), dh.reshape(-1, E.shape[1]))
    return dE, dP, dW


# weighted cross entropy, one function
def weighted_ce(logits: "n k", w: "k", y: "n"):
    """y: labels, integers, of shape (n,)"""
    n = logits.shape[0]
    m = logits.max(axis=1, keepdims=True)
    e = np.exp(logits - m)
    p = e / e.sum(axis=1, keepdims=True)
    wi = w[y]
    total = wi.sum()
    loss = -(wi * np.log(p[np.arange(n), y])).sum() / total
    grad = p.copy()
    grad[np.arange(n), y] -= 1
    grad *= wi[:, None] / total
    return loss, grad


# smooth absolute error
def smooth_l1(pred: "n m", target: "n m", beta=0.8):
    diff = pred - target
    small = np.abs(diff) < beta
    loss = np.where(small, 0.5 * diff**2 / beta, np.abs(diff) - 0.5 * beta).mean()
    dpred = np.empty_like(diff)
    dpred[small] = diff[small] / beta
    dpred[~small] = np.sign(diff[~small])
    dpred /= diff.size
    return loss, dpred


# divergence of two diagonal Gaussians
def gauss_kl(mu1: "d", lv1: "d", mu2: "d", lv2: "d"):
    v1, v2 = np.exp(lv1), np.exp(lv2)
    delta = mu1 - mu2
    kl = 0.5 * np.sum(lv2 - lv1 + (v1 + delta**2) / v2 - 1)
    return kl, (v1, v2, delta)


def gauss_kl_backward(dkl, cache):
    v1, v2, delta = cache
    dmu1 = dkl * delta / v2
    dmu2 = -dmu1
    dlv1 = 0.5 * dkl * (v1 / v2 - 1)
    dlv2 = 0.5 * dkl * (1 - (v1 + delta**2) / v2)
    return dmu1, dlv1, dmu2, dlv2


# normalised temperature cross entropy
def nt_xent(z: "6 d", tau=0.4):
    norm = np.linalg.norm(z, axis=1, keepdims=True)
    u = z / norm
    n = z.shape[0]
    sim = u @ u.T / tau
    sim[np.arange(n), np.arange(n)] = -1e9
    pos = (np.arange(n) + n // 2) % n
    e = np.exp(sim - sim.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(n), pos]).mean()
    dsim = p.copy()
    dsim[np.arange(n), pos] -= 1
    dsim /= n
    du = (dsim + dsim.T) @ u / tau
    dz = (du - u * np.sum(du * u, axis=1, keepdims=True)) / norm
    return loss, dz


# Bayesian personalised ranking
def bpr(U: "u k", V: "i k", users: "n", pos: "n", neg: "n", reg=0.02):
    """users, pos, neg: integer indices of shape (n,)"""
    uu, vp, vn = U[users], V[pos], V[neg]
    x = np.sum(uu * (vp - vn), axis=1)
    loss = np.log1p(np.exp(-x)).sum() + reg * (np.sum(U**2) + np.sum(V**2))
    coef = -1 / (1 + np.exp(x))
    dU = 2 * reg * U
    dV = 2 * reg * V
    np.add.at(dU, users, coef[:, None] * (vp - vn))
    np.add.at(dV, pos, coef[:, None] * uu)
    np.add.at(dV, neg, -coef[:, None] * uu)
    return loss, dU, dV


# Gaussian likelihood by a Cholesky factor
def chol_nll(x: "n d", mu: "d", M: "d d"):
    L = np.tril(M, -1) + np.diag(np.exp(np.diag(M)))
    r = x - mu
    z = np.linalg.solve(L, r.T).T
    n = x.shape[0]
    nll = 0.5 * np.sum(z**2) / n + np.sum(np.diag(M))
    q = np.linalg.solve(L.T, z.T).T
    dmu = -q.mean(axis=0)
    dx = q / n
    dL = -np.tril(q.T @ z) / n
    dM = np.tril(dL, -1) + np.diag(np.diag(dL) * np.exp(np.diag(M)))
    dM += np.eye(len(mu))
    return nll, dx, dmu, dM


# distance in the metric of a matrix
def mahalanobis(x: "n d", m: "d", A: "d d"):
    r = x - m
    S = A @ A.T + np.eye(r.shape[1])
    K = np.linalg.inv(S)
    rk = r @ K
    d = np.sqrt(np.sum(rk * r, axis=1))
    return d, (r, A, rk, d)


def mahalanobis_backward(dd, cache):
    r, A, rk, d = cache
    dr = (dd / d)[:, None] * rk
    dm = -dr.sum(axis=0)
    dS = -0.5 * rk.T @ ((dd / d)[:, None] * rk)
    dA = 2 * dS @ A
    return dr, dm, dA


# a tape in one function
def tape_loss(w1: "", w2: "", x: "", y: ""):
    a = w1 * x
    b = np.tanh(a)
    c = w2 * b
    d = c - y
    e = d**2 + 0.1 * w1 * w1
    grads = {"w1": 0.0, "w2": 0.0, "x": 0.0}
    d_bar = 2 * d
    grads["w2"] += d_bar * b
    b_bar = d_bar * w2
    a_bar = b_bar * (1 - b**2)
    grads["w1"] += a_bar * x
    grads["w1"] += 0.2 * w1
    grads["x"] += a_bar * w1
    return e, grads


# of PyTorch's kind
if torch is not None:

    class GatedLinear(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W, b):
            """x: (n, d); W: (2 * h, d); b: (2 * h,)"""
            z = x @ W.t() + b
            a, g = z.chunk(2, dim=1)
            s = torch.sigmoid(g)
            ctx.save_for_backward(x, W, a, s)
            return a * s

        @staticmethod
        def backward(ctx, grad_out):
            x, W, a, s = ctx.saved_tensors
            grad_a = grad_out * s
            grad_g = grad_out * a * s * (1 - s)
            grad_z = torch.cat([grad_a, grad_g], dim=1)
            grad_x = grad_z @ W
            grad_W = grad_z.t() @ x
            grad_b = grad_z.sum(0)
            return grad_x, grad_W, grad_b


# dropout with a given mask before a linear layer
class MaskedLinear:
    def __init__(self, mask: "n d", W: "d k", p=0.25):
        self.mask, self.W, self.keep = mask, W, 1 - p

    def forward(self, x: "n d"):
        self.h = x * self.mask / self.keep
        return self.h @ self.W

    def backward(self, dy):
        self.dW = self.h.T @ dy
        dh = dy @ self.W.T
        return dh * self.mask / self.keep

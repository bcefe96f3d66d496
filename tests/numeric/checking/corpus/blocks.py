"""Blocks of larger models, networks that keep lists of layers, functions of PyTorch's kind."""

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))



# layer scale in a residual feed forward block with a pre layer norm
def block_forward(x, p):
    mean = x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    xhat = (x - mean) * rstd
    n = xhat * p["g"] + p["b"]
    a = n @ p["W1"] + p["b1"]
    h = np.maximum(a, 0)
    m = h @ p["W2"] + p["b2"]
    y = x + p["scale"] * m
    return y, (xhat, rstd, n, a, h, m)


def block_backward(dy, cache, p):
    xhat, rstd, n, a, h, m = cache
    g = {}
    g["scale"] = (dy * m).sum(axis=0)
    dm = dy * p["scale"]
    g["W2"] = h.T @ dm
    g["b2"] = dm.sum(axis=0)
    dh = dm @ p["W2"].T
    da = dh * (a > 0)
    g["W1"] = n.T @ da
    g["b1"] = da.sum(axis=0)
    dn = da @ p["W1"].T
    g["g"] = (dn * xhat).sum(axis=0)
    g["b"] = dn.sum(axis=0)
    dxhat = dn * p["g"]
    dx = rstd * (dxhat - dxhat.mean(-1, keepdims=True) - xhat * (dxhat * xhat).mean(-1, keepdims=True))
    dx += dy
    return dx, g


# rotary embedding on queries
def rope_forward(q: "t 6", theta=100.0):
    t, d = q.shape
    half = d // 2
    freq = theta ** (-np.arange(half) / half)
    ang = np.arange(t)[:, None] * freq
    cos, sin = np.cos(ang), np.sin(ang)
    q1, q2 = q[:, :half], q[:, half:]
    return np.concatenate([q1 * cos - q2 * sin, q1 * sin + q2 * cos], axis=-1), (cos, sin)


def rope_backward(dout, cache):
    cos, sin = cache
    half = dout.shape[1] // 2
    d1, d2 = np.split(dout, 2, axis=-1)
    dq = np.empty_like(dout)
    dq[:, :half] = d1 * cos + d2 * sin
    dq[:, half:] = -d1 * sin + d2 * cos
    return dq


# a low-rank adapter
class LoRALinear:
    def __init__(self, d_in, d_out, r=2, alpha=6):
        self.W = np.random.randn(d_out, d_in)
        self.A = np.random.randn(r, d_in)
        self.B = np.random.randn(d_out, r)
        self.scaling = alpha / r

    def forward(self, x):
        self.x = x
        self.xa = x @ self.A.T
        return x @ self.W.T + self.scaling * self.xa @ self.B.T

    def backward(self, dy):
        self.dB = self.scaling * dy.T @ self.xa
        dxa = self.scaling * dy @ self.B
        self.dA = dxa.T @ self.x
        dx = dy @ self.W + dxa @ self.A
        return dx


# tied weights: one matrix embeds and predicts
def tied_lm(E: "V d", M: "d d", context: "B", target: "B"):
    context = np.asarray(context).astype(int)
    target = np.asarray(target).astype(int)
    B = len(context)
    e = E[context]
    h = np.tanh(e @ M)
    logits = h @ E.T
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    loss = -np.mean(np.log(p[range(B), target]))
    dlogits = p.copy()
    dlogits[range(B), target] -= 1
    dlogits /= B
    dE = dlogits.T @ h
    dh = dlogits @ E
    dpre = dh * (1 - h**2)
    dM = e.T @ dpre
    np.add.at(dE, context, dpre @ M.T)
    return loss, dE, dM


# one sample at a time, lists of layers
class Network:
    def __init__(self, sizes=(4, 3, 2)):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def forward(self, x: "4 1"):
        a = x
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        self.x = x
        return a

    def backward(self, grad):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation = self.x
        activations = [self.x]
        zs = []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = grad * sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            sp = sigmoid(zs[-l]) * (1 - sigmoid(zs[-l]))
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        self.dbiases = nabla_b
        self.dweights = nabla_w
        return np.dot(self.weights[0].transpose(), delta)


# manual backprop of a bigram-like net, PyTorch
def makemore(emb: "n k", W1: "k h", bngain: "1 h", bnbias: "1 h", W2: "h v", b2: "v"):
    hprebn = emb @ W1
    n = hprebn.shape[0]
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    return logits, (emb, W1, bngain, W2, bndiff, bnvar, bnvar_inv, bnraw, h)


def makemore_backward(dlogits, cache):
    emb, W1, bngain, W2, bndiff, bnvar, bnvar_inv, bnraw, h = cache
    n = emb.shape[0]
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - h**2) * dh
    dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
    dbnraw = bngain * dhpreact
    dbnbias = dhpreact.sum(0, keepdim=True)
    dbndiff = bnvar_inv * dbnraw
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff) * dbnvar
    dbndiff += (2 * bndiff) * dbndiff2
    dhprebn = dbndiff.clone()
    dbnmeani = (-dbndiff).sum(0)
    dhprebn += 1.0 / n * (torch.ones_like(bndiff) * dbnmeani)
    demb = dhprebn @ W1.T
    dW1 = emb.T @ dhprebn
    return demb, dW1, dbngain, dbnbias, dW2, db2


# torch functions
if torch is not None:

    class ScaledCosine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x: "n d", w: "k d", scale: "1"):
            xn = x / x.norm(dim=1, keepdim=True)
            wn = w / w.norm(dim=1, keepdim=True)
            cos = xn @ wn.t()
            ctx.save_for_backward(x, w, scale, xn, wn, cos)
            return scale * cos

        @staticmethod
        def backward(ctx, grad_output):
            x, w, scale, xn, wn, cos = ctx.saved_tensors
            grad_scale = (grad_output * cos).sum().reshape(1)
            g = grad_output * scale
            gx = g @ wn
            grad_x = (gx - xn * (gx * xn).sum(dim=1, keepdim=True)) / x.norm(dim=1, keepdim=True)
            gw = g.t() @ xn
            grad_w = (gw - wn * (gw * wn).sum(dim=1, keepdim=True)) / w.norm(dim=1, keepdim=True)
            return grad_x, grad_w, grad_scale

    class SwishBeta(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x: "n d", beta: "d"):
            s = torch.sigmoid(beta * x)
            ctx.save_for_backward(x, beta, s)
            return x * s

        @staticmethod
        def backward(ctx, dy):
            x, beta, s = ctx.saved_tensors
            ds = s * (1 - s)
            dx = dy * (s + beta * x * ds)
            dbeta = (dy * x * x * ds).sum(0)
            return dx, dbeta


# matrix factorisation with biases
def mf_loss(P: "u k", Q: "i k", bu: "u", bi: "i", R: "u i", M: "u i", lam: ""):
    err = M * (P @ Q.T + bu[:, None] + bi[None, :] - R)
    loss = 0.5 * np.sum(err**2) + 0.5 * lam * (np.sum(P**2) + np.sum(Q**2))
    E = M * err
    dP = E @ Q + lam * P
    dQ = E.T @ P + lam * Q
    dbu = E.sum(axis=1)
    dbi = E.sum(axis=0)
    return loss, dP, dQ, dbu, dbi


# graph convolution
class GCN:
    def __init__(self, in_dim, hid, out):
        self.W0 = np.random.randn(in_dim, hid)
        self.W1 = np.random.randn(hid, out)

    def forward(self, A: "n n", X: "n d"):
        self.A, self.X = A, X
        self.AX = A @ X
        self.Z = self.AX @ self.W0
        self.H = np.where(self.Z > 0, self.Z, 0)
        self.AH = A @ self.H
        return self.AH @ self.W1

    def backward(self, dout):
        grads = dict()
        grads["W1"] = self.AH.T @ dout
        dAH = dout @ self.W1.T
        dH = self.A.T @ dAH
        dZ = dH * (self.Z > 0)
        grads["W0"] = self.AX.T @ dZ
        self.grads = grads
        return grads


# causal attention with heads in einsum
def causal_heads(q: "b h t d", k: "b h t d", v: "b h t e"):
    t = q.shape[2]
    s = np.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(q.shape[-1])
    s = np.where(np.tril(np.ones((t, t))) > 0, s, -1e9)
    s = s - s.max(axis=-1, keepdims=True)
    e = np.exp(s)
    w = e / e.sum(axis=-1, keepdims=True)
    return np.einsum("bhqk,bhke->bhqe", w, v), (q, k, v, w)


def causal_heads_backward(do, cache):
    q, k, v, w = cache
    dv = np.einsum("bhqk,bhqe->bhke", w, do)
    dw = np.einsum("bhqe,bhke->bhqk", do, v)
    ds = w * (dw - np.sum(dw * w, axis=-1, keepdims=True))
    ds = ds / np.sqrt(q.shape[-1])
    dq = np.einsum("bhqk,bhkd->bhqd", ds, k)
    dk = np.einsum("bhqk,bhqd->bhkd", ds, q)
    return dq, dk, dv


# Poisson regression
def poisson_nll(beta, X, y, l2):
    eta = X @ beta
    mu = np.exp(eta)
    nll = np.mean(mu - y * eta) + 0.5 * l2 * beta @ beta
    grad = X.T @ (mu - y) / len(y) + l2 * beta
    return nll, grad


# heteroscedastic Gaussian
def gaussian_nll(mu, log_sigma, y):
    n = y.size
    inv_var = np.exp(-2 * log_sigma)
    r = y - mu
    loss = (log_sigma + 0.5 * r**2 * inv_var).sum() / n
    dmu = -r * inv_var / n
    dlog_sigma = (1 - r**2 * inv_var) / n
    return loss, {"mu": dmu, "log_sigma": dlog_sigma}


# causal depthwise convolution in one dimension, loops
def causal_conv1d(x: "t c", w: "3 c", b: "c"):
    t, c = x.shape
    k = w.shape[0]
    y = np.zeros((t, c))
    for i in range(t):
        y[i] = b
        for j in range(k):
            if i - j >= 0:
                y[i] += w[j] * x[i - j]
    return y, (x, w)


def causal_conv1d_backward(dy, cache):
    x, w = cache
    t, c = x.shape
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros(c)
    for i in range(t):
        db += dy[i]
        for j in range(w.shape[0]):
            if i - j >= 0:
                dw[j] += dy[i] * x[i - j]
                dx[i - j] += dy[i] * w[j]
    return dx, dw, db


# highway layer
def highway(x, Wh, bh, Wt, bt):
    H = np.tanh(x @ Wh + bh)
    T = sigmoid(x @ Wt + bt)
    y = T * H + (1 - T) * x
    cache = dict(x=x, Wh=Wh, Wt=Wt, H=H, T=T)
    return y, cache


def highway_backward(dy, cache):
    x, Wh, Wt, H, T = (cache[k] for k in ("x", "Wh", "Wt", "H", "T"))
    dH = dy * T
    dT = dy * (H - x)
    dzh = dH * (1 - H**2)
    dzt = dT * T * (1 - T)
    dx = dy * (1 - T) + dzh @ Wh.T + dzt @ Wt.T
    return dx, x.T @ dzh, dzh.sum(0), x.T @ dzt, dzt.sum(0)

"""Layers and losses as they stand in libraries and courses: loops, caches, dictionaries, columns as samples."""

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


# class with caches and loops, padding and stride
class Conv2D:
    def __init__(self, in_channels=2, out_channels=3, kernel_size=3, stride=2, padding=1):
        self.stride = stride
        self.padding = padding
        self.k = kernel_size
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * 0.3
        self.b = np.random.randn(out_channels)

    def forward(self, x: "N 2 5 5"):
        N, C, H, W = x.shape
        p, s, k = self.padding, self.stride, self.k
        H_out = (H + 2 * p - k) // s + 1
        W_out = (W + 2 * p - k) // s + 1
        x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
        out = np.zeros((N, self.W.shape[0], H_out, W_out))
        for i in range(H_out):
            for j in range(W_out):
                patch = x_pad[:, :, i * s : i * s + k, j * s : j * s + k]
                out[:, :, i, j] = np.tensordot(patch, self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        self.cache = (x, x_pad)
        return out

    def backward(self, dout):
        x, x_pad = self.cache
        p, s, k = self.padding, self.stride, self.k
        dx_pad = np.zeros_like(x_pad)
        self.dW = np.zeros_like(self.W)
        self.db = np.sum(dout, axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                d = dout[:, :, i, j]
                patch = x_pad[:, :, i * s : i * s + k, j * s : j * s + k]
                self.dW += np.tensordot(d, patch, axes=([0], [0]))
                dx_pad[:, :, i * s : i * s + k, j * s : j * s + k] += np.tensordot(d, self.W, axes=([1], [0]))
        H, W = x.shape[2], x.shape[3]
        return dx_pad[:, :, p : p + H, p : p + W]


# Coursera LSTM cell, columns are samples, dictionaries
def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf, bf = parameters["Wf"], parameters["bf"]
    Wi, bi = parameters["Wi"], parameters["bi"]
    Wc, bc = parameters["Wc"], parameters["bc"]
    Wo, bo = parameters["Wo"], parameters["bo"]
    concat = np.concatenate((a_prev, xt), axis=0)
    ft = sigmoid(np.dot(Wf, concat) + bf)
    it = sigmoid(np.dot(Wi, concat) + bi)
    cct = np.tanh(np.dot(Wc, concat) + bc)
    c_next = ft * c_prev + it * cct
    ot = sigmoid(np.dot(Wo, concat) + bo)
    a_next = ot * np.tanh(c_next)
    cache = (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
    return a_next, c_next, cache


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    n_a, m = a_next.shape
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dct = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    dcct = dct * it * (1 - cct**2)
    dit = dct * cct * it * (1 - it)
    dft = dct * c_prev * ft * (1 - ft)
    concat = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(dft, concat.T)
    dWi = np.dot(dit, concat.T)
    dWc = np.dot(dcct, concat.T)
    dWo = np.dot(dot, concat.T)
    dbf = np.sum(dft, axis=1, keepdims=True)
    dbi = np.sum(dit, axis=1, keepdims=True)
    dbc = np.sum(dcct, axis=1, keepdims=True)
    dbo = np.sum(dot, axis=1, keepdims=True)
    dconcat = (
        np.dot(parameters["Wf"].T, dft)
        + np.dot(parameters["Wi"].T, dit)
        + np.dot(parameters["Wc"].T, dcct)
        + np.dot(parameters["Wo"].T, dot)
    )
    da_prev = dconcat[:n_a, :]
    dxt = dconcat[n_a:, :]
    dc_prev = dct * ft
    gradients = {
        "dxt": dxt, "da_prev": da_prev, "dc_prev": dc_prev,
        "dWf": dWf, "dbf": dbf, "dWi": dWi, "dbi": dbi, "dWc": dWc, "dbc": dbc, "dWo": dWo, "dbo": dbo,
    }
    return gradients


# a GRU over time, batch first, fused weights
def gru_seq_forward(x: "n t d", h0: "n h", Wx: "d 3*h", Wh: "h 3*h", b: "3*h"):
    n, t, d = x.shape
    H = h0.shape[1]
    hs = np.zeros((n, t, H))
    caches = []
    h = h0
    for step in range(t):
        ax = x[:, step] @ Wx + b
        ah = h @ Wh
        z = sigmoid(ax[:, :H] + ah[:, :H])
        r = sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
        g = np.tanh(ax[:, 2 * H :] + r * ah[:, 2 * H :])
        caches.append((h, z, r, g, ah[:, 2 * H :]))
        h = z * h + (1 - z) * g
        hs[:, step] = h
    return hs, (x, Wx, Wh, caches)


def gru_seq_backward(dhs, cache):
    x, Wx, Wh, caches = cache
    n, t, H = dhs.shape
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros(3 * H)
    dh = np.zeros((n, H))
    for step in reversed(range(t)):
        h, z, r, g, hn = caches[step]
        dh = dh + dhs[:, step]
        dz = dh * (h - g)
        dg = dh * (1 - z)
        dg_pre = dg * (1 - g**2)
        dr = dg_pre * hn
        dax = np.concatenate([dz * z * (1 - z), dr * r * (1 - r), dg_pre], axis=1)
        dah = dax.copy()
        dah[:, 2 * H :] *= r
        dx[:, step] = dax @ Wx.T
        dWx += x[:, step].T @ dax
        dWh += h.T @ dah
        db += dax.sum(axis=0)
        dh = dh * z + dah @ Wh.T
    return dx, dh, dWx, dWh, db


# weight normalisation
def weight_norm_linear(x, v, g, b):
    norm = np.sqrt((v**2).sum(axis=1, keepdims=True))
    w = g[:, None] * v / norm
    out = x @ w.T + b
    return out, (x, v, g, norm, w)


def weight_norm_linear_backward(dout, cache):
    x, v, g, norm, w = cache
    db = dout.sum(axis=0)
    dx = dout @ w
    dw = dout.T @ x
    dg = (dw * v / norm).sum(axis=1)
    dv = g[:, None] / norm * dw - g[:, None] * (dw * v).sum(axis=1, keepdims=True) * v / norm**3
    return dx, dv, dg, db


# spatial batch norm, channels last, transposed to two dimensions
def bn_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    xc = x - mu
    var = np.mean(xc**2, axis=0)
    inv = 1.0 / np.sqrt(var + eps)
    xn = xc * inv
    return gamma * xn + beta, (xn, xc, inv, gamma)


def spatial_bn_forward(x, gamma, beta):
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out, cache = bn_forward(flat, gamma, beta)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def spatial_bn_backward(dout, cache):
    xn, xc, inv, gamma = cache
    N, C, H, W = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    M = d.shape[0]
    dbeta = d.sum(axis=0)
    dgamma = np.sum(xn * d, axis=0)
    dxn = gamma * d
    dinv = np.sum(dxn * xc, axis=0)
    dxc = dxn * inv
    dvar = -0.5 * inv**3 * dinv
    dxc += (2.0 / M) * xc * dvar
    dmu = np.sum(dxc, axis=0)
    dx = dxc - dmu / M
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


# max pool by reshaping
def maxpool2_forward(x: "n c 4 6"):
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
    out = blocks.max(axis=3).max(axis=4)
    return out, (x, blocks, out)


def maxpool2_backward(dout, cache):
    x, blocks, out = cache
    dblocks = np.zeros_like(blocks)
    mask = blocks == out[:, :, :, np.newaxis, :, np.newaxis]
    d = dout[:, :, :, np.newaxis, :, np.newaxis]
    d, _ = np.broadcast_arrays(d, dblocks)
    dblocks[mask] = d[mask]
    dblocks /= np.sum(mask, axis=(3, 5), keepdims=True)
    return dblocks.reshape(x.shape)


# embedding bag with a classifier on top
def embedding_bag_loss(E: "V d", U: "d k", tokens: "B T", labels: "B"):
    tokens = np.asarray(tokens).astype(int)
    B, T = tokens.shape
    h = E[tokens].mean(axis=1)
    scores = h @ U
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(B), labels]).mean()
    dscores = probs
    dscores[np.arange(B), labels] -= 1
    dscores /= B
    dU = h.T @ dscores
    dh = dscores @ U.T
    dE = np.zeros_like(E)
    for t in range(T):
        np.add.at(dE, tokens[:, t], dh / T)
    return loss, dE, dU


# label smoothing
def smooth_ce(logits, targets, eps=0.1):
    """Cross entropy with label smoothing: the loss and its gradient in the logits."""
    n, k = logits.shape
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    q = np.full((n, k), eps / k)
    q[np.arange(n), targets] += 1 - eps
    loss = -np.sum(q * logp) / n
    grad = (np.exp(logp) - q) / n
    return loss, grad


# squared hinge with a loop
def squared_hinge(w, b, X, y, C):
    """y in {-1, 1}. Returns the cost, dw and db."""
    n = X.shape[0]
    cost = 0.5 * np.dot(w, w)
    dw = w.copy()
    db = 0.0
    for i in range(n):
        margin = 1 - y[i] * (np.dot(X[i], w) + b)
        if margin > 0:
            cost += C * margin**2 / n
            dw -= 2 * C * margin * y[i] * X[i] / n
            db -= 2 * C * margin * y[i] / n
    return cost, dw, db


# a variational autoencoder
def vae_loss(x: "B d", eps: "B z", We: "d h", Wmu: "h z", Wlv: "h z", Wd: "z d"):
    B = x.shape[0]
    h = np.tanh(x @ We)
    mu = h @ Wmu
    logvar = h @ Wlv
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    logits = z @ Wd
    recon = ((logits - x) ** 2).sum() / B
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar)) / B
    loss = recon + kl

    grads = {}
    dlogits = 2 * (logits - x) / B
    grads["Wd"] = z.T @ dlogits
    dz = dlogits @ Wd.T
    dmu = dz + mu / B
    dlogvar = dz * eps * 0.5 * std - 0.5 * (1 - np.exp(logvar)) / B
    grads["Wmu"] = h.T @ dmu
    grads["Wlv"] = h.T @ dlogvar
    dh = dmu @ Wmu.T + dlogvar @ Wlv.T
    grads["We"] = x.T @ (dh * (1 - h * h))
    return loss, grads


# radial basis functions
def rbf_forward(X, centers, log_gamma, W):
    diff = X[:, None, :] - centers[None, :, :]
    sq = np.sum(diff**2, axis=2)
    gamma = np.exp(log_gamma)
    phi = np.exp(-gamma * sq)
    return phi @ W, (diff, sq, gamma, phi, W)


def rbf_backward(dY, cache):
    diff, sq, gamma, phi, W = cache
    dW = phi.T @ dY
    dphi = dY @ W.T
    dexp = dphi * phi
    dlog_gamma = -gamma * np.sum(dexp * sq, axis=0)
    dsq = -gamma * dexp
    ddiff = 2 * dsq[:, :, None] * diff
    dX = ddiff.sum(axis=1)
    dcenters = -ddiff.sum(axis=0)
    return dX, dcenters, dlog_gamma, dW


# word2vec as in the course on language
def naive_softmax_loss(centerWordVec, outsideWordIdx, outsideVectors):
    """Returns loss, gradCenterVec, gradOutsideVecs."""
    scores = outsideVectors.dot(centerWordVec)
    scores -= np.max(scores)
    y_hat = np.exp(scores) / np.sum(np.exp(scores))
    loss = -np.log(y_hat[outsideWordIdx])
    delta = y_hat.copy()
    delta[outsideWordIdx] -= 1
    gradCenterVec = outsideVectors.T.dot(delta)
    gradOutsideVecs = delta[:, np.newaxis] * centerWordVec[np.newaxis, :]
    return loss, gradCenterVec, gradOutsideVecs


def neg_sampling(vc, uo, Uk):
    """Negative sampling: centre vector, true outside vector, K sampled ones as rows."""
    so = sigmoid(uo @ vc)
    sk = sigmoid(-Uk @ vc)
    loss = -np.log(so) - np.log(sk).sum()
    dvc = (so - 1) * uo + (1 - sk) @ Uk
    duo = (so - 1) * vc
    dUk = np.outer(1 - sk, vc)
    return loss, dvc, duo, dUk


# cosine similarity of rows
def cosine_forward(a, b):
    na = np.linalg.norm(a, axis=1, keepdims=True)
    nb = np.linalg.norm(b, axis=1, keepdims=True)
    cos = (a * b).sum(1, keepdims=True) / (na * nb)
    return cos[:, 0], (a, b, na, nb, cos)


def cosine_backward(g, cache):
    a, b, na, nb, cos = cache
    g = g[:, None]
    da = g * (b / (na * nb) - cos * a / na**2)
    db = g * (a / (na * nb) - cos * b / nb**2)
    return da, db


# distillation
def distill(student: "n k", teacher: "n k", T=3.0):
    n = student.shape[0]
    ps = np.exp(student / T)
    ps /= ps.sum(axis=-1, keepdims=True)
    pt = np.exp(teacher / T)
    pt /= pt.sum(axis=-1, keepdims=True)
    loss = T * T * np.sum(pt * (np.log(pt) - np.log(ps))) / n
    dstudent = T * (ps - pt) / n
    return loss, dstudent

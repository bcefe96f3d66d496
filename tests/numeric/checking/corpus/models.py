"""Models beyond layers: evidence of a process, neighbour embedding, kernels of attention, energies."""

import math

import numpy as np

try:
    import torch
except ImportError:
    torch = None


# a layer of a teaching library
class Dense:
    def __init__(self, n_units, input_dim):
        limit = 1 / math.sqrt(input_dim)
        self.W = np.random.uniform(-limit, limit, (input_dim, n_units))
        self.w0 = np.random.uniform(-limit, limit, (1, n_units))
        self.trainable = True
        self.layer_input = None

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return X.dot(self.W) + self.w0

    def backward_pass(self, accum_grad):
        W = self.W
        if self.trainable:
            self.grad_W = self.layer_input.T.dot(accum_grad)
            self.grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
        accum_grad = accum_grad.dot(W.T)
        return accum_grad


# loss and gradient apart
def bce(p, y):
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def bce_gradient(p, y):
    return (p - y) / (p * (1 - p)) / p.size


# the recurrent step of the course, gradients handed through
def rnn_cell(a_prev: "h 1", x: "v 1", Wax: "h v", Waa: "h h", b: "h 1"):
    a = np.tanh(np.dot(Wax, x) + np.dot(Waa, a_prev) + b)
    return a


def rnn_cell_step_backward(da, a_prev, x, Wax, Waa, b):
    a = np.tanh(np.dot(Wax, x) + np.dot(Waa, a_prev) + b)
    gradients = {}
    daraw = (1 - a * a) * da
    gradients["db"] = daraw
    gradients["dWax"] = np.dot(daraw, x.T)
    gradients["dWaa"] = np.dot(daraw, a_prev.T)
    gradients["dx"] = np.dot(Wax.T, daraw)
    gradients["da_prev"] = np.dot(Waa.T, daraw)
    return gradients


# elastic net with an intercept
def elastic_net(beta, intercept, X, y, alpha, l1_ratio):
    """beta: (p,)
    intercept: ()
    X: (n, p)
    y: (n,)
    alpha: ()
    l1_ratio: ()
    """
    n = X.shape[0]
    resid = y - X @ beta - intercept
    obj = resid @ resid / (2 * n)
    obj += alpha * (l1_ratio * np.abs(beta).sum() + 0.5 * (1 - l1_ratio) * beta @ beta)
    g_beta = -X.T @ resid / n
    g_beta += alpha * (l1_ratio * np.sign(beta) + (1 - l1_ratio) * beta)
    g_intercept = -resid.mean()
    return obj, {"beta": g_beta, "intercept": g_intercept}


# Gaussian process evidence
def gp_nll(log_amp: "", log_len: "", X: "n d", y: "n"):
    n = len(y)
    sq = ((X[:, None, :] - X[None, :, :]) ** 2).sum(-1)
    amp, ell = np.exp(log_amp), np.exp(log_len)
    E = np.exp(-0.5 * sq / ell**2)
    K = amp**2 * E + 0.1 * np.eye(n)
    Kinv = np.linalg.inv(K)
    alpha = Kinv @ y
    nll = 0.5 * y @ alpha + 0.5 * np.linalg.slogdet(K)[1]
    inner = Kinv - np.outer(alpha, alpha)
    dlog_amp = 0.5 * np.sum(inner * (2 * amp**2 * E))
    dlog_len = 0.5 * np.sum(inner * (amp**2 * E * sq / ell**2))
    return nll, dlog_amp, dlog_len


# t-SNE
def tsne_kl(Y: "n 2", S: "n n"):
    n = Y.shape[0]
    P = np.exp(S + S.T)
    P[range(n), range(n)] = 0
    P = P / P.sum()
    sum_Y = np.sum(np.square(Y), 1)
    num = 1 / (1 + sum_Y[:, None] + sum_Y[None, :] - 2 * Y @ Y.T)
    num[range(n), range(n)] = 0
    Q = num / np.sum(num)
    C = np.sum(P * np.log((P + 1e-12) / (Q + 1e-12)))
    PQ = P - Q
    dY = np.zeros((n, 2))
    for i in range(n):
        dY[i, :] = 4 * np.sum((PQ[:, i] * num[:, i])[:, None] * (Y[i, :] - Y), 0)
    return C, dY


# log cosh and quantile
def quantile_huber(theta: "n q", target: "n", taus: "q"):
    u = target[:, None] - theta
    w = np.abs(taus - (u < 0))
    loss = np.sum(w * np.log(np.cosh(u))) / u.shape[0]
    dtheta = -w * np.tanh(u) / u.shape[0]
    return loss, dtheta


# gram matrix style loss
def style_loss_forward(F: "c h w", G_target: "c c"):
    c, h, w = F.shape
    f = F.reshape(c, h * w)
    G = f @ f.T / (c * h * w)
    loss = np.sum((G - G_target) ** 2)
    return loss, (f, G, G_target, F.shape)


def style_loss_backward(cache):
    f, G, G_target, shape = cache
    c, h, w = shape
    dG = 2 * (G - G_target)
    df = (dG + dG.T) @ f / (c * h * w)
    dF = df.reshape(shape)
    return dF


# linear attention
def phi(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def linear_attention(q: "n d", k: "m d", v: "m e"):
    fq, fk = phi(q), phi(k)
    kv = fk.T @ v
    z = fk.sum(axis=0)
    denom = fq @ z
    num = fq @ kv
    return num / denom[:, None], (q, k, v, fq, fk, kv, z, denom, num)


def linear_attention_backward(dout, cache):
    q, k, v, fq, fk, kv, z, denom, num = cache
    dnum = dout / denom[:, None]
    ddenom = -np.sum(dout * num, axis=1) / denom**2
    dfq = dnum @ kv.T + ddenom[:, None] * z
    dkv = fq.T @ dnum
    dz = fq.T @ ddenom
    dv = fk @ dkv
    dfk = v @ dkv.T + dz
    dq = dfq * np.where(q > 0, 1, fq)
    dk = dfk * np.where(k > 0, 1, fk)
    return dq, dk, dv


# upsampling and pixel shuffle
def upsample_forward(x: "n c h w", scale=2):
    return x.repeat(scale, axis=2).repeat(scale, axis=3), (x.shape, scale)


def upsample_backward(dy, cache):
    (n, c, h, w), s = cache
    return dy.reshape(n, c, h, s, w, s).sum(axis=(3, 5))


# free energy of a restricted Boltzmann machine
def free_energy(v: "b n", W: "n m", a: "n", c: "m"):
    pre = v @ W + c
    F = -v @ a - np.logaddexp(0, pre).sum(1)
    return F, (v, W, pre)


def free_energy_backward(dF, cache):
    v, W, pre = cache
    h = 1 / (1 + np.exp(-pre))
    da = -v.T @ dF
    dpre = -dF[:, None] * h
    dc = dpre.sum(0)
    dW = v.T @ dpre
    return dW, da, dc

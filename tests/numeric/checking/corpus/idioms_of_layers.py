"""Further idioms: kernels, packed parameters, shared weights, layers that are called."""

import numpy as np
from numpy import dot, exp, log, tanh, zeros, zeros_like

try:
    import torch
    from torch.autograd import Function
except ImportError:
    torch = None



# Hadsell's contrastive loss
def contrastive_loss(x1, x2, y, margin=2.0):
    """y: labels in {0, 1} of shape (N,); x1: (N, D); x2: (N, D)."""
    diff = x1 - x2
    d = np.sqrt((diff**2).sum(1))
    hinge = np.maximum(margin - d, 0)
    loss = np.mean(y * d**2 + (1 - y) * hinge**2)
    n = len(y)
    dd = 2 * (y * d - (1 - y) * hinge) / n
    ddiff = dd[:, None] * diff / d[:, None]
    return loss, {"x1": ddiff, "x2": -ddiff}


# kernel MMD
def mmd(X, Y):
    def k(a, b):
        return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))

    n, m = len(X), len(Y)
    kxx, kxy, kyy = k(X, X), k(X, Y), k(Y, Y)
    loss = kxx.mean() - 2 * kxy.mean() + kyy.mean()
    dX = -2 * np.einsum("ij,ijd->id", kxx, X[:, None] - X[None]) / n**2
    dX += 2 * np.einsum("ij,ijd->id", kxy, X[:, None] - Y[None]) / (n * m)
    dY = -2 * np.einsum("ij,ijd->id", kyy, Y[:, None] - Y[None]) / m**2
    dY -= 2 * np.einsum("ij,ijd->jd", kxy, X[:, None] - Y[None]) / (n * m)
    return loss, dX, dY


# sine layer
class Siren:
    def __init__(self, fan_in, fan_out, w0=3.0):
        self.W = np.random.uniform(-1, 1, (fan_in, fan_out))
        self.b = np.random.uniform(-1, 1, fan_out)
        self.w0 = w0

    def __call__(self, x):
        self.x = x
        self.z = self.w0 * (x @ self.W + self.b)
        return np.sin(self.z)

    def backward(self, grad):
        grad_z = grad * np.cos(self.z) * self.w0
        self.grad_W = self.x.T @ grad_z
        self.grad_b = grad_z.sum(axis=0)
        return grad_z @ self.W.T


# PReLU, ELU and mish in one net
def mish(x):
    sp = np.log1p(np.exp(x))
    t = np.tanh(sp)
    return x * t, (x, t)


def mish_backward(dout, cache):
    x, t = cache
    sig = 1 / (1 + np.exp(-x))
    return dout * (t + x * sig * (1 - t**2))


def prelu_forward(x, a):
    """x: (N, C), a: (C,)"""
    return np.where(x >= 0, x, a * x), (x, a)


def prelu_backward(dout, cache):
    x, a = cache
    neg = x < 0
    dx = dout * np.where(neg, a, 1)
    da = np.sum(dout * x * neg, axis=0)
    return dx, da


# max pooling in one dimension with stored indices
def maxpool1d(x: "n c 6"):
    n, c, l = x.shape
    win = x.reshape(n, c, l // 2, 2)
    idx = win.argmax(axis=-1)
    out = np.take_along_axis(win, idx[..., None], axis=-1)[..., 0]
    return out, (idx, x.shape)


def maxpool1d_backward(g, cache):
    idx, shape = cache
    n, c, l = shape
    gwin = np.zeros((n, c, l // 2, 2))
    np.put_along_axis(gwin, idx[..., None], g[..., None], axis=-1)
    return gwin.reshape(shape)


# attention with a learned relative bias and a batch
def biased_attention(q: "b t d", k: "b s d", v: "b s e", bias: "t s"):
    scale = q.shape[-1] ** -0.5
    logits = scale * (q @ k.transpose(0, 2, 1)) + bias
    logits -= logits.max(-1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(-1, keepdims=True)
    return p @ v, (q, k, v, p, scale)


def biased_attention_backward(dout, cache):
    q, k, v, p, scale = cache
    dv = p.transpose(0, 2, 1) @ dout
    dp = dout @ v.transpose(0, 2, 1)
    dlogits = p * dp
    dlogits -= p * dlogits.sum(-1, keepdims=True)
    dbias = dlogits.sum(axis=0)
    dq = scale * dlogits @ k
    dk = scale * dlogits.transpose(0, 2, 1) @ q
    return dq, dk, dv, dbias


# torch functions
if torch is not None:

    class LinearFunction(Function):
        @staticmethod
        def forward(ctx, input, weight, bias):
            ctx.save_for_backward(input, weight, bias)
            output = input.mm(weight.t())
            output += bias.unsqueeze(0).expand_as(output)
            return output

        @staticmethod
        def backward(ctx, grad_output):
            input, weight, bias = ctx.saved_tensors
            grad_input = grad_weight = grad_bias = None
            if ctx.needs_input_grad[0]:
                grad_input = grad_output.mm(weight)
            if ctx.needs_input_grad[1]:
                grad_weight = grad_output.t().mm(input)
            if ctx.needs_input_grad[2]:
                grad_bias = grad_output.sum(0)
            return grad_input, grad_weight, grad_bias

    class LogSoftmax(Function):
        @staticmethod
        def forward(ctx, x, dim=1):
            ctx.dim = dim
            y = x - x.logsumexp(dim=dim, keepdim=True)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, gy):
            (y,) = ctx.saved_tensors
            return gy - y.exp() * gy.sum(dim=ctx.dim, keepdim=True), None

    class RMSNormFn(Function):
        @staticmethod
        def forward(ctx, x, weight, eps=1e-6):
            rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
            xhat = x * rstd
            ctx.save_for_backward(xhat, weight, rstd)
            return xhat * weight

        @staticmethod
        def backward(ctx, dy):
            xhat, weight, rstd = ctx.saved_tensors
            dw = (dy * xhat).sum(0)
            wdy = dy * weight
            c = (xhat * wdy).mean(-1, keepdim=True)
            dx = (wdy - xhat * c) * rstd
            return dx, dw, None


# a siamese net: the same weights twice
def siamese_forward(a, b, W):
    ha = tanh(dot(a, W))
    hb = tanh(dot(b, W))
    return ha * hb, (a, b, W, ha, hb)


def siamese_backward(dout, cache):
    a, b, W, ha, hb = cache
    dza = dout * hb * (1 - ha**2)
    dzb = dout * ha * (1 - hb**2)
    dW = dot(a.T, dza) + dot(b.T, dzb)
    da = dot(dza, W.T)
    db = dot(dzb, W.T)
    return da, db, dW


# parameters packed in one vector
def packed_net(params, X, Y, sizes=(3, 4, 2)):
    """One hidden layer; params: vector of shape (26,); X: (m, 3); Y: (m, 2)."""
    n, h, k = sizes
    ofs = n * h
    W1 = params[:ofs].reshape(n, h)
    b1 = params[ofs : ofs + h]
    W2 = params[ofs + h : ofs + h + h * k].reshape(h, k)
    b2 = params[ofs + h + h * k :]
    a1 = 1 / (1 + exp(-(X @ W1 + b1)))
    s = X.shape[0]
    yhat = a1 @ W2 + b2
    cost = 0.5 * np.sum((yhat - Y) ** 2) / s
    d2 = (yhat - Y) / s
    gradW2 = a1.T @ d2
    gradb2 = d2.sum(0)
    d1 = (d2 @ W2.T) * a1 * (1 - a1)
    gradW1 = X.T @ d1
    gradb1 = d1.sum(0)
    grad = np.concatenate([gradW1.flatten(), gradb1.flatten(), gradW2.flatten(), gradb2.flatten()])
    return cost, {"params": grad}


# Cox's partial likelihood, times sorted
def cox_loss(beta, X):
    """X: covariates of shape (n, d), sorted by time, all events seen; beta: (d,)."""
    n = X.shape[0]
    theta = X @ beta
    e = np.exp(theta)
    risk = np.cumsum(e[::-1])[::-1]
    loss = -np.sum(theta - np.log(risk)) / n
    w = e * np.cumsum(1 / risk)
    grad = -(X.sum(axis=0) - X.T @ w) / n
    return loss, grad


# bilinear pooling with signed square root
def bilinear_pool(x: "n d", y: "n e"):
    z = x.T @ y / x.shape[0]
    s = np.sqrt(np.abs(z) + 0.1)
    return np.sign(z) * s, (x, y, z, s)


def bilinear_pool_backward(dout, cache):
    x, y, z, s = cache
    n = x.shape[0]
    dz = dout / (2 * s)
    dx = y @ dz.T / n
    dy = x @ dz / n
    return dx, dy


# group of dense nets with list comprehension, list of weights given to a class
class MLP:
    def __init__(self, sizes=(3, 5, 4, 2)):
        rng = np.random.RandomState(0)
        self.W = [rng.randn(i, o) for i, o in zip(sizes[:-1], sizes[1:])]
        self.b = [rng.randn(o) for o in sizes[1:]]

    def forward(self, x: "n 3"):
        self.a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(self.a[-1] @ W + b, 0))
        return self.a[-1] @ self.W[-1] + self.b[-1]

    def backward(self, delta):
        self.dW = [None] * len(self.W)
        self.db = [None] * len(self.b)
        for l in reversed(range(len(self.W))):
            self.dW[l] = self.a[l].T @ delta
            self.db[l] = delta.sum(axis=0)
            delta = delta @ self.W[l].T
            if l > 0:
                delta = delta * (self.a[l] > 0)
        return delta


# REINFORCE with a softmax policy and an entropy bonus
def policy_loss(theta, S, actions, adv, beta=0.1):
    """S: states (n, d); theta: (d, k); actions: int (n,); adv: (n,)"""
    n = len(S)
    logits = S @ theta
    logits = logits - logits.max(1, keepdims=True)
    pi = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    logpi = np.log(pi)
    H = -(pi * logpi).sum(1)
    loss = -np.mean(adv * logpi[np.arange(n), actions] + beta * H)
    onehot = np.eye(theta.shape[1])[actions]
    dlogits = adv[:, None] * (pi - onehot)
    dlogits += beta * pi * (logpi + H[:, None])
    dtheta = S.T @ dlogits / n
    return loss, dtheta

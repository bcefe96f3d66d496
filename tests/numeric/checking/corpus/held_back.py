"""Held back: styles that were written after the checker, to see how it does on what it was not made with."""

import math

import numpy as np

try:
    import torch
except ImportError:
    torch = None


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = np.random.randn(out_features, in_features) * 0.1
        self.bias = np.zeros(out_features)

    def forward(self, input):
        self.input = input
        return input @ self.weight.T + self.bias

    def backward(self, grad_output):
        self.grad_weight = grad_output.T @ self.input
        self.grad_bias = grad_output.sum(axis=0)
        grad_input = grad_output @ self.weight
        return grad_input


class Softplus:
    def forward(self, x):
        self.x = x
        return np.log1p(np.exp(x))

    def backward(self, dout):
        sig = 1.0 / (1.0 + np.exp(-self.x))
        return dout * sig


class TwoLayerNet:
    """A network with its parameters in a dictionary."""

    def __init__(self, input_dim, hidden_dim, num_classes):
        self.params = {
            "W1": 0.5 * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": 0.5 * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }
        self.grads = {}

    def forward(self, X):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        z1 = X.dot(W1) + b1
        a1 = np.where(z1 > 0, z1, 0.1 * z1)
        z2 = a1.dot(W2) + b2
        self.cache = X, z1, a1
        return z2

    def backward(self, dz2):
        X, z1, a1 = self.cache
        W1, W2 = self.params["W1"], self.params["W2"]
        self.grads["W2"] = a1.T.dot(dz2)
        self.grads["b2"] = dz2.sum(0)
        da1 = dz2.dot(W2.T)
        dz1 = da1 * np.where(z1 > 0, 1.0, 0.1)
        self.grads["W1"] = X.T.dot(dz1)
        self.grads["b1"] = dz1.sum(0)
        dX = dz1.dot(W1.T)
        return dX


class LayerNormFunction:
    @staticmethod
    def forward(ctx, x: "b d", weight: "d", bias: "d"):
        mean = x.mean(-1, keepdims=True)
        var = ((x - mean) ** 2).mean(-1, keepdims=True)
        rstd = 1 / np.sqrt(var + 1e-5)
        x_hat = (x - mean) * rstd
        ctx.save_for_backward(x_hat, weight, rstd)
        return x_hat * weight + bias

    @staticmethod
    def backward(ctx, grad_output):
        x_hat, weight, rstd = ctx.saved_tensors
        D = x_hat.shape[-1]
        grad_bias = grad_output.sum(0)
        grad_weight = (grad_output * x_hat).sum(0)
        g = grad_output * weight
        s1 = g.sum(-1, keepdims=True)
        s2 = (g * x_hat).sum(-1, keepdims=True)
        grad_x = rstd * (g - (s1 + x_hat * s2) / D)
        return grad_x, grad_weight, grad_bias


def nn_cost(Theta1: "h n", Theta2: "k h", X: "m n", Y: "m k", lam: ""):
    """The cost of a net with sigmoid units, unrolled over the examples as in a first course."""
    sigmoid = lambda z: 1.0 / (1.0 + np.exp(-z))  # noqa: E731
    m = X.shape[0]
    J = 0.0
    Theta1_grad = np.zeros(Theta1.shape)
    Theta2_grad = np.zeros(Theta2.shape)
    for i in range(m):
        a1 = X[i]
        a2 = sigmoid(Theta1.dot(a1))
        a3 = sigmoid(Theta2.dot(a2))
        J += np.sum((a3 - Y[i]) ** 2) / 2
        delta3 = (a3 - Y[i]) * a3 * (1 - a3)
        delta2 = Theta2.T.dot(delta3) * a2 * (1 - a2)
        Theta2_grad += np.outer(delta3, a2)
        Theta1_grad += np.outer(delta2, a1)
    J = J / m + lam / (2 * m) * (np.sum(Theta1**2) + np.sum(Theta2**2))
    Theta1_grad = Theta1_grad / m + lam / m * Theta1
    Theta2_grad = Theta2_grad / m + lam / m * Theta2
    return J, Theta1_grad, Theta2_grad


def cross_attention(queries: "l e", context: "s c", w_q: "e a", w_k: "c a", w_v: "c a"):
    q, k, v = queries @ w_q, context @ w_k, context @ w_v
    logits = np.einsum("la,sa->ls", q, k) / math.sqrt(q.shape[1])
    weights = np.exp(logits - logits.max(axis=1)[:, None])
    weights /= weights.sum(axis=1)[:, None]
    output = np.einsum("ls,sa->la", weights, v)
    return output, {"q": q, "k": k, "v": v, "weights": weights}


def cross_attention_grad(upstream, store, queries, context, w_q, w_k, w_v):
    q, k, v, weights = store["q"], store["k"], store["v"], store["weights"]
    grad_weights = np.einsum("la,sa->ls", upstream, v)
    grad_v = np.einsum("ls,la->sa", weights, upstream)
    inner = np.einsum("ls,ls->l", grad_weights, weights)
    grad_logits = weights * (grad_weights - inner[:, None])
    grad_logits /= math.sqrt(q.shape[1])
    grad_q = np.einsum("ls,sa->la", grad_logits, k)
    grad_k = np.einsum("ls,la->sa", grad_logits, q)
    return {
        "queries": grad_q @ w_q.T,
        "context": grad_k @ w_k.T + grad_v @ w_v.T,
        "w_q": queries.T @ grad_q,
        "w_k": context.T @ grad_k,
        "w_v": context.T @ grad_v,
    }


def avg_pool_1d(x: "b 6 c"):
    n = x.shape[1] // 2
    y = np.empty((x.shape[0], n, x.shape[2]))
    for i in range(n):
        y[:, i] = (x[:, 2 * i] + x[:, 2 * i + 1]) / 2
    return y, x.shape


def avg_pool_1d_backward(gy, shape):
    gx = np.zeros(shape)
    for i in range(gy.shape[1]):
        gx[:, 2 * i] += gy[:, i] / 2
        gx[:, 2 * i + 1] += gy[:, i] / 2
    return gx


def ema_scan(x: "t d", a: "d"):
    """A linear recurrence, y_t = a y_{t-1} + (1 - a) x_t."""
    y = np.zeros_like(x)
    state = np.zeros_like(a)
    for t in range(x.shape[0]):
        state = a * state + (1 - a) * x[t]
        y[t] = state
    return y, (x, a, y)


def ema_scan_backward(dy, cache):
    x, a, y = cache
    dx = np.zeros_like(x)
    da = np.zeros_like(a)
    carry = np.zeros_like(a)
    for t in range(x.shape[0] - 1, -1, -1):
        carry = carry + dy[t]
        prev = y[t - 1] if t > 0 else np.zeros_like(a)
        da += carry * (prev - x[t])
        dx[t] = carry * (1 - a)
        carry = carry * a
    return dx, da


def bilstm_gate(x: "n d", h: "n k", Wi: "d k", Ui: "k k", bi: "k", peep: "k", c: "n k"):
    pre = x @ Wi + h @ Ui + peep * c + bi
    i = 1 / (1 + np.exp(-pre))
    out = i * np.tanh(c)
    return out, (x, h, Wi, Ui, peep, c, i)


def bilstm_gate_backward(dout, cache):
    x, h, Wi, Ui, peep, c, i = cache
    tc = np.tanh(c)
    di = dout * tc
    dpre = di * i * (1 - i)
    dc = dout * i * (1 - tc**2) + dpre * peep
    dpeep = (dpre * c).sum(axis=0)
    dbi = dpre.sum(axis=0)
    dWi = x.T @ dpre
    dUi = h.T @ dpre
    dx = dpre @ Wi.T
    dh = dpre @ Ui.T
    return dx, dh, dWi, dUi, dbi, dpeep, dc


def contrastive(z1: "b d", z2: "b d"):
    n1 = np.linalg.norm(z1, axis=1, keepdims=True)
    n2 = np.linalg.norm(z2, axis=1, keepdims=True)
    u, v = z1 / n1, z2 / n2
    cos = (u * v).sum(axis=1)
    loss = np.mean(1 - cos)
    B = z1.shape[0]
    du = -v / B
    dv = -u / B
    dz1 = (du - u * (du * u).sum(axis=1, keepdims=True)) / n1
    dz2 = (dv - v * (dv * v).sum(axis=1, keepdims=True)) / n2
    return loss, dz1, dz2


def instance_norm(x: "n c h w", g: "c", s: "c"):
    mean = x.mean(axis=(2, 3))[:, :, None, None]
    var = x.var(axis=(2, 3))[:, :, None, None]
    istd = (var + 1e-5) ** (-0.5)
    xn = (x - mean) * istd
    return g[:, None, None] * xn + s[:, None, None], (xn, istd, g)


def instance_norm_backward(dy, cache):
    xn, istd, g = cache
    ds = dy.sum(axis=(0, 2, 3))
    dg = (dy * xn).sum(axis=(0, 2, 3))
    dxn = dy * g[:, None, None]
    m = dxn.mean(axis=(2, 3), keepdims=True)
    q = (dxn * xn).mean(axis=(2, 3), keepdims=True)
    dx = istd * (dxn - m - xn * q)
    return dx, dg, ds


def torch_mlp(x: "n d", w1: "d h", w2: "h m"):
    z = x @ w1
    a = torch.sigmoid(z)
    return a @ w2, (x, w1, w2, a)


def torch_mlp_backward(dout, cache):
    x, w1, w2, a = cache
    dw2 = a.t() @ dout
    da = dout @ w2.t()
    dz = da * a * (1 - a)
    dw1 = x.t() @ dz
    dx = dz @ w1.t()
    return dx, dw1, dw2

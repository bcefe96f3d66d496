"""Transformer parts and other layers, in the styles of blog posts: explicit arguments, tuples, comments with shapes."""

import numpy as np


def softmax(x):
    x = x - x.max(-1, keepdims=True)
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def attention(Q: "n d", K: "m d", V: "m v"):
    d = Q.shape[-1]
    S = Q @ K.T / np.sqrt(d)
    P = softmax(S)
    O = P @ V
    return O, (Q, K, V, P)


def attention_bwd(dO, saved):
    Q, K, V, P = saved
    scale = 1.0 / np.sqrt(Q.shape[-1])
    dV = P.T @ dO
    dP = dO @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True))
    dQ = dS @ K * scale
    dK = dS.T @ Q * scale
    return dQ, dK, dV


def mha(x: "t 6", Wq: "6 6", Wk: "6 6", Wv: "6 6", Wo: "6 6"):
    T, C = x.shape
    nh = 2
    hs = C // nh
    q = (x @ Wq).reshape(T, nh, hs).transpose(1, 0, 2)
    k = (x @ Wk).reshape(T, nh, hs).transpose(1, 0, 2)
    v = (x @ Wv).reshape(T, nh, hs).transpose(1, 0, 2)
    att = q @ k.transpose(0, 2, 1) / np.sqrt(hs)
    p = softmax(att)
    y = p @ v
    merged = y.transpose(1, 0, 2).reshape(T, C)
    out = merged @ Wo
    return out, (x, q, k, v, p, merged)


def mha_backward(dout, cache, Wq, Wk, Wv, Wo):
    x, q, k, v, p, merged = cache
    T, C = x.shape
    nh, hs = q.shape[0], q.shape[2]
    dWo = merged.T @ dout
    dmerged = dout @ Wo.T
    dy = dmerged.reshape(T, nh, hs).transpose(1, 0, 2)
    dp = dy @ v.transpose(0, 2, 1)
    dv = p.transpose(0, 2, 1) @ dy
    datt = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    datt = datt / np.sqrt(hs)
    dq = datt @ k
    dk = datt.transpose(0, 2, 1) @ q
    dq = dq.transpose(1, 0, 2).reshape(T, C)
    dk = dk.transpose(1, 0, 2).reshape(T, C)
    dv = dv.transpose(1, 0, 2).reshape(T, C)
    dWq = x.T @ dq
    dWk = x.T @ dk
    dWv = x.T @ dv
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dx, dWq, dWk, dWv, dWo


def rmsnorm(x: "b d", w: "d"):
    ms = np.mean(x**2, axis=-1, keepdims=True)
    r = 1.0 / np.sqrt(ms + 1e-6)
    xn = x * r
    return xn * w, (x, r, xn, w)


def rmsnorm_backward(dy, ctx):
    x, r, xn, w = ctx
    d = x.shape[-1]
    dw = (dy * xn).sum(0)
    dxn = dy * w
    dr = (dxn * x).sum(-1, keepdims=True)
    dms = -0.5 * r**3 * dr
    dx = dxn * r + dms * 2 * x / d
    return dx, dw


def layer_norm_blog(x: "b t c", w: "c", b: "c"):
    mean = x.sum(-1, keepdims=True) / x.shape[-1]
    xshift = x - mean
    var = (xshift**2).sum(-1, keepdims=True) / x.shape[-1]
    rstd = (var + 1e-5) ** -0.5
    norm = xshift * rstd
    out = norm * w + b
    return out, (x, w, mean, rstd)


def layer_norm_blog_backward(dout, cache):
    x, w, mean, rstd = cache
    norm = (x - mean) * rstd
    db = dout.sum((0, 1))
    dw = (dout * norm).sum((0, 1))
    dnorm = dout * w
    dx = dnorm - dnorm.mean(-1, keepdims=True) - norm * (dnorm * norm).mean(-1, keepdims=True)
    dx *= rstd
    return dx, dw, db


def groupnorm(x: "N 4 H W", gamma: "1 4 1 1", beta: "1 4 1 1"):
    N, C, H, W = x.shape
    G = 2
    xg = x.reshape(N, G, C // G, H, W)
    mu = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = ((xg - mu) * inv).reshape(x.shape)
    return gamma * xhat + beta, (xhat, inv, gamma, G)


def groupnorm_backward(dout, cache):
    xhat, inv, gamma, G = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma).reshape(N, G, C // G, H, W)
    xg = xhat.reshape(N, G, C // G, H, W)
    axes = (2, 3, 4)
    dx = inv * (dxhat - dxhat.mean(axis=axes, keepdims=True) - xg * (dxhat * xg).mean(axis=axes, keepdims=True))
    dx = dx.reshape(N, C, H, W)
    return dx, dgamma, dbeta


def gelu_tanh(x: "n d"):
    c = np.sqrt(2 / np.pi)
    u = c * (x + 0.044715 * x**3)
    t = np.tanh(u)
    return 0.5 * x * (1 + t), (x, t)


def gelu_tanh_backward(g, cache):
    x, t = cache
    c = np.sqrt(2 / np.pi)
    du = c * (1 + 3 * 0.044715 * x**2)
    dt = 1 - t**2
    dx = g * (0.5 * (1 + t) + 0.5 * x * dt * du)
    return dx


def swiglu(x: "n d", W: "d h", V: "d h", W2: "h d"):
    a = x @ W
    b = x @ V
    s = 1 / (1 + np.exp(-a))
    silu = a * s
    h = silu * b
    y = h @ W2
    return y, (x, W, V, W2, a, b, s, silu, h)


def swiglu_backward(dy, cache):
    x, W, V, W2, a, b, s, silu, h = cache
    dW2 = h.T @ dy
    dh = dy @ W2.T
    dsilu = dh * b
    db = dh * silu
    da = dsilu * (s + a * s * (1 - s))
    dW = x.T @ da
    dV = x.T @ db
    dx = da @ W.T + db @ V.T
    return dx, dW, dV, dW2


def residual_block(x: "n d", W1: "d h", b1: "h", W2: "h d", b2: "d"):
    u = x @ W1 + b1
    a = np.maximum(u, 0)
    y = x + a @ W2 + b2
    return y, (x, u, a)


def residual_block_backward(dy, cache, W1, W2):
    x, u, a = cache
    db2 = dy.sum(axis=0)
    dW2 = a.T @ dy
    da = dy @ W2.T
    du = da * (u > 0)
    dW1 = x.T @ du
    db1 = du.sum(axis=0)
    dx = dy + du @ W1.T
    return {"x": dx, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def gru_cell(x: "d", h: "k", Wz: "k d", Uz: "k k", Wr: "k d", Ur: "k k", Wn: "k d", Un: "k k"):
    sig = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    z = sig(Wz @ x + Uz @ h)
    r = sig(Wr @ x + Ur @ h)
    s = r * h
    n = np.tanh(Wn @ x + Un @ s)
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, z, r, s, n)


def gru_cell_backward(dh_next, cache, Wz, Uz, Wr, Ur, Wn, Un):
    x, h, z, r, s, n = cache
    dn = dh_next * (1 - z)
    dz = dh_next * (h - n)
    dh = dh_next * z
    dan = dn * (1 - n**2)
    dWn = np.outer(dan, x)
    dUn = np.outer(dan, s)
    dx = Wn.T @ dan
    ds = Un.T @ dan
    dr = ds * h
    dh = dh + ds * r
    dar = dr * r * (1 - r)
    daz = dz * z * (1 - z)
    dWr = np.outer(dar, x)
    dUr = np.outer(dar, h)
    dWz = np.outer(daz, x)
    dUz = np.outer(daz, h)
    dx = dx + Wr.T @ dar + Wz.T @ daz
    dh = dh + Ur.T @ dar + Uz.T @ daz
    return dx, dh, dWz, dUz, dWr, dUr, dWn, dUn


def char_rnn(xs: "T V", hprev: "h", Wxh: "h V", Whh: "h h", Why: "V h", bh: "h", by: "V"):
    hs = {-1: hprev}
    ys = []
    for t in range(len(xs)):
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        ys.append(Why @ hs[t] + by)
    return np.array(ys), hs


def char_rnn_backward(dys, cache, xs, Wxh, Whh, Why):
    hs = cache
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros(Whh.shape[0]), np.zeros(Why.shape[0])
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(xs))):
        dy = dys[t]
        dWhy += np.outer(dy, hs[t])
        dby += dy
        dh = Why.T @ dy + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.outer(dhraw, xs[t])
        dWhh += np.outer(dhraw, hs[t - 1])
        dhnext = Whh.T @ dhraw
    dhprev = dhnext
    return {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": dbh, "by": dby, "hprev": dhprev}


def im2col(x, k):
    N, C, H, W = x.shape
    Ho, Wo = H - k + 1, W - k + 1
    cols = np.zeros((N, C, k, k, Ho, Wo))
    for i in range(k):
        for j in range(k):
            cols[:, :, i, j] = x[:, :, i : i + Ho, j : j + Wo]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(N * Ho * Wo, -1)


def conv_im2col(x: "N C H W", w: "F C 2 2", b: "F"):
    N, C, H, W = x.shape
    F, k = w.shape[0], w.shape[2]
    cols = im2col(x, k)
    out = cols @ w.reshape(F, -1).T + b
    out = out.reshape(N, H - k + 1, W - k + 1, F).transpose(0, 3, 1, 2)
    return out, (cols, x.shape, w)


def conv_im2col_backward(dout, cache):
    cols, shape, w = cache
    N, C, H, W = shape
    F, k = w.shape[0], w.shape[2]
    Ho, Wo = H - k + 1, W - k + 1
    db = dout.sum(axis=(0, 2, 3))
    d2 = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dw = (d2.T @ cols).reshape(w.shape)
    dcols = d2 @ w.reshape(F, -1)
    dcols = dcols.reshape(N, Ho, Wo, C, k, k).transpose(0, 3, 4, 5, 1, 2)
    dx = np.zeros(shape)
    for i in range(k):
        for j in range(k):
            dx[:, :, i : i + Ho, j : j + Wo] += dcols[:, :, i, j]
    return dx, dw, db


def einsum_bilinear(x: "b i", A: "o i j", y: "b j"):
    out = np.einsum("bi,oij,bj->bo", x, A, y)
    return out, (x, A, y)


def einsum_bilinear_backward(g, cache):
    x, A, y = cache
    dx = np.einsum("bo,oij,bj->bi", g, A, y)
    dA = np.einsum("bo,bi,bj->oij", g, x, y)
    dy = np.einsum("bo,bi,oij->bj", g, x, A)
    return dx, dA, dy


def batchnorm_eval(x: "n d", gamma: "d", beta: "d", running_mean: "d", running_var=2.0):
    inv = 1 / np.sqrt(running_var + 1e-5)
    xhat = (x - running_mean) * inv
    return gamma * xhat + beta, (xhat, gamma, inv)


def batchnorm_eval_backward(dout, cache):
    xhat, gamma, inv = cache
    dbeta = dout.sum(0)
    dgamma = (dout * xhat).sum(0)
    dx = dout * gamma * inv
    return dx, dgamma, dbeta


def logsumexp(x: "n k"):
    m = x.max(axis=1, keepdims=True)
    e = np.exp(x - m)
    s = e.sum(axis=1, keepdims=True)
    return (m + np.log(s))[:, 0], (e, s)


def logsumexp_backward(g, cache):
    e, s = cache
    dx = g[:, None] * e / s
    return dx

"""Programs as people write them out in NumPy, for measuring: loops, dictionaries of tensors, nothing named on the way."""

import numpy as np

from symbolic import special, tensor


def chain_crf(length=5):
    """The negative log-likelihood of a linear-chain conditional random field (Lafferty et al. 2001)."""
    T, e = tensor("T", (3, 3), role="parameter"), tensor("e", (length, 3), role="parameter")
    y = tensor("y", length, dtype="int", role="target")
    a = e[0]
    for t in range(1, length):
        a = special.logsumexp(a[:, None] + T, axis=0) + e[t]
    gold = e[np.arange(length), y].sum() + T[y[:-1], y[1:]].sum()
    return special.logsumexp(a) - gold


def makemore_mlp():
    """Characters to characters through an embedding, batch normalisation and tanh (Karpathy, makemore part 4)."""
    shapes = {"emb": (5, 2), "W1": (6, 7), "b1": (7,), "g": (7,), "be": (7,), "W2": (7, 5), "b2": (5,)}
    emb, W1, b1, g, be, W2, b2 = (tensor(name, shape, role="parameter") for name, shape in shapes.items())
    X, y = tensor("X", (4, 3), dtype="int"), tensor("y", 4, dtype="int", role="target")
    h0 = emb[X].reshape(4, 6) @ W1 + b1
    d = h0 - h0.mean(0, keepdims=True)
    v = (d**2).sum(0, keepdims=True) / 3
    h = np.tanh(g * d * (v + 1e-5) ** -0.5 + be)
    logits = h @ W2 + b2
    c = np.exp(logits - logits.max(1, keepdims=True))
    p = c / c.sum(1, keepdims=True)
    return -np.log(p)[range(4), y].mean()


def makemore_rnn(length=6):
    """A recurrent net over a word, the cross-entropy of each next character (Karpathy, makemore)."""
    shapes = {"emb": (5, 4), "start": (6,), "W": (10, 6), "b": (6,), "V": (6, 5), "c": (5,)}
    emb, start, W, b, V, c = (tensor(name, shape, role="parameter") for name, shape in shapes.items())
    X, y = tensor("X", length, dtype="int"), tensor("y", length, dtype="int", role="target")
    h, total = start, 0
    for t in range(length):
        h = np.tanh(np.concatenate([emb[X[t]], h]) @ W + b)
        logits = h @ V + c
        total = total + special.logsumexp(logits) - logits[y[t]]
    return total / length


def group_norm():
    """Group normalisation of images in two groups of channels (Wu and He 2018), then a cubic cost."""
    x = tensor("x", (2, 6, 3, 3), role="parameter")
    scale, shift = tensor("scale", 6, role="parameter"), tensor("shift", 6, role="parameter")
    N, C, H, W = x.shape
    G = 2
    v = x.reshape(N, G, C // G, H, W)
    m = v.mean(axis=(2, 3, 4), keepdims=True)
    var = v.var(axis=(2, 3, 4), keepdims=True)
    v = ((v - m) / np.sqrt(var + 1e-5)).reshape(N, C, H, W)
    return np.sum((v * scale[None, :, None, None] + shift[None, :, None, None]) ** 3)


def soft_dtw(rows=4, columns=4):
    """The soft alignment of two series (Cuturi and Blondel 2017), its recursion in a dictionary."""
    x, y = tensor("x", rows, role="parameter"), tensor("y", columns)
    D = (x[:, None] - y[None]) ** 2
    R = {(0, 0): D[0, 0]}
    for i in range(rows):
        for j in range(columns):
            before = [R[k] for k in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if k in R]
            if before:
                R[i, j] = D[i, j] - special.logsumexp(-np.stack(before))
    return R[rows - 1, columns - 1]


def kalman_likelihood(length=4):
    """The log-likelihood of a linear Gaussian state space model by the Kalman filter (Kalman 1960)."""
    A, C = tensor("A", (3, 3), role="parameter"), tensor("C", (2, 3), role="parameter")
    Q, R = tensor("Q", (3, 3), assume="positive_definite"), tensor("R", (2, 2), assume="positive_definite")
    y = tensor("y", (length, 2))
    m, P, likelihood = np.zeros(3), np.eye(3), 0
    for t in range(length):
        m, P = A @ m, A @ P @ A.T + Q
        S, v = C @ P @ C.T + R, y[t] - C @ m
        K = P @ C.T @ np.linalg.inv(S)
        likelihood = likelihood - 0.5 * (v @ np.linalg.solve(S, v) + np.linalg.slogdet(S)[1])
        m, P = m + K @ v, P - K @ C @ P
    return likelihood


PROGRAMS = {
    f.__name__.replace("_", "-"): f
    for f in (chain_crf, makemore_mlp, makemore_rnn, group_norm, soft_dtw, kalman_likelihood)
}

"""Networks from scratch: parameters in dictionaries, gradients in dictionaries, losses and gradients from one function."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def mlp_forward(X, params):
    """Two layers.

    X: data of shape (N, D)
    W1: shape (D, H)
    b1: shape (H,)
    W2: shape (H, K)
    b2: shape (K,)
    """
    Z1 = X @ params["W1"] + params["b1"]
    A1 = np.tanh(Z1)
    Z2 = A1 @ params["W2"] + params["b2"]
    A2 = softmax(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "X": X}


def mlp_backward(dA2, cache, params):
    A1, A2, X = cache["A1"], cache["A2"], cache["X"]
    grads = {}
    dZ2 = A2 * (dA2 - np.sum(dA2 * A2, axis=1, keepdims=True))
    grads["W2"] = A1.T @ dZ2
    grads["b2"] = dZ2.sum(axis=0)
    dA1 = dZ2 @ params["W2"].T
    dZ1 = dA1 * (1 - A1**2)
    grads["W1"] = X.T @ dZ1
    grads["b1"] = dZ1.sum(axis=0)
    return grads


def softmax_loss(x, y):
    """
    x: scores of shape (N, C)
    y: labels of shape (N,)
    """
    shifted = x - x.max(axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def svm_loss_naive(W, X, y, reg):
    """
    W: weights of shape (D, C)
    X: data of shape (N, D)
    y: labels of shape (N,)
    reg: strength of shape ()
    """
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    """
    W: weights of shape (D, C)
    X: data of shape (N, D)
    y: labels of shape (N,)
    reg: strength of shape ()
    """
    n = X.shape[0]
    scores = X @ W
    correct = scores[np.arange(n), y][:, None]
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(n), y] = 0
    loss = margins.sum() / n + reg * np.sum(W**2)
    binary = (margins > 0).astype(float)
    binary[np.arange(n), y] = -binary.sum(axis=1)
    dW = X.T @ binary / n + 2 * reg * W
    return loss, dW


def two_layer_loss(X, y, W1, b1, W2, b2, reg=0.1):
    """
    X: data of shape (N, D)
    y: labels of shape (N,)
    W1: shape (D, H)
    b1: shape (H,)
    W2: shape (H, C)
    b2: shape (C,)
    """
    N = X.shape[0]
    hidden = np.maximum(0, X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    data_loss = np.sum(-np.log(probs[range(N), y])) / N
    reg_loss = 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
    loss = data_loss + reg_loss
    grads = {}
    dscores = probs
    dscores[range(N), y] -= 1
    dscores /= N
    grads["W2"] = np.dot(hidden.T, dscores) + reg * W2
    grads["b2"] = np.sum(dscores, axis=0)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden <= 0] = 0
    grads["W1"] = np.dot(X.T, dhidden) + reg * W1
    grads["b1"] = np.sum(dhidden, axis=0)
    return loss, grads


def logistic_loss(w, b, X, y):
    """
    w: shape (D,)
    b: shape ()
    X: shape (M, D)
    y: targets of shape (M,)
    """
    m = X.shape[0]
    z = X @ w + b
    a = 1 / (1 + np.exp(-z))
    cost = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / m
    dz = a - y
    dw = X.T @ dz / m
    db = np.sum(dz) / m
    return cost, {"dw": dw, "db": db}


def deep_forward(X, W1, b1, W2, b2, W3, b3):
    """Columns are samples.

    X: shape (D, m)
    W1: shape (h, D)
    b1: shape (h, 1)
    W2: shape (k, h)
    b2: shape (k, 1)
    W3: shape (1, k)
    b3: shape (1, 1)
    """
    Z1 = np.dot(W1, X) + b1
    A1 = np.maximum(0, Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = np.maximum(0, Z2)
    Z3 = np.dot(W3, A2) + b3
    A3 = 1 / (1 + np.exp(-Z3))
    cache = (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)
    return A3, cache


def deep_backward(X, dA3, cache):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = dA3 * A3 * (1 - A3)
    dW3 = np.dot(dZ3, A2.T)
    db3 = np.sum(dZ3, axis=1, keepdims=True)
    dA2 = np.dot(W3.T, dZ3)
    dZ2 = np.multiply(dA2, np.int64(A2 > 0))
    dW2 = np.dot(dZ2, A1.T)
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    dW1 = np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    gradients = {"dW3": dW3, "db3": db3, "dW2": dW2, "db2": db2, "dW1": dW1, "db1": db1}
    return gradients


def autoencoder_loss(W, x):
    """
    W: tied weights of shape (h, n)
    x: shape (n,)
    """
    h = np.tanh(W @ x)
    r = W.T @ h
    e = r - x
    loss = 0.5 * np.sum(e**2)
    dr = e
    dh = W @ dr
    ds = dh * (1 - h**2)
    dW = np.outer(h, dr) + np.outer(ds, x)
    return loss, dW


def ridge_cost(theta, X, y, lam):
    """
    theta: shape (d,)
    X: shape (n, d)
    y: targets of shape (n,)
    lam: strength of shape ()
    """
    n = len(y)
    residual = X @ theta - y
    cost = residual @ residual / (2 * n) + lam / 2 * theta @ theta
    grad_theta = X.T @ residual / n + lam * theta
    return cost, grad_theta


def triplet_loss(a, p, n):
    """
    a: anchors of shape (B, D)
    p: positives of shape (B, D)
    n: negatives of shape (B, D)
    """
    margin = 1.0
    d_pos = np.sum((a - p) ** 2, axis=1)
    d_neg = np.sum((a - n) ** 2, axis=1)
    hinge = np.maximum(0, d_pos - d_neg + margin)
    loss = hinge.mean()
    active = (hinge > 0).astype(float)[:, None] / len(a)
    da = 2 * active * (n - p)
    dp = -2 * active * (a - p)
    dn = 2 * active * (a - n)
    return loss, da, dp, dn


def info_nce(q, k):
    """
    q: queries of shape (B, D)
    k: keys of shape (B, D)
    """
    tau = 0.7
    B = q.shape[0]
    logits = q @ k.T / tau
    p = softmax(logits)
    loss = -np.log(p[np.arange(B), np.arange(B)]).mean()
    dlogits = (p - np.eye(B)) / B
    dq = dlogits @ k / tau
    dk = dlogits.T @ q / tau
    return loss, dq, dk


def huber(pred, target):
    """
    pred: shape (n, d)
    target: targets of shape (n, d)
    """
    delta = 0.7
    r = pred - target
    small = np.abs(r) <= delta
    loss = np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)).sum()
    dpred = np.where(small, r, delta * np.sign(r))
    return loss, dpred

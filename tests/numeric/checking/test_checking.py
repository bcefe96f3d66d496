# ruff: noqa: F722, F821 (annotations tell shapes)
"""Backward functions against their forward functions: right ones, and each kind of wrong output."""

import itertools

import numpy as np
import pytest

from numeric.checking import check_backward
from symbolic.errors import DeclarationError


def layer_norm(x, gamma, beta, ln_param):
    """Normalise each row.

    - x: data of shape (N, D)
    - gamma: scale of shape (D,)
    - beta: shift of shape (D,)
    """
    mu, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    s = 1 / np.sqrt(var + ln_param.get("eps", 1e-5))
    xhat = (x - mu) * s
    return gamma * xhat + beta, (xhat, gamma, s)


def layer_norm_backward(dout, cache):
    xhat, gamma, s = cache
    dgamma, dbeta = np.zeros(gamma.shape), np.zeros(gamma.shape)
    for i in range(dout.shape[0]):
        dgamma += dout[i] * xhat[i]
        dbeta += dout[i]
    dxhat = dout * gamma
    dx = s * (dxhat - dxhat.mean(1, keepdims=True) - xhat * (dxhat * xhat).mean(1, keepdims=True))
    return dx, dgamma, dbeta


def forgets_the_statistics(dout, cache):
    xhat, gamma, s = cache
    dx, dgamma, dbeta = s * dout * gamma, (dout * xhat).sum(0), dout.sum(0)
    return dx, dgamma, dbeta


def test_code_with_a_cache_and_loops():
    verdict = check_backward(layer_norm_backward, layer_norm)
    assert [o.name for o in verdict.outputs] == ["x", "gamma", "beta"]
    assert verdict.status == "agrees"


def test_only_the_wrong_output_is_refuted():
    verdict = check_backward(forgets_the_statistics, layer_norm)
    assert {o.name: o.status in ("proved", "agrees") for o in verdict.outputs} == {
        "x": False,
        "gamma": True,
        "beta": True,
    }
    assert verdict.status == "refuted"


def test_a_scalar_loss_needs_no_cotangent_and_a_dict_tells_names():
    def loss(W, x, y):
        return np.sum((np.tanh(W @ x) - y) ** 2)

    def gradient(W, x, y):
        z = np.tanh(W @ x)
        return {"dW": np.outer(2 * (z - y) * (1 - z**2), x)}

    def transposed(W, x, y):
        return {"dW": gradient(W, x, y)["dW"].T}

    shapes = {"W": "m n", "x": "n", "y": "m"}
    assert check_backward(gradient, loss, shapes).status == "proved"
    wrong = check_backward(transposed, loss, shapes).outputs[0]
    assert wrong.status == "shape"
    assert "transposed" in wrong.evidence


def test_integer_labels_and_kinks():
    def loss(z: "n k", y: "n int"):
        margins = np.maximum(0, z - z[np.arange(len(y)), y][:, None] + 1)
        margins[np.arange(len(y)), y] = 0
        return margins.sum()

    def gradient(z, y):
        dz = (z - z[np.arange(len(y)), y][:, None] + 1 > 0).astype(float)
        dz[np.arange(len(y)), y] = 0
        dz[np.arange(len(y)), y] = -dz.sum(axis=1)
        return dz

    assert check_backward(gradient, loss).status == "agrees"
    assert check_backward(lambda z, y: 1.001 * gradient(z, y), loss, {"z": "n k", "y": "n int"}).status == "refuted"


def test_what_is_not_told_and_not_found_is_asked_for():
    with pytest.raises(DeclarationError, match="annotate it"):
        check_backward(lambda x, W, g: g, lambda x, W: x.no_such_method(W))
    with pytest.raises(DeclarationError, match="one of them is the cotangent"):
        check_backward(lambda a, g, h: g, lambda a: a, {"a": "n"})


# -- shapes found by trial ---------------------------------------------------------------------------------------------------


def affine(X, W, b):
    return X @ W + b


def summed(X, W, b, g):
    return g @ W.T, X.T @ g, g.sum(axis=0)


def not_summed(X, W, b, g):
    return g @ W.T, X.T @ g, g


def summed_along_the_wrong_axis(X, W, b, g):
    return g @ W.T, X.T @ g, g.sum(axis=1)


def convolution(x, w):
    y = np.zeros(len(x) - len(w) + 1)
    for i in range(len(y)):
        for j in range(len(w)):
            y[i] += w[j] * x[i + j]
    return y


def correlation(x, w, g):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(len(g)):
        for j in range(len(w)):
            dx[i + j] += g[i] * w[j]
            dw[j] += g[i] * x[i + j]
    return dx, dw


def cross_entropy(Z, labels):
    logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return -logp[np.arange(len(labels)), labels].mean()


def cross_entropy_backward(Z, labels):
    p = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


def not_averaged(Z, labels):
    return cross_entropy_backward(Z, labels) * len(labels)


def recurrent(x, W, U, h0):
    h = h0
    for t in range(x.shape[0]):
        h = np.tanh(W @ h + U @ x[t])
    return h


def through_time(x, W, U, h0, g):
    states = [h0]
    for t in range(x.shape[0]):
        states.append(np.tanh(W @ states[-1] + U @ x[t]))
    dx, dW, dU = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U)
    for t in reversed(range(x.shape[0])):
        d = g * (1 - states[t + 1] ** 2)
        dW += np.outer(d, states[t])
        dU += np.outer(d, x[t])
        dx[t] = U.T @ d
        g = W.T @ d
    return dx, dW, dU, g


@pytest.mark.parametrize(
    ("backward", "forward", "wrong"),
    [
        (summed, affine, ""),
        (not_summed, affine, "b"),
        (summed_along_the_wrong_axis, affine, "b"),
        (correlation, convolution, ""),
        (cross_entropy_backward, cross_entropy, ""),
        (not_averaged, cross_entropy, "Z"),
        (through_time, recurrent, ""),
    ],
)
def test_shapes_that_are_not_told_are_found_by_trial(backward, forward, wrong):
    verdict = check_backward(backward, forward)
    assert verdict.found
    assert "".join(o.name for o in verdict.outputs if o.status not in ("proved", "agrees")) == wrong, verdict


def test_the_most_general_shapes_are_taken():
    shapes = dict(check_backward(through_time, recurrent).shapes)
    (steps, width), (rows, columns) = shapes["x"], shapes["U"]
    assert len({steps, width, rows}) == 3
    assert (columns, shapes["W"], shapes["h0"]) == (width, (rows, rows), (rows,))


def test_points_are_chosen_where_the_forward_function_is_finite():
    verdict = check_backward(lambda x, g: g / x, lambda x: np.log(x))
    assert verdict.status in ("proved", "agrees")


class Scaled:
    """A layer that keeps the gradient of its gain under a name that does not tell it."""

    def __init__(self, n, m):
        self.W, self.gain = np.random.randn(n, m), np.random.randn(m)

    def forward(self, x):
        self.x = x
        return x @ self.W * self.gain

    def backward(self, grad):
        self.grad_W = self.x.T @ (grad * self.gain)
        self.grad_scale = (grad * (self.x @ self.W)).mean(axis=0)
        return grad * self.gain @ self.W.T


def test_an_array_of_a_layer_without_a_gradient_is_not_right():
    verdict = check_backward(Scaled)
    assert {o.name: o.status for o in verdict.outputs} == {"x": "agrees", "self.W": "agrees", "self.gain": "undecided"}
    assert verdict.exit_code() == 2


def gated(x, h, W, b):
    a = np.concatenate([x, h], axis=1) @ W + b
    k = h.shape[1]
    return np.tanh(a[:, :k]) * a[:, k:], (x, h, W, a)


def gated_backward(dout, cache):
    x, h, W, a = cache
    k = h.shape[1]
    t = np.tanh(a[:, :k])
    da = np.concatenate([dout * a[:, k:] * (1 - t**2), dout * t], axis=1)
    dz = da @ W.T
    return dz[:, : x.shape[1]], dz[:, x.shape[1] :], x_and_h(x, h).T @ da, da.sum(0)


def x_and_h(x, h):
    return np.concatenate([x, h], axis=1)


def test_sizes_that_are_sums_and_multiples_may_be_told():
    told = {"x": "n d", "h": "n k", "W": "d+k 2*k", "b": "2 * k"}
    assert check_backward(gated_backward, gated, told).status in ("proved", "agrees")


def test_a_verdict_does_not_depend_on_the_clock(monkeypatch):
    def wrong(dout, cache):
        dx, dh, dW, db = gated_backward(dout, cache)
        return dx, dh, 2 * dW, db

    told = {"x": "n d", "h": "n k", "W": "d+k 2*k", "b": "2*k"}
    first = check_backward(wrong, gated, told)
    clock = itertools.count(0, 1e-4)
    monkeypatch.setattr("numeric.checking.work.time.process_time", lambda: next(clock))
    assert check_backward(wrong, gated, told) == first
    assert [x.label for x in first.culprits] == ["factor 2"]


def two_layers(x: "n d", V: "d h", a: "h", mask: "n h"):
    u = np.tanh(x @ V) * mask
    return u @ a, (x, V, a, mask, u)


def two_layers_backward(g, cache):
    x, V, a, mask, u = cache
    da = u.T @ g
    dz = np.outer(g, a) * (mask - u * np.where(mask == 0, 0, u / mask))
    return dz @ V.T, x.T @ dz, da


def two_layers_backward_wrong(g, cache):
    x, V, a, mask, u = cache
    da = u.T @ g
    dz = np.outer(g, a) * (mask - u * u)
    return dz @ V.T, x.T @ dz, da


def test_what_is_returned_without_a_name_is_told_by_its_place():
    right = check_backward(two_layers_backward, two_layers)
    assert [o.name for o in right.outputs if o.status in ("proved", "agrees")] == ["x", "V", "a"]
    wrong = check_backward(two_layers_backward_wrong, two_layers)
    assert {o.name for o in wrong.outputs if o.status == "refuted"} == {"x", "V"}


def test_what_is_returned_without_a_name_and_cannot_be_told_is_asked_for():
    def backward(g, cache):
        x, _V, a, mask, u = cache
        da = u.T @ g
        return x.T @ (np.outer(g, a) * (mask - u * u)), da

    with pytest.raises(DeclarationError, match="returns value 1: no parameter of two_layers is called so"):
        check_backward(backward, two_layers)


def linear_classes(W, X, y):
    """W: (D, C), X: (N, D), y: integer labels of shape (N,)"""
    scores = X @ W
    loss = np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y])
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return loss, X.T @ p / len(y)


class Cell:
    def __init__(self, W: "h d", b: "h"):
        self.P = dict(W=W, b=b)  # noqa: C408 (as people write it)

    def forward(self, x: "d"):
        self.x, self.z = x, np.tanh(self.P["W"] @ x + self.P["b"])
        return self.z

    def backward(self, g):
        dz = g * (1 - self.z**2)
        self.G = {"W": np.outer(dz, self.x), "b": dz}
        return self.P["W"].T @ dz


def test_shapes_on_one_line_of_a_docstring_are_each_their_owners():
    verdict = check_backward(linear_classes)
    assert verdict.status in ("proved", "agrees"), verdict
    assert dict(verdict.shapes) == {"W": ("D", "C"), "X": ("N", "D"), "y": ("N",)}


def test_a_layer_may_keep_parameters_and_gradients_in_dictionaries_of_the_same_keys():
    verdict = check_backward(Cell)
    assert {o.name for o in verdict.outputs} == {"x", "self.P['W']", "self.P['b']"}
    assert verdict.status in ("proved", "agrees"), verdict


# -- what code tells of its arrays -------------------------------------------------------------------------------------------


def two_sided(u, side):
    """u: (n,) margins, side: (n,) labels 1 or -1"""
    return np.sum(np.where(side == 1, np.log1p(np.exp(-u)), u**2))


def two_sided_gradient(u, side):
    return np.where(side == 1, -1 / (1 + np.exp(u)), 2 * u)


def two_sided_gradient_wrong(u, side):
    return np.where(side == 1, 1 / (1 + np.exp(u)), 2 * u)


def squares_within_groups(p, group):
    """p: (n, d), group: (n,)"""
    together = group[:, None] == group[None, :]
    return np.sum(together[:, :, None] * (p[:, None, :] - p[None, :, :]) ** 2)


def squares_within_groups_backward(p, group):
    together = (group[:, None] == group[None, :]).astype(float)
    return 4 * (together.sum(1)[:, None] * p - together @ p)


def squares_within_groups_backward_wrong(p, group):
    together = (group[:, None] == group[None, :]).astype(float)
    return 4 * together.sum(1)[:, None] * p


@pytest.mark.parametrize(
    ("backward", "forward", "right"),
    [
        (two_sided_gradient, two_sided, True),
        (two_sided_gradient_wrong, two_sided, False),
        (squares_within_groups_backward, squares_within_groups, True),
        (squares_within_groups_backward_wrong, squares_within_groups, False),
    ],
)
def test_what_is_asked_to_equal_a_number_is_drawn_from_such_numbers(backward, forward, right):
    verdict = check_backward(backward, forward)
    assert verdict.status in (("proved", "agrees") if right else ("refuted",)), verdict


def test_where_a_division_is_guarded_the_array_stays_real():
    def sinc(u: "n"):
        safe = np.where(u == 0, 1.0, u)
        return np.where(u == 0, 1.0, np.sin(safe) / safe)

    verdict = check_backward(lambda g, u: g * (np.cos(u) - np.sin(u) / u) / u, sinc)
    assert [(o.name, o.status) for o in verdict.outputs] == [("u", "agrees")]


def column_layer(H_prev, W, c):
    """
    H_prev -- what comes from below: (size of the layer below, number of samples)
    W -- weights, a matrix of shape (size of this layer, size of the layer below)
    c -- shifts, of shape (size of this layer, 1)
    """
    return np.tanh(W @ H_prev + c), (H_prev, W, c)


def column_layer_backward(dH, cache):
    H_prev, W, c = cache
    dZ = dH * (1 - np.tanh(W @ H_prev + c) ** 2)
    return W.T @ dZ, dZ @ H_prev.T, dZ.sum(axis=1, keepdims=True)


class Gates:
    def __init__(self, Wx, Wh, b):
        """Wx: (D, 2H), Wh: (H, 2H), b: (2H,)"""
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h):
        """x: (N, D), h: (N, H)"""
        Wx, Wh, b = self.params
        H = Wh.shape[0]
        a = x @ Wx + h @ Wh + b
        self.kept = x, h, 1 / (1 + np.exp(-a[:, :H])), np.tanh(a[:, H:])
        return self.kept[2] * h + (1 - self.kept[2]) * self.kept[3]

    def backward(self, dout):
        Wx, Wh, _ = self.params
        x, h, z, t = self.kept
        da = np.hstack([dout * (h - t) * z * (1 - z), dout * (1 - z) * (1 - t**2)])
        for held, now in zip(self.grads, (x.T @ da, h.T @ da, da.sum(0)), strict=True):
            held[...] = now
        return da @ Wx.T, dout * z + da @ Wh.T


def test_sizes_may_be_phrases_and_multiples():
    verdict = check_backward(column_layer_backward, column_layer)
    assert verdict.status in ("proved", "agrees"), verdict
    assert dict(verdict.shapes)["c"] == ("size_of_this_layer", "1")
    assert check_backward(Gates).status in ("proved", "agrees")


def slopes_and_data(X, y, beta):
    r = X @ beta - y
    grad = X.T @ r / len(y)
    grad[1:] = grad[1:] + 0.2 * beta[1:]
    return r @ r / (2 * len(y)) + 0.1 * np.sum(beta[1:] ** 2), grad


def half_the_slopes_and_data(X, y, beta):
    r = X @ beta - y
    grad = X.T @ r / (2 * len(y))
    grad[1:] = grad[1:] + 0.2 * beta[1:]
    return r @ r / (2 * len(y)) + 0.1 * np.sum(beta[1:] ** 2), grad


def test_one_gradient_without_a_name_is_that_of_the_parameter_of_its_shape():
    verdict = check_backward(slopes_and_data)
    assert [(o.name, o.status) for o in verdict.outputs] == [("beta", "agrees")]
    wrong = check_backward(half_the_slopes_and_data)
    assert [(o.name, o.status) for o in wrong.outputs] == [("beta", "refuted")]
    assert [(x.label, "len(y)" in x.repair) for x in wrong.culprits] == [("factor 2", True)]


def filtered(x, w, b, stride=1):
    N, _, H, W = x.shape
    F, _, k, _ = w.shape
    out = np.zeros((N, F, (H - k) // stride + 1, (W - k) // stride + 1))
    for f in range(F):
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                patch = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
                out[:, f, i, j] = np.sum(patch * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, stride)


def filtered_backward(dout, cache):
    x, w, stride = cache
    k = w.shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for f in range(w.shape[0]):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                at = (slice(None), slice(None), slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))
                d = dout[:, f, i, j][:, None, None, None]
                dx[at] += d * w[f]
                dw[f] += np.sum(d * x[at], axis=0)
    return dx, dw, dout.sum(axis=(0, 2, 3))


def test_images_are_taken_larger_than_kernels():
    assert check_backward(filtered_backward, filtered).status in ("proved", "agrees")


class Rows:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, xs):
        W, b = self.params
        self.xs = xs.reshape(-1, xs.shape[2])
        return (self.xs @ W + b).reshape(*xs.shape[:2], -1)

    def backward(self, dout):
        rows = dout.reshape(-1, dout.shape[2])
        self.grads[0][...] = self.xs.T @ rows
        self.grads[1][...] = np.sum(rows)
        return (rows @ self.params[0].T).reshape(*dout.shape[:2], -1)


def test_an_array_is_not_taken_for_a_number_so_that_a_total_is_right():
    verdict = check_backward(Rows)
    assert {o.name: o.status in ("proved", "agrees") for o in verdict.outputs} == {
        "xs": True,
        "self.params[0]": True,
        "self.params[1]": False,
    }

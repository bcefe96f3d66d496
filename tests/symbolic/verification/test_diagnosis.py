"""Realistic mistakes in hand derivations, each with the label that a teacher would give it."""

import random

import numpy as np
import pytest

import symbolic as s
from symbolic import check, tensor
from symbolic.verification.diagnosis import MISTAKES
from symbolic.verification.diagnosis.trials import Trials
from symbolic.verification.equality_points import Comparer


def names():
    """The usual cast: a batch X, two layers, targets."""
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    X, Y = tensor("X", "P n"), tensor("Y", "P m", role="target")
    W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
    lam = tensor("lam", "", assume="positive")
    return x, y, X, Y, W, b, lam


x, y, X, Y, W, b, lam = names()
P = X.shape[0]
A, B, v = tensor("A", "n n"), tensor("B", "n n"), tensor("v", "n")
g = tensor("g", "n")

# one layer
t = W @ x + b
z = np.tanh(t)
C = np.sum((z - y) ** 2)
gW = s.gradient(C, W)
delta = 2 * (z - y) * (1 - z**2)

# sigmoid with two layers
W1, W2 = tensor("W1", "n n", role="parameter"), tensor("W2", "n n", role="parameter")
s1 = W1 @ x
h1 = s.sigmoid(s1)
s2 = W2 @ h1
h2 = s.sigmoid(s2)
target = tensor("target", "n", role="target")
C2 = np.sum((h2 - target) ** 2) / 2
d2 = (h2 - target) * h2 * (1 - h2)
gW1, gW2 = s.gradient(C2, W1), s.gradient(C2, W2)

# a batch with a penalty
R = X @ W.T + b - Y
L = np.sum(R**2) / P + lam * np.sum(W**2)
LW, Lb = s.gradient(L, W), s.gradient(L, b)

# a penalty of half a square, a margin, weights, a forward pass with relu, a heavy tail
w0, q0, alpha = tensor("w0", X.shape[1], role="parameter"), tensor("q0", P), tensor("alpha", assume="positive")
gprior = s.gradient(np.sum((X @ w0 - q0) ** 2) / 2 + alpha / 2 * w0 @ w0, w0)
p1, p2, p0 = tensor("p1", "n"), tensor("p2", "n"), tensor("p0", "n", role="parameter")
gtrip = s.gradient(np.maximum(0, np.sum((p0 - p1) ** 2) - np.sum((p0 - p2) ** 2) + 1), p0)
Sy = tensor("Sy", "n n", assume="positive_definite")
grel2 = s.gradient(np.sum((W2 @ s.relu(s1) - target) ** 2) / 2, W1)
Kn, rho = tensor("Kn", "n n", assume="symmetric"), tensor("rho", assume="positive")
nu, m1, m2 = tensor("nu", assume="positive"), tensor("m1"), tensor("m2")
gstu = s.gradient(-(nu + 1) / 2 * np.log(1 + (m1 - m2) ** 2 / nu), m2)

# softmax
e = np.exp(v)
p = e / e.sum()

# layer norm
c = v - v.mean()
r = 1 / np.sqrt((c * c).mean() + s.constant(1) / 100)
n = c * r
gn = s.vjp(n, v, g)

# residual
u = np.tanh(A @ v)
gres = s.vjp(v + u, v, g)

# shared weights
k1 = np.tanh(A @ v)
k2 = np.tanh(A @ k1)
gshared = s.vjp(k2, A, g)
dk2 = g * (1 - k2**2)

# relu
a = np.maximum(W @ x, 0)
grelu = s.gradient(np.sum((a - y) ** 2), W)

# attention
Q, K, V, G = tensor("Q", "T d"), tensor("K", "T d"), tensor("V", "T d"), tensor("G", "T d")
E = np.exp(Q @ K.T / np.sqrt(Q.shape[1]))
S = E / E.sum(axis=1, keepdims=True)
D = G @ V.T
gQ = s.vjp(S @ V, Q, G)

w = tensor("w", "n", role="parameter")
q = s.sigmoid(X @ w)
yb = tensor("yb", "P", role="target", assume="binary")
glog = s.gradient(-np.mean(yb * np.log(q) + (1 - yb) * np.log(1 - q)), w)

CASES = {
    "sign of the error": (np.outer(2 * (y - z) * (1 - z**2), x), gW, "sign"),
    "lost 2 of the square": (np.outer((z - y) * (1 - z**2), x), gW, "factor 2"),
    "tanh' missing": (np.outer(2 * (z - y), x), gW, "missing h'"),
    "tanh for tanh'": (np.outer(2 * (z - y) * z, x), gW, "h instead of h'"),
    "tanh' at the activation": (np.outer(2 * (z - y) * (1 - np.tanh(z) ** 2), x), gW, "h' at the wrong argument"),
    "1 - z for 1 - z^2": (np.outer(2 * (z - y) * (1 - z), x), gW, {"off by one", "wrong exponent"}),
    "1 + z^2": (np.outer(2 * (z - y) * (1 + z**2), x), gW, "sign"),
    "sigmoid' on the pre-activation": (np.outer((h2 - target) * s2 * (1 - s2), h1), gW2, "h' at the wrong argument"),
    "sigmoid' halved": (np.outer((h2 - target) * h2, h1), gW2, {"missing factor", "missing h'", "h instead of h'"}),
    "sigmoid' missing": (np.outer(h2 - target, h1), gW2, "missing h'"),
    "inner sigmoid' missing": (np.outer(W2.T @ d2, x), gW1, "missing h'"),
    "input of another layer": (np.outer(d2, x), gW2, {"wrong tensor", "wrong layer index"}),
    "pre-activation as input": (np.outer(d2, s1), gW2, "pre-activation and activation"),
    "wrong layer": (np.outer((W1.T @ d2) * h1 * (1 - h1), x), gW1, "wrong layer index"),
    "transpose missing": (np.outer((W2 @ d2) * h1 * (1 - h1), x), gW1, "missing transpose"),
    "outer product turned": (np.outer(x, (W2.T @ d2) * h1 * (1 - h1)), gW1, "layout"),
    "mean forgotten": (2 * R.T @ X + 2 * lam * W, LW, {"factor", "missing 1/P"}),
    "mean forgotten, bias": (2 * R.sum(axis=0), Lb, "missing 1/P"),
    "mean doubled": (2 * R.sum(axis=0) / P**2, Lb, "extra 1/P"),
    "sum over the wrong axis": (2 * R.sum(axis=1) / P, Lb, "sum over the wrong axis"),
    "batch not summed": (2 * R / P, Lb, "missing sum over the batch"),
    "penalty forgotten": (2 * R.T @ X / P, LW, "forgotten regulariser"),
    "penalty's 2 lost": (2 * R.T @ X / P + lam * W, LW, "factor 2"),
    "penalty's sign": (2 * R.T @ X / P - 2 * lam * W, LW, "sign"),
    "penalty's weight lost": (2 * R.T @ X / P + 2 * W, LW, {"missing factor", "missing h'"}),
    "2Ax": (2 * A @ v, s.gradient(v @ A @ v, v), "symmetric assumption"),
    "Ax alone": (A @ v, s.gradient(v @ A @ v, v), "forgotten path"),
    "AB for BA": (B @ A, A @ B, "wrong order of factors"),
    "Hadamard": (A * B, A @ B, "Hadamard and matrix product"),
    "matrix for Hadamard": (A @ B, A * B, "Hadamard and matrix product"),
    "A for its transpose": (A.T @ B, A @ B, "missing transpose"),
    "softmax diagonal": (np.diag(p * (1 - p)), s.jacobian(p, v), "softmax Jacobian taken as diagonal"),
    "softmax vjp diagonal": (g * p * (1 - p), s.vjp(p, v, g), "softmax Jacobian taken as diagonal"),
    "attention diagonal": ((D * S * (1 - S)) @ K / np.sqrt(Q.shape[1]), gQ, "softmax Jacobian taken as diagonal"),
    "attention unscaled": (S * (D - (D * S).sum(axis=1, keepdims=True)) @ K, gQ, {"missing factor", "missing h'", "factor"}),
    "attention without the sum": ((S * D) @ K / np.sqrt(Q.shape[1]), gQ, {"forgotten path", "missing term"}),
    "attention, sum along the wrong axis": (
        S * (D - (D * S).sum(axis=0, keepdims=True)) @ K / np.sqrt(Q.shape[1]),
        gQ,
        "sum over the wrong axis",
    ),
    "inverse's transposes": (
        -np.linalg.inv(A) @ np.outer(v, g) @ np.linalg.inv(A),
        s.gradient(v @ np.linalg.inv(A) @ g, A),
        {"missing transpose", "symmetric assumption"},
    ),
    "product rule": (np.cos(v) * np.exp(v), s.gradient(np.sum(np.sin(v) * np.exp(v)), v), "forgotten path"),
    "vector for a diagonal": (1 - np.tanh(v) ** 2, s.jacobian(np.tanh(v), v), "diagonal Jacobian"),
    "mean's path forgotten": (r * (g - n * (g * n).mean()), gn, "forgotten path"),
    "variance's path forgotten": (r * (g - g.mean()), gn, "forgotten path"),
    "norm taken as constant": (r * g, gn, "forgotten path"),
    "residual forgotten": (A.T @ (g * (1 - u**2)), gres, "forgotten path"),
    "shared, last use only": (np.outer(dk2, k1), gshared, "forgotten path"),
    "shared, first use only": (np.outer((A.T @ dk2) * (1 - k1**2), v), gshared, "forgotten path"),
    "relu' missing": (np.outer(2 * (a - y), x), grelu, "missing h'"),
    "logistic: sign": (X.T @ (yb - q) / P, glog, "sign"),
    "logistic: sigmoid' kept": (X.T @ ((q - yb) * q * (1 - q)) / P, glog, {"extra factor", "missing h'"}),
    "logistic: sum": (X.T @ (q - yb), glog, "missing 1/P"),
    "power rule": (4 * v**4, s.gradient(np.sum(v**4), v), "off by one"),
    "inner derivative": (np.cos(v**2), s.gradient(np.sum(np.sin(v**2)), v), "missing h'"),
    "quotient": (-1 / v, s.gradient(np.sum(1 / v), v), {"off by one", "wrong exponent"}),
    "half a square's penalty": (X.T @ (X @ w0 - q0), gprior, "forgotten regulariser"),
    "a margin's condition lost": (2 * (p2 - p1), gtrip, "missing h'"),
    "a maximum's condition lost": (X.sum(axis=0), s.gradient(np.sum(np.maximum(X @ w0, X @ x)), w0), "missing h'"),
    "weights lost, transposed": (2 * A.T @ (A @ v - g), s.gradient((A @ v - g) @ Sy @ (A @ v - g), v), "missing factor"),
    "a chain out of order": (
        np.linalg.inv(Sy) @ np.linalg.inv(Sy) @ np.outer(v, v),
        np.linalg.inv(Sy) @ np.outer(v, v) @ np.linalg.inv(Sy),
        "wrong order of factors",
    ),
    "a sum before a product, out of order": (B @ (A + A.T), s.gradient(np.trace(B.T @ A @ B), B), "wrong order of factors"),
    "linear forward pass": (np.outer(W2.T @ (W2 @ W1 @ x - target) * (s1 > 0), x), grel2, "pre-activation and activation"),
    "softmax of the other axis": (s.softmax(Q @ K.T, axis=0).T @ V, s.softmax(Q @ K.T, axis=1).T @ V, "sum over the wrong axis"),
    "a bias lost inside": (np.outer(s.sigmoid(W @ x), x), s.gradient(np.sum(np.log(1 + np.exp(t))), W), "missing term"),
    "a degree of freedom": (nu * (m1 - m2) / (nu + (m1 - m2) ** 2), gstu, "off by one"),
    "a kernel lost": (Kn @ v - g + rho * v, s.gradient((Kn @ v - g) @ (Kn @ v - g) / 2 + rho * v @ Kn @ v / 2, v), "missing factor"),
    "one neuron, before its activation": (
        (v @ A @ g - nu) * np.outer(v, g),
        (s.sigmoid(v @ A @ g) - nu) * np.outer(v, g),
        "pre-activation and activation",
    ),
    "a softmax of the whole": (
        np.exp(Q @ K.T) / np.sum(np.exp(Q @ K.T)),
        np.exp(Q @ K.T) / np.sum(np.exp(Q @ K.T), axis=1, keepdims=True),
        "sum over the wrong axis",
    ),
    "a kink's condition lost": (X.T @ (X @ w0 - q0), X.T @ np.clip(X @ w0 - q0, -1, 1), {"missing h'", "pre-activation and activation"}),
    "a term too many": (2 * (m1 - m2) + 2 * (nu - rho), 2 * (nu - rho), "extra term"),
    "n - 1 for n": ((v - v.mean()) / (v.shape[0] - 1), s.gradient(v.var() / 2, v), {"factor", "off by one"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_label_and_the_repair(name):
    claim, truth, label = CASES[name]
    verdict = check(claim, truth, seed=5)
    assert verdict.status in ("refuted", "shape", "layout"), verdict
    assert verdict.diagnosis is not None, f"no diagnosis; {label} was expected"
    assert verdict.diagnosis.label in ({label} if isinstance(label, str) else label), verdict.diagnosis
    assert check(verdict.repair, truth, diagnosis=False).holds


@pytest.mark.parametrize(
    ("claim", "label"),
    [
        (lambda W, x, y, b: np.outer(2 * (np.tanh(W @ x + b) - y) * (1 - np.tanh(W @ x + b) ** 2), x) @ W, None),
        (lambda W, x, y, b: x @ W, None),
    ],
)
def test_shapes_that_do_not_fit_get_no_invented_label(claim, label):
    verdict = check(claim, gW)
    assert verdict.status == "shape"
    assert (verdict.diagnosis and verdict.diagnosis.label) == label


def test_a_misfit_is_explained_where_all_sizes_are_equal():
    F, H = tensor("F", "m n"), tensor("H", "n k")
    G = tensor("G", "m k")
    by_F, by_H = s.vjp(F @ H, F, G), s.vjp(F @ H, H, G)
    for claim, truth, label in [
        (lambda G, H: G @ H, by_F, "missing transpose"),
        (lambda G, F: F @ G, by_H, "missing transpose"),
        (lambda G, F: G @ F.T, by_H, "wrong order of factors"),
        ("G H", by_F, "missing transpose"),
        (r"H^\top G", by_F, "wrong order of factors"),
    ]:
        verdict = check(claim, truth, seed=3)
        assert verdict.status == "shape"
        assert verdict.diagnosis.label == label
        assert verdict.repair is truth


def test_two_mistakes_get_no_label_that_repairs_one():
    verdict = check(np.outer((y - z) * (1 + z**2) * z, W.sum(axis=0)), gW, seed=5)
    assert verdict.status == "refuted"
    assert verdict.diagnosis is None


def test_the_sentence_and_the_correction_are_readable():
    verdict = check(np.outer(2 * (z - y), x), gW, seed=5)
    assert verdict.diagnosis.sentence == "the derivative of tanh(W x + b) is missing"
    assert verdict.repair_text == "2 ((tanh(W x + b) - y) ⊙ (𝟏 - tanh(W x + b)^⊙2)) xᵀ"
    assert r"\tanh" in verdict.repair_latex
    halved = check(2 * R.T @ X / P + lam * W, LW, seed=5).diagnosis
    assert halved.sentence == "a factor 2 or ½ is missing in the term λ W"
    assert "_" not in check(2 * R.T @ X / P, LW, seed=5).diagnosis.sentence
    assert verdict._repr_latex_().count(r"\neq") == 1
    assert "<script>" not in check(tensor("x", "n"), tensor("z", "m"))._repr_html_()


def test_every_label_is_explained():
    for label, mistake in MISTAKES.items():
        assert mistake.label == label
        assert mistake.sentence.format("it")


@pytest.mark.parametrize("seed", range(12))
def test_trials_tell_a_dimension_from_a_number(seed):
    claim, truth = 2 * R.T @ X + 2 * lam * W, LW
    found = Trials(claim, truth, [], Comparer(random.Random(seed)))  # noqa: S311
    for d in found.points[0].sizes:
        assert len({trial.sizes[d] for trial in found.points}) > 1, d


p_ = s.softmax(2 * v)
R_ = tensor("R", "n n", role="parameter")
e_, k_ = tensor("e", "n"), tensor("k", "K")
T_, U_ = tensor("T", "b t d"), tensor("U", "b t d")
V_, G_ = tensor("V", "n r", role="parameter"), tensor("G", "m r")
Y_, K_ = tensor("Y", "n m"), tensor("K", "n n")
M_ = tensor("M", "K n")
w3_, q3_ = tensor("w", "3"), tensor("q", "3", role="parameter")
cross_ = np.stack(
    [w3_[1] * q3_[2] - w3_[2] * q3_[1], w3_[2] * q3_[0] - w3_[0] * q3_[2], w3_[0] * q3_[1] - w3_[1] * q3_[0]]
)
quartic_ = v @ A @ v + (v @ B @ v) ** 2
o_ = s.sigmoid(v @ h1)


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (2 * np.diag(p_ * (1 - p_)), s.jacobian(p_, v), "softmax Jacobian taken as diagonal"),
        ((1 - o_**2) * h1, s.gradient(o_, v), "wrong h'"),
        (2 * A @ v + 4 * (v @ B @ v) * (B @ v), s.gradient(quartic_, v), "symmetric assumption"),
        (A @ B, s.gradient(np.trace(A @ R_ @ B), R_), "symmetric assumption"),
        (np.outer(B.T @ v, e_), s.gradient(e_ @ R_ @ B @ v, R_), "wrong order of factors"),
        (np.outer(e_, v) @ B, s.gradient(e_ @ R_ @ B @ v, R_), "missing transpose"),
        (-s.jacobian(cross_, q3_), s.jacobian(cross_, q3_), "sign"),
        (A.T @ ((B.T @ g > 0) * g), s.gradient(g @ s.relu(A @ v), v), "h' at the wrong argument"),
        (2 * (v - np.sum(v)), s.gradient(np.sum((v - np.mean(v)) ** 2), v), "missing 1/P"),
        (M_.T @ (M_ @ v), s.gradient(0.5 * np.sum(k_ * (M_ @ v) ** 2), v), "missing factor"),
        (
            T_ - U_ * (T_ * U_).sum(1, keepdims=True),
            T_ - U_ * (T_ * U_).sum(-1, keepdims=True),
            "sum over the wrong axis",
        ),
        (T_ - T_.mean(-1, keepdims=True), T_ - T_.mean(1, keepdims=True), "sum over the wrong axis"),
        (T_ / np.exp(U_).sum(0, keepdims=True), T_ / np.exp(U_).sum(2, keepdims=True), "sum over the wrong axis"),
        (
            (V_ @ G_.T - Y_) @ G_,
            s.gradient(0.5 * np.sum((V_ @ G_.T - Y_) ** 2) + 0.3 * np.sum(V_**2), V_),
            "forgotten regulariser",
        ),
        (K_ / (K_ @ v)[None, :], K_ / (K_ @ v)[:, None], "wrong index"),
        (4 * A @ v, A @ v, "factor"),
    ],
)
def test_further_mistakes_are_named_and_their_repairs_are_the_truth(claim, truth, label):
    verdict = check(claim, truth)
    assert verdict.status == "refuted"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.label == label
    assert check(verdict.diagnosis.repair, truth).status in ("proved", "agrees")


def test_a_penalty_is_told_from_a_path():
    data = np.sum((V_ @ G_.T - Y_) ** 2) / 2
    path = s.gradient(data + np.sum(np.exp(V_) * np.sum(Y_)), V_)
    assert check((V_ @ G_.T - Y_) @ G_, path).diagnosis.label == "forgotten path"


def test_a_mean_along_the_other_axis_is_no_transpose():
    Z, T = tensor("Z", "P k", role="parameter"), tensor("T", "P k")
    bias = tensor("c", "k", role="parameter")
    truth = s.gradient(np.sum((Z + bias - T) ** 2) / Z.shape[0], bias)
    verdict = check(2 * np.mean(Z + bias - T, axis=1), truth)
    assert (verdict.status, verdict.diagnosis.label) == ("shape", "sum over the wrong axis")


def test_ones_of_a_size_that_nothing_tells_are_not_called_wrong():
    truth = s.gradient(np.sum((v - np.mean(v)) ** 2) / 2, v)
    assert check(r"\left(I-\frac1n\mathbf{1}\mathbf{1}^\top\right)v", truth).status not in ("shape", "refuted")


@pytest.mark.parametrize("shape", ["N D", "5 7"])
def test_a_mean_that_is_lost_in_a_term_is_one_at_sizes_that_are_numbers_too(shape):
    g_, h_ = tensor("g", shape), tensor("h", shape)
    truth = g_ - h_ * np.mean(g_ * h_, axis=0)
    lost = check(g_ - h_ * np.sum(g_ * h_, axis=0), truth, seed=2)
    assert lost.diagnosis.label == "missing 1/P"
    other = check(g_ - h_ * np.mean(g_ * h_, axis=0) / g_.shape[1], truth, seed=2)
    assert other.diagnosis.label == "extra 1/P"

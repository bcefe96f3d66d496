"""Mistakes in nets whose functions are spelt out in NumPy, and in formulas that name intermediate results."""

import numpy as np
import pytest

import symbolic as s
from symbolic import check, tensor

x, y, t = tensor("x", "n"), tensor("y", "m", role="target"), tensor("t", "n")
W = tensor("W", "m n", role="parameter")
X, w = tensor("X", "N n"), tensor("w", "n", role="parameter")
Y = tensor("Y", "N", role="target", assume="binary")

p = 1 / (1 + np.exp(-(W @ x)))
layer = s.gradient(np.sum((p - y) ** 2) / 2, W)
soft = s.gradient(np.sum((np.log(1 + np.exp(x)) - t) ** 2), x)
q = 1 / (1 + np.exp(-(X @ w)))
curved = s.hessian(-np.sum(Y * np.log(q) + (1 - Y) * np.log(1 - q)), w)


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (lambda W, x, y: np.outer(1 / (1 + np.exp(-(W @ x))) - y, x), layer, "missing h'"),
        (lambda x, t: 2 * (np.log(1 + np.exp(x)) - t), soft, "missing h'"),
        (lambda X, w: X.T @ np.diag(1 / (1 + np.exp(-(X @ w)))) @ X, curved, "h instead of h'"),
    ],
)
def test_a_function_that_is_spelt_out_is_known_as_one(claim, truth, label):
    verdict = check(claim, truth, seed=1)
    assert verdict.status == "refuted"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.label == label


@pytest.mark.parametrize(
    ("claim", "status", "label"),
    [
        (r"\left[(a_1 - y) \odot a_1 \odot (1 - a_1)\right] x^\top", "proved", None),
        (r"\left[(a_1 - y) \odot a_1\right] x^\top", "refuted", "h instead of h'"),
        (r"\left[(a_1 - y) \odot z_1 \odot (1 - z_1)\right] x^\top", "refuted", "h' at the wrong argument"),
    ],
)
def test_a_result_that_is_given_a_name_is_found_under_it_as_it_is_written(claim, status, label):
    verdict = check(claim, layer, symbols={"a1": p, "z1": W @ x}, seed=1)
    assert verdict.status == status
    assert (verdict.diagnosis.label if verdict.diagnosis else None) == label


def test_a_softmax_that_is_given_a_name_stays_one():
    z = tensor("z", "K")
    p = np.exp(z) / np.sum(np.exp(z))
    claim = r"\operatorname{diag}(p \odot (\mathbf 1 - p))"
    assert (
        check(claim, s.jacobian(p, z), symbols={"p": p}, seed=1).diagnosis.label == "softmax Jacobian taken as diagonal"
    )


h1 = np.tanh(W @ x)
U, c = tensor("U", "m m", role="parameter"), tensor("c", "m")
h2 = np.tanh(U @ h1 + c)
K, α, r, λ = tensor("K", "n n", assume="symmetric"), tensor("α", "n", role="parameter"), tensor("r", "n"), tensor("λ")
V, w2 = tensor("V", "n m"), tensor("w2", "m", role="parameter")
u, v = tensor("u", "n", assume="nonzero"), tensor("v", "n", assume="nonzero")
M, Λ = tensor("M", "n n"), tensor("Λ", "n n", assume="invertible")
by_U = s.gradient(np.sum((h2 - y) ** 2) / 2, U)
by_c = s.gradient(np.sum((h2 - y) ** 2) / 2, W)
krr = s.gradient(np.sum((r - K @ α) ** 2) / 2 + λ / 2 * (α @ K @ α), α)
block = s.jacobian(x + V @ s.relu(W @ x), x)
cosine = s.gradient(u @ v / (np.sqrt(u @ u) * np.sqrt(v @ v)), u)
precision = s.gradient((u @ Λ @ u) / 2 - np.linalg.slogdet(Λ)[1] / 2, Λ)
cubic = s.gradient(np.trace(M @ M @ M), M)
metric = s.gradient(np.sum((M @ (u - v)) ** 2), M)
two = s.gradient(np.mean((X @ w - Y) ** 2), w)


def wrong_layer(W, U, c, x, y):
    h1 = np.tanh(W @ x)
    h2 = np.tanh(U @ h1 + c)
    return np.outer((h2 - y) * (1 - h2**2), h2)


def other_slope(W, U, c, x, y):
    h1 = np.tanh(W @ x)
    h2 = np.tanh(U @ h1 + c)
    d2 = (h2 - y) * (1 - h2**2)
    return np.outer((U.T @ d2) * (1 - h2**2), x)


def wrong_shape(W, U, c, x, y):
    h1 = np.tanh(W @ x)
    h2 = np.tanh(U @ h1 + c)
    d2 = (h2 - y) * (1 - h2**2)
    return np.outer((U.T @ d2) * (1 - h1**2), h1)


def not_transposed(X, w, Y):
    n = len(Y)
    return 2 / n * X.dot(X.dot(w) - Y)


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (wrong_layer, by_U, "wrong layer index"),
        (other_slope, by_c, "h' at the wrong argument"),
        (wrong_shape, by_c, "wrong layer index"),
        (not_transposed, two, "missing transpose"),
        (r"K(K\alpha - r)", krr, "forgotten regulariser"),
        (r"V \operatorname{diag}(\mathbb 1[Wx > 0]) W", block, "forgotten path"),
        (r"\frac{v}{\|u\|\|v\|} - \frac{u^\top v}{\|u\|^2\|v\|} u", cosine, "off by one"),
        (r"\frac12(u^\top u - \Lambda^{-\top})", precision, "wrong order of factors"),
        (r"3 (M^3)^\top", cubic, "off by one"),
        (r"2 (u - v)(u - v)^\top M", metric, "wrong order of factors"),
    ],
)
def test_mistakes_of_nets_and_classical_models_are_named(claim, truth, label):
    for seed in range(3):
        verdict = check(claim, truth, seed=seed)
        assert verdict.status in ("refuted", "shape")
        assert verdict.diagnosis is not None
        assert verdict.diagnosis.label == label


def test_a_softmax_is_found_where_its_product_is_written_on():
    Q, P, G, B = tensor("Q", "N d"), tensor("P", "d k"), tensor("G", "N e"), tensor("B", "k e")
    E = np.exp(Q @ P)
    A = E / np.sum(E, axis=1, keepdims=True)
    truth = s.gradient(np.sum(G * (A @ B)), Q)
    claim = r"\left(A \odot (1 - A) \odot G B^\top\right) P^\top"
    assert check(claim, truth, symbols={"A": A}, seed=1).diagnosis.label == "softmax Jacobian taken as diagonal"


def test_part_of_a_penalty_that_is_lost_is_a_path():
    z, t, γ = tensor("z", 5), tensor("t", 5), tensor("γ", assume="positive")
    truth = s.gradient(np.sum((z - t) ** 2) / 2 + γ * np.sum((z[1:] - z[:-1]) ** 2), z)

    def half(z, t, γ):
        d = np.diff(z)
        return z - t + 2 * γ * np.concatenate([np.zeros(1), d])

    assert check(half, truth, seed=1).diagnosis.label == "forgotten path"
    assert check(lambda z, t: z - t, truth, seed=1).diagnosis.label == "forgotten regulariser"


@pytest.mark.parametrize("seed", range(8))
def test_a_mean_over_all_entries_is_told_from_one_over_rows_and_from_a_factor_2(seed):
    S, T, R = tensor("S", "N d"), tensor("T", "N k"), tensor("R", "d k", role="parameter")
    truth = s.gradient(np.mean((S @ R - T) ** 2), R)
    verdict = check(lambda S, T, R: 2 * S.T @ (S @ R - T) / len(T), truth, seed=seed)
    assert verdict.diagnosis.label == "missing 1/P"


V2, X2, b2, G2 = tensor("V2", "k n"), tensor("X2", "N n"), tensor("b2", "k", role="parameter"), tensor("G2", "N k")
code = 1 / (1 + np.exp(-X @ W.T))
auto = s.gradient(np.sum((code @ V.T - X) ** 2) / 2, W)
waves = s.gradient(np.sum(G2 * np.sin(X2 @ V2.T + b2)), b2)
two_layers = s.gradient(np.sum((V @ np.tanh(W @ x) - t) ** 2) / 2, W)


def falling(X, W, V):
    Z = 1 / (1 + np.exp(-X @ W.T))
    return ((Z @ V.T - X) @ V * Z).T @ X


@pytest.mark.parametrize(
    ("claim", "truth", "symbols", "label"),
    [
        (falling, auto, {}, "h instead of h'"),
        (lambda W, V, x, t: np.outer(V.T @ (V @ np.tanh(W @ x) - t) * np.tanh(W @ x) * (1 - np.tanh(W @ x)), x), two_layers, {}, "wrong h'"),
        (r"\left[V^\top(V a - t) \odot (1 - a^2)\right] a^\top", two_layers, {"a": np.tanh(W @ x)}, "wrong layer index"),
        (lambda X2, V2, G2: np.sum(G2 * np.cos(X2 @ V2.T), axis=0), waves, {}, "missing term"),
    ],
)  # fmt: skip
def test_slopes_in_several_steps_and_results_read_twice(claim, truth, symbols, label):
    verdict = check(claim, truth, symbols=symbols, seed=1)
    assert verdict.status in ("refuted", "shape")
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.label == label

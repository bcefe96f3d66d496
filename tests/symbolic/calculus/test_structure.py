"""Structure is said where it follows, and only where it holds: every claim is checked at random numbers."""

import numpy as np
import pytest

import symbolic as s
from symbolic import structure
from symbolic.calculus.structure import KINDS
from symbolic.program.graph import leaves
from tests.symbolic.programs import SIZES, random_values, seeded

X, w, y = s.tensor("X", "n m"), s.tensor("w", "m", role="parameter"), s.tensor("y", "n", role="target")
z, A, B = s.tensor("z", "k"), s.tensor("A", "k k"), s.tensor("B", "m m")
U, V, M = s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m")
Z, q = s.tensor("Z", "n k"), s.tensor("q", 2)


def found(t, among=()):
    return {f.kind for f in structure(t, among)}


def examples():
    squares = np.sum((X @ w - y) ** 2)
    yield "least squares", s.hessian(squares, w), {"symmetric", "positive_semidefinite"}
    yield "logistic", s.hessian(s.binary_cross_entropy(X @ w, y), w), {"symmetric", "positive_semidefinite"}
    yield "softmax", s.jacobian(s.softmax(z), z), {"symmetric", "positive_semidefinite"}
    yield "log-sum-exp", s.hessian(s.logsumexp(z), z), {"symmetric", "positive_semidefinite"}
    yield "softmax of rows", s.jacobian(s.softmax(Z), Z), {
        "symmetric", "block_diagonal", "positive_semidefinite"}  # fmt: skip
    yield "tanh", s.jacobian(np.tanh(z), z), {"symmetric", "diagonal", "positive_semidefinite"}
    yield "sine", s.jacobian(np.sin(z), z), {"symmetric", "diagonal"}
    yield "relu twice", s.hessian(np.sum(s.relu(z)), z), {"zero"}
    yield "quadratic form", s.hessian(z @ A @ z, z), {"symmetric"}
    yield "linear map", s.jacobian(A @ z, z), set()
    yield "outer product", np.outer(z, np.exp(z)), {"rank_one"}
    yield "two outer products", np.outer(z, np.exp(z)) + np.outer(z**2, z), set()
    yield "factorisation", s.hessian(np.sum((U @ V.T - M) ** 2), U), {
        "symmetric", "block_diagonal", "kronecker", "positive_semidefinite"}  # fmt: skip
    yield "two matrices", s.jacobian(A @ s.tensor("G", "k m") @ B, s.tensor("G", "k m")), {"zero"}
    yield "saddle", s.hessian(q[0] * q[1], q), {"symmetric"}
    yield "concave", s.hessian(-np.sum(z**2), z), {"symmetric", "diagonal"}
    yield "Gauss–Newton", s.gauss_newton(np.tanh(X @ w), w), {"symmetric", "positive_semidefinite"}
    yield "Fisher", s.fisher(-((X @ w - y) ** 2), w), {"symmetric", "positive_semidefinite"}


@pytest.mark.parametrize(("tensor", "kinds"), [pytest.param(t, k, id=n) for n, t, k in examples()])
def test_what_is_found(tensor, kinds):
    assert found(tensor) <= set(KINDS)
    assert found(tensor) - {"constant", "independent"} == kinds


@pytest.mark.parametrize("tensor", [pytest.param(t, id=n) for n, t, _ in examples()])
def test_what_is_found_holds(tensor):
    values = {t: random_values(seeded(n), t) for n, t in enumerate(leaves([tensor]))}
    array = np.array(s.evaluate(tensor, values, dims=SIZES), dtype=float)
    kinds = found(tensor)
    rows = int(np.prod(array.shape[: array.ndim // 2]))
    matrix = array.reshape(rows, -1)
    if "zero" in kinds:
        assert not matrix.any()
    if "symmetric" in kinds:
        assert np.allclose(matrix, matrix.T)
    if "diagonal" in kinds:
        assert np.allclose(matrix, np.diag(np.diag(matrix)))
    if "rank_one" in kinds:
        assert np.linalg.matrix_rank(matrix) == 1
    if "positive_semidefinite" in kinds:
        assert np.linalg.eigvalsh(matrix).min() > -1e-9
    if "block_diagonal" in kinds:
        assert all(not array[i, :, j].any() for i in range(len(array)) for j in range(len(array)) if i != j)
    if "kronecker" in kinds and array.shape[0] == array.shape[2]:
        assert np.allclose(matrix, np.kron(np.eye(array.shape[0]), array[0, :, 0]))


def test_independence_names_the_variable():
    hessian = s.hessian(np.sum((X @ w - y) ** 2), w)
    told = [str(f) for f in structure(hessian, [w, y, X])]
    assert "It does not depend on w." in told
    assert "It does not depend on y." in told
    assert not any("on X" in t for t in told)
    assert found(s.hessian(np.sum(w * w), w)) >= {"constant", "diagonal"}


def test_products_with_the_hessian():
    C, v = np.sum(np.tanh(A @ z) ** 2), s.tensor("v", "k")
    values = {t: random_values(seeded(n), t) for n, t in enumerate([A, z, v])}

    def array(t):
        return np.array(s.evaluate(t, values, dims=SIZES), dtype=float)

    assert np.allclose(array(s.hvp(C, z, v)), array(s.hessian(C, z)) @ array(v))


def test_gauss_newton_is_the_hessian_of_a_linear_model():
    p = (X @ w).named("a")
    loss = np.sum(np.logaddexp(0, p))
    values = {t: random_values(seeded(n), t) for n, t in enumerate([X, w])}
    one, two = (np.array(s.evaluate(t, values, dims=SIZES), dtype=float) for t in (
        s.gauss_newton(p, w, loss), s.hessian(loss, w)))  # fmt: skip
    assert np.allclose(one, two)


def test_fisher_takes_one_number_a_sample():
    with pytest.raises(s.ShapeError, match="one log-likelihood per sample"):
        s.fisher(X, w)

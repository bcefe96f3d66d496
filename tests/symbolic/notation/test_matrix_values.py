"""A printed matrix formula is right: the tree that is printed has the exact evaluator's value."""

import numpy as np
import pytest
from scipy import special

import symbolic as s
from symbolic.notation import text
from symbolic.notation.closed import closed_of
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from tests.symbolic.notation.matrix_values import value
from tests.symbolic.notation.programs import SIZES, SYMBOLS, declared, random_program, random_values

PROGRAMS = range(60)


def expected(t, values):
    return np.array(s.evaluate(t, values, dims=SIZES, precision=17), dtype=float)


def as_matrix(array):
    return array.reshape(-1, 1) if array.ndim < 2 else array


def check(t, leaves, seed):
    """The tree's value and the NumPy text's value against the evaluator; how many of the two exist."""
    values = random_values(leaves.values(), seed)
    truth = expected(t, values)
    try:
        tree = matrix_tree(closed_of(t))
    except NoMatrixForm:
        return 0
    np.testing.assert_allclose(value(tree, values, SYMBOLS), as_matrix(truth), rtol=1e-9, atol=1e-12)
    try:
        code = text(t, style="numpy")
    except s.UnsupportedError:
        return 1
    scope = {"np": np, "special": special} | {u.name: array for u, array in values.items()}
    np.testing.assert_allclose(eval(code, scope), truth, rtol=1e-9, atol=1e-12, err_msg=code)
    return 2


@pytest.mark.parametrize("seed", PROGRAMS)
def test_random_program(seed):
    t, leaves = random_program(np.random.default_rng(seed))
    if t.definition is not None:
        check(t, leaves, seed)


@pytest.mark.parametrize("seed", range(25))
def test_gradient_of_a_random_program(seed):
    rng = np.random.default_rng(1000 + seed)
    t, leaves = random_program(rng, depth=3)
    loss = np.sum(t * t) if t.ndim else t * t
    for x in leaves.values():
        check(s.gradient(loss, x), leaves, seed)


L = declared()
W, B, V, A, S = (L[k] for k in ("W", "B", "V", "A", "S"))
x, u, y, v, q, a = (L[k] for k in ("x", "u", "y", "v", "q", "a"))
logits = W @ x
CASES = [
    (W.T * v) @ B,
    W.T @ (v[:, None] * B),
    V * v @ W * x,
    np.linalg.norm(W @ x - y) * x,
    np.sum(W * B * W),
    np.trace(A @ A @ A.T),
    np.sum(W * B),
    np.sum(np.abs(y - 2 * v)),
    np.max(y - v) + np.min(W),
    np.argmax(y * v),
    np.prod(1 + y) * a,
    s.logsumexp(logits) * v,
    s.einsum("ij,ij,i->j", W, B, y),
    s.einsum("ii->i", A) * x,
    s.einsum("ii,i->", A, x),
    s.einsum("ij,jk,ki->", A, A, A),
    S.T @ y,
    W / y[:, None] - B / x,
    W[1] * x + A[:, 0],
    1 - np.outer(y, x) / (1 + a),
    np.where(y > v, y, 2 * v),
    s.ones(s.Dim("m"))[:, None] * x + W,
    np.broadcast_to(a, y.shape) * y,
    s.eye(s.Dim("m")) * 2 + np.outer(y, v),
    s.hessian(np.sum(np.logaddexp(0, W @ x)), x),
    s.hessian(np.sum(np.tanh(W @ x) ** 2), x),
    s.jacobian(np.exp(y) / np.sum(np.exp(y)), y),
    s.gradient(np.sum((np.tanh(W @ x + y) - v) ** 2), W),
    s.gradient(np.linalg.norm(W @ x), W),
    W.mean(axis=0) + x.sum() * u,
]


@pytest.mark.parametrize("t", CASES)
def test_program(t):
    for seed in (1, 2):
        assert check(t, L, seed) > 0


def test_most_random_programs_have_a_matrix_form():
    found = []
    for seed in PROGRAMS:
        t, leaves = random_program(np.random.default_rng(seed))
        if t.definition is not None:
            found.append(check(t, leaves, seed))
    assert len(found) > 45
    assert sum(k > 0 for k in found) > 0.9 * len(found)
    assert sum(k > 1 for k in found) > 0.8 * len(found)

"""A printed differential is right: it agrees with the pushforward, which is computed apart from it."""

import numpy as np
import pytest

import symbolic as s
from symbolic import tensor
from symbolic.calculus.realisation import realised
from symbolic.notation import latex, statement
from symbolic.notation.closed import closed_of
from symbolic.notation.perturbation import differential, varied
from symbolic.program.expressions import Access
from symbolic.program.graph import topological
from tests.symbolic.notation.programs import SIZES, random_program, random_values

W, x, b, A, u = tensor("W", "m n"), tensor("x", "n"), tensor("b", "m"), tensor("A", "n n"), tensor("u", "n")
LEAVES = [W, x, b, A, u]
CASES = [
    np.tanh(W @ x + b),
    np.sum((W @ x - b) ** 2),
    s.softmax(W @ x),
    np.log(np.sum(np.exp(x))),
    s.logsumexp(x),
    np.prod(x),
    np.max(x * u),
    np.min(x * u),
    np.linalg.norm(x),
    x @ np.linalg.inv(A + s.eye(s.Dim("n"))) @ x,
    np.linalg.slogdet(A)[1],
    np.linalg.solve(A, x),
    x[::-1] * u,
    np.cumsum(x),
    np.where(x > 1, x**2, x * u),
    x / (1 + np.sum(u)),
    s.layer_norm(x, u, x),
    s.jacobian(np.sum(x**3), x),
]


def agrees(t, leaves, seed):
    closed = closed_of(t)
    moving = varied(closed)
    moved = differential(closed, t, moving)
    tangents = {v: tensor(f"{v.name}_dot", v.extents) for v in moving}
    values = random_values(leaves, seed) | random_values(tangents.values(), seed + 1)
    by_name = {f"d{v.name}": values[tangents[v]] for v in moving}
    given = values | {d: by_name[d.name] for d in _differentials(moved)}
    found = np.array(s.evaluate(realised(moved), given, dims=SIZES, precision=17), dtype=float)
    truth = np.array(s.evaluate(s.jvp(t, tangents), values, dims=SIZES, precision=17), dtype=float)
    np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-12)


def _differentials(moved):
    """Every tensor dT in the closed form, also inside primitives."""
    read = topological({a.tensor for a in moved.expr.atoms(Access)})
    return [t for t in read if t.role == "differential"]


@pytest.mark.parametrize("t", CASES)
def test_the_differential_is_the_pushforward(t):
    agrees(t, LEAVES, 3)


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed):
    t, leaves = random_program(np.random.default_rng(seed), depth=3)
    if t.definition is not None:
        agrees(t, list(leaves.values()), seed)


def test_primitives_move():
    y = (np.linalg.inv(A) @ x).named("y")
    assert statement(y, "perturbation") == (r"\mathrm{d}y = A^{-1}\, \mathrm{d}x - A^{-1}\, \mathrm{d}A\, A^{-1} x")
    assert latex(np.linalg.slogdet(A)[1], "perturbation") == r"\operatorname{tr}(A^{-1}\, \mathrm{d}A)"


def test_named_primitives_state_the_function_that_they_are():
    B = np.linalg.inv(A).named("B")
    assert statement(B) == "B = A^{-1}"
    assert statement(B, "perturbation") == r"\mathrm{d}B = -A^{-1}\, \mathrm{d}A\, A^{-1}"
    assert latex(B @ x) == "B x"

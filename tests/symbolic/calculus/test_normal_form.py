"""Normal forms preserve values, do not depend on how an expression was built, and show textbook equalities."""

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import symbolic as s
from symbolic.calculus.closed_form import TooLargeError, closed_form, is_opaque
from symbolic.calculus.normal_form import normal_form, proof_form
from symbolic.calculus.realisation import realised
from symbolic.program.expressions import Access
from tests.symbolic.programs import KINKED, SHAPED, SMOOTH, flat, random_program, seeded

SLOWLY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def close(a, b):
    return all(
        mpmath.almosteq(mpmath.mpf(float(x)), mpmath.mpf(float(y)), 1e-9, 1e-9) for x, y in zip(a, b, strict=True)
    )


@SLOWLY
@given(st.integers(0, 10**6), st.booleans())
def test_value_and_shape_are_preserved(seed, identities):
    program = random_program(seeded(seed), 4, SMOOTH + SHAPED + KINKED)
    try:
        form = normal_form(closed_form(program.output, stop=is_opaque), identities)
    except TooLargeError:
        assume(False)
    assert [i.extent for i in form.indices] == list(program.output.extents)
    assert close(flat(program.evaluate(realised(form))), flat(program.evaluate(program.output)))


@SLOWLY
@given(st.integers(0, 10**6), st.booleans())
def test_it_is_idempotent(seed, identities):
    program = random_program(seeded(seed), 4, SMOOTH + SHAPED + KINKED)
    try:
        form = normal_form(closed_form(program.output, stop=is_opaque), identities)
        assert normal_form(form, identities) == form
    except TooLargeError:
        assume(False)


def variants():
    x, y = s.tensor("x", "n"), s.tensor("y", "m")
    A, B = s.tensor("A", "m n"), s.tensor("B", "n n")
    S = s.tensor("S", "n n", assume="symmetric")
    p = s.tensor("p", "n", assume="probability")
    h = s.tensor("h", "n", assume="one_hot")
    Q = s.tensor("Q", "n n", assume="orthogonal")
    g = s.tensor("g", "n", assume="sign")
    e = np.exp(x - np.max(x))
    yield "associative", (A @ B) @ x, A @ (B @ x)
    yield "commutative sums", np.sum(A * A), np.trace(A @ A.T)
    yield "trace is cyclic", np.trace(A @ B @ A.T), np.trace(A.T @ A @ B)
    yield "product of sums", np.sum(np.outer(x, y)), np.sum(x) * np.sum(y)
    yield "sum of sums", np.sum(x + 1), np.sum(x) + x.shape[0]
    yield "square of a sum", np.sum(x) ** 2, np.sum(np.outer(x, x))
    yield "variance", np.var(x), np.mean(x * x) - np.mean(x) ** 2
    yield "symmetric", S @ x, x @ S
    yield "symmetric form", s.gradient(x @ S @ x, x), 2 * (S @ x)
    yield "any form", s.gradient(x @ B @ x, x), (B + B.T) @ x
    yield "probability", np.sum(p * 3), 3 + 0 * np.sum(x)
    yield "one hot", np.sum(h * h * x), np.sum(h * x)
    yield "one hot product", np.outer(h, h), np.diag(h)
    yield "orthogonal", Q.T @ Q @ x, x
    yield "orthogonal rows", Q @ (Q.T @ x), x
    yield "signs", g * g * x, x
    yield "tanh", 1 - np.tanh(x) ** 2, 1 / np.cosh(x) ** 2
    yield "tanh and sigmoid", np.tanh(x), 2 / (1 + np.exp(-2 * x)) - 1
    yield "sigmoid mirrored", 1 / (1 + np.exp(x)), 1 - 1 / (1 + np.exp(-x))
    yield "sigmoid quotient", np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x))
    yield "softplus", np.log(1 + np.exp(x)), np.logaddexp(0, x)
    yield "softplus mirrored", np.logaddexp(0, x) - x, np.logaddexp(0, -x)
    yield "log-sum-exp", np.log(np.sum(np.exp(x))), np.logaddexp.reduce(x)
    yield "shifted softmax", e / np.sum(e), np.exp(x) / np.sum(np.exp(x))
    yield "shifted log-sum-exp", np.log(np.sum(e)) + np.max(x), np.logaddexp.reduce(x)
    yield "log softmax", np.log(e / np.sum(e)), x - np.logaddexp.reduce(x)
    yield "relu by max", np.maximum(x, 0), np.where(x > 0, x, 0)
    yield "relu by abs", np.maximum(x, 0), (x + np.abs(x)) / 2
    yield "relu by product", np.maximum(x, 0), x * (x > 0)
    yield "absolute", np.abs(x), np.maximum(x, -x)
    yield "absolute by root", np.abs(x), np.sqrt(x**2)
    yield "largest of two", np.maximum(x, p), x + np.maximum(p - x, 0)
    yield "leaky", np.where(x > 0, x, 0.1 * x), np.maximum(x, 0) - 0.1 * np.maximum(-x, 0)
    yield "norm", np.sum(x**2) / np.sqrt(np.sum(x**2)), np.linalg.norm(x)
    yield "pythagoras", np.sin(x) ** 2 + np.cos(x) ** 2, 1 + 0 * x
    yield "primitive", np.linalg.inv(B) @ x, np.linalg.inv(B.T.T + 0 * B) @ x
    yield "inverse", np.linalg.inv(B) @ (B @ x), x
    yield "position", x[np.argmax(A @ x)], x[np.argmax(A @ x + 0)]
    yield "rational", 1 / (1 + x) - 1, -x / (1 + x)


@pytest.mark.parametrize(("one", "two"), [pytest.param(a, b, id=name) for name, a, b in variants()])
def test_equal_programs_have_the_same_proof_form(one, two):
    assert proof_form(one) == proof_form(two)


def near_misses():
    x, A, B = s.tensor("x", "n"), s.tensor("A", "n n"), s.tensor("B", "n n")
    yield A @ x, x @ A
    yield A @ B, B @ A
    yield np.trace(A @ B), np.trace(A @ B.T)
    yield np.sum(x) ** 2, np.sum(x**2)
    yield np.tanh(x) ** 2, np.tanh(x**2)
    yield np.exp(x) / np.sum(np.exp(x)), np.exp(x)
    yield np.outer(x, np.sum(A, 0)), np.outer(np.sum(A, 0), x)
    yield np.abs(x), x
    yield np.sqrt(x**2), x
    yield np.maximum(x, 0), np.where(x > 1, x, 0)


@pytest.mark.parametrize(("one", "two"), list(near_misses()))
def test_different_programs_have_different_proof_forms(one, two):
    assert proof_form(one) != proof_form(two)


@SLOWLY
@given(st.permutations(range(5)), st.permutations(range(3)))
def test_the_order_of_building_does_not_show(terms, factors):
    x, y, A = s.tensor("x", "n"), s.tensor("y", "n"), s.tensor("A", "n n")
    parts = [np.sum(x * y), x @ A @ y, y @ A @ x, np.sum(np.tanh(A @ x)), np.sum(A @ A * np.outer(x, y))]
    triple = [A, np.outer(x, y), np.exp(A + A.T)]
    one = sum((parts[i] for i in terms), 0 * parts[0])
    two = np.sum(triple[factors[0]] * triple[factors[1]] * triple[factors[2]])
    expected = sum(parts, 0 * parts[0]) + np.sum(triple[0] * triple[1] * triple[2])
    assert normal_form(closed_form(two + one)) == normal_form(closed_form(expected))


def test_shared_indices_are_not_captured():
    """Two equations that use the same index objects keep their sums apart."""
    from symbolic.program.equations import Equation
    from symbolic.program.expressions import Index
    from symbolic.program.tensors import computed

    w, z = s.tensor("w", "n n"), s.tensor("z", "n")
    i, j = Index("i", z.extents[0]), Index("j", z.extents[0])
    once = computed(Equation((i,), w.access(i, j) * z.access(j), (j,)))
    twice = computed(Equation((i,), w.access(i, j) * once.access(j), (j,)))
    assert normal_form(closed_form(twice)) == normal_form(closed_form(w @ (w @ z)))


def test_a_cap_raises_a_typed_error():
    x = s.tensor("x", "n")
    many = [s.tensor(f"a{i}", "n") for i in range(12)]
    with pytest.raises(TooLargeError):
        normal_form(closed_form(sum(many, x) ** 20))


@pytest.mark.parametrize("function", [np.tanh, np.sin, np.cos, np.sign, np.abs, np.arctan, np.sinh])
def test_odd_and_even_functions_draw_out_their_sign(function):
    """Whatever order SymPy prefers for a difference, the sign is drawn out once."""
    tensors = [s.tensor(name, "n") for name in "abcde"]
    mirror = 1 if function in (np.cos, np.abs) else -1
    for a in tensors:
        for b in tensors:
            one, two = function(2 * a - b * b), mirror * function(b * b - 2 * a)
            assert normal_form(closed_form(one)) == normal_form(closed_form(two))
            summed = np.sum(function(a[:, None] - b[None, :]) * np.exp(a)[:, None])
            assert normal_form(closed_form(summed)) == normal_form(
                closed_form(mirror * np.sum(function(b[:, None] - a[None, :]) * np.exp(a)[None, :]))
            )


def test_positions_are_written_out_too():
    z, c = s.tensor("z", "n m"), s.tensor("c", "n", dtype="int")
    picked = np.take_along_axis(z * 2, c[:, None], axis=1)[:, 0]
    form = closed_form(picked)
    assert {a.tensor.name for a in form.expr.atoms(Access)} == {"z", "c"}

"""Laws of differentiation on random programs, with the slow evaluator and difference quotients as oracles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symbolic as s
from tests.symbolic.programs import KINKED, SHAPED, SIZES, SMOOTH, flat, random_program, random_values, seeded, size

LAWS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
STEP = Fraction(1, 10**10)


def moved(values, direction, step):
    return {p: v + step * direction[p] for p, v in values.items()}


def slope(program, t, x, direction):
    """The central difference quotient of ``t`` along a direction of x, with forty digits."""
    ends = [
        flat(s.evaluate(t, {**program.values, x: moved(program.values[x], direction, h)}, dims=SIZES, precision=50))
        for h in (STEP, -STEP)
    ]
    return np.array([float((a - b) * 10**10) / 2 for a, b in zip(*ends, strict=True)])


def drawn(seed, kinds, longest=6):
    rng = seeded(seed)
    program = random_program(rng, rng.choice(range(2, longest)), kinds)
    return rng, program, rng.choice(program.leaves)


def count(t):
    return int(np.prod([size(e) for e in t.extents], dtype=int))


@LAWS
@given(st.integers(0, 10**6))
def test_pushforward_and_pullback_agree_with_each_other_and_with_differences(seed):
    rng, program, x = drawn(seed, SMOOTH + SHAPED + KINKED)
    out = program.output
    dot, bar = s.tensor("dot", x.shape), s.tensor("bar", out.shape)
    values = {dot: random_values(rng, x), bar: random_values(rng, out)}
    pushed = np.array([float(v) for v in flat(program.evaluate(s.jvp(out, {x: dot}), values, 40))])
    pulled = np.array([float(v) for v in flat(program.evaluate(s.vjp(out, x, bar), values, 40))])
    differences = slope(program, out, x, values[dot])
    assert np.allclose(pushed, differences, rtol=1e-7, atol=1e-7 * (1 + abs(differences).max()))
    a, b = ([float(values[t][p]) for p in sorted(values[t])] for t in (bar, dot))
    assert pushed @ np.array(a) == pytest.approx(pulled @ np.array(b), rel=1e-9, abs=1e-9)


@LAWS
@given(st.integers(0, 10**6))
def test_mixed_second_derivatives_are_symmetric_and_right(seed):
    rng, program, x = drawn(seed, SMOOTH + SHAPED + KINKED, 4)
    y = rng.choice(program.leaves)
    c = np.sum(program.output * program.output)
    one = np.array(flat(program.evaluate(s.hessian(c, x, y))), dtype=float).reshape(count(x), count(y))
    two = np.array(flat(program.evaluate(s.hessian(c, y, x))), dtype=float).reshape(count(y), count(x))
    assert np.allclose(one, two.T, rtol=1e-8, atol=1e-8)
    direction = random_values(rng, x)
    along = np.array([float(direction[p]) for p in sorted(direction)])
    assert np.allclose(two @ along, slope(program, s.gradient(c, y), x, direction), rtol=1e-6, atol=1e-6)


@settings(LAWS, max_examples=12)
@given(st.integers(0, 10**6))
def test_third_derivatives(seed):
    rng = seeded(seed)
    program = random_program(rng, 3, SMOOTH)
    x = program.leaves[0]
    c = np.sum(program.output * program.output)
    third = np.array(program.evaluate(s.jacobian(s.hessian(c, x), x)), dtype=float)
    for order in ((0, 2, 1), (2, 1, 0)):
        assert np.allclose(third, third.transpose(order), rtol=1e-8, atol=1e-8)
    direction = random_values(rng, x)
    along = np.array([float(direction[p]) for p in sorted(direction)])
    assert np.allclose((third @ along).ravel(), slope(program, s.hessian(c, x), x, direction), rtol=1e-6, atol=1e-6)


def values(x, *numbers):
    return {x: {(i,): Fraction(v) for i, v in enumerate(numbers)}}


def at(t, x, *numbers):
    return np.array(s.evaluate(t, values(x, *numbers), dims={"n": len(numbers)}), dtype=float).tolist()


def test_products_differentiate_through_zeros():
    x = s.tensor("x", "n")
    p = np.prod(x)
    assert at(s.gradient(p, x), x, 2, 0, 3) == [0, 6, 0]
    assert at(s.hessian(p, x), x, 0, 0, 3) == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    assert at(s.jacobian(s.hessian(p, x), x), x, 0, 0, 0)[0] == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert at(s.jacobian(np.cumprod(x), x), x, 2, 0, 3) == [[1, 0, 0], [0, 2, 0], [0, 6, 0]]


def test_the_convention_at_kinks_and_ties():
    x = s.tensor("x", "n")
    assert at(s.gradient(np.max(x), x), x, 2, 5, 5) == [0, 1, 0]
    assert at(s.gradient(np.min(x), x), x, 5, 2, 2) == [0, 1, 0]
    assert at(s.gradient(np.sum(np.maximum(x, 2)), x), x, 2, 5, 1) == [0.5, 1, 0]
    assert at(s.gradient(np.sum(s.relu(x)), x), x, 0, 1, -1) == [0, 1, 0]
    assert at(s.gradient(np.sum(np.abs(x)), x), x, 0, 1, -1) == [0, 1, -1]


def test_a_wide_sum_is_one_equation():
    """A tensor that many others read gets its contributions in one sum, in time linear in their number."""
    x = s.tensor("x", "n")
    total = sum((np.tanh(x * k) for k in range(1, 200)), 0 * x)
    g = s.gradient(np.sum(total), x)
    assert at(g, x, 0) == [sum(range(1, 200))]


def test_shapes_that_only_one_axis_carries():
    x = s.tensor("x", (1, "n"))
    assert str(s.gradient(np.sum(x * x), x).definition.body).count("x[") == 1

"""Lowering = the exact evaluator, on every kind of equation, on derivatives, and in float32."""

import numpy as np
import pytest

import numeric
from numeric.lowering import prepared
from symbolic import gradient, hessian, jacobian, tensor
from symbolic.verification.evaluation import Evaluator
from tests.numeric.programs import CASES, DIFFERENTIABLE, arrays, build


def expected(outputs, tensors, values):
    """What the evaluator says, as float arrays."""
    oracle = Evaluator(dict(zip(tensors, values, strict=True)), precision=17)
    return [np.array(oracle.array(o), dtype=float) for o in outputs]


def compare(outputs, tensors, values, dtype=None, tolerance=1e-10):
    found = numeric.lambdify(tensors, outputs, dtype=dtype)(*values)
    for out, got, want in zip(outputs, found, expected(outputs, tensors, values), strict=True):
        assert np.shape(got) == want.shape
        if out.dtype == "real":
            assert got.dtype == np.dtype(dtype or "float64")
        np.testing.assert_allclose(np.asarray(got, dtype=float), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(CASES))
def test_value(name):
    tensors, outputs = build(name)
    compare(outputs, tensors, arrays(tensors, np.random.default_rng(1)))


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_in_float32(name):
    tensors, outputs = build(name)
    compare(outputs, tensors, arrays(tensors, np.random.default_rng(2)), "float32", 2e-4)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients(name):
    tensors, (out,) = build(name)
    weights = np.random.default_rng(3).normal(size=[int(e) if e.is_Integer else 1 for e in out.extents])
    loss = np.sum(out * weights + out * out / 3)
    wanted = [gradient(loss, t) for t in tensors if t.dtype == "real"]
    compare([loss, *wanted], tensors, arrays(tensors, np.random.default_rng(4)))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_jacobians(name):
    tensors, (out,) = build(name)
    wanted = [jacobian(out, t) for t in tensors if t.dtype == "real" and t.ndim < 3]
    compare([out, *wanted], tensors, arrays(tensors, np.random.default_rng(5)))


SMALL = [
    "quadratic",
    "affine",
    "log_sum_exp_by_hand",
    "product",
    "attention",
    "slice_end",
    "gather_rows",
    "maximum_axis",
]


@pytest.mark.parametrize("name", SMALL)
def test_hessians(name):
    tensors, (out,) = build(name)
    loss = np.sum(out * out)
    wanted = [hessian(loss, t) for t in tensors if t.dtype == "real" and t.ndim < 3][:2]
    sizes = {"m": 2, "n": 3, "k": 2, "p": 4, "h": 2}
    compare([loss, *wanted], tensors, arrays(tensors, np.random.default_rng(6), sizes), tolerance=1e-9)


def test_a_sum_runs_where_its_guard_holds():
    x, W = tensor("x", (7, 3)), tensor("W", (3, 5), role="parameter")
    s = (x @ W)[2:6]
    slope = gradient(np.sum(s * s), W)
    program = prepared([x, W], [slope])
    assert not any(t.definition.guards for t in program.steps)
    rng = np.random.default_rng(8)
    compare([slope], [x, W], [rng.normal(size=(7, 3)), rng.normal(size=(3, 5))])


@pytest.mark.parametrize(("key", "rows"), [(slice(2, 5), 3), (6, 1), (-1, 1)])
def test_only_what_is_read_is_computed(key, rows):
    x, W = tensor("x", (7, 3)), tensor("W", (3, 4))
    s = np.tanh((np.tanh(x @ W) @ W.T).named("s"))[key]
    program = prepared([x, W], [s])
    assert {t.extents[0] if len(t.extents) == 2 else 1 for t in program.steps} == {rows}
    rng = np.random.default_rng(9)
    compare([s], [x, W], [rng.normal(size=(7, 3)), rng.normal(size=(3, 4))])


def test_what_two_read_is_computed_for_both():
    x = tensor("x", 9)
    u = np.cumsum(np.tanh(x)).named("u")
    y, z = u[1:3] * u[1:3], u[5]
    program = prepared([x], [y, z])
    (made,) = [t for t in program.steps if t.name == "u"]
    assert made.extents == (5,)
    compare([y, z, u[3:5] @ u[5:7]], [x], [np.random.default_rng(10).normal(size=9)])

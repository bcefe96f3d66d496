"""Formulas in index notation: values against NumPy, gradients against differences, wirings, and mistakes."""

import numpy as np
import pytest

import symbolic as s
from symbolic import LogSumExp, Max, Min, Prod, Sum, Wiring, define, delta, indices, tensor
from tests.symbolic.language.comparison import assert_gradient, value

RNG = np.random.default_rng(2)
ARRAYS = {
    "w": RNG.normal(size=(2, 3)),
    "z": RNG.normal(size=3),
    "b": RNG.normal(size=2),
    "A": RNG.normal(size=(3, 3)),
    "c": np.array(0.7),
    "tok": np.array([2, 0]),
}
W, Z, B, A, C, TOK = ARRAYS.values()
w, z, b = tensor("w", "m n", role="parameter"), tensor("z", "n"), tensor("b", "m", role="parameter")
a, c, tok = tensor("A", "n n"), tensor("c"), tensor("tok", "m", dtype="int")
i, j, k = indices("i j k")
r = indices("r", "n")

FORMULAS = {
    "weighted sum": (define[i](Sum[j](w[i, j] * z[j])), W @ Z),
    "affine": (define[i](np.tanh(Sum[j](w[i, j] * z[j]) + b[i])), np.tanh(W @ Z + B)),
    "pointwise": (define[i, j](s.relu(w[i, j]) + c - 2 * np.exp(z[j]) / 3), np.maximum(W, 0) + C - 2 * np.exp(Z) / 3),
    "scalar": (define(Sum[i, j](w[i, j] ** 2)), (W**2).sum()),
    "squared sum": (define(Sum[j](z[j]) ** 2 + Sum[i](b[i])), Z.sum() ** 2 + B.sum()),
    "transpose": (define[j, i](w[i, j]), W.T),
    "trace": (define(Sum[j](a[j, j])), np.trace(A)),
    "diagonal": (define[j, k](delta(j, k) * z[j]), np.diag(Z)),
    "prefix sums": (define[r](Sum[k](z[k], where=k <= r)), np.cumsum(Z)),
    "strict lower triangle": (define[j](Sum[k](a[j, k] * z[k], where=k < j)), np.tril(A, -1) @ Z),
    "off the diagonal": (define[j](Sum[k]((1 - delta(j, k)) * a[j, k])), (A - np.diag(np.diag(A))).sum(1)),
    "positive part of the row": (define(Sum[j](z[j], where=j > 0)), Z[1:].sum()),
    "product": (define[i](Prod[j](w[i, j])), W.prod(1)),
    "extremes": (define[i](Max[j](w[i, j]) - Min[j](w[i, j])), np.ptp(W, axis=1)),
    "log-sum-exp": (define[i](LogSumExp[j](w[i, j])), np.log(np.exp(W).sum(1))),
    "gather": (define[i](z[tok[i]] * b[i]), Z[TOK] * B),
    "nested": (define[i](Sum[j](w[i, j] * Sum[k](a[j, k] * z[k] * z[j]))), np.einsum("ij,jk,k,j->i", W, A, Z, Z)),
    "position": (define[i](i * b[i]), np.arange(2) * B),
    "comparison": (define[i](np.maximum(b[i], 0) * (b[i] > 0)), np.maximum(B, 0)),
}


def named(t):
    return {n: ARRAYS[n] for n in s.variables(t)}


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_value(name):
    t, expected = FORMULAS[name]
    dims = {"m": 2, "n": 3}
    np.testing.assert_allclose(value(t, named(t), dims), expected, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_gradient(name):
    t, _ = FORMULAS[name]
    arrays = named(t) | {"q": RNG.normal(size=(2, 3) if t.ndim == 2 and t.shape[0] == s.Dim("m") else (3, 2))}
    weight = tensor("q", t.shape)
    arrays["q"] = RNG.normal(size=tuple({"m": 2, "n": 3}[str(n)] for n in t.shape))
    assert_gradient((t * weight).sum(), arrays)


def test_shifts_say_how_far_they_run():
    x, u = tensor("x", "n"), tensor("u", 3)
    n = s.Dim("n")
    p, q = indices("p", n - 2), indices("q")
    t = define[p](Sum[q](u[q] * x[p + q]))
    assert t.shape == (n - 2,)
    X, U = RNG.normal(size=6), RNG.normal(size=3)
    np.testing.assert_allclose(value(t, {"x": X, "u": U}), np.correlate(X, U), rtol=1e-12)
    with pytest.raises(s.ShapeError, match=r"x\[k \+ 1\] leaves axis 0 of x \(n,\); say how far the index runs"):
        define[k](x[k + 1] - x[k])


EDGES = [(0, 1), (2, 0), (1, 0), (1, 2), (0, 3)]
UNITS = (3, 4)


def test_wiring_with_a_weight_for_every_pair():
    """s[i] = Σ_{j ∈ UP(i)} w[i, j] z[j]: the gradient is zero on pairs that are not connected."""
    UP = Wiring("UP", EDGES, UNITS)
    v, x = tensor("v", UNITS, role="parameter"), tensor("x", 4)
    total = define[i](Sum[j : UP(i)](v[i, j] * x[j]))
    arrays = {"v": RNG.normal(size=UNITS), "x": RNG.normal(size=4)}
    mask = np.zeros(UNITS)
    mask[tuple(np.transpose(EDGES))] = 1
    np.testing.assert_array_equal(np.asarray(UP.mask.value), mask)
    np.testing.assert_allclose(value(total, arrays), (mask * arrays["v"]) @ arrays["x"], rtol=1e-12)
    loss = np.sum(total**2)
    assert_gradient(loss, arrays)
    assert not value(s.gradient(loss, v), arrays)[mask == 0].any()
    highest = define[i](Max[j : UP(i)](v[i, j] * x[j]))
    np.testing.assert_allclose(
        value(highest, arrays), np.where(mask > 0, arrays["v"] * arrays["x"], -np.inf).max(1), rtol=1e-12
    )


def test_wiring_with_a_weight_for_every_edge():
    UP = Wiring("UP", EDGES, UNITS)
    v, x, e = tensor("v", len(EDGES), role="parameter"), tensor("x", 4), indices("e")
    unit = indices("i", 3)
    total = define[unit](Sum[e : UP.into(unit)](v[e] * x[UP.sources[e]]))
    arrays = {"v": RNG.normal(size=len(EDGES)), "x": RNG.normal(size=4)}
    expected = np.zeros(3)
    for (target, source), weight in zip(EDGES, arrays["v"], strict=True):
        expected[target] += weight * arrays["x"][source]
    np.testing.assert_allclose(value(total, arrays), expected, rtol=1e-12)
    assert_gradient(np.sum(np.tanh(total)), arrays)


MISTAKES = [
    (lambda: define[i](w[i, j]), s.DeclarationError, r"the index j is free in .*bind it by Sum"),
    (
        lambda: define[i](Sum[j](w[i, j] * b[j])),
        s.ShapeError,
        r"j runs over n in w \(m, n\) and over m in b \(m,\)|over m",
    ),
    (lambda: w[i], s.ShapeError, r"w \(m, n\) has 2 axes, 1 indices were given"),
    (lambda: w[i, :], s.UnsupportedError, "by names on some axes"),
    (lambda: define[i](w * b[i]), s.ShapeError, r"w \(m, n\) stands without indices"),
    (
        lambda: define[i](np.sum(b[i])),
        s.UnsupportedError,
        r"np.sum works on whole tensors; in index notation write Sum",
    ),
    (lambda: define[i](delta(i, 1)), s.DeclarationError, "never stands alone on an axis"),
    (lambda: define[i, i](w[i, i]), s.DeclarationError, "repeated"),
    (lambda: Sum[j](z[j], where=z[j]), s.UnsupportedError, "expected a comparison of indices"),
    (lambda: define(Sum[j](z[j], where=z[j] <= 0)), s.UnsupportedError, "compares indices, not entries"),
    (lambda: Wiring("UP", [(0, 9)], (2, 3)), s.DeclarationError, r"the edge \(0, 9\) is outside 2 × 3 units"),
    (lambda: Wiring("UP", [(0, 1), (0, 1)], (2, 3)), s.DeclarationError, "distinct"),
    (lambda: indices("i j", 3), s.DeclarationError, "2 names 'i j' and 1 sizes"),
    (lambda: bool(b[i] > 0), s.UnsupportedError, "truth"),
]


@pytest.mark.parametrize("case", range(len(MISTAKES)))
def test_mistakes(case):
    build, error, message = MISTAKES[case]
    with pytest.raises(error, match=message):
        build()

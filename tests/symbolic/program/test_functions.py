"""Each row of the table of functions: derivative against mpmath, NumPy code against mpmath, domain, planted errors."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

import symbolic as s
from symbolic.calculus.pullback import derivative
from symbolic.program.functions import FUNCTIONS
from symbolic.verification.evaluation import Evaluator
from tests.symbolic.numpy_oracle import code

POINTS = {
    "": ["-1.7", "-0.3", "0.4", "2.3"],
    "> 0": ["0.2", "0.9", "2.6"],
    "> 1": ["1.1", "2.4"],
    "< 1": ["-2.3", "0.2", "0.8"],
    "in (0, 1)": ["0.15", "0.4", "0.9"],
    "in (-1, 1)": ["-0.7", "0.35", "0.8"],
}
WHOLE_FIRST = {"polygamma": [1, 2], **{name: [0, 1, 2] for name in ("iv", "jv", "kv", "yv")}, "zeta": [2, 3]}
ONLY_LAST = {*WHOLE_FIRST, "gammainc", "betainc"}
TRUTH_FIRST = {"where"}


def argument_lists(row):
    """Points in the domain of a row, away from kinks and jumps."""
    points = [mpmath.mpf(p) for p in POINTS[row.domain]]
    arity = 1 + max(k for k in range(3) if f"{{{k}}}" in row.numpy)
    if row.name in WHOLE_FIRST:
        return [(k, p) for k in WHOLE_FIRST[row.name] for p in points if p > 0]
    if row.name in TRUTH_FIRST:
        return [(truth, p, q) for truth in (0, 1) for p, q in itertools.pairwise(points)]
    if arity == 1:
        return [(p,) for p in points]
    if row.name == "xlogy":
        return [(p, abs(q)) for p, q in itertools.pairwise(points)]
    if arity == 3:
        return [(mpmath.mpf(2.5), mpmath.mpf(1.5), p) for p in points]
    return list(itertools.pairwise(points))


def slope(row, args, position):
    """The table's derivative at a point."""
    tensors = [s.tensor(f"a{k}", "") if isinstance(a, mpmath.mpf) else None for k, a in enumerate(args)]
    symbols = [t.access() if t is not None else sp.Integer(a) for t, a in zip(tensors, args, strict=True)]
    if row.name in TRUTH_FIRST:
        truth = s.tensor("c", "", dtype="int")
        tensors[0], symbols[0] = truth, truth.access()
    body = row.head(*symbols)
    evaluator = Evaluator({t: {(): a} for t, a in zip(tensors, args, strict=True) if t is not None}, precision=30)
    found = evaluator.scalar(derivative(body, symbols[position]), {})
    return mpmath.mpf(found.numerator) / found.denominator if isinstance(found, Fraction) else found


def true_slope(row, args, position):
    """mpmath's derivative of mpmath's value."""
    with mpmath.workdps(40):
        moved = lambda x: row.value(mpmath.mp, *(x if k == position else a for k, a in enumerate(args)))  # noqa: E731
        return mpmath.diff(moved, args[position], h=mpmath.mpf(10) ** -15)


def places(row, args):
    if row.name in ONLY_LAST:
        return [len(args) - 1]
    return [k for k in range(len(args)) if not (row.name in TRUTH_FIRST and k == 0)]


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=FUNCTIONS)
def test_derivative(row):
    for args in argument_lists(row):
        for k in places(row, args):
            found, expected = slope(row, args, k), true_slope(row, args, k)
            assert abs(found - expected) <= mpmath.mpf(10) ** -10 * (1 + abs(expected)), (args, k, found, expected)


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=FUNCTIONS)
def test_numpy_computes_what_mpmath_does(row):
    for args in argument_lists(row):
        expected = float(row.value(mpmath.mp, *args))
        found = code(row.numpy, len(args))(*(np.float64(a) if isinstance(a, mpmath.mpf) else a for a in args))
        assert float(found) == pytest.approx(expected, rel=1e-9, abs=1e-12), args


SMOOTH = [
    row
    for row in FUNCTIONS.values()
    if row.smooth and row.name not in {"where", "maximum", "minimum", "relu", "absolute"}
]


@pytest.mark.parametrize("row", SMOOTH, ids=[row.name for row in SMOOTH])
def test_an_error_of_a_thousandth_is_found(row, monkeypatch):
    monkeypatch.setattr(f"{__name__}.slope", lambda *a: 1.001 * right(*a))
    with pytest.raises(AssertionError):
        test_derivative(row)


right = slope


# The values of these continue below 0; what they are used for does not.
CONTINUED = ("polygamma", "gammainc", "zeta", "betainc")
CLOSED = [r for r in FUNCTIONS.values() if r.domain and r.name not in CONTINUED]


@pytest.mark.parametrize("row", CLOSED, ids=[row.name for row in CLOSED])
def test_outside_its_domain_a_function_has_no_real_value(row):
    outside = {"> 0": "-0.5", "> 1": "0.3", "< 1": "1.2", "in (-1, 1)": "1.5", "in (0, 1)": "-0.5"}[row.domain]
    first = [1] if row.name in WHOLE_FIRST else []
    try:
        value = row.value(mpmath.mp, *first, mpmath.mpf(outside))
    except ValueError:
        return
    assert isinstance(value, mpmath.mpc) or not mpmath.isfinite(value)


def test_every_kink_is_stated():
    for row in FUNCTIONS.values():
        if row.name in {"absolute", "relu", "maximum", "minimum", "sign", "step"}:
            assert row.kink, row.name

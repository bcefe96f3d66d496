"""Exponentials and hyperbolic tangents as arithmetic: within the error that they state, and right at the ends."""

import numpy as np
import pytest

pytest.importorskip("llvmlite")
from tests.numeric.backends.running import by_machine

EACH = """\
def kernel(x: {kind}, out: real[:]):
    n = out.shape[0]
    for i in range(n):
        out[i] = {function}(x[i])
"""
LARGEST = """\
def kernel(x: {kind}, out: real[:], c0: real):
    n = x.shape[0]
    s = c0
    for i in range(n):
        s = larger(s, x[i])
    out[0] = s
"""
KINDS = {"vectors": "real[:]", "numbers": "view[real, :]"}  # a view is read entry by entry


def exponentials(x, out, how="vectors"):
    by_machine(EACH.format(kind=KINDS[how], function="exponential"), "float32", x, out)


def tangents(x, out, how="vectors"):
    by_machine(EACH.format(kind=KINDS[how], function="hyperbolic_tangent"), "float32", x, out)


def largest(x, how="vectors"):
    out = np.empty(1, "f")
    by_machine(LARGEST.format(kind=KINDS[how]), "float32", x, out, -np.inf)
    return out[0]


def errors(function, exact, x):
    """Units in the last place between the function and the exact value."""
    x = x.astype("f")
    out = np.empty_like(x)
    function(x, out)
    wanted = exact(x.astype("f8"))
    return np.abs(out - wanted) / np.spacing(np.abs(wanted).astype("f"))


def test_exponentials_are_right_to_the_last_place():
    dense = np.random.default_rng(0).normal(size=100_000)
    for x in (np.linspace(-87.3, 88.7, 500_001), dense, 1e-4 * dense):
        assert errors(exponentials, np.exp, x).max() < 1


def test_tangents_are_within_eight_places():
    dense = np.random.default_rng(0).normal(size=100_000)
    for x in (np.linspace(-12, 12, 500_000), dense, 1e-4 * dense, 1e-30 * dense):
        assert errors(tangents, np.tanh, x).max() < 8


@pytest.mark.parametrize("how", KINDS)
def test_ends(how):
    x = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 89, -88, 1e30, -1e30], "f")
    out = np.empty_like(x)
    exponentials(x, out, how)
    np.testing.assert_array_equal(out, np.array([np.nan, np.inf, 0, 1, 1, np.inf, 0, np.inf, 0], "f"))
    tangents(x, out, how)
    np.testing.assert_array_equal(out, np.array([np.nan, 1, -1, 0, 0, 1, -1, 1, -1], "f"))
    assert np.signbit(out[4])


@pytest.mark.parametrize("how", KINDS)
def test_the_larger_is_missing_if_one_is(how):
    x = np.random.default_rng(0).normal(size=100).astype("f")
    assert largest(x, how) == x.max()
    x[37] = np.nan
    assert np.isnan(largest(x, how))

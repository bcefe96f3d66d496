"""Exponentials and hyperbolic tangents as arithmetic: within the error that they state, and right at the ends."""

import numpy as np
import pytest

pytest.importorskip("numba")
from numba import njit

from numeric.backends.loops.elementary import exponential, hyperbolic_tangent
from numeric.backends.loops.tiles import larger

FAST = {"reassoc", "contract", "nsz", "arcp"}  # what compiled loops allow


@njit(error_model="numpy", fastmath=FAST)
def exponentials(x, out):
    for i in range(x.shape[0]):
        out[i] = exponential(x[i])


@njit(error_model="numpy", fastmath=FAST)
def tangents(x, out):
    for i in range(x.shape[0]):
        out[i] = hyperbolic_tangent(x[i])


@njit(error_model="numpy", fastmath=FAST)
def largest(x):
    top = np.float32(-np.inf)
    for i in range(x.shape[0]):
        top = larger(top, x[i])
    return top


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


def test_ends():
    x = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 89, -88, 1e30, -1e30], "f")
    out = np.empty_like(x)
    exponentials(x, out)
    np.testing.assert_array_equal(out, np.array([np.nan, np.inf, 0, 1, 1, np.inf, 0, np.inf, 0], "f"))
    tangents(x, out)
    np.testing.assert_array_equal(out, np.array([np.nan, 1, -1, 0, 0, 1, -1, 1, -1], "f"))
    assert np.signbit(out[4])


def test_the_larger_is_missing_if_one_is():
    x = np.random.default_rng(0).normal(size=100).astype("f")
    assert largest(x) == x.max()
    x[37] = np.nan
    assert np.isnan(largest(x))

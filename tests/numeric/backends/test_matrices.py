"""Products in tiles of registers: NumPy's, whatever the shapes, the order in memory and the precision."""

import numpy as np
import pytest

pytest.importorskip("numba")
from numeric.backends.kernel_steps import STACK
from numeric.backends.loops.matrices import matrices
from numeric.backends.machine.objects import lanes, multiplication
from numeric.backends.machine.products import DEPTH, room
from tests.numeric.backends.running import by_machine

CLOSE = {"float32": 2e-5, "float64": 1e-13}
SHAPES = [
    (1, 1, 1),
    (2, 3, 5),
    (8, 4, 16),
    (7, 130, 33),
    (9, 2 * DEPTH + 3, 49),
    (60, 32, 100),
    (31, 17, 65),
    (64, 5, 64),
]


def laid(a, order):
    """The matrix as rows, as columns, or as every second entry of something larger."""
    if order == "rows":
        return a.copy()
    if order == "columns":
        return a.T.copy().T
    wide = np.full((a.shape[0], 2 * a.shape[1]), np.nan, a.dtype)
    wide[:, ::2] = a
    return wide[:, ::2]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_products(dtype):
    rng = np.random.default_rng(0)
    for m, depth, n in SHAPES:
        a, b = rng.normal(size=(m, depth)), rng.normal(size=(depth, n))
        for orders in [
            ("rows", "rows"),
            ("columns", "rows"),
            ("rows", "columns"),
            ("columns", "columns"),
            ("apart", "apart"),
        ]:
            left, right = (laid(x.astype(dtype), order) for x, order in zip((a, b), orders, strict=True))
            around = np.full((m + 2, n + 2), 7, dtype)
            for out in (np.empty((m, n), dtype), np.empty((n, m), dtype).T, around[1:-1, 1:-1]):
                matrices(dtype).product(left, right, out)
                np.testing.assert_allclose(
                    out, left.astype("f8") @ right.astype("f8"), rtol=0, atol=CLOSE[dtype] * depth
                )
            assert (around == 7).sum() >= 2 * (m + n) + 4  # nothing is written outside


def test_an_output_without_runs_is_refused():
    a = np.ones((4, 4), "f")
    with pytest.raises(ValueError, match="no axis of the output is a run of memory"):
        matrices("float32").product(a, a, np.empty((4, 8), "f")[:, ::2].T[::1])


def stack(left, right, out):
    multiplication("float32")
    by_machine(STACK, "float32", left, right, out, np.empty(room(left.shape[-1], lanes(32)), "f"))


def test_stacks_of_any_order():
    rng = np.random.default_rng(1)
    q, k = (rng.normal(size=(3, 9, 2, 12)).astype("f") for _ in range(2))
    left, right = q.transpose(0, 2, 1, 3), k.transpose(0, 2, 3, 1)
    out = np.empty((3, 2, 9, 9), "f")
    stack(left, right, out)
    np.testing.assert_allclose(out, left @ right, atol=1e-5)
    turned = np.empty((3, 9, 2, 12), "f").transpose(0, 2, 1, 3)
    stack(out.swapaxes(2, 3), left, turned)
    np.testing.assert_allclose(turned, out.swapaxes(2, 3) @ left, atol=1e-4)


def test_nan_and_infinity_come_through():
    a, b, out = np.ones((9, 5), "f"), np.ones((5, 20), "f"), np.empty((9, 20), "f")
    a[8, 2], b[1, 19] = np.nan, np.inf
    matrices("float32").product(a, b, out)
    assert np.isnan(out[8]).all()
    assert (out[:8, 19] == np.inf).all()
    assert (out[:8, :19] == 5).all()

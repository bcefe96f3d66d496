"""NaN in the data: generated code passes over it where NumPy's functions do, in every back end that is installed."""

import numpy as np
import pytest

import symbolic as s
from numeric import lambdify

DATA = np.array([[1.5, np.nan, -3.0, 0.25], [np.nan, 2.0, np.inf, -1.0], [0.5, -np.inf, 4.0, 2.5]])
FINITE = np.where(np.isinf(DATA), 1.0, DATA)
FUNCTIONS = {
    **{name: getattr(np, name) for name in ("nansum", "nanmean", "nanmax", "nanmin", "nanvar", "nanstd", "nanprod")},
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "guarded": lambda x: np.sum(np.where(np.isnan(x), 0, x) ** 2, axis=0),
    "nan_to_num": lambda x: np.nan_to_num(x, nan=-1.0, posinf=9.0, neginf=-9.0),
    "close": lambda x: np.isclose(x, x + 1e-12, equal_nan=True),
}


def back_end(name):
    if name != "numpy":
        pytest.importorskip(name)
    return name


@pytest.mark.parametrize("library", ["numpy", "numba", "jax", "torch"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_in_numpy(name, library):
    x = s.tensor("x", "m n")
    data = FINITE if name.startswith("nan") and name != "nan_to_num" else DATA
    with np.errstate(invalid="ignore"):
        expected = FUNCTIONS[name](data)
    found = lambdify([x], FUNCTIONS[name](x), backend=back_end(library))(data)
    np.testing.assert_allclose(np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=1e-12)


def test_a_missing_entry_has_no_slope():
    x = s.tensor("x", "m n")
    slope = lambdify([x], s.gradient(np.nanmean(x) ** 2 / 2, x))(FINITE)
    counted = ~np.isnan(FINITE)
    np.testing.assert_allclose(slope, np.nanmean(FINITE) * counted / counted.sum(), rtol=1e-14)

"""Comparisons of whole arrays, up to a tolerance or exactly: truth values, without a derivative."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.language import pointwise as pw
from symbolic.language.operations import as_tensor, reduce, scalar
from symbolic.program.functions import Equal, LessEqual, Magnitude, Where
from symbolic.program.tensors import Tensor


def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Tensor:
    """|a − b| ≤ atol + rtol |b|, or a = b where both are infinite; NumPy's rule is not symmetric either."""
    relative, absolute = scalar(rtol), scalar(atol)

    def relation(x: sp.Expr, y: sp.Expr) -> sp.Expr:
        return Where(Equal(x, y), 1, LessEqual(Magnitude(x - y), absolute + relative * Magnitude(y)))

    close = pw.pointwise("isclose", relation, a, b, dtype="bool")
    return close if not equal_nan else pw.condition("logical_or", close, _both_nan(a, b))


def _both_nan(a: Any, b: Any) -> Tensor:
    return pw.condition("logical_and", pw.condition("isnan", a), pw.condition("isnan", b))


def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all entries are close."""
    return reduce("min", isclose(a, b, rtol, atol, equal_nan), None)


def array_equal(a: Any, b: Any, equal_nan: bool = False) -> Any:
    """Whether the shapes are the same and all entries equal."""
    s, t = as_tensor(a), as_tensor(b)
    return s.shape == t.shape and array_equiv(s, t)


def array_equiv(a: Any, b: Any) -> Any:
    """Whether all entries are equal after broadcasting."""
    try:
        return reduce("min", pw.pointwise("equal", Equal, a, b, dtype="bool"), None)
    except ShapeError:
        return False

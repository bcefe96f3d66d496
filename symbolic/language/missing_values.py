"""NumPy's functions that pass over NaN.

A tensor stands for real numbers: derivations and verdicts see none of the exceptions, the generated code tests the array.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.language import pointwise as pw
from symbolic.language.operations import as_tensor, pointwise, reduce
from symbolic.language.statistics import given, reduction
from symbolic.program.tensors import Tensor

_NEUTRAL = {"sum": 0, "prod": 1, "max": -sp.oo, "min": sp.oo, "argmax": -sp.oo, "argmin": sp.oo}


def without_nan(kind: str, x: Any, axis: Any = None, keepdims: Any = False, **options: Any) -> Tensor:
    """A reduction over the entries that are numbers: ``nansum``, ``nanmax`` and their like."""
    t = as_tensor(x)
    return reduction(kind, pw.where(missing(t), _NEUTRAL[kind], t), axis, keepdims, **options)


def missing(x: Any) -> Tensor:
    """1 where x is NaN."""
    return pw.condition("isnan", x)


def present(t: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """How many entries along the axis are numbers."""
    return reduce("sum", pointwise("count", lambda v: 1 - pw.CONDITIONS["isnan"](v), t), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: Any = False) -> Tensor:
    """The mean of the entries that are numbers."""
    t, keep = as_tensor(x), given(keepdims) and bool(keepdims)
    return without_nan("sum", t, axis, keep) / present(t, axis, keep)


def nanvar(x: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Tensor:
    """The variance of the entries that are numbers, with divisor N − ddof."""
    t, keep = as_tensor(x), given(keepdims) and bool(keepdims)
    away = pw.unary("square", t - nanmean(t, axis, True))
    return without_nan("sum", away, axis, keep) / (present(t, axis, keep) - ddof)


def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Tensor:
    """x with a number in place of NaN, and of the infinities if one is given.

    Without one they stay: what NumPy puts there depends on the precision, which a program does not have.
    """
    t = as_tensor(x)
    for end, infinite in ((posinf, "greater"), (neginf, "less")):
        if end is not None:
            t = pw.where(pw.condition("logical_and", pw.condition("isinf", t), pw.condition(infinite, t, 0)), end, t)
    return pw.where(missing(t), nan, t)

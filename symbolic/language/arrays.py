"""The language's own functions on plain arrays and numbers, so that one NumPy function serves for both.

``symbolic.relu(array)`` is an array. The array brings its own library along (``__array_namespace__``, the array API
standard), so NumPy is met and never imported; what the library has no function for comes from the table of functions,
entry by entry.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.program.dims import Dim
from symbolic.program.functions import BY_HEAD
from symbolic.program.tensors import Tensor


def is_symbolic(*values: Any) -> bool:
    """True if a tensor or a named dimension is among the values: the result is a tensor then."""
    return any(isinstance(v, (Tensor, Dim, sp.Expr)) for v in values)


def namespace(*values: Any) -> Any:
    """The array library of the first array among the values; None if there are only numbers."""
    for v in values:
        if hasattr(v, "__array_namespace__"):
            return v.__array_namespace__()
    for v in values:
        if isinstance(v, (list, tuple)):
            raise UnsupportedError("a Python list is not an array: write np.array([...])")
    return None


def require_namespace(operation: str, *values: Any) -> Any:
    """The array library of the values; raises ``UnsupportedError`` if none of them is an array."""
    xp = namespace(*values)
    if xp is None:
        raise UnsupportedError(f"{operation}: expected an array or a tensor, got {type(values[0]).__name__}")
    return xp


def value_of(function: Callable[..., sp.Expr], *args: Any) -> Any:
    """A scalar function of the language on arrays (broadcasting as the array library does) or on numbers.

    >>> value_of(lambda x: x / (1 + sp.exp(x)), 0)
    0.0
    """
    symbols = [sp.Dummy(f"a{position}", real=True) for position in range(len(args))]
    body = sp.sympify(function(*symbols), strict=True)
    xp = namespace(*args)
    with quiet(xp):
        return scalar_value(body, dict(zip(symbols, args, strict=True)), xp)


def quiet(xp: Any) -> Any:
    """No warning for a branch of ``where`` that is computed and not taken."""
    return xp.errstate(all="ignore") if hasattr(xp, "errstate") else contextlib.nullcontext()


def scalar_value(e: sp.Expr, values: Mapping[sp.Expr, Any], xp: Any) -> Any:
    """The value of a scalar expression at arrays of library ``xp`` (None: at numbers)."""
    if e in values:
        return values[e]
    if e.is_Integer:
        return int(e)
    if e.is_number and not e.has(*BY_HEAD):
        return float(e)
    args = [scalar_value(a, values, xp) for a in e.args]
    if e.is_Add:
        return _folded(args, lambda a, b: a + b)
    if e.is_Mul:
        return _folded(args, lambda a, b: a * b)
    if e.is_Pow:
        base, exponent = args
        if e.exp == sp.Rational(1, 2):
            return xp.sqrt(base) if xp else math.sqrt(base)
        if isinstance(exponent, int) and exponent < 0:
            return 1 / base**-exponent
        return base**exponent
    row = BY_HEAD.get(e.func)
    if row is None:
        raise UnsupportedError(f"the function {e.func.__name__} has no value on arrays")
    if xp is None:
        return _number(row.value(mpmath.fp, *args))
    if row.name in _WITH_LIBRARY:
        return _WITH_LIBRARY[row.name](xp, *args)
    if row.numpy.startswith("np."):
        return getattr(xp, row.numpy[3:].partition("(")[0])(*args)
    return _entry_by_entry(row.value, xp, args)


def _folded(args: list, operation: Callable[[Any, Any], Any]) -> Any:
    result = args[0]
    for a in args[1:]:
        result = operation(result, a)
    return result


_WITH_LIBRARY: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda xp, x: xp.exp(-xp.logaddexp(-x, xp.zeros_like(x))),
    "softplus": lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    "relu": lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
    "step": lambda xp, x: (x > 0) * 1,
    "less": lambda xp, a, b: (a < b) * 1,
    "less_equal": lambda xp, a, b: (a <= b) * 1,
    "equal": lambda xp, a, b: (a == b) * 1,
    "where": lambda xp, c, a, b: xp.where(c != 0, a, b),
    "xlogy": lambda xp, x, y: xp.where(x == 0, x * 0.0, x * xp.log(xp.where(x == 0, 1.0, y))),
}


def _entry_by_entry(value: Callable[..., Any], xp: Any, args: list) -> Any:
    arrays = xp.broadcast_arrays(*(xp.asarray(a) for a in args))
    kinds = [a.dtype for a in arrays if "float" in str(a.dtype)]
    rows = zip(*(a.reshape(-1).tolist() for a in arrays), strict=True)
    numbers = [_number(value(mpmath.fp, *row)) for row in rows]
    return xp.asarray(numbers, dtype=kinds[0] if kinds else xp.float64).reshape(arrays[0].shape)


def _number(v: Any) -> Any:
    if isinstance(v, int):
        return v
    return float(v.real if isinstance(v, complex) else v) + 0.0  # −0 is 0

"""Dimensions: the extents of axes, as numbers or as named positive integers.

A ``Dim`` is an integer expression on SymPy's integers, closed under arithmetic. Towards NumPy it behaves like a scalar
tensor, so ``x / x.shape[0]`` and ``np.sqrt(x.shape[0])`` stay symbolic.
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError, UnsupportedError
from symbolic.program import hooks

_NAME = re.compile(r"[^\W\d]\w*\Z")


def dim_symbol(name: str) -> sp.Symbol:
    """The positive integer symbol of the named dimension ``name``."""
    return sp.Symbol(name, integer=True, positive=True)


class Dim:
    """A symbolic extent such as ``n`` or ``2*n + 1``.

    >>> n = Dim("n")
    >>> n + 1, 2 * n, n == Dim("n")
    (n + 1, 2*n, True)
    """

    __slots__ = ("expr",)

    def __init__(self, expr: str | sp.Expr):
        if isinstance(expr, str):
            if not _NAME.match(expr):
                raise DeclarationError(f"a dimension is named by an identifier such as 'n' or a number; got {expr!r}")
            expr = dim_symbol(expr)
        self.expr = expr

    def __repr__(self) -> str:
        return str(self.expr)

    def __hash__(self) -> int:
        return hash(self.expr)

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, (Dim, int)):
            return bool(sp.expand(self.expr - extent(other)) == 0)
        return NotImplemented

    def __index__(self) -> int:
        raise UnsupportedError(
            f"the dimension {self} has no number yet, and NumPy needs one here: use symbolic.eye(n) for np.eye(n), "
            "symbolic.arange(n) for np.arange(n) and range(n), symbolic.ones/zeros(...) for np.ones/np.zeros, "
            "or declare the tensor with a fixed size such as tensor('x', 3)"
        )

    __int__ = __float__ = __index__

    def _combine(self, other: Any, operation) -> Any:
        if isinstance(other, (Dim, int)) and not isinstance(other, bool):
            return as_dim(sp.expand(operation(self.expr, extent(other))))
        return NotImplemented

    def __add__(self, other: Any) -> Any:
        result = self._combine(other, lambda a, b: a + b)
        return hooks.binary("add", self, other) if result is NotImplemented else result

    def __radd__(self, other: Any) -> Any:
        return hooks.binary("add", other, self) if not isinstance(other, int) else self + other

    def __sub__(self, other: Any) -> Any:
        result = self._combine(other, lambda a, b: a - b)
        return hooks.binary("subtract", self, other) if result is NotImplemented else result

    def __rsub__(self, other: Any) -> Any:
        result = self._combine(other, lambda a, b: b - a)
        return hooks.binary("subtract", other, self) if result is NotImplemented else result

    def __mul__(self, other: Any) -> Any:
        result = self._combine(other, lambda a, b: a * b)
        return hooks.binary("multiply", self, other) if result is NotImplemented else result

    def __rmul__(self, other: Any) -> Any:
        return hooks.binary("multiply", other, self) if not isinstance(other, int) else self * other

    def __neg__(self) -> Any:
        return as_dim(-self.expr)

    def __truediv__(self, other: Any) -> Any:
        return hooks.binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return hooks.binary("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return hooks.binary("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return hooks.binary("power", other, self)

    def __floordiv__(self, other: Any) -> Any:
        quotient = sp.cancel(self.expr / extent(other))
        if sp.denom(quotient) == 1:
            return as_dim(sp.expand(quotient))
        raise UnsupportedError(f"{self} // {other}: the quotient is not a whole number of the dimensions")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return hooks.array_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function, types, args, kwargs):
        return hooks.array_function(function, args, kwargs)


def extent(size: Any) -> sp.Expr:
    """The SymPy integer expression of a size given as int, ``Dim``, name or SymPy integer."""
    if isinstance(size, Dim):
        return size.expr
    if isinstance(size, sp.Expr):
        return size
    if isinstance(size, str):
        size = size.strip()
        return sp.Integer(int(size)) if size.isdigit() else Dim(size).expr
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise DeclarationError(f"a dimension is a name or a whole number; got {size!r}")
    number = size.__index__()
    if number < 0:
        raise DeclarationError(f"a dimension cannot be negative; got {number}")
    return sp.Integer(number)


def as_dim(expr: sp.Expr) -> int | Dim:
    """An extent as users see it: an int where it is a number, else a ``Dim``."""
    return int(expr) if expr.is_Integer else Dim(expr)


def parse_shape(shape: Any) -> tuple[sp.Expr, ...]:
    """Extents from ``"m n"``, ``"m, n"``, ``("m", 3)``, ``5`` or a ``Dim``; ``""`` and ``()`` are a scalar."""
    if isinstance(shape, str):
        shape = shape.replace(",", " ").split()
    elif isinstance(shape, (int, Dim)):
        shape = (shape,)
    return tuple(extent(size) for size in shape)


def shape_text(extents) -> str:
    """``(m, n)`` as text for messages and tables.

    >>> shape_text(parse_shape("m 3")), shape_text(parse_shape("n")), shape_text(())
    ('(m, 3)', '(n,)', '()')
    """
    inner = ", ".join(str(e) for e in extents)
    return f"({inner},)" if len(tuple(extents)) == 1 else f"({inner})"

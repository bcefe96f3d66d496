"""Entries: scalars such as ``w[i, j] * z[j]`` in index notation, before ``define`` makes a tensor of them.

An entry holds a SymPy expression over accesses in which index names stand for themselves; which axis a name runs over is
read off the accesses once the whole formula is known.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError, suggestion
from symbolic.language import pointwise as pw
from symbolic.language.operations import scalar
from symbolic.program.dims import Dim
from symbolic.program.expressions import Access
from symbolic.program.functions import Equal, Less, LessEqual
from symbolic.program.tensors import Tensor

_numbers = itertools.count(1)


class IndexName(sp.Dummy):
    """The symbol of an index that has a name and, for now, no axis."""

    __slots__ = ("size",)
    size: sp.Expr | None

    def __new__(cls, name: str, size: sp.Expr | None = None):
        symbol = sp.Dummy.__new__(cls, name, integer=True, nonnegative=True)
        symbol.size = size
        return symbol

    def _sympystr(self, printer) -> str:
        return self.name


class Entry:
    """One entry of a tensor in index notation: a number that depends on indices."""

    __slots__ = ("expr",)
    __array_priority__ = 1000

    def __init__(self, expr: sp.Expr):
        self.expr = expr

    def __repr__(self) -> str:
        return f"<Entry {self.expr}>"

    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Any:
        return combine("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return combine("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return combine("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return combine("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return combine("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return combine("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return combine("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return combine("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return combine("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return combine("power", other, self)

    def __neg__(self) -> Any:
        return combine("negative", self)

    def __abs__(self) -> Any:
        return combine("absolute", self)

    def __eq__(self, other: Any) -> Any:
        return Entry(Equal(self.expr, expression(other)))

    def __ne__(self, other: Any) -> Any:
        return Entry(1 - Equal(self.expr, expression(other)))

    def __lt__(self, other: Any) -> Any:
        return Entry(Less(self.expr, expression(other)))

    def __le__(self, other: Any) -> Any:
        return Entry(LessEqual(self.expr, expression(other)))

    def __gt__(self, other: Any) -> Any:
        return Entry(Less(expression(other), self.expr))

    def __ge__(self, other: Any) -> Any:
        return Entry(LessEqual(expression(other), self.expr))

    def __bool__(self) -> bool:
        raise UnsupportedError(f"the truth of the entry {self.expr} is not known; give conditions to where=")

    def __array_ufunc__(self, ufunc: Any, how: str, *inputs: Any, **options: Any) -> Any:
        if how != "__call__" or any(v is not None for v in options.values()):
            raise UnsupportedError(f"np.{ufunc.__name__}.{how} is not supported in index notation")
        return combine(ufunc.__name__, *inputs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        raise UnsupportedError(
            f"np.{function.__name__} works on whole tensors; in index notation write Sum[j](...), Max[j](...) and so on"
        )


def combine(name: str, *args: Any) -> Entry:
    """The entry of the pointwise function ``name`` of entries, numbers and scalar tensors."""
    table: dict[str, Callable[..., sp.Expr]] = (
        {**pw.UNARY, **pw.CONDITIONS} if len(args) == 1 else {**pw.BINARY, **pw.CONDITIONS}
    )
    if name not in table:
        raise UnsupportedError(f"the function {name} is not supported in index notation.{suggestion(name, table)}")
    return Entry(sp.sympify(table[name](*map(expression, args)), strict=True))


def expression(value: Any) -> sp.Expr:
    """The scalar expression of an entry, an index, a number, a dimension or a scalar tensor."""
    if isinstance(value, Entry):
        return value.expr
    if isinstance(value, Tensor):
        if value.ndim:
            raise ShapeError(
                f"index notation: {value.describe()} stands without indices among entries; write all of its "
                f"{value.ndim} indices"
            )
        return value.access()
    if isinstance(value, Dim):
        return value.expr
    return scalar(value)


def is_entry_key(key: Any) -> bool:
    """True if a tensor is indexed in index notation."""
    return any(isinstance(k, Entry) for k in (key if isinstance(key, tuple) else (key,)))


def entry_of(t: Tensor, key: Any) -> Entry:
    """``t[i, j]`` as an entry."""
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) != t.ndim:
        raise ShapeError(f"index notation: {t.describe()} has {t.ndim} axes, {len(keys)} indices were given")
    for k in keys:
        if isinstance(k, slice) or k is None or k is Ellipsis:
            raise UnsupportedError(
                f"index notation: {t.describe()} is indexed by names on some axes and by {k} on others"
            )
        if isinstance(k, Tensor) and k.dtype != "int":
            raise UnsupportedError(
                f"index notation: {t.describe()} is indexed by {k.describe()}, which is not of integers"
            )
    return Entry(t.access(*map(expression, keys)))


def reads(expr: sp.Basic) -> list[Access]:
    """The accesses of an expression, in a stable order."""
    return sorted(expr.atoms(Access), key=lambda a: (a.tensor.serial, str(a.indices)))

"""What a scalar body is made of besides SymPy's own functions: indices, accesses, guards and nested reductions.

Everything here is a SymPy object, so relabelling is ``xreplace`` and every scalar fact (derivative, simplification,
printing) is SymPy's. Indices are objects with identity: two indices called ``i`` never meet, so nothing is captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from symbolic.program.tensors import Tensor


class Index(sp.Dummy):
    """An index variable running over 0 … extent − 1; private to the equation that introduces it."""

    __slots__ = ("extent",)
    extent: sp.Expr

    def __new__(cls, name: str, extent: sp.Expr | int):
        index = sp.Dummy.__new__(cls, name, integer=True, nonnegative=True)
        index.extent = sp.sympify(extent, strict=True)
        return index

    def fresh(self) -> Index:
        """Another index with the same name and extent."""
        return Index(self.name, self.extent)

    def _sympystr(self, printer) -> str:
        return self.name


class Handle(sp.Atom):
    """A tensor as an atom inside SymPy expressions; equal only to itself."""

    __slots__ = ("known", "positions", "tensor")
    tensor: Tensor
    positions: frozenset  # extents of axes along which the entries of an integer tensor are positions

    def __new__(cls, tensor: Tensor):
        handle = sp.Atom.__new__(cls)
        handle.tensor = tensor
        handle.known, handle.positions = None, frozenset()
        return handle

    def _hashable_content(self):
        return (self.tensor.serial,)

    @classmethod
    def class_key(cls):
        return 2, 0, cls.__name__

    def sort_key(self, order=None):
        return self.class_key(), (1, (str(self.tensor.serial).zfill(12),)), sp.S.One.sort_key(), sp.S.One

    def _sympystr(self, printer) -> str:
        return self.tensor.label


class Access(sp.Expr):
    """``tensor[indices]``: the one way in which a body reads a tensor. Index expressions are rational-affine in indices
    and in accesses to integer tensors, or ``Quotient``/``Remainder`` of a merged axis."""

    is_commutative = True
    is_extended_real = True
    is_finite = True

    def __new__(cls, tensor: Tensor | Handle, *indices):
        handle = tensor if isinstance(tensor, Handle) else tensor.handle
        access = sp.Expr.__new__(cls, handle, *indices)
        # What SymPy has worked out of one entry's sign and kind holds of every entry.
        if handle.known is None:
            handle.known = access._assumptions.copy()
        access._assumptions = handle.known
        return access

    @property
    def tensor(self) -> Tensor:
        """The tensor that is read."""
        return self.args[0].tensor  # type: ignore[attr-defined]

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        """One index expression per axis."""
        return self.args[1:]  # type: ignore[return-value]

    def _eval_is_positive(self):
        return True if "positive" in self.tensor.assume else None

    def _eval_is_nonnegative(self):
        return True if self.tensor.assume & {"positive", "unit_interval", "binary", "one_hot", "probability"} else None

    def _eval_is_zero(self):
        return False if self.tensor.assume & {"positive", "nonzero", "sign"} else None

    def _eval_is_integer(self):
        return True if self.tensor.dtype != "real" or self.tensor.assume & {"integer", "binary"} else None

    def _eval_derivative(self, s):
        return sp.S.One if s == self else sp.S.Zero

    def _sympystr(self, printer) -> str:
        inner = ", ".join(printer.doprint(i) for i in self.indices)
        return f"{self.tensor.label}[{inner}]" if inner else self.tensor.label


def renamed(e: sp.Expr, mapping: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """``e.xreplace(mapping)``, faster: a function that only reads other entries or tensors keeps its form.

    SymPy would evaluate it again, and search its argument for signs and known values, at milliseconds each.

    >>> i, j = Index("i", 3), Index("j", 3)
    >>> renamed(sp.cos(i) + i, {i: sp.S.Zero})
    1
    """
    return _renamed(e, mapping)[0]


_SAME, _READS, _CHANGED = range(3)
_ORDINARY = (sp.Function.__new__, sp.exp.__new__)  # not those of functions that order or sift their arguments


def _renamed(e: Any, mapping: Mapping[sp.Expr, sp.Expr]) -> tuple[Any, int]:
    """An expression renamed, and what became of it: nothing, only its reads, or more."""
    if e in mapping:
        return mapping[e], _CHANGED
    parts = [_renamed(arg, mapping) for arg in e.args]
    change = max((kind for _, kind in parts), default=_SAME)
    if change == _SAME:
        return e, _SAME
    args = [arg for arg, _ in parts]
    if isinstance(e, Access):
        return e.func(*args), _READS
    if change == _READS and isinstance(e, sp.Function) and type(e).__new__ in _ORDINARY:
        return e.func(*args, evaluate=False), _READS
    return e.func(*args), change


def _ranges_within(index: sp.Expr, size: sp.Expr) -> bool:
    return isinstance(index, Index) and sp.expand(size - index.extent).is_nonnegative is True


class Quotient(sp.Function):
    """``Quotient(e, n)``: e // n, the outer part of a merged axis.

    >>> q, r = Index("q", 4), Index("r", 3)
    >>> Quotient(3 * q + r, 3) == q, Quotient(r, 3)
    (True, 0)
    """

    nargs = 2

    @classmethod
    def eval(cls, e, n):
        outer, inner = _split_multiple(e, n)
        if inner is sp.S.Zero or _ranges_within(inner, n):
            return outer
        return e // n if e.is_Integer and n.is_Integer else None

    def _eval_is_integer(self):
        return True

    def _eval_is_nonnegative(self):
        return True


class Remainder(sp.Function):
    """``Remainder(e, n)``: e mod n, the inner part of a merged axis."""

    nargs = 2

    @classmethod
    def eval(cls, e, n):
        _, inner = _split_multiple(e, n)
        if inner is sp.S.Zero or _ranges_within(inner, n):
            return inner
        return e % n if e.is_Integer and n.is_Integer else None

    def _eval_is_integer(self):
        return True

    def _eval_is_nonnegative(self):
        return True


def rejoined(e: sp.Expr) -> sp.Expr:
    """An index expression with the parts of a merged axis put together again: n·(a // n) + a mod n = a."""
    if not e.is_Add or not e.has(Remainder):
        return e
    for inner in e.args:
        if not isinstance(inner, Remainder):
            continue
        a, n = inner.args
        outer = Quotient(a, n)
        if isinstance(outer, Quotient) and e.coeff(outer) == n:
            return rejoined(sp.expand(e - inner - n * outer + a))
        if isinstance(a, Quotient):  # n·(b // mn) + (b // m) mod n = b // m
            merged = Quotient(a.args[0], sp.expand(a.args[1] * n))
            if isinstance(merged, Quotient) and e.coeff(merged) == n:
                return rejoined(sp.expand(e - inner - n * merged + a))
    return e


def _split_multiple(e: sp.Expr, n: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``e = n·outer + inner`` by the terms of e that n divides."""
    outer, inner = sp.S.Zero, sp.S.Zero
    for term in sp.Add.make_args(sp.expand(e)):
        quotient = term / n
        if quotient.is_Integer or (not quotient.is_number and sp.denom(quotient) == 1):
            outer += quotient
        else:
            inner += term
    return outer, inner


class Guard(sp.Basic):
    """A condition under which a point of a comprehension takes part; elsewhere nothing is read."""


class Zero(Guard):
    """The guard ``e = 0``."""

    def __new__(cls, e):
        return sp.Basic.__new__(cls, sp.expand(e))

    def _sympystr(self, printer) -> str:
        return f"{printer.doprint(self.args[0])} = 0"


class Within(Guard):
    """The guard ``e is integral and 0 ≤ e < size``."""

    def __new__(cls, e, size):
        return sp.Basic.__new__(cls, sp.expand(e), sp.sympify(size, strict=True))

    def _sympystr(self, printer) -> str:
        return f"0 ≤ {printer.doprint(self.args[0])} < {printer.doprint(self.args[1])}"


class Reduction(sp.Expr):
    """A reduction nested inside an expression: REDUCE over ``bound`` of ``body`` where ``guards`` hold.

    Programs are flat (one reduction per equation); closed forms, where definitions have been substituted into each
    other, need it nested. ``kind`` is a key of ``REDUCTIONS``. A guard that a substitution decides is gone, and with it
    a sum's terms that it shuts out.

    >>> i, x = Index("i", 3), sp.Symbol("x")
    >>> guarded = Reduction("sum", x, guards=[Zero(i - 1)])
    >>> guarded.xreplace({i: sp.Integer(1)}), guarded.xreplace({i: sp.Integer(2)})
    (x, 0)
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, kind, body, bound=(), guards=()):
        kind = kind if isinstance(kind, sp.Symbol) else sp.Symbol(kind)
        live = [g for g in guards if g.args[0] is not sp.S.Zero or not isinstance(g, Zero)]
        if kind.name == "sum" and len(live) < len(guards) and not live and not bound:
            return body
        if kind.name == "sum" and any(isinstance(g, Zero) and g.args[0].is_number for g in live):
            return sp.S.Zero
        guards = live
        return sp.Expr.__new__(cls, kind, body, sp.Tuple(*bound), sp.Tuple(*guards))

    kind = property(lambda self: self.args[0].name)
    body = property(lambda self: self.args[1])
    bound = property(lambda self: tuple(self.args[2]))
    guards = property(lambda self: tuple(self.args[3]))

    def _eval_is_positive(self):
        # An empty set of points sums to zero, so guards spoil positivity.
        if self.kind == "sum" and not self.guards:
            return self.body.is_positive
        return None

    def _eval_is_nonnegative(self):
        return self.body.is_nonnegative if self.kind in ("sum", "prod", "max", "min") else None

    def renamed(self) -> Reduction:
        """The same reduction over fresh bound indices, for use beside itself."""
        fresh = {index: index.fresh() for index in self.bound}
        return self.func(*(arg.xreplace(fresh) for arg in self.args)) if fresh else self

    def _sympystr(self, printer) -> str:
        over = ", ".join(i.name for i in self.bound)
        where = "".join(f", {printer.doprint(g)}" for g in self.guards)
        return f"{self.kind}[{over}{where}]({printer.doprint(self.body)})"

"""Closed forms: the value of a tensor as one expression.

A program is a list of equations; a closed form substitutes definitions into each other, with sums nested as
``Reduction``. Substitution stops at boundaries: declared tensors, named tensors, well-known functions (``Tensor.call``)
and primitives. It renames every bound index that it copies, so nothing is captured whatever indices a user shares
between equations.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

LARGEST = 20_000  # nodes of an expression; beyond it nothing is proved or read by a person
DEEPEST = 60  # definitions substituted into each other; SymPy recurses through what results

_MOST_KNOWN = 1024


class TooLargeError(ChainruleError):
    """An expression beyond what is normalised; callers fall back on the program itself."""


@dataclass(frozen=True)
class Closed:
    """``out[indices] = expr``: an expression over accesses, numbers, dimensions, functions and ``Reduction``.

    ``conditions`` are those under which rewriting that led here preserves the value, ``rules`` the names of the rules
    that were used; they take no part in equality.
    """

    indices: tuple[Index, ...]
    expr: sp.Expr
    conditions: tuple[Condition, ...] = field(default=(), compare=False)
    rules: tuple[str, ...] = field(default=(), compare=False)

    @property
    def extents(self) -> tuple[sp.Expr, ...]:
        """The shape."""
        return tuple(i.extent for i in self.indices)

    def at(self, indices) -> sp.Expr:
        """The expression at other indices, its bound indices fresh."""
        return refreshed(self.expr, dict(zip(self.indices, indices, strict=True)))

    def __str__(self) -> str:
        return f"[{', '.join(i.name for i in self.indices)}] = {self.expr}"


@dataclass(frozen=True)
class Condition:
    """What must hold for a step or a result: ``expr`` is ``relation`` ("> 0", "≠ 0", …), or a convention in words."""

    relation: str
    expr: sp.Expr | None = None
    subject: Tensor | None = None

    def __str__(self) -> str:
        what = self.expr if self.expr is not None else self.subject.label if self.subject is not None else ""
        return f"{what} {self.relation}".strip()


# Closed forms by the serials of the tensors that were opened, the asked one last: definitions never change.
_known: OrderedDict[tuple[int, ...], Closed] = OrderedDict()


def is_boundary(t: Tensor) -> bool:
    """True for what a reader knows by name: declared, named, a well-known function, or a primitive."""
    return is_opaque(t) or t.name is not None or t.call is not None


def is_opaque(t: Tensor) -> bool:
    """True for what has no equation to substitute: declared tensors, primitives, and positions found by a search."""
    definition = t.definition
    if definition is None or isinstance(definition, Application):
        return True
    return t.dtype == "int" and not definition.is_pointwise


def scalar_form(eq: Equation) -> sp.Expr:
    """The right-hand side of an equation as one expression."""
    if eq.is_pointwise:
        return eq.body
    return Reduction(eq.reduce, eq.body, eq.bound, eq.guards)


def closed_form(t: Tensor, stop: Callable[[Tensor], bool] | None = None, largest: int = LARGEST) -> Closed:
    """The value of ``t`` as one expression; definitions are substituted up to tensors for which ``stop`` holds.

    ``stop`` defaults to ``is_boundary``; ``is_opaque`` substitutes everything. ``t`` itself is always opened. Raises
    ``TooLargeError`` where the expression would have more than ``largest`` terms or be too deep.

    >>> import symbolic as s
    >>> W = s.tensor("W", "m n")
    >>> print(closed_form(2 * W.sum(axis=1)))
    [i] = 2*sum[j](W[i, j])
    """
    stop = stop or is_boundary
    if is_opaque(t):
        indices = t.fresh_indices()
        return Closed(indices, t.access(*indices))
    kept: dict[Tensor, bool] = {}

    def closes(u: Tensor) -> bool:
        found = kept.get(u)
        if found is None:
            found = kept[u] = is_opaque(u) or (u is not t and stop(u))
        return found

    opened = [u for u in topological([t], stop=closes) if not closes(u)]
    _require_short(opened, largest)
    key = tuple(u.serial for u in opened)
    known = _known.get(key)
    if known is None:
        known = _known[key] = Closed(t.definition.indices, _Writing(opened).body(t.definition))
        if len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    else:
        _known.move_to_end(key)
    return known


def nearest_form(t: Tensor) -> Closed:
    """``closed_form(t)`` or, where that is too large to read, the definition through the tensors next to it."""
    try:
        return closed_form(t)
    except TooLargeError:
        return Closed(t.definition.indices, scalar_form(t.definition))


def _require_short(opened: list[Tensor], largest: int) -> None:
    """``TooLargeError`` if definitions, operands first, would grow too large or too deep when written into each other."""
    sizes: dict[Tensor, tuple[int, int]] = {}
    for u in opened:
        size, depth = 1 + len(u.definition.accesses), 1
        for access in u.definition.accesses:
            inner = sizes.get(access.tensor)
            if inner is None:
                continue
            size, depth = size + inner[0], max(depth, inner[1] + 1)
            if size > largest or depth > DEEPEST:
                raise TooLargeError(
                    f"the closed form of {access.tensor.describe()} has more than {largest} terms or {DEEPEST} nested "
                    "definitions; name intermediate tensors to keep it readable"
                )
        sizes[u] = size, depth


class _Writing:
    """Definitions written into each other from the outside in, so that each part of the result is built once."""

    def __init__(self, opened: list[Tensor]):
        self.opened = set(opened)
        self.written: dict[Access, sp.Expr] = {}

    def body(self, eq: Equation, mapping: dict[sp.Expr, sp.Expr] | None = None) -> sp.Expr:
        """The right side of an equation, its indices mapped, with the tensors that are open written out."""
        form = scalar_form(eq)
        if mapping:
            form = form.xreplace(mapping)
        inner: dict[Access, sp.Expr] = {}
        # An index may itself be read, as in z[p, t[p]]: inner accesses first.
        for access in sorted(form.atoms(Access), key=_inner_first):
            if access.tensor in self.opened:
                inner[access] = self.at(access.func(access.args[0], *(i.xreplace(inner) for i in access.indices)))
        return form.xreplace(inner) if inner else form

    def at(self, access: Access) -> sp.Expr:
        """What an open tensor holds at the indices of an access."""
        found = self.written.get(access)
        if found is None:
            eq = access.tensor.definition
            fresh = {index: index.fresh() for index in eq.bound}
            mapping = {**dict(zip(eq.indices, access.indices, strict=True)), **fresh}
            found = self.written[access] = self.body(eq, mapping)
        return found


def _inner_first(access: Access) -> tuple[int, int, str]:
    """By how many accesses stand in the indices of an access, then in an order that is the same in every run."""
    return len(access.atoms(Access)), access.tensor.serial, str(access.indices)


def bound_indices(expr: sp.Expr) -> list[Index]:
    """All indices bound by reductions inside an expression."""
    return [index for r in expr.atoms(Reduction) for index in r.bound]


def refreshed(expr: sp.Expr, mapping: dict | None = None) -> sp.Expr:
    """The expression with free indices mapped and all bound indices fresh."""
    return expr.xreplace({**(mapping or {}), **{index: index.fresh() for index in bound_indices(expr)}})

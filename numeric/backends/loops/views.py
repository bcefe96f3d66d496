"""Reading an array under another shape: merged axes are one axis of a view, not quotients and remainders in a loop.

    t[.., e // n, e mod n, ..]   is   view[.., e, ..]   where view merges the two axes

Fusion writes reshapes into their readers; here they come out again as views, which cost nothing, and what reads them is
a plain matrix product again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Quotient, Remainder
from symbolic.program.tensors import Tensor, computed


def with_views(program: Program) -> tuple[Program, frozenset[int]]:
    """The program with merged axes read through views, and the serials of these views."""
    views: dict[tuple, Tensor] = {}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.guards or any(a.atoms(Access) - {a} for a in eq.accesses):
            return new
        mapping = {a: view for a in eq.accesses if (view := _through_view(a, views)) is not None}
        if not mapping:
            return new
        return redefined(new, Equation(eq.indices, eq.body.xreplace(mapping), eq.bound, eq.reduce))

    result = rewritten(program, rule)
    return result, frozenset(t.serial for t in views.values())


def _through_view(access: Access, views: dict[tuple, Tensor]) -> Access | None:
    """The same entry of a view with fewer axes, if some axes are the parts of one index."""
    indices, groups = list(access.indices), [[e] for e in access.tensor.extents]
    place = len(indices) - 1
    while place > 0:
        size = sp.Mul(*groups[place])
        whole = _joined(indices[place - 1], indices[place], sp.Mul(*groups[place - 1]), size)
        if whole is not None:
            indices[place - 1 : place + 1] = [whole]
            groups[place - 1 : place + 1] = [groups[place - 1] + groups[place]]
        place = min(place - 1, len(indices) - 1)
    if len(indices) == access.tensor.ndim:
        return None
    key = (access.tensor.serial, tuple(len(g) for g in groups))
    if key not in views:
        views[key] = _view(access.tensor, groups)
    return views[key].access(*indices)


def _joined(outer: sp.Expr, inner: sp.Expr, m: sp.Expr, n: sp.Expr) -> sp.Expr | None:
    """e if (outer, inner) are (e // n, e mod n), and e mod mn if they are ((e // n) mod m, e mod n)."""
    if not isinstance(inner, Remainder) or inner.args[1] != n:
        return None
    e = inner.args[0]
    whole = _flat(Quotient(e, n))
    if _flat(outer) == whole:
        return e
    if isinstance(outer, Remainder) and outer.args[1] == m and _flat(outer.args[0]) == whole:
        return Remainder(e, sp.expand(m * n))
    return None


def _flat(e: sp.Expr) -> sp.Expr:
    """(e // a) // b as e // ab."""
    if isinstance(e, Quotient) and isinstance(e.args[0], Quotient):
        inner = e.args[0]
        return _flat(Quotient(inner.args[0], sp.expand(inner.args[1] * e.args[1])))
    return e


def _view(t: Tensor, groups: Sequence[Sequence[sp.Expr]]) -> Tensor:
    indices = tuple(Index("i", sp.Mul(*g)) for g in groups)
    read: list[sp.Expr] = []
    for i, group in zip(indices, groups, strict=True):
        parts: list[sp.Expr] = []
        rest: sp.Expr = i
        for size in reversed(group[1:]):
            parts.append(Remainder(rest, size))
            rest = Quotient(rest, size)
        read += [rest, *reversed(parts)]
    return computed(Equation(indices, t.access(*read)), t.dtype)

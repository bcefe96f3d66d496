"""A scalar expression over accesses and indices as one broadcasting array expression, and guards as masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from numeric.lowering.access import read
from numeric.lowering.building import Builder
from numeric.lowering.elementary import Elementary
from numeric.lowering.program import Labelled
from symbolic.program.expressions import Access, Guard, Index, Within


def pointwise(
    b: Builder, body: sp.Expr, dtype: str, order: Sequence[Index] | None = None, guarded: bool = False
) -> Labelled:
    """``body`` as an array over the indices that it mentions, in the order of ``order``.

    A body that is a single access or index is that array itself, a view where it can be.
    """
    leaves = outermost(body)
    if b.elementary and dtype == "real" and not guarded and leaves and leaves != [body] and body.has(Index):
        inner = tuple(
            dict.fromkeys([*(order or ()), *sorted(body.atoms(Index), key=lambda i: (i.name, i.dummy_index))])
        )
        return Elementary(
            b,
            lambda e: _leaf(b, e, False),
            lambda e: _whole(b, e, "real", inner, False),
            lambda e: _whole(b, e, "bool", inner, False),
            inner,
        )(body)
    return _whole(b, body, dtype, order, guarded)


def _whole(b: Builder, body: sp.Expr, dtype: str, order: Sequence[Index] | None, guarded: bool) -> Labelled:
    leaves = outermost(body)
    parts = [_leaf(b, leaf, guarded) for leaf in leaves]
    order = _order(parts, order)
    present = tuple(i for i in order if any(i in part.indices for part in parts))
    if leaves == [body]:
        found = b.transposed(parts[0], present)
        return Labelled(b.cast(found.value, dtype), present)
    arrays = [b.aligned(part, present) for part in parts]
    extents = [i.extent for i in present]
    value = b.emit("pointwise", arrays, extents, dtype, body=body, leaves=tuple(leaves), kind=dtype)
    return Labelled(value, present)


def _order(parts: Iterable[Labelled], order: Sequence[Index] | None) -> tuple[Index, ...]:
    found = dict.fromkeys(i for part in parts for i in part.indices)
    return tuple(dict.fromkeys([*(order or ()), *found]))


def outermost(body: sp.Expr) -> list[sp.Expr]:
    """The accesses and indices of a body that stand inside no other access, in a fixed order."""
    found: dict[sp.Expr, None] = {}
    stack = [body]
    while stack:
        e = stack.pop()
        if isinstance(e, (Access, Index)):
            found[e] = None
        else:
            stack.extend(reversed(e.args))
    return list(found)


def _leaf(b: Builder, leaf: sp.Expr, guarded: bool) -> Labelled:
    if isinstance(leaf, Index):
        return Labelled(b.emit("arange", (), (leaf.extent,), "int", size=leaf.extent), (leaf,))
    return read(b, leaf, guarded, pointwise)


def mask(b: Builder, guards: Iterable[Guard], order: Sequence[Index] | None = None) -> Labelled:
    """The truth of all guards, as an array over the indices that they mention."""
    return pointwise(b, Conjunction(*map(condition, guards)), "bool", order, guarded=True)


def condition(guard: Guard) -> sp.Expr:
    """A guard as a scalar expression of truth value, on whole numbers only."""
    e = guard.args[0]
    terms = [term.as_coeff_Mul()[0] for term in sp.Add.make_args(e)]
    scale = sp.ilcm(1, 1, *(c.q for c in terms if c.is_Rational))
    e = sp.expand(e * scale)
    if isinstance(guard, Within):
        return InRange(e, guard.args[1], sp.Integer(scale))
    return IsZero(e)


class _Truth(sp.Function):
    """Base of the truth values of guards."""


class InRange(_Truth):
    """``InRange(e, size, scale)``: e/scale is whole and 0 ≤ e/scale < size."""

    nargs = 3


class IsZero(_Truth):
    """``IsZero(e)``: e = 0."""

    nargs = 1


class Conjunction(_Truth):
    """All of its arguments hold."""

    def __new__(cls, *args):
        return args[0] if len(args) == 1 else super().__new__(cls, *args)

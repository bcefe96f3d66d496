"""Outputs that guards leave zero almost everywhere: compute what is there, and write it to its place.

A guard that ties an output index to something else (``i = j`` on a diagonal, ``t = tok[p]`` in a scatter, ``0 ≤ i − a < n``
in a padding) is solved for that index. What remains is a smaller core, and for every axis of the output the position at
which the core is written: a slice, a diagonal, or an integer array. Where several points of the core meet, they add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from numeric.lowering.access import affine
from numeric.lowering.building import Builder
from numeric.lowering.pointwise import pointwise
from numeric.lowering.program import Labelled, Value
from symbolic.program.equations import Equation, always_within, solve
from symbolic.program.expressions import Access, Guard, Index, Within, Zero


@dataclass(frozen=True)
class Region:
    """``out[positions] += core`` on zeros; ``extents`` are those of the whole output."""

    core: Equation
    positions: tuple[sp.Expr, ...]
    extents: tuple[sp.Expr, ...]
    unique: bool
    """No two points of the core meet."""


def region(eq: Equation) -> Region | None:
    """The region that the guards of a sum leave, or None if it is the whole output."""
    free, positions = list(eq.indices), {i: i for i in eq.indices}
    body, live, pending = eq.body, [], list(eq.guards)
    while pending:
        guard = pending.pop(0)
        if isinstance(guard, Within) and always_within(*guard.args):
            continue
        if _never(guard):
            return Region(Equation(eq.indices, sp.S.Zero), eq.indices, tuple(i.extent for i in eq.indices), unique=True)
        found = _solved(guard, free)
        if found is None:
            live.append(guard)
            continue
        mapping, extra, new = found
        body = body.xreplace(mapping)
        positions = {i: sp.expand(e.xreplace(mapping)) for i, e in positions.items()}
        pending = [_replaced(g, mapping) for g in pending + live] + extra
        live = []
        free = [i for i in free if i not in mapping] + new
    if all(i == e for i, e in positions.items()):
        return None
    places = tuple(positions[i] for i in eq.indices)
    mentioned = {i for e in places for i in e.atoms(Index)}
    kept = [k for k in eq.bound if k in mentioned]
    core = Equation(
        (*free, *kept), body, tuple(k for k in eq.bound if k not in kept), "sum", tuple(dict.fromkeys(live))
    )
    return Region(core, places, tuple(i.extent for i in eq.indices), unique=not kept and not live)


def _never(guard: Guard) -> bool:
    """Whether a guard without indices fails; one that holds is ``always_within`` or 0 = 0."""
    if isinstance(guard, Zero):
        return guard.args[0].is_Number and guard.args[0] != 0
    return all(a.is_Number for a in guard.args)


def _replaced(guard: Guard, mapping: dict) -> Guard:
    return guard.func(*(a.xreplace(mapping) for a in guard.args))


def _solved(guard: Guard, free: list[Index]) -> tuple[dict, list[Guard], list[Index]] | None:
    """A guard as a substitution for output indices, with the guards and indices that it brings."""
    if isinstance(guard, Zero):
        solved = solve(guard.args[0], free)
        return None if solved is None else (*solved, [])
    e, size = guard.args
    found = sorted(e.atoms(Index), key=str)
    if len(found) != 1 or found[0] not in free or e.has(Access):
        return None
    (i,) = found
    c = e.coeff(i, 1)
    d = sp.expand(e - c * i)
    if d.has(Index) or not c.is_number:
        return None
    if c in (1, -1):
        return _interval(i, int(c), d, size)
    if not (1 / c).is_Integer:
        return None
    u = Index(i.name, size)
    value = sp.expand((u - d) / c)
    terms = affine(value)
    if terms is None or not always_within(value, i.extent):
        return None
    return {i: value}, [], [u]


def _interval(i: Index, c: int, d: sp.Expr, size: sp.Expr) -> tuple[dict, list[Guard], list[Index]] | None:
    """``0 ≤ c·i + d < size`` for c = ±1 as the interval of i, where the order of its ends can be decided."""
    low, high = (-d, size - d) if c == 1 else (d - size + 1, d + 1)
    low, high = _larger(low, sp.S.Zero), _larger(-sp.expand(high), -i.extent)
    if low is None or high is None:
        return None
    count = sp.expand(-high - low)
    if count.is_nonnegative is not True:
        return None
    u = Index(i.name, count)
    return {i: u + low}, [], [u]


def _larger(a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
    difference = sp.expand(a - b)
    if difference.is_nonnegative:
        return a
    return b if difference.is_nonpositive else None


def placed(b: Builder, where: Region, core: Labelled, dtype: str) -> Value:
    """The whole output: zeros, with the core written to its place."""
    core = Labelled(b.cast(core.value, dtype), core.indices)
    if is_view(where):
        return _strided(b, where, core, [affine(e) for e in where.positions], dtype)
    return _scattered(b, where, core, dtype)


def is_view(where: Region) -> bool:
    """Whether the places are slices and diagonals, which a view of the output shows."""
    affines = [affine(e) for e in where.positions]
    return where.unique and all(terms is not None and len(terms[1]) <= 1 for terms in affines)


def incremented(b: Builder, base: Value, where: Region, core: Labelled) -> Value:
    """``base`` with the core added at its places, which are a view."""
    core = Labelled(b.cast(core.value, "real"), core.indices)
    return _strided(b, where, core, [affine(e) for e in where.positions], "real", base)


def _strided(
    b: Builder, where: Region, core: Labelled, affines: Sequence, dtype: str, base: Value | None = None
) -> Value:
    """Slices and diagonals: the core is assigned to a view of zeros, or added to one of ``base``."""
    key, labels = [], []
    for (offset, steps), size in zip(affines, where.extents, strict=True):
        if not steps:
            key.append(("at", offset))
            continue
        ((index, step),) = steps
        labels.append(index)
        whole = (offset, step) == (0, 1) and index.extent == size
        key.append(("all",) if whole else ("slice", offset, index.extent, step))
    distinct = list(dict.fromkeys(labels))
    axes = tuple(distinct.index(i) for i in labels) if len(distinct) < len(labels) else ()
    value = b.aligned(core, distinct)
    if base is not None:
        return b.emit("increment", (base, value), where.extents, dtype, key=tuple(key), axes=axes)
    return b.emit("place", (value,), where.extents, dtype, key=tuple(key), axes=axes, shape=where.extents)


def _scattered(b: Builder, where: Region, core: Labelled, dtype: str) -> Value:
    """Integer arrays: the core is added at (or, if no two points meet, assigned to) its positions."""
    rest = _untouched(where)
    axes = [a for a in range(len(where.extents)) if a not in rest]
    grids = []
    for a in axes:
        grid = pointwise(b, where.positions[a], "int", guarded=not where.unique)
        if where.core.guards:
            value = b.emit("clip", (grid.value,), grid.value.extents, "int", size=where.extents[a])
            grid = Labelled(value, grid.indices)
        grids.append(grid)
    trailing = [where.positions[a] for a in rest]
    leading = [i for i in where.core.indices if i not in trailing]
    full = b.spread(core, (*leading, *trailing))
    indices = [b.aligned(grid, leading) for grid in grids]
    order = (*axes, *rest)
    extents = tuple(where.extents[a] for a in order)
    value = b.emit("scatter", (full, *indices), extents, dtype, add=not where.unique, shape=extents)
    back = tuple(order.index(a) for a in range(len(order)))
    return b.transposed(Labelled(value, order), back and tuple(range(len(order)))).value  # type: ignore[arg-type]


def _untouched(where: Region) -> list[int]:
    """The axes along which the core is written whole."""
    whole = []
    for a, e in enumerate(where.positions):
        others = {i for c, f in enumerate(where.positions) if c != a for i in f.atoms(Index)}
        if isinstance(e, Index) and e.extent == where.extents[a] and e not in others:
            whole.append(a)
    return whole

"""Sums in the order in which they are read.

    g[i, j] = Σ_p x[p, i] d[p, j],   W'[i, j] = W[i, j] − η g[j, i]     the sum is stored as     g[j, i]

A product of matrices can be written in either order for the same price; what reads it across its rows pays for each entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numeric.lowering.program import Program
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor


def turned(program: Program) -> dict[int, tuple[int, ...]]:
    """The orders of axes, by serial, for sums (and what rearranges them) that all readers read in one other order."""
    kept = {t.serial for t in program.results}
    readers: dict[int, list[Tensor]] = {}
    for t in program.steps:
        for u in t.operands:
            readers.setdefault(u.serial, []).append(t)
    orders: dict[int, tuple[int, ...]] = {}
    for t in reversed(program.steps):
        eq = t.definition
        if t.serial in kept or not isinstance(eq, Equation) or len(eq.indices) < 2:
            continue
        if not (eq.reduce == "sum" and eq.bound and len(eq.accesses) > 1) and not isinstance(eq.body, Access):
            continue
        found = {_order(t, reader, orders) for reader in readers.get(t.serial, ())}
        if len(found) == 1 and None not in found and (order := found.pop()) != tuple(range(t.ndim)):
            orders[t.serial] = order
    return orders


def _order(t: Tensor, reader: Tensor, orders: Mapping[int, Sequence[int]]) -> tuple[int, ...] | None:
    """The axes of ``t`` in the order in which the reader's loops run along them; None where these are not all its own."""
    eq = reader.definition
    if isinstance(eq, Application) or not isinstance(eq, Equation) or eq.bound or eq.guards or eq.reduce != "sum":
        return None
    own = [eq.indices[axis] for axis in orders.get(reader.serial, range(len(eq.indices)))]
    found = set()
    for access in eq.accesses:
        if access.tensor is not t:
            continue
        along = [e.atoms(Index) for e in access.indices]
        if access.atoms(Access) - {access} or any(len(some) != 1 or not some <= set(own) for some in along):
            return None
        found.add(tuple(sorted(range(t.ndim), key=lambda axis: own.index(next(iter(along[axis]))))))
    return found.pop() if len(found) == 1 else None

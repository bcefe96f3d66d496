"""One equation as array operations.

    out[i] = REDUCE over k of body, where guards hold

The steps are on this screen: drop extents of 1, split merged axes, choose where the output is written (everywhere, or in
the region or at the places that the guards leave), and reduce what is left: sums of products by contraction, everything
else point by point and then along axes.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import sympy as sp

from numeric.lowering.access import split_merged
from numeric.lowering.building import Builder, entries
from numeric.lowering.contraction import contract, factors, gram
from numeric.lowering.pointwise import mask, pointwise
from numeric.lowering.program import Labelled, Value
from numeric.lowering.regions import incremented, is_view, placed, region
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Guard, Index, Within, Zero, renamed
from symbolic.program.reductions import REDUCTIONS
from symbolic.program.tensors import Tensor

FEW = 16  # Entries among which the winner is found by comparing them one by one, whole arrays at a time.


def compute(b: Builder, eq: Equation, dtype: str) -> Value:
    """The array that an equation defines."""
    extents = tuple(i.extent for i in eq.indices)
    eq = _split(_without_ones(eq))
    where = region(eq) if eq.reduce == "sum" else None
    if where is not None:
        value = placed(b, where, reduced(b, where.core, dtype), dtype)
    else:
        value = b.spread(reduced(b, eq, dtype), eq.indices)
    return b.reshaped(b.cast(value, dtype), extents)


def compute_onto(b: Builder, eq: Equation, dtype: str, deltas: Sequence[Access]) -> Value:
    """A sum some of whose terms are deltas: the rest first, then each core added on its diagonal."""
    rest = Equation(eq.indices, sp.Add(eq.body, *(-a for a in deltas)))
    value = compute(b, rest, dtype)
    for access in deltas:
        where = region(access.tensor.definition)
        value = incremented(b, value, where, reduced(b, where.core, dtype))
    return value


def absorbed(eq: Equation, single: Container[int]) -> list[Access]:
    """The terms of a sum that are deltas which nothing else reads, if the rest fills the whole array anyway."""
    if not eq.is_pointwise or not eq.body.is_Add or any(i.extent == 1 for i in eq.indices):
        return []
    found = [
        a for a in eq.body.args
        if isinstance(a, Access) and a.indices == eq.indices and a.tensor.serial in single and _diagonal(a.tensor)
    ]  # fmt: skip
    rest = sp.Add(eq.body, *(-a for a in found))
    full = all(rest.has(i) for i in eq.indices) and not isinstance(rest, Access) and bool(rest.atoms(Access))
    return found if full else []


def _diagonal(t: Tensor) -> bool:
    d = t.definition
    if not isinstance(d, Equation) or d.bound or not any(isinstance(g, Zero) for g in d.guards):
        return False
    where = region(d)
    return where is not None and is_view(where)


def reduced(b: Builder, eq: Equation, dtype: str) -> Labelled:
    """The reduction of the body over the bound indices, as an array over the output indices that matter."""
    running = _running(eq)
    if running is not None:
        return _cumulated(b, eq, *running, dtype)
    if eq.reduce == "sum" and eq.bound:
        return _sum(b, eq, dtype)
    order = (*eq.indices, *eq.bound)
    x = pointwise(b, eq.body, _kind(eq, dtype), order, guarded=bool(eq.guards))
    if eq.guards:
        x = _chosen(b, eq.guards, x, REDUCTIONS[_plain(eq.reduce)].neutral, order)
    if not eq.bound:
        return x
    return _along(b, eq.reduce, x, eq.indices, eq.bound, dtype)


def _running(eq: Equation) -> tuple[Index, Index, bool] | None:
    """(i, k, forward) if the equation reduces over k ≤ i (forward) or k ≥ i, and the body does not mention i."""
    if eq.reduce not in ("sum", "prod") or len(eq.bound) != 1 or len(eq.guards) != 1:
        return None
    (k,), (guard,) = eq.bound, eq.guards
    if not isinstance(guard, Within) or not eq.body.has(k):
        return None
    for i in eq.indices:
        fits = i.extent == k.extent == guard.args[1] and not eq.body.has(i)
        if fits and guard.args[0] in (i - k, k - i):
            return i, k, guard.args[0] == i - k
    return None


def _cumulated(b: Builder, eq: Equation, i: Index, k: Index, forward: bool, dtype: str) -> Labelled:
    """A running sum or product along the axis of k, which becomes that of i."""
    x = pointwise(b, eq.body, dtype, tuple(k if j is i else j for j in eq.indices))
    axis = x.indices.index(k)
    value = b.emit("cumulate", (x.value,), x.value.extents, dtype, axis=axis, kind=eq.reduce, forward=forward)
    return Labelled(value, tuple(i if j is k else j for j in x.indices))


def _sum(b: Builder, eq: Equation, dtype: str) -> Labelled:
    """A sum: each term is a contraction of its factors."""
    order = (*eq.indices, *eq.bound)
    guarded = bool(eq.guards)
    parts = []
    for coefficient, group in factors(eq):
        twin = gram(group) if dtype == "real" and not guarded else None
        if twin is not None:
            root, factor, renaming = twin
            weight, a = pointwise(b, root, dtype), pointwise(b, factor, dtype)
            value = b.emit("multiply", (b.aligned(weight, a.indices), a.value), a.value.extents, dtype)
            operands = [Labelled(value, a.indices), Labelled(value, tuple(renaming.get(i, i) for i in a.indices))]
        else:
            operands = [pointwise(b, f, dtype, None, guarded) for f in group]
        operands = _masked(b, eq.guards, operands, order, dtype)
        parts.append(contract(b, operands, eq.indices, eq.bound, coefficient, dtype))
    return _added(b, parts, eq.indices, dtype)


def _masked(
    b: Builder, guards: Sequence[Guard], operands: list[Labelled], order: Sequence[Index], dtype: str
) -> list[Labelled]:
    """Each guard blanks the smallest operand that it covers, or is one more factor of ones and zeros."""
    for guard in guards:
        holds = mask(b, [guard], order)
        covering = [x for x in operands if set(holds.indices) <= set(x.indices)]
        if covering:
            x = min(covering, key=lambda x: len(x.indices))
            operands[operands.index(x)] = _chosen(b, [guard], x, sp.S.Zero, order)
        else:
            operands.append(Labelled(b.cast(holds.value, dtype), holds.indices))
    return operands


def _chosen(b: Builder, guards: Sequence[Guard], x: Labelled, neutral: sp.Expr, order: Sequence[Index]) -> Labelled:
    """``x`` where the guards hold, else the neutral element."""
    holds = mask(b, guards, order)
    present = tuple(i for i in order if i in x.indices or i in holds.indices)
    arrays = (b.aligned(holds, present), b.aligned(x, present))
    extents = [i.extent for i in present]
    value = b.emit("choose", arrays, extents, x.value.dtype, neutral=neutral)
    return Labelled(value, present)


def _along(
    b: Builder, kind: str, x: Labelled, indices: Sequence[Index], bound: Sequence[Index], dtype: str
) -> Labelled:
    """Reduce along the bound axes, which come last."""
    kept = tuple(i for i in indices if i in x.indices)
    if kind in ("argmax", "argmin") and b.elementary and kept and 1 < entries(bound) <= FEW and x.value.dtype == "real":
        full = b.spread(x, (*kept, *bound))
        value = b.emit("winner", (full,), [i.extent for i in kept], dtype, axes=len(bound), kind=kind)
        return Labelled(value, kept)
    if kind in ("argmax", "argmin") and len(bound) > 1:
        full = Labelled(b.spread(x, (*kept, *bound)), (*kept, *bound))
        value = b.grouped(full, [*([i] for i in kept), bound])
        axes: tuple[int, ...] = (len(kept),)
    else:
        value = b.spread(x, (*kept, *bound))
        axes = tuple(range(len(kept), value.ndim))
    value = b.emit("reduce", (value,), [i.extent for i in kept], dtype, axes=axes, kind=kind)
    return Labelled(value, kept)


def _added(b: Builder, parts: list[Labelled], order: Sequence[Index], dtype: str) -> Labelled:
    """The sum of terms over the indices that any of them has."""
    if len(parts) == 1:
        return parts[0]
    present = tuple(i for i in order if any(i in p.indices for p in parts))
    arrays = tuple(b.aligned(p, present) for p in parts)
    value = b.emit("add", arrays, [i.extent for i in present], dtype)
    return Labelled(value, present)


def _kind(eq: Equation, dtype: str) -> str:
    """The numbers in which the body is computed: those of the result, reals for a comparison's or an arg's operands."""
    return "real" if eq.reduce in ("argmax", "argmin") else dtype


def _plain(kind: str) -> str:
    return kind.removeprefix("arg")


def _without_ones(eq: Equation) -> Equation:
    """Indices of extent 1 are 0."""
    ones = {i: sp.S.Zero for i in (*eq.indices, *eq.bound) if i.extent == 1}
    if not ones:
        return eq
    indices, bound = (tuple(i for i in some if i not in ones) for some in (eq.indices, eq.bound))
    return _rewritten(eq, ones, indices, bound)


def _split(eq: Equation) -> Equation:
    """Merged axes that are read by their parts become two indices (again, until none is left)."""
    while True:
        found = split_merged((*eq.indices, *eq.bound), (eq.body, *eq.guards))
        if not found:
            return eq
        mapping = {i: e for i, (e, _) in found.items()}
        eq = _rewritten(eq, mapping, _expanded(eq.indices, found), _expanded(eq.bound, found))


def _rewritten(eq: Equation, mapping: dict, indices: Sequence[Index], bound: Sequence[Index]) -> Equation:
    """The equation over other indices, in its simplest form (positions of an arg must keep their meaning)."""
    guards = tuple(g.func(*(a.xreplace(mapping) for a in g.args)) for g in eq.guards)
    build = Equation if eq.reduce.startswith("arg") else equation
    return build(tuple(indices), renamed(eq.body, mapping), tuple(bound), eq.reduce, guards)


def _expanded(indices: Sequence[Index], found: dict) -> tuple[Index, ...]:
    return tuple(part for i in indices for part in (found[i][1] if i in found else (i,)))

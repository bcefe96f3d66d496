"""Reading a tensor inside an equation: an access becomes an array whose axes run over the equation's indices.

An affine access is a strided view (slices, flips, windows, diagonals); a merged axis that is read by its parts is a
reshape; everything else gathers with integer arrays. A position that a guard may exclude is clipped to the axis, so that
nothing outside is read; the guard's mask then discards what was found there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from numeric.lowering.building import Builder
from numeric.lowering.program import Labelled, Value
from symbolic.program.equations import always_within
from symbolic.program.expressions import Access, Index, Quotient, Remainder

Pointwise = Callable[[Builder, sp.Expr, str], Labelled]


def read(b: Builder, access: Access, guarded: bool, pointwise: Pointwise) -> Labelled:
    """The array of ``access``; ``guarded`` says that positions outside the tensor may occur and are masked later."""
    value = b.values[access.tensor.serial]
    plain = [affine(e) for e in access.indices]
    safe = [
        terms is not None and (not guarded or always_within(e, size))
        for e, terms, size in zip(access.indices, plain, value.extents, strict=True)
    ]
    value, kept = _sliced(b, value, access.indices, plain, safe)
    if all(safe):
        return _views(b, value, kept)
    return _gathered(b, value, kept, guarded, pointwise)


def affine(e: sp.Expr) -> tuple[sp.Expr, tuple[tuple[Index, int], ...]] | None:
    """``e = offset + Σ step·index`` with whole steps and an offset of dimensions only, or None."""
    if isinstance(e, Index):
        return sp.S.Zero, ((e, 1),)
    offset, steps = sp.S.Zero, []
    for term in sp.Add.make_args(e):
        c, rest = term.as_coeff_Mul()
        if isinstance(rest, Index):
            if not c.is_Integer:
                return None
            steps.append((rest, int(c)))
        elif not term.has(Index, Access, Quotient, Remainder) and term.is_integer:
            offset += term
        else:
            found = sorted(term.atoms(Index), key=str)
            if len(found) != 1 or term.has(Access, Quotient, Remainder):
                return None
            step = term / found[0]
            if step.has(Index) or not step.is_integer:
                return None
            steps.append((found[0], step))
    return offset, tuple(steps)


def _sliced(b: Builder, value: Value, indices, plain, safe) -> tuple[Value, list]:
    """Fixed positions and slices, in one basic indexing; returns the axes that stay, as (index expression, terms, safe)."""
    key, extents, kept = [], [], []
    for e, terms, ok, size in zip(indices, plain, safe, value.extents, strict=True):
        if ok and not terms[1]:
            key.append(("at", terms[0]))
            continue
        if ok and len(terms[1]) == 1:
            ((index, step),) = terms[1]
            if (terms[0], step) == (0, 1) and index.extent == size:
                key.append(("all",))
            else:
                key.append(("slice", terms[0], index.extent, step))
            extents.append(index.extent)
            kept.append((index, (sp.S.Zero, ((index, 1),)), True))
            continue
        key.append(("all",))
        extents.append(size)
        kept.append((e, terms, ok))
    if all(k == ("all",) for k in key):
        return value, kept
    return b.emit("index", (value,), extents, value.dtype, key=tuple(key)), kept


def _views(b: Builder, value: Value, kept) -> Labelled:
    """Windows for axes that several indices share, then the diagonal of repeated indices."""
    labels: list[Index] = []
    for _, (offset, steps), _ in kept:
        axis = len(labels)
        labels += [index for index, _ in steps]
        if len(steps) == 1:
            continue
        extents = (
            *value.extents[:axis],
            *(index.extent for index, _ in steps),
            *value.extents[axis + 1 :],
        )
        ordered = _split(offset, steps, value.extents[axis])
        if ordered is not None:
            labels[axis:] = ordered
            extents = (*value.extents[:axis], *(i.extent for i in ordered), *value.extents[axis + 1 :])
            value = b.emit("reshape", (value,), extents, value.dtype, shape=extents)
        else:
            window = tuple((index.extent, step) for index, step in steps)
            value = b.emit("windows", (value,), extents, value.dtype, axis=axis, start=offset, window=window)
    distinct = list(dict.fromkeys(labels))
    if len(distinct) < len(labels):
        places = tuple(distinct.index(i) for i in labels)
        value = b.emit("diagonal", (value,), [i.extent for i in distinct], value.dtype, axes=places)
    return Labelled(value, tuple(distinct))


def splits(e: sp.Expr, size: sp.Expr) -> bool:
    """Whether a position only names the parts of a merged axis, as ``n·i + j`` does where j runs below n."""
    terms = affine(e)
    return terms is not None and _split(*terms, size) is not None


def _split(offset: sp.Expr, steps, size: sp.Expr) -> list[Index] | None:
    """The indices from the outermost in if ``Σ step·index`` runs through a merged axis exactly once."""
    if offset != 0:
        return None
    chain, unit, pending = [], sp.S.One, dict(steps)
    while pending:
        following = next((i for i, step in pending.items() if sp.expand(step - unit) == 0), None)
        if following is None:
            return None
        del pending[following]
        chain.insert(0, following)
        unit = unit * following.extent
    return chain if sp.expand(unit - size) == 0 else None


def _gathered(b: Builder, value: Value, kept, guarded: bool, pointwise: Pointwise) -> Labelled:
    """Integer arrays on the axes that are no view, and on those that share an index with them."""
    free = [terms[1][0][0] if ok and len(terms[1]) == 1 else None for _, terms, ok in kept]
    arrays = {axis for axis, index in enumerate(free) if index is None}
    while True:
        taken = {i for axis in arrays for i in kept[axis][0].atoms(Index)}
        more = {axis for axis, index in enumerate(free) if axis not in arrays and index in taken}
        repeated = {axis for axis, index in enumerate(free) if index is not None and free.count(index) > 1} - arrays
        if not more and not repeated:
            break
        arrays |= more | repeated
    positions = [axis for axis in range(len(kept)) if axis in arrays]
    rest = [axis for axis in range(len(kept)) if axis not in arrays]
    grids = [_grid(b, kept[axis], value.extents[axis], guarded, pointwise) for axis in positions]
    order = list(dict.fromkeys(i for grid in grids for i in grid.indices))
    if len(positions) == 1:
        (axis,) = positions
        labels = [free[a] for a in range(axis)] + order + [free[a] for a in range(axis + 1, len(kept))]
        extents = [i.extent for i in labels]
        return Labelled(
            b.emit("take", (value, grids[0].value), extents, value.dtype, axis=axis, rank=value.ndim), tuple(labels)
        )
    front = b.transposed(Labelled(value, tuple(range(value.ndim))), (*positions, *rest)).value  # type: ignore[arg-type]
    indices = [b.aligned(grid, order) for grid in grids]
    labels = (*order, *(free[axis] for axis in rest))
    return Labelled(b.emit("gather", (front, *indices), [i.extent for i in labels], value.dtype), labels)


def _grid(b: Builder, axis, size: sp.Expr, guarded: bool, pointwise: Pointwise) -> Labelled:
    e, _, ok = axis
    grid = pointwise(b, e, "int")
    if guarded and not ok:
        clipped = b.emit("clip", (grid.value,), grid.value.extents, "int", size=size)
        return Labelled(clipped, grid.indices)
    return grid


def split_merged(indices: Sequence[Index], expressions: Sequence[sp.Basic]) -> dict[Index, tuple[sp.Expr, tuple]]:
    """Indices that only occur as ``Quotient(i, n)`` or ``Remainder(i, n)`` with n dividing the extent: ``i = n·q + r``.

    Returns for each the expression that replaces it and the new indices, outermost first.
    """
    found: dict[Index, tuple[sp.Expr, tuple]] = {}
    parts = {f for e in expressions for f in e.atoms(Quotient, Remainder)}
    for f in sorted(parts, key=str):
        e, n = f.args
        if not isinstance(e, Index) or e not in indices or e in found:
            continue
        count = sp.cancel(e.extent / n)
        if not (count.is_integer and sp.denom(count) == 1):
            continue
        q, r = Index("q", count), Index("r", n)
        found[e] = (n * q + r, (q, r))
    return found

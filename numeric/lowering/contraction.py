"""Sums of products: which factors a term has, in which order they are contracted, and by which product.

Orders are compared by the number of multiplications, named dimensions counted alike. A pair of arrays with nothing to sum
is multiplied entry by entry (rank-one products too); with something to sum it is a matrix product of the indices grouped
as (kept together, left, summed) and (kept together, summed, right).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import sympy as sp

from numeric.lowering.building import Builder, entries
from numeric.lowering.program import Labelled, Value
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index

EXHAUSTIVE = 4  # Up to so many factors all orders are compared, beyond it the cheapest next pair is taken.


def factors(eq: Equation) -> list[tuple[sp.Expr, list[sp.Expr]]]:
    """The body as terms, each a coefficient (of numbers and dimensions) and factors that are evaluated one by one.

    A sum is taken apart only where its terms are products over fewer indices each, so that contracting them is cheaper
    than adding them up point by point.
    """
    terms = sp.Add.make_args(eq.body)
    if len(terms) == 1:
        return [_term(eq.body)]
    split = [_term(t) for t in terms]
    everything = _indices(eq.body) & {*eq.indices, *eq.bound}
    cheap = [pair for pair in split if all(_indices(f) < everything for f in pair[1])]
    dear = [t for t, pair in zip(terms, split, strict=True) if pair not in cheap]
    return [*cheap, *([_term(sp.Add(*dear))] if dear else [])]


def _term(term: sp.Expr) -> tuple[sp.Expr, list[sp.Expr]]:
    """Factors with the same indices are one; a square is a factor twice."""
    coefficient: sp.Expr = sp.S.One
    groups: dict[frozenset[Index], sp.Expr] = {}
    for f in sp.Mul.make_args(term):
        found = frozenset(_indices(f))
        if not found and not f.has(Access):
            coefficient = coefficient * f
        else:
            groups[found] = groups.get(found, sp.S.One) * f
    parts: list[sp.Expr] = []
    for e in groups.values():
        root = _square_root(e)
        parts += [e] if root is None else [root, root]
    return coefficient, parts


def gram(group: Sequence[sp.Expr]) -> tuple[sp.Expr, Access, dict[Index, Index]] | None:
    """``w[k]·A[k, i]·A[k, j]`` with w ≥ 0 as ``√w[k]``, ``A[k, i]`` and the renaming i → j that gives the other factor.

    A product of a matrix with its own transpose is symmetric, and BLAS computes half of it.
    """
    if len(group) != 3:
        return None
    for weight, first, second in itertools.permutations(group):
        if not (isinstance(first, Access) and isinstance(second, Access)) or first.args[0] != second.args[0]:
            continue
        pairs = [(a, b) for a, b in zip(first.indices, second.indices, strict=True) if a != b]
        if len(pairs) != 1 or not all(isinstance(e, Index) for e in pairs[0]) or weight.is_nonnegative is not True:
            continue
        (i, j), shared = pairs[0], _indices(first) & _indices(second)
        if i not in shared and j not in shared and _indices(weight) <= shared:
            return sp.Pow(weight, sp.S.Half, evaluate=False), first, {i: j}
    return None


def _square_root(e: sp.Expr) -> sp.Expr | None:
    if e.is_Pow and e.exp == 2:
        return e.base
    if e.is_Mul and all(f.is_Pow and f.exp == 2 for f in e.args):
        return sp.Mul(*(f.base for f in e.args))
    return None


def _indices(e: sp.Basic) -> set[Index]:
    return e.atoms(Index)


def contract(
    b: Builder,
    operands: list[Labelled],
    out: Sequence[Index],
    bound: Sequence[Index],
    coefficient: sp.Expr,
    dtype: str,
) -> Labelled:
    """``coefficient · Σ over bound of the product of the operands``, over the indices of ``out`` that occur."""
    operands = [Labelled(b.cast(x.value, dtype), x.indices) for x in operands]
    unread = [k for k in bound if not any(k in x.indices for x in operands)]
    coefficient = sp.Mul(coefficient, *(k.extent for k in unread))
    if not operands:
        value = b.emit("pointwise", (), (), dtype, body=coefficient, leaves=(), kind=dtype)
        return Labelled(value, ())
    sunk = coefficient == 1
    for i, j in order_of_contraction([x.indices for x in operands], out):
        x, y = operands[i], operands[j]
        rest = [z for k, z in enumerate(operands) if k not in (i, j)]
        keep = {k for z in rest for k in z.indices} | set(out)
        x, y = _summed_alone(b, x, {*keep, *y.indices}, dtype), _summed_alone(b, y, {*keep, *x.indices}, dtype)
        smaller = min(x, y, key=lambda z: entries(z.indices))
        if (
            not sunk
            and not rest
            and entries(smaller.indices) < entries(i for i in {*x.indices, *y.indices} if i in keep)
        ):
            scaled, sunk = _scaled(b, smaller, coefficient, dtype), True
            x, y = (scaled, y) if smaller is x else (x, scaled)
        operands = [*rest, _pair(b, x, y, keep, out, dtype)]
    (x,) = operands
    x = _summed_alone(b, x, set(out), dtype)
    return x if sunk else _scaled(b, x, coefficient, dtype)


def _scaled(b: Builder, x: Labelled, coefficient: sp.Expr, dtype: str) -> Labelled:
    if coefficient == 1:
        return x
    return Labelled(b.emit("scale", (x.value,), x.value.extents, dtype, by=coefficient), x.indices)


def _summed_alone(b: Builder, x: Labelled, keep: set[Index], dtype: str) -> Labelled:
    """Sum over the indices that nothing else has."""
    alone = [i for i in x.indices if i not in keep]
    if not alone:
        return x
    axes = tuple(x.indices.index(i) for i in alone)
    kept = tuple(i for i in x.indices if i in keep)
    return Labelled(b.emit("reduce", (x.value,), [i.extent for i in kept], dtype, axes=axes, kind="sum"), kept)


# -- order -------------------------------------------------------------------------------------------------------------


def order_of_contraction(terms: Sequence[Sequence[Index]], out: Sequence[Index]) -> list[tuple[int, int]]:
    """Pairs of positions to contract, the product going to the end of the list, as in ``np.einsum_path``."""
    sets = [frozenset(t) for t in terms]
    if len(sets) <= EXHAUSTIVE:
        return _cheapest(sets, frozenset(out))[1]
    path = []
    while len(sets) > 1:
        pairs = itertools.combinations(range(len(sets)), 2)
        i, j = min(pairs, key=lambda pair: _growth(sets, pair, out))
        path.append((i, j))
        sets = _contracted(sets, i, j, out)
    return path


def _cheapest(sets: list[frozenset], out: frozenset) -> tuple[int, list[tuple[int, int]]]:
    if len(sets) < 2:
        return 0, []
    found = []
    for i, j in itertools.combinations(range(len(sets)), 2):
        after = _contracted(sets, i, j, out)
        cost, path = _cheapest(after, out)
        cost += entries(sets[i] | sets[j]) + entries(after[-1])
        found.append((cost, [(i, j), *path]))
    return min(found)


def _contracted(sets: list[frozenset], i: int, j: int, out) -> list[frozenset]:
    rest = [s for k, s in enumerate(sets) if k not in (i, j)]
    keep = frozenset(out).union(*rest)
    return [*rest, (sets[i] | sets[j]) & keep]


def _growth(sets: list[frozenset], pair: tuple[int, int], out) -> tuple[int, int]:
    i, j = pair
    result = _contracted(sets, i, j, out)[-1]
    return entries(result) - entries(sets[i]) - entries(sets[j]), entries(sets[i] | sets[j])


# -- one product -------------------------------------------------------------------------------------------------------


def _pair(b: Builder, x: Labelled, y: Labelled, keep: set[Index], out: Sequence[Index], dtype: str) -> Labelled:
    shared = [i for i in x.indices if i in y.indices]
    summed = [i for i in shared if i not in keep]
    batch = [i for i in shared if i in keep]
    left = [i for i in x.indices if i not in shared]
    right = [i for i in y.indices if i not in shared]
    if not summed:
        large, small = (x, y) if len(x.indices) >= len(y.indices) else (y, x)
        order = list(dict.fromkeys((*large.indices, *small.indices)))
        if set(order) <= set(out):
            order = _in_order(order, out)
        arrays = b.aligned(x, order), b.aligned(y, order)
        return Labelled(b.emit("multiply", arrays, [i.extent for i in order], dtype), tuple(order))
    if not left and not right:
        return _inner(b, x, y, batch, summed, out, dtype)
    if _before(out, right, left):
        x, y, left, right = y, x, right, left
    left, right, batch = _in_order(left, out), _in_order(right, out), _in_order(batch, out)
    summed = [i for i in x.indices if i in summed]
    lone = {"left": not left and not batch, "right": not right and not batch}
    a = b.grouped(x, [*([i] for i in batch), *([] if lone["left"] else [left]), summed])
    c = _side(b, y, batch, summed, right, lone["right"])
    extents = [i.extent for i in batch]
    extents += [] if lone["left"] else [sp.Mul(*(i.extent for i in left))]
    extents += [] if lone["right"] else [sp.Mul(*(i.extent for i in right))]
    value = b.emit("matmul", (a, c), extents, dtype)
    order = (*batch, *left, *right)
    return Labelled(b.reshaped(value, [i.extent for i in order]), order)


def _side(b: Builder, y: Labelled, batch: list[Index], summed: list[Index], right: list[Index], lone: bool) -> Value:
    """The right factor as a matrix (summed, right): one that lies along a summed index keeps it last, and is turned."""
    lead = [[i] for i in batch]
    if lone or y.indices[-1] not in summed:
        return b.grouped(y, [*lead, summed, *([] if lone else [right])])
    turned = b.grouped(y, [*lead, right, summed])
    row, column = (Index(name, e) for name, e in zip("rc", turned.extents[-2:], strict=True))
    return b.transposed(Labelled(turned, (*batch, row, column)), (*batch, column, row)).value


def _inner(b, x, y, batch, summed, out, dtype) -> Labelled:
    """Inner products of rows: everything is shared."""
    batch = _in_order(batch, out)
    order = (*batch, *summed)
    a, c = b.transposed(x, order).value, b.transposed(y, order).value
    value = b.emit("inner", (a, c), [i.extent for i in batch], dtype, batch=len(batch))
    return Labelled(value, tuple(batch))


def _in_order(indices: Sequence[Index], out: Sequence[Index]) -> list[Index]:
    return [i for i in out if i in indices] + [i for i in indices if i not in out]


def _before(out: Sequence[Index], first: Sequence[Index], second: Sequence[Index]) -> bool:
    """Whether the output has the indices ``first`` before ``second``."""
    places = {i: position for position, i in enumerate(out)}
    where = [min((places[i] for i in group if i in places), default=len(places)) for group in (first, second)]
    return where[0] < where[1]

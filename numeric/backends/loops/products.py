"""Sums of products that are matrix products: calls in place of loops.

    out[i, j] = Σ_k a[i, k] b[k, j]          i, j and k may each stand for several indices

Factors are grouped by the indices that they mention. A side that is a plain array is read as a matrix where it lies; any
other is made first: a product of factors, an array in another order, or the windows of a convolution, whose guards blank
what lies outside:

    s[o, p, q, n] = Σ_{c, u, v} W[o, c, u, v] x[c, p + u, q + v, n]

is W[o, (c, u, v)] times the columns x[(c, u, v), (p, q, n)]. Where the columns would take more than ``ENTRIES`` numbers
(a named dimension counts as ``GUESS``), one index of theirs after the other is looped over, outermost first, and only the
columns of one of its values exist at a time. Leading indices that both sides and the output share are a stack of products.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from numeric.lowering.building import entries
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Guard, Index

SMALLEST = 2048  # multiplications of a product of fixed size that are worth a call
ENTRIES = 1 << 16  # of columns at a time: with a batch of 256 in the place of GUESS they still fit into a core's cache
FEWEST = 4  # uses of a column that are worth writing it down
SLIM = 4  # rows or columns of a product below which BLAS is faster than tiles
LARGE = 2**25  # multiplications above which BLAS is faster: it packs the left factor as well
FACTORS = 4  # of a product whose divisions into two sides are all tried


@dataclass(frozen=True)
class Side:
    """One factor of a matrix product and the guards that only concern it."""

    body: sp.Expr
    guards: tuple[Guard, ...]

    def matrix(self, stack: tuple[Index, ...], rows: tuple[Index, ...], columns: tuple[Index, ...]) -> bool | None:
        """Whether it lies in memory as (stack, rows, columns), True, or (stack, columns, rows), False; None if neither."""
        if not isinstance(self.body, Access) or self.guards:
            return None
        if self.body.indices == (*stack, *rows, *columns):
            return True
        return False if self.body.indices == (*stack, *columns, *rows) else None

    def runs_along(self, group: tuple[Index, ...]) -> bool:
        """Whether the array that it reads most of lies along an index of the group."""
        largest = max(self.body.atoms(Access), key=lambda a: entries(a.atoms(Index)))
        return bool(largest.indices) and largest.indices[-1] in group


@dataclass(frozen=True)
class MatrixProduct:
    """``out[stack, rows, columns] = scale · Σ over inner of left · right``; ``sliced`` indices are looped over."""

    stack: tuple[Index, ...]
    rows: tuple[Index, ...]
    columns: tuple[Index, ...]
    inner: tuple[Index, ...]
    left: Side
    right: Side
    scale: sp.Expr
    sliced: tuple[Index, ...] = ()


def matrix_product(eq: Equation) -> MatrixProduct | None:
    """The matrix product that a sum is, if it is one and is large enough for a call."""
    if eq.reduce != "sum" or not eq.bound or len(eq.indices) < 2:
        return None
    if not all(isinstance(a, Access) and a.tensor.dtype == "real" for a in eq.body.atoms(Access)):
        return None
    scale = [f for f in sp.Mul.make_args(eq.body) if not f.atoms(Index)]
    factors = [f for f in sp.Mul.make_args(eq.body) if f.atoms(Index)]
    if not 2 <= len(factors) <= FACTORS:
        return None
    found = [p for left, right in _divisions(factors) if (p := _product(eq, left, right, sp.Mul(*scale))) is not None]
    return min(found, key=_made, default=None)


def _divisions(factors: list[sp.Expr]) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """All ways to make two products of some factors."""
    first, *others = factors
    for count in range(len(others)):
        for chosen in itertools.combinations(others, count):
            rest = [f for f in others if f not in chosen]
            yield sp.Mul(first, *chosen), sp.Mul(*rest)


def _product(eq: Equation, a: sp.Expr, b: sp.Expr, scale: sp.Expr) -> MatrixProduct | None:
    """The product with these factors on the two sides, if their indices allow it."""
    in_a, in_b = a.atoms(Index), b.atoms(Index)
    stack = tuple(i for i in eq.indices if i in in_a and i in in_b)
    rest = eq.indices[len(stack) :]
    if stack != eq.indices[: len(stack)] or not rest:
        return None
    if rest[0] in in_b:
        a, b, in_a, in_b = b, a, in_b, in_a
    rows = tuple(i for i in rest if i in in_a)
    columns = tuple(i for i in rest if i in in_b)
    inside = set(eq.bound)
    if (*rows, *columns) != rest or not rows or not columns or not inside <= in_a & in_b:
        return None
    sides = _guarded(a, b, eq.guards, {*stack, *inside})
    if sides is None:
        return None
    left, right = sides
    sizes = [i.extent for i in (*rows, *columns, *inside)]
    if all(e.is_Integer for e in sizes) and sp.Mul(*sizes) < SMALLEST:
        return None
    inner = _inner(eq, stack, rows, columns, left, right)
    return _sliced(MatrixProduct(stack, rows, columns, inner, left, right, scale))


def _guarded(a: sp.Expr, b: sp.Expr, guards: Iterable[Guard], shared: set[Index]) -> tuple[Side, Side] | None:
    """The sides with the guards that mention no index of the other side alone."""
    of_a: list[Guard] = []
    of_b: list[Guard] = []
    for guard in guards:
        used = guard.atoms(Index)
        if used <= b.atoms(Index) and not (used <= shared and any(e in guard.args for e in _positions(a))):
            of_b.append(guard)
        elif used <= a.atoms(Index):
            of_a.append(guard)
        else:
            return None
    return Side(a, tuple(of_a)), Side(b, tuple(of_b))


def _positions(e: sp.Expr) -> set[sp.Expr]:
    return {i for access in e.atoms(Access) for i in access.indices}


def _inner(eq: Equation, stack, rows, columns, left: Side, right: Side) -> tuple[Index, ...]:
    """The summed indices in an order in which a side lies in memory, if there is one."""
    for side, kept in ((left, rows), (right, columns)):
        if isinstance(side.body, Access) and not side.guards:
            read = side.body.indices[len(stack) :]
            inner = tuple(i for i in read if i in eq.bound)
            if read in ((*kept, *inner), (*inner, *kept)):
                return inner
    return eq.bound


def _sliced(p: MatrixProduct) -> MatrixProduct | None:
    """The product with so many indices of its columns looped over that these are few enough; None if loops are faster."""
    wide = [side for side in (p.left, p.right) if _is_windowed(side)]
    if not wide:
        return p
    if len(wide) == 2 or entries(p.columns if wide[0] is p.left else p.rows) < FEWEST:
        return None
    moving = _moving(wide[0])
    groups = (list(p.rows if wide[0] is p.left else p.columns), list(p.inner))
    sliced: list[Index] = []
    while entries((*groups[0], *groups[1])) > ENTRIES:
        able = [some for some in groups if len(some) > 1 and some[0] in moving]
        if not able:
            break
        sliced.append(max(able, key=lambda some: entries(some[:1])).pop(0))
    inner = groups[1]
    rows, columns = (tuple(i for i in some if i not in sliced) for some in (p.rows, p.columns))
    return replace(p, rows=rows, columns=columns, inner=tuple(inner), sliced=tuple(sliced))


def _is_windowed(side: Side) -> bool:
    return bool(_moving(side))


def _moving(side: Side) -> set[Index]:
    """The indices that stand with others in one position: where a window is, and where in the window."""
    return {k for e in _positions(side.body) if len(e.atoms(Index)) > 1 for k in e.atoms(Index)}


def _made(p: MatrixProduct) -> int:
    """The entries of the sides that must be made."""
    sides = ((p.left, p.rows, p.inner), (p.right, p.inner, p.columns))
    return sum(entries((*p.stack, *r, *c)) for side, r, c in sides if side.matrix(p.stack, r, c) is None)

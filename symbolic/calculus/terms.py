"""Terms: an array as a sum of products of small tensors, each put in its places.

A term with coefficient c, factors f, g, … and core indices a, b, k, … stands for

    D[o] = c · Σ_{a, b, k, …} f[…] g[…] · [o = places(a, b, k, …)]

A core index that no place mentions is summed. Two axes with the same core index are a delta, so ``δ_ij d_i`` is d at the
places (i, i); a place may also be shifted (a band), reversed or looked up (a selection). Places outside the array do not
count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.calculus.realisation import realised
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index, Reduction, Zero
from symbolic.program.tensors import Tensor, computed, fresh_indices


@dataclass(frozen=True)
class Factor:
    """A tensor of a term, and the core index along each of its axes."""

    tensor: Tensor
    indices: tuple[Index, ...]

    @property
    def access(self) -> Access:
        """The entry that the term reads."""
        return self.tensor.access(*self.indices)

    @property
    def entries(self) -> sp.Expr:
        """How many numbers it holds."""
        return sp.Mul(*self.tensor.extents)


@dataclass(frozen=True)
class Term:
    """``coefficient · Σ Π factors`` at ``places``, see the module; one for each axis of an array of ``extents``.

    The first ``rows`` axes are rows.
    """

    coefficient: sp.Expr
    factors: tuple[Factor, ...]
    places: tuple[sp.Expr, ...]
    extents: tuple[sp.Expr, ...]
    rows: int

    # -- what its form tells -----------------------------------------------------------------------------------------

    @cached_property
    def core(self) -> tuple[Index, ...]:
        """The indices that places or factors mention, those of the places first."""
        placed = [i for p in self.places for i in sorted(p.atoms(Index), key=lambda i: (i.name, i.dummy_index))]
        return tuple(dict.fromkeys([*placed, *(i for f in self.factors for i in f.indices)]))

    @cached_property
    def summed(self) -> tuple[Index, ...]:
        """The core indices that no place mentions."""
        placed = set().union(*(p.atoms(Index) for p in self.places))
        return tuple(i for i in self.core if i not in placed)

    @property
    def is_scattered(self) -> bool:
        """True where a place is more than an index over its axis: shifted, reversed, looked up, of another extent."""
        return any(not runs_over(p, e) for p, e in zip(self.places, self.extents, strict=True))

    @property
    def is_paired(self) -> bool:
        """True where there are as many axes of rows as of columns."""
        return len(self.places) == 2 * self.rows

    @cached_property
    def tied(self) -> tuple[int, ...]:
        """The axes a on which row and column are the same index: it is zero off that diagonal."""
        if self.is_scattered or not self.is_paired:
            return ()
        pairs = zip(self.places[: self.rows], self.places[self.rows :], strict=True)
        return tuple(a for a, (i, j) in enumerate(pairs) if i is j or i.extent == 1 == j.extent)  # type: ignore[union-attr]

    @cached_property
    def shared(self) -> set[Index]:
        """The core indices that stand in rows and in columns."""
        rows, columns = self._sides
        return rows & columns

    @property
    def kind(self) -> str:
        """What the term by itself is.

        ``diagonal``; ``kronecker``, a matrix for each of several axes; ``selection``, one number at each of its places;
        ``block_diagonal``, rows and columns share an index; ``rank_one``; ``low_rank``, a sum over k of outer products;
        ``scattered``, a band or a selection of entries; ``product``, several factors that mix rows and columns; or
        ``dense``, one array.
        """
        if self.is_scattered:
            return "scattered" if any(f.indices for f in self.factors) else "selection"
        if self.is_paired and len(self.tied) == self.rows:
            return "diagonal"
        if self.is_kronecker:
            return "kronecker"
        if self.shared:
            rows, columns = self._sides
            whole = not any(f.indices for f in self.factors) and rows == columns
            return "selection" if whole else "block_diagonal"
        if self.is_separated:
            return "low_rank" if self.summed else "rank_one"
        return "dense" if len(self.factors) == 1 else "product"

    @property
    def is_separated(self) -> bool:
        """True where no factor depends on a row and on a column that are not tied to each other."""
        rows, columns = self._sides
        return not any(set(f.indices) & rows - columns and set(f.indices) & columns - rows for f in self.factors)

    @property
    def is_kronecker(self) -> bool:
        """True where no connected part of the factors meets two axes of the rows: one matrix for each of several axes."""
        if self.is_scattered or not self.is_paired or self.rows < 2:
            return False
        axis: dict[Index, int] = {}
        for a in range(self.rows):
            for place in (self.places[a], self.places[self.rows + a]):
                if axis.setdefault(place, a) != a:  # type: ignore[arg-type]
                    return False
        return all(len({axis[i] for i in part if i in axis}) <= 1 for part in self.parts)

    @property
    def _sides(self) -> tuple[set[Index], set[Index]]:
        rows = set().union(*(p.atoms(Index) for p in self.places[: self.rows]))
        return rows, set().union(*(p.atoms(Index) for p in self.places[self.rows :]))

    @cached_property
    def parts(self) -> tuple[tuple[Index, ...], ...]:
        """The core indices of factors, grouped so that no factor connects two groups."""
        return connected([f.indices for f in self.factors])

    @property
    def rank_bound(self) -> sp.Expr | None:
        """What the rank of a sum of outer products cannot exceed; None where it is no such sum."""
        if self.is_scattered or self.shared or not self.is_separated:
            return None
        return sp.Mul(*(i.extent for i in self.summed))

    @property
    def entries(self) -> sp.Expr:
        """How many numbers its factors hold, equal tensors once."""
        return sp.Add(*(sp.Mul(*t.extents) for t in dict.fromkeys(f.tensor for f in self.factors)))

    # -- the same value in another form ------------------------------------------------------------------------------

    @cached_property
    def contracted(self) -> Term:
        """The same with its sums carried out: one tensor for each connected part that is summed over."""
        if not self.summed:
            return self
        kept = [f for f in self.factors if not f.indices]
        made = []
        for part in self.parts:
            mine = [f for f in self.factors if f.indices and f.indices[0] in part]
            over = [i for i in part if i in self.summed]
            if not over:
                made += mine
                continue
            outer = tuple(i for i in self.core if i in part and i not in over)
            body = sp.Mul(*(f.access for f in mine))
            made.append(Factor(realised(Closed(outer, Reduction("sum", body, over))), outer))
        return folded(replace(self, factors=(*kept, *made)))

    @property
    def equation(self) -> Equation:
        """The term as the equation of the whole array."""
        out = fresh_indices(self.extents)
        body = sp.Mul(self.coefficient, *(f.access for f in self.factors))
        fresh = {i: i.fresh() for i in self.core}
        ties = [Zero(o - p.xreplace(fresh)) for o, p in zip(out, self.places, strict=True)]
        return equation(out, body.xreplace(fresh), fresh.values(), "sum", ties)


def runs_over(place: sp.Expr, extent: sp.Expr) -> bool:
    """Whether a place is an index of that extent."""
    return isinstance(place, Index) and place.extent == extent


def connected(groups: Iterable[Sequence[Index]]) -> tuple[tuple[Index, ...], ...]:
    """The connected parts of a hypergraph, its edges given as groups of indices."""
    parts: list[tuple[Index, ...]] = []
    for group in groups:
        if not group:
            continue
        met = [p for p in parts if set(p) & set(group)]
        parts = [p for p in parts if p not in met]
        parts.append(tuple(dict.fromkeys([*(i for p in met for i in p), *group])))
    return tuple(parts)


def folded(term: Term) -> Term:
    """The term with its numbers and scalars multiplied into its one array, where there is only one."""
    scalars = [f for f in term.factors if not f.indices]
    arrays = [f for f in term.factors if f.indices]
    if len(arrays) != 1 or (not scalars and term.coefficient == 1):
        return term
    ((array),) = arrays
    fresh = {i: i.fresh() for i in array.indices}
    body = sp.Mul(term.coefficient, *(f.access for f in scalars), array.access.xreplace(fresh))
    whole = computed(Equation(tuple(fresh.values()), body))
    return replace(term, coefficient=sp.S.One, factors=(Factor(whole, array.indices),))

"""Index notation: a closed form as sums over lettered entries."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from symbolic.calculus.closed_form import Closed, is_opaque
from symbolic.notation.closed import closed_of
from symbolic.notation.conditions import Side, limit, relation, sides
from symbolic.notation.dialect import MUL, Latex, Piece
from symbolic.notation.letters import Letters
from symbolic.notation.matrix.printing import MatrixPrinter, is_small_array
from symbolic.notation.ordering import ordered_factors, product_factors
from symbolic.notation.scalars import ScalarPrinter
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.functions import Equal
from symbolic.program.reductions import REDUCTIONS
from symbolic.program.tensors import Tensor


class IndexPrinter(ScalarPrinter):
    """Prints expressions of one closed form; ``letters`` names its indices."""

    def __init__(self, dialect: Latex, letters: Letters, scope: Sequence[Index] = ()):
        super().__init__(dialect, scope)
        self.letters = letters
        self.first = dialect.options.first

    @classmethod
    def of(cls, closed: Closed, dialect: Latex, names: Sequence[str] = ()) -> IndexPrinter:
        """A printer whose letters avoid every name in the closed form and in ``names``."""
        avoiding = Letters.apart_from(closed.expr, *closed.indices, names=names)
        kept = [i for i in closed.indices if i.extent != 1]
        return cls(dialect, avoiding.with_(kept), closed.indices)

    def within(self, bound: Sequence[Index]) -> IndexPrinter:
        """The printer inside a sum over ``bound``."""
        return IndexPrinter(self.dialect, self.letters.with_(bound), (*self.scope, *bound))

    # -- expressions

    def piece(self, e: sp.Expr) -> Piece:
        """A printed expression."""
        if isinstance(e, Access):
            return self.entry(e)
        if isinstance(e, Index):
            return self.piece(self._values(e))
        if isinstance(e, Reduction):
            return self._reduction(e)
        if isinstance(e, Equal) and not e.has(Access):
            return self._delta(sp.expand(e.args[0] - e.args[1]))
        return super().piece(e)

    def _values(self, e: sp.Basic) -> sp.Expr:
        """``e`` in letters: an index that starts at ``first`` has the value letter − first."""
        if isinstance(e, Index):
            return sp.Symbol(self.letters[e]) - self.first
        if not e.args or isinstance(e, (Access, Reduction)):
            return e
        return sp.expand(e.func(*map(self._values, e.args)))

    def position(self, e: sp.Expr) -> str:
        """An index expression as it stands at a tensor and in the limits of a sum."""
        return self.letters[e] if isinstance(e, Index) else self.piece(self._values(e) + self.first).text

    def entry(self, access: Access) -> Piece:
        """A tensor's entry; axes of extent 1 are not written unless all are."""
        t = access.tensor
        if t.name is None and t.call is None and is_opaque(t) and isinstance(t.definition, Equation):
            return self.piece(closed_of(t).at(access.indices))
        axes = [i for i, size in zip(access.indices, t.extents, strict=True) if size != 1]
        indices = [self.position(i) for i in axes]
        if t.name is not None or (t.call is None and not hasattr(t.definition, "primitive") and not is_small_array(t)):
            return self.dialect.tensor(t, indices)
        whole = MatrixPrinter(self.dialect).tensor(t)
        return self.dialect.entry_of(whole, indices) if indices else whole

    # -- sums and conditions

    def _delta(self, difference: sp.Expr) -> Piece:
        """δ_ij for an equality of two indices, else an indicator."""
        terms = sp.Add.make_args(difference)
        if len(terms) == 2 and all(t.atoms(Index) for t in terms) and {t.as_coeff_Mul()[0] for t in terms} == {1, -1}:
            letters = sorted(
                (t.atoms(Index).pop() for t in terms), key=lambda i: self.scope.index(i) if i in self.scope else 99
            )
            if all(isinstance(t.as_coeff_Mul()[1], Index) for t in terms) and "delta" not in self.letters.avoid:
                return self.dialect.delta(*(self.letters[i] for i in letters))
        return self.dialect.indicator(self.condition(Side("=", difference)))

    def condition(self, side: Side) -> str:
        """A condition on indices as text."""
        inside = Side(side.kind, self._values(side.difference), side.modulus)
        return relation(inside, lambda e: self.piece(e).text, self.dialect.relation, self.dialect.divides)

    def _reduction(self, r: Reduction) -> Piece:
        row = REDUCTIONS[r.kind]
        if r.kind == "sum" and r.bound:
            outside, r = _pulled_out(r)
            if outside:
                return self._product([*outside, r])
            wired, r = _wired(r)
        else:
            wired = {}
        bound = _after_what_restricts_them(self._in_order(r), wired)
        inside = self.within(bound)
        asked = sides(r.guards)
        if not bound:
            zeros = [inside._delta(s.difference) for s in asked if s.kind == "="]
            others = [inside.condition(s) for s in asked if s.kind != "="]
            conditions = zeros + ([self.dialect.indicator(", ".join(others))] if others else [])
            return inside._product(product_factors(r.body), conditions)
        body = inside.piece(r.body)
        if r.kind not in ("sum", "prod", "logsumexp"):
            below = ", ".join([inside.letters[i] for i in bound] + [inside.condition(s) for s in asked])
            return self.dialect.reduction(row.latex, r.kind, below, "", body)
        for position in range(len(bound) - 1, -1, -1):
            later = set(bound[position + 1 :])
            index = bound[position]
            mine = [s for s in asked if s.difference.has(index) and not s.difference.atoms(Index) & later]
            if position == 0:
                mine += [s for s in asked if not s.difference.atoms(Index) & set(bound)]
            below, above = inside.limits(index, mine)
            if index in wired:
                below, above = (
                    self.dialect.stacked([inside.membership(wired[index], index), *map(inside.condition, mine)]),
                    "",
                )
            if r.kind == "logsumexp" and position:
                body = self.dialect.reduction(r"\sum", "sum", below, above, Piece(self.dialect.function_exp(body)))
                continue
            if r.kind == "logsumexp" and len(bound) > 1:
                inner = self.dialect.reduction(r"\sum", "sum", below, above, body)
                return Piece(self.dialect.log(inner.text), MUL, True, True)
            body = self.dialect.reduction(row.latex, r.kind, below, above, body)
        return body

    def membership(self, mask: Access, index: Index) -> str:
        """``j ∈ UP(i)`` for the mask UP[i, j] of a wiring, where j (or else i) is the index of the sum."""
        i, j = (self.position(e) for e in mask.indices)
        member = self.dialect.member(j, self.dialect.tensor(mask.tensor).text, i)
        return member if mask.indices[1] == index else f"{self.letters[index]}: {member}"

    def limits(self, index: Index, asked: Sequence[Side] = ()) -> tuple[str, str]:
        """What stands below and above a sum over ``index``; sides that are no limits stand below."""
        letter = self.letters[index]
        low, high = sp.S.Zero, index.extent - 1
        left = []
        for side in asked:
            tighter = limit(side, index)
            if tighter is None:
                left.append(self.condition(side))
            elif tighter[0] == "low" and low == 0:
                low = tighter[1]
            elif tighter[0] == "high" and high == index.extent - 1:
                high = tighter[1]
            else:
                left.append(self.condition(side))
        if not self.dialect.options.limits and not asked:
            return letter, ""
        below = f"{letter} = {self.position(low)}"
        return self.dialect.stacked([below, *left]), self.position(high)

    def _in_order(self, r: Reduction) -> list[Index]:
        """Bound indices in the order in which the printed body mentions them."""
        seen: list[Index] = []
        for f in ordered_factors(product_factors(r.body), self.scope):
            for access in sorted(f.atoms(Access), key=lambda a: (a.tensor.label, str(a.indices))):
                seen.extend(i for e in access.indices for i in sorted(e.atoms(Index), key=str))
        return sorted(r.bound, key=lambda i: seen.index(i) if i in seen else len(seen))


def _pulled_out(r: Reduction) -> tuple[list[sp.Expr], Reduction]:
    """Numbers and scalars in front of a sum; a sum that is a factor of its body joined with it."""
    bound, guards, pending, inside, outside = list(r.bound), list(r.guards), product_factors(r.body), [], []
    while pending:
        f = pending.pop(0)
        if isinstance(f, Reduction) and f.kind == "sum" and f.bound and not set(f.bound) & set(bound):
            bound.extend(f.bound)
            guards.extend(f.guards)
            pending.extend(product_factors(f.body))
        elif f.atoms(Index):
            inside.append(f)
        elif f != 1:
            outside.append(f)
    return outside, Reduction("sum", sp.Mul(*inside), bound, guards)


def _wired(r: Reduction) -> tuple[dict[Index, Access], Reduction]:
    """The masks of wirings among a sum's factors, by the index that each restricts, and the sum without them."""
    wired: dict[Index, Access] = {}
    kept = []
    for f in product_factors(r.body):
        index = _restricted(f, r.bound, wired)
        if index is None:
            kept.append(f)
        else:
            wired[index] = f
    return (wired, Reduction("sum", sp.Mul(*kept), r.bound, r.guards)) if wired else ({}, r)


def _restricted(f: sp.Expr, bound: Sequence[Index], taken: dict[Index, Access]) -> Index | None:
    """The bound index that a factor restricts, if the factor is an entry of a wiring's constant mask."""
    if not isinstance(f, Access) or len(f.indices) != 2 or not _is_mask(f.tensor):
        return None
    i, j = f.indices
    free = ((e, other) for e, other in ((j, i), (i, j)) if e in bound and e not in taken and not other.has(e))
    return next((e for e, other in free if not (other in taken and taken[other].has(e))), None)


def _is_mask(t: Tensor) -> bool:
    """True for a wiring: a named constant of zeros and ones that says which pairs of indices are connected."""
    known = t.value is not None and t.name is not None
    return known and t.dtype == "int" and t.ndim == 2 and "binary" in t.assume


def _after_what_restricts_them(bound: list[Index], wired: dict[Index, Access]) -> list[Index]:
    """Bound indices with each one after those that its wiring mentions, so that a sum names only what is known."""
    placed: list[Index] = []
    waiting = list(bound)
    while waiting:
        ready = [k for k in waiting if k not in wired or not (wired[k].atoms(Index) - {k}) & set(waiting)]
        placed.append(ready[0] if ready else waiting[0])
        waiting.remove(placed[-1])
    return placed

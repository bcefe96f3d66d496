"""From a closed form to terms: deltas become places, sums over separated factors stay factored.

Expanded is only what hides a delta or an outer product; (1 − z²) stays the one factor that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symbolic.calculus.canonical import placed
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.realisation import realised
from symbolic.calculus.terms import Factor, Term, connected, folded, runs_over
from symbolic.program.equations import always_within, solve
from symbolic.program.expressions import Access, Guard, Index, Reduction, Within, Zero
from symbolic.program.functions import Equal
from symbolic.program.tensors import Tensor

MOST_TERMS = 8  # beyond it, what has the same places is one array
MOST_EXPANDED = 64  # products of sums; beyond it they stay as they are


def split(form: Closed, rows: int) -> tuple[Term, ...]:
    """The terms of a closed form; none if it is zero, one dense term where nothing separates.

    >>> import numpy as np
    >>> import symbolic as s
    >>> from symbolic.calculus.closed_form import closed_form
    >>> d, u = s.tensor("d", "n"), s.tensor("u", "n")
    >>> sorted(term.kind for term in split(closed_form(np.diag(d) - 2 * np.outer(u, u)), 1))
    ['diagonal', 'rank_one']
    """
    products = [_placed(m, form.indices, rows) for m in monomials(form.expr, set(form.indices))]
    groups: dict[tuple, list[_Product]] = {}
    for p in products:
        groups.setdefault(p.places, []).append(p)
    kept = [p for members in groups.values() for p in _merged(members, rows)]
    if len(kept) > MOST_TERMS:
        kept = [_one(members) for members in groups.values()]
    factors = _Factors()
    return tuple(folded(p.term(form.extents, rows, factors)) for p in kept)


@dataclass(frozen=True)
class _Product:
    """Scalar factors over core indices, with the sum and the guards under which they stand."""

    factors: tuple[sp.Expr, ...]
    bound: tuple[Index, ...]
    guards: tuple[Guard, ...]
    places: tuple[sp.Expr, ...]

    @property
    def whole(self) -> sp.Expr:
        body = sp.Mul(*self.factors)
        return Reduction("sum", body, self.bound, self.guards) if self.bound or self.guards else body

    @property
    def core(self) -> tuple[Index, ...]:
        return tuple(dict.fromkeys(i for p in self.places for i in _indices(p)))

    @property
    def is_one_array(self) -> bool:
        """True where nothing would be gained by keeping the factors apart."""
        if self.guards:
            return True
        groups = [_indices(f) for f in self.factors if _indices(f)]
        return not self.bound and len(connected(groups)) <= 1

    def term(self, extents: tuple[sp.Expr, ...], rows: int, made: _Factors) -> Term:
        if self.guards or not all(map(runs_over, self.places, extents)):
            over = tuple(i for i in self.core if self.whole.has(i))
            return Term(sp.S.One, (made.factor(self.whole, over),), self.places, extents, rows)
        order = (*self.core, *self.bound)
        coefficient, scalars, grouped = sp.S.One, [], {}
        for f in self.factors:
            mine = tuple(i for i in order if f.has(i))
            if f.is_number:
                coefficient *= f
            elif not mine:
                scalars.append(f)
            else:
                grouped.setdefault(mine, []).append(f)
        if not self.bound:
            grouped = _multiplied_out(grouped)
        found = [made.factor(sp.Mul(*scalars), ())] if scalars else []
        found += [made.factor(sp.Mul(*parts), mine) for mine, parts in grouped.items()]
        return Term(coefficient, tuple(found), self.places, extents, rows)


def _multiplied_out(grouped: dict[tuple[Index, ...], list[sp.Expr]]) -> dict[tuple[Index, ...], list[sp.Expr]]:
    """Factors multiplied into one over all of their indices, which holds no more numbers: diag(d) A is one matrix."""
    found: dict[tuple[Index, ...], list[sp.Expr]] = {}
    for mine in sorted(grouped, key=len, reverse=True):
        target = next((whole for whole in found if set(mine) <= set(whole)), mine)
        found.setdefault(target, []).extend(grouped[mine])
    return found


class _Factors:
    """Tensors for factors, equal ones once; a tensor that is read as it is stays itself."""

    def __init__(self):
        self.known: dict[Closed, Tensor] = {}

    def factor(self, expr: sp.Expr, over: tuple[Index, ...]) -> Factor:
        """The factor that an expression over these core indices is."""
        if isinstance(expr, Access) and all(map(runs_over, expr.indices, expr.tensor.extents)):
            indices = tuple(i for i in expr.indices if isinstance(i, Index))
            if len(set(indices)) == len(indices):
                return Factor(expr.tensor, indices)
        form = placed(Closed(over, expr))
        if form not in self.known:
            self.known[form] = realised(Closed(over, expr))
        return Factor(self.known[form], over)


# -- monomials -------------------------------------------------------------------------------------------------------


def monomials(e: sp.Expr, outer: set[Index]) -> list[list[sp.Expr]]:
    """Products whose sum is ``e``, expanded where a sum hides a delta or is a sum of separated products."""
    if e == 0:
        return []
    if e.is_Add:
        return [m for a in e.args for m in monomials(a, outer)]
    found: list[list[sp.Expr]] = [[]]
    for f in sp.Mul.make_args(e):
        if f.is_Add and _worth_expanding(f, outer):
            options = monomials(f, outer)
        elif isinstance(f, Reduction) and f.kind == "sum" and _hides_deltas(f.body, outer) and not f.guards:
            options = [[Reduction("sum", sp.Mul(*m), f.bound)] for m in monomials(f.body, outer)]
        else:
            options = [[f]]
        if len(found) * len(options) > MOST_EXPANDED:
            options = [[f]]
        found = [[*left, *right] for left in found for right in options]
    return found


def _worth_expanding(e: sp.Expr, outer: set[Index]) -> bool:
    if _hides_deltas(e, outer):
        return True
    if len(set(_indices(e)) & outer) < 2:
        return False
    return all(_separates(a, outer) for a in e.args)


def _hides_deltas(e: sp.Expr, outer: set[Index]) -> bool:
    """Whether a sum has a term with a condition on output indices."""
    return any(_is_delta(f, outer) for a in sp.Add.make_args(e) for f in _deep_factors(a)) and e.is_Add


def _deep_factors(e: sp.Expr) -> Iterable[sp.Expr]:
    for f in sp.Mul.make_args(e):
        yield f
        if f.is_Add:
            for a in f.args:
                yield from _deep_factors(a)


def _separates(e: sp.Expr, outer: set[Index]) -> bool:
    """Whether no factor of a product meets two output indices."""
    return all(len(set(_indices(f)) & outer) <= 1 for f in sp.Mul.make_args(e))


def _is_delta(f: sp.Expr, outer: set[Index]) -> bool:
    if isinstance(f, Equal):
        return bool(set(_indices(f)) & outer)
    return (
        isinstance(f, Reduction) and f.kind == "sum" and not f.bound and any(set(_indices(g)) & outer for g in f.guards)
    )


def _indices(e: sp.Basic) -> list[Index]:
    """The free indices, in a fixed order."""
    found = {i for i in e.free_symbols if isinstance(i, Index)}
    found -= {i for r in e.atoms(Reduction) for i in r.bound}
    return sorted(found, key=lambda i: (getattr(i, "place", ("", 0)), i.name, i.dummy_index))


# -- places ----------------------------------------------------------------------------------------------------------


def _placed(factors: Sequence[sp.Expr], outer: tuple[Index, ...], rows: int) -> _Product:
    """A product with its deltas solved: each output axis by an expression of the indices that are left."""
    given = set(outer)
    conditions: list[Guard] = []
    kept: list[sp.Expr] = []
    for f in factors:
        if isinstance(f, Equal) and _is_delta(f, given) and not f.has(Reduction):
            conditions.append(Zero(f.args[0] - f.args[1]))
        elif isinstance(f, Reduction) and _is_delta(f, given):
            conditions += f.guards
            kept += sp.Mul.make_args(f.body)
        else:
            kept.append(f)
    places, guards = _solved(conditions, outer, rows)
    mapping = {o: p for o, p in zip(outer, places, strict=True) if o is not p}
    kept = [_relabelled(f, mapping) for f in kept]
    body, bound = [], []
    sides = _sides(places, rows)
    for f in kept:
        opened = _opened(f, sides) if not guards else None
        body += opened[0] if opened else [f]
        bound += opened[1] if opened else []
    return _Product(tuple(body), tuple(bound), tuple(guards), places)


def _relabelled(f: sp.Expr, mapping: dict[Index, sp.Expr]) -> sp.Expr:
    if not mapping:
        return f
    f = f.xreplace(mapping)
    shifted = {a: a.tensor.access(*map(sp.expand, a.indices)) for a in f.atoms(Access)}
    return f.xreplace({a: b for a, b in shifted.items() if a != b})


def _solved(
    conditions: Sequence[Guard], outer: tuple[Index, ...], rows: int
) -> tuple[tuple[sp.Expr, ...], list[Guard]]:
    """Conditions solved for output indices, columns before rows; what is left are guards on the others."""
    mapping: dict[Index, sp.Expr] = {}
    guards: list[Guard] = []
    pending = sorted(conditions, key=lambda g: isinstance(g, Within))

    def substitute(index: Index, value: sp.Expr) -> None:
        for known in mapping:
            mapping[known] = sp.expand(mapping[known].xreplace({index: value}))
        mapping[index] = value
        guards[:] = [g.func(*g.xreplace({index: value}).args) for g in guards]
        guards.append(Within(value, index.extent))

    for condition in pending:
        condition = condition.func(*condition.xreplace(mapping).args)
        e = condition.args[0]
        free = [i for i in reversed(outer) if i not in mapping]
        if isinstance(condition, Zero):
            index = next((i for i in free if _is_unit(e, i)), None)
            if index is not None:
                substitute(index, sp.expand(index - e * e.coeff(index, 1)))
                continue
            solved = solve(e, free)
            if solved is not None and all(sp.denom(sp.together(v)) == 1 for v in solved[0].values()):
                for index, value in solved[0].items():
                    substitute(index, value)
                guards += solved[1]
                continue
        elif sum(e.has(i) for i in outer) > 1 and condition.args[1] not in {i.extent for i in outer if e.has(i)}:
            # A window: e = u for one of few offsets u, which leaves a band.
            index = next((i for i in free if i in outer[rows:] and _is_unit(e, i)), None)
            if index is not None:
                offset = Index("u", condition.args[1])
                substitute(index, sp.expand(index - (e - offset) * e.coeff(index, 1)))
                continue
        guards.append(condition)
    guards = [g for g in dict.fromkeys(guards) if not (isinstance(g, Within) and always_within(*g.args))]
    return tuple(mapping.get(o, o) for o in outer), [g for g in guards if g != Zero(0)]


def _is_unit(e: sp.Expr, index: Index) -> bool:
    c = e.coeff(index, 1)
    return abs(c) == 1 and not (e - c * index).has(index)


def _sides(places: Sequence[sp.Expr], rows: int) -> tuple[set[Index], set[Index]]:
    """The core indices of rows alone and of columns alone."""
    left = {i for p in places[:rows] for i in _indices(p)}
    right = {i for p in places[rows:] for i in _indices(p)}
    return left - right, right - left


def _opened(f: sp.Expr, sides: tuple[set[Index], set[Index]]) -> tuple[list[sp.Expr], list[Index]] | None:
    """A sum over products that separate rows from columns, as its factors and the indices that it sums over."""
    if not isinstance(f, Reduction) or f.kind != "sum" or f.guards or not f.bound:
        return None
    parts = list(sp.Mul.make_args(f.body))
    if not all(any(p.has(i) for i in side) for side in sides for p in [f]):
        return None
    if any(any(p.has(i) for i in sides[0]) and any(p.has(i) for i in sides[1]) for p in parts):
        return None
    fresh = {i: i.fresh() for i in f.bound}
    return [p.xreplace(fresh) for p in parts], list(fresh.values())


# -- merging ---------------------------------------------------------------------------------------------------------


def _merged(members: list[_Product], rows: int) -> list[_Product]:
    """Products in the same places: those that are one array each are added up."""
    diagonal = not any(_sides(members[0].places, rows))
    plain = [p for p in members if diagonal or p.is_one_array]
    rest = [p for p in members if not (diagonal or p.is_one_array)]
    return ([_one(plain)] if len(plain) > 1 else plain) + rest


def _one(members: list[_Product]) -> _Product:
    if len(members) == 1:
        return members[0]
    return replace(members[0], factors=(sp.Add(*(p.whole for p in members)),), bound=(), guards=())

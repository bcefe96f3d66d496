"""Common factors, as a person takes them: once, from a finished sum of terms.

Σ_i X_ij a_i − Σ_i X_ij b_i becomes Σ_i X_ij (a_i − b_i): sums are lined up by a factor that they share. Then factors
that several terms share are taken out, and what is left is factored as a polynomial. Terms with different deltas are
never mixed, so that diag(p) − ppᵀ stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from symbolic.calculus.canonical import bound_index, height, kept_product, signature
from symbolic.calculus.closed_form import bound_indices
from symbolic.calculus.monomial_rules import is_index_delta
from symbolic.calculus.normal_form import Normaliser
from symbolic.calculus.polynomials import (
    Monomial,
    Polynomial,
    monomial_expression,
    plus,
    scaled,
    settled,
    signed_content,
)
from symbolic.calculus.sums import total
from symbolic.program.expressions import Access, Index, Reduction

_MOST_FACTORED = 24  # terms of a polynomial that is given to SymPy's factorisation
_MOST_SYMBOLS = 8


def factored(p: Polynomial) -> sp.Expr:
    """The polynomial written with common factors taken out."""
    if len(p) <= 1:
        return _sum(_term(m, c) for m, c in p.items())
    groups: dict[frozenset, Polynomial] = {}
    for m, c in p.items():
        groups.setdefault(frozenset(b for b, _ in m if _is_kronecker(b)), {})[m] = c
    if len(groups) > 1:
        shared = frozenset.intersection(*groups)
        c = signed_content(p)
        if shared or c != 1:
            gone = dict.fromkeys(shared, sp.S.One)
            rest = {_without(m, gone): settled(v / c) for m, v in p.items()}
            return kept_product(c, *sorted(shared, key=lambda d: signature(d, None)), factored(rest))
        return _sum(factored(g) for _, g in sorted(groups.items(), key=lambda item: -len(item[0])))
    lined_up = _lined_up(p)
    if lined_up is not None:
        return lined_up
    return _factored_group(p)


def _is_kronecker(e: sp.Expr) -> bool:
    return is_index_delta(e) and all(isinstance(i, Index) for i in e.args)


def _term(monomial: Monomial, c: sp.Expr) -> sp.Expr:
    return _times(c, monomial_expression((b, e) for b, e in monomial))


def _times(c: sp.Expr, e: sp.Expr) -> sp.Expr:
    """c·e, a sum kept together."""
    return e if c == 1 else kept_product(c, e)


def _sum(terms: Iterable[sp.Expr]) -> sp.Expr:
    return sp.Add(*terms)


def _factored_group(p: Polynomial) -> sp.Expr:
    """Factors shared by all terms, then factors shared by some, then polynomial factors."""
    common = _common(p)
    c = signed_content(p)
    if common or c != 1:
        gone = dict(common)
        rest = {_without(m, gone): settled(v / c) for m, v in p.items()}
        inner = factored(rest)
        outer = monomial_expression(common)
        if not common:
            return _times(c, inner)
        return kept_product(c, outer, inner)
    whole = _polynomial_factors(p)
    if whole is not None:
        return whole
    shared = _most_shared(p)
    if shared is None:
        return _sum(_term(m, v) for m, v in p.items())
    base, e = shared
    inside = {_without(m, {base: e}): v for m, v in p.items() if dict(m).get(base, 0) >= e}
    outside = {m: v for m, v in p.items() if dict(m).get(base, 0) < e}
    grouped = {m: v for m, v in p.items() if dict(m).get(base, 0) >= e}
    return _sum([_factored_group(grouped) if len(inside) > 1 else _sum([]), factored(outside)])


def _common(p: Polynomial) -> list[tuple[sp.Expr, sp.Expr]]:
    first, *others = (dict(m) for m in p)
    found = []
    for base, e in sorted(first.items(), key=lambda item: signature(item[0], {})):
        exponents = [e, *(o.get(base, sp.S.Zero) for o in others)]
        if not all(x.is_Rational for x in exponents):
            if len(set(exponents)) == 1:
                found.append((base, e))
            continue
        if min(exponents) > 0:
            found.append((base, min(exponents)))
        elif max(exponents) < 0:
            found.append((base, max(exponents)))
    return found


def _without(monomial: Monomial, gone: dict[sp.Expr, sp.Expr]) -> Monomial:
    return frozenset((b, e - gone[b]) if b in gone else (b, e) for b, e in monomial if gone.get(b) != e)


def _most_shared(p: Polynomial) -> tuple[sp.Expr, sp.Expr] | None:
    """The power that the largest number of terms share (two at least), heavier ones first."""
    counts: dict[sp.Expr, list[sp.Expr]] = {}
    for m in p:
        for base, e in m:
            if e.is_Rational and e > 0:
                counts.setdefault(base, []).append(e)
    shared = [(len(es), _weight(b), -signature(b, {}), b, min(es)) for b, es in counts.items() if len(es) > 1]
    if not shared:
        return None
    *_, base, e = max(shared, key=lambda s: s[:3])
    return base, e


def _weight(base: sp.Expr) -> int:
    return len(base.free_symbols) + len(base.atoms(Access)) + (3 if isinstance(base, Reduction) else 0)


def _polynomial_factors(p: Polynomial) -> sp.Expr | None:
    """The factorisation over the rationals, if there is one: −z³ + z²y + z − y = (1 − z²)(z − y)."""
    if not 2 < len(p) <= _MOST_FACTORED:
        return None
    bases = sorted({b for m in p for b, _ in m}, key=lambda b: signature(b, {}))
    natural = all(e.is_Integer and e > 0 for m in p for _, e in m)
    if not natural or len(bases) > _MOST_SYMBOLS or not all(c.is_Rational for c in p.values()):
        return None
    symbols = {b: sp.Dummy(f"t{n}") for n, b in enumerate(bases)}
    terms = {tuple(int(dict(m).get(b, 0)) for b in bases): c for m, c in p.items()}
    c, factors = sp.Poly(terms, *symbols.values()).factor_list()
    if len(factors) == 1 and factors[0][1] == 1:
        return None
    back = {s: b for b, s in symbols.items()}
    pieces: list[tuple[sp.Expr, int]] = []
    for f, e in _conjugates_joined([(f.as_expr(), e) for f, e in factors]):
        f = sp.expand(f).xreplace(back)
        if f.is_Add and _leaning(f) < 0:
            f, c = -f, c * (-1) ** e
        pieces.append((f, e))
    pieces.sort(key=lambda piece: (piece[0].is_Add, signature(piece[0], {})))
    if c.is_negative:  # −(a − b)(1 − z²) reads (b − a)(1 − z²)
        for position, (f, e) in enumerate(pieces):
            if f.is_Add and e % 2 and _leaning(f) == 0:
                pieces[position], c = (-f, e), -c
                break
    return _times(c, sp.Mul(*(f**e for f, e in pieces)))


def _conjugates_joined(factors: list[tuple[sp.Expr, int]]) -> list[tuple[sp.Expr, int]]:
    """(z − 1)(z + 1) as z² − 1."""
    result = list(factors)
    for f, e in factors:
        if not (f.is_Add and len(f.args) == 2) or (f, e) not in result:
            continue
        for g, x in result:
            product = sp.expand(f * g)
            if g != f and x == e and product.is_Add and len(product.args) == 2:
                result = [pair for pair in result if pair[0] not in (f, g)] + [(product, e)]
                break
    return result


def _leaning(f: sp.Expr) -> int:
    """Positive if a sum reads well, negative if it reads better with its signs changed, 0 if either will do.

    The constant is positive (1 − z²), most terms are, and targets are subtracted from what models them.
    """
    constant, rest = f.as_coeff_Add()
    if constant != 0:
        return 1 if constant > 0 else -1
    signs = [-1 if a.could_extract_minus_sign() else 1 for a in rest.args]
    if sum(signs):
        return sum(signs)
    targets = [n for n, a in enumerate(rest.args) if any(x.tensor.role == "target" for x in a.atoms(Access))]
    return -signs[targets[0]] if len(targets) == 1 else 0


# -- sums over the same index -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sum:
    """One way to see a term: ``c · outside · Σ_bound inside``."""

    monomial: Monomial
    c: sp.Expr
    outside: Monomial
    bound: tuple[Index, ...]
    inside: tuple[sp.Expr, ...]


def _lined_up(p: Polynomial) -> sp.Expr | None:
    """Terms with sums that share a factor, under one sum; None if no two do."""
    views: dict[tuple, list[tuple[_Sum, sp.Expr]]] = {}
    for m, c in p.items():
        seen: set[tuple] = set()
        for view in _sums(m, c):
            for factor in sorted(view.inside, key=lambda f: signature(f, {})):
                key = (view.outside, _pattern(factor, view.bound))
                if key[1] is not None and key not in seen:
                    seen.add(key)
                    views.setdefault(key, []).append((view, factor))
    shared = {key: found for key, found in views.items() if len(found) > 1 and _reads_well(found)}
    best_first = sorted(shared, key=lambda k: (-len(shared[k]), -k[1][1], -k[1][2], signature(k[1][0], {})))
    for key in best_first:
        c, common, inner, shape = _under_one_sum(shared[key])
        if not _is_entry(inner):
            continue
        term = _times(c, sp.Mul(monomial_expression(key[0]), _summed(common, inner, shape)))
        gone = {view.monomial for view, _ in shared[key]}
        others = {m: v for m, v in p.items() if m not in gone}
        return _sum([term, factored(others)]) if others else term
    return None


def _is_entry(e: sp.Expr) -> bool:
    """Whether a bracket is the entry of something that a reader can picture: a matrix, or an array of the rank of what it is made of."""
    free = {i for i in e.free_symbols if isinstance(i, Index)} - set(bound_indices(e))
    return not e.is_Add or len(free) <= max(2, *(len(a.indices) for a in e.atoms(Access)))


def _under_one_sum(chosen: list[tuple[_Sum, sp.Expr]]) -> tuple[sp.Expr, list[sp.Expr], sp.Expr, list[Index]]:
    """c, the common factors, what they multiply and the indices of c · Σ common · (…), the terms lined up by the factor."""
    lines: list[tuple[sp.Expr, list[sp.Expr], list[Index]]] = []
    shape = [i.fresh() for i in _in_order(chosen[0][1], chosen[0][0].bound)]
    for view, factor in chosen:
        mapping = dict(zip(_in_order(factor, view.bound), shape, strict=True))
        rest = [i for i in view.bound if i not in mapping]
        mapping.update({i: i.fresh() for i in rest})
        lines.append((view.c, [f.xreplace(mapping) for f in view.inside], [mapping[i] for i in rest]))
    common = [f for f in lines[0][1] if all(f in factors for _, factors, _ in lines)]
    common = [f for f in common if not any(f.has(i) for _, _, rest in lines for i in rest)]
    n = Normaliser()
    residual: Polynomial = {}
    for c, factors, rest in lines:
        left = list(factors)
        for f in common:
            left.remove(f)
        part = total(n, n.product(*(n.polynomial(f) for f in left)), rest, ())
        residual = plus([residual, scaled(part, c)])
    if not residual:
        inner: sp.Expr = sp.S.Zero
    else:
        inner = factored(residual)
    c, inner = _number_out(inner)
    return c, common, inner, shape


def _reads_well(found: list[tuple[_Sum, sp.Expr]]) -> bool:
    """Whether terms are better under one sum: over one index, or over several if no other sum remains inside."""
    return all(
        len(_in_order(factor, view.bound)) == 1 or len(_in_order(factor, view.bound)) == len(view.bound)
        for view, factor in found
    )


def _number_out(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    c, rest = e.as_coeff_Mul()
    return (c, rest) if not rest.is_number else (sp.S.One, e)


def _summed(common: list[sp.Expr], inner: sp.Expr, bound: list[Index]) -> sp.Expr:
    """Σ_bound common · inner, its indices numbered above those inside."""
    lowest = max((height(e) for e in [*common, inner]), default=0)
    mapping = {i: bound_index(lowest + n, i.extent) for n, i in enumerate(bound)}
    body = sp.Mul(*common, inner).xreplace(mapping)
    return Reduction("sum", body, tuple(mapping.values()))


def _sums(m: Monomial, c: sp.Expr):
    for base, e in m:
        if e == 1 and isinstance(base, Reduction) and base.kind == "sum" and base.bound and not base.guards:
            yield _Sum(m, c, m - {(base, e)}, base.bound, sp.Mul.make_args(base.body))


def _in_order(factor: sp.Expr, bound: Iterable[Index]) -> list[Index]:
    """The bound indices of a factor in the order in which they are read."""
    bound = set(bound)
    return list(dict.fromkeys(e for e in sp.preorder_traversal(factor) if e in bound))


def _pattern(factor: sp.Expr, bound: tuple[Index, ...]) -> tuple[sp.Expr, int, int] | None:
    """The factor with its bound indices numbered as they are read; then how many outer indices and accesses it has."""
    mine = _in_order(factor, bound)
    if not mine:
        return None
    placed = factor.xreplace({i: bound_index(100 + n, i.extent) for n, i in enumerate(mine)})
    outer = {s for s in factor.free_symbols if isinstance(s, Index)} - set(mine)
    return placed, len(outer), len(factor.atoms(Access))

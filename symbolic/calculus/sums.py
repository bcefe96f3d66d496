"""Reductions in normal form: delta elimination, declared facts, independent factors split, canonical names.

A sum of products is a hypergraph: bound indices are joined by the factors that mention them. Each connected component
becomes one ``Reduction`` factor, so Σ_{k,l} a_k b_l = (Σ_k a_k)(Σ_l b_l), and what mentions no bound index stands before
the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus import function_rules
from symbolic.calculus.canonical import named
from symbolic.calculus.monomial_rules import Powers, is_index_delta, is_natural
from symbolic.calculus.polynomials import (
    Polynomial,
    accumulate,
    constant,
    content,
    expression,
    factors_of,
    joined,
    leading,
    plus,
    scaled,
    settled,
    single,
)
from symbolic.calculus.sum_rules import RULES
from symbolic.program.equations import always_within, count_unused, eliminate
from symbolic.program.expressions import Access, Guard, Index, Reduction, Within, Zero
from symbolic.program.functions import Equal
from symbolic.program.reductions import REDUCTIONS

if TYPE_CHECKING:
    from symbolic.calculus.normal_form import Normaliser

FLAT_POWER = 4  # (Σ_k a_k)^p under another sum is written over p indices up to this power


def reduction(n: Normaliser, r: Reduction) -> Polynomial:
    """The normal form of a reduction whose bound indices occur nowhere else."""
    if r.kind == "sum":
        return total(n, n.polynomial(r.body), r.bound, r.guards)
    if r.kind == "logsumexp":
        n.used("logsumexp")
        return function_rules.logarithm(
            n, total(n, function_rules.exponential(n, n.polynomial(r.body)), r.bound, r.guards)
        )
    body, bound, live = eliminate(n.expression(r.body), list(r.bound), r.guards)
    if live is None:
        return constant(REDUCTIONS[r.kind].neutral)
    if r.kind not in ("argmax", "argmin"):
        body, bound = count_unused(body, bound, live, r.kind)
        if not bound and not live:
            return n.polynomial(body)
    p = n.polynomial(body)
    if r.kind == "prod":
        return _product(n, p, bound, live)
    if r.kind in ("max", "min"):
        return _extremum(r.kind, p, bound, live)
    return single(named(r.kind, (expression(p),), bound, live))


def _product(n: Normaliser, p: Polynomial, bound: Sequence[Index], guards: Sequence[Guard]) -> Polynomial:
    """Π_k a_k b_k = Π_k a_k · Π_k b_k; Π_k e^(t_k) = e^(Σ_k t_k)."""
    if len(p) != 1 or guards:
        return single(named("prod", (expression(p),), bound, guards))
    ((monomial, c),) = p.items()
    points = sp.Mul(*(k.extent for k in bound))
    factors = [constant(settled(c**points))]
    for base, e in monomial:
        if isinstance(base, sp.exp):
            exponent = total(n, scaled(n.polynomial(base.args[0]), e), bound, ())
            factors.append(function_rules.exponential(n, exponent))
            continue
        mine = [k for k in bound if base.has(k)]
        count = sp.Mul(*(k.extent for k in bound if k not in mine))
        whole = single(named("prod", (base,), mine, ())) if mine else single(base)
        factors.append(n.power(whole, e * count))
    return n.product(*factors)


def _extremum(kind: str, p: Polynomial, bound: Sequence[Index], guards: Sequence[Guard]) -> Polynomial:
    """max_k (a + c b_k) = a + c max_k b_k for c > 0, and with min for c < 0."""
    mentioned = set(bound)
    outside = {m: c for m, c in p.items() if not any(b.free_symbols & mentioned for b, _ in m)}
    inside = {m: c for m, c in p.items() if m not in outside}
    if not inside:
        return p
    c = content(inside)
    if inside[leading(inside)].is_negative:
        c, kind = -c, {"max": "min", "min": "max"}[kind]
    inner = expression(scaled(inside, settled(1 / c)))
    return plus([outside, scaled(single(named(kind, (inner,), bound, guards)), c)])


def total(n: Normaliser, p: Polynomial, bound: Iterable[Index], guards: Iterable[Guard]) -> Polynomial:
    """The sum of a polynomial over bound indices where guards hold."""
    bound, guards = tuple(bound), tuple(guards)
    result: Polynomial = {}
    for monomial, c in p.items():
        for m, value in _sum_term(n, dict(monomial), bound, guards).items():
            accumulate(result, m, settled(value * c))
    return result


def _sum_term(n: Normaliser, powers: Powers, bound: tuple[Index, ...], guards: tuple[Guard, ...]) -> Polynomial:
    mentioned = set(bound)
    inside: Powers = {}
    outside: Powers = {}
    for base, e in powers.items():
        (inside if _symbols(base, e) & mentioned else outside)[base] = e
    every, conditions = list(bound), list(guards)
    c = _flatten(n, inside, every, conditions)
    if c != 1:
        return scaled(
            n.product({frozenset(outside.items()): sp.S.One}, _sum_term(n, inside, tuple(every), tuple(conditions))), c
        )
    for base in [b for b in inside if is_index_delta(b) and is_natural(inside[b])]:
        del inside[base]
        conditions.append(Zero(base.args[0] - base.args[1]))
    pairs = sp.Tuple(*(sp.Tuple(b, e) for b, e in inside.items()))
    changed, remaining, live = eliminate(pairs, every, conditions)  # type: ignore[arg-type]
    if live is None:
        n.used("delta_elimination")
        return {}
    if changed != pairs:
        n.used("delta_elimination")
        body = n.product(*(n.power(n.polynomial(pair.args[0]), pair.args[1]) for pair in changed.args))
        return n.product({frozenset(outside.items()): sp.S.One}, total(n, body, remaining, live))
    live = _apart(live)
    for rule in RULES:
        found = rule(n, inside, remaining, live)
        if found is not None:
            n.used(rule.__name__)
            body, rest, still = found
            return n.product({frozenset(outside.items()): sp.S.One}, total(n, body, rest, still))
    return _assembled(n, outside, inside, remaining, live)


def _apart(guards: list[Guard]) -> list[Guard]:
    """Equality guards with each value read once: t_k = i and t_k = j become t_k = i and i = j."""
    result = list(guards)
    for position, guard in enumerate(result):
        if not isinstance(guard, Zero):
            continue
        for access in sorted(guard.args[0].atoms(Access), key=str):
            c = guard.args[0].coeff(access)
            if abs(c) == 1 and not (guard.args[0] - c * access).has(access):
                value = sp.expand(access - guard.args[0] / c)
                for later in range(len(result)):
                    if later != position and isinstance(result[later], Zero):
                        result[later] = Zero(result[later].args[0].xreplace({access: value}))
                break
    return [g for g in dict.fromkeys(result) if g != Zero(sp.S.Zero)]


def _flatten(n: Normaliser, inside: Powers, bound: list[Index], guards: list[Guard]) -> sp.Expr:
    """Sums among the factors of a sum join it: Σ_k a_k (Σ_l b_kl)² = Σ_{k,l,m} a_k b_kl b_km. Returns a coefficient."""
    coefficient: sp.Expr = sp.S.One
    for base in list(inside):
        if not (isinstance(base, Reduction) and base.kind == "sum"):
            continue
        e = inside[base]
        if not is_natural(e) or e > FLAT_POWER:
            continue
        del inside[base]
        for _ in range(int(e)):
            copy = base.renamed()
            bound.extend(copy.bound)
            guards.extend(copy.guards)
            for factor in sp.Mul.make_args(copy.body):
                p = n.polynomial(factor)
                ((monomial, c),) = p.items() if len(p) == 1 else [(frozenset([(factor, sp.S.One)]), sp.S.One)]
                coefficient = coefficient * c
                merged = joined(inside.items(), monomial)
                inside.clear()
                inside.update(merged)
    return settled(coefficient)


def _assembled(n: Normaliser, outside: Powers, inside: Powers, bound: list[Index], guards: list[Guard]) -> Polynomial:
    """Components of the hypergraph as factors; unused indices counted."""
    c: sp.Expr = sp.S.One
    used = set().union(*(_symbols(b, e) for b, e in inside.items()), *(g.free_symbols for g in guards))
    kept = []
    for index in bound:
        if index in used:
            kept.append(index)
        else:
            c = c * index.extent
    groups = {index: {index} for index in kept}
    free_guards: list[Guard] = []
    for thing in [*(sp.Tuple(*pair) for pair in inside.items()), *guards]:
        mine = [i for i in kept if i in thing.free_symbols]
        for other in mine[1:]:
            merged = groups[mine[0]] | groups[other]
            for index in merged:
                groups[index] = merged
        if not mine and isinstance(thing, Guard):
            free_guards.append(thing)
    result = dict(outside)
    components = []
    seen: set[Index] = set()
    for index in kept:
        if index in seen:
            continue
        members = groups[index]
        seen |= members
        order = [i for i in kept if i in members]
        parts = {b: e for b, e in inside.items() if _symbols(b, e) & members}
        components.append((parts, order, [g for g in guards if g.free_symbols & members]))
    alone = {b: e for b, e in inside.items() if not _symbols(b, e) & seen}
    result = joined(result.items(), alone.items())
    deltas = []
    if free_guards:
        every = [result, *(parts for parts, *_ in components)]
        protects = not all(_is_safe(b, e) for powers in every for b, e in powers.items())
        if protects or any(isinstance(g, Within) for g in free_guards):
            return scaled(_guarded(n, result, components, free_guards), settled(c))
        deltas = [Equal(g.args[0], 0) for g in free_guards]
    for parts, order, mine in components:
        number, found = _component(parts, order, mine)
        c = c * number
        result = joined(result.items(), [(found, sp.S.One)])
    p = scaled(n.settle(result), settled(c))
    return n.product(p, *(n.polynomial(d) for d in deltas))


def _symbols(base: sp.Expr, exponent: sp.Expr) -> set[sp.Basic]:
    """What a factor mentions; an exponent may depend on indices as well as a base."""
    return base.free_symbols | exponent.free_symbols


def _is_safe(base: sp.Expr, exponent: sp.Expr) -> bool:
    """True if every access reads within range whatever the guards say."""
    return all(
        always_within(i, size) or i == 0
        for access in base.atoms(Access) | exponent.atoms(Access)
        for i, size in zip(access.indices, access.tensor.extents, strict=True)
    )


def _guarded(n: Normaliser, outside: Powers, components: list, guards: list[Guard]) -> Polynomial:
    """A term under guards that mention no bound index: what they protect stays behind them, the rest stands before."""
    bare: Powers = {}
    protected: Powers = {}
    bound: list[Index] = []
    conditions = list(guards)
    for base, e in outside.items():
        (bare if _is_safe(base, e) else protected)[base] = e
    number: sp.Expr = sp.S.One
    for parts, order, mine in components:
        if all(_is_safe(b, e) for b, e in parts.items()):
            c, found = _component(parts, order, mine)
            number, bare = number * c, joined(bare.items(), [(found, sp.S.One)])
        else:
            protected = joined(protected.items(), parts.items())
            bound.extend(order)
            conditions.extend(mine)
    number = number * _flatten(n, protected, bound, conditions)
    c, found = _component(protected, bound, conditions)
    return scaled(n.settle(joined(bare.items(), [(found, sp.S.One)])), settled(number * c))


def _component(parts: Powers, bound: Sequence[Index], guards: Iterable[Guard]) -> tuple[sp.Expr, sp.Expr]:
    """The named sum of a product, and the sign that canonical names may have drawn out of it."""
    return named("sum", factors_of(parts.items()) or [sp.S.One], bound, guards).as_coeff_Mul()


__all__ = ["reduction", "total"]

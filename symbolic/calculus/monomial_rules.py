"""Rewrites that hold entry by entry, on one monomial: each returns what it becomes, or None where it does not apply.

A rule's name is its key in the record of a derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus.canonical import signature
from symbolic.calculus.polynomials import Polynomial, accumulate, joined, leading, scaled, settled
from symbolic.program.equations import always_within
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.facts import Fact
from symbolic.program.functions import Comparison, Equal, Magnitude, Sign, Step

if TYPE_CHECKING:
    from symbolic.calculus.normal_form import Normaliser

Powers = dict[sp.Expr, sp.Expr]


def is_index_delta(e: sp.Expr) -> bool:
    """True for ``Equal`` between index expressions: a Kronecker delta."""
    return isinstance(e, Equal) and all(_is_whole(a) for a in e.args)


def _is_whole(e: sp.Expr) -> bool:
    return all(a.tensor.dtype == "int" for a in e.atoms(Access)) and not e.has(Reduction) and bool(e.is_integer)


def is_natural(e: sp.Expr) -> bool:
    """True for 1, 2, 3, …"""
    return bool(e.is_Integer and e > 0)


def distribution(n: Normaliser, powers: Powers) -> Polynomial | None:
    """(a + b) c = a c + b c, where powers have merged to a natural exponent."""
    for base, e in powers.items():
        if base.is_Add and is_natural(e):
            rest = {b: x for b, x in powers.items() if b is not base}
            return n.product(n.power(n.polynomial(base), e), n.settle(rest))
        if base.is_Mul and is_natural(e):
            rest = {b: x for b, x in powers.items() if b is not base}
            return n.product(n.power(n.polynomial(base), e), n.settle(rest))
    return None


def idempotence(n: Normaliser, powers: Powers) -> Polynomial | None:
    """[c]² = [c]; sign³ = sign; |x|² = x²; y² = y of binary entries; y² = 1 of signs, and other facts of powers."""
    for base, e in powers.items():
        if not is_natural(e) or e == 1:
            continue
        rest = {b: x for b, x in powers.items() if b is not base}
        if isinstance(base, (Step, Comparison)):
            return n.settle(joined(rest.items(), [(base, sp.S.One)]))
        if isinstance(base, Sign) and e > 2:
            return n.settle(joined(rest.items(), [(base, 2 - e % 2)]))
        if isinstance(base, Magnitude):
            whole = n.power(n.polynomial(base.args[0]), e - e % 2)
            return n.product(whole, n.settle(joined(rest.items(), [(base, e % 2)] if e % 2 else [])))
        if isinstance(base, Access):
            if base.tensor.assume & {"binary", "one_hot"}:
                return n.settle(joined(rest.items(), [(base, sp.S.One)]))
            for fact in entry_facts(base):
                if e >= fact.power:
                    times, left = divmod(int(e), fact.power)
                    new = joined(rest.items(), [(base, sp.Integer(left))] if left else [])
                    return scaled(n.settle(new), settled(fact.value**times))
    return None


def entry_facts(access: Access):
    """The facts that hold of single entries of a tensor."""
    found = [f for f in access.tensor.facts if not f.axes]
    return [*found, Fact((), 2, sp.S.One)] if "sign" in access.tensor.assume else found


def delta_substitution(n: Normaliser, powers: Powers) -> Polynomial | None:
    """δ_ij f(j) = δ_ij f(i); a delta is its own power, and zero where its sides differ by a number."""
    for base, e in powers.items():
        if not is_index_delta(base):
            continue
        if e != 1 and is_natural(e):
            return n.settle({**powers, base: sp.S.One})
        a, b = base.args
        for old, new in ((b, a), (a, b)):
            if not isinstance(old, Index) or new.has(old):
                continue
            if isinstance(new, Index) and _rank(new) > _rank(old):
                continue
            if not (isinstance(new, Index) or always_within(new, old.extent)):
                continue
            others = [(x, p) for x, p in powers.items() if x is not base]
            if any(x.has(old) for x, _ in others):
                changed = [n.power(n.polynomial(x.xreplace({old: new})), p) for x, p in others]
                return n.product({frozenset([(base, sp.S.One)]): sp.S.One}, *changed)
    return None


def _rank(index: Index) -> tuple:
    place = getattr(index, "place", None)
    return (0, *place) if place else (1, "", index.dummy_index)


def one_hot_product(n: Normaliser, powers: Powers) -> Polynomial | None:
    """y_k y_l = δ_kl y_k of one-hot rows."""
    hot = [b for b, e in powers.items() if isinstance(b, Access) and "one_hot" in b.tensor.assume and is_natural(e)]
    for position, first in enumerate(hot):
        for second in hot[position + 1 :]:
            if first.tensor is second.tensor and first.indices[:-1] == second.indices[:-1]:
                rest = {b: e for b, e in powers.items() if b is not second}
                same = n.polynomial(Equal(first.indices[-1], second.indices[-1]))
                return n.product(same, n.settle(rest))
    return None


def guard_union(n: Normaliser, powers: Powers) -> Polynomial | None:
    """Products of guarded terms: the guards of both hold."""
    guarded = [
        (b, e)
        for b, e in powers.items()
        if isinstance(b, Reduction) and b.kind == "sum" and not b.bound and is_natural(e)
    ]
    if not guarded or (len(guarded) == 1 and guarded[0][1] == 1):
        return None
    guards = [g for b, _ in guarded for g in b.guards]
    bodies = [n.power(n.polynomial(b.body), e) for b, e in guarded]
    rest = {b: e for b, e in powers.items() if b not in dict(guarded)}
    from symbolic.calculus.sums import total

    return n.product(total(n, n.product(*bodies), (), guards), n.settle(rest))


def division(n: Normaliser, powers: Powers) -> Polynomial | None:
    """f·P⁻¹ where the leading term of P divides f: f/lead · (1 − (P − lead) P⁻¹)."""
    if not n.division:
        return None
    for base, e in powers.items():
        if not base.is_Add or not e.is_negative:
            continue
        p = n.polynomial(base)
        lead = leading(p)
        others = {b: x for b, x in powers.items() if b is not base}
        if lead and _divides(lead, others):
            quotient = joined(others.items(), ((b, -x) for b, x in lead))
            sign = sp.S.One
        elif (trailing := _needs_raising(p, lead, others)) is not None:
            lead, quotient = trailing, joined(others.items(), ((b, -x) for b, x in trailing))
            sign = sp.S.One
        else:
            continue
        rest: Polynomial = {}
        for m, c in p.items():
            if m != lead:
                accumulate(rest, m, settled(-c / p[lead]))
        q = {frozenset(quotient.items()): sign}
        whole = n.product(scaled(q, settled(1 / p[lead])), n.power(p, e + 1))
        return _plus(whole, n.product(q, rest, {frozenset([(base, e)]): sp.S.One}))
    return None


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    result = dict(a)
    for m, c in b.items():
        accumulate(result, m, c)
    return result


def _divides(lead, others: Powers) -> bool:
    for base, x in lead:
        have = others.get(base)
        if have is None or not have.is_Rational or not x.is_Rational or have < x:
            return False
    return True


def _needs_raising(p: Polynomial, lead, others: Powers):
    """The other term of P = lead + other, where f holds a negative power of an exponential of the leading term."""
    if len(p) != 2:
        return None
    (other,) = (m for m in p if m != lead)
    for base, x in lead:
        have = others.get(base)
        if isinstance(base, sp.exp) and have is not None and have.is_negative and x.is_positive:
            return other
    return None


def half_lines(n: Normaliser, powers: Powers) -> Polynomial | None:
    """[x > 0][−x > 0] = 0 and x (1 − [x > 0] − [−x > 0]) = 0, used to write x [−x > 0] through [x > 0]."""
    if not n.identities:
        return None
    steps = [b for b in powers if isinstance(b, Step)]
    for down in steps:
        q = n.polynomial(-down.args[0])
        if q[leading(q)].is_negative:
            continue
        up = Step(-down.args[0])
        if up in powers:
            return {}
        lead = leading(q)
        others = {b: e for b, e in powers.items() if b is not down}
        if not lead or not _divides(lead, others):
            continue
        quotient = {frozenset(joined(others.items(), ((b, -x) for b, x in lead)).items()): settled(1 / q[lead])}
        rest = {m: c for m, c in q.items() if m != lead}
        minus = scaled(n.product(q, {frozenset([(up, sp.S.One)]): sp.S.One}), sp.S.NegativeOne)
        tail = scaled(n.product(rest, {frozenset([(down, sp.S.One)]): sp.S.One}), sp.S.NegativeOne)
        return n.product(quotient, _plus(_plus(q, minus), tail))
    return None


def pythagoras(n: Normaliser, powers: Powers) -> Polynomial | None:
    """sin² = 1 − cos²."""
    if not n.identities:
        return None
    for base, e in powers.items():
        if isinstance(base, sp.sin) and is_natural(e) and e >= 2:
            rest = joined(((b, x) for b, x in powers.items() if b is not base), [(base, e - 2)] if e > 2 else [])
            return n.product(n.settle(rest), n.polynomial(1 - sp.cos(base.args[0]) ** 2))
    return None


def ordered(a: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The two arguments of a symmetric function in their canonical order."""
    ka, kb = signature(a, None), signature(b, None)
    return (a, b) if ka <= kb else (b, a)


RULES = (
    distribution,
    idempotence,
    delta_substitution,
    one_hot_product,
    guard_union,
    division,
    half_lines,
    pythagoras,
)

"""Sums of monomials: the arithmetic of normal forms.

A polynomial maps monomials to coefficients. A monomial is a set of (base, exponent); a base is an access, a delta, a
function of normal forms, a reduction, or a sum of terms that a power keeps together. Coefficients are exact numbers and
rational functions of dimensions, never floating.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

import sympy as sp

from symbolic.calculus.canonical import signature
from symbolic.calculus.closed_form import TooLargeError
from symbolic.program.expressions import Access, Index, Reduction

Monomial = frozenset[tuple[sp.Expr, sp.Expr]]
Polynomial = dict[Monomial, sp.Expr]

UNIT: Monomial = frozenset()
MOST_TERMS = 1500
MOST_NODES = 4000


def constant(c: sp.Expr) -> Polynomial:
    """The polynomial of one coefficient."""
    return {UNIT: c} if c != 0 else {}


def single(base: sp.Expr, exponent: sp.Expr = sp.S.One) -> Polynomial:
    """The polynomial of one power."""
    return {frozenset([(base, exponent)]): sp.S.One}


@functools.lru_cache(maxsize=4096)
def settled(c: sp.Expr) -> sp.Expr:
    """A coefficient in its one form: a quotient of coprime polynomials in the dimensions, the numerator expanded."""
    if c.is_Rational or c.is_Atom:
        return c
    if all(p.exp.is_nonnegative for p in c.atoms(sp.Pow) if not p.base.is_number):
        return sp.expand(c)
    return sp.cancel(c)


def accumulate(into: Polynomial, monomial: Monomial, c: sp.Expr) -> None:
    """Add a term in place, dropping it where the coefficient cancels."""
    known = into.get(monomial)
    total = c if known is None else known + c
    if not total.is_Rational:
        total = settled(total)
    if total == 0:
        into.pop(monomial, None)
        return
    into[monomial] = total
    if len(into) > MOST_TERMS:
        raise TooLargeError(f"more than {MOST_TERMS} terms after distribution")


def plus(terms: Iterable[Polynomial]) -> Polynomial:
    """The sum of polynomials."""
    result: Polynomial = {}
    for p in terms:
        for monomial, c in p.items():
            accumulate(result, monomial, c)
    return result


def scaled(p: Polynomial, factor: sp.Expr) -> Polynomial:
    """The polynomial times a coefficient."""
    if factor == 1:
        return p
    return {m: settled(c * factor) for m, c in p.items()} if factor != 0 else {}


def joined(*monomials: Iterable[tuple[sp.Expr, sp.Expr]]) -> dict[sp.Expr, sp.Expr]:
    """The product of monomials as a dict from base to exponent; equal bases merge, powers that cancel go."""
    powers: dict[sp.Expr, sp.Expr] = {}
    for monomial in monomials:
        for base, exponent in monomial:
            known = powers.get(base)
            total = exponent if known is None else known + exponent
            if total == 0:
                powers.pop(base, None)
            else:
                powers[base] = total
    return powers


def expression(p: Polynomial) -> sp.Expr:
    """The polynomial as a SymPy expression. Raises ``TooLargeError`` beyond ``MOST_NODES``."""
    e = sp.Add(*(c * monomial_expression(m) for m, c in p.items()))
    if nodes(e) > MOST_NODES:
        raise TooLargeError(f"an expression of more than {MOST_NODES} parts in a normal form")
    return e


@functools.lru_cache(maxsize=16384)
def nodes(e: sp.Basic) -> int:
    """The number of parts of an expression, counted as a tree."""
    return 1 + sum(map(nodes, e.args))


def monomial_expression(powers: Iterable[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
    """The product of powers as a SymPy expression."""
    return sp.Mul(*factors_of(powers))


def factors_of(powers: Iterable[tuple[sp.Expr, sp.Expr]]) -> list[sp.Expr]:
    """The powers of a monomial as expressions, its exponentials as one."""
    factors: list[sp.Expr] = []
    exponent: list[sp.Expr] = []
    for base, e in powers:
        if isinstance(base, sp.exp):
            exponent.append(base.args[0] * e)
        else:
            factors.append(base if e == 1 else sp.Pow(base, e))
    return [*factors, sp.exp(sp.Add(*exponent))] if exponent else factors


def is_coefficient(e: sp.Expr) -> bool:
    """True for numbers and functions of dimensions alone."""
    return not e.has(Access, Index, Reduction)


def order_key(monomial: Monomial) -> tuple:
    """A total preorder of monomials that does not depend on how they were built: simple ones first."""
    powers = sorted((signature(base, {}), str(exponent)) for base, exponent in monomial)
    return len(powers), powers


def leading(p: Mapping[Monomial, sp.Expr]) -> Monomial:
    """The monomial that comes last in the order."""
    return max(p, key=order_key)


def content(p: Polynomial) -> sp.Expr:
    """The positive rational (or single coefficient) that all coefficients share."""
    values = list(p.values())
    if len(values) == 1:
        c = values[0]
        return c if c.is_positive else -c if c.is_negative else sp.S.One
    if all(c.is_Rational for c in values):
        return sp.Rational(
            functools.reduce(sp.igcd, (abs(c.p) for c in values)), functools.reduce(sp.ilcm, (c.q for c in values))
        )
    shared = {abs(c) if c.is_number else c for c in values}
    if len(shared) == 1:
        c = shared.pop()
        return c if c.is_positive else sp.S.One
    first = values[0]
    ratios = [settled(c / first) for c in values]
    if all(r.is_Rational for r in ratios) and (first.is_positive or first.is_negative):
        size = first if first.is_positive else -first
        return size * content({frozenset([(sp.Integer(n), sp.S.One)]): r for n, r in enumerate(ratios)})
    return sp.S.One


def signed_content(p: Polynomial) -> sp.Expr:
    """The number that all coefficients share; negative only if all of them are. Fractions are not cleared: a − b/48."""
    c = content(p)
    values = list(p.values())
    if all(v.is_Rational for v in values) and len({v.q for v in values}) > 1:
        c = sp.Integer(sp.igcd(*(v.p for v in values)))
    return -c if all(v.could_extract_minus_sign() for v in p.values()) else c

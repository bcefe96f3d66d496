"""Folding: where a tensor's definition occurs in an expression, write its name.

A tensor T = c·f·rest (or T = c·f + rest) is solved for its leading factor f, and f is replaced wherever it occurs, at
whatever indices. The replacement is exact, so it may always be tried; it is kept if the expression got simpler.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import sympy as sp

from symbolic.calculus.canonical import signature
from symbolic.calculus.closed_form import Closed, TooLargeError, closed_form, is_opaque, refreshed
from symbolic.calculus.normal_form import Normaliser, normal_form
from symbolic.calculus.polynomials import Monomial, expression, monomial_expression, order_key
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.tensors import Tensor

_MOST_MATCHES = 200
_PASSES = 2  # a name may apply only after another one has been folded


def size(expr: sp.Basic) -> int:
    """How much there is to read: accesses, functions and sums; what is inside counts too."""
    own = 3 if isinstance(expr, Reduction) else 2 if isinstance(expr, (Access, sp.Function)) else 0
    if isinstance(expr, Access):
        return own + sum(1 for i in expr.indices if not i.is_Atom)
    if isinstance(expr, Reduction):
        return own + size(expr.body) + 2 * len(expr.guards)
    if expr.is_Pow:
        negative = 0 if expr.exp.is_Integer and expr.exp > 0 else 1
        return size(expr.base) + size(expr.exp) + 1 + negative
    return own + sum(map(size, expr.args)) + (len(expr.args) if expr.is_Add else 0)


def folded(closed: Closed, scope: Iterable[Tensor], stop: Callable[[Tensor], bool] | None = None) -> Closed:
    """The normal form ``closed`` with definitions of ``scope`` replaced by names where that makes it simpler.

    ``stop`` says how far definitions are written out, as in ``closed_form``.
    """
    scope = [t for t in scope if not is_opaque(t)]
    for t in scope * _PASSES:
        try:
            lead = leading_factor(t, stop)
            if lead is None:
                continue
            replaced = replaced_everywhere(closed.expr, *lead)
            if replaced == closed.expr:
                continue
            candidate = normal_form(Closed(closed.indices, replaced, closed.conditions, (*closed.rules, "folding")))
        except TooLargeError:
            continue
        if size(candidate.expr) < size(closed.expr):
            closed = candidate
    return closed


def leading_factor(
    t: Tensor, stop: Callable[[Tensor], bool] | None = None
) -> tuple[sp.Expr, tuple[Index, ...], sp.Expr, sp.Expr] | None:
    """(f, indices, value, e): the factor f for which ``t[indices]`` is solved, f^e = value."""
    form = normal_form(closed_form(t, stop))
    n = Normaliser()
    p = n.polynomial(form.expr)
    outputs = {i for i in form.indices if i.extent != 1}
    access = t.access(*(i if i.extent != 1 else sp.S.Zero for i in form.indices))
    if len(p) == 1:
        ((monomial, c),) = p.items()
        exponentials = monomial_expression((b, e) for b, e in monomial if isinstance(b, sp.exp))
        if outputs <= exponentials.free_symbols and exponentials != 1:
            rest = monomial_expression((b, e) for b, e in monomial if not isinstance(b, sp.exp))
            return exponentials, form.indices, access / (c * rest), sp.S.One
        solvable = [(b, e) for b, e in monomial if e.is_Rational and (1 / e).is_Integer and outputs <= b.free_symbols]
        if not solvable:
            return None
        base, e = min(solvable, key=lambda pair: _preference(*pair))
        rest = monomial_expression((b, x) for b, x in monomial if b != base)
        return base, form.indices, access / (c * rest), e
    lone = [m for m in p if _is_lone(m, outputs)]
    if not lone or len(p) > 6:
        return None
    chosen = max(lone, key=order_key)
    ((base, _),) = chosen
    rest = {m: c for m, c in p.items() if m != chosen}
    if any(_mentions(b, base) for m in rest for b, _ in m):
        return None
    return base, form.indices, (access - expression(rest)) / p[chosen], sp.S.One


def _preference(base: sp.Expr, e: sp.Expr) -> tuple:
    return not isinstance(base, sp.Function), not isinstance(base, Access), e != 1, signature(base, {})


def _is_lone(monomial: Monomial, outputs: set) -> bool:
    if len(monomial) != 1:
        return False
    ((base, e),) = monomial
    return e == 1 and not isinstance(base, Reduction) and outputs <= base.free_symbols


def _mentions(expr: sp.Expr, base: sp.Expr) -> bool:
    """Whether an expression reads what ``base`` is made of, other than inside a sum."""
    return (
        not isinstance(expr, Reduction)
        and isinstance(base, Access)
        and any(a.tensor is base.tensor for a in expr.atoms(Access))
    )


def replaced_everywhere(
    expr: sp.Expr, pattern: sp.Expr, indices: tuple[Index, ...], value: sp.Expr, exponent: sp.Expr = sp.S.One
) -> sp.Expr:
    """``pattern**exponent`` (at any ``indices``) and its whole powers replaced by ``value`` there."""
    variables = tuple(Index(i.name, i.extent) for i in indices)
    renaming = dict(zip(indices, variables, strict=True))
    wanted, result = pattern.xreplace(renaming), value.xreplace(renaming)

    start = {v: None if v.extent != 1 else sp.S.Zero for v in variables}

    def instance(e: sp.Expr) -> sp.Expr | None:
        if type(e) is not type(wanted):
            return None
        if isinstance(e, sp.exp):
            return exponential(e)
        found = next((m for m in matches(wanted, e, start) if _is_complete(m)), None)
        return refreshed(result, found) if found is not None else None

    def exponential(e: sp.Expr) -> sp.Expr | None:
        """e^(a + b + …) with the parts of the exponent that match the pattern's taken out, as often as there are any."""
        terms, factors = list(sp.Add.make_args(e.args[0])), []
        sought = list(sp.Add.make_args(wanted.args[0]))
        while len(terms) >= len(sought):
            found = next((m for m in _in_any_order(sought, terms, start) if _is_complete(m[0])), None)
            if found is None:
                break
            mapping, terms = found
            factors.append(refreshed(result, mapping))
        return sp.Mul(*factors, sp.exp(sp.Add(*terms))) if factors else None

    def walk(e: sp.Expr) -> sp.Expr:
        base, power = e.as_base_exp() if e.is_Pow and exponent != 1 else (e, exponent)
        times = power / exponent
        if times.is_Integer:
            found = instance(base)
            if found is not None:
                return found**times
        if not e.args or isinstance(e, Access):
            return e
        if isinstance(e, Reduction):
            return Reduction(e.kind, walk(e.body), e.bound, e.guards)
        return e.func(*(walk(a) for a in e.args))

    return walk(expr)


def matches(pattern: sp.Basic, e: sp.Basic, found: dict) -> Iterator[dict]:
    """The ways to choose indices (the keys of ``found``) that make ``pattern`` equal to ``e``."""
    if pattern in found:
        known = found[pattern]
        if known is None and isinstance(e, sp.Expr):
            yield {**found, pattern: e}
        elif known == e:
            yield found
        return
    if pattern == e:
        yield found
        return
    if type(pattern) is not type(e) or len(pattern.args) != len(e.args) or not pattern.args:
        return
    if isinstance(pattern, Reduction):
        yield from _matches_under_a_sum(pattern, e, found)
        return
    if pattern.is_Add or pattern.is_Mul:
        found_so_far = _in_any_order(list(pattern.args), list(e.args), found)
        yield from (m for m, rest in itertools.islice(found_so_far, _MOST_MATCHES) if not rest)
        return
    yield from _matches_in_order(pattern.args, e.args, found)


def _matches_under_a_sum(pattern: Reduction, e: Reduction, found: dict) -> Iterator[dict]:
    """The matches of two reductions of one kind, whatever their bound indices are called."""
    if pattern.kind != e.kind or len(pattern.bound) != len(e.bound) or len(pattern.guards) != len(e.guards):
        return
    pattern = pattern.renamed()  # two canonical forms share their bound indices
    mine, theirs = set(pattern.bound), set(e.bound)
    start = {**found, **dict.fromkeys(pattern.bound)}
    for match in _matches_in_order((pattern.body, *pattern.guards), (e.body, *e.guards), start):
        paired = {match[i]: i for i in pattern.bound}
        if set(paired) != theirs or any(i.extent != j.extent for j, i in paired.items()):
            continue
        kept = {k: v for k, v in match.items() if k not in mine}
        if not any(v is not None and v.has(*theirs) for v in kept.values()):
            yield kept


def _matches_in_order(patterns, args, found: dict) -> Iterator[dict]:
    if not patterns:
        yield found
        return
    for first in matches(patterns[0], args[0], found):
        yield from _matches_in_order(patterns[1:], args[1:], first)


def _in_any_order(patterns: list, args: list, found: dict) -> Iterator[tuple[dict, list]]:
    """The matches of patterns among args in any order, with the args that are left over."""
    if not patterns:
        yield found, args
        return
    for position, a in enumerate(args):
        for first in matches(patterns[0], a, found):
            yield from _in_any_order(patterns[1:], args[:position] + args[position + 1 :], first)


def _is_complete(found: dict) -> bool:
    return all(v is not None for v in found.values())

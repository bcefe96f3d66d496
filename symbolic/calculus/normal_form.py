"""Normal form, phase 1: sums of monomials that never look through a name.

``normal_form`` rewrites an expression by named rules that preserve its value until two expressions that the rules can
show equal are the same object, whatever the order in which they were built: sums are distributed, deltas eliminated,
declared facts applied, independent sums split into factors, like terms merged, bound indices named canonically.

With ``identities`` functions are also written through each other (σ, tanh and softplus through exp and log; relu, |x|,
max and comparisons through the step function), which is what proofs of equality use; a reader prefers the names.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakValueDictionary

import sympy as sp

from symbolic.calculus import function_rules, monomial_rules, sums
from symbolic.calculus.canonical import canonical, output_index, symmetrised
from symbolic.calculus.closed_form import Closed, Condition, TooLargeError, closed_form, is_opaque, scalar_form
from symbolic.calculus.polynomials import (
    MOST_TERMS,
    Polynomial,
    accumulate,
    constant,
    content,
    expression,
    is_coefficient,
    joined,
    leading,
    plus,
    scaled,
    settled,
    single,
)
from symbolic.calculus.primitive_rules import through_others
from symbolic.calculus.remembered import by_form
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Quotient, Reduction, Remainder, rejoined
from symbolic.program.functions import Magnitude
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

_LARGEST_POWER = 24


def normal_form(closed: Closed, identities: bool = False, division: bool = False) -> Closed:
    """The canonical form of ``closed``: equal forms are structurally equal. ``division`` (part of ``identities``) also
    divides by sums: σ/(1 − σ) = 1/(1 − σ) − 1.

    Raises ``TooLargeError`` where a cap on work is hit.

    >>> import symbolic as s
    >>> x, A = s.tensor("x", "n"), s.tensor("A", "n n", assume="symmetric")
    >>> one, two = s.gradient(x @ A @ x, x), 2 * (x @ A)
    >>> normal_form(closed_form(one)) == normal_form(closed_form(two))
    True
    """
    found = _normal_form(closed, identities, division)
    return replace(
        found,
        conditions=tuple(dict.fromkeys([*closed.conditions, *found.conditions])),
        rules=tuple(dict.fromkeys([*closed.rules, *found.rules])),
    )


@by_form
def _normal_form(closed: Closed, identities: bool, division: bool) -> Closed:
    outputs = tuple(output_index(p, i.extent) for p, i in enumerate(closed.indices))
    normaliser = Normaliser(identities, division)
    places = {old: new if old.extent != 1 else sp.S.Zero for old, new in zip(closed.indices, outputs, strict=True)}
    final: Polynomial = {}
    try:
        p = normaliser.polynomial(closed.expr.xreplace(places))
        for monomial, c in p.items():
            accumulate(final, frozenset((canonical(base), exponent) for base, exponent in monomial), c)
    except RecursionError:
        raise TooLargeError("an expression nested too deeply for a normal form") from None
    return Closed(outputs, expression(final), tuple(normaliser.conditions), tuple(normaliser.rules))


def proof_form(t: Tensor) -> Closed:
    """The normal form that proofs compare: everything substituted, functions and primitives written through each other."""
    return normal_form(opened_primitives(closed_form(t, stop=is_opaque)), identities=True)


def opened_primitives(closed: Closed) -> Closed:
    """Primitives written through plainer ones, and equal applications of one primitive as one tensor."""
    mapping = {}
    for access in closed.expr.atoms(Access):
        plainer = through_others(access.tensor)
        if plainer is not None:
            mapping[access] = opened_primitives(closed_form(plainer, stop=is_opaque)).at(access.indices)
            continue
        first = representative(access.tensor)
        if first is not access.tensor:
            mapping[access] = first.access(*access.indices)
    return replace(closed, expr=closed.expr.xreplace(mapping)) if mapping else closed


def _opened(t: Tensor) -> Closed:
    """The closed form of a position found by a search, its operands substituted."""
    definition = t.definition
    mapping = {}
    for access in definition.accesses:
        if not is_opaque(access.tensor):
            mapping[access] = closed_form(access.tensor, stop=is_opaque).at(access.indices)
    return Closed(definition.indices, scalar_form(definition).xreplace(mapping))


_representatives: WeakValueDictionary[tuple, Tensor] = WeakValueDictionary()


def representative(t: Tensor) -> Tensor:
    """One tensor for all that the same primitive computes from equal operands, so that they count as equal."""
    definition = t.definition
    if definition is None or not is_opaque(t):
        return t
    if isinstance(definition, Application):
        parts = [proof_form(u) for u in definition.operands]
        key = (definition.primitive.name, definition.options, *parts)
        found = _representatives.get(key)
        return (
            found if found is not None else _representatives.setdefault(key, _as_symmetric_as_its_operand(t, parts[0]))
        )
    else:
        body = normal_form(_opened(t), identities=True)
        key = ("equation", body)
    return _representatives.setdefault(key, t)


def _as_symmetric_as_its_operand(t: Tensor, form: Closed) -> Tensor:
    """``t``, known to be symmetric where its operand's value is (as XᵀX is) and the primitive keeps that."""
    operand = t.definition.operands[0]
    if "symmetric" not in t.definition.primitive.keeps - t.assume or operand.ndim != 2 or t.name is not None:
        return t
    if not isinstance(operand.definition, Equation) or form != proof_form(operand.mT):
        return t
    return Tensor(None, t.extents, definition=t.definition, assume=t.assume | {"symmetric"})


class Normaliser:
    """The state of one normalisation: results already found, conditions met, rules used."""

    def __init__(self, identities: bool = False, division: bool = False):
        self.identities, self.division = identities, identities or division
        self.conditions: dict[Condition, None] = {}
        self.rules: dict[str, None] = {}
        self._memo: dict[sp.Expr, Polynomial] = {}

    def used(self, rule: str, condition: Condition | None = None) -> None:
        """Note that a rule was applied, and the condition under which it holds."""
        self.rules[rule] = None
        if condition is not None:
            self.conditions[condition] = None

    def polynomial(self, e: sp.Expr) -> Polynomial:
        """The normal form of an expression, its free indices taken as they are."""
        found = self._memo.get(e)
        if found is None:
            found = self._memo[e] = self._polynomial(e)
        return found

    def expression(self, e: sp.Expr) -> sp.Expr:
        """The normal form as an expression."""
        return expression(self.polynomial(e))

    def _polynomial(self, e: sp.Expr) -> Polynomial:
        if isinstance(e, Access):
            if any(isinstance(r, Remainder) for i in e.indices for r in i.args):
                e = e.tensor.access(*map(rejoined, e.indices))
            return self.settle({symmetrised(e): sp.S.One})
        if is_coefficient(e):
            return constant(settled(e))
        if isinstance(e, Index):
            return single(e)
        if e.is_Add:
            return plus(self.polynomial(a) for a in e.args)
        if e.is_Mul:
            return self.product(*(self.polynomial(a) for a in e.args))
        if e.is_Pow:
            return self.power(self.polynomial(e.base), e.exp)
        if isinstance(e, Reduction):
            return sums.reduction(self, e.renamed())
        if isinstance(e, (Quotient, Remainder)):
            return single(e)
        if isinstance(e, sp.Function):
            return function_rules.apply(self, e)
        raise UnsupportedError(f"no normal form is known for {type(e).__name__} in {e}")

    # -- arithmetic -----------------------------------------------------------------------------------------------

    def product(self, *factors: Polynomial) -> Polynomial:
        """The product, distributed."""
        result = constant(sp.S.One)
        for factor in factors:
            if len(result) * len(factor) > MOST_TERMS * 4:
                raise TooLargeError(f"a product of {len(result)} by {len(factor)} terms is not distributed")
            total: Polynomial = {}
            for m1, c1 in result.items():
                for m2, c2 in factor.items():
                    if not m1 or not m2:
                        accumulate(total, m1 or m2, c1 * c2)
                        continue
                    for m, c in self.settle(joined(m1, m2)).items():
                        accumulate(total, m, settled(c * c1 * c2))
            result = total
        return result

    def settle(self, powers: dict[sp.Expr, sp.Expr]) -> Polynomial:
        """A monomial after the rules that hold entry by entry (facts, deltas, idempotent functions …)."""
        for rule in monomial_rules.RULES:
            changed = rule(self, powers)
            if changed is not None:
                self.used(rule.__name__)
                return changed
        return {frozenset(powers.items()): sp.S.One}

    def power(self, p: Polynomial, exponent: sp.Expr) -> Polynomial:
        """p to a power: distributed where the exponent is a natural number, else kept together as a base."""
        if exponent == 0 or not p:
            if not p and not exponent.is_positive:
                self.used("power", Condition("≠ 0", sp.S.Zero))
            return constant(sp.S.One if exponent == 0 else sp.S.Zero)
        if not is_coefficient(exponent) or not exponent.is_number:
            return self._general_power(p, self.expression(exponent))
        if len(p) == 1:
            return self._monomial_power(p, exponent)
        if exponent.is_Integer and exponent > 0:
            if exponent > _LARGEST_POWER or len(p) ** int(exponent) > MOST_TERMS * 8:
                raise TooLargeError(f"a sum of {len(p)} terms to the power {exponent} is not distributed")
            return self.product(*[p] * int(exponent))
        if exponent > 1:
            whole = sp.floor(exponent)
            return self.product(self.power(p, whole), self.power(p, exponent - whole))
        factor, rest = self.primitive_part(p, exponent)
        if len(rest) == 1:
            return self.product(factor, self.power(rest, exponent))
        return self.product(factor, single(expression(rest), exponent))

    def _monomial_power(self, p: Polynomial, exponent: sp.Expr) -> Polynomial:
        ((monomial, c),) = p.items()
        if exponent.is_Integer:
            settled_powers = self.settle({base: e * exponent for base, e in monomial})
            return scaled(settled_powers, settled(c**exponent))
        outside: dict[sp.Expr, sp.Expr] = {}
        inside: dict[sp.Expr, sp.Expr] = {}
        for base, e in monomial:
            if base.is_nonnegative or isinstance(base, sp.exp):
                outside[base] = e * exponent
            elif e.is_Integer and e % 2 == 0:
                size = Magnitude(base)
                outside[size] = outside.get(size, sp.S.Zero) + e * exponent
            else:
                inside[base] = e
        size, sign = (-c, sp.S.NegativeOne) if c.is_negative else (c, sp.S.One)
        if not inside and sign == 1:
            return scaled(self.settle(outside), settled(size**exponent))
        kept = sp.Mul(sign, *(base**e for base, e in inside.items()))
        if len(inside) == 1 and sign == 1:
            ((base, e),) = inside.items()
            if e == 1:
                kept = base
        result = self.settle(joined(outside.items(), [(kept, exponent)]))
        return scaled(result, settled(size**exponent))

    def _general_power(self, p: Polynomial, exponent: sp.Expr) -> Polynomial:
        """A power with an exponent that varies: x^y, or c^x."""
        base = expression(p)
        if base.is_positive:
            logarithm = function_rules.logarithm(self, p)
            return function_rules.exponential(self, self.product(logarithm, self.polynomial(exponent)))
        return single(base, exponent)

    def primitive_part(self, p: Polynomial, exponent: sp.Expr) -> tuple[Polynomial, Polynomial]:
        """``p**exponent = factor · rest**exponent`` where rest has no common factor and a positive leading sign."""
        c = content(p)
        shared = dict(min(p, key=len))
        seen = {base for m in p for base, _ in m}
        common: dict[sp.Expr, sp.Expr] = {}
        for base in seen if any(isinstance(b, sp.exp) for b in seen) else shared:
            exponents = [dict(m).get(base, sp.S.Zero) for m in p]
            if not all(e.is_Rational for e in exponents):
                continue
            lowest = min(exponents)
            free = isinstance(base, sp.exp)
            if lowest != 0 and (free or (lowest > 0 and (exponent.is_Integer or base.is_nonnegative))):
                common[base] = lowest
        rest: Polynomial = {}
        for m, coefficient in p.items():
            accumulate(
                rest, frozenset(joined(m, ((b, -e) for b, e in common.items())).items()), settled(coefficient / c)
            )
        factor = scaled(self.settle({b: e * exponent for b, e in common.items()}), settled(c**exponent))
        if exponent.is_Integer and rest[leading(rest)].is_negative:
            rest = scaled(rest, sp.S.NegativeOne)
            factor = scaled(factor, sp.S.NegativeOne**exponent)
        return factor, rest


__all__ = ["Closed", "Normaliser", "TooLargeError", "closed_form", "normal_form", "proof_form"]

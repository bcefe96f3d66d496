"""Normal forms of scalar functions: signs and factors drawn out, exponentials and logarithms split, identities.

``BASIS`` writes functions through a few: exp and log, the step function, sine and cosine, erf. An identity stands there
only if both sides are defined at the same points, or its condition is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus.closed_form import Condition
from symbolic.calculus.monomial_rules import is_index_delta, ordered
from symbolic.calculus.polynomials import (
    UNIT,
    Polynomial,
    accumulate,
    constant,
    content,
    expression,
    plus,
    scaled,
    settled,
    single,
)
from symbolic.program import functions as f
from symbolic.program.equations import always_within
from symbolic.program.expressions import Access, Index, Reduction

if TYPE_CHECKING:
    from symbolic.calculus.normal_form import Normaliser

_ONE, _TWO = sp.S.One, sp.Integer(2)

BASIS: dict[type, Callable[..., sp.Expr]] = {
    f.Sigmoid: lambda x: 1 / (1 + sp.exp(-x)),
    sp.tanh: lambda x: 1 - 2 / (1 + sp.exp(2 * x)),
    sp.sinh: lambda x: (sp.exp(x) - sp.exp(-x)) / 2,
    sp.cosh: lambda x: (sp.exp(x) + sp.exp(-x)) / 2,
    sp.tan: lambda x: sp.sin(x) / sp.cos(x),
    sp.asinh: lambda x: sp.log(x + sp.sqrt(x**2 + 1)),
    f.Softplus: lambda x: sp.log(1 + sp.exp(x)),
    f.Relu: lambda x: x * f.Step(x),
    f.Magnitude: lambda x: x * f.Step(x) - x * f.Step(-x),
    f.Sign: lambda x: f.Step(x) - f.Step(-x),
    f.Maximum: lambda a, b: b + (a - b) * f.Step(a - b),
    f.Minimum: lambda a, b: a - (a - b) * f.Step(a - b),
    f.Less: lambda a, b: f.Step(b - a),
    f.LessEqual: lambda a, b: 1 - f.Step(a - b),
    f.Ndtr: lambda x: (1 + sp.erf(x / sp.sqrt(2))) / 2,
    f.LogNdtr: lambda x: sp.log((1 + sp.erf(x / sp.sqrt(2))) / 2),
}

_OURS = {sp.Abs: f.Magnitude, sp.sign: f.Sign}  # what SymPy itself makes of √(x²)


def apply(n: Normaliser, e: sp.Expr) -> Polynomial:
    """The normal form of a function of arguments."""
    head = _OURS.get(e.func, e.func)
    if isinstance(e, sp.exp):
        return exponential(n, n.polynomial(e.args[0]))
    if isinstance(e, sp.log):
        return logarithm(n, n.polynomial(e.args[0]))
    if isinstance(e, f.Where):
        return where(n, *e.args)
    if isinstance(e, f.Equal):
        return equality(n, *e.args)
    if isinstance(e, f.Xlogy) and n.identities:
        x, y = e.args
        n.used("entropy", Condition("> 0", y))
        return n.polynomial(x * sp.log(y))
    if n.identities and head in BASIS:
        n.used("basis")
        return n.polynomial(BASIS[head](*e.args))
    args = [n.polynomial(a) for a in e.args]
    if len(args) == 1:
        return unary(n, head, args[0])
    forms = [expression(p) for p in args]
    if isinstance(e, (f.Maximum, f.Minimum)):
        forms = list(ordered(*forms))
    return evaluated(n, head, *forms)


def evaluated(n: Normaliser, head: type, *forms: sp.Expr) -> Polynomial:
    """``head(*forms)``, which may simplify to something else; an odd function may come back with its sign drawn out."""
    e = head(*forms)
    sign, core = e.as_coeff_Mul()
    if isinstance(core, head) and abs(sign) == 1:
        return constant(e) if not e.has(Access, Index, Reduction) else scaled(n.settle({core: _ONE}), sign)
    return n.polynomial(e)


def unary(n: Normaliser, head: type, p: Polynomial) -> Polynomial:
    """A function of one argument: a positive factor or a sign drawn out where its law allows."""
    if not p:
        return evaluated(n, head, sp.S.Zero)
    if head in (f.Step, f.Sign, f.Relu, f.Magnitude):
        c = content(p)
        p = scaled(p, settled(1 / c))
        outer = c if head in (f.Relu, f.Magnitude) else _ONE
        if head in (f.Sign, f.Magnitude) and len(p) == 1:
            return scaled(_factorwise(n, head, p), outer)
        return scaled(evaluated(n, head, expression(p)), outer)
    return evaluated(n, head, expression(p))


def _factorwise(n: Normaliser, head: type, p: Polynomial) -> Polynomial:
    """|a b| = |a| |b| and sign(a b) = sign a · sign b, for one monomial."""
    ((monomial, c),) = p.items()
    result = constant(head(c))
    for base, e in monomial:
        if not e.is_Integer:
            factor = evaluated(n, head, base**e)
        else:
            one = evaluated(n, head, base)
            factor = n.power(one, e if head is f.Magnitude or e > 0 else -e)
        result = n.product(result, factor)
    return result


def exponential(n: Normaliser, p: Polynomial) -> Polynomial:
    """e^(a + 2b) = e^a (e^b)²; e^(c log u) = u^c."""
    powers: list[Polynomial] = []
    for monomial, c in p.items():
        if monomial == UNIT:
            powers.append(constant(sp.exp(c)))
            continue
        if len(monomial) == 1:
            ((base, e),) = monomial
            if isinstance(base, sp.log) and e == 1 and c.is_number:
                n.used("exp_log")
                powers.append(n.power(n.polynomial(base.args[0]), c))
                continue
        powers.append(n.settle({sp.exp(sp.Mul(*(b**e for b, e in monomial))): c}))
    return n.product(*powers)


def is_nonnegative(e: sp.Expr) -> bool:
    """Whether an expression is known to be at least 0, also 1 − y for y between 0 and 1."""
    if e.is_nonnegative:
        return True
    if e.is_Add and len(e.args) == 2 and _ONE in e.args:
        other = -(e - 1)
        return isinstance(other, Access) and bool(
            other.tensor.assume & {"unit_interval", "binary", "one_hot", "probability"}
        )
    return False


def logarithm(n: Normaliser, p: Polynomial) -> Polynomial:
    """log(a b^e) = log a + e log b for factors known not to be negative; log e^a = a."""
    if not p:
        return single(sp.log(sp.S.Zero, evaluate=False))
    if len(p) > 1:
        factor, rest = _positive_part(n, p)
        if factor is not None:
            return plus([logarithm(n, factor), logarithm(n, rest)])
        return single(sp.log(expression(p)))
    ((monomial, c),) = p.items()
    terms: list[Polynomial] = []
    kept: dict[sp.Expr, sp.Expr] = {}
    for base, e in monomial:
        if isinstance(base, sp.exp):
            terms.append(scaled(n.polynomial(base.args[0]), e) if e.is_number else n.polynomial(base.args[0] * e))
        elif is_nonnegative(base) and e.is_number:
            terms.append(scaled(single(sp.log(base)), e))
        else:
            kept[base] = e
    size = -c if c.is_negative else c
    if size.is_positive and size != 1:
        terms.append(constant(sp.expand_log(sp.log(size), force=False)))
        c = c / size
    if len(kept) == 1 and c == 1:
        ((base, e),) = kept.items()
        if e.is_Integer and e % 2:
            # b^e > 0 and e odd: b > 0.
            terms.append(scaled(single(sp.log(base)), e))
            kept = {}
    if kept or c != 1:
        terms.append(single(sp.log(sp.Mul(c, *(b**e for b, e in kept.items())))))
    return plus(terms)


def _positive_part(n: Normaliser, p: Polynomial) -> tuple[Polynomial | None, Polynomial]:
    factor, rest = n.primitive_part(p, sp.Rational(1, 2))
    if factor == constant(_ONE):
        return None, p
    return n.power(factor, _TWO), rest


def equality(n: Normaliser, a: sp.Expr, b: sp.Expr) -> Polynomial:
    """[a = b], with everything on its canonical side: [i = j], [2i = j + 1]."""
    difference = n.polynomial(sp.expand(a - b))
    if not difference:
        return constant(_ONE)
    c = content(difference)
    left: Polynomial = {}
    right: Polynomial = {}
    for m, coefficient in difference.items():
        value = settled(coefficient / c)
        if value.could_extract_minus_sign():
            accumulate(right, m, -value)
        else:
            accumulate(left, m, value)
    one, two = ordered(expression(left), expression(right))
    if isinstance(two, Index) and isinstance(one, Index):
        one, two = sorted((one, two), key=lambda i: (getattr(i, "place", ("z", i.dummy_index)), i.dummy_index))
    return evaluated_equal(n, one, two)


def evaluated_equal(n: Normaliser, one: sp.Expr, two: sp.Expr) -> Polynomial:
    """[one = two]; real arguments through the step function where identities are used."""
    e = f.Equal(one, two)
    if not isinstance(e, f.Equal):
        return constant(e)
    if n.identities and not is_index_delta(e):
        x = one - two
        return n.polynomial(1 - f.Step(x) - f.Step(-x))
    return n.settle({e: _ONE})


def where(n: Normaliser, condition: sp.Expr, a: sp.Expr, b: sp.Expr) -> Polynomial:
    """``Where(c, a, b)`` = c a + (1 − c) b if both branches are defined everywhere, else kept."""
    if n.identities and is_total(a) and is_total(b):
        n.used("cases")
        return n.polynomial(condition * a + (1 - condition) * b)
    e = f.Where(n.expression(condition), n.expression(a), n.expression(b))
    return n.settle({e: _ONE}) if isinstance(e, f.Where) else n.polynomial(e)


_PARTIAL = (sp.log, sp.tan, sp.asin, sp.acos, sp.acosh, sp.atanh, sp.loggamma, sp.polygamma, f.Xlogy)


def is_total(e: sp.Expr) -> bool:
    """True if an expression is finite wherever its accesses are, and every access is within range."""
    for access in e.atoms(Access):
        for index, size in zip(access.indices, access.tensor.extents, strict=True):
            if not always_within(index, size) and index != 0:
                return False
    if any(not a.args[0].is_positive for a in e.atoms(*_PARTIAL)):
        return False
    for power in e.atoms(sp.Pow):
        natural = power.exp.is_Integer and power.exp > 0
        if not natural and not power.base.is_positive and not (power.base.is_nonnegative and power.exp.is_positive):
            return False
    return not any(r.guards for r in e.atoms(Reduction))

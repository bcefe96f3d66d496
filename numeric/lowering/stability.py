"""Forms that keep their digits: log(1 + x), e^x − 1, logistic functions, and normalised exponentials.

A scalar is rewritten where a better function exists. A sum of exponentials that is divided by, or whose logarithm is taken,
is computed as its logarithm L, stably, and stands as e^L in what reads it; there e^x / e^L is joined to e^(x − L).
"""

from __future__ import annotations

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Real, Sigmoid, Softplus
from symbolic.program.tensors import Tensor, computed


class Expm1(Real):
    """e^x − 1."""


class Log1p(Real):
    """log(1 + x)."""


class Erfc(Real):
    """1 − erf x."""


class Finite(Real):
    """x where it is finite, else 0."""


def stable(e: sp.Expr) -> sp.Expr:
    """A scalar expression in forms that keep their digits; equal in exact arithmetic."""
    if not e.args or not e.has(sp.exp, sp.log, sp.erf, Sigmoid):
        return e
    args = [stable(a) if isinstance(a, sp.Expr) else a for a in e.args]
    if any(a is not b for a, b in zip(args, e.args, strict=True)):
        e = e.func(*args)
    if isinstance(e, sp.log):
        return _log(e)
    if e.is_Add:
        return _add(e)
    if e.is_Mul:
        return _multiply(e)
    if e.is_Pow and e.exp.is_negative and e.base.is_Add:
        u = _one_plus_exp(e.base)
        if u is not None:
            return Sigmoid(-u) ** (-e.exp)
    return e


def _one_plus_exp(e: sp.Expr) -> sp.Expr | None:
    """u if e is 1 + e^u."""
    rest = e - 1
    return rest.args[0] if isinstance(rest, sp.exp) else None


def _log(e: sp.Expr) -> sp.Expr:
    (x,) = e.args
    if isinstance(x, Sigmoid):
        return -Softplus(-x.args[0])
    if x.is_Add and sp.S.One in x.args:
        u = _one_plus_exp(x)
        return Softplus(u) if u is not None else Log1p(x - 1)
    return e


def _add(e: sp.Expr) -> sp.Expr:
    """c·e^u − c, c − c·σ(u), c − c·erf(u), found by their coefficients."""
    e = _complement(e)
    constant = sp.Add(*(t for t in e.args if t.is_number)) if e.is_Add else 0
    if constant == 0:
        return e
    for term in e.args:
        c, f = term.as_coeff_Mul()
        if c != -constant:
            continue
        if isinstance(f, sp.exp):
            return e - constant - term + c * Expm1(f.args[0])
        if isinstance(f, Sigmoid):
            return e - constant - term + constant * Sigmoid(-f.args[0])
        if isinstance(f, sp.erf):
            return e - constant - term + constant * Erfc(f.args[0])
    return e


def _complement(e: sp.Expr) -> sp.Expr:
    """c σ(u) − c σ(u)² = c σ(u) σ(−u)."""
    terms = [t for t in e.args if t.has(Sigmoid)]
    for t in terms:
        for s in terms:
            ratio = -s / t
            if isinstance(ratio, Sigmoid):
                rest = e - t - s + t * Sigmoid(-ratio.args[0])
                return _complement(rest) if rest.is_Add else rest
    return e


def _multiply(e: sp.Expr) -> sp.Expr:
    """e^a e^b = e^{a + b}; e^{mu} σ(−u)^m = σ(u)^m."""
    powers = [f.args[0] for f in e.args if isinstance(f, sp.exp)]
    joined = _shared_out(powers) if len(powers) > 1 else powers
    if len(joined) < len(powers):
        rest = [f for f in e.args if not isinstance(f, sp.exp)]
        return stable(sp.Mul(*rest, *map(sp.exp, joined)))
    for f in e.args:
        if not isinstance(f, sp.exp):
            continue
        for g in e.args:
            base, k = g.as_base_exp()
            if not isinstance(base, Sigmoid) or not (k.is_Integer and k > 0):
                continue
            u = -base.args[0]
            n = sp.cancel(f.args[0] / u)
            if n.is_Integer and n > 0:
                m = min(n, k)
                return stable(
                    e / f / g * sp.exp(sp.expand(f.args[0] - m * u)) * Sigmoid(-u) ** (k - m) * Sigmoid(u) ** m
                )
    return e


def _shared_out(exponents: list[sp.Expr]) -> list[sp.Expr]:
    """Exponents of one product joined: those over fewer indices are shared by those over more.

    ``x[i], x[j], −2L`` becomes ``x[i] − L, x[j] − L``: two normalised vectors rather than a matrix of exponentials.
    """
    groups: dict[frozenset[Index], sp.Expr] = {}
    for e in exponents:
        found = frozenset(e.atoms(Index))
        groups[found] = groups.get(found, sp.S.Zero) + e
    largest = [s for s in groups if not any(s < other for other in groups)]
    totals = {s: groups[s] for s in largest}
    for s, e in groups.items():
        owners = [other for other in largest if s < other]
        for other in owners:
            totals[other] += e / len(owners)
    return list(totals.values())


# -- programs ----------------------------------------------------------------------------------------------------------


def stabilised(program: Program) -> Program:
    """The program with its scalars and its sums of exponentials in stable forms."""
    sums = _divided_sums(program)
    exponentials: dict[int, Equation] = {}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation):
            return new
        body, written = _joined(eq, exponentials)
        if body is not eq.body:
            new = redefined(new, Equation(eq.indices, body, eq.bound, eq.reduce, eq.guards))
        eq = new.definition
        if eq.is_pointwise and written.has(sp.exp, Sigmoid) and _size(written) <= _LARGEST:
            exponentials[new.serial] = Equation(eq.indices, written)
        if t.serial in sums:
            logarithm = _logarithm(new, exponentials)
            if logarithm is not None:
                exponentials[new.serial] = Equation(eq.indices, sp.exp(logarithm.access(*eq.indices)))
        return new

    return rewritten(program, rule)


_LARGEST = 24  # Nodes of a body that is written into its readers to join exponentials.


def _joined(eq: Equation, exponentials: dict[int, Equation]) -> tuple[sp.Expr, sp.Expr]:
    """The stable body, with exponentials written out if that leaves fewer of them; and the body written out anyway."""
    written = {}
    for access in eq.accesses:
        source = exponentials.get(access.tensor.serial)
        if source is not None:
            written[access] = source.at(access.indices).body
    plain = stable(eq.body)
    if not written:
        return plain, plain
    raw = eq.body.xreplace(written)
    joined = stable(raw)
    before, after = _exponentials(plain) + len(written), _exponentials(joined)
    if (after < before or (after == before and joined != raw)) and _size(joined) <= 2 * _LARGEST:
        return joined, joined
    return plain, joined


def _exponentials(e: sp.Expr) -> int:
    return sum(1 for f in sp.preorder_traversal(e) if isinstance(f, (sp.exp, Sigmoid)))


def _size(e: sp.Expr) -> int:
    return sum(1 for _ in sp.preorder_traversal(e))


def _divided_sums(program: Program) -> set[int]:
    """Sums that some equation divides by or takes the logarithm of."""
    found: set[int] = set()
    for t in program.steps:
        if not isinstance(t.definition, Equation):
            continue
        for f in t.definition.body.atoms(sp.log, sp.Pow):
            inner = f.args[0] if isinstance(f, sp.log) else f.base if f.exp.is_negative else None
            if isinstance(inner, Access):
                found.add(inner.tensor.serial)
    return found


def _logarithm(t: Tensor, exponentials: dict[int, Equation]) -> Tensor | None:
    """log t for t = Σ e^f, as a reduction that does not overflow."""
    eq = t.definition
    if eq.reduce != "sum" or not eq.bound:
        return None
    body = eq.body
    if isinstance(body, Access) and body.tensor.serial in exponentials:
        body = exponentials[body.tensor.serial].at(body.indices).body
    if not isinstance(body, sp.exp):
        return None
    return computed(Equation(eq.indices, body.args[0], eq.bound, "logsumexp", eq.guards))

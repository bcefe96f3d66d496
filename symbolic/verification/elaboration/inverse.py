"""Derivatives by a quantity through which a function is not written: a part of it, or another variable rewritten.

h = tanh(wx + b) is a function of a = wx + b, and L that is told in σ one of ℓ = log σ².
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from symbolic.calculus.derivatives import jacobian
from symbolic.program.equations import Equation
from symbolic.program.functions import Equal
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.values import Value
from symbolic.verification.equality_points import Comparer


def written_through(of: Tensor, by: Tensor) -> Tensor | None:
    """``of`` with ``by`` in place of each part that is equal to it; None where it has no such part.

    What ``by`` is computed from is looked for first: tanh(Ax) is h = tanh(u) of u = Ax.
    """
    for operand in dict.fromkeys(by.operands):
        inside = written_through(of, operand) if operand.definition is not None else None
        of = of if inside is None else inside
    read = {t.serial for t in leaves([by])}
    tried: set[int] = set()
    found = False
    while (put := next(_parts(of, by, read, tried), None)) is not None:
        part, inside = put
        of, found = substituted(of, lambda u, part=part, inside=inside: inside if u is part else None), True
    return of if found else None


def _parts(of: Tensor, by: Tensor, read: set[int], tried: set[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """A tensor in what ``of`` is computed from, and what it is written through ``by``; operands come first."""
    for u in topological([of], stop=lambda t: t is by):
        if u is by or u.serial in tried or not isinstance(u.definition, Equation):
            continue
        tried.add(u.serial)
        inside = _with_part(u, by)
        if inside is not None:
            yield u, inside
        elif u is not of and u.extents == by.extents and {t.serial for t in leaves([u])} == read and _equal(u, by):
            yield u, by


def _with_part(u: Tensor, by: Tensor) -> Tensor | None:
    """``u`` with ``by`` for its formula where that is a part of the formula of u, at whatever indices."""
    eq, told = u.definition, by.definition
    if not isinstance(eq, Equation) or not isinstance(told, Equation) or not told.is_pointwise:
        return None
    body = eq.body
    for places in _places(eq, told):
        part = told.body.xreplace(dict(zip(told.indices, places, strict=True)))
        body = body.subs(part, by.access(*places)) if not part.is_number and part != eq.body else body
        body = _solved(body, part, by.access(*places))
    if body == eq.body:
        return None
    return Tensor(
        u.name, u.extents, dtype=u.dtype, role=u.role, definition=replace(eq, body=body), assume=u.assume, tex=u.tex
    )


def _solved(body: sp.Expr, part: sp.Expr, name: sp.Expr) -> sp.Expr:
    """A formula with ``name`` for ``part`` where it holds a multiple of it: (w − y)/2 is r/2 of r = w − y."""
    if not part.is_Add or body == part:
        return body
    for term in part.args:
        factor, symbol = term.as_coeff_Mul()
        if body.has(symbol) and not (part - term).has(symbol):
            found = sp.expand(body.xreplace({symbol: (name - (part - term)) / factor}))
            if not any(found.has(other.as_coeff_Mul()[1]) for other in part.args):
                return found
    return body


def _places(eq: Equation, told: Equation) -> list[tuple]:
    """The indices at which the formula of ``told`` may stand in that of ``eq``: those at which its tensors are read there."""
    own = [access for access in told.accesses if tuple(access.indices) == tuple(told.indices)]
    read = {access.tensor.serial for access in own}
    return list(dict.fromkeys(tuple(a.indices) for a in eq.accesses if a.tensor.serial in read))


def reads_besides(of: Tensor, by: Tensor) -> bool:
    """Whether ``of`` reads a variable of ``by`` elsewhere too, as σ² + log σ² does σ: then that varies with ``by``."""
    own = {t.serial for t in leaves([by])}
    return any(t.serial in own for t in topological([of], stop=lambda t: t is by))


def _equal(a: Tensor, b: Tensor) -> bool:
    comparer = Comparer(random.Random(0), {})  # noqa: S311 (points to try, no secrets)
    return comparer.compare(a, b).outcome == "equal"


def by_rewritten(of: Tensor, by: Tensor) -> Tensor | None:
    """``∂of/∂by`` in numerator order as ``∂of/∂x`` over ``∂by/∂x``; None unless ``by`` is one x that ``of`` reads, entry by entry.

    That is the chain rule read backwards; it holds where ∂by/∂x is not 0, whatever the inverse is.
    """
    by_entries = _by_entries(of, by)
    if by_entries is not None:
        return by_entries
    read = {t.serial for t in leaves([of])}
    found = [x for x in leaves([by]) if x.serial in read and x.dtype == "real"]
    if len(found) != 1 or found[0].extents != by.extents or not _entry_by_entry(by, found[0]):
        return None
    x = found[0]
    raw = jacobian(of, x)
    slope = jacobian(algebra.total(Value(by), (0, 0)).tensor if by.ndim else by, x)
    indices = raw.fresh_indices()
    own = indices[raw.ndim - x.ndim :]
    return computed(Equation(indices, raw.access(*indices) / slope.access(*own)))


def _by_entries(of: Tensor, by: Tensor) -> Tensor | None:
    """``∂of/∂A`` of an A that is written out by entries, a different variable each: the derivatives by these, in its places."""
    eq = by.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or by.ndim == 0:
        return None
    body = sp.expand(eq.body)
    entries = {t: body.coeff(t.access()) for t in eq.operands if t.ndim == 0 and t.definition is None}
    places = set(entries.values())
    single = all(len(place.atoms(Equal)) == by.ndim and place.is_Mul | (by.ndim == 1) for place in places)
    if not single or not len(places) == len(entries) == len(eq.operands) == sp.Mul(*by.extents):
        return None
    slopes = {t: jacobian(of, t) for t in entries}
    own = of.fresh_indices()
    terms = [place * slopes[t].access(*own) for t, place in entries.items()]
    return computed(Equation((*own, *eq.indices), sp.Add(*terms)))


def _entry_by_entry(t: Tensor, x: Tensor) -> bool:
    """Whether each entry of ``t`` depends on the same entry of ``x`` alone."""
    depends = {x.serial}
    for u in topological([t]):
        if u is x or not any(v.serial in depends for v in u.operands):
            continue
        eq = u.definition
        if not isinstance(eq, Equation) or not eq.is_pointwise or u.extents != x.extents:
            return False
        if any(a.tensor.serial in depends and tuple(a.indices) != tuple(eq.indices) for a in eq.accesses):
            return False
        depends.add(u.serial)
    return t.serial in depends and t is not x

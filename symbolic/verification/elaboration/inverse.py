"""Derivatives by a quantity through which a function is not written: a part of it, or another variable rewritten.

h = tanh(wx + b) is a function of a = wx + b, and L that is told in σ one of ℓ = log σ².
"""

from __future__ import annotations

import random
from dataclasses import replace

from symbolic.calculus.derivatives import jacobian
from symbolic.program.equations import Equation
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.values import Value
from symbolic.verification.equality_points import Comparer


def written_through(of: Tensor, by: Tensor) -> Tensor | None:
    """``of`` with ``by`` in place of each part that is equal to it; None where it has no such part."""
    read = {t.serial for t in leaves([by])}
    put: dict[int, Tensor] = {}
    for u in topological([of]):
        if not isinstance(u.definition, Equation) or u.extents != by.extents:
            continue
        inside = _with_part(u, by)
        if inside is not None:
            put[u.serial] = inside
        elif u is not of and not put and {t.serial for t in leaves([u])} == read and _equal(u, by):
            put[u.serial] = by
    return substituted(of, lambda u: put.get(u.serial)) if put else None


def _with_part(u: Tensor, by: Tensor) -> Tensor | None:
    """``u`` with ``by`` for its formula where that is a part of the formula of u."""
    eq, told = u.definition, by.definition
    if not isinstance(eq, Equation) or not isinstance(told, Equation) or not told.is_pointwise:
        return None
    part = told.body.xreplace(dict(zip(told.indices, eq.indices, strict=True)))
    body = eq.body.subs(part, by.access(*eq.indices)) if not part.is_number and part != eq.body else eq.body
    if body == eq.body:
        return None
    return Tensor(
        u.name, u.extents, dtype=u.dtype, role=u.role, definition=replace(eq, body=body), assume=u.assume, tex=u.tex
    )


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

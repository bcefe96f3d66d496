"""The same program at other sizes: named dimensions made numbers, or large numbers made named dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.functions import Equal
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor
from symbolic.verification.evaluation_program import constants

LARGE = 6  # fixed extents above this may be made smaller


def at_sizes(outputs: Iterable[Tensor], sizes: Mapping[sp.Symbol, int]) -> dict[Tensor, Tensor]:
    """Every tensor of the program with the named dimensions as the given numbers.

    >>> import symbolic as s
    >>> x = s.tensor("x", "n")
    >>> y = x / x.shape[0]
    >>> at_sizes([y], {s.Dim("n").expr: 3})[y].shape
    (3,)
    """
    return _rewritten(outputs, {d: sp.Integer(n) for d, n in sizes.items()})


def squared(outputs: Iterable[Tensor], size: int) -> dict[Tensor, Tensor] | None:
    """Every tensor of a program whose sizes are numbers with ``size`` for each size above 1; numbers in formulas stay.

    None if a constant array has such a size.
    """
    order = topological(tuple(outputs))
    large = {e for t in order for e in _extents(t) if e.is_Integer and e > 1}
    if any(t.value is not None and t.ndim for t in order) or any(not e.is_Integer for t in order for e in t.extents):
        return None
    return _rewritten(order, {e: sp.Integer(size) for e in large}, within=False)


def _extents(t: Tensor) -> list[sp.Expr]:
    eq = t.definition
    return [*t.extents, *(i.extent for i in eq.bound)] if isinstance(eq, Equation) else list(t.extents)


def generalised(outputs: Iterable[Tensor], names: Mapping[int, sp.Symbol] | None = None) -> dict[Tensor, Tensor] | None:
    """Every tensor of the program with each large fixed extent, wherever its number stands, as a named dimension.

    What is equal at the general size is equal at the fixed one; a difference says nothing (the number may have stood
    for something else). ``names`` gives dimensions for some of the numbers. None if constants of such an extent are
    neither all equal nor an identity matrix, or an index uses the number.
    """
    order = topological(tuple(outputs))
    large = {e for t in order for e in t.extents if e.is_Integer and e > LARGE}
    rules: dict[Tensor, Equation] = {}
    for t in order:
        if t.value is not None and large & set(t.extents):
            rule = _rule(t)
            if rule is None:
                return None
            rules[t] = rule
        if isinstance(t.definition, Equation):
            read = [i for a in t.definition.accesses for i in a.indices if i.atoms(sp.Integer) & large]
            if read or any(g.atoms(sp.Integer) & large for g in t.definition.guards):
                return None
    exchange: dict[sp.Expr, sp.Expr] = {
        n: (names or {}).get(int(n)) or sp.Symbol(f"size{n}", integer=True, positive=True) for n in large
    }
    return _rewritten(order, exchange, rules=rules)


def _rule(t: Tensor) -> Equation | None:
    """A tensor of constants by a rule that holds at any size: one number everywhere, or an identity matrix."""
    indices, flat = t.fresh_indices(), constants(t)
    if len(set(flat)) == 1:
        return Equation(indices, sp.Rational(flat[0]))
    n = t.extents[0]
    square = t.ndim == 2 and n == t.extents[1]
    if square and all(v == (k % (int(n) + 1) == 0) for k, v in enumerate(flat)):
        return Equation(indices, Equal(*indices))
    return None


def restored(t: Tensor, general: Mapping[Tensor, Tensor]) -> Tensor:
    """A tensor over the program that ``generalised`` gave, over the original program again."""
    back = {new: old for old, new in general.items()}
    exchange = {
        e: old_extent
        for old, new in general.items()
        for e, old_extent in zip(new.extents, old.extents, strict=True)
        if e != old_extent
    }
    return _rewritten([t], exchange, back)[t]


def _rewritten(
    outputs: Iterable[Tensor],
    exchange: Mapping[sp.Expr, sp.Expr],
    known: Mapping[Tensor, Tensor] | None = None,
    rules: Mapping[Tensor, Equation] | None = None,
    within: bool = True,
) -> dict[Tensor, Tensor]:
    """The program with every number or dimension of ``exchange`` replaced, in extents and, ``within``, in bodies."""
    now: dict[Tensor, Tensor] = dict(known or {})
    for t in topological(tuple(outputs)):
        if t in now:
            continue
        extents = tuple(e.xreplace(exchange) for e in t.extents)
        if extents == t.extents and not any(u in now for u in t.operands) and t.definition is None:
            continue
        rule = (rules or {}).get(t)
        value = t.value if rule is None else None
        new = Tensor(t.name, extents, dtype=t.dtype, role=t.role, assume=t.assume, value=value, tex=t.tex)
        new.definition = _definition(t.definition if rule is None else rule, exchange, now, within)
        new.facts = t.facts
        now[t] = new
    return {t: now.get(t, t) for t in topological(tuple(outputs))}


def _definition(definition, exchange: Mapping[sp.Expr, sp.Expr], now: Mapping[Tensor, Tensor], within: bool = True):
    if definition is None:
        return None
    if isinstance(definition, Application):
        return Application(definition.primitive, tuple(now.get(u, u) for u in definition.operands), definition.options)
    eq: Equation = definition
    mapping: dict[sp.Basic, sp.Basic] = {u.handle: now[u].handle for u in eq.operands if u in now}
    for index in (*eq.indices, *eq.bound):
        mapping[index] = type(index)(index.name, index.extent.xreplace(exchange))
    mapping |= exchange if within else {}
    for r in eq.body.atoms(sp.Rational) if within else ():
        through = _through_sizes(r, exchange)
        if through is not None:
            mapping[r] = through
    body, guards = eq.body.xreplace(mapping), tuple(g.xreplace(mapping) for g in eq.guards)
    return Equation(tuple(mapping[i] for i in eq.indices), body, tuple(mapping[i] for i in eq.bound), eq.reduce, guards)


def _through_sizes(r: sp.Rational, exchange: Mapping[sp.Expr, sp.Expr], most: int = 2) -> sp.Expr | None:
    """A number written with the sizes that it contains, at most two: 100 as N, 1/50 as 2/N, 2/221 as 2/(N K)."""
    p, q = sp.Integer(r.p), sp.Integer(r.q)
    if p in exchange or q in exchange:
        return exchange.get(p, p) / exchange.get(q, q)
    for n, size in exchange.items() if most else ():
        if n.is_Integer and max(abs(p), q) > LARGE:
            for rest, factor in ((r * n, 1 / size), (r / n, size)):
                if abs(rest.p) <= LARGE and rest.q <= 4:
                    return rest * factor
                if max(rest.p, rest.q) < max(p, q) and (inner := _through_sizes(rest, exchange, most - 1)) is not None:
                    return inner * factor
    return None


def is_large(outputs: Iterable[Tensor], points: int) -> bool:
    """True if the fixed extents alone make the program larger than so many points."""
    total = 0
    for t in topological(tuple(outputs)):
        eq = t.definition
        extents = [i.extent for i in (*eq.indices, *eq.bound)] if isinstance(eq, Equation) else list(t.extents)
        size = 1
        for e in extents:
            size *= int(e) if e.is_Integer else 1
        total += size
    return total > points

"""Guards as a reader writes them: only the sides that can fail, terms with plus signs on both sides.

A guard "0 ≤ e < N and e whole" becomes a list of ``Side``: ``d ≥ 0``, ``d = 0``, or that a number divides d.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sympy as sp

from symbolic.program.expressions import Access, Guard, Index, Quotient, Reduction, Remainder, Within


@dataclass(frozen=True)
class Side:
    """``difference ≥ 0`` (kind "<="), ``difference = 0`` ("="), or ``modulus`` divides ``difference`` ("|")."""

    kind: str
    difference: sp.Expr
    modulus: sp.Expr = sp.S.One


def sides(guards: Iterable[Guard]) -> list[Side]:
    """What the guards ask beyond what the extents of the indices give."""
    found: list[Side] = []
    for guard in guards:
        e = sp.expand(guard.args[0])
        if not isinstance(guard, Within):
            found.append(Side("=", e))
            continue
        e, denominator = _over_common_denominator(e)
        if denominator != 1:
            found.append(Side("|", e, denominator))
        if not never_negative(e):
            found.append(Side("<=", e))
        above = sp.expand(guard.args[1] * denominator - 1 - e)
        if not never_negative(above):
            found.append(Side("<=", above))
    return list(dict.fromkeys(found))


def _over_common_denominator(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    numerator, denominator = sp.fraction(sp.together(e))
    return sp.expand(numerator), denominator


def never_negative(e: sp.Expr) -> bool:
    """True if ``e ≥ 0`` follows from the extents of its indices and from the ranges of argmax and argmin."""
    ranges = {index: index.extent for index in e.atoms(Index)}
    for part in e.atoms(Access, Reduction):
        size = _count(part)
        if size is not None:
            symbol = Index("a", size)
            e, ranges = e.xreplace({part: symbol}), {**ranges, symbol: size}
    if e.has(Access, Quotient, Remainder, Reduction):
        return False
    low = e
    for index in sorted(e.atoms(Index), key=str):
        c = e.coeff(index, 1)
        if (e - c * index).has(index) or c.is_negative is None:
            return False
        low = low.xreplace({index: ranges[index] - 1 if c.is_negative else sp.S.Zero})
    return sp.expand(low).is_nonnegative is True


def _count(part: sp.Expr) -> sp.Expr | None:
    """How many values an argmax or argmin can take."""
    if isinstance(part, Access):
        eq = part.tensor.definition
        kind, bound = getattr(eq, "reduce", ""), getattr(eq, "bound", ())
    else:
        kind, bound = part.kind, part.bound
    return sp.Mul(*(i.extent for i in bound)) if kind in ("argmax", "argmin") else None


def relation(side: Side, say: Callable[[sp.Expr], str], relate: Callable[[str, str, str], str], divides: str) -> str:
    """The side as text; ``say`` prints an expression, ``relate`` a relation."""
    if side.kind == "|":
        return f"{say(side.modulus)} {divides} {say(side.difference)}"
    number, rest = side.difference.as_coeff_Add()
    right = sp.Add(*(t for t in sp.Add.make_args(rest) if not t.could_extract_minus_sign()))
    left = sp.expand(right - rest)
    if side.kind == "<=" and number == -1 and (left != 0 and right != 0):
        return relate(say(left), "<", say(right))
    if number.is_negative:
        left = left - number
    else:
        right = right + number
    if side.kind == "=" and left == 0:
        left, right = right, left
    return relate(say(left), side.kind, say(right))


def limit(side: Side, index: Index) -> tuple[str, sp.Expr] | None:
    """A side as a tighter limit of a sum over ``index``: ("low" | "high", value), None where it is none."""
    if side.kind != "<=":
        return None
    c = side.difference.coeff(index, 1)
    rest = sp.expand(side.difference - c * index)
    if rest.has(index):
        return None
    if c == 1 and never_negative(-rest):
        return "low", -rest
    if c == -1 and never_negative(sp.expand(index.extent - 1 - rest)):
        return "high", rest
    return None

"""Worked numbers: claims to a stated number of digits, propagated from exact or from rounded earlier values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.statements import Chain

_PASSIVE = (
    s.Number,
    s.Fraction,
    s.Sum,
    s.Product,
    s.Group,
    s.Scripted,
    s.Call,
    s.Root,
    s.Matrix,
    s.Items,
    s.Norm,
    s.Mark,
)
_CONSTANTS = ("e", "pi")


@dataclass(frozen=True)
class Literal:
    """Numbers as written: a scalar (shape ``()``), a column or a matrix; ``digits`` after the point of each entry."""

    shape: tuple[int, ...]
    entries: tuple[Fraction, ...]
    digits: tuple[int, ...]


_ANEW = re.compile(r"(?i)\b(?:for|if|when|with|at|now|next|per|con|für|mit|pour|avec|para)$")


def instead(text: str, chain: Chain) -> bool:
    """Whether a number takes the place of an earlier one: "for w = 3", "w = 3 instead"."""
    before = text[max(0, chain.start - 20) : chain.start].rstrip("$\\([ \n")
    return bool(_ANEW.search(before)) or "instead" in text[chain.end : chain.end + 20]


def is_numeric(node: s.Node) -> bool:
    """Whether an expression consists of numbers alone."""
    heads = {id(n) for c in s.walk(node) if isinstance(c, s.Call) for n in s.walk(c.head)}
    found = False
    for n in s.walk(node):
        if id(n) in heads:
            continue
        if isinstance(n, s.Symbol):
            if n.name not in _CONSTANTS and n.name != "T":
                return False
        elif not isinstance(n, _PASSIVE):
            return False
        found = found or isinstance(n, s.Number)
    return found


def both(left: s.Node, right: object) -> bool:
    """Whether both sides of an equality consist of numbers alone."""
    return isinstance(right, s.Node) and is_numeric(left) and is_numeric(right)


def literal(node: s.Node, chain: Chain | None = None, text: str = "") -> Literal | None:
    """The numbers that are written out, or None where something is still to be computed."""
    if (
        isinstance(node, s.Scripted)
        and node.sub is None
        and node.indexed is None
        and isinstance(node.base, (s.Group, s.Matrix))
    ):
        sign = node.sup
        if node.primes == 1 or isinstance(sign, s.Mark) or (isinstance(sign, s.Symbol) and sign.name == "T"):
            return literal(node.base)
        return None
    if isinstance(node, s.Matrix):
        rows = [[_scalar(cell) for cell in row] for row in node.rows]
        cells = [cell for row in rows for cell in row if cell is not None]
        if len({len(r) for r in rows}) != 1 or len(cells) != len(rows) * len(rows[0]):
            return None
        shape = (len(rows), len(rows[0]))
        if 1 in shape:
            shape = (max(shape),)
        return Literal(shape, tuple(c[0] for c in cells), tuple(c[1] for c in cells))
    if isinstance(node, s.Group) and isinstance(node.body, s.Items):
        cells = [cell for item in node.body.items if (cell := _scalar(item)) is not None]
        if len(cells) != len(node.body.items):
            return None
        return Literal((len(cells),), tuple(c[0] for c in cells), tuple(c[1] for c in cells))
    value = _scalar(node)
    return None if value is None else Literal((), (value[0],), (value[1],))


def _scalar(node: s.Node) -> tuple[Fraction, int] | None:
    sign = 1
    while True:
        if isinstance(node, s.Group) and not isinstance(node.body, (s.Items, s.Relation)):
            node = node.body
        elif isinstance(node, s.Sum) and len(node.terms) == 1:
            sign *= node.terms[0][0]
            node = node.terms[0][1]
        else:
            break
    shift = 0
    if isinstance(node, s.Product) and len(node.factors) == 2:  # 3.1 · 10^{-5}
        power = node.factors[1][1]
        if (
            isinstance(power, s.Scripted)
            and isinstance(power.base, s.Number)
            and power.base.text == "10"
            and power.sup is not None
        ):
            exponent = _scalar(power.sup)
            if exponent is None or exponent[0].denominator != 1 or abs(exponent[0]) > 300:
                return None
            node, shift = node.factors[0][1], int(exponent[0])
    if not isinstance(node, s.Number):
        return None
    try:
        number = Decimal(node.text)
    except InvalidOperation:
        return None
    places = max(-int(number.as_tuple().exponent), 0)
    return sign * Fraction(number) * Fraction(10) ** shift, places - shift


def half_unit(digits: int) -> Fraction:
    """Half a unit of the last digit shown."""
    return Fraction(1, 2) * Fraction(10) ** -digits


def numerals(node: s.Node) -> list[s.Number]:
    """The numbers of a formula in reading order, without exponents and indices."""
    skipped = set()
    for n in s.walk(node):
        if isinstance(n, s.Scripted):
            for script in (n.sub, n.sup):
                if script is not None:
                    skipped |= {id(m) for m in s.walk(script) if isinstance(m, s.Number) and "." not in m.text}
    return [n for n in s.walk(node) if isinstance(n, s.Number) and id(n) not in skipped]

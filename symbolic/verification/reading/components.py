"""Vectors told by their entries: ``q = (q_1, q_2)⊤`` and ``x = (x_1, …, x_n)`` say what q and x are, and nothing more."""

from __future__ import annotations

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.spelt import counted
from symbolic.verification.reading.statements import Chain


def declare_components(found: Declarations, every: list[Chain], source: Source) -> None:
    """Enter the vectors that lists of their entries tell; such a line is remembered as no claim."""
    for chain in every:
        told = _told(chain)
        if told is None:
            continue
        name, size, place = told
        entries = [f"{name}_{k}" for k in range(1, int(size) + 1)] if size.isdigit() else []
        if name not in found.names:
            positive = bool(entries) and all("positive" in found.assume.get(e, ()) for e in entries)
            above = any(isinstance(n, s.Scripted) and isinstance(n.sup, s.Group) for n in _items(chain))
            sample = next((letter for letter, to in found.ranges.items() if above and to == size), "")
            tex = source.text[place[0] : place[1]]
            found.names[name] = Declared(name, (size,), tex, place[0], sample=sample)
            if positive:
                found.assume.setdefault(name, set()).add("positive")
        for entry in entries:
            if found.names[name].shape == (size,) and entry in found.names and not found.names[entry].shape:
                del found.names[entry]
        found.told.add(chain.start)


def _items(chain: Chain) -> list[s.Node]:
    return list(s.walk(parse(chain.sides[1].tokens)))


def _told(chain: Chain) -> tuple[str, str, s.Span] | None:
    """(q, 2, place) of ``q = (q_1, q_2)⊤``; None for anything else."""
    if chain.error or chain.signs not in (("=",), (":=",)):
        return None
    try:
        left, right = (parse(side.tokens) for side in chain.sides)
    except ReadingError:
        return None
    if isinstance(right, s.Scripted) and right.sub is None:
        right = right.base
    items: tuple[s.Node, ...] = ()
    if isinstance(right, s.Group) and isinstance(right.body, s.Items):
        items = right.body.items
    elif isinstance(right, s.Group) and isinstance(right.body, s.Product):
        items = tuple(n for sign, n in right.body.factors if not sign)  # (y^{(1)} y^{(2)} … y^{(n)})
        items = items if any(isinstance(n, s.Dots) for n in items) else ()
    elif isinstance(right, s.Matrix) and (len(right.rows) == 1 or all(len(row) == 1 for row in right.rows)):
        items = tuple(cell for row in right.rows for cell in row)
    if not isinstance(left, s.Symbol) or len(items) < 2:
        return None
    named = [i for i in items if not isinstance(i, s.Dots)]
    numbers = []
    for item in named:
        if not isinstance(item, s.Scripted) or not isinstance(item.base, s.Symbol) or item.base.name != left.name:
            return None
        numbers.append(counted(item))
    if len(named) < len(items):
        size = numbers[-1]
        return (left.name, size, left.span) if numbers[:1] == ["1"] and size.isidentifier() else None
    size = str(len(items))
    return (left.name, size, left.span) if numbers == [str(k) for k in range(1, len(items) + 1)] else None

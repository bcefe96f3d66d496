"""How wide the columns of a table are in LaTeX: as wide as they need, or wrapped where the line is too short for all."""

from __future__ import annotations

from dataclasses import dataclass

from reports.document.model import Emphasis, Inline, Link, Mark, Math, Table, plain
from reports.writers.breaking import measure
from reports.writers.tex import tokens

LINE = 88.0  # letters of the size of tables on a line
BETWEEN = 2.4  # letters between two columns
LONG = 32  # rows, before a table may run over pages
_BOLD = 1.3
_BREAKABLE = 12.0  # a formula or a word that is wider may be broken
_SIDES = {"left": ("l", r"\raggedright"), "center": ("c", r"\centering"), "right": ("r", r"\raggedleft")}


@dataclass(frozen=True)
class Place:
    """A column: its LaTeX specification and its width in letters, if it has a fixed one."""

    specification: str
    width: float | None = None


def places(node: Table) -> list[Place]:
    """A place for each column. Of those that are too wide all get the same width, the others what they need."""
    columns = [[column.title, *(row[k] for row in node.rows)] for k, column in enumerate(node.columns)]
    wanted = [max(_width(cell) * (_BOLD if k == 0 else 1) for k, cell in enumerate(column)) for column in columns]
    least = [max(_piece(cell) * (_BOLD if k == 0 else 1) for k, cell in enumerate(column)) for column in columns]
    room = LINE - BETWEEN * len(columns)
    letters = [column.align for column in node.columns]
    if sum(wanted) <= room and len(node.rows) <= LONG:
        return [Place(_SIDES[align][0]) for align in letters]
    widths = _shared(wanted, least, room)
    if len(node.rows) <= LONG:
        return [
            _wrapped(align, width) if width < wish else Place(_SIDES[align][0])
            for align, width, wish in zip(letters, widths, wanted, strict=True)
        ]
    return [_wrapped(align, width) for align, width in zip(letters, widths, strict=True)]


def _wrapped(align: str, width: float) -> Place:
    return Place(rf">{{{_SIDES[align][1]}\arraybackslash}}p{{{width / 2:.2f}em}}", width)


def _shared(wanted: list[float], least: list[float], room: float) -> list[float]:
    """Widths that add up to no more than the room, if their least does not."""
    low, high = 0.0, max(wanted, default=0.0)
    for _ in range(40):
        cap = (low + high) / 2
        used = sum(min(wish, max(cap, need)) for wish, need in zip(wanted, least, strict=True))
        low, high = (cap, high) if used <= room else (low, cap)
    return [min(wish, max(low, need)) for wish, need in zip(wanted, least, strict=True)]


def _width(content: tuple[Inline, ...]) -> float:
    """The width of a cell on one line, in letters."""
    return sum((_of(node, _width) for node in content), 0.0)


def _of(node: Inline, inside) -> float:
    match node:
        case Math(latex):
            return measure(tokens(latex))
        case Link(content=content) | Emphasis(content=content):
            return inside(content)
        case Mark(evidence=evidence):
            return 10 + inside(evidence)
    return float(len(plain((node,))))


def _piece(content: tuple[Inline, ...]) -> float:
    """The widest piece of a cell that stays on one line, in letters."""
    found = [2.0]
    for node in content:
        if isinstance(node, Math):
            found.append(min(measure(tokens(node.latex)), 2 * _BREAKABLE))
        elif isinstance(node, Link | Emphasis):
            found.append(_piece(node.content))
        elif isinstance(node, Mark):
            found += [10.0, _piece(node.evidence)]
        else:
            found += [min(float(len(word)), 1.5 * _BREAKABLE) for word in plain((node,)).split()]
    return max(found)

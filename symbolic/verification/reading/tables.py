"""Tables of symbols, in Markdown (``| $W$ | weights | $m \\times n$ |``) and LaTeX (``$W$ & weights & $m \\times n$ \\\\``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.sets import Set, sizes

_MARK = re.compile(r"\u27e6(\d+)\u27e7")
_SIZES = re.compile(
    r"(?i)\b(?:shapes?|sizes?|dim(?:s|ensions?|ensioni|ensión|ensão)?|space|tailles?|größen?|formen?|raum|tamaños?|tamanhos?|formas?)\b|维度?|形状|大小|尺寸"
)
_NUMBER = re.compile(
    r"(?i)^\W*(?:an?\s+)?(?:scalars?|numbers?|real(?:\s+number)?|zahl|skalar|scalaire|escalar|scalare|标量)\W*$"
)


@dataclass(frozen=True)
class Row:
    """One row: the symbols of its first cell, their shape (None: not told) and the words of the other cells."""

    symbols: tuple[s.Node, ...]
    what: Set | None
    said: str


def rows(text: str, node: Callable[[int], s.Node | None], member: Callable[[int], Set | None]) -> Iterator[Row]:
    """The rows of the tables in a text whose formulas are marks; ``node`` reads a marked formula, ``member`` one that is a set."""
    sized: list[bool] = []
    for line in text.splitlines():
        cells = _cells(line)
        if len(cells) < 2:
            sized = []
            continue
        if not any(_MARK.search(cell) for cell in cells):
            sized = [bool(_SIZES.search(cell)) for cell in cells] if not _is_rule(cells) else sized
            continue
        symbols = _symbols(cells[0], node)
        if not symbols:
            continue
        told = [_shape(cell, k < len(sized) and sized[k], node, member) for k, cell in enumerate(cells[1:], start=1)]
        words = " ".join(cell for cell, what in zip(cells[1:], told, strict=True) if what is None)
        yield Row(symbols, next((what for what in told if what is not None), None), words)


def _cells(line: str) -> list[str]:
    if line.count("|") >= 2:
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    if "&" in line and not re.search(r"&(?:\w+|#\d+);", line):
        return [cell.strip() for cell in re.sub(r"\\\\.*|\\(?:hline|toprule|midrule|bottomrule)", "", line).split("&")]
    return []


def _is_rule(cells: list[str]) -> bool:
    return all(re.fullmatch(r":?-*:?", cell) for cell in cells)


def _symbols(cell: str, node: Callable[[int], s.Node | None]) -> tuple[s.Node, ...]:
    """The symbols of a cell that holds nothing else."""
    if _MARK.sub("", cell).strip(" ,*`") not in ("", "and", "und", "et", "y", "e"):
        return ()
    found: list[s.Node] = []
    for number in _MARK.findall(cell):
        read = node(int(number))
        for item in read.items if isinstance(read, s.Items) else (read,):
            if item is None or name_of(item) is None:
                return ()
            found.append(item)
    return tuple(found)


def _shape(
    cell: str, sized: bool, node: Callable[[int], s.Node | None], member: Callable[[int], Set | None]
) -> Set | None:
    """What a cell tells: ``m × n``, ``ℝ^n``, a single size below a heading that says so, "scalar"."""
    if _NUMBER.match(cell):
        return Set(())
    only = _MARK.fullmatch(cell.strip(" *`()"))
    if only is None:
        return None
    number = int(only[1])
    inside = member(number)
    if inside is not None:
        return inside
    read = node(number)
    if isinstance(read, s.Group):
        read = read.body
    times = isinstance(read, s.Product) and any(sign == "TIMES" for sign, _ in read.factors)
    if read is None or not (times or (sized and isinstance(read, (s.Symbol, s.Scripted, s.Number, s.Sum)))):
        if sized and isinstance(read, s.Items) and len(read.items) <= 2:
            return _set([size for item in read.items for size in sizes(item)])
        return None
    try:
        return _set(list(sizes(read)))
    except ReadingError:
        return None


def _set(extents: list[str]) -> Set:
    return Set(tuple(e for e in extents if e != "1"))

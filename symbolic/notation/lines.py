r"""Long formulas broken into aligned lines at top-level plus, minus and equals signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[{}_^]|\s+|.", re.S)
_SILENT = frozenset([r"\left", r"\right", r"\mathrm", r"\mathbf", r"\mathbb", r"\operatorname", r"\text", r"\,", r"\displaystyle"])  # fmt: skip
_WIDE = {r"\sum": 2.0, r"\prod": 2.0, r"\odot": 2.0, r"\oslash": 2.0, r"\times": 2.0, r"\cdot": 1.5, r"\le": 2.0, r"\ne": 2.0}  # fmt: skip


def visible_width(latex: str) -> float:
    r"""About how many characters wide a formula is set; a fraction is as wide as its wider part.

    >>> visible_width(r"\frac{a + b}{c}") < visible_width("a + b + c")
    True
    """
    tokens = _TOKEN.findall(latex)
    width, end = _group(tokens, 0)
    while end < len(tokens):  # A stray closing brace.
        more, end = _group(tokens, end + 1)
        width += more
    return width


def _group(tokens: Sequence[str], at: int) -> tuple[float, int]:
    """Width up to the closing brace or the end, and where that is."""
    width = 0.0
    while at < len(tokens) and tokens[at] != "}":
        more, at = _item(tokens, at)
        width += more
    return width, at


def _item(tokens: Sequence[str], at: int) -> tuple[float, int]:
    part = tokens[at]
    if part == "{":
        width, end = _group(tokens, at + 1)
        return width, end + 1
    if part in ("_", "^"):
        width, end = _item(tokens, at + 1) if at + 1 < len(tokens) else (0.0, at + 1)
        return 0.65 * width, end
    if part in (r"\frac", r"\underbrace", r"\underset", r"\overset", r"\class"):
        first, at = _item(tokens, at + 1) if at + 1 < len(tokens) else (0.0, at + 1)
        if part == r"\underbrace":
            return first, at
        second, at = _item(tokens, at) if at < len(tokens) else (0.0, at)
        return (second if part == r"\class" else max(first, second)), at
    if part.isspace() or part in _SILENT:
        return 0.0, at + 1
    if part in ("+", "-", "="):
        return 2.2, at + 1
    if part.startswith("\\"):
        letters = part[1:]
        named = letters in ("log", "exp", "tanh", "sin", "cos", "tan", "sinh", "cosh", "max", "min", "arcsin", "arctan")
        return (float(len(letters)) if named else _WIDE.get(part, 1.0)), at + 1
    return 1.0, at + 1


def broken(left: str, terms: Sequence[tuple[bool, str]], whole: str, width: int | None) -> str:
    """``left = whole``, over several lines if it is wider than ``width`` and has several terms."""
    line = f"{left} = {whole}" if left else whole
    if width is None or visible_width(line) <= width:
        return line
    rows = _rows(terms, width - visible_width(left)) if len(terms) > 1 else [whole]
    if len(rows) == 1 and (not left or visible_width(left) < 8):
        return line
    head = f"{left} &= " if left else "&"
    if len(rows) == 1:
        return rf"\begin{{aligned}} {left} \\ &= {whole} \end{{aligned}}"
    return r"\begin{aligned} " + head + r" \\ &\quad ".join(rows) + r" \end{aligned}"


def _rows(terms: Sequence[tuple[bool, str]], room: float) -> list[str]:
    rows: list[str] = []
    used = 0.0
    for position, (negative, term) in enumerate(terms):
        size = visible_width(term) + 2.2
        sign = "-" if negative else "+" if position else ""
        joint = f" {sign} " if position and rows and used + size <= room else f"{sign} " if position else sign
        if rows and used + size <= room:
            rows[-1] += f"{joint}{term}"
            used += size
        else:
            rows.append(f"{joint}{term}")
            used = size
    return rows

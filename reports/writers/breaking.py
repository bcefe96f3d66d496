r"""Breaking long formulas into lines, where an author would: before relations first, then before sums' signs.

Width is estimated in letters: TeX's own boxes are not at hand, and a page has no fixed width anyhow.
"""

from __future__ import annotations

import functools

from reports.writers.mathml_commands import OPERATORS, OVER, SPACES, TEXT, UNDER
from reports.writers.tex import Reader, depths, split, tokens

RELATIONS = {"=", r"\approx", r"\le", r"\leq", r"\ge", r"\geq", r"\equiv", r"\propto", r"\to", r"\Rightarrow"}
RELATIONS |= {r"\implies", r"\iff", r"\Longrightarrow", r"\coloneqq", r"\leftarrow", "<", ">"}
SIGNS = {"+", "-", r"\pm"}
AFTER_NOTHING = RELATIONS | SIGNS | {"(", "[", "{", r"\{", ",", r"\cdot", r"\times", r"\odot", "&", "_", "^"}
NARROW = set("ijlt.,:;!'|()[] ") | {r"\mid", r"\cdot", r"\prime"}
SCRIPT = 0.7


@functools.lru_cache(maxsize=4096)
def broken(latex: str, width: float) -> str:
    r"""The formula in an ``aligned`` of lines no wider than ``width`` letters, where that can be done at its top level.

    >>> broken("a = b + c", 20)
    'a = b + c'
    >>> print(broken("loss = aaaaaaaa + bbbbbbbb = cccccccc", 26))
    \begin{aligned} loss &= aaaaaaaa + bbbbbbbb \\ &= cccccccc \end{aligned}
    """
    try:
        found = tokens(latex)
        if measure(found) <= width or r"\begin" in found[:3] or r"\tag" in found or r"\\" in found:
            return latex
        return _apart(found, width) or _aligned(found, width) or latex
    except Exception:  # what cannot be read cannot be broken either
        return latex


def measure(found: list[str]) -> float:
    """Estimated width of a formula, in letters."""
    return _measure(Reader(found))


def _measure(reader: Reader) -> float:
    total = 0.0
    while reader:
        total += _unit(reader)
    return total


def _argument(reader: Reader) -> float:
    return _measure(reader.within(reader.argument())) if reader else 0.0


def _unit(reader: Reader) -> float:
    token = reader.next()
    if token == "{":
        return _measure(reader.within(reader.group()))
    if token in "_^":
        below = SCRIPT * _argument(reader)
        if reader.peek() in ("_", "^") and reader.peek() != token:
            reader.next()
            return max(below, SCRIPT * _argument(reader))
        return below
    if token == r"\begin":
        name, body = reader.environment()
        return _rows(name, reader.within(body))
    if token in TEXT:
        return 0.85 * sum(1 for t in reader.argument() if t not in "{}")
    if token in (r"\frac", r"\dfrac", r"\binom", r"\tfrac"):
        return max(_argument(reader), _argument(reader)) * (SCRIPT if token == r"\tfrac" else 1) + 0.4
    if token in (r"\class", r"\textcolor", r"\href", r"\htmlClass"):
        reader.argument()
        return _argument(reader)
    if token in (r"\underbrace", r"\overbrace"):
        inside = _argument(reader)
        if reader.peek() in ("_", "^"):
            reader.next()
            return max(inside, SCRIPT * _argument(reader))
        return inside
    if token == r"\operatorname":
        if reader.peek() == "*":
            reader.next()
        return 0.9 * len(reader.argument()) + 0.3
    if token in OPERATORS:
        return 0.9 * len(OPERATORS[token][0]) + 0.3
    if token in OVER or token in UNDER or token.startswith(r"\math"):
        return _argument(reader)
    if token in SPACES:
        return 1.8 * SPACES[token]
    if token in RELATIONS or token in SIGNS or token in (r"\odot", r"\otimes", r"\times"):
        return 2.2
    if token in (r"\left", r"\right", r"\sqrt") or token in NARROW:
        return 0.7 if token != " " else 0.0
    if token in (r"\sum", r"\prod", r"\int"):
        return 2.2
    return 1.1


def _rows(name: str, reader: Reader) -> float:
    if name == "array":
        reader.argument()
    lines = split(reader.tokens[reader.position :], r"\\")
    cells = [[_measure(reader.within(cell)) for cell in split(line, "&")] for line in lines]
    columns = max((len(row) for row in cells), default=0)
    return sum(max((row[c] for row in cells if c < len(row)), default=0) + 1 for c in range(columns)) + 1.5


def _apart(found: list[str], width: float) -> str:
    r"""Formulas that ``\qquad`` keeps apart, as many on a line as it holds; nothing where a single one is wider."""
    parts: list[list[str]] = [[]]
    for token, depth in depths(found):
        if depth == 0 and token == r"\qquad":
            parts.append([])
        elif parts[-1] or token != " ":
            parts[-1].append(token)
    widths = [measure(part) for part in parts]
    if len(parts) < 2 or max(widths) > width:
        return ""
    lines: list[list[str]] = []
    room = 0.0
    for part, needed in zip(parts, widths, strict=True):
        if lines and needed + 3.6 <= room:
            lines[-1] += [r"\qquad", " ", *part]
            room -= needed + 3.6
        else:
            lines.append(list(part))
            room = width - needed
    body = r" \\ ".join(_text(line) for line in lines)
    return rf"\begin{{gathered}} {body} \end{{gathered}}"


def _aligned(found: list[str], width: float) -> str:
    pieces = _pieces(found, RELATIONS)
    if len(pieces) == 1:
        return _at_signs(found, width)
    left, *sides = pieces
    indent = measure(left)
    if indent > 0.45 * width:  # a long left side gets a line of its own
        lines, indent = [_text(left) + r" &"], 2.0
        lines += _right(sides, width - indent, joined=False, lead=r"&\quad ")
    else:
        lines = _right(sides, width - indent, joined=True)
        lines[0] = _text(left) + " " + lines[0]
    if len(lines) < 2:
        return ""
    body = r" \\ ".join(lines)
    return rf"\begin{{aligned}} {body} \end{{aligned}}"


def _right(sides: list[list[str]], width: float, joined: bool, lead: str = "&") -> list[str]:
    lines = []
    for side in sides:
        relation, rest = side[0], side[1:]
        chunks = _filled(_pieces(rest, SIGNS), width - 2)
        lines.append(f"{lead}{relation} {_text(chunks[0])}")
        lines += [rf"{lead}\quad {_text(chunk)}" for chunk in chunks[1:]]
    return lines


def _at_signs(found: list[str], width: float) -> str:
    chunks = _filled(_pieces(found, SIGNS), width)
    if len(chunks) < 2:
        return ""
    first, *others = chunks
    body = r" \\ ".join([f"& {_text(first)}", *(rf"& \quad {_text(chunk)}" for chunk in others)])
    return rf"\begin{{aligned}} {body} \end{{aligned}}"


def _filled(pieces: list[list[str]], width: float) -> list[list[str]]:
    """Pieces gathered into lines that are as full as may be."""
    lines: list[list[str]] = []
    room = 0.0
    for piece in pieces:
        needed = measure(piece)
        if lines and needed <= room:
            lines[-1] = lines[-1] + piece
            room -= needed
        else:
            lines.append(piece)
            room = width - needed
    return lines or [[]]


def _pieces(found: list[str], marks: set[str]) -> list[list[str]]:
    """Cut before each mark that stands at the top and between two terms, outside round and square brackets too."""
    pieces: list[list[str]] = [[]]
    brackets, last = 0, ""
    for token, depth in depths(found):
        if depth == 0:
            cut = token in marks and brackets == 0 and any(t != " " for t in pieces[-1])
            if cut and last != r"\not" and (token in RELATIONS or last not in AFTER_NOTHING):
                pieces.append([])
            brackets += (token in "([") - (token in ")]")
        if token != " ":
            last = token
        pieces[-1].append(token)
    return pieces


def _text(found: list[str]) -> str:
    r"""Tokens as LaTeX again; a command that a letter follows needs its space."""
    parts = []
    for place, token in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else ""
        glued = token[0] == "\\" and token[1:].isalpha() and after[:1].isalpha()
        parts.append(token + " " if glued else token)
    return "".join(parts).strip()

"""Declarations by listing and by kinship: ``logits z_1, …, z_K``, ``a_i⊤ are the rows of A``, ``the correct class y``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import syntax as s

_M = "\u27e6(\\d+)\u27e7"
_VECTORS = re.compile(r"(?i)\b(vectors?|matri(?:x|ces)|points?|images?|sequences?|columns?|rows?|features? of)\b")
_MANY = "((?:\u27e6\\d+\u27e7(?:\\s*(?:,|and|,\\s*and)\\s*)?)+)"
_ROWS = (
    re.compile(
        rf"{_MANY}\s*(?:is|are|be|being|denotes?|as)?\s*(?:the\s+)?(?:(?:\u27e6\d+\u27e7|\w+)(?:-?\s*(?:th|st|ten?))?\s+)?rows?\s+of\s+{_MANY}"
    ),
    re.compile(rf"(?:[Tt]he\s+)?rows?\s+{_MANY}\s+of\s+{_MANY}"),
)
_ROWS_AFTER = (
    re.compile(rf"rows?\s+of\s+{_M}\s+(?:is|are|be|by|called)\s+{_M}"),
    re.compile(rf"{_M}\s*(?:\w+\s+){{0,3}}(?:with|has|have|having)\s+(?:the\s+)?rows?\s+{_M}"),
)
_CLASS = re.compile(
    rf"(?i)(?:correct|true|target|right|gold|ground[- ]truth|observed)\s+(?:class|label|index|token|word|category)(?:\s+(?:index|label|is))?\s+{_M}"
)
Node = Callable[[int], s.Node | None]


def listed(node: s.Node, text: str) -> tuple[str, str, s.Span] | None:
    """(name, size, place) of ``z_1, …, z_K``, ``\\{x_1, …, x_m\\}`` or ``x_{1…m}``; None for anything else."""
    if isinstance(node, s.Group):
        node = node.body
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) and node.sup is None:
        parts = [n for _, n in node.sub.factors] if isinstance(node.sub, s.Product) else []
        if len(parts) == 3 and isinstance(parts[1], s.Dots) and _is_one(parts[0]):
            size = script_name(parts[2])
            return (node.base.name, size, node.base.span) if size else None
    if not isinstance(node, s.Items) or not any(isinstance(n, s.Dots) for n in node.items):
        return None
    first, last = node.items[0], node.items[-1]
    if not all(isinstance(n, s.Scripted) and isinstance(n.base, s.Symbol) and n.sup is None for n in (first, last)):
        return None
    size = script_name(last.sub)
    if first.base.name != last.base.name or not _is_one(first.sub) or not size or not re.fullmatch(r"\w+", size):
        return None
    return first.base.name, size, first.base.span


def of_numbers(sentence: str) -> bool:
    """Whether a sentence that lists ``z_1, …, z_K`` speaks of numbers and not of vectors."""
    return not _VECTORS.search(sentence)


def kin(sentence: str, node: Node) -> Iterator[tuple[str, str, bool]]:
    """(name of the row, name of the matrix, whether the row is told as a_i⊤) for each ``a_i⊤ are the rows of A``."""
    pairs = [pair for p in _ROWS for m in p.finditer(sentence) for pair in _paired(m.group(1), m.group(2))]
    pairs += [(m.group(2), m.group(1)) for p in _ROWS_AFTER for m in p.finditer(sentence)]
    for row, matrix in pairs:
        one, whole = node(int(row)), node(int(matrix))
        whole = whole.left if isinstance(whole, s.Relation) and whole.sign == "in" else whole
        turned = isinstance(one, s.Scripted) and s.is_transpose(one.sup)
        while isinstance(one, s.Scripted) and isinstance(one.base, s.Scripted):
            one = one.base
        if (
            isinstance(one, s.Scripted)
            and isinstance(one.base, s.Symbol)
            and isinstance(one.sub, s.Symbol)
            and isinstance(whole, s.Symbol)
            and one.base.name != whole.name
        ):
            yield one.base.name, whole.name, turned


def _paired(rows: str, matrices: str) -> list[tuple[str, str]]:
    """``u_i, v_j are the rows of U and V``: one of each; ``x_i, x_j are rows of X``: both of X."""
    one, whole = (re.findall(r"\d+", group) for group in (rows, matrices))
    if len(whole) == 1:
        return [(row, whole[0]) for row in one]
    if len(one) == 1:
        return [(one[0], whole[0])]
    return list(zip(one, whole, strict=True)) if len(one) == len(whole) else []


def classes(sentence: str, node: Node) -> Iterator[tuple[str, s.Span]]:
    """(name, place) of the symbol that a sentence calls the correct class."""
    for match in _CLASS.finditer(sentence):
        symbol = node(int(match.group(1)))
        if isinstance(symbol, s.Symbol):
            yield symbol.name, symbol.span


def _is_one(node: s.Node | None) -> bool:
    return isinstance(node, s.Number) and node.text == "1"

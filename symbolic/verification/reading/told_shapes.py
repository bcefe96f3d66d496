"""Shapes told in words: "an m × n matrix W", "x is a vector of length n", "n-vectors a and b", "W (m × n)"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.sets import sizes

_M = "\u27e6(\\d+)\u27e7"
_GROUP = r"((?:\u27e6\d+\u27e7(?:\s*(?:,\s*and|,|and)\s*)?)+)"
_KIND = r"(?:(?!(?:and|or|with|of|is|are|by|the|a|an)\b)[a-z]+(?:-[a-z]+)*[- ]?\s+){0,4}"
_IS = r"(?:(?:is|are|be|denotes?)\s+(?:an?\s+|the\s+)?|an?\s+)"
_PATTERNS = (
    (rf"{_GROUP}\s*{_IS}{_KIND}{_M}[- ]*{_KIND}matri(?:x|ces)", "names", "matrix"),
    (rf"{_M}[- ]*{_KIND}matri(?:x|ces)\s+{_GROUP}", "shape", "matrix"),
    (rf"{_GROUP}\s*{_KIND}{_M}[- ]*{_KIND}matrices", "names", "matrix"),
    (rf"matri(?:x|ces)\s+{_GROUP}\s*(?:is\s+|are\s+)?of\s+(?:size|shape|dimensions?|order)\s+{_M}", "names", "matrix"),
    (rf"{_GROUP}\s*{_IS}{_KIND}matri(?:x|ces)\s+of\s+(?:size|shape|dimensions?|order)\s+{_M}", "names", "matrix"),
    (rf"{_GROUP}\s*{_IS}{_KIND}{_M}[- ]*(?:dimensional\s+|dim\s+|component\s+)?{_KIND}vectors?", "names", "vector"),
    (rf"{_M}[- ]*(?:dimensional\s+|dim\s+|component\s+)?{_KIND}vectors?\s+{_GROUP}", "shape", "vector"),
    (rf"vectors?\s+{_GROUP}\s*(?:is\s+|are\s+)?(?:of|with)\s+(?:size|length|dimension)?\s*{_M}", "names", "vector"),
    (rf"{_GROUP}\s*{_IS}{_KIND}vectors?\s+(?:of|with)\s+(?:size|length|dimension)?\s*{_M}", "names", "vector"),
    (rf"{_GROUP}\s*\(\s*(?:of\s+)?(?:size\s+|shape\s+)?{_M}\s*\)", "names", "matrix"),
    (rf"\|\s*{_GROUP}\s*\|[^|\n]*?{_M}\s*\|", "names", "matrix"),
    (rf"{_GROUP}\s+(?:has|have)\s+(?:the\s+)?(?:size|shape|dimensions?)\s+{_M}", "names", "matrix"),
)

_OF_A_DERIVATIVE = re.compile(r"with respect to|derivative|gradient|jacobian|hessian", re.IGNORECASE)


def told_shapes(
    sentence: str, node: Callable[[int], s.Node | None]
) -> Iterator[tuple[str, tuple[str, ...], str, tuple[int, int]]]:
    """(name, shape, LaTeX, place) of each symbol whose shape the sentence tells; ``node`` reads a numbered formula."""
    for pattern, first, kind in _PATTERNS:
        for match in re.finditer(pattern, sentence, re.IGNORECASE):
            group, number = (match.group(1), match.group(2)) if first == "names" else (match.group(2), match.group(1))
            shape = _shape(node(int(number)), kind)
            if shape is None or _OF_A_DERIVATIVE.search(sentence[max(0, match.start() - 80) : match.end()]):
                continue
            for k in re.findall(_M, group):
                symbol = node(int(k))
                for item in symbol.items if isinstance(symbol, s.Items) else (symbol,):
                    name = _name(item)
                    if name is not None:
                        yield name, shape, "", item.span


def _name(node: s.Node | None) -> str | None:
    from symbolic.verification.reading.names import name_of

    return name_of(node) if node is not None else None


def _shape(node: s.Node | None, kind: str) -> tuple[str, ...] | None:
    """``m × n``, or one size for a vector."""
    if node is None:
        return None
    if isinstance(node, s.Group):
        node = node.body
    if isinstance(node, s.Product) and any(sign == "TIMES" for sign, _ in node.factors):
        try:
            found = sizes(node)
        except ReadingError:
            return None
        return tuple(x for x in found if x != "1") if "1" in found and len(found) == 2 else found
    if kind == "vector" and isinstance(node, (s.Symbol, s.Number, s.Scripted)):
        try:
            return sizes(node)
        except ReadingError:
            return None
    return None

"""Declarations by listing: ``logits z_1, …, z_K``, ``the correct class y``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import syntax as s

_M = "\u27e6(\\d+)\u27e7"
_VECTORS = re.compile(
    r"(?i)\b(vectors?|matri(?:x|ces)|points?|images?|sequences?|columns?|rows?|features? of|quer(?:y|ies)|keys?|embeddings?)\b"
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
    if not all(isinstance(n, s.Scripted) and isinstance(n.base, s.Symbol) for n in (first, last)):
        return None
    size = counted(last)
    if first.base.name != last.base.name or counted(first) != "1" or not size or not re.fullmatch(r"\w+", size):
        return None
    return first.base.name, size, first.base.span


def counted(node: s.Scripted) -> str:
    """The n of x_n and of x^{(n)}; empty where something else stands in a script too."""
    if node.primes or node.indexed is not None:
        return ""
    if isinstance(node.sup, s.Group) and node.sub is None:
        return script_name(node.sup) or ""
    return (script_name(node.sub) or "") if node.sup is None else ""


def of_numbers(sentence: str) -> bool:
    """Whether a sentence that lists ``z_1, …, z_K`` speaks of numbers and not of vectors."""
    return not _VECTORS.search(sentence)


def turned(name: str, text: str) -> bool:
    """Whether a text transposes the items of a list, ``k_i^\\top``: they are vectors, whatever its words say."""
    script = r"\s*_\s*(?:\{\s*\w+\s*\}|\w)\s*\^\s*\{?\s*(?:T\b|\\top|\\intercal)"
    return bool(re.search(rf"(?<![A-Za-z]){re.escape(name)}{script}", text))


def classes(sentence: str, node: Node) -> Iterator[tuple[str, s.Span]]:
    """(name, place) of the symbol that a sentence calls the correct class."""
    for match in _CLASS.finditer(sentence):
        symbol = node(int(match.group(1)))
        if isinstance(symbol, s.Symbol):
            yield symbol.name, symbol.span


def _is_one(node: s.Node | None) -> bool:
    return isinstance(node, s.Number) and node.text == "1"

"""Generic layers and time steps: ``z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}`` stands for every l, so the next layer is known too."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.pieces import Source

_SHIFTED = re.compile(r"([\^_])\s*\{?\s*([(\[]?)\s*\\?(ell|[a-z])\s*[+-]\s*1\s*[)\]]?\s*\}?")


def layer_letters(source: Source) -> set[str]:
    """Letters that number layers or steps: they stand with ± 1 in superscripts, or in the subscripts of declared arrays."""
    found = set()
    mathematics = "\n".join(source.text[p.start : p.end] for p in source.pieces if p.mathematics)
    for match in _SHIFTED.finditer(mathematics):
        letter = match.group(3)
        if (
            match.group(1) == "^"
            and (
                match.group(2)
                or re.search(rf"\^\s*\{{?\s*[(\[]?\s*\\?{letter}\s*[)\]]?\s*\}}?(?![\w+\-])", mathematics)
            )
        ) or re.search(
            rf"_\s*\{{?\s*\\?{letter}\s*\}}?\s*(?:,[^$\n]{{0,60}})?\\in\s*\\?(?:mathbb\s*\{{?\s*)?R\b\s*\}}?\s*\^",
            mathematics,
        ):
            found.add(letter)
    return found


def index_letters(source: Source) -> set[str]:
    """Letters that stand alone below a symbol, or that a sum runs over."""
    mathematics = "\n".join(source.text[p.start : p.end] for p in source.pieces if p.mathematics)
    return set(re.findall(r"_\s*(?:\{\s*)?([a-z])(?![a-z])", mathematics))


def shifted(node: Any, letter: str, by: int) -> Any:
    """A tree in which the layer's number is moved by ``by`` wherever it stands in a script."""
    if isinstance(node, s.Scripted):
        changes = {name: _moved(getattr(node, name), letter, by) for name in ("sub", "sup", "indexed")}
        return replace(node, base=shifted(node.base, letter, by), **changes)
    if isinstance(node, s.Node):
        return replace(
            node, **{f.name: shifted(getattr(node, f.name), letter, by) for f in fields(node) if f.name != "span"}
        )
    return tuple(shifted(x, letter, by) for x in node) if isinstance(node, tuple) else node


def _moved(node: Any, letter: str, by: int) -> Any:
    """The number inside one script moved."""
    if isinstance(node, s.Symbol) and node.name == letter:
        return _number(node, letter, by)
    if isinstance(node, s.Sum) and len(node.terms) == 2:
        (_, first), (sign, second) = node.terms
        if (
            isinstance(first, s.Symbol)
            and first.name == letter
            and isinstance(second, s.Number)
            and second.text.isdigit()
        ):
            return _number(node, letter, by + sign * int(second.text))
    if isinstance(node, s.Node):
        return replace(
            node, **{f.name: _moved(getattr(node, f.name), letter, by) for f in fields(node) if f.name != "span"}
        )
    return tuple(_moved(x, letter, by) for x in node) if isinstance(node, tuple) else node


def _number(node: s.Node, letter: str, by: int) -> s.Node:
    symbol = s.Symbol(node.span, letter, letter)
    if by == 0:
        return symbol
    return s.Sum(node.span, ((1, symbol), (1 if by > 0 else -1, s.Number(node.span, str(abs(by))))))


def shifted_size(text: str, letter: str, by: int) -> str:
    """``n_l`` → ``n_lplus1``, ``n_lminus1`` → ``n_l``."""
    match = re.fullmatch(rf"(\w*_){letter}(?:(plus|minus)(\d))?", text)
    if not match:
        return text
    at = by + (int(match.group(3)) if match.group(2) == "plus" else -int(match.group(3)) if match.group(2) else 0)
    return f"{match.group(1)}{letter}" + (f"plus{at}" if at > 0 else f"minus{-at}" if at < 0 else "")


def mentions(node: s.Node, letter: str) -> bool:
    """Whether a layer's letter stands in a script of the tree."""
    return shifted(node, letter, 7) != node

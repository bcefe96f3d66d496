"""Generic layers and time steps: ``z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}`` stands for every l, so the next layer is known too."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
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
            rf"[_^]\s*\{{?\s*[(\[]?\s*\\?{letter}\s*[)\]]?\s*\}}?\s*(?:,[^$\n]{{0,60}})?\\in\s*\\?(?:mathbb\s*\{{?\s*)?R\b\s*\}}?\s*\^",
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
    return _in_scripts(node, lambda n: _moved(n, letter, by))


def at_layer(node: Any, letter: str, layer: str) -> Any:
    """A tree with the layer ``layer`` in place of the generic one, wherever its letter stands in a script."""

    def named(n: s.Node) -> s.Node | None:
        return s.Symbol(n.span, layer, layer) if isinstance(n, s.Symbol) and n.name == letter else None

    return _in_scripts(node, named)


def _in_scripts(thing: Any, change: Callable[[s.Node], s.Node | None], inside: bool = False) -> Any:
    """A tree with what ``change`` makes of the nodes in scripts; None leaves a node, and what is in it is tried."""
    if isinstance(thing, tuple):
        return tuple(_in_scripts(x, change, inside) for x in thing)
    if not isinstance(thing, s.Node):
        return thing
    changed = change(thing) if inside else None
    if changed is not None:
        return changed
    scripts = ("sub", "sup", "indexed") if isinstance(thing, s.Scripted) else ()
    parts = {
        name: _in_scripts(getattr(thing, name), change, inside or name in scripts) for name in s.parts(type(thing))
    }
    return replace(thing, **parts)


def _moved(node: s.Node, letter: str, by: int) -> s.Node | None:
    """The layer's number moved; None where the node is none."""
    if isinstance(node, s.Symbol) and node.name == letter:
        return _number(node, letter, by)
    if isinstance(node, s.Sum) and len(node.terms) == 2:
        (_, first), (sign, second) = node.terms
        if isinstance(second, s.Number) and second.text.isdigit() and isinstance(first, s.Symbol):
            return _number(node, letter, by + sign * int(second.text)) if first.name == letter else None
    return None


def _number(node: s.Node, letter: str, by: int) -> s.Node:
    symbol = s.Symbol(node.span, letter, letter)
    if by == 0:
        return symbol
    return s.Sum(node.span, ((1, symbol), (1 if by > 0 else -1, s.Number(node.span, str(abs(by))))))


def numbered(node: Any, letter: str, number: int) -> Any:
    """A tree with the layer's number in place of its letter: ``W^{(l)}`` and n_{l-1} at 2 are ``W^{(2)}`` and n_1."""

    def counted(n: s.Node) -> s.Node | None:
        made = s.at_number(n, letter, number)
        return made if made != n else None

    return _in_scripts(node, counted)


def numbered_size(text: str, letter: str, number: int) -> str:
    """The name of a size at that layer: ``n_lminus1`` at 2 → ``n_1``."""
    found = _size(text, letter)
    return f"{found[0]}{number + found[1]}" if found else text


@functools.lru_cache(maxsize=32)
def layer_numbers(letter: str, text: str) -> range:
    """The numbers of the single layers or steps that a document speaks of: up to the largest that it names.

    >>> layer_numbers("l", r"W^{[l]}, l = 1, 2: z^{[1]} = W^{[1]} x"), layer_numbers("t", "h_t = f(h_{t-1}), h_3")
    (range(0, 3), range(0, 4))
    """
    script = r"\s*[_^]\s*\{?\s*[(\[]?\s*"
    bases = set(re.findall(rf"(\\?[A-Za-z]+|\\[a-z]+\{{[A-Za-z]\}}){script}\\?{letter}(?![A-Za-z])", text))
    named = [int(n) for base in bases for n in re.findall(rf"{re.escape(base)}{script}(\d\d?)(?![\d.])", text)]
    for listed in re.findall(rf"\b{letter}\s*(?:=|\\in|∈)\s*\\?\{{?\s*((?:\d\s*,\s*)+\d)", text):
        named += map(int, re.findall(r"\d", listed))
    return range(min(max(named, default=-1), MOST_LAYERS) + 1)


MOST_LAYERS = 12


def last_layer(letter: str, ranges: dict[str, str], text: str) -> str | None:
    """The name of the last layer, which the document writes as a superscript of its own: L of l = 1, …, L."""
    name = ranges.get(letter, letter.upper())
    if len(name) != 1 or not name.isupper() or name == "T":
        return None
    return name if re.search(rf"\^\s*\{{?\s*[(\[]?\s*{name}\s*[)\]]?\s*\}}?(?![\w+])", text) else None


def told_layers(
    pairs: list[tuple[s.Node, s.Node]], letter: str, sizes_of: Iterable[str] = ()
) -> dict[s.Scripted, tuple[str, ...]]:
    """What ``z^l = w^l a^{l-1} + b^l`` says of shapes: each layered symbol, at layer l, with its sizes n_l, n_{l-1}.

    ``sizes_of``: the declared sizes, of which d_l and d_{l-1} are used where there are such.
    """
    size = f"{next((found[0] for text in sizes_of if (found := _size(text, letter))), 'n_')}{letter}"
    found: dict[str, tuple[s.Scripted, tuple[str, ...]]] = {}

    def tell(node: s.Scripted, *layers: int) -> None:
        by = layer_shift(node, letter) or 0
        plain = shifted(replace(node, sub=None, primes=0), letter, -by)
        sizes = tuple(shifted_size(size, letter, at - by) for at in layers)
        found.setdefault(plain.base.name, (plain, sizes))

    for left, right in pairs:
        top = layer_shift(left, letter)
        if top is None:
            continue
        terms = [term for _, term in right.terms] if isinstance(right, s.Sum) else [right]
        parts = [_layered(term, letter) for term in terms]
        if not all(parts):
            continue
        tell(left, top)
        for nodes in parts:
            if len(nodes) == 1:
                tell(nodes[0], top)
            elif len(nodes) == 2:
                below = layer_shift(nodes[1], letter) or 0
                tell(nodes[1], below)
                tell(nodes[0], top, below)
    return dict(found.values())


def layer_shift(node: s.Node, letter: str) -> int | None:
    """0 for ``a^l``, −1 for ``a^{(l-1)}``; None for anything else."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol) or node.sup is None or node.primes:
        return None
    sup = node.sup.body if isinstance(node.sup, s.Group) else node.sup
    if isinstance(sup, s.Symbol):
        return 0 if sup.name == letter else None
    if isinstance(sup, s.Sum) and len(sup.terms) == 2:
        (_, first), (sign, second) = sup.terms
        if (
            isinstance(first, s.Symbol)
            and first.name == letter
            and isinstance(second, s.Number)
            and second.text.isdigit()
        ):
            return sign * int(second.text)
    return None


def _layered(term: s.Node, letter: str) -> list[s.Scripted]:
    """The layered symbols of a term that is one of them, a product of two, or a function of one; else nothing."""
    if isinstance(term, (s.Big, s.Group)):
        return _layered(term.body, letter)
    if isinstance(term, s.Call):
        return _layered(term.arguments[0], letter) if len(term.arguments) == 1 else []
    nodes = [n for _, n in term.factors] if isinstance(term, s.Product) else [term]
    found = [n for n in nodes if isinstance(n, s.Scripted) and layer_shift(n, letter) is not None]
    return found if len(found) == len(nodes) <= 2 else []


def shifted_size(text: str, letter: str, by: int) -> str:
    """``n_l`` → ``n_lplus1``, ``n_lminus1`` → ``n_l``."""
    found = _size(text, letter)
    if not found:
        return text
    at = by + found[1]
    return f"{found[0]}{letter}" + (f"plus{at}" if at > 0 else f"minus{-at}" if at < 0 else "")


def _size(text: str, letter: str) -> tuple[str, int] | None:
    """What stands before the layer's letter in the name of a size, and how far it is shifted: ``n_lminus1`` is (n_, −1)."""
    match = re.fullmatch(rf"(\w*_){letter}(?:(plus|minus)(\d))?", text)
    return (match[1], int(match[3] or 0) * (-1 if match[2] == "minus" else 1)) if match else None


def step_before(node: s.Node, letter: str) -> bool:
    """Whether the tree reads the step before, h_{t-1}."""
    for n in s.walk(node):
        sub = n.sub if isinstance(n, s.Scripted) else None
        if isinstance(sub, s.Sum) and len(sub.terms) == 2 and sub.terms[1][0] < 0:
            (_, first), (_, second) = sub.terms
            if (
                isinstance(first, s.Symbol)
                and first.name == letter
                and isinstance(second, s.Number)
                and second.text == "1"
            ):
                return True
    return False


def mentions(node: s.Node, letter: str) -> bool:
    """Whether a layer's letter stands in a script of the tree."""
    return shifted(node, letter, 7) != node

"""Declared lists of vectors: ``u_1, …, u_K`` beside a u of its own, and the single x_1, x_2 of a declared x_t."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from symbolic.verification.elaboration.names import is_layer
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.layers import layer_numbers
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.spelt import listed
from symbolic.verification.reading.statements import Chain, left_sides


def beside_its_list(found: Declarations, name: str, shape: tuple[str, ...], sample: str) -> str:
    """The name under which a symbol is entered: u and the list u_1, …, u_K of vectors like it are two."""
    held = found.names.get(name)
    listed = f"{name}_each"
    if held is None or bool(sample) == bool(held.sample) or "_" in name:
        return name
    one, many = (held.shape, shape) if sample else (shape, held.shape)
    if not one or one != many[1:]:
        return name
    found.families[name] = listed
    if sample:
        return listed
    found.names[listed] = replace(held, name=listed)
    return name


def define_beside(found: Declarations, every: Iterable[Chain]) -> None:
    """``L = (1/m)∑_i L_i`` is a number beside the list of the L_i, where both are defined: two symbols of one letter."""
    ones: dict[str, set[str]] = {}
    wholes: dict[str, set[str]] = {}
    for chain, left in left_sides(every):
        applied = s.bracketed(left)
        head = left.head if isinstance(left, s.Call) else applied[0] if applied else left
        if isinstance(head, s.Symbol):
            wholes.setdefault(head.name, set()).update(_summed(chain, head.name))
        elif (letter := _letter(head)) is not None:
            ones.setdefault(head.base.name, set()).add(letter)  # type: ignore[union-attr]
    for name in ones.keys() & wholes.keys():
        if wholes[name] and name not in found.names:
            found.families[name] = f"{name}_each"


def _summed(chain: Chain, name: str) -> set[str]:
    """The letters i of the L_i over which a side of a chain sums."""
    found = set()
    for side in chain.sides[1:]:
        try:
            node = parse(side.tokens)
        except ReadingError:
            continue
        for big in s.walk(node):
            for part in s.walk(big.body) if isinstance(big, s.Big) else ():
                letter = _letter(part)
                if letter is not None and part.base.name == name:  # type: ignore[union-attr]
                    found.add(letter)
    return found


def _letter(node: s.Node) -> str | None:
    """i of ``L_i`` and ``L^{(i)}``."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol):
        return None
    if node.sup is not None and node.sub is None and is_layer(node.sup):
        node = replace(node, sub=node.sup.body, sup=None)  # type: ignore[union-attr]
    return node.sub.name if isinstance(node.sub, s.Symbol) else None


def renamed(node: Any, families: dict[str, str]) -> Any:
    """A tree in which u_k is of the list and u is not."""
    if not families:
        return node
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol):
        listed = isinstance(node.sub, (s.Symbol, s.Number, s.Sum)) or is_layer(node.sup)
        name = families.get(f"{node.base.name}^") if is_layer(node.sup) else None
        name = name or (families.get(node.base.name) if listed else None)
        node = replace(node, base=replace(node.base, name=name)) if name else node
    return s.mapped(node, lambda inner: renamed(inner, families))


def whole(node: Any, names: Mapping[str, Declared]) -> Any:
    """A tree with d for ``d_1, …, d_n`` in brackets, where d is declared to have these entries."""
    node = s.mapped(node, lambda inner: whole(inner, names))
    if isinstance(node, s.Call):
        found = _listed(node.arguments, names)
        return node if found is None else replace(node, arguments=(found,))
    if isinstance(node, s.Group) and isinstance(node.body, s.Items):
        return _listed(node.body.items, names) or node
    return node


def _listed(items: tuple[s.Node, ...], names: Mapping[str, Declared]) -> s.Symbol | None:
    """d of the items ``d_1, …, d_n``."""
    if not any(isinstance(n, s.Dots) for n in items):
        return None
    told = listed(s.Items((items[0].span[0], items[-1].span[1]), items), "")
    held = names.get(told[0]) if told is not None else None
    if told is None or held is None or held.shape != (told[1],):
        return None
    return s.Symbol(told[2], told[0], held.tex)


def declare_every_numbered(found: Declarations, source: Source) -> None:
    """Enter x_1, x_2, … of each declared ``x_t ∈ ℝ^n`` as far as the document names them and does not define them."""
    for item in list(found.names.values()):
        match = re.fullmatch(r"([A-Za-z]+)_([a-z])", item.name)
        if match and match[2] not in found.layers and not item.sample:
            _declare_numbered(found, match[1], match[2], item, source)


def _declare_numbered(found: Declarations, symbol: str, letter: str, generic: Declared, source: Source) -> None:
    base = re.escape(generic.tex.split("_")[0].strip())
    for n in layer_numbers(letter, source.text):
        name = f"{symbol}_{n}"
        written = rf"{base}\s*_\s*(?:{n}(?!\d)|\{{\s*{n}\s*\}})"
        if name in found.names or not re.search(written, source.text):
            continue
        if re.search(rf"{written}\s*&?\s*:?=", source.text):
            continue
        found.names[name] = replace(generic, name=name, tex=f"{generic.tex.split('_')[0].strip()}_{n}")

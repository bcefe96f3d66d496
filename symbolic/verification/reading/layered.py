"""The symbols of a net whose layers are numbered: shapes that its equations tell, and those of other layers than the one told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.layers import (
    at_layer,
    last_layer,
    layer_numbers,
    layer_shift,
    mentions,
    numbered,
    numbered_size,
    shifted,
    shifted_size,
    told_layers,
)
from symbolic.verification.reading.names import full_name, name_of
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.statements import Chain


def declare_layers(found: Declarations, source: Source, every: list[Chain]) -> None:
    """Enter the layers of a net whose shapes only its equations tell, and the last layer of the others."""
    for letter in found.layers:
        pairs = [pair for chain in every if (pair := _sides(chain)) is not None]
        last = last_layer(letter, found.ranges, source.text)
        declared = [size for item in found.names.values() for size in item.shape]
        for node, sizes in told_layers(pairs, letter, declared).items():
            base = node.base.name
            if any(name == base or (name.startswith(f"{base}_") and not _is_start(name, base)) for name in found.names):
                continue
            item = Declared(full_name(node), sizes, source.text[node.base.span[0] : node.base.span[1]], node.span[0])
            for by in (0, -1, 1):
                name = full_name(shifted(node, letter, by)) if by else item.name
                found.names.setdefault(
                    name, replace(item, name=name, shape=tuple(shifted_size(x, letter, by) for x in sizes), tex=name)
                )
            if last is not None:
                computed = any(
                    layer_shift(left, letter) is not None and _base(left) == _base(node) for left, _ in pairs
                )
                by = -1 if computed else 0  # what the last layer computes is defined, what it starts from is given
                name = full_name(at_layer(shifted(node, letter, by) if by else node, letter, last))
                shape = tuple(re.sub(rf"_{letter}", f"_{last}", shifted_size(x, letter, by)) for x in sizes)
                found.names.setdefault(name, replace(item, name=name, shape=shape, tex=name))
        if last is not None and any(layer_shift(left, letter) is not None for left, _ in pairs):
            found.last_layers[letter] = last
            _for_other_layers(
                found, letter, last, {_base(left) for left, _ in pairs if layer_shift(left, letter) is not None}
            )


def declare_instances(found: Declarations, item: s.Scripted, letter: str, generic: Declared, source: Source) -> None:
    """The single layers that the document names, W^{[2]}, as W^{[l]} is declared."""
    if item.sup is not None and not isinstance(item.sup, s.Group):
        return  # a^2 is a square
    for n in layer_numbers(letter, source.text):
        name, sizes = full_name(numbered(item, letter, n)), tuple(numbered_size(x, letter, n) for x in generic.shape)
        if name not in found.names and not any("_-" in size for size in sizes):
            tex = re.sub(rf"(?<![a-zA-Z\\])\\?{letter}(?![a-zA-Z])", str(n), generic.tex)
            found.names[name] = replace(generic, name=name, shape=sizes, tex=tex)
            found.instances.add(name)


def defined_instances(lefts: Iterable[tuple[Sequence[str], object]], found: Declarations) -> set[str]:
    """The single steps that ``h_t = …`` defines, so that ``h_t ∈ ℝ^m`` declares no h_2; ``lefts``: signs and left sides."""
    numbers = {int(match[1]) for name in found.instances if (match := re.search(r"(\d+)$", name))} - {0}
    defined = [left for signs, left in lefts if tuple(signs) in (("=",), (":=",)) and isinstance(left, s.Node)]
    return {
        name
        for left in defined
        for letter in found.layers
        if mentions(left, letter)
        for number in numbers
        if (name := name_of(numbered(left, letter, number))) in found.instances
    }


def _for_other_layers(found: Declarations, letter: str, last: str, computed: set[str | None]) -> None:
    """W^l of every layer l is also declared of the next, the one before and the last."""
    for name, item in list(found.names.items()):
        base = name.removesuffix(f"_l{letter}")
        if base == name or base in computed:
            continue
        for by, sign in ((1, "plus1"), (-1, "minus1")):
            other, shape = f"{name}{sign}", tuple(shifted_size(size, letter, by) for size in item.shape)
            found.names.setdefault(other, replace(item, name=other, shape=shape, tex=other))
        other, shape = (
            f"{base}_l{last}",
            tuple(re.sub(rf"_{letter}(?=$|minus|plus)", f"_{last}", x) for x in item.shape),
        )
        found.names.setdefault(other, replace(item, name=other, shape=shape, tex=other))


def _is_start(name: str, base: str) -> bool:
    """Whether a name is that of the layer from which the others are computed, ``a^{(0)}``."""
    return name == f"{base}_l0"


def _base(node: s.Node) -> str | None:
    return node.base.name if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) else None


def _sides(chain: Chain) -> tuple[s.Node, s.Node] | None:
    """The first two sides of an equality."""
    if chain.error or not chain.is_equality:
        return None
    try:
        return parse(chain.sides[0].tokens), parse(chain.sides[1].tokens)
    except ReadingError:
        return None

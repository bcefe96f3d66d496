"""Sections that say themselves what their letters mean, as the exercises of a sheet do: each may be read without the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declarations import declarations
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.parts import Part, blanked, headings, introductions
from symbolic.verification.reading.pieces import Source, split
from symbolic.verification.reading.statements import chains


@dataclass(frozen=True)
class Section:
    """A section as a part that is read without the sections before it.

    ``borrowed``: the arrays that it uses, says nothing of, and that a section before it declares.
    """

    part: Part
    borrowed: frozenset[str]


def own_sections(source: Source, latex: bool) -> Iterator[Section]:
    """The sections behind the first that use no name which another section before them defines by a formula."""
    text, starts = source.text, headings(source)
    told = introductions(source)
    earlier = declarations(source)
    for start, end in itertools.pairwise([*starts[1:], len(text)]):
        if "=" not in text[start:end]:
            continue
        copy = split(blanked(text, [(starts[0], start)], end, " "), latex)
        copy = replace(copy, macros=source.macros, apart=source.apart)
        here = declarations(copy)
        own = {one.name for one in told if start <= one.chain.start < end}
        own |= {name for name, item in here.names.items() if start <= item.place < end} | here.assume.keys()
        own |= {name.partition("_")[0] for name in own}  # o of o_t
        used = _used(copy, start, end) - own
        before = [one for one in told if starts[0] <= one.chain.start < start]
        if used & {one.name for one in before if one.kind == "is"}:
            continue
        borrowed = {one.name for one in before} | {n for n, d in earlier.names.items() if starts[0] <= d.place < start}
        yield Section(Part(start, end, copy), frozenset(used & borrowed))


def _used(source: Source, start: int, end: int) -> set[str]:
    """The names, with and without their scripts, in the formulas of a stretch."""
    found: set[str] = set()
    for piece in source.pieces:
        if not piece.mathematics or not start <= piece.start < end:
            continue
        for chain in chains(source, piece, source.vocabulary):
            for side in chain.sides:
                try:
                    node = parse(side.tokens)
                except ReadingError:
                    found |= {str(t) for t in side.tokens if t.type in ("SYMBOL", "FUNC")}
                    continue
                for part in s.walk(node):
                    base = part.base if isinstance(part, s.Scripted) else part
                    found |= {name for name in (name_of(part), name_of(base)) if name}
    return found

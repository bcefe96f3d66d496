"""What ``κ > 0`` declares: a positive number, positive entries, a list of either."""

from __future__ import annotations

import re

from symbolic.verification.elaboration.names import letters, script_name
from symbolic.verification.grammar import parse, words
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.spelt import listed
from symbolic.verification.reading.statements import Chain

_CASE = re.compile(r"\b(for|if|when|since|as|case)\W*(?:\$[^$\\]{1,20}(?:[<>]|\\[gl]e)[^$]{0,20}\$\W*(?:and\W*)?)?$")
_SUPPOSED = re.compile(r"\b(with|where|assum\w*|let|suppos\w*|all|every|and|write|given|put|take)\W*$")
_SAID = re.compile(r"[\s$)\\]*\b(?:is|are|be|denotes?)\b")
_FOR = re.compile(
    r"[\s$)\\,]*\b(?:let|define|put|set|we (?:let|define|put|set)|consider|sei|seien|setze|soit|posons|sia|sea)\b"
)
_BOUND = re.compile(r"(?:\\(?:sum|prod|max|min|bigcup)|[∑∏])\s*(?:\\limits)?\s*_\s*\{?\s*([A-Za-z])")


def declare_positive(found: Declarations, every: list[Chain], source: Source) -> None:
    """Enter what the chains ``… > 0`` say; ``for x > 0`` is a case and no property."""
    positive = [chain for chain in every if chain.signs in ((">",), (">=",))]
    if not positive:
        return
    mathematics = "\n".join(source.text[p.start : p.end] for p in source.pieces if p.mathematics)
    counts = {*"ijk", *_BOUND.findall(mathematics), *_counting(found)}
    introduced = {name for chain in every for name in _introduced(chain)}
    for chain in positive:
        _positive(found, chain, source, counts, introduced)
    bounded = {name for chain in every if {"<", "<="} & set(chain.signs) for name in _symbols(chain)}
    for chain in positive:
        _case(found, chain, source, introduced | bounded)


def _symbols(chain: Chain) -> set[str]:
    return {str(t) for side in chain.sides for t in side.tokens if t.type == "SYMBOL"}


def _case(found: Declarations, chain: Chain, source: Source, others: set[str]) -> None:
    """``for ε > 0`` of a Greek letter that nothing else tells is a case for other symbols, and tells what this one is."""
    tokens = chain.sides[0].tokens
    name = str(tokens[0]) if len(tokens) == 1 else ""
    if chain.signs != (">",) or name not in words.GREEK or name in found.names or name in others | _counting(found):
        return
    if [str(t) for t in chain.sides[1].tokens] == ["0"]:
        found.names[name] = Declared(name, (), source.text[tokens[0].start_pos : tokens[0].end_pos], chain.start)
        found.roles.setdefault(name, "constant")
        found.assume.setdefault(name, set()).add("positive")


def _introduced(chain: Chain) -> set[str]:
    """What an equality or a membership has on its left: π of π = …, π_k = … and π(a) = …."""
    if chain.error or chain.signs[:1] not in (("=",), (":=",), ("in",)):
        return set()
    try:
        left = parse(chain.sides[0].tokens)
    except ReadingError:
        return set()
    found = set()
    for node in left.items if isinstance(left, s.Items) else (left,):
        of = node.head if isinstance(node, s.Call) else node
        of = of.base if isinstance(of, s.Scripted) else of
        found |= {of.name} if isinstance(of, s.Symbol) else set()
    return found


def sizes_of(found: Declarations) -> set[str]:
    """The names of the sizes of declared arrays."""
    return {size for item in found.names.values() for size in item.shape}


def _positive(found: Declarations, chain: Chain, source: Source, counts: set[str], introduced: set[str]) -> None:
    left, right = chain.sides
    before = source.text[max(0, chain.start - 60) : chain.start].lower()
    if [t.type for t in right.tokens] != ["NUMBER"] or (
        _CASE.search(before) and not _FOR.match(source.text, chain.end)
    ):
        return
    try:
        node = parse(left.tokens)
    except ReadingError:
        return
    told = listed(node, source.text)
    if told is not None:
        name, size, place = told
        found.names.setdefault(name, Declared(name, (size,), source.text[place[0] : place[1]], place[0]))
    items = [n for n in (node.items if isinstance(node, s.Items) else (node,)) if not isinstance(n, s.Dots)]
    supposed = len(items) > 1 or bool(_SUPPOSED.search(before))
    for item in items:
        tex = source.text[item.span[0] : item.span[1]].strip()
        case = re.search(r"\bwhere\W*$", before) and len(items) == 1 and not _SAID.match(source.text, chain.end)
        if isinstance(item, s.Symbol) and not (case and item.name not in words.GREEK):
            _number(found, item, tex, chain, counts)
        elif isinstance(item, s.Scripted) and isinstance(item.base, s.Symbol) and item.sup is None:
            _entry(found, item, tex, supposed, counts, introduced)


def _number(found: Declarations, item: s.Symbol, tex: str, chain: Chain, counts: set[str]) -> None:
    """``m > 0`` declares a real number, unless m counts something."""
    name = item.name
    if chain.display and name not in words.GREEK:
        return
    alone = found.letters if name in "ijklmnp" else ()
    new = name not in found.names and name not in (counts - {*"ijk"} | _counting(found)) and name not in alone
    if new:
        found.names[name] = Declared(name, (), tex, item.span[0])
        found.roles.setdefault(name, "constant")
    if chain.signs == (">",) and (new or found.roles.get(name) == "constant"):
        found.assume.setdefault(name, set()).add("positive")


def _counting(found: Declarations) -> set[str]:
    """Letters with a range, and the names of sizes."""
    return {*found.ranges, *found.ranges.values(), *sizes_of(found)}


def _entry(
    found: Declarations, item: s.Scripted, tex: str, supposed: bool, counts: set[str], introduced: set[str]
) -> None:
    """``x_i > 0`` says that the entries are positive; ``π_w > 0`` declares a number where w counts nothing."""
    name, letter = item.base.name if isinstance(item.base, s.Symbol) else "", script_name(item.sub) or ""
    below = [part.name for part in letters(item.sub) or [] if isinstance(part, s.Symbol)]
    if name in found.names:
        if supposed:
            found.assume.setdefault(name, set()).add("positive")
    elif below and all(part in found.ranges for part in below):
        shape = tuple(found.ranges[part] for part in below)
        found.names[name] = Declared(name, shape, tex.split("_")[0], item.span[0])
        found.assume.setdefault(name, set()).add("positive")
    elif len(below) > 1 and any(part in counts for part in below):
        return
    elif (
        re.fullmatch(r"\w+", letter) and (letter not in counts or letter in sizes_of(found)) and name not in introduced
    ):
        whole = f"{name}_{letter}"
        found.names.setdefault(whole, Declared(whole, (), tex, item.span[0]))
        found.assume.setdefault(whole, set()).add("positive")
        found.roles.setdefault(whole, "constant")

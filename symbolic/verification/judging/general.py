"""Definitions for a letter, ``φ_k = …`` and ``g_k = ∂E/∂h_k``, of which a document writes out φ_1, φ_2: entered by number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from symbolic.program.graph import leaves
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.names import name_of

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def is_general(reader: Reader, left: s.Node, right: s.Node | object) -> bool:
    """Whether an equality is said for every number k of symbols that the document writes out one by one."""
    found = _letter(left)
    if found is None or not isinstance(right, s.Node) or found[0] in reader.scope.values:
        return False
    name = left.base.name  # type: ignore[union-attr]
    if not _has_number(reader, name, found[1]) and (name in reader.scope.values or not _of_given(reader, right, found)):
        return False
    return any(_written_out(reader, n, found) for n in s.walk(right))


def enter_numbered(reader: Reader, name: str, derivatives: bool = False) -> bool:
    """Enter ``φ_2`` by what is written for φ_k; ``derivatives``: only where that is a derivative."""
    match = re.fullmatch(r"(\w+?)(_[lu]?)(\d{1,2})", name)
    if match is None or name in reader.scope.values:
        return False
    for left, right, (letter, place) in _general(reader, match.group(1)):
        if derivatives and not any(isinstance(n, (s.Derivative, s.Nabla)) for n in s.walk(right)):
            continue
        there, told = (s.at_number(n, letter, int(match.group(3))) for n in (left, right))
        if place == match.group(2) and reader.enter_next(there, told, 1):
            return True
    return False


def works_out(reader: Reader, name: str) -> bool:
    """Whether ``r_1`` is written for r_i and all that it is computed from is given, so that r_1 = 0.5 · 2 − 1 is a claim."""
    if not enter_numbered(reader, name):
        return False
    held = reader.scope.values
    given = {held[known].tensor for known in reader.given if known in held}
    if all(t in given for t in leaves([held[name].tensor])):
        return True
    del held[name]
    reader.definitions.pop(name, None)
    return False


def _general(reader: Reader, base: str) -> Iterator[tuple[s.Node, s.Node, tuple[str, str]]]:
    for _, chain in reader.everything:
        left, right = reader.equated(chain)
        found = _letter(left)
        if left and right and found and left.base.name == base and is_general(reader, left, right):  # type: ignore[attr-defined]
            yield left, right, found


def _letter(node: s.Node | None) -> tuple[str, str] | None:
    """k of φ_k, φ^k and φ^{(k)}, and how the name of φ_1 goes on: _, _u or _l."""
    if not isinstance(node, s.Scripted) or node.primes or not isinstance(node.base, s.Symbol):
        return None
    script, place = _only_script(node)
    plain = isinstance(script, s.Symbol) and len(script.name) == 1 and script.name.islower()
    return (script.name, place) if plain and isinstance(script, s.Symbol) else None


def _only_script(node: s.Scripted) -> tuple[s.Node | None, str]:
    if node.sup is None or node.sub is not None:
        return (node.sub if node.sup is None else None), "_"
    return (node.sup.body, "_l") if isinstance(node.sup, s.Group) else (node.sup, "_u")


def _has_number(reader: Reader, base: str, place: str) -> bool:
    """Whether the document writes φ_1 or its like anywhere."""
    found = reader.__dict__.get("_with_numbers")
    if found is None:
        nodes = [
            n for _, c in reader.everything for k in range(len(c.sides)) if isinstance(n := reader.side(c, k), s.Node)
        ]
        found = reader.__dict__["_with_numbers"] = {
            (n.base.name, script[1])
            for node in nodes
            for n in s.walk(node)
            if isinstance(n, s.Scripted) and isinstance(n.base, s.Symbol)
            if isinstance((script := _only_script(n))[0], s.Number)
        }
    return (base, place) in found and not (place == "_u" and base in reader.scope.values)


def _written_out(reader: Reader, node: s.Node, found: tuple[str, str]) -> bool:
    """Whether ``m_k`` stands for m_1, m_2, … that are declared or defined one by one, and no array m is."""
    if not isinstance(node, s.Scripted) or _letter(node) != found or not isinstance(node.base, s.Symbol):
        return False
    name = node.base.name
    if name in reader.scope.values:
        return False
    numbered = (f"{name}{found[1]}{k}" for k in (0, 1, 2))
    return any(one in reader.declared.names or one in _defined(reader) for one in numbered)


def _of_given(reader: Reader, right: s.Node, found: tuple[str, str]) -> bool:
    """Whether the right side reads x_i where x_1 is given as a number."""
    letters = [n.base.name for n in s.walk(right) if isinstance(n, s.Scripted) and _letter(n) == found]  # type: ignore[attr-defined]
    return any(f"{name}{found[1]}1" in reader.given for name in letters)


def _defined(reader: Reader) -> set[str]:
    """The numbered names on the left of equalities."""
    found = reader.__dict__.get("_numbered")
    if found is None:
        lefts = [reader.side(chain, 0) for _, chain in reader.everything if not chain.error and chain.is_equality]
        found = reader.__dict__["_numbered"] = {
            name_of(n) for n in lefts if isinstance(n, s.Scripted) and isinstance(_only_script(n)[0], s.Number)
        }
    return found

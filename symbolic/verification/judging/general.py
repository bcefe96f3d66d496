"""Definitions for a letter, ``φ_k = …`` and ``g_k = ∂E/∂h_k``, of which a document writes out φ_1, φ_2: entered by number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def is_general(reader: Reader, left: s.Node, right: s.Node | object) -> bool:
    """Whether an equality is said for every number k of symbols that the document writes out one by one."""
    letter = _letter(left)
    if letter is None or not isinstance(right, s.Node) or letter in reader.scope.values:
        return False
    if not _has_number(reader, left.base.name):  # type: ignore[union-attr]
        return False
    return any(_written_out(reader, n, letter) for n in s.walk(right))


def enter_numbered(reader: Reader, name: str, derivatives: bool = False) -> bool:
    """Enter ``φ_2`` by what is written for φ_k; ``derivatives``: only where that is a derivative."""
    match = re.fullmatch(r"(\w+?)_(\d{1,2})", name)
    if match is None or name in reader.scope.values:
        return False
    for left, right, letter in _general(reader, match.group(1)):
        if derivatives and not any(isinstance(n, (s.Derivative, s.Nabla)) for n in s.walk(right)):
            continue
        there, told = (s.at_number(n, letter, int(match.group(2))) for n in (left, right))
        if reader.enter_next(there, told, 1):
            return True
    return False


def _general(reader: Reader, base: str) -> Iterator[tuple[s.Node, s.Node, str]]:
    for _, chain in reader.everything:
        left, right = reader.equated(chain)
        letter = _letter(left)
        if left and right and letter and left.base.name == base and is_general(reader, left, right):  # type: ignore[attr-defined]
            yield left, right, letter


def _letter(left: s.Node | None) -> str | None:
    """k of φ_k."""
    plain = isinstance(left, s.Scripted) and left.sup is None and not left.primes and isinstance(left.base, s.Symbol)
    if not plain or not isinstance(left, s.Scripted) or not isinstance(left.sub, s.Symbol) or len(left.sub.name) != 1:
        return None
    return left.sub.name


def _has_number(reader: Reader, base: str) -> bool:
    """Whether the document writes φ_1 or its like anywhere."""
    found = reader.__dict__.get("_with_numbers")
    if found is None:
        nodes = [
            n for _, c in reader.everything for k in range(len(c.sides)) if isinstance(n := reader.side(c, k), s.Node)
        ]
        parts = [n for node in nodes for n in s.walk(node) if isinstance(n, s.Scripted) and isinstance(n.sub, s.Number)]
        found = reader.__dict__["_with_numbers"] = {n.base.name for n in parts if isinstance(n.base, s.Symbol)}
    return base in found


def _written_out(reader: Reader, node: s.Node, letter: str) -> bool:
    """Whether ``m_k`` stands for m_1, m_2, … that are declared or defined one by one, and no array m is."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol) or not isinstance(node.sub, s.Symbol):
        return False
    name = node.base.name
    if node.sub.name != letter or name in reader.scope.values:
        return False
    return any(f"{name}_{k}" in reader.declared.names or f"{name}_{k}" in _defined(reader) for k in (0, 1, 2))


def _defined(reader: Reader) -> set[str]:
    """The numbered names on the left of equalities."""
    found = reader.__dict__.get("_numbered")
    if found is None:
        found = set()
        for _, chain in reader.everything:
            if chain.error or not chain.is_equality:
                continue
            tokens = [str(t) for t in chain.sides[0].tokens if t.type in ("SYMBOL", "NUMBER", "SUB")]
            if len(chain.sides[0].tokens) <= 5 and len(tokens) == 3 and tokens[1] == "_" and tokens[2].isdigit():
                found.add(f"{tokens[0]}_{tokens[2]}")
        reader.__dict__["_numbered"] = found
    return found

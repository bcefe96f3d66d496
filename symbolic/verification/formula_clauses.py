"""What stands after a formula and says what its symbols mean: ``δ xᵀ with δ = p − y``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lark import Token

from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.parser import parse
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.statements import CLOSING, OPENING

_BREAKS = frozenset(["COMMA", "SEP", "TEXT", "ROW"])


@dataclass(frozen=True, eq=False)
class Clause:
    """A symbol, with or without indices, and what it stands for."""

    name: str
    left: s.Node
    right: s.Node


def clauses(tokens: Sequence[Token]) -> tuple[list[Token], list[Clause]]:
    """The formula itself, and the definitions after it; all is formula where what follows it is anything else."""
    pieces = [list(part) for split, part in itertools.groupby(_marked(tokens), lambda m: m[0]) if not split]
    if len(pieces) < 2:
        return list(tokens), []
    found = [_clause([token for _, token in piece]) for piece in pieces[1:]]
    told = [clause for clause in found if clause is not None]
    if len(told) < len(found):
        return list(tokens), []
    return [token for _, token in pieces[0]], told


def is_outside(tokens: Sequence[Token]) -> bool:
    """Whether every bracket that is opened is closed again."""
    return sum((t.type in OPENING) - (t.type in CLOSING) for t in tokens) == 0


def _marked(tokens: Sequence[Token]) -> list[tuple[bool, Token]]:
    """Each token, and whether it parts the formula from what follows."""
    found, depth = [], 0
    for token in tokens:
        depth += (token.type in OPENING) - (token.type in CLOSING)
        found.append((depth == 0 and token.type in _BREAKS, token))
    return found


def _clause(tokens: Sequence[Token]) -> Clause | None:
    at = next((k for k, t in enumerate(tokens) if t.type == "REL" and is_outside(tokens[:k])), None)
    if not at or tokens[at] not in ("=", ":="):
        return None
    try:
        left, right = parse(tokens[:at]), parse(tokens[at + 1 :])
    except ReadingError:
        return None
    base = left.base if isinstance(left, s.Scripted) and left.sup is None and not left.primes else left
    name = name_of(base)
    return Clause(name, left, right) if name is not None else None

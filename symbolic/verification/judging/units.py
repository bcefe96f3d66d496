"""Vectors of length one, ``v⊤v = 1`` and ``‖v‖ = 1``: a line about them is judged for v/‖v‖ of any v."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.comparison import Judged, compare
from symbolic.verification.judging.occasions import ends_sentence
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.properties import is_case
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

NOWHERE = (0, 0)


def with_units(reader: Reader, line: Line, judged: Judged) -> Judged:
    """A claim that is right for the vectors of length one that the document speaks of."""
    claim, truth = judged.claim, judged.truth
    if judged.verdict.status != "refuted" or claim is None or truth is None:
        return judged
    read = {t.serial for t in leaves([claim, truth])}
    put: dict[int, Tensor] = {}
    told: list[str] = []
    for name, chain in _units(reader):
        held = reader.scope.values[name]
        if held.tensor.serial in read and _supposed(reader, chain, line):
            put[held.tensor.serial] = _unit(held.tensor)
            told.append(f"where {' '.join(reader.source.text[chain.start : chain.end].split())}")
    if not put:
        return judged
    sides = [Value(substituted(t, lambda u: put.get(u.serial))) for t in (claim, truth)]
    again = compare(*sides, True, diagnosed=False)
    conditions = (*again.verdict.conditions, *dict.fromkeys(told))
    return replace(judged, verdict=replace(again.verdict, conditions=conditions)) if again.holds else judged


def is_unit(reader: Reader, chain: Chain) -> bool:
    """Whether a chain says of a declared vector that its length is one."""
    return any(chain is other for _, other in _units(reader))


def _units(reader: Reader) -> list[tuple[str, Chain]]:
    """The declared vectors of length one, each with the chain that says so."""
    found = reader.__dict__.get("_units")
    if found is None:
        found = reader.__dict__["_units"] = [
            (name, chain)
            for _, chain in reader.everything
            if not chain.error and chain.signs == ("=",) and (name := _name(reader, chain))
        ]
    return found


def _name(reader: Reader, chain: Chain) -> str:
    """v of ``v⊤v = 1``, ``‖v‖ = 1`` and ``‖v‖² = 1``."""
    left, right = reader.side(chain, 0), reader.side(chain, 1)
    if not isinstance(right, s.Number) or right.text != "1":
        return ""
    body = left.base if isinstance(left, s.Scripted) and not left.primes else left
    inner = None
    if isinstance(body, s.Norm) and body.kind == "norm":
        kind = left.sub if isinstance(left, s.Scripted) else None
        inner = body.body if kind is None or (isinstance(kind, s.Number) and kind.text == "2") else None
    elif two := s.pair(left):
        first, second = two
        turned = isinstance(first, s.Scripted) and first.sub is None and s.is_transpose(first.sup)
        if isinstance(first, s.Scripted) and turned and s.plain(first.base) == s.plain(second):
            inner = second
    name = name_of(inner) if inner is not None else None
    held = reader.scope.values.get(name or "")
    free = held is not None and held.rank == 1 and held.tensor.definition is None and not held.form
    return name or "" if free else ""


def _supposed(reader: Reader, chain: Chain, line: Line) -> bool:
    """Whether what a chain supposes is in force at a line: from there on, or in that sentence where it is said of a case."""
    text = reader.source.text
    early, late = sorted(((chain.start, chain.end), (line.chain.start, line.chain.end)))
    together = not ends_sentence(text[early[1] : late[0]])
    before = text[max(0, chain.start - 60) : chain.start].rstrip("$\\( ")
    return together or (chain.start < line.chain.start and not is_case(f"{before} ", True))


def _unit(t: Tensor) -> Tensor:
    """v/‖v‖."""
    square = algebra.total(v.pointwise(lambda a: a**2, [Value(t)], NOWHERE), NOWHERE)
    return v.pointwise(lambda a, b: a / sp.sqrt(b), [Value(t), square], NOWHERE).tensor

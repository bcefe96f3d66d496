"""One layout per document: what the prose states, else what most of its derivatives show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from symbolic.errors import ChainruleError
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.derivatives import subject
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.scope import USUAL, Layout
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging import numbers
from symbolic.verification.judging.reader import Line, Reader
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.program import free_letters


def inferred(
    read: Iterable[tuple[Source, Declarations, tuple[int, int]]], otimes: str = "kronecker"
) -> tuple[Layout, str]:
    """The layout of a document, given as its parts with what they declare, and why."""
    read = list(read)
    stated: dict[str, str] = {}
    for _, declared, _ in read:
        stated |= declared.layout
    layout = replace(USUAL, **stated)
    if {"gradient", "jacobian"} <= set(stated):
        return layout, "stated in the document"
    votes: dict[str, Counter[str]] = {"gradient": Counter(), "jacobian": Counter(), "matrix": Counter()}
    for source, declared, (start, end) in read:
        reader = Reader(source, declared, layout, otimes)
        try:
            for line in reader.lines():
                if start <= line.chain.start < end:
                    _vote(reader, line, votes)
        except ChainruleError:
            pass
    chosen = {}
    for part, counted in votes.items():
        if part in stated or not counted:
            continue
        usual = getattr(USUAL, part)
        best, most = counted.most_common(1)[0]
        lone = part == "matrix" and most == 1 and votes["gradient"]["column"] > votes["gradient"]["row"]
        chosen[part] = best if most > counted[usual] and not lone else usual
    layout = replace(layout, **chosen)
    reasons = ["the gradient's layout is stated"] if stated else []
    if any(votes.values()):
        reasons.append("inferred from the derivatives in the document")
    return layout, "; ".join(reasons) or "the usual one, nothing in the document tells"


def _vote(reader: Reader, line: Line, votes: dict[str, Counter[str]]) -> None:
    """What the shape of one right side, written without derivatives, shows."""
    left, right = line.left, line.right
    if not isinstance(left, s.Node) or not isinstance(right, s.Node) or numbers.is_numeric(right):
        return
    if any(isinstance(n, (s.Derivative, s.Nabla, s.Differential)) for n in s.walk(right)):
        return
    try:
        env = free_letters(reader.scope, [left, right], reader.declared.ranges)
        elaborate = Elaborator(reader.scope, env)
        found = subject(elaborate, left)
        if found is None or len(found[1]) != 1:
            return
        of, ((by, places, turned),) = found
        if of.labels or turned or any(p is not None for p in places):
            return
        value = reader.value(right, env)
    except (ReadingError, ChainruleError):
        return
    if value.form or value.labels:
        return
    if of.rank == 0 and by.ndim == 1 and value.rank == 1:
        is_row = any(x.tensor is by and x.row for x in reader.scope.values.values())
        votes["gradient"]["row" if value.row != is_row else "column"] += 1
    elif of.rank == 0 and by.ndim == 2 and value.rank == 2 and not v.same(*value.core):
        votes["matrix"]["same" if v.same(value.core[0], by.extents[0]) else "transposed"] += 1
    elif of.rank == 1 and by.ndim == 1 and value.rank == 2 and not v.same(*value.core):
        votes["jacobian"]["numerator" if v.same(value.core[0], of.core[0]) else "denominator"] += 1

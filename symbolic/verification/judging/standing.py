"""What a document supposes for all that follows: "suppose the margin is violated, i.e. $m > 0$"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.comparison import Judged, compare, said
from symbolic.verification.judging.occasions import bounds
from symbolic.verification.reading.parts import apart

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_SUPPOSES = re.compile(
    r"(?i)\b(suppos\w*|assum\w*|consider\w*|case|let|given|throughout|active|from now on|sei|angenommen|supposons|supponiamo)\b[^.]*$"
)


def with_standing(reader: Reader, line: Line, env, judged: Judged) -> Judged:
    """A wrong claim that is right under an inequality which stands before it: right where that is supposed, else left open."""
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    for relation, supposed in _standing(reader, line, env):
        try:
            test = Elaborator(reader.scope, env).condition(relation)
        except ReadingError:
            continue
        claim, truth = (
            v.pointwise(lambda a, b: a * b, [Value(t), test], relation.span) for t in (judged.claim, judged.truth)
        )
        again = compare(claim, truth, True, diagnosed=False)
        if not again.holds:
            continue
        told = reader.source.text[relation.span[0] : relation.span[1]]
        if not supposed:
            return said("undecided", f"it does not hold in general, but it does where {told}; is that supposed here?")
        conditions = (*again.verdict.conditions, f"where {told}")
        return replace(judged, verdict=replace(again.verdict, conditions=conditions), label="")
    return judged


def _standing(reader: Reader, line: Line, env) -> Iterator[tuple[s.Relation, bool]]:
    """Inequalities between numbers before a line, the last first, and whether words suppose them for what follows."""
    text = reader.source.text
    for _, chain in reversed(reader.everything):
        if chain.error or chain.end > line.chain.start or len(chain.signs) != 1 or chain.signs[0] not in "<>":
            continue
        left, right = (reader.side(chain, k) for k in (0, 1))
        if not isinstance(left, s.Node) or not isinstance(right, s.Node):
            continue
        relation = s.Relation((left.span[0], right.span[1]), chain.signs[0], left, right)
        before = text[max(0, chain.start - 120) : chain.start].split("\n\n")[-1].replace("i.e.", "")
        supposed = bool(_SUPPOSES.search(before))
        near = "\n\n" not in text[chain.end : line.chain.start]
        if (near or (supposed and not apart(text, chain.end, line.chain.start))) and bounds(reader, relation, env):
            yield relation, supposed

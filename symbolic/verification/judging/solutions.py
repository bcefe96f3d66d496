"""What a free symbol equals as a solution: ``x = (A⊤A)⁻¹A⊤b`` where the document sets a derivative by x to zero.

Such a line is no consequence of what is written, but it can be put into the derivative, which then has to vanish.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from symbolic.errors import ChainruleError
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.derivatives import subject
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.values import Value, number
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.comparison import Judged, compare

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

MOST_DERIVATIVES = 4


def as_solution(reader: Reader, line: Line, of: Tensor, claim: Tensor | None) -> Judged | None:
    """The verdict on a line that says what ``of`` equals where it makes an earlier derivative by ``of`` vanish; else None."""
    if claim is None or claim.extents != of.extents:
        return None
    tried = 0
    for node in _derivatives_before(reader, line):
        try:
            found = subject(Elaborator(reader.scope, {}), node)
            if found is None or len(found[1]) != 1 or found[1][0][0] is not of or found[0].rank or found[0].labels:
                continue
            slope = reader.value(node, {})
            tried += 1
            there = substituted(slope.tensor, lambda t: claim if t is of else None)
            judged = compare(number(0), Value(there, row=slope.row), True, diagnosed=False)
        except ChainruleError:
            continue
        if judged.holds:
            told = f"as what makes {' '.join(reader.source.text[node.span[0] : node.span[1]].split())} vanish"
            return replace(judged, verdict=replace(judged.verdict, conditions=(*judged.verdict.conditions, told)))
        if tried >= MOST_DERIVATIVES:
            break
    return None


def _derivatives_before(reader: Reader, line: Line) -> list[s.Node]:
    """The derivatives on left sides before a line, the nearest first."""
    found: list[s.Node] = []
    for _, chain in reader.everything:
        if chain.start >= line.chain.start or not chain.signs or chain.error:
            continue
        left = reader.side(chain, 0)
        if isinstance(left, (s.Derivative, s.Product)):
            found.append(left)
    return found[::-1]

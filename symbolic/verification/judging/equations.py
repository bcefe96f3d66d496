"""Equations to be solved, as against identities: ``X⊤Xβ = X⊤y`` behind ``∇S = −2X⊤y + 2X⊤Xβ``, ``w⊤μ = m`` of a Lagrangian.

An equality between declared symbols that does not hold in general is no wrong identity if it says that a derivative of
something which the document computes is zero: its sides differ by a multiple of that derivative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus.derivatives import jacobian
from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.operators import named_values
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.comparison import Judged, compare
from symbolic.verification.judging.supposed import is_zero

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

NOWHERE = (0, 0)
MOST_SLOPES = 24
_MULTIPLES = (1, -1, 2, -2, sp.Rational(1, 2), sp.Rational(-1, 2))


def is_to_be_solved(reader: Reader, line: Line, judged: Judged) -> bool:
    """Whether a line that does not hold in general is an equation for what is looked for, and no claim."""
    if judged.verdict.status != "refuted" or line.k != 1:
        return False
    if not isinstance(line.left, s.Node) or not isinstance(line.right, s.Node):
        return False
    if any(isinstance(n, (s.Derivative, s.Nabla, s.Differential)) or _primed(n) for n in s.walk(line.left)):
        return False
    claim, truth = judged.claim, judged.truth
    if claim is None or truth is None:
        return False
    if isinstance(line.left, (s.Symbol, s.Scripted)):
        return False
    if is_zero(line.right):
        return True
    named = [held for side in (line.left, line.right) for held in named_values(side, reader.scope)]
    if any(held.tensor.definition is not None for held in named):
        return False
    read = [t for t in leaves([claim, truth]) if t.definition is None]
    if not read or claim.extents != truth.extents:
        return False
    difference = v.pointwise(lambda a, b: a - b, [Value(truth), Value(claim)], NOWHERE)
    for slope in _slopes(reader, read, truth):
        for multiple in _MULTIPLES:
            scaled = v.pointwise(lambda a, m=multiple: m * a, [Value(slope)], NOWHERE)
            if compare(difference, scaled, True, diagnosed=False).holds:
                return True
    return False


def _primed(node: s.Node) -> bool:
    """Whether a node is a derivative by its primes: f′, f″(x)."""
    return isinstance(node, s.Call) and isinstance(node.head, s.Scripted) and bool(node.head.primes)


def _slopes(reader: Reader, read: list[Tensor], like: Tensor) -> list[Tensor]:
    """The derivatives of the scalars that the document computes, of the shape of ``like`` and of what it reads."""
    reader.define_everything()
    found: list[Tensor] = []
    named = {t.serial for t in read}
    for held in list(reader.scope.values.values()):
        of = held.tensor
        if held.rank or held.labels or of.definition is None:
            continue
        for by in leaves([of]):
            if by.extents != like.extents or not named & {t.serial for t in leaves([of])}:
                continue
            try:
                found.append(jacobian(of, by))
            except (ChainruleError, ReadingError):
                continue
            if len(found) >= MOST_SLOPES:
                return found
    return found

"""Differentials as written: ``dX`` and ``d²f`` while the symbols that the document names vary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.calculus.derivatives import jvp
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def differential(el: Elaborator, node: s.Differential) -> Value:
    """``dX``: the tangent of a symbol or expression while the named symbols vary."""
    if node.body is None:
        raise ReadingError("d stands without what it is the differential of", node.span)
    if node.order > 2:
        raise ReadingError("differentials beyond the second are not read", node.span)
    value = el(node.body)
    if node.order == 2:
        return _second(el, value, node.span)
    tangent = el.scope.tangents.get(value.tensor)
    if tangent is None:
        if not el.scope.tangents:
            raise ReadingError("no symbol is said to vary here; say which, as in 'twist w by dw'", node.span)
        tangent = jvp(value.tensor, dict(el.scope.tangents.items()))
    return Value(tangent, value.labels, value.row)


def _second(el: Elaborator, value: Value, span: s.Span) -> Value:
    """d²f: the differential of df, in which the differentials of what varies are constant."""
    tangents = el.scope.tangents
    if not tangents:
        raise ReadingError("no symbol is said to vary here; say which, as in 'twist w by dw'", span)
    if any(t.definition is not None for t in tangents):
        raise ReadingError("second differentials are read where declared symbols vary; write d of those alone", span)
    twice = jvp(jvp(value.tensor, dict(tangents)), dict(tangents))
    return Value(twice, value.labels, value.row)

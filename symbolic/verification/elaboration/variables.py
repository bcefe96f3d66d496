"""Variables of derivatives that are no symbols: σ² where σ is declared, vec X, 1/T and ln K."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.verification.elaboration.inverse import by_rewritten
from symbolic.verification.elaboration.names import candidate_names
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def squared(el: Elaborator, by: tuple[s.Node, ...]) -> s.Node | None:
    """σ of ``∂/∂σ²`` where σ is a declared number: by the chain rule the derivative by σ over 2σ."""
    if len(by) != 1 or not isinstance(by[0], s.Scripted) or not isinstance(by[0].base, s.Symbol):
        return None
    node = by[0]
    if not isinstance(node.sup, s.Number) or node.sup.text != "2" or node.primes or node.indexed is not None:
        return None
    if any(name in el.scope.values for name, _, uses_sup in candidate_names(node) if uses_sup):
        return None
    plain = node.base if node.sub is None else s.Scripted(node.span, node.base, node.sub, None)
    try:
        value = el(plain)
    except ReadingError:
        return None
    return plain if value.rank == 0 else None


def by_expression(el: Elaborator, of: Value, by: tuple[s.Node, ...]) -> Value | None:
    """``∂ ln k/∂(1/T)`` and ``d ln Y/d ln K``: by a number that is computed from one other number."""
    node = by[0].body if isinstance(by[0], s.Group) else by[0]
    if len(by) != 1 or of.rank or of.labels or not isinstance(node, (s.Fraction, s.Call, s.Product)):
        return None
    if stacked(by) is not None or (
        isinstance(node, s.Product) and any(sign != "SLASH" for sign, _ in node.factors[1:])
    ):
        return None
    variable_ = el(node)
    if variable_.rank or variable_.labels or variable_.form:
        return None
    slope = by_rewritten(of.tensor, variable_.tensor)
    return None if slope is None else Value(slope)


def stacked(by: tuple[s.Node, ...]) -> tuple[s.Node, bool] | None:
    """X of ``∂ vec(X)`` and whether it is written ``∂ vec(X)⊤``."""
    if len(by) != 1:
        return None
    node, turned = by[0], False
    if isinstance(node, s.Scripted) and node.sub is None and (s.is_transpose(node.sup) or node.primes == 1):
        node, turned = node.base, True
    while isinstance(node, s.Group):
        node = node.body
    if (
        not isinstance(node, s.Call)
        or not isinstance(node.head, s.Symbol)
        or node.head.name != "vec"
        or len(node.arguments) != 1
    ):
        return None
    return node.arguments[0], turned

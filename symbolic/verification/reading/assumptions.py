"""Equalities that state a property of a matrix instead of claiming something: ``A = A⊤``, ``Q⊤Q = I``."""

from __future__ import annotations

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.statements import Chain


def assumption(side, chain: Chain, left: s.Node) -> tuple[str, str] | None:
    """The matrix and the property that ``A = A⊤`` or ``Q⊤Q = I`` states."""
    if len(chain.sides) != 2:
        return None
    right = side(chain, 1)
    if not isinstance(right, s.Node):
        return None
    for a, b in ((left, right), (right, left)):
        if isinstance(a, s.Symbol) and _transposed_symbol(b) == a.name:
            return a.name, "symmetric"
        if isinstance(b, s.Symbol) and b.name == "I" and isinstance(a, s.Product) and len(a.factors) == 2:
            first, second = (n for _, n in a.factors)
            if isinstance(second, s.Symbol) and _transposed_symbol(first) == second.name:
                return second.name, "orthogonal"
    return None


def _transposed_symbol(node: s.Node) -> str | None:
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol) or node.sub is not None:
        return None
    turned = s.is_transpose(node.sup) or (node.sup is None and node.primes == 1)
    return node.base.name if turned else None


def sums_to_one(left: s.Node, right: s.Node | object) -> str | None:
    """The vector of which ``∑_i y_i = 1`` or ``1⊤y = 1`` is said."""
    if not isinstance(right, s.Number) or right.text != "1":
        return None
    if (
        isinstance(left, s.Big)
        and left.kind == "sum"
        and isinstance(left.body, s.Scripted)
        and isinstance(left.body.base, s.Symbol)
    ):
        return left.body.base.name if left.body.sub is not None and left.body.sup is None else None
    if isinstance(left, s.Product) and len(left.factors) == 2 and isinstance(left.factors[1][1], s.Symbol):
        ones = left.factors[0][1]
        if isinstance(ones, s.Scripted) and isinstance(ones.base, s.Symbol) and ones.base.name == "ones":
            return left.factors[1][1].name
    return None

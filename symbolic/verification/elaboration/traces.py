"""How far a trace without brackets reaches: ``tr A X⁻¹(dX) X⁻¹`` is the trace of the whole product."""

from __future__ import annotations

from typing import Any

from symbolic.verification.grammar import syntax as s


def reaching(node: Any, text: str) -> Any:
    """The tree with everything behind a bare trace inside it, as far as the term goes on without a sign."""
    node = s.mapped(node, lambda part: reaching(part, text))
    if not isinstance(node, s.Product):
        return node
    factors = list(node.factors)
    for k, (sign, head) in enumerate(factors):
        if not isinstance(head, s.Call) or not _bare(head, text):
            continue
        end = next((n for n in range(k + 1, len(factors)) if factors[n][0]), len(factors))
        if end == k + 1:
            continue
        inner = s.Product(
            (head.arguments[0].span[0], factors[end - 1][1].span[1]),
            (*_factors(head.arguments[0]), *factors[k + 1 : end]),
        )
        whole = s.Call((head.span[0], inner.span[1]), head.head, (inner,))
        made = (*factors[:k], (sign, whole), *factors[end:])
        return whole if len(made) == 1 else s.Product(node.span, made)
    return node


def _factors(node: s.Node) -> tuple[tuple[str, s.Node], ...]:
    return node.factors if isinstance(node, s.Product) else (("", node),)


def _bare(call: s.Call, text: str) -> bool:
    """Whether a trace stands before its argument without brackets."""
    name = call.head.name if isinstance(call.head, s.Symbol) else ""
    if name != "trace" or len(call.arguments) != 1 or isinstance(call.arguments[0], s.Group):
        return False
    return text[call.head.span[1] : call.arguments[0].span[0]].strip() in ("", "\\,", "\\;", "\\!")

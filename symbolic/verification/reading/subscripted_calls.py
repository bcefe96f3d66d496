"""``ℓ_i(w) = …``: a quantity with an index that is written with its variable. Elsewhere, too, ``ℓ_i(w)`` is ℓ_i and no product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.statements import Chain

Called = Mapping[str, s.Node]


def subscripted_calls(every: Iterable[Chain]) -> dict[str, s.Node]:
    """The bases of the symbols that are defined as ``ℓ_i(w) = …``, each with its variables."""
    found: dict[str, s.Node] = {}
    for chain in every:
        if chain.error or not chain.is_equality:
            continue
        try:
            left = parse(chain.sides[0].tokens)
        except ReadingError:
            continue
        pair = _pair(left)
        if pair is not None:
            found[pair[0].base.name] = pair[1]  # type: ignore[union-attr]
    return found


def _pair(node: s.Node) -> tuple[s.Scripted, s.Node] | None:
    """ℓ_i and w of ``ℓ_i(w)``."""
    head, group = s.bracketed(node) or (None, None)
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or group is None:
        return None
    if head.sub is None or head.sup is not None or head.primes:
        return None
    items = group.body.items if isinstance(group.body, s.Items) else (group.body,)
    return (head, group.body) if all(isinstance(i, (s.Symbol, s.Scripted)) for i in items) else None


def without_variables(node: Any, called: Called) -> Any:
    """A tree with ℓ_i for ``ℓ_i(w)``, and its value there for ``ℓ_i(0)``; a bare ∇ before it differentiates by w."""
    node = s.mapped(node, lambda inner: without_variables(inner, called))
    if not isinstance(node, s.Product):
        return node
    factors: list[tuple[str, s.Node]] = []
    for sign, factor in node.factors:
        before = factors[-1][1] if factors else None
        inner = (
            before.arguments[0] if isinstance(before, s.Call) and len(before.arguments) == 1 else before
        )  # log ℓ_i(w)
        if sign == "" and isinstance(factor, s.Group) and _is_called(inner, factor, called):
            nabla = factors[-2] if len(factors) > 1 else None
            if nabla and isinstance(nabla[1], s.Nabla) and nabla[1].by is None and isinstance(factor.body, s.Symbol):
                factors[-2] = (nabla[0], replace(nabla[1], by=factor.body))
            continue
        if sign == "" and isinstance(factor, s.Group) and (at := _at(before, factor, called)) is not None:
            factors[-1] = (factors[-1][0], at)
            continue
        factors.append((sign, factor))
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def _is_called(head: s.Node | None, group: s.Group, called: Called) -> bool:
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or head.sub is None:
        return False
    return head.base.name in called and s.plain(called[head.base.name]) == s.plain(group.body)


def _at(head: s.Node | None, group: s.Group, called: Called) -> s.At | None:
    """ℓ_i with numbers for its one variable."""
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or head.sub is None:
        return None
    variable = called.get(head.base.name)
    if not isinstance(variable, s.Symbol) or any(isinstance(n, (s.Symbol, s.Items)) for n in s.walk(group.body)):
        return None
    span = (head.span[0], group.span[1])
    return s.At(span, head, s.Relation(span, "=", variable, group.body))

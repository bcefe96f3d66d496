"""``ℓ_i(w) = …``: a quantity with an index that is written with its variable. Elsewhere, too, ``ℓ_i(w)`` is ℓ_i and no product."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.statements import Chain, left_sides

Called = Mapping[str, s.Node]


def subscripted_calls(
    every: Iterable[Chain], families: Mapping[str, str], functions: Container[str]
) -> dict[str, s.Node]:
    """The bases of the symbols that are defined as ``ℓ_i(w) = …``, each with its variables.

    ``families`` maps the letter of a list to the name that the list has where the letter alone is another symbol;
    the subscript is none of the ``functions``, as it is in J_f(x).
    """
    found: dict[str, s.Node] = {}
    for _, left in left_sides(every):
        pair = _pair(left)
        if pair is not None and script_name(pair[0].sub) not in functions:
            name = pair[0].base.name  # type: ignore[union-attr]
            found[families.get(name, name)] = pair[1]
    return found


def whole_calls(every: Iterable[Chain], called: Called) -> dict[str, s.Node]:
    """Those of the bases that also stand as a vector, r of ``r(w)⊤r(w)`` or ``‖r(w)‖`` where ``r_i(w) = …`` defines its entries.

    ``f(w) = ∑_i f_i(w)`` is a definition of another f.
    """
    found: dict[str, s.Node] = {}
    own: set[str] = set()
    for chain in every if called else ():
        for k, side in enumerate(chain.sides) if not chain.error else ():
            try:
                node = parse(side.tokens)
            except ReadingError:
                continue
            name = _whole(node, called)
            if k == 0 and name and len(chain.sides) > 1:
                own.add(name)
            for part in s.walk(node):
                name = _vector(part, called)
                if name:
                    found[name] = called[name]
    return {name: variable for name, variable in found.items() if name not in own}


def _vector(node: s.Node, called: Called) -> str:
    """r of ``‖r(w)‖`` and ``r(w)⊤``."""
    if isinstance(node, s.Norm):
        return _whole(node.body, called)
    if isinstance(node, s.Scripted) and s.is_transpose(node.sup):
        return _whole(node.base, called)
    if isinstance(node, s.Product):
        for (_, a), (sign, b) in itertools.pairwise(node.factors):
            if not sign and isinstance(b, s.Scripted) and s.is_transpose(b.sup) and isinstance(b.base, s.Group):
                return _whole(s.Product(node.span, (("", a), ("", b.base))), called)
    return ""


def _whole(node: s.Node, called: Called) -> str:
    """r of ``r(w)``, of which entries r_i(w) are defined."""
    head, variables = _applied(node) or (None, None)
    if not isinstance(head, s.Symbol) or head.name not in called or variables is None:
        return ""
    return head.name if s.plain(called[head.name]) == s.plain(variables) else ""


def _applied(node: s.Node) -> tuple[s.Node, s.Node] | None:
    """ℓ_i and w of ``ℓ_i(w)``, read as an application or as a product."""
    if isinstance(node, s.Call):
        more = len(node.arguments) > 1
        return node.head, s.Items(node.span, node.arguments) if more else node.arguments[0]
    head, group = s.bracketed(node) or (None, None)
    return None if head is None or group is None else (head, group.body)


def _pair(node: s.Node) -> tuple[s.Scripted, s.Node] | None:
    """ℓ_i and w of ``ℓ_i(w)``."""
    head, variables = _applied(node) or (None, None)
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or variables is None:
        return None
    if head.sub is None or head.sup is not None or head.primes:
        return None
    items = variables.items if isinstance(variables, s.Items) else (variables,)
    return (head, variables) if all(isinstance(i, (s.Symbol, s.Scripted)) for i in items) else None


def without_variables(node: Any, called: Called, whole: Called) -> Any:
    """A tree with ℓ_i for ``ℓ_i(w)``, and its value there for ``ℓ_i(0)``; a bare ∇ before it differentiates by w.

    The vectors of ``whole`` lose their variables as well.
    """
    node = s.mapped(node, lambda inner: without_variables(inner, called, whole))
    if isinstance(node, s.Call) and (pair := _applied(node)) is not None and _is_called(*pair, called, whole):
        return pair[0]
    if not isinstance(node, s.Product):
        return node
    factors: list[tuple[str, s.Node]] = []
    for sign, factor in node.factors:
        before = factors[-1][1] if factors else None
        inner = (
            before.arguments[0] if isinstance(before, s.Call) and len(before.arguments) == 1 else before
        )  # log ℓ_i(w)
        if sign == "" and isinstance(factor, s.Group) and _is_called(inner, factor.body, called, whole):
            nabla = factors[-2] if len(factors) > 1 else None
            if nabla and isinstance(nabla[1], s.Nabla) and nabla[1].by is None and isinstance(factor.body, s.Symbol):
                factors[-2] = (nabla[0], replace(nabla[1], by=factor.body))
            continue
        if sign == "" and (power := _power(before, factor, called, whole)) is not None:
            factors[-1] = (factors[-1][0], power)
            continue
        if sign == "" and isinstance(factor, s.Group) and (at := _at(before, factor, called)) is not None:
            factors[-1] = (factors[-1][0], at)
            continue
        factors.append((sign, factor))
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def _power(head: s.Node | None, factor: s.Node, called: Called, whole: Called) -> s.Scripted | None:
    """ℓ_i² of ``ℓ_i(w)^2``, r⊤ of ``r(w)⊤``."""
    if not isinstance(factor, s.Scripted) or not isinstance(factor.base, s.Group) or factor.sub is not None:
        return None
    if not isinstance(head, (s.Symbol, s.Scripted)) or not _is_called(head, factor.base.body, called, whole):
        return None
    span = (head.span[0], factor.span[1])
    if isinstance(head, s.Symbol):
        return replace(factor, span=span, base=head)
    return (
        None if head.sup is not None or head.primes else replace(head, span=span, sup=factor.sup, primes=factor.primes)
    )


def _is_called(head: s.Node | None, variables: s.Node, called: Called, whole: Called) -> bool:
    if isinstance(head, s.Symbol):
        return head.name in whole and s.plain(whole[head.name]) == s.plain(variables)
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or head.sub is None:
        return False
    return head.base.name in called and s.plain(called[head.base.name]) == s.plain(variables)


def _at(head: s.Node | None, group: s.Group, called: Called) -> s.At | None:
    """ℓ_i with numbers for its one variable."""
    if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or head.sub is None:
        return None
    variable = called.get(head.base.name)
    if not isinstance(variable, s.Symbol) or any(isinstance(n, (s.Symbol, s.Items)) for n in s.walk(group.body)):
        return None
    span = (head.span[0], group.span[1])
    return s.At(span, head, s.Relation(span, "=", variable, group.body))

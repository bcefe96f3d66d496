"""Compositions of the document's functions: ``h = g∘f``, ``(g∘f)(x)``, ``J_{g∘f}(x)``, ``∇(g∘f)(x)``, written as g(f(x)).

Between arrays ∘ is the product entry by entry; it joins functions where each side is the name of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope
from symbolic.verification.grammar import syntax as s

_DERIVATIVES = frozenset(["J", "H", "D"])


def composed(node: s.Node, scope: Scope) -> s.Node:
    """The tree with each composition as a call of the outer function, at what the inner one takes."""
    return _Composer(scope).made(node)


@dataclass(frozen=True)
class _Composer:
    scope: Scope

    def made(self, node: Any) -> Any:
        if isinstance(node, s.Product):
            if self.functions(node) and not self.may_be_entrywise(node):
                return self.at_parameters(node)
            return self.product(node)
        if isinstance(node, s.Scripted):
            alone = self.derivative(node, ())
            if alone is not None:
                return alone
        return s.mapped(node, self.made)

    def product(self, node: s.Product) -> s.Node:
        """A product in which functions in brackets are applied to the bracket behind them."""
        out: list[tuple[str, s.Node]] = []
        factors = list(node.factors)
        while factors:
            sign, head = factors.pop(0)
            behind = factors[0][1] if factors and not factors[0][0] and _is_bracket(factors[0][1]) else None
            arguments = _items(behind) if behind is not None else ()
            call = self.applied(head, arguments) or self.derivative(head, arguments)
            if call is None:
                out.append((sign, self.made(head)))
                continue
            del factors[: int(bool(arguments))]
            before = out[-1][1] if out and not sign else None
            if isinstance(before, s.Nabla):
                first = next(iter(arguments), None)
                by = before.by or (first if isinstance(first, s.Symbol) else None)
                out[-1] = (out[-1][0], s.Nabla(before.span, by, before.order))
                call = s.Group(call.span, "(", call)
            elif isinstance(before, s.Symbol) and before.name == "D" and "D" not in self.scope.values:
                sign, _ = out.pop()
                call = self.slope("D", call, arguments)
            out.append((sign, call))
        return out[0][1] if len(out) == 1 else s.Product(node.span, tuple(out))

    def applied(self, head: s.Node, arguments: tuple[s.Node, ...]) -> s.Node | None:
        """``(g∘f)(x)`` and ``(g∘f)′(x)``."""
        scripted = isinstance(head, s.Scripted) and (head.primes, head.sub, head.sup) == (1, None, None)
        group = head.base if isinstance(head, s.Scripted) and scripted else head
        if len(arguments) != 1 or not isinstance(group, s.Group) or not self.functions(group.body):
            return None
        call = self.call(group.body, arguments)
        return self.slope("D", call, arguments) if scripted else call

    def derivative(self, head: s.Node, arguments: tuple[s.Node, ...]) -> s.Node | None:
        """``J_{g∘f}(x)``, ``H_{g∘f}``."""
        if not isinstance(head, s.Scripted) or not isinstance(head.base, s.Symbol) or head.sub is None:
            return None
        below = head.sub.body if isinstance(head.sub, s.Group) else head.sub
        if head.base.name not in _DERIVATIVES or head.sup is not None or head.primes or not self.functions(below):
            return None
        at = arguments or self.parameters(below)
        return self.slope(head.base.name, self.call(below, at), at)

    def slope(self, kind: str, call: s.Node, at: tuple[s.Node, ...]) -> s.Node:
        if kind == "H":
            return s.Product(call.span, (("", s.Nabla(call.span, at[0], 2)), ("", s.Group(call.span, "(", call))))
        return s.Derivative(call.span, call, at)

    # -- what is composed ------------------------------------------------------------------------------------------------

    def functions(self, node: s.Node) -> list[s.Symbol]:
        """g and f of ``g∘f``; nothing where that is no composition."""
        if not isinstance(node, s.Product) or any(sign != "ODOT" for sign, _ in node.factors[1:]):
            return []
        heads = [n for _, n in node.factors if isinstance(n, s.Symbol)]
        told = [self.scope.functions.get(n.name) for n in heads]
        inner = told[-1] if told else None
        known = all(isinstance(t, (str, FunctionOf, Generic)) for t in told)
        if len(heads) != len(node.factors) or not known or not isinstance(inner, FunctionOf):
            return []
        return heads if all(len(t.parameters) == 1 for t in told if isinstance(t, FunctionOf)) else []

    def may_be_entrywise(self, node: s.Product) -> bool:
        """Whether ``f∘g`` alone can be the product of two arrays f(x) and g(x) too."""
        told = [self.scope.functions.get(n.name) for n in self.functions(node)]
        held = [self.scope.values.get(n.name) for n in self.functions(node)]
        if len({t.parameters if isinstance(t, FunctionOf) else () for t in told}) > 1 or None in held:
            return False
        shapes = [x.core for x in held if x is not None]
        first = shapes[0]
        return bool(first) and all(
            len(x) == len(first) and all(v.same(a, b) for a, b in zip(x, first, strict=True)) for x in shapes
        )

    def parameters(self, node: s.Node) -> tuple[s.Node, ...]:
        inner = self.scope.functions.get(self.functions(node)[-1].name)
        return tuple(s.Symbol(node.span, p, p) for p in inner.parameters) if isinstance(inner, FunctionOf) else ()

    def at_parameters(self, node: s.Node) -> s.Node:
        return self.call(node, self.parameters(node))

    def call(self, node: s.Node, arguments: tuple[s.Node, ...]) -> s.Node:
        """g(f(x))."""
        for head in reversed(self.functions(node)):
            arguments = (s.Call((node.span[0], max(node.span[1], arguments[-1].span[1])), head, arguments),)
        return arguments[0]


def _is_bracket(node: s.Node) -> bool:
    return isinstance(node, s.Group) and node.bracket == "("


def _items(group: s.Node) -> tuple[s.Node, ...]:
    body = group.body if isinstance(group, s.Group) else group
    return body.items if isinstance(body, s.Items) else (body,)

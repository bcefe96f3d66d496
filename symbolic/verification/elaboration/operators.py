"""Operators that a function name follows: ``H_f(x)``, ``Δf``, ``Df(X)[H]``, ``D²f(x)[h, k]``, ``D_v f``, ``∇f(1, 0)``, spelt out with ∂ and ∇.

A name that the document declares is no operator, and what does not stand before a function of the document is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.names import candidate_names, letters
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s

_STEP = "step_"  # the number t of d/dt f(x + tv)|_{t=0}


def spelt_out(node: s.Node, scope: Scope) -> s.Node:
    """The tree with such operators replaced by derivatives, and derivatives of functions at arguments by values there."""
    return _Speller(scope).spelt(node)


def named_values(node: s.Node, scope: Scope) -> list[Value]:
    """The values of the symbols that a tree names; x_t with a value of its own is not x."""
    held = scope.values.get(_name(node) or "")
    if held is not None:
        return [held]
    return [value for child in s.children(node) for value in named_values(child, scope)]


def is_partial(node: s.Scripted, scope: Scope) -> bool:
    """Whether ``f_{xy}`` is a partial derivative: f depends on everything that stands below it."""
    base = scope.values.get(node.base.name) if isinstance(node.base, s.Symbol) else None
    below = [scope.values.get(p.name) if isinstance(p, s.Symbol) else None for p in letters(node.sub) or []]
    return base is not None and all(x is not None and scope.depends(base.tensor, x.tensor) for x in below)


@dataclass(frozen=True)
class _Speller:
    scope: Scope

    def spelt(self, node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(self.spelt(x) for x in node)
        if not isinstance(node, s.Node):
            return node
        made = self.inside(node)
        alone = None if isinstance(node, s.Product) else self.operator(made, [])
        return made if alone is None else alone[0]

    def inside(self, node: s.Node) -> s.Node:
        """The node with what stands inside it spelt out; an operator among factors waits for those behind it."""
        if isinstance(node, s.Product):
            factors = self.gathered(node.factors)
            return self.product(replace(node, factors=tuple((sign, self.inside(n)) for sign, n in factors)))
        if isinstance(node, s.Call):
            made = replace(node, arguments=self.spelt(node.arguments))
            return self.partial(made) or self.dotted(made.head, made.arguments) or self.slanted(made) or made
        made = s.mapped(node, self.spelt)
        if isinstance(made, s.Derivative):
            return self.directional(made) or made
        return made

    def gathered(self, factors: tuple[tuple[str, s.Node], ...]) -> list[tuple[str, s.Node]]:
        """The factors of ``det J_f (x, y)``, with the arguments brought to J_f."""
        out: list[tuple[str, s.Node]] = []
        for sign, node in factors:
            call = out[-1][1] if out else None
            if not sign and isinstance(node, s.Group) and isinstance(call, s.Call) and len(call.arguments) == 1:
                inner = call.arguments[0]
                if isinstance(inner, s.Scripted) and self.operator(inner, []) is not None:
                    whole = s.Product(_span(inner, node), (("", inner), ("", node)))
                    out[-1] = (out[-1][0], replace(call, arguments=(whole,)))
                    continue
            out.append((sign, node))
        return out

    def product(self, node: s.Product) -> s.Node:
        """A product in which each operator has taken what it applies to."""
        out: list[tuple[str, s.Node]] = []
        factors = list(node.factors)
        while factors:
            sign, head = factors.pop(0)
            juxtaposed = []
            for other, n in factors:
                if other:
                    break
                juxtaposed.append(n)
            found, taken = self.taken(head, juxtaposed)
            del factors[:taken]
            out.append((sign, found))
        return out[0][1] if len(out) == 1 else replace(node, factors=tuple(out))

    def taken(self, head: s.Node, rest: list[s.Node]) -> tuple[s.Node, int]:
        """What an operator makes of the factors behind it, and how many of them it takes."""
        of = head.of if isinstance(head, s.Derivative) else _moved(head)
        if of is not None and rest and isinstance(rest[0], s.Group):
            name, body = self.function(of), rest[0]
            at = self.relations(name, _items(body)) if name and rest[0].bracket == "(" else None
            if at is not None:
                return (s.At(_span(head, body), head, at) if at.items else head), 1
        if isinstance(head, s.Nabla) and rest and isinstance(rest[0], s.Call):
            name = self.function(rest[0])
            at = self.relations(name, rest[0].arguments) if name else None
            if at is not None and at.items and (head.by is None or self.apart(head.by, name, rest[0].arguments)):
                plain = s.Product(_span(head, rest[0]), (("", head), ("", self.plain(name or "", rest[0]))))
                return s.At(_span(head, rest[0]), plain, at), 1
        body = head.body if isinstance(head, s.Differential) and head.order == 1 else None
        if isinstance(body, s.Call) and self.function(body) and rest and isinstance(rest[0], s.Group):
            return self.along(body, (_only(rest[0]),), _span(head, rest[0])), 1
        return self.operator(head, rest) or (head, 0)

    def directional(self, node: s.Derivative) -> s.Node | None:
        """``∂f/∂v`` of an f(x) that knows no v: the derivative along v."""
        name = self.function(node.of)
        told = self.scope.functions.get(name or "")
        if len(node.by) != 1 or not isinstance(told, FunctionOf) or not self.is_array(node.by[0]) or node.of is None:
            return None
        named = {n.name for n in s.walk(told.body) if isinstance(n, s.Symbol)}
        return None if getattr(node.by[0], "name", "") in named else self.along(node.of, node.by, node.span)

    def slanted(self, node: s.Call) -> s.Node | None:
        """``f'(x; d)`` of an f(x): the derivative along d."""
        head = node.head
        if not isinstance(head, s.Scripted) or (head.primes, head.sub, head.sup) != (1, None, None):
            return None
        if not isinstance(head.base, s.Symbol) or len(node.arguments) != 2 or len(self.parameters(head.base.name)) != 1:
            return None
        return self.along(replace(node, head=head.base, arguments=node.arguments[:1]), node.arguments[1:], node.span)

    def dotted(self, node: s.Node, arguments: tuple[s.Node, ...]) -> s.Node | None:
        """``ẋ(t)`` and ``ẍ`` of a function x(t)."""
        name = node.name if isinstance(node, s.Symbol) else ""
        of, _, dots = name.rpartition("_")
        if dots not in ("dot", "ddot") or name in self.scope.values or len(self.parameters(of)) != 1:
            return None
        argument = self.scope.values.get(self.parameters(of)[0])
        if argument is not None and argument.rank:
            return None  # V̇ of V(x) is the rate of V as x moves, and no slope
        at = arguments or tuple(s.Symbol(node.span, p, p) for p in self.parameters(of))
        head = s.Scripted(node.span, s.Symbol(node.span, of, of), None, None, len(dots) - 2)
        return s.Call(node.span, head, at)

    def operator(self, head: s.Node, rest: list[s.Node]) -> tuple[s.Node, int] | None:
        """D, D_v, Δ, H_f and J_f."""
        group = rest[0] if rest and isinstance(rest[0], s.Group) and rest[0].bracket == "(" else None
        dotted = self.dotted(head, _items(group) if group is not None else ())
        if dotted is not None:
            return dotted, int(group is not None)
        base, sub = (head.base, head.sub) if isinstance(head, s.Scripted) and not head.primes else (head, None)
        if not isinstance(base, s.Symbol) or base.name in self.scope.values or isinstance(base, s.Call):
            return None
        sup = head.sup if isinstance(head, s.Scripted) else None
        of = rest[0] if rest and self.function(rest[0]) else None
        if base.name in ("H", "Hess", "J") and sub is not None and sup is None and self.function(sub):
            behind = rest[0] if rest and isinstance(rest[0], s.Scripted) and rest[0].sub is None else None
            at = self.arguments_of(sub, behind.base) if behind is not None else None
            if behind is not None and at is not None:  # J_f(x)⊤
                return replace(behind, base=s.Group(behind.span, "(", self.matrix(base.name, sub, at))), 1
            return self.matrix(base.name, sub, group), int(group is not None)
        if of is None or base.name not in ("D", "Delta", "Hess", "Jac"):
            return None
        if base.name == "Delta" and sub is None and sup is None:
            return self.laplacian(of, head), 1
        if base.name in ("Hess", "Jac") and sub is None:
            return self.matrix(base.name[0], of, None), 1
        if base.name == "D" and sub is not None and sup is None and self.is_array(sub):
            return self.along(of, (sub,), _span(head, of)), 1
        if base.name == "D" and sub is not None and sup is None:
            return s.Derivative(_span(head, of), of, tuple(letters(sub) or [sub])), 1
        if base.name == "D" and sub is None and sup is None:
            if len(rest) > 1 and isinstance(rest[1], s.Group):
                return self.along(of, (_only(rest[1]),), _span(head, rest[1])), 2
            return self.matrix("J", of, None), 1
        if base.name == "D" and sub is None and isinstance(sup, s.Number) and sup.text == "2":
            directions = _items(rest[1]) if len(rest) > 1 and isinstance(rest[1], s.Group) else ()
            if len(directions) == 2:
                return self.along(of, directions, _span(head, rest[1])), 2
            return None if directions else (self.matrix("H", of, None), 1)
        return None

    def arguments_of(self, of: s.Node, node: s.Node) -> s.Group | None:
        """The bracket that holds the arguments of a function; None where a node is no such bracket."""
        if not isinstance(node, s.Group) or node.bracket != "(":
            return None
        return node if self.relations(self.function(of), _items(node)) is not None else None

    # -- what they stand for ---------------------------------------------------------------------------------------------

    def matrix(self, kind: str, of: s.Node, group: s.Group | None) -> s.Node:
        """The Hessian or Jacobian of a function, at the arguments behind it if there are any."""
        name = self.function(of) or ""
        arguments = _items(group) if group is not None else of.arguments if isinstance(of, s.Call) else ()
        plain = self.plain(name, of)
        span = _span(of, group) if group is not None else of.span
        if kind == "H":
            made: s.Node = s.Product(span, (("", s.Nabla(of.span, None, 2)), ("", plain)))
        else:
            by = self.parameters(name)
            if not by:
                return s.Product(span, (("", s.Nabla(of.span, None, 1)), ("", plain)))
            variables = tuple(s.Symbol(span, p, p) for p in by)
            made = s.Derivative(span, plain, variables if len(by) == 1 else (s.Items(span, variables),))
        at = self.relations(name, arguments)
        return s.At(span, made, at) if at is not None and at.items else made

    def laplacian(self, of: s.Node, head: s.Node) -> s.Node:
        """``Δf``: the trace of the Hessian."""
        span = _span(head, of)
        return s.Call(span, s.Symbol(span, "trace", "tr"), (self.matrix("H", of, None),))

    def along(self, of: s.Node, directions: tuple[s.Node, ...], span: s.Span) -> s.Node:
        """``d/dt f(x + tv)|_{t=0}``, and ``∂²/∂t∂u f(x + tv + uw)|_{t=u=0}`` along two directions."""
        name = self.function(of) or ""
        parameters = self.parameters(name)
        arguments = of.arguments if isinstance(of, s.Call) else tuple(s.Symbol(span, p, p) for p in parameters[:1])
        if len(arguments) != 1 or not isinstance(self.scope.functions.get(name), (FunctionOf, Generic)):
            inner: s.Node = s.Product(span, (("", s.Nabla(span, None, len(directions))), ("", of)))
            for direction in directions[1:]:
                inner = s.Product(span, (("", s.Group(span, "(", inner)), ("", direction)))
            return s.Norm(span, "angle", s.Items(span, (inner, directions[0])))
        steps = [s.Symbol(span, f"{_STEP}{k}", f"{_STEP}{k}") for k in range(len(directions))]
        for step in steps:
            self.scope.values.setdefault(step.name, Value(tensor(step.name, ())))
        moves = [
            (1, s.Product(span, (("", t), ("", s.Group(span, "(", d))))) for t, d in zip(steps, directions, strict=True)
        ]
        call = s.Call(span, s.Symbol(span, name, name), (s.Sum(span, ((1, arguments[0]), *moves)),))
        at = s.Items(span, tuple(s.Relation(span, "=", t, s.Number(span, "0")) for t in steps))
        return s.At(span, s.Derivative(span, call, tuple(steps)), at)

    def partial(self, node: s.Call) -> s.Node | None:
        """``f_{xy}(1, 0)``: the partial derivative, then its value."""
        if not isinstance(node.head, s.Scripted) or node.head.sub is None or not isinstance(node.head.base, s.Symbol):
            return None
        name = node.head.base.name
        at = self.relations(name, node.arguments)
        if at is None or not at.items or name not in self.scope.values:
            return None
        named = [p.name for p in letters(node.head.sub) or [] if isinstance(p, s.Symbol)]
        if not named or any(n not in self.parameters(name) for n in named):
            return None
        plain = replace(node, arguments=tuple(s.Symbol(node.span, p, p) for p in self.parameters(name)))
        return s.At(node.span, plain, at)

    # -- the document's functions --------------------------------------------------------------------------------------------

    def function(self, node: s.Node | None) -> str | None:
        """The name of a function of the document that stands alone or with its arguments."""
        head = node.head if isinstance(node, s.Call) else node
        if not isinstance(head, s.Symbol):
            return None
        meaning = self.scope.functions.get(head.name)
        if isinstance(meaning, (FunctionOf, Generic)):
            return head.name
        held = self.scope.values.get(head.name)
        return head.name if held is not None and held.tensor.definition is not None else None

    def parameters(self, name: str) -> tuple[str, ...]:
        meaning = self.scope.functions.get(name)
        return meaning.parameters if isinstance(meaning, FunctionOf) else ()

    def plain(self, name: str, of: s.Node) -> s.Node:
        """The function at its own parameters."""
        parameters = self.parameters(name)
        if not isinstance(of, s.Call) or not parameters:
            return of
        return replace(of, arguments=tuple(s.Symbol(of.span, p, p) for p in parameters))

    def relations(self, name: str | None, arguments: tuple[s.Node, ...]) -> s.Items | None:
        """What the arguments put in for the parameters; no items where they are the parameters, None if that cannot be told."""
        parameters = self.parameters(name or "")
        if not parameters or len(parameters) != len(arguments):
            return None
        if any(p not in self.scope.values for p in parameters):
            return None
        put = [
            (p, a) for p, a in zip(parameters, arguments, strict=True) if not (isinstance(a, s.Symbol) and a.name == p)
        ]
        return s.Items((0, 0), tuple(s.Relation(a.span, "=", s.Symbol(a.span, p, p), a) for p, a in put))

    def apart(self, by: s.Node, name: str | None, arguments: tuple[s.Node, ...]) -> bool:
        """Whether ``∇_x f(a)`` is the gradient of f at a: x is a parameter of f, and no argument depends on it."""
        if not isinstance(by, s.Symbol) or by.name not in self.parameters(name or ""):
            return False
        x = self.scope.values[by.name].tensor
        return not any(self.scope.depends(h.tensor, x) for a in arguments for h in named_values(a, self.scope))

    def is_array(self, node: s.Node) -> bool:
        """Whether a subscript is a declared vector that no function has as its parameter: a direction."""
        held = self.scope.values.get(node.name) if isinstance(node, s.Symbol) else None
        used = {p for m in self.scope.functions.values() if isinstance(m, FunctionOf) for p in m.parameters}
        return held is not None and held.rank > 0 and isinstance(node, s.Symbol) and node.name not in used


def _items(group: s.Group) -> tuple[s.Node, ...]:
    return group.body.items if isinstance(group.body, s.Items) else (group.body,)


def _name(node: s.Node) -> str | None:
    if isinstance(node, s.Symbol):
        return node.name
    return candidate_names(node)[0][0] if isinstance(node, s.Scripted) and candidate_names(node) else None


def _moved(node: s.Node) -> s.Node | None:
    """f of d/dt f(x + tv)|_{t=0}."""
    inner = node.body if isinstance(node, s.At) else None
    return inner.of.head if isinstance(inner, s.Derivative) and isinstance(inner.of, s.Call) else None


def _only(group: s.Group) -> s.Node:
    return group.body


def _span(a: s.Node, b: s.Node) -> s.Span:
    return a.span[0], max(a.span[1], b.span[1])

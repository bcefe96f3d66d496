"""Time derivatives: ``d/dt`` of what depends on quantities whose own rates the document writes, q̇, q̈ and Ȧ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symbolic.calculus.derivatives import jvp
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator
    from symbolic.verification.elaboration.scope import Scope

_TIMES = frozenset(["t", "tau"])


def rates(scope: Scope, of: Tensor) -> dict[Tensor, Tensor]:
    """The rate of each free quantity in ``of`` that has one; what q̇ itself changes by is q̈, free where nothing tells it."""
    names = {value.tensor.serial: name for name, value in scope.values.items() if value.tensor.definition is None}
    moving: dict[Tensor, Tensor] = {}
    for t in leaves([of]):
        name = names.get(t.serial, "")
        if not name or name.endswith("_ddot"):
            continue
        second = name.endswith("_dot")
        rate = f"{name.removesuffix('_dot')}_ddot" if second else f"{name}_dot"
        if second and rate not in scope.values:
            tex = scope.tex.get(name.removesuffix("_dot"), name.removesuffix("_dot"))
            scope.values[rate] = Value(Tensor(rate, t.extents, role="input", tex=rf"\ddot {tex}"))
            scope.tex[rate] = rf"\ddot {tex}"
        if rate in scope.values:
            moving[t] = scope.values[rate].tensor
    return moving


def by_time(el: Elaborator, of: Value, by: tuple[s.Node, ...]) -> Value | None:
    """``d/dt`` and ``d²/dt²`` of a value that is not written through t; None where that is no time derivative."""
    if of.form or not is_time(el, of.tensor, by):
        return None
    value = of
    for _ in by:
        moving = rates(el.scope, value.tensor)
        if not moving:
            return None
        value = Value(jvp(value.tensor, moving), value.labels, value.row)
    return value


def is_time(el: Elaborator, of: Tensor, by: tuple[s.Node, ...]) -> bool:
    """Whether derivatives are by a t through which ``of`` is not written."""
    name = by[0].name if isinstance(by[0], s.Symbol) else ""
    if name not in _TIMES or not all(isinstance(b, s.Symbol) and b.name == name for b in by):
        return False
    time = el.scope.values.get(name)
    return time is None or (not time.rank and not el.scope.depends(of, time.tensor))


def without_time(node: Any, of_time: dict[str, str]) -> Any:
    """The tree with A for ``A(t)``, where the document declares A(t) and not A."""
    if isinstance(node, s.Call) and len(node.arguments) == 1 and _is(node.head, node.arguments[0], of_time):
        return node.head
    node = s.mapped(node, lambda part: without_time(part, of_time))
    if not isinstance(node, s.Product):
        return node
    kept: list[tuple[str, s.Node]] = []
    for sign, factor in node.factors:
        inside = factor.base if isinstance(factor, s.Scripted) and factor.sub is None else factor
        if kept and not sign and isinstance(inside, s.Group) and _is(kept[-1][1], inside.body, of_time):
            if isinstance(factor, s.Scripted):  # A(t)⊤
                before, head = kept[-1]
                kept[-1] = (before, s.Scripted(factor.span, head, None, factor.sup, factor.primes))
            continue
        kept.append((sign, factor))
    return kept[0][1] if len(kept) == 1 else s.Product(node.span, tuple(kept))


def _is(head: s.Node, argument: s.Node, of_time: dict[str, str]) -> bool:
    base = head.base if isinstance(head, s.Scripted) else head
    name = base.name.removesuffix("_ddot").removesuffix("_dot") if isinstance(base, s.Symbol) else ""
    return isinstance(argument, s.Symbol) and of_time.get(name) == argument.name

"""What a claim about a derivative says: which entries, and whether it is one."""

from __future__ import annotations

from symbolic.language.shaping import transpose
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s


def entries(of: Value, by: Tensor, places: list, value: Value, turned: bool) -> Tensor | None:
    """A claimed derivative as the output's axes, then the variable's; None where it tells only some entries."""
    labels = list(of.labels)
    for place in places:
        if isinstance(place, tuple):
            if place[0] in labels:
                return None
            labels.append(place[0])
        elif place is not None:
            return None
    if labels and (value.rank or any(p is None for p in places)):
        return None
    target = (*of.tensor.extents, *by.extents)
    if labels:
        if any(label not in labels for label in value.labels):
            return None
        return v.ordered(value, labels, dict(zip(labels, target, strict=True)))
    t = value.tensor
    if value.labels or t.ndim != len(target):
        return None
    fits = all(v.same(a, b) for a, b in zip(t.extents, target, strict=True))
    back = all(v.same(a, b) for a, b in zip(t.extents, target[::-1], strict=True))
    if t.ndim == 2 and back and (turned or not fits):
        return transpose(t)
    return t if fits else None


def is_derivative(node: s.Node) -> bool:
    """Whether a node is a derivative, in brackets, at a place or transposed."""
    if isinstance(node, (s.Group, s.At)):
        return is_derivative(node.body)
    if isinstance(node, s.Product):
        return isinstance(node.factors[0][1], s.Nabla) or _is_operator(node.factors[0][1])
    if isinstance(node, s.Scripted):
        return is_derivative(node.base)
    return isinstance(node, (s.Derivative, s.Nabla))


def _is_operator(node: s.Node) -> bool:
    return isinstance(node, s.Derivative) and node.of is None

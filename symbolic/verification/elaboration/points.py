"""A value at a point: ``f'(x)|_{x=a}``, ``\\left.\\frac{∂C}{∂w}\\right|_{w=0}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.values import ShapeMisfit, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def at(el: Elaborator, value: Value, point: s.Node) -> Value:
    """``value`` with the symbols on the left of the relations in ``point`` replaced by what stands on their right."""
    changes: dict[int, Tensor] = {}
    for relation in point.items if isinstance(point, s.Items) else (point,):
        if not isinstance(relation, s.Relation) or relation.sign != "=":
            raise ReadingError("the place of an evaluation bar is written as x = a", relation.span)
        left, right = el(relation.left), el(relation.right)
        if left.labels or right.labels or left.tensor.name is None:
            raise ReadingError("the place of an evaluation bar is a symbol and its value, as in x = a", relation.span)
        if right.rank == 0 and left.rank:
            right = v.pointwise(lambda a, b: a * 0 + b, [left, right], relation.span)
        if right.form:
            right = v.fitted(right, left, relation.span)
        if right.rank != left.rank or not all(v.same(a, b) for a, b in zip(right.core, left.core, strict=True)):
            raise ShapeMisfit(f"{left.describe()} is set to {right.describe()}", relation.span)
        changes[left.tensor.serial] = right.tensor
    tensor = substituted(value.tensor, lambda t: changes.get(t.serial))
    return Value(tensor, value.labels, value.row, value.form)

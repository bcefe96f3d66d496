"""Side conditions of a derivation: where functions are defined, and what was agreed at kinks and ties.

They are collected from what a program actually uses on the way from the variables to the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from symbolic.calculus.canonical import placed
from symbolic.calculus.closed_form import Closed, Condition, TooLargeError, bound_indices, closed_form, is_boundary
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import BY_HEAD
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

TIES = {
    "max": "on a tie the first largest entry gets the whole derivative of max",
    "min": "on a tie the first smallest entry gets the whole derivative of min",
}


def conditions_of(tensors: Iterable[Tensor]) -> tuple[Condition, ...]:
    """The conditions under which the tensors' definitions can be differentiated, each once."""
    found = dict.fromkeys(c for t in tensors for c in _conditions(t))
    seen: dict[str, Condition] = {}
    for c in found:
        seen.setdefault(str(c), c)
    return tuple(seen.values())


def _conditions(t: Tensor) -> Iterator[Condition]:
    definition = t.definition
    if isinstance(definition, Application):
        if definition.primitive.condition:
            yield Condition(definition.condition)
        return
    if not isinstance(definition, Equation):
        return
    if definition.reduce in TIES:
        yield Condition(TIES[definition.reduce])
    for e in sp.preorder_traversal(definition.body):
        if isinstance(e, sp.Function):
            row = BY_HEAD.get(e.func)
            if row is not None and row.kink and e.has(Access):
                yield Condition(row.kink)
            if row is not None and row.domain and e.has(Access):
                yield from _unless_known(row.domain, e.args[-1])
        elif e.is_Pow and e.base.has(Access) and not (e.exp.is_Integer and e.exp > 0):
            yield from _unless_known("≠ 0" if e.exp.is_Integer else "> 0", e.base)


def _unless_known(relation: str, argument: sp.Expr) -> Iterator[Condition]:
    """The condition in terms of what a reader knows, unless it always holds."""
    written = _written_out(argument)
    if written.is_positive or (relation == "≠ 0" and written.is_zero is False):
        return
    yield Condition(relation, written)


def _written_out(e: sp.Expr) -> sp.Expr:
    """The expression with unnamed tensors written out, its indices as in a normal form."""
    mapping = {}
    for access in e.atoms(Access):
        if not is_boundary(access.tensor):
            try:
                mapping[access] = closed_form(access.tensor).at(access.indices)
            except TooLargeError:
                return e
    e = e.xreplace(mapping)
    bound = set(bound_indices(e))
    free = sorted((i for i in e.free_symbols - bound if isinstance(i, Index)), key=lambda i: i.dummy_index)
    return placed(Closed(tuple(free), e)).expr

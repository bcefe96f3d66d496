"""Side conditions of a derivation: where functions are defined, and what was agreed at kinks and ties.

They are collected from what a program actually uses on the way from the variables to the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from symbolic.calculus.closed_form import Condition
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
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
            if row is not None and row.domain and e.has(Access) and not _holds(e.args[-1], row.domain):
                yield Condition(row.domain, e.args[-1])
        elif e.is_Pow and e.base.has(Access) and not e.base.is_positive:
            if e.exp.is_Integer:
                if e.exp < 0 and e.base.is_zero is not False:
                    yield Condition("≠ 0", e.base)
            else:
                yield Condition("> 0", e.base)


def _holds(argument: sp.Expr, domain: str) -> bool:
    return domain == "> 0" and bool(argument.is_positive)

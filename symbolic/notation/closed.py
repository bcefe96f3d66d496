"""What is printed of a thing: one scalar expression over indices, unnamed intermediates substituted.

Names are boundaries, and so are well-known functions (``Tensor.call``), primitives, and unnamed tensors whose expression
would grow beyond what anybody reads: sharing is kept, so a deep unnamed program prints in bounded space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

LONGEST = 600  # nodes of an expression that is still printed in one piece


@dataclass(frozen=True)
class Closed:
    """``[indices] = expr``."""

    indices: tuple[Index, ...]
    expr: sp.Expr


def closed_of(thing: Any, inline: bool = True) -> Closed:
    """The closed form of a Tensor (its definition), an Equation, a ``Closed`` or a pair (indices, expression)."""
    if isinstance(thing, Closed) or (hasattr(thing, "indices") and hasattr(thing, "expr")):
        return Closed(tuple(thing.indices), thing.expr)
    if isinstance(thing, tuple) and len(thing) == 2:
        return Closed(tuple(thing[0]), sp.sympify(thing[1], strict=True))
    if isinstance(thing, Equation):
        expr = expression(thing)
        operands = thing.operands
        indices = thing.indices
    elif isinstance(thing, Tensor):
        if not isinstance(thing.definition, Equation) or thing.call is not None:
            indices = thing.fresh_indices()
            return Closed(indices, thing.access(*indices))
        expr, operands, indices = expression(thing.definition), thing.operands, thing.definition.indices
    else:
        raise UnsupportedError(
            f"notation prints a Tensor, an Equation, a closed form or (indices, expression); got {type(thing).__name__}"
        )
    if not inline:
        return Closed(indices, expr)
    return Closed(indices, _inlined(expr, operands))


def expression(eq: Equation) -> sp.Expr:
    """An equation's right side as one expression."""
    if not eq.bound and not eq.guards:
        return eq.body
    return Reduction(eq.reduce, eq.body, eq.bound, eq.guards)


def is_boundary(t: Tensor) -> bool:
    """True where substitution stops: a name, a leaf, a well-known function, a primitive."""
    return t.name is not None or t.definition is None or t.call is not None or isinstance(t.definition, Application)


def _inlined(expr: sp.Expr, operands: tuple[Tensor, ...]) -> sp.Expr:
    found: dict[int, tuple[tuple[Index, ...], sp.Expr, int]] = {}
    copies: dict[Access, sp.Expr] = {}

    def substituted(e: sp.Expr) -> tuple[sp.Expr, int]:
        mapping, size = {}, sum(1 for _ in sp.preorder_traversal(e))
        for access in sorted(e.atoms(Access), key=str):
            if access.tensor.serial in found:
                indices, inner, weight = found[access.tensor.serial]
                if access not in copies:
                    copies[access] = _copy(inner, dict(zip(indices, access.indices, strict=True)))
                mapping[access] = copies[access]
                size += weight * max(1, sum(1 for a in sp.preorder_traversal(e) if a == access))
        return e.xreplace(mapping), size

    for t in topological(operands, stop=is_boundary):
        if not is_boundary(t):
            inner, size = substituted(expression(t.definition))
            if size <= LONGEST:
                found[t.serial] = (t.definition.indices, inner, size)
    return substituted(expr)[0]


def _copy(expr: sp.Expr, mapping: dict[Index, sp.Expr]) -> sp.Expr:
    """``expr`` at other indices, its bound indices fresh so that nothing is captured."""
    fresh = {index: index.fresh() for r in expr.atoms(Reduction) for index in r.bound}
    return expr.xreplace({**mapping, **fresh})

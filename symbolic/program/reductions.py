"""The reductions of an equation, one row each.

An empty set of points gives the neutral element. ``repeated(body, count)`` is the reduction of ``count`` equal points,
which is how an unused index disappears.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class ReductionKind:
    """One kind: its LaTeX operator, neutral element, and the law for equal points."""

    name: str
    latex: str
    neutral: sp.Expr
    repeated: Callable[[sp.Expr, sp.Expr], sp.Expr]
    differentiable: bool = True


REDUCTIONS = {
    kind.name: kind
    for kind in (
        ReductionKind("sum", r"\sum", sp.S.Zero, lambda body, count: body * count),
        ReductionKind("prod", r"\prod", sp.S.One, lambda body, count: body**count),
        ReductionKind("max", r"\max", sp.S.NegativeInfinity, lambda body, count: body),
        ReductionKind("min", r"\min", sp.S.Infinity, lambda body, count: body),
        ReductionKind(
            "logsumexp", r"\operatorname{logsumexp}", sp.S.NegativeInfinity, lambda body, count: body + sp.log(count)
        ),
        ReductionKind("argmax", r"\operatorname{arg\,max}", sp.S.Zero, lambda body, count: body, False),
        ReductionKind("argmin", r"\operatorname{arg\,min}", sp.S.Zero, lambda body, count: body, False),
    )
}

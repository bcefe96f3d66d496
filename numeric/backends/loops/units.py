"""Axes of extent 1: their index is 0, sums over them are no sums, and products become single terms that can be inlined."""

from __future__ import annotations

import sympy as sp

from numeric.lowering.fusion import fused
from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.tensors import Tensor


def without_units(program: Program) -> Program:
    """The program whose sums have no bound index of extent 1, fused again."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation):
            return new
        ones = {k: sp.S.Zero for k in (*eq.indices, *eq.bound) if k.extent == 1}
        bound = tuple(k for k in eq.bound if k not in ones)
        if not ones or eq.reduce.startswith("arg"):
            return new
        reduce = eq.reduce if bound or eq.guards else "sum"
        guards = tuple(g.xreplace(ones) for g in eq.guards)
        return redefined(new, Equation(eq.indices, eq.body.xreplace(ones), bound, reduce, guards))

    return fused(rewritten(program, rule))

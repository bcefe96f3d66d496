"""A sum of which a guard leaves a stretch runs over that stretch.

    Σ_{k < n} g[k − c] x[k] where 0 ≤ k − c < m      becomes      Σ_{k < m} g[k] x[k + c]

So is a slice pulled back; nothing is masked or read in vain.
"""

from __future__ import annotations

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Guard, Index, Within, renamed
from symbolic.program.tensors import Tensor


def narrowed(program: Program) -> Program:
    """The program with bound indices that run where their guards hold."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or not eq.bound or not eq.guards or eq.reduce.startswith("arg"):
            return new
        for guard in eq.guards:
            eq = _narrowed(eq, guard)
        return new if eq is new.definition else redefined(new, eq)

    return rewritten(program, rule)


def _narrowed(eq: Equation, guard: Guard) -> Equation:
    if not isinstance(guard, Within):
        return eq
    e, size = guard.args
    for k in eq.bound:
        start = sp.expand(k - e)  # the guard says start ≤ k < start + size
        if (
            start.has(Index, Access)
            or not start.is_nonnegative
            or not sp.expand(k.extent - start - size).is_nonnegative
        ):
            continue
        short = Index(k.name, size)
        mapping = {k: short + start}
        guards = [g.func(*(a.xreplace(mapping) for a in g.args)) for g in eq.guards if g is not guard]
        bound = tuple(short if j is k else j for j in eq.bound)
        return equation(eq.indices, renamed(eq.body, mapping), bound, eq.reduce, guards)
    return eq

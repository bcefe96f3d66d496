"""A guard that keeps an access inside its tensor becomes a border of zeros, so that the access is a plain window.

    y[t] = Σ_k g[t − k] w[k] where 0 ≤ t − k < M      becomes      G[u] = g[u − low] (zero outside),   y[t] = Σ_k G[t − k + low] w[k]

This is how a convolution is pulled back. With a stride the border also lies between the entries.
"""

from __future__ import annotations

import sympy as sp

from numeric.lowering.access import affine
from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index, Within
from symbolic.program.tensors import Tensor, computed


def padded(program: Program) -> Program:
    """The program with windows over bordered tensors for guarded sums of products."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.reduce != "sum" or not eq.bound or not eq.guards or new.dtype != "real":
            return new
        for guard in eq.guards:
            eq = _bordered(eq, guard) if isinstance(guard, Within) else eq
        return new if eq is new.definition else redefined(new, eq)

    return rewritten(program, rule)


def _bordered(eq: Equation, guard: Within) -> Equation:
    """The equation without the guard, reading a bordered tensor; itself if no factor is read at the guarded position."""
    e, size = guard.args
    scale = sp.ilcm(1, 1, *(c.q for c, _ in (term.as_coeff_Mul() for term in sp.Add.make_args(e)) if c.is_Rational))
    terms = affine(sp.expand(e * scale))
    if terms is None or len(terms[1]) < 2 or not all(isinstance(step, int) for _, step in terms[1]):
        return eq
    for factor in sp.Mul.make_args(eq.body):
        if not isinstance(factor, Access) or e not in factor.indices:
            continue
        axis = factor.indices.index(e)
        if factor.tensor.extents[axis] != size:
            continue
        low = terms[0] + sum((step * (i.extent - 1) for i, step in terms[1] if step < 0), sp.S.Zero)
        high = terms[0] + sum((step * (i.extent - 1) for i, step in terms[1] if step > 0), sp.S.Zero)
        border = _border(factor.tensor, axis, sp.expand(low), sp.expand(high - low + 1), scale)
        indices = list(factor.indices)
        indices[axis] = sp.expand(e * scale - low)
        body = eq.body.xreplace({factor: border.access(*indices)})
        return equation(eq.indices, body, eq.bound, "sum", [g for g in eq.guards if g is not guard])
    return eq


def _border(t: Tensor, axis: int, low: sp.Expr, extent: sp.Expr, scale: int) -> Tensor:
    """``B[u] = t[(u + low) / scale]`` where that is inside ``t``, along one axis."""
    out = [Index(i.name, extent if a == axis else i.extent) for a, i in enumerate(t.fresh_indices())]
    read = [(i + low) / scale if a == axis else i for a, i in enumerate(out)]
    return computed(equation(out, t.access(*read), guards=[Within(read[axis], t.extents[axis])]))

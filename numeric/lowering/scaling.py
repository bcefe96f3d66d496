"""Scalars go where they are cheapest: η · Σ_k a[i, k] b[k, j] is computed as Σ_k (η a[i, k]) b[k, j], on the smaller factor.

A pointwise term with scalar factors and one access to a sum that nothing else reads gives the factors to that sum.
"""

from __future__ import annotations

from collections import Counter

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.tensors import Tensor


def sunk(program: Program) -> Program:
    """The program with scalar factors moved into the contractions that they multiply."""
    uses = Counter(
        a.tensor.serial for t in program.steps if isinstance(t.definition, Equation) for a in t.definition.accesses
    )
    kept = {t.serial for t in program.results}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.bound or eq.reduce != "sum":
            return new
        mapping = {}
        for term in sp.Add.make_args(eq.body):
            scalars = [f for f in sp.Mul.make_args(term) if not f.has(Index) and f != -1]
            rest = [f for f in sp.Mul.make_args(term) if f.has(Index)]
            if not scalars or len(rest) != 1 or not isinstance(rest[0], Access):
                continue
            u = rest[0].tensor
            single = uses[u.serial] == 1 and u.serial not in kept and u.name is None
            single = single and u.dtype == "real"  # A sum of integers stays one.
            if single and isinstance(u.definition, Equation) and u.definition.bound and u.definition.reduce == "sum":
                d = u.definition
                scaled = redefined(u, Equation(d.indices, sp.Mul(*scalars, d.body), d.bound, "sum", d.guards))
                uses[scaled.serial] = 1
                sign = -1 if sp.S.NegativeOne in sp.Mul.make_args(term) else 1
                mapping[term] = sign * scaled.access(*rest[0].indices)
        if not mapping:
            return new
        body = sp.Add(*(mapping.get(term, term) for term in sp.Add.make_args(eq.body)))
        return redefined(new, Equation(eq.indices, body, (), "sum", eq.guards))

    return rewritten(program, rule)

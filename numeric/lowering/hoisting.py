"""What an equation computes over fewer indices than it has is computed apart, once.

    H[i, j] = e^(x[i] − L) · e^(x[j] − L)      becomes      p[i] = e^(x[i] − L),   H[i, j] = p[i] · p[j]

The parts of a sum or product that share a smaller set of indices stay together.
"""

from __future__ import annotations

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.tensors import Tensor, computed


def hoisted(program: Program) -> Program:
    """The program with subexpressions over fewer indices as equations of their own."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.bound or eq.guards or eq.reduce != "sum" or new.dtype != "real":
            return new
        everything = frozenset(i for i in eq.indices if i.extent != 1 and eq.body.has(i))
        if len(everything) < 2:
            return new
        body = _apart(eq.body, eq, everything)
        return new if body is eq.body else redefined(new, Equation(eq.indices, body))

    return rewritten(program, rule)


def _apart(e: sp.Expr, eq: Equation, everything: frozenset[Index]) -> sp.Expr:
    """The expression with its smaller parts replaced by accesses to new tensors."""
    if isinstance(e, Access) or not e.args:
        return e
    found = frozenset(e.atoms(Index))
    if found < everything:
        return _tensor(e, eq, found)
    if not (e.is_Add or e.is_Mul):
        args = [_apart(a, eq, everything) if isinstance(a, sp.Expr) else a for a in e.args]
        return e if all(a is b for a, b in zip(args, e.args, strict=True)) else e.func(*args)
    groups: dict[frozenset[Index], list[sp.Expr]] = {}
    for a in e.args:
        groups.setdefault(frozenset(a.atoms(Index)), []).append(a)
    parts = []
    for key, members in groups.items():
        if key and key < everything:
            parts.append(_tensor(e.func(*members), eq, key))
        else:
            parts += [_apart(a, eq, everything) for a in members]
    return e.func(*parts)


def _tensor(e: sp.Expr, eq: Equation, found: frozenset[Index]) -> sp.Expr:
    """An access to a tensor that holds ``e``, unless ``e`` is too small to be worth a line."""
    accesses = e.atoms(Access)
    if not found or not accesses or isinstance(e, (Access, Index)) or (len(accesses) == 1 and -e in accesses):
        return e
    indices = tuple(i for i in eq.indices if i in found)
    return computed(Equation(indices, e)).access(*indices)

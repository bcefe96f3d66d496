"""Equations written into the equations that read them, so that no array is made which only one line needs.

    rearrangements (one access, no arithmetic) and constants     into every reader
    unnamed pointwise equations with one reader                  into that reader
    a sum that another one only sums further                     into that sum

What a user named keeps its line. A pointwise equation goes into a sum only as a single factor, so that a contraction stays one.
"""

from __future__ import annotations

from collections import Counter

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Quotient, Remainder, renamed
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

LONGEST = 40  # Nodes of a fused body; longer lines are hard to read and slow to build.


def fused(program: Program) -> Program:
    """The program with its small equations inlined into their readers."""
    uses = Counter(access.tensor.serial for t in program.steps for access in _accesses(t))
    uses.update(u.serial for t in program.steps if isinstance(t.definition, Application) for u in t.operands)
    kept = {t.serial for t in program.results}
    uses.update(t.serial for t in program.results)
    single = {serial for serial, count in uses.items() if count == 1 and serial not in kept}
    alive = {t.serial: t.serial in single for t in program.steps}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        if t.serial in alive:
            alive[new.serial] = alive[t.serial]
        if not isinstance(new.definition, Equation):
            return new
        new = _flattened(new, alive)
        for _ in range(8):
            mapping = _mapping(new, alive)
            if not mapping:
                break
            eq = new.definition
            guards = [g.func(*(x.xreplace(mapping) for x in g.args)) for g in eq.guards]
            build = Equation if eq.reduce.startswith("arg") else equation
            new = redefined(new, build(eq.indices, renamed(eq.body, mapping), eq.bound, eq.reduce, tuple(guards)))
            alive[new.serial] = alive.get(t.serial, False)
        return new

    return rewritten(program, rule)


def _flattened(t: Tensor, single: dict[int, bool]) -> Tensor:
    """``Σ_p c · Σ_i f`` as one sum over p and i, if nothing else reads the inner one."""
    eq = t.definition
    if eq.reduce != "sum" or not eq.bound or eq.guards:
        return t
    coefficient, rest = eq.body.as_coeff_Mul()
    inner = rest.tensor.definition if isinstance(rest, Access) else None
    if (
        not isinstance(inner, Equation) or inner.reduce != "sum" or not inner.bound or inner.guards
        or not single.get(rest.tensor.serial, False) or rest.tensor.name is not None
    ):  # fmt: skip
        return t
    inside = inner.at(rest.indices)
    return redefined(t, equation(eq.indices, coefficient * inside.body, (*eq.bound, *inside.bound)))


def _accesses(t: Tensor) -> tuple[Access, ...]:
    return t.definition.accesses if isinstance(t.definition, Equation) else ()


def _mapping(reader: Tensor, single: dict[int, bool]) -> dict[Access, sp.Expr]:
    """What stands for the reader's accesses in its body, of those that are inlined."""
    eq = reader.definition
    in_index = {inner for a in eq.accesses for i in a.indices for inner in i.atoms(Access)}
    size = _size(eq.body)
    found = {a: _inlined(a, reader, single, a in in_index, size) for a in eq.accesses}
    return {a: body for a, body in found.items() if body is not None}


def _inlined(access: Access, reader: Tensor, single: dict[int, bool], in_index: bool, size: int) -> sp.Expr | None:
    """What stands for the access in the body of the reader, which has ``size`` nodes, or None to keep it."""
    u = access.tensor
    eq = u.definition
    if not isinstance(eq, Equation) or eq.bound or eq.guards or eq.reduce != "sum":
        return None
    once = single.get(u.serial, False)
    if in_index and u.dtype != "int":
        return None
    if u.dtype != "real" and reader.definition.body is not access and not once:
        return None
    if not eq.accesses and u.dtype == "real":
        return _at(eq, access)
    if isinstance(eq.body, Access) and (u.dtype == eq.body.tensor.dtype):
        return _rearranged(eq, access, once)
    if not once or u.name is not None or u.dtype != "real" or reader.dtype != "real":
        return None
    if _size(eq.body) + size > LONGEST:
        return None
    outer = reader.definition
    if outer.bound and eq.body.is_Add and isinstance(outer.body, sp.Mul) and _numeric(outer.body, access):
        return None
    return _at(eq, access)


def _numeric(body: sp.Expr, access: Access) -> bool:
    """Whether the body is a number times the access, which SymPy would multiply out."""
    return all(f == access or f.is_number for f in body.args)


def _rearranged(eq: Equation, access: Access, once: bool) -> sp.Expr | None:
    body = _at(eq, access)
    nested = any(e.has(Access) for e in eq.body.indices)
    merged_twice = any(e.has(Quotient, Remainder) for e in access.indices) and any(
        e.has(Quotient, Remainder) for e in body.indices
    ) and any(e.has(Quotient, Remainder) for e in eq.body.indices)  # fmt: skip
    if merged_twice or (nested and not once):
        return None
    return body


def _at(eq: Equation, access: Access) -> sp.Expr:
    return renamed(eq.body, dict(zip(eq.indices, access.indices, strict=True)))


def _size(e: sp.Expr) -> int:
    count, stack = 0, [e]
    while stack:
        f = stack.pop()
        count += 1
        if not isinstance(f, Access):
            stack.extend(f.args)
    return count

"""Common equations are computed once, copies not at all.

Two equations are the same if they coincide after their indices are renamed canonically: output indices by place, bound
indices by how they are used. Tensors are walked operands first, so equality of whole subprograms follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import sympy as sp

from numeric.lowering.program import Program
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, renamed
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor


def collected(arguments: Iterable[Tensor], outputs: Iterable[Tensor], updates=()) -> Program:
    """The program that computes ``outputs`` from ``arguments``, in order of definition."""
    arguments, outputs, updates = tuple(arguments), tuple(outputs), tuple(updates)
    given = {t.serial for t in arguments}
    order = topological((*outputs, *(new for _, new in updates)), stop=lambda t: t.serial in given)
    steps = tuple(t for t in order if t.definition is not None and t.serial not in given)
    return Program(arguments, outputs, steps, updates)


def cut(program: Program) -> Program:
    """The program with arguments that the source computes as plain ones: no rewrite looks behind what is given."""
    plain = {t.serial: _given(t) for t in program.arguments if t.definition is not None}
    if not plain:
        return program
    replaced = dict(plain)
    for t in program.steps:
        replaced[t.serial] = with_operands(t, replaced)
    arguments = [replaced.get(t.serial, t) for t in program.arguments]
    updates = [(replaced.get(w.serial, w), replaced.get(new.serial, new)) for w, new in program.updates]
    return collected(arguments, [replaced.get(t.serial, t) for t in program.outputs], updates)


def _given(t: Tensor) -> Tensor:
    return Tensor(t.name, t.extents, dtype=t.dtype, role="input", assume=t.assume)


def rewritten(program: Program, rule: Callable[[Tensor, dict[int, Tensor]], Tensor | None]) -> Program:
    """The program with every step replaced by ``rule(step, replaced)``, where ``replaced`` maps earlier serials.

    A rule returns the tensor that stands for the step, or None for the step with its operands replaced.
    """
    replaced: dict[int, Tensor] = {}
    for t in program.steps:
        new = rule(t, replaced)
        if new is None:
            new = with_operands(t, replaced)
        if new is not t:
            replaced[t.serial] = new

    def final(t: Tensor) -> Tensor:
        return replaced.get(t.serial, t)

    updates = [(w, final(new)) for w, new in program.updates]
    return collected(program.arguments, map(final, program.outputs), updates)


def with_operands(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
    """The step reading replaced operands; itself if none is."""
    definition = substituted(t.definition, replaced)
    return t if definition is t.definition else redefined(t, definition)


def redefined(t: Tensor, definition) -> Tensor:
    """A tensor like ``t`` with another definition."""
    new = Tensor(t.name, t.extents, dtype=t.dtype, definition=definition, assume=t.assume)
    new.origin = t.origin
    return new


def substituted(definition, replaced: dict[int, Tensor]):
    """A definition with its operands replaced."""
    moved = {u.handle: replaced[u.serial].handle for u in definition.operands if u.serial in replaced}
    if not moved:
        return definition
    if isinstance(definition, Application):
        operands = tuple(replaced.get(u.serial, u) for u in definition.operands)
        return Application(definition.primitive, operands, definition.options)
    return Equation(
        definition.indices,
        renamed(definition.body, moved),
        definition.bound,
        definition.reduce,
        tuple(g.xreplace(moved) for g in definition.guards),
    )


def shared(program: Program) -> Program:
    """Each equation once; a tensor that only copies another is that other."""
    seen: dict[tuple, Tensor] = {}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor | None:
        new = with_operands(t, replaced)
        original = copied(new)
        if original is not None:
            return original
        return seen.setdefault(key(new), new)

    return rewritten(program, rule)


def copied(t: Tensor) -> Tensor | None:
    """The tensor that ``t`` is a mere copy of."""
    eq = t.definition
    if not isinstance(eq, Equation) or eq.bound or eq.guards or not isinstance(eq.body, Access):
        return None
    source = eq.body.tensor
    if eq.body.indices == eq.indices and source.dtype == t.dtype and source.extents == t.extents:
        return source
    return None


def key(t: Tensor) -> tuple:
    """What equal definitions have in common."""
    d = t.definition
    if isinstance(d, Application):
        return d.primitive.name, d.options, tuple(u.serial for u in d.operands)
    mapping = {i: _canonical("o", place, i.extent) for place, i in enumerate(d.indices)}
    bound = sorted(d.bound, key=lambda k: _usage(d, k)) if len(d.bound) > 1 and d.reduce[:3] != "arg" else d.bound
    mapping |= {k: _canonical("b", place, k.extent) for place, k in enumerate(bound)}
    guards = frozenset(g.xreplace(mapping) for g in d.guards)
    extents = tuple(k.extent for k in bound)
    return t.dtype, t.extents, extents, d.reduce, renamed(d.body, mapping), guards


@cache
def _canonical(role: str, place: int, extent: sp.Expr) -> Index:
    return Index(f"{role}{place}", extent)


def _usage(eq: Equation, k: Index) -> tuple:
    """How a bound index is used, told without names."""
    uses = sorted((a.tensor.serial, axis) for a in eq.accesses for axis, e in enumerate(a.indices) if e.has(k))
    return str(k.extent), uses

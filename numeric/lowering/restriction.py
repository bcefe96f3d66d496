"""Only what is read is computed: a tensor of which all readers take the same stretch of an axis is made over that stretch.

    s[i, j] = Σ_k h[i, k] w[k, j],   y[j] = s[n − 1, j]      becomes      s[j] = Σ_k h[n − 1, k] w[k, j]

The last row of a model's scores then needs no other row of its last layers. Axes of named dimensions stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import collected
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index, renamed
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

Range = tuple[int, int]


def restricted(program: Program) -> Program:
    """The program whose steps are computed where something reads them."""
    ranges = _read_ranges(program)
    if not ranges:
        return program
    new: dict[int, Tensor] = {}
    for t in program.steps:
        eq = t.definition
        if isinstance(eq, Application):
            operands = tuple(new.get(u.serial, u) for u in eq.operands)
            moved = any(a is not b for a, b in zip(operands, eq.operands, strict=True))
            definition = Application(eq.primitive, operands, eq.options) if moved else eq
        else:
            definition = _moved(t, eq, ranges, new)
        if definition is not eq:
            extents = [i.extent for i in definition.indices] if isinstance(definition, Equation) else t.extents
            new[t.serial] = Tensor(t.name, extents, dtype=t.dtype, definition=definition, assume=t.assume)
            new[t.serial].origin = t.origin
    updates = [(w, new.get(u.serial, u)) for w, u in program.updates]
    return collected(program.arguments, [new.get(t.serial, t) for t in program.outputs], updates)


def _read_ranges(program: Program) -> dict[tuple[int, int], Range]:
    """(first, end) of what is read of an axis of a step, where that is not the whole."""
    whole = {t.serial for t in program.results}
    found: dict[tuple[int, int], Range] = {}
    steps = {t.serial for t in program.steps}
    for t in reversed(program.steps):
        eq = t.definition
        if not isinstance(eq, Equation):
            whole |= {u.serial for u in eq.operands}
            continue
        own = {i: found[t.serial, axis] for axis, i in enumerate(eq.indices) if _is_part(t, axis, found, whole)}
        for access in eq.accesses:
            u = access.tensor
            if u.serial not in steps:
                continue
            for axis, (e, size) in enumerate(zip(access.indices, u.extents, strict=True)):
                if size.is_Integer:
                    first, end = _range(e, int(size), own)
                    before = found.get((u.serial, axis), (first, end))
                    found[u.serial, axis] = min(first, before[0]), max(end, before[1])
    tensors = {t.serial: t for t in program.steps}
    return {key: r for key, r in found.items() if _is_part(tensors[key[0]], key[1], found, whole)}


def _is_part(t: Tensor, axis: int, found: Mapping[tuple[int, int], Range], whole: set[int]) -> bool:
    first, end = found.get((t.serial, axis), (0, 0))
    return t.serial not in whole and 0 < end - first < t.extents[axis]


def _range(e: sp.Expr, size: int, own: Mapping[Index, Range]) -> Range:
    """Where ``e`` lies on an axis: a constant, or an index and a constant; anything else may lie anywhere."""
    constant, rest = e.as_coeff_Add()
    if not constant.is_Integer or not (rest == 0 or isinstance(rest, Index)):
        return 0, size
    if rest == 0:
        first, end = 0, 1
    elif rest in own:
        first, end = own[rest]
    elif rest.extent.is_Integer:
        first, end = 0, int(rest.extent)
    else:
        return 0, size
    first, end = max(first + int(constant), 0), min(end + int(constant), size)
    return (first, end) if first < end else (0, size)


def _moved(t: Tensor, eq: Equation, ranges: Mapping[tuple[int, int], Range], new: Mapping[int, Tensor]) -> Equation:
    """The equation over the part of its axes that is read, reading the parts of others."""
    mapping: dict[sp.Basic, sp.Expr] = {}
    indices = list(eq.indices)
    for axis, i in enumerate(eq.indices):
        if (t.serial, axis) in ranges:
            first, end = ranges[t.serial, axis]
            indices[axis] = Index(i.name, sp.Integer(end - first))
            mapping[i] = indices[axis] + first
    if not mapping and not any(u.serial in new for u in eq.operands):
        return eq
    # An index may be read from an integer tensor, so accesses nest: the inner ones first.
    for access in sorted(eq.accesses, key=lambda a: len(a.atoms(Access))):
        u = access.tensor
        read = [
            sp.expand(e.xreplace(mapping) - ranges[u.serial, axis][0])
            if (u.serial, axis) in ranges
            else e.xreplace(mapping)
            for axis, e in enumerate(access.indices)
        ]
        mapping[access] = new.get(u.serial, u).access(*read)
    guards = tuple(g.func(*(a.xreplace(mapping) for a in g.args)) for g in eq.guards)
    build = Equation if eq.reduce.startswith("arg") else equation
    return build(tuple(indices), renamed(eq.body, mapping), eq.bound, eq.reduce, guards)

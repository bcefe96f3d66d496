"""Lowering: a program of equations becomes an array program. The pipeline is ``prepared`` and ``lowered``, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import sympy as sp

from numeric.lowering.building import Builder
from numeric.lowering.equations import absorbed, compute, compute_onto
from numeric.lowering.fusion import fused
from numeric.lowering.hoisting import hoisted
from numeric.lowering.kernels import Kernel, grouped
from numeric.lowering.narrowing import narrowed
from numeric.lowering.padding import padded
from numeric.lowering.program import ArrayProgram, Line, Program, Value
from numeric.lowering.restriction import restricted
from numeric.lowering.scaling import sunk
from numeric.lowering.sharing import collected, cut, shared
from numeric.lowering.sizes import resized
from numeric.lowering.stability import stabilised
from numeric.lowering.structure import structured
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

__all__ = ["ArrayProgram", "Line", "Program", "Value", "lowered", "prepared", "sized"]


def prepared(arguments: Iterable[Tensor], outputs: Iterable[Tensor], updates=()) -> Program:
    """The equations that compute ``outputs`` from ``arguments``, shared, stable and fused: what a back end reads."""
    program = cut(collected(arguments, outputs, updates))
    for rewrite in (shared, fused, structured, narrowed, shared, stabilised, sunk, fused, hoisted, restricted, shared):
        program = rewrite(program)
    return program


def sized(
    program: Program,
    sizes: Mapping[sp.Symbol, int],
    samples: sp.Symbol,
    counted: Mapping[sp.Symbol, int] | None = None,
) -> Program:
    """A prepared program with numbers for dimensions (see ``resized``), prepared again where that can tell something new.

    Other numbers than 1 for the axis of ``samples`` do not: nothing is read at places of its own there.
    """
    small = resized(program, sizes, counted)
    if all(s == samples and n != 1 for s, n in sizes.items()):
        return small
    return prepared(small.arguments, small.outputs, small.updates)


def lowered(
    program: Program,
    elementary: bool = False,
    leading: Callable[[Equation], int] | None = None,
    cheap: Collection[type] = (),
) -> ArrayProgram:
    """The array operations that compute a prepared program; ``elementary`` breaks pointwise bodies into single calls.

    With ``leading`` and ``cheap`` (see ``grouped``) what is no matrix product and no dear function is gathered into kernels.
    """
    program = padded(program)
    b = Builder(elementary)
    arguments = tuple(b.leaf(t) for t in program.arguments)
    constants = tuple(b.leaf(t) for t in program.constants)
    onto = _absorbed(program) if leading is None else {}
    inside = {a.tensor.serial for deltas in onto.values() for a in deltas}
    for t in program.steps if leading is None else grouped(program, leading, cheap):
        if isinstance(t, Kernel):
            _looped(b, t)
        elif t.serial in onto:
            b.values[t.serial] = compute_onto(b, t.definition, t.dtype, onto[t.serial])
        elif t.serial not in inside:
            b.values[t.serial] = _computed(b, t)
    outputs = tuple(b.values[t.serial] for t in program.outputs)
    updates = tuple((b.values[w.serial], b.values[new.serial]) for w, new in program.updates)
    steps = tuple((b.values[t.serial], t) for t in program.steps if t.serial in b.values)
    return ArrayProgram(arguments, constants, tuple(b.lines), outputs, updates, steps)


def _looped(b: Builder, kernel: Kernel) -> None:
    """One line for a kernel: it fills blank arrays and its target, and each blank is known as filled only after it."""
    *others, last = kernel.results
    blanks = [b.emit("blank", (), t.extents, t.dtype, serial=t.serial) for t in others]
    operands = (*(b.values[t.serial] for t in kernel.reads), *blanks)
    done = b.emit("kernel", operands, last.extents, last.dtype, kernel=kernel)
    for t, blank in zip(others, blanks, strict=True):
        b.values[t.serial] = b.emit("filled", (blank, done), t.extents, t.dtype)
    b.values[last.serial] = done


def _absorbed(program: Program) -> dict[int, list[Access]]:
    """For each sum the deltas that are added to it in place rather than made on their own."""
    uses = Counter(u.serial for t in program.steps for u in t.operands)
    uses.update(t.serial for t in program.results)
    single = {serial for serial, count in uses.items() if count == 1}
    found = {}
    for t in program.steps:
        if isinstance(t.definition, Equation) and t.dtype == "real":
            deltas = absorbed(t.definition, single)
            if deltas:
                found[t.serial] = deltas
    return found


def _computed(b: Builder, t: Tensor) -> Value:
    if isinstance(t.definition, Application):
        d = t.definition
        operands = tuple(b.values[u.serial] for u in d.operands)
        return b.emit("primitive", operands, t.extents, t.dtype, template=d.primitive.numpy, given=d.options)
    return compute(b, t.definition, t.dtype)

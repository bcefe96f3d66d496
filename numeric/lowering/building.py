"""Making an array program: lines are appended once, and the same operation on the same operands is the same value."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from numeric.lowering.program import Labelled, Line, Value
from symbolic.program.expressions import Index
from symbolic.program.tensors import Tensor

GUESS = 64  # What a named dimension counts when orders of contraction are compared.


class Builder:
    """Collects the lines of one array program; ``elementary`` asks for pointwise bodies as single calls."""

    def __init__(self, elementary: bool = False):
        self.elementary = elementary
        self.lines: list[Line] = []
        self.values: dict[int, Value] = {}
        self.made: dict[int, Line] = {}
        self._known: dict[tuple, Value] = {}
        self._numbers = itertools.count()

    def leaf(self, t: Tensor) -> Value:
        """The value of an argument or constant."""
        return self.values.setdefault(t.serial, Value(next(self._numbers), t.extents, t.dtype, t))

    def emit(
        self, operation: str, operands: Sequence[Value], extents: Iterable[sp.Expr], dtype: str, **options: Any
    ) -> Value:
        """The value of an operation, with the line that computes it appended if it is new."""
        given, extents = tuple(sorted(options.items())), tuple(extents)
        key = (operation, tuple(v.number for v in operands), given, extents)
        if key not in self._known:
            target = Value(next(self._numbers), extents, dtype)
            line = Line(target, operation, tuple(operands), given)
            self.made[target.number] = line
            self.lines.append(line)
            self._known[key] = target
        return self._known[key]

    # -- labelled arrays ------------------------------------------------------------------------------------------------

    def aligned(self, x: Labelled, order: Sequence[Index]) -> Value:
        """The array with axes in the order of ``order``, a 1 for each missing index after its first axis."""
        present = [i for i in order if i in x.indices]
        x = self.transposed(x, present)
        if not present:
            return x.value
        spread = order[order.index(present[0]) :]
        if len(spread) == len(present):
            return x.value
        extents = [i.extent if i in x.indices else sp.S.One for i in spread]
        axes = tuple(position for position, i in enumerate(spread) if i not in x.indices)
        return self.emit("expand", (x.value,), extents, x.value.dtype, axes=axes)

    def transposed(self, x: Labelled, order: Sequence[Index]) -> Labelled:
        """The array with its axes in another order."""
        permutation = tuple(x.indices.index(i) for i in order)
        if permutation == tuple(range(len(permutation))):
            return x
        source = self.made.get(x.value.number)
        if source is not None and source.operation == "transpose":
            inner = source["axes"]
            original = Labelled(source.operands[0], tuple(x.indices[inner.index(a)] for a in range(len(inner))))
            return self.transposed(original, order)
        extents = [x.value.extents[a] for a in permutation]
        value = self.emit("transpose", (x.value,), extents, x.value.dtype, axes=permutation)
        return Labelled(value, tuple(order))

    def spread(self, x: Labelled, order: Sequence[Index]) -> Value:
        """The array over exactly the indices ``order``, repeated along those that it lacks."""
        value = self.aligned(x, order)
        extents = tuple(i.extent for i in order)
        if len(x.indices) == len(order):
            return value
        return self.emit("broadcast", (value,), extents, value.dtype)

    def grouped(self, x: Labelled, groups: Sequence[Sequence[Index]]) -> Value:
        """The array with one axis per group of indices (an empty group is an axis of extent 1)."""
        flat = [i for group in groups for i in group]
        value = self.transposed(x, flat).value
        if all(len(group) == 1 for group in groups):
            return value
        if self.elementary and self._overlaps(value):
            value = self.emit("pack", (value,), value.extents, value.dtype)
        return self.reshaped(value, [sp.Mul(*(i.extent for i in group)) for group in groups])

    def _overlaps(self, value: Value) -> bool:
        """Whether a value is a view of windows, whose entries must be copied before axes can be merged."""
        while (line := self.made.get(value.number)) is not None and line.operation in ("transpose", "index", "windows"):
            if line.operation == "windows":
                return True
            value = line.operands[0]
        return False

    def reshaped(self, value: Value, extents: Iterable[sp.Expr]) -> Value:
        """The entries in C order under another shape."""
        extents = tuple(extents)
        if extents == value.extents:
            return value
        return self.emit("reshape", (value,), extents, value.dtype, shape=extents)

    def cast(self, value: Value, dtype: str) -> Value:
        """The value with another kind of numbers."""
        if value.dtype == dtype:
            return value
        return self.emit("cast", (value,), value.extents, dtype, kind=dtype)


def estimate(extent: sp.Expr) -> int:
    """A number for an extent: itself, or a guess for named dimensions."""
    if extent.is_Integer:
        return int(extent)
    value = extent.xreplace({s: sp.Integer(GUESS) for s in extent.free_symbols})
    return max(int(value), 1) if value.is_number else GUESS


def entries(indices: Iterable[Index]) -> int:
    """How many points a set of indices has, by estimate."""
    total = 1
    for i in indices:
        total *= estimate(i.extent)
    return total

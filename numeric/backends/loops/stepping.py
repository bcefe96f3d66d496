"""Compiled training: one step, and whole epochs without Python between the steps.

A batch of one sample has a program of its own, in which sums over samples and their arrays are gone; all other sizes
share one. Both carry ``epoch``, which gathers a batch's rows, takes the step, and goes on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from numeric.backends.loops.compilation import compiled, require_numba
from numeric.backends.loops.scalars import Constants
from numeric.backends.loops.units import without_units
from numeric.backends.loops.writer import FLAGS, LoopWriter, module_header
from numeric.binding import as_array
from numeric.lowering import prepared
from numeric.lowering.program import Program
from numeric.lowering.sizes import resized


class LoopSteps:
    """The compiled steps of one training program.

    ``samples`` is the symbol of the sample axis; ``rate`` and ``count`` are the places of the learning rate and of the
    step's number among the program's arguments.
    """

    def __init__(self, program: Program, samples: sp.Symbol, dtype: np.dtype, rate: int, count: int):
        require_numba()
        self.program, self.samples, self.dtype = program, samples, dtype
        self.rate, self.count = rate, count
        self.batched = [k for k, t in enumerate(program.arguments) if t.extents and t.extents[0] == samples]
        written = {w.serial for w, _ in program.updates}
        self.numbers = [k for k, t in enumerate(program.arguments) if not t.extents and t.serial not in written]
        self.source = ""
        self._modules: dict[tuple, tuple[Any, list[Any]]] = {}

    def module(self, sizes: Mapping[sp.Symbol, int]) -> tuple[Any, list[Any]]:
        """The compiled module for these sizes, and the program's constants as arrays."""
        single = sizes.get(self.samples) == 1
        fixed = {s: n for s, n in sizes.items() if single or s != self.samples}
        key = tuple(sorted((str(s), n) for s, n in fixed.items()))
        if key not in self._modules:
            small = resized(self.program, fixed)
            program = without_units(prepared(small.arguments, small.outputs, small.updates))
            self.source = self._source(program, single)
            constants = [as_array(t, t.value, self.dtype) for t in program.constants]
            self._modules[key] = (compiled(self.source), constants)
        return self._modules[key]

    def trial(self) -> None:
        """Raise ``UnsupportedError`` if some part of the program has no loops."""
        LoopWriter(without_units(self.program), Constants()).write()

    def step(self, sizes: Mapping[sp.Symbol, int]):
        """The function that takes one step on (arguments) and returns the loss."""
        module, constants = self.module(sizes)
        numbers, real = self.numbers, self.dtype.type

        def run(*arguments: Any) -> float:
            ready = list(arguments)
            for k in numbers:
                ready[k] = real(ready[k])
            return module.computed(*ready, *constants)[0]

        return run

    def epoch(
        self, sizes: Mapping[sp.Symbol, int], arguments: Sequence[Any], order: np.ndarray, batch: int, rates: np.ndarray
    ) -> np.ndarray:
        """Steps over the rows of ``order`` in batches, one for each of ``rates``; the losses before each update."""
        module, constants = self.module({**sizes, self.samples: 1 if batch == 1 else 2})
        ready = [np.ascontiguousarray(a) if k in self.batched else a for k, a in enumerate(arguments)]
        for k in self.numbers:
            ready[k] = self.dtype.type(ready[k])
        return module.epoch(*ready, *constants, np.ascontiguousarray(order, np.int64), batch, rates.astype(self.dtype))

    def _source(self, program: Program, single: bool) -> str:
        constants = Constants()
        writer = LoopWriter(program, constants)
        body = writer.write()
        return f"{module_header(self.dtype.name, constants)}\n\n{body}\n\n{self._epoch(writer, single)}"

    def _epoch(self, writer: LoopWriter, single: bool) -> str:
        """``epoch``, after the function that copies rows; arrays in C order are flattened without a copy."""
        names = [writer.names[t.serial] for t in writer.program.arguments]
        rest = [writer.names[t.serial] for t in writer.program.constants]
        passed = list(names)
        lines = [
            "losses = np.empty(rates.shape[0], np.float64)",
            "for b in range(rates.shape[0]):",
            "    rows = order[b * batch : min((b + 1) * batch, order.shape[0])]",
        ]
        for k in self.batched:
            passed[k] = f"g{k}"
            if single:
                lines.append(f"    g{k} = {names[k]}[rows[0] : rows[0] + 1]")
                continue
            lines += [
                f"    g{k} = np.empty((rows.shape[0],) + {names[k]}.shape[1:], {names[k]}.dtype)",
                f"    gather(flat({names[k]}), rows, flat(g{k}))",
            ]
        passed[self.rate] = "rates[b]"
        passed[self.count] = f"{names[self.count]} + real(b)"
        lines += [f"    losses[b] = computed({', '.join([*passed, *rest])})[0]", "return losses"]
        head = [
            f"@njit(cache=True, error_model='numpy', fastmath={FLAGS})",
            f"def epoch({', '.join([*names, *rest, 'order', 'batch', 'rates'])}):",
        ]
        return "\n".join([*([] if single else [_GATHER]), *head, *("    " + line for line in lines)]) + "\n"


_GATHER = """\
@njit(cache=True)
def flat(a):
    return a.reshape((a.shape[0], a.size // a.shape[0]))


@njit(cache=True)
def gather(source, rows, target):
    for r in range(rows.shape[0]):
        row, to = source[rows[r]], target[r]
        for j in range(to.shape[0]):
            to[j] = row[j]


"""

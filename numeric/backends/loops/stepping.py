"""Compiled training: one step, and whole epochs without Python between the steps.

A batch of one sample has a program of its own, in which sums over samples and their arrays are gone; all other sizes
share one. A step and an epoch, which gathers a batch's rows, takes the step and goes on to the next, are compiled apart:
most runs call only one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from numeric.backends.loops.compilation import compiled, require_numba
from numeric.backends.loops.scalars import Constants
from numeric.backends.loops.threads import suited_to
from numeric.backends.loops.units import without_units
from numeric.backends.loops.writer import DTYPES, LoopWriter, head, module_header
from numeric.binding import as_array
from numeric.lowering import sized
from numeric.lowering.program import Program


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

    def module(self, sizes: Mapping[sp.Symbol, int], whole: bool) -> tuple[Any, list[Any]]:
        """The compiled module for these sizes, of one step or of whole epochs, and the program's constants as arrays."""
        single = sizes.get(self.samples) == 1
        fixed = {s: n for s, n in sizes.items() if single or s != self.samples}
        key = (whole, *sorted((str(s), n) for s, n in fixed.items()))
        if key not in self._modules:
            program = without_units(sized(self.program, fixed, self.samples))
            constants = Constants()
            writer = LoopWriter(program, constants)
            body = self._epoch(writer, single) if whole else writer.write()
            self.source = f"{module_header(self.dtype.name, constants)}\n\n{body}"
            self._modules[key] = (compiled(self.source), [as_array(t, t.value, self.dtype) for t in program.constants])
        return self._modules[key]

    def trial(self) -> None:
        """Raise ``UnsupportedError`` if some part of the program has no loops."""
        LoopWriter(without_units(self.program), Constants()).write()

    def step(self, sizes: Mapping[sp.Symbol, int]):
        """The function that takes one step on (arguments) and returns the loss."""
        module, constants = self.module(sizes, whole=False)
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
        module, constants = self.module({**sizes, self.samples: 1 if batch == 1 else 2}, whole=True)
        ready = [np.ascontiguousarray(a) if k in self.batched else a for k, a in enumerate(arguments)]
        for k in self.numbers:
            ready[k] = self.dtype.type(ready[k])
        order = np.ascontiguousarray(order, np.int64)
        widest = max((np.size(a) for k, a in enumerate(arguments) if k not in self.batched), default=0)
        with suited_to(batch * widest):
            losses = module.epoch(*ready, *constants, order, batch, rates.astype(self.dtype))
        return losses.astype(np.float64)

    def _epoch(self, writer: LoopWriter, single: bool) -> str:
        """``epoch``: for each batch, gather its rows, then the statements of the step."""
        statements, (loss,) = writer.statements()
        program, names = writer.program, dict(writer.names)
        passed = [names[t.serial] for t in (*program.arguments, *program.constants)]
        lines = ["first = b * batch", "rest = order.shape[0] - first", "size = batch if batch < rest else rest"]
        for k in self.batched:
            name, passed[k] = passed[k], f"d{k}"
            lines += [f"{name} = d{k}[order[b] : order[b] + 1]"] if single else _gathered(writer, k, name)
        for k, value in ((self.rate, "rates[b]"), (self.count, f"s{self.count} + real(b)")):
            name, passed[k] = passed[k], f"s{k}"
            lines.append(f"{name} = {value}")
        inside = [*lines, *statements, f"losses[b] = {loss}"]
        rows = [
            *head(f"epoch({', '.join([*passed, 'order', 'batch', 'rates'])})"),
            "    losses = np.empty((rates.shape[0],), real)",
            "    for b in range(rates.shape[0]):",
            *("        " + line for line in inside),
            "    return losses",
        ]
        return "\n".join(rows) + "\n"


def _gathered(writer: LoopWriter, k: int, name: str) -> list[str]:
    """Statements that copy the rows of one batch."""
    t = writer.program.arguments[k]
    inner = [writer.size(e) for e in t.extents[1:]]
    places = [f"g{k}_{axis}" for axis in range(len(inner))]
    rows = [f"{name}[{', '.join(['r', *places])}] = d{k}[{', '.join(['row', *places])}]"]
    for place, size in zip(reversed(places), reversed(inner), strict=True):
        rows = [f"for {place} in range({size}):", *("    " + row for row in rows)]
    shape = "".join(f"{size}, " for size in ["size", *inner])
    return [
        f"{name} = np.empty(({shape}), {DTYPES[t.dtype]})",
        "for r in range(size):", "    row = order[first + r]", *("    " + row for row in rows),
    ]  # fmt: skip

"""Compiled training: one step, and whole epochs without Python between the steps.

A batch of one sample has a program of its own, in which sums over samples and their arrays are gone; all other sizes
share one. A step and an epoch, which gathers a batch's rows, takes the step and goes on to the next, are compiled apart:
most runs call only one of them. The compiler is the one of ``machine``, or numba where a product is large enough for BLAS.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from numeric.backends.loops.compilation import compiled, require_machine, require_numba
from numeric.backends.loops.scalars import VECTORS, Constants
from numeric.backends.loops.threads import suited_to
from numeric.backends.loops.units import without_units
from numeric.backends.loops.writer import DTYPES, LoopWriter, head, module_header
from numeric.backends.machine.calls import Kernel, in_memory_order, whole_call
from numeric.backends.machine.objects import addresses, multiplication
from numeric.backends.machine.translation import function_tree, parameters
from numeric.binding import as_array
from numeric.lowering import sized
from numeric.lowering.program import Program
from symbolic.program.tensors import Tensor


class LoopSteps:
    """The compiled steps of one training program.

    ``samples`` is the symbol of the sample axis; ``rate`` and ``count`` are the places of the learning rate and of the
    step's number among the program's arguments.
    """

    def __init__(self, program: Program, samples: sp.Symbol, dtype: np.dtype, rate: int, count: int):
        require_machine()
        self.program, self.samples, self.dtype = program, samples, dtype
        self.rate, self.count = rate, count
        self.batched = [k for k, t in enumerate(program.arguments) if t.extents and t.extents[0] == samples]
        written = {w.serial for w, _ in program.updates}
        self.numbers = [k for k, t in enumerate(program.arguments) if not t.extents and t.serial not in written]
        self.updated = [k for k, t in enumerate(program.arguments) if t.serial in written]
        self.source = ""
        self._found: dict[tuple, Callable[..., None]] = {}

    def compiled(self, sizes: Mapping[sp.Symbol, int], whole: bool) -> Callable[..., None]:
        """One step, or whole epochs, for these sizes: a function of what ``_step`` and ``_epoch`` say and of the losses."""
        single = sizes.get(self.samples) == 1
        fixed = {s: n for s, n in sizes.items() if single or s != self.samples}
        key = (whole, *sorted((str(s), n) for s, n in fixed.items()))
        if key not in self._found:
            program = without_units(sized(self.program, fixed, self.samples))
            for compiler in (self._by_machine, self._by_numba):
                run = compiler(program, whole, single)
                if run is not None:
                    constants = [as_array(t, t.value, self.dtype) for t in program.constants]
                    self._found[key] = in_memory_order(functools.partial(run, constants), self.updated)
                    break
        return self._found[key]

    def _by_machine(self, program: Program, whole: bool, single: bool) -> Callable[..., None] | None:
        """Compiled for this processor, unless there is a product that is for BLAS."""
        cheap = frozenset(VECTORS) if self.dtype == np.float32 else frozenset()
        constants = Constants(vectors=True, cheap=cheap)
        writer = LoopWriter(program, constants)
        names, rows = self._epoch(writer, single) if whole else self._step(writer)
        if any("np.dot(" in row for row in rows):
            return None
        written = {w.serial for w, _ in program.updates}
        given = zip(names, (*program.arguments, *program.constants), strict=True)
        notes = [f"{name}: {_note(t, t.serial in written)}" for name, t in given]
        more = ["order: whole[:]", "batch: whole", "rates: real[:]"] if whole else []
        notes += [*more, "losses: real[:]", *(f"{name}: real" for name in constants.names.values())]
        text = f"def computed({', '.join(notes)}):\n" + "".join(f"    {row}\n" for row in rows)
        self.source = f"{text}\n\n# {', '.join(f'{name} = {value}' for value, name in constants.names.items())}\n"
        if any("product(" in row for row in rows):
            multiplication(self.dtype.name)
        place = addresses({"computed": text}, self.dtype.name, search=True)["computed"]
        call = whole_call(Kernel(place, tuple(parameters(function_tree(text)))), self.dtype.type)
        numbers = [_number(value) for value in constants.names]
        count = len(program.arguments)

        def run(fixed: Sequence[Any], *arguments: Any) -> None:
            call(*arguments[:count], *fixed, *arguments[count:], *numbers)

        return run

    def _by_numba(self, program: Program, whole: bool, single: bool) -> Callable[..., None]:
        """Compiled by numba, whose large products are BLAS's."""
        require_numba()
        constants = Constants()
        writer = LoopWriter(program, constants)
        names, rows = self._epoch(writer, single) if whole else self._step(writer)
        arguments = [*names, *(["order", "batch", "rates"] if whole else []), "losses"]
        body = [*head(f"computed({', '.join(arguments)})"), *(f"    {row}" for row in rows)]
        self.source = f"{module_header(self.dtype.name, constants)}\n\n" + "\n".join(body) + "\n"
        module, count = compiled(self.source), len(program.arguments)

        def run(fixed: Sequence[Any], *arguments: Any) -> None:
            widest = max((np.size(a) for k, a in enumerate(arguments[:count]) if k not in self.batched), default=0)
            with suited_to(int(arguments[count + 1]) * widest) if whole else contextlib.nullcontext():
                module.computed(*arguments[:count], *fixed, *arguments[count:])

        return run

    def trial(self) -> None:
        """Raise ``UnsupportedError`` if some part of the program has no loops."""
        LoopWriter(without_units(self.program), Constants()).write()

    def step(self, sizes: Mapping[sp.Symbol, int]):
        """The function that takes one step on (arguments) and returns the loss."""
        compiled_step = self.compiled(sizes, whole=False)
        numbers, real, losses = self.numbers, self.dtype.type, np.empty(1, self.dtype)

        def run(*arguments: Any) -> float:
            ready = list(arguments)
            for k in numbers:
                ready[k] = real(ready[k])
            compiled_step(*ready, losses)
            return losses[0]

        return run

    def epoch(
        self, sizes: Mapping[sp.Symbol, int], arguments: Sequence[Any], order: np.ndarray, batch: int, rates: np.ndarray
    ) -> np.ndarray:
        """Steps over the rows of ``order`` in batches, one for each of ``rates``; the losses before each update."""
        run = self.compiled({**sizes, self.samples: 1 if batch == 1 else 2}, whole=True)
        ready = list(arguments)
        for k in self.numbers:
            ready[k] = self.dtype.type(ready[k])
        losses = np.empty(len(rates), self.dtype)
        run(*ready, np.ascontiguousarray(order, np.int64), np.int64(batch), rates.astype(self.dtype), losses)
        return losses.astype(np.float64)

    def _step(self, writer: LoopWriter) -> tuple[list[str], list[str]]:
        """The names of the arguments and constants, and the rows of one step, which leaves its loss in ``losses``."""
        statements, (loss,) = writer.statements()
        program = writer.program
        names = [writer.names[t.serial] for t in (*program.arguments, *program.constants)]
        return names, [*statements, f"losses[0] = {loss}"]

    def _epoch(self, writer: LoopWriter, single: bool) -> tuple[list[str], list[str]]:
        """For each batch, gather its rows, then the statements of the step."""
        statements, (loss,) = writer.statements()
        program, names = writer.program, dict(writer.names)
        passed = [names[t.serial] for t in (*program.arguments, *program.constants)]
        lines = ["first = b * batch", "rest = order.shape[0] - first", "size = (batch if batch < rest else rest)"]
        for k in self.batched:
            name, passed[k] = passed[k], f"d{k}"
            lines += [f"{name} = d{k}[order[b] : order[b] + 1]"] if single else _gathered(writer, k, name)
        for k, value in ((self.rate, "rates[b]"), (self.count, f"s{self.count} + real(b)")):
            name, passed[k] = passed[k], f"s{k}"
            lines.append(f"{name} = {value}")
        inside = [*lines, *statements, f"losses[b] = {loss}"]
        return passed, ["count = rates.shape[0]", "for b in range(count):", *("    " + line for line in inside)]


def _note(t: Tensor, written: bool) -> str:
    """The annotation of an argument."""
    kind = {"real": "real", "int": "whole", "bool": "truth"}[t.dtype]
    if not t.extents:
        return f"{kind}[()]" if written else "real"
    return f"{kind}[{', '.join([':', *(str(e) if e.is_Integer else ':' for e in t.extents[1:])])}]"


def _number(text: str) -> float:
    """The number that a constant's text says."""
    return {"np.inf": np.inf, "-np.inf": -np.inf, "np.nan": np.nan}.get(text) or float(text)


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

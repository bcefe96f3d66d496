"""A training step as calls: tiles or BLAS for products, NumPy for dear functions, compiled kernels for everything between them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.backends.loops.compilation import compiled
from numeric.backends.loops.kernels import KernelSource, kernel_source, leading
from numeric.backends.loops.matrices import LARGE, SLIM, matrices
from numeric.backends.loops.scalars import VECTORS
from numeric.backends.numpy_steps import StepWriter
from numeric.backends.texts import ATOM, Text
from numeric.binding import as_array
from numeric.lowering import lowered
from numeric.lowering.exponentials import apart, normalised
from numeric.lowering.layout import laid_out
from numeric.lowering.program import ArrayProgram, Line, Program, Value
from numeric.lowering.sharing import shared


class KernelWriter(StepWriter):
    """Writes ``prepared(dtype)`` like ``StepWriter``, with calls of kernels; ``kernels`` are their sources by name."""

    def __init__(self, program: ArrayProgram, dtype: np.dtype, commented: bool = True, cheap: Collection[type] = ()):
        super().__init__(program, commented)
        self.precision, self.cheap = dtype.name, cheap
        self.kernels: dict[str, KernelSource] = {}
        self._known: dict[str, str] = {}

    def declare(self, v: Value, fallback: str = "argument") -> str:
        """The name of an argument; a number gets the arrays' precision, so that no kernel computes in another."""
        name = super().declare(v, fallback)
        if not v.ndim and v.dtype == "real" and all(v is not old for old, _ in self.program.updates):
            self.body.append(f"{name} = dtype({name})")
        return name

    def line(self, line: Line) -> None:
        """A blank needs no line and a filled one is the blank; a kernel is one call."""
        v = line.target
        if line.operation == "blank":
            self.texts[v.number] = Text(self.arrays[v.number], ATOM, v.dtype)
        elif line.operation == "filled":
            self.texts[v.number] = self.texts[line.operands[0].number]
        else:
            super().line(line)

    def into(self, line: Line, target: str) -> str:
        """A kernel's call: what it reads, what it writes, its numbers."""
        if line.operation != "kernel":
            return super().into(line, target)
        operands = [self.operand(v) for v in line.operands]
        over = operands.index(target) if target in operands else None
        source = kernel_source(line["kernel"], self.precision, over, self.cheap)
        name = self._known.get(source.text)
        if name is None:
            name = self._known[source.text] = self.names(None, "kernel")
            self.kernels[name] = source
        numbers = [self.constant(text) for text in source.numbers]
        read = [text for k, text in enumerate(operands) if k != over]
        return f"{name}({', '.join([*read, target, *numbers])})"

    def product(self, line: Line, operands: list[str], target: str) -> str:
        """A product in tiles of registers, or by BLAS where that is faster: vectors, slim matrices and large ones."""
        a, c = line.operands
        extents = [int(e) for e in (*line.target.extents[-2:], a.extents[-1])]
        if (
            a.ndim < 2 or a.ndim != c.ndim or a.ndim > 4 or a.extents[:-2] != c.extents[:-2]
            or min(extents[:-1]) < SLIM or math.prod(extents) > LARGE
        ):  # fmt: skip
            return super().product(line, operands, target)
        if a.ndim == 2:
            return f"product({', '.join(operands)}, {target})"
        added = "[None]" if a.ndim == 3 else ""
        return f"stack({', '.join(f'{text}{added}' for text in (*operands, target))})"

    def constant(self, text: str) -> str:
        """The name of a number of the step's precision, made once."""
        for name, made in self.kept.items():
            if made == f"{name} = dtype({text})":
                return name
        name = self.names(None, "c")
        self.kept[name] = f"{name} = dtype({text})"
        return name


def kernel_step(program: Program, dtype: np.dtype) -> tuple[Callable[[], Callable[..., Any]], str]:
    """What makes a step for one set of sizes, with arrays of its own, and the source.

    Kernels are compiled when first called, or come from the cache.
    """
    cheap = frozenset(VECTORS) if dtype == np.float32 else frozenset()
    program = laid_out(shared(apart(shared(normalised(program)), cheap)))
    arrays = lowered(program, elementary=True, leading=leading, cheap=cheap)
    writer = KernelWriter(arrays, dtype, cheap=cheap)
    text = writer.write()
    kernels = {name: compiled(source.text).kernel for name, source in writer.kernels.items()}
    if re.search(r"\b(product|stack)\(", text):
        module = matrices(dtype.name)
        kernels |= {"product": module.product, "stack": module.stack}
    prepared = function(text, "prepared", kernels)
    constants = [as_array(t, t.value, dtype) for t in program.constants]

    def made() -> Callable[..., Any]:
        run = prepared(dtype.type)
        return (lambda *arguments: run(*arguments, *constants)) if constants else run

    parts = [f"# {name}\n{source.text}" for name, source in writer.kernels.items()]
    return made, "\n\n".join([*parts, text])

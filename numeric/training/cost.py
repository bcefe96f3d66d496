"""What one step of training costs, counted in its array program before anything is run.

Convention. A contraction of extents m, n over k counts m·n·k multiplications and twice as many floating-point operations
(an addition with each). Every other arithmetic operation or function counts one per entry, e^x like a + b; a reduction or
running sum one per entry that it reads; a function of a square matrix of n rows n³. Views, gathers and copies count nothing.

Counted is the program that the NumPy back end runs: its working arrays include the columns of convolutions, which hold each
entry once for every window that it is in. Compiled loops keep only a part of these columns at a time (``loops.products``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from numeric.errors import DataError, OptionError
from numeric.lowering.buffers import VIEWS, stored
from numeric.lowering.program import ArrayProgram, Line, Value
from numeric.training.step import array_program, training_step
from symbolic import Tensor
from symbolic.program.dims import dim_symbol

_BYTES = {"int": 8, "bool": 1}


@dataclass(frozen=True)
class Cost:
    """Counts for one step on a batch; memory in bytes.

    ``parameters`` is the number of trained numbers; ``multiplications`` those of all contractions, ``flops`` all
    operations; ``working_memory`` bounds what the step's own arrays take, gradients included.
    """

    batch_size: int
    parameters: int
    multiplications: int
    flops: int
    parameter_memory: int
    state_memory: int
    batch_memory: int
    working_memory: int

    @property
    def memory(self) -> int:
        """All arrays together."""
        return self.parameter_memory + self.state_memory + self.batch_memory + self.working_memory

    def __str__(self) -> str:
        return "\n".join(
            [
                f"parameters      {self.parameters:,}",
                f"one step on a batch of {self.batch_size}",
                f"  multiplications in contractions  {self.multiplications:,}",
                f"  floating-point operations        {self.flops:,} (2 for each of these, 1 per entry for all else)",
                f"  memory                           {_size(self.memory)}: parameters {_size(self.parameter_memory)}, "
                f"state of the method {_size(self.state_memory)}, batch {_size(self.batch_memory)}, "
                f"working arrays at most {_size(self.working_memory)}",
            ]
        )


def step_cost(
    loss: Tensor,
    batch_size: int,
    sizes: Mapping[Any, int] | None = None,
    method: str = "sgd",
    dtype: str = "float64",
    **options: Any,
) -> Cost:
    """The cost of one step of ``method`` on the mean of a per-sample ``loss`` over a batch.

    ``sizes`` gives numbers to named dimensions (names or SymPy symbols). Further ``options`` are those of
    ``training_step``. Raises ``DataError`` for a dimension without a number.

    >>> from symbolic import tensor
    >>> W, x, y = tensor("W", "m n", role="parameter"), tensor("x", "n"), tensor("y", "m", role="target")
    >>> cost = step_cost(((W @ x - y) ** 2).sum(), 10, {"m": 2, "n": 3})  # W x, and its gradient: 2 · 3 · 10 each
    >>> cost.parameters, cost.multiplications
    (6, 140)
    """
    if method == "matrix":
        raise OptionError(
            "the cost of a step is counted for methods whose step is one program; a matrix step also factors n × n numbers"
        )
    numbers = {dim_symbol(k) if isinstance(k, str) else k: v for k, v in (sizes or {}).items()}
    step = training_step(loss, method=method, dtype=dtype, learning_rate=None, **options)
    program, (trained, data, states) = step.for_batch(batch_size, numbers)
    unknown = sorted({str(s) for t in program.arguments for e in t.extents for s in e.free_symbols})
    if unknown:
        raise DataError(f"step_cost: the dimension {unknown[0]} has no number; give sizes={{'{unknown[0]}': ...}}")
    arrays, item = array_program(program), step.dtype.itemsize

    def memory(values: Iterable[Tensor | Value]) -> int:
        return sum(_entries(v.extents) * _BYTES.get(v.dtype, item) for v in values)

    read = program.arguments[trained : trained + data]
    return Cost(
        batch_size=batch_size,
        parameters=sum(_entries(t.extents) for t in program.arguments[:trained]),
        multiplications=sum(_multiplications(line) for line in arrays.lines),
        flops=sum(_operations(line) for line in arrays.lines),
        parameter_memory=memory([*program.arguments[:trained], *(t for t in read if t.role == "parameter")]),
        state_memory=memory(program.arguments[trained + data : trained + data + states]),
        batch_memory=memory(t for t in read if t.role != "parameter"),
        working_memory=memory(_working(arrays)),
    )


def _working(arrays: ArrayProgram) -> list[Value]:
    """The kept buffers, and every array that has none and is no view."""
    storage = stored(arrays)
    loose = [
        line.target
        for line in storage.lines
        if line.operation not in VIEWS and line.target.number not in (*storage.place, *storage.into)
    ]
    return [*(b.value for b in storage.buffers), *loose]


def _multiplications(line: Line) -> int:
    if line.operation == "matmul":
        return _entries(line.target.extents) * int(line.operands[0].extents[-1])
    return _entries(line.operands[0].extents) if line.operation == "inner" else 0


def _operations(line: Line) -> int:
    products = _multiplications(line)
    if products:
        return 2 * products
    entries = _entries(line.target.extents)
    if line.operation in ("call", "multiply", "scale", "choose"):
        return entries
    if line.operation == "add":
        return entries * (len(line.operands) - 1)
    if line.operation == "pointwise":
        return entries * int(sp.count_ops(line["body"].xreplace({leaf: sp.Dummy() for leaf in line["leaves"]})))
    if line.operation in ("reduce", "cumulate"):
        return _entries(line.operands[0].extents)
    if line.operation == "primitive":
        return _entries(line.operands[0].extents) * int(line.operands[0].extents[-1])
    if line.operation in ("scatter", "increment"):
        return _entries(line.operands[0].extents)
    return 0


def _entries(extents: Iterable[sp.Expr]) -> int:
    return math.prod(int(e) for e in extents)


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.3g} GB"

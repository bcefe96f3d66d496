"""The two intermediate forms: a program of equations, and the array program that it becomes.

``Program`` is a list of equations after sharing and fusion: what a loop-nest back end reads. Every tensor of ``steps``
is computed once, in order, by its ``definition`` (an ``Equation`` or a primitive's ``Application``) from arguments,
constants and earlier steps; extents are integers or expressions in named dimensions. ``updates`` says that a step's
value is written over an argument's array (w ← w − η g) when its last reader is done.

``ArrayProgram`` is a list of whole-array operations in single assignment form: what the NumPy back end prints. An
operation has no side effect; that a buffer is reused or written in parts is the printer's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbolic.program.expressions import Index
from symbolic.program.tensors import Tensor


@dataclass(frozen=True)
class Program:
    """Equations in the order in which they are computed."""

    arguments: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    steps: tuple[Tensor, ...]
    updates: tuple[tuple[Tensor, Tensor], ...] = ()
    """Pairs (argument, step whose value replaces it)."""

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """The tensors that are read and neither computed nor given."""
        known = {t.serial for t in (*self.arguments, *self.steps)}
        read = [u for t in self.steps for u in t.operands] + list(self.results)
        return tuple({u.serial: u for u in read if u.serial not in known}.values())

    @property
    def results(self) -> tuple[Tensor, ...]:
        """Everything that must be computed: outputs and new values of updated arguments."""
        return (*self.outputs, *(new for _, new in self.updates))

    def __str__(self) -> str:
        return "\n".join(f"{t.label}{t.definition}" for t in self.steps)


@dataclass(frozen=True, eq=False)
class Value:
    """One array of an array program."""

    number: int
    extents: tuple[sp.Expr, ...]
    dtype: str
    tensor: Tensor | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.extents)


@dataclass(frozen=True)
class Line:
    """``target = operation(*operands, **options)``."""

    target: Value
    operation: str
    operands: tuple[Value, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, option: str) -> Any:
        return dict(self.options)[option]


@dataclass(frozen=True)
class ArrayProgram:
    """Whole-array operations, and which values are the arguments, outputs and updates."""

    arguments: tuple[Value, ...]
    constants: tuple[Value, ...]
    lines: tuple[Line, ...]
    outputs: tuple[Value, ...]
    updates: tuple[tuple[Value, Value], ...] = ()
    steps: tuple[tuple[Value, Tensor], ...] = ()
    """Which value is the array of which step of the program."""


@dataclass(frozen=True)
class Labelled:
    """A value whose axes run over the indices of an equation."""

    value: Value
    indices: tuple[Index, ...]

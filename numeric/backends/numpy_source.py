"""An array program as readable NumPy source: one table of operations, one function that writes them down.

An expression that one line reads is written into that line; everything else gets a generated name. The text of the equation
stands in a comment behind the line that finishes it.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable

import sympy as sp

from numeric.backends.arithmetic import Arithmetic
from numeric.backends.numpy_operations import NESTED, OPERATIONS, WRITTEN
from numeric.backends.remarks import Remarks
from numeric.backends.texts import ATOM, SUM, Text
from numeric.lowering.program import ArrayProgram, Line, Value
from symbolic.errors import UnsupportedError
from symbolic.program.tensors import Tensor

_WIDTH = 110
_RESERVED = frozenset(
    [
        "np",
        "jnp",
        "jax",
        "torch",
        "special",
        "linalg",
        "math",
        "dtype",
        "device",
        "as_strided",
        *keyword.kwlist,
        *keyword.softkwlist,
    ]
)

PREAMBLE = {
    "winner": '''\
def winner(x, axes, extreme):
    """Where, along the last axes in C order, the first of the extreme entries stands; a NaN is one."""
    best = extreme.reduce(x, axis=tuple(range(x.ndim - axes, x.ndim)))
    place = np.zeros(best.shape, np.uint8)
    missing = np.ones(best.shape, np.bool_)
    *most, _ = np.ndindex(x.shape[x.ndim - axes :])
    for at in most:
        entry = x[(..., *at)]
        missing &= (entry != best) & (entry == entry)
        place += missing
    return place.astype(np.int64)
''',
    "masked": '''\
def masked(x, keep, out):
    """x where ``keep`` holds, else 0, by the bits of its numbers: no branch for each entry."""
    bits = np.dtype(f"i{x.itemsize}")
    return np.bitwise_and(x.view(bits), np.negative(keep, dtype=np.int8, casting="unsafe"), out=out.view(bits))
''',
    "windows": '''\
def windows(x, axis, start, sizes, steps):
    """View of x with one axis replaced by several: x[start + sum of step * index]."""
    ends = [step * (size - 1) for size, step in zip(sizes, steps)]
    low, high = start + sum(min(e, 0) for e in ends), start + sum(max(e, 0) for e in ends)
    if 0 not in sizes and not 0 <= low <= high < x.shape[axis]:
        raise IndexError(f"positions {low} to {high} are outside an axis of extent {x.shape[axis]}")
    stride = x.strides[axis]
    shape = x.shape[:axis] + sizes + x.shape[axis + 1 :]
    strides = x.strides[:axis] + tuple(step * stride for step in steps) + x.strides[axis + 1 :]
    first = x[(slice(None),) * axis + (slice(start, None),)] if 0 not in shape else x
    return np.lib.stride_tricks.as_strided(first, shape, strides, writeable=False)
''',
    "logsumexp": '''\
def logsumexp(x, axis):
    """log of the sum of exponentials along axes, without overflow."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + np.squeeze(top, axis=axis)
''',
}


class Names:
    """Identifiers for generated code: a user's name where it is plain and free, else a generated one."""

    def __init__(self, functions: Iterable[str] = PREAMBLE):
        self.taken = {*_RESERVED, *functions}
        self.last: Counter[str] = Counter()  # number behind each fallback

    def __call__(self, wish: str | None, fallback: str) -> str:
        """A free identifier, ``wish`` if possible."""
        if wish and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", wish) and wish not in self.taken:
            self.taken.add(wish)
            return wish
        self.last[fallback] += 1
        while (name := f"{fallback}{self.last[fallback]}") in self.taken:
            self.last[fallback] += 1
        self.taken.add(name)
        return name


class Writer:
    """Writes the lines of an array program. Other targets say in these tables where they differ from NumPy."""

    target = "NumPy"
    operations = OPERATIONS
    written = WRITTEN
    preamble = PREAMBLE
    first_import = "import numpy as np"
    default_dtype = "np.float64"

    def __init__(self, program: ArrayProgram, commented: bool = True):
        self.commented = commented
        self.program = program
        self.names = Names(self.preamble)
        self.texts: dict[int, Text] = {}
        self.sizes: dict[sp.Symbol, str] = {}
        self.helpers: dict[str, None] = {}
        self.body: list[str] = []
        self.made = {line.target.number: line for line in program.lines}
        self.outputs = {v.number for v in program.outputs}
        self.remarks = Remarks()
        self.tensors = {v.number: t for v, t in reversed(program.steps)}
        self.uses = Counter(v.number for line in program.lines for v in line.operands)
        self.uses.update(v.number for v in program.outputs)
        for old, new in program.updates:
            self.uses.update((old.number, new.number))

    # -- texts ----------------------------------------------------------------------------------------------------------

    def size(self, e: sp.Expr) -> str:
        """An extent or number of dimensions as Python arithmetic."""
        return Arithmetic(self.sizes).text(sp.sympify(e, strict=True))

    def shape(self, extents: Iterable[sp.Expr]) -> str:
        """A shape tuple."""
        sizes = [self.size(e) for e in extents]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def dtype(self, kind: str) -> str:
        """The NumPy type of a kind of numbers."""
        return {"real": "dtype", "int": "np.int64", "bool": "np.bool_"}[kind]

    def operand(self, v: Value, level: int = SUM - 1) -> str:
        """The text of an operand, in parentheses where it must bind tighter."""
        return self.texts[v.number].within(level)

    # -- the function ---------------------------------------------------------------------------------------------------

    def write(self) -> str:
        """The whole source."""
        arguments = [self.declare(v) for v in self.program.arguments]
        constants = [self.declare(v, "constant") for v in self.program.constants]
        self.bind_sizes()
        for line in self.program.lines:
            self.line(line)
        returned = ", ".join(self.operand(v) for v in self.program.outputs)
        text = "\n".join([*self.body, f"return {returned}"])
        signature = ", ".join([*arguments, *constants, f"dtype={self.default_dtype}"])
        indented = "\n".join(f"    {row}" for row in text.splitlines())
        return self.with_header(f"def computed({signature}):\n{indented}")

    def with_header(self, text: str) -> str:
        """The text after the imports and functions that it needs."""
        header = [self.first_import]
        if "special." in text:
            header.append("from scipy import special")
        if re.search(r"(?<!np\.)\blinalg\.", text):
            header.append("from scipy import linalg")
        if "math." in text:
            header.insert(0, "import math")
        return "\n\n\n".join(["\n".join(header), *(self.preamble[h].rstrip() for h in self.helpers), text]) + "\n"

    def declare(self, v: Value, fallback: str = "argument") -> str:
        """The name of an argument or constant."""
        name = self.names(v.tensor.name if v.tensor is not None else None, fallback)
        self.texts[v.number] = Text(name, ATOM, v.dtype)
        return name

    def bind_sizes(self) -> None:
        """``m, n = W.shape`` for the dimensions that the arguments have."""
        for v in (*self.program.arguments, *self.program.constants):
            new = [e for e in v.extents if e.is_Symbol and e not in self.sizes]
            for e in dict.fromkeys(new):
                self.sizes[e] = self.names(e.name, "size")
            if not new:
                continue
            targets = [self.sizes[e] if e in new else "_" for e in v.extents]
            name = self.texts[v.number].code
            if len(targets) == 1 or targets.count("_") == len(targets) - 1:
                axis = next(a for a, target in enumerate(targets) if target != "_")
                self.body.append(f"{targets[axis]} = {name}.shape[{axis}]")
            else:
                self.body.append(f"{', '.join(targets)} = {name}.shape")
        for v in (*self.program.arguments, *self.program.constants):
            for axis, e in enumerate(v.extents):
                self._solve_size(e, f"{self.texts[v.number].code}.shape[{axis}]")

    def _solve_size(self, e: sp.Expr, shown: str) -> None:
        """``n = x.shape[0] - 1`` for an axis of extent n + 1 if nothing else tells n."""
        unknown = e.free_symbols - self.sizes.keys()
        if len(unknown) != 1:
            return
        (symbol,) = unknown
        given = sp.Symbol("given", integer=True, positive=True)
        found = sp.solve(e - given, symbol)
        if len(found) == 1:
            known = Arithmetic({**self.sizes, given: shown})
            self.sizes[symbol] = self.names(symbol.name, "size")
            whole, parts = sp.fraction(sp.together(found[0]))
            text = known.text(whole)
            if parts != 1:  # an exact quotient: the axis is a multiple
                text = f"{text if whole.is_Symbol else f'({text})'} // {known.text(parts)}"
            self.body.append(f"{self.sizes[symbol]} = {text}")

    def line(self, line: Line) -> None:
        """Write one operation, or keep its text for the line that reads it."""
        show = self.operations.get(line.operation)
        if show is None:
            raise UnsupportedError(f"the {self.target} back end does not know the operation {line.operation}")
        text = show(self, line)
        v = line.target
        text = Text(text.code, text.binds, v.dtype)
        short = len(text.code) < _WIDTH - 40
        once = self.uses[v.number] == 1
        tiny = line.operation in ("transpose", "expand") and text.binds == ATOM and len(text.code) < 24
        named = v.number in self.tensors and self.tensors[v.number].name is not None
        if v.number not in self.outputs and not named and line.operation in NESTED and ((once and short) or tiny):
            self.texts[v.number] = text
            return
        t = self.tensors.get(v.number)
        if line.operation in self.written:
            name = text.code
            self.body[-1] += self.remark(t, name)
        else:
            name = self.names(t.name if t is not None else None, "t")
            self.body.append(f"{name} = {text.code}{self.remark(t, name)}")
        self.texts[v.number] = Text(name, ATOM, v.dtype)

    def remark(self, t: Tensor | None, name: str) -> str:
        """The comment behind a line: the equation that it computes."""
        return self.remarks(t, name) if self.commented else ""

    def is_own(self, v: Value) -> bool:
        """Whether the value is a new array that one line reads, so that it may be changed in place."""
        made = self.made.get(v.number)
        return (
            made is not None
            and made.operation in ("pointwise", "add", "multiply", "scale", "increment")
            and self.uses[v.number] == 1
        )

    def statement(self, code: str) -> None:
        """A statement before the line at hand."""
        self.body.append(code)

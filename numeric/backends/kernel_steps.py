"""A training step as calls: tiles or BLAS for products, NumPy for dear functions, compiled kernels for everything between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.backends.loops.kernels import KernelSource, kernel_source, leading
from numeric.backends.loops.products import LARGE, SLIM
from numeric.backends.loops.scalars import VECTORS
from numeric.backends.machine.calls import Calls, Given, Kernel, empty, in_memory_order
from numeric.backends.machine.objects import addresses, lanes, multiplication
from numeric.backends.machine.products import room
from numeric.backends.machine.translation import function_tree, parameters
from numeric.backends.numpy_steps import StepWriter
from numeric.backends.texts import ATOM, Text
from numeric.binding import as_array
from numeric.lowering import lowered
from numeric.lowering.buffers import VIEWS
from numeric.lowering.exponentials import apart, normalised
from numeric.lowering.layout import laid_out
from numeric.lowering.program import ArrayProgram, Line, Program, Value
from numeric.lowering.sharing import shared

PRODUCT = """\
def product(left: view[real, :, :], right: view[real, :, :], out: view[real, :, :], packed: real[:]):
    multiply(out, left, right, packed)
"""
STACK = """\
def stack(
    left: view[real, :, :, :, :], right: view[real, :, :, :, :], out: view[real, :, :, :, :], packed: real[:]
):
    n = out.shape[0]
    m = out.shape[1]
    for i in range(n):
        for j in range(m):
            multiply(out[i, j], left[i, j], right[i, j], packed)
"""


class KernelWriter(StepWriter):
    """Writes ``prepared(dtype, given)`` like ``StepWriter``, with kernels and small products as ``calls``.

    ``kernels`` are their sources by name; ``shown`` is the text in which every call is a line.
    """

    def __init__(self, program: ArrayProgram, commented: bool = True, cheap: Collection[type] = ()):
        super().__init__(program, commented)
        self.cheap, self.shown = cheap, ""
        self.kernels: dict[str, KernelSource] = {}
        self.names.taken |= {"Calls", "calls", "given", "empty", "packed", "product", "stack"}
        self._known: dict[str, str] = {}
        self._added: list[str] = []
        self._called: dict[int, int] = {}  # the call that a row of the body is
        self._late: dict[int, list[str]] = {}  # what must be told before it
        self._strides: dict[int, tuple[int, ...]] = {}  # of arrays that lie where they lay in the last step
        self._of_arguments: set[int] = set()  # views of arguments, which move
        self._numbers: set[int] = set()  # arguments without axes
        self.room = 0

    def write(self) -> str:
        """The source that runs; ``shown`` is then the one to read."""
        given, made, returned = self.composed()
        head, end = f"def step({', '.join(given)}):", f"    return {returned}"
        kept = list(self.kept.values())
        self.shown = self.framed(
            "dtype=np.float32", [*made, *kept, head, *(f"    {row}" for row in self.body), end, "return step"]
        )
        if not self._added:
            return self.framed(
                "dtype, given", [*made, *kept, head, *(f"    {r}" for r in self.body), end, "return step"]
            )
        made = [row.replace("np.empty(", "empty(", 1) for row in made]
        room = [f"packed = empty(({self.room},), dtype)"] if self.room else []
        calls = [
            f"{', '.join(given)}, = given",
            *kept,
            *room,
            "calls = Calls(dtype, given)",
            *self._added,
            "calls.ready()",
        ]
        rows = [*self.body[: len(self._numbers)], f"calls.bind({', '.join(given)})", *self._runs(len(self._numbers))]
        inner = [head, *(f"    {row}" for row in rows), end]
        return self.framed("dtype, given", [*made, *calls, *inner, "return step"])

    def _runs(self, first: int) -> list[str]:
        """The body from a row on, with calls that follow each other as one."""
        rows: list[str] = []
        begun: tuple[int, int] | None = None
        for k in range(first, len(self.body) + 1):
            call, late = self._called.get(k), self._late.get(k, [])
            if begun is not None and (call is None or late):
                rows.append(f"calls.run({begun[0]}, {begun[1]})")
                begun = None
            rows += late
            if call is not None:
                begun = (begun[0] if begun else call, call + 1)
            elif k < len(self.body):
                rows.append(self.body[k])
        return rows

    def declare(self, v: Value, fallback: str = "argument") -> str:
        """The name of an argument; a number gets the arrays' precision, so that no kernel computes in another."""
        name = super().declare(v, fallback)
        if v.ndim:
            self._strides[v.number] = in_order(_sizes(v))
            self._of_arguments.add(v.number)
        elif v.dtype == "real" and all(v is not old for old, _ in self.program.updates):
            self.body.append(f"{name} = dtype({name})")
            self._numbers.add(v.number)
        return name

    def line(self, line: Line) -> None:
        """A blank needs no line and a filled one is the blank; a kernel is one call."""
        v, strides, row = line.target, self._lies(line), len(self.body)
        if strides is not None:
            self._strides[v.number] = strides
            viewed = line.operation in VIEWS and line.operands[0].number in self._of_arguments
            if v.number in self.storage.into or viewed:
                self._of_arguments.add(v.number)
        if line.operation == "blank":
            self.texts[v.number] = Text(self.arrays[v.number], ATOM, v.dtype)
        elif line.operation == "filled":
            self.texts[v.number] = self.texts[line.operands[0].number]
        else:
            super().line(line)
        name = self.texts[v.number].code
        if v.number in self.unchanging and line.operation not in VIEWS and name in self.kept:
            self.kept[f"{name} in order"] = (
                f"{name} = np.ascontiguousarray({name})"  # NumPy chooses an order of its own
            )
            self._strides[v.number] = in_order(_sizes(v))
        if strides is not None and line.operation in VIEWS:
            self._added += self.body[row:]  # a view of an argument: calls begin where it does

    def shows_kept(self, line: Line) -> bool:
        """Also where it is known how the entries lie."""
        v = line.target.number
        return super().shows_kept(line) or (v in self._strides and v not in self._of_arguments)

    def _lies(self, line: Line) -> tuple[int, ...] | None:
        """The strides of a value that is a kept array or a view of one."""
        v = line.target
        if v.number in self.storage.into:
            return in_order(_sizes(v))
        buffer = self.storage.place.get(v.number)
        if buffer is not None:
            inner = in_order([_sizes(v)[axis] for axis in buffer.order])
            return tuple(inner[buffer.order.index(axis)] for axis in range(v.ndim))
        source = self._strides.get(line.operands[0].number) if line.operands else None
        if source is None:
            return None
        match line.operation:
            case "filled":
                return source
            case "transpose":
                return tuple(source[axis] for axis in line["axes"])
            case "reshape":
                return reshaped(_sizes(line.operands[0]), source, _sizes(v))
        return None

    def into(self, line: Line, target: str) -> str:
        """A kernel's call: what it reads, what it writes, its numbers."""
        if line.operation != "kernel":
            return super().into(line, target)
        kernel, operands = line["kernel"], [self.operand(v) for v in line.operands]
        over = operands.index(target) if target in operands else None
        reads = line.operands[: len(kernel.reads)]
        views = [
            k for k, v in enumerate(reads) if k != over and v.ndim and self._is_steady(v) and not self._is_in_order(v)
        ]
        source = kernel_source(kernel, over, self.cheap, views)
        name = self._known.get(source.text)
        if name is None:
            name = self._known[source.text] = self.names(None, "kernel")
            self.kernels[name] = source
        chosen = [k for k in range(len(operands)) if k != over]
        numbers = [self.constant(text) for text in source.numbers]
        values = [line.operands[k] for k in chosen]
        return self._call(name, [operands[k] for k in chosen], values, [target, *numbers])

    def _call(self, name: str, read: list[str], values: Sequence[Value], more: list[str]) -> str:
        """A row of the body that is a call; what was made in this step is told before it."""
        number, row = len(self._called), len(self.body)
        late, shapes = [not self._is_steady(v) for v in values], [tuple(_sizes(v)) for v in values]
        known = [repr(shape) if is_late else text for text, shape, is_late in zip(read, shapes, late, strict=True)]
        self._added.append(f"calls.add({', '.join([name, *known, *more])})")
        self._called[row] = number
        told = [k for k, is_late in enumerate(late) if is_late]
        if told:
            self._late[row] = [f"{self.names(None, 'told')} = calls.put({number}, {k}, {read[k]})" for k in told]
        return f"{name}({', '.join([*read, *more])})"

    def _is_steady(self, v: Value) -> bool:
        """Whether the value is a number that the step is given, or lies where it lay in the last step."""
        return v.number in self._strides or v.number in self.fixed or v.number in self._numbers

    def _is_in_order(self, v: Value) -> bool:
        return self._strides.get(v.number) == in_order(_sizes(v))

    def product(self, line: Line, operands: list[str], target: str) -> str:
        """A product in tiles of registers, or by BLAS where that is faster: vectors, slim matrices and large ones."""
        a, c = line.operands
        extents = [int(e) for e in (*line.target.extents[-2:], a.extents[-1])]
        if (
            a.ndim < 2 or a.ndim != c.ndim or a.ndim > 4 or a.extents[:-2] != c.extents[:-2]
            or min(extents[:-1]) < SLIM or math.prod(extents) > LARGE
        ):  # fmt: skip
            return super().product(line, operands, target)
        self.room = max(self.room, room(extents[-1], lanes(32)))
        if a.ndim == 2:
            return self._call("product", operands, (a, c), [target, "packed"])
        added = "[None]" if a.ndim == 3 else ""
        return self._call("stack", [f"{text}{added}" for text in operands], (a, c), [f"{target}{added}", "packed"])

    def constant(self, text: str) -> str:
        """The name of a number of the step's precision, made once."""
        for name, made in self.kept.items():
            if made == f"{name} = dtype({text})":
                return name
        name = self.names(None, "c")
        self.kept[name] = f"{name} = dtype({text})"
        return name


def _sizes(v: Value) -> list[int]:
    return [int(e) for e in v.extents]


def in_order(extents: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array in C order, in entries."""
    return tuple(math.prod(extents[axis + 1 :]) for axis in range(len(extents)))


def reshaped(extents: Sequence[int], strides: Sequence[int], shape: Sequence[int]) -> tuple[int, ...] | None:
    """The strides under another shape; None where the entries would have to be copied."""
    pairs = [(n, s) for n, s in zip(extents, strides, strict=True) if n != 1]
    found: list[int] = []
    for n in reversed(shape):
        if n == 1:
            found.append(0)
            continue
        while pairs and len(pairs) > 1 and pairs[-1][0] % n and pairs[-2][1] == pairs[-1][0] * pairs[-1][1]:
            (outer, _), (inner, step) = pairs[-2:]
            pairs[-2:] = [(outer * inner, step)]
        if not pairs or pairs[-1][0] % n:
            return None
        size, step = pairs.pop()
        found.append(step)
        if size != n:
            pairs.append((size // n, step * n))
    return tuple(reversed(found))


def kernel_step(program: Program, dtype: np.dtype) -> tuple[Callable[[], Callable[..., Any]], str]:
    """What makes a step for one set of sizes, with arrays of its own, and the source.

    Kernels are compiled now, or come from the cache.
    """
    cheap = frozenset(VECTORS) if dtype == np.float32 else frozenset()
    program = laid_out(shared(apart(shared(normalised(program)), cheap)))
    arrays = lowered(program, elementary=True, leading=leading, cheap=cheap)
    writer = KernelWriter(arrays, cheap=cheap)
    text = writer.write()
    texts = {name: source.text for name, source in writer.kernels.items()}
    if writer.room:
        multiplication(dtype.name)
        texts |= {"product": PRODUCT, "stack": STACK}
    places = addresses(texts, dtype.name)
    kernels = {name: Kernel(places[name], tuple(parameters(function_tree(t)))) for name, t in texts.items()}
    prepared = function(text, "prepared", {"Calls": Calls, "empty": empty, **kernels})
    constants = [as_array(t, t.value, dtype) for t in program.constants]
    shapes = [(v.dtype, tuple(_sizes(v))) for v in (*arrays.arguments, *arrays.constants)]
    kinds = {"real": dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
    updated = {k for k, v in enumerate(arrays.arguments) if any(v is old for old, _ in arrays.updates)}

    def made() -> Callable[..., Any]:
        given = [np.empty(shape, kinds[kind]) if shape else Given(k) for k, (kind, shape) in enumerate(shapes)]
        run = prepared(dtype.type, given)
        return in_memory_order((lambda *a: run(*a, *constants)) if constants else run, updated)

    parts = [f"# {name}\n{source.text}" for name, source in writer.kernels.items()]
    return made, "\n\n".join([*parts, writer.shown])

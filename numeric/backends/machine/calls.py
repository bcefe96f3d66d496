"""Runs of kernels as one call from Python.

Each call of a kernel has its arguments in one table: addresses of arrays that are kept from step to step are written there
once, those of a step's arguments when they change. A run of calls is one call of ``run``, which Python's lock is not held for.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.backends.machine.objects import driver
from numeric.backends.machine.translation import Parameter

ALIGNED = 64  # bytes: a line of the cache, the longest vector


@dataclass(frozen=True)
class Given:
    """Stands for the number that a step gets as an argument at this place."""

    place: int


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel."""

    address: int
    parameters: tuple[Parameter, ...]


@functools.cache
def _run() -> Any:
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(driver())


def empty(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """A new array that begins with a line of the cache."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = np.empty(size + ALIGNED, np.uint8)
    first = -raw.ctypes.data % ALIGNED
    return raw[first : first + size].view(dtype).reshape(shape)


class Calls:
    """The calls of one step; ``given`` are arrays shaped like the step's arguments, whose places the arguments will take."""

    def __init__(self, dtype: Any, given: Sequence[Any]):
        self.real = np.dtype(dtype).type
        self.given = {id(array): k for k, array in enumerate(given) if isinstance(array, np.ndarray)}
        self.arrays = set(self.given.values())
        self.known: list[Any] = [None] * len(given)
        self.places: list[list[tuple[int, int]]] = [
            [] for _ in given
        ]  # slots of an argument's parts, and where they begin
        self.open: dict[tuple[int, int], tuple[int, bool]] = {}  # slots of what is told, and whether it is a number
        self.whole: set[int] = set()  # slots of whole numbers
        self.extents: list[list[tuple[int, int]]] = [[] for _ in given]  # slots of its sizes, and the axes
        self.begins: list[int] = []
        self.called: list[Kernel] = []
        self.numbers: list[int] = []
        self.kept: list[Any] = [*given]
        self.slots = self.code = np.empty(0, np.int64)

    def add(self, kernel: Kernel, *values: Any) -> None:
        """A call with these arguments: arrays, numbers, ``Given`` numbers, or the shape of what ``put`` tells in each step."""
        self.begins.append(len(self.numbers))
        self.called.append(kernel)
        for place, (p, value) in enumerate(zip(kernel.parameters, values, strict=True)):
            if isinstance(value, tuple):
                self.open[len(self.called) - 1, place] = len(self.numbers), p.extents is None
                value = 0 if p.extents is None else np.broadcast_to(np.empty((), np.uint8), value)
            if p.extents is None:
                self._add_number(p, value)
            else:
                self._add_array(p, value)

    def _add_number(self, p: Parameter, value: Any) -> None:
        if p.kind != "real":
            self.whole.add(len(self.numbers))
        if isinstance(value, Given):
            self.places[value.place].append((len(self.numbers), 0))
        self.numbers.append(0 if isinstance(value, Given) else self._bits(value))

    def _bits(self, value: Any) -> int:
        single = np.zeros(8 // np.dtype(self.real).itemsize, self.real)
        single[0] = value
        return int(single.view(np.int64)[0])

    def _add_array(self, p: Parameter, array: np.ndarray) -> None:
        root = array
        while id(root) not in self.given and isinstance(root.base, np.ndarray):
            root = root.base
        place, address = self.given.get(id(root)), array.ctypes.data
        if place is not None:
            self.places[place].append((len(self.numbers), address - root.ctypes.data))
            if array is root:
                open_axes = [axis for axis, e in enumerate(p.extents or ()) if e is None]
                self.extents[place] += [(len(self.numbers) + 1 + k, axis) for k, axis in enumerate(open_axes)]
        self.kept.append(array)
        sizes = [array.shape[axis] for axis, e in enumerate(p.extents or ()) if e is None]
        strides = [s // array.itemsize for s in array.strides] if p.is_view else []
        self.numbers += [address, *sizes, *strides]

    def ready(self) -> None:
        """All calls are known: make the tables."""
        self.slots = np.array(self.numbers, np.int64)
        self.reals = self.slots.view(self.real)
        self.wide = 8 // self.reals.itemsize
        first = self.slots.ctypes.data
        rows = [(kernel.address, first + 8 * begin) for kernel, begin in zip(self.called, self.begins, strict=True)]
        self.code = np.array(rows, np.int64).reshape(-1, 2)
        self.start, self.function = self.code.ctypes.data, _run()

    def bind(self, *arguments: Any) -> None:
        """Write down where a step's arguments are."""
        for k, value in enumerate(arguments):
            if value is self.known[k]:
                continue
            self.known[k] = value
            if isinstance(value, np.ndarray) and k in self.arrays:
                address = value.ctypes.data
                for slot, offset in self.places[k]:
                    self.slots[slot] = address + offset
                for slot, axis in self.extents[k]:
                    self.slots[slot] = value.shape[axis]
            else:
                for slot, _ in self.places[k]:
                    self._tell(slot, value)

    def put(self, call: int, place: int, value: Any) -> Any:
        """Tell argument number ``place`` that was left open; returns what must be kept until the call."""
        slot, is_number = self.open[call, place]
        if is_number:
            self._tell(slot, value)
            return value
        array = np.ascontiguousarray(value)
        self.slots[slot] = array.ctypes.data
        return array

    def _tell(self, slot: int, value: Any) -> None:
        if slot in self.whole:
            self.slots[slot] = value
        else:
            self.reals[self.wide * slot] = value

    def run(self, first: int, last: int) -> None:
        """The calls from ``first`` up to ``last``."""
        self.function(self.start + 16 * first, last - first)


def whole_call(kernel: Kernel, dtype: Any) -> Callable[..., None]:
    """One kernel as a function of arrays in C order and of numbers."""
    kinds = {"real": dtype, "whole": np.int64, "truth": np.bool_}
    given = [
        Given(k) if p.extents is None else np.empty([1 if e is None else e for e in p.extents], kinds[p.kind])
        for k, p in enumerate(kernel.parameters)
    ]
    calls = Calls(dtype, given)
    calls.add(kernel, *given)
    calls.ready()

    def call(*arguments: Any) -> None:
        calls.bind(*arguments)
        calls.run(0, 1)

    return call


def in_memory_order(run: Callable[..., Any], updated: Collection[int]) -> Callable[..., Any]:
    """``run`` for arrays that lie in memory in any order: those that are not in C order are copied, and copied back."""

    def step(*arguments: Any) -> Any:
        turned = [k for k, a in enumerate(arguments) if isinstance(a, np.ndarray) and not a.flags.c_contiguous]
        if not turned:
            return run(*arguments)
        ready = list(arguments)
        for k in turned:
            ready[k] = np.ascontiguousarray(arguments[k])
        result = run(*ready)
        for k in set(updated).intersection(turned):
            arguments[k][...] = ready[k]
        return result

    return step

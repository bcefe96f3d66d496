"""Buffers: which values get an array of their own that is kept from call to call, and which are written over another.

schedule   a new value of an argument is written as soon as nothing reads the old one any more
storage    by lifetime: an entry-by-entry call may write over an operand that it reads last; others take a free buffer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from numeric.lowering.program import ArrayProgram, Line, Value

VIEWS = frozenset(["transpose", "expand", "reshape", "index", "windows", "diagonal", "broadcast", "filled"])
ENTRYWISE = frozenset(["call", "add", "multiply", "scale"])


def buffered(line: Line) -> bool:
    """Whether the operation can write its value into a given array."""
    if line.operation == "reduce":
        return line["kind"] in ("sum", "prod", "max", "min") and line.operands[0].dtype == line.target.dtype
    if line.operation == "choose":
        return line.target.dtype == "real" and line["neutral"] == 0
    return line.operation in ENTRYWISE or line.operation in ("matmul", "pack", "kernel", "blank")


def entrywise(line: Line) -> bool:
    """Whether the operation may write its value over an operand of the same shape."""
    return line.operation in ENTRYWISE or (line.operation == "kernel" and line["kernel"].is_entrywise)


@dataclass(frozen=True)
class Buffer:
    """One array that is kept: its number, the shape and numbers that it holds, and its axes from the outermost in memory."""

    number: int
    value: Value
    order: tuple[int, ...]


@dataclass(frozen=True)
class Storage:
    """Where values live: in a buffer, or (``into``) in the array of an argument; ``copied`` are written there at the end."""

    lines: tuple[Line, ...]
    buffers: tuple[Buffer, ...]
    place: dict[int, Buffer]
    into: dict[int, Value]
    copied: tuple[tuple[Value, Value], ...]


def stored(program: ArrayProgram) -> Storage:
    """The lines in their final order with the storage of their values."""
    roots = _roots(program.lines)
    lines, early = _scheduled(program, roots)
    copied = tuple((old, new) for old, new in program.updates if new.number not in early)
    pinned = {roots.get(v.number, v.number) for v in (*program.outputs, *(new for _, new in copied))}
    last = {}
    for position, line in enumerate(lines):
        for v in line.operands:
            last[roots.get(v.number, v.number)] = position
    orders = _orders(lines)
    place: dict[int, Buffer] = {}
    buffers: list[Buffer] = []
    free: list[Buffer] = []
    for position, line in enumerate(lines):
        v = line.target
        dying = [
            u for u in line.operands if last.get(u.number) == position and u.number in place and u.number not in pinned
        ]
        if buffered(line) and v.ndim and v.number not in early:
            over = next((u for u in dying if entrywise(line) and _alike(u, v) and v.number not in orders), None)
            if over is not None:
                place[v.number] = place[over.number]
                dying = [u for u in dying if u is not over]
            else:
                order = orders.get(v.number, tuple(range(v.ndim)))
                found = next((f for f in reversed(free) if _alike(f.value, v) and f.order == order), None)
                if found is None:
                    found = Buffer(len(buffers) + 1, v, order)
                    buffers.append(found)
                else:
                    free.remove(found)
                place[v.number] = found
        ended = {roots.get(u.number, u.number) for u in line.operands}
        for number in ended:
            over_taken = v.number in place and place.get(number) is place[v.number]
            if number in place and last.get(number) == position and number not in pinned and not over_taken:
                free.append(place[number])
    return Storage(tuple(lines), tuple(buffers), place, early, copied)


def _orders(lines: Iterable[Line]) -> dict[int, tuple[int, ...]]:
    """Products that are only read with their axes in another order lie in memory in that order, and reading copies nothing.

    One of the product's own two axes stays innermost, so that BLAS can write it.
    """
    readers: dict[int, list[Line]] = {}
    for line in lines:
        for v in line.operands:
            readers.setdefault(v.number, []).append(line)
    found = {}
    for line in lines:
        v = line.target
        turned = readers.get(v.number, [])
        if line.operation != "matmul" or v.ndim < 3 or not turned or any(r.operation != "transpose" for r in turned):
            continue
        merged = [r["axes"] for r in turned if any(s.operation == "reshape" for s in readers.get(r.target.number, []))]
        if merged and merged[0][-1] in (v.ndim - 1, v.ndim - 2):
            found[v.number] = tuple(merged[0])
    return found


def _alike(a: Value, b: Value) -> bool:
    return a.extents == b.extents and a.dtype == b.dtype


def _roots(lines: Iterable[Line]) -> dict[int, int]:
    """For each view the number of the value whose memory it shows."""
    roots: dict[int, int] = {}
    for line in lines:
        if line.operation in VIEWS:
            source = line.operands[0].number
            roots[line.target.number] = roots.get(source, source)
    return roots


def _scheduled(program: ArrayProgram, roots: dict[int, int]) -> tuple[list[Line], dict[int, Value]]:
    """Lines in an order in which each new value of an argument is written after the last reader of the old one."""
    order = _Order(program, roots)
    blocked: list[Line] = []
    for line in program.lines:
        blocked.append(line)
        blocked = order.run_all(blocked)
    while blocked:  # Two arguments need each other's old values: the first is written at the end.
        chosen = next(line for line in blocked if order.is_ready(line))
        order.written.pop(chosen.target.number)
        blocked = order.run_all(blocked)
    return order.done, order.early


class _Order:
    """Which lines are done, and how many are still to read the old value of each argument that is written over."""

    def __init__(self, program: ArrayProgram, roots: dict[int, int]):
        over = {line.target.number for line in program.lines if entrywise(line)}
        self.written = {new.number: old for old, new in program.updates if new.number in over}
        self.roots, self.done, self.early = roots, [], {}
        self.ready = {v.number for v in (*program.arguments, *program.constants)}
        self.readers: Counter[int] = Counter()
        for line in program.lines:
            self.readers.update(self._read(line))

    def _read(self, line: Line) -> set[int]:
        return {self.roots.get(v.number, v.number) for v in line.operands}

    def is_ready(self, line: Line) -> bool:
        """Whether all operands are there."""
        return all(v.number in self.ready for v in line.operands)

    def can_run(self, line: Line) -> bool:
        """Ready, and nothing else still reads what the line writes over; the line itself reads it entry by entry."""
        if not self.is_ready(line):
            return False
        old = self.written.get(line.target.number)
        if old is None:
            return True
        own = [v for v in line.operands if self.roots.get(v.number, v.number) == old.number]
        return self.readers[old.number] == bool(own) and all(v.number == old.number for v in own)

    def run_all(self, waiting: list[Line]) -> list[Line]:
        """Run what can run, until nothing more can; returns the rest."""
        going = True
        while going:
            going, rest = False, []
            for line in waiting:
                if not self.can_run(line):
                    rest.append(line)
                    continue
                going = True
                self.readers.subtract(self._read(line))
                self.ready.add(line.target.number)
                self.done.append(line)
                if line.target.number in self.written:
                    self.early[line.target.number] = self.written[line.target.number]
            waiting = rest
        return waiting

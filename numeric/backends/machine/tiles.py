"""Pieces of matrices in vector registers.

tile     a block of a product, all of it in registers: each number that is read is used many times
turned   a square block of a matrix, transposed

Nothing here assumes that there is no NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from numeric.backends.machine.arithmetic import INT, WHOLE, Arithmetic, Number


class Vectors:
    """Vectors of ``count`` reals, to and from memory, where ``a`` writes its instructions."""

    def __init__(self, a: Arithmetic, count: int):
        self.a, self.builder, self.count = a, a.builder, count
        self.kind = a.type("real", count)

    def at(self, pointer: Any, *offsets: Any) -> Any:
        """The address so many entries further on."""
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def load(self, pointer: Any, mask: Any = None) -> Any:
        return self.a.loaded(pointer, "real", self.count, mask).code

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        self.a.store(Number(value, "real", self.count), pointer, mask)

    def filled(self, code: Any) -> Any:
        return self.a.spread(Number(code, "real"), self.count).code

    def first(self, used: Any) -> Any:
        """A mask of so many first lanes."""
        return self.a.compared("<", self.a.counting(whole(0), self.count), Number(used, "whole")).code

    def shuffled(self, a: Any, b: Any, order: Sequence[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(INT, self.count), list(order)))


def whole(value: int) -> Number:
    """A whole number."""
    return Number(ir.Constant(WHOLE, value), "whole")


def turned(v: Vectors, out: Any, out_row: Any, lines: Sequence[Any], mask: Any) -> None:
    """Write the transpose of a square block: ``out[i·out_row + j] = lines[j][i]``; entries outside the mask are 0."""
    found, step = [v.load(line, mask) for line in lines], 1
    while step < v.count:  # swap the off-diagonal squares of blocks of two, of four, ...
        even = [k if (k // step) % 2 == 0 else v.count + k - step for k in range(v.count)]
        odd = [k + step if (k // step) % 2 == 0 else v.count + k for k in range(v.count)]
        for j in range(v.count):
            if (j // step) % 2 == 0:
                a, b = found[j], found[j + step]
                found[j], found[j + step] = v.shuffled(a, b, even), v.shuffled(a, b, odd)
        step *= 2
    for i, line in enumerate(found):
        v.store(line, v.at(out, v.builder.mul(out_row, ir.Constant(WHOLE, i))))


def tile(
    v: Vectors, height: int, vectors: int, out: Any, out_row: Any, left: Sequence[Any], right: Sequence[Any],
    depth: Any, onto: Any, mask: Any,
) -> None:  # fmt: skip
    """``out = left·right``, or ``out += left·right`` where ``onto`` holds, for a block of so many rows and vectors.

    ``left`` is an address and the strides of rows and columns; ``right`` an address and the stride of rows, which are runs
    of memory, as those of ``out`` are; of the last vector only the lanes in the mask are read and written.
    """
    b, (a, a_row, a_column), (r, r_row) = v.builder, left, right
    places = [(row, c) for row in range(height) for c in range(vectors)]
    masks = [None] * (vectors - 1) + [mask]

    def number(value: int) -> Any:
        return ir.Constant(WHOLE, value)

    rows = [v.at(a, b.mul(a_row, number(row))) for row in range(height)]
    targets = {(row, c): v.at(out, b.mul(out_row, number(row)), number(c * v.count)) for row, c in places}
    before = b.block
    again, loop, after = (b.append_basic_block(f"tile.{name}") for name in ("again", "loop", "done"))
    b.cbranch(onto, again, loop)

    b.position_at_end(again)
    begun = {(row, c): v.load(at, masks[c]) for (row, c), at in targets.items()}
    b.branch(loop)

    b.position_at_end(loop)
    k = b.phi(WHOLE)
    sums = {place: b.phi(v.kind) for place in places}
    k.add_incoming(number(0), before)
    k.add_incoming(number(0), again)
    for place, phi in sums.items():
        phi.add_incoming(ir.Constant(v.kind, [0.0] * v.count), before)
        phi.add_incoming(begun[place], again)
    line = v.at(r, b.mul(k, r_row))
    read = [v.load(v.at(line, number(c * v.count)), masks[c]) for c in range(vectors)]
    moved = b.mul(k, a_column)
    added = {}
    for row in range(height):
        factor = v.filled(b.load(v.at(rows[row], moved)))
        for c in range(vectors):
            numbers = [Number(code, "real", v.count) for code in (factor, read[c], sums[row, c])]
            added[row, c] = v.a.called("fmuladd", *numbers).code
    following = b.add(k, number(1))
    k.add_incoming(following, loop)
    for place, phi in sums.items():
        phi.add_incoming(added[place], loop)
    b.cbranch(b.icmp_signed("<", following, depth), loop, after)

    b.position_at_end(after)
    for (row, c), at in targets.items():
        v.store(added[row, c], at, masks[c])

"""Products of matrices in tiles of registers, out[i, j] = Σ_k left[i, k] right[k, j], as one function for all sizes.

The right factor is cut into panels of at most three vectors, which are copied where their rows are no runs of memory; a
panel stays in the nearest cache while tiles of rows run down the left factor. Sums of more than ``DEPTH`` terms are added up
in parts, so that a part of a panel fits there. Rows that are left over below the tiles are the end of one more tile. Factors
may lie in memory in any order; the rows of the output are runs.

For the matrices of small models BLAS packs both factors, which costs as much as it saves. (OpenBLAS 0.3.31, one thread,
1024 × 48 × 48 float32: 41 against 27 µs; 1024 × 48 × 192: 139 against 103.)
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from numeric.backends.machine.arithmetic import WHOLE, Arithmetic, Number
from numeric.backends.machine.flow import Flow
from numeric.backends.machine.tiles import Vectors, tile, turned, whole

DEPTH = 128  # terms: a panel of three vectors takes half of the nearest cache
WIDEST = 3  # vectors of a panel


def name(bits: int) -> str:
    """The machine's function."""
    return f"chainrule_multiply_float{bits}"


def signature(bits: int) -> ir.FunctionType:
    """Of ``multiply(out, its row, left, its row and column, right, its row and column, m, depth, n, packed)``."""
    pointer = (ir.FloatType() if bits == 32 else ir.DoubleType()).as_pointer()
    return ir.FunctionType(ir.VoidType(), [pointer, WHOLE, *2 * [pointer, WHOLE, WHOLE], *3 * [WHOLE], pointer])


def room(depth: int, lanes: int) -> int:
    """How many numbers ``packed`` must have room for."""
    return (depth + lanes) * WIDEST * lanes


def write_multiply(module: ir.Module, bits: int, lanes: int) -> None:
    """Add the function to a module."""
    _Product(ir.Function(module, signature(bits), name(bits)), bits, lanes).write()


class _Product(Flow):
    def __init__(self, function: ir.Function, bits: int, lanes: int):
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        super().__init__(function, Arithmetic(builder, bits))
        self.v, self.lanes = Vectors(self.a, lanes), lanes
        self.rows = 4 if lanes * bits == 256 else 8  # with a row of the panel and one number a tile fills the registers
        (
            self.out, self.out_row, self.left, self.left_row, self.left_column,
            self.right, self.right_row, self.right_column, *sizes, self.packed,
        ) = function.args  # fmt: skip
        self.m, self.depth, self.n = (Number(size, "whole") for size in sizes)
        for pointer in (self.out, self.packed):
            pointer.add_attribute("noalias")

    def write(self) -> None:
        """Panels of three vectors, then what is left: four vectors are two and two."""
        a, lanes = self.a, whole(self.lanes)
        every = a.binary("//", a.binary("+", self.n, whole(self.lanes - 1)), lanes)
        four = a.both(a.compared("==", a.binary("%", every, whole(3)), whole(1)), a.compared(">", every, whole(1)))
        threes = a.binary("-", a.binary("//", every, whole(3)), a.converted(four, "whole"))
        rest = a.binary("-", every, a.binary("*", threes, whole(3)))
        begin = whole(0)
        for vectors, count in ((3, threes), (2, a.binary("//", rest, whole(2))), (1, a.binary("%", rest, whole(2)))):
            width = vectors * self.lanes
            end = a.binary("+", begin, a.binary("*", count, whole(width)))
            self.counted(begin, end, width, lambda j, vectors=vectors: self._panel(j, vectors))
            begin = end
        self.builder.ret_void()

    def _panel(self, j: Number, vectors: int) -> None:
        a, b, width = self.a, self.builder, vectors * self.lanes
        end = a.binary("-", self.n, j)
        wide = a.chosen(a.compared("<", end, whole(width)), end, whole(width))
        mask = self.v.first(a.binary("-", wide, whole(width - self.lanes)).code)
        panel = self.v.at(self.right, b.mul(j.code, self.right_column))
        is_run = a.compared("==", Number(self.right_column, "whole"), whole(1))
        before, begun = b.block, b.append_basic_block("pack")
        ready = b.append_basic_block("ready")
        b.cbranch(is_run.code, ready, begun)
        b.position_at_end(begun)
        self._pack(panel, vectors, wide)
        packed = b.block
        b.branch(ready)
        b.position_at_end(ready)
        lines, row = b.phi(panel.type), b.phi(WHOLE)
        for block, pointer, stride in (
            (before, panel, self.right_row),
            (packed, self.packed, ir.Constant(WHOLE, width)),
        ):
            lines.add_incoming(pointer, block)
            row.add_incoming(stride, block)
        out = self.v.at(self.out, j.code)
        self.either(
            a.compared("<", self.m, whole(self.rows)),
            lambda: self._rows(1, vectors, out, lines, row, mask),
            lambda: self._rows(self.rows, vectors, out, lines, row, mask),
        )

    def _rows(self, height: int, vectors: int, out: Any, lines: Any, row: Any, mask: Any) -> None:
        """All tiles of a panel."""
        a, last = self.a, self.a.binary("-", self.m, whole(height))
        rest = a.binary("%", self.m, whole(height))
        ends = a.binary("-", self.m, rest)

        def part(k: Number) -> None:
            left = a.binary("-", self.depth, k)
            terms = a.chosen(a.compared("<", left, whole(DEPTH)), left, whole(DEPTH))
            onto = a.compared(">", k, whole(0)).code
            panel = self.v.at(lines, self.builder.mul(k.code, row))
            self.counted(whole(0), ends, height, lambda i: one(i, k, terms.code, onto, panel))
            return None

        def one(i: Number, k: Number, terms: Any, onto: Any, panel: Any) -> None:
            b = self.builder
            start = self.v.at(self.left, b.mul(i.code, self.left_row), b.mul(k.code, self.left_column))
            target = self.v.at(out, b.mul(i.code, self.out_row))
            factors = (start, self.left_row, self.left_column), (panel, row)
            tile(self.v, height, vectors, target, self.out_row, *factors, terms, onto, mask)

        def tail(k: Number) -> None:
            left = a.binary("-", self.depth, k)
            terms = a.chosen(a.compared("<", left, whole(DEPTH)), left, whole(DEPTH))
            panel = self.v.at(lines, self.builder.mul(k.code, row))
            one(last, k, terms.code, a.compared(">", k, whole(0)).code, panel)

        self.counted(whole(0), self.depth, DEPTH, part)
        if height > 1:
            self.when(a.compared(">", rest, whole(0)), lambda: self.counted(whole(0), self.depth, DEPTH, tail))

    def _pack(self, panel: Any, vectors: int, wide: Number) -> None:
        """Copy a panel whose rows are no runs of memory."""
        along = self.a.compared("==", Number(self.right_row, "whole"), whole(1))
        self.either(
            along, lambda: self._pack_turned(panel, vectors, wide), lambda: self._pack_each(panel, vectors, wide)
        )

    def _pack_turned(self, panel: Any, vectors: int, wide: Number) -> None:
        """Columns are runs: square blocks are transposed in registers. What lies beyond the panel is never used."""
        a, b = self.a, self.builder

        def block(k: Number, c: int) -> None:
            mask = self.v.first(a.binary("-", self.depth, k).code)
            lines = []
            for j in range(self.lanes):
                column = a.binary("-", wide, whole(1))
                column = a.chosen(a.compared("<", column, whole(c + j)), column, whole(c + j))
                lines.append(self.v.at(panel, b.mul(column.code, self.right_column), k.code))
            place = b.add(b.mul(k.code, ir.Constant(WHOLE, vectors * self.lanes)), ir.Constant(WHOLE, c))
            turned(self.v, self.v.at(self.packed, place), ir.Constant(WHOLE, vectors * self.lanes), lines, mask)

        for c in range(vectors):
            self.counted(whole(0), self.depth, self.lanes, lambda k, c=c: block(k, c * self.lanes))

    def _pack_each(self, panel: Any, vectors: int, wide: Number) -> None:
        b = self.builder

        def entry(k: Number, c: Number) -> None:
            source = self.v.at(panel, b.mul(k.code, self.right_row), b.mul(c.code, self.right_column))
            place = b.add(b.mul(k.code, ir.Constant(WHOLE, vectors * self.lanes)), c.code)
            b.store(b.load(source), self.v.at(self.packed, place))

        self.counted(whole(0), self.depth, 1, lambda k: self.counted(whole(0), wide, 1, lambda c: entry(k, c)))

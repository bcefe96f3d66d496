"""Pieces of loops in vector registers, for compiled code: numba knows scalars, LLVM knows vectors as well.

tile       a block of a matrix product, all of it in registers: each number that is read is used many times
turned     a square block of a matrix, transposed
larger     the larger of two numbers, NaN if one is; unlike a comparison it keeps a loop in vector registers
address    where an array begins, and ``shifted``: some entries further on

A vector has as many lanes as the processor's registers. Nothing here assumes that there is no NaN.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WHOLE = ir.IntType(64)
BYTES = (("avx512f", 64), ("avx", 32))  # of a vector register, by feature of the processor


@functools.cache
def _register() -> int:
    features = llvmlite.binding.get_host_cpu_features()
    return next((size for feature, size in BYTES if features.get(feature)), 16)


def lanes(itemsize: int) -> int:
    """How many numbers of so many bytes a vector register of this processor holds."""
    return _register() // itemsize


def rows() -> int:
    """How many rows a tile of three vectors has: with a row of the other factor and one number it fills the registers."""
    return 4 if _register() == 32 else 8


def published(name: str, place: int) -> None:
    """Let compiled code call the function at an address by name: one copy of it serves all that call it."""
    llvmlite.binding.add_symbol(name, place)


@intrinsic
def address(context, array):
    """The address of an array's first entry."""

    def code(context, builder, signature, arguments):
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), code


@intrinsic
def shifted(context, pointer, count):
    """The address so many entries further on."""

    def code(context, builder, signature, arguments):
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.intp), code


@intrinsic
def larger(context, a, b):
    """The larger of two numbers of one precision; NaN if one of them is."""

    def code(context, builder, signature, arguments):
        kind = arguments[0].type
        name = f"llvm.maximum.f{signature.args[0].bitwidth}"
        return builder.call(
            cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind, kind]), name), arguments
        )

    return a(a, a), code


class _Vectors:
    """Loads, stores and constants of vectors of one kind."""

    def __init__(self, builder: Any, number: Any, count: int):
        self.builder, self.count = builder, count
        self.kind = ir.VectorType(number, count)
        self.bytes = 4 if isinstance(number, ir.FloatType) else 8
        self.suffix, self.aligned = f"v{count}f{8 * self.bytes}", ir.Constant(ir.IntType(32), self.bytes)

    def at(self, pointer: Any, offset: Any) -> Any:
        place = self.builder.gep(pointer, [offset])
        return self.builder.bitcast(place, self.kind.as_pointer())

    def load(self, pointer: Any, offset: Any, mask: Any = None) -> Any:
        place = self.at(pointer, offset)
        if mask is None:
            return self.builder.load(place, align=self.bytes)
        kind = ir.FunctionType(self.kind, [place.type, ir.IntType(32), mask.type, self.kind])
        function = self.function(kind, f"llvm.masked.load.{self.suffix}.p0")
        return self.builder.call(function, [place, self.aligned, mask, self.zero()])

    def store(self, value: Any, pointer: Any, offset: Any, mask: Any = None) -> None:
        place = self.at(pointer, offset)
        if mask is None:
            self.builder.store(value, place, align=self.bytes)
            return
        kind = ir.FunctionType(ir.VoidType(), [self.kind, place.type, ir.IntType(32), mask.type])
        self.builder.call(
            self.function(kind, f"llvm.masked.store.{self.suffix}.p0"), [value, place, self.aligned, mask]
        )

    def function(self, kind: Any, name: str) -> Any:
        return cgutils.get_or_insert_function(self.builder.module, kind, name)

    def first(self, used: Any) -> Any:
        """A mask of the first lanes."""
        lane = ir.VectorType(ir.IntType(32), self.count)
        whole = ir.Constant(lane, ir.Undefined)
        limit = self.builder.insert_element(
            whole, self.builder.trunc(used, ir.IntType(32)), ir.Constant(ir.IntType(32), 0)
        )
        limit = self.builder.shuffle_vector(limit, whole, ir.Constant(lane, [0] * self.count))
        return self.builder.icmp_signed("<", ir.Constant(lane, list(range(self.count))), limit)

    def zero(self) -> Any:
        return ir.Constant(self.kind, [0.0] * self.count)

    def shuffled(self, a: Any, b: Any, order: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), self.count), order))

    def filled(self, number: Any) -> Any:
        nothing = ir.Constant(self.kind, ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
        return self.shuffled(first, nothing, [0] * self.count)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        kind = ir.FunctionType(self.kind, [self.kind] * 3)
        return self.builder.call(self.function(kind, f"llvm.fmuladd.{self.suffix}"), [a, b, c])


@functools.cache
def turned(itemsize: int):
    """A function that writes the transpose of a square block: ``out[i·out_row + j] = from[j·row + i]``."""
    count = lanes(itemsize)

    @intrinsic
    def turn(context, out, out_row, source, row):
        def code(context, builder, signature, arguments):
            out, out_row, source, row = arguments
            v = _Vectors(builder, out.type.pointee, count)
            lines = [v.load(source, builder.mul(row, ir.Constant(WHOLE, j))) for j in range(count)]
            step = 1
            while step < count:  # swap the off-diagonal squares of blocks of two, of four, ...
                even = [k if (k // step) % 2 == 0 else count + k - step for k in range(count)]
                odd = [k + step if (k // step) % 2 == 0 else count + k for k in range(count)]
                for j in range(count):
                    if (j // step) % 2 == 0:
                        a, b = lines[j], lines[j + step]
                        lines[j], lines[j + step] = v.shuffled(a, b, even), v.shuffled(a, b, odd)
                step *= 2
            for i, line in enumerate(lines):
                v.store(line, out, builder.mul(out_row, ir.Constant(WHOLE, i)))
            return context.get_dummy_value()

        return types.void(out, types.intp, source, types.intp), code

    return turn


@functools.cache
def tile(height: int, vectors: int, itemsize: int):
    """A function that computes ``out = a·b``, or ``out += a·b`` with ``onto``, for a block of so many rows and vectors.

    a has strides ``a_row`` and ``a_column``; rows of b and of out are runs of memory, ``b_row`` and ``out_row`` apart, of
    whose last vector only ``used`` lanes are read and written.
    """
    count = lanes(itemsize)

    @intrinsic
    def multiply(context, out, out_row, a, a_row, a_column, b, b_row, depth, onto, used):
        def code(context, builder, signature, arguments):
            out, out_row, a, a_row, a_column, b, b_row, depth, onto, used = arguments
            v = _Vectors(builder, out.type.pointee, count)
            places = [(r, c) for r in range(height) for c in range(vectors)]

            def number(value: int) -> Any:
                return ir.Constant(WHOLE, value)

            mask = v.first(used)
            masks = [None] * (vectors - 1) + [mask]
            starts = [builder.mul(a_row, number(r)) for r in range(height)]
            targets = {(r, c): builder.add(builder.mul(out_row, number(r)), number(c * count)) for r, c in places}
            before = builder.block
            again, loop, after = (builder.append_basic_block(f"tile.{name}") for name in ("again", "loop", "done"))
            builder.cbranch(onto, again, loop)

            builder.position_at_end(again)
            begun = {(r, c): v.load(out, at, masks[c]) for (r, c), at in targets.items()}
            builder.branch(loop)

            builder.position_at_end(loop)
            k = builder.phi(WHOLE)
            sums = {place: builder.phi(v.kind) for place in places}
            k.add_incoming(number(0), before)
            k.add_incoming(number(0), again)
            for place, phi in sums.items():
                phi.add_incoming(v.zero(), before)
                phi.add_incoming(begun[place], again)
            line = builder.mul(k, b_row)
            read = [v.load(b, builder.add(line, number(c * count)), masks[c]) for c in range(vectors)]
            moved = builder.mul(k, a_column)
            following = builder.add(k, number(1))
            added = {}
            for r in range(height):
                factor = v.filled(builder.load(builder.gep(a, [builder.add(starts[r], moved)])))
                for c in range(vectors):
                    added[r, c] = v.multiply_add(factor, read[c], sums[r, c])
            k.add_incoming(following, loop)
            for place, phi in sums.items():
                phi.add_incoming(added[place], loop)
            builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)

            builder.position_at_end(after)
            for (r, c), at in targets.items():
                v.store(added[r, c], out, at, masks[c])
            return context.get_dummy_value()

        whole = types.intp
        return types.void(out, whole, a, whole, whole, b, whole, whole, types.boolean, whole), code

    return multiply

"""Arrays of a running kernel: its own, views of others, products of matrices."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from numeric.backends.machine import products
from numeric.backends.machine.arithmetic import BYTE, WHOLE, Number
from numeric.backends.machine.expressions import Array, Expressions
from numeric.backends.machine.flow import Flow
from numeric.backends.machine.vectors import indices
from symbolic.errors import UnsupportedError

# Bytes of one of a kernel's own arrays that lies on the stack, and of all of them.
ON_STACK, ALL_ON_STACK = 2**15, 2**19
KINDS = {"real": "real", "int64": "whole", "bool_": "truth"}


def makes_array(e: ast.expr) -> bool:
    """Whether an expression is an array: a new one, or another view of one."""
    match e:
        case ast.Call(func=ast.Attribute(attr="empty" | "reshape")) | ast.Attribute(attr="T"):
            return True
        case ast.Subscript(slice=ast.Slice()):
            return True
    return False


class Arrays(Expressions, Flow):
    """What expressions of arrays stand for; ``kept`` are the places of the addresses of arrays that are too large for the stack."""

    allocas: ir.IRBuilder
    stored: dict[str, Any]
    bits: int
    width: int
    kept: list[Any]
    on_stack: int = 0

    def array(self, e: ast.expr) -> Array:
        """The array that an expression is."""
        match e:
            case ast.Name(id=name):
                return self.scope[name]
            case ast.Attribute(value=inner, attr="T"):
                array = self.array(inner)
                return Array(array.pointer, array.kind, array.extents[::-1], array.strides[::-1], False)
            case ast.Call(func=ast.Attribute(attr="empty"), args=[ast.Tuple(elts=shape), kind]):
                name = kind.attr if isinstance(kind, ast.Attribute) else "real"
                return self.own([self.number(n) for n in shape], KINDS[name])
            case ast.Call(func=ast.Attribute(value=inner, attr="reshape"), args=[ast.Tuple(elts=shape)]):
                array, extents = self.array(inner), [self.number(n) for n in shape]
                return Array(array.pointer, array.kind, extents, self.strides(extents))
            case ast.Subscript(value=inner, slice=ast.Slice(lower=ast.expr() as lower, upper=ast.expr() as upper)):
                array, first = self.array(inner), self.number(lower)
                pointer = self.builder.gep(array.pointer, [self.a.binary("*", first, array.strides[0]).code])
                extents = [self.a.binary("-", self.number(upper), first), *array.extents[1:]]
                return Array(pointer, array.kind, extents, array.strides, array.is_run)
            case ast.Subscript(value=inner):
                return self._part(self.array(inner), [self.number(position) for position in indices(e)])
        raise UnsupportedError(f"no machine code for the array {ast.unparse(e)!r}")

    def _part(self, array: Array, at: Sequence[Number]) -> Array:
        """What is left of an array at its first positions."""
        offset = self.a.constant(0, "whole")
        for position, stride in zip(at, array.strides, strict=False):
            offset = self.a.binary("+", offset, self.a.binary("*", position, stride))
        pointer = self.builder.gep(array.pointer, [offset.code])
        return Array(pointer, array.kind, array.extents[len(at) :], array.strides[len(at) :], array.is_run)

    def strides(self, extents: Sequence[Number]) -> list[Number]:
        """Of an array in C order."""
        found = [self.a.constant(1, "whole")]
        for extent in reversed(extents[1:]):
            found.insert(0, self._times(extent, found[0]))
        return found if extents else []

    def _times(self, x: Number, y: Number) -> Number:
        if isinstance(x.code, ir.Constant) and isinstance(y.code, ir.Constant):
            return self.a.constant(x.code.constant * y.code.constant, "whole")
        return self.a.binary("*", x, y)

    def own(self, extents: list[Number], kind: str) -> Array:
        """An array of the kernel's own."""
        strides, number = self.strides(extents), self.stored[kind]
        size = {"real": self.bits // 8, "whole": 8, "truth": 1}[kind]
        length = self._times(self._times(strides[0], extents[0]), self.a.constant(size, "whole"))
        if isinstance(length.code, ir.Constant):
            taken = length.code.constant
            if taken <= ON_STACK and self.on_stack + taken <= ALL_ON_STACK:
                self.on_stack += taken
                pointer = self.allocas.alloca(number, taken // size)
                pointer.align = 64
                return Array(pointer, kind, extents, strides)
        place, room = self.allocas.alloca(BYTE.as_pointer()), self.allocas.alloca(WHOLE)
        self.allocas.store(ir.Constant(BYTE.as_pointer(), None), place)
        self.allocas.store(ir.Constant(WHOLE, 0), room)
        self.kept.append(place)
        with self.builder.if_then(self.a.compared(">", length, Number(self.builder.load(room), "whole")).code):
            self.a.intrinsic("free", ir.VoidType(), [self.builder.load(place)])
            self.builder.store(self.a.intrinsic("malloc", BYTE.as_pointer(), [length.code]), place)
            self.builder.store(length.code, room)
        return Array(self.builder.bitcast(self.builder.load(place), number.as_pointer()), kind, extents, strides)

    def free(self) -> None:
        """Give the memory of arrays back: at the end, because a loop needs it again in its next round."""
        for place in self.kept:
            self.a.intrinsic("free", ir.VoidType(), [self.builder.load(place)])

    def multiply(self, out: Array, left: Array, right: Array, packed: Array | None = None) -> None:
        """out = left · right by the function for whole matrices; ``packed`` is room for a panel."""
        b, depth = self.builder, left.extents[1]
        if packed is None:
            lines = self.a.binary("+", depth, self.a.constant(self.width, "whole"))
            packed = self.own([self._times(lines, self.a.constant(products.WIDEST * self.width, "whole"))], "real")
        # An output that runs down its columns is the product of the transposes.
        turned = self.a.compared("!=", out.strides[1], self.a.constant(1, "whole")).code

        def matrix(m: Array) -> list[Any]:
            return [m.pointer, m.strides[0].code, m.strides[1].code]

        def transposed(m: Array) -> list[Any]:
            return [m.pointer, m.strides[1].code, m.strides[0].code]

        plain = [*matrix(out)[:2], *matrix(left), *matrix(right), out.extents[0].code, out.extents[1].code]
        other = [
            *transposed(out)[:2], *transposed(right), *transposed(left), out.extents[1].code, out.extents[0].code,
        ]  # fmt: skip
        *first, m, n = [b.select(turned, y, x) for x, y in zip(plain, other, strict=True)]
        name, kind = products.name(self.bits), products.signature(self.bits)
        function = b.module.globals.get(name) or ir.Function(b.module, kind, name)
        b.call(function, [*first, m, depth.code, n, packed.pointer])

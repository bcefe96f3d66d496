"""Expressions of a kernel: numbers, entries of arrays, functions."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from numeric.backends.machine.arithmetic import Arithmetic, Number
from numeric.backends.machine.elementary import exponential, hyperbolic_tangent
from numeric.backends.machine.vectors import indices
from symbolic.errors import UnsupportedError

FUNCTIONS = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "rint": "rint", "larger": "maximum"}
ELEMENTARY = {"exponential": exponential, "hyperbolic_tangent": hyperbolic_tangent}
SINGLE = {"exp": exponential, "tanh": hyperbolic_tangent}  # what these are for single floats
LIBRARY = (
    "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
    "erfc", "lgamma", "expm1", "log1p",
)  # fmt: skip
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


@dataclass
class Array:
    """An array of the running kernel: where it begins, its extents and the strides of its axes, in entries."""

    pointer: Any
    kind: str
    extents: Sequence[Number]
    strides: Sequence[Number]
    is_run: bool = True
    """Whether its last axis is a run of memory."""


@dataclass
class Variable:
    """A number with a place on the stack (which LLVM moves into a register)."""

    pointer: Any
    kind: str
    lanes: int = 1


@dataclass
class Lanes:
    """The vector loop at hand: its index, the first lane's value, which lanes count, and what is gathered."""

    name: str
    start: Number
    count: int
    mask: Any
    sums: dict[str, Variable]


class Expressions:
    """Writes the instructions of expressions; ``scope`` holds what names stand for."""

    a: Arithmetic
    builder: ir.IRBuilder
    scope: dict[str, Any]
    lanes: Lanes | None

    def number(self, e: ast.expr) -> Number:
        """The value of an expression."""
        match e:
            case ast.Constant(value=bool() | int() as value):
                return self.a.constant(int(value), "truth" if isinstance(value, bool) else "whole")
            case ast.Constant(value=float() as value):
                return self.a.constant(value)
            case ast.Attribute(attr="inf"):
                return self.a.constant(float("inf"))
            case ast.Attribute(attr="nan"):
                return self.a.constant(float("nan"))
            case ast.Name(id=name):
                return self._named(name)
            case ast.Subscript():
                return self._entry(e)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.a.negative(self.number(inner))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.a.opposite(self.number(inner))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
                return self.a.powered(self.number(left), exponent)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.a.each("pow", *(self.a.converted(self.number(e), "real") for e in (left, right)))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
                return self._binary(SIGNS[type(op)], self.number(left), self.number(right))
            case ast.BoolOp(op=op, values=values):
                return self._joined(op, [self.number(v) for v in values])
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared(left, ops, others)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self.a.chosen(self.number(test), self.number(body), self.number(otherwise))
            case ast.Call(func=function, args=arguments):
                return self._called(function, arguments)
        raise UnsupportedError(f"no machine code for {ast.unparse(e)!r}")

    def _binary(self, sign: str, x: Number, y: Number) -> Number:
        if sign == "/":
            x, y = (self.a.converted(v, "real") for v in (x, y))
        return self.a.binary(sign, x, y)

    def _joined(self, op: ast.boolop, truths: list[Number]) -> Number:
        found = truths[0]
        for t in truths[1:]:
            if isinstance(op, ast.And):
                found = self.a.both(found, t)
            else:
                found = self.a.opposite(self.a.both(self.a.opposite(found), self.a.opposite(t)))
        return found

    def _compared(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> Number:
        values = [self.number(left), *map(self.number, others)]
        pairs = zip(ops, values, values[1:], strict=False)
        return self._joined(ast.And(), [self.a.compared(SIGNS[type(op)], x, y) for op, x, y in pairs])

    def _named(self, name: str) -> Number:
        if self.lanes is not None and name == self.lanes.name:
            return self.a.counting(self.lanes.start, self.lanes.count)
        found = self.scope[name]
        if isinstance(found, Variable):
            return Number(self.builder.load(found.pointer), found.kind, found.lanes)
        return found

    def _called(self, function: ast.expr, arguments: list[ast.expr]) -> Number:
        name = function.attr if isinstance(function, ast.Attribute) else function.id  # type: ignore[attr-defined]
        values = [self.number(e) for e in arguments]
        if name == "real":
            return self.a.converted(values[0], "real")
        if name == "abs" and values[0].kind == "whole":
            negative = self.a.compared("<", values[0], self.a.constant(0, "whole"))
            return self.a.chosen(negative, self.a.negative(values[0]), values[0])
        if name == "isnan":
            return self.a.compared("!=", values[0], values[0])
        if name == "isinf":
            return self.a.compared("==", self.a.called("fabs", values[0]), self.a.constant(float("inf")))
        if name in ("max", "min"):
            first = self.a.compared(">" if name == "max" else "<", *values)
            return self.a.chosen(first, *values)
        if name in SINGLE and self.a.bits == 32:
            return SINGLE[name](self.a, self.a.converted(values[0], "real"))
        if name in LIBRARY:
            return self.a.each(name, self.a.converted(values[0], "real"))
        if name in ELEMENTARY:
            return ELEMENTARY[name](self.a, self.a.converted(values[0], "real"))
        if name in FUNCTIONS:
            return self.a.called(FUNCTIONS[name], *values)
        raise UnsupportedError(f"no machine code for the function {name}")

    # -- entries of arrays ---------------------------------------------------------------------------------------------------

    def _place(self, e: ast.Subscript) -> tuple[Array, Any, bool]:
        """The array, the address of its entry, and whether as many entries as a vector has lanes begin there."""
        array = self.scope[e.value.id]  # type: ignore[attr-defined]
        at = indices(e)
        along = self.lanes is not None and isinstance(at[-1], ast.Name) and at[-1].id == self.lanes.name
        offset = None
        for position, stride in zip(at, array.strides, strict=True):
            last = along and position is at[-1]
            where = self.lanes.start if last and self.lanes is not None else self.number(position)
            known = isinstance(stride.code, ir.Constant) and stride.code.constant == 1
            part = where if known else self.a.binary("*", where, stride)
            offset = part if offset is None else self.a.binary("+", offset, part)
        pointer = array.pointer if offset is None else self.builder.gep(array.pointer, [offset.code])
        return array, pointer, along

    def _entry(self, e: ast.Subscript) -> Number:
        if isinstance(e.value, ast.Attribute):  # x.shape[0]
            return self.scope[e.value.value.id].extents[e.slice.value]  # type: ignore[attr-defined]
        if isinstance(e.slice, ast.Tuple) and not e.slice.elts:  # x[()]
            array = self.scope[e.value.id]  # type: ignore[attr-defined]
            return self.a.loaded(array.pointer, array.kind)
        array, pointer, along = self._place(e)
        if not along or self.lanes is None:
            return self.a.loaded(pointer, array.kind)
        return self.a.loaded(pointer, array.kind, self.lanes.count, self.lanes.mask)

    def _store(self, e: ast.Subscript, x: Number) -> None:
        array, pointer, along = self._place(e)
        x = self.a.converted(x, array.kind)
        if along and self.lanes is not None:
            self.a.store(self.a.spread(x, self.lanes.count), pointer, self.lanes.mask)
        else:
            self.a.store(x, pointer)

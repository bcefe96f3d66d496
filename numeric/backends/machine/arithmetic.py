"""Numbers and vectors of numbers in LLVM's instructions.

Reals are contracted and reordered freely, but nothing assumes that there is no NaN and no infinity. A number that meets a
vector stands for a vector of equal numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

WHOLE, BYTE, BIT, INT = ir.IntType(64), ir.IntType(8), ir.IntType(1), ir.IntType(32)
FAST = ("reassoc", "contract", "nsz", "arcp")


@dataclass(frozen=True)
class Number:
    """A real or whole number or a truth value: one (``lanes`` 1), or a vector of them."""

    code: Any
    kind: str
    lanes: int = 1


class Arithmetic:
    """Writes instructions to ``builder``; ``bits`` of a real."""

    def __init__(self, builder: ir.IRBuilder, bits: int):
        self.builder, self.bits = builder, bits
        self.kinds = {"real": ir.FloatType() if bits == 32 else ir.DoubleType(), "whole": WHOLE, "truth": BIT}

    # -- types and constants -------------------------------------------------------------------------------------------------

    def type(self, kind: str, lanes: int = 1) -> Any:
        """LLVM's type of a number or vector."""
        return self.kinds[kind] if lanes == 1 else ir.VectorType(self.kinds[kind], lanes)

    def constant(self, value: float, kind: str = "real") -> Number:
        """A number that is known."""
        return Number(ir.Constant(self.kinds[kind], value), kind)

    def spread(self, x: Number, lanes: int) -> Number:
        """A vector of equal numbers; a vector stays."""
        if x.lanes == lanes or lanes == 1:
            return x
        vector = ir.VectorType(self.kinds[x.kind], lanes)
        if isinstance(x.code, ir.Constant):
            return Number(ir.Constant(vector, [x.code.constant] * lanes), x.kind, lanes)
        empty = ir.Constant(vector, ir.Undefined)
        first = self.builder.insert_element(empty, x.code, ir.Constant(INT, 0))
        zeros = ir.Constant(ir.VectorType(INT, lanes), [0] * lanes)
        return Number(self.builder.shuffle_vector(first, empty, zeros), x.kind, lanes)

    def counting(self, start: Number, lanes: int) -> Number:
        """start, start + 1, ..."""
        steps = Number(ir.Constant(ir.VectorType(WHOLE, lanes), list(range(lanes))), "whole", lanes)
        return self.binary("+", start, steps)

    def alike(self, *numbers: Number) -> tuple[list[Any], str, int]:
        """The numbers with one kind and so many lanes."""
        lanes = max(x.lanes for x in numbers)
        kind = "real" if any(x.kind == "real" for x in numbers) else numbers[0].kind
        return [self.spread(self.converted(x, kind), lanes).code for x in numbers], kind, lanes

    def converted(self, x: Number, kind: str) -> Number:
        """The number as one of another kind."""
        if x.kind == kind:
            return x
        b, to = self.builder, self.type(kind, x.lanes)
        if kind == "real":
            return Number((b.uitofp if x.kind == "truth" else b.sitofp)(x.code, to), kind, x.lanes)
        if kind == "whole" and x.kind == "truth":
            return Number(b.zext(x.code, to), kind, x.lanes)
        raise AssertionError((x.kind, kind))

    # -- operations ------------------------------------------------------------------------------------------------------------

    def binary(self, sign: str, x: Number, y: Number) -> Number:
        """x + y and the like; whole numbers are divided as in Python, with a positive divisor."""
        b = self.builder
        (left, right), kind, lanes = self.alike(x, y)
        if kind == "real":
            make = {"+": b.fadd, "-": b.fsub, "*": b.fmul, "/": b.fdiv}[sign]
            return Number(make(left, right, flags=FAST), kind, lanes)
        if sign in ("//", "%"):
            rest = b.srem(left, right)
            zero = ir.Constant(rest.type, [0] * lanes if lanes > 1 else 0)
            low = b.icmp_signed("<", rest, zero)
            if sign == "%":
                return Number(b.select(low, b.add(rest, right), rest), kind, lanes)
            return Number(b.sub(b.sdiv(left, right), b.zext(low, rest.type)), kind, lanes)
        return Number({"+": b.add, "-": b.sub, "*": b.mul}[sign](left, right), kind, lanes)

    def negative(self, x: Number) -> Number:
        """-x."""
        code = self.builder.fneg(x.code, flags=FAST) if x.kind == "real" else self.builder.neg(x.code)
        return Number(code, x.kind, x.lanes)

    def compared(self, sign: str, x: Number, y: Number) -> Number:
        """A truth value; with NaN all are false but !=."""
        (left, right), kind, lanes = self.alike(x, y)
        b = self.builder
        if kind == "real":
            code = (b.fcmp_unordered if sign == "!=" else b.fcmp_ordered)(sign, left, right)
        else:
            code = b.icmp_signed(sign, left, right)
        return Number(code, "truth", lanes)

    def both(self, x: Number, y: Number) -> Number:
        """x and y."""
        (left, right), _, lanes = self.alike(x, y)
        return Number(self.builder.and_(left, right), "truth", lanes)

    def opposite(self, x: Number) -> Number:
        """not x."""
        return Number(self.builder.not_(x.code), "truth", x.lanes)

    def chosen(self, test: Number, x: Number, y: Number) -> Number:
        """x where the test holds, else y: no branch."""
        (a, b), kind, lanes = self.alike(x, y)
        if test.lanes > lanes:
            lanes = test.lanes
            a, b = (self.spread(Number(v, kind), lanes).code for v in (a, b))
        return Number(self.builder.select(self.spread(test, lanes).code, a, b), kind, lanes)

    def called(self, name: str, *numbers: Number) -> Number:
        """One of LLVM's own functions of reals, as sqrt."""
        codes, kind, lanes = self.alike(*(self.converted(x, "real") for x in numbers))
        suffix = f"f{self.bits}" if lanes == 1 else f"v{lanes}f{self.bits}"
        whole = self.type(kind, lanes)
        flags = FAST if name == "maximum" else ()  # where it does not matter which of two zeros is larger
        return Number(self.intrinsic(f"llvm.{name}.{suffix}", whole, codes, flags), kind, lanes)

    def intrinsic(self, name: str, result: Any, codes: Sequence[Any], flags: Sequence[str] = ()) -> Any:
        """A call of a function that LLVM knows."""
        module = self.builder.module
        function = module.globals.get(name)
        if function is None:
            function = ir.Function(module, ir.FunctionType(result, [c.type for c in codes]), name)
        return self.builder.call(function, codes, fastmath=flags)

    def each(self, name: str, *numbers: Number) -> Number:
        """A function of the C library, lane by lane."""
        codes, kind, lanes = self.alike(*numbers)
        name = name + ("f" if self.bits == 32 else "")
        if lanes == 1:
            return Number(self.intrinsic(name, self.type(kind), codes), kind)
        found = ir.Constant(self.type(kind, lanes), ir.Undefined)
        for lane in range(lanes):
            place = ir.Constant(INT, lane)
            value = self.intrinsic(name, self.type(kind), [self.builder.extract_element(c, place) for c in codes])
            found = self.builder.insert_element(found, value, place)
        return Number(found, kind, lanes)

    def powered(self, x: Number, exponent: int) -> Number:
        """x to a whole power, by squaring."""
        found, square, left = None, x, abs(exponent)
        while left:
            if left % 2:
                found = square if found is None else self.binary("*", found, square)
            square, left = self.binary("*", square, square) if left > 1 else square, left // 2
        found = self.constant(1.0) if found is None else found
        return self.binary("/", self.constant(1.0), found) if exponent < 0 else found

    def folded(self, x: Number, how: Any) -> Number:
        """All lanes as one, halves with halves: ``how`` joins two vectors or numbers."""
        b, lanes = self.builder, x.lanes
        while lanes > 1:
            lanes //= 2
            order = ir.Constant(ir.VectorType(INT, lanes), list(range(lanes, 2 * lanes)))
            first = ir.Constant(ir.VectorType(INT, lanes), list(range(lanes)))
            upper, lower = (b.shuffle_vector(x.code, x.code, places) for places in (order, first))
            if lanes == 1:
                upper, lower = (b.extract_element(v, ir.Constant(INT, 0)) for v in (upper, lower))
            x = how(Number(lower, x.kind, lanes), Number(upper, x.kind, lanes))
        return x

    # -- memory ------------------------------------------------------------------------------------------------------------------

    def loaded(self, pointer: Any, kind: str, lanes: int = 1, mask: Any = None) -> Number:
        """The number, or the vector, that lies at an address; truth values are bytes. Lanes outside a mask are 0."""
        stored = BYTE if kind == "truth" else self.kinds[kind]
        whole = stored if lanes == 1 else ir.VectorType(stored, lanes)
        place, size = self.builder.bitcast(pointer, whole.as_pointer()), _bytes(stored)
        if mask is None:
            code = self.builder.load(place, align=size)
        else:
            zero = ir.Constant(whole, [0] * lanes)
            name = f"llvm.masked.load.{_suffix(stored, lanes)}.p0"
            code = self.intrinsic(name, whole, [place, ir.Constant(INT, size), mask, zero])
        if kind == "truth":
            code = self.builder.icmp_unsigned("!=", code, ir.Constant(whole, [0] * lanes if lanes > 1 else 0))
        return Number(code, kind, lanes)

    def store(self, x: Number, pointer: Any, mask: Any = None) -> None:
        """Write a number or vector to an address."""
        code = x.code
        if x.kind == "truth":
            code = self.builder.zext(code, BYTE if x.lanes == 1 else ir.VectorType(BYTE, x.lanes))
        stored = BYTE if x.kind == "truth" else self.kinds[x.kind]
        place, size = self.builder.bitcast(pointer, code.type.as_pointer()), _bytes(stored)
        if mask is None:
            self.builder.store(code, place, align=size)
            return
        name = f"llvm.masked.store.{_suffix(stored, x.lanes)}.p0"
        self.intrinsic(name, ir.VoidType(), [code, place, ir.Constant(INT, size), mask])


def _bytes(kind: Any) -> int:
    return {ir.FloatType(): 4, ir.DoubleType(): 8}.get(kind) or kind.width // 8


def _suffix(kind: Any, lanes: int) -> str:
    letter = "i" if isinstance(kind, ir.IntType) else "f"
    return f"v{lanes}{letter}{8 * _bytes(kind)}"

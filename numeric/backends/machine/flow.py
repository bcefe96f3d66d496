"""Loops and branches of one function."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from numeric.backends.machine.arithmetic import WHOLE, Arithmetic, Number


class Flow:
    """Writes the blocks of ``function``; ``a`` writes the instructions in them."""

    def __init__(self, function: ir.Function, a: Arithmetic):
        self.function, self.a, self.builder = function, a, a.builder

    def counted(self, start: Number, end: Number, step: int, body: Callable[[Number], None]) -> None:
        """body(k) for k = start, start + step, ... below the end."""
        b, before = self.builder, self.builder.block
        loop, after = (self.function.append_basic_block(name) for name in ("loop", "after"))
        b.cbranch(self.a.compared("<", start, end).code, loop, after)
        b.position_at_end(loop)
        k = b.phi(WHOLE)
        k.add_incoming(start.code, before)
        body(Number(k, "whole"))
        following = b.add(k, ir.Constant(WHOLE, step), flags=("nuw", "nsw"))
        k.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, end.code), loop, after)
        b.position_at_end(after)

    def either(self, test: Number, body: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """One of two."""
        b = self.builder
        inside, other, after = (self.function.append_basic_block(name) for name in ("inside", "otherwise", "after"))
        b.cbranch(test.code, inside, other)
        for block, write in ((inside, body), (other, otherwise)):
            b.position_at_end(block)
            write()
            b.branch(after)
        b.position_at_end(after)

    def when(self, test: Number, body: Callable[[], None]) -> None:
        """Only where the test holds."""
        self.either(test, body, lambda: None)

"""A compiler for functions whose arrays do not overlap: told so, LLVM need not test it before every loop."""

from __future__ import annotations

from numba.core.compiler import Compiler


class Distinct(Compiler):
    """numba's compiler with the arguments marked as different pieces of memory."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.state.flags.noalias = True

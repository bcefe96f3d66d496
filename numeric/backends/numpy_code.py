"""Calling NumPy source."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.backends.numpy_source import Writer
from numeric.lowering.program import ArrayProgram


class NumpyCode:
    """An array program as NumPy source that serves for both precisions."""

    def __init__(self, program: ArrayProgram):
        self.program = program
        self._run = function(Writer(program, commented=False).write(), "computed")

    @cached_property
    def source(self) -> str:
        """The code that runs, each line with the equation that it computes."""
        return Writer(self.program).write()

    def __call__(self, arrays: Sequence[Any], dtype: np.dtype) -> Any:
        """The outputs for arguments and constants; one output comes alone."""
        return self._run(*arrays, dtype=dtype.type)

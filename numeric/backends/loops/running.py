"""Calling compiled programs: one module for each precision, arrays in C order, scalars as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numeric.backends.loops.compilation import compiled, require_numba
from numeric.backends.loops.units import without_units
from numeric.backends.loops.writer import function_source
from numeric.lowering.program import Program


class LoopCode:
    """A program as compiled loops. ``source`` is the module for the precision used last (at first float64).

    Raises ``MissingExtraError`` without numba and ``UnsupportedError`` for a program with parts that have no loops.
    """

    def __init__(self, program: Program):
        require_numba()
        self.program = without_units(program)
        self._sources: dict[str, str] = {}
        self.source = self._source("float64")

    def _source(self, dtype: str) -> str:
        if dtype not in self._sources:
            self._sources[dtype] = function_source(self.program, dtype)
        return self._sources[dtype]

    def __call__(self, arrays: Sequence[Any], dtype: np.dtype) -> Any:
        """The outputs for arguments and constants; one output comes alone."""
        self.source = self._source(dtype.name)
        found = compiled(self.source).computed(*(_ready(a, dtype) for a in arrays))
        return found if len(found) > 1 else found[0]


def _ready(value: Any, dtype: np.dtype) -> Any:
    if np.ndim(value) == 0:
        kind = np.asarray(value).dtype.kind
        return dtype.type(value) if kind == "f" else int(value) if kind in "iu" else bool(value)
    return np.ascontiguousarray(value)

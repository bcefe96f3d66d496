"""Arrays that stay on disk: files without a name in the folder for temporary files (``TMPDIR``), gone with their array.

The system reads pages of them when they are needed and drops them when memory is short, so what is kept here costs disk and
no memory, however often it is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numeric.errors import DataError

LARGE = 1 << 26
"""Bytes from which what is made of an array on disk is kept on disk too."""
_BLOCK = 1 << 22


def blocks(array: np.ndarray) -> Iterator[slice]:
    """Rows of an array in order, some megabytes at a time."""
    row = max(array.dtype.itemsize * int(np.prod(array.shape[1:], dtype=int)), 1)
    step = max(_BLOCK // row, 1)
    return (slice(first, min(first + step, len(array))) for first in range(0, len(array), step))


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array on disk. Raises ``DataError`` where the disk is full."""
    try:
        with tempfile.TemporaryFile(prefix="chainrule-") as file:
            file.truncate(max(int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize, 1))
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        raise DataError(
            f"{tempfile.gettempdir()}: no room for an array of shape {shape} ({error.strerror or error}); set TMPDIR"
        ) from None


def mapped(array: np.ndarray, rule: Callable[[np.ndarray], np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
    """``rule(array[rows])``, a rule that works row by row; in blocks and on disk where the array is."""
    if not isinstance(array, np.memmap):
        return rule(array if rows is None else array[rows])
    count = len(array) if rows is None else len(rows)
    first = rule(array[:1])
    result = empty((count, *first.shape[1:]), first.dtype)
    for part in blocks(result):
        result[part] = rule(array[part] if rows is None else array[rows[part]])
    return result


def moments(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the rows."""
    if not isinstance(array, np.memmap):
        return array.mean(axis=0), array.std(axis=0)
    mean = sum(array[part].sum(axis=0, dtype=float) for part in blocks(array)) / len(array)
    variance = sum(((array[part] - mean) ** 2).sum(axis=0) for part in blocks(array)) / len(array)
    return mean, np.sqrt(variance)

"""Products of matrices for loops that numba compiles: ``product(left, right, out)`` in tiles (``machine.products``)."""

from __future__ import annotations

import functools
from typing import Any

from numeric.backends.loops.compilation import compiled
from numeric.backends.machine.objects import lanes, multiplication
from numeric.backends.machine.products import WIDEST

_TEXT = """
import numpy as np
from numba import njit, types

from numeric.backends.loops.pointers import address

real = np.{dtype}
SIZE = np.dtype(real).itemsize
LANES = {lanes}
pointer, whole = types.CPointer(types.float{bits}), types.intp
external = types.ExternalFunction(
    'chainrule_multiply_{dtype}', types.void(pointer, whole, *(2 * [pointer, whole, whole]), whole, whole, whole, pointer)
)


@njit('void(f{size}[:,:], f{size}[:,:], f{size}[:,:])', cache=True, nogil=True, error_model='numpy')
def product(left, right, out):
    if min(out.strides) != SIZE:
        raise ValueError('product: no axis of the output is a run of memory')
    if out.strides[1] != SIZE:  # the transpose is the product of the transposes
        left, right, out = right.T, left.T, out.T
    packed = np.empty((left.shape[1] + LANES) * LANES * {widest}, real)
    external(
        address(out), out.strides[0] // SIZE,
        address(left), left.strides[0] // SIZE, left.strides[1] // SIZE,
        address(right), right.strides[0] // SIZE, right.strides[1] // SIZE,
        out.shape[0], left.shape[1], out.shape[1], address(packed),
    )
    packed[:1] = real(0)  # until here it is in use
"""


@functools.cache
def matrices(dtype: str) -> Any:
    """The compiled module for ``"float32"`` or ``"float64"``."""
    size = {"float32": 4, "float64": 8}[dtype]
    multiplication(dtype)
    return compiled(_TEXT.format(dtype=dtype, size=size, bits=8 * size, lanes=lanes(8 * size), widest=WIDEST))

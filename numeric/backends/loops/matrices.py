"""Products of matrices in tiles of registers: the source of a module that is compiled for one precision.

    product(left, right, out)      two axes; ``stack(left, right, out)``: four, the first two of them shared by all

The right factor is cut into panels of at most three vectors, which are copied where their rows are no runs of memory or
end within a vector; a panel stays in the nearest cache while tiles of rows run down the left factor. Sums of more than
``DEPTH`` terms are added up in parts, so that a part of a panel fits there. Factors may lie in memory in any order; of the
output one axis must be a run of memory.

For the matrices of small models BLAS packs both factors, which costs as much as it saves. (OpenBLAS 0.3.31, one thread,
1024 × 48 × 48 float32: 48 against 29 µs; 1024 × 48 × 192: 163 against 115.)
"""

from __future__ import annotations

import functools
from typing import Any

from numeric.backends.loops.compilation import compiled

_TEXT = """
import numpy as np
from numba import cfunc, njit, types

from numeric.backends.loops.tiles import address, lanes, published, rows, shifted, tile, turned

real = np.{dtype}
SIZE = np.dtype(real).itemsize
LANES, ROWS, DEPTH = lanes(SIZE), rows(), {depth}
WIDEST = 3 * LANES
tall1, tall2, tall3 = tile(ROWS, 1, SIZE), tile(ROWS, 2, SIZE), tile(ROWS, 3, SIZE)
flat1, flat2, flat3 = tile(1, 1, SIZE), tile(1, 2, SIZE), tile(1, 3, SIZE)
turn = turned(SIZE)
pointer, whole = types.CPointer(types.float{bits}), types.intp
SIGNATURE = types.void(*(3 * [pointer, whole, whole]), whole, whole, whole, pointer)


@cfunc(SIGNATURE, cache=True, error_model='numpy')
def multiply(out, out_row, out_column, left, left_row, left_column, right, right_row, right_column, m, depth, n, packed):
    if out_column != 1:  # the transpose is the product of the transposes
        out_row, out_column = out_column, out_row
        left, right = right, left
        left_row, right_column = right_column, left_row
        left_column, right_row = right_row, left_column
        m, n = n, m
    height = ROWS if m >= ROWS else 1
    j = 0
    while j < n:
        vectors = (n - j + LANES - 1) // LANES
        vectors = 2 if vectors == 4 else min(vectors, 3)
        width = min(vectors * LANES, n - j)
        used = width - (vectors - 1) * LANES
        panel, panel_row = shifted(right, j * right_column), right_row
        if right_column != 1:
            panel_row = vectors * LANES
            k = 0
            if right_row == 1:
                while k + LANES <= depth:
                    c = 0
                    while c + LANES <= width:
                        turn(shifted(packed, k * panel_row + c), panel_row, shifted(panel, k + c * right_column), right_column)
                        c += LANES
                    while c < width:
                        for i in range(k, k + LANES):
                            packed[i * panel_row + c] = panel[i + c * right_column]
                        c += 1
                    k += LANES
            for i in range(k, depth):
                for c in range(width):
                    packed[i * panel_row + c] = panel[i * right_row + c * right_column]
            panel = packed
        for phase in range(2 if m % height else 1):  # the last rows, where they end within a tile, are a tile again
            start = m - height if phase else 0
            for k in range(0, depth, DEPTH):
                part, onto = min(DEPTH, depth - k), k > 0
                lines = shifted(panel, k * panel_row)
                for i in range(start, m - height + 1, height):
                    block, rest = shifted(out, i * out_row + j), shifted(left, i * left_row + k * left_column)
                    if height == 1:
                        if vectors == 3:
                            flat3(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
                        elif vectors == 2:
                            flat2(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
                        else:
                            flat1(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
                    elif vectors == 3:
                        tall3(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
                    elif vectors == 2:
                        tall2(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
                    else:
                        tall1(block, out_row, rest, left_row, left_column, lines, panel_row, part, onto, used)
        j += width


published('chainrule_multiply_{dtype}', multiply.address)
external = types.ExternalFunction('chainrule_multiply_{dtype}', SIGNATURE)


@njit('void(f{size}[:,:], f{size}[:,:], f{size}[:,:])', cache=True, nogil=True, error_model='numpy')
def product(left, right, out):
    if min(out.strides) != SIZE:
        raise ValueError('product: no axis of the output is a run of memory')
    packed = np.empty(left.shape[1] * WIDEST, real)
    external(
        address(out), out.strides[0] // SIZE, out.strides[1] // SIZE,
        address(left), left.strides[0] // SIZE, left.strides[1] // SIZE,
        address(right), right.strides[0] // SIZE, right.strides[1] // SIZE,
        out.shape[0], left.shape[1], out.shape[1], address(packed),
    )
    packed[:1] = real(0)  # until here it is in use


@njit('void(f{size}[:,:,:,:], f{size}[:,:,:,:], f{size}[:,:,:,:])', cache=True, nogil=True, error_model='numpy')
def stack(left, right, out):
    if min(out.strides[2], out.strides[3]) != SIZE:
        raise ValueError('stack: no axis of the output is a run of memory')
    packed = np.empty(left.shape[3] * WIDEST, real)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            external(
                shifted(address(out), i * (out.strides[0] // SIZE) + j * (out.strides[1] // SIZE)),
                out.strides[2] // SIZE, out.strides[3] // SIZE,
                shifted(address(left), i * (left.strides[0] // SIZE) + j * (left.strides[1] // SIZE)),
                left.strides[2] // SIZE, left.strides[3] // SIZE,
                shifted(address(right), i * (right.strides[0] // SIZE) + j * (right.strides[1] // SIZE)),
                right.strides[2] // SIZE, right.strides[3] // SIZE,
                out.shape[2], left.shape[3], out.shape[3], address(packed),
            )
    packed[:1] = real(0)
"""

SLIM = 4  # rows or columns of a product below which BLAS is faster
LARGE = 2**25  # multiplications above which BLAS is faster: the left factor is not packed
DEPTH = 128  # terms: a panel of three vectors takes half of the nearest cache


@functools.cache
def matrices(dtype: str) -> Any:
    """The compiled module for ``"float32"`` or ``"float64"``."""
    size = {"float32": 4, "float64": 8}[dtype]
    return compiled(_TEXT.format(dtype=dtype, size=size, bits=8 * size, depth=DEPTH))

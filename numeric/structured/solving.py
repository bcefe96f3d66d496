"""Linear equations with a structured array, each structure by its own means.

A diagonal divides; D + U Vᵀ with few columns goes through a small matrix (Woodbury 1950),

    (D + U Vᵀ)⁻¹ b = D⁻¹ b − D⁻¹ U (1 + Vᵀ D⁻¹ U)⁻¹ Vᵀ D⁻¹ b,

with one step of iterative refinement (Higham 2002, section 12.1), which is as cheap; axes on which all terms are tied are
solved block by block; of a Kronecker product each matrix; scattered entries by SuperLU. What is left is made dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from numeric.structured.terms import Labels, ProductTerm, ScatteredTerm

if TYPE_CHECKING:
    from numeric.structured.array import StructuredArray


def solved(h: StructuredArray, b: np.ndarray) -> np.ndarray:
    """The solutions for ``b``, of the rows' shape and one axis more, which holds several of them."""
    products = [t for t in h.terms if isinstance(t, ProductTerm)]
    if len(products) < len(h.terms):
        return _by_entries(h, b)
    if not products:
        raise np.linalg.LinAlgError("Singular matrix: every entry is zero")
    if len(products) == 1:
        found = _by_axes(products[0], b)
        if found is not None:
            return found
    return _by_blocks(h, products, b)


# -- scattered entries -----------------------------------------------------------------------------------------------


def _by_entries(h: StructuredArray, b: np.ndarray) -> np.ndarray:
    size = prod(h.row_shape)
    whole = scipy.sparse.csr_array((size, size), dtype=h.dtype)
    for t in h.terms:
        if isinstance(t, ScatteredTerm):
            whole = whole + t.matrix
        elif len(t.tied) == t.rows:
            whole = whole + scipy.sparse.diags_array(np.ravel(t.diagonal()))
        else:
            return _dense_solution(h.dense().reshape(size, size), b.reshape(size, -1)).reshape(b.shape)
    flat = b.reshape(size, -1)
    try:
        factors = scipy.sparse.linalg.splu(whole.tocsc().astype(float))
    except RuntimeError:  # SuperLU: "Factor is exactly singular"
        raise np.linalg.LinAlgError("Singular matrix") from None
    return factors.solve(flat.astype(float)).astype(h.dtype).reshape(b.shape)


# -- Kronecker products ----------------------------------------------------------------------------------------------


def _by_axes(t: ProductTerm, b: np.ndarray) -> np.ndarray | None:
    """One matrix after the other, where no array of the term meets two axes; else None."""
    rows, columns = t.axes
    if len(set(t.places)) < len(t.places) - len(t.tied):
        return None
    axis = {n: a for a in range(t.rows) for n in (rows[a], columns[a])}
    parts: dict[int, list[tuple[np.ndarray, Labels]]] = {a: [] for a in range(t.rows)}
    number = t.coefficient
    for array, mine in zip(t.arrays, t.labels, strict=True):
        met = {axis.get(n, -1) for n in mine}
        if not mine:
            number *= float(array)
        elif len(met) > 1 or -1 in met:
            return None
        else:
            parts[met.pop()].append((array, mine))
    x = b / t.dtype.type(number) if number else _singular()
    for a, own in parts.items():
        if not own and a in t.tied:
            continue
        part = ProductTerm(
            tuple(array for array, _ in own), tuple(mine for _, mine in own), (rows[a], columns[a]), 1, t.sizes, 1.0, t.dtype
        )  # fmt: skip
        moved = np.moveaxis(x, a, 0)
        flat = moved.reshape(len(moved), -1)
        if a in t.tied:
            flat = flat / _nonzero(part.contracted((rows[a],)))[:, None]
        elif len(moved) > 1 and _separated(part, {rows[a]}, {columns[a]}):
            _singular()  # an outer product
        else:
            flat = _dense_solution(part.contracted(part.places), flat)
        x = np.moveaxis(flat.reshape(moved.shape), 0, a)
    return x


# -- blocks, and in each a diagonal plus outer products --------------------------------------------------------------


def _by_blocks(h: StructuredArray, terms: Sequence[ProductTerm], b: np.ndarray) -> np.ndarray:
    """Axes on which all terms are tied number the blocks; the other axes are flat within one."""
    blocks = [a for a in range(h.rows) if all(a in t.tied for t in terms)]
    inner = [a for a in range(h.rows) if a not in blocks]
    count, size = prod(h.row_shape[a] for a in blocks), prod(h.row_shape[a] for a in inner)
    moved = np.moveaxis(b, [*blocks, *inner], range(h.rows))
    flat = moved.reshape(count, size, b.shape[-1])
    pieces = _Pieces(count, size, blocks, inner, h.dtype)
    for t in terms:
        pieces.take(t)
    x = pieces.solve(flat).reshape(moved.shape)
    return np.moveaxis(x, range(h.rows), [*blocks, *inner])


class _Pieces:
    """Blocks as d (blocks, size), outer products U, V (blocks, size, r) and what is neither, as matrices."""

    def __init__(self, count: int, size: int, blocks: list[int], inner: list[int], dtype: np.dtype):
        self.count, self.size, self.blocks, self.inner = count, size, blocks, inner
        self.d = np.zeros((count, size), dtype)
        self.left: list[np.ndarray] = []
        self.right: list[np.ndarray] = []
        self.full: np.ndarray | None = None

    def take(self, t: ProductTerm) -> None:
        """Sort one term in."""
        rows, columns = t.axes
        over, i, j = (
            tuple(side[a] for a in axes)
            for side, axes in ((rows, self.blocks), (rows, self.inner), (columns, self.inner))
        )
        if i == j:
            self.d += t.contracted((*over, *i)).reshape(self.count, self.size)
            return
        summed = tuple(n for n in t.sizes if n not in t.places)
        rank = prod(t.sizes[n] for n in summed)
        sides = _separated(t, set(i), set(j))
        if sides is None or rank + sum(u.shape[-1] for u in self.left) >= self.size:
            m = t.contracted((*over, *i, *j)).reshape(self.count, self.size, self.size)
            self.full = m if self.full is None else self.full + m
            return
        u, v = sides
        self.left.append(u.contracted((*over, *i, *summed)).reshape(self.count, self.size, rank))
        self.right.append(v.contracted((*over, *j, *summed)).reshape(self.count, self.size, rank))

    def solve(self, b: np.ndarray) -> np.ndarray:
        """The solutions for b (blocks, size, columns)."""
        if self.full is None and self.d.all():
            x = self._woodbury(b)
            return x if not self.left else x + self._woodbury(b - self._times(x))
        if self.full is None and not self.d.any():
            _singular()  # fewer outer products than rows
        return _dense_solution(self._matrix(), b)

    def _woodbury(self, b: np.ndarray) -> np.ndarray:
        x = b / self.d[..., None]
        if not self.left:
            return x
        u, v = np.concatenate(self.left, axis=-1), np.concatenate(self.right, axis=-1).swapaxes(-1, -2)
        du = u / self.d[..., None]
        capacitance = np.eye(u.shape[-1], dtype=u.dtype) + v @ du
        scale = 1 + np.abs(v) @ np.abs(du)  # what the capacitance is a difference of
        least = np.linalg.svd(capacitance, compute_uv=False).min(axis=-1)
        if (least <= np.finfo(u.dtype).eps * self.size * np.linalg.norm(scale, axis=(-2, -1))).any():
            _singular()
        return x - du @ np.linalg.solve(capacitance, v @ x)

    def _times(self, x: np.ndarray) -> np.ndarray:
        total = self.d[..., None] * x
        for u, v in zip(self.left, self.right, strict=True):
            total = total + u @ (v.swapaxes(-1, -2) @ x)
        return total

    def _matrix(self) -> np.ndarray:
        m = np.zeros((self.count, self.size, self.size), self.d.dtype)
        if self.full is not None:
            m += self.full
        for u, v in zip(self.left, self.right, strict=True):
            m += u @ v.swapaxes(-1, -2)
        np.einsum("bii->bi", m)[...] += self.d
        return m


def _separated(t: ProductTerm, rows: set[int], columns: set[int]) -> tuple[ProductTerm, ProductTerm] | None:
    """A term as two, one with the arrays over columns and one with all others; None where an array meets both."""
    left, right = [], []
    for array, mine in zip(t.arrays, t.labels, strict=True):
        if rows & set(mine) and columns & set(mine):
            return None
        (right if columns & set(mine) else left).append((array, mine))

    def made(own: list[tuple[np.ndarray, Labels]], coefficient: float) -> ProductTerm:
        arrays, labels = tuple(a for a, _ in own), tuple(mine for _, mine in own)
        return ProductTerm(arrays, labels, t.places, t.rows, t.sizes, coefficient, t.dtype)

    return made(left, t.coefficient), made(right, 1.0)


def _dense_solution(m: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.solve(m, b)


def _nonzero(d: np.ndarray) -> np.ndarray:
    return d if d.all() else _singular()


def _singular() -> np.ndarray:
    raise np.linalg.LinAlgError("Singular matrix")

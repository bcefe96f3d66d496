"""``StructuredArray``: an array as a sum of terms, with the operations that never make it dense."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from numeric.structured.solving import solved
from numeric.structured.terms import ProductTerm, Term
from symbolic.errors import ShapeError
from symbolic.program.dims import shape_text


class StructuredArray:
    """A Jacobian or Hessian as a sum of terms: diagonals, blocks, Kronecker and outer products, bands, selections.

    ``shape`` is the shape of the dense array, its first ``rows`` axes are the rows of a linear map, the others its columns.
    With N rows and columns in all and E numbers stored (``stored``):

    - ``H @ v``, ``v @ H``: O(E) for a diagonal, blocks, outer products and bands; a Kronecker product A ⊗ B takes one product
      with each matrix. ``v`` has the columns' shape, or is flat, or a matrix of flat columns; the result is alike.
    - ``H.T``, ``2 * H``, ``H + G``, ``H.diagonal()``, ``H.trace()``: no more than O(E); ``H.shifted(c)`` is H + c · 1.
    - ``H.solve(b)``: O(N) for a diagonal; O(N r²) for a diagonal plus r outer products (Woodbury); a block at a time for
      blocks; a matrix at a time for a Kronecker product; sparse for bands. Anything else is solved as a dense matrix, O(N³).
    - ``H.dense()``, ``np.asarray(H)``: the dense array.
    - ``H.operator``: SciPy's ``LinearOperator`` on flat vectors, for ``cg``, ``eigsh``, ``svds``; a matrix is taken by them as it is.

    >>> import numpy as np
    >>> H = StructuredArray.of_diagonal(np.array([2.0, 4.0]))
    >>> H @ np.array([1.0, 1.0]), H.solve(np.array([1.0, 1.0])), H.trace()
    (array([2., 4.]), array([0.5 , 0.25]), np.float64(6.0))
    >>> np.asarray(H.shifted(1.0))
    array([[3., 0.],
           [0., 5.]])
    """

    __array_ufunc__ = None  # NumPy's operators leave v @ H to __rmatmul__ instead of taking H apart.

    def __init__(self, shape: Iterable[int], rows: int, terms: Iterable[Term], dtype: Any = float):
        self.shape, self.rows, self.terms = tuple(shape), rows, tuple(terms)
        self.dtype = np.dtype(dtype)

    @classmethod
    def of_diagonal(cls, entries: Any) -> StructuredArray:
        """The diagonal array with these entries; of shape (n, k) for (n, k, n, k)."""
        d = np.asarray(entries)
        d = d if d.dtype.kind == "f" else d.astype(float)
        labels = tuple(range(d.ndim))
        term = ProductTerm((d,), (labels,), (*labels, *labels), d.ndim, dict(enumerate(d.shape)), 1.0, d.dtype)
        return cls((*d.shape, *d.shape), d.ndim, [term], d.dtype)

    # -- what it is --------------------------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """The number of axes of the dense array."""
        return len(self.shape)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of what the map gives."""
        return self.shape[: self.rows]

    @property
    def column_shape(self) -> tuple[int, ...]:
        """The shape of what the map takes."""
        return self.shape[self.rows :]

    @property
    def size(self) -> int:
        """How many entries the dense array has."""
        return prod(self.shape)

    @property
    def stored(self) -> int:
        """How many numbers are stored."""
        arrays = {id(a): a for term in self.terms for a in term.arrays}
        return sum(a.size for a in arrays.values())

    def __repr__(self) -> str:
        return f"<StructuredArray {self.shape}: {self.stored} numbers for {self.size}>"

    def dense(self) -> np.ndarray:
        """The dense array."""
        whole = np.zeros(self.shape, self.dtype)
        for term in self.terms:
            term.add_to(whole)
        return whole

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a structured array has no dense array to share; it is made anew")
        return self.dense().astype(dtype or self.dtype, copy=False)

    # -- products ----------------------------------------------------------------------------------------------------

    def __matmul__(self, v: Any) -> np.ndarray:
        return self._mapped(v, self.column_shape, self.row_shape, self._times, "@")

    def __rmatmul__(self, v: Any) -> np.ndarray:
        if np.shape(v) != self.row_shape and np.ndim(v) == 2:
            return (self.T @ np.asarray(v).T).T
        return self.T @ v

    def matvec(self, v: Any) -> np.ndarray:
        """The flat product with a flat vector."""
        return np.ravel(self @ np.ravel(v))

    def rmatvec(self, v: Any) -> np.ndarray:
        """The flat product of the transposed array with a flat vector."""
        return self.T.matvec(v)

    def matmat(self, v: Any) -> np.ndarray:
        """The product with a matrix of flat columns."""
        return self._flat_times(np.asarray(v))

    @property
    def operator(self) -> LinearOperator:
        """The map on flat vectors, for ``scipy.sparse.linalg``."""
        size = prod(self.row_shape), prod(self.column_shape)
        back = self.T
        return LinearOperator(
            size, matvec=self.matvec, rmatvec=back.matvec, matmat=self.matmat, rmatmat=back.matmat, dtype=self.dtype
        )

    def _times(self, v: np.ndarray) -> np.ndarray:
        result = None
        for term in self.terms:
            part = term.times(v)
            result = part if result is None else result + part
        return np.zeros((*self.row_shape, v.shape[-1]), self.dtype) if result is None else result

    def _flat_times(self, v: np.ndarray) -> np.ndarray:
        return self._times(v.reshape(*self.column_shape, v.shape[-1])).reshape(-1, v.shape[-1])

    def _mapped(
        self, v: Any, taken: tuple[int, ...], given: tuple[int, ...], function: Callable, operation: str
    ) -> np.ndarray:
        """``function`` on one array of the shape ``taken``, on its flat vector, or on a matrix of these."""
        v = np.asarray(v)
        if v.shape == taken:
            return function(v[..., None])[..., 0]
        if v.ndim in (1, 2) and v.shape[0] == prod(taken):
            found = function(v.reshape(*taken, -1))
            return found.reshape(prod(given), *v.shape[1:])
        flat = f", a flat one {shape_text((prod(taken),))}, or columns of these" if taken != (prod(taken),) else ""
        raise ShapeError(
            f"{operation}: a structured array of shape {self.shape} takes an array of shape {taken}{flat}; got {v.shape}"
        )

    # -- algebra -----------------------------------------------------------------------------------------------------

    @property
    def T(self) -> StructuredArray:
        """Rows and columns exchanged: H.T[l, …, i, …] = H[i, …, l, …]."""
        shape = (*self.column_shape, *self.row_shape)
        return StructuredArray(shape, len(self.column_shape), [t.transposed for t in self.terms], self.dtype)

    def __mul__(self, factor: Any) -> StructuredArray:
        if np.ndim(factor) or isinstance(factor, StructuredArray):
            return NotImplemented
        return StructuredArray(self.shape, self.rows, [t.scaled(float(factor)) for t in self.terms], self.dtype)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> StructuredArray:
        return self * (1.0 / divisor)

    def __neg__(self) -> StructuredArray:
        return self * -1.0

    def __add__(self, other: Any) -> StructuredArray:
        if not isinstance(other, StructuredArray):
            return NotImplemented
        if (self.shape, self.rows) != (other.shape, other.rows):
            raise ShapeError(f"+: structured arrays of shapes {self.shape} and {other.shape} do not add up")
        dtype = np.result_type(self.dtype, other.dtype)
        return StructuredArray(self.shape, self.rows, (*self.terms, *other.terms), dtype)

    def __sub__(self, other: Any) -> StructuredArray:
        return self + (-other) if isinstance(other, StructuredArray) else NotImplemented

    def shifted(self, by: float) -> StructuredArray:
        """The square array with ``by`` added to every entry of its diagonal."""
        self._require_square("shifted")
        rows = tuple(range(self.rows))
        ones = ProductTerm((), (), (*rows, *rows), self.rows, dict(enumerate(self.row_shape)), float(by), self.dtype)
        return StructuredArray(self.shape, self.rows, (*self.terms, ones), self.dtype)

    def diagonal(self) -> np.ndarray:
        """The entries H[i, …, i, …], in the rows' shape."""
        self._require_square("diagonal")
        parts = [t.diagonal() for t in self.terms]
        return sum(parts[1:], parts[0]) if parts else np.zeros(self.row_shape, self.dtype)

    def trace(self) -> Any:
        """The sum of the diagonal."""
        return self.diagonal().sum()

    def solve(self, b: Any) -> np.ndarray:
        """x with H @ x = b, in the shape of b; what it costs is said above.

        Raises ``numpy.linalg.LinAlgError`` for a singular array, ``ShapeError`` unless it is square and b fits.

        >>> p = np.array([0.5, 0.25])
        >>> one = ProductTerm((p, p), ((0,), (1,)), (0, 1), 1, {0: 2, 1: 2}, -1.0, p.dtype)
        >>> H = StructuredArray.of_diagonal(p) + StructuredArray((2, 2), 1, [one])
        >>> H.solve(np.array([1.0, 0.0]))                             # diag(p) − p pᵀ, by Sherman and Morrison
        array([6., 4.])
        """
        self._require_square("solve")
        return self._mapped(b, self.row_shape, self.column_shape, lambda v: solved(self, v), "solve")

    def _require_square(self, operation: str) -> None:
        if self.row_shape != self.column_shape:
            raise ShapeError(
                f"{operation}: expected as many rows as columns, got {self.row_shape} and {self.column_shape}"
            )

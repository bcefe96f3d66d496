"""``scipy.linalg``'s names for symbolic tensors and for arrays: SciPy has no protocol by which a tensor could answer.

``from symbolic import linalg`` in place of ``from scipy import linalg`` serves both numbers and derivations. A general
``eigvals``, Schur, LU and QR are not part of it; ``cholesky`` is upper by default, as in SciPy.

>>> from symbolic import linalg, tensor
>>> linalg.expm(tensor("A", "n n")).shape
(n, n)
"""

from __future__ import annotations

from typing import Any

from symbolic.errors import UnsupportedError
from symbolic.language import matrix_functions as mf
from symbolic.language import numpy_functions, products
from symbolic.language.arrays import is_symbolic, require_namespace
from symbolic.language.matrix_functions import cosm, det, eigvalsh, expm, inv, logm, pinv, sinm, sqrtm, svdvals
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import concatenate, matrix_transpose, pad, triangle

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "cosm", "det", "eigh", "eigvalsh", "expm", "inv", "kron", "logm",
    "lstsq", "norm", "pinv", "qr", "sinm", "solve", "solve_triangular", "sqrtm", "svd", "svdvals",
]  # fmt: skip


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    """NumPy's norms of vectors and matrices."""
    own = numpy_functions.norm if is_symbolic(a) else require_namespace("norm", a).linalg.norm
    return own(a, ord, axis, keepdims)


def kron(a: Any, b: Any) -> Any:
    """The Kronecker product."""
    return products.kron(a, b) if is_symbolic(a, b) else require_namespace("kron", a, b).kron(a, b)


def solve(a: Any, b: Any, *, assume_a: str | None = None, lower: bool = False, **options: Any) -> Any:
    """A⁻¹b. ``assume_a`` ("sym", "pos", …) says what A is and changes no value."""
    return mf.solve(a, b)


def cholesky(a: Any, lower: bool = False, **options: Any) -> Any:
    """R with RᵀR = A, or with ``lower`` the L with L Lᵀ = A."""
    return mf.cholesky(a, upper=not lower)


def qr(a: Any, mode: str = "full", **options: Any) -> Any:
    """Q and R of A = Q R; of a matrix that is not square give ``mode="economic"``, for R alone ``mode="r"``."""
    if mode == "full" and a.shape[-1] != a.shape[-2]:
        raise UnsupportedError("qr: the complement in the full Q has no derivative; pass mode='economic'")
    found = mf.qr(a, "r" if mode == "r" else "reduced")
    return (found,) if mode == "r" else (found[0], found[1])


def solve_triangular(a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **options: Any):
    """The solution of a triangular system, which reads one triangle of ``a`` only."""
    if unit_diagonal:
        raise UnsupportedError("solve_triangular: unit_diagonal=True is not supported; put ones on the diagonal")
    if not is_symbolic(a, b):
        xp = require_namespace("solve_triangular", a, b)
        t = xp.tril(a) if lower else xp.triu(a)
        return mf.solve(t if trans in (0, "N") else t.T, b)
    t = triangle(a, 0, lower)
    return mf.solve(t if trans in (0, "N") else matrix_transpose(t), b)


def cho_factor(a: Any, lower: bool = False, **options: Any) -> tuple[Any, bool]:
    """The Cholesky factor with the flag that ``cho_solve`` wants."""
    return cholesky(a, lower), lower


def cho_solve(factor: tuple[Any, bool], b: Any, **options: Any) -> Any:
    """A⁻¹b from the Cholesky factor of A."""
    c, lower = factor
    first = solve_triangular(c, b, trans=0 if lower else 1, lower=lower)
    return solve_triangular(c, first, trans=1 if lower else 0, lower=lower)


def lstsq(a: Any, b: Any, **options: Any) -> tuple[Any, None, None, None]:
    """The least-squares solution, first of SciPy's four results."""
    return mf.lstsq(a, b), None, None, None


def eigh(a: Any, eigvals_only: bool = False, **options: Any) -> Any:
    """Eigenvalues and eigenvectors of a symmetric matrix."""
    return mf.eigvalsh(a) if eigvals_only else tuple(mf.eigh(a))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, **options: Any) -> Any:
    """The singular value decomposition; pass ``full_matrices=False`` unless A is square."""
    return mf.svd(a, full_matrices, compute_uv)


def block_diag(*arrays: Any) -> Any:
    """The block-diagonal matrix of matrices."""
    widths = [a.shape[1] for a in arrays]
    before, total, rows = 0, sum(widths[1:], widths[0]), []
    xp = None if is_symbolic(*arrays) else require_namespace("block_diag", *arrays)
    for a, width in zip(arrays, widths, strict=True):
        sides = [(0, 0), (before, total - before - width)]
        rows.append(xp.pad(a, sides) if xp else pad(as_tensor(a), sides))
        before = before + width
    return xp.concatenate(rows) if xp else concatenate(rows, 0)

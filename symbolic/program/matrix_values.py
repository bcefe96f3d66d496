"""Reference values of matrix functions for the exact evaluator: obvious code on nested lists.

Where all entries are rational, inverse, determinant, solution and pseudo-inverse come from elimination on fractions and
are exact; everything else is mpmath's.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath

from symbolic.errors import EvaluationError

Matrix = list[list[Any]]


def stacked(*ranks: int) -> Callable[..., Callable[..., Any]]:
    """A function of single matrices, made to walk over leading (batch) axes; operands with fewer of them are shared."""

    def decorate(single: Callable[..., Any]) -> Callable[..., Any]:
        def walk(m: Any, *arrays: Any) -> Any:
            depths = [_depth(a) - rank for a, rank in zip(arrays, ranks, strict=True)]
            deepest = max(depths)
            if deepest == 0:
                return single(m, *arrays)
            count = next(len(a) for a, d in zip(arrays, depths, strict=True) if d == deepest)
            return [
                walk(m, *(a[k] if d == deepest else a for a, d in zip(arrays, depths, strict=True)))
                for k in range(count)
            ]

        walk.__doc__ = single.__doc__
        return walk

    return decorate


def _depth(array: Any) -> int:
    depth = 0
    while isinstance(array, list):
        depth, array = depth + 1, array[0] if array else None
    return depth


def _rational(a: Matrix) -> bool:
    return all(isinstance(v, (int, Fraction)) for row in a for v in row)


def _real(m: Any, v: Any) -> Any:
    return m.mpf(v.numerator) / v.denominator if isinstance(v, Fraction) else m.mpf(v)


def _numbers(m: Any, a: Matrix) -> Matrix:
    """The entries as fractions if all are rational, else as mpmath numbers."""
    if _rational(a):
        return [[Fraction(v) for v in row] for row in a]
    return [[_real(m, v) for v in row] for row in a]


def _matrix(m: Any, a: Matrix) -> Any:
    return m.matrix([[_real(m, v) for v in row] for row in a])


def _lists(matrix: Any) -> Matrix:
    return [[matrix[i, j] for j in range(matrix.cols)] for i in range(matrix.rows)]


def transpose(a: Matrix) -> Matrix:
    """Aᵀ."""
    return [list(row) for row in zip(*a, strict=True)]


def product(a: Matrix, b: Matrix) -> Matrix:
    """A B."""
    columns = transpose(b)
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def eliminate(m: Any, a: Matrix, b: Matrix) -> tuple[Matrix, Any]:
    """A⁻¹B and det A by Gauss–Jordan elimination, the largest pivot first; B may have no columns."""
    n = len(a)
    both = _numbers(m, [[*ra, *rb] for ra, rb in zip(a, b, strict=True)])
    if _rational(a) and not _rational(b):
        both = [[_real(m, v) for v in row] for row in both]
    det: Any = 1
    for c in range(n):
        pivot = max(range(c, n), key=lambda r: abs(both[r][c]))
        if both[pivot][c] == 0:
            return [], both[pivot][c]
        if pivot != c:
            both[c], both[pivot], det = both[pivot], both[c], -det
        det = det * both[c][c]
        both[c] = [v / both[c][c] for v in both[c]]
        for r in range(n):
            if r != c and both[r][c] != 0:
                both[r] = [v - both[r][c] * w for v, w in zip(both[r], both[c], strict=True)]
    return [row[n:] for row in both], det


def _solution(m: Any, a: Matrix, b: Matrix, name: str) -> Matrix:
    result, det = eliminate(m, a, b)
    if det == 0 or _beyond_rounding(m, a, b, result):
        raise EvaluationError(f"{name}: the matrix is singular at this point")
    return result


def _beyond_rounding(m: Any, a: Matrix, b: Matrix, result: Matrix) -> bool:
    """Whether a solution in rounded numbers is so large that the matrix is singular, as far as these digits tell."""
    if _rational(a) and _rational(b):
        return False
    sizes = [
        max((abs(_real(m, v)) for row in part for v in row if v == v), default=m.mpf(0)) for part in (result, a, b)
    ]
    return sizes[0] * sizes[1] * m.eps * 2**20 > sizes[2]


def _unit(n: int) -> Matrix:
    return [[int(i == j) for j in range(n)] for i in range(n)]


@stacked(2)
def inverse(m: Any, a: Matrix) -> Matrix:
    """A⁻¹."""
    return _solution(m, a, _unit(len(a)), "inverse")


@stacked(2, 2)
def solve(m: Any, a: Matrix, b: Matrix) -> Matrix:
    """A⁻¹B."""
    return _solution(m, a, b, "solve")


@stacked(2)
def pseudo_inverse(m: Any, a: Matrix) -> Matrix:
    """A⁺ of a matrix of full rank, from the normal equations."""
    t = transpose(a)
    if len(a) >= len(t):
        return _solution(m, product(t, a), t, "pseudo-inverse")
    return transpose(_solution(m, product(a, t), a, "pseudo-inverse"))


@stacked(2)
def determinant(m: Any, a: Matrix) -> Any:
    """det A."""
    return eliminate(m, a, [[] for _ in a])[1]


@stacked(2)
def logabsdet(m: Any, a: Matrix) -> Any:
    """log |det A|."""
    det = determinant(m, a)
    if det == 0:
        raise EvaluationError("logabsdet: the matrix is singular at this point")
    return m.log(abs(_real(m, det)))


@stacked(2)
def sign_determinant(m: Any, a: Matrix) -> int:
    """The sign of det A."""
    det = determinant(m, a)
    return (det > 0) - (det < 0)


def _lower(m: Any, a: Matrix) -> Any:
    """The symmetric matrix whose lower triangle is A's, as ``np.linalg.eigvalsh`` reads it."""
    return _matrix(m, [[a[max(i, j)][min(i, j)] for j in range(len(a))] for i in range(len(a))])


@stacked(2)
def cholesky(m: Any, a: Matrix) -> Matrix:
    """The lower triangular L with a positive diagonal and L Lᵀ = A."""
    try:
        return _lists(m.cholesky(_lower(m, a)))
    except ValueError as error:
        raise EvaluationError("cholesky: the matrix is not positive definite at this point") from error


def _iterative(m: Any) -> Any:
    """A context in which mpmath's eigenvalue and singular value iterations run: that of floats lacks ``hypot``."""
    return m if hasattr(m, "hypot") else mpmath.mp


def _sorted_eigen(m: Any, a: Matrix) -> tuple[list, Matrix]:
    m = _iterative(m)
    a = _lower(m, a)
    values, vectors = m.eigsy(a)
    order = sorted(range(a.rows), key=lambda k: values[k])
    return [values[k] for k in order], [[vectors[i, k] for k in order] for i in range(a.rows)]


@stacked(2)
def eigenvalues(m: Any, a: Matrix) -> list:
    """The eigenvalues of a symmetric matrix, increasing."""
    return _sorted_eigen(m, a)[0]


@stacked(2)
def eigenvectors(m: Any, a: Matrix) -> Matrix:
    """The eigenvectors of a symmetric matrix in columns, in the order of the eigenvalues; signs are arbitrary."""
    return _sorted_eigen(m, a)[1]


def _svd(m: Any, a: Matrix) -> tuple[Matrix, list, Matrix]:
    """Thin U, σ (decreasing) and V."""
    m = _iterative(m)
    wide = len(a) < len(a[0])
    u, s, v = m.svd_r(_matrix(m, transpose(a) if wide else a))
    u, v = _lists(u), transpose(_lists(v))
    return (v, list(s), u) if wide else (u, list(s), v)


@stacked(2)
def singular_values(m: Any, a: Matrix) -> list:
    """The singular values, decreasing."""
    return _svd(m, a)[1]


@stacked(2)
def left_singular_vectors(m: Any, a: Matrix) -> Matrix:
    """The thin U of A = U diag(σ) Vᵀ; the sign of each column is shared with V's and otherwise arbitrary."""
    return _svd(m, a)[0]


@stacked(2)
def right_singular_vectors(m: Any, a: Matrix) -> Matrix:
    """The thin V of A = U diag(σ) Vᵀ."""
    return _svd(m, a)[2]


def _reflected(m: Any, a: Matrix) -> tuple[Matrix, Matrix]:
    """Thin Q and R by Householder's reflections, with LAPACK's signs: R_kk has the sign opposite to the entry that it
    replaces, but a column that is zero below the diagonal stays as it is."""
    rows, columns = len(a), len(a[0])
    r = [[_real(m, v) for v in row] for row in a]
    q = [[m.mpf(v) for v in row] for row in _unit(rows)]
    for k in range(min(rows, columns)):
        if all(r[i][k] == 0 for i in range(k + 1, rows)):
            continue
        size = m.sqrt(sum(r[i][k] ** 2 for i in range(k, rows)))
        v = [r[i][k] for i in range(k, rows)]
        v[0] += size if v[0] >= 0 else -size
        square = sum(x * x for x in v)
        for matrix in (r, q):
            for j in range(len(matrix[0])):
                share = 2 * sum(x * matrix[k + i][j] for i, x in enumerate(v)) / square
                for i, x in enumerate(v):
                    matrix[k + i][j] -= share * x
    if any(r[k][k] == 0 for k in range(columns)):
        raise EvaluationError("qr: the columns are dependent at this point")
    return [row[:columns] for row in transpose(q)], [
        [v if j >= i else 0 * v for j, v in enumerate(row)] for i, row in enumerate(r[:columns])
    ]


@stacked(2)
def orthonormal_factor(m: Any, a: Matrix) -> Matrix:
    """Q of A = Q R."""
    return _reflected(m, a)[0]


@stacked(2)
def triangular_factor(m: Any, a: Matrix) -> Matrix:
    """R of A = Q R."""
    return _reflected(m, a)[1]


def analytic(name: str) -> Callable[..., Any]:
    """mpmath's function of a matrix of that name, with a real result."""

    @stacked(2)
    def value(m: Any, a: Matrix) -> Matrix:
        result = _lists(getattr(m, name)(_matrix(m, a)))
        if any(abs(m.im(v)) > m.mpf(10) ** (-m.dps // 2) * (1 + abs(v)) for row in result for v in row):
            raise EvaluationError(f"{name}: the result is complex at this point")
        return [[m.re(v) for v in row] for row in result]

    return value

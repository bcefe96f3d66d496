"""Functions of whole matrices: NumPy's and SciPy's names, as applications of primitives and products.

Each takes one matrix (…, n, n) or a stack of them, as ``np.linalg`` does, of tensors or of arrays. Side conditions
(A invertible, distinct eigenvalues …) belong to the primitives and travel with a derivation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import operations, pointwise, shaping
from symbolic.language.arrays import is_symbolic, require_namespace
from symbolic.language.operations import as_tensor, matmul, reduce
from symbolic.program.matrix_shapes import same, square
from symbolic.program.primitives import PRIMITIVES, apply
from symbolic.program.tensors import Tensor


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Tensor
    logabsdet: Tensor


class EighResult(NamedTuple):
    """Eigenvalues, increasing, and eigenvectors in columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """U, σ (decreasing) and Vᵀ."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QRResult(NamedTuple):
    """Q with orthonormal columns and the upper triangular R."""

    Q: Tensor
    R: Tensor


def _arrays_too(on_arrays: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of tensors one of arrays as well; ``on_arrays`` gets the array's own library first."""

    def decorate(on_tensors: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(on_tensors)
        def function(*args: Any, **options: Any) -> Any:
            if is_symbolic(*args):
                return on_tensors(*args, **options)
            return on_arrays(require_namespace(on_tensors.__name__, *args), *args, **options)

        return function

    return decorate


def _by_value(name: str) -> Callable[[Any, Any], Any]:
    """What the array library has no function for: the primitive's reference value."""

    def on_arrays(xp: Any, a: Any) -> Any:
        return xp.asarray(_floats(PRIMITIVES[name].value(mpmath.mp, a.tolist())))

    return on_arrays


def _floats(nested: Any) -> Any:
    return [_floats(v) for v in nested] if isinstance(nested, list) else float(nested)


# -- inverses and equations --------------------------------------------------------------------------------------------


@_arrays_too(lambda xp, a: xp.linalg.inv(a))
def inv(a: Any) -> Tensor:
    """A⁻¹ of an invertible matrix.

    >>> from symbolic.program.tensors import tensor
    >>> inv(tensor("A", "n n")).shape
    (n, n)
    """
    return apply("inverse", as_tensor(a))


@_arrays_too(lambda xp, a: xp.linalg.pinv(a))
def pinv(a: Any) -> Tensor:
    """The pseudo-inverse A⁺ of a matrix of full rank, (…, m, n) → (…, n, m)."""
    return apply("pseudo_inverse", as_tensor(a))


@_arrays_too(lambda xp, a, b: xp.linalg.solve(a, b))
def solve(a: Any, b: Any) -> Tensor:
    """A⁻¹b of a vector b (n,) or of columns (…, n, k)."""
    matrix, right = as_tensor(a), as_tensor(b)
    if right.ndim == 1:
        return shaping.squeeze(solve(matrix, shaping.expand_dims(right, 1)), -1)
    if right.ndim < 2:
        raise ShapeError(f"solve: the right-hand side {right.describe()} is neither a vector nor a matrix")
    square("solve", matrix)
    batch = operations.broadcast_extents("solve", [_batch_of(matrix), _batch_of(right)])
    if len(batch) > right.ndim - 2 or not all(map(same, batch, right.extents[:-2])):
        right = shaping.broadcast_to(right, (*batch, *right.extents[-2:]))
    own = batch[len(batch) - (matrix.ndim - 2) :]
    if not all(map(same, own, matrix.extents[:-2])):
        matrix = shaping.broadcast_to(matrix, (*own, *matrix.extents[-2:]))
    return apply("solve", matrix, right)


@_arrays_too(lambda xp, a, b: xp.linalg.pinv(a) @ b)
def lstsq(a: Any, b: Any) -> Tensor:
    """The x that minimises ‖A x − b‖ for A (m, n) of full column rank: A⁺ b."""
    return matmul(pinv(a), b)


def _batch_of(t: Tensor) -> Tensor:
    return t[..., 0, 0]


# -- determinants ------------------------------------------------------------------------------------------------------


@_arrays_too(lambda xp, a: xp.linalg.det(a))
def det(a: Any) -> Tensor:
    """det A, one number per matrix; its derivative is written for invertible A."""
    return apply("determinant", as_tensor(a))


@_arrays_too(lambda xp, a: xp.linalg.slogdet(a)[1])
def logdet(a: Any) -> Tensor:
    """log |det A|."""
    return apply("logabsdet", as_tensor(a))


@_arrays_too(lambda xp, a: xp.linalg.slogdet(a))
def slogdet(a: Any) -> SlogdetResult:
    """The sign of det A and log |det A|."""
    t = as_tensor(a)
    return SlogdetResult(apply("sign_determinant", t), apply("logabsdet", t))


# -- products ----------------------------------------------------------------------------------------------------------


def chain_product(factors: Any) -> Tensor:
    """The matrix product of several factors."""
    first, *rest = [as_tensor(f) for f in factors]
    for f in rest:
        first = matmul(first, f)
    return first


@_arrays_too(lambda xp, a, n: xp.linalg.matrix_power(a, n))
def matrix_power(a: Any, n: Any) -> Tensor:
    """Aⁿ for a whole number n; of the inverse if n is negative."""
    t = as_tensor(a)
    square("matrix_power", t)
    if isinstance(n, Tensor) or not hasattr(n, "__index__") or hasattr(n, "expr"):
        raise UnsupportedError(f"matrix_power: the exponent is a whole number, got {n!r}")
    n = n.__index__()
    if n == 0:
        return shaping.broadcast_to(shaping.eye(t.extents[-1]), t.extents)
    if n < 0:
        t, n = inv(t), -n
    if n <= 4:
        return chain_product([t] * n)
    half = matrix_power(t, n // 2)
    return matmul(matmul(half, half), t) if n % 2 else matmul(half, half)


@_arrays_too(lambda xp, a, x: x @ (a @ x))
def quadratic_form(a: Any, x: Any) -> Tensor:
    """xᵀ A x."""
    v = as_tensor(x)
    return matmul(v, matmul(a, v))


# -- factorisations ----------------------------------------------------------------------------------------------------


@_arrays_too(lambda xp, a, upper=False: xp.swapaxes(xp.linalg.cholesky(a), -1, -2) if upper else xp.linalg.cholesky(a))
def cholesky(a: Any, /, *, upper: bool = False) -> Tensor:
    """The lower triangular L with L Lᵀ = A, A symmetric positive definite; ``upper`` gives Lᵀ."""
    factor = apply("cholesky", as_tensor(a))
    return shaping.matrix_transpose(factor) if upper else factor


@_arrays_too(lambda xp, a: xp.linalg.eigvalsh(a))
def eigvalsh(a: Any) -> Tensor:
    """The eigenvalues of a symmetric matrix, increasing; distinct where a derivative is taken."""
    return apply("eigenvalues", as_tensor(a))


@_arrays_too(lambda xp, a: xp.linalg.eigh(a))
def eigh(a: Any) -> EighResult:
    """The eigenvalues and eigenvectors of a symmetric matrix; the sign of an eigenvector is arbitrary."""
    t = as_tensor(a)
    return EighResult(apply("eigenvalues", t), apply("eigenvectors", t))


@_arrays_too(lambda xp, a: xp.linalg.svd(a, compute_uv=False))
def svdvals(a: Any) -> Tensor:
    """The singular values, decreasing; distinct and positive where a derivative is taken."""
    return apply("singular_values", as_tensor(a))


@_arrays_too(lambda xp, a, *args, **options: xp.linalg.svd(a, *args, **options))
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The thin singular value decomposition U, σ, Vᵀ, or σ alone."""
    t = as_tensor(a)
    if not compute_uv:
        return svdvals(t)
    if full_matrices and (t.ndim < 2 or not same(t.extents[-1], t.extents[-2])):
        raise UnsupportedError(
            f"svd of {t.describe()}: the complement in the full U or V has no derivative; pass full_matrices=False"
        )
    v = apply("right_singular_vectors", t)
    return SVDResult(apply("left_singular_vectors", t), svdvals(t), shaping.matrix_transpose(v))


@_arrays_too(lambda xp, a, mode="reduced": xp.linalg.qr(a, mode))
def qr(a: Any, mode: str = "reduced") -> Any:
    """Q and R of A = Q R, Qᵀ Q = I, R upper triangular with LAPACK's signs; ``mode="r"`` gives R alone.

    The first min(m, n) columns are independent where a derivative is taken. Raises ``UnsupportedError`` for other modes,
    and for a wide matrix whose number of rows is a name.
    """
    t = as_tensor(a)
    if mode not in ("reduced", "r"):
        raise UnsupportedError(f"qr of {t.describe()}: mode={mode!r} is not supported; expected 'reduced' or 'r'")
    rows, columns = t.extents[-2:]
    rest = None
    if rows.is_Integer and columns.is_Integer and rows < columns:
        t, rest = t[..., : int(rows)], t[..., int(rows) :]
    q, r = (apply(f"{kind}_factor", t) for kind in ("orthonormal", "triangular"))
    if rest is not None:
        r = shaping.concatenate([r, shaping.matrix_transpose(q) @ rest], -1)
    return QRResult(q, r) if mode == "reduced" else r


# -- functions given by a power series ---------------------------------------------------------------------------------


@_arrays_too(_by_value("expm"))
def expm(a: Any) -> Tensor:
    """The matrix exponential."""
    return apply("expm", as_tensor(a))


@_arrays_too(_by_value("logm"))
def logm(a: Any) -> Tensor:
    """The principal logarithm of a matrix without eigenvalues on (−∞, 0]."""
    return apply("logm", as_tensor(a))


@_arrays_too(_by_value("sqrtm"))
def sqrtm(a: Any) -> Tensor:
    """The principal square root of a matrix without eigenvalues on (−∞, 0]."""
    return apply("sqrtm", as_tensor(a))


@_arrays_too(_by_value("sinm"))
def sinm(a: Any) -> Tensor:
    """The sine of a matrix."""
    return apply("sinm", as_tensor(a))


@_arrays_too(_by_value("cosm"))
def cosm(a: Any) -> Tensor:
    """The cosine of a matrix."""
    return apply("cosm", as_tensor(a))


# -- norms -------------------------------------------------------------------------------------------------------------


@_arrays_too(lambda xp, a: xp.sum(xp.linalg.svd(a, compute_uv=False), axis=-1))
def nuclear_norm(a: Any) -> Tensor:
    """The sum of the singular values; its derivative U Vᵀ needs full rank."""
    return reduce("sum", svdvals(a), -1)


@_arrays_too(lambda xp, a: xp.linalg.svd(a, compute_uv=False)[..., 0])
def spectral_norm(a: Any) -> Tensor:
    """The largest singular value; its derivative u vᵀ needs that it is simple."""
    return svdvals(a)[..., 0]


def induced_norm(a: Tensor, ord: Any, axes: Any, keepdims: bool = False) -> Tensor:
    """The norm of matrices on two axes: 1 and inf (column and row sums), 2 (spectral), −2, "nuc"."""
    row, column = (axis % a.ndim for axis in axes)
    if ord in (1, -1, float("inf"), -float("inf")):
        inner, outer = (row, column) if abs(ord) == 1 else (column, row)
        sums = reduce("sum", pointwise.unary("absolute", a), inner, keepdims=True)
        norms = reduce("max" if ord > 0 else "min", sums, outer, keepdims=True)
        return norms if keepdims else shaping.squeeze(norms, (row, column))
    matrices = shaping.moveaxis(a, (row, column), (-2, -1))
    if ord not in (2, -2, "nuc"):
        raise UnsupportedError(f"norm: ord={ord!r} of a matrix; expected None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    sizes = svdvals(matrices)
    norms = reduce("sum", sizes, -1) if ord == "nuc" else sizes[..., 0 if ord == 2 else -1]
    return shaping.expand_dims(norms, (row, column)) if keepdims else norms


@_arrays_too(lambda xp, a, p=None: xp.linalg.cond(a, p))
def cond(a: Any, p: Any = None) -> Tensor:
    """The condition number σ_max/σ_min (p None or 2), or ‖A‖_F ‖A⁻¹‖_F (p ``"fro"``)."""
    t = as_tensor(a)
    if p in (None, 2):
        s = svdvals(t)
        return s[..., 0] / s[..., -1]
    if p == "fro":
        return _frobenius(t) * _frobenius(inv(t))
    raise UnsupportedError(f"cond: p={p!r} is not supported; expected None, 2 or 'fro'")


def _frobenius(a: Tensor) -> Tensor:
    return pointwise.unary("sqrt", reduce("sum", a * a, (-2, -1)))


def tensorinv(a: Any, ind: int = 2) -> Tensor:
    """The inverse of a tensor read as a square matrix: its first ``ind`` axes against the others."""
    t = as_tensor(a)
    rows, columns = t.shape[:ind], t.shape[ind:]
    flat = shaping.reshape(t, (sp.Mul(*t.extents[:ind]), sp.Mul(*t.extents[ind:])))
    return shaping.reshape(inv(flat), (*columns, *rows))


def tensorsolve(a: Any, b: Any) -> Tensor:
    """The x with ``tensordot(a, x, x.ndim) = b``."""
    t, right = as_tensor(a), as_tensor(b)
    rest = t.shape[right.ndim :]
    flat = shaping.reshape(t, (right.size, -1))
    return shaping.reshape(solve(flat, shaping.reshape(right, -1)), rest)


def _only_lower(name: str, function: Callable[[Any], Any]) -> Callable[..., Any]:
    def read(a: Any, UPLO: str = "L") -> Any:
        if UPLO.upper() not in ("L", "U"):
            raise UnsupportedError(f"np.linalg.{name}: UPLO={UPLO!r}; expected 'L' or 'U'")
        return function(a)

    return read


def _without(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **options: Any) -> Any:
        raise UnsupportedError(f"np.linalg.{name} is not supported on symbolic tensors: {_REFUSED[name]}")

    return refuse


_REFUSED = {
    "eig": "the eigenvalues of a general matrix are complex; use eigh of a symmetric one",
    "eigvals": "the eigenvalues of a general matrix are complex; use eigvalsh of a symmetric one",
    "matrix_rank": "it is an integer that depends on the data",
}

#: What ``np.linalg.NAME`` means on tensors.
LINALG: dict[str, Callable[..., Any]] = {
    "inv": inv,
    "pinv": lambda a, rcond=None, hermitian=False, **o: pinv(a),
    "solve": solve,
    "lstsq": lambda a, b, rcond=None: (lstsq(a, b), None, None, None),
    "det": det,
    "slogdet": slogdet,
    "cholesky": cholesky,
    "eigvalsh": _only_lower("eigvalsh", eigvalsh),
    "eigh": _only_lower("eigh", eigh),
    "svdvals": svdvals,
    "svd": svd,
    "qr": qr,
    "matrix_power": matrix_power,
    "multi_dot": lambda arrays, **o: chain_product(arrays),
    "cond": cond,
    "tensorinv": tensorinv,
    "tensorsolve": tensorsolve,
} | {name: _without(name) for name in _REFUSED}

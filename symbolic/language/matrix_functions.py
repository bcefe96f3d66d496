"""Functions of whole matrices as applications of primitives."""

from __future__ import annotations

from typing import Any

from symbolic.errors import UnsupportedError
from symbolic.language.operations import as_tensor, matmul
from symbolic.program.tensors import Tensor


def chain_product(factors: Any) -> Tensor:
    """The matrix product of several factors."""
    first, *rest = [as_tensor(f) for f in factors]
    for f in rest:
        first = matmul(first, f)
    return first


def _todo(name: str):
    def f(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"np.linalg.{name} is not supported on symbolic tensors")

    return f


inv, pinv, solve, det, slogdet, cholesky, eigvalsh, svdvals, matrix_power, lstsq = map(
    _todo, ["inv", "pinv", "solve", "det", "slogdet", "cholesky", "eigvalsh", "svdvals", "matrix_power", "lstsq"]
)

"""Step matrices: what they are built from, how a curvature is inverted, and what is refused.

A matrix over n parameters is an array n × n or, if it is diagonal, its diagonal of length n.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import StepMatrixError
from numeric.training.curvature import Objective
from symbolic import Tensor
from symbolic.errors import suggestion

Curvature = Callable[[Objective, Mapping[str, Any], Mapping[str, Any], Tensor | None], np.ndarray]

CURVATURES: Mapping[str, tuple[Curvature, str]] = MappingProxyType(
    {
        "newton": (lambda o, w, batch, output: o.hessian(w, batch), "the Hessian (Newton's method)"),
        "gauss_newton": (
            lambda o, w, batch, output: o.gauss_newton(w, batch, output),
            "the Gauss–Newton matrix (1/P) Σ_p J_pᵀ H_p J_p",
        ),
        "natural": (
            lambda o, w, batch, output: o.fisher(w, batch),
            "the empirical Fisher information (1/P) Σ_p g_p g_pᵀ (Amari 1998)",
        ),
        "diagonal": (lambda o, w, batch, output: o.hessian_diagonal(w, batch), "the diagonal of the Hessian (Jacobi)"),
    }
)


def inverse(C: np.ndarray, meaning: str, damping: float = 0.0, least: float | None = None) -> np.ndarray:
    """(C + damping · 1)⁻¹ with eigenvalues of C below ``least`` set to it first; C n × n, or a diagonal of length n.

    Levenberg 1944 (damping); Nocedal and Wright 2006, section 3.4 (eigenvalues). Raises ``StepMatrixError`` with the
    smallest eigenvalue unless what is inverted is positive definite.

    >>> inverse(np.diag([2.0, -1.0]), "the Hessian", least=0.5)
    array([[0.5, 0. ],
           [0. , 2. ]])
    """
    if not np.isfinite(C).all():
        raise StepMatrixError(f"{meaning} holds a number that is not finite", float("nan"))
    values, vectors = (C, None) if C.ndim == 1 else np.linalg.eigh((C + C.T) / 2)
    smallest = float(values.min())
    raised = np.maximum(values, -np.inf if least is None else least) + damping
    if raised.min() <= len(values) * np.finfo(float).eps * np.abs(raised).max():
        fault = "not positive definite" if raised.min() <= 0 else "singular to working precision"
        raise StepMatrixError(
            f"{meaning} is {fault} here: its smallest eigenvalue is {smallest:.4g}"
            f"{f', {raised.min():.4g} with the damping' if damping else ''}. Give damping= above {max(0.0, -smallest):.4g}, "
            "or clip_eigenvalues= the least eigenvalue to keep",
            smallest,
        )
    return 1 / raised if vectors is None else (vectors / raised) @ vectors.T


# -- matrices that are given -------------------------------------------------------------------------------------------------


def given_matrix(matrix: Any, objective: Objective) -> np.ndarray | dict[str, np.ndarray]:
    """The user's matrix, or one for each parameter, found symmetric and positive semi-definite."""
    if isinstance(matrix, Mapping):
        names = [str(w.name) for w in objective.trained]
        for name in matrix:
            if name not in names:
                raise StepMatrixError(
                    f"there is no parameter {name!r} to step; there are {', '.join(names)}.{suggestion(name, names)}"
                )
        missing = [name for name in names if name not in matrix]
        if missing:
            raise StepMatrixError(
                f"the step matrices leave out the parameter {missing[0]}; give one for each, or freeze it"
            )
        return {name: _semidefinite(matrix[name], f" of {name}") for name in names}
    return _semidefinite(matrix, "")


def _semidefinite(matrix: Any, whose: str) -> np.ndarray:
    """The matrix as an array, symmetric and positive semi-definite."""
    try:
        M = np.asarray(matrix, float)
    except (TypeError, ValueError):
        raise StepMatrixError(
            f"the step matrix{whose} is an array of real numbers, got {type(matrix).__name__}"
        ) from None
    if M.ndim not in (1, 2) or (M.ndim == 2 and M.shape[0] != M.shape[1]) or not M.size:
        raise StepMatrixError(
            f"the step matrix{whose} is square, n × n, or a diagonal of length n; got the shape {M.shape}"
        )
    if not np.isfinite(M).all():
        raise StepMatrixError(f"the step matrix{whose} holds a number that is not finite")
    if M.ndim == 2 and not np.allclose(M, M.T, rtol=1e-10, atol=1e-12 * np.abs(M).max()):
        i, j = np.unravel_index(np.abs(M - M.T).argmax(), M.shape)
        raise StepMatrixError(
            f"the step matrix{whose} is not symmetric: entry ({i}, {j}) is {M[i, j]:.4g}, entry ({j}, {i}) is {M[j, i]:.4g}; "
            "its symmetric part (M + Mᵀ)/2 gives the same first-order change of the loss"
        )
    values = M if M.ndim == 1 else np.linalg.eigvalsh(M)
    smallest = float(values.min())
    if smallest < -len(values) * np.finfo(float).eps * np.abs(values).max():
        raise StepMatrixError(
            f"the step matrix{whose} is not positive semi-definite: its smallest eigenvalue is {smallest:.4g}, so a step could go uphill",
            smallest,
        )
    return M


def sized(
    matrix: np.ndarray | dict[str, np.ndarray], parameters: Mapping[str, Any], objective: Objective, n: int
) -> np.ndarray:
    """The given matrix for the flat vector of n entries, its shape compared with the parameters'."""
    if isinstance(matrix, np.ndarray):
        if len(matrix) != n:
            sizes = ", ".join(f"{w.name} {np.shape(parameters[str(w.name)])}" for w in objective.trained)
            raise StepMatrixError(
                f"the step matrix has the shape {matrix.shape}; the trained parameters ({sizes}) have {n} entries, so it needs ({n}, {n}) or ({n},)"
            )
        return matrix
    for name, M in matrix.items():
        size = np.size(parameters[name])
        if len(M) != size:
            raise StepMatrixError(
                f"the step matrix of {name} has the shape {M.shape}; the parameter has {size} entries, so it needs ({size}, {size}) or ({size},)"
            )
    whole, first = np.zeros((n, n)), 0
    for M in matrix.values():
        here = slice(first, first + len(M))
        whole[here, here] = np.diag(M) if M.ndim == 1 else M
        first += len(M)
    return whole


def fingerprint(matrix: np.ndarray | dict[str, np.ndarray]) -> str:
    """Words for a checkpoint that tell one given matrix from another."""
    parts = matrix if isinstance(matrix, dict) else {"": matrix}
    total = 0
    for name, M in parts.items():
        total = zlib.crc32(np.ascontiguousarray(M).tobytes(), zlib.crc32(name.encode(), total))
    return f"given, {' and '.join(str(M.shape) for M in parts.values())}, CRC-32 {total:08x}"

"""Descent with a matrix in the place of the learning rate: w ← w − η M g, M symmetric and positive semi-definite.

To first order such a step changes the loss by −η gᵀ M g ≤ 0: it goes downhill, but not in the steepest direction. M is
given, or built at every step from a derived curvature C of the batch: M = (C + damping · 1)⁻¹, after eigenvalues below
``clip_eigenvalues`` were set to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.binding import as_array
from numeric.errors import OptionError, StepMatrixError
from numeric.functions import lambdify
from numeric.training.curvature import Objective
from symbolic import Tensor, Verdict, check, gradient, jvp, tensor
from symbolic.errors import EvaluationError, UnsupportedError, suggestion

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


def matrix_rule(w: Tensor, M: Tensor, g: Tensor, eta: Tensor) -> Tensor:
    """The update w − η M g as a program; w, g (n,), M (n, n) or, for a diagonal matrix, its diagonal (n,).

    >>> w, g, eta = tensor("w", "n"), tensor("g", "n"), tensor("eta")
    >>> matrix_rule(w, tensor("M", "n n", assume="symmetric"), g, eta).shape
    (n,)
    """
    return w - eta * (M @ g if M.ndim == 2 else M * g)


@dataclass(frozen=True)
class DescentStatement:
    """That a matrix step goes downhill to first order, derived for a loss.

    ``change``: the first-order change of the loss along −M g, by pushforward, with M = RᵀR; ``square``: −‖R g‖², which
    is never positive; ``verdict``: the check that both are equal. A positive semi-definite M always has such an R.
    """

    change: Tensor
    square: Tensor
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """True if the equality is proved."""
        return self.verdict.status == "proved"


def descent_statement(loss: Tensor, w: Tensor) -> DescentStatement:
    """Derive that L changes by −gᵀ M g = −‖R g‖² ≤ 0 along −M g, for M = RᵀR and g = ∂L/∂w, w a vector.

    >>> x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    >>> descent_statement((w @ x - y) ** 2, w).holds
    True
    """
    if w.ndim != 1:
        raise OptionError(f"descent_statement: the parameter is a vector, got {w.describe()}")
    g = gradient(loss, w).named("g")
    R = tensor("R", ("r", w.shape[0]), role="constant")
    change, square = jvp(loss, {w: -(R.T @ (R @ g))}), -np.sum((R @ g) ** 2)
    return DescentStatement(change, square, check(change, square))


OPTIONS = ("matrix", "learning_rate", "damping", "clip_eigenvalues", "output")


def matrix_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a matrix step; ``OptionError`` for one that it does not have."""
    for name in given:
        if name not in OPTIONS:
            raise OptionError(
                f"the method matrix has no option {name!r}; it has {', '.join(OPTIONS)}.{suggestion(name, OPTIONS)}"
            )
    return dict(given)


class MatrixStep:
    """A step of matrix descent on batches; it is called like ``TrainingStep``.

    ``matrix``: a key of ``CURVATURES``; or the matrix M itself, n × n over the flat vector of all trained parameters (in
    the order of their declaration, each in row-major order); its diagonal, of length n; or a dict with a matrix for each
    parameter by name. Raises ``StepMatrixError`` for a matrix of the wrong shape, one that is not symmetric, and one that
    is not positive semi-definite, with its smallest eigenvalue.
    """

    def __init__(
        self,
        loss: Tensor,
        matrix: Any = "newton",
        *,
        learning_rate: float | None = None,
        damping: float = 0.0,
        clip_eigenvalues: float | None = None,
        output: Tensor | None = None,
        backend: str = "numpy",
        dtype: Any = "float64",
        frozen: tuple[str, ...] = (),
    ):
        if backend not in ("numpy", "auto"):
            raise UnsupportedError(f"the matrix step runs on the NumPy back end; got backend={backend!r}")
        self.loss, self.backend, self.frozen, self.output = loss, "numpy", tuple(frozen), output
        self.objective = Objective(loss, frozen, dtype)
        self.dtype, self.count = self.objective.dtype, 0
        self.matrix = matrix if isinstance(matrix, str) else _given(matrix, self.objective)
        if isinstance(matrix, str) and matrix not in CURVATURES:
            raise OptionError(
                f"there is no step matrix {matrix!r}; known are {', '.join(CURVATURES)}, or give an array."
                f"{suggestion(matrix, CURVATURES)}"
            )
        rate = 1.0 if learning_rate is None else learning_rate
        self.options: dict[str, Any] = {
            "learning_rate": _at_least_zero("learning_rate", rate),
            "matrix": matrix if isinstance(matrix, str) else _fingerprint(self.matrix),
            "damping": _at_least_zero("damping", damping),
            "clip_eigenvalues": clip_eigenvalues
            if clip_eigenvalues is None
            else _at_least_zero("clip_eigenvalues", clip_eigenvalues),
        }
        if not isinstance(matrix, str) and (damping or clip_eigenvalues is not None):
            raise OptionError(
                "damping and clip_eigenvalues belong to a matrix that is built; the given one is used as it is"
            )
        w, g, eta = (
            tensor("w", "n", role="parameter"),
            tensor("g", "n", role="constant"),
            tensor("eta", role="constant"),
        )
        self.rules = {}
        for M in (tensor("M", "n n", role="constant"), tensor("M", "n", role="constant")):
            self.rules[M.ndim] = lambdify([w, M, g, eta], matrix_rule(w, M, g, eta))

    def __call__(
        self, parameters: dict[str, np.ndarray], batch: Mapping[str, Any], learning_rate: float | None = None
    ) -> float:
        """One step: the loss before the update; ``parameters`` is changed in place."""
        self._require_writable(parameters)
        value, g = self.objective.value_and_gradient(parameters, batch)
        if not (np.isfinite(value) and np.isfinite(g).all()):
            return value if not np.isfinite(value) else float("nan")
        M = self.step_matrix(parameters, batch)
        eta = self.options["learning_rate"] if learning_rate is None else learning_rate
        w = self.objective.flat(parameters).astype(float)
        following = self.rules[M.ndim](w, M, g.astype(float), eta)
        for name, part in self.objective.split(following, parameters).items():
            parameters[name][...] = part
        self.count += 1
        return value

    def step_matrix(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> np.ndarray:
        """The matrix M at these parameters, n × n, or its diagonal."""
        n = len(self.objective.flat(parameters))
        if not isinstance(self.matrix, str):
            return _sized(self.matrix, parameters, self.objective, n)
        build, meaning = CURVATURES[self.matrix]
        C = np.asarray(build(self.objective, parameters, batch, self.output), float)
        return inverse(C, meaning, self.options["damping"], self.options["clip_eigenvalues"])

    def over(
        self,
        parameters: dict[str, np.ndarray],
        data: Mapping[str, Any],
        order: np.ndarray,
        batch_size: int,
        rates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Steps over the rows of ``order`` in batches; the losses before each update."""
        names = [str(t.name) for t in self.objective.given if t.role in ("input", "target")]
        count = -(-len(order) // batch_size)
        rates = np.full(count, self.options["learning_rate"]) if rates is None else rates
        losses = np.empty(count)
        for k in range(count):
            rows = order[k * batch_size : (k + 1) * batch_size]
            losses[k] = self(parameters, {name: data[name][rows] for name in names}, rates[k])
        return losses

    def epoch(
        self, parameters: dict[str, np.ndarray], data: Mapping[str, Any], batch_size: int, rng: np.random.Generator
    ) -> float:
        """One pass over all samples in batches; the mean of the losses met on the way."""
        samples = len(next(iter(data.values())))
        losses = self.over(parameters, data, rng.permutation(samples), batch_size)
        sizes = np.minimum(batch_size, samples - batch_size * np.arange(len(losses)))
        return float(losses @ sizes / samples)

    def state_arrays(self) -> dict[str, np.ndarray]:
        """A matrix step keeps nothing from step to step."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray], count: int) -> None:
        """Go on after ``count`` steps."""
        if state:
            raise OptionError(f"the matrix step has no state, got {sorted(state)}")
        self.count = count

    def _require_writable(self, parameters: Mapping[str, Any]) -> None:
        for w in self.objective.trained:
            value = parameters.get(str(w.name))
            if not isinstance(value, np.ndarray) or value.dtype != self.dtype or not value.flags.writeable:
                raise EvaluationError(
                    f"the matrix step: {w.describe()} is updated in place, so it must be a writable array of dtype "
                    f"{self.dtype}; got {getattr(value, 'dtype', type(value).__name__)}"
                )
            as_array(w, value, self.dtype)


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
        raise StepMatrixError(
            f"{meaning} is not positive definite here: its smallest eigenvalue is {smallest:.4g}"
            f"{f', {raised.min():.4g} with the damping' if damping else ''}. Give damping= above {max(0.0, -smallest):.4g}, "
            "or clip_eigenvalues= the least eigenvalue to keep",
            smallest,
        )
    return 1 / raised if vectors is None else (vectors / raised) @ vectors.T


# -- matrices that are given -------------------------------------------------------------------------------------------------


def _given(matrix: Any, objective: Objective) -> np.ndarray | dict[str, np.ndarray]:
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


def _sized(
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


def _fingerprint(matrix: np.ndarray | dict[str, np.ndarray]) -> str:
    parts = matrix if isinstance(matrix, dict) else {"": matrix}
    total = 0
    for name, M in parts.items():
        total = zlib.crc32(np.ascontiguousarray(M).tobytes(), zlib.crc32(name.encode(), total))
    return f"given, {' and '.join(str(M.shape) for M in parts.values())}, CRC-32 {total:08x}"


def _at_least_zero(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value) or value < 0:
        raise OptionError(
            f"the option {name} of the matrix step is a finite number that is not negative, got {value!r}"
        )
    return float(value)

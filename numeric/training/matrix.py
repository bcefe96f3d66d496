"""Descent with a matrix in the place of the learning rate: w ← w − η M g, M symmetric and positive semi-definite.

To first order such a step changes the loss by −η gᵀ M g ≤ 0: it goes downhill, but not in the steepest direction. M is
given, or built at every step from a derived curvature C of the batch: M = (C + damping · 1)⁻¹, after eigenvalues below
``clip_eigenvalues`` were set to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.binding import as_array
from numeric.errors import OptionError
from numeric.functions import lambdify
from numeric.training.curvature import Objective
from numeric.training.step_matrices import CURVATURES, fingerprint, given_matrix, inverse, sized
from symbolic import Tensor, Verdict, check, gradient, jvp, tensor
from symbolic.errors import EvaluationError, UnsupportedError, suggestion
from symbolic.language.operations import tensordot

MOST_ENTRIES = 5000  # rows of a step matrix; at twice as many its eigenvalues take minutes


def matrix_rule(w: Tensor, M: Tensor, g: Tensor, eta: Tensor) -> Tensor:
    """The update w − η M g as a program; w, g (n,), M (n, n) or, for a diagonal matrix, its diagonal (n,).

    >>> w, g, eta = tensor("w", "n"), tensor("g", "n"), tensor("eta")
    >>> matrix_rule(w, tensor("M", "n n", assume="symmetric"), g, eta).shape
    (n,)
    """
    return w - eta * (M @ g if M.ndim == 2 else M * g)


@dataclass(frozen=True)
class DescentStatement:
    """That a matrix step goes downhill to first order, derived for a loss in two checked equalities.

    ``pairing``: the pushforward of the loss along any direction v is ⟨g, v⟩, g its gradient; ``square``: for v = −M g with
    M = RᵀR this is −‖R g‖², whatever g is, and a sum of squares is never negative. A positive semi-definite M always has
    such an R. ``change`` is −⟨g, RᵀR g⟩ for this loss, as a tensor.
    """

    change: Tensor
    pairing: Verdict
    square: Verdict

    @property
    def holds(self) -> bool:
        """True if both equalities are proved."""
        return self.pairing.status == self.square.status == "proved"


def descent_statement(loss: Tensor, w: Tensor) -> DescentStatement:
    """Derive that L changes by −⟨g, M g⟩ = −‖R g‖² ≤ 0 along −M g, for M = RᵀR and g = ∂L/∂w, w of any shape.

    >>> x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    >>> descent_statement((w @ x - y) ** 2, w).holds
    True
    """
    g, v = gradient(loss, w), tensor("v", w.shape, role="constant")
    pairing = check(jvp(loss, {w: v}), np.sum(g * v))
    R, slope = tensor("R", ("r", *w.shape), role="constant"), tensor("g", w.shape, role="constant")
    square = check(_change(R, slope), -np.sum(tensordot(R, slope, w.ndim) ** 2))
    return DescentStatement(_change(R, g), pairing, square)


def _change(R: Tensor, g: Tensor) -> Tensor:
    """−⟨g, RᵀR g⟩."""
    return -np.sum(g * tensordot(tensordot(R, g, g.ndim), R, 1))


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
        self.threads = 1
        self.objective = Objective(loss, frozen, dtype)
        self.dtype, self.count = self.objective.dtype, 0
        self.matrix = matrix if isinstance(matrix, str) else given_matrix(matrix, self.objective)
        if isinstance(matrix, str) and matrix not in CURVATURES:
            raise OptionError(
                f"there is no step matrix {matrix!r}; known are {', '.join(CURVATURES)}, or give an array."
                f"{suggestion(matrix, CURVATURES)}"
            )
        rate = 1.0 if learning_rate is None else learning_rate
        self.options: dict[str, Any] = {
            "learning_rate": _at_least_zero("learning_rate", rate),
            "matrix": matrix if isinstance(matrix, str) else fingerprint(self.matrix),
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
        if n > MOST_ENTRIES and self.matrix != "diagonal":
            raise OptionError(
                f"a step matrix for {n} parameters has {n * n:.1e} entries, more than {MOST_ENTRIES}² are not built; take "
                "matrix='diagonal', or numeric.minimise with method='trust-ncg', which only multiplies by the Hessian"
            )
        if not isinstance(self.matrix, str):
            return sized(self.matrix, parameters, self.objective, n)
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


def _at_least_zero(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value) or value < 0:
        raise OptionError(
            f"the option {name} of the matrix step is a finite number that is not negative, got {value!r}"
        )
    return float(value)

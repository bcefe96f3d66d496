"""SciPy's optimisers on the average loss over a data set, fed with derived gradients and derived Hessian products."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import OptionError, TrainingError
from numeric.training.curvature import Objective
from numeric.training.history import History, Record
from numeric.training.initial import starting_parameters
from numeric.training.interruption import interruptions
from numeric.training.loop import checked, train
from symbolic import Tensor
from symbolic.errors import suggestion
from symbolic.program.graph import leaves

# What each method asks for, besides the loss and its gradient.
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "CG": "gradient",
        "BFGS": "gradient",
        "L-BFGS-B": "gradient",
        "TNC": "gradient",
        "SLSQP": "gradient",
        "Newton-CG": "product",
        "trust-ncg": "product",
        "trust-krylov": "product",
        "trust-exact": "hessian",
        "dogleg": "hessian",
    }
)
_WITHOUT_GRADIENT = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA")


def minimise(
    loss: Tensor,
    data: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    method: str = "L-BFGS-B",
    steps: int = 200,
    tolerance: float | None = None,
    seed: int = 0,
    sizes: Mapping[str, int] | None = None,
    frozen: Iterable[str] = (),
    **options: Any,
) -> History:
    """Minimise L(S, w) = (1/P) Σ_p L(x[p], y[p], w) over the whole data set with one of SciPy's optimisers.

    The gradient is derived; methods that ask for second derivatives get the derived product ∂²L/∂w² · v (the gradient
    pushed forward, Pearlmutter 1994) or the derived Hessian. ``data``, ``parameters``, ``sizes``, ``frozen`` and ``seed``
    are those of ``numeric.train``, but a loss that reads no input needs no data; ``method`` is a key of ``METHODS``, ``steps`` the most iterations, ``tolerance`` SciPy's
    ``tol``; further ``options`` go to SciPy as they are (``gtol=1e-8``).

    The history has one record per iterate, the first (``epoch`` 0) for the start; ``settings`` tells SciPy's message and the
    numbers of evaluations; ``ended`` is ``"completed"`` where SciPy reports success or the last step was taken, and
    ``"interrupted"`` at the last iterate after Ctrl-C. Raises
    ``OptionError`` for an unknown method, ``NoGradientError`` where there is no gradient, ``TrainingError`` for a loss that
    is no number at the start or at the end. (Virtanen et al., Nature Methods 17, 2020.)

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> line = {"x": np.arange(4.0), "y": 3 * np.arange(4.0)}
    >>> history = minimise((w * x - y) ** 2, line, method="trust-ncg")
    >>> round(float(history.parameters["w"]), 6)
    3.0
    """
    import scipy.optimize  # here, because it takes a third of a second and most runs never need it

    _require_method(method)
    arrays = arrays_for(loss, data)
    objective = Objective(loss, frozen)
    given = starting_parameters(loss, arrays, parameters, sizes, seed)
    path = _Path(objective, given, arrays)
    more: dict[str, Any] = {}
    if METHODS[method] == "product":
        more["hessp"] = lambda w, v: objective.hessian_product(path.at(w), arrays, v)
    elif METHODS[method] == "hessian":
        more["hess"] = lambda w: objective.hessian(path.at(w), arrays)
    path.begin()
    limit = {("maxfun" if method == "TNC" else "maxiter"): steps}
    told: dict[str, Any] = {
        "method": method, "options": {**limit, **options}, "tolerance": tolerance, "seed": seed, "batch_size": None,
        "dtype": "float64", "backend": "numpy", "frozen": tuple(frozen),
    }  # fmt: skip
    try:
        with np.errstate(all="ignore"), interruptions() as path.obey:  # what is not finite is found and told below
            result = scipy.optimize.minimize(
                path.value_and_gradient, objective.flat(given), jac=True, method=method, tol=tolerance, callback=path.record,
                options={**limit, **options}, **more,
            )  # fmt: skip
    except KeyboardInterrupt:
        told |= {"message": "interrupted", "evaluations": path.evaluations, "iterations": len(path.records) - 1}
        return History(loss, path.at(path.point), tuple(path.records), "interrupted", told)
    except ValueError as error:  # SciPy's trust regions, where a number is not finite
        if path.last is None or np.isfinite(path.last[1]):
            raise
        told |= {"message": str(error), "evaluations": path.evaluations, "iterations": len(path.records) - 1}
        raise _fallen(path, History(loss, path.at(path.point), tuple(path.records), "stopped", told)) from None
    told |= {"message": str(result.message), "evaluations": path.evaluations, "iterations": int(result.nit)}
    ended = "completed" if result.success or int(result.nit) >= steps else "stopped"
    history = History(loss, path.at(result.x), tuple(path.records), ended, told)
    if not (np.isfinite(result.fun) and np.isfinite(path.records[-1].loss)):
        raise _fallen(path, history)
    return history


def _fallen(path: _Path, history: History) -> TrainingError:
    return TrainingError(
        f"minimise: the loss became {path.last[1] if path.last else 'no number'} at evaluation {path.evaluations}; "
        "the iterates until then are in error.history",
        history,
    )


def matrix_step(
    loss: Tensor,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    matrix: Any = "newton",
    steps: int = 10,
    **options: Any,
) -> History:
    """Full-batch descent with a matrix in the place of the learning rate: w ← w − η M ∂L/∂w.

    ``matrix``: M itself, symmetric and positive semi-definite over the flat vector of all trained parameters, its diagonal,
    or a dict with a matrix for each parameter; or what M is the inverse of, derived at every step: ``"newton"`` (the
    Hessian), ``"gauss_newton"``, ``"natural"`` (the empirical Fisher information), ``"diagonal"`` (of the Hessian). Options:
    ``learning_rate`` η (1), ``damping`` (added to the curvature), ``clip_eigenvalues`` (the least eigenvalue of the
    curvature), ``output`` (the prediction that Gauss–Newton linearises), and those of ``numeric.train``, which it calls
    with ``method="matrix"``.

    Raises ``StepMatrixError`` for a matrix of the wrong shape or one that is not positive semi-definite, with its smallest
    eigenvalue. (Nocedal and Wright, Numerical Optimization, 2006, chapters 3 and 10; Amari 1998.)

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> line = {"x": np.arange(4.0), "y": 3 * np.arange(4.0)}
    >>> history = matrix_step((w * x - y) ** 2, line, steps=1)
    >>> round(float(history.parameters["w"]), 6)
    3.0
    """
    return train(loss, data, parameters, method="matrix", matrix=matrix, batch_size=None, epochs=steps, **options)


def arrays_for(loss: Tensor, data: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    """The arrays that a loss reads, checked; none for a loss of its parameters alone."""
    reads = any(t.role in ("input", "target") for t in leaves([loss]))
    return checked(loss, data or {}) if reads else {}


class _Path:
    """The values that an optimiser meets, and a record for each iterate."""

    def __init__(self, objective: Objective, given: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray]):
        self.objective, self.given, self.arrays = objective, given, arrays
        self.evaluations, self.records, self.began = 0, [], time.perf_counter()
        self.last: tuple[bytes, float] | None = None
        self.point = objective.flat(given)
        self.obey: Callable[[], None] = lambda: None  # raises, once Ctrl-C has come

    def begin(self) -> None:
        """The record of the start."""
        value = self.objective.value(self.given, self.arrays)
        if not np.isfinite(value):
            raise TrainingError(f"minimise: the loss is {value} at the start; give other parameters=")
        self.records.append(Record(0, value, 0.0))

    def at(self, w: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters, the trained ones from the flat vector."""
        return {**self.given, **self.objective.split(np.array(w), self.given)}

    def value_and_gradient(self, w: np.ndarray) -> tuple[float, np.ndarray]:
        """What SciPy asks for."""
        self.obey()
        value, g = self.objective.value_and_gradient(self.at(w), self.arrays)
        self.evaluations += 1
        self.last = (w.tobytes(), value)
        return value, g

    def record(self, w: np.ndarray, *rest: Any) -> None:
        """Called by SciPy after each iteration."""
        self.point = np.array(w)
        met, value = self.last or (b"", 0.0)
        if met != np.asarray(w).tobytes():
            value = self.objective.value(self.at(w), self.arrays)
        self.records.append(Record(len(self.records), value, round(time.perf_counter() - self.began, 4)))


def _require_method(method: str) -> None:
    if method in _WITHOUT_GRADIENT:
        raise OptionError(f"{method} uses no gradient: numeric.minimise_without_gradient is the function for it")
    if method not in METHODS:
        raise OptionError(
            f"there is no method {method!r} for full batches; known are {', '.join(METHODS)}.{suggestion(method, METHODS)}"
        )

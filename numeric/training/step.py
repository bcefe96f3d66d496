"""One step of descent as one program: loss, gradients and updates, written over the parameters in place.

The per-sample loss is averaged over a batch, all gradients come from one pullback, and the method's rule, itself a program
of equations, is lowered together with them. The first batch of a new size compiles the program for that size; later calls
only compare shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.backends.numpy_steps import StepWriter
from numeric.binding import Sizes, as_array, real_dtype
from numeric.errors import OptionError
from numeric.lowering import lowered, prepared
from numeric.lowering.program import ArrayProgram, Program
from numeric.lowering.sizes import resized
from numeric.training import methods
from symbolic.calculus.pullback import cotangents, identity_seed, zero_like
from symbolic.errors import DeclarationError, EvaluationError, UnsupportedError, suggestion
from symbolic.language.operations import require_scalar
from symbolic.language.samples import average_loss
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor

BACKENDS = ("numpy",)


def training_step(
    loss: Tensor,
    method: str | methods.Method = "sgd",
    learning_rate: float | None = 1e-3,
    backend: str = "numpy",
    dtype: Any = "float32",
    frozen: tuple[str, ...] = (),
    **options: float,
) -> TrainingStep:
    """A step of descent on the mean over a batch of a per-sample scalar ``loss``.

    ``step(parameters, batch)`` changes the arrays of the dict ``parameters`` in place and returns the loss before the
    update; ``batch`` holds the arrays of inputs and targets by name, with the samples first.
    ``step.epoch(parameters, data, batch_size, rng)`` runs over a data set once, in an order that ``rng`` draws.
    ``method`` is a key of ``numeric.training.methods.METHODS``, ``options`` its hyperparameters; parameters whose names are
    in ``frozen`` stay. ``step.source`` is the code for the last batch size.

    Raises ``OptionError`` for an unknown method or option, ``DeclarationError`` for a loss without parameters.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> step = training_step((w * x - y) ** 2, learning_rate=0.5, dtype="float64")
    >>> parameters = {"w": np.array(1.0)}
    >>> step(parameters, {"x": np.array([1.0]), "y": np.array([3.0])}), parameters["w"].item()
    (4.0, 3.0)
    """
    require_scalar(loss, "training_step")
    if backend not in BACKENDS:
        raise UnsupportedError(
            f"unknown back end {backend!r}; expected one of {', '.join(BACKENDS)}.{suggestion(backend, BACKENDS)}"
        )
    chosen = methods.method(method)
    given = dict(options) if learning_rate is None else {"learning_rate": learning_rate, **options}
    return TrainingStep(loss, chosen, methods.settings(chosen, given), backend, real_dtype(dtype), tuple(frozen))


class TrainingStep:
    """A compiled step. ``options``: the hyperparameters; ``count``: the steps taken; ``state``: arrays of the method."""

    def __init__(self, loss: Tensor, method: methods.Method, options: dict[str, float], backend: str, dtype: np.dtype, frozen: tuple[str, ...]):  # fmt: skip
        self.loss, self.method, self.options, self.backend, self.dtype = loss, method, options, backend, dtype
        self.count, self.state, self.frozen = 0, {}, frozen
        self._arrays: ArrayProgram | None = None
        mean = average_loss(loss, _sample_axis(loss))
        given = leaves([mean])
        self._trained = [t for t in given if t.role == "parameter" and t.name not in frozen]
        if not self._trained:
            raise DeclarationError(
                "training_step: the loss has no parameter to train; declare one with role='parameter'"
            )
        trained = {t.serial for t in self._trained}
        self._data = [t for t in given if t.serial not in trained and t.value is None]
        hyper = methods.Hyperparameters(method)
        bars = cotangents(mean, identity_seed(mean), self._trained)
        steps = [methods.update(method, w, bars.get(w, zero_like(w.extents)), hyper) for w in self._trained]
        self._options = list(hyper.tensors)
        self._states = {f"{s.parameter.name}.{name}": pair for s in steps for name, pair in s.state.items()}
        updates = [(s.parameter, s.following) for s in steps] + list(self._states.values())
        arguments = [
            *self._trained,
            *self._data,
            *(before for before, _ in self._states.values()),
            *hyper.tensors.values(),
        ]
        self.program: Program = prepared(arguments, [mean], updates)
        self._places = [(str(t.name), t.role not in ("input", "target")) for t in (*self._trained, *self._data)]
        self._dtypes = [self.dtype if t.dtype == "real" else np.dtype(np.int64) for t in (*self._trained, *self._data)]
        self._compiled: dict[tuple, Any] = {}

    def __call__(
        self, parameters: dict[str, np.ndarray], batch: Mapping[str, Any], learning_rate: float | None = None
    ) -> float:
        """One step: the loss before the update; ``parameters`` is changed in place."""
        try:
            arrays = [parameters[name] if own else batch[name] for name, own in self._places]
            run = self._compiled[tuple([a.shape for a in arrays])]
            if [a.dtype for a in arrays] != self._dtypes:
                arrays = self._checked(parameters, batch)
        except (KeyError, AttributeError):
            arrays = self._checked(parameters, batch)
            run = self._compiled[tuple([a.shape for a in arrays])]
        self.count += 1
        options = self.options
        if learning_rate is not None:
            options = {**options, "learning_rate": float(learning_rate)}
        with np.errstate(all="ignore"):
            return float(run(*arrays, *self.state.values(), *options.values(), self.count))

    @property
    def source(self) -> str:
        """The code for the last new batch size, each line with the equation that it computes; empty before the first."""
        return StepWriter(self._arrays).write() if self._arrays is not None else ""

    def epoch(
        self, parameters: dict[str, np.ndarray], data: Mapping[str, Any], batch_size: int, rng: np.random.Generator
    ) -> float:
        """One pass over all samples in batches (the last one may be smaller); the mean of the losses met on the way."""
        inputs = [name for name, own in self._places if not own]
        arrays = {name: np.asarray(data[name]) for name in inputs}
        samples = len(next(iter(arrays.values())))
        order = rng.permutation(samples)
        total = 0.0
        for first in range(0, samples, batch_size):
            rows = order[first : first + batch_size]
            batch = {name: a[rows] for name, a in arrays.items()}
            total += self(parameters, batch) * len(rows)
        return total / samples

    def state_arrays(self) -> dict[str, np.ndarray]:
        """Copies of the method's state, by ``parameter.state``; empty before the first step."""
        return {name: array.copy() for name, array in self.state.items()}

    def restore(self, state: Mapping[str, np.ndarray], count: int) -> None:
        """Go on from a state that ``state_arrays`` gave and a number of steps taken."""
        if state and set(state) != set(self._states):
            raise OptionError(
                f"the method {self.method.name} has the state {sorted(self._states)}, got {sorted(state)}"
            )
        self.state = {name: np.array(state[name], dtype=self.dtype) for name in self._states} if state else {}
        self.count = count

    # -- the first call with new shapes ------------------------------------------------------------------------------------

    def _checked(self, parameters: dict[str, np.ndarray], batch: Mapping[str, Any]) -> list[np.ndarray]:
        """The arrays in order, checked and (data only) converted; the step for their shapes is compiled."""
        arrays = []
        for t, (name, own) in zip((*self._trained, *self._data), self._places, strict=True):
            source = parameters if own else batch
            if name not in source:
                where = "parameters" if own else "batch"
                raise EvaluationError(
                    f"training_step: {where} has no array for {t.role} {t.describe()}; it has {', '.join(source) or 'none'}"
                )
            value = source[name]
            if t.role == "parameter" and t.name not in self.frozen:
                if not isinstance(value, np.ndarray) or value.dtype != self.dtype:
                    found = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
                    raise EvaluationError(
                        f"training_step: {t.describe()} is updated in place, so it must be an array of dtype {self.dtype}; got {found}"
                    )
                if not value.flags.writeable:
                    raise EvaluationError(
                        f"training_step: the array of {t.describe()} is read-only, and it is updated in place"
                    )
            arrays.append(as_array(t, value, self.dtype))
        shapes = tuple(a.shape for a in arrays)
        if shapes not in self._compiled:
            self._compile(arrays, shapes)
        return arrays

    def _compile(self, arrays: list[np.ndarray], shapes: tuple) -> None:
        sizes = Sizes()
        tensors = [*self._trained, *self._data]
        sizes.bind(tensors, {t.serial: shape for t, shape in zip(tensors, shapes, strict=True)})
        program = prepared_again(resized(self.program, sizes.numbers))
        self._arrays = lowered(program, elementary=True)
        run = function(StepWriter(self._arrays, commented=False).write(), "prepared")(self.dtype.type)
        constants = [as_array(t, t.value, self.dtype) for t in program.constants]
        self._compiled[shapes] = (lambda *a: run(*a, *constants)) if constants else run
        if not self.state and self._states:
            extents = {
                name: [e.xreplace(sizes._known()) for e in before.extents] for name, (before, _) in self._states.items()
            }
            self.state = {name: np.zeros([int(e) for e in shape], self.dtype) for name, shape in extents.items()}


def prepared_again(program: Program) -> Program:
    """The program with numbers for dimensions, fused again where extents of 1 have gone."""
    return prepared(program.arguments, program.outputs, program.updates)


def _sample_axis(loss: Tensor) -> str:
    """A name for the sample axis that no dimension of the program has."""
    taken = {str(s) for t in topological([loss]) for e in t.extents for s in e.free_symbols}
    return next(name for name in ("P", "samples", *(f"samples{k}" for k in range(len(taken) + 1))) if name not in taken)

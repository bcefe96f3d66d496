"""One step of descent as one program: loss, gradients and updates, written over the parameters in place.

The per-sample loss is averaged over a batch, all gradients come from one pullback, and the method's rule, itself a program
of equations, is lowered together with them. The first batch of a new size compiles the program for that size; later calls
only compare shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from numeric.backends.execution import function
from numeric.backends.numpy_steps import StepWriter
from numeric.binding import Sizes, as_array, real_dtype
from numeric.errors import MissingExtraError, OptionError
from numeric.lowering import lowered, prepared, sized
from numeric.lowering.exponentials import normalised
from numeric.lowering.layout import laid_out
from numeric.lowering.program import ArrayProgram, Program
from numeric.lowering.sharing import shared
from numeric.training import methods
from numeric.training.gradients import gradients_of
from symbolic.errors import DeclarationError, EvaluationError, UnsupportedError, suggestion
from symbolic.language.operations import require_scalar
from symbolic.language.samples import average_loss, sample_axis
from symbolic.program.dims import dim_symbol
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from numeric.training.matrix import MatrixStep

BACKENDS = ("numpy", "numba", "auto")
MOST_COMPILED = 64


def training_step(
    loss: Tensor,
    method: str | methods.Method = "sgd",
    learning_rate: float | None = 1e-3,
    backend: str = "numpy",
    dtype: Any = "float32",
    frozen: tuple[str, ...] = (),
    mask: str | None = None,
    **options: Any,
) -> TrainingStep | MatrixStep:
    """A step of descent on the mean over a batch of a per-sample scalar ``loss``.

    ``step(parameters, batch)`` changes the arrays of the dict ``parameters`` in place and returns the loss before the
    update; ``batch`` holds the arrays of inputs and targets by name, with the samples first.
    ``step.epoch(parameters, data, batch_size, rng)`` runs over a data set once, in an order that ``rng`` draws.
    ``method`` is a key of ``numeric.training.methods.METHODS``, ``options`` its hyperparameters, ``learning_rate=None`` the
    method's own rate; every method also takes ``clip_norm`` (the joint norm of all gradients is at most this), ``l2``
    (coupled decay: l2 · w joins the gradient) and ``weight_decay`` (decoupled decay). ``method="matrix"`` steps with a matrix
    in the place of the learning rate (``numeric.training.matrix.MatrixStep``). Parameters whose names are in ``frozen`` stay.
    ``mask`` names an array of the batch with 1 for samples and 0 for padding, whose entries must still be finite: the mean
    is over the samples alone.

    ``backend``: ``"numpy"``; ``"numba"``, compiled loops (extra ``fast``); or ``"auto"``: numba where it is installed and has
    code for the program, else NumPy. ``step.backend`` says which it is. A program of at most ``MOST_COMPILED`` equations is
    compiled whole by numba; in a larger one large products stay with BLAS, dear functions with NumPy, and the loops and
    small products between them are compiled for this processor, equal ones once; batches are computed in equal parts by as many threads as there are processors
    (or OMP_NUM_THREADS says), where each has enough to do; another number rounds otherwise. ``step.source`` is the code for the last batch size.

    Raises ``OptionError`` for an unknown method or option, ``DeclarationError`` for a loss without parameters,
    ``NoGradientError`` where the gradient does not exist or is zero almost everywhere.

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
    given = dict(options) if learning_rate is None else {"learning_rate": learning_rate, **options}
    if method == "matrix":
        from numeric.training.matrix import MatrixStep, matrix_options  # brings the judge along: most steps need none

        if mask is not None:
            raise OptionError("the matrix step takes no mask; leave padded samples out of the batch")
        return MatrixStep(loss, **matrix_options(given), backend=backend, dtype=dtype, frozen=tuple(frozen))
    chosen = methods.extended(methods.method(method), given)
    return TrainingStep(loss, chosen, methods.settings(chosen, given), backend, real_dtype(dtype), tuple(frozen), mask)


class TrainingStep:
    """A compiled step. ``options``: the hyperparameters; ``count``: the steps taken; ``state``: arrays of the method;
    ``threads``: at most how many work on one batch, each on an equal part, which decides the roundings of its sums."""

    def __init__(self, loss: Tensor, method: methods.Method, options: dict[str, float], backend: str, dtype: np.dtype, frozen: tuple[str, ...], mask: str | None = None):  # fmt: skip
        self.loss, self.method, self.options, self.backend, self.dtype = loss, method, options, backend, dtype
        self.count, self.state, self.frozen, self.threads = 0, {}, frozen, 1
        self._arrays: ArrayProgram | None = None
        mean = average_loss(loss, sample_axis(loss), mask)
        given = leaves([mean])
        self._trained = [t for t in given if t.role == "parameter" and t.name not in frozen]
        if not self._trained:
            raise DeclarationError(
                "training_step: the loss has no parameter to train; declare one with role='parameter'"
            )
        trained = {t.serial for t in self._trained}
        self._data = [t for t in given if t.serial not in trained and t.value is None]
        hyper = methods.Hyperparameters(method)
        gradients = gradients_of(mean, self._trained, loss)
        if "clip_norm" in options:
            gradients = methods.clipped(gradients, hyper.clip_norm)
        steps = [methods.update(method, w, g, hyper) for w, g in zip(self._trained, gradients, strict=True)]
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
        self._samples = dim_symbol(sample_axis(loss))
        self._loops, self._kernels, self._text = None, False, ""
        if self.backend != "numpy":
            self._choose()
            from numeric.backends.loops.threads import available

            self.threads = available() if self._kernels else 1
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
        if self._loops is not None:
            return self._loops.source
        if self._kernels:
            return self._text
        return StepWriter(self._arrays).write() if self._arrays is not None else ""

    def for_batch(self, batch_size: int, sizes: Mapping[sp.Symbol, int]) -> tuple[Program, tuple[int, int, int]]:
        """The program for one size of batch, and how many of its arguments are trained, data and state (in this order)."""
        program = sized(self.program, {**sizes, self._samples: batch_size}, self._samples)
        return program, (len(self._trained), len(self._data), len(self._states))

    def _choose(self) -> None:
        """Settle what compiles the program, and so what ``"auto"`` means."""
        from numeric.backends.loops.compilation import require_machine

        first = len(self.program.arguments) - len(self._options)
        places = first + self._options.index("learning_rate"), first + self._options.index("t")
        try:
            require_machine()
            if len(self.program.steps) > MOST_COMPILED:
                self._kernels = True
            else:
                from numeric.backends.loops.stepping import LoopSteps

                loops = LoopSteps(self.program, self._samples, self.dtype, *places)
                loops.trial()
                self._loops = loops
            self.backend = "numba"
        except (MissingExtraError, UnsupportedError):
            if self.backend == "numba":
                raise
            self.backend = "numpy"

    def over(
        self,
        parameters: dict[str, np.ndarray],
        data: Mapping[str, Any],
        order: np.ndarray,
        batch_size: int,
        rates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Steps over the rows of ``order`` in batches of ``batch_size`` (the last one may be smaller).

        ``rates`` holds a learning rate for each step. Returns the losses before each update. Compiled code runs through
        all of them without coming back to Python.
        """
        inputs = [name for name, own in self._places if not own]
        arrays = {name: np.asanyarray(data[name]) for name in inputs}
        count = -(-len(order) // batch_size)
        rates = np.full(count, self.options["learning_rate"]) if rates is None else rates
        wanted = {name: dtype for (name, _), dtype in zip(self._places, self._dtypes, strict=True)}
        streamed = any(_must_stream(a, wanted[name]) for name, a in arrays.items())
        if self._loops is not None and count and not streamed:
            ready = self._checked(parameters, arrays, prepare=False)
            sizes = self._sizes(ready)
            self._begin_state(sizes)
            arguments = [*ready, *self.state.values(), *self.options.values(), self.count + 1]
            self.count += count
            return self._loops.epoch(sizes, arguments, order, batch_size, rates)
        losses = np.empty(count)
        for number, first in enumerate(range(0, len(order), batch_size)):
            rows = order[first : first + batch_size]
            losses[number] = self(parameters, {name: a[rows] for name, a in arrays.items()}, rates[number])
        return losses

    def epoch(
        self, parameters: dict[str, np.ndarray], data: Mapping[str, Any], batch_size: int, rng: np.random.Generator
    ) -> float:
        """One pass over all samples in batches (the last one may be smaller); the mean of the losses met on the way."""
        samples = len(next(iter(data.values())))
        losses = self.over(parameters, data, rng.permutation(samples), batch_size)
        sizes = np.minimum(batch_size, samples - batch_size * np.arange(len(losses)))
        return float(losses @ sizes / samples)

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

    def _checked(
        self, parameters: dict[str, np.ndarray], batch: Mapping[str, Any], prepare: bool = True
    ) -> list[np.ndarray]:
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
        if prepare and shapes not in self._compiled:
            self._compiled[shapes] = self._compile(self._sizes(arrays))
        return arrays

    def _sizes(self, arrays: list[np.ndarray]) -> dict[sp.Symbol, int]:
        sizes = Sizes()
        tensors = [*self._trained, *self._data]
        sizes.bind(tensors, {t.serial: a.shape for t, a in zip(tensors, arrays, strict=True)})
        return sizes.numbers

    def _begin_state(self, sizes: dict[sp.Symbol, int]) -> None:
        """Zeros for the method's state, before the first step."""
        if not self.state and self._states:
            numbers = {s: sp.Integer(n) for s, n in sizes.items()}
            self.state = {
                name: np.zeros([int(e.xreplace(numbers)) for e in before.extents], self.dtype)
                for name, (before, _) in self._states.items()
            }

    def _compile(self, sizes: dict[sp.Symbol, int]) -> Callable[..., float]:
        self._begin_state(sizes)
        if self._loops is not None:
            return self._loops.step(sizes)
        if self._kernels:
            return self._compile_kernels(sizes)
        program = sized(self.program, sizes, self._samples)
        self._arrays = array_program(program)
        run = function(StepWriter(self._arrays, commented=False).write(), "prepared")(self.dtype.type)
        constants = [as_array(t, t.value, self.dtype) for t in program.constants]
        return (lambda *a: run(*a, *constants)) if constants else run

    def _compile_kernels(self, sizes: dict[sp.Symbol, int]) -> Callable[..., float]:
        """A large program: in parts of the batch on several threads where that pays, else as a whole."""
        from numeric.backends.kernel_steps import kernel_step
        from numeric.backends.parallel_steps import parallel_step

        if self.threads > 1:
            fixed = {s: n for s, n in sizes.items() if s != self._samples}
            program = sized(self.program, fixed, self._samples)
            found = parallel_step(program, self._samples, sizes[self._samples], self.threads, self.dtype)
            if found is not None:
                run, self._text = found
                return run
        made, self._text = kernel_step(sized(self.program, sizes, self._samples), self.dtype)
        return made()


def _must_stream(array: np.ndarray, dtype: np.dtype) -> bool:
    """True for an array on disk that must be converted: as a whole it may not fit into memory."""
    return isinstance(array, np.memmap) and array.dtype != dtype


def array_program(program: Program) -> ArrayProgram:
    """The array operations of a step in the NumPy back end, for a program whose sizes are numbers."""
    return lowered(laid_out(shared(normalised(program))), elementary=True)

"""The training loop: batches in a seeded order, one step at a time, with everything that a long run needs around it.

The order of samples in epoch e is drawn from (seed, e) alone, so a run that goes on from a checkpoint meets the same
batches and ends in the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numeric.errors import CheckpointError, DataError, OptionError, TrainingError
from numeric.training import checkpoints
from numeric.training.divergence import Watch, advice
from numeric.training.evaluation import mean_of
from numeric.training.history import History, Record, records_from
from numeric.training.initial import parameters_of, starting_parameters
from numeric.training.interruption import interruptions
from numeric.training.progress import Progress
from numeric.training.schedules import Schedule, schedule
from numeric.training.step import TrainingStep, training_step
from symbolic import Tensor
from symbolic.errors import suggestion
from symbolic.language.operations import require_scalar
from symbolic.program.graph import leaves, topological

if TYPE_CHECKING:
    from numeric.training.matrix import MatrixStep


@dataclass(frozen=True)
class Run:
    """Everything that decides where a run ends: the same ``Run`` on the same machine gives the same bits.

    ``threads``: the parts in which the sums of a batch are taken (see ``training_step``), on which roundings depend.
    """

    method: str
    options: Mapping[str, Any]
    batch_size: int | None
    epochs: int
    seed: int
    backend: str
    dtype: str
    schedule: str
    frozen: tuple[str, ...]
    threads: int = 1


def train(
    loss: Tensor,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    method: str = "sgd",
    learning_rate: float | None = None,
    batch_size: int | None = 32,
    epochs: int = 10,
    seed: int = 0,
    backend: str = "numpy",
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    frozen: Iterable[str] = (),
    schedule: str | Schedule | None = None,
    validation: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Tensor] | None = None,
    patience: int | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    every: int = 1,
    resume: bool = False,
    on_epoch: Callable[[Record], None] | None = None,
    **options: Any,
) -> History:
    """Train the parameters of a per-sample ``loss`` on ``data``, arrays by tensor name with the samples first.

    ``batch_size``: 1 is per-sample stochastic descent, None the full batch, anything between mini-batches; a last,
    smaller batch is used too. ``parameters`` replaces initial values, which are otherwise seeded (``initial_parameters``);
    ``frozen`` names parameters that stay as they are; ``sizes`` gives numbers to dimensions that no array tells.
    ``metrics`` are per-sample scalar tensors, averaged over ``validation`` (over ``data`` without it). ``patience`` stops
    after so many epochs without a better held-out loss and returns the best parameters. ``checkpoint`` is a file written
    after every ``every`` epochs; ``resume`` goes on from it. Further ``options`` belong to the method (``momentum=0.9``) or
    to all of them (``clip_norm=``, ``l2=``, ``weight_decay=``). ``method="matrix"`` takes ``matrix=`` (an array or
    ``"newton"``, ``"gauss_newton"``, ``"natural"``, ``"diagonal"``), ``damping=`` and ``clip_eigenvalues=``; its curvature
    is that of the batch, so it wants ``batch_size=None``.

    Ctrl-C ends the run cleanly with what was reached. A loss of more than ten times that at the start is a
    ``DivergenceWarning``, given once, that says what to try. Raises ``TrainingError`` with the step and the first tensor
    concerned when the loss is no longer a number, ``DataError`` and ``OptionError`` for what does not fit, and
    ``NoGradientError`` for a loss whose gradient does not exist or is zero almost everywhere.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> line = {"x": np.arange(4.0), "y": 3 * np.arange(4.0)}
    >>> history = train((w * x - y) ** 2, line, learning_rate=0.05, epochs=50)
    >>> round(float(history.parameters["w"]), 6)
    3.0
    """
    require_scalar(loss, "train")
    if "mask" in options:
        raise OptionError(
            "train takes no mask: leave padded samples out of the data; padding inside a sample is masked in the loss, as in "
            "np.sum(m * losses) / np.sum(m) with an input m"
        )
    chosen = {**options, "learning_rate": learning_rate}  # None: the method's own
    arrays = {name: _in_precision(a, dtype) for name, a in checked(loss, data).items()}
    samples = len(next(iter(arrays.values())))
    frozen = _known(frozen, loss)
    _positive(epochs=epochs, every=every, **({} if batch_size is None else {"batch_size": batch_size}))
    step = training_step(loss, method=method, backend=backend, dtype=dtype, frozen=frozen, **chosen)
    start = starting_parameters(loss, arrays, parameters, sizes, seed, dtype)
    name = schedule if isinstance(schedule, str) else getattr(schedule, "__name__", "constant")
    run = Run(method, step.options, batch_size, epochs, seed, step.backend, dtype, name, frozen, step.threads)
    loop = _Loop(loss, step, run, arrays, samples, start, schedule)
    if validation is not None:
        loop.hold_out(checked(loss, validation), patience)
    elif patience is not None:
        raise OptionError("patience watches the loss on held-out samples; give validation=")
    loop.measure(metrics or {})
    loop.keep(Path(checkpoint) if checkpoint is not None else None, every, resume)
    return loop.run_all(Progress(epochs, samples, progress), on_epoch)


def checked(loss: Tensor, data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of inputs and targets that the loss reads; ``DataError`` for one that is missing or does not fit."""
    wanted = {str(t.name): t for t in leaves([loss]) if t.role in ("input", "target")}
    found: dict[str, np.ndarray] = {}
    for name, t in wanted.items():
        if name not in data:
            raise DataError(f"no array was given for {t.role} {t.describe()}; there are {', '.join(data) or 'none'}")
        array = found[name] = np.asanyarray(data[name])
        fits = array.ndim == t.ndim + 1 and all(
            not e.is_Integer or int(e) == n for e, n in zip(t.extents, array.shape[1:], strict=True)
        )
        if not fits:
            raise DataError(
                f"{t.role} {t.describe()} needs an array with a sample axis before its shape, got {array.shape}"
            )
    lengths = {name: len(a) for name, a in found.items()}
    if not found or 0 in lengths.values():
        raise DataError("the data set is empty" if found else "the loss reads no input and no target")
    if len(set(lengths.values())) > 1:
        raise DataError(
            "arrays have different numbers of samples: " + ", ".join(f"{k} {v}" for k, v in lengths.items())
        )
    return found


def _in_precision(array: np.ndarray, dtype: str) -> np.ndarray:
    """Reals in the run's precision; an array on disk stays there."""
    return array if isinstance(array, np.memmap) or array.dtype.kind != "f" else np.ascontiguousarray(array, dtype)


def _known(frozen: Iterable[str], loss: Tensor) -> tuple[str, ...]:
    names = [str(t.name) for t in parameters_of(loss)]
    frozen = tuple(frozen)
    for name in frozen:
        if name not in names:
            raise OptionError(f"cannot freeze {name!r}: the loss has {', '.join(names)}.{suggestion(name, names)}")
    if set(frozen) >= set(names):
        raise OptionError("there is nothing to train: the loss has no parameter that is not frozen")
    return frozen


def _positive(**numbers: int) -> None:
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise OptionError(f"{name} is a whole number of at least 1, got {value!r}")


class _Loop:
    """One run under way."""

    def __init__(
        self,
        loss: Tensor,
        step: TrainingStep | MatrixStep,
        run: Run,
        arrays: dict[str, np.ndarray],
        samples: int,
        parameters: dict[str, np.ndarray],
        factor: str | Schedule | None,
    ):
        self.loss, self.step, self.run, self.arrays, self.samples = loss, step, run, arrays, samples
        self.parameters, self.factor = parameters, schedule(factor)
        self.batch = min(run.batch_size or samples, samples)
        self.steps_per_epoch = -(-samples // self.batch)
        self.records: list[Record] = []
        self.held_out: dict[str, np.ndarray] | None = None
        self.patience: int | None = None
        self.best: tuple[float, dict[str, np.ndarray]] | None = None
        self.file: Path | None = None
        self.every = 1
        self.seconds = 0.0
        self.watch = Watch(loss, arrays, run.dtype)
        self.obey: Callable[[], None] = lambda: None  # raises, once Ctrl-C has come

    def hold_out(self, arrays: dict[str, np.ndarray], patience: int | None) -> None:
        """Watch the loss on these samples."""
        self.held_out, self.patience = arrays, patience

    def measure(self, metrics: Mapping[str, Tensor]) -> None:
        """Average these per-sample tensors after each epoch."""
        self.names = tuple(metrics)
        watched = [*metrics.values(), *([self.loss] if self.held_out is not None else [])]
        self.means = mean_of(watched) if watched else None

    def keep(self, file: Path | None, every: int, resume: bool) -> None:
        """Write checkpoints to ``file``, and go on from it if asked to."""
        if resume and file is None:
            raise OptionError("resume goes on from a checkpoint; give checkpoint=")
        self.file, self.every = file, every
        if not resume or file is None or not file.exists():
            return
        found = checkpoints.load(file, self.loss)
        mine, theirs = asdict(self.run), dict(found.settings)
        changed = [k for k in mine if k not in ("epochs", "threads") and _plain(mine[k]) != _plain(theirs.get(k))]
        if changed:
            k = changed[0]
            raise CheckpointError(
                f"{file}: saved with {k} = {theirs.get(k)}, now {mine[k]}; the run would not be the same"
            )
        self.parameters = {k: np.array(v) for k, v in found.parameters.items()}
        self.step.threads = int(theirs.get("threads", mine["threads"]))
        self.run = replace(self.run, threads=self.step.threads)
        self.step.restore(found.state, found.step)
        self.records = list(records_from(found.records))
        if self.records:
            self.seconds, self.watch.start = self.records[-1].seconds, self.records[0].loss

    def run_all(self, progress: Progress, on_epoch: Callable[[Record], None] | None) -> History:
        """All epochs that are left."""
        began, ended = time.perf_counter() - self.seconds, "completed"
        with progress, np.errstate(all="ignore"), interruptions() as self.obey:  # what is not finite is named below
            progress.start(len(self.records))
            try:
                while len(self.records) < self.run.epochs and ended == "completed":
                    record = self.finished(len(self.records), progress, began)
                    if on_epoch is not None:
                        on_epoch(record)
                    self.save_if_due(record.epoch)
                    ended = "early" if self.is_stuck(record) else ended
            except KeyboardInterrupt:
                ended = "interrupted"
        if ended == "early" and self.best is not None:
            self.parameters = self.best[1]
        return self.history(ended)

    def finished(self, epoch: int, progress: Progress, began: float) -> Record:
        """One epoch, and its record."""
        before, state = {k: v.copy() for k, v in self.parameters.items()}, self.step.state_arrays()
        try:
            mean = self.epoch(epoch, progress)
        except FloatingPointError:
            raise self.explained(epoch, before, state) from None
        record = self.record(epoch, mean, time.perf_counter() - began)
        self.records.append(record)
        progress.finish(record)
        return record

    def history(self, ended: str) -> History:
        """The run so far."""
        return History(self.loss, self.parameters, tuple(self.records), ended, asdict(self.run))

    def epoch(self, epoch: int, progress: Progress) -> float:
        """One pass over the samples; the mean of the losses, weighted by batch size.

        Steps run in portions of about a twentieth of a second, so that compiled code is left now and then for the
        progress bar and for Ctrl-C.
        """
        order, rates = self.order(epoch), np.array([self.rate(epoch, k) for k in range(self.steps_per_epoch)])
        losses, first, portion = np.empty(self.steps_per_epoch), 0, 1
        while first < self.steps_per_epoch:
            self.obey()
            rows = order[first * self.batch : (first + portion) * self.batch]
            began = time.perf_counter()
            found = self.step.over(self.parameters, self.arrays, rows, self.batch, rates[first : first + portion])
            if not np.isfinite(found).all():
                raise FloatingPointError
            losses[first : first + len(found)] = found
            first += portion
            portion *= 2 if time.perf_counter() - began < 0.05 else 1
            progress.advance(len(rows))
        self.watch.see(epoch + 1, losses, float(rates[-1]))
        # One sum at the end: how an epoch was cut into portions must not show in its bits.
        sizes = np.minimum(self.batch, self.samples - self.batch * np.arange(self.steps_per_epoch))
        return float(losses @ sizes) / self.samples

    def order(self, epoch: int) -> np.ndarray:
        """The rows in the order in which they are met: a seeded permutation, sorted within each batch."""
        if self.batch == self.samples:
            return np.arange(self.samples)
        order = np.random.default_rng([self.run.seed, epoch]).permutation(self.samples)
        return np.concatenate([np.sort(order[k : k + self.batch]) for k in range(0, self.samples, self.batch)])

    def rate(self, epoch: int, number: int) -> float:
        """The learning rate of a step."""
        done = (epoch * self.steps_per_epoch + number) / (self.run.epochs * self.steps_per_epoch)
        return self.run.options["learning_rate"] * self.factor(done)

    def record(self, epoch: int, mean: float, seconds: float) -> Record:
        """What is said of the epoch."""
        entry = Record(epoch + 1, mean, round(seconds, 4), self.rate(epoch, self.steps_per_epoch - 1))
        if self.means is None:
            return entry
        values = self.means(self.parameters, self.held_out or self.arrays)
        metrics = dict(zip(self.names, values, strict=False))
        return replace(entry, metrics=metrics, validation=values[-1] if self.held_out is not None else None)

    def save_if_due(self, epochs: int) -> None:
        """Write the checkpoint after every so many epochs and after the last."""
        if self.file is not None and (epochs % self.every == 0 or epochs == self.run.epochs):
            rows = tuple(asdict(r) for r in self.records)
            arrays = self.step.state_arrays()
            found = checkpoints.Checkpoint(self.parameters, arrays, epochs, self.step.count, rows, asdict(self.run))
            checkpoints.save(self.file, found, self.loss)

    def is_stuck(self, record: Record) -> bool:
        """True after ``patience`` epochs without a better held-out loss."""
        if self.patience is None or record.validation is None:
            return False
        if self.best is None or record.validation < self.best[0]:
            self.best = (record.validation, {k: v.copy() for k, v in self.parameters.items()})
        least = min(range(len(self.records)), key=lambda k: self.records[k].validation or 0.0)
        return len(self.records) - 1 - least >= self.patience

    def explained(self, epoch: int, before: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> TrainingError:
        """Replay the epoch up to the step whose loss is no number, and name the first tensor that is not finite."""
        count = epoch * self.steps_per_epoch
        self.parameters = before
        self.step.restore(state, count)
        order = self.order(epoch)
        for number in range(self.steps_per_epoch):
            rows = order[number * self.batch : (number + 1) * self.batch]
            last = {k: v.copy() for k, v in self.parameters.items()}
            (value,) = self.step.over(
                self.parameters, self.arrays, rows, self.batch, np.array([self.rate(epoch, number)])
            )
            if not np.isfinite(value):
                self.parameters = last
                culprit = _first_not_finite(self.loss, last, {name: a[rows] for name, a in self.arrays.items()})
                return TrainingError(
                    f"step {count + number + 1} (epoch {epoch + 1}): the loss is {value}; {culprit}. "
                    f"{advice(self.loss, self.arrays, self.rate(epoch, number))}; the parameters before this step are in error.history",
                    self.history("stopped"),
                )
        raise AssertionError("the replay of an epoch met no bad step; please report this")


def _first_not_finite(loss: Tensor, parameters: Mapping[str, np.ndarray], batch: Mapping[str, np.ndarray]) -> str:
    from numeric.training.evaluation import for_samples

    for name, array in (*batch.items(), *parameters.items()):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{name} is not finite"
    tensors = [t for t in topological([loss]) if t.definition is not None and t.dtype == "real"]
    with np.errstate(all="ignore"):
        values = for_samples(tensors, parameters, batch)
    for t, value in zip(tensors, values, strict=True):
        if not np.isfinite(value).all():
            made = f", made at {t.origin}" if t.origin else ""
            return f"the first tensor that is not finite is {t.describe()}{made}"
    return "every tensor is finite, so the sum over the batch overflowed"


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value

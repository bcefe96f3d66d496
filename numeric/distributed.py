"""Data-parallel gradients: each device or worker derives its own samples, and what they find is added up.

Both functions return a function ``(parameters, rows=None) -> (loss, gradients)``: the mean of the loss over all samples, or
over those of ``rows`` for a mini-batch, and its gradients by parameter name. Descent is the caller's loop:

    from dask.distributed import Client

    with Client("tcp://scheduler:8786") as client:
        gradients = dask_gradients(loss, [{"x": x[:500], "y": y[:500]}, {"x": x[500:], "y": y[500:]}], client)
        for _ in range(100):
            value, slopes = gradients(parameters, rng.choice(1000, 64, replace=False))
            for name, slope in slopes.items():
                parameters[name] -= 0.1 * slope

Samples are numbered through all shards in order. Partial sums are added in that order whichever worker comes first, so a
run is repeatable, and equals the run of one process up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.binding import as_array, real_dtype
from numeric.errors import DataError, extra
from numeric.functions import Function, lambdify
from numeric.training.gradients import gradients_of
from numeric.training.initial import parameters_of
from numeric.training.loop import checked
from symbolic import Tensor
from symbolic.errors import EvaluationError
from symbolic.language.operations import require_scalar
from symbolic.language.samples import average_loss, sample_axis, variables

Gradients = Callable[..., tuple[float, dict[str, np.ndarray]]]
Shard = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
_ATTEMPTS = 5
_MASK = "is_sample_"


def _derived(loss: Tensor, backend: str, dtype: Any, mask: str | None = None) -> tuple[Function, list[str], list[str]]:
    """The function of loss and gradients, the names of its arguments, and those of the parameters."""
    require_scalar(loss, "data-parallel gradients")
    weights = parameters_of(loss)
    mean = average_loss(loss, sample_axis(loss), mask=mask)
    given = variables(mean)
    derived = lambdify(list(given.values()), [mean, *gradients_of(mean, weights)], backend=backend, dtype=dtype)
    return derived, list(given), [str(w.name) for w in weights]


def sharded_gradients(
    loss: Tensor, data: Mapping[str, Any], devices: Sequence[Any] | None = None, dtype: str = "float64"
) -> Gradients:
    """Gradients of the mean of a per-sample ``loss`` with the samples spread over JAX's devices (all unless given).

    Inputs and targets are sharded by their first axis, parameters are on every device, and XLA adds up. A batch that the
    devices do not divide is padded with masked samples. Arrays that come back are NumPy's.

    Raises ``MissingExtraError`` without JAX, ``DataError`` for data that do not fit.
    """
    try:
        import jax
        from jax.sharding import Mesh, NamedSharding, PartitionSpec
    except ImportError:
        raise extra("jax", "jax", "sharded_gradients") from None
    arrays = checked(loss, data)
    derived, names, weights = _derived(loss, "jax", dtype, _MASK)
    mesh = Mesh(np.array(devices or jax.devices()), ("samples",))
    split, whole = NamedSharding(mesh, PartitionSpec("samples")), NamedSharding(mesh, PartitionSpec())
    run = jax.jit(derived, out_shardings=whole)
    samples = len(next(iter(arrays.values())))

    def batch(rows: np.ndarray) -> dict[str, Any]:
        padding = -len(rows) % mesh.size
        mask = np.repeat([1, 0], [len(rows), padding]).astype(dtype)
        rows = np.concatenate([rows, np.full(padding, rows[0])])
        return {
            name: jax.device_put(a, split) for name, a in [(_MASK, mask), *((k, v[rows]) for k, v in arrays.items())]
        }

    everything: dict[str, Any] = {}

    def gradients(
        parameters: Mapping[str, Any], rows: Sequence[int] | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """(mean loss, gradients by name) over ``rows``, or over all samples."""
        if rows is None and not everything:
            everything.update(batch(np.arange(samples)))
        fed = everything if rows is None else batch(_known_rows(rows, samples))
        put = {name: jax.device_put(np.asarray(parameters[name], dtype), whole) for name in weights}
        value, *slopes = run(*(fed[name] if name in fed else put[name] for name in names))
        return float(value), {name: np.asarray(s) for name, s in zip(weights, slopes, strict=True)}

    return gradients


def dask_gradients(loss: Tensor, shards: Sequence[Shard], client: Any, dtype: str = "float64") -> Gradients:
    """Gradients of the mean of a per-sample ``loss`` over ``shards`` that live on the workers of a ``dask.distributed`` client.

    A shard is a mapping of arrays by tensor name, samples first, or a function without arguments that returns one and is
    called on the worker, so that no machine need hold all data. A worker that dies is survived: its shards go to the
    others, or to the worker that Dask starts in its place, and its part of the sum is derived again.

    Raises ``DataError`` for shards that do not fit, ``EvaluationError`` if a part is lost five times.
    """
    derived, names, weights = _derived(loss, "numpy", dtype)
    kind = real_dtype(dtype)
    given = dict(zip(names, derived.arguments, strict=True))
    constants = [as_array(t, t.value, kind) for t in derived.program.constants]
    workers = _Workers(client, [s if callable(s) else checked(loss, s) for s in shards])
    lengths = workers.each(_length, dict.fromkeys(range(len(shards)), ()))
    ends = np.cumsum([lengths[k] for k in range(len(shards))])

    def gradients(
        parameters: Mapping[str, Any], rows: Sequence[int] | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """(mean loss, gradients by name) over ``rows``, or over all samples."""
        arrays = {name: as_array(given[name], parameters[name], kind) for name in weights}
        chosen = np.arange(ends[-1]) if rows is None else _known_rows(rows, int(ends[-1]))
        parts = np.searchsorted(ends, chosen, side="right")
        local = {int(k): chosen[parts == k] - (ends[k] - lengths[int(k)]) for k in np.unique(parts)}
        tasks = {
            k: (derived.source, names, constants, arrays, None if rows is None else mine, dtype)
            for k, mine in local.items()
        }
        found = workers.each(_partial, tasks)
        total, *slopes = (sum(column) / len(chosen) for column in zip(*(found[k] for k in sorted(found)), strict=True))
        return float(total), dict(zip(weights, slopes, strict=True))

    return gradients


def _known_rows(rows: Any, samples: int) -> np.ndarray:
    found = np.asarray(rows)
    if found.ndim != 1 or not len(found) or found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= samples:
        raise DataError(f"rows are whole numbers from 0 to {samples - 1}, at least one; got {rows!r}")
    return found


class _Workers:
    """Shards on the workers; what is lost with a worker is placed and derived again."""

    def __init__(self, client: Any, shards: Sequence[Shard]):
        if not shards:
            raise DataError("there are no shards")
        try:
            from distributed import KilledWorker
        except ImportError:
            raise extra("distributed", "distributed", "dask_gradients") from None
        self.client, self.shards, self.lost = client, shards, (CancelledError, KilledWorker)
        self.held = {k: self.placed(k) for k in range(len(shards))}

    def placed(self, k: int) -> Any:
        """The shard on a worker: one that is made there is made again by Dask itself, one that was sent is sent again."""
        shard = self.shards[k]
        return self.client.submit(shard, pure=False) if callable(shard) else self.client.scatter([shard], hash=False)[0]

    def each(self, part: Callable[..., Any], tasks: Mapping[int, tuple]) -> dict[int, Any]:
        """``part(shard, *task)`` for each numbered task, on the worker that holds the shard."""
        found: dict[int, Any] = {}
        for _ in range(_ATTEMPTS):
            waiting = {k: self.submitted(k, part, task) for k, task in tasks.items() if k not in found}
            for k, future in waiting.items():
                try:
                    found[k] = future.result()
                except self.lost:
                    self.held[k] = self.placed(k)
            if len(found) == len(tasks):
                return found
        missing = sorted(set(tasks) - set(found))
        raise EvaluationError(f"dask_gradients: shard {missing[0]} was lost {_ATTEMPTS} times with its worker")

    def submitted(self, k: int, part: Callable[..., Any], task: tuple) -> Any:
        """The task under way, with the shard placed again if its worker is gone."""
        if self.held[k].status in ("cancelled", "lost", "error"):
            self.held[k] = self.placed(k)
        return self.client.submit(part, self.held[k], *task, pure=False)


# -- what runs on a worker ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _compiled(source: str) -> Callable[..., Any]:
    return function(source, "computed")


def _length(shard: Mapping[str, Any]) -> int:
    lengths = {len(a) for a in shard.values()}
    if len(lengths) != 1 or 0 in lengths:
        found = ", ".join(f"{name} {np.shape(a)}" for name, a in shard.items())
        raise DataError(f"every array of a shard needs the same number of samples, at least one; got {found}")
    return lengths.pop()


def _partial(
    shard: Mapping[str, Any],
    source: str,
    names: Sequence[str],
    constants: Sequence[np.ndarray],
    parameters: Mapping[str, np.ndarray],
    rows: np.ndarray | None,
    dtype: str,
) -> list[Any]:
    """The sums over the samples of one shard: of the loss, and of each gradient."""
    count = _length(shard) if rows is None else len(rows)
    arrays = []
    for name in names:
        array = parameters[name] if name in parameters else np.asarray(shard[name])
        if name not in parameters:
            array = array if rows is None else array[rows]
            array = array.astype(dtype) if array.dtype.kind == "f" else array
        arrays.append(array)
    with np.errstate(all="ignore"):
        return [count * value for value in _compiled(source)(*arrays, *constants, dtype=np.dtype(dtype).type)]

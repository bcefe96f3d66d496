"""The learning-rate range test: one short run whose rate grows at every step. (Smith 2017, with rates in geometric order.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.errors import OptionError
from numeric.training.initial import given_parameters, initial_parameters, sizes_from
from numeric.training.loop import checked
from numeric.training.step import training_step
from symbolic import Tensor
from symbolic.language.operations import require_scalar
from symbolic.program.graph import leaves

_DIVERGED = 4  # The run ends where the smoothed loss is so many times its least value.
_KEPT = 0.9  # What the running mean keeps of its past at every step.


@dataclass(frozen=True)
class RateRange:
    """The losses met at growing rates; ``smoothed`` is their running mean, ``suggestion`` a tenth of the rate where it is least."""

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float

    def __str__(self) -> str:
        return (
            f"rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g} in {len(self.rates)} steps: the loss is least at "
            f"{10 * self.suggestion:.3g}; a tenth of that, {self.suggestion:.3g}, is a good start"
        )


def learning_rate_range(
    loss: Tensor,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
    batch_size: int = 32,
    method: str = "sgd",
    seed: int = 0,
    backend: str = "numpy",
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    frozen: tuple[str, ...] = (),
    **options: float,
) -> RateRange:
    """Train for ``steps`` steps, the rate growing from ``low`` to ``high`` by a constant factor, and say where the loss is least.

    Arguments are those of ``train``. The run ends early where the loss is four times its least value, or no number.
    Parameters are not changed. Raises ``OptionError`` where not even the first rates give a finite loss.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> found = learning_rate_range((w * x - y) ** 2, {"x": np.ones(64), "y": np.full(64, 3.0)})
    >>> 1e-3 < found.suggestion < 1
    True
    """
    require_scalar(loss, "learning_rate_range")
    if not 0 < low < high or steps < 3:
        raise OptionError(f"rates grow from low > 0 to high in at least 3 steps, got {low}, {high} and {steps}")
    arrays = checked(loss, data)
    inputs = [t for t in leaves([loss]) if t.role in ("input", "target")]
    start = initial_parameters(loss, {**sizes_from(inputs, arrays), **(sizes or {})}, seed, dtype)
    weights = given_parameters(loss, parameters, start, dtype)
    step = training_step(loss, method=method, backend=backend, dtype=dtype, frozen=frozen, learning_rate=low, **options)
    rng, samples = np.random.default_rng(seed), len(next(iter(arrays.values())))
    rates, losses, smoothed, mean = np.geomspace(low, high, steps), [], [], 0.0
    for k, rate in enumerate(rates):
        rows = np.sort(rng.choice(samples, min(batch_size, samples), replace=False))
        value = step(weights, {name: a[rows] for name, a in arrays.items()}, rate)
        if not np.isfinite(value):
            break
        mean = _KEPT * mean + (1 - _KEPT) * value
        losses.append(value)
        smoothed.append(mean / (1 - _KEPT ** (k + 1)))
        if smoothed[-1] > _DIVERGED * min(smoothed):
            break
    if len(losses) < 3:
        raise OptionError(f"the loss is no number after {len(losses)} steps at rates from {low}; start lower")
    lowest = float(rates[int(np.argmin(smoothed))])
    return RateRange(rates[: len(losses)], np.array(losses), np.array(smoothed), lowest / 10)

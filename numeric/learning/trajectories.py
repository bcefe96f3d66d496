"""L9: the path of descent over the parameters, noisy or smooth, and what duplicates of the samples cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from numeric.errors import DataError, OptionError
from numeric.learning.full_batch import arrays_for
from numeric.training.curvature import Objective
from numeric.training.initial import starting_parameters
from numeric.training.step import training_step
from symbolic import Tensor, tensor


@dataclass(frozen=True)
class Trajectory:
    """``path`` (K + 1, n): all trained parameters as one vector, before each of K steps and at the end.

    ``losses`` (K + 1,): of the whole data set there; ``work``: gradients of single samples that the steps took, in all.
    """

    path: np.ndarray
    losses: np.ndarray
    work: int
    settings: Mapping[str, Any]

    def average(self, last: float = 0.5) -> np.ndarray:
        """The mean of the last part of the path: the noise of stochastic descent averages out (Polyak and Juditsky 1992)."""
        if not 0 < last <= 1:
            raise OptionError(f"the last part is a fraction above 0 and at most 1, got {last}")
        return self.path[-max(1, round(last * len(self.path))) :].mean(axis=0)


def descent_path(
    loss: Tensor,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    batch_size: int | None = 1,
    steps: int = 200,
    seed: int = 0,
    method: str = "sgd",
    **options: Any,
) -> Trajectory:
    """Every point that descent passes: batches of ``batch_size`` samples drawn with replacement, or the whole set (None).

    ``loss`` is written for one sample; ``options`` belong to the method (``learning_rate=0.05``). The level lines under the
    path are those of the average loss.

    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> line = {"x": np.array([1.0, 2.0]), "y": np.array([1.0, 2.0])}
    >>> descent_path((w * x - y) ** 2, line, {"w": 0.0}, batch_size=None, steps=2, learning_rate=0.1).path.ravel()
    array([0.  , 0.5 , 0.75])
    """
    arrays = arrays_for(loss, data)
    given, objective = starting_parameters(loss, arrays, parameters, None, seed), Objective(loss)
    samples = len(next(iter(arrays.values())))
    step = training_step(loss, method, options.pop("learning_rate", None), dtype="float64", **options)
    path, losses = _walked(objective, step, arrays, given, batch_size, steps, seed)
    settings = {"method": method, "options": step.options, "batch_size": batch_size, "steps": steps, "seed": seed}
    return Trajectory(
        np.array(path), np.array(losses), steps * (samples if batch_size is None else batch_size), settings
    )


def two_parameter_problem(samples: int = 40, seed: int = 0) -> tuple[Tensor, dict[str, np.ndarray], np.ndarray]:
    """A straight line y = w₀ + w₁ x through noisy points: (per-sample squared error, data, the minimum (2,)).

    >>> loss, data, minimum = two_parameter_problem()
    >>> float(abs(Objective(loss).value_and_gradient({"w": minimum}, data)[1]).max()) < 1e-12
    True
    """
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(samples), rng.uniform(-1.5, 1.5, samples)])
    y = x @ [0.7, -1.2] + 0.4 * rng.standard_normal(samples)
    features, target, w = tensor("x", 2), tensor("y", role="target"), tensor("w", 2, role="parameter")
    minimum = np.linalg.lstsq(x, y, rcond=None)[0]
    return (w @ features - target) ** 2, {"x": x, "y": y}, minimum


@dataclass(frozen=True)
class RedundancyRow:
    """The samples ``copies`` times over: gradients of single samples until the goal, full batch and per-sample (median)."""

    copies: int
    full_batch: int
    stochastic: float


def redundancy(
    loss: Tensor,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    goal: float,
    copies: Sequence[int] = (1, 2, 4, 8, 16),
    full_rate: float = 0.3,
    stochastic_rate: float = 0.03,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    most: int = 4000,
) -> list[RedundancyRow]:
    """The work to bring the average loss to ``goal`` when every sample is there several times.

    Work is counted in gradients of single samples: a full-batch step costs as many as there are samples, a stochastic one
    costs one. The loss of the whole set is watched after each step and costs nothing. Duplicates change neither the loss
    nor the full-batch steps, only their price. Raises ``OptionError`` if the goal is not reached in ``most`` steps.

    >>> loss, data, minimum = two_parameter_problem()
    >>> rows = redundancy(loss, data, {"w": [-1.5, 1.5]}, goal=0.2, copies=(1, 4), seeds=(0,))
    >>> rows[1].full_batch == 4 * rows[0].full_batch
    True
    """
    objective, rows = Objective(loss), []
    step = training_step(loss, learning_rate=full_rate, dtype="float64")
    for count in copies:
        arrays = {name: np.concatenate([np.asarray(a)] * count) for name, a in data.items()}
        samples = len(next(iter(arrays.values())))

        def steps_of(batch_size: int | None, rate: float, seed: int, arrays=arrays) -> int:
            given = starting_parameters(loss, arrays, parameters, None, seed)
            _, losses = _walked(objective, step, arrays, given, batch_size, most, seed, rate, goal)
            if losses[-1] > goal:
                raise OptionError(
                    f"the loss fell to {losses.min():.4g} in {len(losses) - 1} steps and never to the goal {goal}"
                )
            return len(losses) - 1

        noisy = median(steps_of(1, stochastic_rate, seed) for seed in seeds)
        rows.append(RedundancyRow(count, steps_of(None, full_rate, 0) * samples, float(noisy)))
    return rows


def _walked(
    objective: Objective,
    step: Any,
    arrays: Mapping[str, np.ndarray],
    given: dict[str, np.ndarray],
    batch_size: int | None,
    steps: int,
    seed: int,
    rate: float | None = None,
    goal: float = -np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """The points passed and the average losses there, until the steps are taken or the goal is reached."""
    samples, rng = len(next(iter(arrays.values()))), np.random.default_rng(seed)
    path, losses = [objective.flat(given)], [objective.value(given, arrays)]
    for _ in range(steps):
        if losses[-1] <= goal:
            break
        rows = slice(None) if batch_size is None else rng.integers(0, samples, batch_size)
        step(given, {name: a[rows] for name, a in arrays.items()}, rate)
        path.append(objective.flat(given))
        losses.append(objective.value(given, arrays))
    return np.array(path), np.array(losses)


def loss_of_two(loss: Tensor, data: Mapping[str, Any]) -> Callable[[float, float], float]:
    """The average loss as a function of its two parameters, whose level lines lie under a trajectory.

    Raises ``DataError`` unless the loss has two trained numbers in all.

    >>> loss, data, minimum = two_parameter_problem()
    >>> value = loss_of_two(loss, data)
    >>> value(*minimum) < value(0.0, 0.0)
    True
    """
    objective, arrays = Objective(loss), arrays_for(loss, data)
    like = starting_parameters(loss, arrays, None, None, 0)
    count = len(objective.flat(like))
    if count != 2:
        raise DataError(f"level lines are drawn over two parameters, the loss has {count}")
    return lambda first, second: objective.value(objective.split(np.array([first, second]), like), arrays)

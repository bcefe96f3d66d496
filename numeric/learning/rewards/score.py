"""The score-function estimator: ∇E[r(a)] = E[(r(a) − b) ∇log π(a)], for rewards that only come back when probed.

The score ∇log π is derived from the program of log π; nothing is asked of the reward. A baseline b that does not depend
on the action changes nothing in the mean, because E[∇log π] = 0, and much in the variance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.errors import DataError, OptionError
from numeric.training.curvature import Objective
from symbolic import Tensor, Verdict, check, gradient, jacobian, log_softmax, softmax, tensor
from symbolic.language.operations import require_scalar
from symbolic.program.graph import leaves

BASELINES = ("none", "mean", "others")


def score_function_loss(log_density: Tensor, name: str = "advantage") -> Tensor:
    """−A · log π(a) for one sample: its mean over samples has the gradient −(1/P) Σ_p A_p ∇log π(a_p).

    A is a new input of that ``name``; with A_p = r_p − b descent on this loss climbs the mean reward (Williams 1992).

    >>> a, theta = tensor("a"), tensor("theta", role="parameter")
    >>> loss = score_function_loss(-(a - theta) ** 2 / 2)
    >>> [t.name for t in leaves([loss]) if t.value is None]
    ['a', 'theta', 'advantage']
    """
    require_scalar(log_density, "score_function_loss")
    if name in (t.name for t in leaves([log_density])):
        raise OptionError(f"the log-density reads a tensor {name!r} already; choose another name")
    return -tensor(name) * log_density


def score_function_estimates(
    log_density: Tensor,
    parameters: Mapping[str, Any],
    samples: Mapping[str, Any],
    rewards: Any,
    baseline: str | float = "others",
) -> dict[str, np.ndarray]:
    """One estimate (r_p − b) ∂log π(a_p)/∂θ of ∇E[r] per sample, by parameter name, the samples first.

    ``log_density`` is the scalar log π of one sample; ``rewards`` (P,) what was returned. ``baseline``: a number,
    ``"none"`` (0), ``"mean"`` (of these rewards; biased by the factor 1 − 1/P), or ``"others"`` (for each sample the mean of
    the others; unbiased).

    >>> a, theta = tensor("a"), tensor("theta", role="parameter")
    >>> actions = {"a": np.array([1.0, -1.0])}
    >>> score_function_estimates(-(a - theta) ** 2 / 2, {"theta": 0.0}, actions, [3.0, 1.0])["theta"]
    array([2., 2.])
    """
    r = np.asarray(rewards, float)
    scores = Objective(log_density).per_sample(parameters, samples)
    count = len(next(iter(scores.values())))
    if r.shape != (count,):
        raise DataError(f"there is one reward per sample, so the shape ({count},); got {r.shape}")
    advantage = r - baseline_values(r, baseline)
    return {name: advantage.reshape(-1, *[1] * (s.ndim - 1)) * s for name, s in scores.items()}


def baseline_values(rewards: np.ndarray, baseline: str | float) -> np.ndarray:
    """The baseline of each of the P rewards."""
    count = len(rewards)
    if not isinstance(baseline, str):
        return np.full(count, float(baseline))
    if baseline not in BASELINES:
        raise OptionError(f"there is no baseline {baseline!r}; known are {', '.join(BASELINES)}, or give a number")
    if baseline == "others" and count < 2:
        raise OptionError("the baseline 'others' needs at least two samples")
    if baseline == "none":
        return np.zeros(count)
    return np.full(count, rewards.mean()) if baseline == "mean" else (rewards.sum() - rewards) / (count - 1)


@dataclass(frozen=True)
class ScoreStatement:
    """What makes the estimator right, derived and checked for a choice among m actions with π = softmax(θ).

    ``estimator``: ∇E[r] = E[r ∇log π]; ``baseline``: E[b ∇log π] = 0.
    """

    estimator: Verdict
    baseline: Verdict

    @property
    def holds(self) -> bool:
        """True if both are proved."""
        return self.estimator.status == self.baseline.status == "proved"


def score_statement() -> ScoreStatement:
    """Derive ∇_θ Σ_a π_a r_a and compare it with Σ_a π_a r_a ∇_θ log π_a, symbolically.

    >>> score_statement().holds
    True
    """
    theta, r, b = tensor("theta", "m", role="parameter"), tensor("r", "m"), tensor("b")
    pi, score = softmax(theta), jacobian(log_softmax(theta), theta)
    expected = gradient(np.sum(pi * r), theta)
    return ScoreStatement(check((pi * r) @ score, expected), check((b * pi) @ score, 0 * theta))


@dataclass(frozen=True)
class VarianceRow:
    """Variance of the estimate of one sample, relative to the squared length of the gradient, in ``dimension`` d.

    ``plain`` and ``with_baseline`` are measured, ``plain_exact`` and ``with_baseline_exact`` are closed forms.
    """

    dimension: int
    plain: float
    plain_exact: float
    with_baseline: float
    with_baseline_exact: float


def variance_by_dimension(
    dimensions: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    samples: int = 4000,
    seed: int = 0,
    sigma: float = 0.5,
    level: float = 1.0,
) -> list[VarianceRow]:
    """How the estimator's variance grows with the dimension, measured and in closed form.

    Actions a ~ N(θ, σ²1) in d dimensions, a linear reward r = level + c · (a − θ) with ‖c‖ = 1, so ∇E[r] = c. With the
    baseline E[r] = level the relative variance of one estimate is d + 1; without it, d + 1 + d level²/σ².

    >>> [row.with_baseline_exact for row in variance_by_dimension([1, 10], samples=10)]
    [2.0, 11.0]
    """
    a, theta = tensor("a", "d"), tensor("theta", "d", role="parameter")
    s = tensor("sigma", role="constant", assume="positive")
    log_density = -np.sum((a - theta) ** 2) / (2 * s**2) - a.shape[0] * np.log(s)
    rng, rows = np.random.default_rng(seed), []
    for d in dimensions:
        c, at = np.full(d, d**-0.5), rng.standard_normal(d)
        actions = at + sigma * rng.standard_normal((samples, d))
        rewards = level + (actions - at) @ c
        given, drawn = {"theta": at, "sigma": np.array(sigma)}, {"a": actions}
        spread = [
            float(
                np.mean(
                    np.sum((score_function_estimates(log_density, given, drawn, rewards, b)["theta"] - c) ** 2, axis=1)
                )
            )
            for b in ("none", level)
        ]
        rows.append(VarianceRow(d, spread[0], d + 1 + d * level**2 / sigma**2, spread[1], float(d + 1)))
    return rows

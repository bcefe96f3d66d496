"""The riders that learn: a small network steers, and an episode-by-episode record of how long it stays up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numeric.learning.rewards.bicycle import Bicycle
from numeric.training.curvature import Evaluation
from numeric.training.initial import initial_parameters
from symbolic import Tensor, batched, tensor


@dataclass(frozen=True)
class Progress:
    """How a learner came along.

    ``episodes``: rides taken until each measurement; ``seconds``: the mean time up of the rider without exploration, over
    rides that are not learned from; ``parameters``: of the actor at the end; ``settings``: everything that repeats the run.
    """

    episodes: tuple[int, ...]
    seconds: tuple[float, ...]
    parameters: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]

    def episodes_to(self, goal: float) -> int | None:
        """Rides taken until the measured mean time first reached ``goal`` seconds; None if it never did.

        >>> Progress((10, 20, 30), (1.0, 6.0, 9.0), {}, {}).episodes_to(5)
        20
        """
        return next((n for n, s in zip(self.episodes, self.seconds, strict=True) if s >= goal), None)


class Actor:
    """δ = limit · tanh(u · tanh(W s′ + c)): the steering (rad) for a state s, s′ the lean and rate in units of 0.2 rad, 1 rad/s.

    ``mean`` is that program, ``log_density`` the logarithm of the normal density N(a; δ, σ²) up to a constant, for an action
    ``a``; σ = ``noise`` rad is how much the rider explores.

    >>> actor = Actor(Bicycle(), hidden=4)
    >>> sorted(actor.start(seed=1))
    ['W', 'c', 'u']
    """

    def __init__(self, task: Bicycle, hidden: int = 8, noise: float = 0.1):
        self.task, self.hidden, self.noise = task, hidden, noise
        self.state, self.action = tensor("s", 2), tensor("a")
        W, c = tensor("W", (hidden, 2), role="parameter"), tensor("c", hidden, role="parameter")
        u = tensor("u", hidden, role="parameter")
        scaled = self.state * np.array([5, 1])
        self.mean: Tensor = (np.tanh(u @ np.tanh(W @ scaled + c)) * task.steering_limit).named("delta")
        self.log_density: Tensor = -((self.action - self.mean) ** 2) / (2 * noise**2)

    def start(self, seed: int) -> dict[str, np.ndarray]:
        """Seeded first parameters; the rider hardly steers."""
        found = initial_parameters(self.mean, seed=seed)
        return {**found, "u": np.random.default_rng([seed, self.hidden]).uniform(-0.1, 0.1, self.hidden)}

    @cached_property
    def _steer(self) -> Evaluation:
        (many,) = batched([self.mean], "rides")
        return Evaluation([many], [], "float64")

    def steering(self, parameters: Mapping[str, np.ndarray], states: np.ndarray) -> np.ndarray:
        """δ (N,) for states (N, 2)."""
        return self._steer(parameters, {"s": states})[0]

    def rider(self, parameters: Mapping[str, np.ndarray], noise: float = 0.0):
        """The rider with these parameters, exploring with this noise (rad)."""

        def ride(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            delta = self.steering(parameters, states)
            return delta + noise * rng.standard_normal(len(delta)) if noise else delta

        return ride

    def measured(self, parameters: Mapping[str, np.ndarray], seed: int, rides: int = 20) -> float:
        """The mean time up (s) without exploration, over rides of a seed of their own."""
        return float(self.task.ride(self.rider(parameters), rides, np.random.default_rng([seed, 10**6])).seconds.mean())

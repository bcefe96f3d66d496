"""Recipes of rewards and games: variance by dimension (L11), learning to ride (L11, L12), two-player games (L13)."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from numeric.learning.adversarial import train_adversarial, two_moons
from numeric.learning.games import GAME_METHODS, bilinear_game, play
from numeric.learning.rewards.actor import Progress
from numeric.learning.rewards.critic import learn_with_critic
from numeric.learning.rewards.policy import learn_from_reward
from numeric.learning.rewards.score import variance_by_dimension

SEEDS = (0, 1, 2, 3, 4, 5, 6, 7, 8)
GOAL = 9.0


def score_variance() -> dict[str, Any]:
    """Relative variance of one score-function estimate by dimension, measured and in closed form."""
    return {"samples": 4000, "seed": 0, "rows": [vars(row) for row in variance_by_dimension()]}


def balancing() -> dict[str, Any]:
    """Rides until the bicycle stays up for nine of ten seconds: from the reward alone, and through a critic, nine seeds."""
    learners = {
        "reward alone": [learn_from_reward(episodes=1000, goal=GOAL, seed=seed) for seed in SEEDS],
        "through a critic": [learn_with_critic(episodes=100, goal=GOAL, seed=seed) for seed in SEEDS],
    }
    return {
        "goal": GOAL, "seeds": SEEDS,
        "episodes": {name: [run.episodes_to(GOAL) for run in runs] for name, runs in learners.items()},
        "medians": {name: _median(runs) for name, runs in learners.items()},
        "curves": {
            name: [{"episodes": run.episodes, "seconds": run.seconds} for run in runs[:3]] for name, runs in learners.items()
        },
        "settings": {name: runs[0].settings for name, runs in learners.items()},
    }  # fmt: skip


def _median(runs: list[Progress]) -> float:
    """The median number of rides; a run that never reached the goal counts with all that it had."""
    return median(run.episodes_to(GOAL) or run.episodes[-1] for run in runs)


def bilinear() -> dict[str, Any]:
    """Paths of each method on f = x y from (1, 0), and the factor by which each step changes the distance."""
    eta, gamma, steps = 0.2, 0.5, 120
    runs = {
        name: play(bilinear_game(), {"x": 1.0, "y": 0.0}, method=name, learning_rate=eta, gamma=gamma, steps=steps)
        for name in GAME_METHODS
    }
    return {
        "learning_rate": eta, "gamma": gamma,
        "paths": {name: run.path for name, run in runs.items()},
        "last_distance": {name: run.distances()[-1] for name, run in runs.items()},
        "factors": {
            "simultaneous": np.sqrt(1 + eta**2), "extragradient": np.sqrt(1 - eta**2 + eta**4),
            "consensus": np.sqrt((1 - eta * gamma) ** 2 + eta**2),
        },
    }  # fmt: skip


def moons() -> dict[str, Any]:
    """A generator of points on two half circles: energy distance from held-out points by step, and the points, three seeds."""
    points = two_moons(1000, seed=5)
    runs = [train_adversarial(points, steps=3000, seed=seed) for seed in (0, 1, 2)]
    shown = runs[1]
    return {
        "seeds": [0, 1, 2], "steps": shown.steps, "distances": [run.distances for run in runs],
        "floor": [run.floor for run in runs], "settings": shown.settings, "shown_seed": 1,
        "real": np.round(points[:200], 3), "first": np.round(shown.first, 3), "made": np.round(shown.made, 3),
    }  # fmt: skip

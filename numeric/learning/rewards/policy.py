"""L11: learn to ride from the reward alone. The black box returns how long each ride lasted, and nothing else."""

from __future__ import annotations

import numpy as np

from numeric.errors import OptionError
from numeric.learning.rewards.actor import Actor, Progress
from numeric.learning.rewards.bicycle import Bicycle
from numeric.learning.rewards.score import baseline_values, score_function_loss
from numeric.training.step import training_step


def learn_from_reward(
    task: Bicycle | None = None,
    *,
    episodes: int = 1000,
    per_update: int = 10,
    learning_rate: float = 0.1,
    baseline: str | float = "others",
    noise: float = 0.1,
    hidden: int = 8,
    goal: float | None = None,
    seed: int = 0,
) -> Progress:
    """Train an ``Actor`` by the score-function estimator: ∇E[r] ≈ (1/N) Σ_n (r_n − b_n) Σ_t ∇log π(a_nt | s_nt).

    ``per_update`` rides N are taken between steps of Adam; r_n is the time (s) that ride n lasted, the only thing that the
    black box returns; ∇log π is derived from the actor's program. ``noise`` (rad) is the standard deviation of the steering.
    Training ends after ``episodes`` rides, or once the measured mean time without noise reaches ``goal`` seconds.
    (Williams 1992, REINFORCE.)

    >>> progress = learn_from_reward(episodes=20, seed=1)
    >>> progress.episodes
    (0, 10, 20)
    """
    task = Bicycle() if task is None else task
    if per_update < 2 or episodes < per_update:
        raise OptionError(f"per_update is at least 2 and at most episodes, got {per_update} of {episodes}")
    actor = Actor(task, hidden, noise)
    parameters, rng = actor.start(seed), np.random.default_rng([seed, 1])
    step = training_step(score_function_loss(actor.log_density), "adam", learning_rate, dtype="float64")
    taken, seconds = [0], [actor.measured(parameters, seed)]
    while taken[-1] + per_update <= episodes and (goal is None or seconds[-1] < goal):
        rides = task.ride(actor.rider(parameters, noise), per_update, rng)
        advantage = rides.seconds - baseline_values(rides.seconds, baseline)
        # Normalised, so that the size of a step does not depend on how long rides have become.
        advantage /= advantage.std() + 1e-9
        step(parameters, _padded(rides, advantage, per_update))
        taken.append(taken[-1] + per_update)
        seconds.append(actor.measured(parameters, seed))
    settings = {
        "learner": "score function", "episodes": episodes, "per_update": per_update, "learning_rate": learning_rate,
        "baseline": baseline, "noise": noise, "hidden": hidden, "goal": goal, "seed": seed, "task": vars(task),
    }  # fmt: skip
    return Progress(tuple(taken), tuple(seconds), parameters, settings)


def _padded(rides, advantage: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """All steps of all rides as one batch of a power of two, so that few sizes are compiled.

    Padding has the advantage 0 and adds nothing; the others are scaled so that the mean over the batch is (1/N) Σ_n Σ_t.
    """
    up = rides.riding
    size = 1 << int(up.sum() - 1).bit_length()
    weights = np.broadcast_to(advantage, up.shape)[up] * (size / count)
    batch = {"s": rides.states[up], "a": rides.steering[up], "advantage": weights}
    return {k: np.concatenate([a, np.zeros((size - len(a), *a.shape[1:]))]) for k, a in batch.items()}

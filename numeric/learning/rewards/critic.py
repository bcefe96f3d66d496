"""L12: learn to ride through a critic, a differentiable stand-in for the reward, by backpropagation through it."""

from __future__ import annotations

from typing import Any

import numpy as np

from numeric.errors import OptionError
from numeric.learning.rewards.actor import Actor, Progress
from numeric.learning.rewards.bicycle import Bicycle
from numeric.training.curvature import Evaluation
from numeric.training.initial import initial_parameters
from numeric.training.step import training_step
from symbolic import Tensor, batched, tensor
from symbolic.verification.diagnosis.surgery import rebuilt


class Critic:
    """C(s, a): the discounted time to come, as a share of what could come, for steering a in state s.

    Σ_k γ^k · 1[up after k steps] · (1 − γ) lies between 0 and 1. The program is a network with two hidden layers of tanh;
    ``of_actor`` is the same program with the actor's steering for a, so that the actor's gradient goes through it.
    """

    def __init__(self, actor: Actor, hidden: int = 32):
        self.state, self.action = actor.state, actor.action
        A, q = tensor("A", (hidden, 2), role="parameter"), tensor("q", hidden, role="parameter")
        d, B = tensor("d", hidden, role="parameter"), tensor("B", (hidden, hidden), role="parameter")
        e, v = tensor("e", hidden, role="parameter"), tensor("v", hidden, role="parameter")
        v_0 = tensor("v_0", role="parameter")
        first = np.tanh(A @ (self.state * np.array([5, 1])) + q * (self.action * 5) + d)
        self.value: Tensor = (v @ np.tanh(B @ first + e) + v_0).named("C")
        self.of_actor: Tensor = rebuilt(self.value, {self.action: actor.mean})
        self.names = ("A", "q", "d", "B", "e", "v", "v_0")

    def start(self, seed: int) -> dict[str, np.ndarray]:
        """Seeded first parameters."""
        rng, found = np.random.default_rng([seed, 2]), initial_parameters(self.value, seed=seed)
        return {**found, "q": rng.uniform(-0.7, 0.7, len(found["q"])), "v": rng.uniform(-0.1, 0.1, len(found["v"]))}


def learn_with_critic(
    task: Bicycle | None = None,
    *,
    episodes: int = 200,
    learning_rate: float = 3e-3,
    critic_rate: float = 3e-3,
    discount: float = 0.98,
    noise: float = 0.1,
    hidden: int = 8,
    batch_size: int = 64,
    updates: int = 100,
    slowness: float = 0.01,
    goal: float | None = None,
    seed: int = 0,
) -> Progress:
    """Train the same ``Actor`` by backpropagation through a critic that is learned from the same rides.

    After every ride the critic takes ``updates`` steps of Adam on (C(s, a) − y)², y = (1 − γ) 1[up] + γ C̄(s′, δ(s′)), over
    steps of all rides so far, and the actor as many on −C(s, δ(s)), with the critic's parameters held; C̄ and its actor are
    slow copies, which follow by the share ``slowness`` per step. All gradients are derived from the two programs.
    (Sutton and Barto 2018, chapter 13; Silver et al. 2014 and Lillicrap et al. 2016 for the deterministic actor.)

    >>> progress = learn_with_critic(episodes=2, updates=5)
    >>> progress.episodes
    (0, 1, 2)
    """
    task = Bicycle() if task is None else task
    if not 0 <= discount < 1 or not 0 < slowness <= 1 or episodes < 1:
        raise OptionError(
            f"0 ≤ discount < 1, 0 < slowness ≤ 1 and episodes ≥ 1; got {discount}, {slowness}, {episodes}"
        )
    actor = Actor(task, hidden, noise)
    critic, target = Critic(actor), tensor("y", role="target")
    parameters = {**actor.start(seed), **critic.start(seed)}
    slow = {name: a.copy() for name, a in parameters.items()}
    own = tuple(name for name in parameters if name not in critic.names)
    learn_reward = training_step((critic.value - target) ** 2, "adam", critic_rate, dtype="float64")
    learn_acting = training_step(-critic.of_actor, "adam", learning_rate, dtype="float64", frozen=critic.names)
    (to_come,) = batched([critic.of_actor], "steps")
    worth = Evaluation([to_come], [])
    rng, memory = np.random.default_rng([seed, 1]), _Memory()
    taken, seconds = [0], [actor.measured(parameters, seed)]
    while taken[-1] < episodes and (goal is None or seconds[-1] < goal):
        memory.keep(task, task.ride(actor.rider(parameters, noise), 1, rng))
        for _ in range(updates):
            batch = memory.drawn(batch_size, rng)
            later = worth(slow, {"s": batch["following"]})[0]
            y = batch["up"] * ((1 - discount) + discount * later)
            learn_reward(parameters, {"s": batch["s"], "a": batch["a"], "y": y})
            learn_acting(parameters, {"s": batch["s"]})
            for name, array in slow.items():
                array += slowness * (parameters[name] - array)
        taken.append(taken[-1] + 1)
        seconds.append(actor.measured(parameters, seed))
    settings: dict[str, Any] = {
        "learner": "actor and critic", "episodes": episodes, "learning_rate": learning_rate, "critic_rate": critic_rate,
        "discount": discount, "noise": noise, "hidden": hidden, "batch_size": batch_size, "updates": updates,
        "slowness": slowness, "goal": goal, "seed": seed, "task": vars(task),
    }  # fmt: skip
    return Progress(tuple(taken), tuple(seconds), {name: parameters[name] for name in own}, settings)


class _Memory:
    """All steps of all rides so far."""

    def __init__(self):
        self.columns: dict[str, np.ndarray] = {}

    def keep(self, task: Bicycle, rides) -> None:
        """Add the steps of one ride."""
        following = rides.following[:, 0]
        found = {
            "s": rides.states[:, 0], "a": np.clip(rides.steering[:, 0], -task.steering_limit, task.steering_limit),
            "following": following, "up": ~task.fallen(following),
        }  # fmt: skip
        self.columns = {k: np.concatenate([self.columns[k], a]) if k in self.columns else a for k, a in found.items()}

    def drawn(self, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Random steps, with replacement."""
        rows = rng.integers(0, len(self.columns["s"]), count)
        return {k: a[rows] for k, a in self.columns.items()}

"""The chapter's ways of learning beyond plain descent: full-batch optimisers, zeroth order, rewards, games, prototypes.

Names are imported when they are first asked for, so that ``import numeric`` stays quick.

>>> from numeric.learning import bilinear_game, play
>>> float(play(bilinear_game(), {"x": 1.0, "y": 0.0}, steps=200, learning_rate=0.5).distances()[-1]) < 1e-8
True
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "full_batch": ("matrix_step", "minimise"),
    "hyperparameters": ("Hypergradients", "hypergradients"),
    "zeroth.minimising": ("minimise_without_gradient",),
    "prototypes": ("PrototypeClassifier", "prototype_loss", "train_prototypes"),
    "trajectories": ("Trajectory", "descent_path", "loss_of_two", "redundancy", "two_parameter_problem"),
    "rewards.bicycle": ("Bicycle", "Rides"),
    "rewards.actor": ("Actor", "Progress"),
    "rewards.score": ("score_function_estimates", "score_function_loss", "score_statement", "variance_by_dimension"),
    "rewards.policy": ("learn_from_reward",),
    "rewards.critic": ("Critic", "learn_with_critic"),
    "games": ("Game", "GAME_METHODS", "bilinear_game", "following", "play"),
    "adversarial": ("Adversarial", "energy_distance", "train_adversarial", "two_moons"),
    "record": ("RECIPES", "difference", "recorded", "run", "seeds"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULE_OF])

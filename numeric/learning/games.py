"""L13: two players, two losses, one shared set of parameters: gradient methods towards a Nash equilibrium.

Player 1 owns some parameters and descends its loss f, player 2 owns the others and descends g; v = (∂f/∂x, ∂g/∂y) is the
field that both follow, and an equilibrium is a point where v = 0. Each method is a program of update equations over v.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import OptionError, TrainingError
from numeric.functions import lambdify
from symbolic import Tensor, gradient, tensor, variables
from symbolic.errors import DeclarationError, suggestion
from symbolic.language.operations import require_scalar
from symbolic.program.graph import leaves
from symbolic.verification.diagnosis.surgery import rebuilt

Tensors = dict[Tensor, Tensor]


@dataclass(frozen=True)
class Game:
    """Two scalar losses and who owns which parameters. A zero-sum game has g = −f.

    Raises ``DeclarationError`` unless every parameter that a loss reads has exactly one owner.

    >>> game = bilinear_game()
    >>> [t.name for t in game.parameters]
    ['x', 'y']
    """

    f: Tensor
    g: Tensor
    first: tuple[Tensor, ...]
    second: tuple[Tensor, ...]

    def __post_init__(self):
        require_scalar(self.f, "Game")
        require_scalar(self.g, "Game")
        owned = [t.serial for t in self.parameters]
        read = [t for t in leaves([self.f, self.g]) if t.role == "parameter"]
        missing = [t.describe() for t in read if t.serial not in owned]
        if missing or len(set(owned)) < len(owned) or not self.first or not self.second:
            told = f"{missing[0]} has none" if missing else "a parameter has two, or a player has no parameter"
            raise DeclarationError(f"Game: every parameter has exactly one owner of two; {told}")

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """All parameters, the first player's before the second's."""
        return (*self.first, *self.second)

    def field(self) -> Tensors:
        """v: the gradient of each player's own loss by its own parameters."""
        return {
            **{w: gradient(self.f, w) for w in self.first},
            **{w: gradient(self.g, w) for w in self.second},
        }


def bilinear_game(coupling: Any = None) -> Game:
    """f = xᵀ A y = −g, with its equilibrium at x = 0, y = 0 for an invertible A; f = x y for two numbers without ``coupling``."""
    if coupling is None:
        x, y = tensor("x", role="parameter"), tensor("y", role="parameter")
        f = x * y
    else:
        A = np.asarray(coupling, float)
        x, y = tensor("x", A.shape[0], role="parameter"), tensor("y", A.shape[1], role="parameter")
        f = x @ A @ y
    return Game(f, -f, (x,), (y,))


# -- the methods: parameters after one step, as programs ----------------------------------------------------------------------


def _simultaneous(game: Game, v: Tensors, eta: Tensor, gamma: Tensor) -> Tensors:
    return {w: w - eta * v[w] for w in game.parameters}


def _alternating(game: Game, v: Tensors, eta: Tensor, gamma: Tensor) -> Tensors:
    moved = {w: w - eta * v[w] for w in game.first}
    return {**moved, **{w: w - eta * rebuilt(v[w], moved) for w in game.second}}


def _extragradient(game: Game, v: Tensors, eta: Tensor, gamma: Tensor) -> Tensors:
    ahead = _simultaneous(game, v, eta, gamma)
    return {w: w - eta * rebuilt(v[w], ahead) for w in game.parameters}


def _consensus(game: Game, v: Tensors, eta: Tensor, gamma: Tensor) -> Tensors:
    squares: Any = sum((np.sum(v[w] ** 2) for w in game.parameters[1:]), np.sum(v[game.parameters[0]] ** 2))
    return {w: w - eta * (v[w] + gamma * gradient(squares / 2, w)) for w in game.parameters}


@dataclass(frozen=True)
class GameMethod:
    """A method for games: ``step`` gives the parameters after one step as programs of those before, η and γ."""

    name: str
    step: Callable[[Game, Tensors, Tensor, Tensor], Tensors]
    source: str


_TABLE = (
    GameMethod("simultaneous", _simultaneous, "Arrow, Hurwicz & Uzawa 1958"),
    GameMethod("alternating", _alternating, "Goodfellow et al. 2014"),
    GameMethod("extragradient", _extragradient, "Korpelevich 1976"),
    GameMethod("consensus", _consensus, "Mescheder, Nowozin & Geiger 2017"),
)  # fmt: skip

GAME_METHODS: Mapping[str, GameMethod] = MappingProxyType({row.name: row for row in _TABLE})


@dataclass(frozen=True)
class Play:
    """A game that was played: ``path`` (K + 1, n) holds all parameters as one vector before each step and at the end.

    ``parameters``: the last ones; ``losses`` (K + 1, 2): of both players along the path.
    """

    path: np.ndarray
    losses: np.ndarray
    parameters: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]

    def distances(self, equilibrium: Any = 0.0) -> np.ndarray:
        """The Euclidean distance of each point of the path from ``equilibrium``, a vector like its rows."""
        return np.linalg.norm(self.path - equilibrium, axis=1)


def following(game: Game, method: str = "extragradient") -> Tensors:
    """What each parameter becomes in one step, as a tensor: a program of all parameters, η (``eta``) and γ (``gamma``).

    It is what ``play`` runs, so that what is printed of a method is what it does.

    >>> from symbolic.notation import text
    >>> game = bilinear_game()
    >>> text(following(game, "simultaneous")[game.first[0]])
    'x - η y'
    """
    if method not in GAME_METHODS:
        raise OptionError(
            f"there is no method {method!r} for games; known are {', '.join(GAME_METHODS)}.{suggestion(method, GAME_METHODS)}"
        )
    eta, gamma = tensor("eta", role="constant", tex=r"\eta"), tensor("gamma", role="constant", tex=r"\gamma")
    return GAME_METHODS[method].step(game, game.field(), eta, gamma)


def play(
    game: Game,
    start: Mapping[str, Any],
    *,
    method: str = "extragradient",
    learning_rate: float = 0.1,
    steps: int = 100,
    gamma: float = 1.0,
) -> Play:
    """Let both players follow their derived gradients for ``steps`` steps of ``method`` (a key of ``GAME_METHODS``).

    ``learning_rate`` is η, ``gamma`` the weight of consensus. For f = x y the distance r from the equilibrium changes in
    every step by a factor that is known: simultaneous √(1 + η²), away from it; extragradient √(1 − η² + η⁴) and consensus
    √((1 − ηγ)² + η²), towards it; alternating keeps x² − η x y + y² and circles.

    Raises ``OptionError`` for an unknown method, ``TrainingError`` once a parameter is no number.

    >>> run = play(bilinear_game(), {"x": 1.0, "y": 0.0}, method="simultaneous", learning_rate=0.5, steps=2)
    >>> (run.distances() ** 2).round(4).tolist()
    [1.0, 1.25, 1.5625]
    """
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise OptionError(f"steps is a whole number of at least 1, got {steps!r}")
    after = following(game, method)
    names = [str(w.name) for w in game.parameters]
    missing = [name for name in names if name not in start]
    if missing:
        raise OptionError(
            f"play: start has no value for the parameter {missing[0]}; it has {', '.join(start) or 'none'}"
        )
    outputs = [game.f, game.g, *(after[w] for w in game.parameters)]
    read = variables(*outputs)
    rates = {name: value for name, value in (("eta", learning_rate), ("gamma", gamma)) if name in read}
    step = lambdify([*game.parameters, *(read[name] for name in rates)], outputs, dtype="float64")
    now: Sequence[Any] = [np.array(start[name], float) for name in names]
    path, losses = [_flat(now)], []
    for k in range(steps + 1):
        f, g, *moved = step(*now, *rates.values())
        losses.append((f, g))
        if k == steps:
            break
        now = moved
        path.append(_flat(now))
        if not np.isfinite(path[-1]).all():
            raise TrainingError(f"step {k + 1}: a parameter is no longer a finite number; try a smaller learning rate")
    settings = {"method": method, "learning_rate": learning_rate, "gamma": gamma, "steps": steps}
    return Play(np.array(path), np.array(losses), dict(zip(names, map(np.asarray, now), strict=True)), settings)


def _flat(parts: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(p) for p in parts])

"""A bicycle that falls over unless it is steered: the black box of the chapter. The reward is the time that it stays up.

Lean φ (rad) of a point mass at height h (m) over the line through the wheels, riding at speed v (m/s) with wheelbase b (m),
steered by the angle δ (rad) towards the side to which it leans when both have one sign:

    φ″ = (g/h) sin φ − v²/(b h) · tan δ · cos φ + gusts,    white noise of ``gust`` rad/s per √s

(Åström, Klein and Lennartsson, Bicycle dynamics and control, IEEE Control Systems 25(4), 2005, with the term of the steering
rate left out.) It is integrated by the semi-implicit Euler rule, many bicycles at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numeric.errors import OptionError

Rider = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Rides:
    """What came back from N rides of at most T steps.

    ``states`` (T, N, 2): lean (rad) and its rate (rad/s) before each step; ``steering`` (T, N), rad; ``following``
    (T, N, 2): the states after it; ``riding`` (T, N): true where the bicycle was up before the step; ``seconds`` (N,): the
    reward.
    """

    states: np.ndarray
    steering: np.ndarray
    following: np.ndarray
    riding: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True)
class Bicycle:
    """The task; lengths in m, angles in rad, times in s. ``lean_limit`` is where it has fallen, ``longest`` the end of a ride.

    >>> rides = Bicycle().ride(lambda states, rng: np.zeros(len(states)), 50, np.random.default_rng(0))
    >>> bool(0.5 < rides.seconds.mean() < 2)  # nobody steers
    True
    >>> steady = Bicycle().ride(lambda states, rng: 3 * states[:, 0] + states[:, 1], 50, np.random.default_rng(0))
    >>> float(steady.seconds.min())
    10.0
    """

    speed: float = 3.0
    wheelbase: float = 1.0
    height: float = 1.0
    gravity: float = 9.81
    steering_limit: float = 0.4
    lean_limit: float = 0.5
    first_lean: float = 0.05
    gust: float = 0.1
    step: float = 0.02
    longest: float = 10.0

    def __post_init__(self):
        for name, value in vars(self).items():
            if not np.isfinite(value) or value < 0 or (value == 0 and name not in ("gust", "first_lean", "speed")):
                raise OptionError(f"the bicycle's {name} is a number above 0, got {value!r}")

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """``count`` first states (count, 2): a lean uniform on ± ``first_lean``, no rate."""
        return np.column_stack([rng.uniform(-self.first_lean, self.first_lean, count), np.zeros(count)])

    def acceleration(self, lean: np.ndarray, steering: np.ndarray) -> np.ndarray:
        """φ″ without gusts, rad/s²; the steering is held within ± ``steering_limit``."""
        held = np.clip(steering, -self.steering_limit, self.steering_limit)
        push = self.speed**2 / (self.wheelbase * self.height)
        return self.gravity / self.height * np.sin(lean) - push * np.tan(held) * np.cos(lean)

    def after(self, states: np.ndarray, steering: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The states one ``step`` later."""
        lean, rate = states.T
        shake = self.gust * np.sqrt(self.step) * rng.standard_normal(len(lean))
        rate = rate + self.step * self.acceleration(lean, steering) + shake
        return np.column_stack([lean + self.step * rate, rate])

    def fallen(self, states: np.ndarray) -> np.ndarray:
        """True where the lean has passed ``lean_limit``."""
        return np.abs(states[:, 0]) > self.lean_limit

    def ride(self, rider: Rider, count: int, rng: np.random.Generator) -> Rides:
        """``count`` rides; ``rider(states, rng)`` gives the steering (N,) for the states (N, 2) of the bicycles."""
        states, riding = self.start(count, rng), np.ones(count, bool)
        met, steered, after, up = [], [], [], []
        for _ in range(round(self.longest / self.step)):
            steering = np.asarray(rider(states, rng), float)
            if steering.shape != (count,):
                raise OptionError(f"a rider gives one steering angle per bicycle, ({count},), got {steering.shape}")
            following = np.where(riding[:, None], self.after(states, steering, rng), states)
            for kept, value in zip((met, steered, after, up), (states, steering, following, riding), strict=True):
                kept.append(value)
            states, riding = following, riding & ~self.fallen(following)
            if not riding.any():
                break
        up = np.array(up)
        return Rides(np.array(met), np.array(steered), np.array(after), up, self.step * up.sum(axis=0))

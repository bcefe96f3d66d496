"""The truth that code is held to: differences of the forward function itself, which no rule of calculus took part in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

AGREES, DIFFERS = 2e-6, 2e-4
STEP, ROUGH_STEP = 1e-5, 3e-3  # the second for functions that compute in single precision
_DIRECTIONS = 4


@dataclass(frozen=True)
class Differences:
    """Central differences of a scalar by the entries of an array; ``sure`` marks entries away from kinks.

    ``known`` marks the entries that were tried, all of them unless the array is large; the others are covered by random
    ``directions``, each with the derivative along it.
    """

    slope: np.ndarray
    sure: np.ndarray
    known: np.ndarray
    directions: tuple[tuple[np.ndarray, float], ...] = ()


def differences(
    loss: Callable[[np.ndarray], float], shape: tuple[int, ...], rng: np.random.Generator, most: int, step: float = STEP
) -> Differences:
    """Differences of ``loss`` at zero by the entries of a displacement; of more than ``most`` entries only a sample.

    An entry is sure where the slopes to the left and to the right agree up to a smooth function's curvature.
    """
    size = int(np.prod(shape, dtype=int))
    places = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
    slope, sure, known = np.zeros(size), np.zeros(size, bool), np.zeros(size, bool)
    here = loss(np.zeros(shape))
    smooth = 1e-2 if step == STEP else 0.3
    for k in places:
        shift = np.zeros(size)
        shift[k] = step
        up, down = loss(shift.reshape(shape)), loss(-shift.reshape(shape))
        slope[k] = (up - down) / (2 * step)
        bend = abs(up - 2 * here + down) / step
        known[k], sure[k] = True, bend <= smooth * (1 + abs(slope[k])) and np.isfinite(slope[k])
    along = []
    if size > most:
        for _ in range(_DIRECTIONS):
            v = rng.normal(size=shape)
            up, here_, down = loss(step * v), here, loss(-step * v)
            if abs(up - 2 * here_ + down) / step <= smooth * (1 + abs(up - down) / step):
                along.append((v, (up - down) / (2 * step)))
    return Differences(slope.reshape(shape), sure.reshape(shape), known.reshape(shape), tuple(along))


def refined(loss: Callable[[np.ndarray], float], shape: tuple[int, ...], place: tuple[int, ...]) -> tuple[float, bool]:
    """The slope at one entry by differences of fourth order, and whether two step lengths agree on it."""

    def at(step: float) -> float:
        shift = np.zeros(shape)

        def value(k: int) -> float:
            shift[place] = k * step
            return loss(shift)

        return (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * step)

    fine, coarse = at(1e-3), at(2e-3)
    return fine, bool(abs(fine - coarse) <= 1e-5 * (1 + abs(fine)))


def distance(a: Any, b: Any) -> float:
    """The largest difference, relative where entries are large."""
    return float(np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0))


def close(a: Any, b: Any, tolerance: float = AGREES) -> bool:
    """Whether two arrays have one shape and the same entries up to differences' error."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape and not a.size == b.size == 1:
        return False
    return bool(np.all(np.isfinite(a))) and distance(a.reshape(b.shape), b) < tolerance

"""Learning-rate schedules: a factor for each step, from the fraction of the training that is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from numeric.errors import OptionError
from symbolic.errors import suggestion

Schedule = Callable[[float], float]

SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "constant": lambda done: 1.0,
        "linear": lambda done: 1.0 - done,
        "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),  # Loshchilov & Hutter 2017, without restarts
        "step": lambda done: 0.1 ** math.floor(3 * done),  # divided by 10 after each third
        "warmup": lambda done: min(1.0, done / 0.1) * (1.0 if done < 0.1 else (1.0 - done) / 0.9),
    }
)


def schedule(name: str | Schedule | None) -> Schedule:
    """The schedule of that name, or a function from the done fraction (0 … 1) to a factor.

    >>> [round(schedule("cosine")(done), 2) for done in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    if name is None:
        return SCHEDULES["constant"]
    if callable(name):
        return name
    if name not in SCHEDULES:
        raise OptionError(
            f"there is no schedule {name!r}; known are {', '.join(SCHEDULES)}.{suggestion(name, SCHEDULES)}"
        )
    return SCHEDULES[name]

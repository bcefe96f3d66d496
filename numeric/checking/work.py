"""How much a search may do, counted in lines of the user's code that it runs, so that no verdict depends on the machine."""

from __future__ import annotations

import time

PROTECTION = 60.0  # seconds of processor time; reached only by lines that are slow of themselves


class Work:
    """An amount of work that is left; ``lines`` are those of one run of what is run again and again."""

    def __init__(self, units: float, lines: int = 0):
        self.left = units
        self.cost = cost(lines)
        self.end = time.process_time() + PROTECTION

    def spend(self, runs: float = 1) -> None:
        """Count some runs."""
        self.left -= runs * self.cost

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0 or time.process_time() > self.end


def cost(lines: int) -> float:
    """The units that one run of so many lines costs, with what is around it."""
    return 100 + 3 * lines

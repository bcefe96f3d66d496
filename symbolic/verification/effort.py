"""Effort: what a search for a verdict may cost, in counted work instead of time.

A verdict must not depend on the machine or on what else runs on it. Whoever does costly work says so with ``spend``; whoever
searches asks ``spent`` and stops at a number. One unit is about a microsecond of a usual processor; each thread counts
for itself.

>>> before = spent()
>>> spend(250)
>>> spent() - before
250.0
"""

from __future__ import annotations

import threading

SECOND = 1e6  # units that are spent in about a second


class _Count(threading.local):
    units = 0.0


_count = _Count()


def spend(units: float) -> None:
    """Count work that is being done."""
    _count.units += units


def spent() -> float:
    """The work counted in this thread so far; only differences mean something."""
    return _count.units

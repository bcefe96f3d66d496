"""Points at which variants of a backward function are run and held to differences of the forward function."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.checking.calls import Call, Point, numbers
from numeric.checking.differences import AGREES, Differences
from numeric.checking.outputs import truths

_ROUGHLY = 5e-3


@dataclass(eq=False)
class Case:
    """One point, with the true gradients there; the forward function's state and result are copied for every run."""

    call: Call
    point: Point
    true: dict[str, Differences]
    kept: tuple[Any, Any]

    def run(self, back: Callable[..., Any]) -> dict[str, np.ndarray]:
        """The gradients that a variant gives; none where it raises."""
        call, point = self.call, self.point
        try:
            with quiet():
                if call.subject.kind == "both":
                    state, result = call.raw_forward(call.arrays(point.values), point.sizes, back)
                    claimed = call.raw_backward({}, (), state, result)
                    if not np.allclose(numbers(result[0]), self.point.outputs[0]):
                        return {}  # what computes the loss is right by definition
                else:
                    call.reset()
                    state, result = copy.deepcopy(self.kept)
                    claimed = call.backward(point.values, point.cotangents, state, result, back)
                return {n: numbers(g) for n, g in claimed.items()}
        except Exception:  # a variant need not fit
            return {}

    def right(self, claimed: dict[str, np.ndarray]) -> frozenset[str]:
        """The parameters whose claimed gradients are true."""
        tolerance = _ROUGHLY if self.call.rough else AGREES
        return frozenset(n for n, t in self.true.items() if n in claimed and matches(claimed[n], t, tolerance))


def matches(claimed: np.ndarray, true: Differences, tolerance: float = AGREES) -> bool:
    """Whether an array has the entries, or the derivatives along random directions, that differences give."""
    shape = true.slope.shape
    if claimed.shape != shape:
        if not claimed.size == true.slope.size == 1:
            return False
        claimed = claimed.reshape(shape)
    if not np.all(np.isfinite(claimed)):
        return False
    counted = true.sure & true.known
    gap = np.where(counted, np.abs(claimed - true.slope) / (1 + np.abs(true.slope)), 0)
    along = max((abs(float(np.sum(claimed * v)) - d) / (1 + abs(d)) for v, d in true.directions), default=0.0)
    return max(float(gap.max(initial=0)), along) < tolerance


def cases(call: Call, seed: int, number: int, wanted: list[str] | None = None) -> list[Case]:
    """Small points, at sizes of their own; truth for the gradients that are returned, or for the wanted ones."""
    rng = np.random.default_rng([seed, 77])
    found = []
    for k in range(number):
        point = call.point(rng, k, small=k == 0)
        _, state, result = call.forward(point.values, point.sizes)
        kept = copy.deepcopy((state, result))
        known = wanted or list(call.backward(point.values, point.cotangents, state, result))
        found.append(Case(call, point, truths(call, point, known, rng, 1.2 if k == 0 else 0.3), kept))
    return found


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings, and nothing printed by code that is run again and again."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield

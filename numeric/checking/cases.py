"""Points at which variants of a backward function are run and held to differences of the forward function."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.checking.arrays import numbers
from numeric.checking.calls import Call, Point
from numeric.checking.differences import AGREES, Differences
from numeric.checking.outputs import UNITS, truths
from numeric.shape_search import Progress

_ROUGHLY = 5e-3
LONG = 1500  # lines that a forward function runs


@dataclass(eq=False)
class Case:
    """One point, with the true gradients there; the forward function's state and result are copied for every run."""

    call: Call
    point: Point
    true: dict[str, Differences]
    kept: tuple[Any, Any]
    lines: int = 0  # that the backward function runs there

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
                    state, result = duplicate(self.kept)
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
        if point.lines > LONG:  # loops over images: at small sizes as much is seen
            point = call.point(rng, k, small=True)
        _, state, result = call.forward(point.values, point.sizes)
        kept = copy.deepcopy((state, result))
        lines = point.lines if call.subject.kind == "both" else _lines(call, point, state, result)
        known = wanted or list(call.backward(point.values, point.cotangents, state, result))
        found.append(Case(call, point, truths(call, point, known, rng, UNITS * (1.2 if k < 2 else 0.5)), kept, lines))
    return found


def _lines(call: Call, point: Point, state: Any, result: Any) -> int:
    """How many lines the backward function runs."""
    return (
        Progress(call.subject.back).run(lambda: call.backward(point.values, point.cotangents, state, result))[1].lines
    )


def duplicate(kept: Any) -> Any:
    """A copy in which nothing that a function may change is shared; arrays in tuples, lists and dictionaries the quick way."""
    if type(kept) is np.ndarray and kept.dtype != object:
        return kept.copy()
    if type(kept) in (float, int, bool, str, type(None)):
        return kept
    if type(kept) is tuple and not _shared(kept):
        return tuple(map(duplicate, kept))
    if type(kept) is list and not _shared(kept):
        return list(map(duplicate, kept))
    if type(kept) is dict and not _shared(kept.values()):
        return {key: duplicate(value) for key, value in kept.items()}
    return copy.deepcopy(kept)


def _shared(parts: Collection[Any]) -> bool:
    """Whether one array stands twice, or a view of one: a copy must keep that."""
    arrays = [p for p in parts if isinstance(p, np.ndarray)]
    return len({id(p) for p in arrays}) < len(arrays)


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

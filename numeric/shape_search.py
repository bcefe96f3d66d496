"""Shapes of a function's parameters, found by trial where nothing tells them: the most general ones with which the code runs.

A name suggests ranks (``X`` a matrix, ``b`` a vector, ``labels`` integers); of the shapes that fit, those with the most
distinct sizes are taken, and a backward function that returns gradients of the parameters' shapes confirms them.
"""

from __future__ import annotations

import itertools
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_RUNS, SECONDS, MOST_AXES, UNLIKELY = 5000, 30.0, 14, 5  # the clock is only for functions that take long
_INTEGERS = re.compile(r"(labels?|idx|ind(ex|ices)|class(es)?|tokens?|ids?|y_?(int|idx|label)s?)\Z", re.IGNORECASE)
_PER_ROW = re.compile(r"(labels?|class(es)?|y|t|targets?|y_?(true|int|idx|label)s?)\Z", re.IGNORECASE)
_SCALARS = re.compile(
    r"(lam(bda)?_?|reg|eps(ilon)?|alpha|eta|lr|tau|temperature|c|margin|scale|momentum|p|sigma)\Z", re.IGNORECASE
)
_BIASES = re.compile(r"(b\d?|b_\w+|bias\w*|gamma\d?|beta\d?)\Z")
_VECTORS = re.compile(r"(w|v|theta|mu|[a-z]0|\w*_?prev)\Z")
_ROWS = re.compile(r"\baxis\b|keepdims|\.shape\b|\[:, ")
_SIZES = (9, 7, 5, 4, 3, 6, 8, 2, 10, 11, 12, 13, 14, 15)

Shapes = dict[str, list[str]]
Runs = Callable[[Mapping[str, list[str]], frozenset[str], Mapping[str, int]], tuple[int, tuple[int, int]]]


@dataclass(frozen=True)
class Guess:
    """The rank of one parameter, whether it holds integers, and how unlikely that is."""

    rank: int
    integer: bool
    cost: int


@dataclass(frozen=True)
class Found:
    """Shapes as names of sizes, the parameters that hold integers, and how far the code runs with them."""

    shapes: Shapes
    integers: frozenset[str]
    fit: int


def guesses(name: str, source: str) -> list[Guess]:
    """Ranks for a parameter, the likely ones first."""
    if _INTEGERS.match(name):
        return [Guess(1, True, 0), Guess(0, True, 1), Guess(2, True, 2)]
    if _BIASES.match(name):
        return [Guess(1, False, 0), Guess(0, False, 1), Guess(2, False, UNLIKELY)]
    if _SCALARS.match(name):
        order = (0, 1, 2, 3)
    elif name[0].isupper():
        order = (2, 1, 3, 0)
    elif _VECTORS.match(name) or not _ROWS.search(source):
        order = (1, 2, 0, 3)
    else:
        order = (2, 1, 0, 3)
    found = [Guess(rank, False, cost) for cost, rank in enumerate(order)]
    return [*found, Guess(1, True, 1)] if _PER_ROW.match(name) else found


def found_shapes(unknown: Sequence[str], known: Mapping[str, Sequence[str]], source: str, runs: Runs) -> Found | None:
    """Shapes for the unknown parameters, None where nothing fits.

    ``runs`` tells how well shapes fit at given sizes: 0 the forward function fails, 1 it runs, 2 the backward one runs too,
    3 and its gradients have the parameters' shapes; and how far the functions came, as (lines, place in the line).
    """
    counted = _Counted(runs)
    best: Found | None = None
    fixed = list(dict.fromkeys(d for shape in known.values() for d in shape if not d.isdigit()))
    choices = itertools.product(*(guesses(name, source) for name in unknown))
    for chosen in sorted(choices, key=lambda c: sum(g.cost for g in c)):
        unlikely = sum(g.cost for g in chosen) >= UNLIKELY
        if counted.over or (unlikely and best is not None and best.fit >= 2):
            break
        if sum(g.rank for g in chosen) <= MOST_AXES:
            found = _most_general(unknown, chosen, fixed, counted)
            if found is not None and found.fit > (best.fit if best else 0):
                best = found
            if best is not None and best.fit == 3:
                break
    return best


class _Counted:
    """``runs`` that counts its calls; ``over`` when there were enough."""

    def __init__(self, runs: Runs):
        self.runs, self.left, self.deadline = runs, MOST_RUNS, time.monotonic() + SECONDS

    def __call__(
        self, shapes: Mapping[str, list[str]], integers: frozenset[str], sizes: Mapping[str, int]
    ) -> tuple[int, tuple[int, int]]:
        self.left -= 1
        return self.runs(shapes, integers, sizes)

    @property
    def over(self) -> bool:
        return self.left < 0 or time.monotonic() > self.deadline


def _most_general(unknown: Sequence[str], chosen: Sequence[Guess], fixed: list[str], runs: _Counted) -> Found | None:
    """Sizes made equal one pair at a time, each time the pair with which the code comes farther."""
    integers = frozenset(n for n, g in zip(unknown, chosen, strict=True) if g.integer)
    axes = [(name, k) for name, g in zip(unknown, chosen, strict=True) for k in range(g.rank)]
    labels = {axis: f"n{number}" for number, axis in enumerate(axes, 1)}
    first = next((labels[axis] for axis in axes if axis[0] not in integers), fixed[0] if fixed else None)
    for axis in axes:
        if axis[0] in integers and axis[1] == 0 and _PER_ROW.match(axis[0]) and first:
            labels[axis] = first

    def tried(labels: Mapping[tuple[str, int], str]) -> tuple[int, tuple[int, int]]:
        names = list(dict.fromkeys([*fixed, *labels.values()]))
        shapes = {n: [labels[n, k] for k in range(g.rank)] for n, g in zip(unknown, chosen, strict=True)}
        result = runs(shapes, integers, dict(zip(names, _SIZES, strict=False)))
        if result[0] or not 1 < len(names) < 4:
            return result
        return max(result, runs(shapes, integers, dict(zip(names, _SIZES[: len(names)][::-1], strict=False))))

    reached = tried(labels)
    while reached[0] < 2 and not runs.over:
        names = list(dict.fromkeys([*fixed, *labels.values()]))
        merged = [
            {axis: a if label == b else label for axis, label in labels.items()}
            for a, b in itertools.combinations(names, 2)
            if b not in fixed
        ]
        results = [tried(m) for m in merged]
        if not results or max(results) <= reached:
            break
        reached = max(results)
        labels = merged[results.index(reached)]
    if not reached[0]:
        return None
    shapes = {n: [labels[n, k] for k in range(g.rank)] for n, g in zip(unknown, chosen, strict=True)}
    return Found(shapes, integers, reached[0])


def coarser(shapes: Mapping[str, Sequence[str]]) -> Iterator[Shapes]:
    """The shapes with two of the sizes made equal."""
    names = list(dict.fromkeys(d for shape in shapes.values() for d in shape if not d.isdigit()))
    for a, b in itertools.combinations(names, 2):
        yield {n: [a if d == b else d for d in shape] for n, shape in shapes.items()}


class Progress:
    """Counts the lines that functions of some files run, and where in the last line they stopped."""

    def __init__(self, *functions: Callable[..., Any]):
        self.files = {code.co_filename for f in functions if (code := getattr(f, "__code__", None)) is not None}
        self.lines = 0

    def run(self, function: Callable[[], Any]) -> tuple[Any, tuple[int, int]]:
        """The function's value (None where it raises), and how far it came."""
        self.lines = 0
        before = sys.gettrace()
        place = 0
        sys.settrace(self._trace)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                value = function()
        except Exception as error:  # another person's code at sizes that may not fit
            value, frame = None, error.__traceback__
            while frame is not None:
                place = frame.tb_lasti if frame.tb_frame.f_code.co_filename in self.files else place
                frame = frame.tb_next
        finally:
            sys.settrace(before)
        return value, (self.lines, place)

    def _trace(self, frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in self.files:
            return None
        self.lines += event == "line"
        return self._trace


def silent(function: Callable[[], Any]) -> Any:
    """The function's value without warnings; None where it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function()
        except Exception:  # another person's code at sizes that may not fit
            return None

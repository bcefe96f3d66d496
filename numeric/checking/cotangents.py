"""True cotangents of the forward function's own intermediate values, by moving each of them a little.

A backward line ``dvar = …`` is held to the cotangent of the forward function's ``var``. Where a variable is assigned several
times, or once an iteration, every assignment has a cotangent of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from numeric.checking import names
from numeric.checking.calls import Call
from numeric.checking.cases import Case, quiet
from numeric.checking.differences import STEP, close
from numeric.checking.outputs import inner
from numeric.checking.probes import PROBE, Site, Watch, is_real, probed
from numeric.checking.program import Program
from numeric.checking.work import Work

LARGEST = 1000  # entries of an intermediate value


@dataclass(frozen=True, eq=False)
class Cotangent:
    """The cotangents of one place in the forward function, one for each time that the place was passed."""

    site: Site
    arrays: tuple[np.ndarray, ...]


class Ahead:
    """The forward function with probes: cotangents at one case, found when they are asked for."""

    def __init__(self, call: Call, case: Case, program: Program, inside: bool = False):
        self.call, self.case = call, case
        trees, self.sites = probed(program, inside)
        self.watch = Watch(keep=True)
        self.function = program.variant(trees, {PROBE: self._probe})
        self.seen = self._run(Watch(keep=True))[1].seen
        self.known: dict[int, Cotangent | None] = {}

    def _probe(self, site: int, value: object) -> object:
        return self.watch(site, value)

    def _run(self, watch: Watch) -> tuple[float, Watch]:
        self.watch = watch
        with quiet():
            outputs, _, _ = self.call.forward(self.case.point.values, self.case.point.sizes, self.function)
        return inner(outputs, self.case.point.cotangents), watch

    def named(self, variable: str, function: str) -> list[Site]:
        """The places where the variable stands whose gradient is called ``variable``, those of a related function first."""
        known = [
            s
            for s in self.sites
            if s.kind in ("assign", "after", "parameter") and any(map(is_real, self.seen.get(s.number, ())))
        ]
        owner = names.parameter(variable, list(dict.fromkeys(s.variable for s in known)))
        if owner is None or owner == variable:
            return []
        found = [s for s in known if s.variable == owner]
        near = [s for s in found if _stem(s.function) == _stem(function)]
        return near or found

    def cotangent(self, site: Site, work: Work) -> Cotangent | None:
        """The cotangents at a place; None where no work is left or the value is large, no array, or not there."""
        if site.number not in self.known:
            self.known[site.number] = self._cotangent(site, work)
        return self.known[site.number]

    def _cotangent(self, site: Site, work: Work) -> Cotangent | None:
        values = self.seen.get(site.number, [])
        if not values or sum(v.size if v is not None else 0 for v in values) > LARGEST:
            return None
        found = []
        for k, value in enumerate(values):
            if not is_real(value):
                return None
            slope = np.zeros(value.size)
            for e in range(value.size):
                if work.spent:
                    return None
                work.spend(2)
                shift = np.zeros(value.size)
                ends = []
                for sign in (1, -1):
                    shift[e] = sign * STEP
                    try:
                        ends.append(self._run(Watch(moved=(site.number, k, shift.reshape(value.shape)), keep=False))[0])
                    except Exception:  # a value that must stay as it is, such as a probability that is checked
                        return None
                slope[e] = (ends[0] - ends[1]) / (2 * STEP)
            found.append(slope.reshape(value.shape))
        return Cotangent(site, tuple(found))


def _stem(function: str) -> str:
    for word in ("backward", "forward", "backprop", "gradient", "grad", "bwd", "fwd"):
        function = function.replace(word, "")
    return function.strip("_").replace("__", "_")


def fits(values: Sequence[np.ndarray | None], cotangent: Cotangent) -> tuple[np.ndarray, ...] | None:
    """The cotangents in the order of the values (as they come, or from the last iteration back), None if they differ."""
    for order in (cotangent.arrays, cotangent.arrays[::-1]):
        pairs = list(zip(values, order, strict=False))
        if len(order) == len(values) and all(v is not None and close(v, _laid(c, v)) for v, c in pairs):
            return tuple(_laid(c, v) for v, c in pairs if v is not None)
    return None


def wanted(values: Sequence[np.ndarray | None], cotangent: Cotangent) -> tuple[np.ndarray, ...] | None:
    """The cotangents that should stand in the place of values of the same shapes; iterations from the last one back."""
    order = cotangent.arrays[::-1] if len(values) > 1 else cotangent.arrays
    if len(order) != len(values):
        return None
    laid = [(v, _laid(c, v)) for v, c in zip(values, order, strict=True) if v is not None]
    same = len(laid) == len(order) and all(_spreads(v.shape, c.shape) for v, c in laid)
    return tuple(c for _, c in laid) if same else None


def _spreads(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether an array of one shape can stand for one of the other, repeated along axes of length one."""
    return a == b or (len(a) == len(b) and all(m in (1, n) for m, n in zip(a, b, strict=True))) or a == ()


def _laid(cotangent: np.ndarray, like: np.ndarray | None) -> np.ndarray:
    """A cotangent in the shape of a value whose axes are others, split or merged: (1, n) for (n,), (n, h, d) for (n, h d)."""
    if like is None or not _regrouped(like.shape, cotangent.shape):
        return cotangent
    return cotangent.reshape(like.shape)


def _regrouped(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two shapes differ by axes that are split or merged, as by a reshape."""
    ends = [{int(np.prod(shape[:k])) for k in range(1, len(shape) + 1)} | {1} for shape in (a, b)]
    return np.prod(a) == np.prod(b) and (ends[0] <= ends[1] or ends[1] <= ends[0])


def recognised(values: Sequence[np.ndarray | None], found: Iterable[Cotangent]) -> bool:
    """Whether the values are the cotangents of some place, whatever it is called; zeros tell nothing."""
    if not values or any(v is None or v.size < 2 or not np.any(v) for v in values):
        return False
    pool = [c for cotangent in found for c in cotangent.arrays]
    return all(any(v.shape == c.shape and close(v, c) for c in pool) for v in values)

"""Which steps of a derivation a page tells in full, which in one line, and which only repeat others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from reports.document.repeats import Repeat, repeats
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.records import Step

LONGEST = 250  # steps beyond which a page would be slow to open
MOST_TOLD = 300  # steps in full, where a long derivation does not repeat itself
_AT_END = 60  # of them so many from the end, where the results are


@dataclass(frozen=True)
class Outline:
    """The steps in ``full``, those in ``short``, and the stretches that say what is said before under other names."""

    full: tuple[Step, ...]
    short: tuple[Step, ...] = ()
    repeated: tuple[Repeat, ...] = ()

    @cached_property
    def told_at(self) -> Mapping[int, int]:
        """For each number the step in full that says it, under whatever names; none for a step in short."""
        found = {s.number: o.number for r in self.repeated for o, s in zip(r.original, r.steps, strict=True)}
        full = {s.number for s in self.full}
        return {n: n for n in full} | {n: o for n, o in found.items() if o in full}

    @cached_property
    def again(self) -> frozenset[int]:
        """The numbers of the steps that only repeat others."""
        return frozenset(s.number for r in self.repeated for s in r.steps)


def outline(d: Derivation) -> Outline:
    """All steps of a derivation; of a long one without the rewrites, and what repeats under other names told once."""
    if len(d.steps) <= LONGEST:
        return Outline(d.steps)
    candidates = [s for s in d.steps if s.level <= 1]
    found = tuple(repeats(candidates))
    again = {s.number for r in found for s in r.steps}
    shown = [s for s in candidates if s.number not in again]
    if len(shown) <= MOST_TOLD:
        return Outline(tuple(shown), (), found)
    first = MOST_TOLD - _AT_END
    return Outline((*shown[:first], *shown[-_AT_END:]), tuple(shown[first:-_AT_END]), found)

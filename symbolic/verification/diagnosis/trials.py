"""Trials: does an edited program have the wanted values? Tried in floats at a few fixed points, so that hundreds of
candidates cost little; whatever passes here is confirmed by the judge afterwards."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.candidates import Candidate
from symbolic.verification.equality_points import Comparer
from symbolic.verification.evaluation_numbers import Column, Floats, Trace
from symbolic.verification.evaluation_points import Draw, draw_sizes, label_ranges
from symbolic.verification.evaluation_program import Program, Run

NOTHING = 1e-12  # what rounding may leave of zero


@dataclass(frozen=True)
class Trial:
    """One point: the program at its sizes, the run so far, and the values of claim and truth there."""

    program: Program
    run: Run
    claimed: Column
    true: Column

    @functools.cached_property
    def steps(self) -> list[tuple[int, frozenset[int], Callable[[Run], Column]]]:
        """The program's steps, each with the serial of what it computes and those of what it reads."""
        return [(t.serial, frozenset(u.serial for u in t.operands), step) for t, step in self.program.steps]

    @property
    def sizes(self) -> dict[sp.Symbol, int]:
        """The numbers of the named dimensions."""
        return self.program.sizes

    def values(self, candidate: Candidate) -> Column | None:
        """The values of an edited program here: only the edits and what depends on them are computed anew.

        None if they cannot be computed.
        """
        try:
            changed = {t.serial: self.program.extend(self.run, new) for t, new in candidate.changes.items()}
            if candidate.output.serial in changed:
                return changed[candidate.output.serial]
            after = Run(self.run.domain, self.run.whole)
            after.tables = self.run.tables | changed
            for serial, read, step in self.steps:
                if serial not in changed and not read.isdisjoint(changed):
                    changed[serial] = after.tables[serial] = step(after)
            return after.tables[candidate.output.serial]
        except (ChainruleError, ArithmeticError, ValueError, TypeError, KeyError):
            return None


class Trials:
    """A few points at which claim and truth are defined, free of ties; ``extra`` tensors are computed there as well."""

    def __init__(self, claim: Tensor, truth: Tensor, extra: Sequence[Tensor], comparer: Comparer, count: int = 3):
        self.claim, self.truth = claim, truth
        tensors = topological([claim, truth, *extra])
        leaves = [t for t in tensors if t.definition is None]
        self.points: list[Trial] = []
        for attempt in range(6 * count):
            if len(self.points) == count:
                break
            sizes = draw_sizes(tensors, comparer.rng, 2, 4, comparer.fixed)
            if sizes is None:
                break
            last = len(self.points) == count - 1 and attempt < 5 * count
            if last and not _told_apart([*(t.sizes for t in self.points), sizes], comparer.fixed):
                continue  # a factor 1/P could not be told from a number, or from 1/K
            try:
                program = Program([claim, truth, *extra], sizes, 50_000)
                values = Draw(comparer.rng, sizes, label_ranges(tensors, sizes), 1 + attempt % 2).values(leaves)
                trace = Trace()
                run = program.evaluate(values, Floats(trace))
            except ChainruleError:
                continue
            claimed, true = run.tables[claim.serial], run.tables[truth.serial]
            if attempt < 4 * count and (max(map(abs, (*claimed, *true)), default=0) < NOTHING or close(claimed, true)):
                continue  # where both are zero, as outside a margin or in a norm of two, or equal, nothing can be told
            if not trace.ties and all(v == v and abs(v) < 1e150 for v in (*claimed, *true)):
                self.points.append(Trial(program, run, claimed, true))

    def same_values(self, tensors: Sequence[Tensor]) -> dict[int, int]:
        """For each tensor of the programs the serial of the first one that has the same values at every point."""
        first: dict[tuple, int] = {}
        found = {}
        for t in tensors:
            columns = [trial.run.tables.get(t.serial) for trial in self.points]
            if t.ndim and columns and all(c is not None for c in columns):
                key = (t.ndim, *(tuple(round(float(v), 9) for v in c) for c in columns if c is not None))
                found[t.serial] = first.setdefault(key, t.serial)
        return found

    def explains(self, candidate: Candidate) -> bool:
        """True if at every point the edited claim has the values of the truth (the edited truth those of the claim)."""
        for trial in self.points:
            values = trial.values(candidate)
            target = trial.true if candidate.side == "claim" else trial.claimed
            if values is None or not close(values, target):
                return False
        return bool(self.points)


def _told_apart(choices: Sequence[Mapping[sp.Symbol, int]], fixed: Container[sp.Symbol]) -> bool:
    """Whether no dimension has one size throughout, and no two have the same ones."""
    runs = [tuple(sizes[d] for sizes in choices) for d in choices[0] if d not in fixed]
    return len(set(runs)) == len(runs) and all(len(set(run)) > 1 for run in runs)


def close(a: Column, b: Column, tolerance: float = 1e-7) -> bool:
    """True if two columns agree up to rounding of floats."""
    if len(a) != len(b):
        return False
    scale = max((abs(v) for v in b), default=0.0)
    return all(abs(x - y) <= tolerance * (abs(y) + 1e-3 * scale) for x, y in zip(a, b, strict=True))

"""Comparison at random points: the rungs of the ladder below proof.

Floats look for a difference, cheaply and at many points. Every other statement is made in real numbers of high precision:
two values are different only if their difference stays the same when the precision is doubled, and equal only if it
shrinks with it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.effort import SECOND, spent
from symbolic.verification.evaluation_balls import Ball, Balls
from symbolic.verification.evaluation_numbers import Floats, Reals, TooLarge, Trace, context_of
from symbolic.verification.evaluation_points import (
    Draw,
    Values,
    counted_dimensions,
    dimensions,
    draw_sizes,
    fits,
    label_ranges,
    scales,
)
from symbolic.verification.evaluation_program import Program, Run, Sizes, count_points
from symbolic.verification.evaluation_residues import Degrees, NoSquare, Residues, TooShort, prime_tower

SEARCHED = 24  # float points
CONFIRMED = 4  # high-precision points that an agreement rests on, besides the float points
DIGITS, FINE, MOST_DIGITS = 30, 110, 1000
MODEST = 2000  # points of a program at sizes that are larger only to tell n from a small number
DOMAINS = (frozenset(), frozenset({"positive"}), frozenset({"unit_interval"}))  # where points are looked for in turn
PLENTY = 1000  # entries that make one point enough
TALLEST = 4  # exponentials nested in each other that residues follow


@dataclass(frozen=True)
class Point:
    """Sizes, values of the leaves, and the flat position of the entry that differs there."""

    sizes: Sizes
    values: Values
    entry: int


@dataclass
class Tally:
    """What the points have shown so far."""

    points: int = 0
    floats: int = 0
    ties: int = 0
    claim_undefined: Point | None = None
    undefined: int = 0
    truth_undefined: bool = False
    too_large: str = ""
    failed: str = ""
    sizes: dict[tuple, None] = field(default_factory=dict)
    entries: int = 0
    conventions: bool = False
    primes: list[int] = field(default_factory=list)
    degree: int | None = None
    opaque: bool = False
    unit_sizes: bool = False
    inexact: bool = False
    domain: str = ""


@dataclass(frozen=True)
class Comparison:
    """``outcome``: equal, different (with the ``point``), or unknown (with the ``reason``)."""

    outcome: str
    tally: Tally
    point: Point | None = None
    reason: str = ""


class Comparer:
    """Compares pairs of tensors of one shape; ``rng`` is the only source of chance, ``sizes`` fixes named dimensions."""

    def __init__(self, rng: random.Random, sizes: Sizes | None = None, effort: float = 2 * SECOND):
        self.rng, self.fixed, self.effort = rng, dict(sizes or {}), effort

    def compare(self, claim: Tensor, truth: Tensor) -> Comparison:
        """The comparison of two tensors of equal shape at random points."""
        tensors = topological([claim, truth])
        tally = Tally()
        end = spent() + self.effort
        programs = _Programs(self, claim, truth, tensors)
        if not programs.ready(tally):
            return Comparison("unknown", tally, reason=tally.failed or tally.too_large)
        suspect = self._search(programs, tally)
        if suspect is not None:
            return Comparison("different", tally, suspect)
        return self._confirm(programs, tally, end)

    def visibly_different(self, claim: Tensor, truth: Tensor) -> bool:
        """True if floats differ by much more than their noise at two points, at the programs' own sizes."""
        tally = Tally()
        programs = _Programs(self, claim, truth, topological([claim, truth]))
        if not programs.ready(tally):
            return False
        seen = 0
        for k in range(4):
            program, _, values = programs.point(k)
            try:
                run = program.evaluate(values, Floats())
            except EvaluationError:
                continue
            seen += bool(_float_differences(run, claim, truth))
            if seen == 2:
                return True
        return False

    def _search(self, programs: _Programs, tally: Tally) -> Point | None:
        """A point where floats differ and real numbers confirm it."""
        doubts, start = 0, spent()
        for k in range(SEARCHED):
            done = spent() - start
            if (done > self.effort / 4 and (tally.floats >= 4 or done > self.effort)) or doubts > 4:
                return None
            program, sizes, values = programs.point(k)
            trace = Trace()
            try:
                run = program.evaluate(values, Floats(trace))
            except TooLarge as error:
                tally.too_large = str(error)
                continue
            except EvaluationError as error:
                tally.failed = str(error)
                continue
            tally.floats += 1
            if trace.ties:
                tally.ties += 1
                continue
            if all(t != t for t in run.tables[programs.truth.serial]):
                programs.nowhere(tally)
            for entry in _float_differences(run, programs.claim, programs.truth)[:1]:
                doubts += 1
                if self.differs(program, values, entry, tally):
                    return Point(sizes, values, entry)
        return None

    def _confirm(self, programs: _Programs, tally: Tally, end: float) -> Comparison:
        unresolved = ""
        for k in range(10 * CONFIRMED):
            if tally.points >= CONFIRMED:
                break
            if spent() > end and (tally.points >= 2 or tally.entries >= PLENTY):
                break
            if spent() > end + self.effort:
                tally.too_large = tally.too_large or "the work of one comparison was used up"
                break
            program, sizes, values = programs.point(k)
            trace, digits = Trace(), FINE if tally.points == 0 else DIGITS
            try:
                run = program.evaluate(values, Reals(digits, trace))
            except TooLarge as error:
                tally.too_large = str(error)
                programs.calm()
                continue
            except EvaluationError as error:
                tally.failed = str(error)
                continue
            if trace.ties:
                tally.ties += 1
                continue
            claimed, true = (run.tables[t.serial] for t in program.outputs)
            defined, unequal = 0, []
            for entry, (c, t) in enumerate(zip(claimed, true, strict=True)):
                if t != t:
                    tally.truth_undefined = True
                elif c != c and 1 in sizes.values():
                    tally.unit_sizes = True
                elif c != c:
                    tally.undefined += 1
                    tally.claim_undefined = tally.claim_undefined or Point(sizes, values, entry)
                else:
                    defined += 1
                    if not _coincide(c, t, digits):
                        unequal.append(entry)
            most = MOST_DIGITS if tally.points == 0 else 2 * FINE  # the first point has said what more digits would
            different, unclear = self.differing(program, values, unequal, tally, digits, most)
            if different is not None:
                return Comparison("different", tally, Point(sizes, values, different))
            if unclear and trace.exact:
                tally.conventions = True
            elif unclear:
                gap = _short(claimed[unclear[-1]] - true[unclear[-1]])
                unresolved = f"claim and truth differ by about {gap} at a point where rounding is not under control"
            odd = programs.residues(program, values, trace, run, tally) if not program.inexact else None
            tally.inexact = program.inexact
            if odd is not None and self.differs(program, values, odd, tally, MOST_DIGITS // 2):
                return Comparison("different", tally, Point(sizes, values, odd))
            if odd is not None:
                unresolved = "claim and truth differ modulo primes, by less than 1000 digits show"
            if all(t != t for t in true):
                programs.nowhere(tally)
            if defined:
                tally.points += 1
                tally.entries += defined
                tally.sizes[tuple((s.name, n) for s, n in sorted(sizes.items(), key=lambda i: i[0].name))] = None
        if unresolved:
            return Comparison("unknown", tally, reason=unresolved)
        if tally.points < 2 and (tally.points < 1 or (programs.random and tally.entries < PLENTY)):
            reason = tally.too_large or tally.failed or "no point was found at which claim and truth are both defined"
            if tally.ties:
                reason = "every point that was tried lies on a kink"
            return Comparison("unknown", tally, tally.claim_undefined, reason)
        if tally.claim_undefined is not None:
            return Comparison(
                "unknown", tally, tally.claim_undefined, "the claim is undefined where the truth is defined"
            )
        return Comparison("equal", tally)

    def differs(self, program: Program, values: Values, entry: int, tally: Tally, digits: int = DIGITS) -> bool:
        """True if the entry's two values are certainly different numbers."""
        return self.differing(program, values, [entry], tally, digits)[0] is not None

    def differing(
        self, program: Program, values: Values, entries: Sequence[int], tally: Tally, digits: int = DIGITS,
        most: int = MOST_DIGITS,
    ) -> tuple[int | None, list[int]]:  # fmt: skip
        """The first of some entries whose two values are certainly different numbers (their error bounds do not overlap).

        The precision is doubled for those that still overlap, until hardly any error is left. With it come the entries that
        cannot be judged at this point: undefined, or on a kink.
        """
        most = DIGITS * 2 if program.inexact else most
        digits, left, unclear = min(digits, most), list(entries), []
        trace = Trace()
        while left and digits <= most:
            trace = Trace()
            domain = Balls(digits, trace)
            try:
                claimed, true = program.run(values, domain)
            except EvaluationError as error:
                tally.failed = str(error)
                return None, left
            overlapping = []
            for entry in left:
                c, t = claimed[entry], true[entry]
                if c != c or t != t:
                    unclear.append(entry)
                elif isinstance(c, int) and isinstance(t, int):
                    if c != t:
                        return entry, unclear
                elif trace.ties:
                    overlapping.append(entry)
                elif (c := domain.ball(c)).apart(t := domain.ball(t)):
                    if not trace.exact or self._by_no_convention(program, values, entry):
                        return entry, unclear
                    unclear.append(entry)
                elif digits < FINE or not _settled(c, t, digits):
                    overlapping.append(entry)
            left = overlapping
            digits *= 2
        return None, [*unclear, *(left if trace.ties else ())]

    @staticmethod
    def _by_no_convention(program: Program, values: Values, entry: int) -> bool | None:
        """True if claim and truth differ whatever convention either takes at the exact ties of this point, else None."""
        runs = [program.run(values, Reals(DIGITS, tie=tie)) for tie in (-1, 0, 1)]
        claims, truths = ([run[side][entry] for run in runs] for side in (0, 1))
        if any(v != v for v in (*claims, *truths)):
            return None
        apart = not any(_coincide(c, t, DIGITS // 2) for c in claims for t in truths)
        return True if apart and (min(claims) > max(truths) or max(claims) < min(truths)) else None


class _Programs:
    """The compiled pair at several sizes, and random points for it."""

    def __init__(self, comparer: Comparer, claim: Tensor, truth: Tensor, tensors: Sequence[Tensor]):
        self.comparer, self.claim, self.truth, self.tensors = comparer, claim, truth, tensors
        self.leaves = [t for t in tensors if t.definition is None]
        self.random = any(t.value is None for t in self.leaves) or bool(dimensions(tensors))
        self.compiled: list[tuple[Program, dict[sp.Symbol, int], dict[int, int]]] = []
        self._scales = scales(tensors)
        self._domain = self._empty = 0
        self._height = 1  # of the tower of primes; 0 where the program has no residues

    def ready(self, tally: Tally) -> bool:
        """Compile at two or three draws of sizes; False (and the reason in the tally) if none can be computed."""
        comparer, free = self.comparer, [d for d in dimensions(self.tensors) if d not in self.comparer.fixed]
        draws: list[dict[sp.Symbol, int]] = []
        for low, high in ((2, 4), (1, 4), (2, 5)) if free else ((2, 4),):
            sizes = draw_sizes(self.tensors, comparer.rng, low, high, comparer.fixed)
            if sizes is not None and sizes not in draws:
                draws.append(sizes)
        counted = counted_dimensions(self.tensors)
        for high in (40, 11) if counted and draws else ():
            larger = {
                d: comparer.rng.randint(6, high) if d in counted and d in free else n for d, n in draws[0].items()
            }
            if fits(self.tensors, larger) and count_points(self.tensors, larger) <= MODEST:
                draws.append(larger)
                break
        for sizes in draws:
            try:
                program = Program([self.claim, self.truth], sizes)
                self.compiled.append((program, sizes, label_ranges(self.tensors, sizes)))
            except TooLarge as error:
                tally.too_large = str(error)
            except EvaluationError as error:
                tally.failed = str(error)
        if not draws:
            tally.failed = "no sizes were found at which every dimension is a whole number"
        return bool(self.compiled)

    def nowhere(self, tally: Tally) -> None:
        """A point where the truth has no entry that is defined: after some of them, look in the next smaller domain."""
        self._empty += 1
        if self._empty % 6 == 0 and self._domain < len(DOMAINS) - 1:
            self._domain += 1
            tally.domain = " and ".join(DOMAINS[self._domain]).replace("_", " ")

    def calm(self) -> None:
        """From now on smaller values: at the present ones a function grows beyond what is computed."""
        self._scales = tuple(Fraction(size) / 4 for size in self._scales[:4])

    def point(self, k: int) -> tuple[Program, dict[sp.Symbol, int], Values]:
        """The k-th random point, cycling through sizes and scales."""
        program, sizes, labels = self.compiled[k % len(self.compiled)]
        scale = self._scales[(k // len(self.compiled)) % len(self._scales)]
        draw = Draw(self.comparer.rng, sizes, labels, scale, within=DOMAINS[self._domain])
        return program, sizes, draw.values(self.leaves)

    def residues(self, program: Program, values: Values, trace: Trace, real: Run, tally: Tally) -> int | None:
        """Compare modulo fresh primes at the point of a real run; the entry that certainly differs, else None."""
        rng = self.comparer.rng
        for _ in range(8):
            if not self._height:
                return None
            domain = Residues(prime_tower(rng, self._height), trace, rng)
            try:
                claimed, true = program.run(values, domain, real)
            except TooShort:
                self._height = self._height + 1 if self._height < TALLEST else 0
                continue
            except NoSquare:
                continue
            except (EvaluationError, ValueError):
                self._height = 0
                return None
            odd = None
            for entry, (c, t) in enumerate(zip(claimed, true, strict=True)):
                undefined = any(real.tables[u.serial][entry] != real.tables[u.serial][entry] for u in program.outputs)
                if not undefined and any(x != y for x, y in zip(c, t, strict=False)):
                    odd = entry if domain.faithful else None
                    break
            else:
                tally.primes.append(domain.primes[0])
                tally.opaque = tally.opaque or not domain.faithful
                if tally.degree is None:
                    tally.degree = self._degree(program, values, trace, real)
            return odd
        return None

    @staticmethod
    def _degree(program: Program, values: Values, trace: Trace, real: Run) -> int | None:
        """A bound on the degree of claim − truth, over a common denominator; None if they are not rational."""
        try:
            claimed, true = program.run(values, Degrees(trace), real)
        except EvaluationError:
            return None
        return max((max(c[0] + t[1], t[0] + c[1]) for c, t in zip(claimed, true, strict=True)), default=0)


def _float_differences(run: Run, claim: Tensor, truth: Tensor) -> list[int]:
    """Entries at which floats differ by more than their noise, the most visible first."""
    found = []
    for entry, (c, t) in enumerate(zip(run.tables[claim.serial], run.tables[truth.serial], strict=True)):
        gap, size = abs(c - t), abs(c) + abs(t)
        if gap > 1e-7 * size and gap < float("inf"):
            found.append((gap, size, entry))
    if not found:
        return []
    noise = 1e-12 * max((abs(v) for table in run.tables.values() for v in table if abs(v) < float("inf")), default=0)
    visible = [(gap / size, entry) for gap, size, entry in found if gap > noise]
    return [entry for _, entry in sorted(visible, reverse=True)]


def _settled(c: Ball, t: Ball, digits: int) -> bool:
    """True if two balls that overlap are so small that they will go on doing so."""
    return c.error + t.error <= max(abs(c.value), abs(t.value)) * c.domain.context.mpf(10) ** (-digits // 2)


def _coincide(c: Any, t: Any, digits: int) -> bool:
    return abs(c - t) <= max(abs(c), abs(t)) * context_of(15).mpf(10) ** (8 - digits)


def _short(v: Any) -> str:
    return f"{float(v):.2g}"

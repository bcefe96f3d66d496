"""The smallest readable point at which a claim fails: few rows and columns, small whole numbers, one entry."""

from __future__ import annotations

from typing import Any

from symbolic.errors import EvaluationError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.equality_points import Comparer, Comparison, Point, Tally
from symbolic.verification.evaluation_numbers import Floats, Fractions, Reals, Trace
from symbolic.verification.evaluation_points import Draw, dimensions, draw_sizes, label_ranges
from symbolic.verification.evaluation_program import Program
from symbolic.verification.verdict import Counterexample, nested, number_text, unravelled

SHOWN = 10  # significant digits of values that are no fractions


def counterexample(comparison: Comparison, claim: Tensor, truth: Tensor, comparer: Comparer) -> Counterexample | None:
    """The comparison's point made small: sizes from 1 upwards, small numbers, confirmed at doubled precision again."""
    point = smaller(claim, truth, comparer) or comparison.point
    return None if point is None else shown(point, claim, truth)


def smaller(claim: Tensor, truth: Tensor, comparer: Comparer) -> Point | None:
    """A confirmed point of small size with simple values, or None if a short search finds none."""
    tensors = topological([claim, truth])
    leaves = [t for t in tensors if t.definition is None]
    tried: list[dict] = []
    for low, high in ((1, 1), (1, 2), (2, 2), (2, 3), (2, 3), (2, 4)) if dimensions(tensors) else ((1, 1),):
        sizes = draw_sizes(tensors, comparer.rng, low, high, comparer.fixed)
        if sizes is None or sizes in tried:
            continue
        tried.append(sizes)
        try:
            program = Program([claim, truth], sizes, 20_000)
        except EvaluationError:
            continue
        labels = label_ranges(tensors, sizes)
        for _ in range(6):
            values = Draw(comparer.rng, sizes, labels, simple=True).values(leaves)
            entry = _visible(program, values)
            if entry is not None and comparer.differs(program, values, entry, Tally()):
                return Point(sizes, values, entry)
    return None


def _visible(program: Program, values) -> int | None:
    """The entry at which floats differ by a visible amount, away from kinks."""
    trace = Trace()
    try:
        claimed, true = program.run(values, Floats(trace))
    except EvaluationError:
        return None
    if trace.ties:
        return None
    gaps = [(abs(c - t) / (1 + abs(t)), k) for k, (c, t) in enumerate(zip(claimed, true, strict=True))]
    gaps = [(gap, -k) for gap, k in gaps if gap == gap and 1e-3 < gap < 1e6]
    return -max(gaps)[1] if gaps else None


def shown(point: Point, claim: Tensor, truth: Tensor) -> Counterexample:
    """The point as data: nested values of each declared tensor, the entry's index, both values as text."""
    program = Program([claim, truth], point.sizes)
    claimed, true = (column[point.entry] for column in _exact(program, point))
    values = tuple(
        (t.label, nested(flat, program.shape(t))) for t, flat in sorted(point.values.items(), key=lambda i: i[0].serial)
    )
    sizes = tuple(sorted((s.name, n) for s, n in point.sizes.items()))
    entry = unravelled(point.entry, program.shape(truth))
    return Counterexample(sizes, values, entry, number_text(claimed, SHOWN), number_text(true, SHOWN))


def _exact(program: Program, point: Point) -> list[list[Any]]:
    """Both sides as exact fractions where that is possible, else as real numbers."""
    try:
        return program.run(point.values, Fractions())
    except EvaluationError:
        return program.run(point.values, Reals(40))

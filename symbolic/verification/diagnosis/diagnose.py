"""The search for a mistake: candidates from every family, tried in floats, sorted by the table, confirmed by the judge."""

from __future__ import annotations

from collections.abc import Iterator

from symbolic.errors import ChainruleError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.activations import (
    Activation,
    activations,
    argument_candidates,
    slope_candidates,
    softmax_candidates,
    spare_slope_candidates,
)
from symbolic.verification.diagnosis.candidates import Candidate, readable
from symbolic.verification.diagnosis.local import local_candidates, path_candidates
from symbolic.verification.diagnosis.mistakes import RANK, explained
from symbolic.verification.diagnosis.products import product_candidates, shape_candidates, symmetry_candidates
from symbolic.verification.diagnosis.ratios import ratio_candidates
from symbolic.verification.diagnosis.surgery import rebuilt
from symbolic.verification.diagnosis.trials import Trials
from symbolic.verification.effort import SECOND, spend, spent
from symbolic.verification.equality_points import Comparer
from symbolic.verification.equality_shapes import same_shape
from symbolic.verification.verdict import Diagnosis

ENOUGH = 12  # candidates that pass in floats


def diagnose(claim: Tensor, truth: Tensor, comparer: Comparer, effort: float = 2 * SECOND) -> Diagnosis | None:
    """The most specific mistake whose undoing is confirmed to give the truth; None if there is none.

    ``claim`` and ``truth`` may differ in shape (a forgotten sum, a vector for a diagonal matrix).
    """
    end = spent() + effort
    tensors = topological([truth, claim])
    slopes = activations(tensors)
    try:
        trials = Trials(claim, truth, [a.slope for a in slopes], comparer)
    except ChainruleError:
        return None
    if not trials.points:
        return None
    passed: list[Candidate] = []
    try:
        for candidate in _candidates(claim, truth, tensors, slopes, trials):
            if spent() > end or len(passed) >= ENOUGH:
                break
            spend(300)  # of making it
            if trials.explains(candidate):
                passed.append(candidate)
    except (ChainruleError, ArithmeticError, RecursionError):
        pass  # an edit of a body that has no value; what passed before still counts
    for candidate in sorted(passed, key=_rank):
        found = _confirmed(candidate, claim, truth, comparer)
        if found is not None:
            return found
    return _right_for_symmetric(claim, truth, comparer)


def _right_for_symmetric(claim: Tensor, truth: Tensor, comparer: Comparer) -> Diagnosis | None:
    """The claim that is right if and only if a square matrix is symmetric, which is not declared."""
    if not same_shape(claim.extents, truth.extents):
        return None
    for candidate in symmetry_candidates(claim):
        ((A, mean),) = candidate.changes.items()
        if comparer.compare(candidate.tensor, rebuilt(truth, {A: mean})).outcome == "equal":
            return Diagnosis("symmetric assumption", explained("symmetric assumption", A.label), truth, "agrees")
    return None


def _rank(candidate: Candidate) -> float:
    """The place in the table; a factor lost inside the truth may by accident be a path lost, which is then meant."""
    inside = candidate.side == "truth" and candidate.label == "missing h'"
    return RANK["forgotten path"] + 0.5 if inside else RANK[candidate.label]


def _candidates(
    claim: Tensor, truth: Tensor, tensors: list[Tensor], slopes: list[Activation], trials: Trials
) -> Iterator[Candidate]:
    """Candidates of all families, the likely ones first; of a claim of another shape only those that mend the shape."""
    yield from shape_candidates(claim, truth.extents)
    if not same_shape(claim.extents, truth.extents):
        return
    yield from ratio_candidates(claim, truth, trials)
    yield from symmetry_candidates(claim)
    yield from softmax_candidates(claim, tensors)
    yield from path_candidates(truth)
    alike = trials.same_values(tensors)
    yield from argument_candidates(claim, tensors, slopes, alike)
    yield from slope_candidates(claim, slopes)
    yield from product_candidates(claim)
    yield from local_candidates(claim, "claim")
    yield from local_candidates(truth, "truth")
    yield from spare_slope_candidates(claim, slopes)
    yield from argument_candidates(claim, tensors, slopes, alike, every=True)


def _confirmed(candidate: Candidate, claim: Tensor, truth: Tensor, comparer: Comparer) -> Diagnosis | None:
    edited = candidate.tensor
    target = truth if candidate.side == "claim" else claim
    if not same_shape(edited.extents, target.extents) or comparer.compare(edited, target).outcome != "equal":
        return None
    repair = edited if candidate.side == "claim" else truth
    detail = readable(candidate.detail, topological([claim, truth]))
    return Diagnosis(candidate.label, explained(candidate.label, detail), repair, "agrees")

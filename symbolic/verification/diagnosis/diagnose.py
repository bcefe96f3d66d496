"""The search for a mistake: candidates from every family, tried in floats, sorted by the table, confirmed by the judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.functions import Equal, Less, LessEqual, Sign, Step, Where
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.activations import (
    argument_candidates,
    factor_candidates,
    gate_candidates,
    other_slope_candidates,
    skipped_candidates,
    slope_candidates,
    softmax_candidates,
    spare_slope_candidates,
    swapped_candidates,
)
from symbolic.verification.diagnosis.axes import axis_candidates
from symbolic.verification.diagnosis.candidates import Candidate, readable
from symbolic.verification.diagnosis.chains import chain_candidates, turned_chain_candidates
from symbolic.verification.diagnosis.local import local_candidates, path_candidates
from symbolic.verification.diagnosis.mistakes import RANK, explained, is_specific, rank
from symbolic.verification.diagnosis.neurons import Activation, activations
from symbolic.verification.diagnosis.products import (
    lost_matrix_candidates,
    matrix_candidates,
    product_candidates,
    shape_candidates,
    symmetry_candidates,
)
from symbolic.verification.diagnosis.ratios import ratio_candidates
from symbolic.verification.diagnosis.surgery import merged, rebuilt, written_once
from symbolic.verification.diagnosis.trials import Trials
from symbolic.verification.effort import SECOND, spend, spent
from symbolic.verification.equality_points import Comparer
from symbolic.verification.equality_shapes import same_shape
from symbolic.verification.verdict import Diagnosis

ENOUGH = 12  # candidates that pass in floats
MAKING = 300.0  # effort of making one
PLAIN = (False, False, RANK["factor"])  # a sign or a constant: nothing that comes later is meant instead
CONDITIONS = (Equal, Less, LessEqual, Sign, Step, Where)


def diagnose(claim: Tensor, truth: Tensor, comparer: Comparer, effort: float = 2 * SECOND) -> Diagnosis | None:
    """The most specific mistake whose undoing is confirmed to give the truth; None if there is none.

    ``claim`` and ``truth`` may differ in shape (a forgotten sum, a vector for a diagonal matrix).
    """
    end = spent() + effort
    try:
        first = Trials(claim, truth, [], comparer)
        together = merged(truth, first.same_values(topological([truth])))
        if together is not truth and comparer.compare(together, truth).outcome != "equal":
            together = truth
        written = written_once(claim)
        found = _searched(written, together, comparer, end)
        if written is not claim and not is_specific(found):  # wrong in one of its places only
            found = min(filter(None, (found, _searched(claim, together, comparer, end))), key=rank, default=None)
    except ChainruleError:
        return None
    if found is None:
        return _right_for_symmetric(claim, truth, comparer)
    return found if together is truth or found.repair is not together else replace(found, repair=truth)


def _searched(claim: Tensor, truth: Tensor, comparer: Comparer, end: float) -> Diagnosis | None:
    """The best of the candidates that pass, confirmed; the search ends at ``end``."""
    slopes = activations(topological([truth, claim]))
    trials = Trials(claim, truth, [a.slope for a in slopes], comparer)
    if not trials.points:
        return None
    behind = _behind_conditions(truth)

    def order(c: Candidate) -> tuple[bool, bool, float]:
        hidden = c.side == "truth" and behind.issuperset(c.changes)
        return hidden, hidden and c.label != "missing h'", _rank(c)

    passed: list[Candidate] = []
    best: tuple[bool, bool, float] | None = None
    for family in _families(trials, slopes):
        try:
            for candidate in family:
                if spent() > end or len(passed) >= ENOUGH or (best is not None and best <= PLAIN):
                    break
                spend(MAKING)
                place = order(candidate)
                if (best is None or place < best) and trials.explains(candidate):
                    passed.append(candidate)
                    best = place
        except (ChainruleError, ArithmeticError, RecursionError):
            continue  # an edit of a body that has no value
    return next((d for c in reversed(passed) if (d := _confirmed(c, claim, truth, comparer)) is not None), None)


def _arguments(truth: Tensor, slopes: Sequence[Activation]) -> set[Tensor]:
    """What is computed before a nonlinear function is applied: a sum there is none over paths."""
    bent = [a.argument for a in slopes if not a.is_power]
    order = topological([truth])
    for t in order:
        if isinstance(t.definition, Equation):
            applied = t.definition.body.atoms(sp.Function) - t.definition.body.atoms(Access)
            bent += [a.tensor for f in applied for a in f.atoms(Access)]
    return set(topological(bent)) & set(order)


def _behind_conditions(truth: Tensor) -> set[Tensor]:
    """The tensors that are read only where something is decided: an edit there (of the sign of a margin, so that the
    condition always holds) has by accident the effect of a mistake elsewhere."""
    outside = {truth}
    for t in reversed(topological([truth])):
        if t in outside:
            eq = t.definition
            if isinstance(eq, Equation):
                decided = {a for c in eq.body.atoms(*CONDITIONS) for a in c.args[: 1 if isinstance(c, Where) else None]}
                bare = eq.body.xreplace(dict.fromkeys(decided, sp.S.One))
                outside |= {a.tensor for a in bare.atoms(Access)}
            else:
                outside |= set(t.operands)
    return set(topological([truth])) - outside


def _right_for_symmetric(claim: Tensor, truth: Tensor, comparer: Comparer) -> Diagnosis | None:
    """The claim that is right if and only if a square matrix is symmetric, which is not declared."""
    if not same_shape(claim.extents, truth.extents):
        return None
    for candidate in symmetry_candidates(claim):
        if comparer.compare(candidate.tensor, rebuilt(truth, candidate.changes)).outcome == "equal":
            return Diagnosis(
                "symmetric assumption", explained("symmetric assumption", candidate.detail), truth, "agrees"
            )
    return None


def _rank(candidate: Candidate) -> float:
    """The place in the table; a factor lost inside the truth may by accident be a path lost, or an exponent off by one,
    which is then meant."""
    if candidate.after:
        return RANK[candidate.after] + 0.5
    inside = candidate.side == "truth" and candidate.label == "missing h'"
    return RANK["off by one"] + 0.5 if inside else RANK[candidate.label]


def _families(trials: Trials, slopes: Sequence[Activation]) -> Iterator[Iterator[Candidate]]:
    """Candidates by family, the likely ones first; of a claim of another shape only those that mend the shape."""
    claim, truth = trials.claim, trials.truth
    yield shape_candidates(claim, truth.extents)
    if not same_shape(claim.extents, truth.extents):
        yield turned_chain_candidates(claim, truth.extents)
        return
    tensors = topological([truth, claim])
    alike = trials.same_values([*tensors, *(a.slope for a in slopes)])
    yield ratio_candidates(claim, truth, trials)
    yield symmetry_candidates(claim)
    yield softmax_candidates(claim, tensors)
    yield path_candidates(truth)
    yield argument_candidates(claim, tensors, slopes, alike)
    yield slope_candidates(claim, slopes)
    yield other_slope_candidates(claim, slopes, alike)
    yield gate_candidates(claim, truth)
    yield skipped_candidates(truth, slopes)
    yield product_candidates(claim)
    yield chain_candidates(claim)
    yield axis_candidates(claim)
    yield local_candidates(claim, "claim")
    yield local_candidates(truth, "truth", inner=_arguments(truth, slopes))
    yield matrix_candidates(truth, "truth")
    yield matrix_candidates(claim, "claim")
    yield factor_candidates(claim, tensors)
    yield lost_matrix_candidates(claim, tensors)
    yield swapped_candidates(claim, slopes, alike)
    yield spare_slope_candidates(claim, slopes)
    yield argument_candidates(claim, tensors, slopes, alike, every=True)


def _confirmed(candidate: Candidate, claim: Tensor, truth: Tensor, comparer: Comparer) -> Diagnosis | None:
    edited = candidate.tensor
    target = truth if candidate.side == "claim" else claim
    if not same_shape(edited.extents, target.extents) or comparer.compare(edited, target).outcome != "equal":
        return None
    repair = edited if candidate.side == "claim" else truth
    detail = readable(candidate.detail, topological([claim, truth]))
    return Diagnosis(candidate.label, explained(candidate.label, detail.replace("**", "^")), repair, "agrees")

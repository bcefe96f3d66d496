"""One side of an equality against the other: shapes, orientation, then the values."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.values import ShapeMisfit, Value
from symbolic.verification.equality import check, verdict_of
from symbolic.verification.equality_points import Comparer
from symbolic.verification.verdict import Evidence, Verdict

NOWHERE = (0, 0)


@dataclass(frozen=True)
class Judged:
    """A verdict with the two tensors that were compared, axes aligned (None where shapes do not fit)."""

    verdict: Verdict
    claim: Tensor | None = None
    truth: Tensor | None = None
    label: str = ""  # the mistake in words where no repaired tensor goes with it
    repair: str = ""
    """What should stand there, where that is more than the truth as a formula: a number to the digits shown."""

    @property
    def holds(self) -> bool:
        """Whether the claim is right."""
        return self.verdict.status in ("proved", "agrees")


def said(status: str, sentence: str) -> Judged:
    """A verdict without a comparison."""
    return Judged(Verdict(status, Evidence(sentence)))


def compare(
    claim: Value, truth: Value, derivative: bool, seed: int = 0, diagnosed: bool = True, either: bool = False
) -> Judged:
    """Whether ``claim`` equals ``truth``; ``derivative`` says that the other layout is a layout and not a mistake.

    ``diagnosed``: whether a wrong claim is to be explained (a counterexample, the likely mistake). ``either``: whether a
    vector may stand as a row or as a column, as the derivative by a bias may that is added to the rows of a matrix.
    """
    try:
        claim, truth = _sized(claim, truth)
    except ShapeMisfit as error:
        return said("shape", str(error))
    order = [*truth.labels, *(label for label in claim.labels if label not in truth.labels)]
    known = {label: truth.extent(label) for label in truth.labels}
    for label in claim.labels:
        size = claim.extent(label)
        if not v.same(known.setdefault(label, size), size):
            return said(
                "shape", f"the index {label} runs over {known[label]} values on the left and over {size} on the right"
            )
    if _is_zero(claim) and truth.rank:
        claim = v.pointwise(lambda a: a * 0, [truth], NOWHERE)
    if claim.rank != truth.rank:
        return _unfit(claim, truth, order, known, diagnosed)
    turned = False
    if not all(v.same(a, b) for a, b in zip(claim.core, truth.core, strict=True)):
        if claim.rank != 2 or not all(v.same(a, b) for a, b in zip(claim.core, truth.core[::-1], strict=True)):
            return _unfit(claim, truth, order, known, diagnosed)
        claim, turned = algebra.transposed(claim, NOWHERE), True
    elif claim.rank == 1 and claim.row != truth.row:
        claim, turned = replace(claim, row=truth.row), not either
    claimed, true = v.ordered(claim, order, known), v.ordered(truth, order, known)
    verdict = _checked(claimed, true, seed, diagnosed)
    if turned:
        return _turned(verdict, claim, truth, claimed, true, derivative)
    if verdict.status == "layout" and not (derivative and claim.rank == 2 and not order):
        verdict = replace(verdict, status="refuted", evidence=Evidence("the claim is the transpose of what is right"))
    return Judged(verdict, claimed, true)


def _unfit(claim: Value, truth: Value, order: list[str], known: dict, diagnosed: bool) -> Judged:
    """Shapes that differ, with the mistake that may account for it, such as a sum that is not taken."""
    judged = said("shape", f"{truth.describe()} is on the left, {claim.describe()} on the right")
    if not diagnosed:
        return judged
    claimed, true = v.ordered(claim, order, known), v.ordered(truth, order, known)
    try:
        diagnosis = check(claimed, true).diagnosis
    except ChainruleError:
        return judged
    shown = true if not order else None
    return Judged(replace(judged.verdict, diagnosis=diagnosis), claimed, shown)


def _sized(claim: Value, truth: Value) -> tuple[Value, Value]:
    if claim.form and not truth.form:
        claim = v.fitted(claim, truth, NOWHERE)
    if truth.form and not claim.form:
        truth = v.fitted(truth, claim, NOWHERE)
    if claim.form and truth.form:
        raise ShapeMisfit(f"the size of {truth.describe()} is not known", NOWHERE)
    return claim, truth


def _is_zero(value: Value) -> bool:
    eq = value.tensor.definition
    return value.rank == 0 and isinstance(eq, Equation) and eq.body == 0


def _turned(verdict: Verdict, claim: Value, truth: Value, claimed: Tensor, true: Tensor, derivative: bool) -> Judged:
    """The verdict where the right side has the transposed shape of the left."""
    kind = "a row" if claim.rank == 1 and not truth.row else "a column" if claim.rank == 1 else "the transposed matrix"
    if verdict.status in ("proved", "agrees"):
        sentence = f"right, but written as {kind}: in this document's layout the left side is {truth.describe()}"
        status = "layout" if derivative else "shape"
        label = "layout: transposing the whole line makes it right" if derivative else ""
        return Judged(replace(verdict, status=status, evidence=Evidence(sentence)), claimed, true, label)
    if verdict.status == "undecided":
        return Judged(verdict, claimed, true)
    sentence = f"the left side is {truth.describe()}, the right side {kind}, and transposing it does not make it right"
    return Judged(
        Verdict("refuted" if claim.rank == 1 else "shape", Evidence(sentence), (), verdict.counterexample, None),
        claimed,
        true,
    )


def _checked(claim: Tensor, truth: Tensor, seed: int, diagnosed: bool) -> Verdict:
    try:
        if not diagnosed:
            comparer = Comparer(random.Random(seed), {})  # noqa: S311 (points to try, no secrets)
            return verdict_of(comparer.compare(claim, truth), claim, truth)
        return check(claim, truth, seed=seed)
    except ChainruleError as error:
        return Verdict("undecided", Evidence(str(error)))

"""``check``: is a claim equal to a truth? A ladder from shapes through proof to exact and high-precision points.

The judge is independent of the differentiation engine: both sides arrive as programs, and only their values count.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError
from symbolic.language.operations import as_tensor
from symbolic.program.dims import Dim, shape_text
from symbolic.program.functions import BY_HEAD
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor
from symbolic.verification.counterexample import counterexample
from symbolic.verification.diagnosis import diagnose, explained
from symbolic.verification.diagnosis.mistakes import is_specific, rank
from symbolic.verification.effort import SECOND
from symbolic.verification.elaboration.values import ShapeMisfit
from symbolic.verification.equality_claims import read_claim, tensor_of, vocabulary
from symbolic.verification.equality_code import formula_diagnosis, judge_function, misfit_diagnosis, shape_diagnosis
from symbolic.verification.equality_letters import readings, with_all_equal
from symbolic.verification.equality_points import Comparer, Comparison, Tally
from symbolic.verification.equality_proof import Proof, prove
from symbolic.verification.equality_shapes import layouts, same_shape
from symbolic.verification.equality_sizes import generalised, is_large, restored
from symbolic.verification.evaluation_points import GRAIN
from symbolic.verification.verdict import Diagnosis, Evidence, Verdict

LARGEST_JUDGED = 5_000  # points of a program that is judged at its own sizes


def check(
    claim: Any,
    truth: Any,
    *,
    sizes: Mapping[str, int] | None = None,
    seed: int | None = None,
    symbols: Mapping[str, Tensor] | None = None,
    diagnosis: bool = True,
) -> Verdict:
    """Judge whether ``claim`` equals ``truth``.

    ``claim``: a Tensor, a number or array, a function in NumPy (called with the truth's declared tensors by parameter
    name) or a LaTeX string. ``sizes`` fixes named dimensions for the points that are tried, ``seed`` makes them
    reproducible, ``symbols`` adds tensors that a function or formula may name although the truth does not read them,
    ``diagnosis=False`` leaves out the search for the mistake in a wrong claim.

    Returns a ``Verdict``: proved, agrees, refuted (confirmed at doubled precision, with a counterexample), layout (the
    whole claim is the whole truth in the other layout), shape, or undecided with the reason. Raises ``DeclarationError``
    where the question itself cannot be asked (an unknown parameter, a size that is no number).

    >>> import symbolic as s
    >>> A, x = s.tensor("A", "n n"), s.tensor("x", "n")
    >>> truth = s.gradient(x @ A @ x, x)
    >>> s.check((A + A.T) @ x, truth).holds, s.check(2 * A @ x, truth).status
    (True, 'refuted')
    """
    truth = as_tensor(truth)
    rng = random.Random(seed)  # noqa: S311 (points to try, no secrets)
    comparer = Comparer(rng, _fixed(sizes))
    read = read_claim(claim, truth, dict(symbols or {}))
    names = vocabulary(truth, dict(symbols or {}))
    if isinstance(read, Tensor):
        verdict = judge(read, truth, comparer, diagnosis)
        told = verdict.diagnosis
        if isinstance(claim, str) and diagnosis and verdict.status in ("refuted", "shape") and not is_specific(told):
            found = formula_diagnosis(claim, truth, names, comparer, SECOND / 3)
            return replace(verdict, diagnosis=found if is_specific(found) else told or found)
        return verdict
    counted = _with_letters(claim, truth, names, comparer, diagnosis) if isinstance(claim, str) else None
    if counted is not None:
        return counted
    if read.status == "shape" and diagnosis:
        found = misfit_diagnosis(lambda given: tensor_of(claim, given, truth), truth, names, comparer)
        if found is None and isinstance(claim, str):
            found = formula_diagnosis(claim, truth, names, comparer)
        return Verdict("shape", Evidence(read.reason), (), None, found, truth=truth)
    if callable(claim) and read.status == "undecided":
        at_numbers = partial(judge, comparer=comparer)
        return judge_function(claim, truth, names, comparer, at_numbers, read.reason, diagnosis)
    return Verdict(read.status, Evidence(read.reason), truth=truth)


def _with_letters(
    claim: str, truth: Tensor, names: Mapping[str, Tensor], comparer: Comparer, diagnosis: bool
) -> Verdict | None:
    """The verdict on a formula with letters for sizes that are numbers: right for one of them, or wrong for each."""
    found: Verdict | None = None
    for sizes, read in readings(claim, truth, names):
        if isinstance(read, ShapeMisfit):
            if found is None:
                made = partial(with_all_equal, claim, list(sizes))
                mistake = misfit_diagnosis(made, truth, names, comparer) if diagnosis else None
                found = Verdict(
                    "shape", Evidence(f"the formula's shapes do not fit: {read}"), (), None, mistake, truth=truth
                )
            continue
        verdict = judge(read, truth, comparer, diagnosis)
        if verdict.holds:
            given = tuple(f"{name} is {size}, which is a size of the tensors" for name, size in sizes.items())
            return replace(verdict, conditions=(*given, *verdict.conditions))
        if verdict.status not in ("refuted", "shape"):
            return None
        if found is None or rank(verdict.diagnosis) < rank(found.diagnosis):
            found = verdict
    return found


def judge(claim: Tensor, truth: Tensor, comparer: Comparer, diagnosis: bool = True, proving: bool = True) -> Verdict:
    """The ladder for two tensors; programs of large fixed sizes are judged at small ones.

    ``proving``: whether normal forms are compared, which tells nothing where the two stand for others of any size.
    """
    if is_large([claim, truth], LARGEST_JUDGED):
        general = generalised([claim, truth])
        if general is not None:
            verdict = _judged(general[claim], general[truth], comparer, diagnosis, proving)
            if verdict.status != "refuted" or comparer.visibly_different(claim, truth):
                return _at_large(verdict, claim, truth, general)
    return _judged(claim, truth, comparer, diagnosis, proving)


def _at_large(verdict: Verdict, claim: Tensor, truth: Tensor, general: Mapping[Tensor, Tensor]) -> Verdict:
    """The verdict on the general program as that on the large one."""
    found = verdict.diagnosis
    found = replace(found, repair=restored(found.repair, general)) if found else None
    evidence = replace(
        verdict.evidence, sentence=f"with the large sizes left open, tried at small ones: {verdict.evidence}"
    )
    return replace(verdict, evidence=evidence, diagnosis=found, claim=claim, truth=truth)


def _judged(claim: Tensor, truth: Tensor, comparer: Comparer, diagnosis: bool, proving: bool) -> Verdict:
    if same_shape(claim.extents, truth.extents):
        comparison = comparer.compare(claim, truth)
        if comparison.outcome != "different":
            proof = prove(claim, truth) if proving and comparison.point is None else None
            return verdict_of(comparison, claim, truth, proof=proof)
    for how, other in layouts(truth, claim.extents):
        if comparer.compare(claim, other).outcome == "equal":
            if same_shape(claim.extents, truth.extents) and comparer.compare(claim, -truth).outcome == "equal":
                break  # the transpose of what changes its sign with it: as likely a sign
            return _layout(how, claim, truth)
    if _is_zero(claim) and comparer.compare(truth * 0, truth).outcome == "equal":
        sentence = "the truth is zero in every entry, and 0 is claimed"
        return Verdict("agrees", Evidence(sentence), claim=claim, truth=truth)
    mistake = diagnose(claim, truth, comparer) if diagnosis else None
    if same_shape(claim.extents, truth.extents):
        example = counterexample(comparison, claim, truth, comparer)
        return verdict_of(comparison, claim, truth, example, mistake)
    if mistake is None and diagnosis:
        mistake = shape_diagnosis(claim, truth, comparer)
    sentence = f"the claim has shape {shape_text(claim.extents)}, the truth {shape_text(truth.extents)}"
    return Verdict("shape", Evidence(sentence), (), None, mistake, claim, truth)


def verdict_of(
    comparison: Comparison, claim: Tensor, truth: Tensor, example=None, diagnosis=None, proof: Proof | None = None
) -> Verdict:
    """The verdict that a comparison of two tensors of one shape amounts to."""
    tally = comparison.tally
    evidence = _evidence(tally)
    if proof is not None:
        given = dict.fromkeys([*conditions([claim, truth], tally), *proof.conditions])
        rules = f" ({', '.join(proof.rewrites)})" if proof.rewrites else ""
        sentence = f"both sides have the same normal form{rules}; {evidence}"
        return Verdict(
            "proved",
            replace(evidence, sentence=sentence, rewrites=proof.rewrites),
            tuple(given),
            claim=claim,
            truth=truth,
        )
    if comparison.outcome == "equal":
        return Verdict("agrees", evidence, conditions([claim, truth], tally), claim=claim, truth=truth)
    if comparison.outcome == "different":
        sentence = "claim and truth are different numbers at the point shown, beyond every rounding"
        return Verdict("refuted", Evidence(sentence), (), example, diagnosis, claim, truth)
    return Verdict(
        "undecided", Evidence(comparison.reason), conditions([claim, truth], tally), claim=claim, truth=truth
    )


def conditions(outputs: list[Tensor], tally: Tally | None = None) -> tuple[str, ...]:
    """The side conditions of two programs: conventions at kinks that they meet, domains, conditions of primitives."""
    found: dict[str, None] = {}
    for t in topological(outputs):
        if isinstance(t.definition, Application):
            if t.definition.condition:
                found[t.definition.condition] = None
        elif t.definition is not None:
            for head in sorted({type(a) for a in t.definition.body.atoms(sp.Function)}, key=lambda h: h.__name__):
                row = BY_HEAD.get(head)
                if row is not None and row.kink:
                    found[row.kink] = None
                if row is not None and row.domain:
                    found[f"the argument of {row.name} is {row.domain}"] = None
    if tally is not None and tally.ties:
        found["points on kinks and ties were left out"] = None
    if tally is not None and tally.conventions:
        found["the convention at ties and kinks is the same on both sides"] = None
    if tally is not None and tally.domain:
        found[f"values are {tally.domain.replace('unit interval', 'in (0, 1)')}: points elsewhere were undefined"] = (
            None
        )
    if tally is not None and tally.inexact:
        found["constants that were computed in floats are known to 15 digits"] = None
    if tally is not None and tally.unit_sizes:
        found["sizes are above 1: at 1 the claim is undefined"] = None
    if tally is not None and tally.truth_undefined:
        found["both sides are defined: the truth is not everywhere"] = None
    return tuple(found)


def _evidence(tally: Tally) -> Evidence:
    sizes = tuple(tally.sizes)
    if not tally.points:
        return Evidence("no point was tried")
    count = f"{len(sizes)} choices of sizes" if len(sizes) > 1 else "one choice of sizes"
    sentence = (
        f"equal in all {tally.entries} entries at {tally.points} random points ({count}) in numbers of 30 to 110 digits, "
        f"and at {tally.floats} further points in floats"
    )
    if tally.primes:
        sentence += f"; equal modulo {len(tally.primes)} random primes of 61 bits or more at these points"
        if tally.degree is not None:
            chance = tally.points * (math.log10(GRAIN) - math.log10(max(tally.degree, 1)))
            sentence += f", where the difference has degree at most {tally.degree}"
            if chance >= 1:
                sentence += f" (by Schwartz and Zippel a chance below 10^-{math.floor(chance)} of an accident)"
    return Evidence(sentence, tally.points, sizes, 110, tuple(tally.primes), tally.degree)


def _layout(how: str, claim: Tensor, truth: Tensor) -> Verdict:
    sentence = (
        f"the claim is the whole truth in the other layout ({how}): shape {shape_text(claim.extents)} "
        f"against {shape_text(truth.extents)}"
    )
    diagnosis = Diagnosis("layout", explained("layout", ""), truth, "agrees")
    return Verdict("layout", Evidence(sentence), (), None, diagnosis, claim, truth)


def _is_zero(claim: Tensor) -> bool:
    return claim.ndim == 0 and claim.definition is not None and getattr(claim.definition, "body", None) == 0


def _fixed(sizes: Mapping[str, int] | None) -> dict[sp.Symbol, int]:
    fixed = {}
    for name, size in (sizes or {}).items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise DeclarationError(f"check: sizes[{name!r}] must be a whole number of at least 1, got {size!r}")
        fixed[Dim(str(name)).expr] = size
    return fixed

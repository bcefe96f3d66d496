"""Mistakes that multiply the whole: a sign, a factor 2 or ½, a count such as 1/P, a declared scalar."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from symbolic.language.operations import pointwise
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.candidates import Candidate, replaced
from symbolic.verification.diagnosis.trials import Trial, Trials
from symbolic.verification.evaluation_points import dimensions


def ratio_candidates(claim: Tensor, truth: Tensor, trials: Trials) -> Iterator[Candidate]:
    """The claim divided by the constant by which it exceeds the truth, if it is one that a person loses or adds."""
    ratios = [_ratio(trial) for trial in trials.points]
    if not ratios or any(r is None for r in ratios):
        return
    found = [r for r in ratios if r is not None]
    first = Fraction(found[0]).limit_denominator(24)
    if all(abs(r - first) <= 1e-9 * abs(r) for r in found) and first and abs(first.numerator) <= 24:
        extent = _extent_of(first, claim, truth)
        yield _constant(claim, sp.Rational(first.numerator, first.denominator), extent)
    for factor, text in _size_factors(claim, truth):
        if _explains(factor, found, trials):
            yield _divided(claim, factor, "missing 1/P", f"1/({text})" if " " in text else f"1/{text}")
        elif _explains(1 / factor, found, trials):
            yield _divided(claim, 1 / factor, "extra 1/P", f"1/{text}")
        else:
            for k in (sp.Integer(2), sp.Rational(1, 2), sp.Integer(-1)):
                for power in (factor, 1 / factor):
                    if _explains(k * power, found, trials):
                        yield _divided(claim, k * power, "factor", f"the claim is {k * power} times the truth")
    for d in dimensions(topological([claim, truth])):
        for factor in (d / (d - 1), (d - 1) / d, d / (d + 1), (d + 1) / d):
            if _explains(factor, found, trials):
                yield _divided(claim, factor, "off by one", f"{d} against {d - 1 if factor.has(d - 1) else d + 1}")
    for scalar in leaves([claim, truth]):
        known = [t.run.tables[scalar.serial][0] for t in trials.points] if scalar.ndim == 0 else []
        if known and scalar.dtype == "real" and all(known):
            for power in (1, -1, 2, -2):
                for sign in (1, -1):
                    if all(abs(r - sign * v**power) <= 1e-9 * abs(r) for r, v in zip(found, known, strict=True)):
                        label = "extra factor" if power > 0 else "missing factor"
                        factor = sign * scalar.access() ** power
                        yield _divided(
                            claim,
                            factor,
                            label,
                            f"{'−' if sign < 0 else ''}{scalar.label}{'^2' if abs(power) == 2 else ''}",
                        )


def _ratio(trial: Trial) -> float | None:
    """The one number by which every entry of the claim exceeds that of the truth, None if there is none."""
    scale = max((abs(t) for t in trial.true), default=0.0)
    ratios = []
    for c, t in zip(trial.claimed, trial.true, strict=True):
        if abs(t) <= 1e-9 * scale:
            if abs(c) > 1e-7 * scale:
                return None
            continue
        ratios.append(c / t)
    if not ratios or ratios[0] == 0 or max(ratios) - min(ratios) > 1e-8 * abs(ratios[0]):
        return None
    return ratios[0]


def _constant(claim: Tensor, ratio: sp.Rational, extent: str) -> Candidate:
    if ratio == -1:
        return _divided(claim, ratio, "sign", "the whole has the opposite sign")
    if extent and abs(ratio) not in (2, sp.Rational(1, 2)):
        if ratio > 1:
            return _divided(claim, ratio, "missing 1/P", f"1/{extent}")
        if 0 < ratio < 1:
            return _divided(claim, ratio, "extra 1/P", f"1/{extent}")
    power = abs(ratio)
    if power in (2, sp.Rational(1, 2)) and ratio > 0:
        how = "one too many" if power > 1 else "missing"
        return _divided(claim, ratio, "factor 2", f"{how}: the claim is {ratio} times the truth")
    return _divided(claim, ratio, "factor", f"the claim is {ratio} times the truth")


def _divided(claim: Tensor, factor: sp.Expr, label: str, detail: str) -> Candidate:
    return replaced(label, detail, claim, pointwise("divide", lambda v: v / factor, claim))


def _size_factors(claim: Tensor, truth: Tensor) -> Iterator[tuple[sp.Expr, str]]:
    symbols = dimensions(topological([claim, truth]))
    for d in symbols:
        yield d, str(d)
    for a in symbols:
        for b in symbols:
            if a.name < b.name:
                yield a * b, f"{a}·{b}"
            if a != b:
                yield a / b, f"{a}/{b}"


def _explains(factor: sp.Expr, ratios: list[float], trials: Trials) -> bool:
    values = [factor.xreplace({d: sp.Integer(n) for d, n in trial.sizes.items()}) for trial in trials.points]
    if len(set(values)) < 2:  # a number that happens to be this size
        return False
    for r, value in zip(ratios, values, strict=True):
        if not value.is_finite or abs(r - float(value)) > 1e-9 * abs(r):
            return False
    return True


def _extent_of(ratio: Fraction, claim: Tensor, truth: Tensor) -> str:
    """The fixed size that the ratio (or its inverse) is, if a declared tensor has an axis of that size."""
    size = ratio.numerator if ratio.denominator == 1 else ratio.denominator if ratio.numerator == 1 else 0
    known = any(e == size for t in leaves([claim, truth]) for e in t.extents)
    return str(size) if known and size > 2 else ""

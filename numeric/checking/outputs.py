"""Each returned gradient against differences of the forward function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numeric.checking.arrays import is_rough, numbers
from numeric.checking.calls import Call, Point
from numeric.checking.differences import (
    AGREES,
    DIFFERS,
    ROUGH_STEP,
    STEP,
    Differences,
    differences,
    distance,
    refined,
)
from numeric.checking.verdicts import OutputVerdict
from numeric.checking.work import cost

UNITS = 500_000  # of work for the differences at one point
_LEAST = 12


def truths(
    call: Call, point: Point, wanted: list[str], rng: np.random.Generator, units: float = UNITS
) -> dict[str, Differences]:
    """Differences by each of the wanted parameters, of as many entries as so many ``units`` of work allow."""
    found = {}
    most = max(_LEAST, int(units / max(len(wanted), 1) / (2 * cost(point.lines))))
    for name in wanted:
        loss = loss_along(call, point, name)
        found[name] = differences(loss, np.shape(point.values[name]), rng, most, ROUGH_STEP if call.rough else STEP)
    return found


def loss_along(call: Call, point: Point, name: str) -> Callable[[np.ndarray], float]:
    """Σ cotangent · output as a function of a displacement of one parameter."""

    def loss(shift: np.ndarray) -> float:
        x = np.asarray(point.values[name], dtype=float) + shift
        outputs, _, _ = call.forward({**point.values, name: x if x.ndim else float(x)}, point.sizes)
        return inner(outputs, point.cotangents)

    return loss


def inner(outputs: tuple[np.ndarray, ...], cotangents: tuple[Any, ...]) -> float:
    """Σ cotangent · output."""
    return float(sum(np.sum(o * bar) for o, bar in zip(outputs, cotangents, strict=True)))


def judged(
    call: Call, point: Point, claimed: Mapping[str, Any], found: Mapping[str, Differences]
) -> list[OutputVerdict]:
    """A verdict on each claimed gradient at one point."""
    coarse = call.rough or any(is_rough(g) for g in claimed.values())
    return [_judged(call, point, name, g, found[name], coarse) for name, g in claimed.items()]


def _judged(call: Call, point: Point, name: str, gradient: Any, truth: Differences, coarse: bool) -> OutputVerdict:
    claimed, told = numbers(gradient), point.told()
    shape = truth.slope.shape
    if claimed.shape != shape and claimed.size == truth.slope.size == 1:
        claimed = claimed.reshape(shape)
    if claimed.shape != shape:
        if claimed.shape == shape[::-1] and truth.known.all() and distance(claimed.T, truth.slope) < AGREES:
            said = f"the gradient by {name} is right but transposed: {claimed.shape} for {shape}, at {told}"
        else:
            said = f"the gradient by {name} has shape {claimed.shape}, {name} has {shape}, at {told}"
        return OutputVerdict(name, "shape", said)
    if not np.all(np.isfinite(claimed)):
        return OutputVerdict(name, "refuted", f"the gradient by {name} is not finite, at {told}")
    agrees, differs = (5e-3, 0.1) if coarse else (AGREES, DIFFERS)
    counted = truth.sure & truth.known
    gap = np.where(counted, np.abs(claimed - truth.slope) / (1 + np.abs(truth.slope)), 0)
    worst = float(gap.max(initial=0))
    along = max((abs(float(np.sum(claimed * v)) - d) / (1 + abs(d)) for v, d in truth.directions), default=0.0)
    enough = counted.sum() >= 0.5 * truth.known.sum()
    if max(worst, along) < agrees and (enough or truth.directions):
        extra = f" and along {len(truth.directions)} random directions" if truth.directions else ""
        said = f"equal to differences of the forward function in {int(counted.sum())} entries{extra}, at {told}"
        return OutputVerdict(name, "agrees", said)
    if worst >= agrees:
        return _differing(call, point, name, claimed, gap, differs)
    if along > differs:
        said = f"along a random direction the gradient by {name} differs from differences of the forward function by {along:.1e}, at {told}"
        return OutputVerdict(name, "refuted", said)
    return OutputVerdict(
        name, "undecided", f"within {max(worst, along):.1e} of differences of the forward function, at {told}"
    )


def _differing(
    call: Call, point: Point, name: str, claimed: np.ndarray, gap: np.ndarray, differs: float
) -> OutputVerdict:
    """Refuted only where differences of higher order confirm it."""
    loss = loss_along(call, point, name)
    for flat in np.argsort(gap, axis=None)[::-1][:4]:
        place = tuple(int(k) for k in np.unravel_index(int(flat), gap.shape)) if gap.ndim else ()
        slope, sure = refined(loss, gap.shape, place)
        error = abs(claimed[place] - slope) / (1 + abs(slope))
        if (sure or differs > DIFFERS) and error > differs:
            entry = f"d{name}{list(place) if place else ''}"
            said = f"{entry} is {claimed[place]:.6g}, differences of the forward function give {slope:.6g}"
            return OutputVerdict(
                name,
                "refuted",
                f"{said}, at {point.told()}",
                counterexample=f"{entry}: {claimed[place]:.6g} for {slope:.6g}",
            )
        if sure and error < AGREES and gap[place] > differs:
            break
    return OutputVerdict(
        name, "undecided", f"within {float(gap.max()):.1e} of differences of the forward function, at {point.told()}"
    )

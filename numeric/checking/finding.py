"""Shapes where nothing tells them, or where the forward function does not run with what is told: by trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from numeric.checking.arrays import numbers
from numeric.checking.subjects import Layer
from numeric.extents import names_in
from numeric.shape_evidence import ranks_told
from numeric.shape_search import Progress, Reached, found_shapes, reconciled, silent
from symbolic.errors import DeclarationError

if TYPE_CHECKING:
    from numeric.checking.calls import Call


def find(call: Call, unknown: list[str]) -> None:
    """Shapes by trial for what is not told."""
    known, ints = dict(call.shapes), set(call.integers) | (set(unknown) & set(call.compared))
    fixed: dict[str, Sequence[str]] = dict(known)
    if isinstance(call.subject, Layer):
        fixed["self"] = call.subject.counted()
    rng = np.random.default_rng(0)
    progress = Progress(call.subject.ahead, call.subject.back)

    def runs(shapes: Any, integers: Any, sizes: Mapping[str, int]) -> Reached:
        call.shapes, call.integers = {**known, **{n: list(s) for n, s in shapes.items()}}, ints | integers
        call.take(call.in_order())
        return _fit(call, sizes, rng, progress)

    found = found_shapes(unknown, fixed, call.text(), runs, ranks_told([call.ahead_tree, call.back_tree], unknown))
    if found is None:
        name = unknown[0]
        raise DeclarationError(
            f"the shape of {call.subject.ahead.__name__}'s parameter {name!r} is not told, and no shapes with which it runs were found: "
            f'annotate it, as in {name}: "N D", say \'{name}: … of shape (N, D)\' in the docstring, or give --shape {name}="N D"'
        )
    call.shapes, call.integers = {**known, **found.shapes}, ints | found.integers
    call.searched = True


def reconcile(call: Call) -> None:
    """Where the forward function does not run with what was told: PyTorch, sizes that must be equal, whole numbers."""
    rng = np.random.default_rng(0)
    progress = Progress(call.subject.ahead, call.subject.back)
    told = {n: s for n, s in call.shapes.items() if not n.startswith("call.")}
    own = {n: s for n, s in call.shapes.items() if n.startswith("call.")}
    fixed = [n for s in own.values() for d in s for n in names_in(d)]
    if isinstance(call.subject, Layer):
        fixed += call.subject.counted()

    def runs(shapes: Any, integers: Any, sizes: Mapping[str, int]) -> Reached:
        call.shapes, call.integers = {**{n: list(s) for n, s in shapes.items()}, **own}, set(integers)
        call.take(call.in_order())
        return _fit(call, sizes, rng, progress)

    first, integers = dict(call.shapes), frozenset(call.integers)
    sizes = call.sizes(rng, 0)
    if not told or silent(lambda: call.forward(call.values(sizes, rng), sizes)) is not None:
        return
    found = reconciled(told, list(dict.fromkeys(fixed)), integers, runs)
    if found is None and not call.torch and _has_torch(call):
        call.torch = True
        found = reconciled(told, list(dict.fromkeys(fixed)), integers, runs)
        call.torch = found is not None
    call.shapes, call.integers = ({**found.shapes, **own}, set(found.integers)) if found else (first, set(integers))
    call.take(call.in_order())
    for n in told if found else ():
        if found and found.shapes[n] != first[n]:
            call.notes.append(
                f"{n} was taken of shape ({', '.join(found.shapes[n])}): the forward function runs only so"
            )
        if found and n in found.integers - integers:
            call.notes.append(f"{n} was taken as whole numbers: the forward function runs only so")


def _has_torch(call: Call) -> bool:
    scopes = [getattr(f, "__globals__", {}) for f in (call.subject.ahead, call.subject.back)]
    return any(getattr(v, "__name__", "").partition(".")[0] == "torch" for s in scopes for v in s.values())


def _fit(call: Call, sizes: Mapping[str, int], rng: np.random.Generator, progress: Progress) -> Reached:
    """How far the functions run at these sizes."""
    values = call.values(sizes, rng)
    ran, reached = progress.run(lambda: call.forward(values, sizes))
    if ran is None:
        return reached
    if not all(out.size for out in ran[0]):
        return Reached(0)  # nothing comes out: no sizes at which anything is seen
    outputs, state, result = ran
    bars = tuple(rng.normal(size=out.shape) if out.ndim else 1.0 for out in outputs)
    claimed, reached = progress.run(lambda: call.backward(values, bars, state, result))
    if claimed is None:
        return replace(reached, fit=1)
    fits = [numbers(g).shape == np.shape(values[n]) for n, g in claimed.items()]
    fits += [False] if call.subject.kind == "both" and outputs[0].ndim else []
    if not fits or not all(fits):
        return Reached(2 + sum(fits) / len(fits) if fits else 2, reached.lines)
    right = [
        silent(lambda n=n, g=g: _is_likely(call, values, sizes, bars, n, numbers(g), rng)) for n, g in claimed.items()
    ]
    return Reached(3 + sum(map(bool, right)) / len(right), reached.lines)


def _is_likely(
    call: Call, values: Mapping[str, Any], sizes: Mapping[str, int], bars: Any, name: str, claimed: np.ndarray, rng: Any
) -> bool:
    """Whether a gradient is right along one direction, roughly."""
    along = rng.normal(size=claimed.shape)

    def loss(step: float) -> float:
        moved = np.asarray(values[name], dtype=float) + step * along
        outputs, _, _ = call.forward({**values, name: moved if moved.ndim else float(moved)}, sizes)
        return sum(float(np.sum(o * b)) for o, b in zip(outputs, bars, strict=True))

    slope = (loss(1e-4) - loss(-1e-4)) / 2e-4
    if not np.isfinite(slope):
        return True  # outside of the function's domain: it tells nothing
    return abs(float(np.sum(claimed * along)) - slope) < 1e-3 * abs(slope) + 1e-8

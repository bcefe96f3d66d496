"""Backward functions as people write them, checked on random numbers against their forward function.

Real code loops over ``range(n)`` and writes into ``np.zeros``; it is therefore run. At several pairwise distinct sizes the
claimed gradients are compared with central differences of Σ cotangent · forward. Where both functions also run on symbolic
tensors, each output is judged by ``symbolic.check`` besides, which may prove it. Where a gradient is wrong, the line that
breaks is looked for, and a change of it that makes the gradients right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from numeric.checking.blame import Blame, blamed
from numeric.checking.calls import Call, Point
from numeric.checking.crash import crashed
from numeric.checking.labels import TAKEN, label_choices, told_one_hot
from numeric.checking.outputs import judged, truths
from numeric.checking.probes import leaf
from numeric.checking.proof import proved
from numeric.checking.subjects import subject_of
from numeric.checking.verdicts import RIGHT, WORST_FIRST, CodeVerdict, OutputVerdict
from numeric.shape_search import coarser, silent
from symbolic.errors import ChainruleError


def check_backward(
    backward: Callable[..., Any],
    forward: Callable[..., Any] | None = None,
    shapes: Mapping[str, str] | None = None,
    seed: int = 0,
    rounds: int = 3,
    options: Mapping[str, Any] | None = None,
) -> CodeVerdict:
    """Judge the gradients that ``backward`` returns, and say which line is wrong.

    ``forward(x, W, …)`` returns an array, or arrays and a cache. ``backward`` takes parameters of ``forward`` by name, the
    cotangent of the output under any other name (``dout``, ``g``; none is needed if the output is a scalar) and, second or as
    ``cache``, the cache. ``backward`` may also be a layer, a class with ``forward`` and ``backward`` methods, a class of
    PyTorch's kind with static methods and a ``ctx``, or, without ``forward``, one function that returns a loss and its
    gradients. Its outputs are told by the names in its return statement (``dx``, ``dW``), by the keys of a dict, or by order.
    Shapes come from ``shapes``, annotations (``x: "N D"``) or a docstring that says ``shape (N, D)``; ``options`` are values
    of other parameters.

    What nothing tells is found by trial: the most general shapes with which the functions run. A gradient that is wrong at
    targets of any size (``y``, ``labels``, what a docstring calls one-hot) is tried at labels too, and says so if it is right there.

    Raises ``DeclarationError`` where no shapes are found, a parameter is not told, a gradient's owner is not clear, or the
    forward function is not repeatable. The functions' own errors are passed on.

    >>> verdict = check_backward(lambda W, x, g: np.outer(g, x), lambda W, x: W @ x, {"W": "m n", "x": "n"})
    >>> verdict.outputs[0].name, verdict.outputs[0].status
    ('W', 'proved')
    """
    call = Call(subject_of(backward, forward, options), dict(shapes or {}), options)
    try:
        outputs, points = _judged(call, seed, rounds)
    except ChainruleError:
        raise
    except Exception as error:
        found = crashed(call, error, seed)
        if found is None:
            raise
        return found
    if call.searched and _worst(outputs) not in RIGHT:
        for merged in coarser(call.shapes):  # code that wants two sizes equal, and runs with others by accident
            first = call.shapes
            call.take(merged)
            again = silent(lambda: _judged(call, seed, 1, small=True))  # few of them are right at a single point
            if again is not None and _worst(again[0]) in RIGHT:
                again = silent(lambda: _judged(call, seed, rounds))
            if again is not None and _worst(again[0]) in RIGHT:
                outputs, points = again
                break
            call.take(first)
    found = Blame()
    if _worst(outputs) not in RIGHT:
        outputs, found = _with_labels(call, outputs, points, seed, rounds)
    elif points:
        found = blamed(call, points, outputs)
    outputs += _without_gradient(call, outputs)
    outputs = [replace(o, line=found.places.get(o.name, 0)) for o in outputs]
    shapes_told = tuple((n, tuple(s)) for n, s in call.shapes.items())
    notes = (*call.notes, *_not_judged(call, outputs), *found.notes)
    return CodeVerdict(tuple(outputs), shapes_told, call.searched, found.lines, found.sentences, notes)


def _with_labels(
    call: Call, outputs: list[OutputVerdict], points: list[Point], seed: int, rounds: int
) -> tuple[list[OutputVerdict], Blame]:
    """The verdict on wrong gradients, which may be right where the targets are labels; where they are right nowhere, at
    the kind of target at which most are and, of these, at which the mistake is found."""
    tried = [(call, outputs, points)]
    for labels in label_choices(call, [o.name for o in outputs]):
        other = copy(call)  # what it finds out about the functions stays its own
        other.labels, other.notes = labels, [*call.notes, *(TAKEN.format(name, kind) for name, kind in labels.items())]
        again = silent(lambda other=other: _judged(other, seed, 1, small=True))
        if again is not None and _worst(again[0]) in RIGHT:
            again = silent(lambda other=other: _judged(other, seed, rounds))
        if again is not None and _worst(again[0]) in RIGHT:
            vars(call).update(vars(other))
            return again[0], blamed(call, again[1], again[0])
        if again is not None:
            tried.append((other, *again))
    if told_one_hot(call) and len(tried) > 1:
        tried = tried[1:]
    first = Blame()
    for k, (other, outs, at) in enumerate(sorted(tried, key=lambda x: -_right(x[1]))[:2]):
        found = blamed(other, at, outs) if at else Blame()
        if any(line.label for line in found.lines):
            vars(call).update(vars(other))
            return outs, found
        if k == 0:
            outputs, first = outs, found
    return outputs, first


def _right(outputs: list[OutputVerdict]) -> int:
    return sum(o.status in RIGHT for o in outputs)


def _without_gradient(call: Call, outputs: list[OutputVerdict]) -> list[OutputVerdict]:
    """The arrays of a layer of which no gradient was found, where there is something that may be it, or where none has one."""
    judged = {o.name for o in outputs}
    own = [n for n in call.shapes if n.startswith("self.")]
    left = [n for n in own if n not in judged]
    if not call.unclaimed and len(left) < len(own):
        return []  # arrays that stay as they are, as under an adapter
    may_be = f" ({', '.join(sorted(call.unclaimed))} may be it)" if call.unclaimed else ""
    said = "no gradient by {} was found under a name like grad_{}" + may_be
    return [OutputVerdict(n, "undecided", said.format(n, leaf(n))) for n in left]


def _not_judged(call: Call, outputs: list[OutputVerdict]) -> list[str]:
    """The arrays of a layer of which no gradient was found, in words: what is not looked at is not right."""
    judged = {o.name for o in outputs}
    left = [n for n in call.shapes if n.startswith("self.") and n not in judged]
    return [f"no gradient by {', '.join(left)} was found; none is judged"] if left else []


def _worst(outputs: list[OutputVerdict]) -> str:
    return CodeVerdict(tuple(outputs), ()).status


def _judged(call: Call, seed: int, rounds: int, small: bool = False) -> tuple[list[OutputVerdict], list[Point]]:
    """The verdict on each output, the worst of all rounds, and the points that were tried."""
    rng = np.random.default_rng(seed)
    found: dict[str, OutputVerdict] = {}
    points = []
    for k in range(rounds):
        point = call.point(rng, k, small)
        _, state, result = call.forward(point.values, point.sizes)
        claimed = call.backward(point.values, point.cotangents, state, result)
        points.append(point)
        for verdict in judged(call, point, claimed, truths(call, point, list(claimed), rng)):
            known = found.get(verdict.name)
            if known is None or WORST_FIRST.index(verdict.status) <= WORST_FIRST.index(known.status):
                found[verdict.name] = verdict
    return [proved(call, v, seed) if v.status == "agrees" else v for v in found.values()], points

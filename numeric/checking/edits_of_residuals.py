"""Terms that are missing, found from what is missing: the difference between a line's right value and its own."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.edits import Edit, Node, Place, binary, copied, expression, is_gradient, put

_MOST = 16


def residual_terms(place: Place, found: Sequence[Node], rest: np.ndarray) -> Iterator[Edit]:
    """Products of a gradient with another array, or with the difference of two, that the line lacks up to a number.

    ``rest`` is what the line's value lacks. Numbers are 1, 2, ½, the same over a whole number in scope, and their negatives.
    """
    whole = next((n for n in found if n.depth == 0), None)
    if whole is None or not rest.ndim or not np.any(rest):
        return
    counts = list(place.counts().items())[:6]
    for text, value in _products(place):
        with np.errstate(all="ignore"):
            if (
                value.ndim > rest.ndim
                or not _meet(value, rest)
                or any(m > n for m, n in zip(value.shape[::-1], rest.shape[::-1], strict=False))
            ):
                continue
            full = np.broadcast_to(value, rest.shape)
            at = np.unravel_index(int(np.abs(full).argmax()), rest.shape)
            ratio = float(rest[at] / full[at]) if full[at] else 0.0
        if not ratio or not np.allclose(full * ratio, rest, rtol=1e-5, atol=1e-7 * float(np.abs(rest).max())):
            continue
        for factor, divisor in _numbers(ratio, counts):
            term = text if abs(factor) == 1 else f"{abs(factor):g} * {text}"
            term = term if divisor is None else f"{term} / {divisor}"
            op: ast.operator = ast.Add() if factor > 0 else ast.Sub()
            new = binary(op, copied(whole.node), expression(term))
            yield Edit("forgotten path", term, put(whole, new), 2 + len(term) / 40 + 25 * ("(1 " in term))


def _numbers(ratio: float, counts: Sequence[tuple[str, int]]) -> Iterator[tuple[float, str | None]]:
    """Ways to write a number as 1, 2 or ½, over a whole number in scope; at small sizes there may be several."""
    for factor in (1.0, 2.0, 0.5):
        if abs(abs(ratio) - factor) < 1e-5 * factor:
            yield float(np.sign(ratio)) * factor, None
        for name, count in counts:
            if abs(abs(ratio) - factor / count) < 1e-5 * factor / count:
                yield float(np.sign(ratio)) * factor, name


def _products(place: Place) -> Iterator[tuple[str, np.ndarray]]:
    values = {n: v for n, v in place.arrays().items() if v.ndim and v.dtype.kind == "f"}
    flowing = [n for n in values if is_gradient(n)][-_MOST:]
    others = [n for n in values if not is_gradient(n)][-_MOST:]
    matter: dict[str, np.ndarray] = {n: values[n] for n in others}
    for a, b in itertools.permutations(others, 2):
        if values[a].ndim == values[b].ndim and _meet(values[a], values[b]) and values[a].size >= values[b].size:
            matter[f"({a} - {b})"] = values[a] - values[b]
    for a in others:
        matter[f"(1 + {a})"], matter[f"(1 - {a})"] = 1 + values[a], 1 - values[a]
    for g in flowing:
        yield g, values[g]
        for text, v in matter.items():
            d = values[g]
            if _meet(d, v):
                yield f"{g} * {text}", d * v
            if d.ndim == v.ndim == 1:
                yield f"{place.module}.outer({g}, {text})", np.outer(d, v)
                yield f"{place.module}.outer({text}, {g})", np.outer(v, d)
            if d.ndim == v.ndim == 2:
                for first, p in ((g, d), (f"{g}.T", d.T)):
                    for second, q in ((text, v), (f"{text}.T", v.T)):
                        if p.shape[1] == q.shape[0]:
                            yield f"{first} @ {second}", p @ q
                        if q.shape[1] == p.shape[0]:
                            yield f"{second} @ {first}", q @ p


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], b.shape[::-1], strict=False))

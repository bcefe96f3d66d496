"""Parts of a derivation that say the same again under other names: the blocks of a deep net, the steps of a recursion.

Two steps are alike if one becomes the other by exchanging tensors of the same shape and kind. A run of alike stretches,
with one exchange of names for each stretch, is told once; the others are told by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.calculus.records import Chain, Step
from symbolic.program.expressions import Handle, Index
from symbolic.program.tensors import Tensor

FEWEST = 12  # steps that a repeat must spare the reader
_LONGEST = 400  # steps of a stretch


@dataclass(frozen=True)
class Repeat:
    """``steps`` say what ``original`` says, in the same order, with ``names`` (old, new) exchanged."""

    steps: tuple[Step, ...]
    original: tuple[Step, ...]
    names: tuple[tuple[Tensor, Tensor], ...]


@dataclass(frozen=True)
class _Form:
    """A step without its names: what it looks like, and the tensors in the order in which they are read."""

    kind: int
    tensors: tuple[Tensor, ...]


def repeats(steps: Sequence[Step]) -> list[Repeat]:
    """The stretches of steps that repeat the stretch before them, in order."""
    kinds: dict[tuple, int] = {}
    forms = [_form(s, kinds) for s in steps]
    found: list[Repeat] = []
    position = 0
    while position < len(steps):
        length, copies = _best(forms, position)
        if length * len(copies) < FEWEST:
            position += 1
            continue
        original = tuple(steps[position : position + length])
        for number, names in enumerate(copies, 1):
            start = position + number * length
            changed = tuple((old, new) for old, new in names.items() if old is not new)
            found.append(Repeat(tuple(steps[start : start + length]), original, changed))
        position += length * (1 + len(copies))
    return found


def _best(forms: Sequence[_Form], start: int) -> tuple[int, list[dict[Tensor, Tensor]]]:
    """The length of the stretch from ``start`` whose copies cover most, and the names of each copy."""
    best: tuple[int, list[dict[Tensor, Tensor]]] = (1, [])
    kinds = [f.kind for f in forms]
    for length in range(1, min(_LONGEST, (len(forms) - start) // 2) + 1):
        copies: list[dict[Tensor, Tensor]] = []
        while True:
            after = start + (len(copies) + 1) * length
            if kinds[after : after + length] != kinds[start : start + length]:
                break
            names = _exchange(forms[start : start + length], forms[after : after + length])
            if names is None:
                break
            copies.append(names)
        if length * len(copies) > best[0] * len(best[1]):
            best = length, copies
    return best


def _exchange(one: Sequence[_Form], two: Sequence[_Form]) -> dict[Tensor, Tensor] | None:
    """The exchange of names that makes the first stretch the second; None if it is no function, or one to nothing new."""
    names: dict[Tensor, Tensor] = {}
    for a, b in zip(one, two, strict=True):
        for old, new in zip(a.tensors, b.tensors, strict=True):
            if names.setdefault(old, new) is not new:
                return None
    return names if len(set(names.values())) == len(names) else None


def _form(step: Step, kinds: dict[tuple, int]) -> _Form:
    tensors: dict[Tensor, int] = {}
    indices: dict[Index, int] = {}

    def place(t: Tensor) -> tuple:
        return tensors.setdefault(t, len(tensors)), t.extents, t.dtype, t.role, t.assume

    def walk(e: sp.Basic):
        if isinstance(e, Index):
            return "index", indices.setdefault(e, len(indices)), e.extent
        if isinstance(e, Handle):
            return place(e.tensor)
        return (e.func, *map(walk, e.args)) if e.args else e

    sides = [step.left] if isinstance(step.left, Tensor) else [step.left.of, *step.left.by]
    look: list = [step.kind, step.rule, step.level, step.rules, len(step.conditions), *map(place, sides)]
    if isinstance(step.right, Chain):
        look += [tuple((place(f.of), *map(place, f.by)) for f in term) for term in step.right.terms]
    elif isinstance(step.right, Closed):
        look += [tuple(map(walk, step.right.indices)), walk(step.right.expr)]
    return _Form(kinds.setdefault(tuple(look), len(kinds)), tuple(tensors))

"""Targets that are no numbers of any size: rows of a one and zeros, rows that sum to one, 0 or 1, −1 or 1.

p − y is the gradient of a cross-entropy only where y sums to one, and nobody hands in anything else. A gradient that is wrong
at targets of any size is therefore tried at such targets, too: those of which the function returns no gradient, and which
are called or told so.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from numeric.checking import names

if TYPE_CHECKING:
    from numeric.checking.calls import Call

KINDS = ("rows that sum to 1", "one-hot rows", "columns that sum to 1", "one-hot columns", "0 or 1", "-1 or 1")
TAKEN = "{} was taken as labels: {}"
_TARGET = re.compile(
    r"(y|t|gt|tgt|target|label|truth|actual|expected|(one_?)?hot)s?(_?(true|hot|onehot|one_hot|batch|train|enc|oh|i|b))*\d?\Z",
    re.IGNORECASE,
)


def as_labels(array: np.ndarray, kind: str) -> np.ndarray:
    """Random numbers made labels of a kind.

    >>> as_labels(np.array([[0.1, 2.0, -1.0]]), "one-hot rows").tolist()
    [[0.0, 1.0, 0.0]]
    """
    axis = 0 if "columns" in kind else -1
    if kind == "0 or 1":
        return (array > 0).astype(float)
    if kind == "-1 or 1":
        return np.where(array > 0, 1.0, -1.0)
    if "one-hot" in kind:
        return (array == array.max(axis=axis, keepdims=True)).astype(float)
    weights = np.exp(array)
    return weights / weights.sum(axis=axis, keepdims=True)


def told_one_hot(call: Call) -> list[str]:
    """The parameters that a docstring calls one-hot."""
    texts = [inspect.getdoc(f) or "" for f in (call.subject.ahead, call.subject.back)]
    lines = [line for text in texts for line in re.split(r"\n|(?<=\)),", text) if names.ONE_HOT.search(line)]
    return [n for n in call.shapes if n not in call.integers and any(re.search(rf"\b{n}\b", line) for line in lines)]


def label_choices(call: Call, judged: Sequence[str]) -> Iterator[dict[str, str]]:
    """Kinds of labels that the targets may be, of which no gradient is among those ``judged``."""
    told = told_one_hot(call)
    own = [n for n in call.shapes if n not in call.integers and n not in judged and call.shapes[n]]
    targets = [n for n in own if n in told] or [n for n in own if _TARGET.match(names.leaf(n))]
    for kind in KINDS if targets else ():
        if (told and "one-hot" not in kind) or ("columns" in kind and all(len(call.shapes[n]) < 2 for n in targets)):
            continue
        yield dict.fromkeys(targets, kind)

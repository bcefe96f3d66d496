"""Metrics as per-sample tensors, found in the program of a loss."""

from __future__ import annotations

import numpy as np
import sympy as sp

from symbolic import Tensor
from symbolic.program.graph import leaves, topological


def prediction_of(loss: Tensor) -> Tensor | None:
    """The tensor that a loss compares with its target: the last that does not depend on the target and meets it.

    None where there is no single target or nothing that could be compared with it.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    >>> y_bar = (w @ x).named("y_bar")
    >>> prediction_of((y - y_bar) ** 2).name
    'y_bar'
    >>> prediction_of((y - y_bar) ** 2 + (w @ w)).name
    'y_bar'
    """
    targets = [t for t in leaves([loss]) if t.role == "target"]
    if len(targets) != 1:
        return None
    (target,) = targets
    order = topological([loss])
    told = {target.serial}  # the tensors that know the target
    met: list[Tensor] = []
    for t in order:
        if any(u.serial in told for u in t.operands):
            told.add(t.serial)
            met += [u for u in t.operands if u.serial not in told and u.definition is not None]
    read = {t.serial for t in order if t.role == "input"}  # what depends on an input; a penalty on parameters does not
    for t in order:
        if any(u.serial in read for u in t.operands):
            read.add(t.serial)
    fits = [u for u in met if _comparable(u, target) and (u.serial in read or not read)]
    return max(fits, key=lambda u: u.serial, default=None)


def _comparable(prediction: Tensor, target: Tensor) -> bool:
    if target.dtype == "int":
        return prediction.ndim == target.ndim + 1
    return prediction.ndim == target.ndim and all(
        sp.expand(a - b) == 0 for a, b in zip(prediction.extents, target.extents, strict=True)
    )


def accuracy_of(loss: Tensor) -> Tensor | None:
    """1 where the largest score is the target's class, else 0; None where the target is no class.

    A class is an integer label or a vector over classes (one-hot or probabilities); of several integer labels the fraction
    that is met.
    """
    prediction = prediction_of(loss)
    if prediction is None or prediction.ndim < 1:
        return None
    (target,) = (t for t in leaves([loss]) if t.role == "target")
    if target.dtype == "int" and target.ndim:
        return np.mean(np.equal(np.argmax(prediction, axis=-1), target) * 1)
    if prediction.ndim != 1:
        return None
    if target.dtype == "int":
        return np.equal(np.argmax(prediction), target) * 1
    if not target.assume & {"one_hot", "probability"}:
        return None
    return np.equal(np.argmax(prediction), np.argmax(target)) * 1

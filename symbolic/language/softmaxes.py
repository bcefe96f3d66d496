"""Softmax and its relatives along axes, in their stable forms."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.language.arrays import is_symbolic, require_namespace
from symbolic.language.operations import as_tensor, normal_axes, pointwise, reduce
from symbolic.program.facts import Fact
from symbolic.program.tensors import Tensor


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ eˣ over the axes (all of them if None), without overflow.

    >>> from symbolic import tensor
    >>> logsumexp(tensor("z", "n k"), axis=1).shape
    (n,)
    """
    if is_symbolic(x):
        return reduce("logsumexp", x, axis, keepdims)
    return _logsumexp(require_namespace("logsumexp", x), x, axis, keepdims)


def softmax(x: Any, axis: Any = -1) -> Any:
    """e^{x_i} / Σ_k e^{x_k} along the axis: positive, with sum 1.

    The axis is the last one unless given, as in deep learning; ``scipy.special.softmax`` takes all axes by default,
    which here is ``axis=None``.

    >>> from symbolic import tensor
    >>> softmax(tensor("z", "n"))
    <Tensor _... (n,) computed>
    """
    if not is_symbolic(x):
        xp = require_namespace("softmax", x)
        e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
        return e / xp.sum(e, axis=axis, keepdims=True)
    t = as_tensor(x)
    axes = normal_axes("softmax", t, axis)
    total = reduce("logsumexp", t, axes, keepdims=True)
    p = pointwise("softmax", lambda v, s: sp.exp(v - s), t, total)
    return _marked(p, r"\operatorname{softmax}", t, axes, [Fact(axes, 1, sp.S.One)])


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """x_i − log Σ_k e^{x_k} along the axis (the last one unless given; all of them if None)."""
    if not is_symbolic(x):
        return x - _logsumexp(require_namespace("log_softmax", x), x, axis, True)
    t = as_tensor(x)
    return t - reduce("logsumexp", t, normal_axes("log_softmax", t, axis), keepdims=True)


def softmin(x: Any, axis: Any = -1) -> Any:
    """softmax(−x)."""
    return softmax(-x, axis)


def _marked(t: Tensor, tex: str, operand: Tensor, axes: tuple[int, ...], facts: list[Fact]) -> Tensor:
    """``t`` as a call of ``tex`` that is printed, its axis told where the last one is not meant."""
    if axes != (operand.ndim - 1,):
        tex += "_{" + ",".join(str(a) for a in axes) + "}"
    return t.called(tex, operand, facts=facts)


def _logsumexp(xp: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    highest = xp.max(x, axis=axis, keepdims=True)
    highest = xp.where(xp.isfinite(highest), highest, xp.zeros_like(highest))
    total = xp.log(xp.sum(xp.exp(x - highest), axis=axis, keepdims=True)) + highest
    if keepdims:
        return total
    return total.reshape(()) if axis is None else xp.squeeze(total, axis=axis)

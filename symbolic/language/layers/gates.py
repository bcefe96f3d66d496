"""Gated units, dropout and residual connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.errors import ShapeError
from symbolic.language.activations import gelu, sigmoid, silu
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import linear
from symbolic.program.initialisation import ZEROS, fan_in


def glu(x: Any, axis: int = -1) -> Any:
    """a ⊙ σ(b) where a and b are the halves of x along the axis. (Dauphin et al. 2017.)

    >>> from symbolic import tensor
    >>> glu(tensor("x", "n 6")).shape
    (n, 3)
    """
    n = x.shape[axis % x.ndim]
    half = n // 2
    if half * 2 != n:
        raise ShapeError(f"glu: an axis of extent {n} has no halves")
    key = (slice(None),) * (axis % x.ndim)
    return x[(*key, slice(None, half))] * sigmoid(x[(*key, slice(half, None))])


def swiglu(x: Any, W: Any, V: Any) -> Any:
    """silu(W x) ⊙ V x. (Shazeer 2020.)"""
    return silu(linear(x, W)) * linear(x, V)


def geglu(x: Any, W: Any, V: Any) -> Any:
    """gelu(W x) ⊙ V x. (Shazeer 2020.)"""
    return gelu(linear(x, W)) * linear(x, V)


def dropout(x: Any, mask: Any, rate: Any) -> Any:
    """x ⊙ mask/(1 − rate) for a given mask of zeros and ones, so that the expectation stays x. (Srivastava et al. 2014.)"""
    return x * mask / (1 - rate)


class SwiGLU(Layer):
    """A feed-forward block W₂(silu(W x) ⊙ V x); W and V (h, d), W₂ (d, h), uniform on ±1/√fan-in at the start."""

    def __init__(self, width: Any, hidden: Any, *, label: str = ""):
        self.label = label
        self.W = self.parameter("W", (hidden, width), fan_in(width))
        self.V = self.parameter("V", (hidden, width), fan_in(width))
        self.U = self.parameter("U", (width, hidden), fan_in(hidden))

    def __call__(self, x: Any) -> Any:
        return linear(swiglu(x, self.W, self.V), self.U)


class FeedForward(Layer):
    """U f(W x + b) + c with a pointwise f (gelu unless given); W (h, d), U (d, h)."""

    def __init__(self, width: Any, hidden: Any, activation: Callable[[Any], Any] = gelu, *, label: str = ""):
        self.label, self.activation = label, activation
        self.W = self.parameter("W", (hidden, width), fan_in(width))
        self.b = self.parameter("b", (hidden,), ZEROS)
        self.U = self.parameter("U", (width, hidden), fan_in(hidden))
        self.c = self.parameter("c", (width,), ZEROS)

    def __call__(self, x: Any) -> Any:
        return linear(self.activation(linear(x, self.W, self.b)), self.U, self.c)


class Residual(Layer):
    """x + f(x). (He et al. 2016.)"""

    def __init__(self, f: Callable[[Any], Any]):
        self.f = f

    def __call__(self, x: Any) -> Any:
        return x + self.f(x)

"""Normalisation: values made centred and scaled along axes, then scaled and shifted by parameters.

The centred values c and the reciprocal scale r are marked as functions of the input, so that derivatives are printed in
them, as in the classic forms; that c sums to zero is stated as a fact.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.language.elementary import sqrt
from symbolic.language.layers.layer import Layer
from symbolic.language.operations import normal_axes
from symbolic.program.dims import extent
from symbolic.program.facts import Fact
from symbolic.program.initialisation import ONES, ZEROS
from symbolic.program.tensors import Tensor


def layer_norm(x: Any, gamma: Any = None, beta: Any = None, *, axis: Any = -1, epsilon: float = 1e-5) -> Any:
    """γ ⊙ (x − μ)/√(σ² + ε) + β with mean μ and variance σ² along the axis. (Ba et al. 2016.)

    >>> from symbolic import tensor
    >>> layer_norm(tensor("x", "n d"), tensor("gamma", "d"), tensor("beta", "d")).shape
    (n, d)
    """
    return _affine(standardised(x, axis, epsilon), gamma, beta)


def rms_norm(x: Any, gamma: Any = None, *, axis: Any = -1, epsilon: float = 1e-5) -> Any:
    """γ ⊙ x/√(mean(x²) + ε) along the axis. (Zhang and Sennrich 2019.)"""
    r = 1 / sqrt((x * x).mean(axis=axis, keepdims=True) + epsilon)
    if isinstance(r, Tensor):
        r.called(r"\operatorname{rrms}", x)
    return _affine(x * r, gamma, None)


def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    running: tuple[Any, Any] | None = None,
    axis: Any = 0,
    epsilon: float = 1e-5,
) -> Any:
    """γ ⊙ (x − μ)/√(σ² + ε) + β with mean and variance over the batch axis (or axes). (Ioffe and Szegedy 2015.)

    In training μ and σ² are those of the batch, which the derivative goes through; in evaluation give
    ``running=(mean, variance)``. γ and β, and the running statistics, have one entry per channel. For images
    (batch, channels, h, w) the axes are (0, 2, 3).
    """
    if running is None:
        return _affine(standardised(x, axis, epsilon), *(_along(x, v, axis) for v in (gamma, beta)))
    mean, variance = (_along(x, v, axis) for v in running)
    scaled = (x - mean) / sqrt(variance + epsilon)
    return _affine(scaled, *(_along(x, v, axis) for v in (gamma, beta)))


def running_statistics(x: Any, mean: Any, variance: Any, *, momentum: float = 0.1, axis: Any = 0) -> tuple[Any, Any]:
    """The running mean and variance after a batch: (1 − m)·old + m·new, the variance with divisor N − 1."""
    new_mean, new_variance = x.mean(axis=axis), x.var(axis=axis, ddof=1)
    return (1 - momentum) * mean + momentum * new_mean, (1 - momentum) * variance + momentum * new_variance


def group_norm(
    x: Any, groups: int, gamma: Any = None, beta: Any = None, *, epsilon: float = 1e-5, spatial: int = 2
) -> Any:
    """``layer_norm`` over groups of channels and all spatial axes of x (…, channels, spatial…). (Wu and He 2018.)

    γ and β have one entry per channel.
    """
    shape = tuple(x.shape)
    cut = len(shape) - spatial - 1
    channels = shape[cut]
    per_group = channels // groups
    if per_group * groups != channels:
        raise ShapeError(f"group_norm: {channels} channels do not fall into {groups} groups")
    grouped = x.reshape((*shape[:cut], groups, per_group, *shape[cut + 1 :]))
    axes = tuple(range(cut + 1, cut + 2 + spatial))
    scaled = standardised(grouped, axes, epsilon).reshape(shape)
    trailing = (..., *[None] * spatial)
    return _affine(scaled, *(None if v is None else v[trailing] for v in (gamma, beta)))


def instance_norm(x: Any, gamma: Any = None, beta: Any = None, *, epsilon: float = 1e-5, spatial: int = 2) -> Any:
    """``group_norm`` with one channel per group. (Ulyanov et al. 2016.)"""
    axes = tuple(range(-spatial, 0))
    trailing = (..., *[None] * spatial)
    return _affine(standardised(x, axes, epsilon), *(None if v is None else v[trailing] for v in (gamma, beta)))


def standardised(x: Any, axis: Any, epsilon: float) -> Any:
    """c·r with c = x − mean(x) and r = 1/√(mean(c²) + ε) along the axes."""
    c = x - x.mean(axis=axis, keepdims=True)
    r = 1 / sqrt((c * c).mean(axis=axis, keepdims=True) + epsilon)
    if isinstance(c, Tensor):
        c.called(r"\operatorname{centred}", x, facts=[Fact(normal_axes("norm", c, axis), 1, sp.S.Zero)])
        r.called(r"\operatorname{rstd}", x)
    return c * r


def _along(x: Any, values: Any, axis: Any) -> Any:
    """Per-channel values shaped to broadcast against x, whose batch axes are ``axis``."""
    if values is None or values.ndim == 0:
        return values
    rank = len(x.shape)
    gone = {a % rank for a in (axis if isinstance(axis, tuple) else (axis,))}
    if values.ndim != rank - len(gone):
        raise ShapeError(f"batch_norm: expected per-channel values with {rank - len(gone)} axes, got {values.ndim}")
    return values[tuple(None if a in gone else slice(None) for a in range(rank))]


def _affine(x: Any, gamma: Any, beta: Any) -> Any:
    if gamma is not None:
        x = gamma * x
    return x if beta is None else x + beta


class LayerNorm(Layer):
    """``layer_norm`` over the last axis with γ = 1 and β = 0 at the start."""

    def __init__(self, width: Any, *, epsilon: float = 1e-5, bias: bool = True, label: str = ""):
        self.label, self.epsilon = label, epsilon
        self.gamma = self.parameter("gamma", (width,), ONES)
        self.beta = self.parameter("beta", (width,), ZEROS) if bias else None

    def __call__(self, x: Any) -> Any:
        return layer_norm(x, self.gamma, self.beta, epsilon=self.epsilon)


class RMSNorm(Layer):
    """``rms_norm`` over the last axis with γ = 1 at the start."""

    def __init__(self, width: Any, *, epsilon: float = 1e-5, label: str = ""):
        self.label, self.epsilon = label, epsilon
        self.gamma = self.parameter("gamma", (width,), ONES)

    def __call__(self, x: Any) -> Any:
        return rms_norm(x, self.gamma, epsilon=self.epsilon)


class BatchNorm(Layer):
    """``batch_norm`` with γ = 1 and β = 0 at the start; ``layer(x, running=(mean, variance))`` evaluates."""

    def __init__(self, channels: Any, *, axis: Any = 0, epsilon: float = 1e-5, label: str = ""):
        self.label, self.axis, self.epsilon = label, axis, epsilon
        self.gamma = self.parameter("gamma", (channels,), ONES)
        self.beta = self.parameter("beta", (channels,), ZEROS)

    def __call__(self, x: Any, running: tuple[Any, Any] | None = None) -> Any:
        return batch_norm(x, self.gamma, self.beta, running=running, axis=self.axis, epsilon=self.epsilon)


class GroupNorm(Layer):
    """``group_norm`` with γ = 1 and β = 0 at the start."""

    def __init__(self, groups: int, channels: Any, *, spatial: int = 2, epsilon: float = 1e-5, label: str = ""):
        self.label, self.groups, self.spatial, self.epsilon = label, groups, spatial, epsilon
        self.gamma = self.parameter("gamma", (extent(channels),), ONES)
        self.beta = self.parameter("beta", (extent(channels),), ZEROS)

    def __call__(self, x: Any) -> Any:
        return group_norm(x, self.groups, self.gamma, self.beta, epsilon=self.epsilon, spatial=self.spatial)

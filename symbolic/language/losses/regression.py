"""Losses of real predictions: functions of the residual ȳ − y."""

from __future__ import annotations

from typing import Any

from symbolic.language.activations import softplus
from symbolic.language.elementary import absolute, maximum, where
from symbolic.language.losses.reduction import reduced, same_shape


def squared_error(prediction: Any, target: Any, reduction: str = "sum") -> Any:
    """C(y, ȳ) = ‖y − ȳ‖² = Σᵢ (ȳᵢ − yᵢ)².

    >>> from symbolic import gradient, tensor
    >>> y_bar, y = tensor("y_bar", "m"), tensor("y", "m", role="target")
    >>> squared_error(y_bar, y).shape, gradient(squared_error(y_bar, y), y_bar).shape
    ((), (m,))
    """
    same_shape("squared_error", prediction, target)
    return reduced((prediction - target) ** 2, reduction)


def mean_squared_error(prediction: Any, target: Any) -> Any:
    """(1/m) Σᵢ (ȳᵢ − yᵢ)²."""
    return squared_error(prediction, target, "mean")


def absolute_error(prediction: Any, target: Any, reduction: str = "sum") -> Any:
    """Σᵢ |ȳᵢ − yᵢ|; the derivative at a residual of 0 is taken as 0."""
    same_shape("absolute_error", prediction, target)
    return reduced(absolute(prediction - target), reduction)


def huber(prediction: Any, target: Any, delta: Any = 1, reduction: str = "sum") -> Any:
    """Σᵢ ½r² where |r| ≤ δ, else δ(|r| − ½δ), with the residual r = ȳ − y. (Huber 1964.)"""
    same_shape("huber", prediction, target)
    r = prediction - target
    size = absolute(r)
    return reduced(where(size <= delta, r**2 / 2, delta * (size - delta / 2)), reduction)


def smooth_l1(prediction: Any, target: Any, beta: Any = 1, reduction: str = "sum") -> Any:
    """Σᵢ r²/(2β) where |r| < β, else |r| − β/2: Huber's loss divided by β = δ. (Girshick 2015.)"""
    same_shape("smooth_l1", prediction, target)
    r = prediction - target
    size = absolute(r)
    return reduced(where(size < beta, r**2 / (2 * beta), size - beta / 2), reduction)


def log_cosh(prediction: Any, target: Any, reduction: str = "sum") -> Any:
    """Σᵢ log cosh(ȳᵢ − yᵢ) = Σᵢ r + softplus(−2r) − log 2, without overflow."""
    same_shape("log_cosh", prediction, target)
    r = prediction - target
    return reduced(r + softplus(-2 * r) - softplus(0 * r), reduction)


def quantile_error(prediction: Any, target: Any, quantile: Any, reduction: str = "sum") -> Any:
    """Σᵢ max(τ(y − ȳ), (τ − 1)(y − ȳ)), whose minimiser is the τ-quantile. (Koenker and Bassett 1978.)"""
    same_shape("quantile_error", prediction, target)
    r = target - prediction
    return reduced(maximum(quantile * r, (quantile - 1) * r), reduction)


def epsilon_insensitive(prediction: Any, target: Any, epsilon: Any = 0.1, reduction: str = "sum") -> Any:
    """Σᵢ max(|ȳᵢ − yᵢ| − ε, 0), the loss of support vector regression. (Vapnik 1995.)"""
    same_shape("epsilon_insensitive", prediction, target)
    return reduced(maximum(absolute(prediction - target) - epsilon, 0), reduction)

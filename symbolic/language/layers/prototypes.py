"""Layers that compare with prototypes: squared distances, nearest neighbour, radial basis functions."""

from __future__ import annotations

from typing import Any

from symbolic.language.elementary import exp
from symbolic.language.layers.layer import Layer
from symbolic.program.initialisation import ONES, normal


def squared_distances(x: Any, W: Any) -> Any:
    """‖x − w_k‖² to each row of W (K, n); leading axes of x are kept.

    >>> from symbolic import tensor
    >>> squared_distances(tensor("x", "n"), tensor("W", "K n")).shape
    (K,)
    """
    difference = x[..., None, :] - W
    return (difference * difference).sum(axis=-1)


def nearest_neighbour(x: Any, W: Any) -> Any:
    """ȳ = argmin_k ‖x − w_k‖², an index: nothing flows back through it."""
    return squared_distances(x, W).argmin(axis=-1)


def nearest_distance(x: Any, W: Any) -> Any:
    """min_k ‖x − w_k‖²; its gradient reaches the winning row alone (the first one on a tie)."""
    return squared_distances(x, W).min(axis=-1)


def radial_basis(x: Any, W: Any, gamma: Any = 1) -> Any:
    """z_k = e^{−γ_k ‖x − w_k‖²}. (Broomhead and Lowe 1988.)"""
    return exp(-gamma * squared_distances(x, W))


class RadialBasis(Layer):
    """``radial_basis`` with its centres W (K, n), standard normal, and γ (K,), 1 at the start."""

    def __init__(self, inputs: Any, units: Any, *, label: str = ""):
        self.label = label
        self.W = self.parameter("W", (units, inputs), normal(1))
        self.gamma = self.parameter("gamma", (units,), ONES)

    def __call__(self, x: Any) -> Any:
        return radial_basis(x, self.W, self.gamma)

"""Penalties on parameters, to be added to a loss."""

from __future__ import annotations

from typing import Any

from symbolic.language.elementary import absolute


def l1_penalty(*parameters: Any, strength: Any = 1) -> Any:
    """λ Σ |w| over all entries of the parameters; the derivative at 0 is taken as 0.

    >>> from symbolic import tensor
    >>> l1_penalty(tensor("W", "m n", role="parameter"), strength=0.1).shape
    ()
    """
    return strength * _total(absolute(w).sum() for w in parameters)


def l2_penalty(*parameters: Any, strength: Any = 1) -> Any:
    """λ Σ w² over all entries of the parameters."""
    return strength * _total((w * w).sum() for w in parameters)


def weight_decay(*parameters: Any, rate: Any = 0.01) -> Any:
    """½ λ Σ w², whose gradient is λ w."""
    return rate / 2 * _total((w * w).sum() for w in parameters)


def elastic_net(*parameters: Any, strength: Any = 1, l1_ratio: Any = 0.5) -> Any:
    """λ (ρ Σ |w| + ½ (1 − ρ) Σ w²). (Zou and Hastie 2005, in scikit-learn's form.)"""
    l1, l2 = l1_penalty(*parameters), l2_penalty(*parameters)
    return strength * (l1_ratio * l1 + (1 - l1_ratio) / 2 * l2)


def _total(terms: Any) -> Any:
    first, *rest = terms
    for term in rest:
        first = first + term
    return first

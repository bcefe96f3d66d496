"""Losses of representations: how near related vectors are, and how far unrelated ones."""

from __future__ import annotations

from typing import Any

from symbolic.language.arrays import is_symbolic
from symbolic.language.elementary import maximum, sqrt
from symbolic.language.losses.reduction import reduced, same_shape
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import diagonal
from symbolic.language.softmaxes import log_softmax


def cosine_similarity(a: Any, b: Any, axis: int = -1) -> Any:
    """a·b/(‖a‖ ‖b‖) along the axis; undefined at zero vectors.

    >>> from symbolic import tensor
    >>> cosine_similarity(tensor("a", "P n"), tensor("b", "P n")).shape
    (P,)
    """
    same_shape("cosine_similarity", a, b)
    return (a * b).sum(axis=axis) / sqrt((a * a).sum(axis=axis) * (b * b).sum(axis=axis))


def cosine_loss(a: Any, b: Any, axis: int = -1, reduction: str = "mean") -> Any:
    """1 − cos(a, b)."""
    return reduced(1 - cosine_similarity(a, b, axis), reduction)


def cosine_embedding_loss(a: Any, b: Any, sign: Any, margin: Any = 0, axis: int = -1, reduction: str = "mean") -> Any:
    """1 − cos(a, b) for pairs with sign 1, max(0, cos(a, b) − margin) for pairs with sign −1."""
    c = cosine_similarity(a, b, axis)
    return reduced((1 + sign) / 2 * (1 - c) + (1 - sign) / 2 * maximum(c - margin, 0), reduction)


def contrastive_loss(a: Any, b: Any, same: Any, margin: Any = 1, axis: int = -1, reduction: str = "mean") -> Any:
    """y·d² + (1 − y)·max(0, m − d)² with the distance d = ‖a − b‖ and y = 1 for related pairs. (Hadsell et al. 2006.)"""
    same_shape("contrastive_loss", a, b)
    squared = ((a - b) ** 2).sum(axis=axis)
    return reduced(same * squared + (1 - same) * maximum(margin - sqrt(squared), 0) ** 2, reduction)


def triplet_loss(
    anchor: Any, positive: Any, negative: Any, margin: Any = 1, axis: int = -1, reduction: str = "mean"
) -> Any:
    """max(0, ‖a − p‖² − ‖a − n‖² + m). (Schroff et al. 2015.)"""
    same_shape("triplet_loss", anchor, positive)
    same_shape("triplet_loss", anchor, negative)
    near = ((anchor - positive) ** 2).sum(axis=axis)
    far = ((anchor - negative) ** 2).sum(axis=axis)
    return reduced(maximum(near - far + margin, 0), reduction)


def info_nce(queries: Any, keys: Any, temperature: Any = 1, reduction: str = "mean") -> Any:
    """−log softmax(q_i·k_j/τ)_i for rows that belong together: i and j = i. (van den Oord et al. 2018.)

    Queries and keys are (P, d); their rows are taken as they are (normalise them first for cosines).
    """
    same_shape("info_nce", queries, keys)
    log_p = log_softmax(queries @ keys.T / temperature, axis=-1)
    hit = diagonal(as_tensor(log_p)) if is_symbolic(log_p) else log_p.diagonal()
    return reduced(-hit, reduction)

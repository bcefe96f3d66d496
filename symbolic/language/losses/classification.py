"""Losses of scores for classes: cross-entropies, negative log-likelihood, hinges."""

from __future__ import annotations

from typing import Any

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.activations import sigmoid, softplus, xlogy
from symbolic.language.arrays import is_symbolic
from symbolic.language.elementary import log, maximum
from symbolic.language.indexing import one_hot, take_along_axis
from symbolic.language.losses.reduction import reduced, same_shape
from symbolic.language.operations import as_tensor
from symbolic.language.softmaxes import log_softmax


def cross_entropy(
    logits: Any, target: Any, axis: int = -1, *, weights: Any = None, label_smoothing: Any = 0, reduction: str = "mean"
) -> Any:
    """−Σ_c q_c log softmax(z)_c along the axis, from logits z; its gradient is softmax(z) − q.

    ``target`` holds integer labels t, when q is one-hot at t, or (real numbers, in the shape of the logits) the
    probabilities q themselves. ``label_smoothing`` ε mixes q with the uniform distribution, (1 − ε) q + ε/K (Szegedy et
    al. 2016). ``weights`` has one factor per class. The mean over the remaining axes is taken unless ``reduction`` says
    otherwise; it is a plain mean, also with weights. ``reduction="weighted_mean"`` divides by the sum of the labels' weights
    instead of their number, as PyTorch's ``cross_entropy`` does for integer labels; for these alone it is known.

    >>> from symbolic import tensor
    >>> cross_entropy(tensor("z", "n k"), tensor("t", "n", role="target", dtype="int")).shape
    ()
    """
    return _weighted_log_loss(
        "cross_entropy", log_softmax(logits, axis), target, axis, weights, label_smoothing, reduction
    )


def cross_entropy_of_probabilities(
    p: Any, target: Any, axis: int = -1, *, weights: Any = None, label_smoothing: Any = 0, reduction: str = "mean"
) -> Any:
    """−Σ_c q_c log p_c along the axis, from probabilities p > 0; options as in ``cross_entropy``.

    From a softmax, ``cross_entropy`` of its logits is the stable way.
    """
    return _weighted_log_loss(
        "cross_entropy_of_probabilities", log(p), target, axis, weights, label_smoothing, reduction
    )


def negative_log_likelihood(
    log_probabilities: Any, target: Any, axis: int = -1, *, weights: Any = None, reduction: str = "mean"
) -> Any:
    """−log p_t for integer labels t, given log-probabilities such as those of ``log_softmax``."""
    return _weighted_log_loss("negative_log_likelihood", log_probabilities, target, axis, weights, 0, reduction)


def _weighted_log_loss(
    name: str, log_p: Any, target: Any, axis: int, weights: Any, smoothing: Any, reduction: str
) -> Any:
    if axis % log_p.ndim != log_p.ndim - 1:
        if weights is not None or not hasattr(log_p, "swapaxes"):
            raise UnsupportedError(f"{name}: weights are along the last axis; move the class axis there first")
        log_p = _axis_last(log_p, axis)
        target = target if holds_labels(target) else _axis_last(target, axis)
    classes = log_p.shape[-1]
    total = None
    if reduction == "weighted_mean":
        if not holds_labels(target):
            raise UnsupportedError(
                f"{name}: reduction='weighted_mean' divides by the weights of integer labels; got probabilities"
            )
        if weights is not None:
            total = (as_tensor(weights) if is_symbolic(target) else weights)[target].sum()
        reduction = "mean" if weights is None else "sum"
    if not holds_labels(target):
        same_shape(name, log_p, target)
        q = target if _is_zero(smoothing) else (1 - smoothing) * target + smoothing / classes
        terms = q * log_p if weights is None else weights * q * log_p
        return reduced(-terms.sum(axis=-1), reduction)
    _require_labels(name, log_p, target)
    terms = log_p if weights is None else weights * log_p
    hit = picked(terms, target)
    if not _is_zero(smoothing):
        hit = (1 - smoothing) * hit + (smoothing / classes) * terms.sum(axis=-1)
    return reduced(-hit, reduction) if total is None else reduced(-hit, reduction) / total


def holds_labels(target: Any) -> bool:
    """True if the target is made of integer labels."""
    if is_symbolic(target):
        return as_tensor(target).dtype == "int"
    return isinstance(target, int) or (hasattr(target, "dtype") and target.dtype.kind in "iu")


def picked(values: Any, labels: Any) -> Any:
    """``values[.., labels[..]]``: one entry along the last axis for each label."""
    if is_symbolic(values, labels):
        t = as_tensor(labels)
        return take_along_axis(values, t[..., None], -1)[..., 0]
    xp = values.__array_namespace__()
    return xp.take_along_axis(values, xp.asarray(labels)[..., None], axis=-1)[..., 0]


def _axis_last(t: Any, axis: int) -> Any:
    order = [a for a in range(t.ndim) if a != axis % t.ndim]
    return t.transpose([*order, axis % t.ndim])


def _require_labels(name: str, scores: Any, target: Any) -> None:
    if is_symbolic(scores, target):
        z, t = as_tensor(scores), as_tensor(target)
        if tuple(z.shape[:-1]) != tuple(t.shape):
            raise ShapeError(
                f"{name}: the labels {t.describe()} must have the shape of the scores {z.describe()} without the class axis"
            )


def binary_cross_entropy(logit: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Any:
    """−[y log σ(s) + (1 − y) log(1 − σ(s))] = softplus(s) − y·s for y in [0, 1]; its gradient is σ(s) − y.

    ``weights`` has a factor per entry. (The form without overflow.)

    >>> round(binary_cross_entropy(0.0, 1.0), 6)
    0.693147
    """
    same_shape("binary_cross_entropy", logit, target)
    loss = softplus(logit) - target * logit
    return _reduced_number(loss if weights is None else weights * loss, reduction)


def binary_cross_entropy_of_probabilities(p: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Any:
    """−[y log p + (1 − y) log(1 − p)] for probabilities p in (0, 1)."""
    same_shape("binary_cross_entropy_of_probabilities", p, target)
    loss = -(xlogy(target, p) + xlogy(1 - target, 1 - p))
    return _reduced_number(loss if weights is None else weights * loss, reduction)


def logistic_loss(score: Any, sign: Any, reduction: str = "mean") -> Any:
    """log(1 + e^{−y·s}) for labels y = ±1."""
    same_shape("logistic_loss", score, sign)
    return _reduced_number(softplus(-sign * score), reduction)


def hinge(score: Any, sign: Any, margin: Any = 1, reduction: str = "mean") -> Any:
    """max(0, 1 − y·s) for labels y = ±1; the derivative at the margin is taken as 0. (Cortes and Vapnik 1995.)"""
    same_shape("hinge", score, sign)
    return _reduced_number(maximum(margin - sign * score, 0), reduction)


def squared_hinge(score: Any, sign: Any, margin: Any = 1, reduction: str = "mean") -> Any:
    """max(0, 1 − y·s)² for labels y = ±1."""
    same_shape("squared_hinge", score, sign)
    return _reduced_number(maximum(margin - sign * score, 0) ** 2, reduction)


def multiclass_hinge(scores: Any, target: Any, margin: Any = 1, reduction: str = "mean") -> Any:
    """Σ_{c ≠ t} max(0, 1 + s_c − s_t) for an integer label t. (Weston and Watkins 1999.)"""
    _require_labels("multiclass_hinge", scores, target)
    right = picked(scores, target)[..., None]
    every = maximum(margin + scores - right, 0).sum(axis=-1)
    return reduced(every - margin, reduction)  # the term of the label itself is max(0, margin)


def crammer_singer_hinge(scores: Any, target: Any, margin: Any = 1, reduction: str = "mean") -> Any:
    """max(0, 1 + max_{c ≠ t} s_c − s_t) for an integer label t. (Crammer and Singer 2001.)"""
    _require_labels("crammer_singer_hinge", scores, target)
    right = picked(scores, target)[..., None]
    offset = margin * (1 - one_hot(target, scores.shape[-1]))
    return reduced((offset + scores - right).max(axis=-1), reduction)  # the label's own entry is 0


def focal_loss(logit: Any, target: Any, gamma: Any = 2, reduction: str = "mean") -> Any:
    """(1 − p_t)^γ · (−log p_t) with p_t the probability σ(±s) of the true class, for y in {0, 1}. (Lin et al. 2017.)"""
    same_shape("focal_loss", logit, target)
    s = (2 * target - 1) * logit
    return _reduced_number(softplus(-s) * sigmoid(-s) ** gamma, reduction)


def _reduced_number(loss: Any, reduction: str) -> Any:
    return loss if isinstance(loss, (int, float)) else reduced(loss, reduction)


def _is_zero(x: Any) -> bool:
    return isinstance(x, (int, float)) and x == 0

"""Losses from distributions: divergences and negative log-likelihoods."""

from __future__ import annotations

import math
from typing import Any

from symbolic.language.activations import gammaln, softplus, xlogy
from symbolic.language.elementary import absolute, exp, log, log1p
from symbolic.language.losses.reduction import reduced, same_shape


def kl_divergence(p: Any, q: Any, reduction: str = "sum") -> Any:
    """KL(p ‖ q) = Σᵢ pᵢ log(pᵢ/qᵢ) of probabilities, with 0·log 0 = 0. (Kullback and Leibler 1951.)

    >>> from symbolic import tensor
    >>> kl_divergence(tensor("p", "n"), tensor("q", "n")).shape
    ()
    """
    same_shape("kl_divergence", p, q)
    return reduced(xlogy(p, p) - xlogy(p, q), reduction)


def entropy(p: Any, reduction: str = "sum") -> Any:
    """−Σᵢ pᵢ log pᵢ."""
    return reduced(-xlogy(p, p), reduction)


def gaussian_kl(mean: Any, log_variance: Any, reduction: str = "sum") -> Any:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σᵢ (μᵢ² + σᵢ² − log σᵢ² − 1), the latent term of a VAE. (Kingma and Welling 2014.)"""
    same_shape("gaussian_kl", mean, log_variance)
    return reduced((mean**2 + exp(log_variance) - log_variance - 1) / 2, reduction)


def gaussian_nll(mean: Any, target: Any, variance: Any = 1, reduction: str = "sum") -> Any:
    """½ Σᵢ [(yᵢ − μᵢ)²/vᵢ + log vᵢ + log 2π], minus the log-likelihood of a normal distribution with variance v > 0."""
    same_shape("gaussian_nll", mean, target)
    return reduced(((target - mean) ** 2 / variance + _log(2 * math.pi * variance)) / 2, reduction)


def laplace_nll(mean: Any, target: Any, scale: Any = 1, reduction: str = "sum") -> Any:
    """Σᵢ |yᵢ − μᵢ|/b + log 2b."""
    same_shape("laplace_nll", mean, target)
    return reduced(absolute(target - mean) / scale + _log(2 * scale), reduction)


def student_nll(mean: Any, target: Any, freedom: Any, scale: Any = 1, reduction: str = "sum") -> Any:
    """Minus the log-likelihood of Student's t with ν degrees of freedom, location μ and scale s.

    Σᵢ (ν+1)/2 · log(1 + ((yᵢ − μᵢ)/s)²/ν) + log s + ½ log(νπ) + log Γ(ν/2) − log Γ((ν+1)/2)
    """
    same_shape("student_nll", mean, target)
    r = (target - mean) / scale
    constant = _log(scale) + _log(math.pi * freedom) / 2 + gammaln(freedom / 2) - gammaln((freedom + 1) / 2)
    return reduced((freedom + 1) / 2 * log1p(r**2 / freedom) + constant, reduction)


def _log(x: Any) -> Any:
    return math.log(x) if isinstance(x, (int, float)) else log(x)


def poisson_nll(log_rate: Any, target: Any, *, full: bool = False, reduction: str = "sum") -> Any:
    """Σᵢ e^{sᵢ} − yᵢ sᵢ for the rates λ = e^s; with ``full`` also log yᵢ!."""
    same_shape("poisson_nll", log_rate, target)
    loss = exp(log_rate) - target * log_rate
    return reduced(loss + gammaln(target + 1) if full else loss, reduction)


def bernoulli_nll(logit: Any, target: Any, reduction: str = "sum") -> Any:
    """Σᵢ softplus(sᵢ) − yᵢ sᵢ, minus the log-likelihood of the probabilities σ(s)."""
    same_shape("bernoulli_nll", logit, target)
    return reduced(softplus(logit) - target * logit, reduction)

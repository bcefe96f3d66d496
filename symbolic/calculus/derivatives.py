"""The public verbs: gradient, Jacobian, Hessian, products with them, Gauss–Newton and Fisher matrices.

Each is a few lines over one pullback or pushforward.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from symbolic.calculus.pullback import cotangents, identity_seed, zero_like
from symbolic.calculus.pushforward import pushforward
from symbolic.errors import DeclarationError, ShapeError
from symbolic.language.operations import as_tensor, require_scalar, tensordot
from symbolic.program.dims import shape_text
from symbolic.program.tensors import Tensor


def require_variable(x: Any, operation: str) -> Tensor:
    """``x`` itself if it is a tensor, else ``DeclarationError``."""
    if not isinstance(x, Tensor):
        raise DeclarationError(f"{operation}: expected a tensor to differentiate by, got {type(x).__name__}")
    return x


def gradient(output: Tensor, x: Tensor) -> Tensor:
    """∂output/∂x of a scalar output, in the shape of ``x``.

    Raises ``ShapeError`` if the output is no scalar and ``NotDifferentiableError`` through integers.

    >>> import symbolic as s
    >>> x = s.tensor("x", "n")
    >>> s.gradient((x * x).sum(), x).shape
    (n,)
    """
    output = as_tensor(output)
    require_scalar(output, "gradient")
    return jacobian(output, x)


def jacobian(output: Tensor, x: Tensor) -> Tensor:
    """∂output/∂x in numerator layout: the output's axes, then those of ``x``."""
    output, x = as_tensor(output), require_variable(x, "jacobian")
    bar = cotangents(output, identity_seed(output), [x]).get(x)
    return zero_like((*output.extents, *x.extents)) if bar is None else bar


def hessian(output: Tensor, x: Tensor, y: Tensor | None = None) -> Tensor:
    """The second derivative of a scalar: the axes of ``x`` twice, or those of ``x``, then those of ``y``."""
    return jacobian(gradient(output, x), x if y is None else y)


def jvp(output: Tensor, tangents: Mapping[Tensor, Any]) -> Tensor:
    """The pushforward: how ``output`` moves, to first order, when each key moves by its tangent."""
    return pushforward(as_tensor(output), {require_variable(t, "jvp"): as_tensor(dot) for t, dot in tangents.items()})


def vjp(output: Tensor, x: Tensor, cotangent: Any) -> Tensor:
    """The pullback of ``cotangent`` (of the output's shape) to ``x``: Σ_o cotangent[o] · ∂output[o]/∂x."""
    output, x, bar = as_tensor(output), require_variable(x, "vjp"), as_tensor(cotangent)
    if bar.ndim != output.ndim or any(sp.expand(a - b) != 0 for a, b in zip(bar.extents, output.extents, strict=True)):
        raise ShapeError(
            f"vjp: the cotangent {bar.describe()} must have the shape {shape_text(output.extents)} of {output.label}"
        )
    pulled = cotangents(output, bar, [x]).get(x)
    return zero_like(x.extents) if pulled is None else pulled


def hvp(output: Tensor, x: Tensor, direction: Any) -> Tensor:
    """The Hessian of a scalar times a direction of the shape of ``x``, without forming the Hessian.

    The gradient is pushed forward along the direction (Pearlmutter 1994).

    >>> import symbolic as s
    >>> x, v = s.tensor("x", "n"), s.tensor("v", "n")
    >>> hvp((x * x * x).sum(), x, v).shape
    (n,)
    """
    return jvp(gradient(output, x), {require_variable(x, "hvp"): direction})


def gauss_newton(output: Tensor, x: Tensor, loss: Tensor | None = None) -> Tensor:
    """The Gauss–Newton matrix JᵀHJ: the axes of ``x`` twice, with J = ∂output/∂x and H the Hessian of ``loss`` by output.

    Without ``loss``, H is the identity: JᵀJ, which belongs to half the sum of squared residuals ``output``.

    >>> import symbolic as s
    >>> X, w, y = s.tensor("X", "n m"), s.tensor("w", "m"), s.tensor("y", "n")
    >>> gauss_newton(X @ w - y, w).shape
    (m, m)
    """
    output = as_tensor(output)
    j = jacobian(output, x)
    axes = list(range(output.ndim))
    weighted = j if loss is None else tensordot(hessian(loss, output), j, output.ndim)
    return tensordot(j, weighted, (axes, axes))


def fisher(log_likelihoods: Tensor, x: Tensor) -> Tensor:
    """The empirical Fisher information: the mean over samples of the outer product of scores ∂log p/∂x.

    ``log_likelihoods`` has one entry per sample, or is the scalar of a single sample.

    >>> import symbolic as s
    >>> X, w = s.tensor("X", "n m"), s.tensor("w", "m")
    >>> fisher(-((X @ w) ** 2), w).shape
    (m, m)
    """
    scores = as_tensor(log_likelihoods)
    if scores.ndim > 1:
        raise ShapeError(f"fisher: expected one log-likelihood per sample, got {scores.describe()}")
    j = jacobian(scores, x)
    axes = list(range(scores.ndim))
    information = tensordot(j, j, (axes, axes))
    return information / scores.shape[0] if scores.ndim else information

"""Pointwise functions that NumPy has no name for.

Each is a tensor function of tensors and an array function of arrays, so that one ordinary NumPy function serves both for
numbers and for a derivation.

>>> from symbolic import relu, tensor
>>> relu(tensor("x", "n")), relu(-2.0)
(<Tensor _... (n,) computed>, 0.0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.language import pointwise as pw
from symbolic.language.arrays import is_symbolic, value_of
from symbolic.language.entries import Entry, expression
from symbolic.language.operations import pointwise, scalar
from symbolic.program import functions as f


def entrywise(name: str, *args: Any) -> Any:
    """The pointwise function ``name`` of the table: a tensor if an argument is symbolic, else an array or a number."""
    return _apply(name, (pw.UNARY, pw.BINARY, pw.TERNARY)[len(args) - 1][name], *args)


def _apply(name: str, function: Callable[..., sp.Expr], *args: Any) -> Any:
    if any(isinstance(a, Entry) for a in args):
        return Entry(function(*map(expression, args)))
    if not is_symbolic(*args):
        return value_of(function, *args)
    return pointwise(name, function, *args)


# -- rectifiers and their relatives ----------------------------------------------------------------------------------


def relu(x: Any) -> Any:
    """max(x, 0); relu′(0) = 0. (Nair and Hinton 2010.)

    >>> relu(3.0)
    3.0
    """
    return entrywise("relu", x)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, else slope·x. (Maas et al. 2013.)

    >>> leaky_relu(-2, 0.5)
    -1.0
    """
    return entrywise("leaky_relu", x, slope)


prelu = leaky_relu


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return entrywise("relu6", x)


def elu(x: Any, alpha: Any = 1) -> Any:
    """x where x > 0, else α(eˣ − 1). (Clevert et al. 2016.)"""
    return entrywise("elu", x, alpha)


def celu(x: Any, alpha: Any = 1) -> Any:
    """x where x > 0, else α(e^{x/α} − 1). (Barron 2017.)"""
    return _apply("celu", lambda v, a: f.Where(f.Step(v), v, a * (sp.exp(v / a) - 1)), x, alpha)


def selu(x: Any) -> Any:
    """λ·elu(x, α) with the self-normalising constants of Klambauer et al. (2017)."""
    alpha, scale = scalar(1.6732632423543772), scalar(1.0507009873554805)
    return _apply("selu", lambda v: f.Where(f.Step(v), scale * v, scale * alpha * (sp.exp(v) - 1)), x)


def hard_tanh(x: Any) -> Any:
    """x limited to [−1, 1]."""
    return entrywise("hard_tanh", x)


def hard_sigmoid(x: Any) -> Any:
    """x/6 + 1/2 limited to [0, 1]."""
    return _apply("hard_sigmoid", lambda v: f.Maximum(f.Minimum(v / 6 + sp.Rational(1, 2), 1), 0), x)


def step(x: Any) -> Any:
    """1 where x > 0, else 0; its derivative is 0 wherever it exists."""
    return entrywise("step", x)


# -- smooth ----------------------------------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """σ(x) = 1/(1 + e^{−x}); σ′ = σ(1 − σ).

    >>> sigmoid(0.0)
    0.5
    """
    return entrywise("sigmoid", x)


def log_sigmoid(x: Any) -> Any:
    """log σ(x) = −softplus(−x)."""
    return entrywise("log_sigmoid", x)


def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow; its derivative is σ."""
    return entrywise("softplus", x)


def silu(x: Any) -> Any:
    """x·σ(x), also called swish. (Elfwing et al. 2018.)"""
    return entrywise("silu", x)


swish = silu


def mish(x: Any) -> Any:
    """x·tanh(softplus(x)). (Misra 2019.)"""
    return entrywise("mish", x)


def gelu(x: Any, approximate: str = "none") -> Any:
    """x·Φ(x) with Φ the standard normal distribution function; ``approximate="tanh"`` for the tanh form.

    Hendrycks and Gimpel (2016).

    >>> gelu(0.0)
    0.0
    """
    return entrywise("gelu_tanh" if approximate == "tanh" else "gelu", x)


def gelu_tanh(x: Any) -> Any:
    """x/2·(1 + tanh(√(2/π)(x + 0.044715 x³))), the form in which GPT-2 computes gelu."""
    return entrywise("gelu_tanh", x)


def softsign(x: Any) -> Any:
    """x/(1 + |x|)."""
    return entrywise("softsign", x)


def tanhshrink(x: Any) -> Any:
    """x − tanh x."""
    return _apply("tanhshrink", lambda v: v - sp.tanh(v), x)


# -- special functions -----------------------------------------------------------------------------------------------


def erf(x: Any) -> Any:
    """The error function, 2/√π ∫₀ˣ e^{−t²} dt."""
    return entrywise("erf", x)


def erfc(x: Any) -> Any:
    """1 − erf(x)."""
    return entrywise("erfc", x)


def logit(x: Any) -> Any:
    """log(x/(1 − x)), the inverse of the sigmoid; x in (0, 1)."""
    return entrywise("logit", x)


def ndtr(x: Any) -> Any:
    """Φ(x), the standard normal distribution function."""
    return entrywise("ndtr", x)


def log_ndtr(x: Any) -> Any:
    """log Φ(x), also where Φ(x) underflows."""
    return entrywise("log_ndtr", x)


def gammaln(x: Any) -> Any:
    """log Γ(x) for x > 0; its derivative is the digamma function."""
    return entrywise("gammaln", x)


def digamma(x: Any) -> Any:
    """ψ(x) = Γ′(x)/Γ(x) for x > 0."""
    return entrywise("digamma", x)


def polygamma(order: Any, x: Any) -> Any:
    """The derivative of the given order of ψ; the order is a whole number."""
    return entrywise("polygamma", order, x)


def xlogy(x: Any, y: Any) -> Any:
    """x·log y, and 0 where x = 0."""
    return entrywise("xlogy", x, y)


def xlog1py(x: Any, y: Any) -> Any:
    """x·log(1 + y), and 0 where x = 0."""
    return entrywise("xlog1py", x, y)


def entr(x: Any) -> Any:
    """−x·log x, and 0 at 0: an entry of an entropy."""
    return entrywise("entr", x)


def rel_entr(x: Any, y: Any) -> Any:
    """x·log(x/y): an entry of a Kullback–Leibler divergence."""
    return entrywise("rel_entr", x, y)


def i0(x: Any) -> Any:
    """The modified Bessel function I₀; its derivative is I₁."""
    return entrywise("i0", x)


def i1(x: Any) -> Any:
    """The modified Bessel function I₁."""
    return entrywise("i1", x)

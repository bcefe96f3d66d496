"""Attention: each query takes a weighted mean of values, with weights from its match with the keys."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.language.elementary import sqrt, where
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import linear
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import triangle_mask
from symbolic.language.softmaxes import softmax
from symbolic.program.dims import extent
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Quotient, Remainder
from symbolic.program.functions import Equal, Where
from symbolic.program.initialisation import ZEROS, fan_in
from symbolic.program.tensors import Tensor, computed


def attention(q: Any, k: Any, v: Any, *, causal: bool = False, mask: Any = None, scale: Any = None) -> Any:
    """softmax(q kᵀ/√d) v: q (…, t, d), k (…, s, d), v (…, s, e) give (…, t, e). (Vaswani et al. 2017.)

    ``causal`` lets position i see only positions j ≤ i; ``mask`` holds where a position may be seen (truth values that
    broadcast to (…, t, s)). ``scale`` replaces 1/√d.

    >>> from symbolic import tensor
    >>> attention(tensor("q", "t d"), tensor("k", "s d"), tensor("v", "s e")).shape
    (t, e)
    """
    return attention_weights(q, k, causal=causal, mask=mask, scale=scale) @ v


def attention_weights(q: Any, k: Any, *, causal: bool = False, mask: Any = None, scale: Any = None) -> Any:
    """The weights (…, t, s) of ``attention``: a probability vector for each query."""
    scores = q @ k.swapaxes(-1, -2)
    scores = scores / sqrt(q.shape[-1]) if scale is None else scale * scores
    if causal:
        scores = where(_causal(scores), scores, -math.inf)
    if mask is not None:
        scores = where(mask, scores, -math.inf)
    return softmax(scores, axis=-1)


def _causal(scores: Any) -> Any:
    if isinstance(scores, Tensor):
        return triangle_mask(scores.extents[-2], scores.extents[-1])
    xp = scores.__array_namespace__()
    return xp.arange(scores.shape[-1])[None, :] <= xp.arange(scores.shape[-2])[:, None]


def split_heads(x: Any, heads: int) -> Any:
    """(…, t, d) as (…, heads, t, d/heads)."""
    *lead, t, d = x.shape
    if extent(d).is_Integer and d % heads:
        raise ShapeError(f"attention: a width of {d} does not split into {heads} heads")
    return x.reshape((*lead, t, heads, d // heads)).swapaxes(-2, -3)


def merge_heads(x: Any) -> Any:
    """(…, heads, t, e) as (…, t, heads·e)."""
    *lead, heads, t, e = x.shape
    return x.swapaxes(-2, -3).reshape((*lead, t, heads * e))


def multi_head_attention(
    x: Any,
    W_q: Any,
    W_k: Any,
    W_v: Any,
    W_o: Any,
    heads: int,
    *,
    context: Any = None,
    causal: bool = False,
    mask: Any = None,
) -> Any:
    """Attention of ``heads`` heads on x (…, t, d), each weight matrix (d, d): the heads' outputs joined and mapped by W_o.

    ``context`` (…, s, d) gives keys and values (cross-attention); x itself unless given.
    """
    source = x if context is None else context
    q, k, v = linear(x, W_q), linear(source, W_k), linear(source, W_v)
    z = attention(*(split_heads(t, heads) for t in (q, k, v)), causal=causal, mask=mask)
    return linear(merge_heads(z), W_o)


class MultiHeadAttention(Layer):
    """``multi_head_attention`` with its parameters W_q, W_k, W_v, W_o (d, d), uniform on ±1/√d at the start.

    With ``bias`` the four maps have biases b_q, b_k, b_v, b_o, zero at the start.
    """

    def __init__(self, width: Any, heads: int, *, causal: bool = False, bias: bool = False, label: str = ""):
        self.label, self.heads, self.causal = label, heads, causal
        self.W_q, self.W_k, self.W_v, self.W_o = (
            self.parameter(f"W_{name}", (width, width), fan_in(width)) for name in "qkvo"
        )
        self.b_q, self.b_k, self.b_v, self.b_o = (
            self.parameter(f"b_{name}", (width,), ZEROS) if bias else None for name in "qkvo"
        )

    def __call__(self, x: Any, context: Any = None, mask: Any = None) -> Any:
        source = x if context is None else context
        q, k, v = linear(x, self.W_q, self.b_q), linear(source, self.W_k, self.b_k), linear(source, self.W_v, self.b_v)
        z = attention(*(split_heads(t, self.heads) for t in (q, k, v)), causal=self.causal, mask=mask)
        return linear(merge_heads(z), self.W_o, self.b_o)


def sinusoidal_encoding(length: Any, width: Any) -> Tensor:
    """PE[t, 2i] = sin(t/10000^{2i/d}), PE[t, 2i + 1] = cos(t/10000^{2i/d}). (Vaswani et al. 2017.)

    >>> sinusoidal_encoding("T", 8).shape
    (T, 8)
    """
    t, j = Index("t", extent(length)), Index("j", extent(width))
    pair = j - Remainder(j, sp.Integer(2))
    angle = t / sp.Integer(10000) ** (pair / extent(width))
    return computed(equation((t, j), Where(Equal(Remainder(j, sp.Integer(2)), 0), sp.sin(angle), sp.cos(angle))))


def rotary_encoding(x: Any, base: int = 10000) -> Tensor:
    """x (…, t, d) with each pair (x_{2i}, x_{2i+1}) turned by the angle t/base^{2i/d}. (Su et al. 2021.)"""
    t = as_tensor(x)
    if t.ndim < 2 or not sp.expand(t.extents[-1] / 2).is_integer:
        raise ShapeError(f"rotary_encoding: expected positions and an even width, got {t.describe()}")
    *lead, place, j = t.fresh_indices()
    two = sp.Integer(2)
    odd = Remainder(j, two)
    angle = place / sp.Integer(base) ** ((j - odd) / t.extents[-1])
    partner = two * Quotient(j, two) + 1 - odd
    body = t.access(*lead, place, j) * sp.cos(angle) + t.access(*lead, place, partner) * sp.sin(angle) * (2 * odd - 1)
    return computed(equation((*lead, place, j), body))

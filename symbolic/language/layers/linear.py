"""Weighted sums: linear and bilinear maps, and the embedding, which reads rows."""

from __future__ import annotations

from typing import Any

from symbolic.language.elementary import einsum
from symbolic.language.layers.layer import Layer
from symbolic.program.initialisation import fan_in, normal


def linear(x: Any, W: Any, b: Any = None) -> Any:
    """s = W x + b, that is s[i] = Σ_j W[i, j] x[j] + b[i]; leading axes of x are kept.

    >>> from symbolic import tensor
    >>> linear(tensor("x", "P n"), tensor("W", "m n")).shape
    (P, m)
    """
    s = W @ x if x.ndim == 1 else x @ W.T
    return s if b is None else s + b


def bilinear(x: Any, y: Any, W: Any, b: Any = None) -> Any:
    """s[o] = Σ_ij x[i] W[o, i, j] y[j] + b[o]; leading axes of x and y are kept."""
    s = einsum("...i,oij,...j->...o", x, W, y)
    return s if b is None else s + b


def embedding(tokens: Any, E: Any) -> Any:
    """Rows of E: z[p, k] = E[tok[p], k] for integer tokens. The gradient reaches the rows that are read."""
    return E[tokens]


class Linear(Layer):
    """``linear`` with its parameters W (m, n) and b (m,), both uniform on ±1/√n at the start.

    >>> layer = Linear("n", "m", label="1")
    >>> layer.parameters, str(layer.W.init)
    ((<Tensor W_1 (m, n) parameter>, <Tensor b_1 (m,) parameter>), 'uniform on ±1/sqrt(n)')
    """

    def __init__(self, inputs: Any, outputs: Any, *, bias: bool = True, label: str = ""):
        self.label = label
        self.W = self.parameter("W", (outputs, inputs), fan_in(inputs))
        self.b = self.parameter("b", (outputs,), fan_in(inputs)) if bias else None

    def __call__(self, x: Any) -> Any:
        return linear(x, self.W, self.b)


class Bilinear(Layer):
    """``bilinear`` with its parameters W (o, m, n) and b (o,), uniform on ±1/√m at the start."""

    def __init__(self, first: Any, second: Any, outputs: Any, *, bias: bool = True, label: str = ""):
        self.label = label
        self.W = self.parameter("W", (outputs, first, second), fan_in(first))
        self.b = self.parameter("b", (outputs,), fan_in(first)) if bias else None

    def __call__(self, x: Any, y: Any) -> Any:
        return bilinear(x, y, self.W, self.b)


class Embedding(Layer):
    """``embedding`` with its parameter E (v, d), one row per token, normal with the given deviation at the start."""

    def __init__(self, tokens: Any, width: Any, *, deviation: float = 1.0, label: str = ""):
        self.label = label
        self.E = self.parameter("E", (tokens, width), normal(deviation))

    def __call__(self, tokens: Any) -> Any:
        return embedding(tokens, self.E)

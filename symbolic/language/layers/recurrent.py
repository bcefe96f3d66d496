"""Recurrent cells, and their unrolling for a fixed number of steps with shared weights."""

from __future__ import annotations

from typing import Any

from symbolic.errors import UnsupportedError
from symbolic.language.activations import sigmoid
from symbolic.language.arrays import is_symbolic, require_namespace
from symbolic.language.elementary import tanh
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import linear
from symbolic.language.shaping import stack
from symbolic.program.dims import extent
from symbolic.program.initialisation import fan_in


def elman_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    """h′ = tanh(W x + U h + b). (Elman 1990.)"""
    return tanh(linear(x, W) + linear(h, U) + b)


def lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> tuple[Any, Any]:
    """c′ = f ⊙ c + i ⊙ g and h′ = o ⊙ tanh(c′), where i, f, g, o are the quarters of W x + U h + b.

    i, f and o go through σ, g through tanh; W (4m, n), U (4m, m), b (4m,). (Hochreiter and Schmidhuber 1997; Gers 2000.)
    """
    i, f, g, o = _parts(linear(x, W) + linear(h, U) + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_cell(x: Any, h: Any, W: Any, U: Any, b: Any, d: Any) -> Any:
    """h′ = (1 − z) ⊙ n + z ⊙ h with gates r, z and the new value n = tanh(s_n + r ⊙ t_n).

    s = W x + b and t = U h + d are cut into thirds for r, z, n; r and z go through σ of the sums. (Cho et al. 2014, in
    the form of cuDNN and PyTorch.)
    """
    s_r, s_z, s_n = _parts(linear(x, W) + b, 3)
    t_r, t_z, t_n = _parts(linear(h, U) + d, 3)
    r, z = sigmoid(s_r + t_r), sigmoid(s_z + t_z)
    n = tanh(s_n + r * t_n)
    return (1 - z) * n + z * h


def _parts(s: Any, count: int) -> list[Any]:
    size = s.shape[-1] // count
    return [s[..., k * size : (k + 1) * size] for k in range(count)]


class _Recurrent(Layer):
    """A cell with its parameters; ``layer(x, state)`` runs over the first axis of x (T, n), which is a number."""

    gates = 1

    def __init__(self, inputs: Any, width: Any, *, label: str = ""):
        self.label, self.width = label, width
        rows = self.gates * extent(width)
        self.W = self.parameter("W", (rows, inputs), fan_in(width))
        self.U = self.parameter("U", (rows, width), fan_in(width))
        self.b = self.parameter("b", (rows,), fan_in(width))

    def step(self, x: Any, state: Any) -> Any:
        """The next state."""
        raise NotImplementedError

    def states(self, x: Any, state: Any) -> list[Any]:
        """The states after each step."""
        found = []
        for x_t in steps(x):
            state = self.step(x_t, state)
            found.append(state)
        return found

    def __call__(self, x: Any, state: Any) -> Any:
        """The outputs of all steps (T, m)."""
        return _stacked([s[0] if isinstance(s, tuple) else s for s in self.states(x, state)])


def steps(x: Any) -> list[Any]:
    """The entries along the first axis, whose extent must be a number."""
    if is_symbolic(x) and not x.extents[0].is_Integer:
        raise UnsupportedError(
            f"a recurrence over {x.describe()} is unrolled, so its first dimension {x.extents[0]} must be a number: "
            f"tensor({x.label!r}, (8, ...)) for eight steps"
        )
    return [x[t] for t in range(int(x.shape[0]))]


def _stacked(outputs: list[Any]) -> Any:
    return stack(outputs) if is_symbolic(*outputs) else require_namespace("recurrence", *outputs).stack(outputs)


class Elman(_Recurrent):
    """``elman_cell`` with W (m, n), U (m, m), b (m,), uniform on ±1/√m at the start; the state is h (m,).

    >>> from symbolic import tensor
    >>> Elman(3, 5)(tensor("x", "4 3"), tensor("h_0", 5)).shape
    (4, 5)
    """

    def step(self, x: Any, state: Any) -> Any:
        """h′."""
        return elman_cell(x, state, self.W, self.U, self.b)


class LSTM(_Recurrent):
    """``lstm_cell`` with W (4m, n), U (4m, m), b (4m,), uniform on ±1/√m at the start; the state is (h, c)."""

    gates = 4

    def step(self, x: Any, state: Any) -> Any:
        """(h′, c′)."""
        return lstm_cell(x, *state, self.W, self.U, self.b)


class GRU(_Recurrent):
    """``gru_cell`` with W (3m, n), U (3m, m), b and d (3m,), uniform on ±1/√m at the start; the state is h (m,)."""

    gates = 3

    def __init__(self, inputs: Any, width: Any, *, label: str = ""):
        super().__init__(inputs, width, label=label)
        self.d = self.parameter("d", (self.W.extents[0],), fan_in(width))

    def step(self, x: Any, state: Any) -> Any:
        """h′."""
        return gru_cell(x, state, self.W, self.U, self.b, self.d)

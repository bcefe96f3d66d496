"""Models: layers put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symbolic.errors import DeclarationError
from symbolic.language.activations import relu
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import Linear
from symbolic.program.tensors import Tensor


class Sequential(Layer):
    """Functions applied one after the other: ``Sequential(f, g)(x)`` is g(f(x)).

    Layers with parameters and plain functions mix. Unnamed outputs get names on the first call: the k-th layer
    with parameters gives s_k, the functions after it together z_k.

    Raises ``DeclarationError`` if two different parameters have one name.

    >>> from symbolic import relu, tensor
    >>> net = Sequential(Linear(4, 3, label="1"), relu, Linear(3, 2, label="2"))
    >>> net(tensor("x", 4)).name, [p.name for p in net.parameters]
    ('s_2', ['W_1', 'b_1', 'W_2', 'b_2'])
    """

    def __init__(self, *functions: Callable[[Any], Any], names: tuple[str, str] | None = ("s", "z")):
        self.functions, self.names = functions, names
        require_distinct_names(self.parameters)

    def __call__(self, x: Any) -> Any:
        number = 0
        for f, following in zip(self.functions, (*self.functions[1:], None), strict=True):
            number += _has_parameters(f)
            before, x = x, f(x)
            last = following is None or _has_parameters(following)
            if self.names and number and x is not before and (_has_parameters(f) or last):
                _name_output(x, f"{self.names[0 if _has_parameters(f) else 1]}_{number}")
        # A second use of the same weights leaves its outputs without names: a name says one thing in a program.
        self.names = None
        return x


def _has_parameters(f: Any) -> bool:
    return isinstance(f, Layer) and bool(f.parameters)


def _name_output(x: Any, name: str) -> None:
    if isinstance(x, Tensor) and x.name is None and x.definition is not None:
        x.named(name)


def require_distinct_names(parameters: Sequence[Tensor]) -> None:
    """Raise ``DeclarationError`` if two different parameters have one name."""
    seen: dict[str | None, Tensor] = {}
    for p in parameters:
        other = seen.setdefault(p.name, p)
        if other is not p:
            raise DeclarationError(
                f"two parameters are called {p.name}: {other.describe()} and {p.describe()}; tell the layers apart with label="
            )


def mlp(widths: Sequence[Any], activation: Callable[[Any], Any] = relu, *, bias: bool = True) -> Sequential:
    """Linear layers with the given widths and a pointwise function between them.

    >>> [p.describe() for p in mlp([600, 60, 40, 10]).parameters]
    ['W_1 (60, 600)', 'b_1 (60,)', 'W_2 (40, 60)', 'b_2 (40,)', 'W_3 (10, 40)', 'b_3 (10,)']
    """
    functions: list[Callable[[Any], Any]] = []
    for k in range(1, len(widths)):
        functions.append(Linear(widths[k - 1], widths[k], bias=bias, label=str(k)))
        if k < len(widths) - 1:
            functions.append(activation)
    return Sequential(*functions)

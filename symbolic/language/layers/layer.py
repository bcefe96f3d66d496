"""What a layer with parameters is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symbolic.program.initialisation import Initialisation
from symbolic.program.tensors import Tensor, tensor


class Layer:
    """A function of tensors that owns parameters; ``layer(x)`` applies it.

    A subclass declares its parameters as attributes in ``__init__`` (with ``parameter``) and its formula in ``__call__``.
    ``label`` tells layers of one kind apart: the parameters of ``Linear("n", "m", label="1")`` are W_1 and b_1.
    """

    label: str = ""

    def parameter(self, symbol: str, shape: Any, init: Initialisation) -> Tensor:
        """Declare the parameter called ``symbol``, followed by this layer's label."""
        return tensor(labelled(symbol, self.label), shape, role="parameter", init=init)

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The parameters of this layer and of the layers in it, in the order of declaration."""
        return tuple(dict.fromkeys(_parameters(vars(self).values())))

    def __call__(self, *inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no formula")


def labelled(symbol: str, label: str) -> str:
    """``W_1`` for the symbol W and the label 1; without a label the symbol itself."""
    return f"{symbol}_{label}" if label else symbol


def _parameters(values: Iterable[Any]) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Layer):
            yield from value.parameters
        elif isinstance(value, Tensor):
            if value.role == "parameter":
                yield value
        elif isinstance(value, (tuple, list)):
            yield from _parameters(value)

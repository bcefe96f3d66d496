"""Primitives: tensor functions that are no comprehension, each with its pushforward and pullback.

``Application`` is the definition of a tensor that a primitive computes. The rules are written with the operators of
``Tensor``, so a derivative of a primitive is again a program. Leading axes of a cotangent (a batch of cotangents, as in
a Jacobian) come first and broadcast as in ``matmul``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symbolic.program.tensors import Tensor


@dataclass(frozen=True)
class Primitive:
    """One entry: what a named tensor function is and how it is differentiated.

    ``pullback(cotangent, out, *operands)`` returns one cotangent per operand (None where there is none);
    ``pushforward(tangents, out, *operands)`` the tangent of the output from the operands' tangents (None for zero);
    ``value(m, *arrays)`` computes on nested lists with mpmath; ``numpy`` is the code template; ``condition`` the side
    condition that the derivation carries; ``latex`` a template.
    """

    name: str
    latex: str
    numpy: str
    pullback: Callable[..., tuple[Any, ...]]
    pushforward: Callable[..., Any]
    value: Callable[..., Any]
    condition: str = ""


@dataclass(frozen=True, eq=False)
class Application:
    """``out = primitive(*operands)`` with static options."""

    primitive: Primitive
    operands: tuple[Tensor, ...]
    options: tuple[tuple[str, Any], ...] = ()

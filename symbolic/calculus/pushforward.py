"""Forward mode: tangents of inputs are pushed to every tensor that depends on them.

ẏ[o] = Σ_k Σ_a ∂body/∂a · u̇[e_a(o, k)]
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symbolic.calculus.pullback import dependence, derived, local_derivative, zero_like
from symbolic.errors import ShapeError
from symbolic.program.dims import shape_text
from symbolic.program.equations import equation
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed


def pushforward(output: Tensor, tangents: Mapping[Tensor, Tensor]) -> Tensor:
    """The tangent of ``output`` when each key moves with its tangent; linear in the tangents.

    Raises ``ShapeError`` if a tangent has not its tensor's shape.
    """
    for t, dot in tangents.items():
        if len(dot.extents) != t.ndim or any(
            sp.expand(a - b) != 0 for a, b in zip(dot.extents, t.extents, strict=True)
        ):
            raise ShapeError(
                f"jvp: the tangent {dot.describe()} must have the shape {shape_text(t.extents)} of {t.label}"
            )
    order = topological([output])
    active, _ = dependence(order, tangents)
    dots: dict[Tensor, Tensor] = dict(tangents)
    for t in order:
        if t.serial not in active or t in dots:
            continue
        if isinstance(t.definition, Application):
            operands = t.definition.operands
            moved = [dots.get(u) for u in operands]
            dots[t] = t.definition.primitive.pushforward(moved, t, *operands, **dict(t.definition.options))
            continue
        eq = t.definition
        terms: dict[tuple, sp.Expr] = {}
        for access in eq.accesses:
            if access.tensor in dots:
                slope, guards = local_derivative(t, access)
                terms[guards] = terms.get(guards, sp.S.Zero) + slope * dots[access.tensor].access(*access.indices)
        ((guards, body),) = terms.items()
        dots[t] = derived(computed(equation(eq.indices, body, eq.bound, "sum", guards)))
    return dots[output] if output in dots else zero_like(output.extents)

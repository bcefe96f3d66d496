"""Primitives through each other: identities of matrix functions that hold wherever both sides are defined.

    solve(A, B) = A⁻¹B     (Aᵀ)⁻¹ = (A⁻¹)ᵀ     (A⁻¹)⁻¹ = A     (AB)⁻¹ = B⁻¹A⁻¹     Q⁻¹ = Qᵀ for orthogonal Q
    det Aᵀ = det A     det A⁻¹ = 1/det A     det AB = det A det B     det L = Π L_ii     log|det A| = log |det A|

Proofs use them; they change no program, so the derivative of what a user wrote stays that of what was written.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbolic.language.operations import pointwise, reduce
from symbolic.language.shaping import diagonal
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.functions import Magnitude
from symbolic.program.matrix_shapes import same
from symbolic.program.primitives import Application, apply
from symbolic.program.tensors import Tensor


def through_others(t: Tensor) -> Tensor | None:
    """A tensor equal to ``t`` that is made of plainer primitives; None if ``t`` is plain, or no primitive."""
    if not isinstance(t.definition, Application):
        return None
    name, operands = t.definition.primitive.name, t.definition.operands
    if name in _RULES:
        return _RULES[name](*operands)
    flipped = transposed(operands[0]) if name in _ANALYTIC else None
    return apply(name, flipped).mT if flipped is not None else None


def transposed(t: Tensor) -> Tensor | None:
    """A, if ``t`` is the transpose of the matrix A."""
    eq = t.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or len(eq.indices) != 2:
        return None
    body = eq.body
    return body.tensor if isinstance(body, Access) and body.indices == eq.indices[::-1] else None


def factors(t: Tensor) -> tuple[Tensor, Tensor] | None:
    """A and B, if ``t`` is the product AB of square matrices."""
    eq = t.definition
    if not isinstance(eq, Equation) or eq.reduce != "sum" or len(eq.bound) != 1 or eq.guards or len(eq.indices) != 2:
        return None
    (i, j), (k,) = eq.indices, eq.bound
    read = [a for a in eq.accesses if a.tensor.ndim == 2 and same(*a.tensor.extents)]
    left = [a for a in read if a.indices == (i, k)]
    right = [a for a in read if a.indices == (k, j)]
    if len(left) == len(right) == 1 and eq.body == left[0] * right[0]:
        return left[0].tensor, right[0].tensor
    return None


def _operand_of(t: Tensor, name: str) -> Tensor | None:
    d = t.definition
    return d.operands[0] if isinstance(d, Application) and d.primitive.name == name else None


def _solve(a: Tensor, b: Tensor) -> Tensor:
    return apply("inverse", a) @ b


def _inverse(a: Tensor) -> Tensor | None:
    if "orthogonal" in a.assume:
        return a.mT
    original, flipped, pair = _operand_of(a, "inverse"), transposed(a), factors(a)
    if original is not None:
        return original
    if flipped is not None:
        return apply("inverse", flipped).mT
    return apply("inverse", pair[1]) @ apply("inverse", pair[0]) if pair else None


def _pseudo_inverse(a: Tensor) -> Tensor | None:
    if "invertible" in a.assume:
        return apply("inverse", a)
    flipped = transposed(a)
    return apply("pseudo_inverse", flipped).mT if flipped is not None else None


def _determinant(a: Tensor) -> Tensor | None:
    original, flipped, pair = _operand_of(a, "inverse"), transposed(a), factors(a)
    if original is not None:
        return 1 / apply("determinant", original)
    if flipped is not None:
        return apply("determinant", flipped)
    if a.ndim == 2 and a.assume & {"lower_triangular", "diagonal"}:
        return reduce("prod", diagonal(a))
    return apply("determinant", pair[0]) * apply("determinant", pair[1]) if pair else None


def _logabsdet(a: Tensor) -> Tensor:
    if a.ndim == 2 and a.assume & {"lower_triangular", "diagonal"}:
        return reduce("sum", pointwise("log", lambda d: sp.log(Magnitude(d)), diagonal(a)))
    return pointwise("log", lambda d: sp.log(Magnitude(d)), apply("determinant", a))


def _singular_values(a: Tensor) -> Tensor | None:
    flipped = transposed(a)
    return apply("singular_values", flipped) if flipped is not None else None


_ANALYTIC = frozenset(["expm", "logm", "sqrtm", "sinm", "cosm"])

_RULES: dict[str, Callable[..., Tensor | None]] = {
    "solve": _solve,
    "inverse": _inverse,
    "pseudo_inverse": _pseudo_inverse,
    "determinant": _determinant,
    "logabsdet": _logabsdet,
    "singular_values": _singular_values,
}

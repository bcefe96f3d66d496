"""Primitives: tensor functions that are no comprehension, each with its pushforward and pullback.

``Application`` is the definition of a tensor that a primitive computes. The rules are written with the operators of
``Tensor``, so a derivative of a primitive is again a program and derivatives of any order follow. Leading axes of a
cotangent (a batch of cotangents, as in a Jacobian) come first and broadcast as in ``matmul``; operands may be stacks of
matrices where NumPy's are.

Derivatives are those of entries varied independently, also where an operand is declared symmetric. Cholesky and the
symmetric eigenvalue functions are taken of (A + Aᵀ)/2, so their gradients are symmetric. A bar marks a cotangent, a dot
a tangent; Y is the output. Sources: Giles 2008, Collected matrix derivative results for forward and reverse mode;
Golub & Pereyra 1973 (pseudo-inverse); Murray 2016 (Cholesky); Walter & Lehmann 2010 (QR); Mathias 1996 (functions of
block triangles).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbolic.program import matrix_shapes as shapes
from symbolic.program import matrix_values as values
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor

Parts = tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Primitive:
    """One entry: what a named tensor function is and how it is differentiated.

    ``shape(name, *operands)`` gives the output's extents or raises ``ShapeError``;
    ``pullback(cotangent, out, *operands)`` returns one cotangent per operand (None for an exact zero);
    ``pushforward(tangents, out, *operands)`` the tangent of the output from the operands' tangents (None for zero);
    ``value(m, *arrays)`` computes on nested lists with mpmath, exactly on fractions where that is possible; ``numpy`` is
    the code template (``linalg`` is ``scipy.linalg``); ``latex`` a template; ``condition`` says, with ``{0}`` for the
    first operand, where value and derivative exist; ``keeps`` are the assumptions that the output has if the first
    operand has them, ``gives`` those that it always has.
    """

    name: str
    latex: str
    numpy: str
    shape: Callable[..., tuple[sp.Expr, ...]]
    pullback: Callable[..., Parts]
    pushforward: Callable[..., Tensor]
    value: Callable[..., Any]
    condition: str = ""
    keeps: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Application:
    """``out = primitive(*operands)`` with static options."""

    primitive: Primitive
    operands: tuple[Tensor, ...]
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def condition(self) -> str:
        """The side condition in terms of the operands: ``A invertible``; empty if there is none."""
        return self.primitive.condition.format(*map(_called, self.operands))


def _called(t: Tensor) -> str:
    """The name of a tensor, or what it is made of."""
    if t.name is not None or not t.operands:
        return t.label
    parts = [leaf.label for leaf in leaves([t]) if leaf.name is not None]
    return f"the matrix made of {', '.join(parts[:4])}{', …' if len(parts) > 4 else ''}" if parts else "the matrix"


def apply(name: str, *operands: Tensor) -> Tensor:
    """The tensor that the primitive ``name`` computes from ``operands``.

    >>> from symbolic.program.tensors import tensor
    >>> apply("inverse", tensor("A", "n n")).definition.condition
    'A invertible'
    """
    primitive = PRIMITIVES[name]
    extents = primitive.shape(name, *operands)
    assume = primitive.gives | (operands[0].assume & primitive.keeps)
    return Tensor(None, extents, definition=Application(primitive, operands), assume=assume)


# -- what the rules are written with -----------------------------------------------------------------------------------


def _scale(factor: Tensor, matrix: Tensor) -> Tensor:
    """Each matrix of a stack times its number."""
    return factor[..., None, None] * matrix


def _columns(matrix: Tensor, v: Tensor) -> Tensor:
    """A diag(v): column j times v_j."""
    return matrix * v[..., None, :]


def _rows(v: Tensor, matrix: Tensor) -> Tensor:
    """diag(v) A: row i times v_i."""
    return v[..., :, None] * matrix


def _symmetric_part(a: Tensor) -> Tensor:
    return (a + a.mT) / 2


def _gaps(v: Tensor) -> Tensor:
    """F with F_ij = 1/(v_j − v_i) off the diagonal and 0 on it."""
    unit = shapes.identity(v.extents[-1])
    return 1 / (v[..., None, :] - v[..., :, None] + unit) - unit


def _trace_of_product(a: Tensor, b: Tensor) -> Tensor:
    """Tr(A B)."""
    return (a * b.mT).sum((-2, -1))


# -- inverse, solve, pseudo-inverse ------------------------------------------------------------------------------------


def _inverse_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = −Yᵀ Ȳ Yᵀ."""
    return (-(y.mT @ bar @ y.mT),)


def _inverse_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """Ẏ = −Y Ȧ Y."""
    return -(y @ dots[0] @ y)


def _solve_pullback(bar: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Parts:
    """B̄ = A⁻ᵀ Ȳ and Ā = −B̄ Yᵀ, summed over the leading axes that only B has."""
    b_bar = apply("solve", a.mT, bar)
    a_bar = -(b_bar @ y.mT)
    lead = bar.ndim - y.ndim
    extra = tuple(range(lead, lead + b.ndim - a.ndim))
    return (a_bar.sum(extra) if extra else a_bar, b_bar)


def _solve_pushforward(dots: Parts, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Ẏ = A⁻¹(Ḃ − Ȧ Y)."""
    a_dot, b_dot = dots
    if a_dot is None:
        return apply("solve", a, b_dot)
    moved = -(a_dot @ y)
    return apply("solve", a, moved if b_dot is None else b_dot + moved)


def _pseudo_inverse_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = −Yᵀ Ȳ Yᵀ + (I − A Y) Ȳᵀ Y Yᵀ + Yᵀ Y Ȳᵀ (I − Y A)."""
    m, n = a.extents[-2:]
    left, right = shapes.identity(m) - a @ y, shapes.identity(n) - y @ a
    return (-(y.mT @ bar @ y.mT) + left @ bar.mT @ (y @ y.mT) + (y.mT @ y) @ bar.mT @ right,)


def _pseudo_inverse_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """Ẏ = −Y Ȧ Y + Y Yᵀ Ȧᵀ (I − A Y) + (I − Y A) Ȧᵀ Yᵀ Y."""
    (dot,) = dots
    m, n = a.extents[-2:]
    left, right = shapes.identity(m) - a @ y, shapes.identity(n) - y @ a
    return -(y @ dot @ y) + (y @ y.mT) @ dot.mT @ left + right @ dot.mT @ (y.mT @ y)


# -- determinants ------------------------------------------------------------------------------------------------------


def _determinant_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = ȳ det(A) A⁻ᵀ."""
    return (_scale(bar * y, apply("inverse", a).mT),)


def _determinant_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """ẏ = det(A) Tr(A⁻¹ Ȧ)."""
    return y * _trace_of_product(apply("inverse", a), dots[0])


def _logabsdet_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = ȳ A⁻ᵀ."""
    return (_scale(bar, apply("inverse", a).mT),)


def _logabsdet_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """ẏ = Tr(A⁻¹ Ȧ)."""
    return _trace_of_product(apply("inverse", a), dots[0])


def _constant_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """The derivative is zero wherever it exists."""
    return (None,)


def _constant_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """The derivative is zero wherever it exists."""
    return 0 * dots[0].sum((-2, -1))


# -- symmetric matrices ------------------------------------------------------------------------------------------------


def _cholesky_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = the symmetric part of L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, where Φ keeps the lower triangle and half of the diagonal."""
    inverse = apply("inverse", y)
    phi = (y.mT @ bar) * shapes.lower_half(y.extents[-1])
    return (_symmetric_part(inverse.mT @ phi @ inverse),)


def _cholesky_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """L̇ = L Φ(L⁻¹ Ȧ L⁻ᵀ)."""
    inverse = apply("inverse", y)
    inner = inverse @ _symmetric_part(dots[0]) @ inverse.mT
    return y @ (inner * shapes.lower_half(y.extents[-1]))


def _eigenvalues_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = V diag(λ̄) Vᵀ."""
    v = apply("eigenvectors", a)
    return (_columns(v, bar) @ v.mT,)


def _eigenvalues_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """λ̇_i = v_iᵀ Ȧ v_i."""
    v = apply("eigenvectors", a)
    return (v * (dots[0] @ v)).sum(-2)


def _eigenvectors_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = the symmetric part of V (F ∘ Vᵀ V̄) Vᵀ with F_ij = 1/(λ_j − λ_i)."""
    inner = _gaps(apply("eigenvalues", a)) * (y.mT @ bar)
    return (_symmetric_part(y @ inner @ y.mT),)


def _eigenvectors_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """V̇ = V (F ∘ Vᵀ Ȧ V)."""
    return y @ (_gaps(apply("eigenvalues", a)) * (y.mT @ _symmetric_part(dots[0]) @ y))


# -- singular values: A = U diag(σ) Vᵀ, thin ---------------------------------------------------------------------------


def _svd(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return apply("left_singular_vectors", a), apply("singular_values", a), apply("right_singular_vectors", a)


def _singular_values_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = U diag(σ̄) Vᵀ."""
    u, _, v = _svd(a)
    return (_columns(u, bar) @ v.mT,)


def _singular_values_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """σ̇_i = u_iᵀ Ȧ v_i."""
    u, _, v = _svd(a)
    return (u * (dots[0] @ v)).sum(-2)


def _left_vectors_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """Ā = U (K + Kᵀ) Σ Vᵀ + (I − U Uᵀ) Ū Σ⁻¹ Vᵀ with K = F ∘ Uᵀ Ū and F_ij = 1/(σ_j² − σ_i²)."""
    u, s, v = _svd(a)
    k = _gaps(s * s) * (u.mT @ bar)
    outside = bar - u @ (u.mT @ bar)
    return ((_columns(u @ (k + k.mT), s) + _columns(outside, 1 / s)) @ v.mT,)


def _left_vectors_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """U̇ = U (F ∘ (P Σ + Σ Pᵀ)) + (I − U Uᵀ) Ȧ V Σ⁻¹ with P = Uᵀ Ȧ V."""
    u, s, v = _svd(a)
    moved = dots[0] @ v
    p = u.mT @ moved
    return u @ (_gaps(s * s) * (_columns(p, s) + _rows(s, p.mT))) + _columns(moved - u @ p, 1 / s)


def _right_vectors_pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
    """U's rule for Aᵀ = V diag(σ) Uᵀ, transposed."""
    u, s, v = _svd(a)
    k = _gaps(s * s) * (v.mT @ bar)
    outside = bar - v @ (v.mT @ bar)
    return (u @ (_rows(s, k + k.mT) @ v.mT + _rows(1 / s, outside.mT)),)


def _right_vectors_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """U's rule for Aᵀ."""
    u, s, v = _svd(a)
    moved = dots[0].mT @ u
    p = v.mT @ moved
    return v @ (_gaps(s * s) * (_columns(p, s) + _rows(s, p.mT))) + _columns(moved - v @ p, 1 / s)


# -- Q R of a matrix with independent columns: QᵀQ = I, R upper triangular --------------------------------------------


def _qr(a: Tensor) -> tuple[Tensor, Tensor]:
    return apply("orthonormal_factor", a), apply("triangular_factor", a)


def _mirrored(matrix: Tensor) -> Tensor:
    """The symmetric matrix with the same lower triangle."""
    low = matrix * shapes.lower_half(matrix.extents[-1])
    return low + low.mT


def _qr_cotangent(q_bar: Tensor | None, r_bar: Tensor | None, a: Tensor) -> Parts:
    """Ā = (Q̄ + Q S) R⁻ᵀ, where the symmetric S has the lower triangle of R R̄ᵀ − Q̄ᵀ Q."""
    q, r = _qr(a)
    if q_bar is None:
        return (q @ _mirrored(r @ r_bar.mT) @ apply("inverse", r).mT,)
    return ((q_bar - q @ _mirrored(q_bar.mT @ q)) @ apply("inverse", r).mT,)


def _qr_tangents(dot: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ȧ R⁻¹, C = Qᵀ Ȧ R⁻¹, and the antisymmetric Ω = Qᵀ Q̇ that has C's entries below the diagonal."""
    q, r = _qr(a)
    moved = dot @ apply("inverse", r)
    c = q.mT @ moved
    low = c * shapes.lower_half(c.extents[-1]) - c * shapes.identity(c.extents[-1]) / 2
    return moved, c, low - low.mT


def _orthonormal_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """Q̇ = Q Ω + (I − Q Qᵀ) Ȧ R⁻¹."""
    moved, c, omega = _qr_tangents(dots[0], a)
    return y @ (omega - c) + moved


def _triangular_pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
    """Ṙ = (C − Ω) R."""
    _, c, omega = _qr_tangents(dots[0], a)
    return (c - omega) @ y


# -- functions given by a power series ---------------------------------------------------------------------------------


def _frechet(name: str, a: Tensor, direction: Tensor) -> Tensor:
    """The derivative L(A, E) of a function of matrices: f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]."""
    return shapes.upper_right(apply(name, shapes.block_triangle(a, direction)), a.extents[-1])


def _analytic(
    name: str, latex: str, slope: Callable[[Tensor], Tensor], condition: str = "", keeps: tuple = (), gives: tuple = ()
) -> Primitive:
    """The entry of a function of one square matrix that SciPy and mpmath know by ``name``: Ȳ ↦ L(Aᵀ, Ȳ), Ȧ ↦ L(A, Ȧ).

    ``slope`` is the derivative f′ of the same kind: what commutes with A is multiplied by it, so L(Aᵀ, cI) = c f′(Aᵀ).
    """

    def pullback(bar: Tensor, y: Tensor, a: Tensor) -> Parts:
        c = shapes.multiple_of_identity(bar)
        return (_frechet(name, a.mT, bar) if c is None else c * slope(a).mT,)

    def pushforward(dots: Parts, y: Tensor, a: Tensor) -> Tensor:
        return _frechet(name, a, dots[0])

    return Primitive(
        name, latex, f"linalg.{name}({{0}})", shapes.square, pullback, pushforward, values.analytic(name),
        condition, frozenset(["symmetric", "diagonal", *keeps]), frozenset(gives),
    )  # fmt: skip


# -- the table ---------------------------------------------------------------------------------------------------------

_STRUCTURE = frozenset(["symmetric", "positive_definite", "diagonal", "lower_triangular", "orthogonal"])
_SIMPLE = "singular values of {0} distinct and positive"

_TABLE = (
    Primitive(
        "inverse", r"{0}^{{-1}}", "np.linalg.inv({0})",
        shapes.square, _inverse_pullback, _inverse_pushforward, values.inverse,
        "{0} invertible", _STRUCTURE, frozenset(["invertible"]),
    ),
    Primitive(
        "solve", r"{0}^{{-1}} {1}", "np.linalg.solve({0}, {1})",
        shapes.solved, _solve_pullback, _solve_pushforward, values.solve,
        "{0} invertible",
    ),
    Primitive(
        "pseudo_inverse", r"{0}^{{+}}", "np.linalg.pinv({0})",
        shapes.transposed, _pseudo_inverse_pullback, _pseudo_inverse_pushforward, values.pseudo_inverse,
        "{0} of full rank", _STRUCTURE | {"invertible"}, frozenset(["full_rank"]),
    ),
    Primitive(
        "determinant", r"\det {0}", "np.linalg.det({0})",
        shapes.per_matrix, _determinant_pullback, _determinant_pushforward, values.determinant,
        "{0} invertible",
    ),
    Primitive(
        "logabsdet", r"\log\left|\det {0}\right|", "np.linalg.slogdet({0})[1]",
        shapes.per_matrix, _logabsdet_pullback, _logabsdet_pushforward, values.logabsdet,
        "{0} invertible",
    ),
    Primitive(
        "sign_determinant", r"\operatorname{{sign}} \det {0}", "np.linalg.slogdet({0})[0]",
        shapes.per_matrix, _constant_pullback, _constant_pushforward, values.sign_determinant,
        "{0} invertible",
    ),
    Primitive(
        "cholesky", r"\operatorname{{chol}} {0}", "np.linalg.cholesky({0})",
        shapes.square, _cholesky_pullback, _cholesky_pushforward, values.cholesky,
        "{0} symmetric positive definite", frozenset(["diagonal"]), frozenset(["lower_triangular", "invertible"]),
    ),
    Primitive(
        "eigenvalues", r"\lambda\left({0}\right)", "np.linalg.eigvalsh({0})",
        shapes.per_row, _eigenvalues_pullback, _eigenvalues_pushforward, values.eigenvalues,
        "{0} symmetric with distinct eigenvalues",
    ),
    Primitive(
        "eigenvectors", r"V\left({0}\right)", "np.linalg.eigh({0})[1]",
        shapes.square, _eigenvectors_pullback, _eigenvectors_pushforward, values.eigenvectors,
        "{0} symmetric with distinct eigenvalues", frozenset(), frozenset(["orthogonal", "invertible"]),
    ),
    Primitive(
        "singular_values", r"\sigma\left({0}\right)", "np.linalg.svd({0}, compute_uv=False)",
        shapes.singular, _singular_values_pullback, _singular_values_pushforward, values.singular_values,
        _SIMPLE,
    ),
    Primitive(
        "left_singular_vectors", r"U\left({0}\right)", "np.linalg.svd({0}, full_matrices=False)[0]",
        shapes.left_vectors, _left_vectors_pullback, _left_vectors_pushforward, values.left_singular_vectors,
        _SIMPLE,
    ),
    Primitive(
        "right_singular_vectors", r"V\left({0}\right)",
        "np.swapaxes(np.linalg.svd({0}, full_matrices=False)[2], -1, -2)",
        shapes.right_vectors, _right_vectors_pullback, _right_vectors_pushforward, values.right_singular_vectors,
        _SIMPLE,
    ),
    Primitive(
        "orthonormal_factor", r"Q\left({0}\right)", "np.linalg.qr({0})[0]",
        shapes.left_vectors, lambda bar, y, a: _qr_cotangent(bar, None, a), _orthonormal_pushforward,
        values.orthonormal_factor, "{0} of full rank",
    ),
    Primitive(
        "triangular_factor", r"R\left({0}\right)", "np.linalg.qr({0})[1]",
        shapes.triangular, lambda bar, y, a: _qr_cotangent(None, bar, a), _triangular_pushforward,
        values.triangular_factor, "{0} of full rank", frozenset(["diagonal"]),
    ),
    _analytic("expm", r"e^{{{0}}}", lambda a: apply("expm", a), gives=("invertible",)),
    _analytic("logm", r"\log {0}", lambda a: apply("inverse", a), "{0} without eigenvalues on (-∞, 0]"),
    _analytic("sqrtm", r"{0}^{{1/2}}", lambda a: apply("inverse", apply("sqrtm", a)) / 2, "{0} without eigenvalues on (-∞, 0]", ("positive_definite", "invertible")),
    _analytic("sinm", r"\sin {0}", lambda a: apply("cosm", a)),
    _analytic("cosm", r"\cos {0}", lambda a: -apply("sinm", a)),
)  # fmt: skip

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _TABLE}

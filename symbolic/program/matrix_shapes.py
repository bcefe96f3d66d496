"""Shape rules of matrix functions, and the constant matrices that their derivatives are written with."""

from __future__ import annotations

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.program.dims import shape_text
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Within, Zero
from symbolic.program.functions import Equal, LessEqual
from symbolic.program.tensors import Tensor, computed, fresh_indices

Extents = tuple[sp.Expr, ...]


def same(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether two extents are equal."""
    return sp.expand(a - b) == 0


def require_matrix(name: str, t: Tensor) -> Extents:
    """The extents of a matrix or stack of matrices; raises ``ShapeError`` otherwise."""
    if t.ndim < 2:
        raise ShapeError(f"{name}: expected a matrix (or a stack of matrices), got {t.describe()}")
    return t.extents


def square(name: str, a: Tensor) -> Extents:
    """(…, n, n) → (…, n, n)."""
    require_matrix(name, a)
    if not same(a.extents[-1], a.extents[-2]):
        raise ShapeError(f"{name}: expected a square matrix, got {a.describe()}")
    return a.extents


def per_matrix(name: str, a: Tensor) -> Extents:
    """(…, n, n) → (…): one number per matrix."""
    return square(name, a)[:-2]


def per_row(name: str, a: Tensor) -> Extents:
    """(…, n, n) → (…, n)."""
    return square(name, a)[:-1]


def transposed(name: str, a: Tensor) -> Extents:
    """(…, m, n) → (…, n, m)."""
    *batch, m, n = require_matrix(name, a)
    return (*batch, n, m)


def smaller(a: Tensor) -> sp.Expr:
    """min(m, n), the number of singular values."""
    m, n = a.extents[-2:]
    return m if same(m, n) else sp.Min(m, n)


def singular(name: str, a: Tensor) -> Extents:
    """(…, m, n) → (…, min(m, n))."""
    return (*require_matrix(name, a)[:-2], smaller(a))


def left_vectors(name: str, a: Tensor) -> Extents:
    """(…, m, n) → (…, m, min(m, n))."""
    return (*require_matrix(name, a)[:-1], smaller(a))


def right_vectors(name: str, a: Tensor) -> Extents:
    """(…, m, n) → (…, n, min(m, n))."""
    return (*transposed(name, a)[:-1], smaller(a))


def triangular(name: str, a: Tensor) -> Extents:
    """(…, m, n) → (…, n, n)."""
    *batch, _, n = require_matrix(name, a)
    return (*batch, n, n)


def solved(name: str, a: Tensor, b: Tensor) -> Extents:
    """(*batch, n, n), (…, *batch, n, k) → (…, *batch, n, k)."""
    *batch, n, _ = square(name, a)
    rows = require_matrix(name, b)
    tail = rows[b.ndim - a.ndim : -2] if b.ndim >= a.ndim else ()
    if b.ndim < a.ndim or not same(rows[-2], n) or not all(map(same, batch, tail)):
        raise ShapeError(
            f"{name}: {a.describe()} and {b.describe()} do not fit: expected a right-hand side of shape "
            f"{shape_text((*batch, n, sp.Symbol('k')))}, with any leading axes"
        )
    return b.extents


# -- constant matrices -------------------------------------------------------------------------------------------------


def identity(n: sp.Expr) -> Tensor:
    """The identity matrix of order n."""
    i, j = fresh_indices((n, n))
    return computed(equation((i, j), sp.S.One, guards=[Zero(i - j)]))


def multiple_of_identity(t: Tensor) -> Tensor | None:
    """The number c, if the matrix ``t`` is written as c δ_ij; None if it is not, or is a stack."""
    eq = t.definition
    if not isinstance(eq, Equation) or t.ndim != 2 or eq.bound or len(eq.guards) != 1:
        return None
    i, j = eq.indices
    (guard,) = eq.guards
    body = eq.body
    while body.has(i, j):
        through = [a for a in body.atoms(Access) if a.has(i, j)]
        if not through or not all(_is_plain(a.tensor) for a in through):
            return None
        body = body.xreplace({a: a.tensor.definition.at(a.indices).body for a in through})
    return computed(Equation((), body)) if isinstance(guard, Zero) and guard.args[0] in (i - j, j - i) else None


def _is_plain(t: Tensor) -> bool:
    """Whether an unnamed tensor is computed entry by entry, so that its equation may be read in its place."""
    eq = t.definition
    return isinstance(eq, Equation) and t.name is None and eq.is_pointwise and not eq.guards


def lower_half(n: sp.Expr) -> Tensor:
    """Ones below the diagonal, ½ on it, 0 above: what Φ multiplies with (Murray 2016, Differentiation of the Cholesky
    decomposition)."""
    i, j = fresh_indices((n, n))
    return computed(Equation((i, j), LessEqual(j, i) - Equal(i, j) / 2))


def block_triangle(a: Tensor, e: Tensor) -> Tensor:
    """[[A, E], [0, A]] for square A (*batch, n, n) and E (…, *batch, n, n)."""
    n = a.extents[-1]
    parts = []
    for t, down, right in ((a, 0, 0), (a, 1, 1), (e, 0, 1)):
        out = fresh_indices((*e.extents[:-2], 2 * n, 2 * n))
        *lead, p, q = out
        row, column = p - down * n, q - right * n
        read = t.access(*lead[len(lead) - (t.ndim - 2) :], row, column)
        parts.append(computed(equation(out, read, guards=[Within(row, n), Within(column, n)])))
    return parts[0] + parts[1] + parts[2]


def upper_right(block: Tensor, n: sp.Expr) -> Tensor:
    """The upper right n × n block."""
    out = fresh_indices((*block.extents[:-2], n, n))
    *lead, i, j = out
    return computed(equation(out, block.access(*lead, i, j + n)))

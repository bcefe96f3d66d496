"""Products beyond matmul and einsum: Kronecker, cross, outer, convolution of vectors."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.joining import ravel
from symbolic.language.operations import as_tensor, contraction, reduce, tensordot
from symbolic.language.shaping import expand_dims, flip, moveaxis, reshape, stack
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Within
from symbolic.program.tensors import Tensor, computed


def outer(x: Any, y: Any) -> Tensor:
    """x yᵀ of two vectors; arrays of higher rank are flattened, as in NumPy."""
    a, b = (t if t.ndim == 1 else ravel(t) for t in (as_tensor(x), as_tensor(y)))
    return contraction("outer", (a, b), ("i", "j"), "ij")


def outer_of_vectors(x: Any, y: Any) -> Tensor:
    """``np.linalg.outer``: of two vectors only."""
    a, b = as_tensor(x), as_tensor(y)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"outer: {a.describe()} and {b.describe()}: expected two vectors")
    return outer(a, b)


def inner(x: Any, y: Any) -> Tensor:
    """The sum of products over the last axes."""
    u, v = as_tensor(x), as_tensor(y)
    return u * v if not u.ndim or not v.ndim else tensordot(u, v, ([u.ndim - 1], [v.ndim - 1]))


def vdot(x: Any, y: Any) -> Tensor:
    """The inner product of the flattened arrays."""
    a, b = as_tensor(x), as_tensor(y)
    if a.ndim == b.ndim and all(sp.expand(m - n) == 0 for m, n in zip(a.extents, b.extents, strict=True)):
        return reduce("sum", a * b)
    return reduce("sum", ravel(a) * ravel(b))


def kron(x: Any, y: Any) -> Tensor:
    """The Kronecker product, of any ranks: out[.., i·n + j, ..] = x[.., i, ..] y[.., j, ..].

    >>> from symbolic.program.tensors import tensor
    >>> kron(tensor("A", "m n"), tensor("B", "p q")).shape
    (m*p, n*q)
    """
    u, v = as_tensor(x), as_tensor(y)
    rank = max(u.ndim, v.ndim)
    u, v = (expand_dims(t, tuple(range(rank - t.ndim))) if t.ndim < rank else t for t in (u, v))
    left, right = [f"a{k}" for k in range(rank)], [f"b{k}" for k in range(rank)]
    out = [label for pair in zip(left, right, strict=True) for label in pair]
    product = contraction("kron", (u, v), (left, right), out)
    return reshape(product, [m * n for m, n in zip(u.shape, v.shape, strict=True)])


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The cross product of 3-vectors along an axis; of 2-vectors its third component."""
    if axis is not None:
        axisa = axisb = axisc = axis
    u, v = (moveaxis(t, at, -1) for t, at in ((as_tensor(a), axisa), (as_tensor(b), axisb)))
    if u.extents[-1] == v.extents[-1] == 2:
        return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    if u.extents[-1] != 3 or v.extents[-1] != 3:
        raise ShapeError(
            f"cross: expected vectors of length 3, or both of length 2, got {as_tensor(a).describe()} and {as_tensor(b).describe()}"
        )
    parts = [u[..., (k + 1) % 3] * v[..., (k + 2) % 3] - u[..., (k + 2) % 3] * v[..., (k + 1) % 3] for k in range(3)]
    return moveaxis(stack(parts, axis=-1), -1, axisc)


def convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    """out[k] = Σ_q a[q] v[k − q] of two vectors; ``mode`` full, same or valid. The first is the longer one, or their
    lengths are numbers."""
    x, w = as_tensor(a), as_tensor(v)
    if x.ndim != 1 or w.ndim != 1:
        raise ShapeError(f"convolve: expected two vectors, got {x.describe()} and {w.describe()}")
    n, m = x.extents[0], w.extents[0]
    if (n - m).is_negative:
        x, w, n, m = w, x, m, n
    spans = {"full": (sp.S.Zero, n + m - 1), "valid": (m - 1, n - m + 1), "same": (sp.floor((m - 1) / 2), n)}
    if mode not in spans:
        raise UnsupportedError(f"convolve: mode={mode!r}; expected 'full', 'same' or 'valid'")
    start, length = spans[mode]
    k, q = Index("k", length), Index("q", m)
    read = k + start - q
    return computed(equation([k], x.access(read) * w.access(q), [q], guards=[Within(read, n)]))


def correlate(a: Any, v: Any, mode: str = "valid") -> Tensor:
    """out[n] = Σ_k a[n + k] v[k] of two vectors."""
    x, w = as_tensor(a), as_tensor(v)
    swapped = (x.extents[0] - w.extents[0]).is_negative and mode != "full"
    return flip(convolve(w, flip(x), mode)) if swapped else convolve(x, flip(w), mode)


def vector_product(x: Any, y: Any) -> Tensor:
    """``np.vecdot``: the inner product along the last axis."""
    return reduce("sum", as_tensor(x) * y, -1)

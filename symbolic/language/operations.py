"""Pointwise operations, reductions and products: each NumPy operation as one equation."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.numbers import exact_number
from symbolic.program.dims import Dim
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Index, Within, Zero
from symbolic.program.tensors import Tensor, check_name, computed, fresh_indices

# -- operands --------------------------------------------------------------------------------------------------------


def constant(value: Any, name: str | None = None) -> Tensor:
    """A tensor that stands for the given array.

    >>> constant(3).shape
    ()
    """
    if isinstance(value, Tensor):
        return value
    if name is not None:
        check_name(name)
    if hasattr(value, "dtype") and getattr(value, "shape", ()) != ():
        kind = {"i": "int", "u": "int", "b": "bool", "f": "real"}.get(value.dtype.kind)
        if kind is None:
            raise UnsupportedError(
                f"an array of dtype {value.dtype} is not supported; expected real or integer numbers"
            )
        extents = tuple(sp.Integer(n) for n in value.shape)
        return Tensor(name, extents, dtype=kind, role="constant", value=value.copy())
    return computed(Equation((), scalar(value)), dtype="real", name=name)


def integers(entries: Any, name: str | None = None, assume: frozenset[str] = frozenset()) -> Tensor:
    """The constant integer tensor of a (nested) sequence; its buffer is one that NumPy reads without a copy."""
    flat, shape = _flattened(entries)
    values = memoryview(array("q", flat))
    if len(shape) != 1:
        values = values.cast("B").cast("q", shape)
    return Tensor(name, map(sp.Integer, shape), dtype="int", role="constant", value=values, assume=assume)


def listed(entries: Sequence[Any]) -> Tensor:
    """A (nested) list as an array: numbers as a constant, else the stack of its entries."""
    if all(isinstance(v, float) or is_whole(v) for v in entries):
        if entries and all(map(is_whole, entries)):
            return integers(entries)
        values = memoryview(array("d", entries))
        return Tensor(None, (sp.Integer(len(entries)),), role="constant", value=values)
    from symbolic.language.shaping import stack

    return stack(entries)


def is_whole(value: Any) -> bool:
    """True for a whole number of Python's or NumPy's."""
    return hasattr(value, "__index__") and not isinstance(value, (Tensor, Dim, bool))


def _flattened(entries: Any) -> tuple[list[int], tuple[int, ...]]:
    if not isinstance(entries, (list, tuple, range)):
        if isinstance(entries, bool) or not hasattr(entries, "__index__"):
            raise UnsupportedError(f"expected whole numbers, got {entries!r}")
        return [entries.__index__()], ()
    rows = [_flattened(e) for e in entries]
    if len({shape for _, shape in rows}) > 1:
        raise ShapeError("expected rows of one length")
    return [v for flat, _ in rows for v in flat], (len(rows), *(rows[0][1] if rows else ()))


def scalar(value: Any) -> sp.Expr:
    """The SymPy expression of a number, a 0-d array or a ``Dim``."""
    if isinstance(value, Dim):
        return value.expr
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    return exact_number(value)


def lift(value: Any) -> Tensor | sp.Expr:
    """A tensor as it is, an array as a constant tensor, a number or ``Dim`` as a SymPy expression."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple, range)):
        return listed(value)
    if hasattr(value, "dtype") and getattr(value, "shape", ()) != ():
        return constant(value)
    return scalar(value)


def as_tensor(value: Any) -> Tensor:
    """``lift``, with numbers as 0-d tensors."""
    lifted = lift(value)
    return lifted if isinstance(lifted, Tensor) else computed(Equation((), lifted))


# -- pointwise -------------------------------------------------------------------------------------------------------


def broadcast_extents(operation: str, operands: Sequence[Tensor]) -> tuple[sp.Expr, ...]:
    """The common shape; only the literal 1 broadcasts. Raises ``ShapeError`` naming the two tensors that clash."""
    rank = max((t.ndim for t in operands), default=0)
    extents: list[sp.Expr] = [sp.S.One] * rank
    owner: dict[int, Tensor] = {}
    for t in operands:
        for axis, size in enumerate(t.extents, start=rank - t.ndim):
            if extents[axis] == 1:
                extents[axis], owner[axis] = size, t
            elif size != 1 and sp.expand(size - extents[axis]) != 0:
                other = owner[axis]
                raise ShapeError(
                    f"{operation}: {told(other)} and {told(t)} do not broadcast: "
                    f"{extents[axis]} against {size} on axis {axis - rank}; only a dimension of 1 is stretched"
                )
    return tuple(extents)


def told(t: Tensor) -> str:
    """Name and shape of an operand; what has no name is told by the line that made it."""
    return t.describe() if t.name or not t.origin else f"{t.describe()} made at {t.origin}"


def aligned(t: Tensor, indices: Sequence[Index]) -> sp.Expr:
    """The access that reads ``t`` at the trailing ``indices``, at 0 along axes of extent 1."""
    tail = indices[len(indices) - t.ndim :] if t.ndim else ()
    return t.access(*(sp.S.Zero if size == 1 else i for i, size in zip(tail, t.extents, strict=True)))


def pointwise(operation: str, function: Callable[..., sp.Expr], *args: Any, dtype: str = "real") -> Tensor:
    """The tensor of ``function`` applied entry by entry with NumPy's broadcasting."""
    lifted = [lift(a) for a in args]
    indices = fresh_indices(broadcast_extents(operation, [a for a in lifted if isinstance(a, Tensor)]))
    body = function(*(aligned(a, indices) if isinstance(a, Tensor) else a for a in lifted))
    if body is sp.zoo or body is sp.nan:
        raise UnsupportedError(f"{operation}: the result is undefined everywhere (a division by zero?)")
    return computed(Equation(indices, body), dtype)


# -- reductions ------------------------------------------------------------------------------------------------------


def normal_axes(operation: str, t: Tensor, axis: Any) -> tuple[int, ...]:
    """Axes as increasing non-negative ints; None means all."""
    if axis is None:
        return tuple(range(t.ndim))
    axes = []
    for a in axis if isinstance(axis, (tuple, list)) else (axis,):
        position = a.__index__()
        if not -t.ndim <= position < t.ndim:
            raise ShapeError(f"{operation}: {t.describe()} has no axis {position}")
        axes.append(position % t.ndim)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{operation}: the axes {axis} of {t.describe()} repeat")
    return tuple(sorted(axes))


def reduce(kind: str, x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """REDUCE of the named kind over the given axes (all of them if None)."""
    t = as_tensor(x)
    axes = normal_axes(kind, t, axis)
    every = t.fresh_indices()
    bound = [every[a] for a in axes]
    out: list[Index] = []
    for a, index in enumerate(every):
        if a not in axes:
            out.append(index)
        elif keepdims:
            out.append(Index("o", 1))
    if kind in ("max", "min", "argmax", "argmin") and any(t.extents[a] == 0 for a in axes):
        raise ShapeError(f"{kind}: {t.describe()} has no entries along the axes {axes}")
    return computed(equation(out, t.access(*every), bound, kind), _dtype_of_reduction(kind, t))


def _dtype_of_reduction(kind: str, t: Tensor) -> str:
    if kind in ("argmax", "argmin"):
        return "int"
    if kind in ("sum", "prod"):
        return "int" if t.dtype == "bool" else t.dtype
    return t.dtype if kind in ("max", "min") else "real"


def count(t: Tensor, axes: Sequence[int]) -> sp.Expr:
    """The number of entries along the axes."""
    return sp.Mul(*(t.extents[a] for a in axes))


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over axes."""
    t = as_tensor(x)
    total = reduce("sum", t, axis, keepdims)
    return pointwise("mean", lambda s: s / count(t, normal_axes("mean", t, axis)), total)


def variance(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance over axes with divisor N − ddof."""
    t = as_tensor(x)
    centred = t - mean(t, axis, keepdims=True)
    n = count(t, normal_axes("var", t, axis)) - ddof
    return pointwise("var", lambda s: s / n, reduce("sum", centred * centred, axis, keepdims))


def cumulative(kind: str, x: Any, axis: Any = None) -> Tensor:
    """Cumulative sum or product: the reduction over k ≤ i."""
    t = as_tensor(x)
    if axis is None:
        if t.ndim != 1:
            raise UnsupportedError(f"a cumulative {kind} of {t.describe()} without an axis is of x.reshape(-1)")
        axis = 0
    (a,) = normal_axes(kind, t, axis)
    out = t.fresh_indices()
    k = Index("k", t.extents[a])
    read = [k if position == a else i for position, i in enumerate(out)]
    guard = Within(out[a] - k, t.extents[a])
    return computed(equation(out, t.access(*read), [k], kind, [guard]), _dtype_of_reduction(kind, t))


# -- products --------------------------------------------------------------------------------------------------------


def contraction(
    operation: str, operands: Sequence[Any], inputs: Sequence[Sequence[str]], output: Sequence[str]
) -> Tensor:
    """The sum of products written with one label per axis, as in ``einsum``."""
    tensors = [as_tensor(o) for o in operands]
    extents: dict[str, sp.Expr] = {}
    owner: dict[str, Tensor] = {}
    for t, labels in zip(tensors, inputs, strict=True):
        if len(labels) != t.ndim:
            raise ShapeError(f"{operation}: {t.describe()} has {t.ndim} axes, {len(labels)} labels were given")
        for label, size in zip(labels, t.extents, strict=True):
            known = extents.get(label)
            if known is None or known == 1:
                extents[label], owner[label] = size, t
            elif size != 1 and sp.expand(size - known) != 0:
                raise ShapeError(f"{operation}: {told(owner[label])} and {told(t)} do not fit: {known} against {size}")
    for label in output:
        if label not in extents:
            raise ShapeError(f"{operation}: the output label {label!r} is on no operand")
    index = {label: Index(label if label.isalpha() else "i", size) for label, size in extents.items()}
    body = sp.Mul(
        *(
            t.access(
                *(
                    sp.S.Zero if size == 1 and extents[label] != 1 else index[label]
                    for label, size in zip(labels, t.extents, strict=True)
                )
            )
            for t, labels in zip(tensors, inputs, strict=True)
        )
    )
    bound = [index[label] for label in extents if label not in output]
    return computed(equation([index[label] for label in output], body, bound))


def einsum(spec: str, *operands: Any) -> Tensor:
    """NumPy's einsum: any spec, with repeated labels, ellipsis and the implicit output."""
    if not isinstance(spec, str):
        return _einsum_of_lists((spec, *operands))
    spec = spec.replace(" ", "")
    left, arrow, right = spec.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise ShapeError(f"einsum {spec!r}: {len(inputs)} operands are described, {len(operands)} were given")
    ranks = [as_tensor(o).ndim for o in operands]
    spare = [str(d) for d in range(10)]
    widths = [
        rank - len(labels.replace("...", "")) if "..." in labels else 0
        for labels, rank in zip(inputs, ranks, strict=True)
    ]
    widest = max([0, *widths])
    terms = []
    for labels, width in zip(inputs, widths, strict=True):
        batch = "".join(spare[widest - width : widest]) if width > 0 else ""
        terms.append(labels.replace("...", batch))
    if arrow:
        right = right.replace("...", "".join(spare[:widest]))
    else:
        seen = "".join(terms)
        right = "".join(spare[:widest]) + "".join(sorted(c for c in set(seen) if seen.count(c) == 1 and c.isalpha()))
    if len(set(right)) != len(right):
        raise ShapeError(f"einsum {spec!r}: a label is repeated in the output")
    return contraction(f"einsum {spec!r}", operands, terms, right)


def _einsum_of_lists(args: Sequence[Any]) -> Tensor:
    """``einsum(x, [0, 1], y, [1, 2], [0, 2])``: labels as lists of whole numbers."""
    operands, labels = list(args[0 : len(args) - len(args) % 2 : 2]), [list(v) for v in args[1::2]]
    every = [v for row in labels for v in row]
    if Ellipsis in every:
        raise UnsupportedError("einsum: write an ellipsis in a string such as '...j,j->...'")
    out = list(args[-1]) if len(args) % 2 else sorted(v for v in set(every) if every.count(v) == 1)
    return contraction("einsum", operands, [[f"a{v}" for v in row] for row in labels], [f"a{v}" for v in out])


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product ``x @ y`` with NumPy's rules for vectors and for stacks of matrices."""
    a, b = as_tensor(x), as_tensor(y)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(f"matmul: {a.describe()} @ {b.describe()}: a scalar has no matrix product; use *")
    inner_a, inner_b = a.extents[-1], b.extents[-2 if b.ndim > 1 else 0]
    if sp.expand(inner_a - inner_b) != 0:
        raise ShapeError(f"matmul: {told(a)} @ {told(b)} do not fit: the inner dimensions are {inner_a} and {inner_b}")
    batch_rank = max(a.ndim, b.ndim, 2) - 2
    batch = [str(d) for d in range(batch_rank)]
    left = batch[batch_rank - max(a.ndim - 2, 0) :] + (["i"] if a.ndim > 1 else []) + ["k"]
    right = batch[batch_rank - max(b.ndim - 2, 0) :] + ["k"] + (["j"] if b.ndim > 1 else [])
    out = batch + (["i"] if a.ndim > 1 else []) + (["j"] if b.ndim > 1 else [])
    return contraction("matmul", (a, b), (left, right), out)


def tensordot(x: Any, y: Any, axes: Any = 2) -> Tensor:
    """NumPy's tensordot."""
    a, b = as_tensor(x), as_tensor(y)
    if hasattr(axes, "__index__"):
        n = axes.__index__()
        first, second = list(range(a.ndim - n, a.ndim)), list(range(n))
    else:
        first, second = ([v] if hasattr(v, "__index__") else list(v) for v in axes)
    first, second = [v % max(a.ndim, 1) for v in first], [v % max(b.ndim, 1) for v in second]
    left, right = [f"a{i}" for i in range(a.ndim)], [f"b{i}" for i in range(b.ndim)]
    for p, q in zip(first, second, strict=True):
        right[q] = left[p]
    out = [v for v in left if v not in right] + [v for v in right if v not in left]
    return contraction("tensordot", (a, b), (left, right), out)


def dot(x: Any, y: Any) -> Tensor:
    """NumPy's dot: product of scalars, inner product of vectors, else the last axis against the second to last."""
    a, b = as_tensor(x), as_tensor(y)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return (
        matmul(a, b)
        if b.ndim <= 2 and a.ndim <= 2
        else tensordot(a, b, ([a.ndim - 1], [b.ndim - 2 if b.ndim > 1 else 0]))
    )


def trace(x: Any, offset: int = 0) -> Tensor:
    """The sum of a diagonal of the last two axes."""
    t = as_tensor(x)
    if t.ndim < 2 or (offset == 0 and sp.expand(t.extents[-1] - t.extents[-2]) != 0):
        raise ShapeError(f"trace: expected a square matrix, got {t.describe()}")
    every = t.fresh_indices()
    *batch, i, j = every
    return computed(equation(batch, t.access(*every), (i, j), guards=[Zero(j - i - offset)]))


def require_scalar(t: Tensor, operation: str) -> None:
    """Raise ``ShapeError`` unless ``t`` is a scalar."""
    if t.ndim:
        raise ShapeError(
            f"{operation}: expected a scalar, got {t.describe()}; reduce it first (np.sum, np.mean), or use jacobian"
        )

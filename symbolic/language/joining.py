"""Joining, splitting and repeating: more shape work, each piece an access with other index expressions.

What needs the positions themselves (uneven splits, counts, padding that repeats the edge) needs the axis as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.indexing import getitem, split, take
from symbolic.language.operations import as_tensor, broadcast_extents, integers, normal_axes
from symbolic.language.shaping import (
    broadcast_to,
    concatenate,
    diagonal,
    expand_dims,
    flip,
    moveaxis,
    rearranged,
    repeat,
    reshape,
    roll,
    swapaxes,
    transpose,
)
from symbolic.program.dims import extent
from symbolic.program.expressions import Index, Zero
from symbolic.program.tensors import Tensor, fresh_indices


def number(operation: str, t: Tensor, axis: int) -> int:
    """The extent of an axis as a number. Raises ``UnsupportedError`` if it is a named dimension."""
    size = t.extents[axis]
    if not size.is_Integer:
        raise UnsupportedError(f"{operation}: axis {axis} of {t.describe()} must be a number; declare it as one")
    return int(size)


def ordered(shape_work: Callable[[Tensor], Tensor], x: Any, order: str | None) -> Tensor:
    """Reshaping in C order, or in Fortran's, which is C order of the transposed arrays."""
    if order in (None, "C"):
        return shape_work(as_tensor(x))
    if order != "F":
        raise UnsupportedError(f"reshape: order={order!r} depends on memory; use 'C' or 'F'")
    return transpose(shape_work(transpose(x)))


def reshaped(x: Any, shape: Any, order: str | None = "C") -> Tensor:
    """``np.reshape``."""
    asked = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return ordered(lambda t: reshape(t, asked if order in (None, "C") else asked[::-1]), x, order)


def ravel(x: Any, order: str | None = "C") -> Tensor:
    """One axis with all entries."""
    return ordered(lambda t: t if t.ndim == 1 else reshape(t, -1), x, order)


# -- joining ---------------------------------------------------------------------------------------------------------


def joined(parts: Sequence[Any], axis: int | None = 0) -> Tensor:
    """``np.concatenate``; without an axis of the flattened arrays."""
    return concatenate([ravel(p) for p in parts], 0) if axis is None else concatenate(parts, axis)


def vstack(parts: Sequence[Any]) -> Tensor:
    """Rows below each other."""
    return concatenate([at_least_2d(p) for p in parts], 0)


def hstack(parts: Sequence[Any]) -> Tensor:
    """Columns side by side; vectors one after the other."""
    tensors = [at_least_1d(p) for p in parts]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


def dstack(parts: Sequence[Any]) -> Tensor:
    """Joined along a third axis."""
    return concatenate([at_least_3d(p) for p in parts], 2)


def column_stack(parts: Sequence[Any]) -> Tensor:
    """Vectors as columns, side by side."""
    return concatenate([p if p.ndim > 1 else p[:, None] for p in map(as_tensor, parts)], 1)


def block(parts: Any) -> Tensor:
    """Nested lists of blocks: the innermost along the last axis, the next along the one before."""
    depth = _depth(parts)
    rank = max(depth, *(as_tensor(p).ndim for p in _leaves(parts)))

    def build(nested: Any, level: int) -> Tensor:
        if not isinstance(nested, list):
            t = as_tensor(nested)
            return expand_dims(t, tuple(range(rank - t.ndim))) if t.ndim < rank else t
        return concatenate([build(p, level - 1) for p in nested], rank - level)

    return build(parts, depth)


def _depth(parts: Any) -> int:
    return 1 + _depth(parts[0]) if isinstance(parts, list) else 0


def _leaves(parts: Any) -> list[Any]:
    return [leaf for p in parts for leaf in _leaves(p)] if isinstance(parts, list) else [parts]


def at_least_1d(x: Any) -> Tensor:
    """A number as a vector of one."""
    t = as_tensor(x)
    return t if t.ndim else t[None]


def at_least_2d(x: Any) -> Tensor:
    """A vector as a row."""
    t = at_least_1d(x)
    return t if t.ndim > 1 else t[None, :]


def at_least_3d(x: Any) -> Tensor:
    """A vector as (1, n, 1), a matrix as (m, n, 1)."""
    t = at_least_2d(x)
    return t if t.ndim > 2 else t[:, :, None]


def broadcast_arrays(*arrays: Any) -> tuple[Tensor, ...]:
    """All arrays with their common shape."""
    tensors = [as_tensor(a) for a in arrays]
    shape = broadcast_extents("broadcast_arrays", tensors)
    return tuple(broadcast_to(t, shape) for t in tensors)


def meshgrid(*axes: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True) -> tuple[Tensor, ...]:
    """Coordinate arrays of a grid."""
    if sparse:
        raise UnsupportedError("np.meshgrid: the option sparse= is not supported; broadcasting does it")
    tensors = [at_least_1d(a) for a in axes]
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[:2] = [1, 0]
    wide = []
    for k, t in enumerate(tensors):
        place = order.index(k)
        wide.append(getitem(t, (None,) * place + (slice(None),) + (None,) * (len(tensors) - 1 - place)))
    return broadcast_arrays(*wide)


# -- splitting -------------------------------------------------------------------------------------------------------


def array_split(x: Any, sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts that may differ by one in length."""
    t = as_tensor(x)
    (a,) = normal_axes("array_split", t, axis)
    if not hasattr(sections, "__index__"):
        return split(t, sections, axis)
    n, k = number("array_split", t, a), sections.__index__()
    longer, least = n % k, n // k
    edges = [least * part + min(part, longer) for part in range(1, k)]
    return split(t, edges, axis)


def unstack(x: Any, axis: int = 0) -> tuple[Tensor, ...]:
    """The entries along an axis."""
    t = moveaxis(x, axis, 0)
    return tuple(t[k] for k in range(number("unstack", t, 0)))


def delete(x: Any, obj: Any, axis: int | None = None) -> Tensor:
    """Without the entries at given positions."""
    t, a = _along("delete", x, axis)
    n = number("delete", t, a)
    gone = {p % n for p in range(n)[obj]} if isinstance(obj, slice) else {int(p) % n for p in _listed(obj)}
    return take(t, [p for p in range(n) if p not in gone], a)


def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Tensor:
    """With values put in before the entries at given positions."""
    t, a = _along("insert", x, axis)
    n = number("insert", t, a)
    single = not hasattr(obj, "__len__") and not isinstance(obj, slice)
    places = list(range(n)[obj]) if isinstance(obj, slice) else [int(p) + n * (int(p) < 0) for p in _listed(obj)]
    new = as_tensor(values)
    if single and new.ndim == t.ndim - 1 and new.ndim:
        new = expand_dims(new, a)
    elif new.ndim == t.ndim:
        places = places * int(new.extents[a]) if len(places) == 1 else places
    new = broadcast_to(new, [len(places) if b == a else e for b, e in enumerate(t.extents)])
    order = sorted(range(len(places)), key=lambda k: places[k])
    sources = list(range(n))
    for shift, k in enumerate(order):
        sources.insert(places[k] + shift, n + k)
    return take(concatenate([t, new], a), sources, a)


def compress(condition: Any, x: Any, axis: int | None = None) -> Tensor:
    """The entries at which a list of truth values holds."""
    t, a = _along("compress", x, axis)
    return take(t, [p for p, keep in enumerate(_listed(condition)) if keep], a)


def _along(operation: str, x: Any, axis: int | None) -> tuple[Tensor, int]:
    if axis is None:
        return ravel(x), 0
    t = as_tensor(x)
    return t, normal_axes(operation, t, axis)[0]


def _listed(values: Any) -> list[Any]:
    if isinstance(values, Tensor):
        raise UnsupportedError(f"positions are numbers here, got {values.describe()}")
    if hasattr(values, "tolist"):
        values = values.tolist()
    return list(values) if isinstance(values, (list, tuple, range)) else [values]


# -- repeating and moving --------------------------------------------------------------------------------------------


def repeated(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """``np.repeat``: one number of times, or one for each entry along the axis."""
    if hasattr(repeats, "__index__") and getattr(repeats, "shape", ()) == ():
        return repeat(x, repeats, axis)
    t, a = _along("repeat", x, axis)
    counts = _listed(repeats)
    if len(counts) == 1:
        return repeat(t, counts[0], a)
    if len(counts) != number("repeat", t, a):
        raise ShapeError(f"repeat: {len(counts)} counts for axis {a} of {t.describe()}")
    return take(t, [p for p, times in enumerate(counts) for _ in range(times)], a)


def rolled(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """``np.roll``: along one axis, along several, or of the flattened array."""
    t = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(t), shift, 0), t.shape)
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    shifts = list(shift) if isinstance(shift, (tuple, list)) else [shift] * len(axes)
    for s, a in zip(shifts, axes * (len(shifts) if len(axes) == 1 else 1), strict=True):
        t = roll(t, s, a)
    return t


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by k quarters in the plane of two axes."""
    t, turns = as_tensor(x), k % 4
    if turns == 2:
        return flip(flip(t, axes[0]), axes[1])
    if turns == 1:
        return swapaxes(flip(t, axes[1]), *axes)
    return flip(swapaxes(t, *axes), axes[1]) if turns == 3 else t


def rollaxis(x: Any, axis: int, start: int = 0) -> Tensor:
    """An axis moved before another one."""
    t = as_tensor(x)
    a, start = axis % t.ndim, start % (t.ndim + 1)
    return moveaxis(t, a, start - 1 if a < start else start)


def resize(x: Any, shape: Any) -> Tensor:
    """The entries, repeated as often as needed, in another shape."""
    t = ravel(x)
    sizes = [int(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    total, n = 1, number("resize", t, 0)
    for size in sizes:
        total *= size
    return reshape(take(t, [p % n for p in range(total)], 0), sizes)


def windows(x: Any, sizes: Any, axis: Any = None) -> Tensor:
    """``sliding_window_view``: out[.., i, .., w] = x[.., i + w, ..], the axes of the windows last."""
    t = as_tensor(x)
    widths = list(sizes) if isinstance(sizes, (tuple, list)) else [sizes]
    axes = list(range(t.ndim)) if axis is None else [axis] if hasattr(axis, "__index__") else list(axis)
    axes = [normal_axes("sliding_window_view", t, a)[0] for a in axes]
    if len(widths) != len(axes):
        raise ShapeError(f"sliding_window_view: {len(widths)} sizes for {len(axes)} axes of {t.describe()}")
    left, within, read = list(t.extents), [], [sp.S.Zero] * t.ndim
    for width, a in zip(widths, axes, strict=True):
        left[a] = left[a] - (extent(width) - 1)
        if left[a].is_nonpositive:
            raise ShapeError(f"sliding_window_view: a window of {width} is longer than axis {a} of {t.describe()}")
        within.append(Index("w", width))
        read[a] = read[a] + within[-1]
    out = fresh_indices(left)
    return rearranged(t, [*out, *within], [i + r for i, r in zip(out, read, strict=True)])


# -- diagonals -------------------------------------------------------------------------------------------------------


def diagflat(x: Any, k: int = 0) -> Tensor:
    """The square matrix with all entries on its k-th diagonal."""
    t = ravel(x)
    size = t.extents[0] + abs(k)
    i, j = fresh_indices((size, size))
    place = i if k >= 0 else j
    return rearranged(t, (i, j), [place], [Zero(j - i - k)])


def triangle_positions(x: Any, k: int, lower: bool) -> tuple[Tensor, Tensor]:
    """The rows and columns of the entries on and below (above) the k-th diagonal, row by row."""
    t = as_tensor(x)
    rows, columns = number("tril_indices_from", t, 0), number("tril_indices_from", t, 1)
    kept = [(i, j) for i in range(rows) for j in range(columns) if (j <= i + k if lower else j >= i + k)]
    return integers([i for i, _ in kept]), integers([j for _, j in kept])


def diagonal_positions(x: Any) -> tuple[Tensor, ...]:
    """The positions 0 … n − 1 once for each axis."""
    t = as_tensor(x)
    return (integers(range(number("diag_indices_from", t, 0))),) * t.ndim


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal of two axes."""
    return diagonal(x, offset, axis1, axis2).sum(axis=-1)

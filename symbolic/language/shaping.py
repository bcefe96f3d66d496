"""Shape work as equations: every rearrangement is an access with other index expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.dtypes import promoted
from symbolic.language.operations import as_tensor, normal_axes, scalar
from symbolic.program.dims import Dim, extent, parse_shape, shape_text
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Index, Quotient, Remainder, Within, Zero
from symbolic.program.functions import LessEqual
from symbolic.program.tensors import Tensor, computed, fresh_indices


def rearranged(t: Tensor, out: Sequence[Index], read: Sequence[sp.Expr], guards: Sequence[Any] = ()) -> Tensor:
    """The tensor ``out[...] = t[read]`` where the guards hold, else 0."""
    return computed(equation(out, t.access(*read), guards=guards), t.dtype)


def transpose(x: Any, axes: Any = None) -> Tensor:
    """Axes reversed, or in the given order."""
    t = as_tensor(x)
    order = tuple(range(t.ndim))[::-1] if axes is None else tuple(a.__index__() % max(t.ndim, 1) for a in axes)
    if sorted(order) != list(range(t.ndim)):
        raise ShapeError(f"transpose: {axes} is not an order of the {t.ndim} axes of {t.describe()}")
    if order == tuple(range(t.ndim)):
        return t
    source = t.fresh_indices()
    return rearranged(t, [source[a] for a in order], source)


def matrix_transpose(x: Any) -> Tensor:
    """The last two axes exchanged."""
    t = as_tensor(x)
    if t.ndim < 2:
        raise ShapeError(f"matrix_transpose: expected at least two axes, got {t.describe()}")
    return swapaxes(t, -1, -2)


def swapaxes(x: Any, a: int, b: int) -> Tensor:
    """Two axes exchanged."""
    t = as_tensor(x)
    order = list(range(t.ndim))
    order[a], order[b] = order[b], order[a]
    return transpose(t, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to new positions."""
    t = as_tensor(x)
    moved = [a % t.ndim for a in ([source] if isinstance(source, int) else source)]
    places = [a % t.ndim for a in ([destination] if isinstance(destination, int) else destination)]
    order = [a for a in range(t.ndim) if a not in moved]
    for place, a in sorted(zip(places, moved, strict=True)):
        order.insert(place, a)
    return transpose(t, order)


def reshape(x: Any, shape: Any) -> Tensor:
    """The entries in C order under another shape; one entry of the shape may be −1."""
    t = as_tensor(x)
    asked = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    total = sp.Mul(*t.extents)
    sizes = [None if not isinstance(s, (str, Dim)) and s == -1 else extent(s) for s in asked]
    if sizes.count(None) > 1:
        raise ShapeError(f"reshape: {t.describe()} to {asked}: only one dimension can be -1")
    if None in sizes:
        rest = sp.cancel(total / sp.Mul(*(s for s in sizes if s is not None)))
        sizes[sizes.index(None)] = rest
    if sp.expand(total - sp.Mul(*sizes)) != 0 or not all(s.is_integer for s in sizes):
        raise ShapeError(f"reshape: {t.describe()} has {total} entries and cannot become {shape_text(sizes)}")
    out = fresh_indices(sizes)
    return rearranged(t, out, _regrouped(out, t.extents))


def _regrouped(out: Sequence[Index], extents: Sequence[sp.Expr]) -> list[sp.Expr]:
    """The index on each old axis: axes of equal size are matched directly, only merged or split groups are packed."""
    read: list[sp.Expr] = []
    indices, sizes = list(out), list(extents)
    while sizes:
        old, new, group, taken = sizes.pop(0), sp.S.One, [], [sp.S.One]
        taken[0] = old
        if indices and indices[0].extent == old:
            read.append(indices.pop(0))
            continue
        while True:  # the shortest runs of old and new axes with the same number of entries
            if sp.expand(old - new) == 0 and (group or old == 1):
                break
            if indices and (
                not sizes
                or (
                    sp.cancel(old / (new * indices[0].extent)).is_polynomial()
                    and sp.denom(sp.cancel(old / (new * indices[0].extent))) == 1
                )
            ):
                group.append(indices.pop(0))
                new = new * group[-1].extent
            elif sizes:
                taken.append(sizes.pop(0))
                old = old * taken[-1]
            else:
                break
        while indices and indices[0].extent == 1 and not sizes:
            group.append(indices.pop(0))
        read.extend(_unpacked(_packed(group), taken))
    return read


def _packed(indices: Sequence[Index]) -> sp.Expr:
    flat: sp.Expr = sp.S.Zero
    for index in indices:
        flat = flat * index.extent + (sp.S.Zero if index.extent == 1 else index)
    return sp.expand(flat)


def _unpacked(flat: sp.Expr, extents: Sequence[sp.Expr]) -> list[sp.Expr]:
    read: list[sp.Expr] = []
    for position in range(len(extents) - 1, 0, -1):
        size = extents[position]
        read.append(Remainder(flat, size) if size != 1 else sp.S.Zero)
        flat = Quotient(flat, size) if size != 1 else flat
    return [flat if extents[0] != 1 else sp.S.Zero, *reversed(read)]


def expand_dims(x: Any, axis: Any) -> Tensor:
    """New axes of extent 1."""
    t = as_tensor(x)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = t.ndim + len(axes)
    new = {a % rank for a in axes}
    source = iter(t.fresh_indices())
    out = [Index("o", 1) if a in new else next(source) for a in range(rank)]
    return rearranged(t, out, [i for a, i in enumerate(out) if a not in new])


def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Axes of extent 1 removed."""
    t = as_tensor(x)
    gone = normal_axes("squeeze", t, axis) if axis is not None else [a for a, e in enumerate(t.extents) if e == 1]
    for a in gone:
        if t.extents[a] != 1:
            raise ShapeError(f"squeeze: axis {a} of {t.describe()} has extent {t.extents[a]}, not 1")
    every = t.fresh_indices()
    return rearranged(
        t,
        [i for a, i in enumerate(every) if a not in gone],
        [sp.S.Zero if a in gone else i for a, i in enumerate(every)],
    )


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """Stretched along axes of extent 1 and new leading axes."""
    t = as_tensor(x)
    sizes = parse_shape(shape)
    if len(sizes) < t.ndim or any(a not in (1, b) for a, b in zip(t.extents[::-1], sizes[::-1], strict=False)):
        raise ShapeError(f"broadcast_to: {t.describe()} does not broadcast to {shape_text(sizes)}")
    out = fresh_indices(sizes)
    tail = out[len(out) - t.ndim :] if t.ndim else ()
    return rearranged(t, out, [sp.S.Zero if e == 1 else i for i, e in zip(tail, t.extents, strict=True)])


def concatenate(parts: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays joined along an axis: a sum of pieces, each guarded to its own range."""
    tensors = [as_tensor(p) for p in parts]
    if not tensors:
        raise ShapeError("concatenate: needs at least one array")
    first = tensors[0]
    (a,) = normal_axes("concatenate", first, axis)
    for t in tensors[1:]:
        if t.ndim != first.ndim or any(
            sp.expand(m - n) != 0 for b, (m, n) in enumerate(zip(first.extents, t.extents, strict=True)) if b != a
        ):
            raise ShapeError(f"concatenate: {first.describe()} and {t.describe()} differ off axis {a}")
    if len(tensors) == 1:
        return first
    total = sp.Add(*(t.extents[a] for t in tensors))
    pieces, offset = [], sp.S.Zero
    for t in tensors:
        out = fresh_indices([total if b == a else e for b, e in enumerate(t.extents)])
        read = [i - offset if b == a else i for b, i in enumerate(out)]
        pieces.append(rearranged(t, out, read, [Within(out[a] - offset, t.extents[a])]))
        offset = offset + t.extents[a]
    return added(pieces)


def added(pieces: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape, as one equation."""
    if len(pieces) == 1:
        return pieces[0]
    out = pieces[0].fresh_indices()
    return computed(Equation(out, sp.Add(*(p.access(*out) for p in pieces))), promoted(*pieces))


def stack(parts: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis."""
    tensors = [as_tensor(p) for p in parts]
    rank = tensors[0].ndim + 1
    return concatenate([expand_dims(t, axis % rank) for t in tensors], axis % rank)


def diag(x: Any, k: int = 0) -> Tensor:
    """The square matrix with the vector on its k-th diagonal, or the k-th diagonal of a matrix."""
    t = as_tensor(x)
    if t.ndim == 2:
        return diagonal(t, k)
    if t.ndim != 1:
        raise ShapeError(f"diag: expected a vector or a matrix, got {t.describe()}")
    size = t.extents[0] + abs(k)
    i, j = fresh_indices((size, size))
    along = i - max(-k, 0)
    guards = [Zero(j - i - k)] + ([Within(along, t.extents[0])] if k else [])
    return rearranged(t, (i, j), [along], guards)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The entries (i, i + offset) of two axes, put last."""
    t = as_tensor(x)
    if t.ndim < 2:
        raise ShapeError(f"diagonal: expected a matrix, got {t.describe()}")
    a, b = axis1 % t.ndim, axis2 % t.ndim
    down, right = max(-offset, 0), max(offset, 0)
    rows, columns = t.extents[a] - down, t.extents[b] - right
    length = rows if sp.expand(rows - columns) == 0 else sp.Min(rows, columns)
    if length.is_negative:
        raise ShapeError(f"diagonal: the offset {offset} is outside {t.describe()}")
    every, along = t.fresh_indices(), Index("i", length)
    read = [along + down if c == a else along + right if c == b else i for c, i in enumerate(every)]
    return rearranged(t, [i for c, i in enumerate(every) if c not in (a, b)] + [along], read)


def triangle(x: Any, k: int, lower: bool) -> Tensor:
    """The entries on and below (above) the k-th diagonal, else 0."""
    t = as_tensor(x)
    if t.ndim < 2:
        raise ShapeError(f"{'tril' if lower else 'triu'}: expected a matrix, got {t.describe()}")
    every = t.fresh_indices()
    i, j = every[-2:]
    keep = Within(i - j + k, t.extents[-2] + k + 1) if lower else Within(j - i - k, t.extents[-1] + abs(k) + 1)
    return rearranged(t, every, every, [keep])


def triangle_mask(n: Any, m: Any = None, k: int = 0) -> Tensor:
    """Ones on and below the k-th diagonal of an n × m matrix, as booleans usable in ``where``."""
    i, j = fresh_indices((extent(n), extent(n if m is None else m)))
    return computed(Equation((i, j), LessEqual(j, i + k)), "bool")


def flip(x: Any, axis: Any = None) -> Tensor:
    """Axes reversed in direction."""
    t = as_tensor(x)
    axes = normal_axes("flip", t, axis)
    out = t.fresh_indices()
    return rearranged(t, out, [t.extents[a] - 1 - i if a in axes else i for a, i in enumerate(out)])


def roll(x: Any, shift: int, axis: int | None = None) -> Tensor:
    """Entries moved cyclically by a fixed number of places along one axis."""
    t = as_tensor(x)
    if axis is None:
        if t.ndim != 1:
            raise UnsupportedError(f"roll: {t.describe()} needs an axis")
        axis = 0
    (a,) = normal_axes("roll", t, axis)
    n, s = t.extents[a], extent(abs(shift))
    if n.is_Integer:
        s = s % n
    out = t.fresh_indices()
    near = out[a] - s if shift > 0 else out[a] + s
    far = near + n if shift > 0 else near - n
    pieces = []
    for read in (near, far):
        where = [read if b == a else i for b, i in enumerate(out)]
        pieces.append(rearranged(t, out, where, [Within(read, n)]))
    return added(pieces) if s != 0 else t


def widths_per_axis(t: Tensor, widths: Any) -> list[tuple[Any, Any]]:
    """A pair of widths per axis, from one number, one pair, or a pair per axis."""
    if hasattr(widths, "__index__"):
        return [(widths, widths)] * t.ndim
    pairs = [tuple(w) if hasattr(w, "__len__") else w for w in widths]
    if len(pairs) == 2 and all(hasattr(w, "__index__") for w in pairs):
        return [(pairs[0], pairs[1])] * t.ndim
    pairs = pairs * t.ndim if len(pairs) == 1 else pairs
    if len(pairs) != t.ndim or any(not isinstance(w, tuple) or len(w) != 2 for w in pairs):
        raise ShapeError(f"pad: the widths {widths} do not fit the {t.ndim} axes of {t.describe()}")
    return pairs


def pad(x: Any, widths: Any) -> Tensor:
    """Zeros put around the array: ``widths`` is one number, one pair, or a pair per axis."""
    t = as_tensor(x)
    pairs = widths_per_axis(t, widths)
    out = fresh_indices([e + extent(p[0]) + extent(p[1]) for e, p in zip(t.extents, pairs, strict=True)])
    read = [i - extent(p[0]) for i, p in zip(out, pairs, strict=True)]
    return rearranged(t, out, read, [Within(r, e) for r, e in zip(read, t.extents, strict=True)])


def repeat(x: Any, times: int, axis: int | None = None) -> Tensor:
    """Each entry repeated along an axis."""
    t = as_tensor(x)
    if axis is None:
        t, axis = reshape(t, -1), 0
    (a,) = normal_axes("repeat", t, axis)
    out = fresh_indices([e * extent(times) if b == a else e for b, e in enumerate(t.extents)])
    return rearranged(t, out, [Quotient(i, extent(times)) if b == a else i for b, i in enumerate(out)])


def tile(x: Any, times: Any) -> Tensor:
    """The whole array repeated along axes."""
    t = as_tensor(x)
    reps = [times] if hasattr(times, "__index__") else list(times)
    reps = [1] * (t.ndim - len(reps)) + reps
    while t.ndim < len(reps):
        t = expand_dims(t, 0)
    out = fresh_indices([e * extent(r) for e, r in zip(t.extents, reps, strict=True)])
    return rearranged(t, out, [Remainder(i, e) if e != 1 else sp.S.Zero for i, e in zip(out, t.extents, strict=True)])


def full(shape: Any, value: Any, dtype: str = "real") -> Tensor:
    """An array of one value."""
    return computed(Equation(fresh_indices(parse_shape(shape)), scalar(value)), dtype)


def zeros(shape: Any) -> Tensor:
    """Zeros of a shape of numbers, ``Dim`` and names."""
    return full(shape, 0)


def ones(shape: Any) -> Tensor:
    """Ones of a shape of numbers, ``Dim`` and names."""
    return full(shape, 1)


def eye(n: Any, m: Any = None) -> Tensor:
    """The identity matrix.

    >>> eye("n").shape
    (n, n)
    """
    i, j = fresh_indices((extent(n), extent(n if m is None else m)))
    return computed(equation((i, j), sp.S.One, guards=[Zero(i - j)]))


def arange(n: Any) -> Tensor:
    """The integers 0 … n − 1."""
    (i,) = fresh_indices((extent(n),))
    return computed(Equation((i,), i), "int")

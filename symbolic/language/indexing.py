"""``t[...]``: integers, slices, new axes, and gathering by integer tensors."""

from __future__ import annotations

import itertools
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import pointwise as pw
from symbolic.language.arrays import is_symbolic, require_namespace
from symbolic.language.entries import entry_of, is_entry_key
from symbolic.language.operations import aligned, as_tensor, broadcast_extents, integers, normal_axes
from symbolic.language.shaping import rearranged, reshape
from symbolic.program.dims import extent
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.functions import Equal
from symbolic.program.tensors import Tensor, computed, fresh_indices


def getitem(t: Tensor, key: Any) -> Any:
    """NumPy's indexing, basic and by integer tensors; with names of indices, an entry of index notation."""
    if is_entry_key(key):
        return entry_of(t, key)
    keys = _mask_positions(list(key) if isinstance(key, tuple) else [key])
    named = sum(1 for k in keys if k is not None and k is not Ellipsis)
    if named > t.ndim:
        raise ShapeError(f"indexing: {t.describe()} has {t.ndim} axes, {named} indices were given")
    dots = [position for position, k in enumerate(keys) if k is Ellipsis]
    place = dots[0] if dots else len(keys)
    keys[place : place + len(dots[:1])] = [slice(None)] * (t.ndim - named)
    arrays = _array_keys(t, keys)
    gathered = [a for a in arrays if a is not None]
    shared = fresh_indices(broadcast_extents("indexing", gathered), avoid=4) if gathered else ()

    out: list[Index] = []
    read: list[sp.Expr] = []
    first_array: int | None = None
    runs, previous = 0, False
    for k, array in zip(keys, arrays, strict=True):
        # Beside an array a single number counts as one, as in NumPy: arrays apart from each other put their axes first.
        advanced = array is not None or (bool(gathered) and _is_number(k))
        if advanced:
            first_array = len(out) if first_array is None else first_array
            runs += not previous
        previous = advanced
        if array is not None:
            read.append(aligned(array, shared))
            continue
        if k is None:
            out.append(Index("o", 1))
        else:
            size = t.extents[len(read)]
            if isinstance(k, slice):
                index, expression = _slice(t, k, size)
                out.append(index)
                read.append(expression)
            else:
                read.append(_fixed(t, k, size))
    if gathered:
        position = first_array if runs == 1 and first_array is not None else 0
        out[position:position] = shared
    return rearranged(t, out, read)


def _mask_positions(keys: list[Any]) -> list[Any]:
    """Masks whose values are known (constant arrays) as the positions where they hold."""
    known: list[Any] = []
    for k in keys:
        mask = k if not isinstance(k, Tensor) else k.value
        if isinstance(k, list) and k and all(isinstance(v, bool) for v in k):
            known.append([position for position, v in enumerate(k) if v])
        elif getattr(getattr(mask, "dtype", None), "kind", "") == "b" and getattr(mask, "shape", ()) != ():
            known.extend(mask.nonzero())
        else:
            known.append(k)
    return known


def _is_number(key: Any) -> bool:
    return key is not None and key is not Ellipsis and not isinstance(key, slice)


def _array_keys(t: Tensor, keys: list[Any]) -> list[Tensor | None]:
    """For each key the integer tensor of an advanced index, or None for a basic one."""
    found: list[Tensor | None] = []
    axis = 0
    for k in keys:
        found.append(_array_key(t, k, t.extents[axis] if k is not None else sp.S.One))
        axis += k is not None
    return found


def _array_key(t: Tensor, key: Any, size: sp.Expr) -> Tensor | None:
    """The integer tensor of an advanced index, or None for a basic one; known positions are counted from the front."""
    if isinstance(key, (list, tuple, range)):
        return integers(_from_the_front(t, list(key), size))
    is_array = hasattr(key, "dtype") and getattr(key, "shape", ()) != ()
    if not isinstance(key, Tensor) and not is_array:
        return None
    values = key.value if isinstance(key, Tensor) else key
    if getattr(getattr(values, "dtype", None), "kind", "") in ("i", "u") and _is_outside(values, size):
        key = integers(_from_the_front(t, values.tolist(), size))
    index = as_tensor(key)
    if index.dtype == "bool":
        raise UnsupportedError(
            f"indexing {t.describe()} by a mask: the shape would depend on data; write np.where(mask, a, b) or multiply by the mask"
        )
    if index.dtype != "int":
        raise UnsupportedError(f"indexing {t.describe()} by {index.describe()}: an index is declared with dtype='int'")
    return index


def _is_outside(values: Any, size: sp.Expr) -> bool:
    """True if known positions are not plainly on an axis of that extent."""
    return values.size > 0 and (values.min() < 0 or (size.is_Integer and values.max() >= size))


def _from_the_front(t: Tensor, key: Any, size: sp.Expr) -> Any:
    """Positions without negative ones; raises ``ShapeError`` for one outside the axis."""
    if isinstance(key, (list, tuple)):
        return [_from_the_front(t, k, size) for k in key]
    if not hasattr(key, "__index__") or isinstance(key, bool):
        raise UnsupportedError(f"indexing {t.describe()} by a list: expected whole numbers, got {key!r}")
    position = key.__index__()
    if size.is_Integer and not -size <= position < size:
        raise ShapeError(f"indexing: {position} is outside the axis of extent {size} of {t.describe()}")
    if position < 0 and not size.is_Integer:
        raise UnsupportedError(
            f"indexing {t.describe()} by the negative position {position} in an array: the axis has the extent {size}, which "
            "has no number"
        )
    return int(position + size) if position < 0 else position


def _fixed(t: Tensor, key: Any, size: sp.Expr) -> sp.Expr:
    try:
        position = extent(key) if not (hasattr(key, "__index__") and key.__index__() < 0) else size + key.__index__()
    except Exception as error:
        raise UnsupportedError(f"indexing {t.describe()} by {key!r} is not supported: {error}") from error
    if size.is_Integer and position.is_Integer and not 0 <= position < size:
        raise ShapeError(f"indexing: {key} is outside the axis of extent {size} of {t.describe()}")
    return position


def _slice(t: Tensor, key: slice, size: sp.Expr) -> tuple[Index, sp.Expr]:
    step = 1 if key.step is None else key.step.__index__()
    if step == 0:
        raise ShapeError(f"indexing {t.describe()}: a slice's step cannot be 0")
    if size.is_Integer and all(
        v is None or (hasattr(v, "__index__") and not hasattr(v, "expr")) for v in (key.start, key.stop)
    ):
        span = range(int(size))[key]
        index = Index("i", len(span))
        return index, sp.Integer(span.start) + span.step * index if len(span) else sp.S.Zero
    start = _bound(key.start, sp.S.Zero if step > 0 else size - 1, size)
    stop = _bound(key.stop, size if step > 0 else sp.S.NegativeOne, size)
    length = sp.expand((stop - start) / step)
    if not length.is_integer or length.is_negative:
        raise UnsupportedError(
            f"indexing {t.describe()} by [{key.start}:{key.stop}:{key.step}]: the length {length} is not known to be a whole "
            "number; declare the dimension as a number or as a multiple"
        )
    index = Index("i", length)
    return index, start + step * index


def _bound(value: Any, default: sp.Expr, size: sp.Expr) -> sp.Expr:
    if value is None:
        return default
    if hasattr(value, "expr"):
        return value.expr
    number = value.__index__()
    return sp.Integer(number) if number >= 0 else size + number


def take(x: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Tensor:
    """Entries along an axis at integer positions; outside ones are an error, counted around (``mode="wrap"``) or moved
    to the ends (``"clip"``)."""
    t = as_tensor(x)
    if axis is None:
        t, axis = reshape(t, -1), 0
    (a,) = normal_axes("take", t, axis)
    if mode == "wrap":
        indices = pw.binary("remainder", indices, t.shape[a])
    elif mode == "clip":
        indices = pw.binary("minimum", pw.binary("maximum", indices, 0), t.shape[a] - 1)
    return getitem(t, (slice(None),) * a + (indices,))


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """``out[.., k, ..] = x[.., indices[.., k, ..], ..]`` along the axis."""
    if not is_symbolic(x, indices):
        return require_namespace("take_along_axis", x, indices).take_along_axis(x, indices, axis=axis)
    t, index = as_tensor(x), as_tensor(indices)
    if index.dtype != "int" or index.ndim != t.ndim:
        raise ShapeError(
            f"take_along_axis: {index.describe()} must be integers with the {t.ndim} axes of {t.describe()}"
        )
    (a,) = normal_axes("take_along_axis", t, axis)
    out = fresh_indices(
        [m if b == a or m != 1 else e for b, (e, m) in enumerate(zip(t.extents, index.extents, strict=True))]
    )
    position = index.access(
        *(sp.S.Zero if m == 1 and i.extent != 1 else i for i, m in zip(out, index.extents, strict=True))
    )
    read = [position if b == a else (sp.S.Zero if t.extents[b] == 1 else i) for b, i in enumerate(out)]
    return rearranged(t, out, read)


def one_hot(labels: Any, classes: Any) -> Any:
    """``out[.., c] = [labels[..] = c]`` for integer labels.

    >>> from symbolic.program.tensors import tensor
    >>> one_hot(tensor("t", "P", dtype="int"), 10).shape
    (P, 10)
    """
    if not is_symbolic(labels, classes):
        xp = require_namespace("one_hot", labels)
        return xp.where(labels[..., None] == xp.arange(classes), 1.0, 0.0)
    t = as_tensor(labels)
    if t.dtype != "int":
        raise UnsupportedError(f"one_hot: labels are declared with dtype='int', got {t.describe()}")
    every = t.fresh_indices()
    c = Index("c", extent(classes))
    return computed(Equation((*every, c), Equal(t.access(*every), c)))


def split(x: Any, sections: Any, axis: int = 0) -> list[Tensor]:
    """Equal parts, or parts at the given positions, along an axis."""
    t = as_tensor(x)
    (a,) = normal_axes("split", t, axis)
    size = t.extents[a]
    if hasattr(sections, "__index__"):
        part = sp.expand(size / sections.__index__())
        if not part.is_integer:
            raise ShapeError(f"split: axis {a} of {t.describe()} does not split into {sections} equal parts")
        edges = [part * k for k in range(sections.__index__() + 1)]
    else:
        edges = [sp.S.Zero, *(extent(s) for s in sections), size]
    parts = []
    for low, high in itertools.pairwise(edges):
        out = fresh_indices([sp.expand(high - low) if b == a else e for b, e in enumerate(t.extents)])
        parts.append(rearranged(t, out, [low + i if b == a else i for b, i in enumerate(out)]))
    return parts

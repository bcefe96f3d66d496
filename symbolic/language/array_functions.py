"""NumPy functions that are compositions of the language's own: sorting, convolution, finite differences, grids, borders.

Each is NumPy's function of the same name; nothing here has a derivative of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import operations, shaping
from symbolic.language import pointwise as pw
from symbolic.language.indexing import getitem
from symbolic.language.operations import as_tensor, normal_axes, reduce
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Within
from symbolic.program.functions import Equal, Less
from symbolic.program.tensors import Tensor, computed


def along(t: Tensor, axis: int, key: Any) -> Tensor:
    """``t[..., key, ...]`` on one axis."""
    return getitem(t, (slice(None),) * axis + (key,))


# -- order -------------------------------------------------------------------------------------------------------------


def ranks(x: Any, axis: int = -1) -> Tensor:
    """How many entries come before each one when the axis is sorted; equal entries keep their order."""
    t = as_tensor(x)
    (a,) = normal_axes("sort", t, axis)
    every = t.fresh_indices()
    other = Index("q", t.extents[a])
    there = t.access(*(other if b == a else i for b, i in enumerate(every)))
    here, n = t.access(*every), t.extents[a]
    smaller = equation(every, Less(there, here), [other])
    earlier = equation(every, Equal(there, here), [other], guards=[Within(every[a] - other - 1, n)])
    both = [computed(eq, "int") for eq in (smaller, earlier)]
    return operations.pointwise("sort", lambda p, q: p + q, *both, dtype="int")


def _permuted(t: Tensor, value: Callable[[Sequence[Index], Index], sp.Expr], axis: int, dtype: str) -> Tensor:
    """out[.., k, ..] = Σ_i value(i) [rank(i) = k]."""
    (a,) = normal_axes("sort", t, axis)
    rank = ranks(t, a)
    out = t.fresh_indices()
    source = Index("q", t.extents[a])
    read = [source if b == a else i for b, i in enumerate(out)]
    hit = Equal(rank.access(*read), out[a])
    return computed(equation(out, value(read, source) * hit, [source]), dtype)


def sort(x: Any, axis: Any = -1, **options: Any) -> Tensor:
    """The entries of an axis in increasing order; differentiable where no two are equal."""
    t = as_tensor(x)
    if axis is None:
        t, axis = shaping.reshape(t, -1), 0
    return _permuted(t, lambda read, source: t.access(*read), axis, t.dtype)


def argsort(x: Any, axis: int = -1, **options: Any) -> Tensor:
    """The positions of the entries of an axis in increasing order."""
    t = as_tensor(x)
    return _permuted(t, lambda read, source: source, axis, "int")


def median(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Tensor:
    """The middle entry in order, or the mean of the two middle ones."""
    t = as_tensor(x)
    if axis is None:
        t, axis = shaping.reshape(t, -1), 0
    (a,) = normal_axes("median", t, axis)
    n = t.extents[a]
    if not n.is_Integer:
        raise UnsupportedError(f"median: the dimension {n} of {t.describe()} has no number; declare a fixed size")
    ordered, half = sort(t, a), int(n) // 2
    middle = along(ordered, a, slice(half, half + 1) if n % 2 else slice(half - 1, half + 1))
    return operations.mean(middle, a, keepdims)


def quantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Tensor:
    """The q-quantile by linear interpolation between the two entries in order around q(n − 1); q is a number."""
    t = as_tensor(x)
    if axis is None:
        t, axis = shaping.reshape(t, -1), 0
    (a,) = normal_axes("quantile", t, axis)
    place = operations.scalar(q) * (t.extents[a] - 1)
    if not place.is_Rational or not 0 <= place <= t.extents[a] - 1:
        raise UnsupportedError(f"quantile: q={q!r} of {t.describe()}: expected a number from 0 to 1 and a fixed size")
    ordered, low = sort(t, a), int(sp.floor(place))
    high, share = min(low + 1, int(t.extents[a]) - 1), place - low
    below, above = (along(ordered, a, slice(k, k + 1)) for k in (low, high))
    between = operations.pointwise("quantile", lambda u, v: u + share * (v - u), below, above)
    return between if keepdims else shaping.squeeze(between, a)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Maximum minus minimum."""
    return reduce("max", x, axis, keepdims) - reduce("min", x, axis, keepdims)


# -- convolution and differences ---------------------------------------------------------------------------------------


def correlate(x: Any, v: Any, mode: str = "valid") -> Tensor:
    """Σ_q x[k + q] v[q]."""
    return convolve(x, shaping.flip(v), mode)


def convolve(x: Any, v: Any, mode: str = "full") -> Tensor:
    """Σ_q x[q] v[k − q] of two vectors; ``mode`` is full, same or valid. The first must be the longer one."""
    a, b = as_tensor(x), as_tensor(v)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"convolve: expected two vectors, got {a.describe()} and {b.describe()}")
    n, m = a.extents[0], b.extents[0]
    if (n - m).is_negative:
        a, b, n, m = b, a, m, n
    full = n + m - 1
    spans = {"full": (sp.S.Zero, full), "valid": (m - 1, n - m + 1), "same": (sp.floor((m - 1) / 2), n)}
    if mode not in spans:
        raise UnsupportedError(f"convolve: mode={mode!r}; expected 'full', 'same' or 'valid'")
    start, length = spans[mode]
    k, q = Index("k", length), Index("q", m)
    read = k + start - q
    return computed(equation([k], a.access(read) * b.access(q), [q], guards=[Within(read, n)]))


def diff(x: Any, n: int = 1, axis: int = -1, **options: Any) -> Tensor:
    """The n-th difference of neighbours along an axis."""
    t = as_tensor(x)
    (a,) = normal_axes("diff", t, axis)
    for _ in range(n):
        t = along(t, a, slice(1, None)) - along(t, a, slice(None, -1))
    return t


def gradient(x: Any, spacing: Any = 1, axis: Any = None, **options: Any) -> Tensor:
    """Central differences inside, one-sided ones at the borders."""
    t = as_tensor(x)
    if axis is None and t.ndim != 1:
        raise UnsupportedError(f"gradient: {t.describe()} needs an axis")
    (a,) = normal_axes("gradient", t, 0 if axis is None else axis)
    inner = (along(t, a, slice(2, None)) - along(t, a, slice(None, -2))) / 2
    first = along(t, a, slice(1, 2)) - along(t, a, slice(0, 1))
    last = along(t, a, slice(-1, None)) - along(t, a, slice(-2, -1))
    return shaping.concatenate([first, inner, last], a) / spacing


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The integral by the trapezoidal rule."""
    t = as_tensor(y)
    (a,) = normal_axes("trapezoid", t, axis)
    steps = dx if x is None else diff(x)
    heights = along(t, a, slice(1, None)) + along(t, a, slice(None, -1))
    if x is not None and a != t.ndim - 1:
        heights = shaping.moveaxis(heights, a, -1)
        a = t.ndim - 1
    return reduce("sum", heights * steps, a) / 2


def polyval(p: Any, x: Any) -> Tensor:
    """p[0] xⁿ + … + p[n] by Horner's rule."""
    coefficients = as_tensor(p)
    result: Any = 0 * as_tensor(x)
    for k in range(len(coefficients)):
        result = result * x + coefficients[k]
    return result


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, **options: Any) -> Tensor:
    """Linear interpolation between the points (xp, fp), constant outside."""
    t, knots, heights = as_tensor(x), as_tensor(xp), as_tensor(fp)
    result: Any = heights[0] if left is None else left
    for k in range(len(knots) - 1):
        slope = (heights[k + 1] - heights[k]) / (knots[k + 1] - knots[k])
        result = pw.where(pw.condition("less", t, knots[k]), result, heights[k] + slope * (t - knots[k]))
    last = heights[-1] if right is None else right
    return pw.where(pw.condition("less_equal", t, knots[-1]), result, last)


# -- statistics --------------------------------------------------------------------------------------------------------


def cov(m: Any, rowvar: bool = True, bias: bool = False, ddof: int | None = None, **options: Any) -> Tensor:
    """The covariance matrix of variables in rows (in columns if ``rowvar`` is False)."""
    t = as_tensor(m)
    if t.ndim != 2:
        raise ShapeError(f"cov: expected a matrix, got {t.describe()}")
    t = t if rowvar else shaping.transpose(t)
    centred = t - operations.mean(t, 1, keepdims=True)
    divisor = t.extents[1] - ((0 if bias else 1) if ddof is None else ddof)
    return operations.pointwise("cov", lambda s: s / divisor, operations.matmul(centred, shaping.transpose(centred)))


def corrcoef(m: Any, rowvar: bool = True, **options: Any) -> Tensor:
    """The matrix of correlation coefficients."""
    c = cov(m, rowvar)
    spread = pw.unary("sqrt", shaping.diagonal(c))
    return c / operations.outer(spread, spread)


# -- grids, blocks, borders --------------------------------------------------------------------------------------------


def meshgrid(*axes: Any, indexing: str = "xy", **options: Any) -> list[Tensor]:
    """Coordinate arrays of a grid."""
    tensors = [as_tensor(a) for a in axes]
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[:2] = [1, 0]
    shape = [tensors[k].extents[0] for k in order]
    grids = []
    for k, t in enumerate(tensors):
        place = order.index(k)
        wide = getitem(t, (None,) * place + (slice(None),) + (None,) * (len(tensors) - 1 - place))
        grids.append(shaping.broadcast_to(wide, tuple(shape)))
    return grids


def block(parts: Any) -> Tensor:
    """A matrix from a list of rows of blocks."""
    if not isinstance(parts, list):
        return as_tensor(parts)
    if all(isinstance(row, list) for row in parts):
        return shaping.concatenate([shaping.concatenate(row, -1) for row in parts], -2)
    return shaping.concatenate(parts, -1)


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by k quarter turns from the first towards the second axis."""
    t = as_tensor(x)
    a, b = axes
    for _ in range(k % 4):
        t = shaping.flip(shaping.swapaxes(t, a, b), a)
    return t


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Entries moved cyclically, along one axis or several."""
    t = as_tensor(x)
    if axis is None and t.ndim != 1:
        return shaping.reshape(roll(shaping.reshape(t, -1), shift, 0), t.shape)
    axes = axis if isinstance(axis, (tuple, list)) else (0 if axis is None else axis,)
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    for s, a in zip(shifts, axes, strict=True):
        t = shaping.roll(t, s, a)
    return t


def pad(x: Any, widths: Any, mode: str = "constant", constant_values: Any = 0) -> Tensor:
    """A border of ``widths`` on each axis: constant, edge, reflect, symmetric or wrap."""
    t = as_tensor(x)
    if mode == "constant":
        zeros = shaping.pad(t, widths)
        if isinstance(constant_values, (int, float)) and constant_values == 0:
            return zeros
        if isinstance(constant_values, (tuple, list)):
            raise UnsupportedError("pad: one constant for all borders is supported")
        return zeros + (1 - shaping.pad(shaping.ones(t.shape), widths)) * constant_values
    for a, (before, after) in enumerate(shaping.widths_per_axis(t, widths)):
        t = shaping.concatenate(
            [p for p in (_border(t, a, before, mode, True), t, _border(t, a, after, mode, False)) if p is not None], a
        )
    return t


def _border(t: Tensor, axis: int, width: int, mode: str, before: bool) -> Tensor | None:
    if width == 0:
        return None
    if mode == "edge":
        return shaping.repeat(along(t, axis, slice(0, 1) if before else slice(-1, None)), width, axis)
    if mode == "wrap":
        return along(t, axis, slice(-width, None) if before else slice(0, width))
    if mode in ("reflect", "symmetric"):
        skip = mode == "reflect"
        inside = slice(skip, width + skip) if before else slice(-width - skip, -1 if skip else None)
        return shaping.flip(along(t, axis, inside), axis)
    raise UnsupportedError(f"pad: mode={mode!r}; expected constant, edge, reflect, symmetric or wrap")


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, **options: Any) -> Tensor:
    """The sum of a diagonal."""
    return reduce("sum", shaping.diagonal(x, offset, axis1, axis2), -1)


def atleast(rank: int, x: Any) -> Tensor:
    """At least ``rank`` axes (1 or 2), new ones in front."""
    t = as_tensor(x)
    return getitem(t, (None,) * (rank - t.ndim) + (Ellipsis,)) if t.ndim < rank else t


ARRAY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sort": sort,
    "argsort": argsort,
    "median": median,
    "quantile": quantile,
    "percentile": lambda x, q, axis=None, **options: quantile(x, operations.scalar(q) / 100, axis, **options),
    "ptp": ptp,
    "convolve": convolve,
    "correlate": correlate,
    "diff": diff,
    "ediff1d": lambda x, **options: diff(shaping.reshape(x, -1)),
    "gradient": gradient,
    "trapezoid": trapezoid,
    "trapz": trapezoid,
    "polyval": polyval,
    "interp": interp,
    "cov": cov,
    "corrcoef": corrcoef,
    "meshgrid": meshgrid,
    "block": block,
    "rot90": rot90,
    "roll": roll,
    "pad": pad,
    "trace": trace,
    "atleast_1d": lambda x: atleast(1, x),
    "atleast_2d": lambda x: atleast(2, x),
    "nansum": lambda x, axis=None, keepdims=False, **options: reduce("sum", x, axis, bool(keepdims) is True),
    "fix": lambda x: pw.unary("trunc", x),
    "cumulative_sum": lambda x, *, axis=None, **options: operations.cumulative("sum", x, axis),
    "cumulative_prod": lambda x, *, axis=None, **options: operations.cumulative("prod", x, axis),
    "unstack": lambda x, *, axis=0: tuple(
        along(as_tensor(x), axis % as_tensor(x).ndim, k) for k in range(as_tensor(x).extents[axis])
    ),
}

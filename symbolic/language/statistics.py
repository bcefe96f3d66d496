"""Reductions with NumPy's options, order statistics, averages, finite differences."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import pointwise as pw
from symbolic.language.indexing import getitem, take
from symbolic.language.joining import at_least_2d, number, ravel
from symbolic.language.operations import (
    as_tensor,
    cumulative,
    matmul,
    mean,
    normal_axes,
    pointwise,
    reduce,
    scalar,
    variance,
)
from symbolic.language.products import outer
from symbolic.language.shaping import (
    broadcast_to,
    concatenate,
    diagonal,
    expand_dims,
    full,
    moveaxis,
    reshape,
    stack,
    transpose,
)
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Zero
from symbolic.program.functions import Equal, Less, Magnitude
from symbolic.program.tensors import Tensor, computed

_NEUTRAL = {"sum": 0, "prod": 1, "max": -sp.oo, "min": sp.oo}
_COMBINE = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


def given(value: Any) -> bool:
    """False for None and for NumPy's mark of an option that was left out."""
    return value is not None and type(value).__name__ != "_NoValueType"


def reduction(kind: str, x: Any, axis: Any, keepdims: Any, initial: Any = None, where: Any = True) -> Tensor:
    """A reduction with NumPy's options ``initial`` and ``where``."""
    t = as_tensor(x)
    if given(where) and where is not True:
        if kind not in _NEUTRAL:
            raise UnsupportedError(f"np.{kind}: the option where= is not supported")
        t = pw.where(where, t, _NEUTRAL[kind])
    total = reduce(kind, t, axis, given(keepdims) and bool(keepdims))
    return pw.binary(_COMBINE[kind], total, initial) if given(initial) else total


def accumulated(kind: str, x: Any, axis: Any = None, include_initial: bool = False) -> Tensor:
    """Cumulative sum or product, of the flattened array without an axis; if asked for with the neutral number first."""
    t = ravel(x) if axis is None else as_tensor(x)
    (a,) = normal_axes(kind, t, 0 if axis is None else axis)
    if include_initial:
        first = [1 if b == a else e for b, e in enumerate(t.extents)]
        t = concatenate([full(first, _NEUTRAL[kind], t.dtype), t], a)
    return cumulative(kind, t, a)


def reduced_between(kind: str, x: Any, indices: Any, axis: int = 0) -> Tensor:
    """``ufunc.reduceat``: over x[a:b] for each a and the next index b, where a < b; else x[a]. The last runs to the end."""
    t = moveaxis(x, axis, 0)
    starts = [int(i) for i in indices]
    parts = [
        reduce(kind, t[a:b], 0) if b is None or a < b else t[a]
        for a, b in zip(starts, [*starts[1:], None], strict=True)
    ]
    return moveaxis(stack(parts), 0, axis)


def var(x: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False, correction: Any = None) -> Tensor:
    """The variance with divisor N − ddof."""
    divisor = correction if given(correction) else ddof
    return variance(x, axis, divisor if given(divisor) else 0, given(keepdims) and bool(keepdims))


def average(x: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: Any = False) -> Tensor:
    """The mean with weights, which have the shape of x or run along the axis."""
    if returned:
        raise UnsupportedError("np.average: the option returned= is not supported")
    keep = given(keepdims) and bool(keepdims)
    if weights is None:
        return mean(x, axis, keep)
    t, w = as_tensor(x), as_tensor(weights)
    if w.ndim != t.ndim:
        if axis is None or w.ndim != 1:
            raise ShapeError(f"average: the weights {w.describe()} fit neither {t.describe()} nor an axis of it")
        (a,) = normal_axes("average", t, axis)
        w = getitem(w, tuple(slice(None) if b == a else None for b in range(t.ndim)))
        return reduce("sum", t * w, a, keep) / reduce("sum", w)
    return reduce("sum", t * w, axis, keep) / reduce("sum", w, axis, keep)


def count_nonzero(x: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """How many entries are not zero: a whole number."""
    total = reduce("sum", pointwise("count_nonzero", lambda v: 1 - Equal(v, 0), x), axis, keepdims)
    total.dtype = "int"
    return total


def vector_norm(x: Any, ord: Any = 2, axis: Any = None, keepdims: bool = False) -> Tensor:
    """(Σ |x|^p)^{1/p}, and its limits for p = ±∞ and 0. Not differentiable at 0, a side condition."""
    t = as_tensor(x)
    if isinstance(ord, str):
        raise UnsupportedError(f"norm: ord={ord!r} is for matrices; of vectors give a number p or inf")
    if ord == 2:
        return pw.unary("sqrt", reduce("sum", pw.unary("square", t), axis, keepdims))
    size = pw.unary("absolute", t)
    if ord in (float("inf"), -float("inf")):
        return reduce("max" if ord > 0 else "min", size, axis, keepdims)
    if ord == 1:
        return reduce("sum", size, axis, keepdims)
    if ord == 0:
        return count_nonzero(t, axis, keepdims=keepdims)
    p = scalar(ord)
    powers = pointwise("norm", lambda v: Magnitude(v) ** p, t)
    return pointwise("norm", lambda s: s ** (1 / p), reduce("sum", powers, axis, keepdims))


# -- order ---------------------------------------------------------------------------------------------------------------


def ranks(t: Tensor, axis: int) -> Tensor:
    """How many entries along the axis come before each, ties in the order in which they stand."""
    every = t.fresh_indices()
    here, other = every[axis], Index("k", t.extents[axis])
    mine, theirs = t.access(*every), t.access(*(other if a == axis else i for a, i in enumerate(every)))
    return computed(equation(every, Less(theirs, mine) + Equal(theirs, mine) * Less(other, here), [other]), "int")


def sort(x: Any, axis: Any = -1) -> Tensor:
    """The entries in increasing order along the axis; the derivative permutes likewise. Ties are a side condition."""
    return _by_rank(x, axis, positions=False)


def argsort(x: Any, axis: Any = -1) -> Tensor:
    """The positions that sort the axis; integers, without a derivative."""
    return _by_rank(x, axis, positions=True)


def _by_rank(x: Any, axis: Any, positions: bool) -> Tensor:
    t = ravel(x) if axis is None else as_tensor(x)
    (a,) = normal_axes("sort", t, -1 if axis is None else axis)
    out, k = t.fresh_indices(), Index("k", t.extents[a])
    read = [k if b == a else i for b, i in enumerate(out)]
    guard = Zero(ranks(t, a).access(*read) - out[a])
    return computed(
        equation(out, k if positions else t.access(*read), [k], guards=[guard]), "int" if positions else t.dtype
    )


def median(x: Any, axis: Any = None, keepdims: Any = False) -> Tensor:
    """The middle entry, or the mean of the two middle ones."""
    return _quantile("median", x, sp.Rational(1, 2), axis, keepdims)


def quantile(x: Any, q: Any, axis: Any = None, keepdims: Any = False, method: str = "linear") -> Tensor:
    """The q-quantile by linear interpolation between the two entries in order around q(n − 1); q is a number."""
    if method != "linear":
        raise UnsupportedError(f"np.quantile: method={method!r} is not supported; expected 'linear'")
    if getattr(q, "ndim", 0) or isinstance(q, (list, tuple)):
        return stack([quantile(x, v, axis, keepdims, method) for v in q])
    return _quantile("quantile", x, q, axis, keepdims)


def _quantile(operation: str, x: Any, q: Any, axis: Any, keepdims: Any) -> Tensor:
    t = as_tensor(x)
    axes = normal_axes(operation, t, axis)
    every = [a for a in range(t.ndim) if a not in axes]
    line = reshape(transpose(t, [*every, *axes]), [*(t.shape[a] for a in every), -1])
    a = len(every)
    n, share = math.prod(number(operation, t, b) for b in axes), scalar(q)
    place = share * (n - 1)
    if not place.is_Rational or not 0 <= place <= n - 1:
        raise UnsupportedError(f"quantile: q={q!r} of {t.describe()}: expected a number from 0 to 1")
    low = int(sp.floor(place))
    ordered = moveaxis(sort(line, a), a, 0)
    below, above = ordered[low], ordered[min(low + 1, n - 1)]
    between = pointwise("quantile", lambda u, v: u + (place - low) * (v - u), below, above)
    return expand_dims(between, axes) if given(keepdims) and keepdims else between


def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Tensor:
    """The largest minus the smallest entry."""
    keep = given(keepdims) and bool(keepdims)
    return reduce("max", x, axis, keep) - reduce("min", x, axis, keep)


# -- second moments ------------------------------------------------------------------------------------------------------


def cov(m: Any, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Tensor:
    """The covariance matrix of variables in rows (in columns if not ``rowvar``)."""
    t = at_least_2d(m)
    t = t if rowvar or as_tensor(m).ndim == 1 else t.T
    centred = t - mean(t, 1, keepdims=True)
    n = t.extents[1] - ((0 if bias else 1) if ddof is None else ddof)
    result = pointwise("cov", lambda s: s / n, matmul(centred, centred.T))
    return result[0, 0] if as_tensor(m).ndim == 1 else result


def corrcoef(x: Any, rowvar: bool = True) -> Tensor:
    """The matrix of correlation coefficients."""
    c = cov(x, rowvar)
    if c.ndim == 0:
        return c / c
    scale = pw.unary("sqrt", diagonal(c))
    return c / outer(scale, scale)


# -- finite differences --------------------------------------------------------------------------------------------------


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """x[i + 1] − x[i] along the axis, n times; first what is given is put before and behind."""
    t = as_tensor(x)
    (a,) = normal_axes("diff", t, axis)
    slab = [1 if b == a else e for b, e in enumerate(t.extents)]
    ends = [broadcast_to(v, slab) if given(v) and as_tensor(v).ndim == 0 else v for v in (prepend, append)]
    t = moveaxis(concatenate([v for v in (ends[0], t, ends[1]) if given(v)], a), axis, 0)
    for _ in range(n):
        t = getitem(t, slice(1, None)) - getitem(t, slice(None, -1))
    return moveaxis(t, 0, axis)


def central_differences(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """``np.gradient``: central differences inside, one-sided ones at the ends; along several axes a list of them."""
    t = as_tensor(f)
    if edge_order not in (1, 2) or any(as_tensor(h).ndim for h in spacing):
        raise UnsupportedError(f"np.gradient of {t.describe()}: expected numbers as spacings, and edge_order=1 or 2")
    axes = normal_axes("gradient", t, axis)
    steps = list(spacing) * (len(axes) if len(spacing) == 1 else 1) or [1] * len(axes)
    if len(steps) != len(axes):
        raise ShapeError(f"gradient: {len(steps)} spacings for {len(axes)} axes of {t.describe()}")
    found = [_central_differences(t, h, a, edge_order) for h, a in zip(steps, axes, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _central_differences(t: Tensor, h: Any, axis: int, edge_order: int) -> Tensor:
    t = moveaxis(t, axis, 0)
    if edge_order == 1:
        first, last = (t[1:2] - t[0:1]) / h, (t[-1:] - t[-2:-1]) / h
    else:
        first = (-3 * t[0:1] + 4 * t[1:2] - t[2:3]) / (2 * h)
        last = (3 * t[-1:] - 4 * t[-2:-1] + t[-3:-2]) / (2 * h)
    inside = (t[2:] - t[:-2]) / (2 * h)
    return moveaxis(concatenate([first, inside, last], 0), 0, axis)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The integral by trapezia."""
    t = moveaxis(y, axis, -1)
    if x is not None:
        steps = as_tensor(x)
        dx = diff(steps if steps.ndim == 1 else moveaxis(steps, axis, -1))
    return reduce("sum", (t[..., 1:] + t[..., :-1]) * dx / 2, -1)


# -- polynomials ---------------------------------------------------------------------------------------------------------


def polyval(p: Any, x: Any) -> Tensor:
    """The polynomial with coefficients p, highest power first, by Horner's rule."""
    coefficients, t = as_tensor(p), as_tensor(x)
    value = 0 * t
    for k in range(number("polyval", coefficients, 0)):
        value = value * t + coefficients[k]
    return value


def vander(x: Any, N: Any = None, increasing: bool = False) -> Tensor:
    """Powers of x in columns, highest first unless ``increasing``."""
    t = as_tensor(x)
    columns = number("vander", t, 0) if N is None else int(N)
    powers = [1 + 0 * t]
    for _ in range(columns - 1):
        powers.append(powers[-1] * t)
    return take(concatenate([v[:, None] for v in powers], 1), list(range(columns))[:: 1 if increasing else -1], 1)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Tensor:
    """Linear interpolation between the points (xp, fp), constant outside."""
    if period is not None:
        raise UnsupportedError("np.interp: the option period= is not supported")
    t, knots, heights = as_tensor(x), as_tensor(xp), as_tensor(fp)
    n = number("interp", knots, 0)
    result: Any = heights[0] if left is None else left
    for k in range(n - 1):
        slope = (heights[k + 1] - heights[k]) / (knots[k + 1] - knots[k])
        result = pw.where(pw.condition("less", t, knots[k]), result, heights[k] + slope * (t - knots[k]))
    last = heights[n - 1] if right is None else right
    return pw.where(pw.condition("less_equal", t, knots[n - 1]), result, last)

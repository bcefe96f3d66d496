"""Which NumPy function means which operation of the language: one table, a row each.

An adaptor takes NumPy's arguments; options that it does not name are an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.language import (
    applying,
    choosing,
    comparing,
    grids,
    indexing,
    joining,
    matrix_functions,
    missing_values,
    operations,
    padding,
    products,
    shaping,
    statistics,
)
from symbolic.language import pointwise as pw
from symbolic.language.statistics import given
from symbolic.program.functions import Less
from symbolic.program.tensors import Tensor


def _keeps_memory(name: str, options: dict) -> None:
    """Options about memory and types are of no consequence here; any other is refused."""
    for key, value in options.items():
        about_memory = key in ("dtype", "casting", "optimize", "subok", "copy", "device", "like", "overwrite_input")
        if given(value) and value is not False and not about_memory:
            raise UnsupportedError(f"np.{name}: the option {key}= is not supported")


def _reducer(kind: str) -> Callable[..., Tensor]:
    def reduce(x, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
        return statistics.reduction(kind, x, axis, keepdims, initial, where)

    def arg(x, axis=None, out=None, *, keepdims=False):
        return _arg(kind, x, axis, keepdims)

    def extremum(x, axis=None, out=None, keepdims=False, initial=None, where=True):
        return statistics.reduction(kind, x, axis, keepdims, initial, where)

    return arg if kind.startswith("arg") else extremum if kind in ("max", "min") else reduce


def _without_nan(kind: str) -> Callable[..., Tensor]:
    def reduce(x, axis=None, dtype=None, out=None, keepdims=False, **options):
        return missing_values.without_nan(kind, x, axis, keepdims, **options)

    return reduce


def _truth(kind: str) -> Callable[..., Tensor]:
    def reduce(x, axis=None, out=None, keepdims=False, *, where=True):
        t = pw.cast(x, bool)
        chosen = t if where is True or not given(where) else pw.where(where, t, kind == "min")
        return statistics.reduction(kind, chosen, axis, keepdims)

    return reduce


def _arg(kind: str, x: Any, axis: Any, keepdims: Any) -> Tensor:
    t = operations.as_tensor(x)
    if axis is None:
        flat = operations.reduce(kind, t, None)
        return flat[(None,) * t.ndim] if given(keepdims) and keepdims else flat
    return operations.reduce(kind, t, axis, given(keepdims) and bool(keepdims))


def _mean(x, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    keep = given(keepdims) and bool(keepdims)
    if where is True or not given(where):
        return operations.mean(x, axis, keep)
    t = operations.as_tensor(x)
    counted = pw.where(where, operations.pointwise("mean", lambda v: 1 + 0 * v, t), 0)
    return operations.reduce("sum", pw.where(where, t, 0), axis, keep) / operations.reduce("sum", counted, axis, keep)


def _var(x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None):
    if (where is not True and given(where)) or given(mean):
        raise UnsupportedError("np.var: the options where= and mean= are not supported")
    return statistics.var(x, axis, ddof, keepdims, correction)


def _std(*args, **options):
    return pw.unary("sqrt", _var(*args, **options))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """``np.linalg.norm``: of a vector, of a matrix, or along axes. Not differentiable at 0 (a side condition)."""
    t = operations.as_tensor(x)
    pair = isinstance(axis, (tuple, list)) and len(axis) == 2
    if ord not in (None, "fro") and ((t.ndim == 2 and axis is None) or pair):
        return matrix_functions.induced_norm(t, ord, (0, 1) if axis is None else axis, keepdims)
    if ord not in (None, "fro") and axis is None and t.ndim != 1:
        raise UnsupportedError(f"norm: ord={ord!r} of {t.describe()}: give an axis, or two for matrices")
    return statistics.vector_norm(t, 2 if ord in (None, "fro") else ord, axis, keepdims)


def clip(
    x: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **options: Any
) -> Tensor:
    """Values limited to an interval; the derivative is 0 outside it."""
    _keeps_memory("clip", options)
    low, high = (a if given(a) else b if given(b) else None for a, b in ((a_min, min), (a_max, max)))
    t = operations.as_tensor(x)
    if low is not None:
        t = pw.binary("maximum", t, low)
    return t if high is None else pw.binary("minimum", t, high)


def _round(x, decimals=0, out=None):
    scale = 10**decimals
    return pw.unary("rint", x) if decimals == 0 else pw.unary("rint", operations.as_tensor(x) * scale) / scale


def _like(value: Any) -> Callable[..., Tensor]:
    def like(x, *args, shape=None, **options):
        _keeps_memory("full_like", {k: v for k, v in options.items() if k not in ("order", "fill_value")})
        t, number = operations.as_tensor(x), value
        if number is None:
            number = args[0] if args else options["fill_value"]
        result = shaping.full(t.shape if shape is None else shape, 0) + number
        asked = options.get("dtype")
        return pw.cast(result, asked if given(asked) else t.dtype)

    return like


def _angle(z, deg=False):
    half_turn = 180 if deg else sp.pi
    return operations.pointwise("angle", lambda x: half_turn * Less(x, 0), z)


def _identity(x, *args, **options):
    return operations.as_tensor(x)


def _size(x, axis=None):
    t = operations.as_tensor(x)
    return t.size if axis is None else t.shape[axis]


def _einsum(*args, out=None, **options):
    _keeps_memory("einsum", {k: v for k, v in options.items() if k != "order"})
    return operations.einsum(*args)


def _joining(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def join(parts, *args, out=None, dtype=None, casting=None, **options):
        return function(parts, *args, **options)

    return join


def _reshape(x, shape=None, order="C", *, newshape=None, copy=None):
    return joining.reshaped(x, shape if shape is not None else newshape, order)


def _fix(x, out=None):
    return pw.unary("trunc", x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reducer("sum"), "prod": _reducer("prod"),
    **{f"nan{kind}": _without_nan(kind) for kind in ("sum", "prod", "max", "min", "argmax", "argmin")},
    "nanvar": lambda x, axis=None, dtype=None, out=None, ddof=0, keepdims=False: missing_values.nanvar(x, axis, ddof, keepdims),
    "nanstd": lambda x, axis=None, dtype=None, out=None, ddof=0, keepdims=False: pw.unary("sqrt", missing_values.nanvar(x, axis, ddof, keepdims)),
    "nan_to_num": missing_values.nan_to_num,
    "max": _reducer("max"), "amax": _reducer("max"), "min": _reducer("min"), "amin": _reducer("min"),
    "argmax": _reducer("argmax"), "argmin": _reducer("argmin"), "any": _truth("max"), "all": _truth("min"),
    "mean": _mean, "nanmean": lambda x, axis=None, dtype=None, out=None, keepdims=False: missing_values.nanmean(x, axis, keepdims), "average": statistics.average, "var": _var, "std": _std, "ptp": lambda x, axis=None, out=None, keepdims=False: statistics.ptp(x, axis, keepdims),
    "median": lambda x, axis=None, out=None, overwrite_input=False, keepdims=False: statistics.median(x, axis, keepdims),
    "quantile": lambda x, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False: statistics.quantile(x, q, axis, keepdims, method),
    "percentile": lambda x, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False: statistics.quantile(x, operations.scalar(q) / 100, axis, keepdims, method),
    "count_nonzero": statistics.count_nonzero, "cov": lambda m, y=None, rowvar=True, bias=False, ddof=None: statistics.cov(m if y is None else joining.vstack([m, y]), rowvar, bias, ddof),
    "corrcoef": lambda x, y=None, rowvar=True, **o: statistics.corrcoef(x if y is None else joining.vstack([x, y]), rowvar),
    "sort": lambda x, axis=-1, kind=None, order=None, *, stable=None: statistics.sort(x, axis),
    "argsort": lambda x, axis=-1, kind=None, order=None, *, stable=None: statistics.argsort(x, axis),
    "cumsum": lambda x, axis=None, dtype=None, out=None: statistics.accumulated("sum", x, axis),
    "cumprod": lambda x, axis=None, dtype=None, out=None: statistics.accumulated("prod", x, axis),
    "cumulative_sum": lambda x, *, axis=None, dtype=None, out=None, include_initial=False: statistics.accumulated("sum", x, axis, include_initial),
    "cumulative_prod": lambda x, *, axis=None, dtype=None, out=None, include_initial=False: statistics.accumulated("prod", x, axis, include_initial),
    "diff": statistics.diff, "ediff1d": lambda x: statistics.diff(joining.ravel(x)),
    "gradient": statistics.central_differences, "trapezoid": statistics.trapezoid, "trapz": statistics.trapezoid,
    "interp": statistics.interp, "meshgrid": joining.meshgrid, "polyval": statistics.polyval, "vander": statistics.vander,
    "dot": lambda a, b, out=None: operations.dot(a, b), "vdot": products.vdot, "inner": products.inner, "outer": lambda a, b, out=None: products.outer(a, b),
    "matmul": operations.matmul, "einsum": _einsum, "tensordot": operations.tensordot, "kron": products.kron,
    "cross": products.cross, "convolve": products.convolve, "correlate": products.correlate,
    "tril_indices_from": lambda x, k=0: joining.triangle_positions(x, k, True), "triu_indices_from": lambda x, k=0: joining.triangle_positions(x, k, False), "diag_indices_from": joining.diagonal_positions,
    "trace": lambda x, offset=0, axis1=0, axis2=1, dtype=None, out=None: joining.trace(x, offset, axis1, axis2),
    "transpose": shaping.transpose, "permute_dims": shaping.transpose, "matrix_transpose": shaping.matrix_transpose,
    "swapaxes": shaping.swapaxes, "moveaxis": shaping.moveaxis, "rollaxis": joining.rollaxis, "rot90": joining.rot90,
    "reshape": _reshape, "ravel": joining.ravel, "resize": joining.resize,
    "expand_dims": shaping.expand_dims, "squeeze": shaping.squeeze, "broadcast_to": lambda x, shape, subok=False: shaping.broadcast_to(x, shape),
    "broadcast_arrays": lambda *arrays, subok=False: joining.broadcast_arrays(*arrays),
    "atleast_1d": joining.at_least_1d, "atleast_2d": joining.at_least_2d, "atleast_3d": joining.at_least_3d,
    "concatenate": _joining(joining.joined), "concat": _joining(joining.joined), "append": lambda x, values, axis=None: joining.joined([x, values], axis),
    "stack": _joining(shaping.stack), "vstack": _joining(joining.vstack), "row_stack": _joining(joining.vstack), "hstack": _joining(joining.hstack),
    "dstack": joining.dstack, "column_stack": joining.column_stack, "block": joining.block,
    "split": indexing.split, "array_split": joining.array_split, "unstack": lambda x, /, *, axis=0: joining.unstack(x, axis),
    "vsplit": lambda x, n: indexing.split(x, n, 0), "hsplit": lambda x, n: indexing.split(x, n, 0 if operations.as_tensor(x).ndim == 1 else 1), "dsplit": lambda x, n: indexing.split(x, n, 2),
    "take": lambda x, indices, axis=None, out=None, mode="raise": indexing.take(x, indices, axis, mode),
    "take_along_axis": lambda x, indices, axis=-1: indexing.take_along_axis(x, indices, axis),
    "insert": joining.insert, "compress": lambda condition, x, axis=None, out=None: joining.compress(condition, x, axis), "delete": joining.delete,
    "diag": shaping.diag, "diagonal": shaping.diagonal, "diagflat": joining.diagflat,
    "tril": lambda m, k=0: shaping.triangle(m, k, True), "triu": lambda m, k=0: shaping.triangle(m, k, False),
    "flip": shaping.flip, "fliplr": lambda x: shaping.flip(x, 1), "flipud": lambda x: shaping.flip(x, 0),
    "sliding_window_view": lambda x, window_shape, axis=None, *, subok=False, writeable=False: joining.windows(x, window_shape, axis), "roll": joining.rolled, "pad": padding.padded, "repeat": joining.repeated, "tile": lambda A, reps: shaping.tile(A, reps),
    "where": choosing.where, "select": choosing.select, "piecewise": choosing.piecewise, "choose": lambda a, choices, out=None, mode="raise": choosing.choose(a, choices),
    "bincount": lambda x, weights=None, minlength=0: choosing.bincount(x, weights, minlength),
    "searchsorted": lambda a, v, side="left", sorter=None: choosing.searchsorted(a, v, side), "digitize": choosing.digitize, "clip": clip, "sinc": lambda x: pw.unary("sinc", x), "i0": lambda x: pw.unary("i0", x),
    "zeros_like": _like(0), "ones_like": _like(1), "full_like": _like(None), "empty_like": _like(0),
    "copy": _identity, "asarray": _identity, "ascontiguousarray": _identity, "real": _identity, "imag": lambda x: 0 * operations.as_tensor(x), "angle": _angle,
    "isclose": comparing.isclose, "allclose": comparing.allclose, "array_equal": comparing.array_equal, "array_equiv": comparing.array_equiv,
    "apply_along_axis": applying.apply_along_axis, "apply_over_axes": applying.apply_over_axes, "extract": lambda condition, x: joining.compress(condition, x),
    "linspace": grids.linspace, "logspace": grids.logspace, "geomspace": grids.geomspace,
    "astype": lambda x, dtype, *, copy=True, device=None: pw.cast(x, dtype), "iscomplexobj": lambda x: False, "isrealobj": lambda x: True,
    "round": _round, "around": _round, "fix": _fix,
    "shape": lambda x: operations.as_tensor(x).shape, "ndim": lambda x: operations.as_tensor(x).ndim, "size": _size,
    "linalg.norm": norm, "linalg.vector_norm": lambda x, /, *, axis=None, keepdims=False, ord=2: statistics.vector_norm(x, ord, axis, keepdims),
    "linalg.matrix_norm": lambda x, /, *, keepdims=False, ord="fro": norm(x, ord, (-2, -1), keepdims),
    "linalg.matrix_transpose": shaping.matrix_transpose, "linalg.outer": products.outer_of_vectors,
    "linalg.trace": lambda x, /, *, offset=0, dtype=None: joining.trace(x, offset, -2, -1), "linalg.diagonal": lambda x, /, *, offset=0: shaping.diagonal(x, offset, -2, -1),
    "linalg.cross": lambda a, b, /, *, axis=-1: products.cross(a, b, axis=axis), "linalg.matmul": operations.matmul,
    "linalg.vecdot": lambda a, b, /, *, axis=-1: operations.reduce("sum", operations.as_tensor(a) * b, axis), "linalg.tensordot": lambda a, b, /, *, axes=2: operations.tensordot(a, b, axes),
    **{f"linalg.{name}": function for name, function in matrix_functions.LINALG.items()},
}  # fmt: skip

_SAME_AS_FUNCTION = (
    "sum", "prod", "max", "min", "argmax", "argmin", "any", "all", "mean", "var", "std", "cumsum", "cumprod", "dot",
    "trace", "swapaxes", "squeeze", "diagonal", "take", "repeat", "clip", "round", "copy", "ravel", "argsort",
    "compress", "searchsorted", "choose",
)  # fmt: skip

METHODS: dict[str, Callable[..., Any]] = {name: FUNCTIONS[name] for name in _SAME_AS_FUNCTION} | {
    "flatten": joining.ravel,
    "reshape": lambda t, *shape, order="C", **o: joining.reshaped(t, shape[0] if len(shape) == 1 else shape, order),
    "transpose": lambda t, *axes: shaping.transpose(
        t, axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes or None
    ),
    "astype": lambda t, dtype, order="K", casting="unsafe", subok=True, copy=True: pw.cast(t, dtype),
    "conj": _identity, "conjugate": _identity,
}  # fmt: skip

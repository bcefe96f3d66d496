"""NumPy's protocols: which call means which operation of the language.

Two tables, ufuncs (in ``pointwise``) and functions (here). A call that is in neither raises an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError, suggestion
from symbolic.language import indexing, matrix_functions, operations, shaping
from symbolic.language import pointwise as pw
from symbolic.language.array_functions import ARRAY_FUNCTIONS
from symbolic.program.dims import Dim
from symbolic.program.functions import Magnitude
from symbolic.program.tensors import Tensor

_DEFAULT = object()


def _plain(name: str, options: dict, *allowed: str) -> None:
    for key, value in options.items():
        if key not in allowed and value is not None and value is not _DEFAULT and value is not False:
            plain = (
                (key == "where" and value is True)
                or type(value).__name__ == "_NoValueType"
                or key in ("dtype", "order", "casting", "optimize", "subok")
            )
            if not plain:
                raise UnsupportedError(f"np.{name}: the option {key}= is not supported")


_REDUCES = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}


def _made(args: Any) -> str:
    """Which tensor a refused call was made with, and where in the user's code that was made."""
    for a in args:
        if isinstance(a, Tensor):
            return f" It was called with {a.describe()}, made at {a.origin}."
    return ""


# -- ufuncs ------------------------------------------------------------------------------------------------------------


def array_ufunc(ufunc: Any, how: str, inputs: tuple, options: dict) -> Any:
    """A ufunc called on tensors; ``reduce`` and ``outer`` methods of add, multiply, maximum and minimum included."""
    name = ufunc.__name__
    if options.get("out") is not None:
        raise UnsupportedError(f"np.{name}: out= writes in place; use the returned tensor instead")
    if how == "__call__":
        _plain(name, options)
        return call(name, *inputs)
    if how == "reduce":
        kind = _REDUCES.get(name)
        if kind:
            _plain(f"{name}.reduce", options, "axis", "keepdims", "initial")
            return operations.reduce(kind, inputs[0], options.get("axis", 0), bool(options.get("keepdims", False)))
    if how == "outer" and len(inputs) == 2:
        a, b = (operations.as_tensor(x) for x in inputs)
        return call(name, a[(...,) + (None,) * b.ndim], b)
    if how == "accumulate" and name in ("add", "multiply", "maximum", "minimum", "logaddexp"):
        return operations.cumulative(_REDUCES[name], inputs[0], options.get("axis", 0))
    raise UnsupportedError(f"np.{name}.{how} is not supported on symbolic tensors.{_made(inputs)}")


def call(name: str, *inputs: Any) -> Tensor:
    """The ufunc or language function ``name`` on tensors."""
    if name == "matmul":
        return operations.matmul(*inputs)
    if name in ("vecdot", "matvec", "vecmat"):
        return {"vecdot": lambda a, b: reduce_sum(operations.as_tensor(a) * b, -1),
                "matvec": lambda a, b: operations.einsum("...ij,...j->...i", a, b),
                "vecmat": lambda a, b: operations.einsum("...i,...ij->...j", a, b)}[name](*inputs)  # fmt: skip
    if name in ("divmod", "modf"):
        whole = pw.binary("floor_divide", *inputs) if name == "divmod" else pw.unary("trunc", *inputs)
        rest = pw.binary("remainder", *inputs) if name == "divmod" else inputs[0] - whole
        return (whole, rest) if name == "divmod" else (rest, whole)
    if name in pw.CONDITIONS:
        return pw.condition(name, *inputs)
    if name in pw.UNARY and len(inputs) == 1:
        return pw.unary(name, *inputs)
    if name in pw.BINARY and len(inputs) == 2:
        return pw.binary(name, *inputs)
    known = [*pw.UNARY, *pw.BINARY, *pw.CONDITIONS]
    raise UnsupportedError(
        f"the function {name} is not supported on symbolic tensors.{suggestion(name, known)}{_made(inputs)}"
    )


# -- functions ---------------------------------------------------------------------------------------------------------


def _reducer(kind: str) -> Callable[..., Tensor]:
    def reduce(x, axis=None, keepdims=False, **options):
        _plain(kind, options)
        return operations.reduce(kind, x, axis, bool(keepdims) and keepdims is not _DEFAULT and not _no_value(keepdims))

    return reduce


def _no_value(x: Any) -> bool:
    return type(x).__name__ == "_NoValueType"


def reduce_sum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The sum over axes."""
    return operations.reduce("sum", x, axis, keepdims)


def _mean(x, axis=None, keepdims=False, **options):
    _plain("mean", options)
    return operations.mean(x, axis, bool(keepdims) and not _no_value(keepdims))


def _average(x, axis=None, weights=None, returned=False, **options):
    if weights is None:
        return _mean(x, axis, **options)
    total = reduce_sum(operations.as_tensor(x) * weights, axis)
    return total / reduce_sum(operations.as_tensor(weights), None if operations.as_tensor(weights).ndim == 1 else axis)


def _var(x, axis=None, ddof=0, keepdims=False, correction=0, **options):
    _plain("var", options)
    ddof = ddof if not _no_value(ddof) else 0
    return operations.variance(x, axis, ddof, bool(keepdims) and not _no_value(keepdims))


def _std(x, axis=None, **options):
    return pw.unary("sqrt", _var(x, axis, **options))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Vector norms 1, 2, inf, −inf, p and the Frobenius norm. Not differentiable at 0 (a side condition)."""
    t = operations.as_tensor(x)
    pair = isinstance(axis, (tuple, list)) and len(axis) == 2
    if ord not in (None, "fro") and ((t.ndim == 2 and axis is None) or pair):
        return matrix_functions.induced_norm(t, ord, (0, 1) if axis is None else axis, keepdims)
    if ord in (None, 2, "fro"):
        return pw.unary("sqrt", reduce_sum(pw.unary("square", t), axis, keepdims))
    size = pw.unary("absolute", t)
    if ord in (float("inf"), -float("inf")):
        return operations.reduce("max" if ord > 0 else "min", size, axis, keepdims)
    if ord == 1:
        return reduce_sum(size, axis, keepdims)
    if ord == 0 or isinstance(ord, str):
        raise UnsupportedError(f"norm: ord={ord!r} is not supported; expected None, 'fro', a number p or inf")
    p = operations.scalar(ord)
    powers = operations.pointwise("norm", lambda v: Magnitude(v) ** p, t)
    return operations.pointwise("norm", lambda s: s ** (1 / p), reduce_sum(powers, axis, keepdims))


def clip(x: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None, **options: Any) -> Tensor:
    """Values limited to an interval; the derivative is 0 outside it."""
    _plain("clip", options)
    low = a_min if a_min is not None and not _no_value(a_min) else min
    high = a_max if a_max is not None and not _no_value(a_max) else max
    t = operations.as_tensor(x)
    if low is not None and not _no_value(low):
        t = pw.binary("maximum", t, low)
    if high is not None and not _no_value(high):
        t = pw.binary("minimum", t, high)
    return t


def cross(a: Any, b: Any, **options: Any) -> Tensor:
    """The cross product of 3-vectors along the last axis."""
    _plain("cross", options, "axis", "axisa", "axisb", "axisc")
    u, v = operations.as_tensor(a), operations.as_tensor(b)
    if u.ndim == 0 or v.ndim == 0 or u.extents[-1] != 3 or v.extents[-1] != 3:
        raise ShapeError(f"cross: expected vectors of length 3, got {u.describe()} and {v.describe()}")
    rolled = [(u[..., (k + 1) % 3] * v[..., (k + 2) % 3] - u[..., (k + 2) % 3] * v[..., (k + 1) % 3]) for k in range(3)]
    return shaping.stack(rolled, axis=-1)


def kron(a: Any, b: Any) -> Tensor:
    """The Kronecker product of two vectors or two matrices."""
    u, v = operations.as_tensor(a), operations.as_tensor(b)
    if u.ndim != v.ndim or u.ndim not in (1, 2):
        raise ShapeError(f"kron: expected two matrices or two vectors, got {u.describe()} and {v.describe()}")
    spec = "ij,kl->ikjl" if u.ndim == 2 else "i,k->ik"
    return shaping.reshape(operations.einsum(spec, u, v), [m * n for m, n in zip(u.shape, v.shape, strict=True)])


def _like(value: Any) -> Callable[..., Tensor]:
    def like(x, *args, **options):
        return shaping.full(tuple(operations.as_tensor(x).extents), args[0] if value is None else value)

    return like


def _identity(x, *args, **options):
    return operations.as_tensor(x)


def _where(test, *branches):
    if len(branches) != 2:
        raise UnsupportedError(
            "np.where with one argument gives positions that depend on data; use np.where(test, a, b)"
        )
    return pw.where(test, *branches)


def _size(x, axis=None):
    t = operations.as_tensor(x)
    return t.size if axis is None else t.shape[axis]


def _inner(a, b):
    u, v = operations.as_tensor(a), operations.as_tensor(b)
    return u * v if not u.ndim or not v.ndim else operations.tensordot(u, v, ([u.ndim - 1], [v.ndim - 1]))


def _vstack(parts, **options):
    return shaping.concatenate([p if p.ndim > 1 else p[None, :] for p in map(operations.as_tensor, parts)], 0)


def _hstack(parts, **options):
    tensors = [operations.as_tensor(p) for p in parts]
    return shaping.concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


def _column_stack(parts):
    return shaping.concatenate([p if p.ndim > 1 else p[:, None] for p in map(operations.as_tensor, parts)], 1)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reducer("sum"), "prod": _reducer("prod"),
    "max": _reducer("max"), "amax": _reducer("max"), "min": _reducer("min"), "amin": _reducer("min"),
    "argmax": _reducer("argmax"), "argmin": _reducer("argmin"),
    "any": _reducer("max"), "all": _reducer("min"),
    "mean": _mean, "average": _average, "var": _var, "std": _std,
    "cumsum": lambda x, axis=None, **o: operations.cumulative("sum", x, axis),
    "cumprod": lambda x, axis=None, **o: operations.cumulative("prod", x, axis),
    "dot": operations.dot, "vdot": lambda a, b: reduce_sum(operations.as_tensor(a) * b), "inner": _inner,
    "outer": operations.outer, "matmul": operations.matmul, "einsum": lambda s, *x, **o: operations.einsum(s, *x),
    "tensordot": operations.tensordot, "kron": kron, "cross": cross,
    "transpose": shaping.transpose, "permute_dims": shaping.transpose, "matrix_transpose": shaping.matrix_transpose,
    "swapaxes": shaping.swapaxes, "moveaxis": shaping.moveaxis,
    "reshape": lambda x, shape=None, *a, newshape=None, **o: shaping.reshape(x, shape if shape is not None else newshape),
    "ravel": lambda x, *a, **o: shaping.reshape(x, -1),
    "expand_dims": shaping.expand_dims, "squeeze": shaping.squeeze, "broadcast_to": lambda x, shape, **o: shaping.broadcast_to(x, shape),
    "concatenate": lambda parts, axis=0, **o: shaping.concatenate(parts, axis), "concat": lambda parts, axis=0, **o: shaping.concatenate(parts, axis),
    "stack": lambda parts, axis=0, **o: shaping.stack(parts, axis), "vstack": _vstack, "hstack": _hstack, "column_stack": _column_stack,
    "split": indexing.split, "array_split": indexing.split, "take": lambda x, i, axis=None, **o: indexing.take(x, i, axis),
    "take_along_axis": lambda x, i, axis=-1: indexing.take_along_axis(x, i, axis),
    "diag": shaping.diag, "diagonal": shaping.diagonal,
    "tril": lambda x, k=0: shaping.triangle(x, k, True), "triu": lambda x, k=0: shaping.triangle(x, k, False),
    "flip": shaping.flip, "fliplr": lambda x: shaping.flip(x, 1), "flipud": lambda x: shaping.flip(x, 0),
    "repeat": shaping.repeat, "tile": shaping.tile,
    "where": _where, "clip": clip, "sinc": lambda x: pw.unary("sinc", x), "i0": lambda x: pw.unary("i0", x),
    "zeros_like": _like(0), "ones_like": _like(1), "full_like": _like(None), "empty_like": _like(0),
    "copy": _identity, "asarray": _identity, "ascontiguousarray": _identity, "nan_to_num": _identity, "real": _identity, "astype": _identity,
    "round": lambda x, *a, **o: pw.unary("rint", x), "around": lambda x, *a, **o: pw.unary("rint", x),
    "shape": lambda x: operations.as_tensor(x).shape, "ndim": lambda x: operations.as_tensor(x).ndim, "size": _size,
    "linalg.norm": norm, "linalg.vector_norm": lambda x, *, axis=None, keepdims=False, ord=2: norm(x, ord, axis, keepdims),
    "linalg.matrix_norm": lambda x, *, keepdims=False, ord="fro": norm(x, ord, (-2, -1), keepdims),
    "linalg.matrix_transpose": shaping.matrix_transpose, "linalg.outer": operations.outer, "linalg.trace": operations.trace, "linalg.diagonal": lambda x, *, offset=0: shaping.diagonal(x, offset, -2, -1),
    **ARRAY_FUNCTIONS,
    **{f"linalg.{name}": function for name, function in matrix_functions.LINALG.items()},
}  # fmt: skip


def function_key(function: Any) -> str:
    """``linalg.norm`` for ``numpy.linalg.norm``, ``sum`` for ``numpy.sum``."""
    module = getattr(function, "__module__", "") or ""
    return f"linalg.{function.__name__}" if module.endswith("linalg") else function.__name__


def array_function(function: Any, args: tuple, kwargs: dict) -> Any:
    """A NumPy function called with tensors among its arguments."""
    key = function_key(function)
    if key not in FUNCTIONS:
        raise UnsupportedError(
            f"np.{key} is not supported on symbolic tensors.{suggestion(key, FUNCTIONS)}{_made(args)}"
        )
    if kwargs.get("out") is not None:
        raise UnsupportedError(f"np.{key}: out= writes in place; use the returned tensor instead")
    kwargs.pop("out", None)
    try:
        return FUNCTIONS[key](*args, **kwargs)
    except TypeError as error:
        if isinstance(error, UnsupportedError) or "argument" not in str(error):
            raise
        raise UnsupportedError(f"np.{key}: {error}") from error


# -- methods -----------------------------------------------------------------------------------------------------------

METHODS = {
    name: FUNCTIONS[name]
    for name in [
        "sum",
        "prod",
        "max",
        "min",
        "argmax",
        "argmin",
        "any",
        "all",
        "mean",
        "var",
        "std",
        "cumsum",
        "cumprod",
        "dot",
        "trace",
        "swapaxes",
        "squeeze",
        "diagonal",
        "take",
        "repeat",
        "clip",
        "round",
        "copy",
        "astype",
    ]
} | {
    "ravel": FUNCTIONS["ravel"],
    "flatten": FUNCTIONS["ravel"],
    "reshape": lambda t, *shape, **o: shaping.reshape(t, shape[0] if len(shape) == 1 else shape),
    "transpose": lambda t, *axes: shaping.transpose(
        t, axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes or None
    ),
    "conj": _identity,
}


class Language:
    """What operators, methods and NumPy calls mean; installed into the waist's hooks."""

    unary = staticmethod(lambda name, x: call(name, x))
    binary = staticmethod(lambda name, x, y: _binary(name, x, y))
    array_ufunc = staticmethod(array_ufunc)
    array_function = staticmethod(array_function)

    def __init__(self, rendering: Callable[[Tensor], str]):
        self.rendering = rendering

    @staticmethod
    def method(name: str, t: Tensor, *args: Any, **kwargs: Any) -> Any:
        """``T``, indexing, and the attributes that NumPy's arrays have as methods."""
        if name == "getitem":
            return indexing.getitem(t, *args)
        if name == "transpose":
            return shaping.transpose(t)
        if name == "matrix_transpose":
            return shaping.matrix_transpose(t)
        attribute = args[0]
        if attribute not in METHODS:
            raise AttributeError(f"a symbolic tensor has no attribute {attribute!r}.{suggestion(attribute, METHODS)}")
        return lambda *a, **k: METHODS[attribute](t, *a, **k)


def _binary(name: str, x: Any, y: Any) -> Any:
    if not all(isinstance(v, (Tensor, Dim, sp.Expr, int, float, complex)) or hasattr(v, "dtype") for v in (x, y)):
        return NotImplemented
    return call(name, x, y)

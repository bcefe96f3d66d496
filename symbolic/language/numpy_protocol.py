"""NumPy's protocols: which call means which operation of the language.

Two tables, of ufuncs (``pointwise``) and of functions (``numpy_functions``). A call that is in neither raises an error that names it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError, suggestion
from symbolic.language import indexing, operations, shaping, statistics
from symbolic.language import pointwise as pw
from symbolic.language.numpy_functions import FUNCTIONS, METHODS
from symbolic.language.statistics import accumulated, given, reduction
from symbolic.program.dims import Dim
from symbolic.program.tensors import Tensor, user_line


def _plain(name: str, options: dict, *allowed: str) -> None:
    for key, value in options.items():
        default = not given(value) or value is False or (key == "where" and value is True)
        if key not in allowed and not default and key not in ("dtype", "casting", "subok", "order"):
            raise UnsupportedError(f"np.{name}: the option {key}= is not supported")


_REDUCES = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}
_QUANTIFIES = {"logical_or": "any", "logical_and": "all"}


def _made(args: Any) -> str:
    """Which tensor a refused call was made with, and where in the user's code that was made."""
    for a in args:
        if isinstance(a, Tensor):
            return f" It was called with {a.describe()}, made at {a.origin}."
    return ""


# -- ufuncs ------------------------------------------------------------------------------------------------------------


def array_ufunc(ufunc: Any, how: str, inputs: tuple, options: dict) -> Any:
    """A ufunc called on tensors; ``reduce`` and ``outer`` methods of add, multiply, maximum and minimum included."""
    name = ufunc.__name__.lstrip("_")  # SciPy's zeta calls a ufunc _zeta
    if options.get("out") is not None:
        raise UnsupportedError(
            f"np.{name}: out= writes in place, as does += on an array; use the returned tensor: total = total + term, "
            "from 0 or symbolic.zeros(shape) on"
        )
    if how == "__call__":
        _plain(name, options)
        return call(name, *inputs)
    if how == "reduce":
        if name in _QUANTIFIES:
            return FUNCTIONS[_QUANTIFIES[name]](*inputs, **{"axis": 0, **options})
        kind = _REDUCES.get(name)
        if kind:
            _plain(f"{name}.reduce", options, "axis", "keepdims", "initial", "where")
            return reduction(
                kind,
                inputs[0],
                options.get("axis", 0),
                options.get("keepdims"),
                options.get("initial"),
                options.get("where", True),
            )
    if how == "outer" and len(inputs) == 2:
        a, b = (operations.as_tensor(x) for x in inputs)
        return call(name, a[(...,) + (None,) * b.ndim], b)
    if how == "accumulate" and name in _REDUCES:
        return accumulated(_REDUCES[name], inputs[0], options.get("axis", 0))
    if how == "reduceat" and name in _REDUCES:
        return statistics.reduced_between(_REDUCES[name], *inputs, axis=options.get("axis", 0))
    raise UnsupportedError(f"np.{name}.{how} is not supported on symbolic tensors.{_made(inputs)}")


def call(name: str, *inputs: Any) -> Any:
    """The ufunc or language function ``name`` on tensors."""
    if name == "matmul":
        return operations.matmul(*inputs)
    if name in ("vecdot", "matvec", "vecmat"):
        return {"vecdot": lambda a, b: operations.reduce("sum", operations.as_tensor(a) * b, -1),
                "matvec": lambda a, b: operations.einsum("...ij,...j->...i", a, b),
                "vecmat": lambda a, b: operations.einsum("...i,...ij->...j", a, b)}[name](*inputs)  # fmt: skip
    if name == "divmod":
        return call("floor_divide", *inputs), call("remainder", *inputs)
    if name == "modf":
        whole = call("trunc", *inputs)
        return inputs[0] - whole, whole
    if name in pw.CONDITIONS:
        return pw.condition(name, *inputs)
    if name == "sici":
        return call("si", *inputs), call("ci", *inputs)
    if name in pw.UNARY and len(inputs) == 1:
        return pw.unary(name, *inputs)
    if name in pw.BINARY and len(inputs) == 2:
        return pw.binary(name, *inputs)
    if name in pw.TERNARY and len(inputs) == 3:
        return pw.ternary(name, *inputs)
    known = [*pw.UNARY, *pw.BINARY, *pw.TERNARY, *pw.CONDITIONS]
    raise UnsupportedError(
        f"the function {name} is not supported on symbolic tensors.{suggestion(name, known)}{_made(inputs)}"
    )


# -- functions ---------------------------------------------------------------------------------------------------------


def function_key(function: Any) -> str:
    """``linalg.norm`` for ``numpy.linalg.norm``, ``sum`` for ``numpy.sum``."""
    package = (getattr(function, "__module__", "") or "").rpartition(".")[2]
    return f"{package}.{function.__name__}" if package in ("linalg", "fft") else function.__name__


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


def _binary(name: str, x: Any, y: Any) -> Any:
    known = (Tensor, Dim, sp.Expr, int, float, complex, list, tuple, range)
    if not all(isinstance(v, known) or hasattr(v, "dtype") for v in (x, y)):
        return NotImplemented
    return call(name, x, y)


def placed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let an error about shapes say where in the user's code the operation stands, once, at the outermost call."""

    @functools.wraps(function)
    def told(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except ShapeError as error:
            line = user_line()
            if line and "site-packages" not in line and " (at " not in str(error):
                error.args = (f"{error} (at {line})",)
            raise

    return told


class Language:
    """What operators, methods and NumPy calls mean; installed into the waist's hooks."""

    unary = staticmethod(placed(call))
    binary = staticmethod(placed(_binary))
    array_ufunc = staticmethod(placed(array_ufunc))
    array_function = staticmethod(placed(array_function))

    def __init__(self, rendering: Callable[[Tensor], str]):
        self.rendering = rendering

    @staticmethod
    @placed
    def method(name: str, t: Tensor, *args: Any, **kwargs: Any) -> Any:
        """``T``, indexing, and the attributes that NumPy's arrays have as methods."""
        if name == "getitem":
            return indexing.getitem(t, *args)
        if name == "transpose":
            return shaping.transpose(t)
        if name == "matrix_transpose":
            return shaping.matrix_transpose(t)
        attribute = args[0]
        if attribute in ("real", "imag"):
            return FUNCTIONS[attribute](t)
        if attribute not in METHODS:
            raise AttributeError(f"a symbolic tensor has no attribute {attribute!r}.{suggestion(attribute, METHODS)}")
        return placed(lambda *a, **k: METHODS[attribute](t, *a, **k))

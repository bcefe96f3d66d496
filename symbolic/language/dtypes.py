"""Which kind of numbers an operation gives, as in NumPy: truth values, integers or reals, the widest of its operands'."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.program.dims import Dim
from symbolic.program.tensors import Tensor

_WIDER = ("bool", "int", "real")
_OF_ARRAYS = {"b": "bool", "i": "int", "u": "int", "f": "real"}

# What keeps whole numbers whole. Of two truth values a sum is "or" and a product is "and".
WHOLE = frozenset(
    [
        "add",
        "subtract",
        "multiply",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "floor_divide",
        "remainder",
        "fmod",
        "negative",
        "positive",
        "absolute",
        "square",
        "sign",
        "conjugate",
        "floor",
        "ceil",
        "trunc",
    ]
)
OF_TRUTH_VALUES = {"add": "logical_or", "multiply": "logical_and", "maximum": "logical_or", "minimum": "logical_and"}


def dtype_of(value: Any) -> str:
    """``"bool"``, ``"int"`` or ``"real"`` for a tensor, an array or a number.

    >>> dtype_of(True), dtype_of(2), dtype_of(0.5)
    ('bool', 'int', 'real')
    """
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Dim):
        return "int"
    if isinstance(value, sp.Expr):
        return "int" if value.is_integer else "real"
    if hasattr(value, "dtype"):
        return _OF_ARRAYS.get(value.dtype.kind, "real")
    return "int" if hasattr(value, "__index__") else "real"


def promoted(*values: Any) -> str:
    """The widest dtype among the values."""
    return max((dtype_of(v) for v in values), key=_WIDER.index)


def dtype_of_result(name: str, *operands: Any) -> str:
    """The dtype of an elementwise function of operands."""
    found = promoted(*operands)
    if name == "power":
        whole = found != "real" and hasattr(operands[1], "__index__") and not isinstance(operands[1], (Tensor, Dim))
        return "int" if whole and operands[1] >= 0 else "real"
    if name not in WHOLE:
        return "real"
    return "int" if found == "bool" and name not in ("positive", "absolute", "conjugate") else found


def asked_dtype(asked: Any) -> str:
    """Our dtype for what NumPy takes as ``dtype=`` (``float``, ``np.int64``, ``"bool"``) and our own names. Raises for complex numbers."""
    name = str(getattr(asked, "__name__", asked)).lstrip("<>=|")
    for start, dtype in (("float", "real"), ("real", "real"), ("int", "int"), ("uint", "int"), ("bool", "bool")):
        if name.startswith(start):
            return dtype
    short = {"f": "real", "d": "real", "double": "real", "i": "int", "l": "int", "u": "int", "long": "int", "?": "bool"}
    if name in short or (name[:1] in ("f", "i", "u") and name[1:].isdigit()):
        return short.get(name) or short[name[0]]
    raise UnsupportedError(f"the dtype {asked!r} is not supported; expected float, int or bool")

"""Arrays meet tensors: kinds of numbers, ranks and extents are checked, and named dimensions get their sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program.dims import shape_text
from symbolic.program.tensors import Tensor

_ACCEPTED = {"real": "fiub", "int": "iub", "bool": "b"}


def as_array(t: Tensor, value: Any, dtype: np.dtype) -> np.ndarray:
    """``value`` as an array for ``t``: reals in ``dtype``, integers as they are.

    Raises ``EvaluationError`` for complex numbers, text, and fractions where ``t`` holds integers.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        raise EvaluationError(f"{t.describe()}: expected an array of numbers, got {type(value).__name__}") from error
    if array.dtype.kind not in _ACCEPTED[t.dtype]:
        wanted = {"real": "real numbers", "int": "integers", "bool": "truth values"}[t.dtype]
        raise EvaluationError(f"{t.describe()} holds {wanted}; got an array of dtype {array.dtype}")
    if t.dtype == "real":
        return array if array.dtype == dtype else array.astype(dtype)
    return array if array.dtype.kind != "u" else array.astype(np.int64)


def common_dtype(dtype: Any, arguments: Sequence[Tensor], values: Sequence[Any]) -> np.dtype:
    """The dtype of the computation: as asked, else float32 if every real array is, else float64."""
    if dtype is not None:
        return real_dtype(dtype)
    kinds = {
        getattr(v, "dtype", None) for t, v in zip(arguments, values, strict=True) if t.dtype == "real" and np.ndim(v)
    }
    return np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)


def real_dtype(dtype: Any) -> np.dtype:
    """float32 or float64; anything else raises ``EvaluationError``."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise EvaluationError(f"the dtype {dtype!r} is not supported; expected 'float32' or 'float64'")
    return found


class Sizes:
    """Numbers for named dimensions, and which tensor gave each."""

    def __init__(self):
        self.numbers: dict[sp.Symbol, int] = {}
        self.source: dict[sp.Symbol, str] = {}

    def bind(self, tensors: Iterable[Tensor], shapes: Mapping[int, tuple[int, ...]]) -> None:
        """Take the sizes from the shapes of arrays (by serial of their tensor), and check that they agree.

        Raises ``EvaluationError`` naming the dimension, both values and both tensors.
        """
        pending = []
        for t in tensors:
            shape = shapes[t.serial]
            if len(shape) != t.ndim:
                raise EvaluationError(
                    f"{t.describe()} needs an array with {t.ndim} axes, got one of shape {shape_text(shape)}"
                )
            pending += [(t, axis, e, shape) for axis, e in enumerate(t.extents)]
        for t, axis, e, shape in pending:
            if e.is_Symbol:
                self._bind(e, shape[axis], t, shape)
        for t, axis, e, shape in pending:
            self._check(t, axis, e, shape)

    def _bind(self, symbol: sp.Symbol, size: int, t: Tensor, shape) -> None:
        known = self.numbers.setdefault(symbol, size)
        self.source.setdefault(symbol, t.label)
        if known != size:
            raise EvaluationError(
                f"the dimension {symbol} is {known} in {self.source[symbol]} and {size} in {t.label}: "
                f"{t.describe()} got an array of shape {shape_text(shape)}"
            )

    def _check(self, t: Tensor, axis: int, e: sp.Expr, shape) -> None:
        free = e.free_symbols - self.numbers.keys()
        size = shape[axis]
        if len(free) == 1 and not e.is_Symbol:
            (symbol,) = free
            found = sp.solve(e.xreplace(self._known()) - size, symbol)
            if len(found) == 1 and found[0].is_Integer and found[0] >= 0:
                self._bind(symbol, int(found[0]), t, shape)
        number = e.xreplace(self._known())
        if number.is_Integer and int(number) != size:
            meaning = f" ({e})" if not e.is_Integer else ""
            raise EvaluationError(
                f"{t.describe()} got an array of shape {shape_text(shape)}: expected {number}{meaning} on axis {axis}, got {size}"
            )

    def _known(self) -> dict[sp.Symbol, sp.Integer]:
        return {s: sp.Integer(n) for s, n in self.numbers.items()}

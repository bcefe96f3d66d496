"""Initial parameters: stated per tensor, seeded per name, so that adding a layer does not change the others."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from numeric.errors import DataError, OptionError
from symbolic import Tensor
from symbolic.errors import suggestion
from symbolic.program.dims import dim_symbol, shape_text
from symbolic.program.graph import leaves
from symbolic.program.initialisation import Initialisation, fan_in


def parameters_of(loss: Tensor) -> list[Tensor]:
    """The parameters that a loss reads, in the order of their declaration."""
    return [t for t in leaves([loss]) if t.role == "parameter"]


def rule_for(t: Tensor) -> Initialisation:
    """How a parameter starts: as its layer says, else uniform on ±1/√fan-in for matrices and more axes, else at 0.

    >>> from symbolic import tensor
    >>> str(rule_for(tensor("W", "m n", role="parameter"))), str(rule_for(tensor("b", "m", role="parameter")))
    ('uniform on ±1/sqrt(n)', 'constant 0')
    """
    if t.init is not None:
        return t.init
    return fan_in(sp.Mul(*t.extents[1:])) if t.ndim > 1 else Initialisation("constant", sp.S.Zero)


def sizes_from(tensors: Iterable[Tensor], arrays: Mapping[str, np.ndarray], leading: int = 1) -> dict[sp.Symbol, int]:
    """The numbers of named dimensions, told by arrays that have ``leading`` more axes than their tensors."""
    sizes: dict[sp.Symbol, int] = {}
    for t in tensors:
        if t.name in arrays:
            for e, size in zip(t.extents, arrays[str(t.name)].shape[leading:], strict=False):
                if e.is_Symbol and sizes.setdefault(e, size) != size:
                    raise DataError(f"the dimension {e} is {sizes[e]} and, from {t.describe()}, {size}")
    return sizes


def initial_parameters(
    loss: Tensor, sizes: Mapping[Any, int] | None = None, seed: int = 0, dtype: str = "float64"
) -> dict[str, np.ndarray]:
    """Seeded initial arrays for all parameters of a loss, by name.

    ``sizes`` gives numbers to named dimensions (names or SymPy symbols). Raises ``DataError`` for a dimension that has
    none.

    >>> from symbolic import tensor
    >>> w = tensor("W", "m n", role="parameter")
    >>> initial_parameters(w.sum(), {"m": 2, "n": 4}, seed=1)["W"].shape
    (2, 4)
    """
    numbers = {dim_symbol(k) if isinstance(k, str) else k: v for k, v in (sizes or {}).items()}
    return {str(t.name): _drawn(t, numbers, seed, dtype) for t in parameters_of(loss)}


def _drawn(t: Tensor, numbers: Mapping[sp.Symbol, int], seed: int, dtype: str) -> np.ndarray:
    shape = [e.subs(numbers) for e in t.extents]
    if not all(e.is_Integer for e in shape):
        missing = ", ".join(sorted({str(s) for e in shape for s in e.free_symbols}))
        raise DataError(
            f"the size of parameter {t.label} {shape_text(t.extents)} is not known: no array tells the dimension {missing}; "
            f"give sizes={{'{missing.split(', ')[0]}': ...}}"
        )
    rule = rule_for(t)
    scale = float(rule.scale.subs(numbers))
    rng = np.random.default_rng([seed, zlib.crc32(t.label.encode())])
    size = tuple(map(int, shape))
    if rule.kind == "constant":
        return np.full(size, scale, dtype)
    drawn = rng.uniform(-scale, scale, size) if rule.kind == "uniform" else rng.normal(0, scale, size)
    return np.asarray(drawn, dtype)


def starting_parameters(
    loss: Tensor,
    arrays: Mapping[str, np.ndarray],
    given: Mapping[str, Any] | None,
    sizes: Mapping[Any, int] | None,
    seed: int,
    dtype: str = "float64",
) -> dict[str, np.ndarray]:
    """The parameters at the start of a run: the user's own where given, else seeded ones.

    Named dimensions get their sizes from ``arrays`` (samples first), from the given parameters, and from ``sizes``.

    >>> from symbolic import tensor
    >>> x, W, v = tensor("x", "n"), tensor("W", "m n", role="parameter"), tensor("v", "m", role="parameter")
    >>> found = starting_parameters(v @ W @ x, {"x": np.zeros((5, 3))}, {"v": np.ones(2)}, None, seed=0)
    >>> found["W"].shape
    (2, 3)
    """
    inputs = [t for t in leaves([loss]) if t.role in ("input", "target")]
    own = {name: np.asarray(a) for name, a in (given or {}).items()}
    numbers: dict[Any, int] = {**sizes_from(inputs, arrays), **(sizes or {})}
    for symbol, size in sizes_from(parameters_of(loss), own, leading=0).items():
        numbers.setdefault(symbol, size)
    return given_parameters(loss, given, initial_parameters(loss, numbers, seed, dtype), dtype)


def given_parameters(
    loss: Tensor, given: Mapping[str, Any] | None, start: Mapping[str, np.ndarray], dtype: str
) -> dict[str, np.ndarray]:
    """``start`` with the user's own arrays in place, copied; ``OptionError`` for a name or shape that does not fit."""
    result = dict(start)
    for name, value in (given or {}).items():
        if name not in start:
            raise OptionError(
                f"the loss has no parameter {name!r}; it has {', '.join(start)}.{suggestion(name, start)}"
            )
        array = np.array(value, dtype)
        if array.shape != start[name].shape:
            raise OptionError(f"the parameter {name} has shape {start[name].shape}, the given array {array.shape}")
        result[name] = array
    return result

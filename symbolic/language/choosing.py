"""Choosing among values by conditions or by positions, and counting by positions: sums of what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import pointwise as pw
from symbolic.language.joining import number
from symbolic.language.operations import as_tensor, broadcast_extents
from symbolic.language.shaping import broadcast_to
from symbolic.program.dims import extent
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Zero
from symbolic.program.functions import Less, LessEqual
from symbolic.program.tensors import Tensor, computed


def where(test: Any, *branches: Any) -> Tensor:
    """``np.where`` with both branches."""
    if len(branches) != 2:
        raise UnsupportedError(
            "np.where with one argument gives positions that depend on data; use np.where(test, a, b)"
        )
    return pw.where(test, *branches)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """The choice of the first condition that holds, else the default."""
    if len(condlist) != len(choicelist):
        raise ShapeError(f"select: {len(condlist)} conditions for {len(choicelist)} choices")
    result = default
    for test, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = pw.where(test, choice, result)
    return result


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **options: Any) -> Tensor:
    """A function or a number for each condition, and perhaps one more for the rest (else 0); the last that holds wins."""
    t = as_tensor(x)
    tests = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    pieces = [f(t, *args, **options) if callable(f) else f for f in funclist]
    if len(pieces) not in (len(tests), len(tests) + 1):
        raise ShapeError(f"piecewise: {len(tests)} conditions for {len(pieces)} functions")
    result = pieces[len(tests)] if len(pieces) > len(tests) else 0
    for test, piece in zip(tests, pieces, strict=False):
        result = pw.where(test, piece, result)
    return broadcast_to(result, t.shape)


def choose(a: Any, choices: Any) -> Tensor:
    """``choices[a[i]][i]`` for integers a below the number of choices."""
    index, options = as_tensor(a), list(choices)
    if index.dtype != "int":
        raise UnsupportedError(f"choose: {index.describe()} must be integers")
    result = options[-1]
    for position, choice in reversed(list(enumerate(options[:-1]))):
        result = pw.where(pw.condition("equal", index, position), choice, result)
    return broadcast_to(result, broadcast_extents("choose", [index, *map(as_tensor, options)]))


def bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Tensor:
    """``out[c] = Σ_i weights[i] [x[i] = c]``; the number of bins is ``minlength``, which must be above all entries of x,
    unless the entries are known."""
    t = as_tensor(x)
    if t.dtype != "int" or t.ndim != 1:
        raise UnsupportedError(f"bincount: expected a vector of integers, got {t.describe()}")
    bins = extent(minlength)
    if t.value is not None:
        bins = sp.Max(bins, *(int(t.value[k]) + 1 for k in range(number("bincount", t, 0))))
    if bins == 0:
        raise UnsupportedError(
            f"bincount: how many bins there are depends on {t.describe()}; give minlength, above all of its entries"
        )
    i, c = Index("i", t.extents[0]), Index("c", bins)
    mass = sp.S.One if weights is None else as_tensor(weights).access(i)
    return computed(equation([c], mass, [i], guards=[Zero(t.access(i) - c)]), "int" if weights is None else "real")


def searchsorted(a: Any, v: Any, side: str = "left") -> Tensor:
    """How many entries of the increasing vector a are below v (at most v for ``side="right"``): integers."""
    knots, t = as_tensor(a), as_tensor(v)
    if knots.ndim != 1 or side not in ("left", "right"):
        raise ShapeError(
            f"searchsorted: expected a vector and side 'left' or 'right', got {knots.describe()}, {side!r}"
        )
    out, k = t.fresh_indices(), Index("k", knots.extents[0])
    is_before = Less if side == "left" else LessEqual
    return computed(equation(out, is_before(knots.access(k), t.access(*out)), [k]), "int")


def digitize(x: Any, bins: Any, right: bool = False) -> Tensor:
    """The number of the bin between increasing edges in which each entry lies."""
    edges = as_tensor(bins)
    if edges.value is None or any(edges.value[k + 1] < edges.value[k] for k in range(number("digitize", edges, 0) - 1)):
        raise UnsupportedError(
            "np.digitize: the bins are increasing numbers; use np.searchsorted for those of a tensor"
        )
    return searchsorted(edges, x, "left" if right else "right")

"""A second interpreter of programs, in float64 NumPy: every equation on its whole grid of points at once.

It shares nothing with differentiation or lowering, so a program's value here is evidence. The code templates of the
tables of functions and primitives are what it runs, so they are tried as well.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import scipy.linalg
import scipy.special
import sympy as sp

from symbolic.program.expressions import Access, Quotient, Reduction, Remainder, Within
from symbolic.program.functions import BY_HEAD
from symbolic.program.graph import topological
from symbolic.program.primitives import Application

NEUTRAL = {
    "sum": 0.0,
    "prod": 1.0,
    "max": -np.inf,
    "min": np.inf,
    "logsumexp": -np.inf,
    "argmax": -np.inf,
    "argmin": np.inf,
}
SCOPE = {"np": np, "special": scipy.special, "linalg": scipy.linalg}


@functools.cache
def code(template: str, arity: int):
    """The function that a code template computes."""
    names = [f"x{k}" for k in range(arity)]
    return eval(f"lambda {', '.join(names)}: {template.format(*names)}", SCOPE)


class NumPyOracle:
    """Values of tensors, given arrays for the declared ones and numbers for the dimensions (by name)."""

    def __init__(self, values, dims=None):
        self.arrays = {t.serial: np.asarray(v, float if t.dtype == "real" else None) for t, v in values.items()}
        self.sizes = {sp.Symbol(k, integer=True, positive=True): v for k, v in (dims or {}).items()}
        for t, v in values.items():
            for e, size in zip(t.extents, np.shape(v), strict=True):
                if e.is_Symbol:
                    assert self.sizes.setdefault(e, size) == size
        for t, v in values.items():
            assert tuple(map(self.size, t.extents)) == np.shape(v), (t, np.shape(v))

    def size(self, extent):
        return int(extent.subs(self.sizes))

    def __call__(self, output):
        with np.errstate(all="ignore"):
            for t in topological([output], stop=lambda t: t.serial in self.arrays):
                if t.serial not in self.arrays:
                    array = self._compute(t)
                    assert array.shape == tuple(map(self.size, t.extents)), (t, array.shape)
                    self.arrays[t.serial] = array
        return self.arrays[output.serial]

    def _compute(self, t):
        if t.definition is None:
            assert t.value is not None, f"no value for {t}"
            return np.asarray(t.value, float if t.dtype == "real" else None)
        if isinstance(t.definition, Application):
            operands = [self.arrays[u.serial] for u in t.definition.operands]
            return np.asarray(code(t.definition.primitive.numpy, len(operands))(*operands), float)
        eq = t.definition
        value = self._reduction(eq.reduce, eq.body, eq.bound, eq.guards, (), {}, eq.indices)
        return np.array(np.broadcast_to(value, [self.size(i.extent) for i in eq.indices]))

    def _reduction(self, kind, body, bound, guards, outside, here, own=()):
        """The reduction on the grid outside × own × bound, with the bound axes reduced."""
        axes = (*outside, *own, *bound)
        rank = len(axes)
        grid = {k: v.reshape(v.shape + (1,) * (rank - len(outside))) for k, v in here.items()}
        for position, index in enumerate(axes[len(outside) :], start=len(outside)):
            grid[index] = np.arange(self.size(index.extent)).reshape((-1,) + (1,) * (rank - 1 - position))
        keep = np.ones((1,) * rank, bool)
        for guard in guards:
            e = self.scalar(guard.args[0], grid, axes)
            holds = e == 0
            if isinstance(guard, Within):
                holds = (e == np.floor(e)) & (e >= 0) & (e < self.scalar(guard.args[1], grid, axes))
            keep = keep & holds
        values = self.scalar(body, grid, axes)
        values = np.where(keep, values, NEUTRAL[kind]) if guards else np.asarray(values)
        if values.ndim < rank:
            values = values.reshape((1,) * (rank - values.ndim) + values.shape)
        if not bound:
            return values
        shape = list(values.shape)
        shape[rank - len(bound) :] = [self.size(k.extent) for k in bound]
        values = np.broadcast_to(values, shape)
        last = tuple(range(rank - len(bound), rank))
        if kind in ("argmax", "argmin"):
            return getattr(np, kind)(values.reshape(*shape[: rank - len(bound)], -1), axis=-1)
        if kind == "logsumexp":
            return scipy.special.logsumexp(values, axis=last)
        return getattr(np, kind)(values, axis=last, **({"initial": NEUTRAL[kind]} if kind in ("max", "min") else {}))

    def scalar(self, e, grid, axes):
        if isinstance(e, Access):
            array = self.arrays[e.tensor.serial]
            where = [self.scalar(i, grid, axes) for i in e.indices]
            if not where:
                return array
            if any(n == 0 for n in array.shape):
                return np.zeros(np.broadcast_shapes(*(np.shape(w) for w in where)))
            # A point outside is guarded off or in a branch that is not taken; what is read there is never used.
            return array[
                tuple(np.clip(np.floor(w).astype(int), 0, n - 1) for w, n in zip(where, array.shape, strict=True))
            ]
        if e in grid:
            return grid[e]
        if e.is_Symbol:
            return self.size(e)
        if e.is_Integer:
            return int(e)
        if e.is_number and not e.args:
            return float(e)
        args = [self.scalar(a, grid, axes) for a in (() if isinstance(e, Reduction) else e.args)]
        if e.is_Add:
            return functools.reduce(lambda a, b: a + b, args)
        if e.is_Mul:
            return functools.reduce(lambda a, b: a * b, args)
        if e.is_Pow:
            base, exponent = args
            return np.power(np.asarray(base, float), exponent)
        if isinstance(e, Quotient):
            return args[0] // args[1]
        if isinstance(e, Remainder):
            return args[0] % args[1]
        if isinstance(e, Reduction):
            return self._reduction(e.kind, e.body, e.bound, e.guards, axes, {i: grid[i] for i in axes if i in grid})
        row = BY_HEAD[e.func]
        result = code(row.numpy, len(args))(*args)
        return result.astype(float) if np.asarray(result).dtype.kind == "b" else result


def numbers(output, values, dims=None):
    """The array of ``output``."""
    return NumPyOracle(values, dims)(output)


def differences(function, x, step=1e-3):
    """∂function/∂x by central differences of order six: output axes, then those of ``x``; truncation ~ step⁶."""
    x = np.array(x, float)
    columns = []
    for point in itertools.product(*map(range, x.shape)):
        total = 0.0
        for k, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
            for sign in (1, -1):
                moved = x.copy()
                moved[point] += sign * k * step
                total = total + sign * weight * np.asarray(function(moved), float)
        columns.append(total / step)
    stacked = np.stack(columns, axis=-1) if columns else np.zeros((*np.shape(function(x)), 0))
    return stacked.reshape((*stacked.shape[:-1], *x.shape))

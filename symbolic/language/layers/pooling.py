"""Pooling: the maximum or the mean over windows, along the last one or two axes."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.language.layers.convolution import tuple_of, windows
from symbolic.language.operations import as_tensor
from symbolic.program.dims import extent
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Within
from symbolic.program.tensors import Tensor, computed, fresh_indices


def max_pool1d(x: Any, kernel: Any, *, stride: Any = None, padding: Any = 0) -> Tensor:
    """z[…, p] = max_u x[…, stride·p + u − padding]; the gradient reaches the first maximum of each window.

    >>> from symbolic import tensor
    >>> max_pool1d(tensor("x", "c 10"), 2).shape
    (c, 5)
    """
    return _pool("max_pool1d", "max", 1, x, kernel, stride, padding)


def max_pool2d(x: Any, kernel: Any, *, stride: Any = None, padding: Any = 0) -> Tensor:
    """The maximum over windows of the last two axes; the stride is the window's extent unless given."""
    return _pool("max_pool2d", "max", 2, x, kernel, stride, padding)


def average_pool1d(x: Any, kernel: Any, *, stride: Any = None, padding: Any = 0) -> Tensor:
    """The mean over windows of the last axis; padding counts as zeros."""
    return _averaged("average_pool1d", 1, x, kernel, stride, padding)


def average_pool2d(x: Any, kernel: Any, *, stride: Any = None, padding: Any = 0) -> Tensor:
    """The mean over windows of the last two axes; padding counts as zeros."""
    return _averaged("average_pool2d", 2, x, kernel, stride, padding)


def global_average_pool(x: Any, axes: Any = (-2, -1)) -> Any:
    """The mean over the spatial axes."""
    return x.mean(axis=axes)


def _averaged(name: str, rank: int, x: Any, kernel: Any, stride: Any, padding: Any) -> Tensor:
    window = tuple_of(kernel, rank)
    total = _pool(name, "sum", rank, x, kernel, stride, padding)
    out = total.fresh_indices()
    return computed(equation(out, total.access(*out) / sp.Mul(*map(extent, window))))


def _pool(name: str, kind: str, rank: int, x: Any, kernel: Any, stride: Any, padding: Any) -> Tensor:
    t = as_tensor(x)
    if t.ndim < rank:
        raise ShapeError(f"{name}: expected at least {rank} axes, got {t.describe()}")
    window = [extent(k) for k in tuple_of(kernel, rank)]
    strides = [extent(s) for s in tuple_of(kernel if stride is None else stride, rank)]
    pads = [extent(p) for p in tuple_of(padding, rank)]
    spatial = t.extents[-rank:]
    sizes = [windows(name, n, k, s, p, 1) for n, k, s, p in zip(spatial, window, strides, pads, strict=True)]
    lead = fresh_indices(t.extents[:-rank])
    places = [Index(letter, size) for letter, size in zip("pq", sizes, strict=False)]
    offsets = [Index(letter, size) for letter, size in zip("uv", window, strict=False)]
    reads = [s * p + u - pad for s, p, u, pad in zip(strides, places, offsets, pads, strict=True)]
    guards = [Within(r, n) for r, n in zip(reads, spatial, strict=True)]
    return computed(equation((*lead, *places), t.access(*lead, *reads), offsets, kind, guards))

"""A function of the user's own, applied along axes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from symbolic.language.joining import number
from symbolic.language.operations import as_tensor, normal_axes
from symbolic.language.shaping import expand_dims, moveaxis, reshape, stack
from symbolic.program.tensors import Tensor


def apply_along_axis(function: Callable[..., Any], axis: int, x: Any, *args: Any, **options: Any) -> Tensor:
    """The function of each line along the axis; what it returns takes the place of the axis. The other axes need numbers."""
    (a,) = normal_axes("apply_along_axis", as_tensor(x), axis)
    lines = moveaxis(x, a, -1)
    sizes = [number("apply_along_axis", lines, b) for b in range(lines.ndim - 1)]
    found = [as_tensor(function(lines[at], *args, **options)) for at in itertools.product(*map(range, sizes))]
    whole = reshape(stack(found), (*sizes, *found[0].shape))
    return moveaxis(whole, range(len(sizes), whole.ndim), range(a, a + found[0].ndim))


def apply_over_axes(function: Callable[..., Any], x: Any, axes: Any) -> Tensor:
    """The function (t, axis) of one axis after the other, with every axis kept."""
    t = as_tensor(x)
    for a in normal_axes("apply_over_axes", t, axes):
        found = as_tensor(function(t, a))
        t = found if found.ndim == t.ndim else expand_dims(found, a)
    return t

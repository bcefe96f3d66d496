"""Shapes and layouts: whether a claim can be compared with a truth at all, and in which other layouts it might be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy as sp

from symbolic.language import shaping
from symbolic.program.dims import as_dim
from symbolic.program.tensors import Tensor


def same_shape(a: Sequence[sp.Expr], b: Sequence[sp.Expr]) -> bool:
    """True if the extents agree one by one."""
    return len(a) == len(b) and all(sp.expand(x - y) == 0 for x, y in zip(a, b, strict=True))


def layouts(t: Tensor, extents: Sequence[sp.Expr]) -> Iterator[tuple[str, Tensor]]:
    """The whole of ``t`` in other layouts that have the given extents, each with its description.

    These are: the output axes swapped with the variable axes (for a matrix its transpose), all axes reversed, and axes of
    extent 1 added or dropped (a row or a column for a vector).
    """
    seen: list[tuple[int, ...]] = [tuple(range(t.ndim))]
    swaps = [tuple((k + shift) % t.ndim for k in range(t.ndim)) for shift in range(1, t.ndim)]
    for order in [*swaps, tuple(reversed(range(t.ndim)))]:
        if order not in seen and same_shape([t.extents[k] for k in order], extents):
            seen.append(order)
            yield "its axes swapped", shaping.transpose(t, order)
    core = [e for e in t.extents if e != 1]
    if len(core) != t.ndim or len([e for e in extents if e != 1]) != len(extents):
        wanted = [e for e in extents if e != 1]
        squeezed = shaping.reshape(t, [as_dim(e) for e in core]) if len(core) != t.ndim else t
        for order in ((*range(len(core)),), tuple(reversed(range(len(core))))):
            if same_shape([core[k] for k in order], wanted) and not same_shape(t.extents, extents):
                turned = squeezed if order == (*range(len(core)),) else shaping.transpose(squeezed, order)
                yield "axes of extent 1", shaping.reshape(turned, [as_dim(e) for e in extents])
                return

"""Matrices and vectors written as blocks: ``[U, V]``, ``[h; x]``, and a table whose cells are vectors or matrices.

Side by side, columns are the columns of a matrix; below each other they are one long column. Rows are the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from symbolic.language.shaping import concatenate, reshape
from symbolic.program.dims import as_dim
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.values import Frame, ShapeMisfit, Value, ordered, same
from symbolic.verification.grammar import syntax as s


def tabulated(rows: Sequence[Sequence[Value]], span: s.Span) -> Value:
    """The matrix, column or row of a table of blocks; raises ShapeMisfit where neighbours differ in size."""
    return joined([joined(row, span, down=False) for row in rows], span, down=True)


def joined(parts: Sequence[Value], span: s.Span, *, down: bool) -> Value:
    """The parts below each other or side by side."""
    if len(parts) == 1:
        return parts[0]
    for part in parts:
        if part.form or part.rank > 2:
            raise ShapeMisfit(f"{part.describe()} has no size of its own and is no block of a matrix", span)
    frame = Frame(parts, span)
    labels = tuple(frame.extents)
    across = 1 if down else 0
    widths = [_sides(part)[across] for part in parts]
    if any(not same(width, widths[0]) for width in widths):
        told = next(part for part, width in zip(parts, widths, strict=True) if not same(width, widths[0]))
        if down:
            raise ShapeMisfit(f"{told.describe()} does not fit below {parts[0].describe()}", span)
        raise ShapeMisfit(f"{told.describe()} does not fit beside {parts[0].describe()}", span)
    tensor = concatenate([_block(part, labels, frame) for part in parts], len(labels) + (0 if down else 1))
    straight = all(part.rank == 0 or (part.rank == 1 and part.row is not down) for part in parts)
    if straight:
        tensor = reshape(tensor, [as_dim(e) for k, e in enumerate(tensor.extents) if k != len(labels) + across])
    return Value(tensor, labels, row=straight and not down)


def _sides(part: Value) -> tuple[sp.Expr, ...]:
    """Rows and columns."""
    if part.rank == 2:
        return part.core
    size = part.core[0] if part.rank else sp.S.One
    return (sp.S.One, size) if part.row else (size, sp.S.One)


def _block(part: Value, labels: tuple[str, ...], frame: Frame) -> Tensor:
    whole = ordered(part, labels, frame.extents)
    return reshape(whole, [as_dim(e) for e in (*whole.extents[: len(labels)], *_sides(part))])

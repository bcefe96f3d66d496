"""Factors in which derivatives meet: ∂c/∂b · ∂b/∂a, whatever the number of axes of b."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.language.operations import tensordot
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import algebra, derivatives
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def linked(el: Elaborator, run: list[tuple[str, Value]], span: s.Span) -> Value | None:
    """A run of factors in which derivatives meet, ∂c/∂b · ∂b/∂a: the meeting axes are summed whatever their number."""
    values = list(run)
    changed = False
    k = 0
    while k + 1 < len(values):
        (sign, a), (_, b) = values[k], values[k + 1]
        joined = _chain(el, a, b) if values[k + 1][0] in ("", "CDOT") else None
        if joined is None:
            k += 1
            continue
        values[k : k + 2] = [(sign, joined)]
        changed = True
    if not changed:
        return None
    result = values[0][1]
    for sign, value in values[1:]:
        if sign == "SLASH":
            result = el.divided(result, value, span)
        elif sign in ("CDOT", "TIMES") and result.rank == value.rank == 1 and result.row == value.row:
            result = algebra.inner(result, value, span)
        else:
            result = algebra.product(result, value, span)
    return result


def _chain(el: Elaborator, a: Value, b: Value) -> Value | None:
    if a.raw is None or b.raw is None:
        return None
    if a.by is b.of:
        outer, inner_ = a, b
    elif b.by is a.of and (el.scope.layout.jacobian == "denominator" or a.of.ndim == 0):
        outer, inner_ = b, a
    else:
        return None
    n = outer.by.ndim
    raw = tensordot(outer.raw, inner_.raw, n) if n else outer.raw
    if n == 0:
        raw = (
            algebra.product(Value(outer.raw), Value(inner_.raw), (0, 0)).tensor
            if outer.raw.ndim <= 1 and inner_.raw.ndim == 0
            else _outer(outer.raw, inner_.raw)
        )
    of_rank, by_rank = outer.of.ndim, inner_.by.ndim
    result = derivatives.laid_out(el, Value(raw), of_rank, by_rank, None, False, False)
    return Value(result.tensor, (), result.row, "", outer.of, inner_.by, raw)


def _outer(a: Tensor, b: Tensor) -> Tensor:
    return tensordot(a, b, 0)

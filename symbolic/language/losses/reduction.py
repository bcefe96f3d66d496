"""How a loss's entries become one number."""

from __future__ import annotations

from typing import Any

from symbolic.errors import DeclarationError, ShapeError, suggestion
from symbolic.language.arrays import is_symbolic
from symbolic.language.operations import as_tensor
from symbolic.program.tensors import user_line

REDUCTIONS = ("sum", "mean", "none")


def reduced(values: Any, reduction: str) -> Any:
    """The sum or the mean of all values, or the values themselves."""
    if reduction not in REDUCTIONS:
        raise DeclarationError(
            f"reduction: expected one of {', '.join(REDUCTIONS)}, got {reduction!r}.{suggestion(reduction, REDUCTIONS)}"
        )
    if reduction == "none" or not values.shape:
        return values
    return values.sum() if reduction == "sum" else values.mean()


def same_shape(loss: str, prediction: Any, target: Any) -> None:
    """Raise ``ShapeError`` unless prediction and target have one shape: broadcasting here is a mistake."""
    if is_symbolic(prediction, target):
        a, b = as_tensor(prediction), as_tensor(target)
        if tuple(a.shape) != tuple(b.shape) and a.ndim and b.ndim:
            raise ShapeError(
                f"{loss}: the prediction {a.describe()} and the target {b.describe()} differ in shape (at {user_line()})"
            )

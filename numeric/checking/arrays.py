"""What functions return, as lists and as arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


def parts_of(result: Any) -> list[Any]:
    """What a function returns, as a list."""
    return list(result) if isinstance(result, tuple) else [result]


def is_rough(x: Any) -> bool:
    """Whether an array is in single precision or less."""
    return str(getattr(x, "dtype", "")).rpartition(".")[2] in ("float32", "float16", "bfloat16")


def numbers(x: Any) -> np.ndarray:
    """An array of floats, from whatever a function returns."""
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x, dtype=float)

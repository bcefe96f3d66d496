"""Evenly spaced numbers between ends that may be tensors."""

from __future__ import annotations

from typing import Any

from symbolic.errors import UnsupportedError
from symbolic.language import pointwise as pw
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import moveaxis, stack
from symbolic.program.tensors import Tensor


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Tensor:
    """start + (stop − start) k / (num − 1), or / num without the endpoint, in a new axis."""
    if retstep:
        raise UnsupportedError("np.linspace: retstep=True is not supported; the step is (stop - start) / (num - 1)")
    first, last = as_tensor(start), as_tensor(stop)
    parts = max(num - 1 if endpoint else num, 1)
    return moveaxis(stack([first + (last - first) * k / parts for k in range(num)]), 0, axis)


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Tensor:
    """base ** linspace(start, stop)."""
    return pw.binary("power", base, linspace(start, stop, num, endpoint, axis=axis))


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Numbers of constant ratio between positive ends."""
    ends = [pw.unary("log", as_tensor(end)) for end in (start, stop)]
    return pw.unary("exp", linspace(*ends, num, endpoint, axis=axis))

"""A training step in equal parts of its batch, each on a thread of its own; their sums are added in order, then used.

The parts are as many as threads may be used, so that another number of threads gives other roundings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from numeric.backends.kernel_steps import kernel_step
from numeric.lowering import sized
from numeric.lowering.program import Program
from numeric.lowering.splitting import split
from symbolic.program.equations import Equation

WORTH = 2**23  # additions in the sums of one part: a tenth of a millisecond, about what a thread costs


def parallel_step(
    program: Program, samples: sp.Symbol, batch: int, threads: int, dtype: np.dtype
) -> tuple[Callable[..., Any], str] | None:
    """The step and its source, for a program in which ``samples`` alone has no number; None if it is not worth parts."""
    parts = max(k for k in range(1, max(threads, 1) + 1) if batch % k == 0)
    if parts == 1 or _work(program, samples, batch) < WORTH * parts:
        return None
    divided = split(program, samples)
    if divided is None:
        return None
    inner = sized(divided.inner, {samples: batch // parts}, samples, {samples: batch})
    outer = sized(divided.outer, {samples: batch}, samples)
    first, text = kernel_step(inner, dtype)
    last, more = kernel_step(outer, dtype)
    steps, after, size = [first() for _ in range(parts)], last(), batch // parts

    def part(number: int, arguments: Sequence[Any]) -> tuple[Any, ...]:
        own = list(arguments)
        for k in divided.batched:
            own[k] = own[k][number * size : (number + 1) * size]
        with np.errstate(all="ignore"):
            found = steps[number](*own)
        return found if isinstance(found, tuple) else (found,)

    def run(*arguments: Any) -> Any:
        others = [_pool(threads).submit(part, k, arguments) for k in range(1, parts)]
        sums = part(0, arguments)
        for other in others:
            sums = [
                np.add(a, b, out=a if isinstance(a, np.ndarray) else None)
                for a, b in zip(sums, other.result(), strict=True)
            ]
        return after(*(arguments[k] for k in divided.kept), *sums)

    return run, f"# for each of {parts} parts of a batch, at once\n\n{text}\n\n# for the sums of all parts\n\n{more}"


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "chainrule")


def _work(program: Program, samples: sp.Symbol, batch: int) -> int:
    """The additions in all sums, about."""
    total = 0
    for t in program.steps:
        if isinstance(t.definition, Equation) and t.definition.bound:
            sizes = [
                i.extent.xreplace({samples: sp.Integer(batch)}) for i in (*t.definition.indices, *t.definition.bound)
            ]
            total += int(sp.Mul(*sizes)) if all(e.is_Integer for e in sizes) else 0
    return total

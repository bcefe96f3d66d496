"""Walking a program: iterative, in the order of definition, so that depth never meets the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symbolic.program.tensors import Tensor


def topological(outputs: Iterable[Tensor], stop: Callable[[Tensor], bool] = lambda t: False) -> list[Tensor]:
    """All tensors that ``outputs`` need, operands first; tensors for which ``stop`` holds are not entered."""
    order: list[Tensor] = []
    seen: set[int] = set()
    stack: list[tuple[Tensor, bool]] = [(t, False) for t in reversed(tuple(outputs))]
    while stack:
        t, finished = stack.pop()
        if finished:
            order.append(t)
        elif t.serial not in seen:
            seen.add(t.serial)
            stack.append((t, True))
            if not stop(t):
                stack.extend((u, False) for u in reversed(t.operands) if u.serial not in seen)
    return order


def leaves(outputs: Iterable[Tensor]) -> list[Tensor]:
    """The declared tensors and constants that ``outputs`` read, in order of declaration."""
    return sorted((t for t in topological(outputs) if t.definition is None), key=lambda t: t.serial)

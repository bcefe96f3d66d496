"""Tensors that are told in one breath: W_1, …, W_250 of one shape and role."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from reports.document.model import Math
from reports.document.phrases import symbol
from symbolic.program.tensors import Tensor

MANY = 40  # rows of a table from which on families share one
_NUMBERED = re.compile(r"(.*?)_?(\d+)$")

Item = TypeVar("Item")


def families(
    items: Iterable[Item], tensor: Callable[[Item], Tensor], alike: Callable[[Item], Hashable]
) -> list[list[Item]]:
    """The items in order of the first of each family; a family is numbered without gaps and ``alike``.

    >>> from symbolic import tensor
    >>> layers = [tensor(name, "n") for name in ("W_1", "b_1", "W_2", "b_2", "V")]
    >>> [[t.name for t in family] for family in families(layers, lambda t: t, lambda t: t.role)]
    [['W_1', 'W_2'], ['b_1', 'b_2'], ['V']]
    """
    found: list[list[Item]] = []
    last: dict[Hashable, tuple[list[Item], int]] = {}
    for item in items:
        match = _NUMBERED.match(tensor(item).label)
        if match is None:
            found.append([item])
            continue
        key, number = (match[1], alike(item)), int(match[2])
        family, before = last.get(key, ([], -2))
        if number != before + 1:
            found.append(family := [])
        family.append(item)
        last[key] = family, number
    return found


def first_to_last(family: list[Tensor]) -> Math:
    """``W_1, …, W_250``."""
    if len(family) < 3:
        return Math(", ".join(symbol(t).latex for t in family))
    return Math(rf"{symbol(family[0]).latex}, \dots, {symbol(family[-1]).latex}")

"""The size of a vector of ones that nothing beside it tells, as in ``I − 𝟏𝟏⊤/n``: the one dimension with which a line fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

Found = TypeVar("Found")


def with_ones(scope: Scope, nodes: Iterable[s.Node], attempt: Callable[[Scope], Found]) -> Found | None:
    """What ``attempt`` returns in the scope in which 𝟏 has a size; None where no dimension fits, or several do.

    Dimensions that the formula names, as the n of 1/n, come before the others.
    """
    names = {n.name for node in nodes for n in s.walk(node) if isinstance(n, s.Symbol)}
    if "ones" not in names or scope.ones:
        return None
    for dims in ([d for d in scope.dims if d in names], list(scope.dims)):
        fitting = []
        for dim in dims:
            try:
                fitting.append(attempt(replace(scope, ones=dim)))
            except ReadingError:
                continue
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None

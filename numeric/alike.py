"""Functions on arrays for parts of a program, parts that differ in their names alone sharing one.

A deep net or a recursion holds the same few parts under hundreds of names. Each is compiled once here, where lowering the
whole would take its every equation through every rewrite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sympy as sp

from numeric.functions import Function, lambdify
from symbolic.errors import DeclarationError
from symbolic.program.expressions import Handle, Index
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor


class Parts:
    """The functions of the parts of one program, whose declared tensors are ``given``.

    >>> import numpy as np
    >>> from symbolic import tensor
    >>> x, y = tensor("x", "n"), tensor("y", "n")
    >>> parts = Parts([x, y])
    >>> (_, f), (reads, g) = parts.function(np.sin(x) + 1), parts.function(np.sin(y) + 1)
    >>> f is g, reads
    (True, [<Tensor y (n,) input>])
    """

    def __init__(self, given: Sequence[Tensor]):
        self.given = list(given)
        self.functions: dict[tuple, Function] = {}

    def function(self, t: Tensor, stop: Callable[[Tensor], bool] = lambda _: False) -> tuple[list[Tensor], Function]:
        """The tensors that ``t`` is computed from, at which ``stop`` holds or which are declared, and its function of them."""
        reads, look = _look(t, stop)
        function = self.functions.get(look)
        if function is None:
            try:
                function = self.functions[look] = lambdify(reads, t, dtype="float64")
            except DeclarationError:  # a dimension that only other tensors tell
                reads = list(dict.fromkeys([*reads, *self.given]))
                function = lambdify(reads, t, dtype="float64")
        return reads, function

    def evaluate(self, wanted: Iterable[Tensor], values: dict[Tensor, Any]) -> None:
        """Put the values of the ``wanted`` tensors, and of all on the way to them, into ``values``."""
        for t in topological(wanted, stop=values.__contains__):
            if t not in values and t.definition is not None:
                reads, function = self.function(t, lambda u, t=t: u is not t)
                values[t] = function(*(values[u] for u in reads))


def _look(t: Tensor, stop: Callable[[Tensor], bool]) -> tuple[list[Tensor], tuple]:
    """What is read, in order, and everything about the part but its names: equal for parts that compute alike."""
    places: dict[int, int] = {}
    reads: list[Tensor] = []
    look: list[Any] = []
    for u in topological([t], stop):
        places[u.serial] = len(places)
        if u is not t and (u.definition is None or stop(u)) and u.value is None:
            reads.append(u)
            look.append((u.extents, u.dtype, u.assume))
        else:
            look.append((u.dtype, u.assume, _defined(u, places)))
    return reads, tuple(look)


def _defined(t: Tensor, places: dict[int, int]) -> Any:
    d = t.definition
    if d is None:
        return t.serial
    if isinstance(d, Application):
        return d.primitive.name, d.options, tuple(places[u.serial] for u in d.operands)
    indices: dict[Index, tuple] = {}

    def walk(e: sp.Basic) -> Any:
        if isinstance(e, Index):
            return indices.setdefault(e, ("index", len(indices), e.extent))
        if isinstance(e, Handle):
            return "tensor", places[e.tensor.serial]
        return (e.func, *map(walk, e.args)) if e.args else e

    shape = tuple(map(walk, (*d.indices, *d.bound)))
    return shape, len(d.bound), d.reduce, walk(d.body), tuple(map(walk, d.guards))

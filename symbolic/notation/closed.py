"""What is printed of a thing: one scalar expression over indices, unnamed intermediates substituted.

Names are boundaries, and so are well-known functions (``Tensor.call``), primitives, and unnamed tensors whose expression
would grow beyond what anybody reads: sharing is kept, so a deep unnamed program prints in bounded space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed, closed_form, is_boundary, is_opaque, scalar_form
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed

LONGEST = 300  # nodes of an expression that is still printed in one piece
DEEPEST = 12  # definitions substituted into each other


def closed_of(thing: Any) -> Closed:
    """The closed form of a Tensor (its definition), an Equation, a ``Closed`` or a pair (indices, expression)."""
    if isinstance(thing, Closed):
        return thing
    if isinstance(thing, tuple) and len(thing) == 2:
        return Closed(tuple(thing[0]), sp.sympify(thing[1], strict=True))
    if isinstance(thing, Equation):
        thing = computed(thing)
    if not isinstance(thing, Tensor):
        raise UnsupportedError(
            f"notation prints a Tensor, an Equation, a closed form or (indices, expression); got {type(thing).__name__}"
        )
    if thing.call is not None and thing.name is None:
        indices = thing.fresh_indices()
        return Closed(indices, thing.access(*indices))
    if isinstance(thing.definition, Application) and thing.name is not None:
        # A primitive's name stands for it elsewhere; asked for by itself, it shows the function that it is.
        thing = Tensor(None, thing.extents, dtype=thing.dtype, definition=thing.definition, assume=thing.assume)
    if is_opaque(thing) and isinstance(thing.definition, Equation):
        thing = computed(thing.definition)  # A position found by a search: opaque to others, open when asked for.
    return closed_form(thing, readable([thing]))


def readable(outputs: Iterable[Tensor]) -> Callable[[Tensor], bool]:
    """Where substitution stops: at boundaries, and before an expression outgrows a reader."""
    outputs = tuple(outputs)
    asked = {t.serial for t in outputs}
    sizes: dict[int, tuple[int, int]] = {}
    for t in topological(outputs, stop=lambda u: u.serial not in asked and is_boundary(u)):
        if is_opaque(t) or (is_boundary(t) and t.serial not in asked):
            continue
        size, depth = sum(1 for _ in sp.preorder_traversal(scalar_form(t.definition))), 0
        for access in t.definition.accesses:
            inner = sizes.get(access.tensor.serial, (0, -1))
            size, depth = size + inner[0] * t.definition.body.count(access), max(depth, inner[1] + 1)
        if size <= LONGEST and depth <= DEEPEST:
            sizes[t.serial] = size, depth
    return lambda t: is_boundary(t) or t.serial not in sizes

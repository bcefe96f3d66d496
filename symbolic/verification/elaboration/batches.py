"""A quantity written for one sample, for all samples at once: data get a leading axis, everything computed follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed

if TYPE_CHECKING:
    from symbolic.verification.elaboration.scope import Scope

DATA = ("input", "target")


def with_samples(t: Tensor, scope: Scope, extent: sp.Expr) -> Tensor | None:
    """``t`` with a leading sample axis of the given extent, or None if it depends on no data."""
    made: dict[tuple[int, str], Tensor] = scope.batches
    for u in topological([t]):
        key = (u.serial, str(extent))
        if key in made:
            continue
        if u.definition is None:
            if u.role in DATA:
                made[key] = Tensor(u.name, (extent, *u.extents), dtype=u.dtype, role=u.role, assume=u.assume, tex=u.tex)
            continue
        if not any((o.serial, str(extent)) in made for o in u.operands):
            continue
        if isinstance(u.definition, Application):
            return None
        made[key] = _repeated(u, made, extent)
    return made.get((t.serial, str(extent)))


def _repeated(u: Tensor, made: dict[tuple[int, str], Tensor], extent: sp.Expr) -> Tensor:
    p = Index("p", extent)
    eq = u.definition
    mapping = {}
    for access in eq.accesses:
        batch = made.get((access.tensor.serial, str(extent)))
        if batch is not None:
            mapping[access] = batch.access(p, *access.indices)
    body = eq.body.xreplace(mapping)
    guards = tuple(g.xreplace(mapping) for g in eq.guards)
    result = computed(Equation((p, *eq.indices), body, eq.bound, eq.reduce, guards), u.dtype, u.name)
    result.tex = u.tex
    return result


def substituted(t: Tensor, replacement: Callable[[Tensor], Tensor | None]) -> Tensor:
    """The program of ``t`` with some tensors replaced by others of the same shape; names are kept."""
    made: dict[int, Tensor] = {}
    for u in topological([t], stop=lambda u: replacement(u) is not None):
        new = replacement(u)
        if new is not None:
            made[u.serial] = new
            continue
        changed = {o: made[o.serial] for o in u.operands if made.get(o.serial, o) is not o}
        if not changed:
            made[u.serial] = u
            continue
        if isinstance(u.definition, Application):
            operands = tuple(made[o.serial] for o in u.definition.operands)
            definition = Application(u.definition.primitive, operands, u.definition.options)
        else:
            eq = u.definition
            mapping = {a: Access(changed[a.tensor].handle, *a.indices) for a in eq.accesses if a.tensor in changed}
            definition = Equation(
                eq.indices,
                eq.body.xreplace(mapping),
                eq.bound,
                eq.reduce,
                tuple(g.xreplace(mapping) for g in eq.guards),
            )
        copy = Tensor(u.name, u.extents, dtype=u.dtype, role=u.role, definition=definition, assume=u.assume, tex=u.tex)
        copy.facts = u.facts
        made[u.serial] = copy
    return made[t.serial]

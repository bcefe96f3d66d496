"""Surgery on programs: the same program with some of its tensors replaced."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor
from symbolic.verification.equality_shapes import same_shape


def rebuilt(output: Tensor, replacements: Mapping[Tensor, Tensor]) -> Tensor:
    """``output`` recomputed with every key replaced by its value, wherever it is read.

    What a replacement itself reads is left as it is, so a tensor may be replaced by a function of itself.
    """
    now: dict[Tensor, Tensor] = dict(replacements)
    for t in topological([output], stop=lambda t: t in replacements):
        if t not in now and any(u in now for u in t.operands):
            now[t] = _rereading(t, now)
    return now.get(output, output)


def merged(output: Tensor, alike: Mapping[int, int]) -> Tensor:
    """``output`` with tensors of the same values computed once; ``alike`` maps serials to that of the first such tensor.

    What the chain rule writes as two equal terms (of w·w, of a symmetric W and its transpose) becomes one term, as a
    person writes it. ``output`` itself if nothing is alike.
    """
    first: dict[int, Tensor] = {}
    now: dict[Tensor, Tensor] = {}
    for t in topological([output]):
        twin = first.setdefault(alike.get(t.serial, t.serial), t)
        if twin is not t and t is not output and same_shape(twin.extents, t.extents) and twin.dtype == t.dtype:
            now[t] = now.get(twin, twin)
        elif any(u in now for u in t.operands):
            now[t] = _rereading(t, now)
    return now.get(output, output)


def written_once(output: Tensor) -> Tensor:
    """``output`` with what is computed twice in the same way computed once, as σ(z)(1 − σ(z)) where a function gives σ."""
    first: dict[tuple, Tensor] = {}
    places: dict[tuple[int, sp.Expr], Index] = {}
    now: dict[Tensor, Tensor] = {}
    for t in topological([output]):
        made = _rereading(t, now) if any(u in now for u in t.operands) else t
        twin = first.setdefault(_way(made, places), made) if made.definition is not None and t is not output else made
        if twin is not t:
            now[t] = twin
    return now.get(output, output)


def _way(t: Tensor, places: dict[tuple[int, sp.Expr], Index]) -> tuple:
    """How a tensor is computed, whatever its indices are called."""
    eq = t.definition
    if isinstance(eq, Application):
        return (eq.primitive, tuple(u.serial for u in eq.operands), str(eq.options), t.dtype)
    every = (*eq.indices, *eq.bound)
    own = {i: places.setdefault((k, i.extent), Index(f"i{k}", i.extent)) for k, i in enumerate(every)}
    guards = frozenset(g.xreplace(own) for g in eq.guards)
    return (eq.body.xreplace(own), guards, eq.reduce, t.extents, tuple(i.extent for i in eq.bound), t.dtype)


def _rereading(t: Tensor, now: Mapping[Tensor, Tensor]) -> Tensor:
    return Tensor(None, t.extents, dtype=t.dtype, assume=t.assume, definition=reading(t.definition, now), tex=t.tex)


def reading(definition: Equation | Application, now: Mapping[Tensor, Tensor]) -> Equation | Application:
    """A definition that reads other tensors in the place of those it reads."""
    if isinstance(definition, Application):
        operands = tuple(now.get(u, u) for u in definition.operands)
        return Application(definition.primitive, operands, definition.options)
    handles = {u.handle: now[u].handle for u in definition.operands if u in now}
    return with_body(
        definition, definition.body.xreplace(handles), tuple(g.xreplace(handles) for g in definition.guards)
    )


def with_body(eq: Equation, body: sp.Expr, guards=None) -> Equation:
    """The same comprehension of another body."""
    return Equation(eq.indices, body, eq.bound, eq.reduce, eq.guards if guards is None else guards)


def edited(t: Tensor, definition: Equation) -> Tensor:
    """A tensor like ``t`` with another definition."""
    return Tensor(None, (i.extent for i in definition.indices), dtype=t.dtype, definition=definition)

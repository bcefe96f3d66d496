"""Remembering work on forms: on the same one, and on those that differ only in which tensors they read.

A derivation meets the same form many times, as the definition that a name stands for and as what an earlier step found.
The layers of a deep network have the same forms over other tensors. A result found for one of them is carried over to the
next by exchanging tensors, so that a derivation costs what its different forms cost.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from symbolic.calculus.canonical import rebuilt
from symbolic.calculus.closed_form import Closed, Condition, TooLargeError, closed_form
from symbolic.program.expressions import Access, Handle, Index, Reduction
from symbolic.program.tensors import Tensor

MOST = 512

Stop = Callable[[Tensor], bool]
Work = Callable[[Closed, Sequence[Tensor], Stop], Closed]


def by_form(work: Callable[..., Any]) -> Callable[..., Any]:
    """``work(closed, *options)`` with its results kept by the form and by what its tensors are called and known for.

    Names order terms, and facts are rewrites; both may come after a form was first met. That a form is too large is
    remembered too. The conditions and rules that lead to a form take no part: ``work`` must not read them.
    """
    known: OrderedDict[tuple, tuple[Any, str | None]] = OrderedDict()

    @functools.wraps(work)
    def wrapped(closed: Closed, *options: Any) -> Any:
        key = (closed, options, *((t.serial, t.name, t.facts) for t in tensors_of(closed.expr)))
        found = known.get(key)
        if found is None:
            try:
                found = work(closed, *options), None
            except TooLargeError as error:
                found = None, str(error)
            known[key] = found
            if len(known) > MOST:
                known.popitem(last=False)
        else:
            known.move_to_end(key)
        result, refusal = found
        if refusal is not None:
            raise TooLargeError(refusal)
        return result

    return wrapped


@functools.lru_cache(maxsize=4096)
def tensors_of(expr: sp.Basic) -> tuple[Tensor, ...]:
    """The tensors that an expression reads, oldest first."""
    return tuple(sorted({h.tensor for h in expr.atoms(Handle)}, key=lambda t: t.serial))


def remembered(work: Work) -> Work:
    """``work(closed, scope, stop)`` with its results kept by the shape of the expressions."""
    known: OrderedDict[tuple, tuple[list[Tensor], Closed]] = OrderedDict()

    def wrapped(closed: Closed, scope: Sequence[Tensor], stop: Stop) -> Closed:
        try:
            key, tensors = _shape(closed, scope, stop)
        except TooLargeError:
            return work(closed, scope, stop)
        found = known.get(key)
        if found is not None:
            known.move_to_end(key)
            return _carried(found[1], dict(zip(found[0], tensors, strict=True)))
        result = work(closed, scope, stop)
        read = {a.tensor for e in _expressions(result) for a in e.atoms(Access)}
        if read <= set(tensors):
            known[key] = tensors, result
            if len(known) > MOST:
                known.popitem(last=False)
        return result

    return wrapped


def _expressions(closed: Closed) -> list[sp.Expr]:
    return [closed.expr, *(c.expr for c in closed.conditions if c.expr is not None)]


def _shape(closed: Closed, scope: Sequence[Tensor], stop: Stop) -> tuple[tuple, list[Tensor]]:
    """What an expression looks like with tensors and indices numbered as they are read, and the tensors."""
    tensors: dict[Tensor, int] = {}
    indices: dict[Index, int] = {}

    def walk(e: sp.Basic):
        if isinstance(e, Index):
            return "index", indices.setdefault(e, len(indices)), e.extent
        if isinstance(e, Handle):
            return "tensor", tensors.setdefault(e.tensor, len(tensors))
        return (e.func, *map(walk, e.args)) if e.args else e

    whole = [*map(walk, closed.indices), walk(closed.expr)]
    for t in scope:
        form = closed_form(t, stop)
        whole.append((walk(t.handle), *map(walk, form.indices), walk(form.expr)))
    kinds = [
        (
            t.extents,
            t.dtype,
            t.role,
            t.assume,
            t.facts,
            t.name is None,
            t.call and t.call[0],
            t.derived,
            t.value is None,
        )
        for t in tensors
    ]
    return (*whole, *kinds), list(tensors)


def _carried(closed: Closed, exchange: dict[Tensor, Tensor]) -> Closed:
    handles = {old.handle: new.handle for old, new in exchange.items()}

    def walk(e: sp.Basic) -> sp.Basic:
        if isinstance(e, Handle):
            return handles.get(e, e)
        if not e.args:
            return e
        if isinstance(e, Reduction):
            return Reduction(e.kind, walk(e.body), e.bound, [walk(g) for g in e.guards])
        return rebuilt(e, [walk(a) for a in e.args])

    conditions = tuple(
        Condition(c.relation, c.expr if c.expr is None else walk(c.expr), c.subject) for c in closed.conditions
    )
    return replace(closed, expr=walk(closed.expr), conditions=conditions)

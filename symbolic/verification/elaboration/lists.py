"""Vectors written as lists, with an ellipsis or without: ``(a, b, c)``, ``[z, …, z]``, ``(f(x_1), …, f(x_n))``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def listed(el: Elaborator, items: tuple[s.Node, ...], span: s.Span) -> Value:
    """The column of the items; what an ellipsis leaves out must follow from its neighbours."""
    if not any(isinstance(item, s.Dots) for item in items):
        return el.stacked([el(item) for item in items], span)
    shown = [item for item in items if not isinstance(item, s.Dots)]
    if not shown:
        raise ReadingError("an ellipsis alone says nothing", span)
    first, last = shown[0], shown[-1]
    if all(s.plain(item) == s.plain(first) for item in shown):
        value = el(first)
        if len(value.labels) == 1 and not value.rank:
            return Value(value.tensor)
        if value.rank or value.labels:
            raise ReadingError("a list repeats a scalar", span)
        return Value(value.tensor, value.labels, form="ones")
    extent = last_index(el, first, last)
    if extent is None:
        raise ReadingError(
            "the ellipsis is not understood: the first entry should end in 1, the last in the size, as in x_1, …, x_n",
            span,
        )
    label = v.fresh_label("i")
    value = el.inside({"·": (label, extent)})(indexed(first, last))
    if value.rank or value.labels != (label,):
        raise ReadingError("the entries of this list are not understood", span)
    return Value(value.tensor)


def last_index(el: Elaborator, first: Any, last: Any):
    """The size that stands in the last entry where the first has a 1."""
    if (
        isinstance(first, s.Number)
        and first.text == "1"
        and isinstance(last, (s.Symbol, s.Number))
        and not isinstance(last, s.Number)
    ):
        return el.scope.dim(last.name)
    if isinstance(first, s.Node) and type(first) is type(last):
        pairs = [(getattr(first, name), getattr(last, name)) for name in s.parts(type(first))]
    elif isinstance(first, tuple) and isinstance(last, tuple) and len(first) == len(last):
        pairs = list(zip(first, last, strict=True))
    else:
        return None
    return next((found for a, b in pairs if (found := last_index(el, a, b)) is not None), None)


def indexed(first: Any, last: Any) -> Any:
    """The first entry with an index in place of every 1 that became the size."""
    if isinstance(first, s.Number) and first.text == "1" and isinstance(last, s.Symbol):
        return s.Symbol(first.span, "·", "·")
    if isinstance(first, s.Node) and type(first) is type(last):
        return replace(
            first, **{name: indexed(getattr(first, name), getattr(last, name)) for name in s.parts(type(first))}
        )
    if isinstance(first, tuple) and isinstance(last, tuple) and len(first) == len(last):
        return tuple(indexed(a, b) for a, b in zip(first, last, strict=True))
    return first

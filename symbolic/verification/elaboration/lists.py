"""Vectors and matrices written as lists, with an ellipsis or without: ``(a, b, c)``, ``[z, …, z]``, ``(f(x_1), …, f(x_n))``, ``[x_1, …, x_m]``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbolic.verification.elaboration import algebra, blocks
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


def bracketed(el: Elaborator, items: tuple[s.Node, ...], span: s.Span, bracket: str) -> Value:
    """``(a, b)`` of scalars as a column, ``[a, b]`` as a row; of vectors and matrices as blocks.

    ``[h, x]`` of two columns is the matrix of both or the one below the other, as the scope says.
    """
    parts = [el(item) for item in items if not isinstance(item, s.Dots)]
    if len(parts) < len(items):
        found = listed(el, items, span, down=False)
    elif not any(part.rank for part in parts):
        found = el.stacked(parts, span)
    else:
        columns = [part for part in parts if part.rank == 1 and not part.row]
        uneven = len(columns) == len(parts) and not all(v.same(p.core[0], columns[0].core[0]) for p in columns)
        return blocks.joined(parts, span, down=uneven or el.scope.joins == "down")
    return found if found.rank == 2 else replace(found, row=bracket == "[")


def turned(el: Elaborator, group: s.Group, span: s.Span) -> Value:
    """``(a, b)⊤`` and ``[a, b]⊤`` of scalars as a column, of vectors and matrices as the transpose of the blocks."""
    value = el(group)
    blocked = value.rank == 2 or any(el(n).rank for n in group.body.items if not isinstance(n, s.Dots))
    return algebra.transposed(value, span) if blocked else replace(value, row=False)


def has_list(node: s.Node) -> bool:
    """Whether a list in brackets stands in a formula."""
    return any(isinstance(n, s.Group) and isinstance(n.body, s.Items) for n in s.walk(node))


def shortened(node: s.Matrix) -> bool:
    """Whether an ellipsis stands in a table."""
    return any(isinstance(cell, s.Dots) for row in node.rows for cell in row)


def continued(el: Elaborator, node: s.Matrix) -> Value:
    """A column or a row of a table in which an ellipsis stands."""
    if all(len(row) == 1 for row in node.rows):
        return listed(el, tuple(row[0] for row in node.rows), node.span, down=True)
    row, *others = node.rows
    if others:
        raise ReadingError("a table with an ellipsis is read if it has one row or one column", node.span)
    found = listed(el, row, node.span, down=False)
    return found if found.rank == 2 else replace(found, row=True)


def listed(el: Elaborator, items: tuple[s.Node, ...], span: s.Span, *, down: bool) -> Value:
    """The items below each other or side by side; what an ellipsis leaves out must follow from its neighbours."""
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
    if value.rank > 1 or value.labels != (label,) or (value.rank and value.row is not down):
        raise ReadingError("the entries of this list are not understood", span)
    whole = Value(value.tensor)
    return whole if down or not value.rank else algebra.transposed(whole, span)


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

"""Products and sums of values: the shapes decide between scaling, matrix product, inner and outer product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from symbolic.program.expressions import Index, Zero
from symbolic.program.tensors import Tensor, fresh_indices
from symbolic.verification.elaboration.values import (
    Frame,
    ShapeMisfit,
    SizeUnknown,
    Value,
    closed,
    fitted,
    pointwise,
    same,
)
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.syntax import Span


def scaled(a: Value, b: Value, span: Span) -> Value:
    """A product of which one factor is a scalar."""
    return pointwise(lambda x, y: x * y, [a, b], span, "the scaling")


def product(a: Value, b: Value, span: Span) -> Value:
    """Juxtaposition: the shapes decide between scaling, matrix product, inner and outer product."""
    if a.rank == 0 or b.rank == 0:
        return scaled(a, b, span)
    if a.form == "identity" or b.form == "identity":
        return (
            scaled(Value(a.tensor, a.labels), b, span)
            if a.form == "identity"
            else scaled(a, Value(b.tensor, b.labels), span)
        )
    if a.form == "ones" and not a.row and b.rank == 1 and b.row and not b.form:
        return replace(pointwise(lambda x, y: x * y, [Value(a.tensor, a.labels), b], span), form="rows", row=False)
    if b.form == "ones" and b.row and a.rank == 1 and not a.row and not a.form:
        return replace(pointwise(lambda x, y: x * y, [a, Value(b.tensor, b.labels)], span), form="columns")
    if a.form == "ones" and not b.form:
        a = closed(a, b.core[0] if a.row else _unknown(a, span))
    if b.form == "ones" and not a.form:
        b = closed(b, a.core[-1] if not b.row and (a.rank == 2 or a.row) else _unknown(b, span))
    if a.form or b.form:
        _unknown(a if a.form else b, span)
    frame = Frame([a, b], span)
    if a.rank == 1 and b.rank == 1:
        if not a.row and b.row:
            i, j = fresh_indices((a.core[0], b.core[0]))
            tensor, labels = frame.build((i, j), frame.read(a, (i,)) * frame.read(b, (j,)))
            return Value(tensor, labels)
        if a.row and not b.row:
            return inner(a, b, span)
        kind = "rows" if a.row else "columns"
        hint = (
            "write x⊤y for the inner product, xy⊤ for the outer one or x⊙y entry by entry"
            if not a.row
            else "one of them should be transposed"
        )
        raise ShapeMisfit(f"two {kind} are multiplied, {a.describe()} and {b.describe()}: {hint}", span)
    if a.rank > 2 or b.rank > 2:
        raise ShapeMisfit(
            f"the product of {a.describe()} and {b.describe()} is not defined; write it with indices", span
        )
    if a.rank == 1 and not a.row:
        raise ShapeMisfit(
            f"a column times a matrix: {a.describe()} and {b.describe()}; the column's transpose may be meant", span
        )
    if b.rank == 1 and b.row:
        raise ShapeMisfit(
            f"a matrix times a row: {a.describe()} and {b.describe()}; the row's transpose may be meant", span
        )
    if not same(a.core[-1], b.core[0]):
        hint = ""
        for name, left, right in (("first", a.core[:1], b.core[:1]), ("second", a.core[-1:], b.core[-1:])):
            if same(left[0], right[0]):
                hint = f"; the {name} factor's transpose would fit"
                break
        raise ShapeMisfit(
            f"the matrix product of {a.describe()} and {b.describe()} does not fit: {a.core[-1]} against {b.core[0]}{hint}",
            span,
        )
    left = fresh_indices(a.core[:-1])
    right = fresh_indices(b.core[1:], avoid=1)
    k = Index("k", a.core[-1])
    tensor, labels = frame.build((*left, *right), frame.read(a, (*left, k)) * frame.read(b, (k, *right)), (k,))
    return Value(tensor, labels, row=a.rank == 1)


def _unknown(v: Value, span: Span) -> sp.Expr:
    raise SizeUnknown(
        f"the size of {v.describe()} is not known here; write it as an index, as in \\mathbf{{1}}_n", span
    )


def inner(a: Value, b: Value, span: Span) -> Value:
    """The sum of products of the entries of two arrays of one shape."""
    if a.form and not b.form:
        a = fitted(a, replace(b, row=a.row), span)
    if b.form and not a.form:
        b = fitted(b, replace(a, row=b.row), span)
    if a.rank != b.rank or not all(same(x, y) for x, y in zip(a.core, b.core, strict=True)):
        raise ShapeMisfit(f"the inner product of {a.describe()} and {b.describe()} does not fit", span)
    frame = Frame([a, b], span)
    core = fresh_indices(a.core)
    tensor, labels = frame.build((), frame.read(a, core) * frame.read(b, core), core)
    return Value(tensor, labels)


def hadamard(a: Value, b: Value, span: Span) -> Value:
    """The product entry by entry."""
    return pointwise(lambda x, y: x * y, [a, b], span, "the entrywise product")


def kronecker(a: Value, b: Value, span: Span) -> Value:
    """The Kronecker product of matrices; of two columns the outer product."""
    from symbolic.language.products import kron  # the language is loaded when a document needs it

    if a.rank == 1 and b.rank == 1 and not a.row and not b.row:
        return product(a, transposed(b, span), span)
    if a.form or b.form:
        _unknown(a if a.form else b, span)
    if a.labels or b.labels or not 1 <= a.rank <= 2 or not 1 <= b.rank <= 2:
        raise ReadingError(f"⊗ between {a.describe()} and {b.describe()} is not read", span)
    return Value(kron(_as_matrix(a), _as_matrix(b)))


def _as_matrix(value: Value) -> Tensor:
    """A column as a matrix of one column, a row as one of one row."""
    from symbolic.language.shaping import expand_dims

    return value.tensor if value.rank == 2 else expand_dims(value.tensor, 0 if value.row else 1)


def transposed(v: Value, span: Span) -> Value:
    """Rows and columns exchanged."""
    if v.form == "identity" or v.rank == 0:
        return v
    if v.rank == 1:
        return replace(v, row=not v.row, of=None, by=None, raw=None)
    if v.rank != 2:
        raise ShapeMisfit(f"{v.describe()} has no transpose; write it with indices", span)
    frame = Frame([v], span)
    i, j = fresh_indices(v.core[::-1])
    tensor, labels = frame.build((i, j), frame.read(v, (j, i)))
    return Value(tensor, labels)


def diagonal_matrix(v: Value, span: Span) -> Value:
    """diag of a vector, or the diagonal of a matrix as a column."""
    if v.form:
        raise ShapeMisfit(f"diag of {v.describe()}: the size is not known", span)
    if v.rank == 0 and len(v.labels) == 1:
        v = Value(v.tensor)
    frame = Frame([v], span)
    if v.rank == 1:
        i, j = fresh_indices((v.core[0], v.core[0]))
        tensor, labels = frame.build((i, j), frame.read(v, (i,)), guards=[Zero(i - j)])
        return Value(tensor, labels)
    if v.rank == 2 and same(*v.core):
        (i,) = fresh_indices(v.core[:1])
        tensor, labels = frame.build((i,), frame.read(v, (i, i)))
        return Value(tensor, labels)
    raise ShapeMisfit(f"diag needs a vector or a square matrix, got {v.describe()}", span)


def trace(v: Value, span: Span) -> Value:
    """The sum of the diagonal."""
    if v.rank == 0:
        return v
    if v.form or v.rank != 2 or not same(*v.core):
        raise ShapeMisfit(f"the trace needs a square matrix, got {v.describe()}", span)
    return total(diagonal_matrix(v, span), span)


def total(v: Value, span: Span, kind: str = "sum") -> Value:
    """All core entries reduced."""
    if v.form:
        raise ShapeMisfit(f"the sum over {v.describe()}: its size is not known", span)
    frame = Frame([v], span)
    core = fresh_indices(v.core)
    tensor, labels = frame.build((), frame.read(v, core), core, reduce=kind)
    return Value(tensor, labels)


def reduced(v: Value, drop: Sequence[str], kind: str, span: Span) -> Value:
    """The free indices ``drop`` reduced."""
    frame = Frame([v], span)
    core = fresh_indices(v.core)
    tensor, labels = frame.build(core, frame.read(v, core), reduce=kind, drop=drop)
    return Value(tensor, labels, v.row)

"""Values of expressions: a tensor together with its free indices and whether a vector stands as a column or a row.

Matrix notation is richer than a shape: ``xy⊤`` and ``x⊤y`` multiply the same two vectors. A value keeps the orientation,
and index notation's free indices (``W_{ij} x_j``) as named leading axes, so that every product is one equation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from symbolic.language.shaping import eye, ones
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Index
from symbolic.program.tensors import Tensor, computed, fresh_indices
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.syntax import Span


class ShapeMisfit(ReadingError):
    """Shapes or free indices that do not fit."""


class SizeUnknown(ShapeMisfit):
    """An identity or a vector of ones whose size nothing tells."""


class FreeIndex(ReadingError):
    """The right side of a definition depends on index letters that its left side does not have: ``J = −log p_o``."""

    def __init__(self, letters: tuple[str, ...], span: Span):
        super().__init__(f"the right side depends on the index {', '.join(letters)}, the left does not", span)
        self.letters = letters


class UnknownSymbol(ReadingError):
    """A name that nothing introduces."""

    def __init__(self, name: str, message: str, span: Span):
        super().__init__(message, span)
        self.name = name


class NotWritten(ReadingError):
    """A derivative of ``of`` by a ``by`` through which it is not written."""

    def __init__(self, of: Tensor, by: Tensor, span: Span):
        super().__init__(
            f"{of.name or 'the expression'} is not written through {by.name}, so the derivative by {by.name} has no meaning here; "
            f"define {of.name or 'it'} in terms of {by.name}",
            span,
        )
        self.of, self.by = of, by


@dataclass(frozen=True)
class Value:
    """``tensor`` with axes ``labels`` first, then those of the mathematics ("core"): scalar, vector or matrix.

    ``row`` says that a vector is written as a row. ``form`` is ``""``, or ``"identity"`` or ``"ones"`` for a matrix or vector
    whose size the context decides; ``tensor`` is then its scalar factor. ``of`` and ``by`` are set on a bare derivative,
    whose entries in numerator order are ``raw``. ``whole`` says that the tensor has a name here, though none of its own, and
    is not written out where it is read.
    """

    tensor: Tensor
    labels: tuple[str, ...] = ()
    row: bool = False
    form: str = ""
    of: Tensor | None = None
    by: Tensor | None = None
    raw: Tensor | None = None
    whole: bool = False

    def read(self, at: Sequence[sp.Expr]) -> sp.Expr:
        """The entry at the indices ``at`` of all axes."""
        return self.tensor.access(*at) if self.whole else read(self.tensor, at)

    @property
    def core(self) -> tuple[sp.Expr, ...]:
        """The extents of the axes that are not free indices."""
        return self.tensor.extents[len(self.labels) :]

    @property
    def rank(self) -> int:
        """The number of core axes (of an open form: as if its size were known)."""
        return {"identity": 2, "ones": 1, "rows": 2, "columns": 2}.get(self.form, len(self.core))

    def extent(self, label: str) -> sp.Expr:
        """The extent of a free index."""
        return self.tensor.extents[self.labels.index(label)]

    def describe(self) -> str:
        """What it is, for messages: ``an m×n matrix``."""
        name = f"{self.tensor.name} " if self.tensor.name else ""
        if self.form:
            return {"identity": "the identity", "ones": "a vector of ones"}.get(
                self.form, "a matrix of equal rows or columns"
            )
        sizes = [str(e) for e in self.core]
        text = {0: "a scalar", 1: f"a {'row' if self.row else 'column'} of {sizes[0] if sizes else ''} numbers"}.get(
            self.rank, f"a {'×'.join(sizes)} {'matrix' if self.rank == 2 else 'array'}"
        )
        return f"{name}({text})" if name else text


def number(value: sp.Expr | int) -> Value:
    """A scalar constant."""
    return Value(computed(Equation((), sp.sympify(value, strict=True))))


def same(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether two extents are equal."""
    return sp.expand(a - b) == 0


# -- reading entries ---------------------------------------------------------------------------------------------------


def read(t: Tensor, at: Sequence[sp.Expr]) -> sp.Expr:
    """``t[at]``, with the body of an unnamed entry-by-entry definition in its place."""
    eq = t.definition
    if isinstance(eq, Equation) and eq.is_pointwise and t.name is None and t.call is None and _small(eq.body):
        return eq.body.xreplace(dict(zip(eq.indices, at, strict=True)))
    return t.access(*at)


def _small(body: sp.Expr) -> bool:
    return body.count_ops() <= 60


class Frame:
    """One index object per free index while an equation is built."""

    def __init__(self, values: Iterable[Value], span: Span):
        self.extents: dict[str, sp.Expr] = {}
        for v in values:
            for label in v.labels:
                size = v.extent(label)
                known = self.extents.setdefault(label, size)
                if not same(known, size):
                    raise ShapeMisfit(
                        f"the index {label.partition('#')[0]} runs over {known} values in one place and over {size} in {v.describe()}",
                        span,
                    )
        self.index = {label: Index(label[0], e) for label, e in self.extents.items()}
        self.labels = tuple(self.extents)

    def read(self, v: Value, core: Sequence[sp.Expr] = ()) -> sp.Expr:
        """The entry of ``v`` at this frame's indices."""
        return v.read((*(self.index[label] for label in v.labels), *core))

    def build(
        self, core: Sequence[Index], body: sp.Expr, bound: Sequence[Index] = (), guards=(), reduce: str = "sum", drop=()
    ) -> tuple[Tensor, tuple[str, ...]]:
        """The tensor with this frame's indices first, then ``core``; the labels in ``drop`` are reduced."""
        labels = tuple(label for label in self.labels if label not in drop)
        out = (*(self.index[label] for label in labels), *core)
        if not bound and not drop and not guards:
            return computed(Equation(out, body)), labels
        dtype = "int" if reduce.startswith("arg") else "real"
        dropped = (*(self.index[d] for d in drop), *bound)
        return computed(equation(out, body, dropped, reduce, guards), dtype), labels


# -- open forms --------------------------------------------------------------------------------------------------------


def closed(v: Value, size: sp.Expr) -> Value:
    """An identity or a vector of ones with its size."""
    if v.form == "identity":
        base = Value(eye_of(size))
        return pointwise(lambda a, b: a * b, [Value(v.tensor, v.labels), base], (0, 0))
    if v.form == "ones":
        base = Value(ones((size,)), row=v.row)
        return pointwise(lambda a, b: a * b, [Value(v.tensor, v.labels), base], (0, 0))
    return v


def eye_of(size: sp.Expr) -> Tensor:
    """The identity matrix of an extent."""
    return eye(_dim(size))


def _dim(size: sp.Expr):
    from symbolic.program.dims import as_dim

    return as_dim(size)


def fitted(v: Value, like: Value, span: Span) -> Value:
    """``v`` with the size that ``like`` gives it, and a bare 0 in the shape of ``like``."""
    if v.form == "identity":
        if like.rank != 2 or like.form or not same(like.core[0], like.core[1]):
            raise ShapeMisfit(f"an identity matrix stands where {like.describe()} is needed", span)
        return closed(v, like.core[0])
    if v.form in ("rows", "columns"):
        axis = 1 if v.form == "rows" else 0
        size = v.tensor.extents[-1]
        if like.rank != 2 or like.form or not same(like.core[axis], size):
            raise ShapeMisfit(f"{v.describe()} of {size} entries stands where {like.describe()} is needed", span)
        frame = Frame([v], span)
        core = fresh_indices(like.core)
        tensor, labels = frame.build(core, frame.read(v, (core[axis],)))
        return Value(tensor, labels)
    if v.form == "ones":
        if like.rank != 1 or like.form:
            raise ShapeMisfit(f"a vector of ones stands where {like.describe()} is needed", span)
        return closed(v, like.core[0])
    return v


# -- entry by entry ----------------------------------------------------------------------------------------------------


def _square(values: Sequence[Value]) -> Value | None:
    """The identity of the size that equal rows or columns have, where the two meet: in I − x𝟏⊤ both are square."""
    sizes = [v.core[-1] for v in values if v.form in ("rows", "columns")]
    return (
        closed(next(v for v in values if v.form == "identity"), sizes[0])
        if sizes and any(v.form == "identity" for v in values)
        else None
    )


def pointwise(f: Callable[..., sp.Expr], values: Sequence[Value], span: Span, what: str = "the sum") -> Value:
    """``f`` entry by entry; scalars meet everything, otherwise shapes and orientation must agree."""
    known = next((v for v in values if v.rank and not v.form), None) or _square(values)
    if known is not None:
        values = [fitted(v, known, span) if v.form else v for v in values]
    elif any(v.form for v in values):
        forms = {(v.form, v.row) for v in values if v.form}
        scalars = [v for v in values if not v.form]
        if len(forms) == 1 and (not scalars or what == "the scaling"):
            (form, row), frame = forms.pop(), Frame(values, span)
            sized = [v for v in values if v.form and v.core]
            if not all(same(v.core[0], sized[0].core[0]) for v in sized):
                raise ShapeMisfit(f"{what}: rows or columns of {sized[0].core[0]} and of other sizes do not fit", span)
            core = fresh_indices(sized[0].core) if sized else ()
            tensor, labels = frame.build(core, f(*(frame.read(v, core if v.form else ()) for v in values)))
            return Value(tensor, labels, row, form)
        raise SizeUnknown(
            f"{what}: the size of {values[0].describe()} is not known here; write it as an index, as in I_n", span
        )
    shaped = [v for v in values if v.rank]
    big = max(shaped, key=lambda v: v.rank, default=None)
    for v in shaped:
        if v.rank != big.rank:
            if (v.rank, big.rank) == (1, 2) and (along(v, big) is not None):
                continue
            raise ShapeMisfit(f"{what}: {big.describe()} and {v.describe()} do not fit", span)
        if not all(same(a, b) for a, b in zip(v.core, big.core, strict=True)):
            hint = ""
            if v.rank == 2 and same(v.core[0], big.core[1]) and same(v.core[1], big.core[0]):
                hint = "; one of them is transposed"
            raise ShapeMisfit(f"{what}: {big.describe()} and {v.describe()} do not fit{hint}", span)
        if v.rank == 1 and v.row != big.row:
            raise ShapeMisfit(f"{what}: a row and a column meet: {big.describe()} and {v.describe()}", span)
    frame = Frame(values, span)
    core = fresh_indices(big.core if big is not None else ())
    parts = []
    for v in values:
        at = () if not v.rank else core if v.rank == big.rank else (core[along(v, big)],)
        parts.append(frame.read(v, at))
    tensor, labels = frame.build(core, f(*parts))
    return Value(tensor, labels, big.row if big is not None and big.rank == 1 else False)


def along(v: Value, matrix: Value) -> int | None:
    """The axis of the matrix along which a vector is repeated (a bias added to every example), if only one fits."""
    fits = [axis for axis in (0, 1) if same(v.core[0], matrix.core[axis])]
    return fits[0] if len(fits) == 1 else None


# -- entries -----------------------------------------------------------------------------------------------------------


def entry(v: Value, at: Sequence[tuple[str, sp.Expr] | sp.Expr | Value | None], span: Span) -> Value:
    """Core axes read at free indices ``(label, extent)``, at fixed positions, at the classes that a value of whole numbers
    holds, or kept (None); later axes are kept."""
    if v.form or len(at) > v.rank:
        raise ShapeMisfit(f"{v.describe()} does not take {len(at)} indices", span)
    at = [*at, *[None] * (v.rank - len(at))]
    extents = {label: v.extent(label) for label in v.labels}
    kept: list[Index] = []
    labels = list(v.labels)
    index = {label: Index(label[0], e) for label, e in extents.items()}
    core: list[sp.Expr] = []
    for place, size in zip(at, v.core, strict=True):
        if place is None:
            kept.append(fresh_indices((size,), avoid=len(kept))[0])
            core.append(kept[-1])
        elif isinstance(place, tuple):
            label, known = place
            if known is not None and not same(known, size):
                raise ShapeMisfit(
                    f"the index {label.partition('#')[0]} runs over {known} values, but that axis of {v.describe()} has {size}",
                    span,
                )
            if label not in index:
                index[label] = Index(label[0], size)
                labels.append(label)
            elif not same(index[label].extent, size):
                raise ShapeMisfit(
                    f"the index {label.partition('#')[0]} stands on axes of {index[label].extent} and {size} in {v.describe()}",
                    span,
                )
            core.append(index[label])
        elif isinstance(place, Value):
            for label in place.labels:
                if label not in index:
                    index[label] = Index(label[0], place.extent(label))
                    labels.append(label)
                elif not same(index[label].extent, place.extent(label)):
                    raise ShapeMisfit(
                        f"the index {label.partition('#')[0]} runs over two ranges in {v.describe()}", span
                    )
            core.append(place.tensor.access(*(index[label] for label in place.labels)))
        else:
            if size.is_Integer and place.is_Integer and not 0 <= place < size:
                raise ShapeMisfit(f"entry {int(place) + 1} of {v.describe()} does not exist", span)
            core.append(place)
    out = (*(index[label] for label in labels), *kept)
    at_all = (*(index[label] for label in v.labels), *core)
    if out == at_all:
        return Value(v.tensor, tuple(labels), v.row and len(kept) == 1)
    return Value(computed(Equation(out, v.read(at_all))), tuple(labels), v.row and len(kept) == 1)


def ordered(v: Value, labels: Sequence[str], extents: dict[str, sp.Expr]) -> Tensor:
    """The tensor with axes for all of ``labels`` (repeated along those that it lacks), then the core axes."""
    index = {label: Index(label[0], extents[label]) for label in labels}
    core = fresh_indices(v.core)
    at = (*(index[label] for label in v.labels), *core)
    out = (*(index[label] for label in labels), *core)
    if at == out:
        return v.tensor
    return computed(Equation(out, v.read(at)))


_fresh = itertools.count(1)


def fresh_label(letter: str) -> str:
    """A bound index's own label."""
    return f"{letter}#{next(_fresh)}"

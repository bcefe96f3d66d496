"""The syntax tree to values: what each way of writing means, given what the document has introduced."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.tensors import computed
from symbolic.verification.elaboration import (
    algebra,
    blocks,
    calls,
    derivatives,
    differentials,
    lists,
    points,
    products,
    sums,
)
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.scripts import Scripts
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

LARGEST_EXPONENT = 64
_CONSTANTS = {"pi": sp.pi, "infinity": sp.oo}


class Elaborator(Scripts):
    """Gives meaning to nodes in one scope. ``env`` maps an index letter to its label and, if known, its extent; ``zero``
    are the letters that count from 0, as the i of a sum from i = 0 does."""

    def __init__(
        self,
        scope: Scope,
        env: Mapping[str, tuple[str, sp.Expr | None]] | None = None,
        zero: Container[str] = frozenset(),
    ):
        self.scope = scope
        self.env = dict(env or {})
        self.zero = frozenset(letter for letter in self.env if letter in zero)

    def __call__(self, node: s.Node) -> Value:
        """The value of a node. Raises ``ReadingError`` (``ShapeMisfit``, ``UnknownSymbol``) with the place."""
        method = getattr(self, "_" + type(node).__name__.lower())
        try:
            return method(node)
        except ReadingError as error:
            if error.span == (0, 0):
                error.span = node.span
            raise
        except ChainruleError as error:
            raise ReadingError(str(error), node.span) from error

    def inside(self, env: Mapping[str, tuple[str, sp.Expr | None]], zero: Iterable[str] = ()) -> Elaborator:
        """The same scope with more index letters bound; ``zero`` are those of them that count from 0."""
        return Elaborator(self.scope, {**self.env, **env}, (self.zero - env.keys()) | set(zero))

    # -- leaves ------------------------------------------------------------------------------------------------------

    def _number(self, node: s.Number) -> Value:
        if len(node.text) > 40:
            raise ReadingError("a number of more than 40 digits is not read", node.span)
        return v.number(sp.Rational(node.text))

    def _symbol(self, node: s.Symbol) -> Value:
        name = node.name
        known = self.scope.values.get(name)
        if known is not None:
            return known
        if name in self.env:
            return self.number(name, node.span)
        if self.scope.dim(name) is not None:
            return v.number(self.scope.dims[name])
        if name in ("I", "Id", "Identity"):
            return Value(v.number(1).tensor, form="identity")
        if name == "ones":
            ones = Value(v.number(1).tensor, form="ones")
            return v.closed(ones, self.scope.dims[self.scope.ones]) if self.scope.ones else ones
        if name == "e":
            return v.number(sp.E)
        if name in _CONSTANTS:
            return v.number(_CONSTANTS[name])
        raise self.unknown(name, node)

    def unknown(self, name: str, node: s.Node) -> UnknownSymbol:
        """The error of a name that nothing introduces, with what to do."""
        close = [known for known in self.scope.values if known.split("_")[0] == name.split("_")[0] and known != name]
        hint = f" ({', '.join(sorted(close)[:4])} is declared)" if close else ""
        shown = name.replace("_l", "^").replace("_", "_")
        return UnknownSymbol(
            name,
            f"the symbol {shown} is not declared{hint}; say what it is, as in ${shown} \\in \\mathbb{{R}}^n$",
            node.span,
        )

    def number(self, letter: str, span: s.Span) -> Value:
        """An index letter as a number: the first entry has number 1, or 0 where the letter counts from 0."""
        label, extent = self.env[letter]
        if extent is None:
            raise ReadingError(f"the range of the index {letter} is not known here", span)
        i = Index(letter, extent)
        return Value(computed(Equation((i,), i if letter in self.zero else i + 1)), (label,))

    def _mark(self, node: s.Mark) -> Value:
        raise ReadingError(f"{node.sign!r} stands alone", node.span)

    def _dots(self, node: s.Dots) -> Value:
        raise ReadingError("an ellipsis leaves out what is to be checked; write it in full or with an index", node.span)

    def _items(self, node: s.Items) -> Value:
        raise ReadingError("several expressions stand where one is expected", node.span)

    def _relation(self, node: s.Relation) -> Value:
        return self.condition(node)

    # -- sums and products ---------------------------------------------------------------------------------------------

    def _sum(self, node: s.Sum) -> Value:
        parts = [self(term) for _, term in node.terms]
        signs = [sign for sign, _ in node.terms]
        if len(parts) == 1 and signs[0] == 1:
            return parts[0]
        matrices = [p for p in parts if p.rank and not p.form]
        widest = max(matrices, key=lambda p: p.rank, default=None)
        if widest is not None and widest.rank == 2:
            self.scope.along_rows.update(
                p.tensor.serial for p in matrices if p.rank == 1 and v.along(p, widest) == 1 and not p.labels
            )
        if matrices and any(
            p.rank == 0 and not self._mere_number(t) for p, (_, t) in zip(parts, node.terms, strict=True)
        ):
            self._note_broadcast(parts)
        return v.pointwise(lambda *xs: sp.Add(*(sign * x for sign, x in zip(signs, xs, strict=True))), parts, node.span)

    def _mere_number(self, node: s.Node) -> bool:
        return all(isinstance(n, (s.Number, s.Fraction, s.Sum, s.Product, s.Group)) for n in s.walk(node))

    def _note_broadcast(self, parts: Sequence[Value]) -> None:
        note = "a scalar added to an array is added to every entry"
        if note not in self.scope.notes:
            self.scope.notes.append(note)

    def _product(self, node: s.Product) -> Value:
        try:
            return products.multiplied(self, node)
        except ShapeMisfit:
            if self.scope.joins == "down" or not lists.has_list(node):
                raise
            below = Elaborator(replace(self.scope, joins="down"), self.env, self.zero)
            return products.multiplied(below, node)  # W[h, x] of a W with as many columns as h and x have entries

    def _fraction(self, node: s.Fraction) -> Value:
        return self.divided(self(node.numerator), self(node.denominator), node.span)

    def divided(self, a: Value, b: Value, span: s.Span) -> Value:
        """A quotient: by a scalar, or entry by entry of two arrays of one shape."""
        if b.rank and not (a.rank == b.rank or a.rank == 0):
            raise ShapeMisfit(f"{a.describe()} is divided by {b.describe()}", span)
        what = "the scaling" if b.rank == 0 else "the quotient"
        return v.pointwise(lambda x, y: x / y, [a, b], span, what)

    def _group(self, node: s.Group) -> Value:
        if isinstance(node.body, s.Relation):
            return self.condition(node.body)
        if isinstance(node.body, s.Items):
            return lists.bracketed(self, node.body.items, node.span, node.bracket)
        return self(node.body)

    def stacked(self, parts: Sequence[Value], span: s.Span) -> Value:
        """A column of scalars written out."""
        return v.pointwise(
            lambda *x: sp.Add(*x), [self.one_of(p, k, len(parts), span) for k, p in enumerate(parts)], span
        )

    def one_of(self, part: Value, k: int, size: int, span: s.Span) -> Value:
        """The column with ``part`` at place k and 0 elsewhere."""
        i = Index("i", size)
        unit = Value(computed(Equation((i,), f.Equal(i, sp.Integer(k)))))
        return v.pointwise(lambda a, b: a * b, [part, unit], span)

    def _matrix(self, node: s.Matrix) -> Value:
        width = len(node.rows[0])
        if any(len(row) != width for row in node.rows):
            raise ShapeMisfit("the rows of the matrix have different lengths", node.span)
        if lists.shortened(node):
            return lists.continued(self, node)
        rows = [[self(cell) for cell in row] for row in node.rows]
        if any(cell.rank for row in rows for cell in row):
            return blocks.tabulated(rows, node.span)
        if width == 1:
            return self.stacked([row[0] for row in rows], node.span)
        if len(rows) == 1:
            return algebra.transposed(self.stacked(rows[0], node.span), node.span)
        return self.tabulated(rows, node.span)

    def tabulated(self, rows: Sequence[Sequence[Value]], span: s.Span) -> Value:
        """A matrix of scalars written out."""
        parts = []
        i, j = Index("i", len(rows)), Index("j", len(rows[0]))
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                unit = Value(computed(Equation((i, j), f.Equal(i, sp.Integer(r)) * f.Equal(j, sp.Integer(c)))))
                parts.append(v.pointwise(lambda a, b: a * b, [value, unit], span))
        return v.pointwise(lambda *x: sp.Add(*x), parts, span)

    def _cases(self, node: s.Cases) -> Value:
        *rows, last = node.rows
        result = self(last[0])
        for value, condition in reversed(rows):
            if condition is None:
                raise ReadingError("'otherwise' is the last case", value.span)
            parts = [self.condition(condition), self(value), result]
            result = v.pointwise(lambda test, a, b: f.Where(test, a, b), parts, node.span, "the cases")
        return result

    # -- conditions ------------------------------------------------------------------------------------------------------

    def _indicator(self, node: s.Indicator) -> Value:
        return self.condition(node.condition)

    def condition(self, node: s.Node) -> Value:
        """1 where a relation holds, else 0."""
        if isinstance(node, s.Group):
            return self.condition(node.body)
        if not isinstance(node, s.Relation):
            raise ReadingError("a condition such as x > 0 is expected", node.span)
        if isinstance(node.right, s.Relation):
            first = self.condition(s.Relation(node.span, node.sign, node.left, node.right.left))
            return v.pointwise(lambda a, b: a * b, [first, self.condition(node.right)], node.span)
        tests = {
            "=": f.Equal, "<": f.Less, "<=": f.LessEqual, ">": lambda a, b: f.Less(b, a), ">=": lambda a, b: f.LessEqual(b, a),
            "!=": lambda a, b: 1 - f.Equal(a, b),
        }  # fmt: skip
        if node.sign == "in":
            return sums.membership(self, node)
        if node.sign not in tests:
            raise ReadingError(f"the condition {node.sign!r} is not read", node.span)
        return v.pointwise(tests[node.sign], self.counted(node.left, node.right), node.span, "the condition")

    def counted(self, *nodes: s.Node) -> list[Value]:
        """The sides of a condition: a class counts from 1, or from 0 where the index does with which it is compared."""
        first = all(n.name not in self.zero for node in nodes for n in s.walk(node) if isinstance(n, s.Symbol))
        values = [self(node) for node in nodes]
        return [
            v.pointwise(lambda i: i + int(first), [value], node.span) if value.tensor.dtype == "int" else value
            for value, node in zip(values, nodes, strict=True)
        ]

    # -- what lives in other files -------------------------------------------------------------------------------------------

    def _norm(self, node: s.Norm) -> Value:
        return calls.norm(self, s.Scripted(node.span, node, None, None))

    def _root(self, node: s.Root) -> Value:
        body = self(node.body)
        if node.degree is None:
            return v.pointwise(sp.sqrt, [body], node.span)
        degree = self(node.degree)
        return v.pointwise(lambda a, n: a ** (1 / n), [body, degree], node.span)

    def _call(self, node: s.Call) -> Value:
        return calls.call(self, node)

    def _big(self, node: s.Big) -> Value:
        return sums.big(self, node)

    def _at(self, node: s.At) -> Value:
        return points.at(self, self(node.body), node.point)

    def _derivative(self, node: s.Derivative) -> Value:
        return derivatives.derivative(self, node)

    def _nabla(self, node: s.Nabla) -> Value:
        raise ReadingError("∇ stands without the function that it differentiates", node.span)

    def _differential(self, node: s.Differential) -> Value:
        return differentials.differential(self, node)

"""The syntax tree to values: what each way of writing means, given what the document has introduced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.language.pointwise import UNARY
from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.tensors import computed
from symbolic.verification.elaboration import calls, derivatives, names, products, sums
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

LARGEST_EXPONENT = 64
_CONSTANTS = {"pi": sp.pi, "infinity": sp.oo}


class Elaborator:
    """Gives meaning to nodes in one scope. ``env`` maps an index letter to its label and, if known, its extent."""

    def __init__(self, scope: Scope, env: Mapping[str, tuple[str, sp.Expr | None]] | None = None):
        self.scope = scope
        self.env = dict(env or {})

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

    def inside(self, env: Mapping[str, tuple[str, sp.Expr | None]]) -> Elaborator:
        """The same scope with more index letters bound."""
        return Elaborator(self.scope, {**self.env, **env})

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
            return self.position(name, node.span)
        if self.scope.dim(name) is not None:
            return v.number(self.scope.dims[name])
        if name in ("I", "Id", "Identity"):
            return Value(v.number(1).tensor, form="identity")
        if name == "ones":
            return Value(v.number(1).tensor, form="ones")
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

    def position(self, letter: str, span: s.Span) -> Value:
        """An index letter as a number (counted from 0)."""
        label, extent = self.env[letter]
        if extent is None:
            raise ReadingError(f"the range of the index {letter} is not known here", span)
        i = Index(letter, extent)
        return Value(computed(Equation((i,), i), "int"), (label,))

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
        return products.multiplied(self, node)

    def _fraction(self, node: s.Fraction) -> Value:
        return self.divided(self(node.numerator), self(node.denominator), node.span)

    def divided(self, a: Value, b: Value, span: s.Span) -> Value:
        """A quotient: by a scalar, or entry by entry of two arrays of one shape."""
        if b.rank and not (a.rank == b.rank or a.rank == 0):
            raise ShapeMisfit(f"{a.describe()} is divided by {b.describe()}", span)
        return v.pointwise(lambda x, y: x / y, [a, b], span, "the quotient")

    def _group(self, node: s.Group) -> Value:
        if isinstance(node.body, s.Relation):
            return self.condition(node.body)
        if isinstance(node.body, s.Items):
            return self.stacked([self(item) for item in node.body.items], node.span)
        return self(node.body)

    def stacked(self, parts: Sequence[Value], span: s.Span) -> Value:
        """A column of scalars written out."""
        if any(p.rank for p in parts):
            raise ReadingError("a list in brackets is read as a column of scalars", span)
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
        if width == 1:
            return self.stacked([self(row[0]) for row in node.rows], node.span)
        if len(node.rows) == 1:
            return v.transposed(self.stacked([self(c) for c in node.rows[0]], node.span), node.span)
        parts = []
        i, j = Index("i", len(node.rows)), Index("j", width)
        for r, row in enumerate(node.rows):
            for c, cell in enumerate(row):
                unit = Value(computed(Equation((i, j), f.Equal(i, sp.Integer(r)) * f.Equal(j, sp.Integer(c)))))
                value = self(cell)
                if value.rank:
                    raise ReadingError("a matrix of matrices is not read", cell.span)
                parts.append(v.pointwise(lambda a, b: a * b, [value, unit], cell.span))
        return v.pointwise(lambda *x: sp.Add(*x), parts, node.span)

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
        left, right = (self.counted(n) for n in (node.left, node.right))
        return v.pointwise(tests[node.sign], [left, right], node.span, "the condition")

    def counted(self, node: s.Node) -> Value:
        """A side of a condition: an index letter counts from 1, as numbers in conditions do."""
        if isinstance(node, s.Symbol) and node.name in self.env and node.name not in self.scope.values:
            return v.pointwise(lambda i: i + 1, [self.position(node.name, node.span)], node.span)
        return self(node)

    # -- scripts -----------------------------------------------------------------------------------------------------------

    def _scripted(self, node: s.Scripted) -> Value:
        base, sub, sup, primes = self._head(node)
        if node.indexed is not None:
            base = self.indexed(base, node.indexed, node.span)
        for _ in range(primes):
            base = self.primed(base, node)
        if sub is not None:
            base = self.subscripted(base, sub, node)
        if sup is not None:
            base = self.superscripted(base, sup, node)
        return base

    def _head(self, node: s.Scripted) -> tuple[Value, s.Node | None, s.Node | None, int]:
        """The value before the scripts that are not part of the name, and those scripts."""
        if isinstance(node.base, s.Norm) and node.base.kind in ("norm", "abs"):
            return calls.norm(self, node), None, None, node.primes
        if not isinstance(node.base, s.Symbol):
            return self(node.base), node.sub, node.sup, node.primes
        for name, uses_sub, uses_sup in names.candidate_names(node):
            if name in self.scope.values:
                primes = 0 if name.startswith(node.base.name + "_prime") else node.primes
                return self.scope.values[name], None if uses_sub else node.sub, None if uses_sup else node.sup, primes
        name = node.base.name
        if name in self.scope.values:
            sampled = name in self.scope.sampled
            if sampled and names.is_layer(node.sup):
                return self.indexed(self.scope.values[name], node.sup, node.span), node.sub, None, node.primes
            return self.scope.values[name], node.sub, node.sup, node.primes
        special = self._special(node)
        if special is not None:
            return special
        candidates = [c for c in names.candidate_names(node) if c[1] or c[2]]
        missing = candidates[0][0] if candidates and (self._numbered(node)) else name
        if name in self.env or self.scope.dim(name) is not None or name in ("I", "ones", "e", "pi"):
            return self(node.base), node.sub, node.sup, node.primes
        raise self.unknown(missing, node)

    def _numbered(self, node: s.Scripted) -> bool:
        sub = node.sub
        return sub is None or not any(isinstance(n, s.Symbol) and n.name in self.env for n in s.walk(sub))

    def _special(self, node: s.Scripted) -> tuple[Value, s.Node | None, s.Node | None, int] | None:
        """e^x, I_n, 1_n, 0_n, δ_ij and 1_{…}."""
        name = node.base.name
        if name == "e" and node.sup is not None and node.sub is None:
            exponent = self(node.sup)
            return v.pointwise(sp.exp, [exponent], node.span), None, None, node.primes
        if name in ("I", "ones") and node.sub is not None:
            size = self.size_of(node.sub)
            if size is not None:
                open_form = self(node.base)
                return v.closed(open_form, size), None, node.sup, node.primes
        if name == "delta" and node.sub is not None:
            parts = names.letters(node.sub) or []
            if len(parts) == 2:
                delta = v.pointwise(f.Equal, [self.counted(p) for p in parts], node.span)
                return delta, None, node.sup, node.primes
        return None

    def size_of(self, node: s.Node) -> sp.Expr | None:
        """The extent that a subscript such as n, 3 or n×n names."""
        if isinstance(node, s.Product) and all(sign in ("", "TIMES") for sign, _ in node.factors):
            node = node.factors[0][1]
        if isinstance(node, s.Number) and node.text.isdigit():
            return sp.Integer(node.text)
        if isinstance(node, s.Symbol):
            return self.scope.dim(node.name)
        return None

    def primed(self, base: Value, node: s.Node) -> Value:
        """A prime on an array is its transpose."""
        if base.rank == 0:
            raise ReadingError("a prime on a scalar is not read; write the derivative as ∂/∂", node.span)
        return v.transposed(base, node.span)

    def place(self, part: s.Node, known: bool = True) -> tuple[str, sp.Expr | None] | sp.Expr:
        """One index: a label or a fixed position (written from 1)."""
        if isinstance(part, s.Number) and part.text.isdigit():
            return sp.Integer(int(part.text) - 1)
        if isinstance(part, s.Symbol):
            held = self.scope.values.get(part.name)
            if (
                held is not None
                and held.tensor.dtype == "int"
                and held.rank == 0
                and not held.labels
                and part.name not in self.env
            ):
                return held.tensor.access()
            if part.name in self.env:
                return self.env[part.name]
            if self.scope.dim(part.name) is not None and self.scope.dims[part.name].is_Symbol:
                return self.scope.dims[part.name] - 1
            return part.name, None
        if isinstance(part, s.Sum):
            raise ReadingError(
                "a shifted index such as i+1 is not read; say the entry in words or use a matrix", part.span
            )
        raise ReadingError("this index is not read; an index is a letter or a number", part.span)

    def indexed(self, base: Value, node: s.Node, span: s.Span) -> Value:
        """``x[p]``, ``x^{(p)}``."""
        return v.entry(base, [self.place(p) for p in names.letters(node) or []], span)

    def subscripted(self, base: Value, sub: s.Node, node: s.Scripted) -> Value:
        """Entries by their indices."""
        parts = names.letters(sub) or []
        if isinstance(sub, s.Number) and len(sub.text) == base.rank > 1:
            parts = [s.Number(sub.span, digit) for digit in sub.text]
        parts = [p for p in parts if not isinstance(p, s.Mark)]
        if base.rank == 0 and isinstance(node.base, s.Symbol):
            batched = sums.per_sample(self, node, parts)
            if batched is not None:
                return batched
            raise ReadingError(f"{node.base.name} is a scalar and takes no index", node.span)
        if len(parts) > base.rank:
            raise ShapeMisfit(f"{len(parts)} indices on {base.describe()}", node.span)
        if len(parts) < base.rank:
            batched = sums.per_sample(self, node, parts)
            if batched is not None:
                return batched
        picked = v.entry(base, [self.place(p) for p in parts], node.span)
        return picked

    def superscripted(self, base: Value, sup: s.Node, node: s.Scripted) -> Value:
        """Transpose, inverse or power."""
        if isinstance(sup, s.Group) and isinstance(sup.body, (s.Symbol, s.Number)) and isinstance(node.base, s.Symbol):
            if node.base.name in self.scope.sampled or isinstance(sup.body, s.Symbol):
                batched = sums.per_sample(self, node, [sup.body])
                if batched is not None:
                    return batched
            raise self.unknown(names.candidate_names(node)[0][0], node)
        if isinstance(sup, s.Product) and len(sup.factors) == 2 and self.is_transpose(sup.factors[1][1], base):
            return v.transposed(self.superscripted(base, sup.factors[0][1], node), node.span)
        if self.is_transpose(sup, base):
            return v.transposed(base, node.span)
        if (
            isinstance(sup, s.Sum)
            and len(sup.terms) == 1
            and sup.terms[0][0] < 0
            and self.is_transpose(sup.terms[0][1], base)
        ):
            return v.transposed(calls.inverse(self, base, node.span), node.span)
        if isinstance(sup, s.Mark):
            raise ReadingError(f"the superscript {sup.sign} is not part of a declared name", sup.span)
        if (
            isinstance(sup, s.Product)
            and len(sup.factors) == 2
            and sup.factors[0][0] in ("", "ODOT")
            and isinstance(sup.factors[0][1], s.Mark)
        ):
            return self.power(base, self(sup.factors[1][1]), node.span, entrywise=True)
        return self.power(base, self(sup), node.span)

    def is_transpose(self, node: s.Node, base: Value) -> bool:
        """Whether a superscript is a sign for the transpose."""
        if isinstance(node, s.Mark):
            return node.sign == "⊤"
        if isinstance(node, s.Group):
            return False
        return isinstance(node, s.Symbol) and (
            node.name == "T" or (node.name == "t" and base.rank > 0 and "t" not in self.scope.values)
        )

    def power(self, base: Value, exponent: Value, span: s.Span, entrywise: bool = False) -> Value:
        """A power: entry by entry, except of a square matrix."""
        if exponent.rank:
            raise ShapeMisfit(f"the exponent is {exponent.describe()}", span)
        eq = exponent.tensor.definition
        constant = eq.body if isinstance(eq, Equation) and not eq.accesses and not eq.indices else None
        if (
            constant is not None
            and constant.is_Rational
            and (abs(constant.p) > LARGEST_EXPONENT or constant.q > LARGEST_EXPONENT)
        ):
            raise ReadingError(f"the exponent {constant} is beyond the bound of {LARGEST_EXPONENT}", span)
        if base.rank == 2 and not entrywise:
            if constant == -1:
                return calls.inverse(self, base, span)
            if base.form == "identity":
                return base
            if v.same(*base.core):
                if constant is None or not constant.is_Integer or not 1 <= constant <= 8:
                    raise ReadingError(f"the power {constant} of a square matrix is not read", span)
                result = base
                for _ in range(int(constant) - 1):
                    result = v.product(result, base, span)
                return result
        return v.pointwise(lambda a, b: a**b, [base, exponent], span, "the power")

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

    def _derivative(self, node: s.Derivative) -> Value:
        return derivatives.derivative(self, node)

    def _nabla(self, node: s.Nabla) -> Value:
        raise ReadingError("∇ stands without the function that it differentiates", node.span)

    def _differential(self, node: s.Differential) -> Value:
        return derivatives.differential(self, node)

    def elementwise(self, name: str, argument: Value, span: s.Span) -> Value:
        """A function of the table entry by entry."""
        return v.pointwise(UNARY[name], [argument], span, name)

"""Sub- and superscripts, primes and brackets behind a symbol: parts of its name, entries, layers, transposes, powers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.verification.elaboration import algebra, calls, derivatives, lists, names, sums
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

LARGEST_EXPONENT = 64


class Scripts:
    """The part of the elaborator that reads scripts."""

    scope: Scope
    env: Mapping[str, tuple[str, sp.Expr | None]]
    if TYPE_CHECKING:
        __call__: Callable[[s.Node], Value]
        unknown: Callable[[str, s.Node], UnknownSymbol]
        counted: Callable[..., list[Value]]
        tabulated: Callable[[Sequence[Sequence[Value]], s.Span], Value]

    # -- scripts -----------------------------------------------------------------------------------------------------------

    def _scripted(self, node: s.Scripted) -> Value:
        split = self.layer_transposed(node)
        if split is not None:
            return algebra.transposed(self._scripted(split), node.span)
        if (
            isinstance(node.base, s.Group)
            and isinstance(node.base.body, s.Items)
            and node.sub is None
            and self.bare_transpose(node)
        ):
            return lists.turned(self, node.base, node.span)
        constant = derivatives.held_constant(self, node)
        if constant is not None:
            return self(constant)
        base, sub, sup, primes = self._head(node)
        if node.indexed is not None:
            base = self.indexed(base, node.indexed, node.span)
        if (
            sup is not None
            and names.is_layer(sup)
            and isinstance(node.base, s.Symbol)
            and node.base.name in self.scope.sampled
        ):
            base, sup = self.indexed(base, sup, node.span), None
        for _ in range(primes):
            base = self.primed(base, node)
        if sup is not None and sub is not None and self._is_of_whole(base, sub, sup):
            base, sup = self.superscripted(base, sup, node), None
        if sub is not None:
            base = self.subscripted(base, sub, node)
        if sup is not None:
            base = self.superscripted(base, sup, node)
        return base

    def _is_of_whole(self, base: Value, sub: s.Node, sup: s.Node) -> bool:
        """True of A^⊤_{ij} and A^{-1}_{ij}, entries of the transpose and the inverse; A_{ij}^{-1} is one over an entry."""
        whole = base.rank == 2 and sup.span[0] < sub.span[0] and len(names.letters(sub) or []) == 2
        inverse = isinstance(sup, s.Sum) and len(sup.terms) == 1 and sup.terms[0][0] < 0
        return whole and (inverse or self.is_transpose(sup, base))

    def layer_transposed(self, node: s.Scripted) -> s.Scripted | None:
        """``W^{(2)⊤}`` without its transpose."""
        two = s.pair(node.sup)
        if two is None:
            return None
        first, second = two
        if not self.is_transpose(second, v.number(0)) or not isinstance(first, (s.Group, s.Number)):
            return None
        return s.Scripted(node.span, node.base, node.sub, first, node.primes, node.indexed)

    def _head(self, node: s.Scripted) -> tuple[Value, s.Node | None, s.Node | None, int]:
        """The value before the scripts that are not part of the name, and those scripts."""
        if isinstance(node.base, s.Norm) and node.base.kind in ("norm", "abs"):
            return calls.norm(self, node), None, None, node.primes
        if isinstance(node.sub, s.Mark) and node.sub.sign == "×":
            return self.crossing(node.base), None, node.sup, node.primes
        if not isinstance(node.base, s.Symbol):
            return self(node.base), node.sub, node.sup, node.primes
        if self._is_exponential(node):
            return v.pointwise(sp.exp, [self(node.sup)], node.span), None, None, node.primes
        for name, uses_sub, uses_sup in names.candidate_names(node):
            if name in self.scope.values:
                primes = 0 if name.startswith(node.base.name + "_prime") else node.primes
                return self.scope.values[name], None if uses_sub else node.sub, None if uses_sup else node.sup, primes
        name = node.base.name
        label = node.sub.name if isinstance(node.sub, s.Symbol) else ""
        if name in self.scope.values and len(label) == 1 and label.isupper() and not self._counts(label):
            raise self.unknown(f"{name}_{label}", node)
        if name in self.scope.values:
            flat = self.scope.values[name].rank < 2 and len(names.letters(node.sub) or []) == 2
            kronecker = self._special(node) if name == "delta" and flat else None  # δ_ij beside δ = ∂L/∂y
            return kronecker or (self.scope.values[name], node.sub, node.sup, node.primes)
        for size, _, uses_sup in names.candidate_names(node):
            if self.scope.dim(size) is not None:
                return v.number(self.scope.dims[size]), None, None if uses_sup else node.sup, node.primes
        entries = (
            self.scope.values.get(name.upper()) if len(name) == 1 and name.islower() and name not in self.env else None
        )
        if entries is not None and entries.rank == 2 and len(names.letters(node.sub) or []) == 2 and not entries.form:
            note = f"{name} with two indices is read as an entry of {name.upper()}"
            if note not in self.scope.notes:
                self.scope.notes.append(note)
            return entries, node.sub, node.sup, node.primes
        example = self._example(node)
        if example is not None:
            return example
        special = self._special(node)
        if special is not None:
            return special
        layered = names.is_layer(node.sup) or (
            node.sup is not None
            and any(
                isinstance(n, s.Symbol) and n.name in self.scope.layers | self.scope.last_layers
                for n in s.walk(node.sup)
            )
        )
        candidates = [c[0] for c in names.candidate_names(node) if c[1] == (node.sub is not None) and c[2] == layered]
        missing = candidates[0] if candidates and (layered or node.sub is not None) and self._numbered(node) else name
        constant = name in ("I", "ones") or (name in ("pi", "e") and node.sub is None)  # π_k is an entry of some π
        if name in self.env or self.scope.dim(name) is not None or constant:
            return self(node.base), node.sub, node.sup, node.primes
        raise self.unknown(missing, node)

    def _counts(self, label: str) -> bool:
        """Whether a capital letter below a symbol is an index, a size or a number, and not part of its name."""
        return label == "T" or label in self.env or label in self.scope.values or self.scope.dim(label) is not None

    def crossing(self, node: s.Node) -> Value:
        """``[ω]_×``: the matrix of r ↦ ω × r."""
        of = self(node)
        if of.rank != 1 or of.form or not v.same(of.core[0], sp.Integer(3)):
            raise ShapeMisfit(
                f"[·]_× is the matrix of a cross product in three dimensions, got {of.describe()}", node.span
            )
        one, two, three = (v.entry(of, [sp.Integer(k)], node.span) for k in range(3))
        none = v.number(0)
        minus = [v.pointwise(lambda a: -a, [x], node.span) for x in (one, two, three)]
        return self.tabulated([[none, minus[2], two], [three, none, minus[0]], [minus[1], one, none]], node.span)

    def _example(self, node: s.Scripted) -> tuple[Value, s.Node | None, s.Node | None, int] | None:
        """x_i, x^{(i)} and a^{[2](i)} of a known X and A^{[2]} where i counts its rows, columns or entries: one example, as a column."""
        if not isinstance(node.base, s.Symbol) or len(node.base.name) != 1 or not node.base.name.islower():
            return None
        capital = replace(node.base, name=node.base.name.upper())
        whole, index, sub, sup = capital, node.sub, None, node.sup
        if names.is_layer(node.sup):
            index, sub, sup = node.sup.body, node.sub, None  # type: ignore[union-attr]
        elif (two := s.pair(node.sup)) is not None and all(map(names.is_layer, two)):
            whole, index = s.Scripted(node.span, capital, None, two[0]), two[1].body  # type: ignore[union-attr]
            sub, sup = node.sub, None
        known = [c[0] for c in names.candidate_names(whole)] if isinstance(whole, s.Scripted) else [capital.name]
        matrix = next((self.scope.values[name] for name in known if name in self.scope.values), None)
        if matrix is None or matrix.form or not 1 <= matrix.rank <= 2 or not isinstance(index, s.Symbol):
            return None
        label, extent = self.env.get(index.name, ("", None))
        along = [k for k, size in enumerate(matrix.core) if extent is not None and v.same(extent, size)]
        if len(along) != 1 or extent is None or (matrix.rank == 1 and index is node.sub):
            return None
        shown = f"{node.base.name}_{index.name}" if index is node.sub else f"{node.base.name}^({index.name})"
        if matrix.rank == 1:
            note = f"{shown} is read as an entry of {matrix.tensor.name}"
        elif along[0]:
            note = f"{shown} is read as a column of {matrix.tensor.name}"
        else:
            note = f"{shown} is read as a row of {matrix.tensor.name}"
        if note not in self.scope.notes:
            self.scope.notes.append(note)
        place: list = [None] * matrix.rank
        place[along[0]] = (label, extent)
        return v.entry(matrix, place, node.span), sub, sup, node.primes

    def _numbered(self, node: s.Scripted) -> bool:
        sub = node.sub
        return sub is None or not any(isinstance(n, s.Symbol) and n.name in self.env for n in s.walk(sub))

    def _special(self, node: s.Scripted) -> tuple[Value, s.Node | None, s.Node | None, int] | None:
        """e^x, I_n, 1_n, 0_n, δ_ij and 1_{…}."""
        name = node.base.name
        if name == "e" and node.sup is not None and node.sub is None:
            exponent = self(node.sup)
            return v.pointwise(sp.exp, [exponent], node.span), None, None, node.primes
        if name in ("I", "ones", "E", "Id") and node.sub is not None:
            size = self.size_of(node.sub)
            if size is not None:
                open_form = self(node.base if name != "E" else replace(node.base, name="I"))
                return v.closed(open_form, size), None, node.sup, node.primes
        if name == "delta" and node.sub is not None:
            parts = names.letters(node.sub) or []
            if len(parts) == 2:
                delta = v.pointwise(f.Equal, self.counted(*parts), node.span)
                return delta, None, node.sup, node.primes
        return None

    def _is_exponential(self, node: s.Scripted) -> bool:
        """Whether e^… is the exponential though the document calls something else e too: an error is not raised to −x."""
        sup = node.sup
        if not isinstance(node.base, s.Symbol) or node.base.name != "e" or sup is None or node.sub is not None:
            return False
        if isinstance(sup, (s.Number, s.Mark, s.Group)) or any(
            n in self.scope.values for n, _, u in names.candidate_names(node) if u
        ):
            return False
        letters_ = [n.name for n in s.walk(sup) if isinstance(n, s.Symbol)]
        return (
            bool(letters_)
            and letters_ != ["T"]
            and not any(x in self.env or x in self.scope.layers for x in letters_[:1] if isinstance(sup, s.Symbol))
        )

    def size_of(self, node: s.Node) -> sp.Expr | None:
        """The extent that a subscript such as n, 3 or n×n names."""
        if isinstance(node, s.Product) and all(sign in ("", "TIMES") for sign, _ in node.factors):
            node = node.factors[0][1]
        if isinstance(node, s.Number) and node.text.isdigit():
            return sp.Integer(node.text)
        if isinstance(node, s.Symbol):
            return self.scope.dim(node.name)
        if isinstance(node, s.Scripted):
            return next((e for n, _, _ in names.candidate_names(node) if (e := self.scope.dim(n)) is not None), None)
        return None

    def primed(self, base: Value, node: s.Node) -> Value:
        """A prime on an array is its transpose."""
        if base.rank == 0:
            return derivatives.primed(self, base, node.span)
        return algebra.transposed(base, node.span)

    def place(self, part: s.Node, known: bool = True) -> tuple[str, sp.Expr | None] | sp.Expr | Value:
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
            count = self(part)
            eq = count.tensor.definition
            if not count.rank and not count.labels and isinstance(eq, Equation) and not eq.accesses:
                return eq.body - 1
            raise ReadingError(
                "a shifted index such as i+1 is not read here; say the entry in words or use a matrix", part.span
            )
        if isinstance(part, s.Scripted):
            value = self(part)
            if value.tensor.dtype == "int" and not value.rank:
                return value  # the class y_i of example i
        raise ReadingError("this index is not read; an index is a letter or a number", part.span)

    def indexed(self, base: Value, node: s.Node, span: s.Span) -> Value:
        """``x[p]``, ``x^{(p)}``."""
        return v.entry(base, [self.place(p) for p in names.letters(node) or []], span)

    def subscripted(self, base: Value, sub: s.Node, node: s.Scripted) -> Value:
        """Entries by their indices."""
        parts = names.letters(sub) or []
        if isinstance(sub, s.Number) and len(sub.text) == base.rank > 1:
            parts = [s.Number(sub.span, digit) for digit in sub.text]
        if isinstance(sub, s.Mark) and sub.sign == "+":
            return v.pointwise(f.Relu, [base], node.span)
        parts = [p for p in parts if not isinstance(p, s.Mark)]
        if base.rank == 1 and len(parts) == 2 and isinstance(sub, s.Product) and isinstance(parts[0], s.Number):
            parts = [sub]  # the entry 2i of a vector
        if self._other_range(base, parts):
            batched = sums.per_sample(self, node, parts)
            if batched is not None:
                return batched
        if base.rank == 0:
            named = isinstance(node.base, s.Symbol)
            partial = derivatives.by_subscript(self, base, sub, node.span) if named else None
            if partial is not None:
                return partial
            raise ReadingError("a scalar takes no index", node.span)
        parts = names.of_vector(parts, base)
        if len(parts) > base.rank:
            raise ShapeMisfit(f"{len(parts)} indices on {base.describe()}", node.span)
        if any(self._is_shift(p) for p in parts):
            return self.shifted(base, parts, node.span)
        taken = v.entry(base, [self.place(p) for p in parts], node.span)
        return replace(taken, row=True) if self.scope.rows and len(parts) == 1 and base.rank == 2 else taken

    def _is_shift(self, part: s.Node) -> bool:
        """True of i + 1, whose entries may lie beyond the axis; x_{n−1} is the last but one."""
        return isinstance(part, (s.Sum, s.Product)) and any(
            isinstance(n, s.Symbol) and n.name in self.env for n in s.walk(part)
        )

    def shifted(self, base: Value, parts: Sequence[s.Node], span: s.Span) -> Value:
        """``x_{i+j-1}``: the entry there, and 0 beyond the ends of the axis."""
        note = "entries beyond the ends of an axis, as x_{i+1} may be, are read as 0"
        if note not in self.scope.notes:
            self.scope.notes.append(note)
        labels = [v.fresh_label("k") if self._is_shift(p) else "" for p in parts]
        read = v.entry(base, [(x, None) if x else self.place(p) for x, p in zip(labels, parts, strict=True)], span)
        for label, part in zip(labels, parts, strict=True):
            if label:
                zero = any(n.name in self.zero for n in s.walk(part) if isinstance(n, s.Symbol))
                here = self.inside({"·": (label, read.extent(label))}, {"·"} if zero else ())
                at = v.pointwise(f.Equal, here.counted(s.Symbol(part.span, "·", "·"), part), span)
                read = algebra.reduced(v.pointwise(lambda a, b: a * b, [read, at], span), [label], "sum", span)
        return read

    def _other_range(self, base: Value, parts: Sequence[s.Node]) -> bool:
        """Whether an index cannot count entries of the value: it is a scalar, or the ranges differ."""
        if base.rank == 0:
            return True
        known = (
            self.env.get(parts[0].name, ("", None))[1] if len(parts) == 1 and isinstance(parts[0], s.Symbol) else None
        )
        return known is not None and not v.same(known, base.core[0])

    def superscripted(self, base: Value, sup: s.Node, node: s.Scripted) -> Value:
        """Transpose, inverse or power."""
        if isinstance(sup, s.Group) and isinstance(sup.body, (s.Symbol, s.Number)) and isinstance(node.base, s.Symbol):
            if node.base.name in self.scope.sampled or isinstance(sup.body, s.Symbol):
                batched = sums.per_sample(self, node, [sup.body])
                if batched is not None:
                    return batched
            raise self.unknown(names.candidate_names(node)[0][0], node)
        if isinstance(sup, s.Product) and len(sup.factors) == 2 and self.is_transpose(sup.factors[1][1], base):
            return algebra.transposed(self.superscripted(base, sup.factors[0][1], node), node.span)
        if self.is_transpose(sup, base):
            return algebra.transposed(base, node.span)
        if (
            isinstance(sup, s.Sum)
            and len(sup.terms) == 1
            and sup.terms[0][0] < 0
            and self.is_transpose(sup.terms[0][1], base)
        ):
            return algebra.transposed(calls.inverse(self, base, node.span), node.span)
        if isinstance(sup, s.Mark) and sup.sign == "+" and isinstance(node.base, s.Group):
            return v.pointwise(f.Relu, [base], node.span)
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

    def bare_transpose(self, node: s.Scripted) -> bool:
        """Whether a scripted symbol is the transpose of a symbol (and not a name with that prime or superscript)."""
        if any(name in self.scope.values for name, _, sup in names.candidate_names(node) if sup or "_prime" in name):
            return False
        return bool(node.primes) or (node.sup is not None and self.is_transpose(node.sup, v.number(0)))

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
                if constant is None or not constant.is_Integer or not 1 <= abs(constant) <= 8:
                    raise ReadingError(f"the power {constant} of a square matrix is not read", span)
                if constant < 0:
                    base = calls.inverse(self, base, span)
                result = base
                for _ in range(abs(int(constant)) - 1):
                    result = algebra.product(result, base, span)
                return result
        return v.pointwise(lambda a, b: a**b, [base, exponent], span, "the power")

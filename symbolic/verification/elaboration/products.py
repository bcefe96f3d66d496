"""Products as written: what juxtaposition and the signs ·, ×, ⊙, ⊗ and / mean, and in which order they bind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.language.products import cross
from symbolic.program.equations import Equation
from symbolic.program.graph import leaves
from symbolic.verification.elaboration import algebra, chain_rule, derivatives
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.names import candidate_names
from symbolic.verification.elaboration.values import ShapeMisfit, Value
from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator

_JOINS = {
    "CDOT": "dot",
    "TIMES": "times",
    "ODOT": "hadamard",
    "AST": "hadamard",
    "OTIMES": "otimes",
    "OSLASH": "divide",
    "SLASH": "divide",
    "DDOT": "inner",
}


def multiplied(el: Elaborator, node: s.Product) -> Value:
    """The value of a product; an ellipsis at both ends, as in diag(… 1/x_i …), shows a general entry."""
    inner = node.factors[1:-1]
    if inner and isinstance(node.factors[0][1], s.Dots) and isinstance(node.factors[-1][1], s.Dots):
        return el(inner[0][1] if len(inner) == 1 else s.Product(node.span, inner))
    return _Multiplication(el, node).value()


def _is_zero(value: Value) -> bool:
    """Whether a factor is 0, which makes the product 0 whatever the shapes of the others."""
    eq = value.tensor.definition
    return not value.rank and not value.labels and not value.form and isinstance(eq, Equation) and eq.body == 0


class _Multiplication:
    """One product: operators first, then juxtaposition; juxtaposition binds tighter than ⊙ where the shapes allow it."""

    def __init__(self, elaborate: Elaborator, node: s.Product):
        self.elaborate, self.node = elaborate, node

    def value(self) -> Value:
        """The product's value; of the groupings that fit, the first."""
        factors = derivatives.applied(self.elaborate, self._without_arguments())
        if len(factors) == 1:
            return self.elaborate(factors[0][1]) if isinstance(factors[0][1], s.Node) else factors[0][1]
        values = [
            (sign, n if isinstance(n, Value) else v.number(sp.pi) if self._is_circle(factors, k) else self.elaborate(n))
            for k, (sign, n) in enumerate(factors)
        ]
        if len(values) > 1 and any(_is_zero(x) for _, x in values):
            return v.number(0)
        try:
            return self._tight(values)
        except ShapeMisfit as first:
            try:
                return self._in_order(values)
            except ShapeMisfit:
                raise first from None

    def _is_circle(self, factors: list, k: int) -> bool:
        """Whether a factor is the π of 2π though the document also has numbers π_k or a density π_θ(a)."""
        node, before = factors[k][1], factors[k - 1][1] if k else None
        scope = self.elaborate.scope
        held = scope.values.get("pi")
        other = (held is not None and held.rank > 0) or "pi" in scope.functions
        return isinstance(node, s.Symbol) and node.name == "pi" and other and isinstance(before, s.Number)

    def _without_arguments(self) -> list[tuple[str, s.Node]]:
        """The factors, ``E(w)`` read as E where E is defined without arguments and depends on w."""
        out: list[tuple[str, s.Node]] = []
        for sign, factor in self.node.factors:
            if sign == "" and out and isinstance(factor, s.Group) and self._is_argument(out[-1][1], factor.body):
                if len(out) > 1 and isinstance(nabla := out[-2][1], s.Nabla) and nabla.by is None:
                    out[-2] = (out[-2][0], replace(nabla, by=factor.body))
                continue
            out.append((sign, factor))
        return out

    def _is_argument(self, of: s.Node, body: s.Node) -> bool:
        values = self.elaborate.scope.values
        spelt = (
            [of.name]
            if isinstance(of, s.Symbol)
            else [n for n, _, _ in candidate_names(of)]
            if isinstance(of, s.Scripted)
            else []
        )
        of_value = next((values[n] for n in spelt if n in values), None)
        names = [
            n.name if isinstance(n, s.Symbol) else "" for n in (body.items if isinstance(body, s.Items) else (body,))
        ]
        if of_value is None or of_value.rank or of_value.tensor.definition is None:
            return False
        read = {t.serial for t in leaves([of_value.tensor])}
        return all(name in values and values[name].tensor.serial in read for name in names)

    def _tight(self, values: list[tuple[str, Value]]) -> Value:
        """Runs of juxtaposed factors (and of · and /) first, then ⊙, ⊗ and their kin from left to right."""
        runs: list[tuple[str, list[tuple[str, Value]]]] = []
        for sign, value in values:
            if runs and sign in ("", "CDOT", "TIMES", "SLASH"):
                runs[-1][1].append((sign, value))
            else:
                runs.append((sign, [(sign, value)]))
        result = self._chained(runs[0][1])
        for sign, run in runs[1:]:
            result = self._join(sign, result, self._chained(run))
        return result

    def _in_order(self, values: list[tuple[str, Value]]) -> Value:
        result = values[0][1]
        for sign, value in values[1:]:
            result = self._join(sign, result, value)
        return result

    def _chained(self, run: list[tuple[str, Value]]) -> Value:
        linked = chain_rule.linked(self.elaborate, run, self.node.span)
        if linked is not None:
            return linked
        return self._in_order(run)

    def _join(self, sign: str, a: Value, b: Value) -> Value:
        span = self.node.span
        kind = _JOINS.get(sign, "")
        if kind == "hadamard":
            return algebra.hadamard(a, b, span)
        if kind == "divide":
            return self.elaborate.divided(a, b, span)
        if kind == "inner":
            return algebra.inner(a, b, span) if a.rank else algebra.scaled(a, b, span)
        if kind == "otimes":
            mode = self.elaborate.scope.otimes
            if mode == "hadamard":
                return algebra.hadamard(a, b, span)
            return algebra.kronecker(a, b, span) if a.rank and b.rank else algebra.scaled(a, b, span)
        if kind in ("dot", "times") and a.rank == 1 and b.rank == 1 and a.row == b.row and not a.form and not b.form:
            if self.elaborate.scope.dot == "hadamard":
                return algebra.hadamard(a, b, span)
            if kind == "times" and all(x.core == (3,) and not x.labels for x in (a, b)):
                return replace(Value(cross(a.tensor, b.tensor)), row=a.row)
            if kind == "times":
                raise ShapeMisfit(
                    "× between two vectors is not read; write · for the inner product or ⊙ entry by entry", span
                )
            return algebra.inner(a, b, span)
        return algebra.product(a, b, span)

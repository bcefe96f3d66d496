"""Matrix expressions as LaTeX or text, through a dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatchmethod
from typing import Any

import sympy as sp

from symbolic.language.numbers import exact_number
from symbolic.notation.closed import closed_of
from symbolic.notation.dialect import ADD, ATOM, HADAMARD, MUL, PREFIX, Latex, Piece
from symbolic.notation.matrix import tree as m
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from symbolic.notation.names import is_derivative
from symbolic.notation.scalars import ScalarPrinter
from symbolic.program.expressions import Access
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

_LONGEST_ARRAY = 4  # Rows and columns of a constant that is written out.
_DEEPEST = 6  # Calls within calls that are still written out.


class MatrixPrinter:
    """Prints trees; ``depth`` counts the well-known functions that have been entered."""

    def __init__(self, dialect: Latex, depth: int = 0):
        self.dialect, self.depth = dialect, depth

    @singledispatchmethod
    def piece(self, node: m.Node) -> Piece:
        """A printed tree."""
        raise TypeError(f"no way to print a {type(node).__name__}")

    def scalar(self, e: sp.Expr) -> Piece:
        """A number or an expression in dimensions."""
        return ScalarPrinter(self.dialect).piece(e)

    # -- tensors

    def tensor(self, t: Tensor) -> Piece:
        """A named tensor's name; an unnamed one as the function that it is."""
        if t.name is not None or self.depth > _DEEPEST:
            return self.dialect.tensor(t)
        if is_small_array(t):
            rows = t.value if t.ndim == 2 else [[v] for v in t.value]
            return self.dialect.array([[self.scalar(exact_number(_plain(v))).text for v in row] for row in rows])
        inner = MatrixPrinter(self.dialect, self.depth + 1)
        if t.call is not None:
            return self.call(t)
        if isinstance(t.definition, Application):
            return self.dialect.template(t.definition.primitive.latex, [inner.operand(o) for o in t.operands])
        return self.dialect.tensor(t)

    def call(self, t: Tensor) -> Piece:
        """A tensor as the well-known function that it is."""
        inner = MatrixPrinter(self.dialect, self.depth + 1)
        tex, operands = t.call or ("", ())
        return self.dialect.call_of(tex, [inner.operand(o) for o in operands])

    def operand(self, t: Tensor) -> Piece:
        """A tensor inside a call: its name, or its expression where there is one."""
        if t.name is not None or t.definition is None or t.call is not None or isinstance(t.definition, Application):
            return self.tensor(t)
        try:
            return self.piece(matrix_tree(closed_of(t)))
        except NoMatrixForm:
            return self.dialect.tensor(t)

    @piece.register
    def _(self, node: m.Leaf) -> Piece:
        piece = self._section(node)
        return self.dialect.transpose(piece) if self._is_row(node) else piece

    def _section(self, node: m.Leaf) -> Piece:
        at = [
            (":" if i is None else self.scalar_index(i))
            for i, size in zip(node.at, node.tensor.extents, strict=True)
            if i is None or size != 1
        ]
        if all(i == ":" for i in at):
            return self.tensor(node.tensor)
        if node.tensor.name is None:
            return self.dialect.entry_of(self.tensor(node.tensor), at)
        return self.dialect.tensor(node.tensor, at)

    def _is_row(self, node: m.Leaf) -> bool:
        """True for what is a row by itself: a row of a matrix and, in the row convention, a gradient."""
        if node.tensor.ndim == 2:
            return node.at[0] is not None and node.at[1] is None
        return self.dialect.options.row and node.is_column and is_derivative(node.tensor.label)

    def scalar_index(self, e: sp.Expr) -> str:
        """A fixed index as it stands at a tensor."""
        return _Positions(self.dialect).piece(e + self.dialect.options.first).text

    # -- numbers and the constant matrices

    @piece.register
    def _(self, node: m.Number) -> Piece:
        return self.scalar(node.value)

    @piece.register
    def _(self, node: m.Identity) -> Piece:
        return self.dialect.identity()

    @piece.register
    def _(self, node: m.Ones) -> Piece:
        return self.dialect.ones()

    @piece.register
    def _(self, node: m.Zeros) -> Piece:
        return Piece("0")

    # -- operations

    @piece.register
    def _(self, node: m.Transpose) -> Piece:
        if isinstance(node.operand, m.Leaf) and self._is_row(node.operand):
            return self._section(node.operand)
        return self.dialect.transpose(self.piece(node.operand))

    @piece.register
    def _(self, node: m.Diag) -> Piece:
        inner = node.operand
        if isinstance(inner, m.Power) and inner.exponent.is_negative:
            base = self.dialect.call("diag", self.piece(m.power(inner.operand, -inner.exponent)).text)
            return self.dialect.power(base, "-1")
        return self.dialect.call("diag", self.piece(inner).text)

    @piece.register
    def _(self, node: m.DiagonalOf) -> Piece:
        return self.dialect.call("diag", self.piece(node.operand).text)

    @piece.register
    def _(self, node: m.Trace) -> Piece:
        return self.dialect.call("tr", self.piece(node.operand).text)

    @piece.register
    def _(self, node: m.Norm) -> Piece:
        kind = "1" if node.order == 1 else "F" if node.operand.shape[1] != 1 and node.operand.shape[0] != 1 else ""
        return self.dialect.norm(self.piece(node.operand).text, kind)

    @piece.register
    def _(self, node: m.Reduce) -> Piece:
        inner = self.piece(node.operand).text
        if node.kind in ("max", "min"):
            return self.dialect.extremum(node.kind, inner)
        return self.dialect.call({"argmax": r"arg\,max", "argmin": r"arg\,min"}.get(node.kind, node.kind), inner)

    @piece.register
    def _(self, node: m.Power) -> Piece:
        if node.is_scalar:
            return self._quotient(sp.S.One, [node], [])
        if node.exponent.is_negative:
            return self.dialect.hadamard([Piece("1")], [self.piece(m.power(node.operand, -node.exponent))])
        base = self.piece(node.operand)
        if node.exponent == sp.Rational(1, 2):
            return self.dialect.root(base.text)
        if node.exponent == 2 and base.level == ATOM and node.operand.cost <= 1:
            return self.dialect.hadamard([base, base], [])
        if isinstance(node.operand, m.Apply) and node.exponent.is_Integer:
            raised = self.dialect.power(base, str(node.exponent))
            if raised.level == PREFIX:
                return raised
        return self.dialect.elementwise_power(base, str(node.exponent))

    @piece.register
    def _(self, node: m.Product) -> Piece:
        return self.dialect.times([self._shaped(f) for f in node.operands])

    @piece.register
    def _(self, node: m.Hadamard) -> Piece:
        above = [self._shaped(f) for f in node.operands if not _divides(f)]
        below = [self.piece(m.power(f.operand, -f.exponent)) for f in node.operands if _divides(f)]
        return self.dialect.hadamard(above or [Piece("1")], below)

    @piece.register
    def _(self, node: m.Sum) -> Piece:
        terms = []
        for t in node.operands:
            negative = _is_negative(t)
            inner = m.scale(sp.S.NegativeOne, [], t) if negative else t
            terms.append((negative, self._shaped(inner, HADAMARD) if isinstance(inner, m.Leaf) else self.piece(inner)))
        return self.dialect.plus(terms)

    @piece.register
    def _(self, node: m.Scale) -> Piece:
        scalars = [*node.scalars, *([node.operand] if node.is_scalar else [])]
        return self._quotient(node.number, scalars, [] if node.is_scalar else [node.operand])

    @piece.register
    def _(self, node: m.Apply) -> Piece:
        return self.dialect.function(node.function, [self.piece(o) for o in node.operands], not node.is_scalar)

    def _quotient(self, number: sp.Expr, scalars: Sequence[m.Node], operands: Sequence[m.Node]) -> Piece:
        """number · scalars / scalars · operand."""
        numeric, *irrational = _split_number(number)
        above = [(self.scalar(f), True) for f in irrational if not _negative_power(f)]
        below = [self.scalar(sp.Pow(f.base, -f.exp)) for f in irrational if _negative_power(f)]
        for s in scalars:
            if isinstance(s, m.Power) and s.exponent.is_negative:
                below.append(self.piece(m.power(s.operand, -s.exponent)))
            elif isinstance(s, m.Power):
                above.append((self._scalar_power(s), False))
            else:
                piece = self.piece(s)
                inner = isinstance(s, m.Product) and len(scalars) + len(operands) > 1
                above.append((Piece(self.dialect.bracket(piece.text)) if inner else piece, False))
        above.extend((self._shaped(o, HADAMARD), False) for o in operands)
        named = any(isinstance(s, m.Power) and s.exponent.is_negative for s in scalars)
        whole = self.dialect.product(numeric, above, below, not named)
        if operands and above[-1][0].level == HADAMARD and not named:
            # A number in front of a ⊙ b needs no brackets.
            above[-1] = (replace(above[-1][0], level=MUL), False)
            return replace(self.dialect.product(numeric, above, below, True), level=HADAMARD)
        return whole

    def _scalar_power(self, node: m.Power) -> Piece:
        base = self.piece(node.operand)
        if node.exponent == sp.Rational(1, 2):
            return self.dialect.root(base.text)
        return self.dialect.power(base, self.scalar(node.exponent).text)

    def _shaped(self, node: m.Node, level: int = MUL) -> Piece:
        """A factor, with its shape under it where that is asked for."""
        piece = self.piece(node)
        if not self.dialect.options.shapes or node.is_scalar or isinstance(node, (m.Product, m.Hadamard, m.Scale)):
            return piece
        if not isinstance(node, m.Leaf) and not (isinstance(node, m.Transpose) and isinstance(node.operand, m.Leaf)):
            piece = MatrixPrinter(self.dialect.without_shapes(), self.depth).piece(node)
        text = piece.text if piece.level > ADD else self.dialect.bracket(piece.text)
        rows, columns = (self.scalar(e).text for e in node.shape)
        return Piece(self.dialect.shape_under(text, rows, columns), ATOM)


class _Positions(ScalarPrinter):
    """Fixed positions, which integer tensors may give: X_{l_0, :}."""

    def piece(self, e: sp.Expr) -> Piece:
        if isinstance(e, Access):
            return self.dialect.tensor(e.tensor, [self.piece(i + self.dialect.options.first).text for i in e.indices])
        return super().piece(e)


def is_small_array(t: Tensor) -> bool:
    """True for an unnamed constant that is short enough to be written out."""
    if t.name is not None or t.value is None or not 1 <= t.ndim <= 2:
        return False
    return all(e.is_Integer and 1 <= e <= _LONGEST_ARRAY for e in t.extents)


def _plain(v: Any) -> Any:
    return v.item() if hasattr(v, "item") else v


def _divides(node: m.Node) -> bool:
    return isinstance(node, m.Power) and bool(node.exponent.is_negative)


def _is_negative(node: m.Node) -> bool:
    number = node.number if isinstance(node, m.Scale) else node.value if isinstance(node, m.Number) else sp.S.One
    return bool(number.as_coeff_Mul()[0].is_negative)


def _negative_power(f: sp.Expr) -> bool:
    return bool(f.is_Pow and f.exp.is_number and f.exp.is_negative)


def _split_number(number: sp.Expr) -> list[sp.Expr]:
    """The rational coefficient first, then the other factors."""
    coefficient, rest = number.as_coeff_Mul()
    if not coefficient.is_Rational:
        coefficient, rest = sp.S.One, number
    if rest.is_Add:
        inner, rest = rest.primitive()
        coefficient = coefficient * inner
    return [coefficient, *(f for f in sp.Mul.make_args(rest) if f != 1)]

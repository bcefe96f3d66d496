"""SymPy objects as tensors: matrix algebra, sums over ``Indexed`` and scalar expressions.

Inside, a matrix is a tensor with two axes; the result loses a column axis of extent 1. Dimensions are those of the
tensors that the caller gives for SymPy's symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import sympy as sp
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.matrices.expressions import diagonal
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from symbolic.calculus.closed_form import Closed
from symbolic.calculus.realisation import realised
from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language import matrix_functions, operations, shaping
from symbolic.program import functions as f
from symbolic.program.dims import extent
from symbolic.program.expressions import Index, Reduction
from symbolic.program.functions import BY_HEAD
from symbolic.program.tensors import Tensor


def from_sympy(expression: Any, symbols: Mapping[Any, Tensor], extents: Mapping[str, Any] | None = None) -> Tensor:
    """The tensor of a SymPy expression; ``symbols`` says which tensor each symbol stands for.

    ``extents``: how far the named indices of a ``Lambda`` run, where no tensor that they stand at tells.

    Understood: ``MatrixSymbol`` algebra (sums, products, powers, transposes, inverses, traces, determinants, Hadamard
    products and powers, functions entry by entry, diagonals), scalar expressions, and ``Sum`` or ``Lambda`` over
    entries of an ``IndexedBase`` or of a matrix, such as those that SymPy makes of ``(x.T * A * x)[0, 0]``. Raises ``UnsupportedError`` for anything else and ``ShapeError`` for a tensor that does not fit.

    >>> import sympy
    >>> from symbolic import tensor
    >>> n = sympy.Symbol("n")
    >>> A, x = sympy.MatrixSymbol("A", n, n), sympy.MatrixSymbol("x", n, 1)
    >>> from_sympy(A.T * x, {A: tensor("A", "n n"), x: tensor("x", "n")}).shape
    (n,)
    """
    if isinstance(expression, str) or not isinstance(expression, (sp.Basic, sp.MatrixBase)):
        raise UnsupportedError(f"from_sympy reads SymPy objects, not {type(expression).__name__}")
    reader = _Reader(symbols, extents or {})
    if isinstance(expression, (sp.Lambda, sp.Sum, sp.Product)) or expression.has(sp.Indexed):
        return reader.entries(expression)
    value = reader.of(expression)
    if value.ndim == 2:
        kept = [slice(None) if reader.spread(e) else 0 for e in value.extents]
        value = value[tuple(kept)] if 0 in kept[1:] else value
    return value


class _Reader:
    def __init__(self, symbols: Mapping[Any, Tensor], extents: Mapping[str, Any]):
        self.tensors = dict(symbols)
        self.extents = {name: extent(size) for name, size in extents.items()}
        self.dims: dict[sp.Expr, sp.Expr] = {}
        for symbol, t in self.tensors.items():
            self._learn_shape(symbol, t)

    def _learn_shape(self, symbol: Any, t: Tensor) -> None:
        shape = getattr(symbol, "shape", None)
        if not isinstance(symbol, (sp.MatrixSymbol, sp.IndexedBase)) or shape is None:
            return
        extents = t.extents if isinstance(symbol, sp.IndexedBase) else (*t.extents, sp.S.One)[:2]
        if len(shape) != len(extents):
            raise ShapeError(f"from_sympy: {symbol} has {len(shape)} axes and stands for {t.describe()}")
        for theirs, ours in zip(shape, extents, strict=True):
            if theirs.is_Integer and theirs != ours:
                raise ShapeError(f"from_sympy: {symbol} has shape {tuple(shape)} and stands for {t.describe()}")
            self.dims.setdefault(theirs, ours)

    def size(self, theirs: Any) -> sp.Expr:
        """Our extent for a dimension of SymPy's."""
        theirs = sp.sympify(theirs, strict=True)
        return self.dims.get(theirs, theirs.xreplace(self.dims))

    @staticmethod
    def spread(size: sp.Expr) -> bool:
        """True for an extent other than 1."""
        return size != 1

    # -- matrices and scalars

    def of(self, e: Any) -> Tensor:
        """A tensor: two axes for a matrix, none for a scalar."""
        if e in self.tensors:
            t = self.tensors[e]
            return t[:, None] if t.ndim == 1 and isinstance(e, sp.MatrixSymbol) else t
        if isinstance(e, sp.MatrixBase):
            rows = [shaping.stack([self.of(v) for v in e.row(k)]) for k in range(e.rows)]
            return shaping.stack(rows)
        rule = next((_RULES[c] for c in type(e).__mro__ if c in _RULES), None)
        if rule is not None:
            return rule(self, e)
        if isinstance(e, sp.MatrixExpr):
            raise UnsupportedError(f"from_sympy does not know the matrix expression {type(e).__name__}")
        return self._scalar(e)

    def _scalar(self, e: sp.Expr) -> Tensor:
        if e in self.dims or e.is_number:
            return operations.constant(self.size(e))
        if e.is_Symbol:
            raise UnsupportedError(f"from_sympy: no tensor was given for the symbol {e}")
        head = _HEADS.get(e.func, e.func)
        if not (e.is_Add or e.is_Mul or e.is_Pow or head in BY_HEAD):
            raise UnsupportedError(f"from_sympy does not know the function {e.func.__name__}")
        arguments = [self.of(a) for a in e.args]
        for a, t in zip(e.args, arguments, strict=True):
            if t.ndim:
                raise UnsupportedError(f"from_sympy: the matrix {a} stands where a number is expected")
        if len(arguments) > 2 and (head in (f.Maximum, f.Minimum)):
            return reduce(lambda a, b: operations.pointwise(e.func.__name__, head, a, b), arguments)
        return operations.pointwise(e.func.__name__, head, *arguments)

    # -- sums over entries

    def entries(self, e: Any) -> Tensor:
        """A ``Lambda`` of indices, or a scalar sum over ``Indexed`` entries."""
        signature, body = (e.signature.args, e.expr) if isinstance(e, sp.Lambda) else ((), e)
        scope = {symbol: Index(symbol.name, self._extent(symbol, body)) for symbol in signature}
        return realised(Closed(tuple(scope.values()), self._entry(body, scope)))

    def _extent(self, symbol: sp.Symbol, body: Any) -> sp.Expr:
        if symbol.name in self.extents:
            return self.extents[symbol.name]
        for entry in body.atoms(sp.Indexed, MatrixElement):
            base, *place = entry.args
            for i, size in zip(place, self.tensors[base].extents if base in self.tensors else (), strict=False):
                if i == symbol:
                    return size
        raise UnsupportedError(f"from_sympy: nothing tells how far the index {symbol} runs; give it in extents")

    def _entry(self, e: Any, scope: dict[Any, Index]) -> Any:
        if isinstance(e, sp.Indexed):
            if e.base not in self.tensors:
                raise UnsupportedError(f"from_sympy: no tensor was given for {e.base}")
            return self.tensors[e.base].access(*(self._entry(i, scope) for i in e.indices))
        if isinstance(e, MatrixElement):
            parent, *place = e.args
            t = self.tensors[parent] if parent in self.tensors else self.of(parent)
            return t.access(*(self._entry(i, scope) for i in place[: t.ndim]))
        if isinstance(e, (sp.Sum, sp.Product)):
            inner, bound, first = dict(scope), [], {}
            for symbol, low, high in e.limits:
                count = sp.expand(self.size(high) - self.size(low) + 1)
                index = Index(symbol.name, count)
                bound.append(index)
                inner[symbol], first[index] = index, index + self.size(low)
            body = self._entry(e.function, inner)
            body = body.xreplace({i: shifted for i, shifted in first.items() if shifted != i})
            return Reduction("sum" if isinstance(e, sp.Sum) else "prod", body, bound)
        if isinstance(e, sp.KroneckerDelta):
            return f.Equal(*(self._entry(a, scope) for a in e.args[:2]))
        if e in scope:
            return scope[e]
        if e in self.tensors and self.tensors[e].ndim == 0:
            return self.tensors[e].access()
        if e.is_Symbol:
            return self.size(e)
        if not e.args:
            return e
        return _combined(e, [self._entry(a, scope) for a in e.args])


_HEADS: dict[Any, Any] = {
    sp.Abs: f.Magnitude, sp.sign: f.Sign, sp.Max: f.Maximum, sp.Min: f.Minimum, sp.floor: f.Floor,
    sp.ceiling: f.Ceiling, sp.besseli: f.BesselI,
}  # fmt: skip


# -- one rule for each node of matrix algebra --------------------------------------------------------------------------


def _product(reader: _Reader, e: Any) -> Tensor:
    scalars = [reader.of(a) for a in e.args if not getattr(a, "is_Matrix", False)]
    matrices = [reader.of(a) for a in e.args if getattr(a, "is_Matrix", False)]
    return reduce(lambda a, b: a * b, scalars, matrix_functions.chain_product(matrices))


def _power(reader: _Reader, e: Any) -> Tensor:
    base, exponent = e.args
    if not exponent.is_Integer:
        raise UnsupportedError(f"from_sympy: the matrix power {e} needs a whole number")
    return matrix_functions.matrix_power(reader.of(base), int(exponent))


def _elementwise(reader: _Reader, e: Any) -> Tensor:
    place, body = e.function.variables[0], e.function.expr
    inner = reader.of(e.expr)

    def function(x: sp.Expr) -> sp.Expr:
        return _rebuilt(body, {place: x})

    return operations.pointwise("elementwise", function, inner)


def _rebuilt(e: Any, known: dict[Any, Any]) -> Any:
    if e in known or not e.args:
        return known.get(e, e)
    return _combined(e, [_rebuilt(a, known) for a in e.args])


def _combined(e: Any, arguments: list[Any]) -> Any:
    """The scalar expression of ``e``'s function at translated arguments."""
    if isinstance(e, sp.Piecewise):
        return _cases(arguments)
    if isinstance(e, ExprCondPair):
        return tuple(arguments)
    if isinstance(e, sp.And):
        return sp.Mul(*arguments)
    if e.func in _RELATIONS:
        return _RELATIONS[e.func](*arguments)
    head = _HEADS.get(e.func, e.func)
    if head in (f.Maximum, f.Minimum):
        return reduce(head, arguments)
    if not (e.is_Add or e.is_Mul or e.is_Pow or head in BY_HEAD):
        raise UnsupportedError(f"from_sympy does not know the function {e.func.__name__}")
    return head(*arguments)


def _cases(pairs: list[Any]) -> Any:
    value, condition = pairs[-1]
    if condition != sp.true:
        raise UnsupportedError("from_sympy: a Piecewise needs a last case that always holds")
    for value_before, before in reversed(pairs[:-1]):
        value = f.Where(before, value_before, value)
    return value


_RELATIONS: dict[Any, Callable[..., Any]] = {
    sp.StrictGreaterThan: lambda a, b: f.Less(b, a),
    sp.StrictLessThan: f.Less,
    sp.GreaterThan: lambda a, b: f.LessEqual(b, a),
    sp.LessThan: f.LessEqual,
    sp.Equality: f.Equal,
    sp.Unequality: lambda a, b: 1 - f.Equal(a, b),
}


def _element(reader: _Reader, e: Any) -> Tensor:
    parent, row, column = e.args
    if not (row.is_Integer and column.is_Integer):
        raise UnsupportedError(f"from_sympy: the entry {e} needs whole numbers")
    return reader.of(parent)[int(row), int(column)]


_RULES: dict[Any, Callable[[_Reader, Any], Tensor]] = {
    sp.MatAdd: lambda r, e: reduce(lambda a, b: a + b, map(r.of, e.args)),
    sp.MatMul: _product,
    sp.MatPow: _power,
    sp.Transpose: lambda r, e: r.of(e.arg).T,
    sp.Inverse: lambda r, e: matrix_functions.inv(r.of(e.arg)),
    sp.Trace: lambda r, e: operations.trace(r.of(e.arg)),
    sp.Determinant: lambda r, e: matrix_functions.det(r.of(e.arg)),
    sp.HadamardProduct: lambda r, e: reduce(lambda a, b: a * b, map(r.of, e.args)),
    sp.HadamardPower: lambda r, e: r.of(e.base) ** r.of(e.exp),
    sp.Identity: lambda r, e: shaping.eye(r.size(e.rows)),
    sp.OneMatrix: lambda r, e: shaping.ones(tuple(map(r.size, e.shape))),
    sp.ZeroMatrix: lambda r, e: shaping.zeros(tuple(map(r.size, e.shape))),
    diagonal.DiagMatrix: lambda r, e: shaping.diag(r.of(e.args[0])[:, 0]),
    diagonal.DiagonalOf: lambda r, e: shaping.diagonal(r.of(e.args[0]))[:, None],
    ElementwiseApplyFunction: _elementwise,
    MatrixElement: _element,
    sp.Sum: lambda r, e: r.entries(e),
    sp.Product: lambda r, e: r.entries(e),
}

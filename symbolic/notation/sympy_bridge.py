"""Tensors as SymPy objects, so that results go on living in a SymPy session.

``to_sympy`` gives ``MatrixSymbol`` algebra where the matrix notation has one, else ``Indexed`` sums, or, with every
dimension a number, explicit matrices. Objects are translated to objects; no text is parsed. ``from_sympy`` is the way
back. A vector is an n×1 matrix in SymPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

import sympy as sp
from sympy.matrices.expressions import diagonal
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from symbolic.calculus.closed_form import Closed, bound_indices, closed_form, is_opaque
from symbolic.errors import UnsupportedError
from symbolic.notation.letters import Letters
from symbolic.notation.matrix import tree as m
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from symbolic.notation.options import check_style
from symbolic.notation.sympy_reading import from_sympy
from symbolic.program.expressions import Access, Guard, Index, Quotient, Reduction, Remainder, Within
from symbolic.program.functions import BY_HEAD, Equal
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

__all__ = ["from_sympy", "symbol_of", "to_sympy"]

FORMS = ("matrix", "indexed", "explicit")


def to_sympy(t: Tensor, form: str | None = None) -> Any:
    """``t`` as a SymPy expression of its declared tensors.

    ``form``: "matrix" (``MatrixSymbol`` algebra), "indexed" (sums over ``Indexed``; with axes a ``Lambda`` of the
    indices), "explicit" (a matrix of expressions in the entries, where dimensions are numbers); by default matrix algebra
    if there is such a form, else indexed. Raises ``UnsupportedError`` where SymPy has no counterpart.

    >>> import sympy
    >>> from symbolic import tensor
    >>> W, x, b = tensor("W", "m n"), tensor("x", "n"), tensor("b", "m")
    >>> to_sympy(W @ x + b)
    W*x + b
    >>> sympy.latex(to_sympy((W @ x)[::-1]))
    '\\\\left( i \\\\mapsto \\\\sum_{j=0}^{n - 1} {W}_{- i + m - 1,j} {x}_{j} \\\\right)'
    """
    if form is not None:
        check_style(form, FORMS)
    closed = closed_form(t, stop=is_opaque)
    if form == "explicit":
        return _explicit(closed)
    if form != "indexed":
        try:
            return _MatrixWriter().of(matrix_tree(closed))
        except NoMatrixForm as reason:
            if form == "matrix":
                raise UnsupportedError(f"{t.describe()} has no matrix form: {reason}; use form='indexed'") from None
    return _indexed(closed)


def symbol_of(t: Tensor) -> Any:
    """The SymPy symbol that stands for a declared tensor in matrix algebra: a ``Symbol`` or a ``MatrixSymbol``."""
    if t.ndim == 0:
        return sp.Symbol(t.label, real=True, positive=True if "positive" in t.assume else None)
    if t.ndim > 2:
        raise UnsupportedError(f"SymPy has no matrix symbol for {t.describe()} with {t.ndim} axes; use form='indexed'")
    rows, columns = (*t.extents, sp.S.One)[:2]
    return sp.MatrixSymbol(t.label, rows, columns)


# -- functions ---------------------------------------------------------------------------------------------------------


def _truth(condition: sp.Expr) -> Any:
    """A translated indicator as the relation that it states."""
    if isinstance(condition, sp.Piecewise) and condition.args[0][0] == 1:
        return condition.args[0][1]
    return sp.Ne(condition, 0)


def _indicator(relation: Any) -> Any:
    return sp.Piecewise((1, relation), (0, True))


_COUNTERPARTS: dict[str, Callable[..., Any]] = {
    "absolute": sp.Abs,
    "sign": sp.sign,
    "step": lambda x: _indicator(x > 0),
    "relu": lambda x: sp.Max(x, 0),
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "maximum": sp.Max,
    "minimum": sp.Min,
    "less": lambda a, b: _indicator(sp.Lt(a, b)),
    "less_equal": lambda a, b: _indicator(sp.Le(a, b)),
    "equal": lambda a, b: _indicator(sp.Eq(a, b)),
    "where": lambda c, a, b: sp.Piecewise((a, _truth(c)), (b, True)),
    "floor": sp.floor,
    "ceil": sp.ceiling,
    "xlogy": lambda x, y: sp.Piecewise((0, sp.Eq(x, 0)), (x * sp.log(y), True)),
    "log_ndtr": lambda x: sp.log((1 + sp.erf(x / sp.sqrt(2))) / 2),
    "iv": sp.besseli,
}


def applied(head: Any, arguments: list[Any]) -> Any:
    """A function of the table as SymPy's own, its head kept where SymPy has none."""
    counterpart = _COUNTERPARTS.get(BY_HEAD[head].name)
    return counterpart(*arguments) if counterpart else head(*arguments)


# -- matrix algebra ----------------------------------------------------------------------------------------------------


class _MatrixWriter:
    """Trees as SymPy matrix expressions."""

    @singledispatchmethod
    def of(self, node: m.Node) -> Any:
        """The SymPy expression of a tree. Raises ``NoMatrixForm`` where SymPy has no counterpart."""
        raise NoMatrixForm(f"SymPy has no {type(node).__name__}")

    @of.register
    def _(self, node: m.Leaf) -> Any:
        t = node.tensor
        whole = self.primitive(t) if isinstance(t.definition, Application) else symbol_of(t)
        if t.ndim == 0 or all(i is None for i in node.at):
            return whole
        if t.ndim == 1:
            return whole[node.at[0], 0]
        row, column = node.at
        if row is None:
            return whole[:, column]
        return whole[row, :].T if column is None else whole[row, column]

    def primitive(self, t: Tensor) -> Any:
        """A primitive as SymPy's matrix function."""
        arguments = [to_sympy(o, "matrix") for o in t.operands]
        function = _PRIMITIVES.get(t.definition.primitive.name)
        if function is None:
            raise NoMatrixForm(f"SymPy has no counterpart of {t.definition.primitive.name}")
        return function(*arguments)

    @of.register
    def _(self, node: m.Number) -> Any:
        return node.value

    @of.register
    def _(self, node: m.Identity) -> Any:
        return sp.Identity(node.size)

    @of.register
    def _(self, node: m.Ones) -> Any:
        return sp.OneMatrix(node.size, 1)

    @of.register
    def _(self, node: m.Zeros) -> Any:
        return sp.ZeroMatrix(*node.extents)

    @of.register
    def _(self, node: m.Transpose) -> Any:
        return sp.Transpose(self.of(node.operand)).doit()

    @of.register
    def _(self, node: m.Diag) -> Any:
        return diagonal.DiagMatrix(self.of(node.operand))

    @of.register
    def _(self, node: m.DiagonalOf) -> Any:
        return diagonal.DiagonalOf(self.of(node.operand))

    @of.register
    def _(self, node: m.Trace) -> Any:
        return sp.Trace(self.of(node.operand))

    @of.register
    def _(self, node: m.Norm) -> Any:
        if node.order != 2:
            raise NoMatrixForm("SymPy has no symbolic norm of this order")
        inner = self.of(node.operand)
        return sp.sqrt(sp.Trace(sp.MatMul(sp.Transpose(inner).doit(), inner)))

    @of.register
    def _(self, node: m.Power) -> Any:
        inner = self.of(node.operand)
        return inner**node.exponent if node.is_scalar else sp.HadamardPower(inner, node.exponent)

    @of.register
    def _(self, node: m.Product) -> Any:
        product = sp.MatMul(*map(self.of, node.operands))
        return sp.Trace(product) if node.is_scalar else product

    @of.register
    def _(self, node: m.Hadamard) -> Any:
        return sp.HadamardProduct(*map(self.of, node.operands))

    @of.register
    def _(self, node: m.Sum) -> Any:
        return (sp.Add if node.is_scalar else sp.MatAdd)(*map(self.of, node.operands))

    @of.register
    def _(self, node: m.Scale) -> Any:
        scalars = sp.Mul(node.number, *map(self.of, node.scalars))
        return scalars * self.of(node.operand)

    @of.register
    def _(self, node: m.Apply) -> Any:
        arguments = list(map(self.of, node.operands))
        shaped = [k for k, o in enumerate(node.operands) if not o.is_scalar]
        if not shaped:
            return applied(node.function.head, arguments)
        if len(shaped) > 1:
            raise NoMatrixForm(f"SymPy has no {node.function.name} of two matrices, entry by entry")
        place = sp.Dummy("d", real=True)
        matrix = arguments[shaped[0]]
        arguments[shaped[0]] = place
        return ElementwiseApplyFunction(sp.Lambda(place, applied(node.function.head, arguments)), matrix)


_PRIMITIVES: dict[str, Callable[..., Any]] = {
    "inverse": sp.Inverse,
    "solve": lambda a, b: sp.MatMul(sp.Inverse(a), b),
    "determinant": sp.Determinant,
    "logabsdet": lambda a: sp.log(sp.Abs(sp.Determinant(a))),
    "sign_determinant": lambda a: sp.sign(sp.Determinant(a)),
}


# -- sums over entries -------------------------------------------------------------------------------------------------


def _indexed(closed: Closed) -> Any:
    letters = Letters.apart_from(closed.expr, *closed.indices).with_(closed.indices)
    body = _EntryWriter(letters, _base_entry).of(closed.expr)
    free = tuple(sp.Symbol(letters[i], integer=True) for i in closed.indices)
    return sp.Lambda(free, body) if free else body


def _base_entry(access: Access, indices: list[Any]) -> Any:
    t = access.tensor
    if t.ndim == 0:
        return symbol_of(t)
    if isinstance(t.definition, Application):
        return _matrix_entry(access, indices)
    return sp.Indexed(sp.IndexedBase(t.label, shape=t.extents, real=True), *indices)


def _matrix_entry(access: Access, indices: list[Any]) -> Any:
    t = access.tensor
    try:
        whole = _MatrixWriter().primitive(t) if isinstance(t.definition, Application) else symbol_of(t)
    except NoMatrixForm as reason:
        raise UnsupportedError(f"{t.describe()}: {reason}") from None
    return whole[(*indices, 0)[:2]] if t.ndim else whole


class _EntryWriter:
    """Closed forms as scalar SymPy expressions; ``entry`` writes an access."""

    def __init__(self, letters: Letters, entry: Callable[[Access, list[Any]], Any]):
        self.letters, self.entry = letters, entry

    def of(self, e: sp.Expr) -> Any:
        """The SymPy expression of a closed form's part."""
        if isinstance(e, Access):
            return self.entry(e, [self.of(i) for i in e.indices])
        if isinstance(e, Index):
            return sp.Symbol(self.letters[e], integer=True)
        if isinstance(e, Reduction):
            return self._reduction(e)
        if isinstance(e, Equal) and not e.has(Access):
            return sp.KroneckerDelta(*map(self.of, e.args))
        if isinstance(e, (Quotient, Remainder)):
            a, n = map(self.of, e.args)
            return sp.floor(a / n) if isinstance(e, Quotient) else sp.Mod(a, n)
        if not e.args:
            return e
        arguments = [self.of(a) for a in e.args]
        return applied(e.func, arguments) if e.func in BY_HEAD else e.func(*arguments)

    def _reduction(self, r: Reduction) -> Any:
        inside = _EntryWriter(self.letters.with_(r.bound), self.entry)
        body = inside.of(r.body)
        conditions = [c for g in r.guards for c in inside.conditions(g)]
        limits = [(sp.Symbol(inside.letters[i], integer=True), 0, i.extent - 1) for i in r.bound]
        if r.kind in ("sum", "prod"):
            if conditions:
                neutral = 0 if r.kind == "sum" else 1
                body = sp.Piecewise((body, sp.And(*conditions)), (neutral, True))
            return body if not limits else (sp.Sum if r.kind == "sum" else sp.Product)(body, *limits)
        if r.kind == "logsumexp" and not conditions:
            return sp.log(sp.Sum(sp.exp(body), *limits))
        points = list(_points(r.bound))
        if r.kind in ("max", "min") and points and not conditions:
            values = [body.xreplace(dict(zip((s for s, *_ in limits), p, strict=True))) for p in points]
            return (sp.Max if r.kind == "max" else sp.Min)(*values)
        raise UnsupportedError(f"SymPy has no {r.kind} over an index that runs over a named dimension")

    def conditions(self, guard: Guard) -> list[Any]:
        """A guard as SymPy relations."""
        e = self.of(guard.args[0])
        if not isinstance(guard, Within):
            return [sp.Eq(e, 0)]
        whole = [] if e.is_integer else [sp.Eq(e, sp.floor(e))]
        return [sp.Le(0, e), sp.Lt(e, self.of(guard.args[1])), *whole]


def _points(indices: tuple[Index, ...]) -> Any:
    if all(i.extent.is_Integer for i in indices):
        return itertools.product(*(map(sp.Integer, range(int(i.extent))) for i in indices))
    return ()


def _explicit(closed: Closed) -> Any:
    """A matrix (an array for more than two axes) of expressions in the entries of matrix symbols."""
    summed = [i.extent for i in bound_indices(closed.expr)]
    named = sorted({s.name for e in (*closed.extents, *summed) for s in e.free_symbols})
    if named:
        raise UnsupportedError(
            f"an explicit matrix needs numbers for the dimensions {', '.join(named)}; declare fixed sizes, or use form='matrix'"
        )
    letters = Letters.apart_from(closed.expr, *closed.indices).with_(closed.indices)
    body = _EntryWriter(letters, _explicit_entry).of(closed.expr)
    symbols = [sp.Symbol(letters[i], integer=True) for i in closed.indices]
    values = [_written_out(body.xreplace(dict(zip(symbols, p, strict=True)))) for p in _points(closed.indices)]
    if not closed.indices:
        return values[0]
    sizes = [int(e) for e in closed.extents]
    if len(sizes) <= 2:
        return sp.ImmutableMatrix(*(*sizes, 1)[:2], values)
    return sp.ImmutableDenseNDimArray(values, sizes)


def _explicit_entry(access: Access, indices: list[Any]) -> Any:
    return _matrix_entry(access, indices) if access.tensor.ndim <= 2 else _base_entry(access, indices)


def _written_out(e: Any) -> Any:
    """Finite sums and products term by term."""
    return e.doit() if e.has(sp.Sum, sp.Product, sp.KroneckerDelta, sp.Piecewise) else e

"""Matrix expressions: a small typed tree in which every node knows its shape, and constructors that keep it tidy.

A vector is a column. A scalar is 1×1. The constructors (lower case) apply laws that hold for every value: transposes are
pushed into products and cancel, products are flattened, numbers move to the front. They raise ``ShapeError`` for shapes
that do not fit, so a tree that exists is well typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symbolic.errors import ShapeError
from symbolic.program.dims import shape_text
from symbolic.program.functions import Function
from symbolic.program.tensors import Tensor

Shape = tuple[sp.Expr, sp.Expr]
SCALAR: Shape = (sp.S.One, sp.S.One)
_SELF_TRANSPOSED = frozenset(["symmetric", "diagonal", "positive_definite"])


@dataclass(frozen=True)
class Node:
    """A matrix expression; ``shape`` is (rows, columns)."""

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns."""
        raise NotImplementedError

    @cached_property
    def cost(self) -> int:
        """How much a reader has to take in: transposes, ones and diagonals count more than names."""
        return _COSTS.get(type(self), 1) + sum(c.cost for c in self.children)

    @property
    def children(self) -> tuple[Node, ...]:
        """The operands."""
        return ()

    @property
    def is_scalar(self) -> bool:
        """True for 1×1."""
        return self.shape == SCALAR

    @property
    def is_column(self) -> bool:
        """True for a column that is no scalar."""
        return self.shape[1] == 1 and self.shape[0] != 1


@dataclass(frozen=True)
class Leaf(Node):
    """A tensor, or the part of it at fixed indices: ``at`` holds an index expression or None (all) for each axis."""

    tensor: Tensor
    at: tuple[sp.Expr | None, ...]

    def __eq__(self, other):
        return isinstance(other, Leaf) and self.tensor is other.tensor and self.at == other.at

    def __hash__(self):
        return hash((self.tensor.serial, self.at))

    @cached_property
    def shape(self) -> Shape:
        kept = [e for e, i in zip(self.tensor.extents, self.at, strict=True) if i is None]
        return (kept[0] if kept else sp.S.One, kept[1] if len(kept) > 1 else sp.S.One)


@dataclass(frozen=True)
class Number(Node):
    """A number or an expression in dimensions."""

    value: sp.Expr
    shape = SCALAR


@dataclass(frozen=True)
class Identity(Node):
    """The identity matrix."""

    size: sp.Expr
    shape = cached_property(lambda self: (self.size, self.size))


@dataclass(frozen=True)
class Ones(Node):
    """The column of ones."""

    size: sp.Expr
    shape = cached_property(lambda self: (self.size, sp.S.One))


@dataclass(frozen=True)
class Zeros(Node):
    """The zero matrix."""

    extents: Shape
    shape = cached_property(lambda self: self.extents)


@dataclass(frozen=True)
class Unary(Node):
    """Base of the nodes with one operand."""

    operand: Node
    children = property(lambda self: (self.operand,))


@dataclass(frozen=True)
class Transpose(Unary):
    """Aᵀ."""

    shape = cached_property(lambda self: self.operand.shape[::-1])


@dataclass(frozen=True)
class Diag(Unary):
    """The diagonal matrix of a column."""

    shape = cached_property(lambda self: (self.operand.shape[0], self.operand.shape[0]))


@dataclass(frozen=True)
class DiagonalOf(Unary):
    """The diagonal of a square matrix as a column."""

    shape = cached_property(lambda self: (self.operand.shape[0], sp.S.One))


@dataclass(frozen=True)
class Trace(Unary):
    """The trace of a square matrix."""

    shape = SCALAR


@dataclass(frozen=True)
class Norm(Unary):
    """The Euclidean (of a matrix: Frobenius) norm, or with ``order`` 1 the sum of magnitudes of a column."""

    order: int = 2
    shape = SCALAR


@dataclass(frozen=True)
class Reduce(Unary):
    """max, min, prod, logsumexp, argmax or argmin of all entries."""

    kind: str = "max"
    shape = SCALAR


@dataclass(frozen=True)
class Power(Unary):
    """Entry by entry a^exponent."""

    exponent: sp.Expr = sp.S.One
    shape = cached_property(lambda self: self.operand.shape)


@dataclass(frozen=True)
class Many(Node):
    """Base of the nodes with several operands."""

    operands: tuple[Node, ...]
    children = property(lambda self: self.operands)


@dataclass(frozen=True)
class Product(Many):
    """The matrix product of two or more factors."""

    shape = cached_property(lambda self: (self.operands[0].shape[0], self.operands[-1].shape[1]))


@dataclass(frozen=True)
class Hadamard(Many):
    """The product entry by entry of factors of one shape."""

    shape = cached_property(lambda self: self.operands[0].shape)


@dataclass(frozen=True)
class Sum(Many):
    """The sum of terms of one shape."""

    shape = cached_property(lambda self: self.operands[0].shape)


@dataclass(frozen=True)
class Scale(Node):
    """``number`` times scalar factors times an operand."""

    number: sp.Expr
    scalars: tuple[Node, ...]
    operand: Node
    shape = cached_property(lambda self: self.operand.shape)
    children = property(lambda self: (*self.scalars, self.operand))


@dataclass(frozen=True)
class Apply(Node):
    """A function of the table, entry by entry; scalar arguments are stretched."""

    function: Function
    operands: tuple[Node, ...]
    children = property(lambda self: self.operands)

    @cached_property
    def shape(self) -> Shape:
        return next((o.shape for o in self.operands if not o.is_scalar), SCALAR)


# -- constructors ----------------------------------------------------------------------------------------------------


def same(a: sp.Expr, b: sp.Expr) -> bool:
    """Equal extents."""
    return a == b or sp.expand(a - b) == 0


def _check(operation: str, fits: bool, *nodes: Node) -> None:
    if not fits:
        shapes = " and ".join(shape_text(n.shape) for n in nodes)
        raise ShapeError(f"{operation} of matrix expressions of shapes {shapes}: they do not fit")


def transpose(a: Node) -> Node:
    """aᵀ, pushed into products and cancelled where it can be."""
    if a.is_scalar or isinstance(a, (Identity, Diag)):
        return a
    if isinstance(a, Transpose):
        return a.operand
    if isinstance(a, Leaf) and a.tensor.assume & _SELF_TRANSPOSED and a.tensor.ndim == 2:
        return a
    if isinstance(a, Product):
        return Product(tuple(transpose(f) for f in reversed(a.operands)))
    if isinstance(a, Scale):
        return Scale(a.number, a.scalars, transpose(a.operand))
    if isinstance(a, Zeros):
        return Zeros(a.shape[::-1])
    if isinstance(a, Sum):
        inside = Sum(tuple(transpose(term) for term in a.operands))
        if set(inside.operands) == set(a.operands):
            return a  # B + Bᵀ
        if inside.cost < Transpose(a).cost:
            return inside
    return Transpose(a)


def scale(number: sp.Expr, scalars: Iterable[Node], a: Node) -> Node:
    """number · scalars · a, with all numbers collected."""
    kept: list[Node] = []
    for s in scalars:
        if isinstance(s, Scale):
            number, extra, s = number * s.number, s.scalars, s.operand
            kept.extend(extra)
        if isinstance(s, Number):
            number = number * s.value
        else:
            kept.append(s)
    if isinstance(a, Scale):
        number, kept, a = number * a.number, kept + list(a.scalars), a.operand
    if isinstance(a, Number):
        number, a = number * a.value, kept.pop() if kept else Number(sp.S.One)
        if isinstance(a, Number):
            return Number(number)
    if number == 0 or isinstance(a, Zeros):
        return Number(sp.S.Zero) if a.is_scalar else Zeros(a.shape)
    return a if number == 1 and not kept else Scale(number, tuple(kept), a)


def _unscaled(nodes: Iterable[Node]) -> tuple[sp.Expr, list[Node], list[Node]]:
    """Numbers, scalar factors and the factors with a shape."""
    number, scalars, rest = sp.S.One, [], []
    for n in nodes:
        if isinstance(n, Scale):
            number, n = number * n.number, n.operand if not n.scalars else Scale(sp.S.One, n.scalars, n.operand)
        if isinstance(n, Scale):
            scalars.extend(n.scalars)
            n = n.operand
        (scalars if n.is_scalar else rest).append(n)
    return number, scalars, rest


def product(*factors: Node) -> Node:
    """The matrix product; identities vanish, scalars move to the front."""
    number, scalars, rest = _unscaled(factors)
    flat: list[Node] = []
    for f in rest:
        for g in f.operands if isinstance(f, Product) else (f,):
            if flat:
                _check("product", same(flat[-1].shape[1], g.shape[0]), flat[-1], g)
            if not isinstance(g, Identity) or not flat:
                if flat and isinstance(flat[-1], Identity):
                    flat.pop()
                flat.append(g)
    if any(isinstance(g, Zeros) for g in flat):
        shape = (flat[0].shape[0], flat[-1].shape[1])
        return Number(sp.S.Zero) if shape == SCALAR else Zeros(shape)
    inner = Number(sp.S.One) if not flat else flat[0] if len(flat) == 1 else _inner(Product(tuple(flat)))
    return scale(number, scalars, inner)


def _inner(p: Product) -> Node:
    """vᵀv is ‖v‖²; of vᵀw and wᵀv, which are equal, the orientation with fewer transposes is kept."""
    if not p.is_scalar:
        return p
    flipped = Product(tuple(transpose(f) for f in reversed(p.operands)))
    half, odd = divmod(len(p.operands), 2)
    if flipped == p and not odd:
        v = p.operands[half:]
        if not isinstance(v[0], Ones):
            return Power(Norm(v[0] if len(v) == 1 else Product(v)), sp.Integer(2))
    return flipped if flipped.cost < p.cost else p


def hadamard(*factors: Node) -> Node:
    """The product entry by entry; columns of ones vanish."""
    number, scalars, rest = _unscaled(factors)
    flat = [g for f in rest for g in (f.operands if isinstance(f, Hadamard) else (f,))]
    for g in flat[1:]:
        _check("Hadamard product", all(map(same, flat[0].shape, g.shape)), flat[0], g)
    kept = [g for g in flat if not isinstance(g, Ones)] or flat[:1]
    inner = Number(sp.S.One) if not kept else kept[0] if len(kept) == 1 else Hadamard(tuple(kept))
    return scale(number, scalars, inner)


def add(*terms: Node) -> Node:
    """The sum; equal terms are counted and zeros vanish."""
    flat = [t for term in terms for t in (term.operands if isinstance(term, Sum) else (term,))]
    for t in flat[1:]:
        _check("sum", all(map(same, flat[0].shape, t.shape)), flat[0], t)
    numbers: dict[Node, sp.Expr] = {}
    for t in flat:
        number, rest = (t.number, scale(sp.S.One, t.scalars, t.operand)) if isinstance(t, Scale) else (sp.S.One, t)
        if not isinstance(t, Zeros):
            numbers[rest] = numbers.get(rest, sp.S.Zero) + number
    kept = [t for t in (scale(number, [], rest) for rest, number in numbers.items()) if not _is_zero(t)]
    if not kept:
        return Number(sp.S.Zero) if flat[0].is_scalar else Zeros(flat[0].shape)
    if len(kept) == 1:
        return kept[0]
    sizes = {abs(t.number) if isinstance(t, Scale) else sp.S.One for t in kept}
    if len(sizes) == 1 and sizes != {sp.S.One}:
        (size,) = sizes
        return scale(size, [], Sum(tuple(scale(1 / size, [], t) for t in kept)))
    return Sum(tuple(kept))


def _is_zero(a: Node) -> bool:
    return isinstance(a, Zeros) or (isinstance(a, Number) and a.value == 0)


def power(a: Node, exponent: sp.Expr) -> Node:
    """a^exponent, entry by entry."""
    if isinstance(a, Number):
        return Number(a.value**exponent)
    if exponent == 1 or isinstance(a, Ones):
        return a
    if isinstance(a, Power) and isinstance(a.operand, Norm):
        e = a.exponent * exponent
        return a.operand if e == 1 else Power(a.operand, e)
    if isinstance(a, Diag) and exponent.is_positive:
        return Diag(power(a.operand, exponent))
    return Power(a, exponent)


def diag(v: Node) -> Node:
    """The diagonal matrix of a column; diag(1) = I."""
    _check("diag", v.shape[1] == 1, v)
    if isinstance(v, Ones):
        return Identity(v.size)
    return scale(v.number, v.scalars, diag(v.operand)) if isinstance(v, Scale) else Diag(v)


def trace(a: Node) -> Node:
    """The trace; of a product of column and row it is their inner product."""
    _check("trace", same(*a.shape), a)
    if isinstance(a, Scale):
        return scale(a.number, a.scalars, trace(a.operand))
    if isinstance(a, Identity):
        return Number(a.size)
    if isinstance(a, Diag):
        return total(a.operand)
    if isinstance(a, Transpose):
        return trace(a.operand)
    if isinstance(a, Product):
        return _trace_of_product(a)
    return Trace(a)


def _trace_of_product(a: Product) -> Node:
    """tr(AᵀA) = ‖A‖²; of the cyclic shifts and their transposes the one with the fewest transposes."""
    n = len(a.operands)
    turns = [Product(a.operands[k:] + a.operands[:k]) for k in range(n)]
    turns += [transpose(t) for t in turns]
    for t in turns:
        half = t.operands[n // 2 :]
        right = half[0] if len(half) == 1 else Product(half)
        left = t.operands[: n // 2]
        if n % 2 == 0 and (left[0] if len(left) == 1 else Product(left)) == transpose(right):
            return Power(Norm(right), sp.Integer(2))
    return Trace(min(turns, key=lambda t: (t.cost, labels(t))))


def total(a: Node) -> Node:
    """The sum of all entries: 1ᵀa or 1ᵀA1, or the norm that it is."""
    if a.is_scalar:
        return a
    if isinstance(a, Scale):
        return scale(a.number, a.scalars, total(a.operand))
    if isinstance(a, DiagonalOf):
        return trace(a.operand)
    if isinstance(a, Power) and a.exponent == 2:
        return Power(Norm(a.operand), sp.Integer(2))
    if isinstance(a, Apply) and a.function.name == "absolute" and a.is_column:
        return Norm(a.operands[0], 1)
    if isinstance(a, Hadamard) and len(a.operands) == 2:
        left, right = sorted(a.operands, key=in_front)
        if left == right:
            return Power(Norm(left), sp.Integer(2))
        return product(transpose(left), right) if a.is_column else trace(product(transpose(left), right))
    left = transpose(Ones(a.shape[0]))
    return product(left, a) if a.is_column else product(left, a, Ones(a.shape[1]))


_COSTS: dict[type, int] = {Transpose: 2, Ones: 3, Diag: 3, DiagonalOf: 3, Trace: 2}


def in_front(a: Node) -> tuple[bool, int]:
    """Sort key of the factor that stands in front of an inner product: a differential last, a simple one first."""
    return isinstance(a, Leaf) and a.tensor.role == "differential", a.cost


def labels(a: Node) -> tuple[str, ...]:
    """The tensors' names in the order of printing."""
    own = (a.tensor.label,) if isinstance(a, Leaf) else ()
    return own + tuple(name for c in a.children for name in labels(c))

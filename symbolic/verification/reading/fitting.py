"""Shapes of symbols that nothing declares, as the one choice of numbers, columns and matrices with which formulas fit.

In ``J(x) = x⊤Gx − 2h⊤x`` x and h are columns of one length and G is square: nothing else can be added and multiplied so.
A choice is a kind for each symbol; the sizes follow by unification. Of several that fit, the one is taken that keeps to
the custom (small letters are numbers unless they are transposed, capitals between arrays are matrices), and none on a tie.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import sympy as sp

from symbolic.verification.elaboration.values import Value, same
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words
from symbolic.verification.reading.names import name_of

MOST_NAMES = 6
ONE = sp.S.One
_KINDS = {"number": 0, "column": 1, "matrix": 2}
_WHOLE = frozenset(["trace", "det", "logdet", "norm", "rank"])
_APART = frozenset(["diag", "vec", "softmax", "log_softmax", "logsumexp", "sum", "mean", "var", "max", "min", "inv"])
Known = Callable[[str], Value | None]
Shape = tuple[sp.Expr, sp.Expr]


class Misfit(Exception):
    """Two shapes that cannot be the same."""


@dataclass
class Sizes:
    """Sizes that a choice makes equal; a size that is still open is a symbol of its own, and never 1."""

    known: dict[str, Shape]
    bound: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    open: set[sp.Expr] = field(default_factory=set)

    def fresh(self) -> sp.Expr:
        size = sp.Dummy("size", integer=True, positive=True)
        self.open.add(size)
        return size

    def of(self, size: sp.Expr) -> sp.Expr:
        while size in self.bound:
            size = self.bound[size]
        return sp.Add(*map(self.of, size.args)) if isinstance(size, sp.Add) else size

    def unify(self, a: sp.Expr, b: sp.Expr) -> None:
        a, b = self.of(a), self.of(b)
        if a is b or same(a, b):
            return
        if a not in self.open:
            a, b = b, a
        if a not in self.open or b == ONE or b.has(a):
            raise Misfit
        self.bound[a] = b

    def equal(self, a: Shape | None, b: Shape | None) -> Shape | None:
        """The common shape; None, which is not known, is the same as any."""
        if a is None or b is None:
            return a or b
        for x, y in zip(a, b, strict=True):
            self.unify(x, y)
        return a


def fit(
    definitions: Sequence[Sequence[s.Node]], others: Iterable[Sequence[s.Node]], names: Sequence[str], known: Known
) -> dict[str, tuple[sp.Expr, ...]] | None:
    """The extents of each of ``names``; None where no choice fits the equalities, or more than one as well as another.

    ``definitions`` have to fit, of ``others`` as many as possible do. Sizes that stay open are symbols (``sympy.Dummy``).
    """
    others = list(others)
    nodes = [n for sides in definitions for side in sides for n in s.walk(side)]
    written = [*nodes, *(n for sides in others for side in sides for n in s.walk(side))]
    if not 1 <= len(names) <= MOST_NAMES or any(_base(n) in names for n in nodes if _indexed(n)):
        return None
    arrays = any(_tells_arrays(n, known) for n in nodes)
    choices = [_costs(name, written, arrays, known) for name in names]
    found: list[tuple[float, dict[str, tuple[sp.Expr, ...]]]] = []
    for choice in itertools.product(*choices):
        kinds = {name: kind for name, (kind, _) in zip(names, choice, strict=True)}
        cost = float(sum(one for _, one in choice))
        if found and cost > found[0][0]:
            continue
        sizes = Sizes({})
        for name, kind in kinds.items():
            extents = [sizes.fresh() for _ in range(_KINDS[kind])]
            sizes.known[name] = (*extents, *[ONE] * (2 - len(extents)))  # type: ignore[assignment]
        trial = Trial(sizes, known)
        if not all(trial.fits(sides) for sides in definitions) or not trial.told(definitions[0][-1]):
            continue
        cost += sum(0.5 for sides in others if not trial.fits(sides))
        shapes = {n: tuple(map(sizes.of, sizes.known[n][: _KINDS[kinds[n]]])) for n in names}
        cost += 2 * sum(_stands_alone(name, shapes, sizes.open) for name in names)
        found.append((cost, shapes))
        found.sort(key=lambda one: one[0])
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def _stands_alone(name: str, shapes: dict[str, tuple[sp.Expr, ...]], open_: set[sp.Expr]) -> bool:
    """Whether nothing tells a size of a matrix: the C of ``‖w‖² + C ∑_i ξ_i`` is a number."""
    others = {size for other, shape in shapes.items() if other != name for size in shape}
    return len(shapes[name]) == 2 and all(size in open_ and size not in others for size in shapes[name])


def _costs(name: str, nodes: list[s.Node], arrays: bool, known: Known) -> list[tuple[str, int]]:
    """The kinds that a symbol may be of, with how unusual each is."""
    if not arrays:
        return [("number", 0)]
    turned = any(
        isinstance(n, s.Scripted)
        and s.is_transpose(n.sup)
        and any(name_of(replace(m, sup=None) if isinstance(m, s.Scripted) else m) == name for m in s.walk(n))
        for n in nodes
    )
    capital = name[0].isupper()
    if turned:
        return [("matrix", 0), ("column", 1)] if capital else [("column", 0), ("matrix", 2)]
    if capital:
        return [("matrix", 0), ("number", 1)]
    multiplied = any(_follows_matrix(n, name, known) for n in nodes if isinstance(n, s.Product))
    return [("column", 0), ("number", 1)] if multiplied else [("number", 0), ("column", 1)]


def _follows_matrix(product: s.Product, name: str, known: Known) -> bool:
    """Whether a symbol stands right behind a declared matrix: the x of Ax."""
    for (_, before), (sign, factor) in itertools.pairwise(product.factors):
        held = known(name_of(before) or "")
        if not sign and name_of(factor) == name and held is not None and held.rank == 2:
            return True
    return False


def _indexed(node: s.Node) -> bool:
    """Whether a node is a symbol with letters below, or with that of a layer above."""
    return isinstance(node, s.Scripted) and (
        node.indexed is not None
        or isinstance(node.sub, (s.Symbol, s.Product, s.Items))
        or isinstance(node.sup, s.Group)
        or (
            node.sup is not None
            and not s.is_transpose(node.sup)
            and any(isinstance(n, s.Symbol) for n in s.walk(node.sup))
        )
    )


def _base(node: s.Node) -> str | None:
    return node.base.name if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) else None


def _tells_arrays(node: s.Node, known: Known) -> bool:
    if isinstance(node, s.Norm) and node.kind in ("norm", "angle"):
        return True
    if isinstance(node, s.Scripted) and s.is_transpose(node.sup):
        return True
    if isinstance(node, s.Call) and isinstance(node.head, s.Symbol) and node.head.name in _WHOLE:
        return True
    name = name_of(node)
    held = known(name) if name else None
    return held is not None and bool(held.rank)


@dataclass
class Trial:
    """The shapes of formulas under one choice."""

    sizes: Sizes
    known: Known

    def fits(self, sides: Sequence[s.Node]) -> bool:
        """Whether the sides of an equality have one shape; an undefined name on the left gets it."""
        left, *rest = sides
        name = name_of(left.head if isinstance(left, s.Call) else left)
        try:
            told: Shape | None = None
            for side in rest:
                told = self.sizes.equal(told, self.shape(side))
            if name and name not in self.sizes.known and self.known(name) is None:
                if told is not None:
                    self.sizes.known[name] = told
            else:
                self.sizes.equal(told, self.shape(left))
        except Misfit:
            return False
        return True

    def told(self, node: s.Node) -> bool:
        """Whether the shape of a formula that fits is known."""
        return self.shape(node) is not None

    def shape(self, node: s.Node) -> Shape | None:
        """Rows and columns; None where nothing is known of them."""
        if isinstance(node, (s.Symbol, s.Scripted)):
            return self.symbol(node)
        if isinstance(node, s.Number):
            return (ONE, ONE)
        if isinstance(node, s.Group):
            return self.shape(node.body)
        if isinstance(node, s.Sum):
            told: Shape | None = None
            for _, term in node.terms:
                told = self.sizes.equal(told, self.shape(term))
            return told
        if isinstance(node, s.Product):
            return self.product(node)
        if isinstance(node, s.Fraction):
            below = self.shape(node.denominator)
            self.sizes.equal(below, (ONE, ONE))
            return self.shape(node.numerator)
        if isinstance(node, s.Norm):
            parts = node.body.items if isinstance(node.body, s.Items) else (node.body,)
            shapes = [self.shape(part) for part in parts]
            if node.kind == "angle" and len(shapes) == 2:
                self.sizes.equal(*shapes)
            return (ONE, ONE) if node.kind in ("norm", "angle") else None
        if isinstance(node, s.Root):
            self.sizes.equal(self.shape(node.body), (ONE, ONE))
            return (ONE, ONE)
        return self.call(node) if isinstance(node, s.Call) else None

    def symbol(self, node: s.Symbol | s.Scripted) -> Shape | None:
        if isinstance(node, s.Scripted) and s.is_transpose(node.sup) and not node.primes and node.indexed is None:
            inner = self.shape(node.base if node.sub is None else replace(node, sup=None))
            return None if inner is None else (inner[1], inner[0])
        name = name_of(node)
        if name in self.sizes.known:
            return self.sizes.known[name]
        held = self.known(name) if name else None
        if held is not None:
            return of_value(held)
        if isinstance(node, s.Symbol) or node.sub is not None or node.primes or node.indexed is not None:
            return None
        inner = self.shape(node.base)
        if inner is None:
            return None
        if not isinstance(node.sup, (s.Number, s.Sum)) or inner == (ONE, ONE):
            return inner if inner == (ONE, ONE) else None
        self.sizes.unify(*inner)
        return inner

    def product(self, node: s.Product) -> Shape | None:
        found: Shape | None = (ONE, ONE)
        for k, (sign, factor) in enumerate(node.factors):
            shape = self.shape(factor)
            if sign == "SLASH":
                self.sizes.equal(shape, (ONE, ONE))
            elif shape is None or found is None or sign == "OTIMES":
                found = None
            elif not k or found == (ONE, ONE):
                found = shape
            elif shape == (ONE, ONE):
                continue
            elif sign in ("ODOT", "OSLASH"):
                self.sizes.equal(found, shape)
            elif sign == "DDOT" or (sign == "CDOT" and found[1] == shape[1] == ONE):
                self.sizes.equal(found, shape)
                found = (ONE, ONE)
            else:
                self.sizes.unify(found[1], shape[0])
                found = (found[0], shape[1])
        return found

    def call(self, node: s.Call) -> Shape | None:
        name = node.head.name if isinstance(node.head, s.Symbol) else ""
        if len(node.arguments) != 1:
            return None
        inner = self.shape(node.arguments[0])
        if name in _WHOLE and inner is not None:
            if name != "norm":
                self.sizes.unify(*inner)
            return (ONE, ONE)
        return inner if name in words.FUNCTIONS.values() and name not in _APART else None


def of_value(held: Value) -> Shape | None:
    if held.labels or held.form or held.rank > 2:
        return None
    if held.rank == 1:
        return (ONE, held.core[0]) if held.row else (held.core[0], ONE)
    return (held.core[0], held.core[1]) if held.rank else (ONE, ONE)

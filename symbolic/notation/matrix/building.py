"""From a closed form to a matrix expression: each monomial is a network of its factors."""

from __future__ import annotations

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.notation.matrix import tree as m
from symbolic.notation.matrix.contraction import Network, NoMatrixForm
from symbolic.notation.ordering import common_factors, ordered_factors, ordered_terms
from symbolic.program.equations import Equation, eliminate
from symbolic.program.expressions import Access, Guard, Index, Reduction, Zero
from symbolic.program.functions import BY_HEAD, Equal
from symbolic.program.tensors import Tensor

Order = tuple[Index, ...]
_TOTALS = frozenset(["max", "min", "prod", "logsumexp", "argmax", "argmin"])


def matrix_tree(closed: Closed) -> m.Node:
    """The matrix expression of a closed form with at most two axes.

    Raises ``NoMatrixForm`` where none exists.
    """
    flat = {i: sp.S.Zero for i in closed.indices if i.extent == 1}
    out = tuple(i for i in closed.indices if i not in flat)
    if len(out) > 2:
        raise NoMatrixForm(f"it has {len(out)} axes")
    tree = _Builder().build(closed.expr.xreplace(flat), out)
    axes = [i.extent for i in closed.indices]
    if len(axes) == 2 and axes[0] == 1 and axes[1] != 1:
        return m.transpose(tree)
    return tree


class _Builder:
    def __init__(self):
        self.known: dict[tuple[sp.Expr, Order], m.Node] = {}

    def build(self, e: sp.Expr, out: Order) -> m.Node:
        """The tree of ``e`` as an array over ``out``, stretched along indices that it does not mention."""
        key = (e, out)
        if key not in self.known:
            self.known[key] = self._built(e, out)
        return self.known[key]

    def _built(self, e: sp.Expr, out: Order) -> m.Node:
        if e.is_Add:
            number, shared, rest = common_factors(e)
            terms = m.add(*(self.build(term, out) for term in ordered_terms(rest, out)))
            return m.scale(number, [self.build(f, ()) for f in shared], terms)
        whole = self._monomial(e, out)
        if isinstance(e, Reduction) or e.is_Mul:
            apart = _distributed(e)
            if apart is not None:
                split = m.add(*(self.build(term, out) for term in ordered_terms(apart, out)))
                return split if split.cost < whole.cost else whole
        return whole

    def _monomial(self, e: sp.Expr, out: Order) -> m.Node:
        number, factors, bound, guards = flattened(e)
        body, bound, live = eliminate(sp.Mul(*factors), bound, guards)
        if live is None:
            return m.Zeros((out[0].extent, out[1].extent if len(out) > 1 else sp.S.One)) if out else m.Number(sp.S.Zero)
        network = Network(bound)
        for guard in live:
            body = self._identity(guard, network, out, body)
        more, factors, inner, left = flattened(body)
        if inner or left:
            raise NoMatrixForm("a condition restricts its indices")
        support: set[Index] = set()
        for factor in ordered_factors(factors, (*out, *bound)):
            where = self._support(factor, (*out, *bound))
            support |= set(where)
            self._place(network, factor, where)
        for index in [i for i in bound if i not in support]:
            network.bound.remove(index)
            number = number * index.extent
        return m.scale(number * more, [], network.contract(out))

    @staticmethod
    def _identity(guard: Guard, network: Network, out: Order, body: sp.Expr) -> sp.Expr:
        """A Kronecker delta between the two output indices; the column's index is then replaced by the row's."""
        if len(out) == 2 and isinstance(guard, Zero) and not network.edges:
            row, column = out
            if sp.expand(guard.args[0] ** 2 - (row - column) ** 2) == 0 and m.same(row.extent, column.extent):
                network.put(m.Identity(row.extent), out)
                return body.xreplace({column: row})
        raise NoMatrixForm("a condition restricts its indices")

    @staticmethod
    def _support(factor: sp.Expr, scope: Order) -> Order:
        inside = free_indices(factor)
        stray = inside - set(scope)
        if stray:
            raise NoMatrixForm("an index is used outside its sum")
        return tuple(i for i in scope if i in inside)

    def _place(self, network: Network, factor: sp.Expr, where: Order) -> None:
        if len(where) > 2:
            raise NoMatrixForm(f"a factor has {len(where)} axes")
        best = self._atom(factor, where)
        if len(where) == 2:
            turned = self._atom(factor, where[::-1])
            if turned.cost < best.cost:
                best, where = turned, where[::-1]
        network.put(best, where)

    def _atom(self, f: sp.Expr, order: Order) -> m.Node:
        """One factor as an array over exactly ``order``."""
        if isinstance(f, Access):
            return leaf(f, order)
        if f.is_Pow and not free_indices(f.exp) and not f.exp.atoms(Access):
            if not f.has(Access, Index):
                return m.Number(f)
            return m.power(self.build(f.base, order), f.exp)
        if f.is_Add:
            return self.build(f, order)
        if isinstance(f, Reduction):
            return self._reduction(f, order)
        if isinstance(f, Index):
            raise NoMatrixForm("an index is used as a number")
        if not f.has(Access, Index):
            return m.Number(f)
        row = BY_HEAD.get(f.func)
        if row is None:
            raise NoMatrixForm(f"{f.func.__name__} of tensors has none")
        if row.name == "equal" and not f.has(Access):
            raise NoMatrixForm("a condition restricts its indices")
        arguments = [self.build(a, self._support(a, order) and order) for a in f.args]
        if all(a.is_scalar for a in arguments) and order:
            raise NoMatrixForm("an index is used as a number")
        return m.Apply(row, tuple(arguments))

    def _reduction(self, f: Reduction, order: Order) -> m.Node:
        if f.kind not in _TOTALS or order or f.guards or len(f.bound) > 2:
            raise NoMatrixForm(f"{f.kind} along one axis has none")
        if f.kind in ("argmax", "argmin") and len(f.bound) != 1:
            raise NoMatrixForm(f"{f.kind} over several axes has none")
        return m.Reduce(self.build(f.body, f.bound), f.kind)


def free_indices(e: sp.Basic) -> set[Index]:
    """Indices that ``e`` mentions and does not bind."""
    if isinstance(e, Index):
        return {e}
    if isinstance(e, Access):
        return set(e.atoms(Index))
    inside: set[Index] = set().union(*(free_indices(a) for a in e.args)) if e.args else set()
    return inside - set(e.bound) if isinstance(e, Reduction) else inside


def flattened(e: sp.Expr) -> tuple[sp.Expr, list[sp.Expr], list[Index], list[Guard]]:
    """A product with nested sums and deltas pulled up: number, factors, bound indices, guards."""
    number, factors, bound, guards = sp.S.One, [], [], []
    pending = [e]
    while pending:
        f = pending.pop()
        if f.is_Mul:
            pending.extend(f.args)
        elif isinstance(f, Reduction) and f.kind == "sum":
            if set(f.bound) & set(bound):
                f = f.renamed()
            bound.extend(f.bound)
            guards.extend(f.guards)
            pending.append(f.body)
        elif isinstance(f, Equal) and not f.has(Access):
            guards.append(Zero(f.args[0] - f.args[1]))
        elif f.is_number or not f.has(Access, Index):
            number = number * f
        elif f.is_Pow and f.exp.is_Integer and f.exp.is_positive and f.base.has(Equal) and isinstance(f.base, Equal):
            pending.append(f.base)
        else:
            factors.append(f)
    return number, factors, bound, guards


def _distributed(e: sp.Expr) -> sp.Expr | None:
    """number · Σ (a + b) as number · Σ a + number · Σ b; None where the body is no sum of terms."""
    number, rest = e.as_coeff_Mul() if e.is_Mul else (sp.S.One, e)
    outer, inner = [], rest
    if rest.is_Mul:
        sums = [f for f in rest.args if isinstance(f, Reduction)]
        outer = [f for f in rest.args if not isinstance(f, Reduction)]
        if len(sums) != 1 or any(f.has(Access, Index) for f in outer):
            return None
        inner = sums[0]
    if not isinstance(inner, Reduction) or inner.kind != "sum":
        return None
    coefficient, body = inner.body.as_coeff_Mul()
    if not body.is_Add:
        return None
    factor = sp.Mul(number, coefficient, *outer)
    return sp.Add(*(factor * Reduction("sum", term, inner.bound, inner.guards) for term in body.args))


def leaf(access: Access, order: Order) -> m.Node:
    """A tensor read at plain indices: the leaf, transposed or its diagonal as the order asks."""
    t: Tensor = access.tensor
    if t.name is None and t.call is None and t.dtype == "int" and isinstance(t.definition, Equation):
        raise NoMatrixForm("a position found by a search has no name")
    at: list[sp.Expr | None] = []
    axes: list[Index] = []
    for i, size in zip(access.indices, t.extents, strict=True):
        if isinstance(i, Index):
            if not m.same(i.extent, size):
                raise NoMatrixForm("an index covers a part of an axis")
            at.append(None)
            axes.append(i)
        elif i.has(Index):
            raise NoMatrixForm("an index is computed")
        else:
            at.append(i)
    if len(axes) > 2:
        raise NoMatrixForm(f"{t.label} has {len(axes)} axes")
    node = m.Leaf(t, tuple(at))
    if len(axes) == 2 and axes[0] is axes[1]:
        return m.DiagonalOf(node)
    if tuple(axes) == order:
        return node
    if tuple(axes) == order[::-1]:
        return m.transpose(node)
    raise NoMatrixForm("an index is used twice")

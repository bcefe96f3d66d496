"""From a closed form back to a program: the inverse of ``closed_form``."""

from __future__ import annotations

import sympy as sp

from symbolic.calculus.closed_form import Closed, bound_indices, refreshed
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Guard, Index, Reduction
from symbolic.program.tensors import Tensor, computed


def realised(closed: Closed, dtype: str = "real") -> Tensor:
    """The tensor that a closed form describes: one equation for each reduction nested in it.

    >>> import symbolic as s
    >>> from symbolic.calculus.closed_form import closed_form
    >>> x = s.tensor("x", "n")
    >>> s.evaluate(realised(closed_form(x / (x * x).sum())), {x: {(0,): 1, (1,): 2}}, dims={"n": 2})
    [Fraction(1, 5), Fraction(2, 5)]
    """
    fresh = {index: index.fresh() for index in closed.indices}
    expr = refreshed(closed.expr, fresh)
    indices = tuple(fresh[i] for i in closed.indices)
    builder = _Builder()
    if isinstance(expr, Reduction):
        return computed(builder.equation(indices, expr, ()), dtype)
    return computed(Equation(indices, builder.flat(expr, ())), dtype)


class _Builder:
    """Tensors for nested reductions, each reduction once."""

    def __init__(self):
        self.made: dict[tuple, Tensor] = {}

    def equation(self, indices: tuple[Index, ...], r: sp.Expr, context: tuple[Guard, ...]) -> Equation:
        """The equation of a reduction, whose free indices are ``indices``."""
        guards = (*context, *r.guards)
        return equation(indices, self.flat(r.body, guards), r.bound, r.kind, guards)

    def flat(self, expr: sp.Expr, context: tuple[Guard, ...]) -> sp.Expr:
        """The expression with each outermost reduction replaced by an access to a tensor that computes it.

        Guards around it hold inside as well, so that nothing is read beyond its range.
        """
        if isinstance(expr, Reduction):
            return self._tensor(expr, context)
        if not expr.args or not expr.has(Reduction):
            return expr
        return expr.func(*(self.flat(a, context) for a in expr.args))

    def _tensor(self, r: Reduction, context: tuple[Guard, ...]) -> sp.Expr:
        own = set(bound_indices(r))
        free = {i for i in r.free_symbols if isinstance(i, Index)} - own
        around: list[Guard] = []
        grown = True
        while grown:
            more = [g for g in context if g not in around and g.free_symbols & free]
            grown = bool(more)
            around.extend(more)
            free.update(i for g in more for i in g.free_symbols if isinstance(i, Index))
        outside = sorted(free, key=lambda i: i.dummy_index)
        key = (r, tuple(around))
        t = self.made.get(key)
        if t is None:
            mapping = {i: i.fresh() for i in outside}
            inner = refreshed(r, mapping)
            guards = tuple(g.xreplace(mapping) for g in around)
            t = self.made[key] = computed(self.equation(tuple(mapping.values()), inner, guards))
        return t.access(*outside)

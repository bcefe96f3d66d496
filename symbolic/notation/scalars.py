"""Scalar algebra in a dialect: numbers, dimensions, sums, products, powers, functions of the table."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.notation.dialect import PREFIX, Latex, Piece
from symbolic.notation.ordering import ordered_factors, ordered_terms, product_factors, signed
from symbolic.program.expressions import Access, Index, Quotient, Remainder
from symbolic.program.functions import BY_HEAD


class ScalarPrinter:
    """Prints expressions without tensors; ``scope`` orders the indices of those that have them."""

    def __init__(self, dialect: Latex, scope: Sequence[Index] = ()):
        self.dialect, self.scope = dialect, tuple(scope)

    def piece(self, e: sp.Expr) -> Piece:
        """A printed expression. Raises ``UnsupportedError`` for a node that it does not know."""
        if e.is_Rational:
            return self._rational(e)
        if e.is_Add:
            return self._sum(e)
        if e.is_Mul:
            return self._product(list(e.args))
        if e.is_Pow:
            return self._power(e)
        if e.is_Symbol:
            return self.dialect.symbol(e.name)
        if isinstance(e, (Quotient, Remainder)):
            a, n = (self.dialect.at_least(self.piece(x), PREFIX) for x in e.args)
            return self.dialect.quotient(a, n) if isinstance(e, Quotient) else self.dialect.remainder(a, n)
        if e.is_number and not e.args:
            return self.dialect.constant(e)
        row = BY_HEAD.get(e.func)
        if row is None:
            raise UnsupportedError(f"notation has no way to write {type(e).__name__}")
        return self.dialect.function(row, [self.piece(a) for a in e.args])

    def _rational(self, e: sp.Expr) -> Piece:
        if e.is_negative:
            return self.dialect.negative(self._rational(-e))
        return Piece(str(e)) if e.is_Integer else self.dialect.fraction(str(e.p), str(e.q))

    def _sum(self, e: sp.Expr) -> Piece:
        factors = product_factors(e)
        if len(factors) > 1:
            return self._product(factors)
        terms = (signed(t) for t in ordered_terms(e, self.scope))
        return self.dialect.plus([(negative, self.piece(t)) for negative, t in terms])

    def _power(self, e: sp.Expr) -> Piece:
        if e.exp.is_number and e.exp.is_negative:
            return self._product([e])
        if e.exp == sp.Rational(1, 2):
            return self.dialect.root(self.piece(e.base).text)
        exponent = f"{e.exp.p}/{e.exp.q}" if e.exp.is_Rational and not e.exp.is_Integer else self.piece(e.exp).text
        return self.dialect.power(self.piece(e.base), exponent)

    def _product(self, factors: list[sp.Expr], conditions: Sequence[Piece] = ()) -> Piece:
        number, above, below = sp.S.One, [], []
        for f in (g for factor in factors for g in product_factors(factor)):
            if f.is_Rational:
                number = number * f
            elif f.is_Pow and f.exp.is_number and f.exp.is_negative:
                below.append(sp.Pow(f.base, -f.exp))
            else:
                above.append(f)
        above, below = ordered_factors(above, self.scope), ordered_factors(below, self.scope)
        plain = [not f.has(Access, Index) for f in above]
        scalar_below = not any(f.has(Access, Index) for f in below)
        pieces = [(self.piece(f), p) for f, p in zip(above, plain, strict=True)]
        under = [self.piece(f) for f in below]
        return self.dialect.product(number, [*((c, False) for c in conditions), *pieces], under, scalar_below)

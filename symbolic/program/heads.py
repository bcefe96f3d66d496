"""SymPy heads of the scalar functions that SymPy lacks: evaluation at known arguments, derivative, sign and integrality."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp


class Real(sp.Function):
    """Base of the heads that SymPy lacks: real functions of real arguments."""

    is_extended_real = True

    def _eval_evalf(self, prec):
        # The table of functions, which stands on these heads, holds the values.
        from symbolic.program.functions import BY_HEAD

        if self.func not in BY_HEAD or not all(a.is_number for a in self.args):
            return None
        with mpmath.workprec(prec + 20):
            value = BY_HEAD[self.func].value(mpmath, *(a._to_mpmath(prec + 20) for a in self.args))
            return sp.Expr._from_mpmath(mpmath.mpmathify(value), prec)


class Step(Real):
    """1 where the argument is positive, else 0. Its derivative is zero wherever it exists."""

    @classmethod
    def eval(cls, x):
        if x.is_positive:
            return sp.S.One
        if x.is_nonpositive:
            return sp.S.Zero

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_nonnegative(self):
        return True

    def _eval_power(self, exponent):
        return self if exponent.is_positive else None


class Relu(Real):
    """max(x, 0); relu′(0) = 0."""

    @classmethod
    def eval(cls, x):
        if x.is_nonnegative:
            return x
        if x.is_nonpositive:
            return sp.S.Zero

    def fdiff(self, argindex=1):
        return Step(self.args[0])

    def _eval_is_nonnegative(self):
        return True


class Sign(Real):
    """−1, 0 or 1; the derivative of |x|, itself with derivative zero wherever it exists."""

    @classmethod
    def eval(cls, x):
        if x.is_zero:
            return sp.S.Zero
        if x.is_positive:
            return sp.S.One
        if x.is_negative:
            return sp.S.NegativeOne
        if x.could_extract_minus_sign():
            return -cls(-x)

    def fdiff(self, argindex=1):
        return sp.S.Zero


class Magnitude(Real):
    """|x|; the derivative at 0 is taken as 0."""

    @classmethod
    def eval(cls, x):
        if x.is_nonnegative:
            return x
        if x.is_nonpositive:
            return -x
        if x.could_extract_minus_sign():
            return cls(-x)

    def fdiff(self, argindex=1):
        return Sign(self.args[0])

    def _eval_is_nonnegative(self):
        return True

    def _eval_power(self, exponent):
        return self.args[0] ** exponent if exponent.is_even else None


class Sigmoid(Real):
    """1/(1 + e^−x); σ′ = σ(1 − σ)."""

    @classmethod
    def eval(cls, x):
        if x.is_zero:
            return sp.Rational(1, 2)

    def fdiff(self, argindex=1):
        return self * (1 - self)

    def _eval_is_positive(self):
        return True


class Softplus(Real):
    """log(1 + e^x), computed without overflow; its derivative is σ."""

    def fdiff(self, argindex=1):
        return Sigmoid(self.args[0])

    def _eval_is_positive(self):
        return True


class Maximum(Real):
    """The larger of two numbers; on a tie each argument gets half of the derivative."""

    nargs = 2

    @classmethod
    def eval(cls, a, b):
        if a == b:
            return a
        if b.is_zero:
            return Relu(a)
        if a.is_zero:
            return Relu(b)
        if a.is_number and b.is_number and a.is_comparable and b.is_comparable:
            return a if a >= b else b

    def fdiff(self, argindex=1):
        a, b = self.args if argindex == 1 else self.args[::-1]
        return Less(b, a) + Equal(a, b) / 2


class Minimum(Real):
    """The smaller of two numbers; on a tie each argument gets half of the derivative."""

    nargs = 2

    @classmethod
    def eval(cls, a, b):
        if a == b:
            return a
        if b.is_zero:
            return -Relu(-a)
        if a.is_zero:
            return -Relu(-b)
        if a.is_number and b.is_number and a.is_comparable and b.is_comparable:
            return a if a <= b else b

    def fdiff(self, argindex=1):
        a, b = self.args if argindex == 1 else self.args[::-1]
        return Less(a, b) + Equal(a, b) / 2


class Comparison(Real):
    """Base of the indicators: 1 where the relation holds, else 0; derivative zero wherever it exists."""

    nargs = 2
    relation: Any = None

    @classmethod
    def eval(cls, a, b):
        difference = a - b
        if difference.is_number and difference.is_comparable:
            return sp.S.One if cls.relation(difference, 0) == sp.true else sp.S.Zero

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_nonnegative(self):
        return True

    def _eval_is_integer(self):
        return True

    def _eval_power(self, exponent):
        return self if exponent.is_positive else None


class Less(Comparison):
    """[a < b]; [0 < x] is ``Step``."""

    relation = staticmethod(sp.Lt)

    @classmethod
    def eval(cls, a, b):
        if a.is_zero:
            return Step(b)
        if b.is_zero:
            return Step(-a)
        return super().eval(a, b)


class LessEqual(Comparison):
    """[a ≤ b]."""

    relation = staticmethod(sp.Le)


class Equal(Comparison):
    """[a = b]."""

    relation = staticmethod(sp.Eq)


class Where(Real):
    """``Where(condition, a, b)``: a where the condition holds, else b. The branch not taken is never read."""

    nargs = 3

    @classmethod
    def eval(cls, condition, a, b):
        if a == b or condition == 1:
            return a
        if condition.is_zero:
            return b

    def fdiff(self, argindex=1):
        condition = self.args[0]
        return {1: sp.S.Zero, 2: Where(condition, 1, 0), 3: Where(condition, 0, 1)}[argindex]


class Rounding(Real):
    """Base of floor, ceil and round: integers, derivative zero wherever it exists."""

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_integer(self):
        return True


class Floor(Rounding):
    """The largest integer not above x."""

    @classmethod
    def eval(cls, x):
        return sp.floor(x) if x.is_Rational else None


class Ceiling(Rounding):
    """The smallest integer not below x."""

    @classmethod
    def eval(cls, x):
        return sp.ceiling(x) if x.is_Rational else None


class Round(Rounding):
    """The nearest integer, ties to even."""

    @classmethod
    def eval(cls, x):
        return sp.Integer(round(Fraction(x.p, x.q))) if x.is_Rational else None


class Xlogy(Real):
    """x·log y, with the value 0 at x = 0 whatever y is."""

    nargs = 2

    @classmethod
    def eval(cls, x, y):
        if x.is_zero:
            return sp.S.Zero
        if y.is_positive:
            return x * sp.log(y)

    def fdiff(self, argindex=1):
        x, y = self.args
        return sp.log(y) if argindex == 1 else x / y


class Exceptional(Real):
    """Base of the tests for what is no real number: 1 or 0, derivative zero."""

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_nonnegative(self):
        return True

    def _eval_is_integer(self):
        return True


class NotANumber(Exceptional):
    """[x is NaN]. A tensor stands for real numbers, so it is 0 wherever a derivation evaluates it; code tests the array."""

    @classmethod
    def eval(cls, x):
        if x.is_number:
            return sp.Integer(x is sp.nan)


class Infinite(Exceptional):
    """[x is ∞ or −∞]; see ``NotANumber``."""

    @classmethod
    def eval(cls, x):
        if x.is_number:
            return sp.Integer(x in (sp.oo, -sp.oo))

"""The table of scalar functions: one row each, with everything that the program needs to know of a function.

A row holds the SymPy head (whose ``fdiff`` is the derivative), LaTeX, the convention at a kink, the condition on the
argument, a value in ``mpmath`` for the exact evaluator, and the NumPy expression that computes it stably. Adding an
elementary function is adding a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp


class Real(sp.Function):
    """Base of the heads that SymPy lacks: real functions of real arguments."""

    is_extended_real = True


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


class Ceiling(Rounding):
    """The smallest integer not below x."""


class Round(Rounding):
    """The nearest integer, ties to even."""


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


class LogNdtr(Real):
    """The logarithm of the standard normal distribution function, log Φ(x)."""

    def fdiff(self, argindex=1):
        x = self.args[0]
        return sp.exp(-(x**2) / 2 - self) / sp.sqrt(2 * sp.pi)


class BesselI(Real):
    """The modified Bessel function of the first kind and integer order, I_k(x)."""

    nargs = 2

    def fdiff(self, argindex=2):
        k, x = self.args
        if argindex != 2:
            raise sp.function.ArgumentIndexError(self, argindex)
        return BesselI(1, x) if k == 0 else (BesselI(k - 1, x) + BesselI(k + 1, x)) / 2


@dataclass(frozen=True)
class Function:
    """One row of the table.

    ``value(m, *args)`` computes with ``m = mpmath``; ``numpy`` is a template for code; ``latex`` a template for print;
    ``kink`` says where and how the derivative is a convention; ``domain`` is a condition ``(relation, argument)``.
    """

    name: str
    head: Any
    latex: str
    numpy: str
    value: Callable[..., Any]
    kink: str = ""
    domain: str = ""
    smooth: bool = True


def _mp_where(m, condition, a, b):
    return a if condition else b


def _row(name, head, latex, numpy, value, **more) -> Function:
    return Function(name, head, latex, numpy, value, **more)


_ARG = r"\left({0}\right)"
_TABLE = (
    _row("exp", sp.exp, r"e^{{{0}}}", "np.exp({0})", lambda m, x: m.exp(x)),
    _row("log", sp.log, r"\log " + _ARG, "np.log({0})", lambda m, x: m.log(x), domain="> 0"),
    _row("sin", sp.sin, r"\sin " + _ARG, "np.sin({0})", lambda m, x: m.sin(x)),
    _row("cos", sp.cos, r"\cos " + _ARG, "np.cos({0})", lambda m, x: m.cos(x)),
    _row("tan", sp.tan, r"\tan " + _ARG, "np.tan({0})", lambda m, x: m.tan(x)),
    _row("arcsin", sp.asin, r"\arcsin " + _ARG, "np.arcsin({0})", lambda m, x: m.asin(x), domain="in (-1, 1)"),
    _row("arccos", sp.acos, r"\arccos " + _ARG, "np.arccos({0})", lambda m, x: m.acos(x), domain="in (-1, 1)"),
    _row("arctan", sp.atan, r"\arctan " + _ARG, "np.arctan({0})", lambda m, x: m.atan(x)),
    _row("sinh", sp.sinh, r"\sinh " + _ARG, "np.sinh({0})", lambda m, x: m.sinh(x)),
    _row("cosh", sp.cosh, r"\cosh " + _ARG, "np.cosh({0})", lambda m, x: m.cosh(x)),
    _row("tanh", sp.tanh, r"\tanh " + _ARG, "np.tanh({0})", lambda m, x: m.tanh(x)),
    _row("arcsinh", sp.asinh, r"\operatorname{{arsinh}} " + _ARG, "np.arcsinh({0})", lambda m, x: m.asinh(x)),
    _row(
        "arccosh",
        sp.acosh,
        r"\operatorname{{arcosh}} " + _ARG,
        "np.arccosh({0})",
        lambda m, x: m.acosh(x),
        domain="> 1",
    ),
    _row(
        "arctanh",
        sp.atanh,
        r"\operatorname{{artanh}} " + _ARG,
        "np.arctanh({0})",
        lambda m, x: m.atanh(x),
        domain="in (-1, 1)",
    ),
    _row("erf", sp.erf, r"\operatorname{{erf}} " + _ARG, "special.erf({0})", lambda m, x: m.erf(x)),
    _row(
        "gammaln", sp.loggamma, r"\log\Gamma " + _ARG, "special.gammaln({0})", lambda m, x: m.loggamma(x), domain="> 0"
    ),
    _row(
        "polygamma",
        sp.polygamma,
        r"\psi^{{({0})}}\left({1}\right)",
        "special.polygamma({0}, {1})",
        lambda m, k, x: m.psi(k, x),
        domain="> 0",
    ),
    _row("absolute", Magnitude, r"\left|{0}\right|", "np.abs({0})", lambda m, x: abs(x), kink="|x|′ = 0 at x = 0"),
    _row(
        "sign",
        Sign,
        r"\operatorname{{sign}} " + _ARG,
        "np.sign({0})",
        lambda m, x: (x > 0) - (x < 0),
        kink="sign′ = 0 everywhere",
        smooth=False,
    ),
    _row(
        "step",
        Step,
        r"\mathbb{{1}}\left[{0} > 0\right]",
        "({0} > 0)",
        lambda m, x: int(x > 0),
        kink="step′ = 0 everywhere",
        smooth=False,
    ),
    _row(
        "relu",
        Relu,
        r"\operatorname{{relu}} " + _ARG,
        "np.maximum({0}, 0)",
        lambda m, x: x if x > 0 else x * 0,
        kink="relu′(0) = 0",
    ),
    _row("sigmoid", Sigmoid, r"\sigma " + _ARG, "special.expit({0})", lambda m, x: 1 / (1 + m.exp(-x))),
    _row(
        "softplus",
        Softplus,
        r"\operatorname{{softplus}} " + _ARG,
        "np.logaddexp(0, {0})",
        lambda m, x: m.log(1 + m.exp(x)),
    ),
    _row(
        "maximum",
        Maximum,
        r"\max\left({0}, {1}\right)",
        "np.maximum({0}, {1})",
        lambda m, a, b: max(a, b),
        kink="on a tie each argument of max gets half",
    ),
    _row(
        "minimum",
        Minimum,
        r"\min\left({0}, {1}\right)",
        "np.minimum({0}, {1})",
        lambda m, a, b: min(a, b),
        kink="on a tie each argument of min gets half",
    ),
    _row("less", Less, r"\mathbb{{1}}\left[{0} < {1}\right]", "({0} < {1})", lambda m, a, b: int(a < b), smooth=False),
    _row(
        "less_equal",
        LessEqual,
        r"\mathbb{{1}}\left[{0} \le {1}\right]",
        "({0} <= {1})",
        lambda m, a, b: int(a <= b),
        smooth=False,
    ),
    _row(
        "equal", Equal, r"\mathbb{{1}}\left[{0} = {1}\right]", "({0} == {1})", lambda m, a, b: int(a == b), smooth=False
    ),
    _row(
        "where",
        Where,
        r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        "np.where({0}, {1}, {2})",
        _mp_where,
    ),
    _row("floor", Floor, r"\left\lfloor {0} \right\rfloor", "np.floor({0})", lambda m, x: m.floor(x), smooth=False),
    _row("ceil", Ceiling, r"\left\lceil {0} \right\rceil", "np.ceil({0})", lambda m, x: m.ceil(x), smooth=False),
    _row("round", Round, r"\operatorname{{round}} " + _ARG, "np.round({0})", lambda m, x: m.nint(x), smooth=False),
    _row(
        "xlogy",
        Xlogy,
        r"{0}\,\log\left({1}\right)",
        "special.xlogy({0}, {1})",
        lambda m, x, y: x * m.log(y) if x != 0 else x * 0,
    ),
    _row("log_ndtr", LogNdtr, r"\log\Phi " + _ARG, "special.log_ndtr({0})", lambda m, x: m.log(m.ncdf(x))),
    _row("iv", BesselI, r"I_{{{0}}}\left({1}\right)", "special.iv({0}, {1})", lambda m, k, x: m.besseli(k, x)),
)

FUNCTIONS: dict[str, Function] = {row.name: row for row in _TABLE}
BY_HEAD: dict[Any, Function] = {row.head: row for row in _TABLE}

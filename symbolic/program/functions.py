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

from symbolic.program.heads import (
    Ceiling,
    Comparison,
    Equal,
    Exceptional,
    Floor,
    Infinite,
    Less,
    LessEqual,
    Magnitude,
    Maximum,
    Minimum,
    NotANumber,
    Real,
    Relu,
    Round,
    Rounding,
    Sigmoid,
    Sign,
    Softplus,
    Step,
    Where,
    Xlogy,
)
from symbolic.program.special_heads import (
    BesselI,
    BesselK,
    BesselY,
    Betainc,
    CosineIntegral,
    Dawson,
    EllipticE,
    EllipticK,
    Erfcx,
    ExponentialIntegral,
    Gammainc,
    HurwitzZeta,
    LogNdtr,
    Ndtr,
    SineIntegral,
    Spence,
)


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
    _row(
        "arctan2",
        sp.atan2,
        r"\operatorname{{atan2}}\left({0}, {1}\right)",
        "np.arctan2({0}, {1})",
        lambda m, y, x: m.atan2(y, x),
    ),
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
        "erfcx",
        Erfcx,
        r"\operatorname{{erfcx}} " + _ARG,
        "special.erfcx({0})",
        lambda m, x: m.exp(x * x) * m.erfc(x),
    ),
    _row(
        "erfinv",
        sp.erfinv,
        r"\operatorname{{erf}}^{{-1}} " + _ARG,
        "special.erfinv({0})",
        lambda m, x: m.erfinv(x),
        domain="in (-1, 1)",
    ),
    _row(
        "gammainc",
        Gammainc,
        r"P\left({0}, {1}\right)",
        "special.gammainc({0}, {1})",
        lambda m, a, x: m.gammainc(a, 0, x, regularized=True),
        domain="> 0",
    ),
    _row("jv", sp.besselj, r"J_{{{0}}}\left({1}\right)", "special.jv({0}, {1})", lambda m, k, x: m.besselj(k, x)),
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
        r"\mathbf{{1}}\left[{0} > 0\right]",
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
    _row("less", Less, r"\mathbf{{1}}\left[{0} < {1}\right]", "({0} < {1})", lambda m, a, b: int(a < b), smooth=False),
    _row(
        "less_equal",
        LessEqual,
        r"\mathbf{{1}}\left[{0} \le {1}\right]",
        "({0} <= {1})",
        lambda m, a, b: int(a <= b),
        smooth=False,
    ),
    _row(
        "equal", Equal, r"\mathbf{{1}}\left[{0} = {1}\right]", "({0} == {1})", lambda m, a, b: int(a == b), smooth=False
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
    _row("ndtr", Ndtr, r"\Phi " + _ARG, "special.ndtr({0})", lambda m, x: m.ncdf(x)),
    _row("log_ndtr", LogNdtr, r"\log\Phi " + _ARG, "special.log_ndtr({0})", lambda m, x: m.log(m.ncdf(x))),
    _row("iv", BesselI, r"I_{{{0}}}\left({1}\right)", "special.iv({0}, {1})", lambda m, k, x: m.besseli(k, x)),
    _row(
        "yv",
        BesselY,
        r"Y_{{{0}}}\left({1}\right)",
        "special.yv({0}, {1})",
        lambda m, k, x: m.bessely(k, x),
        domain="> 0",
    ),
    _row(
        "kv",
        BesselK,
        r"K_{{{0}}}\left({1}\right)",
        "special.kv({0}, {1})",
        lambda m, k, x: m.besselk(k, x),
        domain="> 0",
    ),
    _row(
        "dawsn", Dawson, r"D " + _ARG, "special.dawsn({0})", lambda m, x: m.exp(-x * x) * m.erfi(x) * m.sqrt(m.pi) / 2
    ),
    _row("expi", ExponentialIntegral, r"\operatorname{{Ei}} " + _ARG, "special.expi({0})", lambda m, x: m.ei(x)),
    _row("si", SineIntegral, r"\operatorname{{Si}} " + _ARG, "special.sici({0})[0]", lambda m, x: m.si(x)),
    _row(
        "ci", CosineIntegral, r"\operatorname{{Ci}} " + _ARG, "special.sici({0})[1]", lambda m, x: m.ci(x), domain="> 0"
    ),
    _row(
        "spence",
        Spence,
        r"\operatorname{{Li}}_2\left(1 - {0}\right)",
        "special.spence({0})",
        lambda m, x: m.polylog(2, 1 - x),
        domain="> 0",
    ),
    _row("ellipk", EllipticK, r"K " + _ARG, "special.ellipk({0})", lambda m, x: m.ellipk(x), domain="< 1"),
    _row("ellipe", EllipticE, r"E " + _ARG, "special.ellipe({0})", lambda m, x: m.ellipe(x), domain="< 1"),
    _row(
        "zeta",
        HurwitzZeta,
        r"\zeta\left({0}, {1}\right)",
        "special.zeta({0}, {1})",
        lambda m, s, q: m.zeta(s, q),
        domain="> 0",
    ),
    _row(
        "betainc",
        Betainc,
        r"I_{{{2}}}\left({0}, {1}\right)",
        "special.betainc({0}, {1}, {2})",
        lambda m, a, b, x: m.betainc(a, b, 0, x, regularized=True),
        domain="in (0, 1)",
    ),
    _row(
        "isnan",
        NotANumber,
        r"\left[{0}\ \text{{is NaN}}\right]",
        "np.isnan({0})",
        lambda m, x: int(x != x),
        smooth=False,
    ),
    _row(
        "isinf", Infinite, r"\left[|{0}| = \infty\right]", "np.isinf({0})", lambda m, x: int(m.isinf(x)), smooth=False
    ),
)

FUNCTIONS: dict[str, Function] = {row.name: row for row in _TABLE}
BY_HEAD: dict[Any, Function] = {row.head: row for row in _TABLE}

"""SciPy's special functions as scalar expressions, by SciPy's names and with its order of arguments.

What is not a row of the table of functions is written in those that are, so that derivatives of any order exist.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.program import functions as f

Scalar = Callable[..., sp.Expr]


def _scaled_bessel(kind: Scalar, sign: int) -> Scalar:
    """A Bessel function times e^(−|x|), or e^x, as SciPy scales it."""
    return lambda k, x: kind(k, x) * (sp.exp(x) if sign > 0 else sp.exp(-f.Magnitude(x)))


def _log_beta(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)


def _student(nu: sp.Expr, t: sp.Expr) -> sp.Expr:
    """The distribution function of Student's t: half of I_x(ν/2, ½) in the lower tail, x = ν/(ν + t²)."""
    tail = f.Betainc(nu / 2, sp.Rational(1, 2), nu / (nu + t**2)) / 2
    return f.Where(f.Step(t), 1 - tail, tail)


def _orthogonal(name: str, polynomial: Scalar) -> Scalar:
    def evaluated(*args: sp.Expr) -> sp.Expr:
        degree = args[0]
        if not (degree.is_Integer and degree >= 0):
            raise UnsupportedError(f"{name}: expected a whole number 0, 1, … as degree, got {degree}")
        return polynomial(*args)

    return evaluated


_DEGREE = sp.pi / 180

UNARY: dict[str, Scalar] = {
    "erf": sp.erf,
    "erfc": lambda x: 1 - sp.erf(x),
    "erfcx": f.Erfcx,
    "erfinv": sp.erfinv,
    "erfcinv": lambda x: sp.erfinv(1 - x),
    "ndtr": f.Ndtr,
    "log_ndtr": f.LogNdtr,
    "ndtri": lambda x: sp.sqrt(2) * sp.erfinv(2 * x - 1),
    "dawsn": f.Dawson,
    "expit": f.Sigmoid,
    "log_expit": lambda x: -f.Softplus(-x),
    "logit": lambda x: sp.log(x / (1 - x)),
    "exp10": lambda x: 10**x,
    "exprel": lambda x: (sp.exp(x) - 1) / x,
    "cosm1": lambda x: -2 * sp.sin(x / 2) ** 2,
    "sindg": lambda x: sp.sin(x * _DEGREE),
    "cosdg": lambda x: sp.cos(x * _DEGREE),
    "tandg": lambda x: sp.tan(x * _DEGREE),
    "cotdg": lambda x: 1 / sp.tan(x * _DEGREE),
    "entr": lambda x: -f.Xlogy(x, x),
    "gamma": lambda x: sp.exp(sp.loggamma(x)),
    "rgamma": lambda x: sp.exp(-sp.loggamma(x)),
    "gammaln": sp.loggamma,
    "loggamma": sp.loggamma,
    "digamma": lambda x: sp.polygamma(0, x),
    "psi": lambda x: sp.polygamma(0, x),
    "i0": lambda x: f.BesselI(0, x),
    "i1": lambda x: f.BesselI(1, x),
    "i0e": lambda x: _scaled_bessel(f.BesselI, -1)(0, x),
    "i1e": lambda x: _scaled_bessel(f.BesselI, -1)(1, x),
    "k0": lambda x: f.BesselK(0, x),
    "k1": lambda x: f.BesselK(1, x),
    "k0e": lambda x: _scaled_bessel(f.BesselK, 1)(0, x),
    "k1e": lambda x: _scaled_bessel(f.BesselK, 1)(1, x),
    "j0": lambda x: sp.besselj(0, x),
    "j1": lambda x: sp.besselj(1, x),
    "y0": lambda x: f.BesselY(0, x),
    "y1": lambda x: f.BesselY(1, x),
    "expi": f.ExponentialIntegral,
    "exp1": lambda x: -f.ExponentialIntegral(-x),
    "si": f.SineIntegral,
    "ci": f.CosineIntegral,
    "spence": f.Spence,
    "ellipk": f.EllipticK,
    "ellipkm1": lambda p: f.EllipticK(1 - p),
    "ellipe": f.EllipticE,
}

BINARY: dict[str, Scalar] = {
    "xlogy": f.Xlogy,
    "xlog1py": lambda a, b: f.Xlogy(a, 1 + b),
    "rel_entr": lambda a, b: a * sp.log(a / b),
    "kl_div": lambda a, b: a * sp.log(a / b) - a + b,
    "boxcox": lambda x, a: f.Where(f.Equal(a, 0), sp.log(x), (x**a - 1) / a),
    "boxcox1p": lambda x, a: f.Where(f.Equal(a, 0), sp.log(1 + x), ((1 + x) ** a - 1) / a),
    "inv_boxcox": lambda y, a: f.Where(f.Equal(a, 0), sp.exp(y), (a * y + 1) ** (1 / a)),
    "inv_boxcox1p": lambda y, a: f.Where(f.Equal(a, 0), sp.exp(y), (a * y + 1) ** (1 / a)) - 1,
    "powm1": lambda x, y: x**y - 1,
    "huber": lambda d, r: f.Where(f.LessEqual(f.Magnitude(r), d), r**2 / 2, d * (f.Magnitude(r) - d / 2)),
    "pseudo_huber": lambda d, r: d**2 * (sp.sqrt(1 + (r / d) ** 2) - 1),
    "polygamma": sp.polygamma,
    "zeta": f.HurwitzZeta,
    "betaln": _log_beta,
    "beta": lambda a, b: sp.exp(_log_beta(a, b)),
    "binom": lambda n, k: sp.exp(sp.loggamma(n + 1) - sp.loggamma(k + 1) - sp.loggamma(n - k + 1)),
    "poch": lambda z, m: sp.exp(sp.loggamma(z + m) - sp.loggamma(z)),
    "gammainc": f.Gammainc,
    "gammaincc": lambda a, x: 1 - f.Gammainc(a, x),
    "iv": f.BesselI,
    "ive": _scaled_bessel(f.BesselI, -1),
    "jv": sp.besselj,
    "yv": f.BesselY,
    "yn": f.BesselY,
    "kv": f.BesselK,
    "kn": f.BesselK,
    "kve": _scaled_bessel(f.BesselK, 1),
    # distribution functions
    "chdtr": lambda v, x: f.Gammainc(v / 2, x / 2),
    "chdtrc": lambda v, x: 1 - f.Gammainc(v / 2, x / 2),
    "pdtr": lambda k, m: 1 - f.Gammainc(f.Floor(k) + 1, m),
    "pdtrc": lambda k, m: f.Gammainc(f.Floor(k) + 1, m),
    "stdtr": _student,
    # polynomials of a fixed degree
    "eval_legendre": _orthogonal("eval_legendre", sp.legendre),
    "eval_chebyt": _orthogonal("eval_chebyt", sp.chebyshevt),
    "eval_chebyu": _orthogonal("eval_chebyu", sp.chebyshevu),
    "eval_hermite": _orthogonal("eval_hermite", sp.hermite),
    "eval_hermitenorm": _orthogonal("eval_hermitenorm", lambda n, x: 2 ** (-n / 2) * sp.hermite(n, x / sp.sqrt(2))),
    "eval_laguerre": _orthogonal("eval_laguerre", sp.laguerre),
}

TERNARY: dict[str, Scalar] = {
    "betainc": f.Betainc,
    "betaincc": lambda a, b, x: 1 - f.Betainc(a, b, x),
    "btdtr": f.Betainc,
    "gdtr": lambda rate, shape, x: f.Gammainc(shape, rate * x),
    "gdtrc": lambda rate, shape, x: 1 - f.Gammainc(shape, rate * x),
    "bdtr": lambda k, n, p: 1 - f.Betainc(f.Floor(k) + 1, n - f.Floor(k), p),
    "bdtrc": lambda k, n, p: f.Betainc(f.Floor(k) + 1, n - f.Floor(k), p),
    "fdtr": lambda n, d, x: f.Betainc(n / 2, d / 2, n * x / (n * x + d)),
    "fdtrc": lambda n, d, x: 1 - f.Betainc(n / 2, d / 2, n * x / (n * x + d)),
    "eval_gegenbauer": _orthogonal("eval_gegenbauer", sp.gegenbauer),
    "eval_genlaguerre": _orthogonal("eval_genlaguerre", lambda n, alpha, x: sp.assoc_laguerre(n, alpha, x)),
}

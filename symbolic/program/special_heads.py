"""SymPy heads of special functions: those that SymPy lacks, and those whose own heads rewrite themselves into others.

The derivatives are those of the Digital Library of Mathematical Functions, https://dlmf.nist.gov, chapters 6–8, 10, 19, 25.
"""

from __future__ import annotations

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.program.heads import Real


class Ndtr(Real):
    """The standard normal distribution function Φ(x), with all its digits in the lower tail."""

    @classmethod
    def eval(cls, x):
        if x.is_zero:
            return sp.Rational(1, 2)

    def fdiff(self, argindex=1):
        return sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def _eval_is_positive(self):
        return True


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
            raise UnsupportedError("iv: its derivative by the order is not supported")
        return BesselI(1, x) if k == 0 else (BesselI(k - 1, x) + BesselI(k + 1, x)) / 2


class Erfcx(Real):
    """The scaled complementary error function, exp(x²) erfc(x)."""

    def fdiff(self, argindex=1):
        return 2 * self.args[0] * self - 2 / sp.sqrt(sp.pi)

    def _eval_is_positive(self):
        return True


class Gammainc(Real):
    """The regularised lower incomplete gamma function P(a, x), differentiable here by x only."""

    nargs = 2

    def fdiff(self, argindex=2):
        a, x = self.args
        if argindex != 2:
            raise UnsupportedError("gammainc: its derivative by the first argument is not supported")
        return sp.exp((a - 1) * sp.log(x) - x - sp.loggamma(a))


class Betainc(Real):
    """The regularised incomplete beta function I_x(a, b), differentiable here by x only."""

    nargs = 3

    def fdiff(self, argindex=3):
        a, b, x = self.args
        if argindex != 3:
            raise UnsupportedError("betainc: its derivatives by the first two arguments are not supported")
        mass = sp.loggamma(a + b) - sp.loggamma(a) - sp.loggamma(b)
        return sp.exp((a - 1) * sp.log(x) + (b - 1) * sp.log(1 - x) + mass)


class Dawson(Real):
    """Dawson's integral, exp(−x²) ∫₀ˣ exp(t²) dt."""

    def fdiff(self, argindex=1):
        return 1 - 2 * self.args[0] * self


class Spence(Real):
    """Spence's function as SciPy has it, Li₂(1 − x) = ∫₁ˣ log t / (1 − t) dt."""

    def fdiff(self, argindex=1):
        x = self.args[0]
        return sp.log(x) / (1 - x)


class HurwitzZeta(Real):
    """Hurwitz's zeta function Σₖ (k + q)^(−s), differentiable here by q only."""

    nargs = 2

    def fdiff(self, argindex=2):
        s, q = self.args
        if argindex != 2:
            raise UnsupportedError("zeta: its derivative by the first argument is not supported")
        return -s * HurwitzZeta(s + 1, q)


class BesselK(Real):
    """The modified Bessel function of the second kind, K_k(x)."""

    nargs = 2

    def fdiff(self, argindex=2):
        k, x = self.args
        if argindex != 2:
            raise UnsupportedError("kv: its derivative by the order is not supported")
        return -BesselK(1, x) if k == 0 else -(BesselK(k - 1, x) + BesselK(k + 1, x)) / 2


class BesselY(Real):
    """The Bessel function of the second kind, Y_k(x)."""

    nargs = 2

    def fdiff(self, argindex=2):
        k, x = self.args
        if argindex != 2:
            raise UnsupportedError("yv: its derivative by the order is not supported")
        return -BesselY(1, x) if k == 0 else (BesselY(k - 1, x) - BesselY(k + 1, x)) / 2


class ExponentialIntegral(Real):
    """The exponential integral Ei(x) = ∫ eᵗ/t dt from −∞ to x."""

    def fdiff(self, argindex=1):
        return sp.exp(self.args[0]) / self.args[0]


class SineIntegral(Real):
    """Si(x) = ∫₀ˣ sin t / t dt."""

    def fdiff(self, argindex=1):
        return sp.sin(self.args[0]) / self.args[0]


class CosineIntegral(Real):
    """Ci(x), the integral of cos t / t from ∞ to x."""

    def fdiff(self, argindex=1):
        return sp.cos(self.args[0]) / self.args[0]


class EllipticK(Real):
    """The complete elliptic integral of the first kind, of the parameter m = k²."""

    def fdiff(self, argindex=1):
        m = self.args[0]
        return (EllipticE(m) - (1 - m) * self) / (2 * m * (1 - m))


class EllipticE(Real):
    """The complete elliptic integral of the second kind, of the parameter m = k²."""

    def fdiff(self, argindex=1):
        m = self.args[0]
        return (self - EllipticK(m)) / (2 * m)

"""e^x and tanh x in single precision as arithmetic, so that loops around them stay in vector registers.

e^x      2^n e^r with n = round(x/ln 2), |r| ≤ ln 2/2, and e^r = 1 + r + r² q(r), q of degree 4: at most 1 unit in the last
         place off; 0 where e^x is too small for a normal number (below 1.2e-38), because processors compute slowly with those
tanh x   x p(x²)/q(x²), p and q of degree 4, on |x| ≤ 9.02, where tanh x rounds to 1: at most 8 units off, never beyond 1

The polynomials are minimax fits of the relative error (Lawson's iteratively reweighted least squares). NaN comes through.
"""

from __future__ import annotations

import struct
from typing import Any

from llvmlite import ir

from numeric.backends.machine.arithmetic import INT, Arithmetic, Number

LOG2_E = 1.4426950408889634
LN2 = (0.693145751953125, 1.428606765330187e-06)  # the first has few bits: its multiples by n are exact
EXP = (
    1.0,
    1.0,
    0.4999999341226094,
    0.1666652010554629,
    0.04166839425916294,
    0.008368780622214108,
    0.0013814464751549693,
)
LEAST, LARGEST = -87.33654475055310, 88.72283905206835  # the logarithms of the ends of the normal numbers
TANH = (0.999999979148379, 0.13379676425685166, 0.003493984652541558, 2.0582648945197404e-05, 1.3317920858670859e-08)
TANH_UNDER = (1.0, 0.46712991716512936, 0.02587088473358844, 0.0003283010581919152, 7.761546725919042e-07)
ONE_FROM = 9.02


class _Exactly:
    """Arithmetic on reals in the order in which it stands: no instruction may be reordered."""

    def __init__(self, a: Arithmetic, like: Number):
        self.a, self.b, self.like = a, a.builder, like

    def constant(self, value: float) -> Any:
        single = struct.unpack("f", struct.pack("f", value))[0]
        return self.a.spread(self.a.constant(single), self.like.lanes).code

    def called(self, name: str, *codes: Any) -> Any:
        return self.a.called(name, *(Number(c, "real", self.like.lanes) for c in codes)).code

    def polynomial(self, x: Any, coefficients: tuple[float, ...]) -> Any:
        value = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            value = self.called("fmuladd", value, x, self.constant(c))
        return value

    def between(self, x: Any, low: float, high: float) -> Any:
        """x, but no further out than the ends; NaN stays."""
        b, (least, most) = self.b, map(self.constant, (low, high))
        x = b.select(b.fcmp_ordered("<", x, least), least, x)
        return b.select(b.fcmp_ordered(">", x, most), most, x)

    def whole(self, x: Any) -> Any:
        return self.b.fptosi(x, INT if self.like.lanes == 1 else ir.VectorType(INT, self.like.lanes))

    def scaled(self, x: Any, n: Any) -> Any:
        """2^n x for x near 1, by adding to the exponent."""
        b, lanes = self.b, self.like.lanes
        places = ir.Constant(n.type, [23] * lanes if lanes > 1 else 23)
        return b.bitcast(b.add(b.bitcast(x, n.type), b.shl(n, places)), x.type)


def exponential(a: Arithmetic, x: Number) -> Number:
    """e^x of single floats."""
    n, b = _Exactly(a, x), a.builder
    value = n.between(x.code, LEAST - 1, LARGEST + 1)
    missing = b.fcmp_unordered("uno", value, value)
    known = b.select(missing, n.constant(0.0), value)
    whole = n.called("rint", b.fmul(known, n.constant(LOG2_E)))
    r = known
    for part in LN2:
        r = n.called("fmuladd", whole, n.constant(-part), r)
    found = n.scaled(n.polynomial(r, EXP), n.whole(whole))
    found = b.select(missing, x.code, found)
    found = b.select(b.fcmp_ordered("<", value, n.constant(LEAST)), n.constant(0.0), found)
    beyond = b.fcmp_ordered(">", value, n.constant(LARGEST))
    return Number(b.select(beyond, n.constant(float("inf")), found), "real", x.lanes)


def hyperbolic_tangent(a: Arithmetic, x: Number) -> Number:
    """tanh x of single floats."""
    n, b = _Exactly(a, x), a.builder
    value = n.between(x.code, -ONE_FROM, ONE_FROM)
    square = b.fmul(value, value)
    upper = b.fmul(value, n.polynomial(square, TANH))
    return Number(n.between(b.fdiv(upper, n.polynomial(square, TANH_UNDER)), -1.0, 1.0), "real", x.lanes)

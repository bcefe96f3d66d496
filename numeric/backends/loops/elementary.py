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
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FLOAT, INTEGER = ir.FloatType(), ir.IntType(32)
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


class _Numbers:
    """Arithmetic on single floats; no instruction may be reordered or assumes that there is no NaN."""

    def __init__(self, builder: Any):
        self.builder = builder

    def constant(self, value: float) -> Any:
        return ir.Constant(FLOAT, struct.unpack("f", struct.pack("f", value))[0])

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        kind = ir.FunctionType(FLOAT, [FLOAT] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.fmuladd.f32")
        return self.builder.call(function, [a, b, c])

    def polynomial(self, x: Any, coefficients: tuple[float, ...]) -> Any:
        value = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            value = self.multiply_add(value, x, self.constant(c))
        return value

    def between(self, x: Any, low: float, high: float) -> Any:
        """x, but no further out than the ends; NaN stays."""
        b, (low, high) = self.builder, map(self.constant, (low, high))
        x = b.select(b.fcmp_ordered("<", x, low), low, x)
        return b.select(b.fcmp_ordered(">", x, high), high, x)

    def scaled(self, x: Any, n: Any) -> Any:
        """2^n x for x near 1, by adding to the exponent."""
        b = self.builder
        return b.bitcast(b.add(b.bitcast(x, INTEGER), b.shl(n, ir.Constant(INTEGER, 23))), FLOAT)


@intrinsic
def exponential(context, x):
    """e^x of a single float."""

    def code(context, builder, signature, arguments):
        number = _Numbers(builder)
        x = number.between(arguments[0], LEAST - 1, LARGEST + 1)
        missing = builder.fcmp_unordered("uno", x, x)
        kind = ir.FunctionType(FLOAT, [FLOAT])
        rounded = cgutils.get_or_insert_function(builder.module, kind, "llvm.rint.f32")
        known = builder.select(missing, number.constant(0.0), x)
        whole = builder.call(rounded, [builder.fmul(known, number.constant(LOG2_E))])
        r = x
        for part in LN2:
            r = number.multiply_add(whole, number.constant(-part), r)
        value = number.scaled(number.polynomial(r, EXP), builder.fptosi(whole, INTEGER))
        value = builder.select(missing, x, value)
        value = builder.select(builder.fcmp_ordered("<", x, number.constant(LEAST)), number.constant(0.0), value)
        beyond = builder.fcmp_ordered(">", x, number.constant(LARGEST))
        return builder.select(beyond, number.constant(float("inf")), value)

    return (types.float32(types.float32), code) if x == types.float32 else None


@intrinsic
def hyperbolic_tangent(context, x):
    """tanh x of a single float."""

    def code(context, builder, signature, arguments):
        number = _Numbers(builder)
        x = number.between(arguments[0], -ONE_FROM, ONE_FROM)
        square = builder.fmul(x, x)
        upper = builder.fmul(x, number.polynomial(square, TANH))
        value = builder.fdiv(upper, number.polynomial(square, TANH_UNDER))
        return number.between(value, -1.0, 1.0)

    return (types.float32(types.float32), code) if x == types.float32 else None

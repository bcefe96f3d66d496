"""Reals with error bounds: every number is a ball, a value and a bound on how far the exact one may be from it.

This is running error analysis: an operation adds the rounding of its result to the errors that it passes on. Two balls
that do not overlap are different numbers, whatever cancellation or saturation happened on the way, so a difference of
balls refutes, where two agreeing precisions might both be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp
from mpmath.libmp import from_man_exp

from symbolic.verification.evaluation_numbers import Column, Reals, Trace, is_long

FLOAT_ERROR = mpmath.mpf("1e-15")  # relative, of constants that were computed in floats


class Ball:
    """``mantissa · 2^exponent``, up to ``radius`` units of its last place; whole numbers all three, because these are quick.

    A radius of None is infinite. What is no finite number is ``odd``, an mpmath infinity or NaN, and has no mantissa; ``!=``
    is true of an undefined ball and itself, as of NaN.
    """

    __slots__ = ("domain", "exponent", "mantissa", "odd", "radius")

    def __init__(self, domain: Balls, mantissa: int, exponent: int = 0, radius: int | None = 0, odd: Any = None):
        bits = mantissa.bit_length()
        excess = (bits if not radius else max(bits, radius.bit_length())) - domain.bits
        if excess > 0:
            mantissa >>= excess
            exponent += excess
            radius = None if radius is None else (radius >> excess) + 2
        self.domain, self.mantissa, self.exponent, self.radius, self.odd = domain, mantissa, exponent, radius, odd

    @property
    def value(self) -> Any:
        """The middle, as an mpmath number."""
        if self.odd is not None:
            return self.odd
        return self.domain.context.make_mpf(from_man_exp(self.mantissa, self.exponent))

    @property
    def error(self) -> Any:
        """How far the exact number may be from the middle, as an mpmath number."""
        context = self.domain.context
        return context.inf if self.radius is None else context.make_mpf(from_man_exp(self.radius, self.exponent))

    def _lift(self, other: Any) -> Ball:
        return other if isinstance(other, Ball) else self.domain.ball(other)

    def __add__(self, other: Any) -> Ball:
        a, b = self, self._lift(other)
        if a.odd is not None or b.odd is not None:
            return a.domain.near(a.value + b.value)
        if a.exponent < b.exponent:
            a, b = b, a
        small, radius, apart = b.mantissa, b.radius, a.exponent - b.exponent
        low = b.exponent
        if (
            apart > (most := 2 * a.domain.bits) and a.mantissa
        ):  # so far below the last place that its bits do not matter
            small >>= apart - most
            radius = None if radius is None else (radius >> apart - most) + 2
            low, apart = low + apart - most, most
        radius = None if radius is None or a.radius is None else radius + (a.radius << apart)
        return Ball(a.domain, (a.mantissa << apart) + small, low, radius)

    __radd__ = __add__

    def __neg__(self) -> Ball:
        if self.odd is not None:
            return self.domain.near(-self.odd)
        return Ball(self.domain, -self.mantissa, self.exponent, self.radius)

    def __sub__(self, other: Any) -> Ball:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Ball:
        return self._lift(other) - self

    def __mul__(self, other: Any) -> Ball:
        a, b = self, self._lift(other)
        if a.odd is not None or b.odd is not None:
            return a.domain.near(a.value * b.value)
        radius: int | None = 0
        if a.radius is None or b.radius is None:
            radius = None
        elif a.radius or b.radius:
            radius = abs(a.mantissa) * b.radius + abs(b.mantissa) * a.radius + a.radius * b.radius
        return Ball(a.domain, a.mantissa * b.mantissa, a.exponent + b.exponent, radius)

    __rmul__ = __mul__

    def inverse(self) -> Ball:
        """``1/self``; undefined at an exact zero, unbounded where zero is within the ball."""
        if self.odd is not None:
            return self.domain.near(1 / self.odd)
        m, r = abs(self.mantissa), self.radius
        if not m:
            return self.domain.nan if r == 0 else Ball(self.domain, 0, 0, None)
        up = self.domain.bits + m.bit_length()
        radius = None if r is None or r >= m else (r << up) // (m * (m - r)) + 2
        return Ball(self.domain, (1 << up) // self.mantissa, -up - self.exponent, radius)

    def __int__(self) -> int:
        """The entry of a tensor of integers: what was computed exactly but for rounding."""
        return int(mpmath.nint(self.value))

    def __abs__(self) -> Ball:
        if self.odd is not None:
            return self.domain.near(abs(self.odd))
        return Ball(self.domain, abs(self.mantissa), self.exponent, self.radius)

    def __eq__(self, other: Any) -> bool:
        if other is self:
            return self.odd is None or self.odd == self.odd
        return self.value == self._lift(other).value

    def __ne__(self, other: Any) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Any) -> bool:
        return self.value < self._lift(other).value

    def __gt__(self, other: Any) -> bool:
        return self.value > self._lift(other).value

    def __le__(self, other: Any) -> bool:
        return self.value <= self._lift(other).value

    def apart(self, other: Ball) -> bool:
        """True if no number lies in both balls, with room to spare."""
        gap = self - other
        return gap.odd is None and gap.radius is not None and abs(gap.mantissa) > 4 * gap.radius


class Balls(Reals):
    """``Reals`` with an error bound on every number."""

    name, effort = "ball", 2.0

    def __init__(self, digits: int, trace: Trace | None = None, tie: int = 0):
        super().__init__(digits, trace, tie)
        self.bits = self.context.prec
        self.unit = self.context.mpf(2) ** (2 - self.bits)
        self.nan = Ball(self, 0, odd=self.context.nan)

    def rational(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        up = self.bits + value.denominator.bit_length()
        mantissa, rest = divmod(value.numerator << up, value.denominator)
        return Ball(self, mantissa, -up, int(rest > 0))

    def measured(self, value: Any) -> Any:
        number = self.rational(value)
        return self.near(number.value, abs(number.value) * FLOAT_ERROR) if is_long(value) else number

    def constant(self, e: sp.Expr) -> Any:
        value = super().constant(e)
        return self.near(value, 0 if e == 0 or not e.is_finite else abs(value) * self.unit)

    def ball(self, v: Any) -> Ball:
        """A number as a ball; numbers that come without an error are exact."""
        if isinstance(v, Ball):
            return v
        if isinstance(v, Fraction):
            return self.rational(v)
        return Ball(self, v) if isinstance(v, int) else self.near(self.context.mpf(v))

    def near(self, value: Any, error: Any = 0) -> Ball:
        """The ball of an mpmath number and a bound on its error."""
        if not self.context.isfinite(value):
            return Ball(self, 0, odd=value)
        if error == 0:
            sign, mantissa, exponent, _ = value._mpf_
            return Ball(self, -int(mantissa) if sign else int(mantissa), int(exponent))
        sign, mantissa, exponent, bits = value._mpf_
        if not self.context.isfinite(error):
            return Ball(self, -int(mantissa) if sign else int(mantissa), int(exponent), None)
        _, radius, low, _ = error._mpf_
        if not mantissa:
            return Ball(self, 0, int(low), int(radius))
        wide = max(self.bits - bits, 0)  # all places that the precision has, or one unit of the last might be much
        mantissa, exponent, radius, low = int(mantissa) << wide, int(exponent) - wide, int(radius), int(low)
        radius = radius << low - exponent if low >= exponent else (radius >> exponent - low) + 1
        return Ball(self, -mantissa if sign else mantissa, exponent, radius)

    def _power(self, v: Any, exponent: int) -> Any:
        b = self.ball(v)
        if b != b:
            return self.nan
        square = b if exponent >= 0 else b.inverse()
        result, k = Ball(self, 1), abs(exponent)
        while k:
            if k & 1:
                result = result * square
            k >>= 1
            if k:
                square = square * square
        return result

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        p = self.context.mpf(int(exponent.p)) / int(exponent.q)

        def power(m: Any, v: Any) -> Any:
            if v < 0:
                raise ValueError("a fractional power of a negative number")
            return v**p

        return [self._image(power, v) for v in column]

    def general_power(self, base: Column, exponent: Column) -> Column:
        results = []
        for x, y in zip(base, exponent, strict=True):
            if isinstance(y, int):
                results.append(self._power(x, y))
            elif self.ball(x).value > 0:
                log = self._image(lambda m, v: m.log(v), x)
                results.append(self._image(lambda m, v: m.exp(v), log * y))
            else:
                (value,) = super().general_power([self.ball(x).value], [self.ball(y).value])
                results.append(self.near(value, abs(value) * self.context.sqrt(self.unit)))
        return results

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        values = super().function(head, [[v.value if isinstance(v, Ball) else v for v in c] for c in columns])
        moved = [(0, [0] * len(values))] if all(isinstance(v, int) for c in columns for v in c) else []
        for k, column in enumerate(columns):
            for side in (-1, 1):
                shifted = [
                    [
                        v.value + side * v.error
                        if isinstance(v, Ball) and k == n
                        else v.value
                        if isinstance(v, Ball)
                        else v
                        for v in c
                    ]
                    for n, c in enumerate(columns)
                ]
                if any(isinstance(v, Ball) and v.radius != 0 for v in column):
                    moved.append((side, super().function(head, shifted)))
        results = []
        for row, value in enumerate(values):
            if value != value:
                results.append(self.nan)
                continue
            value = self.context.mpf(value)
            spread = [abs(other[row] - value) for side, other in moved if side]
            error = sum(spread, self.context.mpf(0)) * 2 if all(s == s for s in spread) else self.context.inf
            results.append(self.near(value, error + 16 * abs(value) * self.unit))
        return results

    def _image(self, f: Callable[..., Any], v: Any) -> Ball:
        """The image of a ball under a monotone function: the ends move the value at most so far."""
        b, m = self.ball(v), self.context
        if b != b:
            return self.nan
        try:
            value = f(m, b.value)
        except (ValueError, ZeroDivisionError):
            return self.nan
        if value != value or hasattr(value, "_mpc_"):
            return self.nan
        error = m.mpf(0)
        for end in (b.value - b.error, b.value + b.error) if b.error else ():
            try:
                error = max(error, abs(f(m, end) - value))
            except (ValueError, ZeroDivisionError, TypeError):
                error = m.inf
        return self.near(value, error + 16 * abs(value) * self.unit)

    def order(self, a: Column, b: Column, jumps: bool) -> list[int | None]:
        """As ``Reals.order``; where balls overlap, the sign is open and the point counts as a tie."""
        signs = super().order(a, b, jumps)
        for x, y, sign in zip(a, b, signs, strict=True):
            if sign and not (isinstance(x, int) and isinstance(y, int)) and not self.ball(x).apart(self.ball(y)):
                self.trace.ties += jumps
        return signs

    def rounded(self, how: str, column: Column) -> list[int | None]:
        """As ``Reals.rounded``, of the values."""
        return super().rounded(how, [v.value if isinstance(v, Ball) else v for v in column])

    def whole_matrix(self, operands: Sequence[Column], compute: Callable[[list[Column]], Column]) -> Column:
        """A primitive's values, with an error that half the digits bound."""
        values = compute([[self.ball(v).value for v in column] for column in operands])
        scale = max((abs(v) for v in values if v == v), default=0)
        loss = scale * self.context.mpf(10) ** (-self.digits // 2)
        return [self.near(v, loss) for v in values]

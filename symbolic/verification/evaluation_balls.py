"""Reals with error bounds: every number is a ball, a value and a bound on how far the exact one may be from it.

This is running error analysis: an operation adds the rounding of its result to the errors that it passes on. Two balls
that do not overlap are different numbers, whatever cancellation or saturation happened on the way, so a difference of
balls refutes, where two agreeing precisions might both be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import sympy as sp

from symbolic.verification.evaluation_numbers import Column, Reals, Trace, is_long

FLOAT_ERROR = mpmath.mpf("1e-15")  # relative, of constants that were computed in floats


class Ball:
    """``value ± error`` in a context of working precision; ``!=`` is true of an undefined ball and itself, as of NaN."""

    __slots__ = ("domain", "error", "value")

    def __init__(self, domain: Balls, value: Any, error: Any = 0):
        self.domain, self.value, self.error = domain, value, error

    def rounded(self, value: Any, error: Any) -> Ball:
        """A result, with its own rounding added to the error."""
        return Ball(self.domain, value, error + abs(value) * self.domain.unit)

    def _lift(self, other: Any) -> Ball:
        return other if isinstance(other, Ball) else Ball(self.domain, other)

    def __add__(self, other: Any) -> Ball:
        b = self._lift(other)
        return self.rounded(self.value + b.value, self.error + b.error)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Ball:
        b = self._lift(other)
        return self.rounded(self.value - b.value, self.error + b.error)

    def __rsub__(self, other: Any) -> Ball:
        return self._lift(other) - self

    def __mul__(self, other: Any) -> Ball:
        b = self._lift(other)
        error = abs(self.value) * b.error + abs(b.value) * self.error + self.error * b.error
        return self.rounded(self.value * b.value, error)

    __rmul__ = __mul__

    def __int__(self) -> int:
        """The entry of a tensor of integers: what was computed exactly but for rounding."""
        return int(mpmath.nint(self.value))

    def __abs__(self) -> Ball:
        return Ball(self.domain, abs(self.value), self.error)

    def __eq__(self, other: Any) -> bool:
        b = self._lift(other)
        return self.value == b.value

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
        return abs(self.value - other.value) > 4 * (self.error + other.error)


class Balls(Reals):
    """``Reals`` with an error bound on every number."""

    name, effort = "ball", 6.0

    def __init__(self, digits: int, trace: Trace | None = None, tie: int = 0):
        super().__init__(digits, trace, tie)
        self.unit = self.context.mpf(2) ** (2 - self.context.prec)
        self.nan = Ball(self, self.context.nan)
        self.infinite = self.context.inf

    def rational(self, value: Any) -> Any:
        return value if isinstance(value, int) else Ball(self, *self._rounded(super().rational(value)))

    def measured(self, value: Any) -> Any:
        number = self.rational(value)
        return Ball(self, number.value, abs(number.value) * FLOAT_ERROR) if is_long(value) else number

    def _rounded(self, value: Any) -> tuple[Any, Any]:
        return value, abs(value) * self.unit

    def constant(self, e: sp.Expr) -> Any:
        value = super().constant(e)
        if isinstance(value, Ball):
            return value
        return Ball(self, value, 0 if e == 0 or not e.is_finite else abs(value) * self.unit)

    def ball(self, v: Any) -> Ball:
        """A number as a ball; whole numbers are exact."""
        return v if isinstance(v, Ball) else Ball(self, self.context.mpf(v))

    def _power(self, v: Any, exponent: int) -> Any:
        b = self.ball(v)
        if b != b:
            return self.nan
        if exponent < 0:
            if b.value == 0 and not b.error:
                return self.nan
            low = abs(b.value) - b.error
            error = b.error / (low * low) if low > 0 else self.infinite
            b = Ball(self, 1 / b.value, error) if b.value else Ball(self, self.context.mpf(0), self.infinite)
            b = b.rounded(b.value, b.error)
        result = Ball(self, self.context.mpf(1))
        k, square = abs(exponent), b
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
                results.append(Ball(self, value, abs(value) * self.context.sqrt(self.unit)))
        return results

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        values = super().function(head, [[v.value if isinstance(v, Ball) else v for v in c] for c in columns])
        moved = [(0, [0] * len(values))] if all(isinstance(v, int) for c in columns for v in c) else []
        for k, column in enumerate(columns):
            for side in (-1, 1):
                shifted = [
                    [v.value + side * v.error * (k == n) if isinstance(v, Ball) else v for v in c]
                    for n, c in enumerate(columns)
                ]
                if any(isinstance(v, Ball) and v.error for v in column):
                    moved.append((side, super().function(head, shifted)))
        results = []
        for row, value in enumerate(values):
            if value != value:
                results.append(self.nan)
                continue
            value = self.context.mpf(value)
            spread = [abs(other[row] - value) for side, other in moved if side]
            error = sum(spread, self.context.mpf(0)) * 2 if all(s == s for s in spread) else self.infinite
            results.append(Ball(self, value, error + 16 * abs(value) * self.unit))
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
                error = self.infinite
        return Ball(self, value, error + 16 * abs(value) * self.unit)

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
        return [Ball(self, v, loss) for v in values]

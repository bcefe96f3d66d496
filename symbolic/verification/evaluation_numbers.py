"""Number domains for compiled programs: floats, high-precision reals, exact fractions, residues modulo primes.

A domain computes on columns (lists of numbers of equal length). All order decisions (the sign of a difference, the
winner of a max) go through ``order`` and ``winner``, which write them to a ``Trace``; the residues, which have no order,
read the decisions that real numbers made at the same point. So kinks are shared by everything evaluated at a point.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program.functions import BY_HEAD

Column = list[Any]


class TooLarge(EvaluationError):
    """A value too large to compute within bounded time: a tower of exponentials, an enormous power."""


class Unrepresentable(EvaluationError):
    """The number domain cannot express this function or constant (a logarithm as a residue, say)."""


class Trace:
    """The order decisions at one point, in the order in which a program meets them.

    A value may jump where two numbers are equal: ``ties`` counts such decisions about nearly equal numbers (a point that
    says nothing), ``exact`` those about numbers that are exactly equal, as behind a relu (where conventions show).
    """

    def __init__(self):
        self.decisions: list[list[int | None]] = []
        self.ties = self.exact = 0
        self.position = 0

    def replay(self) -> list[int | None]:
        """The next recorded decisions."""
        self.position += 1
        return self.decisions[self.position - 1]

    def rewound(self) -> Trace:
        """The same decisions, to be read from the start."""
        copy = Trace()
        copy.decisions = self.decisions
        return copy


def is_long(value: int | Fraction) -> bool:
    """True of a constant with so many digits that nobody typed it: the rounded result of a computation in floats.

    >>> is_long(Fraction(0.1 + 0.2)), is_long(Fraction(1, 10**30)), is_long(Fraction("0.044715"))
    (True, False, False)
    """
    return isinstance(value, Fraction) and min(abs(value.numerator), value.denominator) > 10**12


class Numbers:
    """A domain of real numbers; subclasses say how numbers are made and which functions exist.

    ``tie`` is the sign given to a difference of zero where a value jumps: 0 as the functions are written, ±1 to try
    other conventions. Whole numbers (labels, masks) are data: their equality is no tie.
    """

    name = "real"
    effort = 1.0  # of one operation on two numbers (see ``verification.effort``)
    context: Any = None  # the mpmath context in which primitives are computed; None where they cannot be
    tolerance: Any = 0
    nan: Any = float("nan")

    def __init__(self, trace: Trace | None = None, tie: int = 0):
        self.trace, self.tie = trace or Trace(), tie

    # -- making numbers -----------------------------------------------------------------------------------------------

    def rational(self, value: int | Fraction) -> Any:
        """The number in this domain that a whole number or a fraction stands for."""
        raise NotImplementedError

    def measured(self, value: int | Fraction) -> Any:
        """A constant of the program; one with all the digits of a float is known to those only (see ``is_long``)."""
        return self.rational(value)

    def leaf(self, value: int | Fraction) -> Any:
        """An entry of a declared tensor."""
        return self.rational(value)

    def constant(self, e: sp.Expr) -> Any:
        """An irrational constant such as π."""
        raise NotImplementedError

    def integers(self, column: Sequence[int]) -> Column:
        """Whole numbers as numbers of the domain."""
        return list(column)

    def zero(self) -> Any:
        """A zero that counts as computed, unlike the whole number 0."""
        return self.constant(sp.S.Zero)

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def add(self, columns: Sequence[Column]) -> Column:
        """The sum, row by row."""
        if len(columns) == 2:
            return [a + b for a, b in zip(*columns, strict=True)]
        return [sum(row) for row in zip(*columns, strict=True)]

    def mul(self, columns: Sequence[Column]) -> Column:
        """The product, row by row."""
        first, *rest = columns
        for column in rest:
            first = [a * b for a, b in zip(first, column, strict=True)]
        return first

    def power(self, column: Column, exponent: int) -> Column:
        """A whole power."""
        return [self._power(v, exponent) for v in column]

    def _power(self, v: Any, exponent: int) -> Any:
        raise NotImplementedError

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        """A fractional power of non-negative numbers."""
        raise NotImplementedError

    def general_power(self, base: Column, exponent: Column) -> Column:
        """A power whose exponent is computed."""
        raise NotImplementedError

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        """A smooth function of the table, row by row."""
        raise NotImplementedError

    def total(self, values: Column) -> Any:
        """The sum of numbers."""
        return sum(values)

    def product(self, values: Column) -> Any:
        """The product of numbers."""
        result: Any = 1
        for v in values:
            result = result * v
        return result

    def whole_matrix(self, operands: Sequence[Column], compute: Callable[[list[Column]], Column]) -> Column:
        """A function of whole arrays, computed on flat real numbers."""
        if self.context is None:
            raise Unrepresentable(f"functions of matrices as numbers of the kind {self.name}")
        return compute([[self.context.mpf(v) for v in column] for column in operands])

    # -- order --------------------------------------------------------------------------------------------------------

    def order(self, a: Column, b: Column, jumps: bool) -> list[int | None]:
        """The sign of a − b, row by row; None where one of them is undefined.

        ``jumps`` says that the value that depends on it is not continuous, so that a tie is a kink.
        """
        signs: list[int | None] = []
        for x, y in zip(a, b, strict=True):
            if x != x or y != y:
                signs.append(None)
                continue
            sign = (x > y) - (x < y)
            if jumps and not (isinstance(x, int) and isinstance(y, int)):
                if sign == 0:
                    self.trace.exact += 1
                    sign = self.tie
                elif abs(x - y) <= self.tolerance * (abs(x) + abs(y)):
                    self.trace.ties += 1
            signs.append(sign)
        self.trace.decisions.append(signs)
        return signs

    def truths(self, column: Column) -> list[int | None]:
        """1 where a condition holds, 0 where not, None where it is undefined."""
        found = [None if v != v else int(v != 0) for v in column]
        self.trace.decisions.append(found)
        return found

    def winner(self, kind: str, values: Column) -> int | None:
        """The position of the first largest (or smallest) value; a near tie is noted as a kink."""
        if not values or any(v != v for v in values):
            self.trace.decisions.append([None])
            return None
        best = (max if kind in ("max", "argmax") else min)(values)
        position = values.index(best)
        if kind.startswith("arg"):
            near = [k for k, v in enumerate(values) if abs(v - best) <= self.tolerance * (abs(v) + abs(best))]
            if len(near) > 1 and not all(isinstance(v, int) for v in values):
                equal = all(values[k] == best for k in near)
                self.trace.exact += equal
                self.trace.ties += not equal
                position = near[-1] if self.tie < 0 else near[0]
        self.trace.decisions.append([position])
        return position

    def rounded(self, how: str, column: Column) -> list[int | None]:
        """floor, ceil or round to even, as whole numbers."""
        results: list[int | None] = []
        for v in column:
            if v != v:
                results.append(None)
                continue
            if not isinstance(v, int):
                edge = v * 2 if how == "round" else v
                gap = abs(edge - round(edge))
                self.trace.exact += gap == 0
                self.trace.ties += 0 < gap <= self.tolerance * (1 + abs(edge))
            results.append({"floor": math.floor, "ceil": math.ceil, "round": round}[how](v))
        self.trace.decisions.append(results)
        return results


def _guarded(nan: Any, f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)`` with everything that is undefined or complex as not-a-number."""
    if any(a != a for a in args):
        return nan
    try:
        value = f(*args)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence):
        return nan
    return nan if isinstance(value, complex) or hasattr(value, "_mpc_") else value


class Floats(Numbers):
    """Python floats: quick, for the search for a counterexample and for trying repairs; never a verdict."""

    name, effort = "float", 0.4
    context = mpmath.fp
    tolerance = 1e-9

    def rational(self, value: int | Fraction) -> Any:
        return value if isinstance(value, int) else float(value)

    def constant(self, e: sp.Expr) -> Any:
        return float(e)

    def _power(self, v: Any, exponent: int) -> Any:
        try:
            return float(v) ** exponent if exponent < 0 else v**exponent if abs(exponent) < 64 else float(v) ** exponent
        except (ZeroDivisionError, OverflowError):
            return self.nan

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        p = float(exponent)
        return [_guarded(self.nan, _positive_power, float(v), p) for v in column]

    def general_power(self, base: Column, exponent: Column) -> Column:
        return [_guarded(self.nan, _real_power, x, y) for x, y in zip(base, exponent, strict=True)]

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        quick = _FLOAT_FUNCTIONS.get(head)
        if quick is not None:
            return [_guarded(self.nan, quick, v) for v in columns[0]]
        row = _row(head)
        return [_guarded(self.nan, row.value, mpmath.fp, *values) for values in zip(*columns, strict=True)]


def _positive_power(v: Any, p: Any) -> Any:
    if v < 0:
        raise ValueError("a fractional power of a negative number")
    return v**p


def _real_power(x: Any, y: Any) -> Any:
    if isinstance(y, int) or y == int(y):
        if abs(y) > 10**6:
            raise TooLarge(f"a power with the exponent {y}")
        return x ** int(y) if x != 0 or y >= 0 else float("nan")
    return _positive_power(x, y)


_FLOAT_FUNCTIONS: dict[Any, Callable[[float], float]] = {
    sp.exp: math.exp,
    sp.log: math.log,
    sp.tanh: math.tanh,
    sp.sin: math.sin,
    sp.cos: math.cos,
    sp.erf: math.erf,
}


def _row(head: Any):
    row = BY_HEAD.get(head)
    if row is None:
        raise Unrepresentable(f"no value is known for the function {getattr(head, '__name__', head)}")
    return row


@functools.cache
def context_of(digits: int) -> Any:
    """The mpmath context of a precision, shared: making one costs more than a small program."""
    context = mpmath.mp.clone()
    context.dps = digits
    return context


class Reals(Numbers):
    """mpmath numbers of a chosen precision in decimal digits."""

    name, effort = "real", 1.5
    LARGEST = 10**5

    def __init__(self, digits: int, trace: Trace | None = None, tie: int = 0):
        super().__init__(trace, tie)
        self.digits = digits
        self.context = context_of(digits)
        self.tolerance = self.context.mpf(10) ** (-digits // 2)
        self.nan = self.context.nan

    def rational(self, value: int | Fraction) -> Any:
        if isinstance(value, int):
            return value
        return self.context.mpf(value.numerator) / value.denominator

    def constant(self, e: sp.Expr) -> Any:
        if not e.is_finite:
            return (
                self.context.inf
                if e is sp.S.Infinity
                else -self.context.inf
                if e is sp.S.NegativeInfinity
                else self.nan
            )
        value = sp.N(e, self.digits + 8)
        return self.context.mpf(str(value)) if value.is_real else self.nan

    def _power(self, v: Any, exponent: int) -> Any:
        if v == 0 and exponent < 0:
            return self.nan
        return self.context.mpf(v) ** exponent

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        m = self.context
        if exponent in (sp.Rational(1, 2), sp.Rational(-1, 2)):
            roots = [_guarded(self.nan, m.sqrt, v) if not v < 0 else self.nan for v in column]
            return roots if exponent > 0 else self.power(roots, -1)
        p = m.mpf(int(exponent.p)) / int(exponent.q)
        return [_guarded(self.nan, _positive_power, m.mpf(v), p) for v in column]

    def general_power(self, base: Column, exponent: Column) -> Column:
        m = self.context
        return [_guarded(self.nan, _real_power, m.mpf(x), y) for x, y in zip(base, exponent, strict=True)]

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        m, row = self.context, _row(head)
        if any(abs(v) > self.LARGEST for column in columns for v in column if v == v):
            raise TooLarge(f"{row.name} of a number beyond {self.LARGEST}")
        return [
            _guarded(self.nan, row.value, m, *(v if isinstance(v, int) else m.mpf(v) for v in values))
            for values in zip(*columns, strict=True)
        ]


class Fractions(Numbers):
    """Exact fractions, for programs of rational operations; anything else is ``Unrepresentable``."""

    name, effort = "fraction", 3.0
    LONGEST = 4000  # bits

    def rational(self, value: int | Fraction) -> Any:
        return value

    def constant(self, e: sp.Expr) -> Any:
        if e.is_Rational:
            return Fraction(int(e.p), int(e.q))
        raise Unrepresentable(f"{e} is no fraction")

    def _power(self, v: Any, exponent: int) -> Any:
        if v == 0 and exponent < 0:
            return self.nan
        if v != v:
            return v
        v = Fraction(v)
        if max(v.numerator.bit_length(), v.denominator.bit_length()) * abs(exponent) > self.LONGEST:
            raise TooLarge(f"a fraction raised to the power {exponent}")
        return v**exponent

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        raise Unrepresentable("a root of a fraction")

    general_power = root  # type: ignore[assignment]

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        raise Unrepresentable(f"{getattr(head, '__name__', head)} of a fraction")

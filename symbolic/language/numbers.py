"""Numbers from Python and NumPy as exact SymPy numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.errors import UnsupportedError

_LONG = 13  # A decimal that a person typed has fewer significant digits than this.


def exact_number(x: Any) -> sp.Expr:
    """The exact number that a Python or NumPy number stands for.

    A float literal becomes its exact decimal (0.1 is 1/10). A float with all its digits, which nobody types, becomes
    the simplest closed form (k/n, √r, rπ, √(rπ), log k) of which it is the nearest double, if there is one.

    >>> exact_number(0.1), exact_number(2 / 3), exact_number(math.sqrt(2 / math.pi))
    (1/10, 2/3, sqrt(2)/sqrt(pi))
    """
    if isinstance(x, sp.Expr):
        return x
    if isinstance(x, bool):
        return sp.Integer(int(x))
    if isinstance(x, int):
        return sp.Integer(x)
    if isinstance(x, Fraction):
        return sp.Rational(x.numerator, x.denominator)
    if isinstance(x, Decimal):
        return sp.Rational(str(x))
    if isinstance(x, complex):
        raise UnsupportedError(f"the complex number {x} is not supported; chainrule works with real tensors")
    if not isinstance(x, float):
        raise UnsupportedError(f"expected a number, got {type(x).__name__}")
    if math.isnan(x):
        return sp.nan
    if math.isinf(x):
        return sp.oo if x > 0 else -sp.oo
    text = repr(x)
    if len(text.lstrip("-").partition("e")[0].replace(".", "").strip("0")) >= _LONG:
        return _closed_form(x) or sp.Rational(text)
    return sp.Rational(text)


def _closed_form(x: float) -> sp.Expr | None:
    """The simple number whose nearest double is ``x``, tried from the simplest kind on."""
    sign, size = (-1, -x) if x < 0 else (1, x)
    for rational, build in (
        (size, lambda r: r),
        (size * size, sp.sqrt),
        (size / math.pi, lambda r: r * sp.pi),
        (size * math.pi, lambda r: r / sp.pi),
        (size * size / math.pi, lambda r: sp.sqrt(r * sp.pi)),
        (size * size * math.pi, lambda r: sp.sqrt(r / sp.pi)),
        (math.exp(size) if size < 20 else 0.0, sp.log),
        (size / math.e, lambda r: r * sp.E),
    ):
        fraction = Fraction(rational).limit_denominator(1000)
        if not fraction or fraction.numerator > 10**6:
            continue
        candidate = build(sp.Rational(fraction.numerator, fraction.denominator))
        if float(candidate.evalf(20)) == size:
            return sign * candidate
    return None

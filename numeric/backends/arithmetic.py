"""Expressions of dimensions as Python arithmetic: sizes, and numbers that stay weak beside arrays."""

from __future__ import annotations

import sympy as sp

from numeric.backends.texts import ATOM, POWER, PRODUCT, SUM, UNARY, Text
from symbolic.errors import UnsupportedError


class Arithmetic:
    """Integer and real expressions of dimensions as Python arithmetic."""

    def __init__(self, names):
        self.names = names

    def text(self, e: sp.Expr) -> str:
        return self.show(e).code

    def show(self, e: sp.Expr) -> Text:
        if e.is_Symbol:
            if e not in self.names:
                raise UnsupportedError(f"the dimension {e} is on no argument, so it has no number when the code runs")
            return Text(self.names[e])
        if e.is_Integer:
            return Text(str(int(e)), ATOM if e >= 0 else SUM)
        if e.is_number:
            value = float(sp.N(e, 20))
            return Text(repr(value), ATOM if value >= 0 else SUM)
        if e.is_Add:
            first, *rest = sorted(e.args, key=lambda t: (t.could_extract_minus_sign(), t.is_number))
            code = self.show(first).within(SUM)
            for t in rest:
                minus = t.could_extract_minus_sign()
                code += f" {'-' if minus else '+'} {self.show(-t if minus else t).within(PRODUCT if minus else SUM)}"
            return Text(code, SUM)
        if e.is_Mul:
            if e.could_extract_minus_sign():
                return Text(f"-{self.show(-e).within(UNARY)}", SUM)
            upper, lower = sp.fraction(e)
            if lower != 1:
                whole = "//" if e.is_integer else "/"
                return Text(f"{self.show(upper).within(PRODUCT)} {whole} {self.show(lower).within(UNARY)}", PRODUCT)
            return Text(
                " * ".join(self.show(f).within(PRODUCT if k == 0 else UNARY) for k, f in enumerate(e.args)), PRODUCT
            )
        if e.is_Pow:
            if e.exp.could_extract_minus_sign():
                return Text(f"1 / {self.show(e.base**-e.exp).within(UNARY)}", PRODUCT)
            if e.exp == sp.Rational(1, 2):
                return Text(f"math.sqrt({self.text(e.base)})")
            return Text(f"{self.show(e.base).within(ATOM)} ** {self.show(e.exp).within(ATOM)}", POWER)
        if isinstance(e, (sp.log, sp.exp)):
            return Text(f"math.{e.func.__name__}({self.text(e.args[0])})")
        raise UnsupportedError(f"{e} of dimensions has no Python form")

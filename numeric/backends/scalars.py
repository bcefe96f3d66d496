"""Scalar expressions as Python text on NumPy arrays.

Every printed piece knows how tightly it binds and what numbers it holds: ``bool`` and ``int`` arrays turn into reals
where arithmetic needs it, written numbers stay weak, so that nothing turns float32 into float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from numeric.backends.texts import ATOM, POWER, PRODUCT, SUM, UNARY, Text
from numeric.lowering.pointwise import Conjunction, InRange, IsZero
from numeric.lowering.stability import Erfc, Expm1, Finite, Log1p
from symbolic.errors import UnsupportedError
from symbolic.program.expressions import Access, Index, Quotient, Remainder
from symbolic.program.functions import (
    BY_HEAD,
    Comparison,
    Exceptional,
    Magnitude,
    Maximum,
    Minimum,
    Relu,
    Sign,
    Step,
    Where,
)


class ScalarPrinter:
    """Prints a body; ``leaves`` are the texts of its accesses and indices, ``sizes`` those of its dimensions."""

    def __init__(self, leaves: Mapping[sp.Expr, Text], size: Callable[[sp.Expr], str], dtype: str = "dtype"):
        self.leaves, self.size, self.dtype = leaves, size, dtype

    def __call__(self, e: sp.Expr, kind: str) -> Text:
        """``e`` with numbers of the given kind; what functions make of whole numbers as reals becomes whole again."""
        x = self.show(e, kind)
        if kind == "int" and x.kind == "real" and not x.weak:
            return Text(f"{x.within(ATOM)}.astype(np.int64)", ATOM, "int")
        return self.converted(x, kind)

    def converted(self, x: Text, kind: str) -> Text:
        """``x`` as numbers of another kind."""
        if x.kind == kind or x.weak or (x.kind == "int" and kind == "bool"):
            return x if kind != "bool" or x.kind == "bool" else Text(f"{x.within(UNARY)} != 0", SUM - 1, "bool")
        if kind == "bool":
            return Text(f"{x.within(SUM)} != 0", SUM - 1, "bool")
        if kind == "int" and x.kind == "real":
            return x
        target = {"real": self.dtype, "int": "np.int64"}[kind]
        return Text(f"{x.within(ATOM)}.astype({target})", ATOM, kind)

    def show(self, e: sp.Expr, kind: str) -> Text:
        """``e``, with integers kept exact if ``kind`` is not real."""
        if e in self.leaves:
            x = self.leaves[e]
            return self.converted(x, "real") if kind == "real" and x.kind == "int" else x
        if not e.has(Access, Index, *self.leaves):
            return self.number(e)
        for types, method in self.RULES:
            if isinstance(e, types):
                return method(self, e, kind)
        return self.call(e, kind)

    def number(self, e: sp.Expr) -> Text:
        """An expression of numbers and dimensions alone: Python's own arithmetic, so that it stays weak."""
        kind = "int" if e.is_integer else "real"
        if e.is_Integer:
            return Text(str(int(e)), ATOM if e >= 0 else UNARY, "int", True)
        if e.is_Rational:
            return Text(f"{e.p} / {e.q}", PRODUCT, "real", True)
        if e in (sp.oo, -sp.oo):
            return Text("np.inf" if e is sp.oo else "-np.inf", ATOM if e is sp.oo else SUM, "real", True)
        if e is sp.nan:
            return Text("np.nan", ATOM, "real", True)
        if not e.free_symbols:
            value = float(sp.N(e, 20))
            return Text(repr(value), ATOM if value >= 0 else UNARY, "real", True)
        return Text(self.size(e), ATOM if e.is_Symbol else SUM, kind, True)

    # -- operators --------------------------------------------------------------------------------------------------------

    def add(self, e: sp.Expr, kind: str) -> Text:
        """a + b − c; ``1 − test`` of a truth value is its negation."""
        first, *rest = sorted(e.args, key=lambda t: (t.could_extract_minus_sign(), not t.is_number))
        if first == 1 and len(rest) == 1:
            test = self.show(-rest[0], kind) if rest[0].could_extract_minus_sign() else None
            if test is not None and test.kind == "bool" and not test.weak:
                return Text(f"~{test.within(ATOM)}", UNARY, "bool")
        kind = kind if kind != "bool" else "int"
        shown = self.converted(self.show(first, kind), kind)
        code, weak, real = shown.within(SUM), shown.weak, shown.kind == "real"
        for term in rest:
            negative = term.could_extract_minus_sign()
            shown = self.converted(self.show(-term if negative else term, kind), kind)
            code += f" {'-' if negative else '+'} {shown.within(PRODUCT if negative else SUM)}"
            weak, real = weak and shown.weak, real or shown.kind == "real"
        return Text(code, SUM, "real" if real else kind, weak)

    def multiply(self, e: sp.Expr, kind: str) -> Text:
        """a·b / c, with a written coefficient first."""
        if e.could_extract_minus_sign():
            inner = self.show(-e, kind)
            if inner.kind == "bool":
                inner = self.converted(inner, "int" if kind == "bool" else kind)
            return replace(inner, code=f"-{inner.within(UNARY)}", binds=SUM)
        upper, lower = [], []
        for f in e.args:
            base, exponent = f.as_base_exp()
            if f.is_Rational and f.p == 1:
                lower.append(sp.Integer(f.q))
            elif exponent.is_number and exponent.could_extract_minus_sign() and not f.is_number:
                lower.append(base**-exponent)
            else:
                upper.append(f)
        shown = [self.show(f, kind) for f in upper] or [Text("1", ATOM, "int", True)]
        shown.sort(key=lambda x: not x.weak)
        if not lower and all(x.kind == "bool" for x in shown):
            return Text(" & ".join(x.within(ATOM) for x in shown), SUM, "bool")
        real = kind == "real" or bool(lower) or any(x.kind == "real" for x in shown)
        shown = [self.converted(x, "int") if x.kind == "bool" and not real else x for x in shown]
        if real and all(x.kind == "bool" or x.weak for x in shown):
            place = next((k for k, x in enumerate(shown) if x.kind == "bool"), None)
            if place is not None:
                shown[place] = self.converted(shown[place], "real")
        code = " * ".join(x.within(PRODUCT) if k == 0 else x.within(UNARY) for k, x in enumerate(shown))
        for f in lower:
            code += f" / {self.converted(self.show(f, 'real'), 'real').within(UNARY)}"
        return Text(code, PRODUCT, "real" if real else "int", False)

    def power(self, e: sp.Expr, kind: str) -> Text:
        """Powers, with roots and quotients by their own names."""
        base, exponent = e.as_base_exp()
        if exponent.is_number and exponent.could_extract_minus_sign() and exponent != -1:
            return Text(f"1 / {self.show(base**-exponent, 'real').within(UNARY)}", PRODUCT)
        if exponent == -1:
            return Text(f"1 / {self(base, 'real').within(UNARY)}", PRODUCT)
        exact = kind != "real" and exponent.is_Integer
        shown = self.show(base, "int") if exact else self(base, "real")
        exact = exact and shown.kind != "real"
        if exponent == sp.Rational(1, 2):
            return Text(f"np.sqrt({shown.code})")
        if exponent == 3 and shown.binds == ATOM and shown.code.isidentifier():
            return Text(f"{shown.code} * {shown.code} * {shown.code}", PRODUCT, "int" if exact else "real")
        power = self(exponent, "int" if exponent.is_integer and exponent.is_number else "real")
        return Text(f"{shown.within(ATOM)} ** {power.within(ATOM)}", POWER, "int" if exact else "real")

    def merged(self, e: sp.Expr, kind: str) -> Text:
        """The parts of a merged axis."""
        a, n = (self(x, "int").within(UNARY) for x in e.args)
        return Text(f"{a} {'//' if isinstance(e, Quotient) else '%'} {n}", PRODUCT, "int")

    # -- truth values ------------------------------------------------------------------------------------------------------

    def compare(self, e: sp.Expr, kind: str) -> Text:
        """A comparison; whole numbers are compared exactly."""
        shown = [self.show(a, "int") for a in e.args]
        shown = [self.converted(x, "int") if x.kind == "bool" else x for x in shown]
        if any(x.kind == "real" for x in shown):
            shown = [self(a, "real") for a in e.args]
        sign = {"less": "<", "less_equal": "<=", "equal": "=="}[BY_HEAD[e.func].name]
        return Text(f"{shown[0].within(SUM)} {sign} {shown[1].within(SUM)}", SUM - 1, "bool")

    def step(self, e: sp.Expr, kind: str) -> Text:
        """[x > 0]."""
        return Text(f"{self.show(e.args[0], 'int').within(SUM)} > 0", SUM - 1, "bool")

    def guard(self, e: sp.Expr, kind: str) -> Text:
        """A guard's truth."""
        if isinstance(e, Conjunction):
            return Text(" & ".join(f"({self.show(a, 'bool').code})" for a in e.args), SUM, "bool")
        x = self(e.args[0], "int")
        if isinstance(e, IsZero):
            return Text(f"{x.within(SUM)} == 0", SUM - 1, "bool")
        size, scale = e.args[1:]
        low = f"(0 <= {x.within(SUM)})"
        if scale == 1:
            return Text(f"{low} & ({x.within(SUM)} < {self.size(size)})", SUM, "bool")
        whole = f"({x.within(ATOM)} % {scale} == 0)"
        return Text(f"{whole} & {low} & ({x.within(SUM)} < {self.size(sp.expand(scale * size))})", SUM, "bool")

    def where(self, e: sp.Expr, kind: str) -> Text:
        """np.where, whose branches of written numbers are given a dtype."""
        test = self(e.args[0], "bool").code
        branches = [self.show(a, kind) for a in e.args[1:]]
        if [b.code for b in branches] == ["1", "0"]:
            return Text(test, SUM - 1, "bool")
        if all(b.weak for b in branches):
            target = self.dtype if kind == "real" else "np.int64"
            return Text(f"np.where({test}, {branches[0].code}, {branches[1].code}).astype({target})", ATOM, kind)
        branches = [self.converted(b, kind) if b.kind == "bool" else b for b in branches]
        kind = "real" if any(b.kind == "real" for b in branches) else "int"
        return Text(f"np.where({test}, {branches[0].code}, {branches[1].code})", ATOM, kind)

    # -- functions -------------------------------------------------------------------------------------------------------

    def call(self, e: sp.Expr, kind: str) -> Text:
        """A function of the table, by its template."""
        row = BY_HEAD.get(e.func)
        template = OWN.get(e.func) or (row.numpy if row is not None else None)
        if isinstance(e, sp.polygamma) and e.args[0] == 0:
            return Text(f"special.digamma({self(e.args[1], 'real').code})")
        if template is None:
            raise UnsupportedError(f"lambdify: the function {e.func.__name__} has no NumPy form")
        if kind != "real" and e.func in KEEPING_WHOLE:
            whole = [self.converted(self.show(a, "int"), "int") for a in e.args]
            if all(x.kind == "int" for x in whole):
                return Text(template.format(*(x.code for x in whole)), ATOM, "int")
        args = [self(a, "real" if not a.is_Integer else "int").code for a in e.args]
        code = template.format(*args)
        if issubclass(e.func, Exceptional):
            return Text(code, ATOM, "bool")
        if e.func in WIDENING:
            code += f".astype({self.dtype})"
        return Text(code, ATOM, "real")

    RULES = (
        (sp.Add, add),
        (sp.Mul, multiply),
        (sp.Pow, power),
        ((Quotient, Remainder), merged),
        (Step, step),
        (Where, where),
        (Comparison, compare),
        ((Conjunction, InRange, IsZero), guard),
    )


OWN = {
    Expm1: "np.expm1({0})",
    Log1p: "np.log1p({0})",
    Erfc: "special.erfc({0})",
    Finite: "np.where(np.isfinite({0}), {0}, 0)",
    sp.Abs: "np.abs({0})",
}
KEEPING_WHOLE = (Magnitude, Maximum, Minimum, Relu, Sign)
WIDENING = frozenset(
    row.head for name, row in ((r.name, r) for r in BY_HEAD.values()) if name in ("polygamma", "iv", "kv", "yv")
)

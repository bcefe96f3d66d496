"""Scalar expressions as text for compiled loops: plain Python on typed numbers.

Constants are typed names, because a written 0.5 would turn float32 into float64. Comparisons are written so that NaN
comes through: ``0 if x <= 0 else x`` is NaN for NaN, ``x if x > 0 else 0`` is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import sympy as sp

from numeric.lowering.stability import Erfc, Expm1, Finite, Log1p
from symbolic.errors import UnsupportedError
from symbolic.program import functions as f
from symbolic.program.expressions import Access, Index, Quotient, Remainder


class Constants:
    """The typed constants of a module: ``c0 = real(0.5)``.

    With ``vectors`` expressions are written so that LLVM vectorises loops around them; ``cheap`` functions (of ``VECTORS``)
    are arithmetic.
    """

    def __init__(self, vectors: bool = False, cheap: Collection[type] = ()):
        self.names: dict[str, str] = {}
        self.vectors, self.cheap = vectors, cheap

    def name(self, e: sp.Expr) -> str:
        """The name of a number."""
        if e is sp.oo or e is -sp.oo:
            text = "np.inf" if e is sp.oo else "-np.inf"
        elif e is sp.nan:
            text = "np.nan"
        else:
            text = str(int(e)) if e.is_Integer else repr(float(sp.N(e, 20)))
        return self.names.setdefault(text, f"c{len(self.names)}")

    def lines(self) -> list[str]:
        """Their definitions."""
        return [f"{name} = real({text})" for text, name in self.names.items()]


class Scalars:
    """Prints expressions; ``load`` gives the text of an access, ``temporary`` names a text that is used twice."""

    def __init__(
        self,
        constants: Constants,
        load: Callable[[Access], str],
        temporary: Callable[[str], str],
        known: dict[sp.Expr, str],
    ):
        self.constants, self.load, self.temporary, self.known = constants, load, temporary, known

    # -- reals ---------------------------------------------------------------------------------------------------------

    def real(self, e: sp.Expr) -> str:
        """``e`` as a real number."""
        if e in self.known:
            return f"real({self.known[e]})" if e.is_integer else self.known[e]
        if e.is_number:
            return self.constants.name(e)
        if isinstance(e, Access):
            text = self.load(e)
            return {"real": text, "int": f"real({text})", "bool": f"({self.one} if {text} else {self.zero})"}[
                e.tensor.dtype
            ]
        if isinstance(e, (Index, sp.Symbol, Quotient, Remainder)):
            return f"real({self.whole(e)})"
        if e.is_Add:
            return self._sum(e)
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, _INDICATORS):
            return f"({self.one} if {self.truth(e)} else {self.zero})"
        return self._function(e)

    @property
    def zero(self) -> str:
        return self.constants.name(sp.S.Zero)

    @property
    def one(self) -> str:
        return self.constants.name(sp.S.One)

    def atom(self, e: sp.Expr) -> str:
        """``e`` under a name of its own, to be written more than once."""
        text = self.real(e)
        return text if text.isidentifier() else self.temporary(text)

    def _sum(self, e: sp.Expr) -> str:
        first, *rest = sorted(e.args, key=lambda t: t.could_extract_minus_sign())
        text = self.real(first)
        for term in rest:
            minus = term.could_extract_minus_sign()
            text += f" {'-' if minus else '+'} {self._inner(-term if minus else term)}"
        return f"({text})"

    def _inner(self, e: sp.Expr) -> str:
        text = self.real(e)
        return text[1:-1] if e.is_Mul and text.startswith("(") and _closes_last(text) else text

    def _product(self, e: sp.Expr) -> str:
        upper, lower = [], []
        for factor in e.args:
            base, exponent = factor.as_base_exp()
            if exponent.is_number and exponent.could_extract_minus_sign() and not factor.is_number:
                lower.append(base**-exponent)
            else:
                upper.append(factor)
        upper.sort(key=lambda factor: not factor.is_number)
        if upper and upper[0] == -1 and len(upper) > 1:
            text = "-" + " * ".join(map(self.real, upper[1:]))
        else:
            text = " * ".join(map(self.real, upper)) or self.one
        return f"({text}{''.join(f' / {self.real(d)}' for d in lower)})"

    def _power(self, e: sp.Expr) -> str:
        base, exponent = e.as_base_exp()
        if exponent.is_number and exponent.could_extract_minus_sign():
            return f"({self.one} / {self.real(base**-exponent)})"
        if exponent == sp.Rational(1, 2):
            return f"math.sqrt({self.real(base)})"
        if exponent.is_Integer and 2 <= exponent <= 4:
            name = self.atom(base)
            return f"({' * '.join([name] * int(exponent))})"
        if exponent.is_Integer:
            return f"({self.real(base)} ** {int(exponent)})"
        return f"({self.real(base)} ** {self.real(exponent)})"

    def _function(self, e: sp.Expr) -> str:
        if isinstance(e, f.Where):
            test, a, b = e.args
            if self.constants.vectors:  # both are computed: a choice between numbers is no branch
                return f"({self.atom(a)} if {self.truth(test)} else {self.atom(b)})"
            return f"({self.real(a)} if {self.truth(test)} else {self.real(b)})"
        if isinstance(e, f.Xlogy):
            x = self.atom(e.args[0])
            return f"({self.zero} if {x} == {self.zero} else {x} * math.log({self.real(e.args[1])}))"
        if e.func in self.constants.cheap:
            return VECTORS[e.func].format(*map(self.real, e.args), one=self.one)
        if e.func in _CALLS:
            return _CALLS[e.func].format(*map(self.real, e.args))
        if e.func in _WRITTEN:
            names = [self.atom(a) for a in e.args]
            return "(" + _WRITTEN[e.func].format(*names, zero=self.zero, one=self.one) + ")"
        raise UnsupportedError(
            f"the compiled back end has no code for the function {e.func.__name__}; use backend='numpy'"
        )

    # -- whole numbers and truth values ---------------------------------------------------------------------------------

    def whole(self, e: sp.Expr) -> str:
        """``e`` as a whole number: an index, a position, a size."""
        if e in self.known:
            return self.known[e]
        if e.is_Integer:
            return f"({int(e)})" if e.is_negative else str(int(e))
        if isinstance(e, Access):
            return self.load(e)
        if isinstance(e, (Quotient, Remainder)):
            a, n = map(self.whole, e.args)
            return f"({a} {'//' if isinstance(e, Quotient) else '%'} {n})"
        e = sp.expand(e) if e.is_Add or e.is_Mul else e
        denominator = sp.ilcm(
            1, 1, *(t.as_coeff_Mul()[0].q for t in sp.Add.make_args(e) if t.as_coeff_Mul()[0].is_Rational)
        )
        if denominator != 1:
            return f"({self.whole(sp.expand(e * denominator))} // {denominator})"
        if e.is_Add:
            return "(" + " + ".join(map(self.whole, e.args)) + ")"
        if e.is_Mul:
            return "(" + " * ".join(map(self.whole, e.args)) + ")"
        if e.is_Pow and e.exp.is_Integer and e.exp.is_positive:
            return f"({self.whole(e.base)} ** {int(e.exp)})"
        if isinstance(e, _INDICATORS):
            return f"(1 if {self.truth(e)} else 0)"
        raise UnsupportedError(f"the compiled back end cannot use {e} as a whole number; use backend='numpy'")

    def truth(self, e: sp.Expr) -> str:
        """``e`` as a condition."""
        if isinstance(e, f.Step):
            return self._compared(">", e.args[0], sp.S.Zero)
        if isinstance(e, f.Comparison):
            sign = {f.Less: "<", f.LessEqual: "<=", f.Equal: "=="}[e.func]
            return self._compared(sign, *e.args)
        if isinstance(e, f.Exceptional):
            test = {f.NotANumber: "isnan", f.Infinite: "isinf"}[e.func]
            return f"math.{test}({self.real(e.args[0])})"
        if isinstance(e, Access) and e.tensor.dtype == "bool":
            return self.load(e)
        if e.is_Mul:
            return "(" + " and ".join(map(self.truth, e.args)) + ")"
        if isinstance(1 - e, _INDICATORS):
            return f"(not {self.truth(1 - e)})"
        return f"({self.real(e)} != {self.zero})"

    def _compared(self, sign: str, a: sp.Expr, b: sp.Expr) -> str:
        show = self.whole if a.is_integer and b.is_integer else self.real
        return f"({show(a)} {sign} {show(b)})"


def _closes_last(text: str) -> bool:
    """True if the first bracket closes at the end."""
    depth = 0
    for place, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


_INDICATORS = (f.Comparison, f.Step, f.Exceptional)

_CALLS = {
    sp.exp: "math.exp({0})", sp.log: "math.log({0})", sp.sin: "math.sin({0})", sp.cos: "math.cos({0})", sp.tan: "math.tan({0})",
    sp.asin: "math.asin({0})", sp.acos: "math.acos({0})", sp.atan: "math.atan({0})", sp.sinh: "math.sinh({0})",
    sp.cosh: "math.cosh({0})", sp.tanh: "math.tanh({0})", sp.asinh: "math.asinh({0})", sp.acosh: "math.acosh({0})",
    sp.atanh: "math.atanh({0})", sp.erf: "math.erf({0})", sp.loggamma: "math.lgamma({0})", Expm1: "math.expm1({0})",
    Log1p: "math.log1p({0})", Erfc: "math.erfc({0})", f.Magnitude: "abs({0})", sp.Abs: "abs({0})",
    f.Floor: "real(math.floor({0}))", f.Ceiling: "real(math.ceil({0}))", f.Round: "np.rint({0})",
}  # fmt: skip

VECTORS = {
    sp.exp: "exponential({0})", sp.tanh: "hyperbolic_tangent({0})",
    f.Sigmoid: "({one} / ({one} + exponential(-{0})))",
}  # fmt: skip
"""Functions of single precision that are arithmetic (see ``elementary``): kernels compute them where they are needed."""

_WRITTEN = {
    f.Relu: "{zero} if {0} <= {zero} else {0}",
    Finite: "{0} if abs({0}) < np.inf else {zero}",
    f.Sign: "{one} if {0} > {zero} else (-{one} if {0} < {zero} else {0})",
    f.Maximum: "{0} if {0} > {1} or {0} != {0} else {1}",
    f.Minimum: "{0} if {0} < {1} or {0} != {0} else {1}",
    f.Sigmoid: "{one} / ({one} + math.exp(-{0}))",
    f.Ndtr: "real(0.5 * math.erfc(-{0} * 0.7071067811865476))",
    f.Softplus: "({zero} if {0} <= {zero} else {0}) + math.log1p(math.exp(-abs({0})))",
}

"""Matrix expressions as a line of NumPy that a person would type: ``2 * (np.tanh(W @ x + b) - y)``.

NumPy's vectors have one axis, so a column and a row are both 1-D here (kinds "v" and "r"), ones disappear into
broadcasting, and diag(v) A is ``v[:, None] * A``. For reading, not for speed: programs are lowered elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.errors import UnsupportedError
from symbolic.notation.closed import closed_of
from symbolic.notation.matrix import tree as m
from symbolic.notation.matrix.building import flattened, matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from symbolic.notation.matrix.printing import is_small_array
from symbolic.notation.plain import plain_text
from symbolic.program.expressions import Access, Index
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

SUM, TIMES, MATMUL, POWER, ATOM = range(1, 6)


@dataclass(frozen=True)
class Code:
    """A NumPy expression: its kind ("s" scalar, "v" column, "r" row, "m" matrix), its outermost operation's level, and
    the axes along which it is stretched by broadcasting."""

    text: str
    kind: str
    level: int = ATOM
    stretched: frozenset[int] = frozenset()

    def at_least(self, level: int) -> str:
        """The text, bracketed unless it binds tightly enough."""
        return self.text if self.level >= level else f"({self.text})"


def numpy_text(thing: Any) -> str:
    """The NumPy expression of a tensor's definition or a closed form.

    Raises ``UnsupportedError`` where neither matrix algebra nor one ``einsum`` says it.
    """
    closed = closed_of(thing)
    dims = _sizes(closed)
    try:
        code = NumpyPrinter(dims).code(matrix_tree(closed))
        if code.stretched:
            raise NoMatrixForm("it is constant along an axis")
        return _with_unit_axes(code, closed)
    except NoMatrixForm as reason:
        text = _einsum(closed, dims)
        if text is None:
            raise UnsupportedError(f"there is no short NumPy expression: {reason}; use numeric.lambdify") from None
        return text


def _sizes(closed: Closed) -> dict[sp.Symbol, str]:
    """Where a program finds each dimension: ``x.shape[0]``."""
    found: dict[sp.Symbol, str] = {}
    for t in sorted({a.tensor for a in closed.expr.atoms(Access)}, key=lambda t: t.serial):
        for axis, e in enumerate(t.extents):
            if e.is_Symbol and t.name is not None:
                found.setdefault(e, f"{t.name}.shape[{axis}]")
    return found


def _with_unit_axes(code: Code, closed: Closed) -> str:
    unit = [i.extent == 1 for i in closed.indices]
    if not any(unit):
        return code.text
    if all(unit):
        return f"np.reshape({code.text}, {tuple(1 for _ in unit)})"
    return code.at_least(ATOM) + ("[:, None]" if unit[-1] else "[None, :]")


class NumpyPrinter:
    """Prints trees as NumPy; ``dims`` says how each dimension is read off an array."""

    def __init__(self, dims: dict[sp.Symbol, str]):
        self.dims = dims

    @singledispatchmethod
    def code(self, node: m.Node) -> Code:
        """A tree as NumPy."""
        raise TypeError(f"no way to print a {type(node).__name__}")

    def number(self, e: sp.Expr) -> Code:
        """A number or an expression in dimensions."""
        if isinstance(e, Access):
            at = ", ".join(self.number(i).text for i in e.indices)
            return Code(f"{self._name(e.tensor)}[{at}]" if at else self._name(e.tensor), "s")
        if e.is_Integer:
            return Code(str(e), "s", ATOM if e >= 0 else SUM)
        if e.is_Rational:
            return Code(f"{e.p} / {e.q}", "s", TIMES if e > 0 else SUM)
        if e.is_Symbol:
            if e not in self.dims:
                raise NoMatrixForm(f"no array tells the dimension {e}")
            return Code(self.dims[e], "s")
        if e.is_Add:
            terms = [self.number(t).at_least(SUM) for t in e.args]
            return Code(" + ".join(terms), "s", SUM)
        if e.is_Mul:
            above = [f for f in e.args if not _inverted(f)]
            below = [sp.Pow(f.base, -f.exp) for f in e.args if _inverted(f)]
            text = " * ".join(self.number(f).at_least(TIMES) for f in above) or "1"
            return Code(text + "".join(f" / {self.number(f).at_least(POWER)}" for f in below), "s", TIMES)
        if e.is_Pow and _inverted(e):
            return Code(f"1 / {self.number(sp.Pow(e.base, -e.exp)).at_least(POWER)}", "s", TIMES)
        if e.is_Pow:
            return self._raised(self.number(e.base), e.exp)
        constant = {sp.pi: "np.pi", sp.E: "np.e", sp.oo: "np.inf"}.get(e)
        if constant is None and isinstance(e, sp.log):
            constant = f"np.log({self.number(e.args[0]).text})"
        if constant is None:
            raise NoMatrixForm(f"no NumPy for the number {e}")
        return Code(constant, "s")

    @staticmethod
    def _raised(base: Code, exponent: sp.Expr) -> Code:
        if exponent == sp.Rational(1, 2):
            return Code(f"np.sqrt({base.text})", base.kind)
        power = str(exponent) if exponent.is_Integer else f"({exponent})"
        return Code(f"{base.at_least(ATOM)}**{power}", base.kind, POWER)

    @code.register
    def _(self, node: m.Number) -> Code:
        return self.number(node.value)

    @code.register
    def _(self, node: m.Leaf) -> Code:
        t = node.tensor
        kind = "m" if node.shape[1] != 1 else "s" if node.is_scalar else "v"
        if all(i is None for i in node.at):
            return Code(self._name(t), kind)
        at = [":" if i is None else self.number(i).text for i in node.at]
        while at[-1] == ":":
            at.pop()
        return Code(f"{self._name(t)}[{', '.join(at)}]", kind)

    def _name(self, t: Tensor) -> str:
        if t.name is not None:
            return t.name
        if is_small_array(t):
            return f"np.array({t.value.tolist()})"
        if t.call is not None:
            return f"{plain_text(t.call[0])}({', '.join(self._operand(o) for o in t.call[1])})"
        if isinstance(t.definition, Application):
            return t.definition.primitive.numpy.format(*(self._operand(o) for o in t.operands))
        raise NoMatrixForm("an unnamed intermediate has no name in the code")

    def _operand(self, t: Tensor) -> str:
        return t.name if t.name is not None else numpy_text(t)

    @code.register
    def _(self, node: m.Ones) -> Code:
        return Code("1", "v", stretched=frozenset([0]))

    @code.register
    def _(self, node: m.Identity) -> Code:
        return Code(f"np.eye({self.number(node.size).text})", "m")

    @code.register
    def _(self, node: m.Zeros) -> Code:
        return Code("0", "m" if node.shape[1] != 1 else "v", stretched=frozenset([0, 1] if node.shape[1] != 1 else [0]))

    @code.register
    def _(self, node: m.Transpose) -> Code:
        inner = self.code(node.operand)
        if inner.kind == "v":
            return Code(inner.text, "r", inner.level, inner.stretched)
        if inner.stretched:
            raise NoMatrixForm("a stretched matrix is transposed")
        return Code(f"{inner.at_least(ATOM)}.T", "m")

    @code.register
    def _(self, node: m.Diag) -> Code:
        return Code(f"np.diag({self._whole(node.operand).text})", "m")

    @code.register
    def _(self, node: m.DiagonalOf) -> Code:
        return Code(f"np.diag({self._whole(node.operand).text})", "v")

    @code.register
    def _(self, node: m.Trace) -> Code:
        return Code(f"np.trace({self._whole(node.operand).text})", "s")

    @code.register
    def _(self, node: m.Norm) -> Code:
        inner = self._whole(node.operand).text
        return Code(f"np.sum(np.abs({inner}))" if node.order == 1 else f"np.linalg.norm({inner})", "s")

    @code.register
    def _(self, node: m.Reduce) -> Code:
        name = "special.logsumexp" if node.kind == "logsumexp" else f"np.{node.kind}"
        return Code(f"{name}({self._whole(node.operand).text})", "s")

    @code.register
    def _(self, node: m.Power) -> Code:
        if node.exponent.is_negative:
            inner = self.code(m.power(node.operand, -node.exponent))
            return Code(f"1 / {inner.at_least(POWER)}", inner.kind, TIMES, inner.stretched)
        if isinstance(node.operand, m.Norm) and node.operand.order == 2 and node.exponent == 2:
            return Code(f"np.sum({self._raised(self._whole(node.operand.operand), sp.Integer(2)).text})", "s")
        return self._raised(self._whole(node.operand), node.exponent)

    @code.register
    def _(self, node: m.Apply) -> Code:
        inner = [self.code(o) for o in node.operands]
        shaped = [c for c in inner if c.kind != "s"]
        kind = shaped[0].kind if shaped else "s"
        stretched = frozenset.intersection(*(c.stretched for c in shaped)) if shaped else frozenset()
        return Code(node.function.numpy.format(*(c.text for c in inner)), kind, stretched=stretched)

    @code.register
    def _(self, node: m.Hadamard) -> Code:
        above = [self.code(f) for f in node.operands if not (isinstance(f, m.Power) and f.exponent.is_negative)]
        below = [
            self.code(m.power(f.operand, -f.exponent))
            for f in node.operands
            if isinstance(f, m.Power) and f.exponent.is_negative
        ]
        text = " * ".join(c.at_least(POWER) for c in above) or "1"
        text += "".join(f" / {c.at_least(POWER)}" for c in below)
        return Code(text, (above + below)[0].kind, TIMES, frozenset.intersection(*(c.stretched for c in above + below)))

    @code.register
    def _(self, node: m.Sum) -> Code:
        text, codes = "", []
        for position, t in enumerate(node.operands):
            negative = isinstance(t, m.Scale) and bool(t.number.as_coeff_Mul()[0].is_negative)
            code = self.code(m.scale(sp.S.NegativeOne, [], t) if negative else t)
            sign = "-" if negative else "+" if position else ""
            text += (f" {sign} " if position else sign) + code.at_least(TIMES if negative else SUM)
            codes.append(code)
        return Code(text, codes[0].kind, SUM, frozenset.intersection(*(c.stretched for c in codes)))

    @code.register
    def _(self, node: m.Scale) -> Code:
        inner = self.code(node.operand)
        negative = bool(node.number.as_coeff_Mul()[0].is_negative)
        number = self.number(abs(node.number) if node.number.is_number else -node.number if negative else node.number)
        above = [] if number.text == "1" else [number.at_least(TIMES)]
        below = []
        for s in node.scalars:
            if isinstance(s, m.Power) and s.exponent.is_negative:
                below.append(self.code(m.power(s.operand, -s.exponent)).at_least(POWER))
            else:
                above.append(self.code(s).at_least(POWER))
        one = inner.text == "1" and above
        text = " * ".join(above + ([] if one else [inner.at_least(POWER)])) + "".join(f" / {b}" for b in below)
        return Code(f"-{text}" if negative else text, inner.kind, SUM if negative else TIMES, inner.stretched)

    @code.register
    def _(self, node: m.Product) -> Code:
        for position in range(1, len(node.operands)):
            if node.operands[position].shape[0] == 1 and node.operands[position - 1].shape[1] == 1:
                return self._outer(node.operands[:position], node.operands[position:])
        return self._chain(node.operands)

    def _outer(self, left: Sequence[m.Node], right: Sequence[m.Node]) -> Code:
        a, b = self._chain(left), self._chain(right)
        if b.kind == "s" or a.kind == "s":
            kind = a.kind if b.kind == "s" else b.kind
            return Code(f"{a.at_least(POWER)} * {b.at_least(POWER)}", kind, TIMES, a.stretched | b.stretched)
        if a.stretched:
            return Code(b.text, "m", b.level, frozenset([0, 1] if b.stretched else [0]))
        if b.stretched:
            return Code(f"{a.at_least(ATOM)}[:, None]", "m", stretched=frozenset([1]))
        return Code(f"np.outer({a.text}, {b.text})", "m")

    def _chain(self, factors: Sequence[m.Node]) -> Code:
        """Factors of which no two meet in an extent of 1, from left to right."""
        done: Code | None = None
        waiting: Code | None = None  # a diagonal matrix at the left end, as its column
        for f in factors:
            if isinstance(f, m.Diag):
                v = self._whole(f.operand)
                if done is not None:
                    done = Code(f"{done.at_least(TIMES)} * {v.at_least(POWER)}", done.kind, TIMES)
                else:
                    waiting = (
                        v if waiting is None else Code(f"{waiting.at_least(TIMES)} * {v.at_least(POWER)}", "v", TIMES)
                    )
                continue
            code = self.code(f)
            if waiting is not None:
                side = waiting.at_least(POWER) if code.kind == "v" else f"{waiting.at_least(ATOM)}[:, None]"
                code, waiting = Code(f"{side} * {code.at_least(POWER)}", code.kind, TIMES, code.stretched - {0}), None
            done = code if done is None else self._times(done, code)
        if done is None:
            return Code(f"np.diag({waiting.text})", "m")
        return done

    @staticmethod
    def _times(a: Code, b: Code) -> Code:
        if b.text == "1" and b.kind == "v" and b.stretched:
            if a.text.endswith(".T"):
                return Code(a.text.removesuffix(".T") + ".sum(axis=0)", "v")
            axis = {"m": ".sum(axis=1)", "r": ".sum()"}[a.kind]
            return Code(a.at_least(ATOM) + axis, "v" if a.kind == "m" else "s")
        if a.text == "1" and a.kind == "r" and a.stretched:
            if b.stretched:
                raise NoMatrixForm("a stretched matrix is summed")
            axis = {"m": ".sum(axis=0)", "v": ".sum()"}[b.kind]
            return Code(b.at_least(ATOM) + axis, "r" if b.kind == "m" else "s")
        if a.stretched or b.stretched:
            raise NoMatrixForm("a stretched matrix is multiplied")
        kind = {("m", "m"): "m", ("m", "v"): "v", ("r", "m"): "r", ("r", "v"): "s"}[a.kind, b.kind]
        return Code(f"{a.at_least(MATMUL)} @ {b.at_least(POWER)}", kind, MATMUL)

    def _whole(self, node: m.Node) -> Code:
        code = self.code(node)
        if code.stretched:
            raise NoMatrixForm("it is constant along an axis")
        return code


def _inverted(f: sp.Expr) -> bool:
    return bool(f.is_Pow and f.exp.is_number and f.exp.is_negative)


def _einsum(closed: Closed, dims: dict[sp.Symbol, str]) -> str | None:
    """One ``einsum`` for a product of plain tensors."""
    number, factors, bound, guards = flattened(closed.expr)
    letters = dict(zip((*closed.indices, *bound), "ijklmnopqrstuvwxyz", strict=False))
    tensors, inputs = [], []
    for f in factors:
        base, count = (f.base, f.exp) if f.is_Pow and f.exp.is_Integer and f.exp.is_positive else (f, sp.S.One)
        if not isinstance(base, Access) or base.tensor.name is None or not all(i in letters for i in base.indices):
            return None
        tensors += [base.tensor.name] * int(count)
        inputs += ["".join(letters[i] for i in base.indices if isinstance(i, Index))] * int(count)
    out = "".join(letters[i] for i in closed.indices)
    if guards or not tensors or not set(out) <= set("".join(inputs)):
        return None
    if set(bound) - {i for f in factors for i in f.atoms(Index)}:
        return None
    try:
        scale = NumpyPrinter(dims).number(number)
    except NoMatrixForm:
        return None
    call = f'np.einsum("{",".join(inputs)}->{out}", {", ".join(tensors)})'
    return call if number == 1 else f"{scale.at_least(TIMES)} * {call}"

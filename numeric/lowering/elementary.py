"""A pointwise body as elementary calls, each over no more indices than it needs.

    w[i, j] − η · d[i] · x[j]     becomes     t = η·d,   T = t[:, None]·x,   w − T

Factors and terms over the same indices meet first, the smallest sets before the larger ones, so that scalars and vectors are
combined before anything is spread over a matrix. Every call can write into a buffer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import sympy as sp

from numeric.lowering.building import Builder, entries
from numeric.lowering.program import Labelled
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import BY_HEAD, Relu, Step, Where

Leaf = Callable[[sp.Expr], Labelled]
Whole = Callable[[sp.Expr], Labelled]
Operand = Labelled | sp.Expr

CALL = re.compile(r"(np|special)\.\w+\(.*\)\Z")


class Elementary:
    """Writes one body; ``leaf`` reads accesses and indices, ``whole`` writes what has no elementary form, ``truth`` conditions."""

    def __init__(self, b: Builder, leaf: Leaf, whole: Whole, truth: Whole, order: Sequence[Index]):
        self.b, self.leaf, self.whole, self.truth, self.order = b, leaf, whole, truth, tuple(order)

    def __call__(self, e: sp.Expr) -> Labelled:
        """The array of a real expression."""
        found = self.operand(e)
        return found if isinstance(found, Labelled) else self.whole(e)

    def operand(self, e: sp.Expr) -> Operand:
        """The array of an expression, or the expression itself if it is a number."""
        if isinstance(e, (Access, Index)):
            x = self.leaf(e)
            return Labelled(self.b.cast(x.value, "real"), x.indices) if x.value.dtype == "int" else x
        if not e.has(Access, Index):
            return e
        if e.is_Add:
            return self.sum(e)
        if e.is_Mul:
            return self.product(e)
        if e.is_Pow:
            return self.power(e)
        if isinstance(e, Relu):
            return self.call("np.maximum({0}, 0)", [self.operand(e.args[0])])
        if isinstance(e, Step):
            return self.call("np.greater({0}, 0)", [self.operand(e.args[0])], "bool")
        if isinstance(e, Where) and e.args[2] == 0:
            return self.chosen(e)
        template = BY_HEAD[e.func].numpy if e.func in BY_HEAD else ""
        if CALL.match(template) and not template.startswith("np.where"):
            args = [self.operand(a) for a in e.args]
            if all(not isinstance(x, Labelled) or x.value.dtype == "real" for x in args):
                return self.call(template, args)
        return self.whole(e)

    def chosen(self, e: sp.Expr) -> Labelled:
        """The entries for which a condition holds, else zero."""
        x = self.operand(e.args[1])
        if not isinstance(x, Labelled) or x.value.dtype != "real":
            return self.whole(e)
        test = self.truth(e.args[0])
        present = tuple(i for i in self.order if i in (*x.indices, *test.indices))
        arrays = self.b.aligned(test, present), self.b.aligned(x, present)
        value = self.b.emit("choose", arrays, [i.extent for i in present], "real", neutral=sp.S.Zero)
        return Labelled(value, present)

    def call(self, template: str, args: Sequence[Operand], dtype: str = "real") -> Labelled:
        """One call; numbers among the arguments are written into it."""
        arrays = [x for x in args if isinstance(x, Labelled)]
        found = {i for x in arrays for i in x.indices}
        present = tuple(i for i in self.order if i in found)
        values = [self.b.aligned(x, present) for x in arrays]
        numbers = tuple(None if isinstance(x, Labelled) else x for x in args)
        extents = [i.extent for i in present]
        value = self.b.emit("call", values, extents, dtype, template=template, numbers=numbers)
        return Labelled(value, present)

    def sum(self, e: sp.Expr) -> Labelled:
        """Terms, those over the same indices first; a negative one is subtracted."""
        groups: dict[frozenset, list[sp.Expr]] = {}
        for term in e.args:
            groups.setdefault(frozenset(term.atoms(Index)), []).append(term)
        total: Operand | None = None
        for key in sorted(groups, key=entries):
            minus = [t for t in groups[key] if t.could_extract_minus_sign()]
            part: Operand | None = None
            for term in groups[key]:
                if term not in minus:
                    part = self._plus("add", part, self.operand(term))
            if part is None and total is not None:
                part, total = total, None
            for term in minus:
                part = self._plus("subtract", part, self.operand(-term))
            total = part if total is None else self._plus("add", part, total)
        return total  # type: ignore[return-value]

    def _plus(self, name: str, x: Operand | None, y: Operand) -> Operand:
        if x is None and name == "add":
            return y
        if x is None:
            return self.call("np.negative({0})", [self._real(y)])
        return self.call(f"np.{name}({{0}}, {{1}})", [self._real(x), self._real(y)])

    def _real(self, x: Operand) -> Operand:
        return Labelled(self.b.cast(x.value, "real"), x.indices) if isinstance(x, Labelled) else x

    def product(self, e: sp.Expr) -> Operand:
        """Factors, those over the same indices first; reciprocals divide."""
        coefficient: sp.Expr = sp.S.One
        groups: dict[frozenset, list[sp.Expr]] = {}
        for f in e.args:
            if f.has(Access, Index):
                groups.setdefault(frozenset(f.atoms(Index)), []).append(f)
            else:
                coefficient = coefficient * f
        total: Operand | None = coefficient if coefficient not in (1, -1) else None
        for key in sorted(groups, key=entries):
            uppers = [f for f in groups[key] if not _divides(f)]
            lowers = [f for f in groups[key] if _divides(f)]
            part: Operand | None = None
            if total is not None and not isinstance(total, Labelled):
                part, total = total, None
            for f in uppers:
                x = self.operand(f)
                part = x if part is None else self._times(part, x)
            for f in lowers:
                x = self._real(self.operand(1 / f))
                part = self.call("np.divide({0}, {1})", [sp.S.One if part is None else self._real(part), x])
            total = part if total is None else self._times(part, total)
        if coefficient == -1:
            total = self.call("np.negative({0})", [self._real(total)])
        return total

    def _times(self, x: Operand, y: Operand) -> Labelled:
        kinds = {v.value.dtype for v in (x, y) if isinstance(v, Labelled)}
        if "real" not in kinds:
            x = self._real(x)
            y = self._real(y) if not isinstance(x, Labelled) else y
        return self.call("np.multiply({0}, {1})", [x, y])

    def power(self, e: sp.Expr) -> Operand:
        """Squares, roots and reciprocals by their own calls."""
        base, exponent = e.as_base_exp()
        if isinstance(e, sp.exp) or exponent.has(Access, Index):
            return self.call("np.power({0}, {1})", [self.operand(base), self.operand(exponent)])
        x = self._real(self.operand(base))
        if exponent == 2:
            return self.call("np.square({0})", [x])
        if exponent == 3:
            return self.call("np.multiply({0}, {1})", [self.call("np.square({0})", [x]), x])
        if exponent == sp.Rational(1, 2):
            return self.call("np.sqrt({0})", [x])
        if exponent == -1:
            return self.call("np.divide({0}, {1})", [sp.S.One, x])
        if exponent.is_number and exponent.is_negative:
            return self.call("np.divide({0}, {1})", [sp.S.One, self.operand(base**-exponent)])
        return self.call("np.power({0}, {1})", [x, exponent])


def _divides(f: sp.Expr) -> bool:
    return f.is_Pow and f.exp.is_number and f.exp.is_negative is True

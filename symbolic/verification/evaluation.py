"""The oracle: a deliberately slow and obvious evaluator of programs, one point at a time.

Nothing is shared with differentiation or with the lowering to NumPy. Numbers are Python floats, ``Fraction`` or
``mpmath`` numbers of any precision, as given; arrays are nested access by tuples in plain dictionaries.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Quotient, Reduction, Remainder, Within
from symbolic.program.functions import BY_HEAD, Where
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

Table = dict[tuple[int, ...], Any]


class Evaluator:
    """Values of a program's tensors at given values of its leaves.

    ``values``: for each declared tensor a mapping from index tuples to numbers, an array with ``shape``, or a number.
    ``dims``: numbers for named dimensions that no array tells. ``precision``: decimal digits of transcendental
    functions; rational operations on ``Fraction`` stay exact.
    """

    def __init__(self, values: Mapping[Tensor, Any], dims: Mapping[str, int] | None = None, precision: int = 30):
        self.sizes: dict[sp.Symbol, int] = {}
        for name, size in (dims or {}).items():
            self._bind(sp.Symbol(name, integer=True, positive=True), int(size), "the given sizes")
        self.context = mpmath.mp.clone()
        self.context.dps = precision
        self.tables: dict[int, Table] = {t.serial: self._table(t, value) for t, value in values.items()}

    def _bind(self, symbol: sp.Symbol, size: int, where: str) -> None:
        if self.sizes.setdefault(symbol, size) != size:
            raise EvaluationError(f"the dimension {symbol} is {self.sizes[symbol]} and, from {where}, {size}")

    def _table(self, t: Tensor, value: Any) -> Table:
        if isinstance(value, Mapping):
            return dict(value)
        shape = getattr(value, "shape", ())
        if len(shape) != t.ndim:
            raise EvaluationError(f"{t.describe()} needs an array with {t.ndim} axes, got shape {tuple(shape)}")
        for e, size in zip(t.extents, shape, strict=True):
            if e.is_Symbol:
                self._bind(e, int(size), t.label)
            elif e.is_Integer and int(e) != size:
                raise EvaluationError(f"{t.describe()} got an array of shape {tuple(shape)}")
        if not shape:
            return {(): value.item() if hasattr(value, "item") else value}
        return {point: _plain(value[point]) for point in itertools.product(*map(range, shape))}

    def size(self, extent: sp.Expr) -> int:
        """The number that an extent stands for."""
        number = extent if extent.is_Integer else extent.subs(self.sizes)
        if not number.is_Integer:
            raise EvaluationError(f"the dimension {extent} has no number; give it in dims")
        return int(number)

    def __call__(self, output: Tensor) -> Table:
        """The values of ``output`` at every index."""
        for t in topological([output], stop=lambda t: t.serial in self.tables):
            if t.serial not in self.tables:
                self.tables[t.serial] = self._compute(t)
        return self.tables[output.serial]

    def array(self, output: Tensor) -> Any:
        """The values as nested lists (a number for a scalar)."""
        table, shape = self(output), [self.size(e) for e in output.extents]

        def nested(prefix: tuple[int, ...]) -> Any:
            if len(prefix) == len(shape):
                return table[prefix]
            return [nested((*prefix, k)) for k in range(shape[len(prefix)])]

        return nested(())

    def _compute(self, t: Tensor) -> Table:
        if t.definition is None:
            if t.value is None:
                raise EvaluationError(f"no value was given for {t.describe()}")
            return self._table(t, t.value)
        if isinstance(t.definition, Application):
            arrays = [self.array(u) for u in t.definition.operands]
            nested = t.definition.primitive.value(self.context, *arrays, **dict(t.definition.options))
            return _flattened(nested, t.ndim)
        eq: Equation = t.definition
        table: Table = {}
        for point in itertools.product(*(range(self.size(i.extent)) for i in eq.indices)):
            environment = dict(zip(eq.indices, point, strict=True))
            table[point] = self._reduce(eq.reduce, eq.body, eq.bound, eq.guards, environment)
        return table

    def _reduce(self, kind: str, body: sp.Expr, bound, guards, environment: dict) -> Any:
        found, places = [], []
        for place, point in enumerate(itertools.product(*(range(self.size(k.extent)) for k in bound))):
            here = {**environment, **dict(zip(bound, point, strict=True))}
            if all(self._holds(g, here) for g in guards):
                found.append(self.scalar(body, here))
                places.append(place)
        return self._total(kind, found, places)

    def _common(self, values: list) -> list:
        """Numbers that compare with each other: all of them ``mpf`` if one is of any precision."""
        plain = all(isinstance(v, (int, float, Fraction)) for v in values)
        return values if plain else [self._real(v) for v in values]

    def _total(self, kind: str, found: list, places: list[int]) -> Any:
        m, found = self.context, self._common(found)
        if kind == "sum":
            return sum(found) if found else 0
        if kind == "prod":
            result: Any = 1
            for v in found:
                result = result * v
            return result
        if not found:
            return {"max": -m.inf, "logsumexp": -m.inf, "min": m.inf}.get(kind, 0)
        if kind in ("max", "min"):
            return (max if kind == "max" else min)(found)
        if kind == "logsumexp":
            return m.log(sum(m.exp(self._real(v)) for v in found))
        # An arg is the place among all points, also those that a guard leaves out.
        best = (max if kind == "argmax" else min)(found)
        return places[found.index(best)]

    def _holds(self, guard: Any, here: dict) -> bool:
        value = self.scalar(guard.args[0], here)
        if isinstance(guard, Within):
            return value == int(value) and 0 <= value < self.scalar(guard.args[1], here)
        return value == 0

    def _real(self, v: Any) -> Any:
        return self.context.mpf(v.numerator) / v.denominator if isinstance(v, Fraction) else self.context.mpf(v)

    def scalar(self, e: sp.Expr, here: dict) -> Any:
        """The value of a scalar expression at a point."""
        if isinstance(e, Access):
            table = self.tables[e.tensor.serial]
            return table[tuple(int(self.scalar(i, here)) for i in e.indices)]
        if e.is_Integer:
            return int(e)
        if e.is_Rational:
            return Fraction(int(e.p), int(e.q))
        if e in here:
            return here[e]
        if e.is_Symbol:
            return self.size(e)
        if e.is_Add:
            return self._sum([self.scalar(a, here) for a in e.args])
        if e.is_Mul:
            return self._product([self.scalar(a, here) for a in e.args])
        if e.is_Pow:
            return self._power(self.scalar(e.base, here), self.scalar(e.exp, here))
        if isinstance(e, Where):
            return self.scalar(e.args[1] if self.scalar(e.args[0], here) else e.args[2], here)
        if isinstance(e, (Quotient, Remainder)):
            a, n = (self.scalar(x, here) for x in e.args)
            return a // n if isinstance(e, Quotient) else a % n
        if isinstance(e, Reduction):
            return self._reduce(e.kind, e.body, e.bound, e.guards, here)
        if e.is_number and not e.args:
            return (
                self.context.mpf(str(sp.N(e, self.context.dps + 5)))
                if e.is_finite
                else self.context.mpf(str(e).replace("oo", "inf"))
            )
        row = BY_HEAD.get(e.func)
        if row is None:
            raise EvaluationError(f"the evaluator does not know the function {e.func.__name__}")
        args = self._common([self.scalar(a, here) for a in e.args])
        exact = row.name in _EXACT
        return row.value(self.context, *(args if exact else map(self._real_or_int, args)))

    def _real_or_int(self, v: Any) -> Any:
        return v if isinstance(v, int) else self._real(v)

    def _sum(self, values: Iterable[Any]) -> Any:
        return sum(self._common(list(values)))

    def _product(self, values: Iterable[Any]) -> Any:
        result: Any = 1
        for v in self._common(list(values)):
            result = result * v
        return result

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(exponent, int):
            if exponent < 0 and base == 0:
                raise EvaluationError("division by zero")
            return (Fraction(base) if isinstance(base, (int, Fraction)) else base) ** exponent
        base = self._real(base)
        if base < 0:
            raise EvaluationError("a power of a negative number")
        return base ** self._real(exponent)


_EXACT = frozenset(["absolute", "sign", "step", "relu", "maximum", "minimum", "less", "less_equal", "equal", "where"])


def _plain(v: Any) -> Any:
    return v.item() if hasattr(v, "item") else v


def _flattened(nested: Any, rank: int) -> Table:
    if rank == 0:
        return {(): nested}
    return {(k, *rest): v for k, row in enumerate(nested) for rest, v in _flattened(row, rank - 1).items()}


def evaluate(
    output: Tensor, values: Mapping[Tensor, Any], dims: Mapping[str, int] | None = None, precision: int = 30
) -> Any:
    """The value of ``output`` as nested lists, computed one point at a time (see ``Evaluator``).

    >>> from fractions import Fraction
    >>> import symbolic as s
    >>> x = s.tensor("x", "n")
    >>> evaluate((x * x).sum(), {x: {(0,): Fraction(1, 2), (1,): 3}}, dims={"n": 2})
    Fraction(37, 4)
    """
    return Evaluator(values, dims, precision).array(output)

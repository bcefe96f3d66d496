"""Programs compiled for evaluation: each equation once, at fixed sizes, to closures over flat lists.

A ``Frame`` is a list of points (values of the indices in columns); a compiled body maps a frame and a run to a column of
numbers. Nothing is generated as text, nothing is shared with differentiation or with the lowering to NumPy, and the
numbers are those of any domain in ``evaluation_numbers``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Guard, Index, Quotient, Reduction, Remainder, Within
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor
from symbolic.verification.effort import spend
from symbolic.verification.evaluation_numbers import Column, Numbers, TooLarge, is_long
from symbolic.verification.evaluation_order import ORDERED, total

Sizes = Mapping[sp.Symbol, int]
LARGEST_GRID = 3_000_000
COMPILED = 40.0  # effort of compiling one node


class Frame:
    """Points of a comprehension: a column of values for each index in scope."""

    __slots__ = ("columns", "count", "positions")

    def __init__(self, columns: dict[Index, list[int]], count: int):
        self.columns, self.count = columns, count
        self.positions: dict[Access, list[int]] = {}

    def kept(self, rows: Sequence[int]) -> Frame:
        """The frame of some of the points."""
        return Frame({i: [column[r] for r in rows] for i, column in self.columns.items()}, len(rows))


class Run:
    """One evaluation: the number domain and the flat tables of the tensors computed so far.

    ``whole`` holds the tables of integer tensors as Python ints, which index expressions read.
    """

    def __init__(self, domain: Numbers, whole: dict[int, list[int]]):
        self.domain, self.whole = domain, whole
        self.tables: dict[int, Column] = {}


Node = Callable[[Frame, Run], Column]


def size_of(extent: sp.Expr, sizes: Sizes) -> int:
    """The number that an extent stands for; ``EvaluationError`` if it is no whole number."""
    if extent in sizes:
        return sizes[extent]
    number = extent if extent.is_Integer else extent.xreplace({k: sp.Integer(v) for k, v in sizes.items()})
    if not number.is_Integer or number < 0:
        raise EvaluationError(f"the dimension {extent} is no whole number at {dict(sizes)}")
    return int(number)


def count_points(tensors: Iterable[Tensor], sizes: Sizes) -> int:
    """The number of points in all equations and tables together."""
    total = 0
    for t in tensors:
        indices = (*t.definition.indices, *t.definition.bound) if isinstance(t.definition, Equation) else ()
        points = 1
        for extent in [i.extent for i in indices] if indices else t.extents:
            points *= size_of(extent, sizes)
        total += points
    return total


class Program:
    """The computation of ``outputs`` at fixed sizes, compiled once and run at many points in any number domain.

    Raises ``TooLarge`` if there are more than ``largest`` points in all equations together, and ``EvaluationError`` where
    an extent is no whole number.

    >>> import symbolic as s
    >>> from symbolic.verification.evaluation_numbers import Fractions
    >>> x = s.tensor("x", "n")
    >>> program = Program([(x * x).sum()], {s.Dim("n").expr: 2})
    >>> program.run({x: [Fraction(1, 2), 3]}, Fractions())
    [[Fraction(37, 4)]]
    """

    def __init__(self, outputs: Iterable[Tensor], sizes: Sizes, largest: int = LARGEST_GRID):
        self.outputs, self.sizes = tuple(outputs), dict(sizes)
        self.order = topological(self.outputs)
        self.leaves = [t for t in self.order if t.definition is None]
        self.points = count_points(self.order, self.sizes)
        if self.points > largest:
            raise TooLarge(f"the program has {self.points} points at the sizes {self._sizes_text()}")
        self.inexact = any(is_long(v) for t in self.leaves if t.value is not None for v in constants(t))
        self.steps = [(t, self._compiled(t)) for t in self.order if t.definition is not None]

    def _sizes_text(self) -> str:
        return ", ".join(f"{k} = {v}" for k, v in self.sizes.items())

    def shape(self, t: Tensor) -> tuple[int, ...]:
        """The sizes of a tensor's axes."""
        return tuple(size_of(e, self.sizes) for e in t.extents)

    def run(self, values: Mapping[Tensor, Sequence[Any]], domain: Numbers, whole: Run | None = None) -> list[Column]:
        """The flat values of the outputs; leaves are given flat, as ints and fractions."""
        run = self.evaluate(values, domain, whole)
        return [run.tables[t.serial] for t in self.outputs]

    def evaluate(self, values: Mapping[Tensor, Sequence[Any]], domain: Numbers, whole: Run | None = None) -> Run:
        """``run`` with the tables of all intermediate tensors kept; ``whole`` is a real run at the same point."""
        run = Run(domain, whole.whole if whole else {})
        for t in self.leaves:
            given = values[t] if t in values else constants(t)
            if t.dtype != "real" and t.serial not in run.whole:
                run.whole[t.serial] = [int(v) for v in given]
            number = domain.leaf if t in values else domain.measured
            run.tables[t.serial] = [number(v) for v in given]
        for t, step in self.steps:
            self._store(t, step, run)
        return run

    def extend(self, run: Run, output: Tensor) -> Column:
        """The flat values of one more tensor in an earlier run, of which only what is new is computed."""
        for t in topological([output], stop=lambda t: t.serial in run.tables):
            if t.serial not in run.tables:
                if t.definition is None:
                    raise EvaluationError(f"no value was given for {t.describe()}")
                self._store(t, self._compiled(t), run)
        return run.tables[output.serial]

    @staticmethod
    def _store(t: Tensor, step: Callable[[Run], Column], run: Run) -> None:
        run.tables[t.serial] = table = step(run)
        if t.dtype != "real" and t.serial not in run.whole:
            run.whole[t.serial] = [int(v) if v == v else 0 for v in table]

    # -- equations ----------------------------------------------------------------------------------------------------

    def _compiled(self, t: Tensor) -> Callable[[Run], Column]:
        if isinstance(t.definition, Application):
            return self._application(t)
        eq: Equation = t.definition
        nodes: dict[sp.Expr, Node] = {}
        root = self._reduction(eq.reduce, eq.body, eq.bound, eq.guards, nodes)
        frame = self._grid(Frame({}, 1), eq.indices)[0]
        return lambda run: root(frame, run)

    def _application(self, t: Tensor) -> Callable[[Run], Column]:
        application, shapes = t.definition, [self.shape(u) for u in t.definition.operands]

        def compute(run: Run) -> Column:
            context, rank, count = run.domain.context, t.ndim, 1
            for n in self.shape(t):
                count *= n

            def values(columns: list[Column]) -> Column:
                arrays = [_nested(column, shape) for column, shape in zip(columns, shapes, strict=True)]
                try:
                    return _flattened(application.primitive.value(context, *arrays, **dict(application.options)), rank)
                except (ZeroDivisionError, ValueError, OverflowError, EvaluationError):
                    return [context.nan] * count

            tables = [run.tables[u.serial] for u in application.operands]
            if any(v != v for table in tables for v in table):
                return [run.domain.nan] * count
            return run.domain.whole_matrix(tables, values)

        return compute

    def _grid(self, frame: Frame, indices: Sequence[Index]) -> tuple[Frame, list[int]]:
        """The frame's points times all values of further indices, and for each new point the old one's number."""
        extents = [size_of(i.extent, self.sizes) for i in indices]
        inner = 1
        for n in extents:
            inner *= n
        if frame.count * inner > LARGEST_GRID:
            raise TooLarge(f"{frame.count * inner} points")
        owners = [row for row in range(frame.count) for _ in range(inner)]
        columns = {i: [column[row] for row in owners] for i, column in frame.columns.items()}
        block = inner
        for index, n in zip(indices, extents, strict=True):
            block = block // n if n else 0
            period = [v for v in range(n) for _ in range(block)]
            columns[index] = period * (len(owners) // len(period)) if period else []
        return Frame(columns, len(owners)), owners

    def _reduction(self, kind, body, bound, guards, nodes: dict) -> Node:
        compiled = self._node(body, nodes)
        checks = [self._guard(g) for g in guards]
        fixed = not any(g.atoms(Access) for g in guards)
        cache: dict[int, tuple[Frame, Frame, list[int]]] = {}

        def expanded(frame: Frame, run: Run) -> tuple[Frame, list[int]]:
            known = cache.get(id(frame))
            if known is not None and known[0] is frame:
                return known[1], known[2]
            inner, owners = self._grid(frame, bound) if bound else (frame, list(range(frame.count)))
            for check in checks:
                held = check(inner, run)
                rows = [r for r, holds in enumerate(held) if holds]
                if len(rows) < inner.count:
                    inner, owners = inner.kept(rows), [owners[r] for r in rows]
            if fixed:
                cache.clear()
                cache[id(frame)] = (frame, inner, owners)
            return inner, owners

        if not bound and not guards and kind == "sum":
            return compiled

        def reduce(frame: Frame, run: Run) -> Column:
            inner, owners = expanded(frame, run)
            values = compiled(inner, run)
            segments: list[Column] = [[] for _ in range(frame.count)]
            for owner, v in zip(owners, values, strict=True):
                segments[owner].append(v)
            return [total(kind, segment, run.domain) for segment in segments]

        return reduce

    # -- whole-number expressions: indices and guards ------------------------------------------------------------------

    def _whole(self, e: sp.Expr) -> Callable[[Frame, Run], list[Any]]:
        if e.is_Integer or (e.is_Rational and e.is_number):
            value = int(e) if e.is_Integer else Fraction(int(e.p), int(e.q))
            return lambda frame, run: [value] * frame.count
        if isinstance(e, Index):
            return lambda frame, run: frame.columns[e]
        if e.is_Symbol:
            n = size_of(e, self.sizes)
            return lambda frame, run: [n] * frame.count
        if isinstance(e, Access):
            position, serial = self._position(e), e.tensor.serial
            return lambda frame, run: [run.whole[serial][p] for p in position(frame, run)]
        parts = [self._whole(a) for a in e.args]
        combine = _WHOLE.get(e.func)
        if combine is None:
            raise EvaluationError(f"an index cannot be computed by {e.func.__name__}")
        return lambda frame, run: [combine(row) for row in zip(*(p(frame, run) for p in parts), strict=True)]

    def _guard(self, guard: Guard) -> Callable[[Frame, Run], list[bool]]:
        value = self._whole(guard.args[0])
        if not isinstance(guard, Within):
            return lambda frame, run: [v == 0 for v in value(frame, run)]
        size = self._whole(guard.args[1])
        return lambda frame, run: [
            v == int(v) and 0 <= v < n for v, n in zip(value(frame, run), size(frame, run), strict=True)
        ]

    def _position(self, access: Access) -> Callable[[Frame, Run], list[int]]:
        """Positions in the flat table of the tensor that is read."""
        shape = self.shape(access.tensor)
        fixed = not any(i.atoms(Access) for i in access.indices)
        axes, stride = [], 1
        for e, n in zip(reversed(access.indices), reversed(shape), strict=True):
            axes.append((self._whole(e), stride, n))
            stride *= n

        def positions(frame: Frame, run: Run) -> list[int]:
            known = frame.positions.get(access)
            if known is not None:
                return known
            total = [0] * frame.count
            for whole, step, n in axes:
                column = whole(frame, run)
                if any(not 0 <= v < n for v in column):
                    raise EvaluationError(f"{access.tensor.describe()} is read outside its axis of size {n}")
                total = [int(t + step * v) for t, v in zip(total, column, strict=True)]
            if fixed:
                frame.positions[access] = total
            return total

        return positions

    # -- bodies -------------------------------------------------------------------------------------------------------

    def _node(self, e: sp.Expr, nodes: dict[sp.Expr, Node]) -> Node:
        node = nodes.get(e)
        if node is None:
            node = nodes[e] = _counted(self._new_node(e, nodes))
            spend(COMPILED)
        return node

    def _new_node(self, e: sp.Expr, nodes: dict[sp.Expr, Node]) -> Node:
        if isinstance(e, Access):
            position, serial = self._position(e), e.tensor.serial

            def read(frame: Frame, run: Run) -> Column:
                table = run.tables[serial]
                return [table[p] for p in position(frame, run)]

            return read
        if e.is_Rational:
            number: Any = int(e) if e.is_Integer else Fraction(int(e.p), int(e.q))
            self.inexact = self.inexact or is_long(number)
            return lambda frame, run: [run.domain.measured(number)] * frame.count
        if isinstance(e, Index):
            return lambda frame, run: run.domain.integers(frame.columns[e])
        if e.is_Symbol:
            n = size_of(e, self.sizes)
            return lambda frame, run: [run.domain.rational(n)] * frame.count
        if e.is_number and not e.args:
            return lambda frame, run: [run.domain.constant(e)] * frame.count
        if isinstance(e, Reduction):
            return self._reduction(e.kind, e.body, e.bound, e.guards, nodes)
        if isinstance(e, f.Where):
            return self._where(*(self._node(a, nodes) for a in e.args))
        if isinstance(e, (Quotient, Remainder)):
            whole = self._whole(e)
            return lambda frame, run: run.domain.integers(whole(frame, run))
        if e.is_Pow:
            return self._power(e, nodes)
        args = [self._node(a, nodes) for a in e.args]
        if e.is_Add:
            return lambda frame, run: run.domain.add([a(frame, run) for a in args])
        if e.is_Mul:
            return lambda frame, run: run.domain.mul([a(frame, run) for a in args])
        ordered = ORDERED.get(e.func)
        if ordered is not None:
            return lambda frame, run: ordered(run.domain, *(a(frame, run) for a in args))
        head = e.func
        return lambda frame, run: run.domain.function(head, [a(frame, run) for a in args])

    def _power(self, e: sp.Pow, nodes: dict[sp.Expr, Node]) -> Node:
        base, exponent = self._node(e.base, nodes), e.exp
        if exponent.is_Integer:
            k = int(exponent)
            return lambda frame, run: run.domain.power(base(frame, run), k)
        if exponent.is_Rational:
            return lambda frame, run: run.domain.root(base(frame, run), exponent)
        power = self._node(exponent, nodes)
        return lambda frame, run: run.domain.general_power(base(frame, run), power(frame, run))

    def _where(self, condition: Node, a: Node, b: Node) -> Node:
        """Each branch is computed only at the points where it is taken."""

        def choose(frame: Frame, run: Run) -> Column:
            truths = run.domain.truths(condition(frame, run))
            result: Column = [run.domain.nan] * frame.count
            taken = [r for r, v in enumerate(truths) if v == 1]
            other = [r for r, v in enumerate(truths) if v == 0]
            for rows, branch in ((taken, a), (other, b)):
                if len(rows) == frame.count:
                    return branch(frame, run)
                if rows:
                    for r, v in zip(rows, branch(frame.kept(rows), run), strict=True):
                        result[r] = v
            return result

        return choose


def _counted(node: Node) -> Node:
    """The node, its effort counted: one operation a point."""

    def counted(frame: Frame, run: Run) -> Column:
        spend(3 + frame.count * run.domain.effort)
        return node(frame, run)

    return counted


_WHOLE: dict[Any, Callable[[Sequence[Any]], Any]] = {
    sp.Add: sum,
    sp.Mul: lambda row: _product(row),
    sp.Pow: lambda row: row[0] ** row[1],
    Quotient: lambda row: row[0] // row[1],
    Remainder: lambda row: row[0] % row[1],
}


def _product(row: Sequence[Any]) -> Any:
    result = 1
    for v in row:
        result *= v
    return result


def constants(t: Tensor) -> list[Any]:
    """The flat exact values of a constant tensor."""
    if t.value is None:
        raise EvaluationError(f"no value was given for {t.describe()}")
    flat = []
    for point in itertools.product(*(range(int(e)) for e in t.extents)):
        v = t.value[point]
        v = v.item() if hasattr(v, "item") else v
        flat.append(Fraction(repr(v)) if isinstance(v, float) and v == v and abs(v) != float("inf") else v)
    return flat


def _nested(flat: Sequence[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


def _flattened(nested: Any, rank: int) -> Column:
    return [nested] if rank == 0 else [v for row in nested for v in _flattened(row, rank - 1)]

"""Random points: sizes for the named dimensions, and exact values for the declared tensors that keep their assumptions.

Values are whole numbers and fractions, so one point can be used in every number domain. ``simple`` points are small
numbers for a person to read; others are drawn from a range of millions, where an accidental zero is improbable.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.errors import EvaluationError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Equal, Where
from symbolic.program.tensors import Tensor
from symbolic.verification.evaluation_order import ORDERED
from symbolic.verification.evaluation_program import Sizes, size_of

Values = dict[Tensor, list[Any]]
GRAIN = 10**6


def dimensions(tensors: Iterable[Tensor]) -> list[sp.Symbol]:
    """The named dimensions of tensors and of the indices in their equations, in order of name."""
    found: set[sp.Symbol] = set()
    for t in tensors:
        extents = list(t.extents)
        if isinstance(t.definition, Equation):
            eq = t.definition
            extents += [i.extent for i in (*eq.indices, *eq.bound)]
            free = eq.body.free_symbols.union(*(g.free_symbols for g in eq.guards))
            found |= {s for s in free if isinstance(s, sp.Symbol) and not isinstance(s, sp.Dummy)}
        for e in extents:
            found |= e.free_symbols
    return sorted((s for s in found if not isinstance(s, Index)), key=lambda s: s.name)


def fits(tensors: Iterable[Tensor], sizes: Sizes) -> bool:
    """True if every extent is a whole number of at least 1 at these sizes."""
    try:
        return all(
            size_of(e, sizes) >= 1
            for t in tensors
            for e in (
                *t.extents,
                *((i.extent for i in t.definition.bound) if isinstance(t.definition, Equation) else ()),
            )
        )
    except EvaluationError:
        return False


def draw_sizes(
    tensors: Sequence[Tensor], rng: random.Random, low: int = 2, high: int = 4, fixed: Sizes | None = None
) -> dict[sp.Symbol, int] | None:
    """The fixed sizes, and for the other dimensions sizes between ``low`` and ``high``, pairwise distinct as far as the range goes, at which every extent is a number.

    None if two hundred draws from growing ranges found none.
    """
    every, fixed = dimensions(tensors), dict(fixed or {})
    symbols = [s for s in every if s not in fixed]
    for attempt in range(200):
        pool = list(range(low, high + 1 + attempt // 10))
        rng.shuffle(pool)
        while len(pool) < len(symbols):
            pool.append(rng.randint(low, high))
        sizes = {s: n for s, n in fixed.items() if s in every} | dict(zip(symbols, pool, strict=False))
        if fits(tensors, sizes):
            return sizes
    return None


def label_ranges(tensors: Iterable[Tensor], sizes: Sizes) -> dict[int, int]:
    """For each integer tensor, by serial, how many values its entries may take: the axes that it indexes, the classes
    that it is compared with."""
    ranges: dict[int, int] = {}

    def allow(expression: sp.Expr, count: int) -> None:
        for access in expression.atoms(Access):
            serial = access.tensor.serial
            ranges[serial] = min(ranges.get(serial, count), count)

    for t in tensors:
        if t.dtype == "int":  # A derivative may compare where the program that it came from read.
            for extent in t.handle.positions:
                allow(t.access(), size_of(extent, sizes))
        eq = t.definition
        if not isinstance(eq, Equation):
            continue
        for access in eq.accesses:
            for e, extent in zip(access.indices, access.tensor.extents, strict=True):
                if not isinstance(e, Index):
                    allow(e, size_of(extent, sizes))
        for equal in eq.body.atoms(Equal):
            for label, index in (equal.args, equal.args[::-1]):
                if isinstance(index, Index) and isinstance(label, Access):
                    allow(label, size_of(index.extent, sizes))
        for guard in eq.guards:
            for access in guard.atoms(Access):
                free = [i for i in guard.args[0].free_symbols if isinstance(i, Index)]
                if free:
                    allow(access, max(size_of(i.extent, sizes) for i in free))
    return ranges


def counted_dimensions(tensors: Iterable[Tensor]) -> set[sp.Symbol]:
    """The named dimensions that count as numbers somewhere, as in a mean; the value depends on them."""
    found: set[sp.Symbol] = set()
    for t in tensors:
        if isinstance(t.definition, Equation):
            free = t.definition.body.free_symbols
            found |= {d for d in free if isinstance(d, sp.Symbol) and not isinstance(d, sp.Dummy)}
    return found


def scales(tensors: Iterable[Tensor]) -> tuple[int | Fraction, ...]:
    """Scales for unconstrained reals: ordinary ones, and around each threshold that a program compares with."""
    thresholds: set[Fraction] = set()
    for t in tensors:
        if isinstance(t.definition, Equation) and any(
            type(f) in ORDERED or isinstance(f, Where) for f in t.definition.body.atoms(sp.Function)
        ):
            numbers = {abs(Fraction(int(r.p), int(r.q))) for r in t.definition.body.atoms(sp.Rational)}
            thresholds |= {r for r in numbers if r and not Fraction(1, 10) <= r <= 12}
    return (1, 1, 4, 1, 16, 2, *(size for r in sorted(thresholds)[:4] for size in (r, 2 * r)))


class Draw:
    """Values for the leaves of a program at given sizes.

    ``within`` are assumptions that every real keeps besides its own (to find the domain of a logarithm, say); ``scale`` stretches unconstrained reals; ``simple`` draws halves and small whole numbers instead of fine fractions.
    """

    def __init__(
        self,
        rng: random.Random,
        sizes: Sizes,
        labels: Mapping[int, int],
        scale: int | Fraction = 1,
        simple: bool = False,
        within: frozenset[str] = frozenset(),
    ):
        self.rng, self.sizes, self.labels, self.scale, self.simple = rng, sizes, labels, scale, simple
        self.within = within

    def values(self, leaves: Iterable[Tensor]) -> Values:
        """Values for each leaf that has none of its own."""
        return {t: self.tensor(t) for t in leaves if t.value is None}

    def tensor(self, t: Tensor) -> list[Any]:
        """The flat values of one tensor, in keeping with its dtype and assumptions."""
        shape = [size_of(e, self.sizes) for e in t.extents]
        count = 1
        for n in shape:
            count *= n
        if t.dtype == "bool" or "binary" in t.assume:
            return [self.rng.randint(0, 1) for _ in range(count)]
        if t.dtype == "int":
            top = self.labels.get(t.serial)
            low = 1 if "positive" in t.assume and top is None else 0
            return [self.rng.randint(low, (top or 6) - 1) for _ in range(count)]
        if "sign" in t.assume:
            return [self.rng.choice((-1, 1)) for _ in range(count)]
        if shape and t.assume & {"one_hot", "probability"}:
            make = self._one_hot if "one_hot" in t.assume else self._probability
            return [v for _ in range(count // shape[-1]) for v in make(shape[-1])]
        if len(shape) >= 2 and t.assume & _MATRICES:
            block = shape[-1] * shape[-2]
            return [v for _ in range(count // block) for v in itertools.chain(*self._matrix(t.assume, shape[-1]))]
        return [self.number(t.assume | self.within) for _ in range(count)]

    def number(self, assume: frozenset[str] | set[str]) -> Any:
        """One number."""
        rng = self.rng
        if "unit_interval" in assume:
            return Fraction(rng.randint(1, 3), 4) if self.simple else Fraction(rng.randint(1, GRAIN - 1), GRAIN)
        if "integer" in assume:
            size = rng.randint(1, 5)
        elif self.simple:
            size = rng.choice((1, 1, 2, 2, 3, 3, 4, Fraction(1, 2), Fraction(3, 2)))
        else:
            size = Fraction(rng.randint(GRAIN // 20, 2 * GRAIN), GRAIN) * self.scale
        return size if "positive" in assume or rng.random() < 0.5 else -size

    def _one_hot(self, n: int) -> list[int]:
        hot = self.rng.randrange(n)
        return [int(k == hot) for k in range(n)]

    def _probability(self, n: int) -> list[Fraction]:
        weights = [self.rng.randint(1, 4 if self.simple else GRAIN) for _ in range(n)]
        return [Fraction(w, sum(weights)) for w in weights]

    def _matrix(self, assume: frozenset[str], n: int) -> list[list[Any]]:
        """A square matrix with the assumed structure."""
        entry = self.number
        signed = assume - {"positive"} if "positive_definite" in assume else assume
        if "orthogonal" in assume:
            return self._orthogonal(n, symmetric="symmetric" in assume)
        if "diagonal" in assume:
            kind = {"positive"} if assume & {"positive", "positive_definite"} else set()
            return [[entry(kind) if i == j else 0 for j in range(n)] for i in range(n)]
        a = [[entry(signed) for _ in range(n)] for _ in range(n)]
        if "lower_triangular" in assume:
            a = [[a[i][j] if j <= i else 0 for j in range(n)] for i in range(n)]
        if "positive_definite" in assume:
            gram = [[sum(a[i][k] * a[j][k] for k in range(n)) for j in range(n)] for i in range(n)]
            return [[gram[i][j] + (i == j) for j in range(n)] for i in range(n)]
        if "symmetric" in assume:
            a = [[a[max(i, j)][min(i, j)] for j in range(n)] for i in range(n)]
        return a

    def _orthogonal(self, n: int, symmetric: bool) -> list[list[Fraction]]:
        """A product of two reflections I − 2vvᵀ/vᵀv (one, if it must be symmetric): orthogonal and rational."""
        q = self._reflection(n)
        if symmetric:
            return q
        r = self._reflection(n)
        return [[sum((q[i][k] * r[k][j] for k in range(n)), Fraction(0)) for j in range(n)] for i in range(n)]

    def _reflection(self, n: int) -> list[list[Fraction]]:
        v = [Fraction(self.number(frozenset())) for _ in range(n)]
        square = sum(x * x for x in v)
        return [[int(i == j) - 2 * v[i] * v[j] / square for j in range(n)] for i in range(n)]


_MATRICES = frozenset(["orthogonal", "diagonal", "lower_triangular", "positive_definite", "symmetric"])

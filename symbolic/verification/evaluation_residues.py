"""Residues modulo primes drawn afresh: exact arithmetic of bounded size, for agreement beyond every precision.

A number is its residues modulo a tower of primes p₁ = k₁p₂ + 1, p₂ = k₂p₃ + 1, …. The exponential is carried through it:
e^a mod p₁ is ω^(a mod p₂) with ω of order p₂, a homomorphism from addition to multiplication, so that every identity
that follows from the laws of exponentials holds. Each exponential uses up the last residue. Functions that cannot be
written with exponentials are replaced by random values of their argument's residues: where both sides use the same
ones, agreement is still exact, but disagreement says nothing (``faithful`` is then false). Order decisions are read from
the trace of a real run at the same point.

After the two-prime evaluation of e^x in superoptimisers of tensor programs (Wu et al., Mirage, 2024); degree bound:
Schwartz 1980, Zippel 1979.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.program import functions as f
from symbolic.verification.evaluation_numbers import Column, Numbers, Trace, Unrepresentable

BITS = 61
Residue = tuple[int, ...]


def prime_tower(rng: random.Random, height: int) -> tuple[int, ...]:
    """Random primes p₁ > p₂ > …, each 3 modulo 4 (so that a root is a power), p₍ᵢ₎ − 1 a multiple of p₍ᵢ₊₁₎."""
    while True:
        last = rng.getrandbits(BITS) | (1 << (BITS - 1)) | 3
        if sp.isprime(last):
            break
    tower = [last]
    while len(tower) < height:
        k = 4 * rng.randrange(1, 1 << 12) + 2
        while not sp.isprime(k * tower[0] + 1):
            k += 4
        tower.insert(0, k * tower[0] + 1)
    return tuple(tower)


class TooShort(Unrepresentable):
    """Exponentials are nested deeper than the tower of primes is high."""


class NoSquare(Unrepresentable):
    """A root of a number that is no square modulo these primes; others may do."""


class Residues(Numbers):
    """Numbers modulo a tower of primes; ``trace`` holds the decisions of a real run at the same point."""

    name, effort = "residue", 1.3

    def __init__(self, primes: Sequence[int], trace: Trace, rng: random.Random):
        super().__init__(trace.rewound())
        self.primes, self.faithful = tuple(primes), True
        self._salt = rng.getrandbits(64).to_bytes(8, "big")
        self._omega = [self._element(rng, p, q) for p, q in zip(self.primes, self.primes[1:], strict=False)]

    @staticmethod
    def _element(rng: random.Random, p: int, q: int) -> int:
        """An element of order q modulo p."""
        while True:
            omega = pow(rng.randrange(2, p - 1), (p - 1) // q, p)
            if omega != 1:
                return omega

    def rational(self, value: int | Fraction) -> Residue:
        if isinstance(value, int):
            return tuple(value % p for p in self.primes)
        return tuple(value.numerator * pow(value.denominator, -1, p) % p for p in self.primes)

    def integers(self, column: Sequence[int]) -> Column:
        return [self.rational(Fraction(v)) for v in column]

    def zero(self) -> Residue:
        return self.rational(0)

    def constant(self, e: sp.Expr) -> Residue:
        if e is sp.E:
            return self._exp(self.rational(1))
        if not e.is_finite:
            raise Unrepresentable(f"{e} as a residue")
        return self._opaque(str(e), ())

    def add(self, columns: Sequence[Column]) -> Column:
        primes = self.primes
        return [
            tuple(sum(parts) % p for parts, p in zip(zip(*row, strict=False), primes, strict=False))
            for row in zip(*columns, strict=True)
        ]

    def mul(self, columns: Sequence[Column]) -> Column:
        primes = self.primes
        first, *rest = columns
        for column in rest:
            first = [
                tuple(x * y % p for x, y, p in zip(a, b, primes, strict=False))
                for a, b in zip(first, column, strict=True)
            ]
        return first

    def total(self, values: Column) -> Residue:
        return self.add([[v] for v in values])[0] if values else self.rational(0)

    def product(self, values: Column) -> Residue:
        result = self.rational(1)
        for v in values:
            result = self.mul([[result], [v]])[0]
        return result

    def _power(self, v: Residue, exponent: int) -> Residue:
        if exponent < 0 and 0 in v:
            raise Unrepresentable("a division by a residue of zero")
        return tuple(pow(x, exponent, p) for x, p in zip(v, self.primes, strict=False))

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        """Square roots: of the two, the one that is a square itself, so that √a√b = √(ab)."""
        if exponent.q != 2:
            return [self._opaque(f"power {exponent}", v) for v in column]
        roots = []
        for v in column:
            parts = tuple(pow(x, (p + 1) // 4, p) for x, p in zip(v, self.primes, strict=False))
            if any(r * r % p != x for r, x, p in zip(parts, v, self.primes, strict=False)):
                raise NoSquare("a root of a number that is no square modulo the prime")
            roots.append(parts)
        return self.power(roots, int(exponent.p))

    def general_power(self, base: Column, exponent: Column) -> Column:
        return [self._opaque("power", (*x, *y))[: min(len(x), len(y))] for x, y in zip(base, exponent, strict=True)]

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        if head is sp.exp:
            return [self._exp(v) for v in columns[0]]
        through = _THROUGH_EXP.get(head)
        if through is not None:
            return [through(self, v) for v in columns[0]]
        if head in (sp.sin, sp.cos, sp.tan):
            return [self._circular(head, v) for v in columns[0]]
        name = head.__name__
        return [
            self._opaque(name, tuple(x for v in row for x in v))[: min(map(len, row))]
            for row in zip(*columns, strict=True)
        ]

    def _exp(self, v: Residue) -> Residue:
        if len(v) < 2:
            raise TooShort("exponentials nested deeper than the tower of primes")
        return tuple(pow(w, a, p) for w, a, p in zip(self._omega, v[1:], self.primes, strict=False))

    def quotient(self, a: Residue, b: Residue) -> Residue:
        """a/b."""
        return self.mul([[a], [self._power(b, -1)]])[0]

    def _circular(self, head: Any, v: Residue) -> Residue:
        """sin and cos as the rational point (2t/(1 + t²), (1 − t²)/(1 + t²)) of the circle with a random t."""
        t, one = self._opaque("half angle", v), self.rational(1)
        square = self.mul([[t], [t]])[0]
        minus = self.mul([[square], [self.rational(-1)]])[0]
        sine, cosine = self.add([[t], [t]])[0], self.add([[one], [minus]])[0]
        return self.quotient(
            sine if head is not sp.cos else cosine, cosine if head is sp.tan else self.add([[one], [square]])[0]
        )

    def _opaque(self, name: str, argument: Residue) -> Residue:
        """A random value that depends on the function and its argument alone."""
        self.faithful = False
        digest = hashlib.blake2b(f"{name}{argument}".encode(), key=self._salt).digest()
        number = int.from_bytes(digest, "big")
        height = len(argument) if argument else len(self.primes)
        return tuple(number % p for p in self.primes[:height])

    def whole_matrix(self, operands, compute) -> Column:
        raise Unrepresentable("functions of matrices as residues")

    # -- decisions of the real run -----------------------------------------------------------------------------------

    def order(self, a: Column, b: Column, jumps: bool) -> list[int | None]:
        return self.trace.replay()

    def winner(self, kind: str, values: Column) -> int | None:
        return self.trace.replay()[0]

    def rounded(self, how: str, column: Column) -> list[int | None]:
        return self.trace.replay()

    def truths(self, column: Column) -> list[int | None]:
        return self.trace.replay()


def _sigmoid(d: Residues, v: Residue) -> Residue:
    e = d._exp(v)
    return d.quotient(e, d.add([[e], [d.rational(1)]])[0])


def _tanh(d: Residues, v: Residue) -> Residue:
    e = d._exp(d.add([[v], [v]])[0])
    return d.quotient(d.add([[e], [d.rational(-1)]])[0], d.add([[e], [d.rational(1)]])[0])


def _hyperbolic(sign: int):
    def value(d: Residues, v: Residue) -> Residue:
        e = d._exp(v)
        other = d.mul([[d._power(e, -1)], [d.rational(sign)]])[0]
        return d.mul([[d.add([[e], [other]])[0]], [d.rational(Fraction(1, 2))]])[0]

    return value


def _softplus(d: Residues, v: Residue) -> Residue:
    return d.function(sp.log, [[d.add([[d._exp(v)], [d.rational(1)]])[0]]])[0]


_THROUGH_EXP = {
    f.Sigmoid: _sigmoid,
    sp.tanh: _tanh,
    sp.cosh: _hyperbolic(1),
    sp.sinh: _hyperbolic(-1),
    f.Softplus: _softplus,
}


class Degrees(Numbers):
    """Bounds on degrees: a number is (degree of the numerator, degree of the denominator) as a rational function of the
    leaves; anything that is no rational function is ``Unrepresentable``."""

    name = "degree"

    def __init__(self, trace: Trace):
        super().__init__(trace.rewound())

    def leaf(self, value: Any) -> tuple[int, int]:
        return (1, 0)

    def rational(self, value: Any) -> tuple[int, int]:
        return (0, 0)

    def constant(self, e: sp.Expr) -> tuple[int, int]:
        return (0, 0)

    def integers(self, column: Sequence[int]) -> Column:
        return [(0, 0)] * len(column)

    def add(self, columns: Sequence[Column]) -> Column:
        return [self.total(list(row)) for row in zip(*columns, strict=True)]

    def mul(self, columns: Sequence[Column]) -> Column:
        return [self.product(list(row)) for row in zip(*columns, strict=True)]

    def total(self, values: Column) -> tuple[int, int]:
        below = sum(d for _, d in values)
        return max((n + below - d for n, d in values), default=0), below

    def product(self, values: Column) -> tuple[int, int]:
        return sum(n for n, _ in values), sum(d for _, d in values)

    def _power(self, v: tuple[int, int], exponent: int) -> tuple[int, int]:
        n, d = v if exponent >= 0 else v[::-1]
        return n * abs(exponent), d * abs(exponent)

    def root(self, column: Column, exponent: sp.Rational) -> Column:
        raise Unrepresentable("a root is no rational function")

    def general_power(self, base: Column, exponent: Column) -> Column:
        raise Unrepresentable("a computed exponent is no rational function")

    def function(self, head: Any, columns: Sequence[Column]) -> Column:
        raise Unrepresentable(f"{head.__name__} is no rational function")

    def order(self, a: Column, b: Column, jumps: bool) -> list[int | None]:
        return self.trace.replay()

    def winner(self, kind: str, values: Column) -> int | None:
        return self.trace.replay()[0]

    def rounded(self, how: str, column: Column) -> list[int | None]:
        return self.trace.replay()

    def truths(self, column: Column) -> list[int | None]:
        return self.trace.replay()

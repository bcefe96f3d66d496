"""Random programs for property tests: small, with pairwise distinct dimensions and exact rational values.

>>> import random
>>> p = random_program(random.Random(0))
>>> p.output.ndim >= 0 and len(p.values) == len(p.leaves)
True
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

import symbolic as s
from symbolic.program.tensors import Tensor

SIZES = {"n": 2, "m": 3, "k": 4}


@dataclass(frozen=True)
class Program:
    """A computed tensor, the leaves it may depend on, and a value for each."""

    output: Tensor
    leaves: tuple[Tensor, ...]
    values: dict[Tensor, dict]

    def evaluate(self, t: Tensor, extra: dict | None = None, precision: int = 30):
        """The value of a tensor of this program as nested lists."""
        return s.evaluate(t, {**self.values, **(extra or {})}, dims=SIZES, precision=precision)


def seeded(seed: int) -> random.Random:
    """A generator that draws the same numbers in every run."""
    return random.Random(seed)  # noqa: S311


def size(extent) -> int:
    """The number of an extent at the sizes of the tests."""
    return int(extent.subs({sym: SIZES[str(sym)] for sym in extent.free_symbols}))


def random_values(rng: random.Random, t: Tensor) -> dict[tuple[int, ...], Fraction]:
    """Distinct non-zero rationals between −2 and 2."""
    points = list(itertools.product(*(range(size(e)) for e in t.extents)))
    numbers = rng.sample([v for v in range(-200, 201) if v], len(points))
    return {p: Fraction(v, 101) for p, v in zip(points, numbers, strict=True)}


def flat(nested) -> list:
    """The entries of nested lists in order."""
    return [v for row in nested for v in flat(row)] if isinstance(nested, list) else [nested]


def leaves() -> tuple[Tensor, ...]:
    """Fresh declared tensors of several shapes."""
    return (
        s.tensor("x", "n"),
        s.tensor("y", "m"),
        s.tensor("A", "m n"),
        s.tensor("B", "n n", role="parameter"),
        s.tensor("c", ""),
        s.tensor("D", "m k"),
    )


SMOOTH = ("add", "multiply", "matmul", "transpose", "sum", "mean", "tanh", "sigmoid", "square", "outer", "scale",
          "softmax", "exp")  # fmt: skip
SHAPED = ("reshape", "stride", "flip", "concatenate", "cumsum", "pad", "gather", "diag", "roll", "cumprod", "tril")
KINKED = ("relu", "where", "max", "abs", "maximum", "prod")


def random_program(rng: random.Random, length: int = 5, kinds=SMOOTH) -> Program:
    """A program of ``length`` random operations, each on tensors made so far."""
    declared = leaves()
    pool = list(declared)
    while len(pool) < len(declared) + length:
        made = _apply(rng, rng.choice(kinds), pool)
        if made is not None and made.ndim <= 3:
            pool.append(made)
    values = {t: random_values(rng, t) for t in declared}
    return Program(pool[-1], declared, values)


def _apply(rng: random.Random, kind: str, pool: list[Tensor]) -> Tensor | None:
    t = rng.choice(pool[-4:] if rng.random() < 0.7 else pool)
    same = [u for u in pool if u.extents == t.extents] + [u for u in pool if not u.ndim]
    other = rng.choice(same)
    match kind:
        case "add":
            return t + other
        case "multiply":
            return t * other
        case "scale":
            return t * (rng.choice([-3, -1, 1, 2]) / 2)
        case "matmul":
            fits = [u for u in pool if t.ndim and u.ndim and t.extents[-1] == u.extents[-2 if u.ndim > 1 else 0]]
            return t @ rng.choice(fits) if fits else None
        case "outer":
            return np.outer(t, rng.choice(pool[:2])) if t.ndim == 1 else None
        case "square":
            return t**2
        case "tanh":
            return np.tanh(t)
        case "exp":
            return np.exp(-(t**2))
        case "sigmoid":
            return 1 / (1 + np.exp(-t))
        case "softmax":
            return np.exp(t) / np.sum(np.exp(t), axis=-1, keepdims=True) if t.ndim else None
        case "relu":
            return np.maximum(t, 0)
        case "abs":
            return np.abs(t)
        case "maximum":
            return np.maximum(t, other)
        case "where":
            return np.where(t > 0, other, t * t)
    if not t.ndim:
        return None
    axis = rng.randrange(t.ndim)
    first = t.extents[0]
    match kind:
        case "transpose":
            return t.T
        case "sum":
            return np.sum(t, axis=axis, keepdims=rng.random() < 0.3)
        case "mean":
            return np.mean(t, axis=axis)
        case "max":
            return np.max(t, axis=axis)
        case "prod":
            return np.prod(t, axis=axis)
        case "reshape":
            return np.reshape(t, -1)
        case "stride":
            return t[1::2] if size(first) > 2 and first.is_Integer else t[:-1] if size(first) > 2 else None
        case "flip":
            return np.flip(t, axis)
        case "concatenate":
            return np.concatenate([t, t * t], axis=axis)
        case "cumsum":
            return np.cumsum(t, axis=axis)
        case "cumprod":
            return np.cumprod(t, axis=axis)
        case "pad":
            return np.pad(t, [(1, 0) if a == axis else (0, 0) for a in range(t.ndim)])
        case "gather":
            last = min(size(first), 2) - 1
            return t[s.constant(np.array([last, 0, last]))]
        case "diag":
            return np.diag(t) if t.ndim == 1 else None
        case "roll":
            return np.roll(t, 1, axis=axis)
        case "tril":
            return np.tril(t) if t.ndim == 2 else None
    raise ValueError(kind)


def programs(length: int = 5, kinds=SMOOTH) -> st.SearchStrategy[Program]:
    """Random programs as a Hypothesis strategy."""
    return st.integers(0, 10**6).map(lambda seed: random_program(seeded(seed), length, kinds))

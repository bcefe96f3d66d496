"""Random small programs on vectors and matrices, and values for them."""

import numpy as np
import sympy as sp

import symbolic as s

SIZES = {"n": 2, "m": 3, "p": 4}
SYMBOLS = {sp.Symbol(name, integer=True, positive=True): size for name, size in SIZES.items()}


def declared():
    """Tensors of every shape over n, m, p."""
    return {
        "a": s.tensor("a"), "x": s.tensor("x", "n"), "u": s.tensor("u", "n"), "y": s.tensor("y", "m"),
        "v": s.tensor("v", "m"), "q": s.tensor("q", "p"), "W": s.tensor("W", "m n", role="parameter"),
        "B": s.tensor("B", "m n"), "V": s.tensor("V", "p m", role="parameter"), "A": s.tensor("A", "n n"),
        "S": s.tensor("S", "m m", assume="symmetric"),
    }  # fmt: skip


def random_values(tensors, seed, low=0.2, high=1.5):
    """An array for each declared tensor; symmetric ones symmetric, all positive, so that logarithms are defined."""
    rng = np.random.default_rng(seed)
    values = {}
    for t in tensors:
        array = rng.uniform(low, high, [int(e.subs(SYMBOLS)) for e in t.extents])
        values[t] = (array + array.T) / 2 if "symmetric" in t.assume else array
    return values


def random_program(rng, depth=4):
    """A tensor with at most two axes, from random operations that fit."""
    leaves = declared()
    pool = list(leaves.values())
    for _ in range(depth * 3):
        a, b = (pool[int(rng.integers(len(pool)))] for _ in range(2))
        kind = int(rng.integers(11))
        try:
            made = _operation(kind, a, b, rng)
        except s.ShapeError:
            continue
        if made is not None and made.ndim <= 2:
            pool.append(made)
    return pool[-1], leaves


def _operation(kind, a, b, rng):
    if kind <= 2:
        return a @ b if a.ndim and b.ndim else None
    if kind == 3:
        return a + b
    if kind == 4:
        return a * b
    if kind == 5:
        return a.T if a.ndim == 2 else None
    if kind == 6:
        return np.sum(a, axis=int(rng.integers(a.ndim))) if a.ndim else None
    if kind == 7:
        return [np.tanh, np.exp, s_sigmoid, np.square, np.sin][int(rng.integers(5))](0.3 * a)
    if kind == 8:
        return a - 2 * b
    if kind == 9:
        return np.outer(a, b) if a.ndim == b.ndim == 1 else None
    return a / (1 + np.sum(b * b))


def s_sigmoid(x):
    return 1 / (1 + np.exp(-x))

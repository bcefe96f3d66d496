"""Random arrays for declared tensors, inside what is assumed of them: points at which a program can be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Equal
from symbolic.program.tensors import Tensor


def sizes_for(tensors: Iterable[Tensor], given: Mapping[str, int] | None = None) -> dict[sp.Symbol, int]:
    """A number for every named dimension: as given, else small and pairwise distinct."""
    symbols = sorted({s for t in tensors for e in t.extents for s in e.free_symbols}, key=str)
    sizes = {s: int(n) for s in symbols for name, n in (given or {}).items() if str(s) == name}
    fresh = (n for n in range(2, 10**6) if n not in sizes.values())
    return {s: sizes[s] if s in sizes else next(fresh) for s in symbols}


def draw(t: Tensor, sizes: Mapping[sp.Symbol, int], rng: np.random.Generator, below: int = 2) -> np.ndarray:
    """An array for ``t``; integers lie below ``below``."""
    numbers = {s: sp.Integer(n) for s, n in sizes.items()}
    shape = [int(e.xreplace(numbers)) for e in t.extents]
    if t.dtype != "real":
        return rng.integers(0, 2 if t.dtype == "bool" else max(below, 1), shape).astype(
            bool if t.dtype == "bool" else np.int64
        )
    x, assume = rng.normal(size=shape), t.assume
    if "positive_definite" in assume:
        return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])
    if "orthogonal" in assume:
        return np.linalg.qr(x)[0]
    if "symmetric" in assume:
        x = (x + np.swapaxes(x, -1, -2)) / 2
    if "invertible" in assume:
        x = x + shape[-1] * np.eye(shape[-1])
    if "diagonal" in assume:
        x = x * np.eye(shape[-1])
    if "lower_triangular" in assume:
        x = np.tril(x)
    if "one_hot" in assume:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if "probability" in assume:
        return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    if "unit_interval" in assume:
        return rng.uniform(0.05, 0.95, shape)
    if "sign" in assume:
        return rng.choice([-1.0, 1.0], shape)
    if "binary" in assume:
        return rng.integers(0, 2, shape).astype(float)
    if "integer" in assume:
        return rng.integers(1, 5, shape).astype(float)
    return np.abs(x) + 0.5 if "positive" in assume else x


def bounds_of_integers(program: Sequence[Tensor], sizes: Mapping[sp.Symbol, int]) -> dict[int, int]:
    """For integer tensors (by serial) the extents of the axes that they point into, or of the indices they are compared to."""
    numbers = {s: sp.Integer(n) for s, n in sizes.items()}
    found: dict[int, int] = {}

    def bound(access: sp.Expr, extent: sp.Expr) -> None:
        if isinstance(access, Access) and access.tensor.dtype == "int":
            size = int(extent.xreplace(numbers))
            found[access.tensor.serial] = min(size, found.get(access.tensor.serial, size))

    for t in program:
        if not isinstance(t.definition, Equation):
            continue
        for access in t.definition.accesses:
            for e, extent in zip(access.indices, access.tensor.extents, strict=True):
                bound(e, extent)
        for comparison in t.definition.body.atoms(Equal):
            for a, b in (comparison.args, comparison.args[::-1]):
                if isinstance(b, Index):
                    bound(a, b.extent)
    return found

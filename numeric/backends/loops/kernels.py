"""A kernel as source: one function on arrays, the same text for all kernels that differ in names and numbers alone.

Arrays are arguments in the order of their first use, numbers are arguments too, and the first axis of an array is as long
as the array says; all other extents are written out, so that the inner loops have fixed lengths. Equal blocks of a model
and batches of any size then share one compiled function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from numeric.backends.loops.nests import Nest
from numeric.backends.loops.scalars import Constants
from numeric.backends.loops.writer import head
from numeric.lowering.kernels import Kernel
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index


@dataclass(frozen=True)
class KernelSource:
    """The text of ``kernel(arrays read, arrays written, numbers)``, and the texts of the numbers."""

    text: str
    numbers: tuple[str, ...]


def leading(eq: Equation) -> int:
    """How many output indices the loops of an equation have outermost, in order."""
    nest = Nest(eq, "", lambda t: "", str, Constants(), "")
    if not eq.bound and not eq.guards:
        return len(eq.indices)
    if eq.reduce == "sum" and nest.scatters():
        return 0
    inner = nest.innermost()
    if eq.reduce == "sum" and eq.bound and inner in eq.indices:
        return eq.indices.index(inner)
    return len(eq.indices)


def kernel_source(kernel: Kernel, dtype: str, over: int | None = None) -> KernelSource:
    """The source of a kernel for arrays of one precision.

    ``over`` is the place of the operand that the result is written over: one array under one name, because two names for
    the same memory would keep the compiler from computing several entries at once.
    """
    names = {t.serial: f"r{k}" for k, t in enumerate(kernel.reads) if k != over}
    names |= {t.serial: f"w{k}" for k, t in enumerate(kernel.steps)}
    known = names if over is None else {**names, kernel.reads[over].serial: "w0"}
    constants, sizes = Constants(), {}
    outer = [f"o{k}" for k in range(kernel.depth)]
    parts = []
    for k, t in enumerate(kernel.steps):
        eq = _sized(t.definition, known, sizes)
        nest = Nest(eq, names[t.serial], lambda u: known[u.serial], str, constants, f"i{k}_", outer=outer)
        parts.append(nest.lines())
    body = _merged(parts, outer)
    numbers = list(constants.names.values())
    arguments = ", ".join([*names.values(), *numbers])
    top = [
        "import math", "", "import numpy as np", "from numba import njit", "", f"real = np.{dtype}", "", "",
        *head(f"kernel({arguments})"),
    ]  # fmt: skip
    dims = [f"{symbol} = {text}" for symbol, text in sizes.items()]
    return KernelSource("\n".join([*top, *("    " + row for row in [*dims, *body])]) + "\n", tuple(constants.names))


def _sized(eq: Equation, names: Mapping[int, str], sizes: dict[str, str]) -> Equation:
    """The equation with the extents of first axes read from arrays, unless an index runs along an array's rows as well."""
    places = [("w0", eq.indices), *((names[a.tensor.serial], a.indices) for a in eq.accesses)]
    along = {place[-1] for _, place in places if len(place) > 1}
    mapping: dict[Index, Index] = {}
    for i in (*eq.indices, *eq.bound):
        source = next((name for name, place in places if place and place[0] is i), None)
        if source is None or i in along:
            continue
        symbol = "n" if source == "w0" else f"n_{source}"
        sizes.setdefault(symbol, f"{source}.shape[0]")
        mapping[i] = Index(i.name, sp.Symbol(symbol, integer=True, positive=True))
    guards = tuple(g.xreplace(mapping) for g in eq.guards)
    indices, bound = (tuple(mapping.get(i, i) for i in some) for some in (eq.indices, eq.bound))
    return Equation(indices, eq.body.xreplace(mapping), bound, eq.reduce, guards)


def _merged(parts: list[list[str]], outer: list[str]) -> list[str]:
    """Nests that begin with the same loops as one nest."""
    if len(parts) == 1 or not outer:
        return [line for part in parts for line in part]
    head, *inner = outer
    before: list[str] = []
    inside: list[list[str]] = []
    after: list[str] = []
    loop = ""
    for lines in parts:
        at = next(k for k, line in enumerate(lines) if line.startswith(f"for {head} in "))
        end = next((k for k in range(at + 1, len(lines)) if not lines[k].startswith("    ")), len(lines))
        loop = lines[at]
        before += lines[:at]
        inside.append([line[4:] for line in lines[at + 1 : end]])
        after += lines[end:]
    return [*before, loop, *("    " + line for line in _merged(inside, inner)), *after]

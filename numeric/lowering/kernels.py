"""Which equations are computed by loops of their own and which by calls of a library, and what shares a loop.

Matrix products and most dear functions are library calls. What is left, chains of pointwise equations and sums along rows, is
bound by memory: neighbours that run over the same leading indices, and read each other at the same place, share the loops
over these, so that a row is still in the cache when the next equation reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from numeric.lowering.exponentials import has_dear
from numeric.lowering.program import Program
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Quotient, Remainder, Zero
from symbolic.program.tensors import Tensor

MOST = 12  # Equations of one kernel: beyond it compiling takes long and the cache is full.
REUSE = 2  # A sum that visits more points than this for each entry that it reads is a contraction.


@dataclass(frozen=True, eq=False)
class Kernel:
    """Equations that share the loops over their first ``depth`` output indices."""

    steps: tuple[Tensor, ...]
    depth: int
    kept: frozenset[int] = frozenset()
    """The serials of steps that something outside reads: the others need no array."""

    @property
    def results(self) -> tuple[Tensor, ...]:
        """The steps whose arrays are written, the last step among them."""
        return tuple(t for t in self.steps if t.serial in self.kept)

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The tensors that the equations read and do not compute."""
        own = {t.serial for t in self.steps}
        found = {u.serial: u for t in self.steps for u in t.operands if u.serial not in own}
        return tuple(found.values())

    @property
    def is_entrywise(self) -> bool:
        """Whether the result may be written over an operand of its shape."""
        (*more, last) = self.steps
        eq = last.definition
        return not more and eq.is_pointwise and all(
            a.indices == eq.indices for a in eq.accesses if a.tensor.extents == last.extents
        )  # fmt: skip


def grouped(
    program: Program, leading: Callable[[Equation], int], cheap: Collection[type] = ()
) -> list[Tensor | Kernel]:
    """The steps, what can be loops gathered into kernels; ``leading`` says how many outer loops are output indices.

    Functions that are ``cheap`` are computed by loops, other dear ones are not.
    """
    found = list(_gathered(program, leading, cheap))
    place = {t.serial: k for k, some in enumerate(found) if isinstance(some, Kernel) for t in some.steps}
    read = {t.serial for t in program.results}
    for k, some in enumerate(found):
        for t in some.steps if isinstance(some, Kernel) else [some]:
            read |= {u.serial for u in t.operands if place.get(u.serial, k) != k}
    return [
        replace(some, kept=read & {t.serial for t in some.steps}) if isinstance(some, Kernel) else some
        for some in found
    ]


def _gathered(
    program: Program, leading: Callable[[Equation], int], cheap: Collection[type]
) -> Iterator[Tensor | Kernel]:
    own = {w.serial for w, _ in program.updates}
    following = {new.serial for _, new in program.updates}
    group: list[Tensor] = []
    depth = 0
    for t in program.steps:
        joined = 0
        fits = _is_loop(t, own, cheap)
        alone = (
            fits and t.serial in following and t.definition.is_pointwise
        )  # so that it can be written over the old value
        if fits and not alone and group and len(group) < MOST:
            joined = _shared_depth(t, group, min(depth, leading(t.definition)))
        if joined:
            group, depth = [*group, t], joined
            continue
        if fits and not alone:
            if group:
                yield Kernel(tuple(group), depth)
            group, depth = [t], leading(t.definition)
            continue
        made = {u.serial for u in group}
        if any(u.serial in made for u in t.operands):
            yield Kernel(tuple(group), depth)
            group = []
        yield Kernel((t,), leading(t.definition)) if alone else t
    if group:
        yield Kernel(tuple(group), depth)


def _is_loop(t: Tensor, updated: set[int], cheap: Collection[type]) -> bool:
    """Whether the step is worth loops: it does little for each entry that it touches."""
    eq = t.definition
    if (
        not isinstance(eq, Equation)
        or t.dtype != "real"
        or not t.extents
        or eq.reduce not in ("sum", "max", "min", "prod")
    ):
        return False
    if has_dear(eq.body, cheap) or not eq.accesses or eq.body.has(Quotient, Remainder):
        return False
    if any(not a.indices and a.tensor.serial in updated for a in eq.accesses):
        return False
    if not eq.bound:
        return True
    if eq.guards:
        return all(isinstance(g, Zero) and g.has(Access) for g in eq.guards)
    points = sp.Mul(*(i.extent for i in (*eq.indices, *eq.bound)))
    largest = max((sp.Mul(*(i.extent for i in _over(a))) for a in eq.accesses), default=0)
    return bool(points <= REUSE * largest)


def _over(access: Access) -> set[Index]:
    return access.atoms(Index)


def _shared_depth(t: Tensor, group: list[Tensor], most: int) -> int:
    """How many leading indices ``t`` can share with the group; 0 if none."""
    eq, first = t.definition, group[0].definition
    made = {u.serial for u in group}
    for depth in range(most, 0, -1):
        mine = eq.indices[:depth]
        if [i.extent for i in mine] != [i.extent for i in first.indices[:depth]]:
            continue
        if all(a.indices[:depth] == mine for a in eq.accesses if a.tensor.serial in made):
            return depth
    return 0

"""The order in which the axes of an intermediate lie in memory: the axis that no window reads comes last.

    s[n, o, p, q] = Σ_{c, u, v} W[o, c, u, v] x[n, c, p + u, q + v]     is stored as     s[o, p, q, n]

A window moves along its axes, so that its entries are never a long run of memory. An index that every windowed equation
reads as it stands (the sample's, as a rule) is one: with it innermost, a convolution, a maximum over windows and their
pullbacks are additions, products and comparisons of whole runs, and copying windows copies runs. Only intermediates that
have both kinds of axes are stored differently, and arguments that windows read are copied once.
"""

from __future__ import annotations

from collections import Counter

import sympy as sp

from numeric.lowering.access import splits
from numeric.lowering.building import estimate
from numeric.lowering.pooling import unpooled
from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from numeric.lowering.turning import turned
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, renamed
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed

SHORTEST = 8  # A run of fewer entries is not worth another order.


def laid_out(program: Program) -> Program:
    """The program with maxima pulled back by comparing, windowed intermediates with a lane of samples as last axis, and sums
    in the order in which they are read."""
    program = _in_lanes(unpooled(program))
    return _Relaid(turned(program)).program(program)


def _in_lanes(program: Program) -> Program:
    axes = _Axes(program)
    lane = axes.lane()
    if lane is None:
        return program
    kept = {t.serial for t in program.results}
    for t in program.steps:
        if isinstance(t.definition, Application):
            kept |= {t.serial, *(u.serial for u in t.definition.operands)}
    orders = {}
    for t in (*program.arguments, *program.constants, *program.steps):
        order = axes.order(t, lane)
        if order is not None and t.serial not in kept:
            orders[t.serial] = order
    return _Relaid(orders).program(program)


class _Axes:
    """Which axes of which tensors one index runs along, through all equations; each class has a representative."""

    def __init__(self, program: Program):
        self.parents: dict = {}
        self.windowed: set = set()
        self.moved: set = set()
        self.wide: list[tuple[Equation, list[Access]]] = []
        for t in program.steps:
            if isinstance(t.definition, Equation):
                self._read(t, t.definition)
        for w, new in program.updates:
            for a in range(w.ndim):
                self._join((w.serial, a), (new.serial, a))

    def _read(self, t: Tensor, eq: Equation) -> None:
        for a, i in enumerate(eq.indices):
            self._join((t.serial, a), i)
        wide = []
        for access in eq.accesses:
            for a, e in enumerate(access.indices):
                if isinstance(e, Index):
                    self._join((access.tensor.serial, a), e)
                    continue
                found = _bare(e)
                if len(found) > 1 and (eq.reduce != "sum" or not splits(e, access.tensor.extents[a])):
                    self.windowed |= {(access.tensor.serial, a), *found}
                    wide.append(access)
                else:
                    self.moved |= {(access.tensor.serial, a), *found}
        for guard in eq.guards:
            found = _bare(guard)
            (self.windowed if len(found) > 1 and guard.has(Access) else self.moved).update(found - self.windowed)
        if wide:
            self.wide.append((eq, wide))

    def _root(self, key):
        while (above := self.parents.get(key, key)) is not key:
            self.parents[key] = key = self.parents.get(above, above)
        return key

    def _join(self, a, b) -> None:
        a, b = self._root(a), self._root(b)
        if a != b:
            self.parents[a] = b

    def lane(self):
        """The class of the index that most windowed equations read as it stands, the longest of these; None without one."""
        spread = {self._root(key) for key in (*self.windowed, *self.moved)}
        counts, sizes = Counter(), {}
        for eq, wide in self.wide:
            inside = {k for access in wide for k in access.atoms(Index)}
            spread |= {self._root(i) for i in eq.indices if i not in inside}
            for root, i in {self._root(i): i for i in (*eq.indices, *eq.bound)}.items():
                counts[root] += 1
                sizes[root] = estimate(i.extent)
        found = [root for root in counts if root not in spread and sizes[root] >= SHORTEST]
        return max(found, key=lambda root: (counts[root], sizes[root]), default=None)

    def order(self, t: Tensor, lane) -> tuple[int, ...] | None:
        """The axes of ``t`` with the lane last, if it has a lane and a windowed axis; None if it stays as it is."""
        roots = [self._root((t.serial, a)) for a in range(t.ndim)]
        windowed = {self._root(key) for key in self.windowed}
        if roots.count(lane) != 1 or roots[-1] == lane or not any(root in windowed for root in roots):
            return None
        rest = [a for a in range(t.ndim) if roots[a] != lane]
        return (*rest, roots.index(lane))


def _bare(e: sp.Basic) -> set[Index]:
    """The indices of an expression that stand outside accesses: inside, they read an axis as it stands."""
    if isinstance(e, Index):
        return {e}
    return set() if isinstance(e, Access) else {i for a in e.args for i in _bare(a)}


class _Relaid:
    """Writes a program again with the tensors of ``orders`` (axes by serial) stored in other orders."""

    def __init__(self, orders: dict[int, tuple[int, ...]]):
        self.orders = orders
        self.copies: dict[int, Tensor] = {}

    def program(self, program: Program) -> Program:
        """The program in its new order of axes."""
        given = {t.serial for t in (*program.arguments, *program.constants)}

        def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
            for u in t.operands:
                if u.serial in given and u.serial in self.orders and u.serial not in self.copies:
                    self.copies[u.serial] = self._copy(u)
            return self._moved(t, {**replaced, **self.copies})

        return rewritten(program, rule)

    def _copy(self, t: Tensor) -> Tensor:
        out = t.fresh_indices()
        return computed(Equation(tuple(out[a] for a in self.orders[t.serial]), t.access(*out)), t.dtype)

    def _moved(self, t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        """The step reading its operands in their new orders, and stored in its own."""
        eq = t.definition
        if not isinstance(eq, Equation):
            return with_operands(t, replaced)
        mapping: dict = {}
        for access in sorted(eq.accesses, key=lambda a: len(a.atoms(Access))):
            u = access.tensor
            read = [e.xreplace(mapping) for e in access.indices]
            order = self.orders.get(u.serial, range(len(read)))
            mapping[access] = replaced.get(u.serial, u).access(*(read[a] for a in order))
        guards = tuple(g.func(*(e.xreplace(mapping) for e in g.args)) for g in eq.guards)
        order = self.orders.get(t.serial)
        indices = eq.indices if order is None else tuple(eq.indices[a] for a in order)
        new = Equation(indices, renamed(eq.body, mapping), eq.bound, eq.reduce, guards)
        if order is None:
            return redefined(t, new)
        moved = Tensor(t.name, [i.extent for i in indices], dtype=t.dtype, definition=new, assume=t.assume)
        moved.origin = t.origin
        return moved

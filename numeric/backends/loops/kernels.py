"""A kernel as source: one function on arrays, the same text for all kernels that differ in names and numbers alone.

Arrays are arguments in the order of their first use, numbers are arguments too, and the first axis of an array is as long
as the array says; all other extents are written out, so that the inner loops have fixed lengths. Equal blocks of a model
and batches of any size then share one compiled function.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy as sp

from numeric.backends.loops.nests import Held, Nest
from numeric.backends.loops.scalars import Constants
from numeric.lowering.kernels import Kernel
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, renamed
from symbolic.program.tensors import Tensor


@dataclass(frozen=True)
class KernelSource:
    """The text of ``kernel(arrays read, arrays written, numbers)``, and the texts of the numbers."""

    text: str
    numbers: tuple[str, ...]


def leading(eq: Equation) -> int:
    """How many output indices the loops of an equation have outermost, in order."""
    return min(len(_loops(eq)), len(eq.indices))


def _loops(eq: Equation) -> tuple[Index, ...]:
    """The indices of the loops that others may share, from the outermost."""
    nest = Nest(eq, "", lambda t: "", str, Constants(), "")
    if eq.reduce == "sum" and eq.guards and nest.scatters():
        return ()
    inner = nest.innermost()
    if eq.reduce == "sum" and eq.bound and inner in eq.indices:
        return eq.indices[: eq.indices.index(inner)]
    if not eq.bound or eq.guards or eq.reduce not in ("sum", "max", "min", "prod"):
        return eq.indices
    return (*eq.indices, *(k for k in eq.bound if k is not inner), *(k for k in eq.bound if k is inner))


def kernel_source(
    kernel: Kernel, over: int | None = None, cheap: Collection[type] = (), views: Collection[int] = ()
) -> KernelSource:
    """The source of a kernel.

    ``over`` is the place of the operand that the result is written over: one array under one name, because two names for
    the same memory would keep the compiler from computing several entries at once. ``views`` are the places of operands
    that do not lie in memory in C order.
    """
    names = {t.serial: f"r{k}" for k, t in enumerate(kernel.reads) if k != over}
    names |= {t.serial: f"w{k}" for k, t in enumerate(kernel.results)}
    inner = {t.serial: f"v{k}" for k, t in enumerate(kernel.steps) if t.serial not in names}
    last = names[kernel.steps[-1].serial]
    known = {**names, **inner} if over is None else {**names, kernel.reads[over].serial: last}
    constants, sizes = Constants(vectors=True, cheap=cheap), {}
    equations = {t.serial: _sized(t.definition, names, known, last, sizes) for t in kernel.steps}
    shared = _Shared(equations)
    held = {serial: shared.held(serial, kept=serial in names) for serial in equations}
    parts, made = [], []
    for k, (serial, eq) in enumerate(equations.items()):
        own = held[serial]
        if serial in inner and own.stored:
            shape = ", ".join(str(i.extent) for i in eq.indices[own.skipped :])
            made.append(f"{known[serial]} = np.empty(({shape},), real)")
        nest = Nest(
            eq, known[serial], lambda u: known[u.serial], str, constants, f"i{k}_",
            outer=shared.names[serial], own=own, held=held,
        )  # fmt: skip
        parts.append((nest.lines(), shared.names[serial]))
    tensors = {t.serial: t for t in (*kernel.reads, *kernel.results)}
    turned = {t.serial for k, t in enumerate(kernel.reads) if k in views}
    arguments = [f"{name}: {_note(tensors[serial], serial in turned)}" for serial, name in names.items()]
    arguments += [f"{name}: real" for name in constants.names.values()]
    dims = [f"{symbol} = {text}" for symbol, text in sizes.items()]
    rows = [f"def kernel({', '.join(arguments)}):", *("    " + row for row in [*dims, *made, *_merged(parts)])]
    return KernelSource("\n".join(rows) + "\n", tuple(constants.names))


def _note(t: Tensor, is_view: bool) -> str:
    """The annotation of an argument: its kind of numbers and its extents, the first as at run time."""
    kind = {"real": "real", "int": "whole", "bool": "truth"}[t.dtype]
    if not t.extents:
        return kind
    axes = ", ".join([":", *(str(e) for e in t.extents[1:])])
    return f"view[{kind}, {axes}]" if is_view else f"{kind}[{axes}]"


def _sized(
    eq: Equation, names: Mapping[int, str], known: Mapping[int, str], own: str, sizes: dict[str, str]
) -> Equation:
    """The equation with the extents of first axes read from arrays, unless an index runs along an array's rows as well.

    All equations of a kernel have the first axis of the array ``own``.
    """
    places = [(own, eq.indices), *((known[a.tensor.serial], a.indices) for a in eq.accesses)]
    along = {place[-1] for _, place in places if len(place) > 1}
    given = {own, *names.values()}
    mapping: dict[Index, Index] = {}
    for i in (*eq.indices[:1], *eq.bound):
        source = next((name for name, place in places if name in given and place and place[0] is i), None)
        if source is None or i in along:
            continue
        symbol = "n" if source == own else f"n_{source}"
        sizes.setdefault(symbol, f"{source}.shape[0]")
        mapping[i] = Index(i.name, sp.Symbol(symbol, integer=True, positive=True))
    guards = tuple(g.xreplace(mapping) for g in eq.guards)
    indices, bound = (tuple(mapping.get(i, i) for i in some) for some in (eq.indices, eq.bound))
    return Equation(indices, renamed(eq.body, mapping), bound, eq.reduce, guards)


class _Shared:
    """Which loops the equations of a kernel share: ``names`` of the outermost loops of each, equal where it is one loop.

    An equation joins the loop before it if both run over as many points and all it reads of what is computed there is
    computed at the same point: neither a sum that the loop is still adding up nor an entry of another round.
    """

    def __init__(self, equations: Mapping[int, Equation]):
        self.equations = equations
        self.loops = {serial: _loops(eq) for serial, eq in equations.items()}
        self.names: dict[int, list[str]] = {serial: [] for serial in equations}
        self.readers: dict[int, list[tuple[int, Access]]] = {serial: [] for serial in equations}
        for serial, eq in equations.items():
            for access in eq.accesses:
                if access.tensor.serial in equations:
                    self.readers[access.tensor.serial].append((serial, access))
        self.count = 0
        self._share(list(equations), 0)

    def _share(self, group: list[int], level: int) -> None:
        runs: list[list[int]] = []
        for serial in group:
            if runs and self._joins(serial, runs[-1], level):
                runs[-1].append(serial)
            else:
                runs.append([serial])
        for run in runs:
            if len(self.loops[run[0]]) > level:
                for serial in run:
                    self.names[serial].append(f"o{self.count}")
                self.count += 1
                self._share(run, level + 1)

    def _joins(self, serial: int, run: list[int], level: int) -> bool:
        loops = [self.loops[s] for s in (serial, *run)]
        if any(len(some) <= level for some in loops) or len({some[level].extent for some in loops}) > 1:
            return False
        return all(
            level < len(access.indices)
            and access.indices[level] == self.loops[reader][level]
            and self.loops[source][level] == self.equations[source].indices[level]
            for source in run for reader, access in self.readers[source] if reader == serial
        )  # fmt: skip

    def held(self, serial: int, kept: bool) -> Held:
        """Where the values of an equation are; ``kept`` if its array is read outside."""
        rank = len(self.equations[serial].indices)
        loops = tuple(self.names[serial][:rank])
        far = [pair for pair in self.readers[serial] if not self._is_near(serial, *pair)]
        named = len(loops) == rank and len(far) < len(self.readers[serial])
        skipped = 0 if kept else min((self._common(serial, *pair) for pair in far), default=0)
        return Held(f"x{list(self.equations).index(serial)}" if named else "", loops, kept or bool(far), skipped)

    def _is_near(self, serial: int, reader: int, access: Access) -> bool:
        rank = len(access.indices)
        return len(self.names[serial]) >= rank and self._common(serial, reader, access) == rank

    def _common(self, serial: int, reader: int, access: Access) -> int:
        """How many loops over the leading indices of what is read enclose both."""
        rank = len(access.indices)
        count = 0
        for mine, other, index, place in zip(
            self.names[serial][:rank], self.names[reader], self.loops[reader], access.indices, strict=False
        ):
            if mine != other or index != place:
                break
            count += 1
        return count


def _merged(parts: list[tuple[list[str], list[str]]]) -> list[str]:
    """Nests with the names of their outermost loops as one text, loops of one name as one loop."""
    lines: list[str] = []
    for name, group in itertools.groupby(parts, key=lambda part: part[1][0] if part[1] else ""):
        some = list(group)
        if not name or len(some) == 1:
            lines += [line for own, _ in some for line in own]
            continue
        before, inside, after, loop = [], [], [], ""
        for own, names in some:
            at = next(k for k, line in enumerate(own) if line.startswith(f"for {name} in "))
            end = next((k for k in range(at + 1, len(own)) if not own[k].startswith("    ")), len(own))
            loop = own[at]
            before += own[:at]
            inside.append(([line[4:] for line in own[at + 1 : end]], names[1:]))
            after += own[end:]
        lines += [*before, loop, *("    " + line for line in _merged(inside)), *after]
    return lines

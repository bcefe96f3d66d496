"""One equation as one nest of loops.

The innermost loop runs along the last axis of the largest array that is read, so that memory is walked in order. If that
index is summed over, the sum is a scalar; if it is an output's, the output is cleared first and the sum runs outside.
What does not depend on an inner loop is computed before it. A guard stands around everything that it guards: a point
that it excludes is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sympy as sp

from numeric.backends.loops.scalars import Constants, Scalars
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Guard, Index, Within, Zero
from symbolic.program.functions import BY_HEAD
from symbolic.program.tensors import Tensor

_IDENTITY = {"sum": sp.S.Zero, "prod": sp.S.One, "max": -sp.oo, "min": sp.oo}


@dataclass
class Block:
    """Lines of one level: before, the next level's loop, after."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


class Nest:
    """Builds the loops of one equation; ``array`` names the array (or scalar) of a tensor, ``outer`` the outermost indices."""

    def __init__(
        self,
        eq: Equation,
        target: str,
        array: Callable[[Tensor], str],
        size: Callable[[sp.Expr], str],
        constants: Constants,
        prefix: str,
        dtype: str = "real",
        outer: Sequence[str] = (),
    ):
        self.eq, self.target, self.array, self.size, self.dtype = eq, target, array, size, dtype
        self.constants, self.prefix, self.outer = constants, prefix, outer
        self.count = 0
        self.names: dict[sp.Expr, str] = {}
        self.order: list[Index] = []
        self.blocks: list[Block] = [Block()]
        self.depth: dict[sp.Symbol, int] = {}

    # -- the shape of the nest --------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The statements that compute ``target``, which exists (for a scalar: is assigned)."""
        kind = self.eq.reduce
        if kind in ("sum", "prod", "max", "min"):
            return self._reduction(kind) if self.eq.bound or self.eq.guards else self._pointwise()
        if kind == "logsumexp":
            return self._logsumexp()
        if kind in ("argmax", "argmin"):
            return self._winner()
        raise UnsupportedError(f"the compiled back end has no code for {kind}; use backend='numpy'")

    def _open(self, order: Sequence[Index]) -> None:
        self.order = list(order)
        self.blocks = [Block() for _ in range(len(order) + 1)]
        self.depth = {k: level for level, k in enumerate(order, start=1)}
        own = [f"{self.prefix}{position}" for position in range(len(self.outer), len(order))]
        self.names = dict(zip(order, [*self.outer, *own], strict=False))

    def _closed(self, innermost: list[str]) -> list[str]:
        """The whole nest around the innermost statements."""
        lines = [*self.blocks[-1].before, *innermost]
        for level in range(len(self.order) - 1, -1, -1):
            k = self.order[level]
            loop = [f"for {self.names[k]} in range({self.size(k.extent)}):", *_indented(lines or ["pass"])]
            lines = [*self.blocks[level].before, *loop, *self.blocks[level].after]
        return lines

    def _pointwise(self) -> list[str]:
        self._open(self.eq.indices)  # the output's own order: it is written with stride 1
        return self._closed([f"{self._out()} = {self._value(self.eq.body, 0)}"])

    def _identity(self, kind: str) -> str:
        e = _IDENTITY[kind]
        if self.dtype == "real":
            return self.constants.name(e)
        if not e.is_finite:
            raise UnsupportedError(f"the compiled back end has no {kind} of whole numbers; use backend='numpy'")
        return str(int(e)) if self.dtype == "int" else str(bool(e))

    def _reduction(self, kind: str) -> list[str]:
        scatter = self._scattered() if kind == "sum" else None
        if scatter is not None:
            return scatter
        inner = self.innermost()
        outside = [i for i in self.eq.indices if i is not inner or kind != "sum"]
        if kind == "sum" and inner in self.eq.indices and self.eq.bound:
            self._open([*outside, *self.eq.bound, inner])
            self.blocks[0].before.append(f"{self.target}[:] = {self.constants.name(sp.S.Zero)}")
            return self._closed(
                self._guarded(lambda: [f"{self._out()} += {self._value(self.eq.body, self._free_level())}"])
            )
        bound = [*(k for k in self.eq.bound if k is not inner), *(k for k in self.eq.bound if k is inner)]
        self._open([*self.eq.indices, *bound])
        total, level = f"{self.prefix}s", len(self.eq.indices)
        if not bound:
            return self._single(kind)
        self.blocks[level].before.append(f"{total} = {self._identity(kind)}")
        self.blocks[level].after.append(f"{self._out()} = {total}")
        return self._closed(self._guarded(lambda: self._added(kind, total)))

    def _single(self, kind: str) -> list[str]:
        """A guarded point: its value where the guards hold, else the neutral element."""
        self.blocks[-1].before.append(f"{self._out()} = {self._identity(kind)}")
        return self._closed(self._guarded(lambda: [f"{self._out()} = {self._value(self.eq.body, self._free_level())}"]))

    def _added(self, kind: str, total: str) -> list[str]:
        value = self._value(self.eq.body, self._free_level())
        if kind == "sum":
            return [f"{total} += {value}"]
        if kind == "prod":
            return [f"{total} *= {value}"]
        sign = ">" if kind == "max" else "<"
        name = self._temporary(value, len(self.order))
        return [f"if {name} {sign} {total} or {name} != {name}:", f"    {total} = {name}"]

    def _logsumexp(self) -> list[str]:
        """log Σ e^x as m + log Σ e^(x − m), m the largest x: two passes over the bound indices."""
        self._open([*self.eq.indices, *self.eq.bound])
        level = len(self.eq.indices)
        top, total = f"{self.prefix}m", f"{self.prefix}s"
        first = self._inner_loops(level, lambda v: [f"if {v} > {top} or {v} != {v}:", f"    {top} = {v}"])
        second = self._inner_loops(level, lambda v: [f"{total} += math.exp({v} - {top})"])
        infinite = self.constants.name(-sp.oo)
        self.blocks[level].before += [
            f"{top} = {infinite}", *first,
            f"{total} = {self.constants.name(sp.S.Zero)}", f"if {top} != {infinite}:", *_indented(second),
        ]  # fmt: skip
        lines = [
            *self.blocks[level].before,
            f"{self._out()} = {top} + math.log({total}) if {top} != {infinite} else {infinite}",
        ]
        return self._around(lines, level)

    def _winner(self) -> list[str]:
        self._open([*self.eq.indices, *self.eq.bound])
        level = len(self.eq.indices)
        best, place, flat = f"{self.prefix}m", f"{self.prefix}p", f"{self.prefix}q"
        sign = ">" if self.eq.reduce == "argmax" else "<"
        loops = self._inner_loops(
            level,
            lambda v: [
                f"if {v} {sign} {best} or ({v} != {v} and {best} == {best}) or {flat} == 0:",
                f"    {best} = {v}", f"    {place} = {flat}", f"{flat} += 1",
            ],
        )  # fmt: skip
        lines = [
            f"{best} = {self.constants.name(sp.S.Zero)}",
            f"{place} = 0",
            f"{flat} = 0",
            *loops,
            f"{self._out()} = {place}",
        ]
        return self._around([*self.blocks[level].before, *lines], level)

    def _inner_loops(self, level: int, statements: Callable[[str], list[str]]) -> list[str]:
        """Loops over the bound indices around statements on the body's value."""
        saved, self.blocks = self.blocks, [Block() for _ in self.blocks]

        def inside() -> list[str]:
            name = self._temporary(self._value(self.eq.body, self._free_level()), len(self.order))
            return statements(name)

        innermost = self._guarded(inside)
        lines = [*self.blocks[-1].before, *innermost]
        for at in range(len(self.order) - 1, level - 1, -1):
            k = self.order[at]
            head = f"for {self.names[k]} in range({self.size(k.extent)}):"
            lines = [*(self.blocks[at].before if at > level else []), head, *_indented(lines)]
        hoisted = self.blocks[level].before
        for outer in range(level):
            saved[outer].before += self.blocks[outer].before
        self.blocks = saved
        return [*hoisted, *lines]

    def _around(self, lines: list[str], level: int) -> list[str]:
        for at in range(level - 1, -1, -1):
            k = self.order[at]
            lines = [
                *self.blocks[at].before,
                f"for {self.names[k]} in range({self.size(k.extent)}):",
                *_indented(lines),
            ]
        return lines

    def innermost(self) -> Index | None:
        """The index on the last axis of the largest array that is read."""
        best: tuple[int, Index] | None = None
        for access in self.eq.accesses:
            if access.indices and isinstance(access.indices[-1], Index):
                rank = len({k for e in access.indices for k in e.atoms(Index)})
                if best is None or rank > best[0]:
                    best = (rank, access.indices[-1])
        return best[1] if best is not None else None

    # -- guards -----------------------------------------------------------------------------------------------------------

    def _free_level(self) -> int:
        """How far out a value may be computed: with guards, nowhere but inside them."""
        return 0 if not self.eq.guards else len(self.order)

    def _guarded(self, statements: Callable[[], list[str]]) -> list[str]:
        if not self.eq.guards:
            return statements()
        scalars = self._scalars(len(self.order), len(self.order))
        test = " and ".join(self._test(scalars, g) for g in self.eq.guards)
        before, self.blocks[-1].before = self.blocks[-1].before, []
        inside = statements()
        lines = [*self.blocks[-1].before, *inside]
        self.blocks[-1].before = before
        return [f"if {test}:", *_indented(lines)]

    def _test(self, scalars: Scalars, guard: Guard) -> str:
        e = guard.args[0]
        denominator = sp.ilcm(
            1, 1, *(t.as_coeff_Mul()[0].q for t in sp.Add.make_args(e) if t.as_coeff_Mul()[0].is_Rational)
        )
        shown = scalars.whole(sp.expand(e * denominator))
        if isinstance(guard, Zero):
            return f"{shown} == 0"
        if not isinstance(guard, Within):
            raise UnsupportedError(f"the compiled back end has no code for the guard {guard}; use backend='numpy'")
        whole = f"{shown} % {denominator} == 0 and " if denominator != 1 else ""
        limit = scalars.whole(guard.args[1]) + (f" * {denominator}" if denominator != 1 else "")
        return f"{whole}0 <= {shown} < {limit}"

    def _scattered(self) -> list[str] | None:
        """A sum whose guard fixes an output index, as in out[t] = Σ_p g[p] [tok[p] = t]: one pass over p that adds."""
        found = self.scatters()
        return self._scatter(*found) if found is not None else None

    def scatters(self) -> tuple[Index, sp.Expr, Guard] | None:
        """The output index that a guard fixes, its place, and the guard."""
        for guard in self.eq.guards:
            if not isinstance(guard, Zero):
                continue
            for i in self.eq.indices:
                e = guard.args[0]
                c = e.coeff(i, 1)
                if abs(c) != 1 or (e - c * i).has(i) or not (e - c * i).has(Access):
                    continue
                place = sp.expand(-(e - c * i) / c)
                if place.atoms(Index) <= set(self.eq.bound):
                    return i, place, guard
        return None

    def _scatter(self, i: Index, place: sp.Expr, guard: Guard) -> list[str]:
        rest = tuple(g for g in self.eq.guards if g is not guard)
        others = [k for k in self.eq.indices if k is not i]
        zero = self.constants.name(sp.S.Zero)
        eq, self.eq = (
            self.eq,
            Equation(self.eq.indices, self.eq.body, self.eq.bound, "sum", (*rest, Within(i, i.extent))),
        )
        self._open([*eq.bound, *others])
        self.names[i] = f"{self.prefix}t"
        self.depth[i] = len(eq.bound)
        at = len(eq.bound)
        self.blocks[at].before.append(f"{self.names[i]} = {self._scalars(at, at).whole(place)}")
        body = self._closed(self._guarded(lambda: [f"{self._out()} += {self._value(eq.body, self._free_level())}"]))
        self.eq = eq
        return [f"{self.target}[:] = {zero}", *body]

    # -- values -----------------------------------------------------------------------------------------------------------

    def _out(self) -> str:
        """Where a result is stored."""
        if not self.eq.indices:
            return self.target
        return f"{self.target}[{', '.join(self.names[i] for i in self.eq.indices)}]"

    def _temporary(self, text: str, level: int) -> str:
        self.count += 1
        name = f"{self.prefix}v{self.count}"
        self.blocks[level].before.append(f"{name} = {text}")
        return name

    def _level(self, e: sp.Expr) -> int:
        """The loop that ``e`` depends on, counted from outside."""
        return max((self.depth[k] for k in e.atoms(Index) if k in self.depth), default=0)

    def _scalars(self, level: int, floor: int, known: dict[sp.Expr, str] | None = None) -> Scalars:
        return Scalars(
            self.constants,
            lambda access: self._load(access, level, floor),
            lambda text: self._temporary(text, level),
            {**self.names, **{s: self.size(s) for s in self._dimensions()}, **(known or {})},
        )

    def _dimensions(self) -> set[sp.Symbol]:
        found: set[sp.Basic] = set(self.eq.body.free_symbols)
        for g in self.eq.guards:
            found |= g.free_symbols
        for k in (*self.eq.indices, *self.eq.bound):
            found |= k.extent.free_symbols
        return {s for s in found if isinstance(s, sp.Symbol) and not isinstance(s, Index)}

    def _load(self, access: Access, level: int, floor: int) -> str:
        name = self.array(access.tensor)
        if not access.indices:
            return name
        scalars = self._scalars(level, floor)
        return f"{name}[{', '.join(scalars.whole(i) for i in access.indices)}]"

    def _value(self, e: sp.Expr, floor: int) -> str:
        """``e`` at the innermost point; parts that an outer loop decides are computed there, but not outside ``floor``."""
        deepest = len(self.order)
        known: dict[sp.Expr, str] = {}
        if floor < deepest and self.dtype == "real":
            e = self._hoisted(e, deepest, floor, known)
        scalars = self._scalars(deepest, floor, known)
        return {"real": scalars.real, "int": scalars.whole, "bool": scalars.truth}[self.dtype](e)

    def _hoisted(self, e: sp.Expr, level: int, floor: int, known: dict[sp.Expr, str]) -> sp.Expr:
        """``e`` with parts of lower levels replaced by symbols whose values are computed there."""
        if e.is_number or isinstance(e, (Index, sp.Symbol)):
            return e
        own = max(self._level(e), floor)
        if own < level:
            inner: dict[sp.Expr, str] = {}
            part = self._hoisted(e, own, floor, inner)
            text = self._scalars(own, floor, inner).real(part)
            symbol = sp.Dummy("h", real=True)
            known[symbol] = text if text.isidentifier() else self._temporary(text, own)
            return symbol
        if isinstance(e, Access) or e.func not in (sp.Add, sp.Mul, sp.Pow, *BY_HEAD):
            return e
        if e.is_Add or e.is_Mul:
            return self._split(e, level, floor, known)
        return e.func(*(self._hoisted(a, level, floor, known) for a in e.args), evaluate=False)

    def _split(self, e: sp.Expr, level: int, floor: int, known: dict[sp.Expr, str]) -> sp.Expr:
        """A sum or product with its terms of lower levels gathered into one."""
        low = [a for a in e.args if not a.is_number and max(self._level(a), floor) < level]
        numbers = [a for a in e.args if a.is_number]
        high = [a for a in e.args if not a.is_number and max(self._level(a), floor) >= level]
        gathered = [self._hoisted(e.func(*numbers, *low), level, floor, known)] if low else numbers
        kept = [self._hoisted(a, level, floor, known) for a in high]
        return e.func(*gathered, *kept, evaluate=False)


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]

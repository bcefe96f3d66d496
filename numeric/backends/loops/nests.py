"""One equation as one nest of loops.

The innermost loop runs along the last axis of the largest array that is read, so that memory is walked in order. If that
index is summed over, the sum is a scalar; if it is an output's, the output is cleared first and the sum runs outside.
What does not depend on an inner loop is computed before it. A guard is tested as soon as its indices are known, around
everything that it guards: a point that it excludes is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp

from numeric.backends.loops.scalars import Constants, Scalars
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Guard, Index, Within, Zero
from symbolic.program.functions import BY_HEAD
from symbolic.program.tensors import Tensor

_IDENTITY = {"sum": sp.S.Zero, "prod": sp.S.One, "max": -sp.oo, "min": sp.oo}


@dataclass(frozen=True)
class Held:
    """Where the values of one of several equations that share loops are, as long as they are needed.

    Inside ``loops`` (the names of those over all its indices) the entry at hand has a ``name`` of its own. It is ``stored``
    if anything else reads it; the array begins behind the first ``skipped`` indices if one part after the other is enough.
    """

    name: str = ""
    loops: tuple[str, ...] = ()
    stored: bool = True
    skipped: int = 0


@dataclass
class Block:
    """Lines of one level: before; where the tests hold, inside and the next level's loop; otherwise; after."""

    before: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def around(self, lines: list[str]) -> list[str]:
        """The level's lines with those of the loops inside it."""
        lines = [*self.inside, *lines]
        if self.tests:
            lines = [f"if {' and '.join(self.tests)}:", *_indented(lines)]
            lines += ["else:", *_indented(self.otherwise)] if self.otherwise else []
        return [*self.before, *lines, *self.after]


PLAIN = Held()


class Nest:
    """Builds the loops of one equation; ``array`` names the array (or scalar) of a tensor, ``outer`` the outermost indices.

    Indices that loops outside run through are ``given`` with their names.
    """

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
        given: Mapping[Index, str] | None = None,
        own: Held = PLAIN,
        held: Mapping[int, Held] | None = None,
    ):
        self.eq, self.target, self.array, self.size, self.dtype = eq, target, array, size, dtype
        self.constants, self.prefix, self.outer, self.given = constants, prefix, outer, dict(given or {})
        self.own, self.held = own, held or {}
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
        self.order = [k for k in order if k not in self.given]
        self.blocks = [Block() for _ in range(len(self.order) + 1)]
        self.depth = {k: level for level, k in enumerate(self.order, start=1)}
        own = [f"{self.prefix}{position}" for position in range(len(self.outer), len(self.order))]
        self.names = {**self.given, **dict(zip(self.order, [*self.outer, *own], strict=False))}

    def _closed(self, innermost: list[str]) -> list[str]:
        """The whole nest around the innermost statements."""
        lines = self.blocks[-1].around(innermost)
        for level in range(len(self.order) - 1, -1, -1):
            k = self.order[level]
            loop = [f"for {self.names[k]} in range({self.size(k.extent)}):", *_indented(lines or ["pass"])]
            lines = self.blocks[level].around(loop)
        return lines

    def _pointwise(self) -> list[str]:
        self._open(self.eq.indices)  # the output's own order: it is written with stride 1
        return self._closed(self._store(self._value(self.eq.body, 0)))

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
            # A test that few loops stand around is made seldom; LLVM unrolls loops with tests inside for a minute.
            tested = {k for guard in self.eq.guards for k in guard.free_symbols}
            self._open([*outside, *sorted(self.eq.bound, key=lambda k: k not in tested), inner])
            cleared = f"{self.target}[:] = {self.constants.name(sp.S.Zero)}"
            self.blocks[self.own.skipped].before.append(cleared)
            self._test_from(0)
            return self._closed([f"{self._out()} += {self._value(self.eq.body, 0)}"])
        bound = [*(k for k in self.eq.bound if k is not inner), *(k for k in self.eq.bound if k is inner)]
        self._open([*self.eq.indices, *bound])
        if not bound:
            return self._single(kind)
        total, level = f"{self.prefix}s", len(self.order) - len(bound)
        self.blocks[level].before.append(f"{total} = {self._identity(kind)}")
        self.blocks[level].after += self._store(total)
        floor = self._test_from(level)
        return self._closed(self._added(kind, total, floor))

    def _single(self, kind: str) -> list[str]:
        """Guarded points: their values where the guards hold, else the neutral element."""
        self._test_from(0)
        for level, block in enumerate(self.blocks):
            if block.tests:
                outer = [i for i in self.eq.indices if self.depth.get(i, 0) <= level]
                block.otherwise.append(f"{self._part(outer)} = {self._identity(kind)}")
        return self._closed([f"{self._out()} = {self._value(self.eq.body, 0)}"])

    def _part(self, indices: Sequence[Index]) -> str:
        """The entries of the target at fixed leading indices."""
        if len(indices) == len(self.eq.indices):
            return self._out()
        chosen = [self.names[i] if i in indices else ":" for i in self.eq.indices]
        return f"{self.target}[{', '.join(chosen)}]"

    def _added(self, kind: str, total: str, floor: int) -> list[str]:
        value = self._value(self.eq.body, floor)
        if kind == "sum":
            return [f"{total} += {value}"]
        if kind == "prod":
            return [f"{total} *= {value}"]
        if self.constants.vectors:
            return [
                f"{total} = larger({total}, {value})" if kind == "max" else f"{total} = -larger(-{total}, -{value})"
            ]
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
        best, place = f"{self.prefix}m", f"{self.prefix}p"
        sign = ">" if self.eq.reduce == "argmax" else "<"
        at = self._position()
        loops = self._inner_loops(
            level,
            lambda v: [
                f"if {v} {sign} {best} or ({v} != {v} and {best} == {best}) or {place} < 0:",
                f"    {best} = {v}", f"    {place} = {at}",
            ],
        )  # fmt: skip
        lines = [
            f"{best} = {self.constants.name(sp.S.Zero)}",
            f"{place} = -1",
            *loops,
            f"{self._out()} = max({place}, 0)",
        ]
        return self._around(lines, level)

    def _position(self) -> str:
        """The number of a point among all values of the bound indices, in C order, excluded ones counted too."""
        text = self.names[self.eq.bound[0]]
        for k in self.eq.bound[1:]:
            text = f"({text} * {self.size(k.extent)} + {self.names[k]})"
        return text

    def _inner_loops(self, level: int, statements: Callable[[str], list[str]]) -> list[str]:
        """Loops over the bound indices around statements on the body's value."""
        saved, self.blocks = self.blocks, [Block() for _ in self.blocks]

        floor = self._test_from(len(self.order))
        name = self._temporary(self._value(self.eq.body, floor), len(self.order))
        lines = self.blocks[-1].around(statements(name))
        for at in range(len(self.order) - 1, level - 1, -1):
            k = self.order[at]
            head = f"for {self.names[k]} in range({self.size(k.extent)}):"
            lines = [*(self.blocks[at].inside if at > level else []), head, *_indented(lines)]
        hoisted = self.blocks[level].inside
        for outer in range(level):
            saved[outer].inside += self.blocks[outer].inside
        self.blocks = saved
        return [*hoisted, *lines]

    def _around(self, lines: list[str], level: int) -> list[str]:
        for at in range(level - 1, -1, -1):
            k = self.order[at]
            lines = [
                *self.blocks[at].inside,
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

    def _test_from(self, scope: int) -> int:
        """Test each guard at the level of its indices, but not outside ``scope``; returns the outermost level for values."""
        scope = max(scope, len(self.outer))
        for g in sorted(self.eq.guards, key=lambda g: g.has(Access)):
            level = max(self._level(g), scope)
            self.blocks[level].tests.append(self._test(self._scalars(level, level), g))
        return scope if self.eq.guards else 0

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
        """A sum whose guards fix output indices, as in out[t] = Σ_p g[p] [tok[p] = t]: one pass over p that adds."""
        found = self.scatters()
        return self._scatter(*found) if found is not None else None

    def scatters(self) -> tuple[dict[Index, sp.Expr], list[Guard]] | None:
        """The output indices that guards fix by what they read, with their places, and the other guards."""
        places: dict[Index, sp.Expr] = {}
        rest: list[Guard] = []
        for guard in self.eq.guards:
            found = self._place(guard, places) if isinstance(guard, Zero) else None
            if found is None:
                rest.append(guard)
            else:
                places[found[0]] = found[1]
        return (places, rest) if any(e.has(Access) for e in places.values()) else None

    def _place(self, guard: Zero, places: Mapping[Index, sp.Expr]) -> tuple[Index, sp.Expr] | None:
        """The output index that an equality fixes, and where."""
        e = guard.args[0]
        for i in self.eq.indices:
            c = e.coeff(i, 1)
            rest = e - c * i
            if i in places or abs(c) != 1 or rest.has(i):
                continue
            place = sp.expand(-rest / c)
            fixed = place.atoms(Index)
            if not fixed & places.keys() and not any(other.has(i) for other in places.values()):
                return i, place
        return None

    def _scatter(self, places: Mapping[Index, sp.Expr], rest: Sequence[Guard]) -> list[str]:
        inside = tuple(Within(i, i.extent) for i in places)
        eq, self.eq = self.eq, Equation(self.eq.indices, self.eq.body, self.eq.bound, "sum", (*rest, *inside))
        free = [i for i in eq.indices if i not in places]
        self._open([*eq.bound, *free])
        for number, (i, place) in enumerate(places.items()):
            self.depth[i] = self._level(place)
            self.names[i] = f"{self.prefix}t{number}"
            at = self.depth[i]
            self.blocks[at].before.append(f"{self.names[i]} = {self._scalars(at, at).whole(place)}")
        self._test_from(0)
        body = self._closed([f"{self._out()} += {self._value(eq.body, 0)}"])
        self.eq = eq
        return [f"{self.target}[:] = {self.constants.name(sp.S.Zero)}", *body]

    # -- values -----------------------------------------------------------------------------------------------------------

    def _out(self) -> str:
        """Where a result is stored."""
        if not self.eq.indices:
            return self.target
        return f"{self.target}[{', '.join(self.names[i] for i in self.eq.indices[self.own.skipped :])}]"

    def _store(self, value: str) -> list[str]:
        """The lines that keep a result."""
        if not self.own.name:
            return [f"{self._out()} = {value}"]
        stored = [f"{self._out()} = {self.own.name}"] if self.own.stored else []
        return [f"{self.own.name} = {value}", *stored]

    def _temporary(self, text: str, level: int) -> str:
        self.count += 1
        name = f"{self.prefix}v{self.count}"
        self.blocks[level].inside.append(f"{name} = {text}")
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
        place = self.held.get(access.tensor.serial, PLAIN)
        if place.name and self.is_at_hand(access, place):
            return place.name
        name = self.array(access.tensor)
        if not access.indices:
            return name
        scalars = self._scalars(level, floor)
        return f"{name}[{', '.join(scalars.whole(i) for i in access.indices[place.skipped :])}]"

    def is_at_hand(self, access: Access, place: Held) -> bool:
        """Whether the entry that is read is the one that the loops around have just computed."""
        rank = len(access.indices)
        return place.loops == tuple(self.outer[:rank]) and access.indices == tuple(self.order[:rank])

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

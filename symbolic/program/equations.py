"""Equations: the index-level comprehension that defines a computed tensor.

    out[i, j] = REDUCE over (k, …) of  body(accesses),   where guards hold

``equation`` is the one constructor. It keeps equations in their simplest faithful form: guards that always hold are
dropped, an equality guard eliminates a bound index (delta elimination), unused bound indices are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from symbolic.program.expressions import Access, Guard, Index, Quotient, Remainder, Within, Zero, renamed
from symbolic.program.reductions import REDUCTIONS


@dataclass(frozen=True, eq=False)
class Equation:
    """``out[indices] = REDUCE over bound of body, where guards hold``.

    With no bound index the set of points is one point or, where a guard fails, empty; an empty sum is 0.
    """

    indices: tuple[Index, ...]
    body: sp.Expr
    bound: tuple[Index, ...] = ()
    reduce: str = "sum"
    guards: tuple[Guard, ...] = ()
    accesses: tuple[Access, ...] = field(init=False)

    def __post_init__(self):
        found = self.body.atoms(Access).union(*(guard.atoms(Access) for guard in self.guards))
        ordered = sorted(found, key=lambda a: a.tensor.serial)
        if len({a.tensor.serial for a in ordered}) < len(ordered):
            ordered.sort(key=lambda a: (a.tensor.serial, str(a.indices)))
        object.__setattr__(self, "accesses", tuple(ordered))
        if not self.guards:
            for access in ordered:
                note_positions(access)

    @property
    def operands(self):
        """The tensors that are read, each once, oldest first."""
        return tuple(dict.fromkeys(access.tensor for access in self.accesses))

    @property
    def is_pointwise(self) -> bool:
        """True where nothing is reduced and nothing guarded."""
        return not self.bound and not self.guards and self.reduce == "sum"

    def at(self, indices: Iterable[sp.Expr]) -> Equation:
        """This equation with its output indices replaced and its bound indices fresh, for composition."""
        fresh = {index: index.fresh() for index in self.bound}
        mapping = {**dict(zip(self.indices, indices, strict=True)), **fresh}
        return Equation(
            (),
            renamed(self.body, mapping),
            tuple(fresh.values()),
            self.reduce,
            tuple(guard.xreplace(mapping) for guard in self.guards),
        )

    def __str__(self) -> str:
        out = ", ".join(i.name for i in self.indices)
        over = f"{self.reduce}[{', '.join(i.name for i in self.bound)}] " if self.bound else ""
        where = " where " + ", ".join(map(str, self.guards)) if self.guards else ""
        return f"[{out}] = {over}{self.body}{where}"


def note_positions(access: Access) -> None:
    """``u[t[p]]`` read for every p, unguarded: the entries of t are positions on that axis of u."""
    for position, size in zip(access.indices, access.tensor.extents, strict=True):
        if isinstance(position, Access) and size not in position.args[0].positions:
            over = position.indices
            every = all(
                isinstance(i, Index) and i.extent == e for i, e in zip(over, position.tensor.extents, strict=True)
            )
            if every and len(set(over)) == len(over):
                position.args[0].positions |= {size}


def equation(
    indices: Iterable[Index],
    body: sp.Expr,
    bound: Iterable[Index] = (),
    reduce: str = "sum",
    guards: Iterable[Guard] = (),
) -> Equation:
    """An equation in its simplest faithful form (see the module's text).

    >>> i, j = Index("i", 3), Index("j", 3)
    >>> str(equation([i], sp.Integer(2) * j, bound=[j], guards=[Zero(i - j)]))
    '[i] = 2*i'
    """
    indices, bound = tuple(indices), list(bound)
    body, bound, live = eliminate(sp.sympify(body, strict=True), bound, guards)
    if live is None:
        return Equation(indices, REDUCTIONS[reduce].neutral, (), "sum")
    if reduce not in ("argmax", "argmin"):
        body, bound = count_unused(body, bound, live, reduce)
        if not bound and not live:
            reduce = "sum"
    return Equation(indices, body, tuple(bound), reduce, tuple(live))


def count_unused(
    body: sp.Expr, bound: list[Index], guards: Iterable[Guard], reduce: str
) -> tuple[sp.Expr, list[Index]]:
    """Remove bound indices that nothing mentions: n equal points are one point ``repeated`` n times."""
    used = set(body.free_symbols).union(*(guard.free_symbols for guard in guards))
    kept = []
    for index in bound:
        if index in used:
            kept.append(index)
        else:
            body = REDUCTIONS[reduce].repeated(body, index.extent)
    return body, kept


def eliminate(
    body: sp.Expr, bound: list[Index], guards: Iterable[Guard]
) -> tuple[sp.Expr, list[Index], list[Guard] | None]:
    """Delta elimination: solve equality guards for bound indices; ``None`` guards mean that no point is left."""
    pending, live = list(dict.fromkeys(guards)), []
    bound = list(bound)
    only = {index: sp.S.Zero for index in bound if index.extent == 1}
    if only:
        body = body.xreplace(only)
        bound = [index for index in bound if index not in only]
    only.update((i, sp.S.Zero) for g in pending for i in g.free_symbols if isinstance(i, Index) and i.extent == 1)
    if only:
        pending = [g.func(*g.xreplace(only).args) for g in pending]
    while pending:
        guard = pending.pop(0)
        if isinstance(guard, Within):
            e, size = guard.args
            if always_within(e, size):
                continue
            if size == 1:  # integral and 0 ≤ e < 1
                pending.insert(0, Zero(e))
                continue
            if e.is_Integer and size.is_Integer:
                return body, bound, None
            if guard not in live:
                live.append(guard)
            continue
        e = guard.args[0]
        if e == 0:
            continue
        if e.is_number:
            return body, bound, None
        solved = solve(e, bound)
        if solved is None:
            if guard not in live and Zero(-e) not in live:
                live.append(guard)
            continue
        mapping, extra = solved
        body = renamed(body, mapping)
        bound = [index for index in bound if index not in mapping]
        pending = [g.xreplace(mapping) for g in pending + live] + extra
        pending = [g.func(*g.args) for g in pending]
        live = []
    return body, bound, live


def always_within(e: sp.Expr, size: sp.Expr) -> bool:
    """True if ``0 ≤ e < size`` and integrality follow from the extents of the indices alone."""
    if isinstance(e, Index) and e.extent == size:
        return True
    if isinstance(e, Remainder):
        return e.args[1] == size
    if isinstance(e, Access):
        return size in e.args[0].positions
    if isinstance(e, Quotient) or e.has(Quotient, Remainder, Access):
        return False
    low = high = e
    for index in sorted(e.atoms(Index), key=str):
        c = e.coeff(index, 1)
        if not c.is_integer or c.is_negative is None or (e - c * index).has(index):
            return False
        last = c * (index.extent - 1)
        low, high = low.xreplace({index: sp.S.Zero}), high.xreplace({index: sp.S.Zero})
        low, high = (low + last, high) if c.is_negative else (low, high + last)
    if not e.is_integer:
        return False
    return sp.expand(low).is_nonnegative is True and sp.expand(size - 1 - high).is_nonnegative is True


def solve(e: sp.Expr, bound: Iterable[Index]) -> tuple[dict, list[Guard]] | None:
    """Solve ``e = 0`` for one bound index (a whole radix group of a merged axis at once): substitution and guards.

    Unit coefficients come first; every eliminated index leaves its range guard.
    """
    candidates = [index for index in bound if e.has(index)]
    linear = {}
    for index in candidates:
        c = e.coeff(index, 1)
        if c != 0 and not (e - c * index).has(index) and not c.atoms(Index, Access):
            linear[index] = c
    radix = _radix_group(e, linear)
    if radix is not None:
        return radix
    for index, c in sorted(linear.items(), key=lambda item: (abs(item[1]) != 1, _is_negative(item[1]))):
        value = sp.expand(-(e - c * index) / c)
        return {index: value}, [Within(value, index.extent)]
    return None


def _is_negative(c: sp.Expr) -> bool:
    return c.could_extract_minus_sign()


def _radix_group(e: sp.Expr, linear: dict[Index, sp.Expr]) -> tuple[dict, list[Guard]] | None:
    """``t = i·n + j`` with j below n: unpack i and j from t together instead of summing over a guard."""
    for sign in (1, -1):
        group = {index: sign * c for index, c in linear.items()}
        chain, size = [], sp.S.One
        while True:
            following = next((i for i, c in group.items() if c == size and i not in chain), None)
            if following is None:
                break
            chain.append(following)
            size = size * following.extent
        if len(chain) < 2:
            continue
        value = sp.expand(-sign * (e - sum(linear[i] * i for i in chain)))
        mapping, rest = {}, value
        for index in chain[:-1]:
            mapping[index] = Remainder(rest, index.extent)
            rest = Quotient(rest, index.extent)
        mapping[chain[-1]] = rest
        return mapping, [Within(value, size)]
    return None

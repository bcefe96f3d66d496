"""Index notation: a formula as it stands on the blackboard.

>>> from symbolic import tensor, indices, define, Sum
>>> w, z = tensor("w", "m n", role="parameter"), tensor("z", "n")
>>> i, j = indices("i j")
>>> s = define[i](Sum[j](w[i, j] * z[j]))
>>> s.shape
(m,)

An index runs over the axis at which it stands alone; ``indices("k", 5)`` says its extent where it never does. ``Sum``,
``Prod``, ``Max``, ``Min`` and ``LogSumExp`` take ``where=`` with a comparison of indices (``where=j <= i``), and a set of
connections: ``Sum[j:UP(i)]`` is the sum over the predecessors of unit i in a ``Wiring``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError, ShapeError, UnsupportedError
from symbolic.language.entries import Entry, IndexName, expression, reads
from symbolic.language.operations import integers
from symbolic.program.dims import parse_shape
from symbolic.program.equations import always_within, equation
from symbolic.program.expressions import Access, Guard, Index, Reduction, Within, Zero
from symbolic.program.functions import Equal, Less, LessEqual, Step
from symbolic.program.tensors import Tensor, check_name, computed


def indices(names: str, sizes: Any = None) -> Any:
    """Index names, one or several; ``sizes`` are their extents where no axis tells them.

    >>> i, j = indices("i j")
    >>> k = indices("k", 3)
    """
    words = names.replace(",", " ").split()
    known: Sequence[sp.Expr | None] = [None] * len(words) if sizes is None else parse_shape(sizes)
    if len(known) != len(words) or not words:
        raise DeclarationError(f"indices: {len(words)} names {names!r} and {len(known)} sizes were given")
    found = [Entry(IndexName(word, size)) for word, size in zip(words, known, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def delta(i: Any, j: Any) -> Entry:
    """Kronecker's delta: 1 where the indices are equal, else 0."""
    return Entry(Equal(expression(i), expression(j)))


class _Reducer:
    """``Sum[j, k](entry, where=condition)``: the reduction of entries over indices."""

    def __init__(self, kind: str):
        self.kind = kind

    def __getitem__(self, key: Any):
        over, wired = [], []
        for k in key if isinstance(key, tuple) else (key,):
            if isinstance(k, slice):
                if not isinstance(k.stop, Predecessors) or k.step is not None:
                    raise UnsupportedError(f"{self.kind}: write [j:UP(i)] with a Wiring UP; got {k}")
                over.append(_name(k.start))
                wired.append((_name(k.start), k.stop))
            else:
                over.append(_name(k))

        def reduce(entry: Any, where: Any = None) -> Entry:
            body = expression(entry)
            guards = [] if where is None else [_guard(w) for w in (where if isinstance(where, tuple) else (where,))]
            for name, predecessors in wired:
                body, more = _connected(self.kind, body, name, predecessors)
                guards.extend(more)
            return Entry(Reduction(self.kind, body, over, guards))

        return reduce


Sum, Prod, Max, Min, LogSumExp = map(_Reducer, ("sum", "prod", "max", "min", "logsumexp"))


class _Define:
    """``define[i, j](entry)`` is the tensor with these entries; ``define(entry)`` the scalar."""

    def __getitem__(self, key: Any):
        names = [_name(k) for k in (key if isinstance(key, tuple) else (key,))]
        if len(set(names)) != len(names):
            raise DeclarationError(f"define: the index {names} is repeated")
        return lambda entry: _defined(names, expression(entry))

    def __call__(self, entry: Any) -> Tensor:
        return _defined([], expression(entry))


define = _Define()


def _name(k: Any) -> IndexName:
    if isinstance(k, Entry) and isinstance(k.expr, IndexName):
        return k.expr
    raise DeclarationError(f"expected an index made by indices(...), got {k!r}")


# -- from names to axes ------------------------------------------------------------------------------------------------


def _defined(names: Sequence[IndexName], body: sp.Expr) -> Tensor:
    """The tensor of a formula: nested reductions become tensors of their own, from the inside out."""
    extents = _extents(body)
    if isinstance(body, Reduction):
        return _flat(names, body.kind, body.body, body.bound, body.guards, extents)
    return _flat(names, "sum", body, (), (), extents)


def _flat(
    names: Sequence[IndexName],
    kind: str,
    body: sp.Expr,
    bound: Sequence[IndexName],
    guards: Sequence[Guard],
    extents: dict[IndexName, sp.Expr],
) -> Tensor:
    body = _without_reductions(body, extents)
    used = body.free_symbols.union(*(g.free_symbols for g in guards))
    for name in sorted((s for s in used if isinstance(s, IndexName)), key=lambda s: s.name):
        if name not in names and name not in bound:
            raise DeclarationError(f"the index {name} is free in {body}: bind it by Sum[...] or define[...]")
    for name in [*names, *bound]:
        if name not in extents and name.size is None:
            raise DeclarationError(
                f"the index {name} never stands alone on an axis of {body}; say how far it runs: indices({name.name!r}, n)"
            )
    extents = {name: name.size if name.size is not None else extents[name] for name in [*names, *bound]}
    axes = {name: Index(name.name, extents[name]) for name in [*names, *bound]}
    body, conditions = body.xreplace(axes), [_bounded(g.xreplace(axes)) for g in guards]
    for access in reads(sp.Tuple(body, *conditions)):
        for axis, (e, size) in enumerate(zip(access.indices, access.tensor.extents, strict=True)):
            if e.atoms(Index) and not reads(e) and not _reads_inside(e, size, conditions):
                raise ShapeError(
                    f"index notation: {access} leaves axis {axis} of {access.tensor.describe()}; say how far the index runs "
                    f"with indices(name, size)"
                )
    return computed(equation([axes[n] for n in names], body, [axes[n] for n in bound], kind, conditions))


def _reads_inside(e: sp.Expr, size: sp.Expr, guards: Iterable[Guard]) -> bool:
    """True if the index stays on its axis, by the extents of its indices or by a condition that was given."""
    return always_within(e, size) or any(isinstance(g, Within) and g.args == (e, size) for g in guards)


def _without_reductions(body: sp.Expr, extents: dict[IndexName, sp.Expr]) -> sp.Expr:
    inner = [r for r in body.atoms(Reduction) if not any(r in o.atoms(Reduction) - {o} for o in body.atoms(Reduction))]
    replacement = {}
    for r in sorted(inner, key=str):
        free = sorted((s for s in r.free_symbols - set(r.bound) if isinstance(s, IndexName)), key=lambda s: s.name)
        replacement[r] = _flat(free, r.kind, r.body, r.bound, r.guards, extents).access(*free)
    return body.xreplace(replacement)


def _extents(formula: sp.Basic) -> dict[IndexName, sp.Expr]:
    """The extent of each index of a formula, read off the axes at which it stands alone."""
    extents: dict[IndexName, sp.Expr] = {}
    owner: dict[IndexName, Tensor] = {}
    for access in reads(formula):
        for e, size in zip(access.indices, access.tensor.extents, strict=True):
            if not isinstance(e, IndexName) or e.size is not None:
                continue
            known = extents.setdefault(e, size)
            other = owner.setdefault(e, access.tensor)
            if sp.expand(known - size) != 0:
                raise ShapeError(
                    f"index notation: {e} runs over {known} in {other.describe()} and over {size} in "
                    f"{access.tensor.describe()}"
                )
    for pair in sorted(formula.atoms(Equal), key=str):  # in delta(i, j) one index runs as far as the other
        for one, other in (pair.args, pair.args[::-1]):
            if isinstance(other, IndexName) and one in extents:
                extents.setdefault(other, extents[one])
    return extents


def _guard(condition: Any) -> Guard:
    """A comparison of indices as a guard; how far an inequality reaches is known once the indices have axes."""
    e = expression(condition)
    if isinstance(e, (Less, LessEqual)):
        low, high = e.args
        return Within(high - low - (1 if isinstance(e, Less) else 0), sp.oo)
    if isinstance(e, Step):
        return Within(e.args[0] - 1, sp.oo)
    if isinstance(e, Equal):
        return Zero(e.args[0] - e.args[1])
    raise UnsupportedError(f"where: expected a comparison of indices such as j <= i or dst[e] == i, got {e}")


def _bounded(guard: Guard) -> Guard:
    """An inequality ``0 ≤ e`` with its upper end: one more than the largest value that e takes."""
    if not isinstance(guard, Within) or guard.args[1] is not sp.oo:
        return guard
    e = guard.args[0]
    if e.has(Access):
        raise UnsupportedError(f"where: an inequality compares indices, not entries; got 0 <= {e}")
    highest = e
    for index in e.atoms(Index):
        negative = e.coeff(index, 1).is_negative
        highest = highest.xreplace({index: sp.S.Zero if negative else index.extent - 1})
    return Within(e, highest + 1)


# -- wirings -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Predecessors:
    """UP(i), the units that feed unit i; or, by ``into``, the numbers of the edges that lead to it."""

    wiring: Wiring
    unit: sp.Expr
    edges: bool = False


class Wiring:
    """A sparse set of connections: ``(i, j)`` in ``edges`` says that unit j feeds unit i, that is j ∈ UP(i).

    ``units`` is (m, n): i < m, j < n. With a weight for every pair, ``Sum[j:UP(i)](w[i, j] * z[j])`` takes the pairs that
    are connected. With a weight for every edge, in the order of ``edges``, ``Sum[e:UP.into(i)](w[e] *
    z[UP.sources[e]])`` reads and computes nothing else.

    ``mask`` (m, n), ``sources`` (E,) and ``targets`` (E,) are constant integer tensors.

    >>> from symbolic import tensor, indices, define, Sum, Wiring
    >>> UP = Wiring("UP", [(0, 0), (0, 2), (1, 1)], units=(2, 3))
    >>> i, j = indices("i j")
    >>> define[i](Sum[j:UP(i)](tensor("w", "2 3")[i, j] * tensor("z", 3)[j])).shape
    (2,)
    """

    def __init__(self, name: str, edges: Iterable[tuple[int, int]], units: tuple[int, int]):
        check_name(name)
        self.name, (m, n) = name, (int(u) for u in units)
        self.edges = tuple((int(i), int(j)) for i, j in edges)
        for i, j in self.edges:
            if not (0 <= i < m and 0 <= j < n):
                raise DeclarationError(f"wiring {name}: the edge {(i, j)} is outside {m} × {n} units")
        if len(set(self.edges)) != len(self.edges) or not self.edges:
            raise DeclarationError(f"wiring {name}: expected distinct edges, at least one; got {len(self.edges)}")
        connected = set(self.edges)
        self.mask = integers(
            [[int((i, j) in connected) for j in range(n)] for i in range(m)], name, frozenset(["binary"])
        )
        self.targets = integers([i for i, _ in self.edges], f"{name}_target")
        self.sources = integers([j for _, j in self.edges], f"{name}_source")

    def __call__(self, i: Any) -> Predecessors:
        return Predecessors(self, expression(i))

    def into(self, i: Any) -> Predecessors:
        """The edges that lead to unit i."""
        return Predecessors(self, expression(i), edges=True)


def _connected(kind: str, body: sp.Expr, name: IndexName, among: Predecessors) -> tuple[sp.Expr, list[Guard]]:
    """The body for connected indices alone: by a guard on edges, by the mask as a factor of a sum, else as a guard."""
    wiring = among.wiring
    if among.edges:
        return body, [Zero(wiring.targets.access(name) - among.unit)]
    mask = wiring.mask.access(among.unit, name)
    return (mask * body, []) if kind == "sum" else (body, [Zero(mask - 1)])

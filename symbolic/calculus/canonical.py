"""Canonical names for bound indices, so that sums which differ only by renaming or order are the same object.

Colour refinement tells bound indices apart by where they occur; what stays alike is told apart by trying, up to a cap.
Inner sums take low numbers, so an outer index never meets an inner one. ``signature`` is a digest of an expression that
does not see the names of bound indices or the order of terms and factors; it is the same in every run.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Guard, Index, Reduction
from symbolic.program.functions import Equal, Magnitude, Maximum, Minimum, Sign
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

MOST_TRIED = 720  # orders of indices that refinement leaves alike
_COMMUTES = (sp.Add, sp.Mul, Equal, Maximum, Minimum)
_MIRRORED = (
    sp.tanh, sp.sin, sp.sinh, sp.tan, sp.atan, sp.asin, sp.asinh, sp.atanh, sp.erf, sp.cos, sp.cosh, Sign, Magnitude,
)  # fmt: skip
_OUTPUTS, _BOUND = "ijlmpq", "krstuvw"


@functools.cache
def output_index(position: int, extent: sp.Expr) -> Index:
    """The index of output axis ``position`` in every normal form."""
    return _Placed(_letter(_OUTPUTS, position), extent, ("out", position))


@functools.cache
def bound_index(number: int, extent: sp.Expr) -> Index:
    """The bound index with a number in every normal form."""
    return _Placed(_letter(_BOUND, number), extent, ("bound", number))


def _letter(letters: str, number: int) -> str:
    return letters[number % len(letters)] + (str(number // len(letters)) if number >= len(letters) else "")


class _Placed(Index):
    """An index of a normal form, with its place."""

    __slots__ = ("place",)
    place: tuple[str, int]

    def __new__(cls, name: str, extent: sp.Expr, place: tuple[str, int]):
        index = Index.__new__(cls, name, extent)
        index.place = place
        return index

    def fresh(self) -> Index:
        return Index(self.name, self.extent)


def colour(index: Index) -> tuple:
    """What tells an index apart by itself: its place in a normal form, else only its extent."""
    return index.place if isinstance(index, _Placed) else ("free", str(index.extent))


def digest(*parts: Any) -> int:
    """A number for nested tuples of strings and numbers, the same in every run."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def identity(t: Tensor) -> str:
    """A tensor in a signature: its name, so that the order of declaration does not show, or what it is made of.

    What was built before must not decide which of two forms is printed; so only an unnamed tensor that nothing makes is
    known by its serial.
    """
    if not _is_known(t):
        for u in topological([t], _is_known):
            if not _is_known(u):
                u.made = _digest_of_definition(u)
    return t.name or str(t.made)


def _is_known(t: Tensor) -> bool:
    return t.name is not None or t.made is not None


def _digest_of_definition(t: Tensor) -> str:
    """A digest of the definition of an unnamed tensor, whose operands are known."""
    definition = t.definition
    if definition is None:
        return f"#{t.serial}"
    if isinstance(definition, Equation):
        places = {index: place for place, index in enumerate((*definition.indices, *definition.bound))}
        sizes = [str(index.extent) for index in places]
        guards = sorted(signature(g, places) for g in definition.guards)
        made = definition.reduce, sizes, signature(definition.body, places), guards
    else:
        made = definition.primitive.name, str(definition.options), *map(identity, definition.operands)
    return f"#{digest(*made)}"


def signature(expr: sp.Basic, colours: Mapping[Index, Any] | None) -> int:
    """A digest that does not depend on the names of bound indices or on the order of terms and factors.

    Without ``colours`` it sees the places of all indices: then it tells any two canonical expressions apart.
    """
    if isinstance(expr, Index):
        found = colours.get(expr) if colours else None
        return digest("index", found if found is not None else colour(expr))
    if isinstance(expr, Access):
        parts = [signature(i, colours) for i in expr.indices]
        if len(parts) >= 2 and "symmetric" in expr.tensor.assume:
            parts[-2:] = sorted(parts[-2:])
        return digest("access", identity(expr.tensor), *parts)
    if not expr.args:
        return digest("atom", str(expr))
    if isinstance(expr, Reduction):
        inner = None if colours is None else {**colours, **{i: ("inner", str(i.extent)) for i in expr.bound}}
        return digest(
            "reduction",
            expr.kind,
            sorted(str(i.extent) for i in expr.bound),
            signature(expr.body, inner),
            sorted(signature(g, inner) for g in expr.guards),
        )
    if isinstance(expr, _MIRRORED):  # f(x) and f(−x) differ by a sign at most, which follows from the names
        return digest(
            type(expr).__name__, *sorted((signature(expr.args[0], colours), signature(-expr.args[0], colours)))
        )
    parts = [signature(a, colours) for a in expr.args]
    if isinstance(expr, _COMMUTES):
        parts.sort()
    return digest(type(expr).__name__, *parts)


def height(expr: sp.Basic) -> int:
    """How many bound indices are in scope at the innermost point."""
    inner = max(map(height, expr.args), default=0)
    return inner + len(expr.bound) if isinstance(expr, Reduction) else inner


def canonical(expr: sp.Expr) -> sp.Expr:
    """The expression with every reduction inside it canonically named, its free indices being settled."""
    if not expr.has(Reduction):
        return symmetrised(expr)
    if isinstance(expr, Reduction):
        parts = sp.Mul.make_args(expr.body) if expr.kind == "sum" else (expr.body,)
        return named(expr.kind, parts, expr.bound, expr.guards)
    return rebuilt(expr, [canonical(a) for a in expr.args])


def rebuilt(expr: sp.Expr, args: Sequence[sp.Expr]) -> sp.Expr:
    """An expression of the same kind on other arguments; a number before a sum is not distributed over it."""
    return kept_product(*args) if expr.is_Mul else expr.func(*args)


def kept_product(*factors: sp.Expr) -> sp.Expr:
    """The product; where SymPy would write 2(a + b) as 2a + 2b, the factors stay apart."""
    number = sp.Mul(*(f for f in factors if f.is_number))
    rest = [f for f in factors if not f.is_number]
    if number != 1 and len(rest) == 1 and rest[0].is_Add:
        return sp.Mul(number, rest[0], evaluate=False)
    return sp.Mul(*factors)


def placed(closed: Closed) -> Closed:
    """The same expression, its output and bound indices named as in a normal form, nothing else changed."""
    outputs = tuple(output_index(p, i.extent) for p, i in enumerate(closed.indices))
    return replace(
        closed, indices=outputs, expr=canonical(closed.expr.xreplace(dict(zip(closed.indices, outputs, strict=True))))
    )


def symmetrised(expr: sp.Expr) -> sp.Expr:
    """Accesses to symmetric matrices with their last two indices in order."""
    mapping = {}
    for access in expr.atoms(Access):
        if "symmetric" in access.tensor.assume:
            *lead, a, b = access.indices
            if signature(b, None) < signature(a, None):
                mapping[access] = access.tensor.access(*lead, b, a)
    return expr.xreplace(mapping) if mapping else expr


def named(kind: str, parts: Sequence[sp.Expr], bound: Sequence[Index], guards: Iterable[Guard]) -> sp.Expr:
    """The reduction of a product of ``parts`` with canonically named bound indices."""
    guards = tuple(guards)
    things: list[sp.Basic] = [*parts, *guards]
    classes = refined(things, [[*bound]] if bound else [])
    lowest = max((height(p) for p in things), default=0)
    best: tuple[tuple, sp.Expr] = ((), sp.S.Zero)
    for tried, order in enumerate(_orders(things, classes)):
        if tried >= MOST_TRIED:
            raise TooLargeError("too many indices that play the same part in a sum to name them canonically")
        mapping = {index: bound_index(lowest + n, index.extent) for n, index in enumerate(order)}
        body = kept_product(*(canonical(p.xreplace(mapping)) for p in parts))
        placed = sorted((g.xreplace(mapping) for g in guards), key=lambda g: signature(g, None))
        number, body = body.as_coeff_Mul() if kind == "sum" else (sp.S.One, body)  # odd functions may change their sign
        found = number * Reduction(kind, body, tuple(mapping.values()), placed)
        certificate = (signature(body, None), [signature(g, None) for g in placed])
        if tried == 0 or certificate < best[0]:
            best = certificate, found
    return best[1]


def refined(things: Sequence[sp.Basic], classes: list[list[Index]]) -> list[list[Index]]:
    """Ordered classes of indices, split until no occurrence tells members apart."""
    while any(len(c) > 1 for c in classes) or len(classes) == 1:
        colours = {index: ("class", n) for n, members in enumerate(classes) for index in members}
        marks = {}
        for index in colours:
            marked = {**colours, index: ("mark", *colours[index])}
            marks[index] = digest(
                str(index.extent), sorted(signature(t, marked) for t in things if index in t.free_symbols)
            )
        split: list[list[Index]] = []
        for members in classes:
            members = sorted(members, key=marks.__getitem__)
            split.extend(list(group) for _, group in itertools.groupby(members, key=marks.__getitem__))
        if len(split) == len(classes):
            return split
        classes = split
    return classes


def _orders(things: Sequence[sp.Basic], classes: list[list[Index]]):
    """Orders of the bound indices: refinement, then each member of the first undecided class in turn."""
    stack = [classes]
    while stack:
        current = stack.pop()
        undecided = next((n for n, c in enumerate(current) if len(c) > 1), None)
        if undecided is None:
            yield [index for c in current for index in c]
            continue
        members = current[undecided]
        for index in members:
            rest = [other for other in members if other is not index]
            stack.append(refined(things, [*current[:undecided], [index], rest, *current[undecided + 1 :]]))

"""Shapes that a definition tells of a symbol that nothing declares: by its indices, or by the term beside it.

In ``L = −∑_i y_i log s_i`` y has an entry for each of s; in ``s = Wx + b`` b is what Wx is; a Greek letter that scales is a
real number. Only definitions tell: a claim that names something undeclared is not understood.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping

import sympy as sp

from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.names import letters
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words
from symbolic.verification.reading.names import name_of

Extents = tuple[sp.Expr, ...]
_SCALES = words.GREEK - {
    "pi",
    "ell",
    "Sigma",
    "Lambda",
    "Phi",
    "Psi",
    "Theta",
    "Omega",
    "Gamma",
    "Delta",
    "delta",
    "theta",
}


def shape_told(
    scope: Scope,
    env: Mapping,
    node: s.Node,
    name: str,
    known: Callable[[s.Node], Value | None],
    of_number: bool = False,
    range_of: Callable[[str], sp.Expr | None] = lambda letter: None,
    result: Extents | None = None,
) -> Extents | None:
    """The extents of the undeclared ``name`` as the right side ``node`` of a definition tells them; None if it does not.

    ``known`` gives the value of a node whose symbols are all declared or defined; ``of_number``: whether the left side is
    an entry or a declared number; ``range_of``: what a letter runs over that no array of the definition tells; ``result``:
    the extents of the left side, as far as they are known.
    """
    uses = [n for n in s.walk(node) if isinstance(n, (s.Symbol, s.Scripted)) and name in (_base(n), name_of(n))]
    if not uses:
        return None
    indexed = [
        n for n in uses if isinstance(n, s.Scripted) and n.sub is not None and n.sup is None and name_of(n) != name
    ]
    for use in indexed:
        found = [_extent(scope, env, node, part, range_of) for part in letters(use.sub) or []]
        if found and all(e is not None for e in found):
            return tuple(e for e in found if e is not None)
    if indexed:
        return None
    if of_number and (of_numbers(scope, node, True) or _is_term(node, name)):
        return ()
    for part in s.walk(node):
        if isinstance(part, s.Sum) and len(part.terms) > 1:
            shape = _beside(part, name, known)
            if shape is not None:
                return shape
    multiplied = _multiplied(node, name, known) or _acts(scope, node, name, known, result)
    if multiplied is not None:
        return multiplied
    return () if (name in _SCALES and _scales(node, name)) or of_numbers(scope, node) else None


def _is_term(node: s.Node, name: str) -> bool:
    """Whether a symbol without indices is a term of its own, as the b of ``y_i = ∑_j w_{ij} x_j + b`` and of ``x_i/√(v_i + b)``."""
    sums = (part for part in s.walk(node) if isinstance(part, s.Sum) and len(part.terms) > 1)
    return any(name_of(term) == name for part in sums for _, term in part.terms)


def of_numbers(scope: Scope, node: s.Node, told: bool = False) -> bool:
    """Whether everything known in a formula is a number, and nothing in it is a sign of arrays: ½ m ℓ² θ̇²."""
    signs = (s.Norm, s.Matrix, s.Big, s.Items, s.Nabla, s.Differential, s.Relation)
    if any(isinstance(n, signs) or (isinstance(n, s.Mark) and n.sign == "⊤") for n in s.walk(node)):
        return False
    if any(sign in ("ODOT", "OTIMES") for n in s.walk(node) if isinstance(n, s.Product) for sign, _ in n.factors):
        return False
    held = [scope.values[m] for n in s.walk(node) if (m := name_of(n)) in scope.values]
    scripted = [n for n in s.walk(node) if isinstance(n, s.Scripted) and (n.primes or n.indexed is not None)]
    return (told or bool(held)) and not scripted and not any(value.rank for value in held)


def _base(node: s.Node) -> str | None:
    if (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Symbol)
        and isinstance(node.sub, (s.Symbol, s.Product, s.Items))
    ):
        return node.base.name
    return name_of(node)


def _extent(
    scope: Scope, env: Mapping, node: s.Node, part: s.Node, range_of: Callable[[str], sp.Expr | None]
) -> sp.Expr | None:
    if not isinstance(part, s.Symbol):
        return None
    from symbolic.verification.elaboration.sums import extents_of_all

    known = env.get(part.name, ("", None))[1]
    known = known if known is not None else extents_of_all(Elaborator(scope), node).get(part.name)
    known = known if known is not None else _limit(scope, node, part.name)
    return known if known is not None else range_of(part.name)


def _limit(scope: Scope, node: s.Node, letter: str) -> sp.Expr | None:
    """D of ``∑_{i=1}^D``."""
    for n in s.walk(node):
        if not isinstance(n, s.Big) or not isinstance(n.sub, s.Relation) or n.sub.sign != "=":
            continue
        one = isinstance(n.sub.right, s.Number) and n.sub.right.text == "1"
        if one and isinstance(n.sub.left, s.Symbol) and n.sub.left.name == letter and isinstance(n.sup, s.Symbol):
            return scope.declare_dim(n.sup.name) if n.sup.name not in scope.values else None
    return None


def _beside(node: s.Sum, name: str, known: Callable[[s.Node], Value | None]) -> Extents | None:
    """The shape of the other terms of a sum in which the symbol is a term of its own."""
    if not any(name_of(term) == name for _, term in node.terms):
        return None
    for _, term in node.terms:
        value = None if any(name_of(n) == name for n in s.walk(term)) else known(term)
        if value is not None and value.rank in (1, 2) and not value.form and not value.labels:
            return value.core if value.rank == 1 or name[0].isupper() else value.core[1:]
    if any(name in _named(term) for _, term in node.terms if name_of(term) != name):
        return None
    values = [known(term) for _, term in node.terms if name_of(term) != name]
    plain = all(x is not None and not x.rank and not x.form and not x.labels for x in values)
    arrays = any(x is not None and x.rank for _, t in node.terms for n in _whole(t) if (x := known(n)) is not None)
    return () if values and plain and arrays else None


def _multiplied(node: s.Node, name: str, known: Callable[[s.Node], Value | None]) -> Extents | None:
    """The shape of a small letter beside known arrays: the columns of P in Px, the rows of P in x⊤P, q in q⊤x."""
    if not re.fullmatch(r"[a-z]", name) and not (name in words.GREEK and name[0].islower()):
        return None
    found: set[Extents] = set()
    for part in s.walk(node):
        if not isinstance(part, s.Product):
            continue
        for (_, a), (sign, b) in itertools.pairwise(part.factors):
            if sign:
                continue
            left, right = (None if name in _named(n) else known(n) for n in (a, b))
            if name_of(b) == name and left is not None and not left.form:
                found |= {left.core[-1:]} if left.rank == 2 or (left.rank == 1 and left.row) else set()
            turned = isinstance(a, s.Scripted) and name_of(a.base) == name and s.is_transpose(a.sup)
            if turned and right is not None and not right.form:
                found |= {right.core[:1]} if right.rank == 2 or (right.rank == 1 and not right.row) else set()
    return found.pop() if len(found) == 1 else None


def _acts(
    scope: Scope, node: s.Node, name: str, known: Callable[[s.Node], Value | None], result: Extents | None
) -> Extents | None:
    """The shape of a capital before a known column or behind a known matrix: W of ``z = Wx + b`` and of ``Z = XW``.

    What the left side has not told is a dimension of its own.
    """
    if not name[0].isupper():
        return None
    found: set[Extents] = set()
    for part in s.walk(node):
        if not isinstance(part, s.Product) or len(part.factors) != 2 or part.factors[1][0]:
            continue
        a, b = (n for _, n in part.factors)
        if name_of(a) == name and (x := known(b)) is not None and x.rank and not (x.row or x.form):
            rows = result[:1] if result is not None and len(result) == x.rank else (scope.declare_dim(f"n_{name}"),)
            found.add((*rows, x.core[0]))
        elif name_of(b) == name and (x := known(a)) is not None and (x.rank == 2 or x.row) and not x.form:
            columns = result[-1:] if result is not None and len(result) == x.rank else ()
            found.add((x.core[-1], *(columns or (scope.declare_dim(f"n_{name}"),))))
    return found.pop() if len(found) == 1 else None


def _whole(node: s.Node) -> list[s.Node]:
    """The parts of a tree without the base and the scripts of its symbols: of w_1 no w."""
    every = list(s.walk(node))
    scripted = [part for n in every if isinstance(n, s.Scripted) for part in (n.base, n.sub, n.sup, n.indexed) if part]
    hidden = {id(n) for part in scripted for n in s.walk(part)}
    return [n for n in every if id(n) not in hidden]


def _named(node: s.Node) -> set[str | None]:
    return {name_of(n) for n in s.walk(node)}


def _scales(node: s.Node, name: str) -> bool:
    """Whether the symbol stands as a factor or divisor of something."""
    for part in s.walk(node):
        if isinstance(part, s.Product) and any(
            name_of(f) == name or _scales_fraction(f, name) for _, f in part.factors
        ):
            return True
    return False


def _scales_fraction(node: s.Node, name: str) -> bool:
    return isinstance(node, s.Fraction) and any(name_of(n) == name for n in s.walk(node))

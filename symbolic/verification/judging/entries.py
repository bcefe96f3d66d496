"""Formulas in indices that declare nothing: w of ``z_j = ∑_i w_{ij} x_i`` has an entry for each i and j, whatever these run over."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sympy as sp

from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.names import letters
from symbolic.verification.elaboration.sums import extents_of_all
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.program import extent_of

if TYPE_CHECKING:
    from symbolic.verification.judging.definitions import Definitions

_BOLD = r"\\(?:mathbf|boldsymbol|bm|vec|pmb|vb)\s*\{?\s*\\?"


def is_entries(reader: Definitions, name: str) -> bool:
    """Whether ``name`` never stands but with the same number of index letters, and as no vector: not bold, not beside w⊤."""
    if re.search(rf"{_BOLD}{re.escape(name)}(?![A-Za-z])\s*\}}?\s*_", reader.source.text):
        return False
    counts = set()
    for node in _nodes(reader):
        for part in s.walk(node):
            if isinstance(part, s.Product):
                pairs = itertools.pairwise(n for _, n in part.factors)
                if any((_is_turned(a) and _base(b) == name) or (_is_turned(b) and _base(a) == name) for a, b in pairs):
                    return False
            if isinstance(part, s.Norm) and part.kind == "norm" and _base(part.body) == name:
                return False
            if isinstance(part, s.Scripted) and _base(part) == name:
                counts.add(len(_letters_of(part) or ()))
    return len(counts) == 1 and 0 not in counts


@dataclass
class Entries:
    """What an index letter runs over: as everywhere else in the document, or a range of its own."""

    reader: Definitions

    def __call__(self, letter: str) -> sp.Expr | None:
        """The extent of a letter; None where the document lets it run over different things."""
        scope = self.reader.scope
        told = self.reader.declared.ranges.get(letter)
        if told is not None:
            return extent_of(told, scope)
        el = Elaborator(scope)
        found = {e for node in _nodes(self.reader) if (e := extents_of_all(el, node).get(letter)) is not None}
        if len(found) > 1 or letter in scope.values:
            return None
        return found.pop() if found else scope.declare_dim(f"n_{letter}")


def layers_by_letter(reader: Definitions) -> frozenset[str]:
    """Names that are an array for each letter: w of ``z_j = ∑_i w_{ij} x_i`` and ``z_k = ∑_j w_{jk} a_j``, z and a too.

    So it is where a name is defined for two letters and another has one letter in two places, w_{ij} and w_{jk}; W_{ij} and
    W_{ji} are entries of one.
    """
    used: dict[str, set[tuple[str, ...]]] = {}
    labelled: set[str] = set()  # w of w_{ji}^{(1)} and w_{kj}^{(2)}, which are two names anyhow
    for node in _nodes(reader):
        for part in s.walk(node):
            name = _base(part) if isinstance(part, s.Scripted) else None
            layer = replace(part, sup=None) if isinstance(part, s.Scripted) and isinstance(part.sup, s.Group) else part
            if name is not None and (below := _letters_of(layer)):
                used.setdefault(name, set()).add(below)
                labelled |= {name} if layer is not part else set()
    defined: dict[str, set[tuple[str, ...]]] = {}
    for _, chain in reader.everything:
        left = reader.side(chain, 0) if chain.is_equality else None
        name = _base(left) if isinstance(left, s.Scripted) else None
        if name is not None and (below := _letters_of(left)):
            defined.setdefault(name, set()).add(below)
    twice = any(len(found) > 1 and all(len(t) == 1 for t in found) for found in defined.values())
    if not twice or not any(_moves(found) for found in used.values()):
        return frozenset()
    several = frozenset(name for name, found in used.items() if len(found) > 1 and name not in labelled)
    apart = all(name not in reader.declared.names and is_entries(reader, name) for name in several)
    return several if apart else frozenset()


def _moves(found: set[tuple[str, ...]]) -> bool:
    """Whether a letter stands first in one of the entries of a name and second in another of other letters."""
    return any(
        len(a) == len(b) == 2 and a[1] == b[0] and set(a) != set(b) and a[0] != b[1]
        for a, b in itertools.permutations(found, 2)
    )


def by_letters(node: Any, names: frozenset[str]) -> Any:
    """A tree in which w_{ij} and w_{jk} are entries of two arrays."""
    if not names:
        return node
    below = _letters_of(node) if isinstance(node, s.Scripted) and _base(node) in names else None
    if below and isinstance(node.base, s.Symbol):
        return replace(node, base=replace(node.base, name=node.base.name + "".join(below)))
    return s.mapped(node, lambda inner: by_letters(inner, names))


def _letters_of(node: s.Node) -> tuple[str, ...] | None:
    """(j, k) of w_{jk} and w_{jk}^2; None where something else stands below or above."""
    if not isinstance(node, s.Scripted) or node.sub is None or node.primes:
        return None
    if node.sup is not None and not isinstance(node.sup, s.Number):
        return None
    below = letters(node.sub) or []
    plain = all(isinstance(n, s.Symbol) and len(n.name) == 1 for n in below)
    return tuple(n.name for n in below if isinstance(n, s.Symbol)) if plain else None


def _nodes(reader: Definitions) -> Iterator[s.Node]:
    for _, chain in reader.everything:
        for k in range(len(chain.sides)) if chain.signs else ():
            node = reader.side(chain, k)
            if isinstance(node, s.Node):
                yield node


def _is_turned(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and node.sup is not None and s.is_transpose(node.sup)


def _base(node: s.Node) -> str | None:
    node = node.base if isinstance(node, s.Scripted) else node
    return node.name if isinstance(node, s.Symbol) else None

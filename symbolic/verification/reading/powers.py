"""``r² = x² + y²`` of a declared r: nothing is free about it, it is the root of what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def told_by_squares(reader: Reader) -> set[str]:
    """The declared numbers that are defined by their square: nothing else defines them, and they stand without it somewhere."""
    found: set[str] = set()
    alone: set[str] = set()
    defined: set[str] = set()
    for _, chain in reader.everything:
        sides = [node for k in range(len(chain.sides)) if isinstance(node := reader.side(chain, k), s.Node)]
        for node in sides:
            alone |= _alone(node)
        if chain.error or not chain.is_equality or len(sides) != len(chain.sides):
            continue
        left, right = sides[:2]
        if isinstance(left, s.Symbol):
            defined.add(left.name)
        name = _squared(left)
        if name is not None and not any(isinstance(n, s.Symbol) and n.name == name for n in s.walk(right)):
            found.add(name)
    numbers = {n for n, item in reader.declared.names.items() if not item.shape and "sign" not in item.assume}
    return found & numbers & alone - defined


def _squared(node: s.Node) -> str | None:
    """σ of σ²."""
    plain = isinstance(node, s.Scripted) and node.sub is None and not node.primes and node.indexed is None
    if not plain or not isinstance(node.base, s.Symbol) or not isinstance(node.sup, s.Number):
        return None
    return node.base.name if node.sup.text == "2" else None


def _alone(node: s.Node) -> set[str]:
    """The symbols of a tree that stand there without a square."""
    if _squared(node) is not None:
        return set()
    if isinstance(node, s.Symbol):
        return {node.name}
    return {name for child in s.children(node) for name in _alone(child)}

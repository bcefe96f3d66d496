"""``r² = x² + y²`` of a declared r: it is the positive root of what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def squares_told(reader: Reader) -> frozenset[int]:
    """The chains that define a declared number by its square: nothing else does, and it stands without the square somewhere."""
    found: dict[str, int] = {}
    alone: set[str] = set()
    defined: set[str] = set()
    for _, chain in reader.everything:
        sides = [node for k in range(len(chain.sides)) if isinstance(node := reader.side_as_written(chain, k), s.Node)]
        for node in sides:
            alone |= _alone(node)
        if chain.error or chain.signs[:1] not in (("=",), (":=",)) or len(sides) != len(chain.sides):
            continue
        left, right = sides[:2]
        if isinstance(left, s.Symbol):
            defined.add(left.name)
        name = _squared(left)
        if (
            name is not None
            and name not in found
            and not any(isinstance(n, s.Symbol) and n.name == name for n in s.walk(right))
        ):
            found[name] = id(chain)
    told = {name for name, item in reader.declared.names.items() if not item.shape} & alone - defined
    return frozenset(place for name, place in found.items() if name in told)


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

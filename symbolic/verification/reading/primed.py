"""Letters of sums with a prime, ``∑_{w'} exp(u_{w'}^⊤ v)``: the sum binds a letter of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic.verification.grammar import syntax as s

_SPARE = "qrstabghzyefc"


def without_primes(node: Any) -> Any:
    """A tree in which no letter that a sum binds has a prime."""
    node = s.mapped(node, without_primes)
    first = node.sub.left if isinstance(node, s.Big) and isinstance(node.sub, s.Relation) else None
    first = node.sub if isinstance(node, s.Big) and isinstance(node.sub, s.Scripted) else first
    if not _is_primed(first):
        return node
    used = {n.name for n in s.walk(node) if isinstance(n, s.Symbol)}
    spare = next((letter for letter in _SPARE if letter not in used), None)
    return node if spare is None else _renamed(node, first.base.name, first.primes, spare)


def _is_primed(node: Any) -> bool:
    return isinstance(node, s.Scripted) and bool(node.primes) and node.sub is node.sup is node.indexed is None


def _renamed(node: Any, letter: str, primes: int, new: str) -> Any:
    if _is_primed(node) and isinstance(node.base, s.Symbol) and (node.base.name, node.primes) == (letter, primes):
        return replace(node.base, span=node.span, name=new)
    return s.mapped(node, lambda part: _renamed(part, letter, primes, new))

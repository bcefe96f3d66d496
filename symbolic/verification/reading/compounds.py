"""Names of two signs: the ``ΔW`` of ``ΔW = −η ∂C/∂W`` and the ``δh_t`` of ``δh_t = ∂L/∂h_t`` are symbols of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from symbolic.verification.grammar import syntax as s

_FIRST = ("Delta", "delta")


def compounds(lefts: Iterable[s.Node], declared: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The pairs (Δ, W) that stand alone on the left of an equality, where Δ itself is not declared."""
    known = set(declared)
    found = set()
    for left in lefts:
        first, second = s.pair(left) or (None, None)
        if isinstance(first, s.Symbol) and first.name in _FIRST and first.name not in known:
            base = second.base if isinstance(second, s.Scripted) else second
            found |= {(first.name, base.name)} if isinstance(base, s.Symbol) else set()
    return frozenset(found)


def joined(node: Any, pairs: frozenset[tuple[str, str]]) -> Any:
    """A tree in which such a pair is one symbol."""
    if not pairs:
        return node
    made = s.mapped(node, lambda part: joined(part, pairs))
    if not isinstance(made, s.Product):
        return made
    out: list[tuple[str, s.Node]] = []
    for sign, factor in made.factors:
        first = out[-1][1] if out else None
        base = factor.base if isinstance(factor, s.Scripted) else factor
        if not sign and isinstance(first, s.Symbol) and isinstance(base, s.Symbol) and (first.name, base.name) in pairs:
            span = (first.span[0], factor.span[1])
            whole = s.Symbol(span, first.name + base.name, first.tex + base.tex)
            out[-1] = (out[-1][0], replace(factor, span=span, base=whole) if isinstance(factor, s.Scripted) else whole)
        else:
            out.append((sign, factor))
    return out[0][1] if len(out) == 1 else replace(made, factors=tuple(out))

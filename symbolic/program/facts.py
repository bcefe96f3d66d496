"""Facts: what is known of a tensor's values beyond its equation, stated by the layer that computes it.

A fact is an equation between powers of entries: with the entries summed over ``axes``,

    Σ_axes t^power = value

so a probability vector has ``Fact((-1,), 1, 1)``, a centred one ``Fact((-1,), 1, 0)``, and signs, entry by entry,
``Fact((), 2, 1)``. Facts are rewrites for the normal form; they never change a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Fact:
    """``Σ over axes of t**power = value``; no axes means that it holds entry by entry."""

    axes: tuple[int, ...]
    power: int
    value: sp.Expr

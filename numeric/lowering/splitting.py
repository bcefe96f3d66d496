"""A training program in two: what is computed for each sample and summed over them, and what is done with the sums.

    inner   everything that has a sample axis, and the sums over it      can run on parts of a batch, even at once
    outer   loss and updates from the sums                               runs when all parts have been added up

A program whose samples need a sum over samples first (a norm over the batch) is not split.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import collected, cut
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.tensors import Tensor


@dataclass(frozen=True)
class Split:
    """``inner`` gives the sums over the samples that it is given, ``outer`` takes them behind the arguments in ``kept``.

    ``inner`` has all arguments of the program; those in ``batched`` have the sample axis first.
    """

    inner: Program
    outer: Program
    kept: tuple[int, ...]
    batched: tuple[int, ...]


def split(program: Program, samples: sp.Symbol) -> Split | None:
    """The two programs, or None where samples depend on each other."""
    kinds: dict[int, str] = {}
    for t in (*program.arguments, *program.constants):
        kinds[t.serial] = "sample" if _is_batched(t, samples) else "shared"
        if _mentions(t.extents, samples) and kinds[t.serial] == "shared":
            return None
    for t in program.steps:
        kind = _kind(t, kinds, samples)
        if kind is None:
            return None
        kinds[t.serial] = kind
    if any(kinds[t.serial] == "sample" for t in program.results):
        return None
    sums = [t for t in program.steps if kinds[t.serial] == "sum"]
    batched = tuple(k for k, t in enumerate(program.arguments) if kinds[t.serial] == "sample")
    kept = tuple(k for k in range(len(program.arguments)) if k not in batched)
    given = [program.arguments[k] for k in kept]
    outer = cut(collected([*given, *sums], program.outputs, program.updates))
    return Split(collected(program.arguments, sums), outer, kept, batched)


def _mentions(extents: Iterable[sp.Expr], samples: sp.Symbol) -> bool:
    return any(samples in e.free_symbols for e in extents)


def _is_batched(t: Tensor, samples: sp.Symbol) -> bool:
    """Whether the sample axis is the first and only the first."""
    return bool(t.extents) and t.extents[0] == samples and not _mentions(t.extents[1:], samples)


def _kind(t: Tensor, kinds: dict[int, str], samples: sp.Symbol) -> str | None:
    """``sample``, ``sum`` (over samples), ``late`` (after such a sum), ``shared`` (before all); None if it is none of these."""
    read = {kinds[u.serial] for u in t.operands}
    eq = t.definition
    if not isinstance(eq, Equation) or not {"sample"} & read:
        own = _mentions(t.extents, samples) or (
            isinstance(eq, Equation) and _mentions((k.extent for k in eq.bound), samples)
        )
        return None if own or "sample" in read else "late" if {"late", "sum"} & read else "shared"
    if {"late", "sum"} & read or any(g.has(samples) for g in eq.guards):
        return None
    own = [k for k in eq.bound if samples in k.extent.free_symbols]
    if _is_batched(t, samples) and not own:
        place, kind = eq.indices[0], "sample"
    elif len(own) == 1 and own[0].extent == samples and eq.reduce == "sum" and not _mentions(t.extents, samples):
        place, kind = own[0], "sum"
    else:
        return None
    read_samples = [a for a in eq.accesses if kinds[a.tensor.serial] == "sample"]
    return kind if all(_reads_at(a, place) for a in read_samples) else None


def _reads_at(access: Access, place: sp.Expr) -> bool:
    """Whether the sample that is read is the one at hand. (Accesses in positions are asked on their own.)"""
    return access.indices[0] == place and not any(_is_bare_in(place, e) for e in access.indices[1:])


def _is_bare_in(place: sp.Expr, e: sp.Basic) -> bool:
    return e == place or (not isinstance(e, Access) and any(_is_bare_in(place, a) for a in e.args))

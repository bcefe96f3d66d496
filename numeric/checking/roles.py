"""What each parameter of a backward function stands for, and which results of the forward function are its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from numeric.checking import names
from symbolic.errors import DeclarationError

if TYPE_CHECKING:
    from numeric.checking.calls import Call


@dataclass(frozen=True)
class Roles:
    """What each parameter of the backward function stands for, and which parts of the forward's result are outputs."""

    values: tuple[str, ...] = ()
    returned: Mapping[str, int] = field(default_factory=dict)
    cache: str | None = None
    cotangents: tuple[str, ...] = ()
    outputs: tuple[int, ...] = (0,)
    rest: tuple[int, ...] | None = None


def roles(call: Call) -> Roles:
    """Roles by name; what no name tells, by order: the cotangent first, then the cache."""
    subject = call.subject
    told = call.returned
    if subject.kind == "both":
        return Roles()
    values, returned, cotangents, unknown = [], {}, [], []
    cache = None
    for p in subject.back_parameters():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            if subject.kind == "ctx":
                cotangents.append(p.name)
        elif subject.kind == "ctx":
            cotangents.append(p.name)
        elif p.name in call.shapes or p.name in call.keys or p.name in call.others:
            values.append(p.name)
        elif p.name in map(names.leaf, told):
            returned[p.name] = [names.leaf(t) for t in told].index(p.name)
        elif names.CACHE.match(p.name):
            cache = p.name
        elif names.is_cotangent(p.name) or (
            p.default is p.empty and p.name not in told and names.parameter(p.name, [t for t in told if t])
        ):
            if p.default is p.empty or not isinstance(p.default, (int, float)):
                cotangents.append(p.name)
        elif p.default is p.empty:
            unknown.append(p.name)
    if unknown and not cotangents:
        cotangents.append(unknown.pop(0))
    if unknown and cache is None and subject.kind == "functions" and _returns_cache(call):
        cache = unknown.pop(0)
    if unknown:
        raise DeclarationError(
            f"{subject.back.__name__}'s parameters {', '.join([*cotangents, *unknown])} are no parameters of {subject.ahead.__name__}; "
            "one of them is the cotangent"
        )
    outputs = _outputs(cotangents, told)
    rest = [k for k in range(len(told)) if k not in outputs]
    kept = [k for k in rest if names.CACHE.match(told[k])]
    return Roles(tuple(values), returned, cache, tuple(cotangents), outputs, tuple(kept[:1] or rest))


def _returns_cache(call: Call) -> bool:
    """Whether the forward function returns several things, or whatever another function returns."""
    return len(call.returned) > 1 or call.passes_on


def _outputs(cotangents: Sequence[str], told: Sequence[str]) -> tuple[int, ...]:
    """Which parts of the forward's result the cotangents belong to."""
    if len(told) < 2:
        return (0,)
    meant = [names.parameter(c, [t for t in told if t]) for c in cotangents]
    free = [k for k, name in enumerate(told) if not names.CACHE.match(name) or name in meant]
    found: list[int | None] = []
    for c in cotangents or [""]:
        owner = names.parameter(c, [told[k] for k in free if told[k]]) if c else None
        place = told.index(owner) if owner is not None else None
        found.append(place if place not in found else None)
    left = [k for k in free if k not in found]
    return tuple(k if k is not None else left.pop(0) if left else 0 for k in found)

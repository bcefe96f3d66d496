"""Which gradient belongs to which parameter: by the names that are returned, by keys, else by order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numeric.checking import names
from symbolic.errors import DeclarationError

if TYPE_CHECKING:
    from numeric.checking.calls import Call


def matched(call: Call, result: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients by parameter.

    Raises ``DeclarationError`` where some names tell a parameter and others tell none, and it is not clear which is left.
    """
    if result is None:
        return {}
    known = list(call.shapes)
    if call.subject.kind == "ctx":
        order = [p.name for p in call.subject.parameters()]
        parts = result if isinstance(result, (tuple, list)) else (result,)
        return {n: g for n, g in zip(order, parts, strict=False) if g is not None and n in call.shapes}
    hints = call.hints[1:] if call.subject.kind == "both" else call.hints
    parts = _flat(result, hints)
    owners = [names.parameter(hint, known) if hint else None for hint, _ in parts]
    real = [n for n in known if n not in call.integers and not n.startswith("self.")]
    if None in owners:
        owners = _completed(call, [hint for hint, _ in parts], [g for _, g in parts], owners, real, arrays)
    doubled = {o for o in owners if o is not None and owners.count(o) > 1}
    if doubled:
        raise DeclarationError(
            f"{call.subject.back.__name__} returns two gradients that are called after {', '.join(sorted(doubled))}; "
            "call each after its parameter (dx, dW), or return a dict"
        )
    return {o: g for o, (_, g) in zip(owners, parts, strict=True) if o is not None}


def _flat(result: Any, hints: list[str]) -> list[tuple[str, Any]]:
    """The gradients with what each is called; dictionaries by their keys, None left out."""
    if isinstance(result, Mapping):
        return [(str(key), g) for key, g in result.items()]
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    if len(hints) != len(parts):
        hints = [""] * len(parts)
    found: list[tuple[str, Any]] = []
    for hint, part in zip(hints, parts, strict=True):
        if isinstance(part, Mapping):
            found += _flat(part, [])
        elif isinstance(part, (list, tuple)) and part and all(hasattr(g, "shape") for g in part):
            found += [(f"{hint}[{k}]" if hint else "", g) for k, g in enumerate(part)]
        elif part is not None:
            found.append((hint, part))
    return found


def in_order(owners: Sequence[str | None], real: Sequence[str], unnamed: Sequence[bool]) -> list[str | None]:
    """Owners where as many parameters are left as places are open: in all, or between two places that names tell.

    ``return g @ W.T, x.T @ g, db`` gives x, W and b. Between two places only what has no name at all is given an owner.

    >>> in_order([None, None, "b"], ["x", "W", "b", "mask"], [True, True, False])
    ['x', 'W', 'b']
    """
    left = [n for n in real if n not in owners]
    if owners.count(None) == len(left):
        return [o if o is not None else left.pop(0) for o in owners]
    found = list(owners)
    told = [k for k, o in enumerate(owners) if o in real]
    for a, b in itertools.pairwise([-1, *told, len(owners)]):
        first = real.index(owners[a]) + 1 if a >= 0 else 0
        last = real.index(owners[b]) if b < len(owners) else len(real)
        between = [n for n in real[first:last] if n not in owners]
        if len(between) == b - a - 1 and all(unnamed[a + 1 : b]):
            found[a + 1 : b] = between
    return found


def _by_shape(arrays: Mapping[str, Any], gradient: Any, real: list[str]) -> str:
    """The owner of one gradient without a name: the parameter that alone has its shape, else the first."""
    fits = [n for n in real if np.shape(arrays.get(n)) == np.shape(gradient)]
    return fits[0] if len(fits) == 1 else real[0]


def _completed(
    call: Call, hints: list[str], parts: list[Any], owners: list[str | None], real: list[str], arrays: Mapping[str, Any]
) -> list[str | None]:
    """Owners for gradients whose names tell none."""
    if all(o is None for o in owners):
        if len(parts) > len(real):
            raise DeclarationError(
                f"{call.subject.back.__name__} returns {len(parts)} gradients, {call.subject.ahead.__name__} has {len(real)} parameters "
                f"of real numbers ({', '.join(real)}); return a dict with their names as keys"
            )
        if len(parts) == 1 and call.owner is None:
            call.owner = _by_shape(arrays, parts[0], real)
        return [call.owner] if len(parts) == 1 else list(real[: len(parts)])
    owners = in_order(owners, real, [not hint for hint in hints])
    left = [n for n in real if n not in owners]
    open_places = [k for k, o in enumerate(owners) if o is None]
    if all(np.ndim(parts[k]) == 0 for k in open_places):  # a loss among the gradients
        return owners
    unclear = ", ".join(hints[k] or f"value {k + 1}" for k in open_places)
    raise DeclarationError(
        f"{call.subject.back.__name__} returns {unclear}: no parameter of {call.subject.ahead.__name__} is called so "
        f"(left are {', '.join(left) or 'none'}); call each gradient after its parameter (dx, dW), or return a dict"
    )

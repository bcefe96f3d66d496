"""Mistakes of axis: a sum, maximum or softmax taken over another axis than is meant."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.diagnosis.candidates import Candidate, name_of
from symbolic.verification.diagnosis.surgery import edited

LABEL = "sum over the wrong axis"


def axis_candidates(claim: Tensor) -> Iterator[Candidate]:
    """Each reduction of the claim over another axis."""
    order = topological([claim])
    for t in reversed(order):
        eq = t.definition
        if isinstance(eq, Equation) and eq.bound:
            if eq.reduce == "sum":
                yield from _of_same_extent(claim, t, eq)
            yield from _stretched_otherwise(claim, t, eq, order)
            yield from _over_fewer(claim, t, eq, order)
            yield from _kept_elsewhere(claim, t, eq, order)


def _of_same_extent(claim: Tensor, t: Tensor, eq: Equation) -> Iterator[Candidate]:
    """A sum over another axis of the same extent; in a product this is a transpose."""
    for k in eq.bound:
        for i in eq.indices:
            if sp.expand(k.extent - i.extent) == 0:
                plain = isinstance(eq.body, Access)
                label, detail = (LABEL, name_of(eq.body.tensor)) if plain else ("missing transpose", name_of(t))
                body = eq.body.xreplace({k: i, i: k})
                change = {t: edited(t, Equation(eq.indices, body, eq.bound, eq.reduce, eq.guards))}
                yield Candidate(label, f"of {detail}" if plain else detail, "claim", claim, change)


def _stretched_otherwise(claim: Tensor, t: Tensor, eq: Equation, order: list[Tensor]) -> Iterator[Candidate]:
    """A matrix summed along one axis and spread over it again (Z − Σ_j Z_ij), along the other axis (Z − Σ_i Z_ij).

    What reads the sums, kept as a row or column of extent 1 or not, spreads the new ones the other way.
    """
    kept = [i for i in eq.indices if i.extent != 1]
    if len(eq.bound) != 1 or len(kept) != 1 or eq.guards or len(eq.indices) > 2:
        return
    (i,), (k,) = kept, eq.bound
    if i not in eq.body.atoms(Index):
        return
    turned = computed(equation([k], eq.body, [i], reduce=eq.reduce))
    changes: dict[Tensor, Tensor] = {}
    pending = [t]
    while pending:
        one = pending.pop()
        for user in order:
            around = user.definition
            if not isinstance(around, Equation) or not any(u is one for u in user.operands):
                continue
            wide = [o for o in around.indices if o.extent != 1]
            if isinstance(around.body, Access) and not around.bound and len(wide) == 1:  # an axis of extent 1, put in
                pending.append(user)
                continue
            body = changes[user].definition.body if user in changes else around.body
            for access in [a for a in around.accesses if a.tensor is one]:
                read = [e for e in access.indices if isinstance(e, Index) and e in around.indices and e.extent != 1]
                others = [o for o in around.indices if o not in read and sp.expand(o.extent - k.extent) == 0]
                if len(read) != 1 or len(others) != 1:
                    return
                body = body.xreplace({access: turned.access(others[0])})
            changes[user] = edited(user, Equation(around.indices, body, around.bound, around.reduce, around.guards))
    if changes:
        yield Candidate(LABEL, f"of {_summand(eq, t)}", "claim", claim, changes)


def _kept_elsewhere(claim: Tensor, t: Tensor, eq: Equation, order: list[Tensor]) -> Iterator[Candidate]:
    """A sum that keeps its axis with extent 1, along another axis that is kept in the same way.

    Whatever reads the sums entry by entry reads the new ones along the axis that is no longer summed; a mean divides by
    the extent of its own axis.
    """
    ones = [p for p, i in enumerate(eq.indices) if i.extent == 1]
    if len(ones) != 1 or len(eq.indices) < 2 or len(eq.bound) != 1 or eq.guards:
        return
    (p,), (k,) = ones, eq.bound
    for q, summed in enumerate(eq.indices):
        if q == p or summed not in eq.body.atoms(Index):
            continue
        kept = [k if a == p else Index("o", 1) if a == q else i for a, i in enumerate(eq.indices)]
        new = {t: computed(equation(kept, eq.body, [summed], reduce=eq.reduce))}
        changes: dict[Tensor, Tensor] = {}
        for user in order:
            if any(u in new for u in user.operands):
                made = _reading_along(user, new, (p, k), (q, summed))
                if made is None:
                    break
                (changes if made.extents == user.extents else new)[user] = made
        else:
            if changes:
                yield Candidate(LABEL, f"of {_summand(eq, t)}", "claim", claim, changes)


def _reading_along(
    user: Tensor, new: dict[Tensor, Tensor], was: tuple[int, Index], now: tuple[int, Index]
) -> Tensor | None:
    """What reads sums entry by entry, reading those of ``new``: summed along the axis ``now`` instead of ``was``.

    A tensor that keeps the axis with extent 1, such as the mean made of the sum, does so along the other axis.
    """
    around, (p, k), (q, summed) = user.definition, was, now
    if not isinstance(around, Equation) or around.guards:
        return None
    read = [a for a in around.accesses if a.tensor in new]
    shift = len(around.indices) - read[0].tensor.ndim
    if shift < 0 or any(a.indices[p] != 0 for a in read):
        return None
    own, body, indices = around.indices[shift + p], around.body, list(around.indices)
    if own.extent == 1:
        own, body = k.fresh(), body.xreplace({1 / k.extent: 1 / summed.extent})
        indices[shift + p], indices[shift + q] = own, Index("o", 1)
    elif sp.expand(own.extent - k.extent) != 0:
        return None
    places = {
        a: new[a.tensor].access(*(own if x == p else sp.S.Zero if x == q else e for x, e in enumerate(a.indices)))
        for a in read
    }
    body = body.xreplace(places)
    if not set(around.indices).difference(indices).isdisjoint(body.atoms(Index)):
        return None
    return edited(user, Equation(tuple(indices), body, around.bound, around.reduce))


def _over_fewer(claim: Tensor, t: Tensor, eq: Equation, order: list[Tensor]) -> Iterator[Candidate]:
    """The total of an array that is spread over the array again (E / Σ_ij E_ij), along one axis alone (E / Σ_j E_ij)."""
    if len(eq.bound) < 2 or any(i.extent != 1 for i in eq.indices) or eq.guards:
        return
    ones = dict.fromkeys(eq.indices, sp.S.Zero)
    for k in eq.bound:
        total = computed(equation([k], eq.body.xreplace(ones), [b for b in eq.bound if b is not k], reduce=eq.reduce))
        changes: dict[Tensor, Tensor] = {}
        for user in order:
            around = user.definition
            if not isinstance(around, Equation) or not any(u is t for u in user.operands):
                continue
            along = [o for o in (*around.indices, *around.bound) if sp.expand(o.extent - k.extent) == 0]
            if (
                isinstance(eq.body, Access) and len(around.indices) == eq.body.tensor.ndim
            ):  # as it is read where it is summed
                along = [around.indices[eq.body.indices.index(k)]]
            if len(along) != 1:
                break
            new = {a: total.access(along[0]) for a in around.accesses if a.tensor is t}
            body = around.body.xreplace(new)
            changes[user] = edited(user, Equation(around.indices, body, around.bound, around.reduce, around.guards))
        else:
            if changes:
                yield Candidate(LABEL, f"of {_summand(eq, t)}", "claim", claim, changes)


def _summand(eq: Equation, t: Tensor) -> str:
    return name_of(eq.body.tensor if isinstance(eq.body, Access) else t)

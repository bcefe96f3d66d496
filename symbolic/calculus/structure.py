"""Structure of a result, in words and with evidence: zero, independent, symmetric, diagonal, Kronecker, rank one, definite.

A finding is stated only if it follows from the form of the expression; nothing is tried at numbers. A tensor with 2r axes
is seen as a matrix between its first r axes and its last r axes, as a Hessian is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError, closed_form, is_opaque
from symbolic.calculus.definiteness import semidefinite
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.presentation import presented, sums_to_zero
from symbolic.calculus.splitting import split
from symbolic.calculus.terms import Term, runs_over
from symbolic.program.expressions import Access, Index, Reduction, Within
from symbolic.program.functions import Equal
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor

# What is said of a finding, by its kind and, where there is one, what it rests on; KINDS are the kinds.
SENTENCES = {
    "zero": "It is exactly zero.",
    "independent": "It does not depend on {subject}.",
    "constant": "It is constant: it depends on none of its variables.",
    "symmetric": "It is symmetric.",
    "symmetric groups": "It is symmetric under every exchange of its {count} groups of axes.",
    "diagonal": "It is diagonal.",
    "block_diagonal": "It is block-diagonal in axis {axes}.",
    "block_diagonal equal": "It is block-diagonal in axis {axes}, with equal blocks.",
    "kronecker": "It is a Kronecker product A ⊗ B of a matrix on the first axes and one on the last.",
    "kronecker left": "It is a Kronecker product I ⊗ M with the identity.",
    "kronecker right": "It is a Kronecker product M ⊗ I with the identity.",
    "rank_one": "It has rank one: it is an outer product u vᵀ.",
    "rank_one equal": "It has rank one: all entries are equal.",
    "low_rank": "Its rank is at most {bound}.",
    "low_rank diagonal": "It is a diagonal matrix plus one whose rank is at most {bound}.",
    "banded": "It is banded: entry (i, j) is zero unless {low} ≤ j − i ≤ {high}.",
    "toeplitz": "It is a Toeplitz matrix: entry (i, j) depends on j − i alone.",
    "triangular lower": "It is lower triangular.",
    "triangular upper": "It is upper triangular.",
    "sums_to_zero": "It sums to zero along axis {axes}.",
    "positive_semidefinite sum": "It is positive semi-definite: a sum of positive semi-definite matrices.",
    "positive_semidefinite squares": "It is positive semi-definite: a sum of v vᵀ with weights that are not negative.",
    "positive_semidefinite diagonal": "It is positive semi-definite: diagonal, with entries that are not negative.",
    "positive_semidefinite covariance": (
        "It is positive semi-definite: diag(p) − ppᵀ, the covariance of a probability vector p."
    ),
    "positive_semidefinite blocks": (
        "It is positive semi-definite: blocks diag(p) − ppᵀ, covariances of probability vectors p."
    ),
    "positive_semidefinite covariances": (
        "It is positive semi-definite: a sum of Kronecker products of v vᵀ and diag(p) − ppᵀ, the covariance of a "
        "probability vector p."
    ),
}
KINDS = tuple(dict.fromkeys(key.split()[0] for key in SENTENCES))


@dataclass(frozen=True)
class Finding:
    """One structural fact: its ``kind`` (see ``KINDS``), the form that shows it, and its subject or axes if any.

    ``basis`` says what it rests on where a kind has several reasons, ``numbers`` are the bounds and counts that its
    sentence names; ``sentence`` states it.
    """

    kind: str
    evidence: Closed
    subject: Tensor | None = None
    basis: str = ""
    axes: tuple[int, ...] = ()
    numbers: tuple[tuple[str, sp.Expr], ...] = ()

    @property
    def key(self) -> str:
        """Kind and basis: the key of ``SENTENCES``."""
        return f"{self.kind} {self.basis}".rstrip()

    @property
    def sentence(self) -> str:
        """The fact in words."""
        subject = self.subject.label if self.subject is not None else ""
        numbers = {name: _number(e) for name, e in self.numbers}
        return SENTENCES[self.key].format(subject=subject, axes=", ".join(map(str, self.axes)), **numbers)

    def __str__(self) -> str:
        return self.sentence


def structure(t: Tensor, among: Iterable[Tensor] = ()) -> tuple[Finding, ...]:
    """What follows about ``t`` from its form; empty where nothing does or where the form is too large to see.

    ``among`` are variables of whose influence it is also said that there is none, besides those that the program reads.

    >>> import numpy as np
    >>> import symbolic as s
    >>> X, w, y = s.tensor("X", "n m"), s.tensor("w", "m"), s.tensor("y", "n", role="target")
    >>> for finding in structure(s.hessian(np.sum((X @ w - y) ** 2), w), among=[w, y]):
    ...     print(finding)
    It does not depend on w.
    It does not depend on y.
    It is symmetric.
    Its rank is at most n.
    It is positive semi-definite: a sum of v vᵀ with weights that are not negative.
    """
    try:
        deep = normal_form(closed_form(t, stop=is_opaque))
        shown = presented(t)
        form = normal_form(shown)
    except TooLargeError:
        return ()
    if deep.expr == 0:
        return (Finding("zero", deep),)
    found = _independent(t, deep, among)
    found += _exchanges(t, form)
    rank = len(form.indices) // 2
    if t.ndim < 2 or t.ndim % 2 or t.extents[:rank] != t.extents[rank:]:
        if t.ndim == 2:
            terms = split(shown, 1)
            found += _bands(form, terms)
            found += _rank_one(form) or _low_rank(form, terms, 1)
        return tuple(found)
    if _is_symmetric(form, rank) or _is_symmetric(deep, rank):
        found.append(Finding("symmetric", form))
    found += _delta_structure(form, rank)
    terms = split(shown, rank)
    if rank == 1:
        found += _bands(form, terms)
    if rank == 1 or not any(f.kind in ("kronecker", "diagonal") for f in found):
        found += _rank_one(form)
    if not any(f.kind in ("diagonal", "rank_one") for f in found):
        found += _low_rank(form, terms, rank)
    found += _sums_to_zero(form)
    basis = semidefinite(shown, rank)
    if basis:
        found.append(Finding("positive_semidefinite", shown, basis=basis))
    return tuple(found)


def _independent(t: Tensor, deep: Closed, among: Iterable[Tensor]) -> list[Finding]:
    read = [a.tensor for a in deep.expr.atoms(Access)]
    still = {u.serial for u in leaves(read)}
    varying = [u for u in dict.fromkeys([*leaves([t]), *among]) if u.value is None]
    gone = [u for u in varying if u.serial not in still]
    if not any(u.value is None for u in leaves(read)):
        return [Finding("constant", deep)]
    return [Finding("independent", deep, u) for u in gone]


def _is_symmetric(form: Closed, rank: int) -> bool:
    swapped = Closed((*form.indices[rank:], *form.indices[:rank]), form.expr)
    return normal_form(swapped) == form


def _terms(expr: sp.Expr) -> list[tuple[sp.Expr, ...]]:
    return [sp.Mul.make_args(term) for term in sp.Add.make_args(sp.expand_mul(expr))]


def _has_delta(factors: tuple[sp.Expr, ...], i: Index, j: Index) -> bool:
    return i.extent == 1 or any(isinstance(f, Equal) and set(f.args) == {i, j} for f in factors)


def _delta_structure(form: Closed, rank: int) -> list[Finding]:
    rows, columns = form.indices[:rank], form.indices[rank:]
    terms = _terms(form.expr)
    axes = [a for a in range(rank) if all(_has_delta(f, rows[a], columns[a]) for f in terms)]
    if len(axes) == rank:
        return [Finding("diagonal", form)]
    if not axes:
        return _kronecker(form, terms, rows, columns) if rank == 2 else []
    tied = {i for a in axes for i in (rows[a], columns[a])}
    blocks = [f for factors in terms for f in factors if not (isinstance(f, Equal) and set(f.args) <= tied)]
    numbers = tuple(a + 1 for a in axes)
    if not any(f.free_symbols & tied for f in blocks):
        side = "left" if axes == list(range(len(axes))) else "right"
        return [
            Finding("block_diagonal", form, basis="equal", axes=numbers),
            Finding("kronecker", form, basis=side),
        ]
    return [Finding("block_diagonal", form, axes=numbers)]


def _kronecker(form: Closed, terms: list[tuple[sp.Expr, ...]], rows, columns) -> list[Finding]:
    if len(terms) != 1:
        return []
    first, second = {rows[0], columns[0]}, {rows[1], columns[1]}
    mixed = [f for f in terms[0] if f.free_symbols & first and f.free_symbols & second]
    if mixed or not any(first <= f.free_symbols for f in terms[0]):
        return []
    return [Finding("kronecker", form)]


def _rank_one(form: Closed) -> list[Finding]:
    rank = max(len(form.indices) // 2, 1)
    rows, columns = set(form.indices[:rank]), set(form.indices[rank:])
    terms = _terms(form.expr)
    if len(terms) != 1 or any(f.free_symbols & rows and f.free_symbols & columns for f in terms[0]):
        return []
    used = set().union(*(f.free_symbols for f in terms[0]))
    if not used & rows and not used & columns:
        return [Finding("rank_one", form, basis="equal")]
    return [Finding("rank_one", form)]


def _number(e: sp.Expr) -> str:
    """A bound in a sentence: n, 2n, −1."""
    return str(e).replace("*", "·").replace("-", "−")


def _exchanges(t: Tensor, form: Closed) -> list[Finding]:
    """Whether three or more groups of axes may be exchanged, as those of a third derivative may."""
    for count in range(t.ndim, 2, -1):
        size, left = divmod(t.ndim, count)
        groups = [form.indices[size * g : size * (g + 1)] for g in range(count)]
        if left or any(tuple(i.extent for i in g) != tuple(i.extent for i in groups[0]) for g in groups):
            continue
        for g in range(count - 1):
            swapped = [*groups[:g], groups[g + 1], groups[g], *groups[g + 2 :]]
            if normal_form(Closed(tuple(i for group in swapped for i in group), form.expr)) != form:
                break
        else:
            return [Finding("symmetric", form, basis="groups", numbers=(("count", sp.Integer(count)),))]
    return []


def _low_rank(form: Closed, terms: tuple[Term, ...], rank: int) -> list[Finding]:
    """A bound on the rank, of the whole or of what is beside a diagonal, where it is less than the number of rows."""
    rest = [t for t in terms if t.kind != "diagonal"]
    bounds = [b for t in rest if (b := t.rank_bound) is not None]
    if not rest or len(bounds) < len(rest):
        return []
    total = sp.Add(*bounds)
    sides = [sp.Mul(*(i.extent for i in side)) for side in (form.indices[:rank], form.indices[rank:])]
    if any(sp.expand(side - total).is_positive is False or side == total for side in sides):
        return []
    basis = "diagonal" if len(rest) < len(terms) else ""
    return [Finding("low_rank", form, basis=basis, numbers=(("bound", total),))]


def _sums_to_zero(form: Closed) -> list[Finding]:
    axes = [a + 1 for a, i in enumerate(form.indices) if i.extent != 1 and sums_to_zero(form, i)]
    return [Finding("sums_to_zero", form, axes=tuple(axes))] if axes else []


# -- bands -----------------------------------------------------------------------------------------------------------


def _bands(form: Closed, terms: tuple[Term, ...]) -> list[Finding]:
    """Bands, Toeplitz matrices and triangles."""
    offsets = [_offset(t) for t in terms]
    known = [o for o in offsets if o is not None]
    by_rows = all(runs_over(t.places[0], t.extents[0]) for t in terms)
    if known and by_rows and len(known) == len(terms) and any(t.is_scattered for t in terms):
        low, high = min(o[0] for o in known), max(o[1] for o in known)
        found = [Finding("banded", form, numbers=(("low", low), ("high", high)))]
        return [*found, Finding("toeplitz", form)] if all(map(_is_toeplitz, terms)) else found
    if all(t.kind == "diagonal" for t in terms):
        return []
    i, j = form.indices
    for basis, difference in (("lower", i - j), ("upper", j - i)):
        if all(_is_zero_unless(m, difference) for m in _terms(form.expr)):
            return [Finding("triangular", form, basis=basis)]
    return []


def _offset(t: Term) -> tuple[sp.Expr, sp.Expr] | None:
    """The least and the largest column minus row of a term, None where they are no numbers."""
    low = high = sp.expand(t.places[1] - t.places[0])
    for index in sorted(low.atoms(Index), key=str):
        c, last = low.coeff(index, 1), index.extent - 1
        if not c.is_number or not last.is_number:
            return None
        ends = (sp.S.Zero, c * last)
        low, high = low.xreplace({index: sp.S.Zero}) + min(ends), high.xreplace({index: sp.S.Zero}) + max(ends)
    return (low, high) if low.is_Integer and high.is_Integer else None


def _is_toeplitz(t: Term) -> bool:
    """Whether the entries, of which each row has its own, depend on column minus row alone."""
    offset = sp.expand(t.places[1] - t.places[0]).atoms(Index)
    return len(offset) <= 1 and t.places[0] not in offset and all(set(f.indices) <= offset for f in t.factors)


def _is_zero_unless(factors: tuple[sp.Expr, ...], difference: sp.Expr) -> bool:
    """Whether a product has a condition that holds only where the difference of the indices is not negative."""
    guards = [g for f in factors if isinstance(f, Reduction) and f.kind == "sum" and not f.bound for g in f.guards]
    deltas = [f for f in factors if isinstance(f, Equal)]
    return any(isinstance(g, Within) and sp.expand(g.args[0] - difference) == 0 for g in guards) or any(
        set(d.args) == difference.atoms(Index) for d in deltas
    )

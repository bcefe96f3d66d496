"""Structure of a result, in words and with evidence: zero, independent, symmetric, diagonal, Kronecker, rank one, definite.

A finding is stated only if it follows from the form of the expression; nothing is tried at numbers. A tensor with 2r axes
is seen as a matrix between its first r axes and its last r axes, as a Hessian is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError, closed_form, is_opaque
from symbolic.calculus.function_rules import is_nonnegative
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.presentation import presented
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.functions import Equal, Sigmoid
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor

# What is said of a finding, by its kind and, where there is one, what it rests on; KINDS are the kinds.
SENTENCES = {
    "zero": "It is exactly zero.",
    "independent": "It does not depend on {subject}.",
    "constant": "It is constant: it depends on none of its variables.",
    "symmetric": "It is symmetric.",
    "diagonal": "It is diagonal.",
    "block_diagonal": "It is block-diagonal in axis {axes}.",
    "block_diagonal equal": "It is block-diagonal in axis {axes}, with equal blocks.",
    "kronecker": "It is a Kronecker product A ⊗ B of a matrix on the first axes and one on the last.",
    "kronecker left": "It is a Kronecker product I ⊗ M with the identity.",
    "kronecker right": "It is a Kronecker product M ⊗ I with the identity.",
    "rank_one": "It has rank one: it is an outer product u vᵀ.",
    "rank_one equal": "It has rank one: all entries are equal.",
    "positive_semidefinite sum": "It is positive semi-definite: a sum of positive semi-definite matrices.",
    "positive_semidefinite squares": "It is positive semi-definite: a sum of v vᵀ with weights that are not negative.",
    "positive_semidefinite diagonal": "It is positive semi-definite: diagonal, with entries that are not negative.",
    "positive_semidefinite covariance": (
        "It is positive semi-definite: diag(p) − ppᵀ, the covariance of a probability vector p."
    ),
    "positive_semidefinite blocks": (
        "It is positive semi-definite: blocks diag(p) − ppᵀ, covariances of probability vectors p."
    ),
}
KINDS = tuple(dict.fromkeys(key.split()[0] for key in SENTENCES))


@dataclass(frozen=True)
class Finding:
    """One structural fact: its ``kind`` (see ``KINDS``), the form that shows it, and its subject or axes if any.

    ``basis`` says what it rests on where a kind has several reasons; ``sentence`` states it.
    """

    kind: str
    evidence: Closed
    subject: Tensor | None = None
    basis: str = ""
    axes: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Kind and basis: the key of ``SENTENCES``."""
        return f"{self.kind} {self.basis}".rstrip()

    @property
    def sentence(self) -> str:
        """The fact in words."""
        subject = self.subject.label if self.subject is not None else ""
        return SENTENCES[self.key].format(subject=subject, axes=", ".join(map(str, self.axes)))

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
    rank = len(form.indices) // 2
    if t.ndim < 2 or t.ndim % 2 or t.extents[:rank] != t.extents[rank:]:
        if t.ndim == 2:
            found += _rank_one(form)
        return tuple(found)
    if _is_symmetric(form, rank) or _is_symmetric(deep, rank):
        found.append(Finding("symmetric", form))
    found += _delta_structure(form, rank)
    if rank == 1 or not any(f.kind in ("kronecker", "diagonal") for f in found):
        found += _rank_one(form)
    basis = _semidefinite(shown, rank)
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


# -- definiteness ------------------------------------------------------------------------------------------------------


def _semidefinite(shown: Closed, rank: int) -> str:
    """What it rests on that the form is positive semi-definite; empty if that does not follow."""
    rows, columns = shown.indices[:rank], shown.indices[rank:]
    terms = sp.Add.make_args(shown.expr)
    if _is_covariance(terms, rows, columns):
        return "covariance"
    reasons = [_semidefinite_term(sp.Mul.make_args(term), rows, columns) for term in terms]
    if not all(reasons):
        return ""
    return reasons[0] if len(set(reasons)) == 1 else "sum"


def _semidefinite_term(factors: tuple[sp.Expr, ...], rows, columns) -> str:
    """Σ_k w_k v_k v_kᵀ or diag(w), with w ≥ 0."""
    for position, f in enumerate(factors):
        if isinstance(f, Reduction) and f.kind == "sum" and f.free_symbols & {*rows, *columns}:
            factors = (*factors[:position], *sp.Mul.make_args(f.body), *factors[position + 1 :])
            if f.guards:
                return ""
            break
    deltas = [f for f in factors if isinstance(f, Equal) and _is_pair(f, rows, columns)]
    left = [f for f in factors if not any(f is d for d in deltas)]
    swap = {**dict(zip(rows, columns, strict=True)), **dict(zip(columns, rows, strict=True))}
    weights = []
    sums = [f for f in left if f.is_Add]
    if len(sums) == 1 and len(deltas) == len(rows) - 1:
        open_axes = [n for n, i in enumerate(rows) if not any(i in d.args for d in deltas)]
        inner = [(rows[n], columns[n]) for n in open_axes]
        if len(inner) == 1 and _is_covariance(sums[0].args, (inner[0][0],), (inner[0][1],)):
            left, deltas = [f for f in left if f is not sums[0]], []
            if all(w.is_nonnegative for w in left):
                return "blocks"
    while left:
        f = left.pop()
        base, e = f.as_base_exp() if f.is_Pow and not isinstance(f, sp.exp) else (f, sp.S.One)
        mirrored = base.xreplace(swap) ** e
        if any(mirrored == other for other in left) and mirrored != f:
            left.remove(mirrored)
        elif f.free_symbols & {*rows, *columns} and len(deltas) != len(rows):
            return ""
        else:
            weights.append(f)
    if not all(map(_is_weight, weights)):
        return ""
    return "diagonal" if len(deltas) == len(rows) else "squares"


def _is_weight(w: sp.Expr) -> bool:
    """Whether a factor is known not to be negative."""
    even = w.is_Pow and w.exp.is_Integer and w.exp % 2 == 0
    return bool(even or w.is_nonnegative or is_nonnegative(w) or _is_sigmoid_part(w))


def _is_pair(delta: Equal, rows, columns) -> bool:
    return any(set(delta.args) == {i, j} for i, j in zip(rows, columns, strict=True))


def _is_sigmoid_part(w: sp.Expr) -> bool:
    """σ, 1 − σ, 1 − tanh², p of a softmax, also under a name."""
    if w.is_Add and len(w.args) == 2 and sp.S.One in w.args:
        w = 1 - w
        if w.is_Pow and w.exp == 2:
            return isinstance(w.base, sp.tanh) or (isinstance(w.base, Access) and _named_by(w.base.tensor, sp.tanh))
        return isinstance(w, Sigmoid) or (isinstance(w, Access) and _named_by(w.tensor, Sigmoid))
    return isinstance(w, Access) and (_named_by(w.tensor, Sigmoid, sp.exp))


def _named_by(t: Tensor, *heads: type) -> bool:
    body = getattr(t.definition, "body", None)
    return isinstance(body, heads) and t.definition.is_pointwise


def _is_covariance(terms, rows, columns) -> bool:
    """δ_ij p_i − p_i p_j, times what is not negative, with Σ p = 1 and p ≥ 0."""
    if len(rows) != 1 or len(terms) != 2:
        return False
    i, j = rows[0], columns[0]
    for one, two in (terms, terms[::-1]):
        for p in one.atoms(Access):
            sums_to_one = any(f.axes and f.power == 1 and f.value == 1 for f in p.tensor.facts)
            if not (sums_to_one or "probability" in p.tensor.assume) or not p.has(i):
                continue
            other = p.xreplace({i: j})
            scale = sp.cancel(one / (p * Equal(i, j)))
            if sp.expand(two + scale * p * other) == 0 and scale.is_nonnegative:
                return True
    return False

"""Rewrites of sums by what is known of a tensor: Σ p = 1, Σ c = 0, QᵀQ = I, A⁻¹A = I.

Each rule takes the factors of a sum, its bound indices and guards, and returns the new body, bound indices and guards,
or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus.polynomials import Polynomial, constant
from symbolic.program.expressions import Access, Guard, Index
from symbolic.program.facts import Fact
from symbolic.program.functions import Equal
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from symbolic.calculus.normal_form import Normaliser

Powers = dict[sp.Expr, sp.Expr]
Found = tuple[Polynomial, list[Index], list[Guard]] | None
SumRule = Callable[["Normaliser", Powers, list[Index], list[Guard]], Found]


def sum_facts(t: Tensor) -> Iterator[Fact]:
    """Declared facts about sums, and those that assumptions state."""
    yield from (f for f in t.facts if f.axes)
    if t.assume & {"one_hot", "probability"}:
        yield Fact((-1,), 1, sp.S.One)


def declared_fact(n: Normaliser, powers: Powers, bound: list[Index], guards: list[Guard]) -> Found:
    """Σ_k t_k^p = value, where nothing else under the sum mentions k."""
    for base, e in powers.items():
        if not isinstance(base, Access):
            continue
        for fact in sum_facts(base.tensor):
            if e != fact.power:
                continue
            summed = [base.indices[a] for a in fact.axes]
            extents = [base.tensor.extents[a] for a in fact.axes]
            if len(set(summed)) != len(summed):
                continue
            if not all(i in bound and i.extent == x for i, x in zip(summed, extents, strict=True)):
                continue
            others = [i for position, i in enumerate(base.indices) if position - len(base.indices) not in
                      {a if a < 0 else a - len(base.indices) for a in fact.axes}]  # fmt: skip
            rest = {b: x for b, x in powers.items() if b is not base}
            mentioned = set().union(
                *(b.free_symbols for b in rest), *(g.free_symbols for g in guards), *(o.free_symbols for o in others)
            )
            if mentioned & set(summed):
                continue
            body = n.product(n.settle(rest), constant(sp.sympify(fact.value, strict=True)))
            return body, [i for i in bound if i not in summed], guards
    return None


def orthogonality(n: Normaliser, powers: Powers, bound: list[Index], guards: list[Guard]) -> Found:
    """Σ_k q_ki q_kj = δ_ij and Σ_k q_ik q_jk = δ_ij of an orthogonal matrix."""
    for base, e in powers.items():
        if not (isinstance(base, Access) and "orthogonal" in base.tensor.assume and e in (1, 2)):
            continue
        *lead, row, column = base.indices
        for k, kept, place in ((row, column, 0), (column, row, 1)):
            if k not in bound or any(k in i.free_symbols for i in (*lead, kept)):
                continue
            partner = base if e == 2 else _partner(base, powers, k, lead, place)
            if partner is None or not _only_in(k, powers, guards, {base, partner}):
                continue
            other = partner.indices[-1] if place == 0 else partner.indices[-2]
            rest = {b: x for b, x in powers.items() if b not in (base, partner)}
            body = n.product(n.settle(rest), n.polynomial(Equal(kept, other)))
            return body, [i for i in bound if i != k], guards
    return None


def _partner(base: Access, powers: Powers, k: Index, lead: list, place: int) -> Access | None:
    for other, e in powers.items():
        if other is base or not isinstance(other, Access) or other.tensor is not base.tensor or e != 1:
            continue
        if list(other.indices[:-2]) == lead and other.indices[-2 + place] == k and other.indices[-1 - place] != k:
            return other
    return None


def _only_in(k: Index, powers: Powers, guards: list[Guard], allowed: set) -> bool:
    return not any(k in b.free_symbols for b in powers if b not in allowed) and not any(
        k in g.free_symbols for g in guards
    )


def inverse_product(n: Normaliser, powers: Powers, bound: list[Index], guards: list[Guard]) -> Found:
    """Σ_k a_ik (A⁻¹)_kj = δ_ij and Σ_k (A⁻¹)_ik a_kj = δ_ij."""
    for base, e in powers.items():
        if not isinstance(base, Access) or e != 1:
            continue
        original = inverted(base.tensor)
        if original is None:
            continue
        for other, x in powers.items():
            if not isinstance(other, Access) or other.tensor is not original or x != 1:
                continue
            if other.indices[:-2] != base.indices[:-2]:
                continue
            symmetric = "symmetric" in original.assume
            for mine, theirs in ((0, 1), (1, 0), *(((0, 0), (1, 1)) if symmetric else ())):
                k = base.indices[-2 + mine]
                if k not in bound or other.indices[-2 + theirs] != k:
                    continue
                if not _only_in(k, powers, guards, {base, other}):
                    continue
                left, right = base.indices[-1 - mine], other.indices[-1 - theirs]
                if left == k or right == k:
                    continue
                rest = {b: y for b, y in powers.items() if b not in (base, other)}
                body = n.product(n.settle(rest), n.polynomial(Equal(left, right)))
                return body, [i for i in bound if i != k], guards
    return None


def inverted(t: Tensor) -> Tensor | None:
    """A, if ``t`` is the inverse of A."""
    definition = t.definition
    if isinstance(definition, Application) and definition.primitive.name == "inverse":
        return definition.operands[0]
    return None


RULES: tuple[SumRule, ...] = (declared_fact, orthogonality, inverse_product)

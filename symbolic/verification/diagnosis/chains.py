"""Products of several matrices and vectors in another order: S⁻¹S⁻¹xx⊤ for S⁻¹xx⊤S⁻¹."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import sympy as sp

from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.diagnosis.candidates import Candidate, name_of, replaced
from symbolic.verification.diagnosis.surgery import edited
from symbolic.verification.equality_shapes import same_shape

Factor = tuple[Tensor, bool]  # a matrix or a vector, which is a column, and whether it is transposed
LONGEST = 4


def chain_candidates(claim: Tensor) -> Iterator[Candidate]:
    """Each chain of three or four factors of the claim in every other order that fits."""
    inner: set[Tensor] = set()
    for t in reversed(topological([claim])):
        eq = t.definition
        if t in inner or not isinstance(eq, Equation):
            continue
        for term in sp.Add.make_args(eq.body) if not eq.bound else [eq.body]:
            factors, number, within = _chain(eq, term) or ([], sp.S.One, set())
            inner |= within
            if not 3 <= len(factors) <= LONGEST:
                continue
            words = ", ".join(dict.fromkeys(name_of(u) for u, _ in factors))
            tried = [_key(factors)]
            for order in itertools.permutations(factors):
                for chain in _turned(order) if len(order) == 3 else [order]:
                    if _key(chain) in tried or not _fits(chain, t):
                        continue
                    tried.append(_key(chain))
                    product = _product(chain, number).access(*eq.indices)
                    body = product if eq.bound else eq.body - term + product
                    change = {t: edited(t, Equation(eq.indices, body))}
                    yield Candidate(_label(chain, factors), words, "claim", claim, change)


def turned_chain_candidates(claim: Tensor, extents: Sequence[sp.Expr]) -> Iterator[Candidate]:
    """A chain of factors that gives another shape, in every order and with every factor transposed or not that gives the
    wanted one: x⊤B⊤e for e x⊤B⊤."""
    eq = claim.definition
    if not isinstance(eq, Equation):
        return
    factors, number, _ = _chain(eq, eq.body) or ([], sp.S.One, set())
    if not 2 <= len(factors) <= 3:
        return
    words = ", ".join(dict.fromkeys(name_of(u) for u, _ in factors))
    for order in itertools.permutations(factors):
        for chain in _turned(order):
            if _joins(chain, extents):
                yield replaced(_label(chain, factors), words, claim, _product(chain, number))


def _turned(factors: Sequence[Factor]) -> Iterator[list[Factor]]:
    """The chain with each factor transposed or not."""
    for turned in itertools.product((False, True), repeat=len(factors)):
        yield [(u, flag != turn) for (u, flag), turn in zip(factors, turned, strict=True)]


def _label(chain: Sequence[Factor], written: Sequence[Factor]) -> str:
    same = all(u is v for (u, _), (v, _) in zip(chain, written, strict=True))
    return "missing transpose" if same else "wrong order of factors"


def _joins(factors: Sequence[Factor], extents: Sequence[sp.Expr]) -> bool:
    shapes = [_extents(f) for f in factors]
    if not all(same_shape(a[1:], b[:1]) for a, b in itertools.pairwise(shapes)):
        return False
    ends = [e for e in (shapes[0][0], shapes[-1][1]) if e != 1]
    return len(ends) == len(extents) and same_shape(ends, extents)


def _key(factors: Sequence[Factor]) -> list[tuple[int, bool]]:
    return [(t.serial, turned) for t, turned in factors]


def _chain(eq: Equation, term: sp.Expr) -> tuple[list[Factor], sp.Expr, set[Tensor]] | None:
    """The factors of a product of matrices, products inside written out, its number, and the products inside."""
    if eq.reduce != "sum" or eq.guards or not 1 <= len(eq.indices) <= 2:
        return None
    number, rest = term.as_coeff_Mul()
    accesses = [f for f in sp.Mul.make_args(rest) if isinstance(f, Access) and 1 <= f.tensor.ndim <= 2]
    if len(accesses) != len(sp.Mul.make_args(rest)) or not 2 <= len(accesses) <= LONGEST:
        return None
    sides = _order(accesses, eq.indices[0], eq.indices[1] if len(eq.indices) == 2 else None)
    if sides is None:
        return None
    found: list[Factor] = []
    within: set[Tensor] = set()
    for u, turned in sides:
        inside = _chain(u.definition, u.definition.body) if isinstance(u.definition, Equation) else None
        factors, c, deeper = inside or ([(u, False)], sp.S.One, set())
        number *= c
        within |= {u} | deeper
        found += [(v, flag != turned) for v, flag in (reversed(factors) if turned else factors)]
    return found, number, within


def _order(accesses: Sequence[Access], at: Index | None, end: Index | None) -> list[Factor] | None:
    """The factors as they follow each other from the row index to the column index; between a column and a row, and
    after the last column of a vector, there is none."""
    if not accesses:
        return [] if at == end else None
    for k, access in enumerate(accesses):
        turned = at is None if access.tensor.ndim == 1 else access.indices[0] != at
        if access.tensor.ndim == 1:
            follows, then = at in (None, access.indices[0]), access.indices[0] if at is None else None
        else:
            follows, then = at in access.indices, access.indices[0 if turned else 1]
        tail = _order([*accesses[:k], *accesses[k + 1 :]], then, end) if follows else None
        if tail is not None:
            return [(access.tensor, turned), *tail]
    return None


def _extents(factor: Factor) -> tuple[sp.Expr, ...]:
    """Rows and columns; a vector is a column, transposed a row."""
    t, turned = factor
    extents = t.extents if t.ndim == 2 else (*t.extents, sp.S.One)
    return extents[::-1] if turned else extents


def _fits(factors: Sequence[Factor], t: Tensor) -> bool:
    shapes = [_extents(f) for f in factors]
    joined = all(same_shape(a[1:], b[:1]) for a, b in itertools.pairwise(shapes))
    numbers = any(a[0] == b[1] == 1 for a, b in itertools.pairwise(shapes))
    return joined and not numbers and same_shape((shapes[0][0], shapes[-1][1]), _extents((t, False)))


def _product(factors: Sequence[Factor], number: sp.Expr) -> Tensor:
    def read(factor: Factor, a: Index, b: Index) -> sp.Expr:
        t, turned = factor
        places = (b, a) if turned else (a, b)
        return t.access(*places[: t.ndim])

    product = factors[0]
    for factor in factors[1:]:
        (first, inner), (_, last) = _extents(product), _extents(factor)
        i, k, j = Index("i", first), Index("k", inner), Index("j", last)
        kept = [index for index in (i, j) if index.extent != 1]
        body = number * read(product, i, k) * read(factor, k, j)
        product = (computed(equation(kept, body, [k] if inner != 1 else [])), first == 1)
        number = sp.S.One
    return product[0]

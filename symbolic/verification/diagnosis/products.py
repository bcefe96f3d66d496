"""Mistakes in products: order, transposes, a matrix lost, Hadamard for matrix product, symmetry, missing sums, diagonals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import sympy as sp

from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Equal
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, computed, fresh_indices
from symbolic.verification.diagnosis.candidates import Candidate, name_of, replaced
from symbolic.verification.diagnosis.surgery import edited
from symbolic.verification.equality_shapes import same_shape


def product_candidates(claim: Tensor) -> Iterator[Candidate]:
    """Each product of the claim with its factors exchanged or transposed, or of the other kind."""
    for t in reversed(topological([claim])):
        eq = t.definition
        if not isinstance(eq, Equation) or eq.reduce != "sum" or not (eq.body.is_Mul or isinstance(eq.body, Access)):
            continue
        factors = [a for a in eq.body.args if isinstance(a, Access)] if eq.body.is_Mul else []
        for a, b in itertools.combinations(factors, 2):
            if a.tensor is not b.tensor and same_shape(a.tensor.extents, b.tensor.extents):
                body = eq.body.xreplace({a: Access(b.tensor, *a.indices), b: Access(a.tensor, *b.indices)})
                yield _changed(
                    "wrong order of factors",
                    f"{name_of(a.tensor)} and {name_of(b.tensor)}",
                    claim,
                    t,
                    eq,
                    body,
                    eq.bound,
                )
            yield from _other_product(claim, t, eq, a, b)
        yield from _exchanged(claim, t, eq)


def matrix_candidates(output: Tensor, side: str) -> Iterator[Candidate]:
    """Each product of the program without one of its square matrices."""
    label = "extra factor" if side == "claim" else "missing factor"
    for t in reversed(topological([output])):
        eq = t.definition
        if not isinstance(eq, Equation) or eq.reduce != "sum" or not eq.body.is_Mul:
            continue
        for k in eq.bound:
            for factor in (f for f in eq.body.args if k in f.free_symbols and f.atoms(Access)):
                i = _second(factor, k, eq)
                rest = eq.body / factor
                if i is None or i in rest.free_symbols or k not in rest.free_symbols:
                    continue
                body = rest.xreplace({k: i})
                bound = tuple(b for b in eq.bound if b != k)
                change = {t: edited(t, Equation(eq.indices, body, bound, eq.reduce, eq.guards))}
                yield Candidate(label, _words(factor), side, output, change)


def lost_matrix_candidates(claim: Tensor, tensors: Sequence[Tensor]) -> Iterator[Candidate]:
    """The claim, or a term of it, times a matrix that has a name, from the left or from the right, transposed or not."""
    matrices = [M for M in tensors if M.ndim == 2 and M.dtype == "real" and M.name][:6]
    terms = [claim]
    if isinstance(claim.definition, Equation) and claim.definition.is_pointwise and claim.definition.body.is_Add:
        terms += [a.tensor for a in claim.definition.accesses if a.indices == claim.definition.indices]
    for t in terms:
        if not 1 <= t.ndim <= 2 or t.definition is None:
            continue
        every = t.fresh_indices()
        for M, axis, turned in itertools.product(matrices, range(t.ndim), (False, True)):
            inner, outer = (0, 1) if turned else (1, 0)
            if sp.expand(M.extents[inner] - every[axis].extent) != 0 or not same_shape(M.extents[:1], M.extents[1:]):
                continue
            i = Index("i", M.extents[outer])
            out = (*every[:axis], i, *every[axis + 1 :])
            read = M.access(every[axis], i) if turned else M.access(i, every[axis])
            product = computed(equation(out, read * t.access(*every), [every[axis]]))
            yield Candidate("missing factor", name_of(M), "claim", claim, {t: product})


def _second(factor: sp.Expr, k: Index, eq: Equation) -> Index | None:
    """The other index of a factor that is a matrix square in k and it."""
    others = [i for i in factor.atoms(Index) if i != k and i in (*eq.indices, *eq.bound)]
    return others[0] if len(others) == 1 and sp.expand(others[0].extent - k.extent) == 0 else None


def _changed(label: str, detail: str, claim: Tensor, t: Tensor, eq: Equation, body: sp.Expr, bound) -> Candidate:
    return Candidate(
        label, detail, "claim", claim, {t: edited(t, Equation(eq.indices, body, tuple(bound), eq.reduce, eq.guards))}
    )


def _exchanged(claim: Tensor, t: Tensor, eq: Equation) -> Iterator[Candidate]:
    """A product of two matrices in the other order, each transposed or not as it is."""
    for k in eq.bound:
        pair = [f for f in sp.Mul.make_args(eq.body) if k in f.atoms(Index)]
        outer = [_second(f, k, eq) for f in pair]
        if len(pair) == 2 and None not in outer and outer[0] != outer[1]:
            (a, b), (i, j) = pair, outer
            body = eq.body / a / b * a.xreplace({i: k, k: j}) * b.xreplace({k: i, j: k})
            yield _changed("wrong order of factors", f"{_words(a)} and {_words(b)}", claim, t, eq, body, eq.bound)


def _words(factor: sp.Expr) -> str:
    return name_of(factor.tensor) if isinstance(factor, Access) else f"{factor}"


def _other_product(claim: Tensor, t: Tensor, eq: Equation, a: Access, b: Access) -> Iterator[Candidate]:
    """A∘B ↔ AB for square matrices; rows scaled ↔ columns scaled."""
    label, detail = "Hadamard and matrix product", f"of {name_of(a.tensor)} and {name_of(b.tensor)}"
    if len(a.indices) == 2 and len(b.indices) == 2 and len(eq.indices) >= 2:
        i, j = eq.indices[-2:]
        if a.indices == b.indices == (i, j) and sp.expand(i.extent - j.extent) == 0:
            for first, second in ((a, b), (b, a)):
                k = Index("k", i.extent)
                body = eq.body.xreplace({first: Access(first.tensor, i, k), second: Access(second.tensor, k, j)})
                yield _changed(label, detail, claim, t, eq, body, (*eq.bound, k))
        shared = [k for k in eq.bound if k in a.indices and k in b.indices]
        matmul = len(shared) == 1 and {a.indices, b.indices} == {(i, shared[0]), (shared[0], j)}
        if matmul and all(sp.expand(x.extent - i.extent) == 0 for x in (j, shared[0])):
            body = eq.body.xreplace({a: Access(a.tensor, i, j), b: Access(b.tensor, i, j)})
            yield _changed(label, detail, claim, t, eq, body, [k for k in eq.bound if k not in shared])
    for vector, matrix in ((a, b), (b, a)):
        row = len(vector.indices) == 1 and len(matrix.indices) == 2 and vector.indices[0] in matrix.indices
        other = next((i for i in matrix.indices if i != vector.indices[0]), None) if row else None
        if isinstance(other, Index) and sp.expand(other.extent - vector.tensor.extents[0]) == 0 and not eq.bound:
            body = eq.body.xreplace({vector: Access(vector.tensor, other)})
            text = f"{name_of(vector.tensor)} scales the rows or the columns of {name_of(matrix.tensor)}"
            yield _changed("wrong order of factors", text, claim, t, eq, body, eq.bound)


def symmetry_candidates(claim: Tensor) -> Iterator[Candidate]:
    """The claim with (A + Aᵀ)/2 in the place of a square matrix A that is not declared symmetric."""
    means: dict[Tensor, Tensor] = {}
    for A in leaves([claim]):
        if (
            A.ndim == 2
            and A.dtype == "real"
            and "symmetric" not in A.assume
            and same_shape(A.extents[:1], A.extents[1:])
        ):
            i, j = A.fresh_indices()
            means[A] = computed(Equation((i, j), (A.access(i, j) + A.access(j, i)) / 2))
            turned = computed(Equation((i, j), A.access(j, i)))
            yield Candidate("missing transpose", A.label, "claim", claim, {A: turned})
            yield Candidate("symmetric assumption", A.label, "claim", claim, {A: means[A]})
    if 2 <= len(means) <= 4:
        for several in (s for k in range(2, len(means) + 1) for s in itertools.combinations(means, k)):
            words = " and ".join(A.label for A in several)
            yield Candidate("symmetric assumption", words, "claim", claim, {A: means[A] for A in several})


def shape_candidates(claim: Tensor, extents: Sequence[sp.Expr]) -> Iterator[Candidate]:
    """Claims of another shape brought to the truth's: summed, made diagonal, summed over another axis."""
    every = claim.fresh_indices()
    if claim.ndim > len(extents):
        for axes in itertools.combinations(range(claim.ndim), claim.ndim - len(extents)):
            kept = [i for a, i in enumerate(every) if a not in axes]
            if same_shape([i.extent for i in kept], extents):
                bound = [every[a] for a in axes]
                over = ", ".join(str(i.extent) for i in bound)
                count = sp.Mul(*(i.extent for i in bound))
                total = computed(equation(kept, claim.access(*every), bound))
                yield replaced("missing sum over the batch", over, claim, total)
                mean = computed(equation(kept, claim.access(*every) / count, bound))
                yield replaced("missing sum over the batch", f"{over} (and averaged)", claim, mean)
    if same_shape((*claim.extents, *claim.extents), extents):
        others = claim.fresh_indices()
        deltas = sp.Mul(*(Equal(a, b) for a, b in zip(every, others, strict=True)))
        diagonal = computed(Equation((*every, *others), claim.access(*every) * deltas))
        yield replaced("diagonal Jacobian", "the entries belong on the diagonal", claim, diagonal)
    if same_shape(claim.extents, extents) and claim.ndim == 2 and same_shape(extents[:1], extents[1:]):
        i, j = every
        diagonal = computed(Equation((i, j), claim.access(i, j) * Equal(i, j)))
        yield replaced("diagonal Jacobian", "off the diagonal it is zero", claim, diagonal)
    yield from _summed_otherwise(claim, extents)


def _summed_otherwise(claim: Tensor, extents: Sequence[sp.Expr]) -> Iterator[Candidate]:
    """The claim's last sum taken over another axis, which gives the truth's shape; scalar factors around it are kept."""
    t, outer = claim, []
    while isinstance(t.definition, Equation) and t.definition.is_pointwise:
        inner = [a for a in t.definition.accesses if a.indices == t.definition.indices and a.indices]
        if len(inner) != 1 or any(a.tensor.ndim for a in t.definition.accesses if a is not inner[0]):
            return
        outer.append((t.definition, inner[0]))
        t = inner[0].tensor
    eq = t.definition
    if not isinstance(eq, Equation) or eq.reduce != "sum" or not eq.bound or eq.guards:
        return
    every = (*eq.indices, *eq.bound)
    for chosen in itertools.permutations(every, len(extents)):
        if set(chosen) == set(eq.indices) or not same_shape([i.extent for i in chosen], extents):
            continue
        bound = [i for i in every if i not in chosen]
        count = sp.Mul(*(i.extent for i in eq.bound)) / sp.Mul(*(i.extent for i in bound))
        for number in (sp.S.One, count):  # a mean is divided by the other length then
            total = computed(equation(chosen, number * eq.body, bound))
            for around, access in reversed(outer):
                indices = fresh_indices(total.extents)
                total = computed(Equation(indices, around.body.xreplace({access: total.access(*indices)})))
            yield replaced("sum over the wrong axis", f"of {name_of(t)}", claim, total)

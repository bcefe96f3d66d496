"""Positive semi-definite by its form: sums of w v vᵀ with w ≥ 0, and covariances diag(p) − ppᵀ of probability vectors.

The rows and columns of a form are paired axis by axis. Of a product, each factor over rows needs its mirror image over
columns; axes tied by a delta number blocks, indices of sums number terms, and what depends on these alone is a weight. A
pair of products S p_j δ_jm − S p_j p_m is S ⊗ (diag(p) − ppᵀ), semi-definite if S is.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.calculus.function_rules import is_nonnegative
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.splitting import monomials
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.functions import Equal, Sigmoid
from symbolic.program.tensors import Tensor

Indices = Sequence[Index]


def semidefinite(shown: Closed, rank: int) -> str:
    """What it rests on that the form is positive semi-definite; empty if that does not follow.

    >>> import symbolic as s
    >>> from symbolic.calculus.closed_form import closed_form
    >>> X, A = s.tensor("X", "n m"), s.tensor("A", "m m")
    >>> semidefinite(closed_form(X.T @ X), 1), semidefinite(closed_form(A * A.T), 1)
    ('squares', '')
    """
    rows, columns = shown.indices[:rank], shown.indices[rank:]
    products = monomials(shown.expr, {*rows, *columns})
    reasons = []
    while products:
        negative = next((p for p in products if sp.Mul(*p).could_extract_minus_sign()), None)
        if negative is None:
            reasons += [_squares(_opened(p), rows, columns) for p in products]
            break
        products.remove(negative)
        found = next(((p, why) for p in products if (why := _covariance(p, negative, shown, rank))), None)
        if found is None:
            return ""
        products.remove(found[0])
        reasons.append(found[1])
    if not all(reasons):
        return ""
    return reasons[0] if len(set(reasons)) == 1 else "sum"


def _opened(product: Sequence[sp.Expr]) -> list[sp.Expr]:
    """The factors, those inside sums included: what is semi-definite for each term of a sum is so for the sum."""
    found: list[sp.Expr] = []
    for f in product:
        if isinstance(f, Reduction) and f.kind == "sum" and not f.guards:
            fresh = f.renamed()
            found += _opened(sp.Mul.make_args(fresh.body))
        else:
            found.append(f)
    return found


def _squares(factors: Sequence[sp.Expr], rows: Indices, columns: Indices) -> str:
    """Whether a product is w v vᵀ in each block, with w ≥ 0."""
    pairs = list(zip(rows, columns, strict=True))
    tied = [(i, j) for i, j in pairs if any(isinstance(f, Equal) and set(f.args) == {i, j} for f in factors)]
    left = [f.xreplace({j: i for i, j in tied}) for f in factors]
    open_pairs = [pair for pair in pairs if pair not in tied]
    first, second = {i for i, _ in open_pairs}, {j for _, j in open_pairs}
    swap = {**dict(open_pairs), **{j: i for i, j in open_pairs}}
    while left:
        f = left.pop()
        if not f.free_symbols & (first | second):
            if not _is_weight(f):
                return ""
            continue
        base, e = f.as_base_exp() if f.is_Pow and not isinstance(f, sp.exp) else (f, sp.S.One)
        mirrored = base.xreplace(swap) ** e
        if (f.free_symbols & first and f.free_symbols & second) or mirrored not in left:
            return ""
        left.remove(mirrored)
    return "squares" if open_pairs else "diagonal"


def _covariance(one: list[sp.Expr], two: list[sp.Expr], shown: Closed, rank: int) -> str:
    """Whether ``one`` + ``two`` is S ⊗ (diag(p) − ppᵀ) on some axis, with S semi-definite on the others."""
    rows, columns = shown.indices[:rank], shown.indices[rank:]
    inner = _opened(two)
    bound = [i for i in sp.Mul(*inner).free_symbols if isinstance(i, Index) and i not in shown.indices]
    for a, (j, m) in enumerate(zip(rows, columns, strict=True)):
        for p in [f for f in inner if _is_probability(f, j)]:
            other = p.xreplace({j: m})
            if other not in inner or p.has(m):
                continue
            rest = list(inner)
            rest.remove(p)
            rest.remove(other)
            scale = [-sp.Mul(*(f for f in rest if f.is_number)), *(f for f in rest if not f.is_number)]
            whole = Reduction("sum", sp.Mul(*scale, p, Equal(j, m)), bound)
            if normal_form(Closed(shown.indices, sp.Mul(*one) - whole)).expr != 0:
                continue
            beside = [side[:a] + side[a + 1 :] for side in (rows, columns)]
            if any(f.has(j, m) for f in scale):
                continue
            why = _squares(scale, *beside)
            if why:
                return "covariances" if why == "squares" else "blocks" if beside[0] or bound else "covariance"
    return ""


def _is_probability(f: sp.Expr, j: Index) -> bool:
    """Whether a factor is an entry of a tensor that sums to one along j and is not negative."""
    if not isinstance(f, Access) or j not in f.indices:
        return False
    t, axis = f.tensor, f.indices.index(j)
    if "probability" in t.assume:
        return axis == t.ndim - 1
    sums = any(fact.power == 1 and fact.value == 1 and [a % t.ndim for a in fact.axes] == [axis] for fact in t.facts)
    return sums and _is_weight(f)


def _is_weight(w: sp.Expr) -> bool:
    """Whether a factor is known not to be negative."""
    even = w.is_Pow and w.exp.is_Integer and w.exp % 2 == 0
    return bool(even or w.is_nonnegative or is_nonnegative(w) or _is_sigmoid_part(w))


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

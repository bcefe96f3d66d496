"""Presentation, phase 2: a normal form as a person would write it.

Names are folded (a tensor in scope whose definition occurs is written by its name), then common factors are taken, each
once and in that order: interleaved with expansion the two would undo each other. The result has the value of the
expression that went in and does not depend on the order in which it was built.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import sympy as sp

from symbolic.calculus.canonical import canonical, placed, rebuilt, signature
from symbolic.calculus.closed_form import Closed, TooLargeError, bound_indices, closed_form, is_boundary
from symbolic.calculus.factoring import factored
from symbolic.calculus.folding import folded, size
from symbolic.calculus.gathering import gathered
from symbolic.calculus.normal_form import Normaliser, normal_form
from symbolic.calculus.polynomials import Polynomial, accumulate
from symbolic.calculus.realisation import realised
from symbolic.calculus.remembered import remembered
from symbolic.language.softmaxes import softmax
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.facts import Fact
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

LONGEST = 300  # as ``folding.size`` counts; nobody reads more, and factoring it would cost its square
SHORT = 100  # forms up to here are run as they are printed; longer ones would repeat what a program shares


def present(closed: Closed, scope: Iterable[Tensor] = (), stop: Callable[[Tensor], bool] = is_boundary) -> Closed:
    """``closed`` folded and factored for reading; ``scope`` are the tensors by whose names it may be written.

    An expression too large to normalise or to read comes back as it is.

    >>> import numpy as np
    >>> import symbolic as s
    >>> X, w, y = s.tensor("X", "n m"), s.tensor("w", "m"), s.tensor("y", "n")
    >>> print(present(closed_form(s.gradient(np.sum((X @ w - y) ** 2), w))))
    [i] = 2*sum[r]((-y[r] + sum[k](w[k]*X[r, k]))*X[r, i])
    """
    if size(closed.expr) > LONGEST:
        return placed(closed)
    return _present(gathered(closed), tuple(scope), stop)


@remembered
def _present(closed: Closed, scope: Sequence[Tensor], stop: Callable[[Tensor], bool]) -> Closed:
    try:
        form = _shortest(folded(_shortest(normal_form(closed)), scope, stop))
        softmaxes = found_softmaxes(form.expr)
        if softmaxes:
            form = folded(form, softmaxes)
        expr = _presented(form.expr)
        rules = form.rules if expr == form.expr else (*form.rules, "common_factor")
        return Closed(form.indices, expr, form.conditions, rules)
    except (TooLargeError, RecursionError):
        return closed


def _shortest(form: Closed) -> Closed:
    """The form divided by its denominators, σ/(1 − σ) = 1/(1 − σ) − 1, where that leaves less to read."""
    if not any(power.base.is_Add and power.exp.is_negative for power in form.expr.atoms(sp.Pow)):
        return form
    divided = normal_form(form, division=True)
    return divided if size(divided.expr) < size(form.expr) else form


def found_softmaxes(expr: sp.Expr) -> list[Tensor]:
    """softmax(u) for every 1/Σ_k e^(u_k) in an expression."""
    found = []
    for power in sorted(expr.atoms(sp.Pow), key=lambda p: signature(p, {})):
        r = power.base
        if (
            power.exp.is_negative
            and isinstance(r, Reduction)
            and r.kind == "sum"
            and not r.guards
            and len(r.bound) == 1
        ):
            exponents = [f.args[0] for f in sp.Mul.make_args(r.body) if isinstance(f, sp.exp)]
            if len(exponents) == len(sp.Mul.make_args(r.body)):
                outer = sorted(_free(r), key=lambda i: getattr(i, "place", ("", i.dummy_index)))
                found.append(_softmax(Closed((*outer, *r.bound), sp.Add(*exponents))))
    return list(dict.fromkeys(found))


def _free(r: Reduction) -> set[Index]:
    return {i for i in r.free_symbols if isinstance(i, Index)} - set(bound_indices(r))


@functools.lru_cache(maxsize=256)
def _softmax(logits: Closed) -> Tensor:
    """softmax along the last axis; the same tensor for the same logits, so that equal forms stay equal."""
    if isinstance(logits.expr, Access) and logits.expr.indices == logits.indices:
        return softmax(logits.expr.tensor)
    return softmax(realised(logits))


def scope_of(t: Tensor) -> list[Tensor]:
    """The named tensors and well-known functions in the program of ``t``, newest first."""
    return [u for u in reversed(topological([t])) if u is not t and (u.name or u.call) and u.definition is not None]


def presented(t: Tensor, scope: Iterable[Tensor] | None = None, stop: Callable[[Tensor], bool] = is_boundary) -> Closed:
    """The closed form of ``t`` as a person would write it, in the names of its program.

    Sums that the program computes (a residual Xw − y, a centred value) are either expanded or kept whole, whichever
    leaves less to read; kept whole, nothing that cancels in them is lost when the result is run. Raises
    ``TooLargeError`` where no closed form is read.
    """
    scope = scope_of(t) if scope is None else list(scope)
    whole = lambda u: stop(u) or is_unnamed_sum(u)  # noqa: E731
    form = closed_form(t, whole)
    if not any(is_unnamed_sum(a.tensor) and not stop(a.tensor) for a in form.expr.atoms(Access)):
        return present(form, scope, stop)
    kept = present(_shared(form), scope, whole)
    try:
        expanded = present(closed_form(t, stop), scope)
    except TooLargeError:
        return inlined(kept, stop)
    if size(kept.expr) > size(expanded.expr):
        return expanded
    written = inlined(kept, stop)
    # A tie is decided by what is read once the sums are written out.
    tie = size(kept.expr) == size(expanded.expr) and size(written.expr) > size(expanded.expr)
    return expanded if tie else written


def _shared(closed: Closed) -> Closed:
    """The form with equal unnamed sums read from one tensor; of a centred one it is noted that it sums to zero."""
    sums = sorted({a.tensor for a in closed.expr.atoms(Access) if is_unnamed_sum(a.tensor)}, key=lambda u: u.serial)
    first: dict[Closed, Tensor] = {}
    same: dict[Tensor, Tensor] = {}
    for u in sums:
        form = normal_form(closed_form(u))
        same[u] = first.setdefault(form, u)
        if same[u] is u and form.expr.has(Reduction) and not u.facts:
            u.facts = tuple(Fact((a,), 1, sp.S.Zero) for a, i in enumerate(form.indices) if sums_to_zero(form, i))
    mapping = {
        a: same[a.tensor].access(*a.indices)
        for a in closed.expr.atoms(Access)
        if same.get(a.tensor, a.tensor) is not a.tensor
    }
    return replace(closed, expr=closed.expr.xreplace(mapping)) if mapping else closed


def sums_to_zero(form: Closed, index: Index) -> bool:
    """Whether a form summed over one of its indices is exactly zero."""
    own = tuple(i.fresh() for i in form.indices)  # an output index keeps its identity only in its own place
    over = own[form.indices.index(index)]
    return (
        normal_form(Closed(tuple(i for i in own if i is not over), Reduction("sum", form.at(own), (over,)))).expr == 0
    )


def is_unnamed_sum(t: Tensor) -> bool:
    """True for an unnamed sum or difference of the user's, entry by entry."""
    definition = t.definition
    return (
        isinstance(definition, Equation)
        and t.name is None
        and not t.derived
        and t.dtype == "real"
        and definition.is_pointwise
        and definition.body.is_Add
        and bool(definition.accesses)
    )


def inlined(closed: Closed, stop: Callable[[Tensor], bool] = is_boundary) -> Closed:
    """The form with unnamed sums written out where they stand, not distributed."""
    mapping: dict[sp.Expr, sp.Expr] = {}
    for access in closed.expr.atoms(Access):
        if is_unnamed_sum(access.tensor) and not stop(access.tensor):
            mapping[access] = closed_form(access.tensor, stop).at(access.indices)
    if not mapping:
        return closed
    return replace(closed, expr=canonical(_written_out(closed.expr, mapping)))


def _written_out(expr: sp.Expr, mapping: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    if expr in mapping:
        return mapping[expr]
    if isinstance(expr, Access) or not expr.has(*mapping):
        return expr
    if isinstance(expr, Reduction):
        return Reduction(expr.kind, _written_out(expr.body, mapping), expr.bound, expr.guards)
    return rebuilt(expr, [_written_out(a, mapping) for a in expr.args])


def simplified(t: Tensor) -> Tensor:
    """A tensor of the same value whose program is the presented form: what is printed and what is run agree.

    Where the form is long, it is the tensor itself, whose program shares what a long form would repeat.

    >>> import numpy as np
    >>> import symbolic as s
    >>> A = s.tensor("A", "n n", assume="symmetric")
    >>> x = s.tensor("x", "n")
    >>> g = simplified(s.gradient(x @ A @ x, x))
    >>> str(g.definition)
    '[i] = 2*_...[i]'
    """
    try:
        form = presented(t)
    except (TooLargeError, RecursionError):
        return t
    if size(form.expr) > SHORT:
        return t
    simple = realised(form, t.dtype)
    if t.name is not None:
        simple.named(t.name, t.tex)
    return simple


def _presented(expr: sp.Expr) -> sp.Expr:
    """Factored inside function arguments and sums first, then as a whole."""
    p: Polynomial = {}
    for monomial, c in Normaliser().polynomial(expr).items():
        accumulate(p, frozenset((_inner(base), e) for base, e in monomial), c)
    return factored(p)


def _inner(base: sp.Expr) -> sp.Expr:
    if isinstance(base, Access) or not base.args:
        return base
    if base.is_Add:
        return _presented(base)
    if isinstance(base, sp.log) and isinstance(base.args[0], Reduction):
        r = base.args[0]
        if r.kind == "sum" and isinstance(r.body, sp.exp):
            return Reduction("logsumexp", _presented(r.body.args[0]), r.bound, r.guards)
    if isinstance(base, Reduction):
        if base.kind == "sum":
            return Reduction(base.kind, sp.Mul(*map(_factor, sp.Mul.make_args(base.body))), base.bound, base.guards)
        return Reduction(base.kind, _presented(base.body), base.bound, base.guards)
    return base.func(*(_presented(a) if a.has(Access) else a for a in base.args))


def _factor(f: sp.Expr) -> sp.Expr:
    if f.is_Pow and not isinstance(f, sp.exp):
        return _inner(f.base) ** f.exp
    return _inner(f)

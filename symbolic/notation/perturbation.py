"""Perturbation notation: how a tensor moves when the tensors that it is made of move a little.

The differential is linear in one symbol dT for each varied tensor T, so ds = W dx + dW x + db, and for a pointwise
function dz = h′(s) ⊙ ds, with h′ written in terms of z itself where it can be (tanh′ = 1 − z ⊙ z).
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from symbolic.calculus.closed_form import Closed, closed_form
from symbolic.calculus.realisation import realised
from symbolic.errors import NotDifferentiableError, UnsupportedError
from symbolic.notation.closed import closed_of
from symbolic.notation.names import name_latex
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Reduction, Zero
from symbolic.program.functions import Equal, Where
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

_FIXED = frozenset(["target", "constant"])


def differential_symbol(t: Tensor, order: int = 1) -> Tensor:
    """The tensor dT that stands for a small change of T, or d²T for its change of second order."""
    name = t.name or f"t_{t.serial}"
    power = f"^{{{order}}}" if order > 1 else ""
    tex = t.tex or name_latex(name)
    return Tensor(
        f"d{order if order > 1 else ''}{name}", t.extents, role="differential", tex=rf"\mathrm{{d}}{power}{tex}"
    )


def varied(closed: Closed) -> list[Tensor]:
    """The tensors that move unless the caller says which: real ones that are neither targets nor constants.

    Well-known functions and primitives without a name are looked into.
    """
    read = {a.tensor for a in closed.expr.atoms(Access)}
    plain = {t for t in read if _is_unnamed(t) and t.call is None and isinstance(t.definition, Equation)}
    found = plain | {u for u in topological(read - plain, stop=lambda u: not _is_unnamed(u)) if not _is_unnamed(u)}
    kept = [t for t in found if t.dtype == "real" and t.role not in _FIXED]
    return sorted(kept, key=lambda t: t.serial)


def _is_unnamed(t: Tensor) -> bool:
    return t.name is None and t.definition is not None


def differential(closed: Closed, output: Tensor | None = None, vary: Iterable[Tensor] | None = None) -> Closed:
    """The differential of a closed form, a closed form that is linear in the symbols dT.

    ``output``: the tensor that the closed form defines; where its own value turns up in the derivative (tanh, exp,
    sigmoid), its name is written. Raises ``NotDifferentiableError`` through argmax.
    """
    symbols = {t: differential_symbol(t) for t in (varied(closed) if vary is None else vary)}
    moved = _differential(closed.expr, symbols)
    if output is not None and output.name is not None and not isinstance(closed.expr, (Access, sp.Symbol)):
        moved = moved.xreplace({closed.expr: output.access(*closed.indices)})
    return Closed(closed.indices, moved)


def _differential(e: sp.Expr, symbols: dict[Tensor, Tensor]) -> sp.Expr:
    if isinstance(e, Access):
        if e.tensor in symbols:
            return symbols[e.tensor].access(*e.indices)
        return _inside(e.tensor, symbols).at(e.indices) if _is_unnamed(e.tensor) else sp.S.Zero
    if not any(a.tensor in symbols or _is_unnamed(a.tensor) for a in e.atoms(Access)):
        return sp.S.Zero
    if isinstance(e, Reduction):
        return _of_reduction(e, symbols)
    if isinstance(e, Where):
        condition, *branches = e.args
        return Where(condition, *(_differential(b, symbols) for b in branches))
    places = [sp.Dummy(f"a{k}", real=True, positive=a.is_positive) for k, a in enumerate(e.args)]
    shape = e.func(*places)
    back = dict(zip(places, e.args, strict=True))
    moved = sp.S.Zero
    for place, a in back.items():
        change = _differential(a, symbols)
        if change != 0:
            slope = _slope(e, shape, place, back)
            moved = moved + (_spread(slope, change) if change.is_Add and e.is_Mul else slope * change)
    return moved


def _inside(t: Tensor, symbols: dict[Tensor, Tensor]) -> Closed:
    """The differential of an unnamed tensor from those of its operands."""
    if isinstance(t.definition, Application):
        parts = [_closed_differential(closed_of(o) if o.name is None else _itself(o), symbols) for o in t.operands]
        dots = [None if part.expr == 0 else realised(part) for part in parts]
        if all(dot is None for dot in dots):
            return Closed(t.fresh_indices(), sp.S.Zero)
        return closed_of(t.definition.primitive.pushforward(dots, t, *t.operands, **dict(t.definition.options)))
    opened = closed_form(t)
    moved = _closed_differential(opened, symbols)
    return Closed(moved.indices, moved.expr.xreplace({opened.expr: t.access(*opened.indices)}))


def _itself(t: Tensor) -> Closed:
    indices = t.fresh_indices()
    return Closed(indices, t.access(*indices))


def _closed_differential(closed: Closed, symbols: dict[Tensor, Tensor]) -> Closed:
    return Closed(closed.indices, _differential(closed.expr, symbols))


def _slope(e: sp.Expr, shape: sp.Expr, place: sp.Dummy, back: dict[sp.Dummy, sp.Expr]) -> sp.Expr:
    slope = shape.diff(place)
    if slope.has(sp.Derivative):
        raise UnsupportedError(f"the derivative of {e.func.__name__} by one of its arguments is not supported")
    return slope.xreplace({shape: e}).xreplace(back)


def _spread(slope: sp.Expr, change: sp.Expr) -> sp.Expr:
    return sp.Add(*(slope * term for term in change.args))


def _of_reduction(e: Reduction, symbols: dict[Tensor, Tensor]) -> sp.Expr:
    change = _differential(e.body, symbols)
    if e.kind == "sum":
        return sp.Add(*(_summed(t, e) for t in sp.Add.make_args(change)))
    if e.kind == "logsumexp":
        return Reduction("sum", sp.exp(e.body - e.renamed()) * change, e.bound, e.guards)
    if e.kind == "prod":
        fresh = {k: k.fresh() for k in e.bound}
        same = sp.Mul(*(Equal(k, other) for k, other in fresh.items()))
        others = Where(same, sp.S.One, e.body.xreplace(fresh))
        guards = [g.xreplace(fresh) for g in e.guards]
        return Reduction("sum", Reduction("prod", others, fresh.values(), guards) * change, e.bound, e.guards)
    if e.kind in ("max", "min"):
        return Reduction("sum", change, e.bound, (*e.guards, Zero(_flat(e.bound) - _winner(e))))
    raise NotDifferentiableError(f"{e.kind} has no differential: its value is an index")


def _summed(term: sp.Expr, like: Reduction) -> sp.Expr:
    """The sum of a term over the points of ``like``, its number in front."""
    number, rest = term.as_coeff_Mul()
    return number * Reduction("sum", rest, like.bound, like.guards).renamed()


def _flat(bound: Iterable[Index]) -> sp.Expr:
    flat: sp.Expr = sp.S.Zero
    for index in bound:
        flat = flat * index.extent + index
    return flat


def _winner(e: Reduction) -> Reduction:
    return Reduction(f"arg{e.kind}", e.body, e.bound, e.guards).renamed()

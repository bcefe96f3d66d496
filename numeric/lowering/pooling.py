"""The pullback of a maximum over windows that tile an axis: every entry asks whether it was its window's maximum.

    x̄[k, l] = Σ_{p, q} z̄[p, q]  where  k = a·p + arg[p, q] // b,  l = b·q + arg[p, q] mod b
becomes
    D[p, u, q, v] = (z̄[p, q] if arg[p, q] = b·u + v else 0),        x̄[k, l] = D[k // a, k mod a, l // b, l mod b]

Nothing is scattered and no point is added to twice. Windows that overlap keep the sum.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import redefined, rewritten, with_operands
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index, Quotient, Remainder, Within, Zero
from symbolic.program.functions import Equal, Where
from symbolic.program.tensors import Tensor, computed


def unpooled(program: Program) -> Program:
    """The program with the pullbacks of tiling windows as comparisons."""

    def rule(t: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        new = with_operands(t, replaced)
        eq = new.definition
        if not isinstance(eq, Equation) or eq.reduce != "sum" or not eq.bound or new.dtype != "real":
            return new
        spread = _compared(eq)
        return new if spread is None else redefined(new, spread)

    return rewritten(program, rule)


def _compared(eq: Equation) -> Equation | None:
    """The equation as a rearrangement of comparisons; None if it is no pullback through an arg over tiling windows."""
    args = {e.args[0] for g in eq.guards for e in g.atoms(Quotient, Remainder) if isinstance(e.args[0], Access)}
    args |= {g.args[0] for g in eq.guards if isinstance(g, Within) and isinstance(g.args[0], Access)}
    if len(args) != 1:
        return None
    (arg,) = args
    count, places = None, {}
    for guard in eq.guards:
        if isinstance(guard, Within) and guard.args[0] == arg and guard.args[1].is_Integer:
            count = guard.args[1]
            continue
        found = _place(guard, eq, arg) if isinstance(guard, Zero) else None
        if found is None:
            return None
        places[found[0]] = found[1:]
    if (
        count is None
        or len({p for p, _ in places.values()}) < len(places)
        or {p for p, _ in places.values()} != set(eq.bound)
    ):
        return None
    return _tiled(eq, arg, count, places)


def _place(guard: Zero, eq: Equation, arg: Access) -> tuple[Index, Index, sp.Expr] | None:
    """(k, p, part) if the guard says k = a·p + part, where part of the arg is below a and a·p + part tiles k."""
    e = guard.args[0]
    for k in eq.indices:
        c = e.coeff(k, 1)
        if c not in (1, -1):
            continue
        rest = sp.expand(-(e - c * k) / c)
        parts = [term for term in sp.Add.make_args(rest) if term.has(arg)]
        moved = [term.as_coeff_Mul() for term in sp.Add.make_args(rest) if not term.has(arg)]
        if len(parts) != 1 or len(moved) != 1 or not isinstance(moved[0][1], Index):
            return None
        (a, p), part = moved[0], parts[0]
        if p in eq.bound and a.is_Integer and a > 1 and sp.expand(a * p.extent - k.extent) == 0:
            return k, p, part
        return None
    return None


def _tiled(eq: Equation, arg: Access, count: sp.Expr, places: Mapping[Index, tuple[Index, sp.Expr]]) -> Equation | None:
    """D and its rearrangement, if the parts of the arg are the digits of one number below ``count``."""
    code, sizes = sp.S.Zero, {}
    for k, (p, _) in places.items():
        sizes[k] = sp.cancel(k.extent / p.extent)
    unit = sp.S.One
    offsets = {k: Index("u", sizes[k]) for k in places}
    pending = dict(places)
    while pending:
        found = next((k for k, (_, part) in pending.items() if part == _digit(arg, unit, sizes[k], count)), None)
        if found is None:
            return None
        code = code + unit * offsets[found]
        unit = unit * sizes[found]
        del pending[found]
    if unit != count:
        return None
    inner: list[Index] = []
    read: list[sp.Expr] = []
    for i in eq.indices:
        if i in places:
            inner += [places[i][0], offsets[i]]
            read += [Quotient(i, sizes[i]), Remainder(i, sizes[i])]
        else:
            inner.append(i)
            read.append(i)
    spread = computed(Equation(tuple(inner), Where(Equal(arg, code), eq.body, sp.S.Zero)))
    return Equation(eq.indices, spread.access(*read))


def _digit(arg: Access, unit: sp.Expr, size: sp.Expr, count: sp.Expr) -> sp.Expr:
    """(arg // unit) mod size, as it is written for an arg below ``count``."""
    whole = arg if unit == 1 else Quotient(arg, unit)
    return whole if unit * size == count else Remainder(whole, size)

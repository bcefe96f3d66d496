"""Reverse mode: a cotangent of an output is pulled back to every tensor that it depends on.

To pull ō back through out[o] = Σ_k body(…, u[e(o, k)], …) to the access u[e]: differentiate the body by the access,
multiply by ō[o], ask that e equal the target's indices, and sum over everything else:

    ū[t] = Σ_{o, k} ō[o] · ∂body/∂u[e] · [e(o, k) = t]

The condition is solved by elimination (``symbolic.program.equations``), so the result is one more equation and the
derivative of a program is a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sympy as sp

from symbolic.errors import NotDifferentiableError, ShapeError
from symbolic.language.shaping import added, full
from symbolic.program.dims import shape_text
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Guard, Index, Quotient, Remainder, Zero
from symbolic.program.functions import BY_HEAD, Equal, Where
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed, fresh_indices


def cotangents(
    output: Tensor,
    seed: Tensor,
    wrt: Iterable[Tensor],
    *,
    stop: Callable[[Tensor], bool] = lambda t: False,
    finish: Callable[[Tensor, Tensor], Tensor] = lambda t, bar: bar,
) -> dict[Tensor, Tensor]:
    """The cotangents of all tensors between ``wrt`` and ``output``, given the output's own.

    ``seed`` has the output's shape, after any leading axes, which every cotangent then carries first. Tensors on which
    the output does not depend are missing from the result. Tensors for which ``stop`` holds are not differentiated
    through; ``finish(t, bar)`` may replace the finished cotangent of t by another of the same value, which then goes on.

    Raises ``NotDifferentiableError`` where the only way from the output to a tensor of ``wrt`` is through integers or
    comparisons.
    """
    wrt = list(wrt)
    lead = seed.extents[: seed.ndim - output.ndim]
    order = topological([output], stop=lambda t: t is not output and stop(t))
    active, blocked = dependence(order, wrt, lambda t: t is not output and stop(t))
    if output.serial not in active and output.serial in blocked:
        culprit = blocked[output.serial]
        raise NotDifferentiableError(
            f"{output.describe()} depends on {', '.join(w.label for w in wrt)} only through {made_by(culprit)}"
            f"{culprit.describe()} made at {culprit.origin}, which holds {'truth values' if culprit.dtype == 'bool' else 'integers'} and has no derivative"
        )
    parts: dict[Tensor, list[Tensor]] = {output: [seed]} if output.serial in active else {}
    result: dict[Tensor, Tensor] = {}
    for t in reversed(order):
        if t not in parts:
            continue
        bar = result[t] = finish(t, derived(added(parts.pop(t))))
        if t.definition is None or (t is not output and stop(t)):
            continue
        if isinstance(t.definition, Application):
            _through_primitive(t, bar, lead, active, parts)
            continue
        for access in t.definition.accesses:
            if access.tensor.serial in active:
                parts.setdefault(access.tensor, []).append(through_equation(t, access, bar, lead))
    return result


def derived(t: Tensor) -> Tensor:
    """``t``, marked as made by differentiation unless it was there before."""
    if t.name is None and t.definition is not None:
        t.derived = True
    return t


def dependence(
    order: Sequence[Tensor], wrt: Iterable[Tensor], stop: Callable[[Tensor], bool] = lambda t: False
) -> tuple[set[int], dict[int, Tensor]]:
    """Which tensors depend differentiably on ``wrt``, and which only through an integer or truth value (named)."""
    active: set[int] = {w.serial for w in wrt}
    blocked: dict[int, Tensor] = {}
    for w in wrt:
        if w.dtype != "real":
            raise NotDifferentiableError(
                f"{w.describe()} holds integers (declared at {w.origin}) and has no derivative"
            )
    for t in order:
        if t.serial in active or stop(t):
            continue
        if any(u.serial in active for u in t.operands):
            if t.dtype == "real":
                active.add(t.serial)
            else:
                blocked[t.serial] = t
        elif any(u.serial in blocked for u in t.operands):
            blocked[t.serial] = next(blocked[u.serial] for u in t.operands if u.serial in blocked)
    return active, blocked


def made_by(t: Tensor) -> str:
    """``argmax: `` for a tensor that argmax computes, to start a message; empty where no one function is to blame."""
    eq = t.definition
    if not isinstance(eq, Equation):
        return ""
    row = BY_HEAD.get(eq.body.func)
    if eq.reduce.startswith("arg"):
        return f"{eq.reduce}: "
    return f"{row.name}: " if row is not None and eq.is_pointwise else ""


def local_derivative(t: Tensor, access: Access, reuse: bool = True) -> tuple[sp.Expr, tuple[Guard, ...]]:
    """∂out/∂access at a point (o, k), with the guards under which the point takes part.

    ``reuse`` writes the derivative of a pointwise function through its own output (tanh′ = 1 − out²).
    """
    eq = t.definition
    slope = derivative(eq.body, access)
    out = t.access(*eq.indices)
    if eq.reduce == "sum":
        if reuse and not eq.bound and not eq.body.is_Symbol and not isinstance(eq.body, Access):
            slope = through_output(slope, eq.body, out)
        return slope, eq.guards
    if eq.reduce == "logsumexp":
        return sp.exp(eq.body - out) * slope, eq.guards
    if eq.reduce == "prod":
        return _others(eq).access(*eq.indices, *eq.bound) * slope, eq.guards
    if eq.reduce in ("max", "min"):
        winner = computed(Equation(eq.indices, eq.body, eq.bound, "arg" + eq.reduce, eq.guards), "int")
        flat: sp.Expr = sp.S.Zero
        for index in eq.bound:
            flat = flat * index.extent + index
        return slope, (*eq.guards, Zero(flat - winner.access(*eq.indices)))
    raise NotDifferentiableError(f"{t.describe()}: {eq.reduce} has no derivative")


def through_output(slope: sp.Expr, body: sp.Expr, out: Access) -> sp.Expr:
    """The derivative of a pointwise function in terms of its value: tanh′ = 1 − out², (1/√v)′ = −out³/2."""
    slope = slope.xreplace({body: out})
    c, power = body.as_coeff_Mul()
    if not power.is_Pow or not power.exp.is_Rational or (power.exp.is_Integer and power.exp > 0):
        return slope
    mapping = {}
    for other in slope.atoms(sp.Pow):
        ratio = other.exp / power.exp
        if other.base == power.base and ratio.is_Integer:
            mapping[other] = (out / c) ** ratio
    return slope.xreplace(mapping)


def derivative(body: sp.Expr, access: Access) -> sp.Expr:
    """∂body/∂access, the access taken as an independent scalar."""
    if body == access:
        return sp.S.One
    if body.is_Add:
        return sp.Add(*(derivative(a, access) for a in body.args if a.has(access)))
    if body.is_Mul:
        mine = [a for a in body.args if a.has(access)]
        if len(mine) == 1:
            return sp.Mul(*(a for a in body.args if a is not mine[0]), derivative(mine[0], access))
    if isinstance(body, sp.Function) and body.args == (access,):
        return body.fdiff(1)
    symbol = sp.Dummy("a", real=True, positive=access.is_positive)
    return body.xreplace({access: symbol}).diff(symbol).xreplace({symbol: access})


def _others(eq: Equation) -> Tensor:
    """The product over all points but one: others[o, k] = Π_{k′ ≠ k} body(o, k′)."""
    mapping = {k: k.fresh() for k in eq.bound}
    same = sp.Mul(*(Equal(k, other) for k, other in mapping.items()))
    body = Where(same, sp.S.One, eq.body.xreplace(mapping))
    guards = [g.xreplace(mapping) for g in eq.guards]
    return computed(equation((*eq.indices, *eq.bound), body, mapping.values(), "prod", guards))


def through_equation(t: Tensor, access: Access, bar: Tensor, lead: Sequence[sp.Expr]) -> Tensor:
    """The contribution of one access of ``t``'s equation to the cotangent of the tensor that it reads."""
    eq = t.definition
    slope, guards = local_derivative(t, access)
    leading = fresh_indices(lead, avoid=8)
    weight, more = structural(bar, (*leading, *eq.indices))
    targets = fresh_indices(access.tensor.extents)
    matches = match(targets, access.indices)
    body = weight * slope
    out = (*leading, *targets)
    pulled = equation(out, body, (*eq.indices, *eq.bound), guards=(*guards, *more, *matches))
    same = all(sp.expand(i.extent - e) == 0 for i, e in zip(out, bar.extents, strict=False))
    if same and not pulled.guards and not pulled.bound and pulled.body == bar.access(*out):
        return bar
    return derived(computed(pulled))


def structural(t: Tensor, at: Sequence[sp.Expr]) -> tuple[sp.Expr, tuple[Guard, ...]]:
    """``t`` read at indices: inlined if it is a mere delta or constant, else an access."""
    eq = t.definition
    if (
        isinstance(eq, Equation) and t.name is None and eq.reduce == "sum" and not eq.bound
        and (eq.guards or not eq.accesses)
    ):  # fmt: skip
        inlined = eq.at(at)
        return inlined.body, inlined.guards
    return t.access(*at), ()


def match(targets: Sequence[Index], indices: Sequence[sp.Expr]) -> list[Guard]:
    """The guards ``indices = targets``, with the parts of an unpacked axis joined again first."""
    pairs = list(zip(targets, indices, strict=True))
    equalities: list[tuple[sp.Expr, sp.Expr]] = [(t, e) for t, e in pairs]
    joined = True
    while joined:
        joined = False
        for inner in equalities:
            if not isinstance(inner[1], Remainder):
                continue
            e, n = inner[1].args
            outer = next(
                (
                    o
                    for o in equalities
                    if isinstance(o[1], (Quotient, Remainder)) and o is not inner and _is_outer(o[1], e, n)
                ),
                None,
            )
            if outer is None:
                continue
            equalities.remove(inner)
            equalities.remove(outer)
            if isinstance(outer[1], Quotient):
                equalities.append((outer[0] * n + inner[0], e))
            else:
                equalities.append((outer[0] * n + inner[0], Remainder(e, sp.expand(n * outer[1].args[1]))))
            joined = True
            break
    return [Zero(e - t) for t, e in equalities]


def _is_outer(candidate: sp.Expr, e: sp.Expr, n: sp.Expr) -> bool:
    if isinstance(candidate, Quotient):
        return candidate == Quotient(e, n)
    return candidate.args[0] == Quotient(e, n)


def _through_primitive(t: Tensor, bar: Tensor, lead, active: set[int], parts: dict[Tensor, list[Tensor]]) -> None:
    application = t.definition
    bars = application.primitive.pullback(bar, t, *application.operands, **dict(application.options))
    for operand, part in zip(application.operands, bars, strict=True):
        if part is None or operand.serial not in active:
            continue
        if part.ndim != len(lead) + operand.ndim:
            raise ShapeError(
                f"the pullback of {application.primitive.name} gave {shape_text(part.extents)} for {operand.describe()}"
            )
        parts.setdefault(operand, []).append(part)


def identity_seed(output: Tensor) -> Tensor:
    """The batch of all unit cotangents: seed[r, o] = [r = o]; the number 1 for a scalar."""
    rows, columns = fresh_indices(output.extents, avoid=8), output.fresh_indices()
    return computed(
        equation((*rows, *columns), sp.S.One, guards=[Zero(r - c) for r, c in zip(rows, columns, strict=True)])
    )


def zero_like(extents: Iterable[sp.Expr]) -> Tensor:
    """The exact zero tensor of a shape."""
    return full(tuple(extents), 0)

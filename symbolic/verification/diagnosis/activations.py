"""Mistakes around nonlinear functions: h′ missing, h′ at the wrong argument, h for h′, softmax's Jacobian as diagonal."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Equal, Less, LessEqual, Step
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.diagnosis.candidates import Candidate, name_of
from symbolic.verification.diagnosis.neurons import Activation, neurons
from symbolic.verification.diagnosis.surgery import edited, rebuilt, with_body
from symbolic.verification.equality_shapes import same_shape


def _is_condition(t: Tensor) -> bool:
    return isinstance(t.definition, Equation) and isinstance(t.definition.body, (Step, Less, LessEqual))


def slope_candidates(claim: Tensor, slopes: Sequence[Activation]) -> Iterator[Candidate]:
    """Any intermediate result of the claim times h′ of any activation (by rows or columns where that fits).

    What the activation itself is computed from is no such result.
    """
    before = {a: set(topological([a.argument])) for a in slopes}
    for t in reversed(topological([claim])):
        if (t.definition is None and t is not claim) or t.dtype != "real":
            continue
        for a in slopes:
            if t in before[a]:
                continue
            for factor in _fitting(a.slope, t):
                yield Candidate("missing h'", name_of(a.output), "claim", claim, {t: _times(t, *factor)})
            eq = t.definition
            if isinstance(eq, Equation) and eq.reduce == "sum" and a.slope.ndim == 1:
                for k in (k for k in eq.bound if sp.expand(k.extent - a.slope.extents[0]) == 0):
                    change = {t: edited(t, with_body(eq, eq.body * a.slope.access(k)))}
                    yield Candidate("missing h'", name_of(a.output), "claim", claim, change)
    for a in slopes:
        for t in topological([claim]):
            eq = t.definition
            if isinstance(eq, Equation) and t is not a.output:
                for access in (b for b in eq.accesses if b.tensor is a.output):
                    for body in _with_factor(eq.body, access, a.slope.access(*access.indices)):
                        change = {t: edited(t, with_body(eq, body))}
                        yield Candidate("h instead of h'", name_of(a.output), "claim", claim, change)


def _with_factor(body: sp.Expr, access: Access, other: sp.Expr) -> Iterator[sp.Expr]:
    """The body with another factor for what is read, everywhere, or only where it is one: h of (h − y)·h·x."""
    yield body.xreplace({access: other})
    for product in body.atoms(sp.Mul):
        rest = product / access
        if access in product.args and rest.has(access):
            yield body.xreplace({product: rest * other})


def factor_candidates(claim: Tensor, tensors: Sequence[Tensor]) -> Iterator[Candidate]:
    """The claim, or a sum in it, times a declared tensor, a softmax or a named result: a factor that is lost."""
    known = [t for t in tensors if t.ndim and t.dtype == "real" and (t.name or _is_softmax(t))][:12]
    for v in known:
        for factor, axes in _fitting(v, claim):
            yield Candidate("missing factor", name_of(v), "claim", claim, {claim: _times(claim, factor, axes)})
        for t in topological([claim]) if v.ndim == 1 else ():
            eq = t.definition
            if isinstance(eq, Equation) and eq.reduce == "sum":
                for k in (k for k in eq.bound if sp.expand(k.extent - v.extents[0]) == 0):
                    change = {t: edited(t, with_body(eq, eq.body * v.access(k)))}
                    yield Candidate("missing factor", name_of(v), "claim", claim, change)


def gate_candidates(claim: Tensor, truth: Tensor) -> Iterator[Candidate]:
    """The claim times a condition of the truth that it does not read: the 0 or 1 that is the derivative of a maximum."""
    known = set(topological([claim]))
    for gate in topological([truth]):
        eq = gate.definition
        for other in known if _is_condition(gate) and gate not in known else ():
            if _is_condition(other) and same_shape(other.extents, gate.extents):
                text = f"{name_of(other)} instead of {name_of(gate)}"
                yield Candidate("h' at the wrong argument", text, "claim", claim, {other: gate})
        if gate not in known and isinstance(eq, Equation) and isinstance(eq.body, (Step, Less, LessEqual)):
            for factor, axes in _fitting(gate, claim):
                change = {claim: _times(claim, factor, axes)}
                yield Candidate("missing h'", f"the maximum, {name_of(gate)},", "claim", claim, change)


def other_slope_candidates(
    claim: Tensor, slopes: Sequence[Activation], alike: Mapping[int, int]
) -> Iterator[Candidate]:
    """What the claim computes from an activation's value or argument alone, made its derivative: σ(1 − σ) for 1 − σ²."""
    bent = [a for a in slopes if not _is_square(a)]
    order = topological([claim])
    for a in bent:
        known = {alike.get(u.serial, u.serial) for u in (a.output, a.argument)} | {a.output.serial, a.argument.serial}

        def stands(u: Tensor, known: set[int] = known) -> bool:
            return u.serial in known or alike.get(u.serial, u.serial) in known

        for t in reversed(order):
            if stands(t) or not same_shape(t.extents, a.slope.extents) or not isinstance(t.definition, Equation):
                continue
            part = topological([t], stop=stands)
            ends = [u for u in part if stands(u)]
            inner = [u for u in part if not stands(u)]
            if ends and all(isinstance(u.definition, Equation) and u.definition.is_pointwise for u in inner):
                yield Candidate("wrong h'", name_of(a.output), "claim", claim, {t: a.slope}, "off by one")
        for t in reversed(order):
            if isinstance(t.definition, Equation) and t.definition.is_pointwise and not stands(t):
                yield from _with_slope(claim, t, a)


def _with_slope(claim: Tensor, t: Tensor, a: Activation) -> Iterator[Candidate]:
    """A product written in several steps with h′ for those of its factors that are made of h alone: (d·h)·(1 − h)."""
    factors = sp.Mul.make_args(_inlined(t, a.output))
    own = [f for f in factors if {b.tensor for b in f.atoms(Access)} == {a.output}]
    at = {b.indices for f in own for b in f.atoms(Access)}
    if len(at) == 1 and len(own) < len(factors):
        (indices,) = at
        rest = sp.Mul(*(f for f in factors if f not in own))
        whole = len(own) == 1 and isinstance(own[0], Access)
        change = {t: edited(t, with_body(t.definition, rest * a.slope.access(*indices)))}
        label = "h instead of h'" if whole else "wrong h'"
        yield Candidate(label, name_of(a.output), "claim", claim, change, "" if whole else "off by one")


def _is_square(a: Activation) -> bool:
    return isinstance(a.output.definition, Equation) and a.output.definition.body.is_Pow


def spare_slope_candidates(claim: Tensor, slopes: Sequence[Activation]) -> Iterator[Candidate]:
    """Any intermediate result of the claim divided by h′ of an activation: h′ once too many."""
    for t in reversed(topological([claim])):
        if t.definition is not None and t.dtype == "real":
            for a in slopes:
                for factor, axes in _fitting(a.slope, t):
                    indices = t.fresh_indices()
                    quotient = t.access(*indices) / factor.access(*(indices[k] for k in axes))
                    change = {t: computed(Equation(indices, quotient))}
                    yield Candidate("extra factor", f"the derivative of {name_of(a.output)}", "claim", claim, change)


def swapped_candidates(claim: Tensor, slopes: Sequence[Activation], alike: Mapping[int, int]) -> Iterator[Candidate]:
    """Any intermediate result of the claim with h′ of one activation for that of another: σ′(z₁) for σ′(z₂)."""
    bent = list({alike.get(a.output.serial, a.output.serial): a for a in neurons(slopes)}.values())
    for a, b in itertools.permutations(bent, 2):
        if not same_shape(a.slope.extents, b.slope.extents):
            continue
        text = f"{name_of(a.argument)} instead of {name_of(b.argument)}"
        own = alike.get(a.slope.serial, a.slope.serial)
        for t in reversed(topological([claim])):
            for u in t.definition.operands if isinstance(t.definition, Equation) else ():
                if alike.get(u.serial, u.serial) == own and same_shape(u.extents, b.slope.extents):
                    change = {t: _reading(t, t.definition, u, b.slope)}
                    yield Candidate("h' at the wrong argument", text, "claim", claim, change, "missing term")
        at = a.slope.fresh_indices()
        quotient = computed(Equation(at, b.slope.access(*at) / a.slope.access(*at)))
        for t in reversed(topological([claim])):
            for factor, axes in _fitting(quotient, t) if t.definition is not None and t.dtype == "real" else ():
                change = {t: _times(t, factor, axes)}
                yield Candidate("h' at the wrong argument", text, "claim", claim, change, "missing term")


def _fitting(factor: Tensor, t: Tensor) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    """The axes of t along which the factor can lie: each run of consecutive axes of its extents."""
    for first in range(t.ndim - factor.ndim + 1):
        if same_shape(t.extents[first : first + factor.ndim], factor.extents):
            yield factor, tuple(range(first, first + factor.ndim))


def _times(t: Tensor, factor: Tensor, axes: Sequence[int]) -> Tensor:
    indices = t.fresh_indices()
    return computed(Equation(indices, t.access(*indices) * factor.access(*(indices[a] for a in axes))))


def argument_candidates(
    claim: Tensor,
    tensors: Sequence[Tensor],
    slopes: Sequence[Activation],
    alike: Mapping[int, int],
    every: bool = False,
) -> Iterator[Candidate]:
    """Another tensor of the same shape read instead, in one equation, or in all that do not lead to it.

    ``alike`` maps the serial of a tensor to that of one with the same values, as the claim's own W x to the program's.

    Others are those that have a name or stand before or after a nonlinearity; with ``every`` all intermediate results.
    """
    order = topological([claim])
    bent = {alike.get(t.serial, t.serial) for a in slopes for t in (a.output, a.argument)}
    bent |= {t.serial for a in slopes for t in (a.output, a.argument)}
    decisive = {alike.get(t.serial, t.serial) for t in _decisive(tensors)}
    bent |= decisive
    known = dict.fromkeys([*tensors, *order])
    named = [t for t in known if t.name or t.serial in bent]
    if every:
        named = [t for t in known if t.ndim and not (t.name or t.serial in bent)][:12]
    value = {t: alike.get(t.serial, t.serial) for t in [*named, *order]}
    first: dict[int, Tensor] = {}
    for v in sorted(named, key=lambda v: v.name is None):
        first.setdefault(value[v], v)
    named = list(first.values())
    ancestors = {v: {u.serial for u in topological([v])} for v in named}
    for t in reversed(order):
        eq = t.definition
        if not isinstance(eq, Equation):
            continue
        for u in eq.operands:
            for v in named:
                if (
                    value[v] != value[u]
                    and v is not t
                    and v.dtype == u.dtype
                    and t.serial not in ancestors[v]
                    and same_shape(v.extents, u.extents)
                ):
                    for body, through in _read_instead(eq, u, v):
                        if all(a.tensor is not v for a in body.atoms(Access)):
                            continue  # m − m: a term that is left out, and nothing that is read instead
                        label, detail = _confusion(u, v, through, slopes, alike, decisive)
                        if label != "wrong tensor" or u.name or v.name:  # else the sentence would say nothing
                            apart = label == "h' at the wrong argument" and not _related(u, v, slopes, alike)
                            change = {t: edited(t, with_body(eq, body))}
                            yield Candidate(label, detail, "claim", claim, change, "missing term" if apart else "")
    for u in [t for t in order if (t.name or t.serial in bent) and not every]:
        for v in named:
            if value[v] == value[u] or v.dtype != u.dtype or not same_shape(v.extents, u.extents):
                continue
            users = [t for t in order if isinstance(t.definition, Equation) and t.serial not in ancestors[v]]
            users = [t for t in users if any(operand is u for operand in t.operands)]
            if len(users) > 1:
                now: dict[Tensor, Tensor] = {}
                for t in users:  # a later one reads what the earlier ones have become
                    now[t] = _reading(rebuilt(t, now), rebuilt(t, now).definition, u, v)
                label, detail = _confusion(
                    u, v, any(_is_slope_like(t.definition, u) for t in users), slopes, alike, decisive
                )
                yield Candidate(label, detail, "claim", claim, {claim: rebuilt(claim, now)})


def _decisive(tensors: Sequence[Tensor]) -> set[Tensor]:
    """What is compared with a number, as the argument of a maximum's derivative is."""
    bodies = [t.definition.body for t in tensors if isinstance(t.definition, Equation)]
    return {a.tensor for body in bodies for c in body.atoms(Step, Less, LessEqual) for a in c.atoms(Access)}


def skipped_candidates(truth: Tensor, slopes: Sequence[Activation]) -> Iterator[Candidate]:
    """The truth with a nonlinear function left out where one equation reads its value (A B x for A h(B x))."""
    order = topological([truth])
    for a in slopes:
        if a.is_power:
            continue
        for t in order:
            if isinstance(t.definition, Equation) and any(u is a.output for u in t.operands):
                text = f"{name_of(a.argument)} instead of {name_of(a.output)}"
                bent = _is_slope_like(t.definition, a.output)
                label = "h' at the wrong argument" if bent else "pre-activation and activation"
                change = {t: _reading(t, t.definition, a.output, a.argument)}
                yield Candidate(label, text, "truth", truth, change)


def _read_instead(eq: Equation, u: Tensor, v: Tensor) -> Iterator[tuple[sp.Expr, bool]]:
    """The body with v for u: everywhere, and where u is read at several places, a_i a_j, at each alone; and whether u
    enters there through a function."""
    yield eq.body.xreplace({u.handle: v.handle}), _is_slope_like(eq, u)
    read = [a for a in eq.accesses if a.tensor is u]
    for access in read if len(read) > 1 else ():
        body = eq.body.xreplace({access: access.xreplace({u.handle: v.handle})})
        yield body, not _is_plain(eq.body, access)


def _reading(t: Tensor, eq: Equation, u: Tensor, v: Tensor) -> Tensor:
    return edited(
        t,
        with_body(
            eq, eq.body.xreplace({u.handle: v.handle}), tuple(g.xreplace({u.handle: v.handle}) for g in eq.guards)
        ),
    )


def _confusion(
    u: Tensor,
    v: Tensor,
    bent: bool,
    slopes: Sequence[Activation],
    alike: Mapping[int, int],
    decisive: set[int],
) -> tuple[str, str]:
    """Label and detail for reading u where v belongs; ``bent``: u enters through a function or a power."""

    def value(t: Tensor) -> int:
        return alike.get(t.serial, t.serial)

    if _related(u, v, slopes, alike):
        text = f"{name_of(u)} instead of {name_of(v)}"
        return ("h' at the wrong argument", text) if bent else ("pre-activation and activation", text)
    meant = {value(t) for a in slopes if not a.is_power for t in (a.output, a.argument)}
    if bent and value(v) in meant | decisive:
        return "h' at the wrong argument", f"{name_of(u)} instead of {name_of(v)}"
    if u.name and v.name and re.sub(r"\d+", "", u.name) == re.sub(r"\d+", "", v.name):
        return "wrong layer index", u.name
    layers = {value(a.output) for a in neurons(slopes)}
    if all(value(t) in layers or (t.definition is None and t.role == "input") for t in (u, v)) and (
        value(v) in map(value, topological([u])) or value(u) in map(value, topological([v]))
    ):
        return "wrong layer index", name_of(u)
    return "wrong tensor", f"{name_of(u)} stands where {name_of(v)} belongs"


def _related(u: Tensor, v: Tensor, slopes: Sequence[Activation], alike: Mapping[int, int]) -> bool:
    """Whether one is an activation's argument and the other its value."""
    pair = {alike.get(t.serial, t.serial) for t in (u, v)}
    return any(
        pair == {alike.get(t.serial, t.serial) for t in (a.output, a.argument)} for a in slopes if not a.is_power
    )


def _is_slope_like(eq: Equation, u: Tensor) -> bool:
    """True if u enters through a function, a power, or 1 − u, and not as a plain factor or term."""
    return any(a.tensor is u and not _is_plain(eq.body, a) for a in eq.accesses)


def _is_plain(e: sp.Expr, access: Access) -> bool:
    parts = [a for a in e.args if a.has(access)]
    if e == access:
        return True
    if e.is_Add and any(not a.atoms(Access) for a in e.args):
        return False
    return (e.is_Add or e.is_Mul) and all(_is_plain(a, access) for a in parts) and (e.is_Add or len(parts) == 1)


def softmax_candidates(claim: Tensor, tensors: Sequence[Tensor]) -> Iterator[Candidate]:
    """p∘(1 − p)∘g in the claim made p∘(g − Σ g∘p), and diag(p∘(1 − p)) made diag(p) − ppᵀ."""
    for p in tensors:
        if p.ndim == 0 or not _is_softmax(p):
            continue
        for t in topological([claim]):
            eq = t.definition
            if not isinstance(eq, Equation):
                continue
            body = _inlined(t, p)
            for access in sorted((a for a in body.atoms(Access) if a.tensor is p), key=str):
                made = _coupled(t, eq, body, access) if not eq.bound else _coupled_within(t, eq, body, access)
                for change in made:
                    yield Candidate(
                        "softmax Jacobian taken as diagonal", "diag(p∘(1 − p))", "claim", claim, {t: change}
                    )
        for t in reversed(topological([claim])):
            if (
                t.ndim == 2
                and p.ndim == 1
                and same_shape(t.extents, (*p.extents, *p.extents))
                and t.definition is not None
            ):
                i, j = t.fresh_indices()
                full = computed(Equation((i, j), Equal(i, j) * p.access(i) - p.access(i) * p.access(j)))
                yield Candidate("softmax Jacobian taken as diagonal", "diag(p∘(1 − p))", "claim", claim, {t: full})


def _is_softmax(p: Tensor) -> bool:
    """True if the tensor is known to sum to one, or is a quotient of exponentials by their sum."""
    if any(f.power == 1 and f.value == 1 for f in p.facts):
        return True
    if not isinstance(p.definition, Equation) or not p.definition.is_pointwise:
        return False
    names = {
        type(b).__name__
        for u in topological([p])[-8:]
        if isinstance(u.definition, Equation)
        for b in u.definition.body.atoms(sp.exp)
    }
    divides = any(e.is_Pow and e.exp == -1 for e in sp.preorder_traversal(p.definition.body))
    sums = any(isinstance(u.definition, Equation) and u.definition.bound for u in p.operands)
    return bool(names) and divides and sums


def _inlined(t: Tensor, p: Tensor) -> sp.Expr:
    """The body with the unnamed pointwise products and differences that it reads written out, but for p."""
    body = t.definition.body
    for _ in range(4):
        inner = {
            a: a.tensor.definition.body.xreplace(dict(zip(a.tensor.definition.indices, a.indices, strict=True)))
            for a in body.atoms(Access)
            if a.tensor is not p
            and a.tensor.name is None
            and isinstance(a.tensor.definition, Equation)
            and a.tensor.definition.is_pointwise
            and not a.tensor.definition.body.atoms(sp.exp)
        }
        if not inner:
            break
        body = body.xreplace(inner)
    return body


def _coupled_within(t: Tensor, eq: Equation, body: sp.Expr, access: Access) -> Iterator[Tensor]:
    """The same where p∘(1 − p)∘g is multiplied on by a matrix in one equation: Σ_j p_ij (1 − p_ij) g_ij K_jk."""
    inside = [f for f in sp.Mul.make_args(body) if f.atoms(Index) <= set(access.indices)]
    part = sp.Mul(*inside)
    if (
        eq.reduce != "sum"
        or eq.guards
        or access not in part.atoms(Access)
        or set(access.indices) & part.free_symbols == set()
    ):
        return
    whole = computed(Equation(access.indices, part))
    for coupled in _coupled(whole, whole.definition, part, access):
        yield edited(t, with_body(eq, body / part * coupled.access(*access.indices)))


def _coupled(t: Tensor, eq: Equation, body: sp.Expr, access: Access) -> Iterator[Tensor]:
    """The body p(1 − p)G, or (1 − p)G where G holds a 1/p, with softmax's coupling p(G − Σ p G) over the last axis of p."""
    cofactor = sp.cancel(sp.together(body / (1 - access)))
    if sp.denom(cofactor).has(access) or (not cofactor.has(access) and access not in body.atoms(Access)):
        return
    last = access.indices[-1]
    if last not in eq.indices:
        return
    moved = last.fresh()

    def less_sum(inside: sp.Expr, factor: sp.Expr) -> Tensor:
        total = computed(equation([i for i in eq.indices if i != last], inside.xreplace({last: moved}), [moved]))
        return edited(t, Equation(eq.indices, cofactor - factor * total.access(*(i for i in eq.indices if i != last))))

    if cofactor.has(access):
        yield less_sum(cofactor, access)
    else:
        yield less_sum(cofactor * access, sp.S.One)
        yield less_sum(cofactor, access)

"""Edits of one equation's body: a sign, a factor, a term, an exponent, an index, a transposed access, another tensor."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.functions import Equal, Less, LessEqual, Step, Where
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.candidates import Candidate
from symbolic.verification.diagnosis.surgery import edited, rebuilt, with_body

Edit = tuple[str, str, sp.Expr]
PATHS = ("forgotten path", "forgotten regulariser")
CONDITIONS = (Equal, Less, LessEqual, Step)


def local_candidates(output: Tensor, side: str, inner: Container[Tensor] = ()) -> Iterator[Candidate]:
    """Every single edit of every equation of the program, last equations first.

    ``inner`` tensors stand inside a nonlinear function: a term lost there is no path of the chain rule.
    """
    for t in reversed(topological([output])):
        eq = t.definition
        if not isinstance(eq, Equation):
            continue
        yield Candidate("sign", f"that of {eq.body}", side, output, {t: edited(t, with_body(eq, -eq.body))})
        for label, detail, body in _edits(eq.body, eq, side):
            if body != eq.body and not body.has(sp.nan, sp.zoo):
                label = "missing term" if label in PATHS and t in inner else label
                yield Candidate(label, detail, side, output, {t: edited(t, with_body(eq, body))})
        yield from _shifted(t, eq, side, output)


def path_candidates(truth: Tensor) -> Iterator[Candidate]:
    """The truth with one term left out of each of two of its sums: two paths forgotten at once, as when a norm's mean
    and scale are both taken as constants."""
    drops: list[tuple[Tensor, sp.Expr, sp.Expr]] = []
    for t in topological([truth]):
        eq = t.definition
        if isinstance(eq, Equation) and eq.body.is_Add and all(a.atoms(Access) for a in eq.body.args):
            args = t.definition.body.args
            drops += [(t, a, sp.Add(*(b for b in args if b is not a))) for a in args] if len(args) <= 4 else []
    for (t, one, rest), (u, two, other) in itertools.combinations(drops[-12:], 2):
        if t is not u:
            first = edited(t, with_body(t.definition, rest))
            second = rebuilt(edited(u, with_body(u.definition, other)), {t: first})
            changes = {t: first, u: second}
            yield Candidate("forgotten path", f"{one} and {two}", "truth", truth, changes)


def _edits(e: sp.Expr, eq: Equation, side: str) -> Iterator[Edit]:
    """Edits of an expression at its root and, one at a time, below."""
    if isinstance(e, Access):
        for label, detail, body in _transposed(e):
            summed = e == eq.body and any(k in e.indices for k in eq.bound)
            yield ("sum over the wrong axis", f"of {detail}", body) if summed else (label, detail, body)
        if side == "claim":
            yield from _read_along(e, eq)
        return
    if isinstance(e, (Equal, LessEqual)) and not e.atoms(Access):
        first, second = e.args
        for step in (1, -1):
            yield "off by one", "a shifted index", e.func(first + step, second)
        return
    if e.is_Add:
        yield from _terms(e, side)
    elif e.is_Mul:
        yield from _factors(e, eq, side)
    elif e.is_Pow and (e.exp.is_number or not e.base.is_number):
        for step in (1, -1):
            if e.exp + step != 0:  # that would be a factor lost
                yield "off by one", f"the exponent of {e}", e.base ** (e.exp + step)
    if e.is_Pow and e.exp.is_number:
        for step in (sp.S.Half, -sp.S.Half) if _is_squared_norm(e.base) else ():
            if e.exp + step != 0:
                yield "off by one", f"the exponent of a norm in {e}", e.base ** (e.exp + step)
        if not e.exp.is_Integer:
            yield "wrong exponent", f"a root is missing in {e}", e.base ** (2 * e.exp)
        yield "wrong exponent", f"a square or a root in {e}", e.base ** (e.exp / 2)
        yield "wrong exponent", f"the base should be inverted in {e}", e.base**-e.exp
    elif isinstance(e, sp.Function) and len(e.args) == 1 and e.fdiff(1) != 0:
        yield "h instead of h'", e.func.__name__, e.fdiff(1)
        yield "sign", f"that of the argument of {e}", e.func(-e.args[0])
    if isinstance(e, (Less, LessEqual)) and side == "truth":
        yield "missing h'", f"the condition {e} is not looked at", sp.S.One
        yield "missing h'", f"the condition {e} is not looked at", sp.S.Zero
    if isinstance(e, Where):
        for k in (1, 2):
            if e.args[k].atoms(Access):
                yield "sign", f"that of {e.args[k]}", e.func(*e.args[:k], -e.args[k], *e.args[k + 1 :])
                if side == "truth" and e.args[0].atoms(Access):
                    yield "missing h'", f"the condition {e.args[0]} is not looked at", e.args[k]
    if e.is_Symbol and not isinstance(e, Index):
        yield "off by one", f"{e} against {e} − 1", e - 1
        yield "off by one", f"{e} against {e} + 1", e + 1
    if e.is_Rational and e not in (1, -1):
        for other in (2 * e, e / 2):
            yield "factor 2", f"lost or added: {e} against {other}", other
        yield "off by one", f"{e} against {e + 1}", e + 1
        yield "off by one", f"{e} against {e - 1}", e - 1
    if not e.is_Pow or not e.exp.is_number:
        positions: Sequence[int] = range(len(e.args))
    else:
        positions = (0,)
    for k in positions:
        bent = isinstance(e, sp.Function) and len(e.args) == 1
        for label, detail, part in _edits(e.args[k], eq, side):
            named = "missing term" if bent and label in PATHS else label  # a term lost there is no path
            yield named, detail, e.func(*e.args[:k], part, *e.args[k + 1 :])


def _is_squared_norm(e: sp.Expr) -> bool:
    """True of Σ x²: a step of ½ in its exponent is one of the norm's."""
    eq = e.tensor.definition if isinstance(e, Access) else None
    return isinstance(eq, Equation) and bool(eq.bound) and eq.body.is_Pow and eq.body.exp == 2


def _terms(e: sp.Expr, side: str) -> Iterator[Edit]:
    extents = _counts(e)[:3]
    for k, term in enumerate(e.args):
        rest = e.args[:k] + e.args[k + 1 :]
        yield "sign", f"that of the term {term}", sp.Add(*rest, -term)
        lost, spare = f"missing in the term {term}", f"one too many in the term {term}"
        yield "factor 2", lost if side == "claim" else spare, sp.Add(*rest, 2 * term)
        yield "factor 2", spare if side == "claim" else lost, sp.Add(*rest, term / 2)
        for extent in extents if side == "claim" else ():
            yield "missing 1/P", f"1/{extent} in the term {term}", sp.Add(*rest, term / extent)
            yield "extra 1/P", f"1/{extent} in the term {term}", sp.Add(*rest, term * extent)
    count = len(e.args)
    if count <= 5:
        for size in range(1, count):
            for dropped in itertools.combinations(e.args, size):
                kept = sp.Add(*(a for a in e.args if a not in dropped))
                yield _dropped_label(dropped, kept, side), ", ".join(map(str, dropped)), kept


def _dropped_label(dropped: Sequence[sp.Expr], kept: sp.Expr, side: str) -> str:
    """A penalty's term reads parameters and scalars only, while the rest reads data; other lost terms are lost paths."""
    if len(dropped) == 1 and abs(dropped[0]) == 1 and _is_count(kept):
        return "off by one"
    if side == "claim":
        return "extra term"
    if any(not term.atoms(Access, Equal) for term in (*dropped, *sp.Add.make_args(kept))):
        return "missing term"  # 1 − z² is a derivative, not a sum over paths
    if all(_is_identity(term) for term in dropped):
        return "forgotten path"  # I of I + ∂F/∂x
    read, rest = (leaves(a.tensor for a in sp.Add(*terms).atoms(Access)) for terms in (dropped, (kept,)))
    penal = all(t.role in ("parameter", "constant") or t.ndim == 0 for t in read)
    data = any(t.role in ("input", "target") and t.ndim for t in rest)
    arrays = [t for t in read if t.ndim]
    others = len(arrays) == 1 and any(t.ndim and t is not arrays[0] for t in rest)
    direct = all(_is_copy(a.tensor) for term in dropped for a in term.atoms(Access))
    alone = others and (len(read) > 1 or (direct and arrays[0].role == "parameter"))
    weights = {t for t in read if t.ndim == 0 and t.role != "target"} - set(rest)
    weighted = weights and any(t.ndim for t in set(rest) - set(read))  # the data is left when the penalty goes
    whole = not any(t.ndim == 0 for t in set(read) & set(rest))  # its weight does not stay behind
    if read and (weighted or (whole and penal and (data or alone))):
        return "forgotten regulariser"
    return "forgotten path" if read else "missing term"


def _is_identity(term: sp.Expr) -> bool:
    """True of δ_ij, written here or in a tensor that is read."""
    if isinstance(term, Access) and isinstance(term.tensor.definition, Equation):
        eq = term.tensor.definition
        return eq.body == 1 and len(eq.guards) == 1 and len(eq.indices) == 2 and not eq.bound
    return isinstance(term, Equal) and not term.atoms(Access)


def _counts(e: sp.Expr) -> list[sp.Expr]:
    """The extents of what an expression reads over which a mean may be taken: names, and numbers beyond a factor 2."""
    read = leaves(a.tensor for a in e.atoms(Access))
    return list(dict.fromkeys(n for t in read for n in t.extents if n.is_Symbol or (n.is_Integer and n > 2)))


def _is_count(e: sp.Expr) -> bool:
    """A dimension or a scalar that is given, as in n − 1 and ν + 1."""
    e = -e if e.could_extract_minus_sign() else e
    return e.is_Symbol or (isinstance(e, Access) and not e.indices and e.tensor.definition is None)


def _factors(e: sp.Expr, eq: Equation, side: str) -> Iterator[Edit]:
    if len(e.args) > 6:
        return
    for size in (1, 2):
        for dropped in itertools.combinations(e.args, size):
            if size < len(e.args):
                kept = sp.Mul(*(a for a in e.args if a not in dropped))
                yield (*_factor_label(dropped, kept, eq, side), kept)


def _factor_label(dropped: Sequence[sp.Expr], kept: sp.Expr, eq: Equation, side: str) -> tuple[str, str]:
    factor = sp.Mul(*dropped)
    missing = side == "truth"
    inner = {f.args[0].as_coeff_Mul()[0] for f in kept.atoms(sp.Function) if len(f.args) == 1}
    if missing and factor in inner:
        return "missing h'", f"the inner function, {factor},"
    if factor.is_number:
        if abs(factor) in (2, sp.Rational(1, 2)):
            return "factor 2", f"{'missing' if missing else 'one too many'}: {factor}"
        for count in (n for n in _counts(kept) if n in (factor, 1 / factor)):
            return ("missing 1/P" if missing == (factor == 1 / count) else "extra 1/P"), f"1/{count}"
        return "factor", f"{factor} is {'missing' if missing else 'one too many'}"
    if not factor.atoms(Access):
        inverse = sp.denom(factor) != 1
        if not (sp.denom(factor) if inverse else factor).is_polynomial():
            return ("missing factor" if missing else "extra factor"), str(factor)
        return ("missing 1/P" if inverse == missing else "extra 1/P"), str(factor if inverse else 1 / factor)
    computed = any(
        a.tensor.definition is not None or not isinstance(f, Access) for f in dropped for a in f.atoms(Access)
    )
    computed = computed and any(t.ndim for t in leaves(a.tensor for a in factor.atoms(Access)))
    numbers = factor.is_Pow and all(not a.indices for a in factor.atoms(Access))
    if missing and computed and (numbers or all(_is_copy(a.tensor) for a in factor.atoms(Access))):
        return "missing factor", str(factor)
    if missing and _is_decided(factor):
        return "missing h'", f"the maximum, {factor},"
    if missing and not eq.bound and computed:
        return "missing h'", f"what was differentiated to {factor}"
    return ("missing factor" if missing else "extra factor"), str(factor)


def _is_copy(t: Tensor) -> bool:
    """True of a declared tensor, as it is, read once more, or times a number."""
    while isinstance(t.definition, Equation) and not t.definition.bound:
        read = t.definition.body.as_coeff_Mul()[1]
        if not isinstance(read, Access):
            return False
        t = read.tensor
    return t.definition is None


def _is_decided(factor: sp.Expr) -> bool:
    """True of a 0 or 1 that a comparison gives, written here or in the tensor that is read."""
    if isinstance(factor, Access) and isinstance(factor.tensor.definition, Equation):
        factor = factor.tensor.definition.body
    decided = dict.fromkeys(factor.atoms(*CONDITIONS), sp.S.One)
    return bool(decided) and not factor.xreplace(decided).atoms(Access)


def _transposed(access: Access) -> Iterator[Edit]:
    indices, extents = access.indices, access.tensor.extents
    if len(indices) >= 2 and indices[-1] != indices[-2] and sp.expand(extents[-1] - extents[-2]) == 0:
        swapped = (*indices[:-2], indices[-1], indices[-2])
        yield "missing transpose", access.tensor.label, Access(access.tensor, *swapped)


def _read_along(access: Access, eq: Equation) -> Iterator[Edit]:
    """A vector that is spread along one axis of a square matrix, spread along the other."""
    within = access.tensor.definition
    while isinstance(within, Equation) and isinstance(within.body, Access) and not (within.bound or within.guards):
        access = within.body.xreplace(dict(zip(within.indices, access.indices, strict=True)))  # an axis put in
        within = access.tensor.definition
    own = (*eq.indices, *eq.bound)
    if len(access.indices) == 1 and access.indices[0] in own:
        (i,) = access.indices
        for j in own:
            if j is not i and sp.expand(j.extent - i.extent) == 0:
                yield "wrong index", f"{access.tensor.label} goes along the other axis", Access(access.tensor.handle, j)


def _shifted(t: Tensor, eq: Equation, side: str, output: Tensor) -> Iterator[Candidate]:
    """Index expressions with an offset, moved by one."""
    for access in eq.accesses:
        for axis, index in enumerate(access.indices):
            if not isinstance(index, Index) and not index.atoms(Access):
                for step in (1, -1):
                    moved = Access(access.tensor, *access.indices[:axis], index + step, *access.indices[axis + 1 :])
                    body = eq.body.xreplace({access: moved})
                    change = {t: edited(t, with_body(eq, body))}
                    yield Candidate("off by one", f"the index of {access}", side, output, change)

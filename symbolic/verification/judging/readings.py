"""The ways in which one line may be read: variants of the scope for what is written ambiguously, and lines true in every scope."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterator
from dataclasses import replace

from symbolic.errors import ChainruleError
from symbolic.program.tensors import tensor
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.lists import has_list
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.comparison import compare
from symbolic.verification.reading.program import identifier

_GIVEN = frozenset("abcdABCDMPQRSXYxyz")
"""Letters that are as often given as they are looked for."""


def with_arguments(scope: Scope, left: s.Node, right: s.Node, undeclared: bool) -> Scope:
    """The scope in which the argument of ``f′(a) = …`` or ``dσ(a)/da = …`` is a real number: an undeclared one, or any.

    An argument that the right side does not name, as p in ``log p = −x⊤x``, is none: the line says what p is.
    """
    said = {n.name for n in s.walk(right) if isinstance(n, s.Symbol)}
    if isinstance(left, s.Derivative) and undeclared:
        calls = [left.of] if isinstance(left.of, s.Call) else []
    elif isinstance(left, s.Product) and undeclared and isinstance(left.factors[0][1], s.Derivative):
        calls = [n for _, n in left.factors[1:] if isinstance(n, s.Call)]
    else:
        calls = [left] if isinstance(left, s.Call) else []
    unknown = [
        a.name
        for call in calls
        for a in call.arguments
        if isinstance(a, s.Symbol)
        and (a.name in said or _primed(call.head) or not said)
        and scope.dim(a.name) is None
        and not (undeclared and a.name in scope.values)
    ]
    if not unknown:
        return scope
    return replace(scope, values={**scope.values, **{name: Value(tensor(identifier(name))) for name in unknown}})


def _primed(head: s.Node) -> bool:
    return isinstance(head, s.Scripted) and head.primes > 0


def with_variable(
    scope: Scope, left: s.Node, right: s.Node, value: Callable[[Scope, s.Node], Value], told: Container[str] = ()
) -> Scope:
    """The scope in which a bare ∇ on the left differentiates by a declared array that gives it the right side's shape.

    The usual choice stands where it fits. Of several arrays that fit, the only parameter is meant if the document calls it
    one (``told``) or its letter does, else one for which the line is right: nobody is accused of a variable that was never
    named.
    """
    if not any(isinstance(n, s.Nabla) and n.by is None for n in s.walk(left)):
        return scope
    fitting: list[tuple[str, bool]] = []
    for name in ("", *(n for n, x in scope.values.items() if x.rank and x.tensor.definition is None)):
        trial = replace(scope, nabla=name)
        try:
            truth, claim = value(trial, left), value(trial, right)
        except ChainruleError:
            continue
        if claim.form or truth.form or claim.rank != truth.rank or not claim.rank:
            continue
        if all(v.same(a, b) for a, b in zip(claim.core, truth.core, strict=True)):
            if not name:
                return scope
            fitting.append((name, compare(claim, truth, True, diagnosed=False).holds))
    parameters = [item for item in fitting if scope.values[item[0]].tensor.role == "parameter"]
    sure = len(parameters) == 1 and (parameters[0][0] in told or parameters[0][0][0] not in _GIVEN)
    found = parameters if sure else sorted(fitting, key=lambda item: not item[1])
    if not found:
        return scope
    note = f"∇ without a variable is read as ∇_{found[0][0]}, which has the shape of the right side"
    if note not in scope.notes:
        scope.notes.append(note)
    return replace(scope, nabla=found[0][0])


def readings(scope: Scope, node: s.Node) -> Iterator[Scope]:
    """The scope, then its variants: · and ⊗ between vectors entry by entry, [h, x] one below the other, a matrix with one index a row of it as a row.

    Last, 𝟏 with each dimension that the document has.
    """
    yield scope
    signs = {sign for n in s.walk(node) if isinstance(n, s.Product) for sign, _ in n.factors}
    if "CDOT" in signs or "TIMES" in signs:
        yield replace(scope, dot="hadamard")
    if "OTIMES" in signs:
        yield replace(scope, otimes="hadamard")
    if has_list(node):
        yield replace(scope, joins="down")
    if any(isinstance(n, s.Scripted) and _may_be_row(scope, n) for n in s.walk(node)):
        yield replace(scope, rows=True)
    if not scope.ones and any(isinstance(n, s.Symbol) and n.name == "ones" for n in s.walk(node)):
        yield from (replace(scope, ones=dim) for dim in scope.dims)


def _may_be_row(scope: Scope, node: s.Scripted) -> bool:
    """Whether a matrix stands with one index; x_i of a list of declared x_i ∈ ℝ^d is a column."""
    held = scope.values.get(node.base.name) if isinstance(node.base, s.Symbol) else None
    if held is not None and node.base.name in scope.columns | scope.sampled.keys():
        return False
    return held is not None and held.rank == 2 and isinstance(node.sub, (s.Symbol, s.Number))


def is_chain_rule(left: s.Node, right: s.Node) -> bool:
    """``∂a/∂d = ∂a/∂b · ∂b/∂c · ∂c/∂d`` in either order, of any symbols."""
    if not isinstance(left, s.Derivative) or len(left.by) != 1 or not isinstance(right, s.Product):
        return False
    factors = [n for sign, n in right.factors if sign in ("", "CDOT")]
    if len(factors) != len(right.factors) or not all(isinstance(n, s.Derivative) and len(n.by) == 1 for n in factors):
        return False
    wanted = (s.plain(left.of), s.plain(left.by[0]))
    for chain in (factors, factors[::-1]):
        meets = all(s.plain(a.by[0]) == s.plain(b.of) for a, b in itertools.pairwise(chain))
        if meets and (s.plain(chain[0].of), s.plain(chain[-1].by[0])) == wanted:
            return True
    return False

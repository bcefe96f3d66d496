"""The rung of proof: two programs are equal if their normal forms coincide."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbolic.calculus.canonical import canonical, output_index
from symbolic.calculus.closed_form import closed_form, is_opaque
from symbolic.calculus.normal_form import Normaliser, opened_primitives
from symbolic.calculus.polynomials import Polynomial, accumulate
from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.effort import SECOND, spend, spent


@dataclass(frozen=True)
class Proof:
    """The names of the rewrites that led both sides to one normal form, and the conditions under which they hold."""

    rewrites: tuple[str, ...]
    conditions: tuple[str, ...]


SETTLED = 1000.0  # effort of bringing one monomial to its normal form


class TooLong(ChainruleError):
    """A normal form takes more work than it may."""


class _Bounded(Normaliser):
    """A normaliser that stops when ``most`` effort is spent."""

    def __init__(self, most: float):
        super().__init__(identities=True)
        self.end = spent() + most

    def settle(self, powers: dict[sp.Expr, sp.Expr]) -> Polynomial:
        spend(SETTLED)
        if spent() > self.end:
            raise TooLong("the normal form was not reached with the work that may be done")
        return super().settle(powers)


LONGEST = 2500  # nodes of a program written out as one expression, beyond which no proof is tried


def written_out(t: Tensor) -> int:
    """The number of nodes that the program has as one expression, every definition substituted."""
    sizes: dict[Tensor, int] = {}
    for u in topological([t]):
        size = 1
        if isinstance(u.definition, Equation):
            for node in sp.preorder_traversal(u.definition.body):
                size += sizes[node.tensor] if isinstance(node, Access) else 1
        sizes[u] = size
    return sizes[t]


def prove(claim: Tensor, truth: Tensor, effort: float = 0.6 * SECOND) -> Proof | None:
    """A proof that two tensors of one shape are equal wherever both are defined; None if ``effort`` finds none."""
    if max(written_out(t) for t in (claim, truth)) > LONGEST:
        return None
    normaliser = _Bounded(effort)
    try:
        if _form(claim, normaliser) != _form(truth, normaliser):
            return None
    except (ChainruleError, RecursionError, ArithmeticError, ValueError, TypeError):
        return None  # no normal form, no proof: the points decide
    return Proof(
        tuple(rule.replace("_", " ") for rule in normaliser.rules), tuple(str(c) for c in normaliser.conditions)
    )


def _form(t: Tensor, normaliser: Normaliser) -> Polynomial:
    closed = opened_primitives(closed_form(t, stop=is_opaque))
    outputs = tuple(output_index(p, i.extent) for p, i in enumerate(closed.indices))
    polynomial = normaliser.polynomial(closed.expr.xreplace(dict(zip(closed.indices, outputs, strict=True))))
    final: Polynomial = {}
    for monomial, c in polynomial.items():
        accumulate(final, frozenset((canonical(base), exponent) for base, exponent in monomial), c)
    return final

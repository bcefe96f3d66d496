"""Equal primitives as one, before a form is read: K⁻¹t + K⁻ᵀt is 2 K⁻¹t where K is symmetric, and (2A)⁻¹ is A⁻¹/2.

A closed form reads primitives as if they were declared, so two of them with equal operands are two names to it.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError, closed_form
from symbolic.calculus.normal_form import Normaliser, normal_form
from symbolic.calculus.polynomials import signed_content
from symbolic.calculus.realisation import realised
from symbolic.program.expressions import Access
from symbolic.program.primitives import Application, apply
from symbolic.program.tensors import Tensor

# f(c₁A, c₂B) = c₁^d₁ c₂^d₂ f(A, B): the degrees of the primitives that are homogeneous.
_DEGREES = {"solve": (-1, 1), "inverse": (-1,), "pseudo_inverse": (-1,)}


def gathered(closed: Closed) -> Closed:
    """The form with equal primitives read from one tensor, and numbers taken out of those that are homogeneous.

    >>> import symbolic as s
    >>> K, t = s.tensor("K", "n n", assume="symmetric"), s.tensor("t", "n")
    >>> print(gathered(closed_form(s.solve(K, t / 2) + s.solve(K.T, t))).expr.as_coeff_Mul()[0])
    3/2
    """
    return _Gatherer().of(closed)


class _Gatherer:
    """What was met before: operands by their normal forms, and primitives by their operands."""

    def __init__(self):
        self.operands: dict[Closed, Tensor] = {}
        self.applications: dict[tuple, Tensor] = {}

    def of(self, closed: Closed) -> Closed:
        accesses = [a for a in closed.expr.atoms(Access) if isinstance(a.tensor.definition, Application)]
        mapping = {}
        for access in sorted(accesses, key=lambda a: (a.tensor.name is None, a.tensor.serial)):
            c, same = self.application(access.tensor)
            if same is not access.tensor or c != 1:
                mapping[access] = c * same.access(*access.indices)
        return replace(closed, expr=closed.expr.xreplace(mapping)) if mapping else closed

    def application(self, t: Tensor) -> tuple[sp.Expr, Tensor]:
        """A number and the tensor whose multiple by it is ``t``."""
        definition = t.definition
        name = definition.primitive.name
        degrees = _DEGREES.get(name, (0,) * len(definition.operands))
        parts = [self.operand(o, d != 0) for o, d in zip(definition.operands, degrees, strict=True)]
        c = sp.Mul(*(number**d for (number, _), d in zip(parts, degrees, strict=True)))
        operands = tuple(o for _, o in parts)
        key = (name, definition.options, *operands)
        if key not in self.applications:
            unchanged = c == 1 and all(o is p for o, p in zip(operands, definition.operands, strict=True))
            self.applications[key] = t if unchanged or definition.options else apply(name, *operands)
        return c, self.applications[key]

    def operand(self, t: Tensor, homogeneous: bool) -> tuple[sp.Expr, Tensor]:
        """A number and the operand that it multiplies; the number is 1 unless it may be taken out."""
        if t.definition is None or t.name is not None:
            return sp.S.One, t
        try:
            form = normal_form(self.of(closed_form(t)))
        except TooLargeError:
            return sp.S.One, t
        c = signed_content(Normaliser().polynomial(form.expr)) if homogeneous and form.expr != 0 else sp.S.One
        bare = form if c == 1 else normal_form(replace(form, expr=form.expr / c))
        if isinstance(bare.expr, Access) and bare.expr.indices == bare.indices:
            return c, bare.expr.tensor
        if bare not in self.operands:
            symmetric = _is_symmetric(bare)
            same = realised(bare) if c != 1 or symmetric else t
            same.assume |= frozenset(["symmetric"] if symmetric else [])
            self.operands[bare] = same
        return c, self.operands[bare]


def _is_symmetric(form: Closed) -> bool:
    if len(form.indices) != 2 or sp.expand(form.extents[0] - form.extents[1]) != 0:
        return False
    swapped = dict(zip(form.indices, reversed(form.indices), strict=True))
    return normal_form(replace(form, expr=form.expr.xreplace(swapped))).expr == form.expr

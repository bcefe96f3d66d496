"""Records of a derivation: what a step states. All frozen; printing them is the notation's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed, Condition
from symbolic.calculus.rules import RULES
from symbolic.program.tensors import Tensor

KINDS = ("definition", "local_jacobian", "chain", "rewrite", "result")


@dataclass(frozen=True, eq=False)
class Derivative:
    """∂of/∂by, in numerator layout; ``by`` may hold several tensors, for mixed derivatives."""

    of: Tensor
    by: tuple[Tensor, ...]

    def __post_init__(self):
        object.__setattr__(self, "by", (self.by,) if isinstance(self.by, Tensor) else tuple(self.by))

    def _key(self) -> tuple[int, ...]:
        return self.of.serial, *(b.serial for b in self.by)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Derivative) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def extents(self) -> tuple[sp.Expr, ...]:
        """The axes of ``of``, then those of each variable."""
        return (*self.of.extents, *(e for b in self.by for e in b.extents))

    @property
    def label(self) -> str:
        """``dC_dW``."""
        return f"d{self.of.label}_" + "".join(f"d{b.label}" for b in self.by)

    def __str__(self) -> str:
        return f"∂{self.of.label}/" + "".join(f"∂{b.label}" for b in self.by)


@dataclass(frozen=True)
class Chain:
    """A sum of products of derivatives, in the order of the row convention: Σ ∂C/∂g · ∂g/∂f."""

    terms: tuple[tuple[Derivative, ...], ...]

    def __str__(self) -> str:
        return " + ".join(" · ".join(map(str, term)) for term in self.terms)


@dataclass(frozen=True, eq=False)
class Step:
    """One step: ``left`` = ``right`` by ``rule``.

    ``number`` counts from 1; ``kind`` is one of ``KINDS``; ``rule`` a key of ``RULES``; ``left`` a tensor (a definition)
    or a ``Derivative``; ``right`` a ``Closed`` or, for the chain rule, a ``Chain``; ``shapes`` pairs of a label and
    extents, the result first and then the factors, a gradient as a row [1, d]; ``inputs`` are numbers of earlier steps;
    ``level`` 0 is a result, 1 a lecturer's step, 2 a rewrite; ``tensor`` computes the value of the right side.
    """

    number: int
    kind: str
    rule: str
    left: Tensor | Derivative
    right: Closed | Chain
    shapes: tuple[tuple[str, tuple[sp.Expr, ...]], ...] = ()
    conditions: tuple[Condition, ...] = ()
    inputs: tuple[int, ...] = ()
    level: int = 1
    tensor: Tensor | None = None
    rules: tuple[str, ...] = field(default=())

    @property
    def sentence(self) -> str:
        """The rule in words, with the names of this step."""
        of: Any = self.left.of if isinstance(self.left, Derivative) else self.left
        by = ", ".join(b.label for b in self.left.by) if isinstance(self.left, Derivative) else ""
        return RULES[self.rule].sentence.format(of=of.label, by=by)

    @property
    def statement(self) -> str:
        """``left = right`` as LaTeX, in matrix notation where there is one and in index notation elsewhere."""
        from symbolic.notation import statement

        return statement(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.statement}$"

    def __str__(self) -> str:
        left = self.left if isinstance(self.left, Derivative) else self.left.label
        right = self.right.expr if isinstance(self.right, Closed) else self.right
        return f"({self.number}) {left} = {right}    [{self.rule}]"


def row_shape(of: Tensor, by: Tensor) -> tuple[sp.Expr, ...]:
    """The shape of ∂of/∂by as a lecture writes it: [1, d] for a scalar by a vector, [d_g, d_f] between vectors."""
    return (*(of.extents or (sp.S.One,)), *(by.extents or (sp.S.One,)))

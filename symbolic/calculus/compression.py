"""Compressed derivatives: what is left to store when deltas, outer products and the factors of sums are kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError, closed_form, is_boundary, is_opaque
from symbolic.calculus.folding import size
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.presentation import LONGEST, presented
from symbolic.calculus.pullback import zero_like
from symbolic.calculus.splitting import split
from symbolic.calculus.structure import Finding, structure
from symbolic.calculus.terms import Factor, Term
from symbolic.errors import ShapeError
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import added
from symbolic.program.dims import Dim, as_dim
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index, Zero
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, computed


@dataclass(frozen=True, eq=False)
class Compressed:
    """An array kept as a sum of terms: its dense ``tensor``, how many of its axes are ``rows``, the ``terms``,
    and the ``form`` that shows them.

    ``numeric.lambdify`` takes it as an output and returns a structured array. No term means that it is exactly zero.
    """

    tensor: Tensor
    rows: int
    terms: tuple[Term, ...]
    form: Closed

    @property
    def shape(self) -> tuple[int | Dim, ...]:
        """The shape of the dense array."""
        return self.tensor.shape

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is known of the array, in words; see ``symbolic.structure``."""
        return structure(self.tensor)

    @property
    def kind(self) -> str:
        """``zero``, the kind that all terms share (see ``Term.kind``), or ``sum``."""
        kinds = {t.kind for t in self.terms}
        return "zero" if not kinds else kinds.pop() if len(kinds) == 1 else "sum"

    def dense(self) -> Tensor:
        """The dense array, rebuilt from the terms: ``check(c.dense(), c.tensor)`` compares it with the derivative.

        >>> import numpy as np
        >>> import symbolic as s
        >>> U, V = s.tensor("U", "n k"), s.tensor("V", "m k")
        >>> c = compressed(s.hessian(np.sum((U @ V.T) ** 2), U))
        >>> s.check(c.dense(), c.tensor).status
        'proved'
        """
        pieces = [computed(t.equation) for t in self.terms]
        return added(pieces) if pieces else zero_like(self.tensor.extents)

    @property
    def entries(self) -> int | Dim:
        """How many numbers are stored, the sums over factors carried out, equal tensors once."""
        tensors = dict.fromkeys(f.tensor for t in self.terms for f in t.contracted.factors if f.indices)
        return as_dim(sp.expand(sp.Add(*(sp.Mul(*t.extents) for t in tensors))))

    @property
    def dense_entries(self) -> int | Dim:
        """How many numbers the dense array holds."""
        return self.tensor.size

    def __str__(self) -> str:
        from symbolic.notation.terms import compressed_text

        return compressed_text(self)

    def __repr__(self) -> str:
        return f"<Compressed {self}>"

    def _repr_latex_(self) -> str:
        from symbolic.notation.terms import compressed_latex

        return f"$\\displaystyle {compressed_latex(self)}$"


def compressed(t: Tensor, rows: int | None = None) -> Compressed:
    """``t``, a Jacobian or Hessian, as a sum of products of small tensors: a diagonal as its vector, δ_ij ⊗ M as M.

    The first ``rows`` axes are its rows (half of the axes unless given, rounded down: for the Jacobian of a matrix product
    by a matrix say how many axes the output has). Found is what the form shows: exactly zero, diagonals, blocks, Kronecker
    and outer products, sums of them such as diag(p) − ppᵀ, bands of convolutions, selections; a sum Σ_k over factors that
    separate rows from columns stays factored. Where nothing is found, the one term is ``t`` itself.

    Raises ``ShapeError`` unless 1 ≤ rows < number of axes.

    >>> import numpy as np
    >>> import symbolic as s
    >>> z, U, V, M = s.tensor("z", "k"), s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m")
    >>> print(compressed(s.jacobian(s.softmax(z), z)))
    diag(softmax(z)) - softmax(z) softmax(z)ᵀ
    >>> c = compressed(s.hessian(np.sum((U @ V.T - M) ** 2), U))
    >>> print(c)
    I ⊗ (2 Vᵀ V)
    >>> c.kind, c.entries, c.dense_entries
    ('kronecker', k**2, k**2*n**2)
    """
    t = as_tensor(t)
    rows = t.ndim // 2 if rows is None else rows
    if not 1 <= rows < t.ndim:
        raise ShapeError(
            f"compressed: {t.describe()} has {t.ndim} axes; expected at least one for rows and one for columns, got rows={rows}"
        )
    for form in _forms(t):
        terms = split(form, rows)
        if not _is_dense(terms):
            return Compressed(t, rows, terms, form)
    own = t.fresh_indices()
    return Compressed(t, rows, (Term(sp.S.One, (Factor(t, own),), own, t.extents, rows),), Closed(own, t.access(*own)))


def _is_dense(terms: tuple[Term, ...]) -> bool:
    return len(terms) == 1 and terms[0].kind == "dense"


def _forms(t: Tensor) -> Iterable[Closed]:
    """Forms that may show structure: as a person would write it, then through the tensors that carry no delta."""
    for stop in (is_boundary, _without_deltas(t)):
        try:
            if size(closed_form(t, stop, LONGEST).expr) <= LONGEST:
                yield presented(t) if stop is is_boundary else normal_form(closed_form(t, stop))
        except (TooLargeError, RecursionError):
            continue


def _without_deltas(t: Tensor) -> Callable[[Tensor], bool]:
    """Whether a tensor of the program of ``t`` is computed without any equation that ties its axes to each other."""
    tied: set[int] = set()
    for u in topological([t]):
        if any(v.serial in tied for v in u.operands) or _ties_axes(u):
            tied.add(u.serial)
    return lambda u: is_opaque(u) or u.serial not in tied


def _ties_axes(u: Tensor) -> bool:
    eq = u.definition
    if not isinstance(eq, Equation):
        return False
    return any(isinstance(g, Zero) and len(g.atoms(Index) & set(eq.indices)) > 1 for g in eq.guards)

"""Compressed arrays as they are printed: Kronecker products as A ⊗ B, other terms in matrix or index notation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed
from symbolic.calculus.compression import Compressed
from symbolic.calculus.terms import Factor, Term
from symbolic.notation.closed import closed_of
from symbolic.notation.dialect import MUL, Latex, Piece
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from symbolic.notation.matrix.printing import MatrixPrinter
from symbolic.notation.options import Options
from symbolic.notation.plain import Text
from symbolic.notation.statements import latex, text
from symbolic.program.functions import Equal


def compressed_text(c: Compressed) -> str:
    """A compressed array in plain text."""
    found = _by_axes(c, Text(Options()))
    return text(_shown(c)) if found is None else found


def compressed_latex(c: Compressed, **options: Any) -> str:
    """A compressed array in LaTeX."""
    found = _by_axes(c, Latex(Options(**options)))
    return latex(_shown(c), **options) if found is None else found


def _shown(c: Compressed) -> Any:
    """The form; of what is one array, that array as it prints itself."""
    return c.tensor if c.terms and c.terms[0].factors and c.terms[0].factors[0].tensor is c.tensor else c.form


def _by_axes(c: Compressed, dialect: Latex) -> str | None:
    """The terms with one matrix for each axis, A ⊗ B + diag(D); None where a term has no such form."""
    if c.rows < 2 or not c.terms:
        return None
    try:
        terms = [_term(t.contracted, dialect) for t in c.terms]
    except NoMatrixForm:
        return None
    return dialect.plus(terms).text


def _term(t: Term, dialect: Latex) -> tuple[bool, Piece]:
    """Whether a term has a minus sign, and the rest of it."""
    number = sp.Mul(t.coefficient, *(_entry(f) for f in t.factors if not f.indices))
    if t.kind == "diagonal":
        whole = dialect.call_of("diag", [_matrix(t, range(t.rows), t.places[: t.rows], dialect)])
    elif t.kind == "kronecker":
        axes = [(t.places[a], t.places[t.rows + a]) for a in range(t.rows)]
        whole = dialect.kronecker([_matrix(t, [a], pair, dialect) for a, pair in enumerate(axes)])
    else:
        raise NoMatrixForm(f"one term is {t.kind}")
    negative = bool(number.is_number and number.is_negative)
    number = -number if negative else number
    if number == 1:
        return negative, whole
    lead = MatrixPrinter(dialect).piece(matrix_tree(Closed((), number)))
    return negative, dialect.times([lead, Piece(dialect.bracket(whole.text)) if whole.level < MUL else whole])


def _matrix(t: Term, axes: Iterable[int], out: tuple[sp.Expr, ...], dialect: Latex) -> Piece:
    """The factors on some axes, as an array over ``out``; rows and columns that are tied stand for a diagonal."""
    mine = {t.places[side + a] for a in axes for side in (0, t.rows)}
    body = sp.Mul(*(_entry(f) for f in t.factors if f.indices and set(f.indices) & mine))
    if len(out) == 2 and out[0] is out[1] and t.kind != "diagonal":
        column = out[1].fresh()  # type: ignore[union-attr]
        body, out = body * Equal(out[0], column), (out[0], column)
    return MatrixPrinter(dialect).piece(matrix_tree(Closed(out, body)))  # type: ignore[arg-type]


def _entry(f: Factor) -> sp.Expr:
    return closed_of(f.tensor).at(f.indices)

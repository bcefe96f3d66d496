"""Notation: equations as LaTeX and text in index, matrix and perturbation style."""

from symbolic.calculus.closed_form import Closed
from symbolic.notation.chains import condition
from symbolic.notation.names import name_latex, name_text
from symbolic.notation.options import STYLES, Options, Palette
from symbolic.notation.statements import (
    NO_MATRIX_FORM,
    Derivative,
    declaration,
    latex,
    matrix_form,
    rendering,
    shape_latex,
    shape_line,
    statement,
    statement_text,
    text,
)

__all__ = [
    "NO_MATRIX_FORM",
    "STYLES",
    "Closed",
    "Derivative",
    "Options",
    "Palette",
    "condition",
    "declaration",
    "latex",
    "matrix_form",
    "name_latex",
    "name_text",
    "rendering",
    "shape_latex",
    "shape_line",
    "statement",
    "statement_text",
    "text",
]

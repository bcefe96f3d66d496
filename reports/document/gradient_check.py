"""The gradient check as a section: a table of figures and their picture."""

from __future__ import annotations

from numeric.gradient_check import GradientCheck, check_gradient
from reports.document.catalogue import Catalogue
from reports.document.model import Column, Figure, Paragraph, Section, Table
from reports.document.phrases import failed, scientific, symbol
from reports.figures.bars import error_bars
from symbolic.calculus.derivation import Derivation
from symbolic.errors import EvaluationError

DIRECTIONS = 3
_MANY = 20  # parameters of which each is checked along two


def gradient_check(d: Derivation, words: Catalogue, seed: int = 0) -> Section | None:
    """The check of every gradient at a seeded random point; None for an output that is no scalar."""
    if d.output.ndim:
        return None
    wanted = [w for w in d.wrt if w in d.results]
    directions = DIRECTIONS if len(wanted) <= _MANY else 2
    try:
        found = check_gradient(d.output, wrt=wanted, directions=directions, seed=seed)
    except EvaluationError as error:
        return Section(words("report.check"), [failed("report.check_error", error, words)], id="check")
    names = {p.name: symbol(w) for p, w in zip(found.parameters, wanted, strict=True)}
    blocks = [
        Paragraph(words("report.check_intro", directions=directions)),
        _table(found, names, words),
        Paragraph(words("report.check_passed" if found.passed else "report.check_failed")),
        _picture(found, names, words),
    ]
    return Section(words("report.check"), blocks, id="check")


def _table(found: GradientCheck, names, words: Catalogue) -> Table:
    titles = ["parameter", "verdict", "error", "own_error", "adjoint", "method"]
    columns = [Column(words(f"report.column.{t}"), "right" if t in titles[2:5] else "left") for t in titles]
    rows = [
        [
            names[p.name],
            words(f"verdict.{p.verdict}"),
            scientific(p.error),
            scientific(p.estimate),
            scientific(p.adjoint) if p.adjoint is not None else "–",
            ", ".join(words(f"method.{m.replace(' ', '_')}") for m in p.method.split(" and ")),
        ]
        for p in found.parameters
    ]
    return Table(columns, rows, row_headers=True)


def _picture(found: GradientCheck, names, words: Catalogue) -> Figure:
    errors = {names[p.name].latex: p.error for p in found.parameters}
    worst = max(errors.values())
    alt = words("report.check_alt", count=len(errors), worst=f"{worst:.1e}", tolerance=f"{found.tolerance:.0e}")
    return Figure(error_bars(errors, found.tolerance, alt), alt, words("report.check_plot"))

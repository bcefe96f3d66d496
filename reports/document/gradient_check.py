"""The gradient check as a section: a table of figures and their picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from numeric.gradient_check import ParameterCheck
from reports.document.catalogue import Catalogue
from reports.document.families import MANY, families, first_to_last
from reports.document.model import Block, Column, Figure, Math, Paragraph, Section
from reports.document.phrases import failed, scientific
from reports.document.steps import long_table
from reports.figures.bars import error_bars
from symbolic.errors import EvaluationError

if TYPE_CHECKING:
    from reports.document.derivation import Derived

_DRAWN = 40  # errors in the picture: the largest


def gradient_check(made: Derived) -> Section | None:
    """The check of every gradient that the code computes at a seeded random point; None for an output that is no scalar."""
    words = made.words
    if made.derivation.output.ndim:
        return None
    found = made.runs.gradients
    if isinstance(found, EvaluationError):
        return Section(words("report.check"), [failed("report.check_error", found, words)], id="check")
    checked = list(zip(found.parameters, made.runs.checked, strict=True))
    among = families(checked, lambda c: c[1], lambda c: _kind(c[0])) if len(checked) > MANY else [[c] for c in checked]
    told = [(first_to_last([w for _, w in family]), _worst([p for p, _ in family])) for family in among]
    blocks = [
        Paragraph(words("report.check_intro", directions=made.runs.directions)),
        *_table(told, words),
        Paragraph(words("report.check_passed" if found.passed else "report.check_failed")),
        _picture(told, found.tolerance, len(checked), words),
    ]
    return Section(words("report.check"), blocks, id="check")


def _kind(p: ParameterCheck) -> tuple:
    return p.shape, p.verdict, p.method, p.adjoint is None


def _worst(family: list[ParameterCheck]) -> ParameterCheck:
    """What holds of all of a family: its largest errors."""
    adjoint = max(p.adjoint for p in family) if family[0].adjoint is not None else None
    return replace(
        family[0], error=max(p.error for p in family), estimate=max(p.estimate for p in family), adjoint=adjoint
    )


def _table(told: list[tuple[Math, ParameterCheck]], words: Catalogue) -> list[Block]:
    titles = ["parameter", "verdict", "error", "own_error", "adjoint", "method"]
    columns = [Column(words(f"report.column.{t}"), "right" if t in titles[2:5] else "left") for t in titles]
    rows = [
        [
            name,
            words(f"verdict.{p.verdict}"),
            scientific(p.error),
            scientific(p.estimate),
            scientific(p.adjoint) if p.adjoint is not None else "–",
            ", ".join(words(f"method.{m.replace(' ', '_')}") for m in p.method.split(" and ")),
        ]
        for name, p in told
    ]
    return long_table(columns, rows, words, row_headers=True)


def _picture(told: list[tuple[Math, ParameterCheck]], tolerance: float, count: int, words: Catalogue) -> Figure:
    worst = sorted(told, key=lambda row: -row[1].error)[:_DRAWN]
    errors = {name.latex: p.error for name, p in told if any(name is shown for shown, _ in worst)}
    alt = words("report.check_alt", count=count, worst=f"{max(errors.values()):.1e}", tolerance=f"{tolerance:.0e}")
    caption = words("report.check_plot") if len(told) <= _DRAWN else words("report.check_plot_worst", count=_DRAWN)
    return Figure(error_bars(errors, tolerance, alt), alt, caption)

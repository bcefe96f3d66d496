"""What the form of the derivatives tells: zero, independent, symmetric, diagonal, Kronecker, rank one, definite."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from reports.document.model import Block, Formula, List, Math, Paragraph, Section
from reports.document.phrases import phrase, symbol
from reports.document.pictures import pictures
from reports.document.steps import Telling
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.compression import compressed
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.realisation import realised
from symbolic.calculus.records import Derivative
from symbolic.calculus.structure import Finding, structure
from symbolic.errors import ChainruleError
from symbolic.notation import latex
from symbolic.notation.lines import visible_width
from symbolic.notation.terms import compressed_latex
from symbolic.program.dims import Dim
from symbolic.program.expressions import Access
from symbolic.program.tensors import Tensor

WITHIN_A_LINE = 40  # characters of a formula that stands in a sentence
_MOST_MODULES = 3  # of a program whose second derivatives are looked at too: they are short enough to read


def structure_of(d: Derivation, telling: Telling, among: Sequence[Tensor], seed: int = 0) -> Section | None:
    """Findings on the gradients by the variables ``among`` and, for short programs, on Hessians, with pictures; None if there is nothing to say."""
    words, blocks = telling.words, []
    for w in among:
        if w in d.results:
            blocks += _said("report.structure_of", w, structure(_near(d.forms[w])), telling)
    seconds: list[tuple[Derivative, Tensor]] = []
    if len(d.program) <= _MOST_MODULES and not d.output.ndim:
        for w in d.wrt:
            told, h = _hessian(d, w, telling)
            blocks += told
            seconds += [(Derivative(d.output, (w, w)), h)] if h is not None else []
    blocks += pictures(d, seconds, telling, seed)
    return Section(words("report.structure"), blocks, id="structure") if blocks else None


def _near(form: Closed) -> Tensor:
    """The form as a tensor in which every computed tensor that it reads is a given one: what its own form tells."""
    read = {a.tensor for a in form.expr.atoms(Access)}
    given = {
        u.handle: Tensor(u.label, u.extents, dtype=u.dtype, assume=u.assume).handle
        for u in read
        if u.definition is not None
    }
    return realised(Closed(form.indices, form.expr.xreplace(given)))


def _hessian(d: Derivation, w: Tensor, telling: Telling) -> tuple[list[Block], Tensor | None]:
    """What is found of a second derivative, and the derivative itself where it is not zero."""
    try:
        h = d.hessian(w)
        findings = structure(h)
    except ChainruleError:
        return [], None
    shown = None if any(f.key == "zero" for f in findings) else h
    if not findings:
        return [], shown
    intro, items = _said("report.hessian_of", w, findings, telling)
    return [intro, telling.formula(Derivative(d.output, (w, w)), h), items, *_stored(h, telling)], shown


def _stored(h: Tensor, telling: Telling) -> list[Block]:
    """What is stored of a Hessian that is kept compressed, where that is less than its entries."""
    if h.ndim < 2:
        return []
    c = compressed(h)
    stored, dense = (sp.sympify(n.expr if isinstance(n, Dim) else n, strict=True) for n in (c.entries, c.dense_entries))
    if stored == 0 or c.kind == "dense" or (dense - stored).is_positive is False or stored == dense:
        return []
    numbers = {"stored": Math(latex(((), stored))), "dense": Math(latex(((), dense)))}
    form = compressed_latex(c)
    if visible_width(form) <= WITHIN_A_LINE:
        return [Paragraph(phrase(telling.words, "report.compressed", form=Math(form), **numbers))]
    return [Paragraph(phrase(telling.words, "report.compressed_below", **numbers)), Formula(form)]


def _said(key: str, w, findings: tuple[Finding, ...], telling: Telling) -> list[Block]:
    if not findings:
        return []
    items = [telling.finding(f) for f in findings]
    return [Paragraph(phrase(telling.words, key, by=symbol(w))), List(items)]

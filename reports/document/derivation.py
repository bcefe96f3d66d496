"""The report of a derivation: from a model to its document. Everything in it is computed; the words are the catalogue's."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reports.document.catalogue import Catalogue, catalogue
from reports.document.listing import Listing, listing
from reports.document.model import (
    Block,
    Code,
    Content,
    Document,
    Figure,
    Fold,
    Formula,
    List,
    Math,
    Note,
    Paragraph,
    Section,
    walk,
)
from reports.document.model import Link as To
from reports.document.outline import Outline
from reports.document.phrases import phrase, symbol, typeset
from reports.document.runs import Runs
from reports.document.steps import Telling, long_table, steps_of
from reports.document.symbols import symbols
from reports.document.trying import trying
from symbolic.calculus.derivation import Derivation, derive
from symbolic.calculus.records import Step
from symbolic.notation import STYLES, Palette, shape_latex

if TYPE_CHECKING:
    from numeric.derivation_check import StepCheck
    from numeric.training.data import DataSet
    from reports.commands.models import Model


MOST_SHOWN = 40  # gradients before the others are folded
MOST_LINES = 200  # of code, likewise
MOST_LABELLED = 60  # symbols of a diagram in which what flows back is written beside its arrows


@dataclass(frozen=True)
class Choices:
    """What a reader asked for: language, a training run (on ``data`` or on a teacher's), worked numbers, the seed."""

    language: str = "en"
    training: bool = True
    numbers: bool = False
    data: DataSet | None = None
    seed: int = 0
    epochs: int | None = None


@dataclass(frozen=True)
class Derived:
    """A model with its derivation, the code and the evidence: what the sections are made of."""

    model: Model
    derivation: Derivation
    checks: Mapping[int, StepCheck]
    listing: Listing
    telling: Telling
    choices: Choices
    runs: Runs

    @property
    def words(self) -> Catalogue:
        """The catalogue of the language."""
        return self.telling.words

    @property
    def outline(self) -> Outline:
        """Which steps are told in full."""
        return self.runs.outline

    def told(self, language: str) -> Derived:
        """The same in another language: nothing is derived, checked or run again."""
        telling, choices = replace(self.telling, words=catalogue(language)), replace(self.choices, language=language)
        return replace(self, telling=telling, choices=choices)


def report(model: Model, choices: Choices | None = None) -> Document:
    """The document of a model: diagram, symbols, program, Jacobians, steps, gradients, structure, code, checks, training."""
    return document(derived(model, choices or Choices()))


def document(made: Derived) -> Document:
    """What was derived of a model as a document."""
    words = made.words
    title, description = presented(made.model, words)
    blocks: list[Block] = [Paragraph(typeset(description))] if description else []
    blocks += sections(made)
    return Document(
        words("report.title", title=title),
        blocks,
        made.choices.language,
        {words("report.model"): made.model.name},
    )


def presented(model: Model, words: Catalogue) -> tuple[str, str]:
    """Title and description of a model: in the catalogue's language, if it is one of the gallery."""
    key = f"gallery.{model.name}"
    if not model.from_gallery or f"{key}.title" not in words.sentences:
        return model.title, model.description
    return words(f"{key}.title"), words(f"{key}.text")


def derived(model: Model, choices: Choices, group: str = "step") -> Derived:
    """The derivation of a model with everything that its sections need; the ids of its steps begin with ``group``."""
    from numeric.derivation_check import check_steps

    d = derive(model.loss, list(model.wrt) or None)
    palette = Palette.of([*d.wrt, *d.program])
    code = listing(d, [d.output, *(d.jacobian(w) for w in d.wrt)])
    telling = Telling(catalogue(choices.language), palette, group)
    checks, runs = check_steps(d, choices.seed), Runs(model, d, code, choices)
    return Derived(model, d, checks, code, telling, choices, runs)


def sections(made: Derived) -> list[Section]:
    """The sections of a derivation's report that have something to say."""
    found = [
        diagram(made), symbols(made.derivation, made.telling), program(made), jacobians(made), steps(made), gradients(made),
        structure_section(made), code(made), *_runs(made), environment(made),
    ]  # fmt: skip
    return [section for section in found if section is not None]


def _runs(made: Derived) -> Iterator[Section | None]:
    from reports.document.gradient_check import gradient_check

    if made.choices.numbers:
        from reports.document.numbers import worked_numbers

        yield worked_numbers(made.derivation, made.telling, made.choices.seed)
    yield gradient_check(made)
    if made.choices.training:
        from reports.document.training import training

        yield training(made)


def diagram(made: Derived) -> Section:
    """The block diagram with the gradients flowing back."""
    d = made.derivation
    figure = diagram_figure(d.output, d.program, made.words("report.diagram_caption"), made.words)
    return Section(made.words("report.diagram"), [figure], id="diagram")


def diagram_figure(output: Any, circles: Any, caption: Any, words: Catalogue, gradients: bool = True) -> Figure:
    """The block diagram of a program as a figure for every format."""
    from reports.figures.blocks import block_diagram
    from reports.figures.exports import to_tikz
    from reports.figures.svg import to_svg

    drawn = block_diagram(output, circles=circles, gradients=gradients)
    if len(drawn.nodes) > MOST_LABELLED:
        # What flows back beside each arrow into v is ∂C/∂v; so many of them would hide the drawing.
        drawn = replace(drawn, edges=tuple(replace(e, gradient=e.gradient and "") for e in drawn.edges))
    return Figure(to_svg(drawn, words=words), drawn.description(words), caption, tikz=to_tikz(drawn))


def program(made: Derived) -> Section:
    """The modules as equations, with shapes and links to the steps that define them."""
    words = made.words
    blocks = [Paragraph(words("report.program_intro")), *program_table(made)]
    return Section(words("report.program"), blocks, id="program")


def program_table(made: Derived, linked: bool = True) -> list[Block]:
    """One row for each module; ``linked`` to its step where the steps are on the page."""
    titles = ["equation", "shape", *(["step"] if linked else [])]
    defined = [s for s in made.derivation.steps if s.kind == "definition"]
    rows = [
        [
            made.telling.line(s),
            Math(shape_latex(s.left.extents)),
            *([_to(s.number, made)] if linked else []),
        ]
        for s in defined
        if s.number not in made.outline.again
    ]
    return _rows(titles, rows, len(defined), made.words)


def jacobians(made: Derived) -> Section | None:
    """For every module its Jacobians by states and parameters."""
    words, table = made.words, jacobian_table(made)
    if not table:
        return None
    return Section(words("report.jacobians"), [Paragraph(words("report.jacobians_intro")), *table], id="jacobians")


def jacobian_table(made: Derived, linked: bool = True) -> list[Block]:
    """One row for each local Jacobian, its formula last as it may be long; nothing for a program of one module without any."""
    titles = [*(["step"] if linked else []), "module", "by", "shape", "jacobian"]
    known = [s for s in made.derivation.steps if s.kind == "local_jacobian"]
    rows = [
        [
            *([_to(s.number, made)] if linked else []),
            symbol(s.left.of),
            symbol(s.left.by[0]),
            Math(shape_latex(s.shapes[0][1])),
            made.telling.line(s),
        ]
        for s in known
        if made.outline.told_at.get(s.number) == s.number
    ]
    return _rows(titles, rows, len(known), made.words) if rows else []


def _rows(titles: list[str], rows: list[list[Content]], count: int, words: Catalogue) -> list[Block]:
    """A table, its rows beyond a page or two folded; a sentence says that others of ``count`` are left out."""
    columns = [words(f"report.column.{c}") for c in titles]
    blocks = long_table(columns, rows, words)
    if count > len(rows):
        blocks.append(Paragraph(words("report.rows_left", count=count - len(rows))))
    return blocks


def _to(number: int, made: Derived) -> Content:
    told = made.outline.told_at.get(number)
    return To(f"#{made.telling.group}-{told}", str(number)) if told is not None else str(number)


def steps(made: Derived) -> Section:
    """Every step with its evidence, and how many of them agree."""
    words = made.words
    told = steps_of(made.derivation, made.checks, made.listing, made.telling, made.outline)
    intro = [Paragraph(words("report.steps_intro")), summary(made)]
    if any(r"}{\cdots}" in f.latex for block in told for f in walk(block) if isinstance(f, Formula)):
        intro.append(Paragraph(words("report.dots")))
    return Section(words("report.steps"), [*intro, *told], id="steps")


def summary(made: Derived) -> Paragraph:
    """How many steps agree with numbers."""
    counts = {s: sum(c.status == s for c in made.checks.values()) for s in ("agrees", "refuted", "undecided")}
    if counts["agrees"] == len(made.checks):
        return Paragraph(made.words("report.steps_all", count=len(made.checks)))
    return Paragraph(made.words("report.steps_sum", count=len(made.checks), **counts))


def gradients(made: Derived) -> Section:
    """All results in the shapes of their variables, and where they hold."""
    return Section(made.words("report.gradients"), gradient_blocks(made), id="gradients")


def gradient_blocks(made: Derived) -> list[Block]:
    """A formula for each variable, and the conditions; what repeats under other names is left to the steps."""
    words, d, wanted = made.words, made.derivation, set(made.derivation.wrt)
    found = [s for s in d.steps if s.level == 0 and s.left.by[0] in wanted]
    shown = [s for s in found if s.number not in made.outline.again]
    said = [block for s in shown[:MOST_SHOWN] for block in _gradient(s, made)]
    if len(shown) > MOST_SHOWN:
        more = [block for s in shown[MOST_SHOWN:] for block in _gradient(s, made, ("matrix",))]
        said.append(Fold(words("report.more_gradients", count=len(shown) - MOST_SHOWN), more))
    if len(found) > len(shown):
        said.append(Paragraph(words("report.gradients_left", count=len(found) - len(shown))))
    if d.conditions:
        held = List([made.telling.condition(c) for c in d.conditions])
        said.append(Note([held], kind="condition", title=words("report.conditions")))
    return said


def _gradient(s: Step, made: Derived, styles: tuple[str, ...] = STYLES) -> list[Block]:
    by = s.left.by[0]
    fields = {"of": symbol(made.derivation.output), "by": symbol(by), "shape": Math(shape_latex(by.extents))}
    return [Paragraph(phrase(made.words, "report.gradient_of", **fields)), made.telling.formula(s, among=styles)]


def structure_section(made: Derived) -> Section | None:
    """Structural findings, if there are any."""
    from reports.document.structure import structure_of

    again = {s.left.by[0] for s in made.derivation.steps if s.number in made.outline.again and s.level == 0}
    among = [w for w in made.derivation.wrt if w not in again]
    return structure_of(made.derivation, made.telling, among, made.choices.seed)


def code(made: Derived) -> Section:
    """The generated NumPy code."""
    words = made.words
    listed: Block = Code(made.listing.source, "python")
    lines = made.listing.source.count("\n")
    if lines > MOST_LINES:
        listed = Fold(words("report.code_lines", count=lines), [listed])
    tried = trying(made.derivation, made.listing, words, made.choices.seed)
    return Section(words("report.code"), [Paragraph(words("report.code_intro")), listed, *tried], id="code")


def environment(made: Derived) -> Section:
    """Versions and seed: what repeats the numbers of this report."""
    import numpy
    import sympy

    from reports.document.version import version

    versions = {
        "chainrule": version(), "Python": platform.python_version(), "SymPy": sympy.__version__, "NumPy": numpy.__version__,
    }  # fmt: skip
    said = ", ".join(f"{name} {number}" for name, number in versions.items())
    text = made.words("report.environment_text", versions=said, seed=made.choices.seed)
    return Section(made.words("report.environment"), [Paragraph(text)], id="environment")

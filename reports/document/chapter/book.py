"""What the sections of the chapter are written with: prose of a language, derived systems, checked formulas, figures."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numeric.learning.record import recorded
from reports.document.catalogue import Catalogue, LanguageError
from reports.document.chapter.recorded import Runs, provenance
from reports.document.derivation import Choices, Derived, derived, diagram_figure, gradient_blocks, summary
from reports.document.model import Block, Content, Figure, Formula, Inline, Mark, Math, Paragraph, Section, Text
from reports.document.phrases import phrase
from reports.document.steps import Telling, steps_of
from reports.figures.charts import Chart
from reports.figures.lines import chart_svg
from symbolic import check
from symbolic.program.tensors import Tensor
from symbolic.verification.verdict import Verdict

FOLDER = Path(__file__).parent / "prose"
_FORMULA = re.compile(r"\$([^$]+)\$")


@functools.cache
def prose(language: str) -> Catalogue:
    """The chapter's sentences in a language; raises ``LanguageError`` where there are none."""
    path = FOLDER / f"{language}.toml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise LanguageError(f"the chapter is not written in the language {language!r}; there are: {known}")
    with path.open("rb") as file:
        found = tomllib.load(file)
    return Catalogue(language, {f"{name}.{key}": text for name, table in found.items() for key, text in table.items()})


@dataclass(frozen=True)
class Book:
    """The chapter in one language, with one seed."""

    prose: Catalogue
    choices: Choices
    telling: Telling
    runs: Runs = field(default_factory=dict)

    @property
    def words(self) -> Catalogue:
        """The catalogue of all reports."""
        return self.telling.words

    def say(self, key: str, **fields: Content) -> Paragraph:
        """A paragraph; ``$w$`` in it is a symbol, ``{field}`` a value that was computed."""
        return Paragraph(self.sentence(key, **fields))

    def sentence(self, key: str, **fields: Content) -> tuple[Inline, ...]:
        """The same as inlines."""
        found: list[Inline] = []
        literal = ""
        for part in phrase(self.prose, key, **fields):
            if isinstance(part, Text):  # a doubled brace ends a part in the midst of a formula
                literal += part.text
                continue
            found += [*_with_symbols(literal), part]
            literal = ""
        return (*found, *_with_symbols(literal))

    def section(self, key: str, *blocks: Block | list[Block] | None) -> Section:
        """A section with the title ``key.title``; lists are taken apart and None is left out."""
        flat: list[Block] = []
        for block in blocks:
            flat += block if isinstance(block, list) else [block] if block is not None else []
        return Section(self.sentence(f"{key}.title"), flat, id=key)

    # -- what is derived

    def system(self, name: str) -> Derived:
        """A model of the gallery, derived and checked; the ids of its steps begin with its name."""
        from reports.commands.models import find

        return derived(find(name), self.choices, name)

    def own(self, name: str, loss: Tensor, wrt: tuple[Tensor, ...] = ()) -> Derived:
        """A program of a section, derived and checked like a model."""
        from reports.commands.models import Model

        return derived(Model(name, name, loss, wrt=wrt), self.choices, name)

    def steps(self, made: Derived) -> list[Block]:
        """All steps of a system with their evidence."""
        return [summary(made), *steps_of(made.derivation, made.checks, made.listing, made.telling)]

    def results(self, made: Derived) -> list[Block]:
        """The gradients of a system with the count of its checked steps."""
        return [*gradient_blocks(made), summary(made)]

    # -- what was run

    def run(self, name: str) -> Mapping[str, Any]:
        """The data of a long run: made anew if it was asked for, else as it was recorded."""
        return (self.runs.get(name) or recorded(name))["data"]

    def provenance(self, name: str) -> Paragraph:
        """Where those data come from."""
        return provenance(name, self.runs, self.prose)

    # -- what is stated and checked

    def equation(self, left: Any, right: Any = None) -> Formula:
        """``left = right`` in every notation."""
        return self.telling.formula(left, right)

    def statement(self, left: Any, right: Any = None) -> Formula:
        """The same by entries and in matrices alone, where no differential is meant."""
        return self.telling.formula(left, right, ("index", "matrix"))

    def checked(self, left: Any, claim: Tensor, truth: Tensor) -> list[Block]:
        """``left = claim``, and whether that equals the derived ``truth``."""
        stated = self.statement if isinstance(left, Tensor) else self.equation
        return [stated(left, claim), Paragraph([self.mark(check(claim, truth))])]

    def mark(self, verdict: Verdict) -> Mark:
        """The status of a verdict and what it rests on."""
        key = "evidence.proved" if verdict.status == "proved" else "evidence.points"
        if verdict.status not in ("proved", "agrees"):
            return Mark(verdict.status, str(verdict.evidence))
        return Mark(verdict.status, phrase(self.words, key, points=str(verdict.evidence.points)))

    # -- what is drawn

    def diagram(self, key: str, output: Tensor, circles: Any = None, gradients: bool = False) -> Figure:
        """The block diagram of a program, with the caption ``key``."""
        return diagram_figure(output, circles, self.sentence(key), self.words, gradients)

    def chart(self, key: str, chart: Chart) -> Figure:
        """A chart, with the caption ``key``."""
        return Figure(chart_svg(chart), chart.alt, self.sentence(key))

    def plot(self, key: str, plot: Any) -> Figure:
        """A plot that a library draws, with the caption ``key``."""
        from reports.figures.plots import to_svg

        return Figure(to_svg(plot), plot.alt, self.sentence(key))


def _with_symbols(text: str) -> list[Inline]:
    found: list[Inline] = []
    for position, part in enumerate(_FORMULA.split(text)):
        if part:
            found.append(Math(part) if position % 2 else Text(part))
    return found


def number(value: float, digits: int = 4) -> str:
    """A number as the text says it.

    >>> number(0.25), number(5.82e-5, 2)
    ('0.25', '5.8 × 10⁻⁵')
    """
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    raised = str(int(exponent)).translate(_RAISED) if exponent else ""
    return (f"{mantissa} × 10{raised}" if exponent else mantissa).replace("-", "−")


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

"""A training run as a section: data, settings, figures by epoch and the loss curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numeric.training.history import History, Record
from reports.document.catalogue import Catalogue
from reports.document.model import Block, Code, Column, Figure, Note, Paragraph, Section, Table
from reports.document.phrases import failed, phrase
from reports.document.runs import BATCH, RATE, Trained
from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves, topological

if TYPE_CHECKING:
    from reports.document.derivation import Derived

_LONGEST = 600  # equations beyond which a run takes minutes: it is made where data are given
_ROWS = 8
_FEWEST = 60  # entries of gradients that make a distribution


def training(made: Derived) -> Section | None:
    """A seeded run on the given data, or on a teacher's; None for a model without parameters."""
    model, words = made.model, made.words
    if not any(t.role == "parameter" for t in leaves([model.loss])):
        return None
    equations = len(topological([model.loss]))
    if model.whole:
        blocks: list[Block] = [Note(Paragraph(phrase(words, "training.whole", check=Code("check_gradient"))))]
    elif equations > _LONGEST and made.choices.data is None:
        said = phrase(words, "training.long", count=str(equations), command=Code("chainrule train"))
        blocks = [Note(Paragraph(said))]
    else:
        run = made.runs.training
        blocks = [failed("training.error", run, words)] if isinstance(run, ChainruleError) else _run(run, made)
    return Section(words("report.training"), blocks, id="training")


def _run(run: Trained, made: Derived) -> list[Block]:
    words = made.words
    key = "training.intro_data" if made.choices.data is not None else "training.intro_teacher"
    fields = {"samples": run.samples, "held": run.held, "batch": BATCH, "rate": RATE, "seed": made.choices.seed, "data": run.data}  # fmt: skip
    return [Paragraph(words(key).format(**fields)), *history_blocks(run.history, words), *_first_gradients(run, words)]


def _first_gradients(run: Trained, words: Catalogue) -> list[Block]:
    """How large the entries of each layer's gradient are at the first parameters, averaged over a few samples."""
    from reports.figures.charts import magnitude_chart
    from reports.figures.lines import chart_svg

    if sum(g.size for g in run.gradients.values()) < _FEWEST:
        return []
    chart = magnitude_chart(run.gradients, words("plot.sizes"), words)
    return [
        Paragraph(words("training.gradients", samples=run.averaged)),
        Figure(chart_svg(chart), chart.alt, words("training.gradients_plot")),
    ]


def history_blocks(history: History, words: Catalogue) -> list[Block]:
    """A run in figures and as a curve."""
    blocks: list[Block] = [_table(history, words)]
    last = history.records[-1]
    ends = {"epochs": len(history.records), "first": f"{history.records[0].loss:.4g}", "last": f"{last.loss:.4g}"}
    blocks.append(Paragraph(words("training.ends", **ends)))
    return [*blocks, curve(history, words)]


def curve(history: History, words: Catalogue) -> Figure:
    """The loss curve."""
    from reports.figures.charts import loss_chart
    from reports.figures.lines import chart_svg

    chart = loss_chart(history, words)
    return Figure(chart_svg(chart), chart.alt, words("training.curve"))


def _table(history: History, words: Catalogue) -> Table:
    records = history.records
    every = max(1, -(-len(records) // _ROWS))
    shown = [r for r in records if r.epoch % every == 0 or r in (records[0], records[-1])]
    names, held = list(shown[-1].metrics), any(r.validation is not None for r in records)
    columns = [Column(words(f"training.{c}"), "right") for c in ("epoch", "loss", *(["held_out"] if held else []))]
    columns += [Column(words.sentences.get(f"training.{name}", name), "right") for name in names]
    return Table(columns, [_row(r, names, held) for r in shown])


def _row(r: Record, names: list[str], held: bool) -> list[str]:
    told = [f"{r.validation:.4g}" if r.validation is not None else "–"] if held else []
    return [str(r.epoch), f"{r.loss:.4g}", *told, *(f"{r.metrics[name]:.4g}" for name in names)]

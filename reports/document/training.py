"""A training run as a section: data, settings, figures by epoch and the loss curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numeric.training.history import History, Record
from reports.document.catalogue import Catalogue
from reports.document.model import Block, Code, Column, Figure, Note, Paragraph, Section, Table
from reports.document.phrases import failed, phrase, symbol
from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves, topological

if TYPE_CHECKING:
    from reports.document.derivation import Derived

SAMPLES, EPOCHS, BATCH = 320, 20, 16
_HEAVY = 120  # equations of a program of which fewer samples and epochs are run
_LONGEST = 600  # equations beyond which a run takes minutes: it is made where data are given
_ROWS = 8
_FEWEST = 60  # entries of gradients that make a distribution


def training(made: Derived) -> Section | None:
    """A seeded run on the given data, or on a teacher's; None for a model without parameters."""
    model, words, choices = made.model, made.words, made.choices
    if not any(t.role == "parameter" for t in leaves([model.loss])):
        return None
    if model.whole:
        return Section(
            words("report.training"),
            [Note(Paragraph(phrase(words, "training.whole", check=Code("check_gradient"))))],
            id="training",
        )
    equations = len(topological([model.loss]))
    if equations > _LONGEST and choices.data is None:
        said = phrase(words, "training.long", count=str(equations), command=Code("chainrule train"))
        return Section(words("report.training"), [Note(Paragraph(said))], id="training")
    try:
        blocks = _run(made)
    except ChainruleError as error:
        if choices.data is not None:
            raise
        blocks = [failed("training.error", error, words)]
    return Section(words("report.training"), blocks, id="training")


def _run(made: Derived) -> list[Block]:
    from numeric.training.loop import train
    from numeric.training.metrics import accuracy_of
    from numeric.training.synthetic import teacher_data, teacher_sizes

    loss, choices, words = made.model.loss, made.choices, made.words
    seed = choices.seed
    heavy = len(topological([loss])) > _HEAVY
    sizes: dict[str, int] = {}
    metrics: dict[str, Any] = {}
    if choices.data is not None:
        data = choices.data
        accuracy = accuracy_of(loss) if data.classes else None
        metrics = {"accuracy": accuracy} if accuracy is not None else {}
    else:
        sizes = teacher_sizes(loss)
        data = teacher_data(loss, 60 if heavy else SAMPLES, seed)
    fitted, held = data.split(0.2, seed)
    arrays = fitted.bind(loss)
    epochs = choices.epochs or (6 if heavy else EPOCHS)
    history = train(
        loss, arrays, method="adam", learning_rate=0.01, batch_size=BATCH, epochs=epochs, seed=seed, sizes=sizes,
        validation=held.bind(loss), metrics=metrics,
    )  # fmt: skip
    key = "training.intro_data" if choices.data is not None else "training.intro_teacher"
    fields = {"samples": len(fitted), "held": len(held), "batch": BATCH, "rate": 0.01, "seed": seed, "data": data.name}
    return [
        Paragraph(words(key).format(**fields)),
        *history_blocks(history, words),
        *first_gradients(made, arrays, sizes),
    ]


def first_gradients(made: Derived, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> list[Block]:
    """How large the entries of each layer's gradient are at the first parameters, averaged over a few samples."""
    from numeric.training.initial import starting_parameters
    from reports.figures.charts import STYLES, magnitude_chart
    from reports.figures.lines import chart_svg

    d, words, code = made.derivation, made.words, made.listing.function
    layers = [w for w in d.wrt if w in d.results and w.role == "parameter" and w.ndim > 1]
    layers = layers or [w for w in d.wrt if w in d.results and w.role == "parameter" and w.ndim]
    if len(layers) > len(STYLES):  # from the first to the last
        layers = [layers[round(k * (len(layers) - 1) / (len(STYLES) - 1))] for k in range(len(STYLES))]
    known = {**starting_parameters(d.output, arrays, None, sizes, made.choices.seed), **arrays}
    if not layers or any(t.label not in known for t in code.arguments):
        return []
    place = {w.serial: 1 + k for k, w in enumerate(d.wrt)}  # behind the loss
    samples = min(BATCH, len(next(iter(arrays.values()))))
    sums: list[Any] = [0.0] * len(layers)
    for k in range(samples):
        found = code(*(known[t.label] if t.role == "parameter" else known[t.label][k] for t in code.arguments))
        sums = [total + found[place[w.serial]] for total, w in zip(sums, layers, strict=True)]
    if sum(total.size for total in sums) < _FEWEST:
        return []
    shown = {f"${symbol(w).latex}$": total / samples for w, total in zip(layers, sums, strict=True)}
    chart = magnitude_chart(shown, words("plot.sizes"), words)
    return [
        Paragraph(words("training.gradients", samples=samples)),
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
    names = list(shown[-1].metrics)
    columns = [Column(words(f"training.{c}"), "right") for c in ("epoch", "loss", "held_out")]
    columns += [Column(words.sentences.get(f"training.{name}", name), "right") for name in names]
    return Table(columns, [_row(r, names) for r in shown])


def _row(r: Record, names: list[str]) -> list[str]:
    held = f"{r.validation:.4g}" if r.validation is not None else "–"
    return [str(r.epoch), f"{r.loss:.4g}", held, *(f"{r.metrics[name]:.4g}" for name in names)]

"""A training run as a section: data, settings, figures by epoch and the loss curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numeric.errors import MissingExtraError
from numeric.training.history import History, Record
from reports.document.catalogue import Catalogue
from reports.document.model import Block, Code, Column, Figure, Note, Paragraph, Section, Table
from reports.document.phrases import failed, phrase
from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves, topological

if TYPE_CHECKING:
    from reports.commands.models import Model
    from reports.document.derivation import Choices

SAMPLES, EPOCHS, BATCH = 320, 20, 16
_HEAVY = 120  # equations of a program of which fewer samples and epochs are run
_LONGEST = 600  # equations beyond which a run takes minutes: it is made where data are given
_ROWS = 8


def training(model: Model, words: Catalogue, choices: Choices) -> Section | None:
    """A seeded run on the given data, or on a teacher's; None for a model without parameters."""
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
        history, intro = _run(model, words, choices)
    except ChainruleError as error:
        if choices.data is not None:
            raise
        return Section(words("report.training"), [failed("training.error", error, words)], id="training")
    return Section(words("report.training"), [Paragraph(intro), *history_blocks(history, words)], id="training")


def _run(model: Model, words: Catalogue, choices: Choices) -> tuple[History, str]:
    from numeric.training.loop import train
    from numeric.training.metrics import accuracy_of
    from numeric.training.synthetic import teacher_data, teacher_sizes

    loss, seed = model.loss, choices.seed
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
    epochs = choices.epochs or (6 if heavy else EPOCHS)
    history = train(
        loss, fitted.bind(loss), method="adam", learning_rate=0.01, batch_size=BATCH, epochs=epochs, seed=seed, sizes=sizes,
        validation=held.bind(loss), metrics=metrics,
    )  # fmt: skip
    key = "training.intro_data" if choices.data is not None else "training.intro_teacher"
    fields = {"samples": len(fitted), "held": len(held), "batch": BATCH, "rate": 0.01, "seed": seed, "data": data.name}
    return history, words(key).format(**fields)


def history_blocks(history: History, words: Catalogue) -> list[Block]:
    """A run in figures and as a curve."""
    blocks: list[Block] = [_table(history, words)]
    last = history.records[-1]
    ends = {"epochs": len(history.records), "first": f"{history.records[0].loss:.4g}", "last": f"{last.loss:.4g}"}
    blocks.append(Paragraph(words("training.ends", **ends)))
    figure = curve(history, words)
    return [*blocks, figure] if figure is not None else blocks


def curve(history: History, words: Catalogue) -> Figure | None:
    """The loss curve; None where no plotting library is installed."""
    try:
        from reports.figures.plots import loss_curve, to_svg

        plot = loss_curve(history, words)
    except MissingExtraError:
        return None
    return Figure(to_svg(plot), plot.alt, words("training.curve"))


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

"""``chainrule report``: derive a model and write it up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from reports.commands.models import Model, ModelError, find, is_file, offered

EXAMPLE = "example-net"  # what is reported on where no model is named
OUTPUT = "chainrule-report.html"
CHAPTER = "chapter"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@click.command("report", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", required=False, shell_complete=offered)
@click.option("--output", "-o", type=click.Path(path_type=Path), help=f"The file to write ({OUTPUT} if not given).")
@click.option(
    "--format", "-f", "style", help="html, tex, pdf, md, ipynb or txt; by the suffix of --output if not given."
)
@click.option(
    "--style",
    "styles",
    multiple=True,
    type=click.Choice(["index", "matrix", "perturbation"]),
    help="Only this notation (may be given twice); all three if not given.",
)
@click.option(
    "--level", type=click.IntRange(0, 2), help="Only steps up to 0 results, 1 a lecturer's steps, 2 every rewrite."
)
@click.option("--lang", "language", default="en", show_default=True, help="The language of the text: en or it.")
@click.option("--numbers", is_flag=True, help="Substitute small arrays: symbol = formula = numbers = value.")
@click.option("--training/--no-training", default=True, help="A short training run with its loss curve.")
@click.option("--data", "source", help="Train on this data (digits, iris, ... or a file) instead of a teacher's.")
@click.option("--target", help="The target column of a table (the last one if not given).")
@click.option("--engine", help="For pdf: pdflatex, chromium or typst; the first one found if not given.")
@click.option("--seed", default=0, show_default=True, help="Of all random numbers in the report.")
@click.option(
    "--rerun",
    is_flag=True,
    help="For the chapter: make its long runs anew, minutes, and compare them with the recordings.",
)
@click.option("--watch", is_flag=True, help="Write the report again whenever the model file changes.")
def command(model: str | None, output: Path | None, watch: bool, **given: Any) -> None:
    """Derive MODEL (a Python file, or a name of the gallery) and write everything up in one document.

    Without MODEL the report is on the example net of the chapter, 600-60-40-10 with ReLU. `chainrule report chapter`
    writes the whole chapter.

    \b
    Examples:
      chainrule report
      chainrule report model.py -o report.pdf
      chainrule report digits-net --data digits --lang it
      chainrule report chapter --rerun -o chapter.html
    """
    from reports.writers import format_of

    name = model or EXAMPLE
    path = output or Path(OUTPUT if given["style"] is None else f"chainrule-report.{format_of('', given['style'])}")
    style = format_of(path, given["style"])
    if watch and not is_file(name):
        raise ModelError(f"--watch watches a file, and {name!r} is a name of the gallery")
    if watch:
        from reports.commands.watching import watched

        watched(Path(name), lambda: _write(name, path, style, given))
    else:
        _write(name, path, style, given)


def _write(name: str, path: Path, style: str, given: dict[str, Any]) -> None:
    _use_one_thread()
    from reports.document.selection import select
    from reports.writers import write

    if given["rerun"] and name != CHAPTER:
        raise ModelError(
            f"--rerun makes the runs of the chapter anew; {name!r} has none: its training run is made every time"
        )
    document = _chapter(path, given) if name == CHAPTER else _derivation(find(name), given)
    styles = given["styles"] or ("index", "matrix", "perturbation")
    document = select(document, styles, 2 if given["level"] is None else given["level"])
    if style == "pdf":
        from reports.writers.pdf import write_pdf

        made = write_pdf(document, path, engine=given["engine"])
        click.echo(f"wrote {path} (by {made.engine})")
    else:
        write(document, path, style)
        click.echo(f"wrote {path}")


def _use_one_thread() -> None:
    """The arrays of a report are small: threads of BLAS wait for each other longer than they compute.

    The libraries read this when they are loaded; where NumPy is there already, or the user chose, nothing changes.
    """
    if "numpy" not in sys.modules:
        for variable in THREADS:
            os.environ.setdefault(variable, "1")


def _derivation(model: Model, given: dict[str, Any]) -> Any:
    from reports.document.derivation import Choices, report

    data = None
    if given["source"] is not None:
        from numeric.training.data import load

        data = load(given["source"], given["target"])
    return report(model, Choices(given["language"], given["training"], given["numbers"], data, given["seed"]))


def _chapter(path: Path, given: dict[str, Any]) -> Any:
    from reports.document.chapter import chapter
    from reports.document.chapter.book import prose
    from reports.document.chapter.recorded import rerun
    from reports.document.derivation import Choices

    words, runs = prose(given["language"]), None
    if given["rerun"]:
        runs = rerun(path.with_name(f"{path.stem}-runs"), lambda line: click.echo(line, err=True), words)
    return chapter(Choices(given["language"], given["training"], seed=given["seed"]), runs)

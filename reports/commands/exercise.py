"""``chainrule exercise``: a worksheet of derivatives, some of them wrong on purpose, with its answer key."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reports.commands.models import find, offered


@click.command("exercise", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", shell_complete=offered)
@click.option("--count", type=click.IntRange(1, 40), default=6, show_default=True, help="The number of lines.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same worksheet.")
@click.option(
    "--format",
    "style",
    type=click.Choice(("md", "html", "tex", "txt", "ipynb", "json")),
    default=None,
    help="Of what is written; by the suffix of --output, else md.",
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--key/--no-key", default=True, show_default=True, help="Add the answers.")
@click.option("--lang", "language", default="en", show_default=True, help="The language of the text: en or it.")
@click.option(
    "--key-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers to a file of their own."
)
def command(
    model: str,
    count: int,
    seed: int,
    style: str | None,
    output: Path | None,
    key: bool,
    language: str,
    key_file: Path | None,
) -> None:
    """Write a worksheet on the gradients of MODEL (a Python file, or a name of the gallery).

    Some lines are right, some hold one mistake: a sign, a lost factor, a missing transpose, a forgotten path, ...
    The worksheet without its key is itself a hand calculation that `chainrule check` reads.

    \b
    Examples:
      chainrule exercise ridge-regression --seed 3
      chainrule exercise net.py --count 10 -o sheet.html --key-file key.html
    """
    from numeric.output import write_output
    from reports.document.catalogue import catalogue
    from reports.document.derivation import presented
    from reports.document.worksheet import answer_sheet, worksheet
    from reports.writers import format_of, write, written
    from symbolic.notation import declaration, statement
    from symbolic.verification.exercises import as_data, exercise

    words, found = catalogue(language), find(model)
    sheet = exercise(found.loss, found.wrt, count, seed)
    if style == "json":
        data = as_data(sheet, [declaration(t) for t in sheet.declared], [statement(t, "matrix") for t in sheet.steps])
        text = json.dumps({"model": found.name, **data}, ensure_ascii=False, indent=2)
        click.echo(text) if output is None else write_output(output, text + "\n")
        return
    title, _ = presented(found, words)
    page = worksheet(sheet, title, words, key and key_file is None)
    if key_file is not None:
        write(answer_sheet(sheet, title, words), key_file)
        click.echo(f"wrote {key_file}", err=True)
    if output is None:
        click.echo(written(page, style or "md"))
        return
    write(page, output, format_of(output, style))
    click.echo(f"wrote {output}", err=True)

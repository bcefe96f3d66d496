"""``chainrule diagram``: the block diagram of a model."""

from __future__ import annotations

from pathlib import Path

import click

from numeric.errors import OptionError
from numeric.output import write_output
from reports.commands.models import find, offered


@click.command("diagram", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", shell_complete=offered)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="A .svg, .png, .dot or .tex file; standard output (SVG) if not given.",
)
@click.option("--gradients", is_flag=True, help="Show what flows back.")
@click.option("--fold/--unfold", default=True, help="Draw a run of alike modules as its first and last.")
def command(model: str, output: Path | None, gradients: bool, fold: bool) -> None:
    """Draw the block diagram of MODEL (a Python file, or a name of the gallery).

    \b
    Example:
      chainrule diagram model.py --gradients -o net.svg
    """
    from reports.figures.blocks import block_diagram
    from reports.figures.exports import to_dot, to_png, to_tikz
    from reports.figures.svg import to_svg

    drawn = block_diagram(find(model).loss, gradients=gradients, fold=fold)
    if output is None:
        click.echo(to_svg(drawn))
        return
    texts = {".svg": to_svg, ".dot": to_dot, ".tex": to_tikz}
    if output.suffix in texts:
        write_output(output, texts[output.suffix](drawn))
    elif output.suffix == ".png":
        to_png(drawn, output)
    else:
        raise OptionError(f"{output}: a diagram is written as .svg, .png, .dot or .tex")
    click.echo(f"wrote {output}")

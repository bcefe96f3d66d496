"""``chainrule gallery``: the models that come with the program."""

from __future__ import annotations

import click


@click.command("gallery", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--names", is_flag=True, help="Print the names alone, one a line.")
def command(names: bool) -> None:
    """List the models that come with the program.

    Each works wherever a model file does: `chainrule report NAME`, `chainrule train NAME --data ...`,
    `chainrule diagram NAME`.
    """
    from symbolic.language.gallery import GALLERY

    width = max(map(len, GALLERY))
    for name, entry in GALLERY.items():
        click.echo(name if names else f"{name:{width}}  {entry.title}")

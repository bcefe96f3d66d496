"""The command line: one command a file, gathered here."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chainrule")
def main() -> None:
    """Symbolic derivations on tensors: derive, check hand work, run fast, report."""

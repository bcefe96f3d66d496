"""``chainrule cache``: the compiled code that is kept on this machine."""

from __future__ import annotations

import time

import click


@click.group("cache", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List or clear the compiled code on this machine.

    It is kept in the folder that CHAINRULE_CACHE_DIR names, else in chainrule in your cache folder.
    """


@command.command("list")
def show() -> None:
    """List compiled programs, most recently used first."""
    from numeric.backends.kept_code import entries, folder

    found = entries()
    click.echo(f"{folder()}: {len(found)} programs, {sum(e.size for e in found) / 1e6:.1f} MB")
    for e in found:
        click.echo(f"  {e.name}  {e.size / 1e3:8.0f} kB  {time.strftime('%Y-%m-%d %H:%M', time.localtime(e.used))}")


@command.command("clear")
def clear() -> None:
    """Remove all compiled programs; they are compiled again when they are needed."""
    from numeric.backends.kept_code import clear as remove

    click.echo(f"removed {remove()} programs")

"""The command line: one command a file, loaded when it is asked for, so that ``chainrule --help`` is quick."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any

import click

from symbolic.errors import ChainruleError, suggestion

# What --help says of each command; its code is ``reports.commands.NAME``, a click command called ``command``.
COMMANDS = {
    "report": "Derive a model and write it up.",
    "check": "Judge a hand calculation or a backward pass.",
    "train": "Train a model on data.",
    "gallery": "List the models that come with the program.",
    "diagram": "Draw the block diagram of a model.",
    "exercise": "Write a worksheet with its answer key.",
    "cache": "List or clear the compiled code on this machine.",
}


class Commands(click.Group):
    """Finds commands by name and turns a user's mistake into one line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"reports.commands.{cmd_name}").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS:
            ctx.fail(f"there is no command {args[0]!r}.{suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            if ctx.params.get("traceback"):
                raise
            click.echo(f"chainrule: {error}", err=True)
            sys.exit(getattr(error, "exit_code", 1))
        except OSError as error:
            if error.errno == errno.EPIPE or ctx.params.get("traceback"):  # click ends quietly when a reader is gone
                raise
            click.echo(f"chainrule: the output cannot be written: {error.strerror or error}", err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chainrule")
@click.option("--traceback", is_flag=True, help="Show where in the program an error arose.")
def main(traceback: bool) -> None:
    """Symbolic derivations on tensors: derive, check hand work, run fast, report.

    Exit codes: 0 done, 1 a mistake in what was given (said in one line), 2 a wrong use of the command.
    `chainrule check` has codes of its own.

    \b
    Completion in a shell (for zsh and fish write zsh_source, fish_source):
      eval "$(_CHAINRULE_COMPLETE=bash_source chainrule)"
    """

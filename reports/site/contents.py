"""What pages take from the program instead of repeating it: reference, command line, gallery, files of the repository.

Each is a value with a ``_repr_markdown_``, which a hidden cell of a page leaves as its last line.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

LONGEST_SIGNATURE = 500
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Markdown:
    """Markdown that a cell shows as it is."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text


def reference(package: str, *modules: str) -> Markdown:
    """The public names of ``package`` that the given modules (or modules inside them) define, documented in that order.

    Raises ``LookupError`` for a module that defines none.

    >>> print(reference("numeric", "numeric.functions").text)
    ```{eval-rst}
    .. autofunction:: numeric.lambdify
    ```
    """
    found: list[str] = []
    for module in modules:
        names = defined(package, module)
        if not names:
            raise LookupError(f"{module} defines no public name of {package}")
        found += [f"{package}.{name}" for name in names]
    return documented(*found)


def documented(*names: str) -> Markdown:
    """The documentation of things by their full names."""
    return Markdown("```{eval-rst}\n" + "\n".join(map(_entry, names)) + "\n```")


def defined(package: str, module: str) -> list[str]:
    """The public names of ``package`` that come from ``module`` or from inside it, functions first."""
    found = importlib.import_module(package)
    names = [n for n in found.__all__ if (_origin(getattr(found, n)) + ".").startswith(module + ".")]
    return sorted(names, key=lambda n: (isinstance(getattr(found, n), type), n.lower()))


def mistakes() -> Markdown:
    """The table of the mistakes that the judge can name."""
    from symbolic.verification.diagnosis.mistakes import MISTAKES

    rows = [
        f"* - {escaped(label)}\n  - {escaped(mistake.sentence.replace('{}', '…'))}"
        for label, mistake in MISTAKES.items()
    ]
    return Markdown("```{list-table}\n:header-rows: 1\n\n* - label\n  - what happened\n" + "\n".join(rows) + "\n```")


def _origin(value: Any) -> str:
    """The module in which a public thing is defined; none for data, which has no docstring of its own."""
    return value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")


def _entry(name: str) -> str:
    value = pkgutil.resolve_name(name)
    if inspect.ismodule(value):
        return f".. automodule:: {name}\n   :members:\n"
    if inspect.isclass(value):
        return f".. autoclass:: {name}{_short_signature(value)}\n   :members:\n"
    return f".. autofunction:: {name}" if callable(value) else f".. autodata:: {name}\n   :no-value:"


def _short_signature(value: type) -> str:
    """The names of a class's parameters where their types would fill the page, else nothing: Sphinx writes the whole."""
    try:
        hints = typing.get_type_hints(value.__init__)
    except (NameError, TypeError):  # imported for type checkers alone; written in C
        return ""
    names = [name for name in hints if name != "return"]
    return f"({', '.join(names)})" if sum(len(str(hint)) for hint in hints.values()) > LONGEST_SIGNATURE else ""


def command_line() -> Markdown:
    """Every command with its help, from the commands themselves."""
    from reports.commands import main

    context = click.Context(main, info_name="chainrule")
    return Markdown("\n".join([*_help(main, context), *_subcommands(main, context)]))


def _subcommands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if found is None:
            continue
        inner = click.Context(found, info_name=name, parent=context)
        yield f"\n## {inner.command_path}\n"
        yield from _help(found, inner)
        if isinstance(found, click.Group):
            yield from _subcommands(found, inner)


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        kept = paragraph.removeprefix("\b\n")  # click's mark of lines that are not to be joined
        yield f"{kept}\n" if kept == paragraph else f"```text\n{kept}\n```\n"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1]:
            yield f"`{record[0]}`\n: {escaped(record[1])}\n"


def escaped(text: str) -> str:
    """Text that means itself in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>$|~])", r"\\\1", text)


def repository(name: str, **links: str) -> Markdown:
    """A file of the repository as a page, links to other files replaced by ``links`` (file's stem -> page).

    An installed program has no repository around it; the page then says where the file is.
    """
    path = ROOT / name
    if not path.is_file():
        return Markdown(f"# {path.stem.capitalize()}\n\n`{name}` is in the source distribution.")
    text = path.read_text(encoding="utf-8")
    for stem, page in links.items():
        text = re.sub(rf"\]\({re.escape(stem)}(\.md)?\)", f"]({page})", text)
    return Markdown(text)

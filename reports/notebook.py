"""Reports inside a notebook: ``%load_ext reports.notebook``.

Then derivations, training histories, checks and diagrams show themselves, and a cell that begins with ``%%derive`` shows the
report of the loss that it leaves:

    %%derive --numbers
    x, y = tensor("x", "n"), tensor("y", role="target")
    w = tensor("w", "n", role="parameter")
    loss = (w @ x - y) ** 2

IPython is not needed to import this module; the notebook brings it.
"""

from __future__ import annotations

import html
import shlex
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reports.document.model import Document
from symbolic.calculus.derivation import Derivation
from symbolic.errors import ChainruleError

HEIGHT = 640  # pixels of a report inside a notebook
_HERE = Path(__file__).resolve().parents[1]  # where the three packages are


@dataclass(frozen=True)
class Page:
    """A document as a notebook shows it: the page in a frame of its own, Markdown where there are no frames."""

    document: Document

    def _repr_html_(self) -> str:
        from reports.writers import written

        page = html.escape(str(written(self.document, "html")), quote=True)
        title = html.escape(str(self.document.metadata.get("Model", "report")), quote=True)
        frame = f'<iframe srcdoc="{page}" title="{title}" style="width:100%;height:{HEIGHT}px;border:0" sandbox=""></iframe>'
        return frame

    def _repr_markdown_(self) -> str:
        from reports.writers import written

        return str(written(self.document, "md"))


def page_of(d: Derivation, **choices: Any) -> Page:
    """The report of a derivation without a training run.

    >>> from symbolic import derive, tensor
    >>> x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    >>> page_of(derive((w @ x) ** 2))._repr_html_()[:16]
    '<iframe srcdoc="'
    """
    from reports.commands.models import Model
    from reports.document.derivation import Choices, report

    name = d.output.label
    return Page(report(Model(name, name, d.output, wrt=d.wrt), Choices(**{"training": False, **choices})))


@click.command("%%derive", add_help_option=False)
@click.option("--lang", "language", default="en")
@click.option("--numbers", is_flag=True)
@click.option("--training/--no-training", default=False)
@click.option("--seed", default=0)
def _options(**given: Any) -> dict[str, Any]:
    """What may stand behind ``%%derive``."""
    return given


def derive_cell(namespace: dict[str, Any], line: str = "", source: str = "") -> Page:
    """The report of the ``loss`` in a namespace; ``line`` holds options. Raises ``ModelError`` where there is none."""
    from reports.commands.models import from_namespace
    from reports.document.derivation import Choices, report

    try:
        given = _options.main(shlex.split(line), standalone_mode=False)
    except (click.UsageError, ValueError) as error:
        raise NotebookError(f"%%derive: {getattr(error, 'message', error)}") from None
    return Page(report(from_namespace(namespace, "loss", source), Choices(**given)))


class NotebookError(ChainruleError, ValueError):
    """Options of a cell magic that there are not."""


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic and what the types show; the notebook calls this."""

    def derive(line: str, cell: str) -> Page | None:
        result = shell.run_cell(cell)
        return derive_cell(shell.user_ns, line, cell) if result.success else None

    shell.register_magic_function(derive, magic_kind="cell", magic_name="derive")
    ChainruleError._render_traceback_ = _rendered  # type: ignore[attr-defined]  # what IPython shows of an error
    for (module, name), (kind, display) in _DISPLAYS.items():
        shell.display_formatter.formatters[kind].for_type_by_name(module, name, display)


def _rendered(error: ChainruleError) -> list[str]:
    """An error as a notebook shows it: the lines of the user's own cells and files, and the message."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _is_library(f.filename) and "run_cell_magic" not in (f.line or "")]
    return ["".join([*traceback.format_list(own), f"{type(error).__name__}: {error}"])]


def _is_library(filename: str) -> bool:
    path = Path(filename)
    ours = any(path.is_relative_to(_HERE / package) for package in ("symbolic", "numeric", "reports"))
    return ours or bool({"site-packages", "dist-packages"} & {*path.parts})


def rich(value: Any) -> tuple[str, str]:
    r"""(MIME type, text) that a notebook with this extension shows of ``value``: the richest form that there is.

    >>> from symbolic import tensor
    >>> rich(tensor("x", "n"))
    ('text/latex', '$\\displaystyle x \\in \\mathbb{R}^{n}$')
    """
    for kind in type(value).__mro__:
        if (kind.__module__, kind.__name__) in _DISPLAYS:
            mime, display = _DISPLAYS[kind.__module__, kind.__name__]
            return mime, display(value)
    for mime, method in _METHODS.items():
        if hasattr(type(value), method) and (text := getattr(value, method)()):
            return mime, text
    return "text/plain", repr(value)


def _history_html(history: Any) -> str:
    from reports.document.catalogue import catalogue
    from reports.document.training import history_blocks

    return Page(Document(str(history), history_blocks(history, catalogue("en"))))._repr_html_()


def _check_html(found: Any) -> str:
    return f"<pre>{html.escape(str(found))}</pre>"


def _diagram_svg(diagram: Any) -> str:
    from reports.figures.svg import to_svg

    return to_svg(diagram)


# Class -> what a notebook shows of it, by name: a notebook that only derives need not load NumPy's side.
_DISPLAYS: dict[tuple[str, str], tuple[str, Callable[[Any], str]]] = {
    ("symbolic.calculus.derivation", "Derivation"): ("text/html", lambda d: page_of(d)._repr_html_()),
    ("numeric.training.history", "History"): ("text/html", _history_html),
    ("numeric.gradient_check", "GradientCheck"): ("text/html", _check_html),
    ("reports.figures.blocks", "Diagram"): ("image/svg+xml", _diagram_svg),
}
_METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "text/latex": "_repr_latex_",
}

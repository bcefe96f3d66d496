"""The notebook extension against a shell that has what IPython's has; no notebook is needed to test it."""

from types import SimpleNamespace

import numpy as np
import pytest

from numeric import train
from reports.commands.models import ModelError
from reports.figures.blocks import block_diagram
from reports.notebook import NotebookError, derive_cell, load_ipython_extension
from symbolic import derive, tensor
from symbolic.errors import ShapeError


class Formatter:
    def __init__(self):
        self.types, self.names = {}, {}

    def for_type(self, kind, function):
        self.types[kind.__name__] = function

    def for_type_by_name(self, module, name, function):
        self.types[name] = function


class Shell:
    def __init__(self):
        self.user_ns, self.magics = {}, {}
        self.display_formatter = SimpleNamespace(formatters={"text/html": Formatter(), "image/svg+xml": Formatter()})

    def register_magic_function(self, function, magic_kind, magic_name):
        self.magics[magic_kind, magic_name] = function

    def run_cell(self, cell):
        self.user_ns["loss"] = linear()
        return SimpleNamespace(success="broken" not in cell)


def linear():
    x, y = tensor("x", "n"), tensor("y", role="target")
    w = tensor("w", "n", role="parameter")
    return (w @ x - y) ** 2


@pytest.fixture
def shell():
    made = Shell()
    load_ipython_extension(made)
    return made


def test_the_cell_magic_shows_the_report(shell):
    page = shell.magics["cell", "derive"]("--lang it --numbers", "loss = …")
    assert "Esempio numerico" in page._repr_markdown_()
    shown = page._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert "<script" not in shown


def test_a_cell_that_fails_shows_nothing_more(shell):
    assert shell.magics["cell", "derive"]("", "broken") is None


def test_what_the_types_show(shell):
    shows = {**shell.display_formatter.formatters["text/html"].types}
    loss = linear()
    history = train(loss, {"x": np.eye(3), "y": np.arange(3.0)}, epochs=2)
    assert "iframe" in shows["Derivation"](derive(loss))
    assert "iframe" in shows["History"](history)
    drawn = shell.display_formatter.formatters["image/svg+xml"].types["Diagram"](block_diagram(loss))
    assert drawn.startswith("<svg")


def test_mistakes():
    with pytest.raises(ModelError, match="leaves no scalar tensor"):
        derive_cell({})
    with pytest.raises(NotebookError, match="No such option"):
        derive_cell({"loss": linear()}, "--colour")


def test_an_error_shows_the_lines_of_the_user(shell):
    x, w = tensor("x", "n"), tensor("w", "m", role="parameter")
    with pytest.raises(ShapeError) as caught:
        w @ x
    (shown,) = caught.value._render_traceback_()
    assert "w @ x" in shown
    assert "/symbolic/" not in shown
    assert shown.endswith(f"ShapeError: {caught.value}")

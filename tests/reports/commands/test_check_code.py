"""``chainrule check`` on code: the line that breaks, in every form of output, and exit codes that graders can use."""

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from reports.commands import main

CODE = """
import numpy as np


def scale_forward(x, w):
    \'\'\'x: shape (N, D)
    w: shape (D,)\'\'\'
    s = x * w
    z = np.tanh(s)
    return z, (x, w, s, z)


def scale_backward(dout, cache):
    x, w, s, z = cache
    ds = dout * (1 - s**2)  # <script>alert(1)</script>
    dx = ds * w
    dw = (ds * x).sum(axis=0)
    return dx, dw


def good_backward(dout, cache):
    x, w, s, z = cache
    ds = dout * (1 - z**2)
    return ds * w, (ds * x).sum(axis=0)


class Scale:
    def __init__(self, size):
        self.w = np.ones(size)

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * self.x).sum(axis=0)
        return dout * self.w


def power_loss(x, power):
    \'\'\'x: shape (N,)\'\'\'
    return np.sum(x**power), power * x ** (power - 1)


def muddled_backward(dout, cache):
    x, w, s, z = cache
    first = dout * (1 - z**2) * w
    second = first.sum(axis=0)
    dx = first
    return dx, second, first
"""


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE.replace("\\'", "'"))
    return lambda *args: CliRunner().invoke(main, ["check", *args])


def test_the_terminal_names_the_line_the_mistake_and_the_repair(check):
    result = check("net.py:scale_backward")  # its name tells the forward function
    assert result.exit_code == 1, result.output
    assert "net.py:scale_backward against scale_forward" in result.output
    assert "line 15 (scale_backward): ds is wrong" in result.output
    assert "it should be: ds = dout * (1 - z ** 2)" in result.output
    assert "lines 16, 17 follow from it" in result.output
    assert "\x1b" not in result.output


def test_json_has_the_keys_of_documents(check):
    result = check("net.py:scale_backward", "--format", "json")
    found = json.loads(result.output)
    keys = {"line", "latex", "status", "follows", "diagnosis", "repair", "counterexample", "evidence"}
    assert all(keys <= set(claim) for claim in [*found["claims"], *found["lines"]])
    wrong = [x for x in found["lines"] if x["status"] == "refuted" and not x["follows"]]
    assert [(x["line"], x["repair"]) for x in wrong] == [(15, "ds = dout * (1 - z ** 2)")]
    assert [(c["name"], c["line"], c["follows"]) for c in found["claims"]] == [("x", 16, True), ("w", 17, True)]
    assert found["exit_code"] == result.exit_code == 1


def test_the_page_is_well_formed_and_nothing_in_the_file_is_markup(check, tmp_path):
    result = check("net.py:scale_backward", "--format", "html", "-o", "out.html")
    assert result.exit_code == 1
    page = (tmp_path / "out.html").read_text()
    assert "<script" not in page
    assert "alert(1)" in page
    assert "✗     ds = dout" in page
    assert "↳     dx = ds" in page
    ET.fromstring(page[page.index("<html") :].replace("&nbsp;", " "))


def test_several_functions_give_a_table(check):
    result = check("net.py:scale_backward", "net.py:good_backward", "--of", "scale_forward")
    assert result.exit_code == 1
    table = result.output[result.output.index("first mistake") :]
    assert "line 15 (h' at the wrong argument)" in table
    assert "net.py:good_backward" in table


def test_layers_need_no_forward_function_and_settings_are_given(check):
    result = check("net.py:Scale")
    assert result.exit_code == 0, result.output
    result = check("net.py:power_loss", "--set", "power=3")
    assert result.exit_code == 0, result.output


def test_gradients_whose_owner_is_not_clear_are_asked_about(check):
    result = check("net.py:muddled_backward", "--of", "scale_forward")
    assert result.exit_code == 2
    assert "call each gradient after its parameter" in result.output

"""``chainrule report``: what it writes, what it says, and with which exit code."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reports.commands import main

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments):
    return CliRunner().invoke(main, ["report", *map(str, arguments)], catch_exceptions=False)


def test_help():
    result = run("--help")
    assert result.exit_code == 0
    assert "chainrule report model.py -o report.pdf" in result.output


@pytest.mark.parametrize(("suffix", "start"), [("html", "<!DOCTYPE html>"), ("tex", r"\documentclass"), ("md", "# ")])
def test_a_model_of_the_gallery(tmp_path, suffix, start):
    path = tmp_path / f"out.{suffix}"
    result = run("weighted-sum", "--no-training", "-o", path)
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    assert path.read_text().startswith(start)


def test_without_a_model_the_example_net_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("--no-training")
    assert (result.exit_code, result.output) == (0, "wrote chainrule-report.html\n")
    assert "600-60-40-10" in (tmp_path / "chainrule-report.html").read_text()


def test_a_model_file_in_italian_in_one_notation(tmp_path):
    model = tmp_path / "model.py"
    model.write_text(
        '"""A ridge."""\nimport numpy as np\n\n\ndef loss(w: "n parameter", x: "n", y: "target"):\n    return (w @ x - y) ** 2 + w @ w\n'
    )
    path = tmp_path / "out.md"
    result = run(model, "-o", path, "--lang", "it", "--style", "matrix", "--level", "0")
    assert result.exit_code == 0
    text = path.read_text()
    assert "La regola della catena, passaggio per passaggio" in text
    assert "Un breve addestramento" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing-like-it"], "there is no model 'nothing-like-it' in the gallery"),
        (["missing.py"], "missing.py: there is no such file"),
        (["weighted-sum", "-o", "out.docx"], "the format must be one of"),
        (["weighted-sum", "--lang", "xx"], "no catalogue for the language 'xx'"),
        (["weighted-sum", "--watch"], "--watch watches a file"),
        (["weighted-sum", "-o", "no/such/folder/out.html", "--no-training"], "there is no folder"),
        (["weighted-sum", "--data", "no-data", "-o", "out.md"], "there is no data set or file 'no-data'"),
    ],
)
def test_mistakes_are_one_line(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_an_existing_report_stays_when_the_new_one_cannot_be_made(tmp_path):
    path = tmp_path / "out.html"
    path.write_text("before")
    model = tmp_path / "broken.py"
    model.write_text("loss = 1 / 0\n")
    result = run(model, "-o", path)
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.output
    assert path.read_text() == "before"


def test_the_chapter(tmp_path):
    path = tmp_path / "chapter.md"
    result = run("chapter", "-o", path, "--style", "matrix", "--lang", "it")
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    assert "# Apprendere con il gradiente: la retropropagazione" in path.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments", [["gallery"], ["report", "weighted-sum", "--no-training", "-f", "txt", "-o", "/dev/stdout"]]
)
def test_a_full_disk_behind_the_terminal_is_one_line(arguments):
    program = [sys.executable, "-c", "from reports.commands import main; main()", *arguments]
    with open("/dev/full", "w") as full:
        answer = subprocess.run(program, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert answer.returncode == 1
    assert "No space left on device" in answer.stderr
    assert "Traceback" not in answer.stderr

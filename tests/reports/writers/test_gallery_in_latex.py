"""LaTeX of every model of the gallery and of the chapter: it compiles, and no line is wider than the page."""

import re
import shutil
import subprocess

import pytest

from reports.commands.models import find
from reports.document.chapter import chapter
from reports.document.derivation import Choices, report
from reports.writers import written
from symbolic.language.gallery import GALLERY

LONG = {"gpt", "gpt-sort"}
NAMES = [pytest.param(n, marks=pytest.mark.long if n in LONG else ()) for n in (*GALLERY, "chapter")]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex"),
]


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_within_its_lines(name, language, tmp_path):
    choices = Choices(language, training=name == "chapter", numbers=True)
    document = chapter(choices) if name == "chapter" else report(find(name), choices)
    (tmp_path / "report.tex").write_text(str(written(document, "tex")), encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", errors="replace")
    log = (tmp_path / "report.log").read_text(encoding="utf-8", errors="replace")
    assert answer.returncode == 0, re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE)[:1]
    assert re.findall(r"^Overfull .*", log, re.MULTILINE) == []

"""The whole site, where Sphinx is installed: no warning, mathematics as MathML, nothing from the network."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reports.site.__main__ import NEEDED
from reports.site.gallery import CHAPTER, key, page

ROOT = Path(__file__).resolve().parents[3]
BUILD = [sys.executable, "-m", "reports.site"]


def build(*arguments, path=str(ROOT)):
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [*BUILD, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; the examples of the pages are tested all the same")
    out = tmp_path_factory.mktemp("site")
    answer = build("--no-reports", str(out))
    assert answer.returncode == 0, answer.stderr[-3000:]
    return out


@pytest.mark.slow
def test_formulas_are_mathml(site):
    index = (site / "index.html").read_text()
    assert "<math" in index
    assert "MathJax" not in index


@pytest.mark.slow
def test_pages_fetch_nothing(site):
    for path in site.rglob("*.html"):
        fetched = re.findall(r"""(?:src=|<link[^>]+href=)["'](https?:)?//""", path.read_text())
        assert not fetched, path


@pytest.mark.slow
def test_what_examples_wrote_is_linked_and_there(site):
    page = (site / "tutorial.html").read_text()
    assert 'href="made/tutorial/net.html"' in page
    assert (site / "made/tutorial/net.html").stat().st_size > 10_000


@pytest.mark.slow
def test_gallery_and_reference_are_filled(site):
    assert (site / "gallery.html").read_text().count('<section class="model"') > 20
    assert 'id="symbolic.gradient"' in (site / "reference/derivatives.html").read_text()


def test_without_sphinx_the_extra_is_named(tmp_path):
    blocked = tmp_path / "sitecustomize.py"
    blocked.write_text("import sys\nsys.modules['sphinx'] = None\n")
    answer = build(str(tmp_path / "out"), path=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert answer.returncode == 1
    assert "pip install 'chainrule[docs]'" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "out").exists()


def test_the_gallery_links_the_reports_that_are_there(tmp_path):
    (tmp_path / "svm.html").touch()
    text = page("reports", tmp_path).text
    assert 'href="reports/svm.html"' in text
    assert text.count("href=") == 2  # the drawing and the words
    assert "chainrule report linear-model" in text
    for name in CHAPTER:
        (tmp_path / f"{name}.html").touch()
    assert 'href="reports/chapter-it.html"' in page("reports", tmp_path).text


def test_reports_of_the_gallery_are_kept_by_what_they_are_made_of():
    assert key("gpt") == key("gpt")
    assert key("gpt") != key("gpt-block")

"""A PDF comes from the first engine that works; without one the LaTeX is written and the message says what to do."""

import pytest

from reports.document.model import Document, Formula
from reports.writers import pdf as module
from reports.writers.pdf import ENGINES, PdfError, available_engines, pdf, write_pdf
from tests.reports.documents import rich

SMALL = Document("A net", [Formula(r"\frac{\partial C}{\partial W} = \delta x^\top")])


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_that_is_here(engine):
    if engine not in available_engines():
        pytest.skip(f"{engine} is not installed")
    made = pdf(rich(), engine)
    assert made.data.startswith(b"%PDF-")
    assert b"%%EOF" in made.data[-1024:]
    assert made.engine == engine


def broken(document):
    raise module._Failed("! Undefined control sequence.")


def test_the_next_engine_takes_over(monkeypatch, tmp_path):
    engines = {
        "absent": (lambda: "", broken),
        "broken": (lambda: "x", broken),
        "works": (lambda: "x", lambda d: b"%PDF-1"),
    }
    monkeypatch.setattr(module, "ENGINES", engines)
    made = write_pdf(SMALL, tmp_path / "a.pdf", keep_tex=True)
    assert made.engine == "works"
    assert made.remarks == ("absent is not installed", "broken failed: ! Undefined control sequence.")
    assert (tmp_path / "a.pdf").read_bytes() == b"%PDF-1"
    assert r"\begin{document}" in (tmp_path / "a.tex").read_text()


def test_without_an_engine_the_source_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "ENGINES", {"pdflatex": (lambda: "", broken)})
    (tmp_path / "a.pdf").write_bytes(b"old")
    with pytest.raises(
        PdfError, match=r"pdflatex is not installed.*install texlive.*chainrule\[pdf\].*source is in .*a.tex"
    ):
        write_pdf(SMALL, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == b"old"
    assert r"\end{document}" in (tmp_path / "a.tex").read_text()


def test_an_unknown_engine():
    with pytest.raises(
        PdfError, match="must be one of pdflatex, chromium, typst, got 'pdflatx'. Did you mean 'pdflatex'"
    ):
        pdf(SMALL, "pdflatx")


def test_an_unknown_engine_leaves_nothing(tmp_path):
    with pytest.raises(PdfError, match=r"got 'nope'\.$"):
        write_pdf(SMALL, tmp_path / "a.pdf", engine="nope")
    assert list(tmp_path.iterdir()) == []

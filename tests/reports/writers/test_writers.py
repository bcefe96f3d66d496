"""What holds for every writer: hostile names are words, unknown nodes raise, links arrive, sources survive."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.document.model import (
    BLOCKS,
    INLINES,
    Code,
    Document,
    DocumentError,
    Formula,
    Math,
    Paragraph,
    Section,
    walk,
)
from reports.writers import FORMATS, FormatError, format_of, write, written
from reports.writers.latex import latex
from reports.writers.markdown import markdown
from reports.writers.notebook import notebook
from reports.writers.text import text
from tests.reports.documents import HOSTILE, hostile, rich

pdflatex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")


def test_the_rich_document_holds_every_kind_of_node():
    kinds = {type(node) for node in walk(rich())}
    assert {*BLOCKS, *INLINES} <= kinds


@dataclass(frozen=True)
class Sound:
    name: str


@pytest.mark.parametrize("format", FORMATS)
def test_unknown_nodes_raise_with_their_type(format):
    section, paragraph = Section("t", []), Paragraph("t")
    object.__setattr__(section, "blocks", (Sound("a"),))
    object.__setattr__(paragraph, "content", (Sound("a"),))
    for document in (Document("t", [section]), Document("t", [paragraph])):
        with pytest.raises(DocumentError, match="knows no (block|inline) Sound"):
            written(document, format)


@pytest.mark.parametrize("format", FORMATS)
def test_writers_say_the_same_twice(format):
    assert written(rich(), format) == written(rich(), format)


@pytest.mark.parametrize("format", FORMATS)
def test_words_of_the_writer_come_from_the_catalogue(format):
    italian = written(rich("it"), format)
    assert "Passaggio" in italian
    assert not re.search(r"\bStep\b", italian)


# --- LaTeX ------------------------------------------------------------------------------------------------------------


def compiled(source, folder):
    (folder / "report.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(2):
        answer = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace")
        errors = [line for line in answer.stdout.splitlines() if line.startswith("!")]
        assert answer.returncode == 0, errors
    return (folder / "report.log").read_text(encoding="utf-8", errors="replace")


@pdflatex
@pytest.mark.parametrize("document", [rich(), hostile()], ids=["rich", "hostile"])
def test_latex_compiles_without_overfull_boxes(document, tmp_path):
    log = compiled(latex(document), tmp_path)
    assert "Overfull" not in log
    assert "undefined" not in log.lower().replace("undefined on input", "")
    assert not re.search("LaTeX Warning|Package hyperref Warning", log)


@pdflatex
def test_every_formula_of_the_suite_compiles(tmp_path):
    formulas = (Path(__file__).parent / "formulas.txt").read_text(encoding="utf-8").splitlines()
    log = compiled(latex(Document("Formulas", [Formula(line) for line in formulas])), tmp_path)
    assert "Overfull" not in log


@pdflatex
def test_broken_formulas_are_printed_as_words(tmp_path):
    formulas = [
        r"\frac{a}",
        "}",
        r"\left( x",
        "a & b",
        r"\begin{x} a",
        "$",
        r"\input{/etc/passwd}",
        r"\csname x\endcsname",
    ]
    source = latex(Document("Broken", [Formula(line) for line in formulas]))
    assert r"\input{/" not in source
    assert r"\csname" not in source
    compiled(source, tmp_path)


@pdflatex
def test_a_formula_wider_than_any_page_fits(tmp_path):
    wide = "x = " + r" \cdot ".join(rf"W_{{{n}}}" for n in range(200))
    many = "y = " + " + ".join(rf"W_{{{n}}} x_{{{n}}}" for n in range(120))
    assert "Overfull" not in compiled(latex(Document("Wide", [Formula(wide), Formula(many)])), tmp_path)


# --- Markdown and notebooks -------------------------------------------------------------------------------------------


def test_markdown_of_hostile_names_is_only_words():
    markdown_it = pytest.importorskip("markdown_it")
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(markdown(hostile()))
    inline = [token for block in tokens for token in (block.children or [])]
    html_parts = {token.content for token in [*tokens, *inline] if token.type in ("html_block", "html_inline")}
    assert all(re.fullmatch(r'<a id="[a-z0-9_-]*">|</a>|<a id="[a-z0-9_-]*"></a>\n?', part) for part in html_parts)
    links = [token.attrs.get("href", "") for token in inline if token.type == "link_open"]
    assert not [link for link in links if "javascript" in link]
    headings = [
        "".join(part.content for part in tokens[place + 1].children)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    assert [h.replace("\ufffd", "\u202e") for h in headings] == HOSTILE


def test_markdown_keeps_sources_whole():
    source = "a = '```'\nb = `c`"
    page = markdown(Document("t", [Code(source, "python"), Paragraph(Code("a `b` ``c``"))]))
    assert f"````python\n{source}\n````" in page
    assert "``` a `b` ``c`` ```" in page


@pytest.mark.parametrize("document", [rich(), hostile()], ids=["rich", "hostile"])
def test_notebooks_are_valid(document):
    nbformat = pytest.importorskip("nbformat")
    made = nbformat.reads(notebook(document), as_version=4)
    nbformat.validate(made)


def test_notebooks_have_code_that_runs_and_drawings_beside_their_text():
    cells = json.loads(notebook(rich()))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code == ["def gradient(W, x, y):\n    return np.outer(delta, x)  # 100 %"]
    (drawn,) = (cell for cell in cells if cell.get("attachments"))
    assert "(attachment:figure-1.svg)" in "".join(drawn["source"])
    assert drawn["attachments"]["figure-1.svg"]["image/svg+xml"].startswith("<svg")


# --- text -------------------------------------------------------------------------------------------------------------


def test_text_keeps_to_the_width_and_moves_no_cursor():
    page = text(hostile(), width=60)
    assert "\x1b" not in text(Document("a\x1b[31m", ["b\r\x07"]))
    assert "\u202e" not in page
    prose = [line for line in page.splitlines() if not line.startswith("  ")]
    assert max(map(len, prose)) <= 64
    for name in HOSTILE[:3]:
        assert name in page.replace("\n", " ").replace("  ", " ")


def test_text_aligns_tables():
    lines = text(rich()).splitlines()
    (size,) = (line for line in lines if line.startswith("W "))
    (other,) = (line for line in lines if line.startswith("x "))
    assert len(size) == len(other)
    assert other.endswith(" 600")


# --- formats ----------------------------------------------------------------------------------------------------------


def test_the_suffix_chooses_the_format(tmp_path):
    for suffix in FORMATS:
        path = write(Document("A net", [Math("x").latex]), tmp_path / f"a.{suffix}")
        assert path.read_text(encoding="utf-8") == written(Document("A net", ["x"]), suffix)
    assert format_of("a.HTML") == "html"
    assert format_of("a", "latex") == "tex"


def test_unknown_formats():
    with pytest.raises(FormatError, match=r"got 'htlm'. Did you mean 'html'"):
        format_of("a.htlm")
    with pytest.raises(FormatError, match="'report' has no suffix"):
        format_of("report")

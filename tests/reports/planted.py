"""A planted language, and LaTeX that is compiled: what several tests of documents hold them to.

The planted language writes each sentence of the catalogues in Cyrillic letters. Whatever words still stand in Latin letters
were put into a document by the program itself, in English, in the report of every language.
"""

import json
import re
import subprocess
from pathlib import Path

from reports.document.model import Document, Figure, Text, walk
from reports.writers import written

CYRILLIC = {ord("a") + k: 0x430 + k for k in range(26)} | {ord("A") + k: 0x410 + k for k in range(26)}
WORD = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(r"\{\w*\}|\$[^$]*\$|`[^`]*`")
NAMES = re.compile(r"(chainrule|Python|SymPy|NumPy) [\w.+]+")  # with their versions
PDFLATEX = ("pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex")


def planted(sentence: str) -> str:
    """The sentence in Cyrillic letters; fields, formulas and code as they are."""
    at, parts = 0, []
    for kept in KEPT.finditer(sentence):
        parts += [in_cyrillic(sentence[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*parts, in_cyrillic(sentence[at:])])


def in_cyrillic(text: str) -> str:
    return text.translate(CYRILLIC)


def write_catalogue(folder: Path, sentences: dict[str, str]) -> Path:
    """A catalogue file of that language."""
    folder.mkdir()
    lines = [f"{key} = {json.dumps(_drawn(key, text), ensure_ascii=False)}" for key, text in sentences.items()]
    (folder / "xx.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _drawn(key: str, sentence: str) -> str:
    """What is said of a drawing quotes formulas and names: these are put between brackets."""
    return re.sub(r"(\{\w+\})", r"⟦\1⟧", sentence) if key.startswith(("diagram.", "plot.")) else sentence


def left_in_english(document: Document) -> list[str]:
    """The words in Latin letters of everything that is read or read aloud."""
    said = [node.text for node in walk(document) if isinstance(node, Text)]
    said += list(document.metadata)
    for figure in (node for node in walk(document) if isinstance(node, Figure)):
        said += re.findall(r"<!--(.*?)-->", figure.svg)  # what a plot draws as outlines
        said += [_without_quotes(text) for text in [figure.alt, *re.findall(r"<title>(.*?)</title>", figure.svg)]]
    return [text for text in said if WORD.search(NAMES.sub("", re.sub(r"\$[^$]*\$", "", text)))]


def _without_quotes(text: str) -> str:
    """Without the innermost brackets that hold no sentence of their own, until there are none."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text


def compiles_within_its_lines(document: Document, folder: Path) -> None:
    """Compile a document; no line is wider than the page."""
    (folder / "report.tex").write_text(str(written(document, "tex")), encoding="utf-8")
    answer = subprocess.run(PDFLATEX, cwd=folder, capture_output=True, encoding="utf-8", errors="replace")
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    assert answer.returncode == 0, re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE)[:1]
    assert re.findall(r"^Overfull .*", log, re.MULTILINE) == []

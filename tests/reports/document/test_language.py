"""Every sentence of a report comes from the catalogue: with a catalogue in letters of its own no other letter is left.

The language that is planted here writes each sentence in Cyrillic letters. Whatever words still stand in Latin letters
were put there by the program itself, in English, in the report of every language.
"""

import json
import re

import pytest

from reports.commands.models import find
from reports.document import catalogue as catalogues
from reports.document.catalogue import catalogue
from reports.document.chapter import book, chapter
from reports.document.derivation import Choices, report
from reports.document.model import Document, Figure, Text, walk
from symbolic.language.gallery import GALLERY

CYRILLIC = {ord("a") + k: 0x430 + k for k in range(26)} | {ord("A") + k: 0x410 + k for k in range(26)}
WORD = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(r"\{\w*\}|\$[^$]*\$|`[^`]*`")
NAMES = re.compile(r"(chainrule|Python|SymPy|NumPy) [\w.+]+")  # with their versions
LARGE = {"gpt", "gpt-sort", "gpt-block", "gru-net", "elman-net", "conv-net", "vae"}


def planted(sentence):
    """The sentence in Cyrillic letters; fields, formulas and code as they are."""
    at, parts = 0, []
    for kept in KEPT.finditer(sentence):
        parts += [in_cyrillic(sentence[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*parts, in_cyrillic(sentence[at:])])


def in_cyrillic(text):
    return text.translate(CYRILLIC)


def drawn(key, sentence):
    """What is said of a drawing quotes formulas and names: these are put between brackets."""
    return re.sub(r"(\{\w+\})", r"⟦\1⟧", sentence) if key.startswith(("diagram.", "plot.")) else sentence


def written(folder, sentences):
    """A catalogue file of that language."""
    folder.mkdir()
    lines = [f"{key} = {json.dumps(drawn(key, text), ensure_ascii=False)}" for key, text in sentences.items()]
    (folder / "xx.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """The language ``xx``."""
    sentences = {key: planted(text) for key, text in catalogue("en").sentences.items()}
    for name, entry in GALLERY.items():
        sentences |= {
            f"gallery.{name}.title": in_cyrillic(entry.title),
            f"gallery.{name}.text": in_cyrillic(entry.description),
        }
    prose = {key: planted(text) for key, text in book.prose("en").sentences.items()}
    monkeypatch.setattr(catalogues, "FOLDER", written(tmp_path / "words", sentences))
    monkeypatch.setattr(book, "FOLDER", written(tmp_path / "prose", prose))
    yield "xx"
    catalogue.cache_clear()
    book.prose.cache_clear()


def left_in_english(document: Document) -> list[str]:
    """The words in Latin letters of everything that is read or read aloud."""
    said = [node.text for node in walk(document) if isinstance(node, Text)]
    said += list(document.metadata)
    for figure in (node for node in walk(document) if isinstance(node, Figure)):
        said += re.findall(r"<!--(.*?)-->", figure.svg)  # what a plot draws as outlines
        said += [without_quotes(text) for text in [figure.alt, *re.findall(r"<title>(.*?)</title>", figure.svg)]]
    return [text for text in said if WORD.search(NAMES.sub("", re.sub(r"\$[^$]*\$", "", text)))]


def without_quotes(text):
    """Without the innermost brackets that hold no sentence of their own, until there are none."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text


@pytest.mark.parametrize("name", [n for n in GALLERY if n not in LARGE])
def test_a_report_says_nothing_that_the_catalogue_does_not(name, strange):
    document = report(find(name), Choices(strange, numbers=True, epochs=2))
    assert left_in_english(document) == []


def test_the_chapter_neither(strange):
    assert left_in_english(chapter(Choices(strange))) == []

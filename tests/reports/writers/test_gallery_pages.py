"""The page of every model of the gallery, in every language: valid, linked, light, and in one language alone."""

import itertools
import re
from functools import cache
from xml.etree import ElementTree

import pytest

from reports.commands.models import find
from reports.document.derivation import Choices, report
from reports.document.model import Document, Figure, Text, walk
from reports.writers.html import html
from reports.writers.mathml_tree import validate
from symbolic.language.gallery import GALLERY

LIGHT = 5_000_000  # bytes
SLOW, LONG = {"gru-net", "gpt-block", "conv-net", "elman-net", "vae"}, {"gpt", "gpt-sort"}
MARKS = dict.fromkeys(SLOW, pytest.mark.slow) | dict.fromkeys(LONG, pytest.mark.long)
NAMES = [pytest.param(n, marks=MARKS.get(n, ())) for n in GALLERY]
LANGUAGES = ("en", "it")
VERSIONS = re.compile(r"chainrule \S+, Python \S+, SymPy \S+, NumPy \S+")
UNKNOWN = (r"\substack",)  # amsmath's lines below a sum sign, which math-core does not read
COLOUR = re.compile(r"\\class\{[^{}]*\}")


@cache
def documents(name):
    """The report in each language."""
    return {language: report(find(name), Choices(language, numbers=True, epochs=2)) for language in LANGUAGES}


@cache
def pages(name):
    return {language: html(document) for language, document in documents(name).items()}


def parsed(page):
    root = ElementTree.fromstring(page)
    for node in root.iter():
        node.tag = node.tag.rsplit("}")[-1]
    return root


def sentences(document: Document) -> set[str]:
    """What is read or read aloud, sentence by sentence, where a sentence has four words or more."""
    said = [node.text for node in walk(document) if isinstance(node, Text)]
    said += [node.alt for node in walk(document) if isinstance(node, Figure)]
    parts = {part.strip() for text in said for part in re.split(r"[.;:\n]\s", VERSIONS.sub("", text))}
    return {part for part in parts if len(re.findall(r"[^\W\d_]{2,}", part)) >= 4}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_light_page_in_one_language_whose_links_lead_somewhere(name):
    english, italian = (sentences(document) for document in documents(name).values())
    assert english
    assert english & italian == set()
    for page in pages(name).values():
        assert len(page.encode()) < LIGHT
        root = parsed(page)
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert len(ids) == len(set(ids))
        assert {n.get("href")[1:] for n in root.iter("a") if n.get("href", "").startswith("#")} <= set(ids)
        assert "source" not in {n.get("class") for n in root.iter()}  # a formula that could not be set
        headings = [int(n.tag[1]) for n in root.iter() if re.fullmatch("h[1-6]", n.tag)]
        assert all(b <= a + 1 for a, b in itertools.pairwise(headings))


@pytest.mark.parametrize("name", NAMES)
def test_its_formulas_are_read_by_another_converter_too(name):
    math_core = pytest.importorskip("math_core")
    other = math_core.LatexToMathML()
    for page in pages(name).values():
        drawn = list(parsed(page).iter("math"))
        assert drawn
        for formula in drawn:
            body, note = formula.find("semantics")
            validate(body)
            if not any(command in note.text for command in UNKNOWN):
                assert other.convert_with_local_state(COLOUR.sub("", note.text), displaystyle=True)

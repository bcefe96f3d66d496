"""The report of every model of the gallery, in every language: steps that agree, a valid light page, LaTeX that compiles.

A model is derived, checked and trained once for all these tests; they are grouped by it.
"""

import itertools
import re
import shutil
from functools import cached_property
from xml.etree import ElementTree

import pytest

from reports.commands.models import find
from reports.document.derivation import Choices, derived, document
from reports.document.model import Document, Figure, Steps, Text, walk
from reports.writers.html import html
from reports.writers.mathml_tree import validate
from symbolic.language.gallery import GALLERY
from tests.reports.planted import compiles_within_its_lines, left_in_english

LIGHT = 5_000_000  # bytes
SLOW, LONG = {"gru-net", "gpt-block", "conv-net", "elman-net", "vae"}, {"gpt", "gpt-sort"}
MARKS = dict.fromkeys(SLOW, pytest.mark.slow) | dict.fromkeys(LONG, pytest.mark.long)
LANGUAGES = ("en", "it")
VERSIONS = re.compile(r"chainrule \S+, Python \S+, SymPy \S+, NumPy \S+")
UNKNOWN = (r"\substack",)  # test_mathml has the whole list of what math-core does not read
COLOUR = re.compile(r"\\class\{[^{}]*\}")


class Told:
    """A model's report: derived once, told in each language, and its pages."""

    def __init__(self, name: str):
        self.made = derived(find(name), Choices(numbers=True, epochs=2))

    @cached_property
    def documents(self) -> dict[str, Document]:
        return {language: document(self.made.told(language)) for language in LANGUAGES}

    @cached_property
    def pages(self) -> dict[str, str]:
        return {language: html(told) for language, told in self.documents.items()}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=MARKS.get(name, ())) for name in GALLERY])
def told(request):
    return Told(request.param)


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


def test_every_step_agrees_and_every_result_has_code(told):
    found = [step for node in walk(told.documents["en"]) if isinstance(node, Steps) for step in node.steps]
    assert found
    assert {step.check.status for step in found} == {"agrees"}
    assert all(step.code is not None for step in found if step.level == 0)


def test_it_is_a_valid_light_page_in_one_language_whose_links_lead_somewhere(told):
    english, italian = map(sentences, told.documents.values())
    assert english
    assert english & italian == set()
    for page in told.pages.values():
        assert len(page.encode()) < LIGHT
        root = parsed(page)
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert len(ids) == len(set(ids))
        assert {n.get("href")[1:] for n in root.iter("a") if n.get("href", "").startswith("#")} <= set(ids)
        assert "source" not in {n.get("class") for n in root.iter()}  # a formula that could not be set
        headings = [int(n.tag[1]) for n in root.iter() if re.fullmatch("h[1-6]", n.tag)]
        assert all(b <= a + 1 for a, b in itertools.pairwise(headings))


def test_its_formulas_are_read_by_another_converter_too(told):
    math_core = pytest.importorskip("math_core")
    other = math_core.LatexToMathML()
    for page in told.pages.values():
        drawn = list(parsed(page).iter("math"))
        assert drawn
        for formula in drawn:
            body, note = formula.find("semantics")
            validate(body)
            if not any(command in note.text for command in UNKNOWN):
                assert other.convert_with_local_state(COLOUR.sub("", note.text), displaystyle=True)


def test_it_says_nothing_that_the_catalogue_does_not(told, strange):
    assert left_in_english(document(told.made.told(strange))) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_latex_compiles_within_its_lines(told, language, tmp_path):
    compiles_within_its_lines(told.documents[language], tmp_path)

"""The chapter: all of its systems are there, every formula holds, and both languages have the same structure."""

import copy
import json
import shutil
import string

import pytest

from numeric.learning.record import difference, recorded, run
from reports.document.chapter import chapter
from reports.document.chapter import recorded as recording
from reports.document.chapter.book import prose
from reports.document.chapter.recorded import USED
from reports.document.derivation import Choices
from reports.document.model import Code, Figure, Formula, Mark, Section, Steps, plain, walk
from reports.writers import written
from symbolic.errors import ChainruleError
from tests.reports.planted import compiles_within_its_lines, left_in_english

SECTIONS = [
    "part_models", "parametrised", "linear", "nearest", "part_losses", "diagrams", "losses", "part_descent", "descent",
    "matrix", "noisy", "part_beyond", "plateaus", "probing", "critic", "players", "part_nets", "nets", "pointwise",
    "weighted", "stack", "example", "part_modules", "vector", "modules",
]  # fmt: skip


@pytest.fixture(scope="module")
def english():
    return chapter(Choices("en"))


@pytest.fixture(scope="module")
def italian():
    return chapter(Choices("it"))


def kinds(document):
    """What a reader meets, without the words."""
    return [type(n).__name__ for n in walk(document.blocks) if type(n).__name__ not in ("Text", "Code", "Link")]


def test_every_section_is_there(english):
    assert [n.id for n in walk(english) if isinstance(n, Section)] == SECTIONS


def test_every_formula_holds(english):
    marks = [n.status for n in walk(english) if isinstance(n, Mark)]
    assert marks.count("proved") >= 12
    assert set(marks) == {"proved", "agrees"}
    assert all(step.check is not None for n in walk(english) if isinstance(n, Steps) for step in n.steps)


def test_figures_are_drawn_and_described(english):
    figures = [n for n in walk(english) if isinstance(n, Figure)]
    assert len(figures) >= 15
    assert all("<svg" in f.svg and f.alt for f in figures)


def test_languages_have_the_same_structure(english, italian):
    assert kinds(english) == kinds(italian)
    formulas = [[n.latex for n in walk(d) if isinstance(n, Formula)] for d in (english, italian)]
    assert formulas[0] == formulas[1]


def test_prose_has_the_same_sentences_in_every_language():
    def fields(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)

    english, italian = prose("en").sentences, prose("it").sentences
    assert set(english) == set(italian)
    assert {k: fields(v) for k, v in english.items()} == {k: fields(v) for k, v in italian.items()}
    with pytest.raises(ChainruleError, match="not written in the language 'xx'; there are: en, it"):
        prose("xx")


def test_it_is_one_page_of_moderate_weight(english):
    page = written(english, "html")
    assert len(page) < 3_000_000
    assert 'class="source"' not in page


def test_the_first_order_change_and_the_winning_row(english):
    text = " ".join(written(english, "txt").split())
    assert "ΔL = − ‖Aᵀ g ‖²" in text
    assert "refuses and says why" in text


def test_long_runs_say_their_command_and_seeds(english):
    commands = [n.source for n in walk(english) if isinstance(n, Code)]
    assert {f"python -m numeric.learning.record {name}" for name in USED} <= set(commands)
    text = " ".join(written(english, "txt").split())
    assert "python -m numeric.learning.record balancing; seeds 0, 1, 2, 3, 4, 5, 6, 7, 8;" in text.replace("`", "")
    assert "nan" not in text.split()


def test_runs_made_anew_are_compared_with_the_recordings(monkeypatch, tmp_path):
    """Without waiting: the recordings, one of them with a number changed, take the place of new runs."""
    anew = {name: copy.deepcopy(recorded(name)) for name in USED}
    anew["redundancy"]["data"]["goal"] *= 1.5
    anew["moons"]["data"]["steps"].append(0)
    monkeypatch.setattr(recording, "run", lambda name: anew[name])
    said = []
    runs = recording.rerun(tmp_path / "runs", said.append, prose("en"))
    assert sorted(p.stem for p in (tmp_path / "runs").iterdir()) == sorted(USED)
    assert json.loads((tmp_path / "runs" / "redundancy.json").read_text()) == anew["redundancy"]
    assert len(said) == 2 * len(USED)
    told = {
        name: plain(recording.provenance(name, runs, prose("en")).content)
        for name in ("balancing", "redundancy", "moons")
    }
    assert "every number is that of the recording" in told["balancing"]
    assert "largest relative difference" in told["redundancy"]
    assert "came out otherwise" in told["moons"]


@pytest.mark.parametrize("name", ["bilinear-game", "noisy-path", "score-variance"])
def test_a_run_repeats_its_recording(name):
    assert difference(run(name)["data"], recorded(name)["data"]) < 1e-4


def test_no_listing_is_empty(english):
    assert all(n.source.strip() for n in walk(english) if isinstance(n, Code))


def test_it_says_nothing_that_the_catalogue_does_not(strange):
    assert left_in_english(chapter(Choices(strange))) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_its_latex_compiles_within_its_lines(english, italian, tmp_path):
    for document in (english, italian):
        compiles_within_its_lines(document, tmp_path)

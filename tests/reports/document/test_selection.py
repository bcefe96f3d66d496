"""Selecting keeps what was asked for, loses nothing else, and leaves every link with a target."""

import pytest

from reports.document.model import Document, DocumentError, Formula, Section, Step, Steps, walk
from reports.document.selection import select
from reports.writers import FORMATS, written
from tests.reports.documents import rich


def test_everything_is_the_same_document():
    assert select(rich()) == rich()


def test_one_style():
    formulas = [node for node in walk(select(rich(), ["matrix"])) if isinstance(node, Formula)]
    assert all(set(formula.styles) <= {"matrix"} for formula in formulas)
    assert len(formulas) == len([node for node in walk(rich()) if isinstance(node, Formula)])
    assert formulas[0].latex.startswith(r"C = \tfrac12 \lVert")


def test_a_style_that_is_missing_is_served_by_the_first():
    page = Document("t", [Section("s", [Formula(styles={"index": "a_i"})])])
    assert dict(select(page, ["perturbation"]).blocks[0].blocks[0].styles) == {"index": "a_i"}


def test_links_lead_past_the_steps_that_are_gone():
    steps = [
        Step(1, "a", Formula("a"), level=0),
        Step(2, "b", Formula("b"), inputs=[1], level=2),
        Step(3, "c", Formula("c"), inputs=[2], level=2),
        Step(4, "d", Formula("d"), inputs=[3, 1], level=1),
    ]
    (kept,) = select(Document("t", [Steps(steps, id="x")]), level=1).blocks
    assert [(step.number, step.inputs) for step in kept.steps] == [(1, ()), (4, (1,))]


@pytest.mark.parametrize("format", FORMATS)
def test_a_selection_can_be_written(format):
    page = written(select(rich(), ["index"], 0), format)
    assert len(page) < len(written(rich(), format))


def test_what_there_is_not():
    with pytest.raises(DocumentError, match="no style 'matrx'.*Did you mean 'matrix'"):
        select(rich(), ["matrx"])
    with pytest.raises(DocumentError, match="one of 0, 1, 2, got 3"):
        select(rich(), level=3)

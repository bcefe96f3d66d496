"""Reports of derivations: their sections, notations and languages. Every model of the gallery is in test_gallery."""

import re
from dataclasses import replace

from numeric.training.history import History, Record
from reports.commands.models import find
from reports.document.catalogue import catalogue
from reports.document.derivation import Choices, derived, document, report
from reports.document.model import Code, Figure, Formula, Math, Section, Steps, Table, Text, plain, walk
from reports.document.steps import CONDITIONS, Telling
from reports.document.training import history_blocks
from reports.writers import written
from reports.writers.svg import drawing
from symbolic.calculus.closed_form import Condition
from symbolic.calculus.conditions import TIES
from symbolic.calculus.rules import RULES
from symbolic.program.functions import FUNCTIONS
from symbolic.program.primitives import PRIMITIVES

SECTIONS = [
    "diagram",
    "symbols",
    "program",
    "jacobians",
    "steps",
    "gradients",
    "structure",
    "code",
    "check",
    "environment",
]


def test_the_sections_of_the_example_net():
    document = report(find("example-net"), Choices(training=False))
    found = [node.id for node in document.blocks if isinstance(node, Section)]
    assert [s for s in SECTIONS if s in found] == found
    assert {"diagram", "jacobians", "steps", "gradients", "code", "check"} <= set(found)
    shown = {node.latex for node in walk(document) if isinstance(node, Math)}
    assert r"[1 \times 40] = [1 \times 10] \cdot [10 \times 40]" in shown
    assert any(isinstance(n, Figure) and n.id == "" and "W_1" in n.alt for n in walk(document))
    assert any(isinstance(n, Code) and "dC_dW_1" in n.source for n in walk(document))


def test_a_jacobian_of_a_scalar_is_a_row_and_a_gradient_has_the_shape_of_its_variable():
    document = report(find("vector-module"), Choices(training=False))
    steps = [step for node in walk(document) if isinstance(node, Steps) for step in node.steps]
    local = next(s for s in steps if plain(s.title) == r"Jacobian of c with respect to z_{g}")
    assert r"(\class{t3}{y} - " not in local.statement.styles["matrix"]
    assert local.statement.styles["matrix"].endswith(r"^{\top}")
    result = next(s for s in steps if plain(s.title) == r"The derivative with respect to z_{g}")
    assert not result.statement.styles["matrix"].endswith(r"^{\top}")
    assert "as a row" in plain(result.shapes)


def test_languages_have_the_same_structure():
    kinds = {
        language: [
            type(n).__name__
            for n in walk(report(find("nearest-prototype"), Choices(language, training=False)).blocks)
            if not isinstance(n, Text)
        ]
        for language in ("en", "it")
    }
    assert kinds["en"] == kinds["it"]


def test_a_training_run_lowers_the_loss_and_is_drawn():
    document = report(find("linear-regression"), Choices(training=True, epochs=4))
    section = next(n for n in document.blocks if isinstance(n, Section) and n.id == "training")
    first, last = (float(x) for x in re.search(r"gone from (\S+) to (\S+)\.", plain_of(section)).groups())
    assert last < 0.5 * first
    assert any(isinstance(n, Figure) for n in walk(section))


def test_nothing_is_said_of_samples_that_were_not_held_out():
    records = tuple(Record(k + 1, 1 / (k + 1), 0.0, 0.1) for k in range(3))
    history = History(find("linear-regression").loss, {}, records, "completed", {})
    for told, titles in ((history, ["epoch", "training loss"]), (with_held_out(history), None)):
        (table,) = (n for n in history_blocks(told, catalogue("en")) if isinstance(n, Table))
        assert [plain(c.title) for c in table.columns] == (titles or ["epoch", "training loss", "held-out loss"])
        assert all(len(row) == len(table.columns) for row in table.rows)


def with_held_out(history):
    return replace(history, records=tuple(replace(r, validation=0.5) for r in history.records))


def plain_of(node):
    return " ".join(n.text for n in walk(node) if isinstance(n, Text))


def test_figures_are_clean_drawings():
    document = report(find("weighted-sum"), Choices(training=False))
    figures = [n for n in walk(document) if isinstance(n, Figure)]
    assert len(figures) == 4  # diagram, two Jacobians, errors
    for k, figure in enumerate(figures):
        assert "<script" not in drawing(figure.svg, f"f{k}", figure.alt)


def test_every_rule_has_words_in_every_language():
    for language in ("en", "it"):
        known = catalogue(language).sentences
        assert {f"rule.{part}.{key}" for part in ("name", "says") for key in RULES} <= set(known)


def test_every_condition_in_words_is_translated():
    primitives = [p.condition.format("A") for p in PRIMITIVES.values() if p.condition]
    kinks = [row.kink for row in FUNCTIONS.values() if row.kink and re.search("[a-z]{4}", row.kink.replace("relu", ""))]
    telling = Telling(catalogue("it"))
    for relation in (*TIES.values(), *primitives, *kinks):
        assert any(re.fullmatch(form, relation) for form in CONDITIONS.values()), relation
        assert plain(telling.condition(Condition(relation))) != relation or "′" in relation
    assert plain(telling.condition(Condition("A invertible"))) == "A è invertibile"
    assert telling.condition(Condition("relu′(0) = 0")) == (Math(r"\operatorname{relu}'(0) = 0"),)


def test_a_report_told_in_another_language_is_that_of_the_language():
    model, choices = find("softmax-regression"), Choices(numbers=True, epochs=2)
    told = document(derived(model, choices).told("it"))
    assert written(told, "html") == written(report(model, Choices("it", numbers=True, epochs=2)), "html")


def test_formulas_are_shown_in_three_tellings():
    document = report(find("vector-module"), Choices(training=False))
    styles = [tuple(n.styles) for n in walk(document) if isinstance(n, Formula)]
    assert ("index", "matrix", "perturbation") in styles

"""A program of a thousand equations: the page folds what is alike, shortens what is not, and stays light and linked."""

import re

import numpy as np
import pytest

from reports.commands.models import Model, find
from reports.document import outline as outlines
from reports.document.catalogue import catalogue
from reports.document.derivation import Choices, report
from reports.document.model import Figure, Fold, Formula, Link, Steps, Table, Text, walk
from reports.document.steps import MOST_ROWS, MOST_TERMS
from reports.writers.html import html
from symbolic import derive, tensor
from symbolic.program.graph import topological


def residual_net(depth):
    x, z = tensor("x", "n"), tensor("y", "n", role="target")
    for k in range(1, depth + 1):
        W, b = tensor(f"W_{k}", "n n", role="parameter"), tensor(f"b_{k}", "n", role="parameter")
        x = x + np.tanh(W @ x + b)
    return np.sum((x - z) ** 2) / 2


def irregular(length):
    """No two stretches are alike: sines, products and sums of two earlier results by turns of coprime lengths."""
    made, y = [tensor("x", "n")], tensor("y", "n", role="target")
    w = [tensor(f"w_{k}", "n", role="parameter") for k in range(1, 4)]
    for k in range(1, length + 1):
        a, p = made[-1], w[k * k % 3]
        found = (np.sin(a), a * p, np.tanh(a + p), a - made[-1 - k % min(k, 5)] * p)[k * k * k % 7 % 4]
        made.append(found.named(f"z_{k}"))
    return np.sum((made[-1] - y) ** 2)


def broken_links(page):
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    return {target for target in re.findall(r'href="#([^"]+)"', page) if target not in ids}


@pytest.mark.parametrize("count", [60, pytest.param(250, marks=pytest.mark.long)])
def test_a_thousand_alike_equations_make_a_light_page(count):
    loss = residual_net(count)
    assert sum(t.definition is not None for t in topological([loss])) >= 4 * count
    page = report(Model("deep", "A deep net", loss), Choices())
    written = html(page)
    assert len(written.encode()) < 5_000_000
    assert broken_links(written) == set()
    (diagram,) = [f for s in page.blocks if getattr(s, "id", "") == "diagram" for f in walk(s) if isinstance(f, Figure)]
    assert max(map(int, re.findall(r"(\d+) alike", diagram.alt))) > count - 10
    folded = {id(node) for fold in walk(page) if isinstance(fold, Fold) for node in fold.blocks}
    shown = [node for node in walk(page) if isinstance(node, Table) and id(node) not in folded]
    assert max(len(table.rows) for table in shown) <= MOST_ROWS
    assert max(len(node.steps) for node in walk(page) if isinstance(node, Steps)) <= outlines.MOST_TOLD


def test_what_does_not_repeat_is_told_in_short(monkeypatch):
    monkeypatch.setattr(outlines, "LONGEST", 40)
    monkeypatch.setattr(outlines, "MOST_TOLD", 30)
    monkeypatch.setattr(outlines, "_AT_END", 10)
    loss = irregular(24)
    plan = outlines.outline(derive(loss))
    told = [s.number for s in (*plan.full, *plan.short)] + sorted(plan.again)
    assert sorted(told) == [s.number for s in derive(loss).steps if s.level <= 1]
    page = report(Model("wild", "An irregular net", loss), Choices(training=False))
    assert broken_links(html(page)) == set()
    shortened = [t for f in walk(page) if isinstance(f, Fold) for t in f.blocks if isinstance(t, Table)]
    assert [row[0][0].text for row in shortened[0].rows] == [str(s.number) for s in plan.short]
    assert all(cell for row in shortened[0].rows for cell in row)


def test_links_lead_to_the_step_that_tells_it(monkeypatch):
    monkeypatch.setattr(outlines, "LONGEST", 40)
    page = report(Model("deep", "A deep net", residual_net(12)), Choices(training=False))
    shown = {f"#{node.id}-{step.number}" for node in walk(page) if isinstance(node, Steps) for step in node.steps}
    links = {node.target for node in walk(page) if isinstance(node, Link) and node.target.startswith("#step-")}
    assert links
    assert links <= shown


def test_a_sum_of_many_terms_is_shortened_and_says_so():
    x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    z = x
    for k in range(1, MOST_TERMS + 7):
        z = np.tanh(w * z).named(f"z_{k}")
    page = report(Model("long", "A long sum", np.sum(z)), Choices(training=False))
    (result,) = [s for s in page.blocks if getattr(s, "id", "") == "gradients"]
    formulas = [f for f in walk(result) if isinstance(f, Formula)]
    assert {style: tex.count(rf"\overset{{{MOST_TERMS - 1}}}{{\cdots}}") for style, tex in formulas[0].styles.items()} == {
        "index": 1, "matrix": 1, "perturbation": 1,
    }  # fmt: skip
    said = " ".join(node.text for node in walk(page) if isinstance(node, Text))
    assert catalogue("en")("report.dots") in said
    assert catalogue("en")("report.dots") not in str(report(find("weighted-sum"), Choices(training=False)))

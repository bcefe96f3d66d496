"""What repeats in a long derivation is found, told once, and named in a table."""

import numpy as np
import pytest

from numeric.derivation_check import check_steps
from reports.document.catalogue import catalogue
from reports.document.listing import listing
from reports.document.model import Link, Steps, Table, walk
from reports.document.outline import LONGEST
from reports.document.repeats import repeats
from reports.document.steps import Telling, steps_of
from symbolic import derive, tensor


def chain(depth, widths=None, activation=np.tanh):
    widths = widths or [4] * (depth + 1)
    h = tensor("x", widths[0])
    for k in range(depth):
        W = tensor(f"W_{k}", (widths[k + 1], widths[k]), role="parameter")
        h = activation(W @ h + tensor(f"b_{k}", widths[k + 1], role="parameter"))
    return np.sum(h**2)


def told(d):
    return [s for s in d.steps if s.level <= 1]


def test_layers_are_found_with_their_names():
    d = derive(chain(8))
    found = repeats(told(d))
    numbers = [s.number for r in found for s in r.steps]
    assert len(set(numbers)) == len(numbers) > len(told(d)) / 2
    for r in found:
        names = {old.label: new.label for old, new in r.names}
        assert [(s.kind, s.rule) for s in r.steps] == [(s.kind, s.rule) for s in r.original]
        for one, two in zip(r.original, r.steps, strict=True):
            left = [one.left] if one.kind == "definition" else [one.left.of, *one.left.by]
            right = [two.left] if two.kind == "definition" else [two.left.of, *two.left.by]
            assert [names.get(t.label, t.label) for t in left] == [t.label for t in right]


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda: chain(2), id="too few steps"),
        pytest.param(lambda: chain(6, widths=[2, 3, 4, 5, 6, 7, 8]), id="other shapes"),
    ],
)
def test_what_differs_is_told_in_full(loss):
    assert repeats(told(derive(loss()))) == []


def test_a_long_derivation_names_every_step_once():
    d = derive(chain(30))
    assert len(d.steps) > LONGEST
    checks = check_steps(d)
    blocks = steps_of(d, checks, listing(d, [d.output]), Telling(catalogue("en"), group="net"))
    nodes = [node for block in blocks for node in walk(block)]
    (table,) = [node for node in nodes if isinstance(node, Table)]
    (steps,) = [node for node in nodes if isinstance(node, Steps)]
    shown = {step.number for step in steps.steps}
    again = set()
    for row in table.rows:
        first, last = map(int, row[0][0].text.split("–"))
        again |= set(range(first, last + 1))
    assert {s.number for s in told(d)} <= shown | again
    assert not shown & again
    assert len(shown) < 60
    assert {node.target for node in nodes if isinstance(node, Link)} <= {f"#net-{n}" for n in shown}

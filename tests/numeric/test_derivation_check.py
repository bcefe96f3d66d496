"""Steps are held to numbers, and a planted mistake is found."""

from dataclasses import replace

import numpy as np
import pytest

import symbolic as s
from numeric import lambdify
from numeric.derivation_check import check_steps
from symbolic import derive, tensor
from symbolic.calculus.closed_form import Closed
from symbolic.language.gallery import GALLERY, named


@pytest.mark.parametrize(
    "name", ["weighted-sum", "nearest-prototype", "vector-module", "softmax-regression", "conv-net"]
)
def test_every_step_of_a_true_derivation_agrees(name):
    entry = GALLERY[name]
    loss = entry.build()
    d = derive(loss, [named(loss)[label] for label in entry.wrt] or None)
    found = check_steps(d)
    assert list(found) == [step.number for step in d.steps]
    assert {check.status for check in found.values()} == {"agrees"}
    assert max(check.error for check in found.values()) < 1e-8


def test_a_pool_over_zeros_of_a_relu_is_no_reason_to_doubt():
    """Where a whole window is cut off, a maximum ties at every point: the step is held to numbers beside the tie."""
    d = derive(GALLERY["conv-net"].build())
    pooled = next(s.number for s in d.steps if s.kind == "result" and s.left.by[0].name == "z_3")
    for seed in (1, 2, 3):
        assert {check.status for check in check_steps(d, seed).values()} == {"agrees"}
    wrong = planted(d, pooled, lambda r: Closed(r.indices, r.expr * 1001 / 1000))
    assert {number for number, check in check_steps(wrong, 1).items() if check.status == "refuted"} == {pooled}


def planted(d, number, change):
    """The derivation with one step's right side changed."""
    steps = tuple(replace(t, right=change(t.right)) if t.number == number else t for t in d.steps)
    object.__setattr__(d, "__dict__", {**d.__dict__, "steps": steps})
    return d


@pytest.mark.parametrize("kind", ["definition", "local_jacobian", "rewrite", "result"])
def test_a_step_wrong_by_a_thousandth_is_refuted(kind):
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    W = tensor("W", "m n", role="parameter")
    d = derive(np.sum((np.tanh(W @ x) - y) ** 2))
    number = next(t.number for t in d.steps if t.kind == kind)
    wrong = planted(d, number, lambda r: Closed(r.indices, r.expr * 1001 / 1000))
    found = check_steps(wrong)
    assert found[number].status == "refuted"
    assert found[number].error == pytest.approx(1e-3, rel=0.1)


def test_a_lost_path_is_refuted_in_the_chain_rule():
    x = tensor("x", "n", role="parameter")
    z = np.tanh(x).named("z")
    d = derive((np.sum(x * z) + np.sum(z**3)).named("C"), [x])
    chain = next(t for t in d.steps if t.kind == "chain" and len(t.right.terms) > 1)
    lost = planted(d, chain.number, lambda r: replace(r, terms=r.terms[:1]))
    assert check_steps(lost)[chain.number].status == "refuted"


def test_what_is_given_is_not_looked_behind():
    x, W = tensor("x", "m n"), tensor("W", "k", role="parameter")
    z = np.tanh(x).reshape(-1).named("z")
    f = lambdify([z, W], np.sum(z) * W)
    assert np.allclose(f(np.ones(6), np.ones(2)), 6)


def test_a_dimension_told_by_a_multiple_is_whole():
    g = tensor("g", 3 * s.Dim("h"))
    f = lambdify(g, g[: s.Dim("h")] * 2)
    assert f(np.arange(6.0)).tolist() == [0, 2]

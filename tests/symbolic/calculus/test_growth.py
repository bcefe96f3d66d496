"""What a derivation costs grows with the number of equations, not with its square: counted in calls, not in seconds."""

import sys

import numpy as np
import pytest

import symbolic as s
from symbolic import derive, special


def perceptron(depth):
    h = s.tensor("x", 4)
    for k in range(depth):
        h = np.tanh(s.tensor(f"W_{k}", (4, 4), role="parameter") @ h + s.tensor(f"b_{k}", 4, role="parameter"))
    return np.sum(h**2)


def normalised_residuals(depth):
    """Blocks with a norm written out in NumPy."""
    h = s.tensor("x", (3, 4))
    for k in range(depth):
        centred = h - h.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        h = h + np.tanh(scaled @ s.tensor(f"W_{k}", (4, 4), role="parameter"))
    return np.sum(h**2)


def chain_of_log_sums(depth):
    """The partition function of a chain: nothing on the way has a name."""
    e = s.tensor("e", (depth + 1, 3))
    a = e[0]
    for k in range(depth):
        T = s.tensor(f"T_{k}", (3, 3), role="parameter")
        a = special.logsumexp(a[:, None] + T, axis=0) + e[k + 1]
    return special.logsumexp(a)


def calls(work):
    """How many functions written in Python are called by ``work()``."""
    count = 0

    def note(frame, event, arg):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("model", [perceptron, normalised_residuals, chain_of_log_sums])
def test_the_work_of_a_derivation_is_linear_in_its_length(model):
    losses = {depth: model(depth) for depth in (2, 3, 6, 12)}
    derive(losses[2]).steps  # noqa: B018  (what is met for the first time is worked out here)
    cost = {depth: calls(lambda depth=depth: derive(losses[depth]).steps) for depth in (3, 6, 12)}
    # Twice as many further layers cost twice as much; four times would be quadratic.
    assert cost[12] - cost[6] < 2.7 * (cost[6] - cost[3]), cost


def test_a_recursion_is_told_by_what_it_carries_on():
    d = derive(chain_of_log_sums(4))
    assert [t.name for t in d.program] == ["u_1", "u_2", "u_3", "u_4", "C"]
    assert max(len(step.statement) for step in d.steps if step.kind == "definition") < 200

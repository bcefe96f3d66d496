"""Hypergradients against central differences of whole runs, and against the closed form of one step of plain descent."""

import numpy as np
import pytest

import numeric
from numeric.errors import OptionError
from numeric.training.curvature import Objective
from symbolic import tensor

RNG = np.random.default_rng(6)
TRAINING = {"x": RNG.normal(size=(6, 2)), "y": RNG.normal(size=6)}
HELD_OUT = {"x": RNG.normal(size=(5, 2)), "y": RNG.normal(size=5)}
START = {"W": RNG.normal(size=(3, 2)), "v": RNG.normal(size=3)}


def loss():
    x, y = tensor("x", "n"), tensor("y", role="target")
    W, v = tensor("W", "m n", role="parameter"), tensor("v", "m", role="parameter")
    return (v @ np.tanh(W @ x) - y) ** 2


def after(method, steps, options):
    history = numeric.train(loss(), TRAINING, START, method=method, batch_size=None, epochs=steps, **options)
    return Objective(loss()).value(history.parameters, HELD_OUT)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("sgd", {"learning_rate": 0.05, "l2": 0.3, "weight_decay": 0.2, "clip_norm": 0.7}),
        ("momentum", {"learning_rate": 0.05, "momentum": 0.6}),
        ("adam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ],
)
def test_against_differences_of_whole_runs(method, options):
    found = numeric.hypergradients(loss(), TRAINING, HELD_OUT, START, method=method, steps=3, **options)
    assert found.loss == pytest.approx(after(method, 3, options), rel=1e-12)
    assert found.values.keys() == options.keys()
    for name, value in options.items():
        h = 1e-5 * value
        up, down = (after(method, 3, {**options, name: value + d}) for d in (h, -h))
        assert found.values[name] == pytest.approx((up - down) / (2 * h), rel=2e-4, abs=1e-8)


def test_one_step_is_minus_the_product_of_two_gradients():
    o = Objective(loss())
    _, g = o.value_and_gradient(START, TRAINING)
    w_1 = o.split(o.flat(START) - 0.1 * g, START)
    _, g_1 = o.value_and_gradient(w_1, HELD_OUT)
    found = numeric.hypergradients(loss(), TRAINING, HELD_OUT, START, learning_rate=0.1)
    assert found.values["learning_rate"] == pytest.approx(-g_1 @ g, rel=1e-12)


def test_refusals():
    with pytest.raises(OptionError, match="steps is a whole number of at least 1, got 0"):
        numeric.hypergradients(loss(), TRAINING, HELD_OUT, START, steps=0)
    with pytest.raises(OptionError, match="the method sgd has no option 'momentum'"):
        numeric.hypergradients(loss(), TRAINING, HELD_OUT, START, momentum=0.5)

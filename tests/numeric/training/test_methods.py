"""Descent rules against hand-written recursions, evaluated exactly."""

import math

import numpy as np
import pytest

from numeric.errors import OptionError
from numeric.training.methods import METHODS, Hyperparameters, clipped, method, settings, update
from symbolic import evaluate, tensor


def by_hand(name, w, gradients, o):
    """The textbook recursions on numbers."""
    v = s = 0.0
    for t, g in enumerate(gradients, start=1):
        if name == "sgd":
            w -= o["learning_rate"] * g
        elif name == "momentum":
            v = o["momentum"] * v + g
            w -= o["learning_rate"] * v
        elif name == "nesterov":
            v = o["momentum"] * v + g
            w -= o["learning_rate"] * (g + o["momentum"] * v)
        elif name == "adagrad":
            s += g**2
            w -= o["learning_rate"] * g / (math.sqrt(s) + o["epsilon"])
        elif name == "rmsprop":
            s = o["decay"] * s + (1 - o["decay"]) * g**2
            w -= o["learning_rate"] * g / (math.sqrt(s) + o["epsilon"])
        elif name in ("adam", "adamw"):
            v = o["beta_1"] * v + (1 - o["beta_1"]) * g
            s = o["beta_2"] * s + (1 - o["beta_2"]) * g**2
            shrink = o["learning_rate"] * o.get("weight_decay", 0) * w
            w -= (
                o["learning_rate"]
                * (v / (1 - o["beta_1"] ** t))
                / (math.sqrt(s / (1 - o["beta_2"] ** t)) + o["epsilon"])
            )
            w -= shrink
        else:
            raise AssertionError(f"write the recursion of {name} here")
    return w


@pytest.mark.parametrize("name", METHODS)
def test_rules_are_the_textbooks(name):
    rule = METHODS[name]
    option = Hyperparameters(rule)
    w, g = tensor("w", 2, role="parameter"), tensor("g", 2)
    step = update(rule, w, g, option)
    gradients = np.random.default_rng(0).normal(size=(5, 2))
    value, state = np.array([0.5, -1.0]), {name: np.zeros(2) for name in rule.state}
    for t, gradient in enumerate(gradients, start=1):
        numbers = {w: value, g: gradient, option.t: t}
        numbers |= {option.tensors[name]: v for name, v in rule.options.items()}
        numbers |= {before: state[name] for name, (before, _) in step.state.items()}
        value = np.array(evaluate(step.following, numbers), dtype=float)
        state = {name: np.array(evaluate(after, numbers), dtype=float) for name, (_, after) in step.state.items()}
    expected = [by_hand(name, start, gradients[:, k], rule.options) for k, start in enumerate((0.5, -1.0))]
    assert np.allclose(value, expected, rtol=1e-12)


def test_clipping_keeps_the_direction_and_bounds_the_norm():
    a, b, limit = tensor("a", 2), tensor("b", 1), tensor("c")
    parts = clipped([a, b], limit)
    numbers = {a: np.array([3.0, 0.0]), b: np.array([4.0])}
    small = [evaluate(p, {**numbers, limit: 1.0}) for p in parts]
    assert np.allclose(np.concatenate(small).astype(float), [0.6, 0, 0.8])
    large = [evaluate(p, {**numbers, limit: 10.0}) for p in parts]
    assert np.allclose(np.concatenate(large).astype(float), [3, 0, 4])


def test_unknown_names_are_suggested():
    with pytest.raises(OptionError, match=r"no method 'adm'; known are sgd, .* Did you mean 'adam'\?"):
        method("adm")
    with pytest.raises(OptionError, match=r"the method sgd has no option 'momentum'; it has learning_rate"):
        settings(METHODS["sgd"], {"momentum": 0.9})
    with pytest.raises(OptionError, match="finite number, got nan"):
        settings(METHODS["sgd"], {"learning_rate": float("nan")})

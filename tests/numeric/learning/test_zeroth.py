"""Zeroth order: known minima of smooth and stepped functions within a budget, seeds, refusals."""

import numpy as np
import pytest

import numeric
import symbolic as s
from numeric.errors import MissingExtraError, OptionError, TrainingError
from numeric.learning.zeroth import minimising
from numeric.learning.zeroth.searches import SEARCHES, _ranks, _smoothed_gradient
from symbolic import tensor

w = tensor("w", "n", role="parameter")
BOWL = np.sum((w - 1) ** 2)
START = {"w": np.array([3.0, -2.0, 0.5])}


@pytest.mark.parametrize("method", SEARCHES)
def test_every_search_finds_the_minimum_of_a_bowl(method):
    history = numeric.minimise_without_gradient(BOWL, None, START, method=method, evaluations=1500)
    np.testing.assert_allclose(history.parameters["w"], 1, atol=0.05)
    assert history.records[-1].epoch == history.settings["evaluations"] == 1500
    assert all(b <= a for a, b in zip(history.losses, history.losses[1:], strict=False))


@pytest.mark.parametrize("method", SEARCHES)
def test_seeds_repeat_a_search_and_other_seeds_do_not(method):
    state = np.random.get_state()[1].copy()
    runs = [
        numeric.minimise_without_gradient(BOWL, None, START, method=method, evaluations=60, seed=seed).parameters["w"]
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # the global generator is left alone


@pytest.mark.parametrize("method", ["random", "cma", "es"])
def test_steps_that_gradients_cannot_see(method):
    """The share of wrong signs of a linear classifier: zero derivative almost everywhere."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    data = {"x": x, "y": np.sign(x @ [2.0, -1.0])}
    loss = (np.sign(w @ tensor("x", "n")) - tensor("y", role="target")) ** 2 / 4
    with pytest.raises(s.NotDifferentiableError, match="sign in .* is constant between its jumps.*minimise_without"):
        numeric.train(loss, data)
    start = {"w": np.array([-1.0, 0.3])}
    history = numeric.minimise_without_gradient(loss, data, start, method=method, evaluations=600)
    assert history.losses[0] > 0.5
    assert history.losses[-1] <= 1 / 60
    assert "sign" in history.settings["reason"]
    assert "zero almost everywhere" in history.settings["reason"]


def test_the_index_of_the_nearest_prototype():
    """L3: nothing flows through argmin; the share of wrong indices can still be searched."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(-1, 0.3, (20, 2)), rng.normal(1, 0.3, (20, 2))])
    data = {"x": x, "y": np.repeat([0, 1], 20)}
    W = tensor("W", "K n", role="parameter")
    loss = 1 - np.equal(s.nearest_neighbour(tensor("x", "n"), W), tensor("y", role="target", dtype="int"))
    history = numeric.minimise_without_gradient(loss, data, {"W": [[0.5, 0.4], [0.1, -0.3]]}, evaluations=400)
    assert history.losses[-1] == 0
    assert history.settings["method"] == "cma"
    assert history.settings["reason"].startswith("CMA-ES, for 4 parameters. The loss has no gradient")


def test_a_function_whose_inside_is_not_known():
    def wall(p):
        a, b = p["a"], p["b"]
        return np.nan if a < 0 else float(np.floor(10 * a) + abs(b[0]))

    history = numeric.minimise_without_gradient(
        wall, parameters={"a": 2.0, "b": [1.0]}, method="random", evaluations=800
    )
    assert 0 <= history.parameters["a"] < 0.1
    assert history.losses[-1] < 0.05
    assert history.loss is None
    held = numeric.minimise_without_gradient(wall, parameters={"a": 2.0, "b": [1.0]}, frozen=["b"], evaluations=100)
    assert held.parameters["b"] == [1.0]
    assert held.settings["method"] == "random"


def test_the_smoothed_gradient_is_the_closed_form():
    rng = np.random.default_rng(2)
    at, v, r = rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8)
    np.testing.assert_allclose(_smoothed_gradient()(at, v, r, 0.3), r @ (v - at) / 0.3**2, atol=1e-12)
    np.testing.assert_array_equal(_ranks(np.array([5.0, 1.0, 5.0, np.inf])), [1.5, 0, 1.5, 3])


def test_one_parameter_by_cma():
    history = numeric.minimise_without_gradient(BOWL, None, {"w": [4.0]}, method="cma", evaluations=400)
    assert history.parameters["w"] == pytest.approx([1], abs=1e-3)


def test_refusals(monkeypatch):
    run = numeric.minimise_without_gradient
    with pytest.raises(OptionError, match="no method 'nelder'; known are auto, random, nelder-mead"):
        run(BOWL, None, START, method="nelder")
    with pytest.raises(
        OptionError, match="the method random has no option 'grwth'; it has growth, least. Did you mean"
    ):
        run(BOWL, None, START, method="random", grwth=2)
    with pytest.raises(OptionError, match="evaluations is a whole number of at least 1, got 0"):
        run(BOWL, None, START, evaluations=0)
    with pytest.raises(OptionError, match="scale is a number above 0, got -1"):
        run(BOWL, None, START, scale=-1)
    with pytest.raises(OptionError, match="needs parameters="):
        run(lambda p: 0.0)
    with pytest.raises(TrainingError, match="a number at none of 20 points"):
        run(lambda p: float("nan"), parameters={"a": [1.0]}, evaluations=20)
    monkeypatch.setattr(minimising.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'chainrule[zeroth]'" in run(BOWL, None, START, evaluations=20).settings["reason"]
    monkeypatch.setitem(__import__("sys").modules, "cma", None)
    with pytest.raises(MissingExtraError, match=r"chainrule\[zeroth\]"):
        run(BOWL, None, START, method="cma")


def test_ctrl_c_keeps_the_best_point():
    calls = []

    def loss(p):
        calls.append(float(np.sum(p["a"] ** 2)))
        if len(calls) == 9:
            raise KeyboardInterrupt
        return calls[-1]

    history = numeric.minimise_without_gradient(loss, parameters={"a": [1.0, 2.0]}, method="random")
    assert history.ended == "interrupted"
    assert history.losses[-1] == min(calls[:8])

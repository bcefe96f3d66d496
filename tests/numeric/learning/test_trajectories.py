"""Paths and redundancy (L9), prototypes (L3), and the recorded runs against running them again."""

import json

import numpy as np
import pytest

import numeric
import numeric.training.initial
from numeric.errors import DataError, OptionError
from numeric.learning import record
from numeric.learning.prototypes import nearest_class, prototype_loss, train_prototypes
from numeric.learning.trajectories import descent_path, loss_of_two, redundancy, two_parameter_problem
from numeric.training.data import DataSet, load
from symbolic import NotDifferentiableError, gradient, tensor

LOSS, DATA, MINIMUM = two_parameter_problem()
START = {"w": [-1.5, 1.5]}


def test_the_full_batch_path_is_descent_by_hand():
    run = descent_path(LOSS, DATA, START, batch_size=None, steps=30, learning_rate=0.2)
    w, x, y = np.array([-1.5, 1.5]), DATA["x"], DATA["y"]
    for point, loss in zip(run.path, run.losses, strict=True):
        np.testing.assert_allclose(point, w, atol=1e-12)
        assert loss == pytest.approx(np.mean((x @ w - y) ** 2))
        w = w - 0.2 * 2 * x.T @ (x @ w - y) / 40
    assert run.work == 30 * 40


def test_the_noisy_path_reaches_the_minimum_on_average():
    run = descent_path(LOSS, DATA, START, batch_size=1, steps=3000, learning_rate=0.02)
    tail = run.path[1500:]
    scatter = np.linalg.norm(tail - MINIMUM, axis=1)
    assert np.linalg.norm(run.average() - MINIMUM) < 0.25 * np.median(scatter)
    assert np.diff(run.losses).max() > 0  # it does go uphill
    with pytest.raises(OptionError, match="a fraction above 0"):
        run.average(0)


def test_duplicates_cost_the_full_batch_their_number_and_stochastic_descent_nothing():
    rows = redundancy(LOSS, DATA, START, goal=0.21, copies=(1, 3, 9), seeds=(0, 1, 2, 3, 4), most=400)
    assert [row.full_batch / rows[0].full_batch for row in rows] == [1, 3, 9]
    assert all(row.stochastic < 2.5 * rows[0].stochastic for row in rows)
    assert rows[2].stochastic < rows[2].full_batch / 5
    with pytest.raises(OptionError, match=r"the loss fell to 0\.\d+ in 4000 steps and never to the goal 0.01"):
        redundancy(LOSS, DATA, START, goal=0.01, copies=(1,), seeds=(0,))


def test_level_lines_need_two_parameters():
    assert loss_of_two(LOSS, DATA)(0.0, 0.0) == pytest.approx(np.mean(DATA["y"] ** 2))
    w, x = tensor("w", 3, role="parameter"), tensor("x", 3)
    with pytest.raises(DataError, match="over two parameters, the loss has 3"):
        loss_of_two((w @ x) ** 2, {"x": np.ones((2, 3))})


def test_the_gradient_reaches_the_nearest_prototype_of_the_class_alone():
    loss = prototype_loss(2, 3, 2)
    W = next(t for t in numeric.training.initial.parameters_of(loss))
    rng = np.random.default_rng(0)
    at, x = rng.normal(size=(2, 3, 2)), rng.normal(size=(1, 2))
    g = numeric.per_sample_gradients(loss, {"W": at}, {"x": x, "y": np.array([1])})["W"][0]
    nearest = np.argmin(np.sum((x - at[1]) ** 2, axis=1))
    want = np.zeros((2, 3, 2))
    want[1, nearest] = 2 * (at[1, nearest] - x[0])
    np.testing.assert_allclose(g, want, atol=1e-14)
    with pytest.raises(NotDifferentiableError, match="argmin"):
        gradient(nearest_class(W, tensor("x", 2)) * 1.0, W)


def test_one_prototype_per_class_learns_the_class_means():
    iris = load("iris")
    found = train_prototypes(iris, per_class=1, batch_size=1000, learning_rate=0.5, epochs=300)
    training, held = iris.split(0.25, 0)
    x, y = training.arrays["features"], training.arrays["targets"]
    np.testing.assert_allclose(found.prototypes[:, 0], [x[y == c].mean(axis=0) for c in range(3)], atol=1e-6)
    told = found.predict(held.arrays["features"])
    assert found.accuracy == np.mean(told == held.arrays["targets"]) > 0.85


def test_learned_prototypes_classify_digits_better_than_random_samples():
    found = train_prototypes(load("digits"), epochs=5)
    assert found.accuracy > 0.93
    assert found.accuracy > found.first_accuracy + 0.05


def test_data_that_has_no_classes():
    with pytest.raises(DataError, match="prototypes need features and integer targets"):
        train_prototypes(load("diabetes"))
    few = DataSet("few", {"features": np.arange(8.0).reshape(4, 2), "targets": np.array([0, 0, 0, 1])})
    with pytest.raises(OptionError, match="at most the samples of the rarest class; got 3"):
        train_prototypes(few)


@pytest.mark.parametrize("name", record.RECIPES)
def test_every_recipe_is_recorded(name):
    found = record.recorded(name)
    assert found["name"] == name
    assert found["data"]
    assert (record.FOLDER / f"{name}.json").stat().st_size < 60_000


def test_nothing_else_is_recorded():
    assert {p.stem for p in record.FOLDER.glob("*.json")} == set(record.RECIPES)


@pytest.mark.parametrize("name", ["noisy-path", "redundancy", "score-variance", "bilinear-game"])
def test_recorded_numbers_come_out_again(name):
    now, then = record.run(name)["data"], record.recorded(name)["data"]
    assert _shape(now) == _shape(then)
    np.testing.assert_allclose(_numbers(now), _numbers(then), rtol=1e-4, atol=1e-9)


def _numbers(value):
    if isinstance(value, dict):
        return [n for v in value.values() for n in _numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in _numbers(v)]
    return [float(value)] if isinstance(value, (int, float)) else []


def _shape(value):
    if isinstance(value, dict):
        return {k: _shape(v) for k, v in value.items()}
    return [_shape(v) for v in value] if isinstance(value, list) else type(value).__name__ in ("str", "NoneType")


def test_what_was_recorded_says_what_the_chapter_claims():
    balancing = record.recorded("balancing")["data"]
    assert 2 * balancing["medians"]["through a critic"] < balancing["medians"]["reward alone"]
    assert len(balancing["seeds"]) == len(balancing["episodes"]["reward alone"]) == 9
    losses = record.recorded("matrix-steps")["data"]["losses"]
    assert losses["newton"][7] < losses["diagonal"][7] < losses["plain descent"][7]
    moons = record.recorded("moons")["data"]
    assert all(run[-1] < 0.25 * run[0] for run in moons["distances"])


def test_recipes_that_do_not_exist(tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="there is no recipe 'moon'; known are .*Did you mean"):
        record.recorded("moon")
    with pytest.raises(OptionError, match="there is no recipe 'x'"):
        record.main(["bilinear-game", "x"])
    monkeypatch.setattr(record, "FOLDER", tmp_path / "recorded")
    record.main(["score-variance"])
    text = (tmp_path / "recorded" / "score-variance.json").read_text()
    assert json.loads(text)["command"] == "python -m numeric.learning.record score-variance"

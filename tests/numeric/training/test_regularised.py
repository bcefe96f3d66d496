"""Clipping, decay and masks: against steps by hand, on both back ends; and losses that no gradient can train."""

import numpy as np
import pytest

import numeric
import symbolic as s
from numeric.errors import NoGradientError, OptionError
from numeric.training.curvature import Objective
from symbolic import NotDifferentiableError, tensor

RNG = np.random.default_rng(8)


def network():
    x, y = tensor("x", "n"), tensor("y", role="target")
    W, v = tensor("W", "m n", role="parameter"), tensor("v", "m", role="parameter")
    return (v @ np.tanh(W @ x) - y) ** 2


def start():
    rng = np.random.default_rng(1)
    return {"W": rng.normal(size=(3, 2)), "v": rng.normal(size=3)}


BATCH = {"x": RNG.normal(size=(5, 2)), "y": RNG.normal(size=5)}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("limit", [0.1, 1e3])
def test_clipping_and_both_decays_by_hand(backend, limit):
    if backend == "numba":
        pytest.importorskip("numba")
    o, w = Objective(network()), start()
    step = numeric.training_step(
        network(), learning_rate=0.1, clip_norm=limit, l2=0.2, weight_decay=0.3, dtype="float64", backend=backend
    )
    want = o.flat(w)
    for _ in range(2):
        _, g = o.value_and_gradient(o.split(want, w), BATCH)
        g = g * min(1, limit / np.linalg.norm(g))
        want = want - 0.1 * (g + 0.2 * want) - 0.1 * 0.3 * want
        step(w, BATCH)
    np.testing.assert_allclose(o.flat(w), want, atol=1e-12)


def test_the_step_has_the_norm_of_the_limit():
    w = start()
    before = Objective(network()).flat(w)
    numeric.training_step(network(), learning_rate=1.0, clip_norm=0.01, dtype="float64")(w, BATCH)
    assert np.linalg.norm(Objective(network()).flat(w) - before) == pytest.approx(0.01)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_zero_gradient_is_clipped_to_zero(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    parameters = {"w": np.ones(2)}
    numeric.training_step((w @ x) ** 2, clip_norm=1.0, dtype="float64", backend=backend)(
        parameters, {"x": np.zeros((3, 2))}
    )
    np.testing.assert_array_equal(parameters["w"], [1, 1])


def test_decoupled_decay_of_adam_is_adamw():
    settings = {"learning_rate": 0.01, "dtype": "float64"}
    w, v = start(), start()
    numeric.training_step(network(), "adam", weight_decay=0.1, **settings)(w, BATCH)
    numeric.training_step(network(), "adamw", weight_decay=0.1, **settings)(v, BATCH)
    np.testing.assert_array_equal(w["W"], v["W"])


def test_options_reach_train_and_are_recorded():
    history = numeric.train(network(), BATCH, start(), clip_norm=1.0, weight_decay=0.1, epochs=1)
    assert history.settings["options"] == {"learning_rate": 0.01, "clip_norm": 1.0, "weight_decay": 0.1}
    for bad in ({"clip_norm": 0.0}, {"weight_decay": -1.0}):
        with pytest.raises(OptionError, match=r"the option \w+ is (above|at least) 0"):
            numeric.train(network(), BATCH, start(), **bad)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_padded_batch_steps_like_the_batch_without_padding(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    mask = np.array([1.0, 0, 1, 1, 0])
    w, v = start(), start()
    padded = numeric.training_step(network(), learning_rate=0.1, dtype="float64", mask="mask", backend=backend)
    short = numeric.training_step(network(), learning_rate=0.1, dtype="float64")
    loss = padded(w, {**BATCH, "mask": mask})
    assert loss == pytest.approx(short(v, {k: a[mask > 0] for k, a in BATCH.items()}), rel=1e-12)
    np.testing.assert_allclose(w["W"], v["W"], atol=1e-14)
    with pytest.raises(s.DeclarationError, match="the program has a tensor 'x' already; choose another name"):
        numeric.training_step(network(), mask="x")


STEPS = {
    "sign": lambda w, x: np.sign(w @ x),
    "step": lambda w, x: s.step(w @ x),
    "floor": lambda w, x: np.sum(np.floor(3 * w) * x),
    "round": lambda w, x: np.sum(np.round(np.tanh(w) * x)),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_are_named_where_the_gradient_is_zero_almost_everywhere(name):
    x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    with pytest.raises(
        NoGradientError,
        match=rf"zero almost everywhere: {name} in .*\(made at .*test_regularised.py:\d+\).*minimise_without",
    ):
        numeric.train((STEPS[name](w, x) - 1) ** 2, {"x": np.ones((4, 3))})


def test_an_index_and_a_comparison_are_named():
    x, y = tensor("x", "n"), tensor("y", role="target")
    W, w = tensor("W", "K n", role="parameter"), tensor("w", "n", role="parameter")
    with pytest.raises(NotDifferentiableError, match=r"only through argmin: .*numeric\.minimise_without_gradient"):
        numeric.train((s.nearest_neighbour(x, W) - y) ** 2, {"x": np.ones((2, 3)), "y": np.ones(2)}, sizes={"K": 2})
    with pytest.raises(NoGradientError, match="truth values"):
        numeric.train(((w @ x > 0) - y) ** 2, {"x": np.ones((2, 3)), "y": np.ones(2)})


def test_a_loss_that_ignores_some_parameters_still_trains():
    x, w, b = tensor("x"), tensor("w", role="parameter"), tensor("b", role="parameter")
    history = numeric.train((w * x - 1) ** 2 + np.sign(b), {"x": np.ones(3)}, {"w": 0.0}, learning_rate=0.5, epochs=1)
    assert float(history.parameters["w"]) == 1


def test_padded_sequences_are_masked_in_the_loss():
    """Positions beyond a sequence's end, by an input m of 0 and 1: the same step as each sequence cut to its length."""
    x, m, w = tensor("x", "n"), tensor("m", "n"), tensor("w", role="parameter")
    data = {"x": np.array([[1.0, 2.0, 9.0], [3.0, 4.0, 5.0]]), "m": np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])}
    history = numeric.train(np.sum(m * (w * x - 1) ** 2) / np.sum(m), data, {"w": 0.5}, batch_size=None, epochs=1)
    g = np.mean([np.mean(2 * (0.5 * a - 1) * a) for a in (np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]))])
    assert float(history.parameters["w"]) == pytest.approx(0.5 - 0.01 * g)
    with pytest.raises(OptionError, match="train takes no mask: leave padded samples out"):
        numeric.train((w * x[0] - 1) ** 2, {"x": data["x"]}, mask="m")

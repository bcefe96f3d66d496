"""Training: where a run ends, that it ends there again, and what is said when it cannot go on."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from numeric.errors import CheckpointError, DataError, OptionError, TrainingError
from numeric.training import checkpoints
from numeric.training.data import load
from numeric.training.initial import initial_parameters
from numeric.training.loop import train
from numeric.training.metrics import accuracy_of, prediction_of
from symbolic import cross_entropy, log_softmax, relu, tensor
from symbolic.errors import ChainruleError


def linear():
    """L2: a linear model with squared cost."""
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    return (w @ x - y) ** 2


def net(hidden=7):
    x, t = tensor("x", 4), tensor("t", role="target", dtype="int")
    W1, b1 = tensor("W_1", (hidden, 4), role="parameter"), tensor("b_1", (hidden,), role="parameter")
    W2 = tensor("W_2", (3, hidden), role="parameter")
    return cross_entropy(W2 @ relu(W1 @ x + b1), t)


def line(samples=12, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, 3))
    return {"x": x, "y": x @ [1.0, -2.0, 0.5]}


def flowers():
    training, held = load("iris").split(0.3, seed=2)
    return training.bind(net_loss), held.bind(net_loss)


net_loss = net()


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


# -- where a run ends ----------------------------------------------------------------------------------------------------


def test_full_batch_descent_is_the_formula():
    data, w = line(), np.array([0.3, 0.1, -0.2])
    history = train(linear(), data, {"w": w}, learning_rate=0.05, batch_size=None, epochs=4)
    losses = []
    for _ in range(4):
        residual = data["x"] @ w - data["y"]
        losses.append(np.mean(residual**2))
        w = w - 0.05 * 2 * data["x"].T @ residual / 12
    np.testing.assert_allclose(history.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(history.losses, losses, rtol=1e-12)


def test_per_sample_descent_visits_every_sample_once_in_the_seeds_order():
    data, w = line(), np.zeros(3)
    history = train(linear(), data, {"w": w}, learning_rate=0.05, batch_size=1, epochs=2, seed=5)
    for epoch in range(2):
        for p in np.random.default_rng([5, epoch]).permutation(12):
            w = w - 0.05 * 2 * (data["x"][p] @ w - data["y"][p]) * data["x"][p]
    np.testing.assert_allclose(history.parameters["w"], w, rtol=1e-10)


def test_a_last_smaller_batch_counts_by_its_size():
    data = line(7)
    history = train(linear(), data, {"w": np.ones(3)}, learning_rate=1e-12, batch_size=3, epochs=1)
    np.testing.assert_allclose(history.losses[0], np.mean((data["x"] @ np.ones(3) - data["y"]) ** 2), rtol=1e-9)


@pytest.mark.parametrize("method", ["sgd", "momentum", "adam"])
def test_the_same_seed_ends_in_the_same_bits(method):
    training, _ = flowers()
    runs = [train(net_loss, training, method=method, batch_size=8, epochs=3, seed=s) for s in (1, 1, 2)]
    assert same(runs[0].parameters, runs[1].parameters)
    assert not same(runs[0].parameters, runs[2].parameters)


def test_it_learns_flowers():
    training, held = flowers()
    history = train(
        net_loss, training, learning_rate=0.02, batch_size=4, epochs=60, validation=held,
        metrics={"accuracy": accuracy_of(net_loss)},
    )  # fmt: skip
    assert history.records[-1].metrics["accuracy"] > 0.9
    predicted = history.predict(prediction_of(net_loss), held).argmax(axis=1)
    assert np.mean(predicted == held["t"]) == pytest.approx(history.records[-1].metrics["accuracy"])
    assert "accuracy" in history.csv().splitlines()[0]
    assert len(history.json_lines().splitlines()) == 60


def test_frozen_parameters_stay_and_given_ones_are_copied():
    training, _ = flowers()
    start = initial_parameters(net_loss, seed=9)
    kept = {k: v.copy() for k, v in start.items()}
    history = train(net_loss, training, start, frozen=["W_1"], epochs=2)
    assert np.array_equal(history.parameters["W_1"], start["W_1"])
    assert not np.array_equal(history.parameters["W_2"], start["W_2"])
    assert same(start, kept)


def test_initial_values_do_not_depend_on_other_layers():
    assert np.array_equal(initial_parameters(net_loss, seed=3)["W_2"], initial_parameters(net(), seed=3)["W_2"])
    w = initial_parameters(net_loss, seed=3)["W_1"]
    assert np.abs(w).max() <= 1 / np.sqrt(4)
    assert np.all(initial_parameters(net_loss)["b_1"] == 0)


def test_schedules_reach_the_step():
    data = line()
    history = train(linear(), data, learning_rate=0.1, batch_size=None, epochs=4, schedule="linear")
    assert [round(r.learning_rate, 3) for r in history.records] == [0.1, 0.075, 0.05, 0.025]


def test_patience_returns_the_best():
    training, held = flowers()
    losses = []
    history = train(
        net_loss, training, learning_rate=0.8, batch_size=2, epochs=60, validation=held, patience=3,
        on_epoch=lambda r: losses.append(r.validation),
    )  # fmt: skip
    assert history.ended == "early"
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    z = history.predict(prediction_of(net_loss), held)
    np.testing.assert_allclose(-np.mean(z[np.arange(len(z)), held["t"]]), min(losses), rtol=1e-9)


# -- runs that are cut off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_ctrl_c_keeps_what_was_reached(backend, ctrl_c):
    if backend == "numba":
        pytest.importorskip("numba")
    timer = threading.Timer(0.2, ctrl_c)

    def start_the_clock(record):
        if record.epoch == 1:
            timer.start()

    history = train(
        linear(), line(), epochs=10**6, batch_size=4, backend=backend, learning_rate=0.1, on_epoch=start_the_clock
    )
    assert history.ended == "interrupted"
    assert 1 <= len(history.records) < 10**6
    np.testing.assert_allclose(history.parameters["w"], [1, -2, 0.5], atol=0.1)


@pytest.mark.parametrize(("method", "batch_size"), [("sgd", 1), ("adam", 8), ("sgd", None)])
def test_compiled_training_agrees_with_numpy(method, batch_size):
    pytest.importorskip("numba")
    training, held = flowers()
    runs = [
        train(
            net_loss,
            training,
            method=method,
            batch_size=batch_size,
            epochs=3,
            backend=b,
            validation=held,
            learning_rate=0.01,
        )
        for b in ("numpy", "numba", "numba", "auto")
    ]
    for name, array in runs[0].parameters.items():
        np.testing.assert_allclose(runs[1].parameters[name], array, rtol=1e-9, atol=1e-12)
    assert same(runs[1].parameters, runs[2].parameters)
    assert runs[3].settings["backend"] == "numba"
    assert same(runs[3].parameters, runs[1].parameters)


@pytest.mark.parametrize("method", ["sgd", "adam"])
def test_a_resumed_run_ends_in_the_same_bits(tmp_path, method):
    training, _ = flowers()
    keep = {"method": method, "batch_size": 8, "seed": 4, "schedule": None}
    whole = train(net_loss, training, epochs=6, **keep)
    file = tmp_path / "run.npz"
    train(net_loss, training, epochs=2, checkpoint=file, **keep)
    rest = train(net_loss, training, epochs=6, checkpoint=file, resume=True, **keep)
    assert same(rest.parameters, whole.parameters)
    assert rest.losses == whole.losses


def test_a_killed_process_resumes_to_the_same_bits(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, numpy as np\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "from test_loop import flowers, net_loss, train\n"
        "h = train(net_loss, flowers()[0], method='adam', batch_size=2, epochs=int(sys.argv[2]), checkpoint=sys.argv[1], resume=True)\n"
        "np.savez(sys.argv[1] + '.end.npz', **h.parameters)\n"
    )
    end = {}
    for name, kill in (("whole", False), ("killed", True)):
        file = tmp_path / f"{name}.npz"
        command = [sys.executable, str(script), str(file), "40"]
        if kill:
            process = subprocess.Popen(command, cwd=os.getcwd())
            while not file.exists():
                time.sleep(0.02)
            time.sleep(0.15)
            process.kill()
            process.wait()
        subprocess.run(command, cwd=os.getcwd(), check=True)
        with np.load(f"{file}.end.npz") as archive:
            end[name] = dict(archive)
    assert same(end["whole"], end["killed"])


def test_checkpoints_that_do_not_belong_are_refused(tmp_path):
    training, _ = flowers()
    file = tmp_path / "run.npz"
    train(net_loss, training, epochs=1, checkpoint=file)
    again = {"epochs": 2, "checkpoint": file, "resume": True}
    other = net(hidden=8)
    with pytest.raises(CheckpointError, match="checkpoint of another model"):
        train(other, training, **again)
    with pytest.raises(CheckpointError, match=r"saved with seed = 0, now 7"):
        train(net_loss, training, seed=7, **again)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        train(net_loss, training, **again)
    found = checkpoints.load
    file.write_bytes(whole)
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays["parameter/W_1"] = arrays["parameter/W_1"] + 1e-9
    np.savez(file, **arrays)
    with pytest.raises(CheckpointError, match="altered"):
        found(file, net_loss)
    with pytest.raises(CheckpointError, match="cannot write"):
        train(net_loss, training, epochs=1, checkpoint=tmp_path / "none" / "run.npz")


def test_a_failed_save_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    training, _ = flowers()
    file = tmp_path / "run.npz"
    train(net_loss, training, epochs=1, checkpoint=file)
    good = file.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CheckpointError, match="No space left"):
        train(net_loss, training, epochs=1, checkpoint=file)
    assert file.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_loss_that_is_no_number_is_explained():
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    score = np.exp(w @ x).named("score")
    with pytest.raises(
        TrainingError, match=r"step \d+ \(epoch 1\): the loss is (inf|nan); the first tensor .* score"
    ) as error:
        train((score - y) ** 2, line(), learning_rate=1e3, batch_size=1, epochs=3, parameters={"w": np.ones(3)})
    assert np.isfinite(error.value.history.parameters["w"]).all()
    assert error.value.history.ended == "stopped"
    data = line()
    data["x"][3, 1] = np.nan
    with pytest.raises(TrainingError, match="x is not finite"):
        train(linear(), data)


# -- what does not fit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {}}, r"no array was given for (input|target)"),
        ({"data": {"x": np.zeros((4, 3, 2)), "y": np.zeros(4)}}, r"x \(n,\) needs an array with a sample axis"),
        ({"data": {"x": np.zeros((4, 3)), "y": np.zeros(5)}}, "different numbers of samples: .*4.*5|5.*4"),
        ({"data": {"x": np.zeros((0, 3)), "y": np.zeros(0)}}, "empty"),
        ({"parameters": {"v": np.zeros(3)}}, "no parameter 'v'; it has w"),
        ({"parameters": {"w": np.zeros(4)}}, r"w has shape \(3,\), the given array \(4,\)"),
        ({"frozen": ["w"]}, "nothing to train"),
        ({"frozen": ["W"]}, "cannot freeze 'W'"),
        ({"method": "sgdd"}, "Did you mean 'sgd'"),
        ({"momentum": 0.5}, "sgd has no option 'momentum'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"epochs": 0}, "epochs is a whole number of at least 1"),
        ({"batch_size": 2.5}, "batch_size is a whole number"),
        ({"patience": 2}, "give validation="),
        ({"resume": True}, "give checkpoint="),
        ({"backend": "cuda"}, "unknown back end 'cuda'"),
    ],
)
def test_mistakes_are_named(change, message):
    given = {"data": line(), **change}
    with pytest.raises(ChainruleError, match=message):
        train(linear(), given.pop("data"), **given)


def test_a_size_that_nothing_tells_is_asked_for():
    x, t = tensor("x", 4), tensor("t", role="target", dtype="int")
    W1, W2 = tensor("W_1", ("h", 4), role="parameter"), tensor("W_2", (3, "h"), role="parameter")
    loss = -log_softmax(W2 @ np.tanh(W1 @ x))[t]
    training, _ = flowers()
    with pytest.raises(DataError, match=r"no array tells the dimension h; give sizes=\{'h': ...\}"):
        train(loss, training, epochs=1)
    assert train(loss, training, epochs=1, sizes={"h": 5}).parameters["W_1"].shape == (5, 4)


def test_options_are_the_projects_own_error():
    assert issubclass(OptionError, ChainruleError)

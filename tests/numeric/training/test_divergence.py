"""A run whose loss grows says so once, with the reason where the data show it; one that learns says nothing."""

import warnings

import numpy as np
import pytest

from numeric.errors import DivergenceWarning, TrainingError
from numeric.training.loop import train
from symbolic import tensor


def linear():
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    return (w @ x - y) ** 2


def line(scale=1.0):
    rng = np.random.default_rng(1)
    x = scale * rng.normal(size=(24, 3))
    return {"x": x, "y": x @ [1.0, -2.0, 0.5]}


def found(data, **options):
    """The sentences of a run's warnings."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        history = train(linear(), data, {"w": np.zeros(3)}, **options)
    assert all(issubclass(w.category, DivergenceWarning) for w in seen)
    return [str(w.message) for w in seen], history


@pytest.mark.parametrize("batch_size", [None, 4])
def test_growth_is_said_once_with_the_scale_of_the_data(batch_size):
    said, history = found(line(200), learning_rate=1e-4, batch_size=batch_size, epochs=6)
    assert history.losses[-1] > 1000 * history.losses[0]
    (sentence,) = said
    for part in ("times that at the start", "diverges", "x has entries of up to", "--standardise", "below 0.0001"):
        assert part in sentence


def test_growth_on_scaled_data_is_the_rates():
    (sentence,), _ = found(line(), learning_rate=2.0, batch_size=None, epochs=6)
    assert sentence.endswith("diverges. Try a learning rate below 2")


@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_run_that_learns_says_nothing(batch_size):
    assert found(line(), learning_rate=0.02, batch_size=batch_size, epochs=30)[0] == []


def test_a_resumed_run_knows_where_it_began(tmp_path):
    file = tmp_path / "run.npz"
    options = {"learning_rate": 1.2, "batch_size": None, "checkpoint": file}
    assert found(line(), epochs=8, **options)[0] == []
    (sentence,), history = found(line(), epochs=14, resume=True, **options)
    epoch = 1 + next(k for k, value in enumerate(history.losses) if value > 10 * history.losses[0])
    assert sentence.startswith(f"epoch {epoch}: ")


def test_what_is_no_number_gets_the_same_advice():
    with pytest.warns(DivergenceWarning), pytest.raises(TrainingError, match="x has entries .* scale its columns"):
        train(linear(), line(200), learning_rate=1e-2, epochs=2000, batch_size=None)

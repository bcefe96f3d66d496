"""What a step costs, held to counts by hand; and the range test, held to a problem whose best rates are known."""

import numpy as np
import pytest

from numeric import learning_rate_range, step_cost
from numeric.errors import DataError, OptionError
from symbolic import mlp, squared_error, tensor
from symbolic.language.gallery import GALLERY


def net():
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    return squared_error(mlp(["n", "h", "m"])(x), y)


def test_multiplications_of_a_net():
    """Forward W₁ and W₂, backward both gradients and W₂ᵀδ; the first layer's input needs none."""
    n, h, m, P = 7, 11, 5, 13
    cost = step_cost(net(), P, {"n": n, "h": h, "m": m})
    squares = m * P  # the cost's sum of squares
    assert cost.multiplications == P * (2 * n * h + 3 * h * m) + squares
    assert cost.parameters == n * h + h + h * m + m
    assert cost.parameter_memory == 8 * cost.parameters
    assert cost.batch_memory == 8 * P * (n + m)
    assert 2 * cost.multiplications < cost.flops < 3 * cost.multiplications


def test_the_method_s_state_and_the_precision_count():
    sizes = {"n": 7, "h": 11, "m": 5}
    sgd, adam = (step_cost(net(), 13, sizes, method, "float32") for method in ("sgd", "adam"))
    assert (sgd.state_memory, adam.state_memory) == (0, 2 * 4 * adam.parameters)
    assert adam.flops > sgd.flops
    assert "parameters      148" in str(adam)


def test_working_memory_is_what_the_step_allocates():
    """The bound lies over the arrays that the loss and gradients need, and grows with the batch."""
    loss = GALLERY["digits-net"].build()
    few, many = step_cost(loss, 32), step_cost(loss, 320)
    assert few.working_memory > 8 * (few.parameters + 32 * (60 + 40 + 10)) / 2
    assert 3 < many.working_memory / few.working_memory < 10


def test_a_dimension_without_a_number():
    with pytest.raises(DataError, match="the dimension h has no number"):
        step_cost(net(), 4, {"n": 7, "m": 5})


def line():
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    rng = np.random.default_rng(0)
    inputs = rng.choice([-1.0, 1.0], (400, 4))
    return (w @ x - y) ** 2, {"x": inputs, "y": inputs @ [1.0, -2.0, 3.0, 0.5] + rng.normal(0, 0.5, 400)}


def test_rates_beyond_the_limit_of_stability_are_found():
    """E[(w·x − y)²] has the Hessian 2 I: steps above 1 grow the error whatever the batch."""
    loss, data = line()
    found = learning_rate_range(loss, data, low=1e-4, high=100, steps=120, batch_size=100)
    assert 0.02 < found.suggestion < 0.2
    assert found.rates[-1] < 100, "the run did not end where the loss grew"
    assert len(found.rates) == len(found.losses) == len(found.smoothed)
    assert "is a good start" in str(found)


def test_parameters_are_left_alone():
    loss, data = line()
    start = {"w": np.ones(4)}
    learning_rate_range(loss, data, start, steps=20)
    assert np.array_equal(start["w"], np.ones(4))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"low": 0.0}, "low > 0"), ({"low": 2.0, "high": 1.0}, "low > 0"), ({"low": 1e200, "high": 1e210}, "start lower")],
)
def test_a_range_that_cannot_be_tried(options, message):
    loss, data = line()
    with pytest.raises(OptionError, match=message):
        learning_rate_range(loss, data, **options)

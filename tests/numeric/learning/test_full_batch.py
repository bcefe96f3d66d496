"""SciPy's optimisers on derived derivatives: known minima, the same minimum from every method, clear refusals."""

import numpy as np
import pytest
import scipy.optimize

import numeric
import symbolic as s
from numeric.errors import NoGradientError, OptionError, TrainingError
from numeric.learning.full_batch import METHODS
from numeric.training.curvature import Objective
from symbolic import tensor

RNG = np.random.default_rng(4)
DATA = {"x": RNG.normal(size=(40, 3)), "y": RNG.integers(0, 2, 40).astype(float)}


def logistic():
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    return s.binary_cross_entropy(w @ x, y) + 0.05 * w @ w


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum(method):
    tight = {
        "CG": {"gtol": 1e-9},
        "TNC": {"gtol": 1e-9, "ftol": 1e-16},
        "SLSQP": {"ftol": 1e-14},
        "L-BFGS-B": {"gtol": 1e-9},
    }
    history = numeric.minimise(logistic(), DATA, method=method, **tight.get(method, {}))
    o = Objective(logistic())
    _, g = o.value_and_gradient(history.parameters, DATA)
    assert np.abs(g).max() < 1e-4, history.settings["message"]
    assert history.records[0].epoch == 0
    assert history.losses[0] == pytest.approx(np.log(2))
    assert history.losses[-1] == pytest.approx(o.value(history.parameters, DATA), rel=1e-9)
    assert all(b <= a + 1e-12 for a, b in zip(history.losses, history.losses[1:], strict=False))


def test_rosenbrock_by_derived_hessian_products():
    a, b = tensor("a", role="parameter"), tensor("b", role="parameter")
    loss = (1 - a) ** 2 + 100 * (b - a * a) ** 2
    start = {"a": np.array(-1.2), "b": np.array(1.0)}
    history = numeric.minimise(loss, None, start, method="trust-ncg", gtol=1e-10)
    assert (float(history.parameters["a"]), float(history.parameters["b"])) == pytest.approx((1, 1), abs=1e-8)
    reference = scipy.optimize.minimize(
        scipy.optimize.rosen, [-1.2, 1], jac=scipy.optimize.rosen_der, hessp=scipy.optimize.rosen_hess_prod,
        method="trust-ncg", options={"gtol": 1e-10},
    )  # fmt: skip
    assert history.settings["iterations"] == reference.nit


def test_frozen_parameters_and_few_steps():
    x, w, b = tensor("x"), tensor("w", role="parameter"), tensor("b", role="parameter")
    history = numeric.minimise(
        (w * x + b - 1) ** 2, {"x": np.array([1.0, 2.0])}, {"b": 0.5}, frozen=["b"], steps=1, method="CG"
    )
    assert float(history.parameters["b"]) == 0.5
    assert (len(history.records), history.ended) == (2, "completed")
    assert history.csv().splitlines()[0] == "epoch,loss,seconds"


def test_refusals():
    with pytest.raises(OptionError, match="no method 'LBFGS' for full batches; known are CG.*Did you mean"):
        numeric.minimise(logistic(), DATA, method="LBFGS")
    with pytest.raises(OptionError, match="Nelder-Mead uses no gradient: numeric.minimise_without_gradient"):
        numeric.minimise(logistic(), DATA, method="Nelder-Mead")
    with pytest.raises(OptionError, match="LBFGS works on the full batch: call numeric.minimise"):
        numeric.train(logistic(), DATA, method="LBFGS")
    x, w = tensor("x"), tensor("w", role="parameter")
    with pytest.raises(NoGradientError, match="zero almost everywhere: sign in .* is constant between its jumps"):
        numeric.minimise(np.sign(w * x), {"x": np.ones(2)})
    with pytest.raises(TrainingError, match="the loss is inf at the start"):
        numeric.minimise(1 / (w * x) ** 2, {"x": np.zeros(2)}, {"w": 1.0})


def test_ctrl_c_keeps_the_last_iterate(monkeypatch):
    calls, gradient = [], Objective.value_and_gradient

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return gradient(self, *arguments)

    monkeypatch.setattr(Objective, "value_and_gradient", interrupted)
    history = numeric.minimise(logistic(), DATA)
    assert history.ended == "interrupted"
    assert 1 < len(history.records) < 8
    assert Objective(logistic()).value(history.parameters, DATA) == pytest.approx(history.losses[-1])
    assert str(history).startswith(f"{len(history.records)} records (interrupted), loss 0.69")


def test_a_loss_that_falls_off_its_domain_is_told():
    w = tensor("w", role="parameter")
    for method in ("trust-ncg", "SLSQP"):
        with pytest.raises(TrainingError, match="minimise: the loss became (nan|-inf) at evaluation") as caught:
            numeric.minimise(np.log(w), None, {"w": 1.0}, method=method)
        assert caught.value.history.losses[0] == 0
    assert numeric.minimise(np.log(w), None, {"w": 1.0}, method="CG").ended == "stopped"

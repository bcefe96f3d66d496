"""Backward functions against their forward functions: right ones, and each kind of wrong output."""

import numpy as np
import pytest

from numeric.checking import check_backward
from symbolic.errors import DeclarationError


def layer_norm(x, gamma, beta, ln_param):
    """Normalise each row.

    - x: data of shape (N, D)
    - gamma: scale of shape (D,)
    - beta: shift of shape (D,)
    """
    mu, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    s = 1 / np.sqrt(var + ln_param.get("eps", 1e-5))
    xhat = (x - mu) * s
    return gamma * xhat + beta, (xhat, gamma, s)


def layer_norm_backward(dout, cache):
    xhat, gamma, s = cache
    dgamma, dbeta = np.zeros(gamma.shape), np.zeros(gamma.shape)
    for i in range(dout.shape[0]):
        dgamma += dout[i] * xhat[i]
        dbeta += dout[i]
    dxhat = dout * gamma
    dx = s * (dxhat - dxhat.mean(1, keepdims=True) - xhat * (dxhat * xhat).mean(1, keepdims=True))
    return dx, dgamma, dbeta


def forgets_the_statistics(dout, cache):
    xhat, gamma, s = cache
    dx, dgamma, dbeta = s * dout * gamma, (dout * xhat).sum(0), dout.sum(0)
    return dx, dgamma, dbeta


def test_code_with_a_cache_and_loops():
    verdict = check_backward(layer_norm_backward, layer_norm)
    assert [o.name for o in verdict.outputs] == ["x", "gamma", "beta"]
    assert verdict.status == "agrees"


def test_only_the_wrong_output_is_refuted():
    verdict = check_backward(forgets_the_statistics, layer_norm)
    assert {o.name: o.status in ("proved", "agrees") for o in verdict.outputs} == {
        "x": False,
        "gamma": True,
        "beta": True,
    }
    assert verdict.status == "refuted"


def test_a_scalar_loss_needs_no_cotangent_and_a_dict_tells_names():
    def loss(W, x, y):
        return np.sum((np.tanh(W @ x) - y) ** 2)

    def gradient(W, x, y):
        z = np.tanh(W @ x)
        return {"dW": np.outer(2 * (z - y) * (1 - z**2), x)}

    def transposed(W, x, y):
        return {"dW": gradient(W, x, y)["dW"].T}

    shapes = {"W": "m n", "x": "n", "y": "m"}
    assert check_backward(gradient, loss, shapes).status == "proved"
    wrong = check_backward(transposed, loss, shapes).outputs[0]
    assert wrong.status == "shape"
    assert "transposed" in wrong.evidence


def test_integer_labels_and_kinks():
    def loss(z: "n k", y: "n int"):  # noqa: F722
        margins = np.maximum(0, z - z[np.arange(len(y)), y][:, None] + 1)
        margins[np.arange(len(y)), y] = 0
        return margins.sum()

    def gradient(z, y):
        dz = (z - z[np.arange(len(y)), y][:, None] + 1 > 0).astype(float)
        dz[np.arange(len(y)), y] = 0
        dz[np.arange(len(y)), y] = -dz.sum(axis=1)
        return dz

    assert check_backward(gradient, loss).status == "agrees"
    assert check_backward(lambda z, y: 1.001 * gradient(z, y), loss, {"z": "n k", "y": "n int"}).status == "refuted"


def test_what_is_not_told_is_asked_for():
    with pytest.raises(DeclarationError, match="annotate it"):
        check_backward(lambda a, g: g, lambda a: a)
    with pytest.raises(DeclarationError, match="one of them is the cotangent"):
        check_backward(lambda a, g, h: g, lambda a: a, {"a": "n"})

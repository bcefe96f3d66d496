"""Saturated arguments: what is written by hand must come out as exactly as SciPy's careful functions."""

import numpy as np
import pytest
from scipy import special

import numeric
from symbolic import gradient, hessian, tensor

FAR = np.array([-800.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 800.0])


@pytest.mark.parametrize(
    ("written", "careful", "slope"),
    [
        (lambda x: np.log(1 + np.exp(x)), lambda x: np.logaddexp(0, x), special.expit),
        (lambda x: np.log(np.exp(-x) + 1), lambda x: np.logaddexp(0, -x), lambda x: -special.expit(-x)),
        (lambda x: 1 / (1 + np.exp(-x)), special.expit, lambda x: special.expit(x) * special.expit(-x)),
        (lambda x: np.exp(x) / (1 + np.exp(x)), special.expit, lambda x: special.expit(x) * special.expit(-x)),
        (lambda x: -np.log(1 / (1 + np.exp(-x))), lambda x: np.logaddexp(0, -x), lambda x: -special.expit(-x)),
        (
            lambda x: 1 - 1 / (1 + np.exp(-x)),
            lambda x: special.expit(-x),
            lambda x: -special.expit(x) * special.expit(-x),
        ),
    ],
)
def test_logistic_functions_by_hand(written, careful, slope):
    x = tensor("x", "n")
    out = written(x)
    value, g = numeric.lambdify(x, [out, gradient(np.sum(out), x)])(FAR)
    np.testing.assert_allclose(value, careful(FAR), rtol=1e-13)
    np.testing.assert_allclose(g, slope(FAR), rtol=1e-12, atol=1e-300)


def test_small_arguments_keep_their_digits():
    x = tensor("x", "n")
    small = np.array([1e-12, -3e-10, 0.5])
    f = numeric.lambdify(x, [np.log(1 + x), np.exp(x) - 1, 2 * np.exp(x) - 2, np.log1p(x) * np.expm1(x)])
    wanted = [np.log1p(small), np.expm1(small), 2 * np.expm1(small), np.log1p(small) * np.expm1(small)]
    for got, want in zip(f(small), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def far_logits():
    return np.array([[1000.0, 999.0, -1000.0, 0.0], [-2000.0, -2001.0, -2003.0, -1999.0], [1.0, 2.0, 3.0, 0.5]])


def test_softmax_and_log_sum_exp_by_hand():
    z = tensor("z", "p k")
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = np.sum(np.log(total)) - np.sum(z[:, 0])
    f = numeric.lambdify(z, [e / total, np.log(e.sum(axis=1)), loss, gradient(loss, z)])
    p, logs, value, g = f(far_logits())
    want = special.softmax(far_logits(), axis=1)
    np.testing.assert_allclose(p, want, rtol=1e-12)
    np.testing.assert_allclose(logs, special.logsumexp(far_logits(), axis=1), rtol=1e-13)
    assert value == pytest.approx(special.logsumexp(far_logits(), axis=1).sum() - far_logits()[:, 0].sum())
    np.testing.assert_allclose(g, want - np.eye(4)[0], rtol=1e-12, atol=1e-300)


def test_hessian_of_log_sum_exp_by_hand():
    x = tensor("x", "n")
    out = np.log(np.sum(np.exp(x)))
    H = numeric.lambdify(x, hessian(out, x))(far_logits()[0])
    p = special.softmax(far_logits()[0])
    np.testing.assert_allclose(H, np.diag(p) - np.outer(p, p), rtol=1e-10, atol=1e-300)


def test_logistic_regression_far_from_the_boundary():
    X, w, y = tensor("X", "m n"), tensor("w", "n", role="parameter"), tensor("y", "m", assume="sign")
    loss = np.sum(np.log(1 + np.exp(-y * (X @ w))))
    data = np.array([[500.0, 1.0], [-900.0, 2.0], [0.1, 0.2]]), np.array([1.5, -0.5]), np.array([1.0, 1.0, -1.0])
    value, g, H = numeric.lambdify([X, w, y], [loss, gradient(loss, w), hessian(loss, w)])(*data)
    m = data[2] * (data[0] @ data[1])
    s = special.expit(-m)
    assert value == pytest.approx(np.logaddexp(0, -m).sum(), rel=1e-13)
    np.testing.assert_allclose(g, -(data[2] * s) @ data[0], rtol=1e-12)
    np.testing.assert_allclose(H, (data[0].T * s * special.expit(m)) @ data[0], rtol=1e-12)


def test_float32_does_not_overflow():
    z = tensor("z", "k")
    got = numeric.lambdify(z, np.exp(z) / np.sum(np.exp(z)), dtype="float32")(np.array([200.0, 199.0]))
    np.testing.assert_allclose(got, special.softmax([200.0, 199.0]), rtol=1e-5)

"""The gradient check passes what is right, however rough the function, and finds what is wrong, however little."""

import numpy as np
import pytest

import numeric
import symbolic as s
from symbolic import DeclarationError, EvaluationError, tensor


def network():
    x, y = tensor("x", "n"), tensor("y", "k", role="target")
    W, b, V = (tensor(n, d, role="parameter") for n, d in (("W", "m n"), ("b", "m"), ("V", "k m")))
    return np.sum((V @ np.tanh(W @ x + b) - y) ** 2)


def test_tensor_loss_with_drawn_arrays():
    report = numeric.check_gradient(network())
    assert report.passed
    assert [p.name for p in report.parameters] == ["W", "b", "V"]
    assert all(p.method == "complex step" and p.error < 1e-11 and p.adjoint < 1e-12 for p in report.parameters)
    assert "complex step" in str(report)


def test_tensor_at_given_arrays_and_sizes():
    loss = network()
    report = numeric.check_gradient(loss, at={"W": np.ones((4, 7))}, sizes={"k": 9})
    assert [p.shape for p in report.parameters] == [(4, 7), (4,), (9, 4)]
    with pytest.raises(EvaluationError, match="reads no tensor 'Q'"):
        numeric.check_gradient(loss, at={"Q": 1})


def test_kinks_and_integers():
    x, label = tensor("x", "n"), tensor("label", role="target", dtype="int")
    W = tensor("W", "k n", role="parameter")
    z = np.maximum(W @ x, 0) + np.abs(W @ x) / 3
    report = numeric.check_gradient(s.logsumexp(z) - z[label], seed=3)
    assert report.passed
    assert report.parameters[0].error < 1e-7


@pytest.mark.parametrize("factor", [1.001, -1.0])
def test_a_slightly_wrong_gradient_is_found(factor):
    given = np.random.default_rng(0).normal(size=(3, 2))

    def wrong(a):
        g = 2 * a * np.exp(np.sum(a * a))
        g[1, 1] *= factor
        return g

    (check,) = numeric.check_gradient(lambda a: np.exp(np.sum(a * a)), wrong, {"a": given}).parameters
    assert check.verdict == "wrong"
    assert check.worst[0] == (1, 1)
    assert check.worst[2] == pytest.approx(check.worst[1] / factor)


def test_planted_error_in_a_real_function_of_reals_only():
    def f(a):
        return float(np.sum(np.sqrt(1 + np.asarray(a, dtype=float) ** 2)))

    x = np.linspace(-1, 2, 5)
    good = numeric.check_gradient(f, lambda a: a / np.sqrt(1 + a * a), [x])
    assert good.passed
    assert good.parameters[0].method == "central differences"
    assert not numeric.check_gradient(f, lambda a: a / np.sqrt(1 + a * a) + 1e-4, [x]).passed


def test_complex_step_is_not_trusted_where_it_is_wrong():
    x = np.array([0.5, -2.0, 3.0])
    report = numeric.check_gradient(lambda a: np.sum(np.abs(a) ** 3), lambda a: 3 * a * np.abs(a), [x])
    assert report.passed
    assert report.parameters[0].method == "central differences"


def test_several_arguments():
    rng = np.random.default_rng(1)
    A, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    report = numeric.check_gradient(
        lambda A, b: np.sum(np.sin(A @ b)), lambda A, b: (np.outer(np.cos(A @ b), b), A.T @ np.cos(A @ b)), [A, b]
    )
    assert report.passed


def test_messages():
    with pytest.raises(DeclarationError, match="give its gradient"):
        numeric.check_gradient(lambda x: x)
    with pytest.raises(EvaluationError, match=r"gradient of argument 1 has shape \(2,\), the argument \(3,\)"):
        numeric.check_gradient(np.sum, lambda x: np.ones(2), [np.ones(3)])
    with pytest.raises(EvaluationError, match="not finite near the given point"):
        numeric.check_gradient(lambda x: np.log(np.sum(x)), lambda x: x, [np.zeros(2)])
    x = tensor("x", "n")
    with pytest.raises(DeclarationError, match=r"no parameter; say with respect to what: wrt="):
        numeric.check_gradient(np.sum(x))
    assert numeric.check_gradient(np.sum(x**3), wrt=[x]).passed

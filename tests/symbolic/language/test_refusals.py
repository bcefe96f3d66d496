"""Not supported and not differentiable are two errors; each names the function and the place in the user's code."""

import numpy as np
import pytest

import symbolic as s
from symbolic import NotDifferentiableError, UnsupportedError

x = s.tensor("x", 3)
HERE = r"made at .*test_refusals\.py:\d+"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: np.unique(x), r"np\.unique"),
        (lambda: np.spacing(x), "the function spacing"),
        (lambda: np.fft.fft(x), r"np\.fft\.fft"),
        (lambda: np.hypot.accumulate(x), r"np\.hypot\.accumulate"),
    ],
)
def test_not_supported(call, name):
    with pytest.raises(UnsupportedError, match=rf"{name} is not supported.* called with x \(3,\), {HERE}"):
        call()


@pytest.mark.parametrize(
    ("output", "name"),
    [
        (np.argmax(x), "argmax"),
        (np.argmin(x), "argmin"),
        (np.sum(np.argsort(x)), ""),
        (x > 0, "step"),
        (x < np.flip(x), "less"),
    ],
)
def test_not_differentiable(output, name):
    with pytest.raises(NotDifferentiableError, match=rf"depends on x only through {name}.*{HERE}"):
        s.jacobian(output, x)


def test_integers_have_no_derivative():
    labels = s.tensor("labels", 3, dtype="int")
    with pytest.raises(NotDifferentiableError, match=r"labels \(3,\) holds integers \(declared at .*test_refusals"):
        s.gradient(np.sum(x[labels]), labels)


@pytest.mark.parametrize(
    "call",
    [
        lambda: x * 1j,
        lambda: 1j - x,
        lambda: x + np.array([1j, 0, 0]),
        lambda: s.constant(np.array([1j])),
        lambda: s.tensor("z", 3, dtype="complex"),
        lambda: np.multiply(2 + 1j, x),
    ],
)
def test_complex_numbers_are_refused(call):
    with pytest.raises(UnsupportedError, match="complex"):
        call()


def test_zero_is_an_answer_of_its_own():
    y = s.tensor("y", 3)
    assert s.evaluate(s.gradient(np.sum(y), x), {}) == [0, 0, 0]
    assert s.evaluate(s.gradient(np.sum(np.floor(x)), x), {x: {(0,): 1, (1,): 2, (2,): 3}}) == [0, 0, 0]

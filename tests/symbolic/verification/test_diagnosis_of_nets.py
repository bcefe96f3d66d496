"""Mistakes in nets whose functions are spelt out in NumPy, and in formulas that name intermediate results."""

import numpy as np
import pytest

import symbolic as s
from symbolic import check, tensor

x, y, t = tensor("x", "n"), tensor("y", "m", role="target"), tensor("t", "n")
W = tensor("W", "m n", role="parameter")
X, w = tensor("X", "N n"), tensor("w", "n", role="parameter")
Y = tensor("Y", "N", role="target", assume="binary")

p = 1 / (1 + np.exp(-(W @ x)))
layer = s.gradient(np.sum((p - y) ** 2) / 2, W)
soft = s.gradient(np.sum((np.log(1 + np.exp(x)) - t) ** 2), x)
q = 1 / (1 + np.exp(-(X @ w)))
curved = s.hessian(-np.sum(Y * np.log(q) + (1 - Y) * np.log(1 - q)), w)


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (lambda W, x, y: np.outer(1 / (1 + np.exp(-(W @ x))) - y, x), layer, "missing h'"),
        (lambda x, t: 2 * (np.log(1 + np.exp(x)) - t), soft, "missing h'"),
        (lambda X, w: X.T @ np.diag(1 / (1 + np.exp(-(X @ w)))) @ X, curved, "h instead of h'"),
    ],
)
def test_a_function_that_is_spelt_out_is_known_as_one(claim, truth, label):
    verdict = check(claim, truth)
    assert verdict.status == "refuted"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.label == label


@pytest.mark.parametrize(
    ("claim", "status", "label"),
    [
        (r"\left[(a_1 - y) \odot a_1 \odot (1 - a_1)\right] x^\top", "proved", None),
        (r"\left[(a_1 - y) \odot a_1\right] x^\top", "refuted", "h instead of h'"),
        (r"\left[(a_1 - y) \odot z_1 \odot (1 - z_1)\right] x^\top", "refuted", "h' at the wrong argument"),
    ],
)
def test_a_result_that_is_given_a_name_is_found_under_it_as_it_is_written(claim, status, label):
    verdict = check(claim, layer, symbols={"a1": p, "z1": W @ x})
    assert verdict.status == status
    assert (verdict.diagnosis.label if verdict.diagnosis else None) == label


def test_a_softmax_that_is_given_a_name_stays_one():
    z = tensor("z", "K")
    p = np.exp(z) / np.sum(np.exp(z))
    claim = r"\operatorname{diag}(p \odot (\mathbf 1 - p))"
    assert check(claim, s.jacobian(p, z), symbols={"p": p}).diagnosis.label == "softmax Jacobian taken as diagonal"

"""Claims on tensors whose sizes are numbers: letters that count, and shapes that do not fit."""

import numpy as np
import pytest

from symbolic import check, gradient, tensor

X, y, w = tensor("X", (5, 3)), tensor("y", 5), tensor("w", 3, role="parameter")
W, V = tensor("W", (4, 3), role="parameter"), tensor("V", (2, 4))
x, t = tensor("x", 3), tensor("t", 2)
mean = gradient(np.mean((X @ w - y) ** 2), w)
net = gradient(np.sum((V @ np.tanh(W @ x) - t) ** 2) / 2, W)


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{2}{n} X^\top (Xw - y)",
        r"\frac{2}{N}\sum_{i=1}^N (x_i^\top w - y_i) x_i",
        r"\frac2n \sum_{i=1}^n \Big(\sum_{j=1}^d X_{ij} w_j - y_i\Big) X_{ik}",
    ],
)
def test_a_letter_that_counts_is_one_of_the_sizes_and_says_which(claim):
    verdict = check(claim, mean, seed=1)
    assert verdict.status == "proved"
    assert verdict.conditions[0].endswith("is 5, which is a size of the tensors")


@pytest.mark.parametrize(
    ("claim", "status", "label"),
    [
        (r"\frac{1}{n} X^\top (Xw - y)", "refuted", "factor 2"),
        (r"-\frac{2}{n} X^\top (Xw - y)", "refuted", "sign"),
        (r"\frac{2}{n} X (Xw - y)", "shape", "missing transpose"),
        (r"\frac{2}{n} X^\top (Xw + q)", "undecided", None),
    ],
)
def test_a_formula_is_wrong_only_if_it_is_for_each_size(claim, status, label):
    verdict = check(claim, mean, seed=1)
    assert verdict.status == status
    assert (verdict.diagnosis.label if verdict.diagnosis else None) == label


def turned(W, V, x, t):
    a = np.tanh(W @ x)
    return np.outer((V @ (V @ a - t)) * (1 - a**2), x)


def other_layer(W, V, x, t):
    a = np.tanh(W @ x)
    return np.outer((V.T @ (V @ a - t)) * (1 - a**2), a)


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (lambda X, w, y: 2 * X @ (X @ w - y) / len(y), mean, "missing transpose"),
        (turned, net, "missing transpose"),
        (other_layer, net, "wrong layer index"),
    ],
)
def test_shapes_that_do_not_fit_are_explained_with_all_sizes_equal(claim, truth, label):
    verdict = check(claim, truth, seed=1)
    assert (verdict.status, verdict.diagnosis.label) == ("shape", label)

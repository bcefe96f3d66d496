"""Backward code whose targets are labels, and mistakes in code that are named by how one variable is made from another."""

import numpy as np
import pytest

from numeric.checking import check_backward
from numeric.checking.labels import KINDS, as_labels

FIXED = np.array([1, 0, 1, 3])


def cross_entropy(X, Y, W):
    S = X @ W
    P = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(P)) / X.shape[0]
    dW = X.T @ (P - Y) / X.shape[0]
    return loss, dW


def in_columns(X, Y, W):
    S = W @ X
    P = np.exp(S) / np.exp(S).sum(axis=0, keepdims=True)
    loss = -np.sum(Y * np.log(P))
    dW = (P - Y) @ X.T
    return loss, dW


def margins(X, Y, W):
    """X: (N, D), Y: (N, C) one-hot, W: (D, C)"""
    S = X @ W
    M = np.maximum(0, S - np.sum(S * Y, axis=1, keepdims=True) + 1) * (1 - Y)
    loss = M.sum() / X.shape[0]
    G = (M > 0).astype(float)
    G = G - Y * G.sum(axis=1, keepdims=True)
    dW = X.T @ G / X.shape[0]
    return loss, dW


def margins_without_mean(X, Y, W):
    """X: (N, D), Y: (N, C) one-hot, W: (D, C)"""
    S = X @ W
    M = np.maximum(0, S - np.sum(S * Y, axis=1, keepdims=True) + 1) * (1 - Y)
    loss = M.sum() / X.shape[0]
    G = (M > 0).astype(float)
    G = G - Y * G.sum(axis=1, keepdims=True)
    dW = X.T @ G
    return loss, dW


def squares(X, Y, W):
    R = X @ W - Y
    loss = np.sum(R**2) / 2
    dW = X.T @ (X @ W - 2 * Y)
    return loss, dW


ROWS, COLUMNS = {"X": "N D", "Y": "N C", "W": "D C"}, {"X": "D N", "Y": "C N", "W": "C D"}


@pytest.mark.parametrize(
    ("code", "shapes", "kind"),
    [
        (cross_entropy, ROWS, "rows that sum to 1"),
        (in_columns, COLUMNS, "columns that sum to 1"),
        (margins, None, "one-hot rows"),
    ],
)
def test_a_gradient_that_holds_for_labels_is_right_and_says_so(code, shapes, kind):
    verdict = check_backward(code, None, shapes)
    assert verdict.status in ("proved", "agrees")
    assert f"Y was taken as labels: {kind}" in verdict.notes


def test_a_mistake_is_found_where_the_targets_are_labels():
    verdict = check_backward(margins_without_mean)
    (line,) = verdict.culprits
    assert (verdict.status, line.label, line.repair) == ("refuted", "missing 1/P", "dW = X.T @ G / X.shape[0]")


def test_labels_make_nothing_right_that_is_wrong_for_them():
    assert check_backward(squares, None, ROWS).status == "refuted"


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_of_their_kind(kind):
    found = as_labels(np.random.default_rng(0).normal(size=(4, 3)), kind)
    if "sum" in kind or "one-hot" in kind:
        assert np.allclose(found.sum(axis=0 if "columns" in kind else 1), 1)
    if "sum" not in kind:
        assert set(np.unique(found)) <= ({-1.0, 1.0} if "-1" in kind else {0.0, 1.0})


def net(x, W, V, T):
    z = x @ W
    a = np.tanh(z)
    loss = np.sum((a @ V - T) ** 2) / 2
    d = a @ V - T
    dV = z.T @ d
    da = d @ V.T
    dz = da * (1 - a**2)
    dW = x.T @ dz
    return loss, dV, dW


def skipping(x, W, b, V, T):
    z = x @ W + b
    a = np.tanh(z)
    loss = np.sum((a @ V - T) ** 2) / 2
    d = a @ V - T
    dV = a.T @ d
    da = d @ V.T
    dz = da * (1 - a**2)
    dW = x.T @ da
    db = dz.sum(axis=0)
    return loss, dV, dW, db


def rows(W):
    return W[FIXED]


def rows_backward(W, dout):
    dW = np.zeros_like(W)
    dW[FIXED] += dout
    return dW


def states(x, h0, U):
    hs = [h0]
    for t in range(x.shape[0]):
        hs.append(np.tanh(x[t] + U @ hs[-1]))
    return np.stack(hs[1:]), (x, hs, U)


def states_backward(dout, cache):
    x, hs, U = cache
    dx, dU, carry = np.zeros_like(x), np.zeros_like(U), np.zeros_like(hs[0])
    for t in reversed(range(x.shape[0])):
        da = (dout[t] + carry) * (1 - hs[t + 1] ** 2)
        dx[t] = da
        dU += np.outer(da, hs[t + 1])
        carry = U.T @ da
    return dx, dU


NET = {"x": "N n", "W": "n h", "V": "h k", "T": "N k"}


@pytest.mark.parametrize(
    ("code", "forward", "shapes", "label"),
    [
        (net, None, NET, "pre-activation and activation"),
        (skipping, None, NET | {"b": "h"}, "missing h'"),
        (rows_backward, rows, {"W": "5 3"}, "lost repetitions"),
        (states_backward, states, {"x": "T h", "h0": "h", "U": "h h"}, "off by one"),
    ],
)
def test_a_variable_in_the_place_of_another_is_named_for_what_it_is(code, forward, shapes, label):
    verdict = check_backward(code, forward, shapes)
    assert verdict.status == "refuted"
    assert [line.label for line in verdict.culprits] == [label]

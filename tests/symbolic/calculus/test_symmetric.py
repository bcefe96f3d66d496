"""Derivatives with respect to a symmetric matrix, both conventions."""

import numpy as np
import pytest

import symbolic as s
from tests.symbolic.numpy_oracle import numbers

RNG = np.random.default_rng(7)
M = RNG.normal(size=(4, 4))
SPD = M @ M.T + np.eye(4)
B = RNG.normal(size=(4, 4))

TEXTS = [
    lambda a: np.linalg.slogdet(a)[1],
    lambda a: np.trace(a @ B),
    lambda a: np.trace(np.linalg.inv(a) @ B),
    lambda a: B[0] @ a @ a @ B[1],
    lambda a: np.sum(np.linalg.eigvalsh(a) ** 3),
]


@pytest.mark.parametrize("text", TEXTS)
def test_tied_entries_move_together(text):
    A = s.tensor("A", (4, 4), assume="symmetric")
    found = numbers(s.symmetric_gradient(text(A), A), {A: SPD})
    h = 1e-5
    for i in range(4):
        for j in range(i + 1):
            e = np.zeros((4, 4))
            e[i, j] = e[j, i] = h
            expected = (text(SPD + e) - text(SPD - e)) / (2 * h)
            assert found[i, j] == pytest.approx(expected, rel=1e-6, abs=1e-7)
            assert found[i, j] == found[j, i]


def test_of_the_cookbook():
    A = s.tensor("A", (4, 4), assume="positive_definite")
    inverse = np.linalg.inv(SPD)
    found = numbers(s.symmetric_gradient(np.linalg.slogdet(A)[1], A), {A: SPD})
    np.testing.assert_allclose(found, 2 * inverse - np.diag(np.diag(inverse)))  # Matrix Cookbook, eq. 141
    found = numbers(s.symmetric_gradient(np.trace(A @ B), A), {A: SPD})
    np.testing.assert_allclose(found, B + B.T - np.diag(np.diag(B)))  # Matrix Cookbook, eq. 139


@pytest.mark.parametrize("text", TEXTS)
def test_the_symmetric_part_is_a_gradient_among_symmetric_matrices(text):
    A = s.tensor("A", (4, 4), assume="symmetric")
    found = numbers(s.symmetric_gradient(text(A), A, tied=False), {A: SPD})
    direction = 1e-5 * (B + B.T)
    expected = (text(SPD + direction) - text(SPD - direction)) / 2
    assert np.sum(found * direction) == pytest.approx(expected, rel=1e-6)


def test_it_is_said_of_square_matrices():
    x = s.tensor("x", "n")
    with pytest.raises(s.DeclarationError, match=r"symmetric_gradient: expected a square matrix, got x \(n,\)"):
        s.symmetric_gradient(x @ x, x)

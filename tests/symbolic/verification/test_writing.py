"""Claims that write into arrays: what is traced has the values of the code, and mistakes in it are named."""

import numpy as np
import pytest

import symbolic as s
from symbolic import check, tensor
from symbolic.errors import DeclarationError
from symbolic.verification.evaluation_numbers import Floats
from symbolic.verification.evaluation_program import Program
from symbolic.verification.writing import traced


def by_pieces(u, M):
    out = np.zeros_like(u)
    out[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
    out[0] = u[0] * u[1]
    out[-1] += M[0, 0]
    return out


def by_loops(u, M):
    out = np.zeros((3, 4))
    for i in range(3):
        for j in range(M.shape[1]):
            out[i, j] = u[i] * M[i, j]
            out[i, j] += 0.5 * M[i, 0] ** 2
    out[:, ::2] *= 3
    return out


def through_views(u, M):
    out = np.ones(M.shape)
    row = out[1]
    row[1:3] = M[0, 1:3]
    column = out[:, 0]
    column -= u[:3]
    kept = out.copy()
    out[:] = 0
    return kept + out


def by_conditions(u, M):
    out = M * u[:4]
    out[M > 0] = 7
    later = np.empty_like(M)
    later[...] = 0
    later[0] = out[2]
    return out + later


def changed_afterwards(u, M):
    out = u * 2
    before = out * 1
    out[2:] = 0
    out += before
    return np.stack([out, before])


@pytest.mark.parametrize("function", [by_pieces, by_loops, through_views, by_conditions, changed_afterwards])
def test_what_is_traced_has_the_values_of_the_code(function):
    u, M = tensor("u", "5"), tensor("M", "3 4")
    rng = np.random.default_rng(4)
    given = {"u": rng.normal(size=5), "M": rng.normal(size=(3, 4))}
    found = traced(function, {"u": u, "M": M}, np)
    program = Program([found], {})
    values = {t: given[t.name].ravel().tolist() for t in program.leaves}
    numbers = program.evaluate(values, Floats()).tables[found.serial]
    expected = function(**{n: a.copy() for n, a in given.items()})
    assert program.shape(found) == expected.shape
    np.testing.assert_allclose(numbers, expected.ravel(), rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda u: u.copy().__setitem__(np.array([0, 0]), 1.0),
        lambda u: np.add.at(np.zeros(5), np.array([0, 0]), u[:2]),
        lambda u: u if u[0] > 0 else -u,
    ],
)
def test_what_is_not_followed_is_refused(function):
    with pytest.raises((DeclarationError, TypeError)):
        traced(function, {"u": tensor("u", "5")}, np)


X, y, beta = tensor("X", "m n"), tensor("y", "m", role="target"), tensor("beta", "n", role="parameter")
chain = tensor("c", "6", role="parameter")
least = s.gradient(np.sum((X @ beta - y) ** 2) + np.sum(beta**2) - beta[0] ** 2, beta)
smooth = s.gradient(np.sum((chain[1:] - chain[:-1]) ** 2), chain)


def slopes(X, y, beta, sign=1, weight=2, residual=1):
    g = np.zeros_like(beta)
    for i in range(X.shape[0]):
        g += 2 * X[i] * (residual * (X[i] @ beta) - sign * y[i])
    g[1:] += weight * beta[1:]
    return g


def differences(c, sign=1):
    g = np.zeros(6)
    g[1:] += 2 * (c[1:] - c[:-1])
    g[:-1] -= 2 * sign * (c[1:] - c[:-1])
    return g


@pytest.mark.parametrize(
    ("claim", "truth", "label"),
    [
        (lambda X, y, beta: slopes(X, y, beta, sign=-1), least, "sign"),
        (lambda X, y, beta: slopes(X, y, beta, weight=1), least, "factor 2"),
        (lambda c: differences(c, sign=-1), smooth, "sign"),
    ],
)
def test_a_mistake_in_what_is_written_is_named(claim, truth, label):
    verdict = check(claim, truth)
    assert verdict.status == "refuted"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.label == label


def test_what_is_written_rightly_is_right():
    assert check(slopes, least).holds
    assert check(differences, smooth).holds

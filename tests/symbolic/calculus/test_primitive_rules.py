"""Identities of matrix functions are proved; their false neighbours are not."""

import numpy as np
import pytest

import symbolic as s
from symbolic.calculus.primitive_rules import through_others
from symbolic.verification.effort import SECOND
from symbolic.verification.equality_proof import prove

X, B, x = s.tensor("X", "n n"), s.tensor("B", "n n"), s.tensor("x", "n")
L, Q = s.tensor("L", "n n", assume="lower_triangular"), s.tensor("Q", "n n", assume="orthogonal")
P = s.tensor("P", "n n", assume="positive_definite")
inv, det = np.linalg.inv, np.linalg.det

TRUE = {
    "the same twice": (inv(X), inv(X)),
    "solve": (np.linalg.solve(X, x), inv(X) @ x),
    "inverse of a transpose": (inv(X.T), inv(X).T),
    "inverse of an inverse": (inv(inv(X)), X),
    "inverse of a product": (inv(X @ B), inv(B) @ inv(X)),
    "inverse times matrix": (inv(X) @ X, s.eye("n")),
    "inverse of an orthogonal matrix": (inv(Q), Q.T),
    "inverse of a symmetric matrix": (inv(P).T, inv(P)),
    "inverse of a Gram matrix": (inv(X.T @ X).T, inv(X.T @ X)),
    "determinant of a transpose": (det(X.T), det(X)),
    "determinant of an inverse": (det(inv(X)), 1 / det(X)),
    "determinant of a product": (det(X @ B), det(B) * det(X)),
    "determinant of a triangle": (det(L), np.prod(np.diag(L))),
    "logarithm of a determinant": (np.linalg.slogdet(X)[1], np.log(np.abs(det(X)))),
    "exponential of a transpose": (s.expm(X.T), s.expm(X).T),
    "gradient of log det": (s.gradient(np.linalg.slogdet(X)[1], X), inv(X).T),
    "gradient of log of det": (s.gradient(np.log(det(X)), X), inv(X.T)),
    "gradient of det": (s.gradient(det(X), X), det(X) * inv(X).T),
    "gradient of Tr(e^B X)": (s.gradient(s.trace(s.expm(B) @ X), X), s.expm(B.T)),
    "gradient of a solution": (
        s.gradient(x @ np.linalg.solve(X, x), X),
        -np.outer(np.linalg.solve(X.T, x), np.linalg.solve(X, x)),
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_proved(name):
    assert prove(*TRUE[name], effort=2 * SECOND) is not None


FALSE = {
    "inverse of a product, in the wrong order": (inv(X @ B), inv(X) @ inv(B)),
    "inverse for transpose": (inv(X), X.T),
    "no transpose": (s.gradient(np.linalg.slogdet(X)[1], X), inv(X)),
    "determinant of another product": (det(X @ B), det(X) ** 2),
    "determinant of a general matrix": (det(X), np.prod(np.diag(X))),
    "inverse not symmetric": (inv(X), inv(X).T),
    "product not symmetric": (inv(X.T @ B).T, inv(X.T @ B)),
}


@pytest.mark.parametrize("name", FALSE)
def test_not_proved(name):
    assert prove(*FALSE[name], effort=2 * SECOND) is None


@pytest.mark.parametrize("name", TRUE)
def test_a_plainer_tensor_has_the_same_value(name):
    rng = np.random.default_rng(8)
    a = rng.integers(-3, 4, size=(3, 3)) + 5 * np.eye(3)
    at = {X: a, B: a.T @ a, P: a @ a.T, L: np.tril(a), x: a[0], Q: np.linalg.qr(a)[0]}
    for t in TRUE[name]:
        plainer = through_others(t)
        if plainer is not None:
            both = [np.array(s.evaluate(u, at, {"n": 3}), float) for u in (t, plainer)]
            np.testing.assert_allclose(*both, rtol=1e-9, atol=1e-12)

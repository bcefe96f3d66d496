"""The form in which derivatives are printed: that of the textbooks, with the value of what was derived.

Sources: Petersen & Pedersen, The Matrix Cookbook, sections 2.1 to 2.6 and 2.8; Bishop, Pattern Recognition and Machine Learning,
sections 2.3 and 4.3; Rasmussen & Williams, Gaussian Processes, section 5.4.
"""

import numpy as np
import pytest

import symbolic as s
from symbolic.calculus.canonical import identity
from symbolic.notation import text

A, B, C, X = (s.tensor(name, "n n") for name in "ABCX")
Y, D, F, E = s.tensor("Y", "m n"), s.tensor("D", "m m"), s.tensor("F", "m k"), s.tensor("E", "n k")
a, b, c = s.tensor("a", "n"), s.tensor("b", "n"), s.tensor("c", "m")
S, K = (s.tensor(name, "n n", assume="positive_definite") for name in ("Sigma", "K"))
mu, Z, G = s.tensor("mu", "n"), s.tensor("Z", "N n"), s.tensor("G", "N n")
w, t = s.tensor("w", "n"), s.tensor("t", "N", role="target")
labels = s.tensor("T", "N k", role="target", assume="one_hot")
away = b - mu
inv, det, trace = np.linalg.inv, np.linalg.det, np.trace
scores = (Z @ A @ B.T @ Z.T).named("S")
P = s.softmax(scores).named("P")

FORMS = {
    "a linear form": (a @ X @ b, X, "a bᵀ"),
    "a product with its transpose": (a @ X.T @ X @ b, X, "X a bᵀ + X b aᵀ"),
    "an inverse between vectors": (a @ inv(X) @ b, X, "-(X⁻¹)ᵀ a bᵀ (X⁻¹)ᵀ"),
    "a determinant": (det(X), X, "det(X) (X⁻¹)ᵀ"),
    "log of a Gram determinant": (np.log(det(Y.T @ Y)), Y, "2 Y (Yᵀ Y)⁻¹"),
    "log det": (np.linalg.slogdet(X)[1], X, "(X⁻¹)ᵀ"),
    "a trace": (trace(A @ X @ B), X, "Aᵀ Bᵀ"),
    "a trace of the transpose": (trace(A @ X.T @ B), X, "B A"),
    "a square": (trace(X @ X), X, "2 Xᵀ"),
    "a square and a factor": (trace(X @ X @ B), X, "Xᵀ Bᵀ + Bᵀ Xᵀ"),
    "twice between factors": (trace(X @ A @ X @ B), X, "Bᵀ Xᵀ Aᵀ + Aᵀ Xᵀ Bᵀ"),
    "a matrix with itself": (trace(A @ B @ A @ B.T), A, "B Aᵀ Bᵀ + Bᵀ Aᵀ B"),
    "a quadratic form of rows": (trace(Y @ B @ Y.T), Y, "Y (B + Bᵀ)"),
    "a quadratic form of columns": (trace(Y.T @ D @ Y), Y, "(D + Dᵀ) Y"),
    "with a third factor": (trace(A @ X @ B @ X.T @ C), X, "Aᵀ Cᵀ X Bᵀ + C A X B"),
    "an affine map squared": (np.sum((A @ X @ B + C) ** 2), X, "2 Aᵀ (A X B + C) Bᵀ"),
    "an inverse in a trace": (trace(A @ inv(X) @ B), X, "-(X⁻¹)ᵀ Aᵀ Bᵀ (X⁻¹)ᵀ"),
    "the exponential": (trace(s.linalg.expm(X)), X, "(e^X)ᵀ"),
    "the sine": (trace(s.linalg.sinm(X)), X, "(cos(X))ᵀ"),
    "the cosine, squared": (trace(s.linalg.cosm(X)) ** 2, X, "-2 tr(cos(X)) (sin(X))ᵀ"),
    "the logarithm": (3 * trace(s.linalg.logm(X)), X, "3 (X⁻¹)ᵀ"),
    "the Frobenius norm": (np.linalg.norm(X), X, "X/(‖X‖_F)"),
    "a distance": (np.linalg.norm(a - b), a, "(a - b)/‖a - b‖"),
    "a Gaussian's mean": (away @ np.linalg.solve(S, away) / 2, mu, "-Σ⁻¹ (b - μ)"),
    "a Gaussian's mean, inverted": (away @ inv(S) @ away / 2, mu, "-Σ⁻¹ (b - μ)"),
    "a marginal likelihood": (-b @ inv(K) @ b / 2 - np.linalg.slogdet(K)[1] / 2, K, "1/2 (K⁻¹ b bᵀ K⁻¹ - K⁻¹)"),
    "a solution": (b @ np.linalg.solve(K, b), b, "2 K⁻¹ b"),
    "a divided solution": (b @ np.linalg.solve(3 * A, a), b, "1/3 A⁻¹ a"),
    "a logistic loss": (np.mean(np.logaddexp(0, Z @ w) - t * (Z @ w)), w, "1/N Zᵀ (σ(Z w) - t)"),
    "softmax regression": (-np.sum(labels * s.log_softmax(Z @ E, axis=1)), E, "Zᵀ (softmax(Z E) - T)"),
    "factors": (np.sum((Y @ E - F) ** 2), Y, "2 (Y E - F) Eᵀ"),
    "attention": (np.sum(G * (P @ Z)), A, "Zᵀ (P ⊙ (G Zᵀ - (P ⊙ (G Zᵀ)) 𝟏 𝟏ᵀ)) Z B"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_gradient_is_printed_as_in_the_textbooks(name):
    cost, variable, expected = FORMS[name]
    derived = s.gradient(cost, variable)
    form = s.simplified(derived)
    assert text(form) == expected
    assert s.check(form, derived).status in ("proved", "agrees")


def test_an_unnamed_softmax_is_found_whatever_its_scores():
    derived = s.gradient(np.sum(G * (s.softmax((Z @ A) @ (Z @ B).T) @ Z)), A)
    p = "softmax(Z A Bᵀ Zᵀ)"
    assert text(s.simplified(derived)) == f"Zᵀ ({p} ⊙ (G Zᵀ - ({p} ⊙ (G Zᵀ)) 𝟏 𝟏ᵀ)) Z B"


def test_what_was_built_before_does_not_order_the_terms():
    built = [inv(s.softmax((Z @ A) @ (Z @ B).T) @ np.tanh(Z @ X @ Z.T)) for _ in range(2)]
    assert built[0].serial != built[1].serial
    assert identity(built[0]) == identity(built[1]) != identity(inv(s.softmax((Z @ B) @ (Z @ A).T)))
    assert identity(np.einsum("kr,kr->", A, B)) != identity(np.einsum("kr,rk->", A, B))


def test_a_named_primitive_keeps_its_name():
    precision = inv(S).named("Lambda")
    assert text(s.simplified(s.gradient(away @ precision @ away, mu))) == "-2 Λ (b - μ)"

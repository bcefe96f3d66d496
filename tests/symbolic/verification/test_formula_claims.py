"""Published and plausible formulas for one derivative each, in NumPy and LaTeX, right and wrong, with the mistake to be named."""

import numpy as np
import pytest

import symbolic as s

PROBLEMS = {
    "least squares": ({"A": "m n", "x": "n", "b": "m"}, lambda A, x, b: 0.5 * np.sum((A @ x - b) ** 2)),
    "cross-entropy": (
        {"z": "K", "y": ("K", "one_hot")},
        lambda z, y: -np.sum(y * np.log(s.softmax(z))),
    ),
    "logistic": (
        {"X": "N d", "y": "N", "w": "d"},
        lambda X, y, w: -np.mean(y * np.log(s.sigmoid(X @ w)) + (1 - y) * np.log(1 - s.sigmoid(X @ w))),
    ),
    "layer": ({"W": "m n", "x": "n", "v": "m"}, lambda W, x, v: v @ np.tanh(W @ x)),
    "shared": ({"W": "n n", "x": "n", "v": "n"}, lambda W, x, v: v @ (W @ (W @ x))),
    "adapter": (
        {"W": "m n", "B": "m r", "A": "r n", "x": "n", "g": "m"},
        lambda W, B, A, x, g: g @ (W @ x + B @ A @ x),
    ),
    "bias": ({"X": "P n", "W": "n k", "b": "k"}, lambda X, W, b: np.sum((X @ W + b) ** 2)),
    "factors": ({"U": "m k", "V": "n k", "R": "m n"}, lambda U, V, R: 0.5 * np.sum((R - U @ V.T) ** 2)),
}

CLAIMS = [
    ("least squares", "x", r"A^\top(Ax-b)", None),
    ("least squares", "x", r"A(Ax-b)", "missing transpose"),
    ("least squares", "A", r"(Ax-b)x^\top", None),
    ("least squares", "A", r"(Ax-b)x", "missing transpose"),
    ("least squares", "A", r"(Ax-b)^\top x", "wrong order of factors"),
    ("least squares", "A", r"(Ax-b)\odot x", "Hadamard and matrix product"),
    ("cross-entropy", "z", r"\operatorname{softmax}(z)-y", None),
    ("cross-entropy", "z", lambda z, y: -y * (1 - s.softmax(z)), "softmax Jacobian taken as diagonal"),
    ("logistic", "w", r"\frac{1}{N}X^\top(\sigma(Xw)-y)", None),
    ("logistic", "w", r"\frac1N\sum_{i=1}^N(\sigma(x_i^\top w)-y_i)x_i", None),
    ("logistic", "w", r"\frac1N\sum_i x_i\sigma(x_i^\top w) - \frac1N X^\top y", None),
    ("logistic", "w", r"X^\top(\sigma(Xw)-y)", "missing 1/P"),
    ("logistic", "w", r"\frac1N X(\sigma(Xw)-y)", "missing transpose"),
    ("logistic", "w", r"\frac1N X^\top(y-\sigma(Xw))", "sign"),
    ("layer", "W", lambda W, x, v: np.outer(v * (1 - np.tanh(W @ x) ** 2), x), None),
    ("layer", "W", lambda W, x, v: np.outer(v * (1 - (W @ x) ** 2), x), "h' at the wrong argument"),
    ("layer", "W", lambda W, x, v: np.outer(v * np.tanh(W @ x), x), "h instead of h'"),
    ("layer", "W", lambda W, x, v: np.outer(v, x), "missing h'"),
    ("shared", "W", r"v(Wx)^\top + W^\top v x^\top", None),
    ("shared", "W", r"W^\top v x^\top", "forgotten path"),
    ("adapter", "A", r"B^\top gx^\top", None),
    ("adapter", "A", r"gx^\top B^\top", "wrong order of factors"),
    ("bias", "b", lambda X, W, b: np.sum(2 * (X @ W + b), axis=1), "sum over the wrong axis"),
    ("factors", "V", r"-(R-UV^\top)^\top U", None),
    ("factors", "V", r"-(R-UV^\top)U", "missing transpose"),
]


def test_an_open_identity_and_equal_columns_find_their_size():
    x = s.tensor("x", "n")
    truth = s.jacobian(x / np.sum(x), x)
    right = r"\frac{I}{\mathbf 1^\top x} - \frac{x\mathbf 1^\top}{(\mathbf 1^\top x)^2}"
    assert s.check(right, truth).status in ("proved", "agrees")
    assert s.check(right.replace("- ", "+ "), truth).diagnosis.label == "sign"


def test_a_row_or_a_column_is_asked_about_where_both_fit():
    X = s.tensor("X", "n p")
    verdict = s.check(r"\sum_i x_i", X.sum(axis=0))
    assert verdict.status == "undecided"
    assert "x_i may be a row or a column of X" in str(verdict.evidence)


def test_python_names_with_an_underscore_are_greek_letters():
    x, lambda_ = s.tensor("x", "n"), s.tensor("lambda_")
    assert s.check(r"2\lambda x", s.gradient(lambda_ * x @ x, x)).holds


def test_indices_are_ordered_as_the_left_side_names_them():
    z = s.tensor("z", "K")
    p = r"\operatorname{softmax}(z)"
    claim = rf"\frac{{\partial p_j}}{{\partial z_i}} = {p}_j(\delta_{{ij}} - {p}_i)"
    assert s.check(claim, s.jacobian(s.softmax(z), z)).status in ("proved", "agrees")
    x, W = s.tensor("x", "n"), s.tensor("W", "m n")
    claim = r"\frac{\partial y_j}{\partial x_i} = W_{ji}"
    assert s.check(claim, s.jacobian(W @ x, x)).status in ("proved", "agrees")


@pytest.mark.parametrize(
    ("problem", "by", "claim", "mistake"), CLAIMS, ids=lambda x: x[:40] if isinstance(x, str) else None
)
def test_claim(problem, by, claim, mistake):
    declared, function = PROBLEMS[problem]
    symbols = {}
    for name, told in declared.items():
        shape, assume = told if isinstance(told, tuple) else (told, ())
        symbols[name] = s.tensor(name, shape, role="parameter" if name == by else "constant", assume=assume)
    truth = s.gradient(function(**symbols), symbols[by])
    verdict = s.check(claim, truth, symbols=symbols)
    if mistake is None:
        assert verdict.status in ("proved", "agrees"), verdict
        return
    assert verdict.status in ("refuted", "shape"), verdict
    assert verdict.diagnosis is not None, verdict
    assert verdict.diagnosis.label == mistake, verdict


def test_a_formula_may_say_after_it_what_its_symbols_mean():
    A, x, b = s.tensor("A", "m n"), s.tensor("x", "n"), s.tensor("b", "m")
    truth = s.gradient(0.5 * np.sum((A @ x - b) ** 2), A)
    for right in (
        r"\delta x^\top, \quad \delta = Ax - b",
        r"\frac{\partial C}{\partial A_{ij}} = r_i x_j \text{ with } r_i = \sum_k A_{ik} x_k - b_i",
        r"2ux^\top \text{ where } u = \tfrac12 v \text{ and } v = Ax - b",
    ):
        assert s.check(right, truth).holds, right
    assert s.check(r"\delta x^\top, \quad \delta = b - Ax", truth).status == "refuted"


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (r"\delta x^\top, \quad \delta = Ax - q", "q is not declared"),
        (r"r_i x_j \text{ for } i = 1", "the index i is given a value"),
        (r"\delta x^\top, \quad \delta = \epsilon + b, \quad \epsilon = \delta", "is not declared"),
    ],
)
def test_what_a_formula_says_after_it_must_be_readable(claim, said):
    A, x, b, r = s.tensor("A", "m n"), s.tensor("x", "n"), s.tensor("b", "m"), s.tensor("r", "m")
    verdict = s.check(claim, s.gradient(0.5 * np.sum((A @ x - b) ** 2), A), symbols={"r": r})
    assert verdict.status == "undecided"
    assert said in str(verdict.evidence)

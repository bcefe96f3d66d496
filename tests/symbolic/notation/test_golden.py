"""Formulas as a textbook prints them: each line is a program and its three renderings."""

import itertools

import numpy as np
import pytest

import symbolic as s
from symbolic import gradient, hessian, tensor
from symbolic.notation import latex, matrix_form, statement, text

W, x, b = tensor("W", "m n", role="parameter"), tensor("x", "n"), tensor("b", "m", role="parameter")
y, v = tensor("y", "m", role="target"), tensor("v", "m")
w, u, c = tensor("w", "n", role="parameter"), tensor("u", "n"), tensor("c")
X, t = tensor("X", "N n"), tensor("t", "N", role="target")
A, B, S = tensor("A", "n n"), tensor("B", "n n"), tensor("S", "n n", assume="symmetric")
V = tensor("V", "k m", role="parameter")
residual = X @ w - t

MATRIX = [
    (W @ x + b, "W x + b"),
    (np.tanh(W @ x + b), r"\tanh(W x + b)"),
    (V @ np.tanh(W @ x + b), r"V \tanh(W x + b)"),
    (W.T @ v, r"W^{\top} v"),
    (v @ W, r"W^{\top} v"),
    (np.outer(v, x), r"v x^{\top}"),
    (x @ u, r"u^{\top} x"),
    (x @ A @ x, r"x^{\top} A x"),
    (x @ A @ u, r"x^{\top} A u"),
    (np.sum(x * x), r"\lVert x \rVert^{2}"),
    (np.sum((W @ x - y) ** 2), r"\lVert W x - y \rVert^{2}"),
    (np.linalg.norm(x), r"\lVert x \rVert"),
    (np.sum(np.abs(x)), r"\lVert x \rVert_{1}"),
    (np.sum(A * A), r"\lVert A \rVert_{F}^{2}"),
    (np.trace(A), r"\operatorname{tr}(A)"),
    (np.trace(A @ B), r"\operatorname{tr}(A B)"),
    (np.sum(A * B), r"\operatorname{tr}(A^{\top} B)"),
    (np.sum(x), r"\mathbf{1}^{\top} x"),
    (np.mean(x), r"\frac{1}{n} \mathbf{1}^{\top} x"),
    (A.sum(axis=1), r"A \mathbf{1}"),
    (A.sum(axis=0), r"A^{\top} \mathbf{1}"),
    (np.sum(A), r"\mathbf{1}^{\top} A \mathbf{1}"),
    (np.diag(x), r"\operatorname{diag}(x)"),
    (np.diag(x) @ A, r"\operatorname{diag}(x) A"),
    (A * x, r"A \operatorname{diag}(x)"),
    (A * B, r"A \odot B"),
    (x * u, r"u \odot x"),
    (x / u, r"x \oslash u"),
    (c * x, r"c x"),
    (x / c, r"\frac{x}{c}"),
    (x / np.linalg.norm(x), r"\frac{x}{\lVert x \rVert}"),
    (1 - x, r"\mathbf{1} - x"),
    (x * (1 - x), r"x \odot (\mathbf{1} - x)"),
    (X @ W.T + b, r"X W^{\top} + \mathbf{1} b^{\top}"),
    (S.T @ x, "S x"),
    (np.sum(residual**2) / X.shape[0], r"\frac{1}{N} \lVert X w - t \rVert^{2}"),
    (np.max(x), r"\max(x)"),
    (s.einsum("i,ij,j->i", x, A, x), r"x \odot (A x)"),
    (np.exp(x) / np.sum(np.exp(x)), r"\frac{\exp(x)}{\mathbf{1}^{\top} \exp(x)}"),
    (np.maximum(W @ x, 0), r"\operatorname{relu}(W x)"),
    (-x, "-x"),
    (x - u, "x - u"),
    (s.eye(4), "I"),
    (A[0], r"A_{0, :}^{\top}"),
    (A[:, 1], r"A_{:, 1}"),
]

GRADIENTS = [
    (np.sum(residual**2), w, r"2 X^{\top} (X w - t)"),
    (np.sum((W @ x - y) ** 2), W, r"2 (W x - y) x^{\top}"),
    (np.sum((W @ x - y) ** 2), x, r"2 W^{\top} (W x - y)"),
    (x @ A @ x, x, r"A x + A^{\top} x"),
    (np.trace(A @ B), A, r"B^{\top}"),
    (x @ A @ u, A, r"x u^{\top}"),
    (np.sum(A * A), A, "2 A"),
    (np.sum(x), x, r"\mathbf{1}"),
]


@pytest.mark.parametrize(("program", "tex"), MATRIX)
def test_matrix(program, tex):
    assert latex(program) == tex


@pytest.mark.parametrize(("loss", "by", "tex"), GRADIENTS)
def test_gradient(loss, by, tex):
    assert latex(gradient(loss, by)) == tex


def test_hessian():
    assert latex(hessian(np.sum(residual**2), w)) == r"2 X^{\top} X"
    assert latex(hessian(x @ A @ x, x)) == r"A + A^{\top}"


INDEX = [
    (W @ x + b, r"\sum_{j = 0}^{n - 1} W_{i j} x_{j} + b_{i}"),
    (x @ A @ x, r"\sum_{i = 0}^{n - 1} \sum_{j = 0}^{n - 1} A_{i j} x_{i} x_{j}"),
    (np.sum((W @ x - y) ** 2), r"\sum_{i = 0}^{m - 1} \left(\sum_{j = 0}^{n - 1} W_{i j} x_{j} - y_{i}\right)^{2}"),
    (np.exp(x) / np.sum(np.exp(x)), r"\frac{e^{x_{i}}}{\sum_{j = 0}^{n - 1} e^{x_{j}}}"),
    (x / 3, r"\frac{1}{3} x_{i}"),
    (2 * x / 3 - 1, r"\frac{2}{3} x_{i} - 1"),
    (x / u, r"\frac{x_{i}}{u_{i}}"),
    (1 / np.sqrt(x), r"\frac{1}{\sqrt{x_{i}}}"),
    (x**3, r"x_{i}^{3}"),
    ((x + u) ** 2, r"(u_{i} + x_{i})^{2}"),
    (1 - np.tanh(x) ** 2, r"1 - \tanh^{2}(x_{i})"),
    (np.max(x), r"\max_{i} x_{i}"),
    (np.argmax(x), r"\underset{i}{\operatorname{arg\,max}}\, x_{i}"),
    (np.prod(x), r"\prod_{i = 0}^{n - 1} x_{i}"),
    (np.cumsum(x), r"\sum_{j = 0}^{i} x_{j}"),
    (np.diag(x), r"\delta_{i j} x_{i}"),
    (s.eye(3), r"\delta_{i j}"),
    (x[1:], "x_{i + 1}"),
    (x[::-1], "x_{n - i - 1}"),
    (np.concatenate([x, u]), r"\mathbf{1}[i < n] x_{i} + \mathbf{1}[n \le i] u_{i - n}"),
    (np.where(x > 0, x, 2 * x), r"\begin{cases} x_{i} & x_{i} > 0 \\ 2 x_{i} & \text{otherwise} \end{cases}"),
    (X.mean(axis=0), r"\frac{1}{N} \sum_{j = 0}^{N - 1} X_{j i}"),
]


def test_cases():
    both = np.where((x > 0) & (u < 1), x, u)
    assert latex(both) == r"\begin{cases} x & u < 1, x > 0 \\ u & \text{otherwise} \end{cases}"
    assert text(np.where(x > 0, x, u), style="index") == "where([x[i] > 0], x[i], u[i])"
    assert latex(np.where(x > 0, 1, 0)) == r"\mathbf{1}[x > 0]"
    assert latex(np.where(x > 0, 0, 1)) == r"\mathbf{1}[x \le 0]"
    assert latex(np.where((x > 0) & (u < 1), 0, 1)) == r"\mathbf{1}[\neg (u < 1, x > 0)]"
    assert text(np.where(x > 0, 0, 1), style="index") == "[x[i] ≤ 0]"


def test_the_order_of_building_does_not_show():
    for terms in itertools.permutations([x, u, -w]):
        assert latex(terms[0] + terms[1] + terms[2]) == "u + x - w"
    for factors in itertools.permutations([x, u, 1 - w]):
        assert latex(factors[0] * factors[1] * factors[2]) == r"u \odot x \odot (\mathbf{1} - w)"


@pytest.mark.parametrize(("program", "tex"), INDEX)
def test_index(program, tex):
    assert latex(program, style="index") == tex


def test_first_index_is_a_choice():
    assert latex(W @ x, style="index", first=1) == r"\sum_{j = 1}^{n} W_{i j} x_{j}"
    assert latex(x[1:], style="index", first=1) == "x_{i + 1}"
    assert latex(x[::-1], style="index", first=1) == "x_{n - i + 1}"
    assert latex(np.cumsum(x), style="index", first=1) == r"\sum_{j = 1}^{i} x_{j}"
    assert latex(W @ x, style="index", limits=False) == r"\sum_{j} W_{i j} x_{j}"


def test_index_letters_stay_clear_of_names_and_dimensions():
    j, p = tensor("j", "k"), tensor("p", "i k")
    assert latex(p @ j, style="index") == r"\sum_{q = 0}^{k - 1} p_{l q} j_{q}"


def test_perturbation():
    s_ = (W @ x + b).named("s")
    z = np.tanh(s_).named("z")
    C = np.sum((z - y) ** 2).named("C")
    assert statement(s_, "perturbation") == r"\mathrm{d}s = W\, \mathrm{d}x + \mathrm{d}W\, x + \mathrm{d}b"
    assert statement(z, "perturbation") == r"\mathrm{d}z = (\mathbf{1} - z \odot z) \odot \mathrm{d}s"
    assert statement(C, "perturbation") == r"\mathrm{d}C = 2 (z - y)^{\top}\, \mathrm{d}z"
    assert latex(s_, "perturbation", vary=(W,)) == r"\mathrm{d}W\, x"


def test_perturbation_by_entries():
    state = (W @ x).named("q")
    entries = statement(state, "perturbation", entries=True)
    assert entries == (
        r"\mathrm{d}q_{i} = \sum_{j = 0}^{n - 1} W_{i j}\, \mathrm{d}x_{j} + \sum_{j = 0}^{n - 1} x_{j}\, \mathrm{d}W_{i j}"
    )


def test_rows_at_positions_that_a_tensor_holds():
    k, labels = tensor("k", dtype="int"), tensor("l", 3, dtype="int")
    assert latex(A[k]) == r"A_{k, :}^{\top}"
    assert latex(A[labels[1]] + x) == r"A_{l_{1}, :}^{\top} + x"
    assert text(A[labels[1]] @ x, style="numpy") == "A[l[1]] @ x"
    assert latex(x[k]) == "x_{k}"


def test_small_constants_are_written_out():
    a = tensor("a", 2)
    weights = np.array([[1, 2], [3, 0.5]])
    assert latex(weights @ a) == r"{\begin{pmatrix} 1 & 2 \\ 3 & \frac{1}{2} \end{pmatrix}} a"
    assert latex(a + np.array([0.1, 2])) == r"{\begin{pmatrix} \frac{1}{10} \\ 2 \end{pmatrix}} + a"
    assert text(weights @ a, style="numpy") == "np.array([[1.0, 2.0], [3.0, 0.5]]) @ a"
    assert "pmatrix" not in latex(np.ones((5, 2)) @ a)


def test_where_there_is_no_matrix_form():
    assert matrix_form(x[::-1]) is None
    assert matrix_form(s.jacobian(W @ x, W)) is None
    assert latex(s.jacobian(W @ x, W)) == r"\delta_{i j} x_{k}"


def test_text():
    assert text(2 * (np.tanh(W @ x + b) - y)) == "2 (tanh(W x + b) - y)"
    assert text(2 * (np.tanh(W @ x + b) - y), style="numpy") == "2 * (np.tanh(W @ x + b) - y)"
    assert text(W @ x, style="index") == "Σ_{j=0..n - 1} W[i, j] x[j]"


def test_unknown_style():
    with pytest.raises(s.UnsupportedError, match=r"unknown style 'matirx'.*Did you mean 'matrix'"):
        latex(x, style="matirx")


# What is printed is read back by the grammar of hand calculations and proved equal to what was printed.
READ_BACK = [t for t, tex in MATRIX if ":" not in tex] + [gradient(loss, by) for loss, by, _ in GRADIENTS]


@pytest.mark.parametrize("t", READ_BACK)
def test_printed_matrix_formulas_are_read_back(t):
    assert s.check(latex(t), t).status == "proved"


@pytest.mark.parametrize(
    "t", [W @ x + b, x @ A @ x, np.exp(x) / np.sum(np.exp(x)), X.mean(axis=0), np.prod(x), (x + u) ** 2]
)
def test_printed_sums_are_read_back(t):
    assert s.check(latex(t, style="index"), t).status == "proved"

"""Formulas in LaTeX and Unicode, with declared symbols, against the same program written in NumPy."""

import numpy as np
import pytest

import symbolic as s
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol
from symbolic.verification.evaluation import Evaluator
from symbolic.verification.formulas import formula
from symbolic.verification.grammar.source import ReadingError

SIZES = {"n": 3, "m": 4, "k": 2}


def model():
    x, b, y = s.tensor("x", "n"), s.tensor("b", "m"), s.tensor("y", "m", role="target")
    W, A, X = s.tensor("W", "m n", role="parameter"), s.tensor("A", "n n"), s.tensor("X", "k n")
    lam = s.tensor("lambda", "", tex=r"\lambda")
    z = np.tanh((W @ x + b).named("s")).named("z")
    C = (0.5 * ((z - y) ** 2).sum()).named("C")
    return {t.name: t for t in (x, b, y, W, A, X, lam, z, C, z.operands[0])}


M = model()
x, b, y, W, A, X, z, C, u = (M[name] for name in ("x", "b", "y", "W", "A", "X", "z", "C", "s"))
lam = M["lambda"]


def numbers(t):
    rng = np.random.default_rng(7)
    leaves = {v: rng.normal(size=[SIZES[str(e)] for e in v.extents]) for v in (x, b, y, W, A, X, lam)}
    return np.array(Evaluator(leaves, SIZES).array(t), dtype=float)


READINGS = [
    (r"2Wxx^\top", lambda: 2 * np.outer(W @ x, x)),
    (r"2 W x x^T", lambda: 2 * np.outer(W @ x, x)),
    (r"2 W x x'", lambda: 2 * np.outer(W @ x, x)),
    (r"2\,\mathbf{W}\boldsymbol{x}\,\vec{x}^{\mathsf T}", lambda: 2 * np.outer(W @ x, x)),
    (r"W^\top\left[(z-y)\odot(1-z\odot z)\right]", lambda: W.T @ ((z - y) * (1 - z * z))),
    (r"(z-y)\odot(1-z^2)\, x^\top", lambda: np.outer((z - y) * (1 - z**2), x)),
    (r"\frac12\|z-y\|^2", lambda: 0.5 * ((z - y) ** 2).sum()),
    (r"\tfrac12 \lVert z-y\rVert_2^2", lambda: 0.5 * ((z - y) ** 2).sum()),
    (r"\|W\|_F^2 + \|x\|_1", lambda: (W**2).sum() + abs(x).sum()),
    (r"\sum_{j=1}^n W_{ij}x_j + b_i", lambda: W @ x + b),
    (r"\sum_{i,j} A_{ij}^2", lambda: (A**2).sum()),
    (r"\sum_{i\ne j} A_{ij} x_i", lambda: x @ A.sum(axis=1) - np.diagonal(A) @ x),
    (r"x_j \sum_{i\ne j} A_{ij} x_i", lambda: x * (np.einsum("ij,i->j", A, x) - np.diagonal(A) * x)),
    (r"A^\top_{ij} x_i", lambda: A.T * x[:, None]),
    (r"(x - x_1\mathbf{1})_+", lambda: np.maximum(x - x[0], 0)),
    (r"\sum_{i: x_i > 0} x_i", lambda: np.maximum(x, 0).sum()),
    (r"x^\top A x", lambda: x @ A @ x),
    (r"x \cdot x", lambda: x @ x),
    (r"\langle x, A x\rangle", lambda: x @ A @ x),
    (r"\operatorname{tr}(A^T A)", lambda: np.trace(A.T @ A)),
    (r"\mathrm{tr}(A) I + A", lambda: np.trace(A) * s.eye("n") + A),
    (r"\mathbf{1}^\top x", lambda: x.sum()),
    (r"X\,\mathbf{1}_n", lambda: X.sum(axis=1)),
    (r"\max(0, W x + b)", lambda: np.maximum(W @ x + b, 0)),
    (r"\mathbb{1}[s>0] \odot y", lambda: np.where(u > 0, y, 0)),
    (r"\mathbf{1}\{s > 0\} ⊙ y", lambda: np.where(u > 0, y, 0)),
    (r"\tanh'(s)", lambda: 1 - np.tanh(u) ** 2),
    (r"\frac{e^{z_i}}{\sum_{l=1}^m e^{z_l}}", lambda: np.exp(z) / np.exp(z).sum()),
    (r"\operatorname{softmax}(z)", lambda: np.exp(z) / np.exp(z).sum()),
    (r"\log\sum_l \exp(z_l)", lambda: np.log(np.exp(z).sum())),
    (r"\operatorname{diag}(1-z^2) W", lambda: (1 - z**2)[:, None] * W),
    (r"\begin{cases} 1 & x_i > 0 \\ 0 & \text{otherwise}\end{cases}", lambda: np.where(x > 0, 1, 0)),
    (r"\frac{\partial C}{\partial W}", lambda: s.gradient(C, W)),
    (r"∂C/∂W", lambda: s.gradient(C, W)),
    (r"\nabla_x C + λ x", lambda: s.gradient(C, x) + lam * x),
    (r"\frac{\partial C}{\partial W_{ij}}", lambda: s.gradient(C, W)),
    (r"\frac{\partial z_i}{\partial s_j}", lambda: s.jacobian(z, u)),
    (r"\frac{\partial C}{\partial z}\frac{\partial z}{\partial s}", lambda: s.gradient(C, u)),
    (r"\left(\frac{\partial z}{\partial s}\right)^\top \frac{\partial C}{\partial z}", lambda: s.gradient(C, u)),
    (r"\nabla_x^2 (x^\top A x)", lambda: A + A.T),
    (r"\frac{\partial^2 (x'Ax)}{\partial x\,\partial x'}", lambda: A + A.T),
    (r"\frac{\partial}{\partial x} x^\top A x", lambda: (A + A.T) @ x),
    (r"A_{12} x_3", lambda: A[0, 1] * x[2]),
    (r"-\frac{x}{2} + x/4", lambda: -x / 4),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "program"), READINGS, ids=[r[0] for r in READINGS])
def test_reading(latex, program):
    read, written = formula(latex, M.values()), program()
    assert read.extents == written.extents
    np.testing.assert_allclose(numbers(read), numbers(written), rtol=1e-10)


@pytest.mark.parametrize(
    ("latex", "kind", "message"),
    [
        (r"W^\top x", ShapeMisfit, "first factor's transpose would fit"),
        (r"x y", ShapeMisfit, "write x⊤y for the inner product"),
        (r"x + y", ShapeMisfit, "do not fit"),
        (r"x + x^\top", ShapeMisfit, "a row and a column meet"),
        (r"W_{ij} A_{ij}", ShapeMisfit, "the index i runs over"),
        (r"Q x", UnknownSymbol, "Q is not declared"),
        (r"\frac{x}{", ReadingError, "never closed"),
        (r"x + ", ReadingError, "breaks off"),
        (r"\foo x", ReadingError, r"\\foo is not known"),
        (r"\input{/etc/passwd}", ReadingError, "not known"),
        (r"x^{9^{9^{9}}}", ReadingError, "beyond the bound"),
        (r"{" * 60 + "x" + "}" * 60, ReadingError, "nested deeper"),
        ("x+" * 4000 + "x", ReadingError, "split it"),
        (r"x \pm x", ReadingError, "two meanings"),
        (r"A_{47}", ShapeMisfit, "entry 4 of A"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(latex, kind, message):
    with pytest.raises(kind, match=message) as caught:
        formula(latex, {**M, "A": s.tensor("A", (3, 3))} if "47" in latex else M)
    start, end = caught.value.span
    assert 0 <= start <= end <= len(latex)


def test_scripts_and_accents_are_parts_of_names():
    W1, W2, ybar = s.tensor("W_1", "m n"), s.tensor("W_l2", "k m", tex="W^{(2)}"), s.tensor("y_hat", "k")
    assert formula(r"W^{(2)} W_1", [W1, W2]).shape == (s.Dim("k"), s.Dim("n"))
    assert formula(r"\hat{y}^\top W^{(2)}", [ybar, W2]).shape == (s.Dim("m"),)
    assert formula("ŷ", [ybar]) is ybar

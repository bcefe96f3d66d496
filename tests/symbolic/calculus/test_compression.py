"""Compressed derivatives: the terms give back the dense derivative exactly, and hold no more than they must."""

from dataclasses import replace

import numpy as np
import pytest

import symbolic as s
from symbolic.notation import latex
from tests.symbolic.programs import SHAPED, SMOOTH, random_program, seeded

X, w, y = s.tensor("X", "n m"), s.tensor("w", "m", role="parameter"), s.tensor("y", "n", role="target")
z, A, B = s.tensor("z", "k"), s.tensor("A", "k k"), s.tensor("B", "m m")
U, V, M, G = s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m"), s.tensor("G", "k m")
Z, T, t = s.tensor("Z", "n k"), s.tensor("T", "n k", role="target"), s.tensor("t", "k", role="target")
W, b, x = s.tensor("W", "k m", role="parameter"), s.tensor("b", "k"), s.tensor("x", "m")
label, signal, kernel = s.tensor("label", "n", dtype="int"), s.tensor("signal", 9), s.tensor("kernel", 3)
image, filters = s.tensor("image", (2, 5, 6)), s.tensor("filters", (3, 2, 2, 3))
s_1 = (W @ x + b).named("s_1")

# name: the derivative, its axes of rows (None for half), the kind, how many numbers are stored
CASES = {
    "a constant": (s.hessian(w @ x, w), None, "zero", 0),
    "elementwise": (s.jacobian(np.tanh(z), z), None, "diagonal", "k"),
    "elementwise on a matrix": (s.hessian(np.sum(np.log1p(np.exp(Z)) * T), Z), None, "diagonal", "k*n"),
    "identity": (s.hessian(np.sum(w**2), w), None, "diagonal", 0),
    "softmax": (s.jacobian(s.softmax(z), z), None, "sum", "k"),
    "softmax of rows": (s.jacobian(s.softmax(Z), Z), None, "sum", "k*n"),
    "norm": (s.hessian(np.linalg.norm(z), z), None, "sum", "k"),
    "least squares": (s.hessian(np.sum((X @ w - y) ** 2), w), None, "low_rank", "m**2"),
    "ridge": (s.hessian(np.sum((X @ w - y) ** 2) + np.sum(w**2), w), None, "sum", "m**2"),
    "logistic": (s.hessian(s.binary_cross_entropy(X @ w, y), w), None, "low_rank", "m**2"),
    "factorisation": (s.hessian(np.sum((U @ V.T - M) ** 2), U), None, "kronecker", "k**2"),
    "factorisation, mixed": (s.hessian(np.sum((U @ V.T - M) ** 2), U, V), None, "sum", "k*m + k*n + m*n"),
    "two matrices": (s.jacobian(A @ G @ B, G), None, "kronecker", "k**2 + m**2"),
    "a layer by its weights": (s.jacobian(np.tanh(s_1), W), 1, "block_diagonal", "k + m"),
    "a layer's loss by its weights": (s.hessian(s.cross_entropy(s_1, t), W), None, "kronecker", "k + m"),
    "softmax regression": (
        s.hessian(s.cross_entropy(Z @ W, s.tensor("c", "n", dtype="int")), W), None, "sum", "k**2*m**2 + k**2*m"),
    "transpose": (s.jacobian(Z.T, Z), None, "selection", 0),
    "flip": (s.jacobian(z[::-1], z), None, "selection", 0),
    "embedding": (s.jacobian(Z[label], Z), None, "selection", 0),
    "convolution": (s.jacobian(np.convolve(signal, kernel, "valid"), signal), None, "scattered", 3),
    "convolution of images": (s.jacobian(s.conv2d(image, filters), image), None, "scattered", 36),
    "differences": (s.hessian(np.sum((z[1:] - z[:-1]) ** 2), z), None, "sum", "3*k"),
    "cumulative sum": (s.jacobian(np.cumsum(z), z), None, "dense", "k**2"),
    "quadratic form": (s.hessian(z @ A @ z, z), None, "dense", "k**2"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_kind_and_size(name):
    derivative, rows, kind, stored = CASES[name]
    c = s.compressed(derivative, rows)
    assert c.kind == kind
    assert str(c.entries) == str(stored)


@pytest.mark.parametrize("name", CASES)
def test_the_terms_give_back_the_derivative(name):
    derivative, rows, _, _ = CASES[name]
    c = s.compressed(derivative, rows)
    assert c.dense().shape == derivative.shape
    assert s.check(c.dense(), derivative, diagnosis=False).status in ("proved", "agrees")


@pytest.mark.parametrize("name", [n for n in CASES if n != "a constant"])
def test_a_wrong_number_in_a_term_is_found(name):
    derivative, rows, _, _ = CASES[name]
    c = s.compressed(derivative, rows)
    first = replace(c.terms[0], coefficient=c.terms[0].coefficient * 1001 / 1000)
    wrong = replace(c, terms=(first, *c.terms[1:]))
    assert s.check(wrong.dense(), derivative, diagnosis=False).status == "refuted"


# name: how the places of the last term are changed
MISPLACED = {
    "softmax": lambda i, j: (i, i),
    "two matrices": lambda i, j, a, b: (a, j, i, b),
    "convolution": lambda i, j: (i, j + 1),
    "differences": lambda i, j: (i, i + 1),
    "factorisation, mixed": lambda i, j, a, b: (i, b, a, j),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_a_factor_in_the_wrong_place_is_found(name):
    derivative, rows, _, _ = CASES[name]
    c = s.compressed(derivative, rows)
    moved = replace(c.terms[-1], places=MISPLACED[name](*c.terms[-1].places))
    wrong = replace(c, terms=(*c.terms[:-1], moved))
    assert s.check(wrong.dense(), derivative, diagnosis=False).status == "refuted"


@pytest.mark.parametrize("seed", range(30))
def test_random_programs(seed):
    program = random_program(seeded(seed), kinds=SMOOTH if seed % 2 else SMOOTH + SHAPED)
    for leaf in program.leaves:
        derivative = s.jacobian(program.output, leaf)
        if not program.output.ndim or not leaf.ndim:
            continue
        c = s.compressed(derivative, program.output.ndim)
        one, two = (np.array(program.evaluate(u), dtype=float) for u in (c.dense(), derivative))
        assert np.allclose(one, two, rtol=1e-12, atol=1e-12)
        sums = replace(c, terms=tuple(term.contracted for term in c.terms))
        assert np.allclose(np.array(program.evaluate(sums.dense()), dtype=float), two, rtol=1e-12, atol=1e-12)


def test_what_is_printed():
    assert str(s.compressed(CASES["softmax"][0])) == "diag(softmax(z)) - softmax(z) softmax(z)ᵀ"
    assert str(s.compressed(CASES["factorisation"][0])) == "I ⊗ (2 Vᵀ V)"
    assert str(s.compressed(CASES["two matrices"][0])) == "A ⊗ Bᵀ"
    assert str(s.compressed(s.jacobian(np.tanh(Z), Z))) == "diag(𝟏 𝟏ᵀ - tanh(Z)^⊙2)"
    assert str(s.compressed(CASES["a constant"][0])) == "0"
    assert s.compressed(CASES["factorisation"][0])._repr_latex_() == r"$\displaystyle I \otimes (2 V^{\top} V)$"
    own = z @ A @ z
    assert str(s.compressed(s.hessian(own, z))) == "A + Aᵀ"
    assert latex(s.compressed(CASES["softmax"][0]).form).startswith(r"\operatorname{diag}")


def test_findings_are_those_of_the_dense_derivative():
    c = s.compressed(CASES["least squares"][0])
    assert [str(f) for f in c.findings] == [str(f) for f in s.structure(c.tensor)]


@pytest.mark.parametrize("rows", [0, 2, 5])
def test_rows_must_leave_columns(rows):
    with pytest.raises(s.ShapeError, match="at least one for rows and one for columns"):
        s.compressed(CASES["softmax"][0], rows)
    with pytest.raises(s.ShapeError, match=r"z \(k,\) has 1 axes"):
        s.compressed(z)


def test_a_large_program_is_left_as_it_is_in_reasonable_time():
    from symbolic.language.gallery import GALLERY

    loss = GALLERY["gru-net"].build()
    u = next(p for p in s.variables(loss).values() if p.name == "U")
    assert s.compressed(s.hessian(loss, u)).kind == "dense"

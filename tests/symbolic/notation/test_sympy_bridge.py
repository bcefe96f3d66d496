"""Tensors to SymPy and back: the same numbers on both sides."""

import numpy as np
import pytest
import sympy as sp

import symbolic as s
from symbolic import tensor
from symbolic.notation.sympy_bridge import from_sympy, symbol_of, to_sympy
from tests.symbolic.notation.programs import SIZES, SYMBOLS, declared, random_program, random_values

W, x, b, y = tensor("W", "m n"), tensor("x", "n"), tensor("b", "m"), tensor("y", "m")
A, B, u, c = tensor("A", "n n"), tensor("B", "n n"), tensor("u", "n"), tensor("c")
LEAVES = [W, x, b, y, A, B, u, c]
SYMBOL = {symbol_of(t): t for t in LEAVES}

MATRIX = [
    W @ x + b,
    W.T @ y,
    x @ A @ u,
    np.sum((W @ x - y) ** 2),
    np.outer(y, x),
    A * B - 2 * A.T,
    np.linalg.inv(A) @ x,
    np.linalg.det(A) * c,
    np.trace(A @ B),
    np.diag(x) @ A,
    np.tanh(W @ x + b),
    np.maximum(x, 0) * u,
    np.exp(x) / np.sum(np.exp(x)),
    1 / (1 + x),
    A @ A @ x,
    np.linalg.norm(x),
    s.gradient(np.sum((np.tanh(W @ x + b) - y) ** 2), W),
    s.gradient(np.linalg.slogdet(A)[1], A),
]
INDEXED = [
    x[::-1],
    np.cumsum(x),
    s.jacobian(W @ x, W),
    s.softmax(x),
    np.prod(x),
    x[1:] * u[:-1],
]


def numbers(t, values):
    return np.array(s.evaluate(t, values, dims=SIZES, precision=17), dtype=float)


def as_numbers(expression, values):
    """A SymPy expression of matrix symbols, evaluated by SymPy with explicit matrices."""
    explicit = {
        symbol_of(t): sp.Float(float(v)) if v.ndim == 0 else sp.ImmutableMatrix(v.reshape(v.shape[0], -1).tolist())
        for t, v in values.items()
    }
    known = expression.xreplace(SYMBOLS | explicit)
    result = known.replace(lambda e: isinstance(e, sp.Trace), lambda e: e.arg.as_explicit().trace()).doit()
    result = result.as_explicit() if hasattr(result, "as_explicit") else result
    result = result.doit().evalf(20)
    return np.array(result.tolist() if hasattr(result, "tolist") else result, dtype=float)


@pytest.mark.parametrize("t", MATRIX)
def test_sympy_computes_the_same(t):
    values = random_values(LEAVES, 1)
    expected = numbers(t, values)
    np.testing.assert_allclose(as_numbers(to_sympy(t, "matrix"), values).reshape(expected.shape), expected, rtol=1e-9)


@pytest.mark.parametrize("t", MATRIX)
def test_there_and_back_as_matrices(t):
    values = random_values(LEAVES, 2)
    back = from_sympy(to_sympy(t, "matrix"), SYMBOL)
    assert back.extents == t.extents
    np.testing.assert_allclose(numbers(back, values), numbers(t, values), rtol=1e-9)


@pytest.mark.parametrize(
    "t", INDEXED[1:3] + INDEXED[4:5] + [x[::-1], W @ x + b, x @ A @ u, s.gradient(np.sum((W @ x) ** 2), x)]
)
def test_there_and_back_by_entries(t):
    values = random_values(LEAVES, 3)
    bases = {sp.IndexedBase(v.label, shape=v.extents, real=True): v for v in LEAVES if v.ndim}
    expression = to_sympy(t, "indexed")
    letters = [v.name for v in expression.signature] if t.ndim else []
    back = from_sympy(expression, bases, dict(zip(letters, t.shape, strict=True)))
    assert back.extents == t.extents
    np.testing.assert_allclose(numbers(back, values), numbers(t, values), rtol=1e-9)


@pytest.mark.parametrize("t", INDEXED)
def test_indexed_sums_compute_the_same(t):
    values = random_values(LEAVES, 4)
    expression = to_sympy(t)
    expected = numbers(t, values)
    body = expression.expr if isinstance(expression, sp.Lambda) else expression
    arrays = {v.label: a for v, a in values.items()}
    for point in np.ndindex(expected.shape):
        at = dict(zip(expression.signature, map(sp.Integer, point), strict=True)) if expected.ndim else {}
        value = body.xreplace(at).xreplace(SYMBOLS).doit()
        entries = {e: sp.Float(arrays[e.base.name][tuple(map(int, e.indices))]) for e in value.atoms(sp.Indexed)}
        assert float(value.xreplace(entries)) == pytest.approx(expected[point])


def test_explicit_matrices():
    M, v = tensor("M", (2, 3)), tensor("v", 3)
    values = random_values([M, v], 5)
    for t in (M @ v, np.outer(M @ v, v), np.max(M @ v), s.hessian(np.sum(np.tanh(v) ** 2), v), M * v, M[0], M.T):
        expected = numbers(t, values)
        explicit = to_sympy(t, "explicit")
        assert not explicit.atoms(sp.Sum)
        assert explicit.shape == (*expected.shape, 1)[:2] if expected.ndim else True
        np.testing.assert_allclose(as_numbers(explicit, values).reshape(expected.shape), expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_there_and_back(seed):
    t, leaves = random_program(np.random.default_rng(seed), depth=3)
    values = random_values(leaves.values(), seed)
    try:
        expression = to_sympy(t, "matrix")
    except s.UnsupportedError:
        pytest.skip("no matrix form")
    back = from_sympy(expression, {symbol_of(v): v for v in leaves.values()})
    np.testing.assert_allclose(numbers(back, values), numbers(t, values), rtol=1e-8, atol=1e-12)


def test_sympys_own_symbols_and_dimensions():
    k = sp.Symbol("k")
    M, v = sp.MatrixSymbol("M", k, k), sp.MatrixSymbol("v", k, 1)
    expression = (M + 3 * sp.Identity(k)).I * M.T * v + sp.OneMatrix(k, 1) * sp.Trace(M) / k
    t = from_sympy(expression, {M: A, v: x})
    values = random_values(LEAVES, 6)
    a, q = values[A], values[x]
    expected = np.linalg.inv(a + 3 * np.eye(2)) @ a.T @ q + np.trace(a) / 2
    np.testing.assert_allclose(numbers(t, values), expected, rtol=1e-12)


def test_entries_of_matrices():
    """SymPy turns the entry of a product into sums over entries of its factors."""
    k = sp.Symbol("k")
    M, N, v = sp.MatrixSymbol("M", k, k), sp.MatrixSymbol("N", k, k), sp.MatrixSymbol("v", k, 1)
    given = {M: A, N: B, v: x}
    i, j = sp.symbols("i j")
    values = random_values(LEAVES, 9)
    a, b, q = values[A], values[B], values[x]
    cases = [
        (3 * (v.T * M * v)[0, 0] + 1, 3 * q @ a @ q + 1),
        (sp.Lambda((i, j), (M * N)[i, j] - M[j, i] ** 2), a @ b - a.T**2),
        (sp.Sum(sp.Inverse(M)[i, i], (i, 0, k - 1)), np.trace(np.linalg.inv(a))),
        ((v.T * v)[0, 0] * M * v, q @ q * a @ q),
    ]
    for expression, expected in cases:
        np.testing.assert_allclose(numbers(from_sympy(expression, given), values), expected, rtol=1e-12)


def test_functions_of_sympy():
    d = sp.Symbol("d", real=True)
    v = sp.MatrixSymbol("v", sp.Symbol("n"), 1)
    hinge = v.applyfunc(sp.Lambda(d, sp.Piecewise((d**2, d > 1), (sp.Abs(d) + sp.Max(d, 0), True))))
    t = from_sympy(hinge, {v: x})
    values = {x: np.array([1.5, 0.5])}
    np.testing.assert_allclose(numbers(t, values), [2.25, 1.0])


def test_sympy_prints_it():
    assert sp.latex(to_sympy(W @ x + b)) == "W x + b"


REFUSED = [
    (lambda: from_sympy("A*x", {}), "reads SymPy objects, not str"),
    (lambda: from_sympy(sp.Symbol("q"), {}), "no tensor was given for the symbol q"),
    (lambda: from_sympy(to_sympy(x[::-1]), {sp.IndexedBase("x", shape=x.extents, real=True): x}), "give it in extents"),
    (lambda: from_sympy(sp.gamma(symbol_of(c)), SYMBOL), "does not know the function gamma"),
    (lambda: from_sympy(sp.MatrixSymbol("A", 2, 5).T, {sp.MatrixSymbol("A", 2, 5): A}), "has shape .* stands for A"),
    (lambda: to_sympy(W @ x, "explicit"), "numbers for the dimensions m, n"),
    (lambda: to_sympy(x[::-1], "matrix"), "has no matrix form"),
    (lambda: to_sympy(np.max(x)), "SymPy has no max over an index that runs over a named dimension"),
    (lambda: to_sympy(x, "matirx"), "Did you mean 'matrix'"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refusals_say_what_to_do(call, message):
    with pytest.raises(s.ChainruleError, match=message):
        call()


def test_declared_tensors_are_all_convertible():
    for t in declared().values():
        assert from_sympy(to_sympy(t), {symbol_of(t): t}).extents == t.extents

"""Structured arrays do what their dense arrays do: products, transposes, diagonals, solutions, SciPy's iterations."""

import numpy as np
import pytest
import scipy.sparse.linalg

import numeric
import symbolic as s
from numeric.structured import StructuredArray
from symbolic.program.graph import leaves
from tests.symbolic.calculus.test_compression import CASES
from tests.symbolic.programs import SHAPED, SMOOTH, random_program, seeded, size

ALL_SIZES = ({"n": 6, "m": 3, "k": 4}, {"n": 2, "m": 7, "k": 5}, {"n": 1, "m": 2, "k": 1})


def arrays_for(tensors, sizes, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for t in tensors:
        shape = [int(e.subs({sym: sizes[str(sym)] for sym in e.free_symbols})) for e in t.extents]
        found.append(
            rng.integers(0, 2, shape) % min(sizes.values()) if t.dtype == "int" else rng.uniform(0.3, 1.4, shape)
        )
    return found


def both(derivative, rows, sizes, **options):
    """The structured array and, computed on its own, the dense one."""
    given = {u.serial: u for u in leaves([derivative]) if u.value is None}
    for name in sorted({str(sym) for e in derivative.extents for sym in e.free_symbols}):
        given[name] = s.tensor(f"size_of_{name}", name)
    f = numeric.lambdify(list(given.values()), s.compressed(derivative, rows), **options)
    g = numeric.lambdify(list(given.values()), derivative)
    arrays = arrays_for(given.values(), sizes)
    return f(*arrays), g(*arrays)


@pytest.fixture(
    params=[pytest.param((n, z), id=f"{n}-{k}") for n in CASES for k, z in enumerate(ALL_SIZES)], scope="module"
)
def pair(request):
    name, sizes = request.param
    derivative, rows, _, _ = CASES[name]
    if min(sizes.values()) == 1 and name == "differences":
        pytest.skip("a single entry has no differences")
    return both(derivative, rows, sizes)


def matrix(h, dense):
    return dense.reshape(int(np.prod(h.row_shape)), int(np.prod(h.column_shape)))


def test_dense(pair):
    h, dense = pair
    assert h.shape == dense.shape
    assert h.dtype == dense.dtype
    assert np.allclose(h.dense(), dense, rtol=1e-12, atol=1e-13)
    assert np.allclose(np.asarray(h), dense, rtol=1e-12, atol=1e-13)


def test_products(pair):
    h, dense = pair
    rng, m = np.random.default_rng(1), matrix(h, dense)
    v, u = rng.normal(size=h.column_shape), rng.normal(size=h.row_shape)
    assert np.allclose(h @ v, (m @ v.ravel()).reshape(h.row_shape))
    assert np.allclose(u @ h, (u.ravel() @ m).reshape(h.column_shape))
    assert np.allclose(h @ v.ravel(), m @ v.ravel())
    many = rng.normal(size=(m.shape[1], 3))
    assert np.allclose(h @ many, m @ many)
    assert np.allclose(h.T.dense(), np.moveaxis(dense, range(h.rows), range(-h.rows, 0)))
    assert np.allclose(h.operator @ many, m @ many)
    assert np.allclose(h.operator.H @ u.ravel(), m.T @ u.ravel())


def test_algebra(pair):
    h, dense = pair
    assert np.allclose((2 * h - h / 4).dense(), 1.75 * dense)
    assert np.allclose((-h).dense(), -dense)
    if h.row_shape == h.column_shape:
        m = matrix(h, dense)
        assert np.allclose(h.diagonal().ravel(), np.diag(m))
        assert np.isclose(h.trace(), np.trace(m))
        assert np.allclose(matrix(h, h.shifted(0.5).dense()), m + 0.5 * np.eye(len(m)))


def test_solutions(pair):
    h, dense = pair
    if h.row_shape != h.column_shape:
        with pytest.raises(s.ShapeError, match="as many rows as columns"):
            h.solve(np.ones(h.row_shape))
        return
    m, b = matrix(h, dense), np.random.default_rng(2).normal(size=h.row_shape)
    for shift in (0.0, 3.0):
        solvable = m + shift * np.eye(len(m))
        if np.linalg.cond(solvable) > 1e10:
            continue
        x = h.shifted(shift).solve(b) if shift else h.solve(b)
        assert x.shape == b.shape
        assert np.allclose(x.ravel(), np.linalg.solve(solvable, b.ravel()), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("seed", range(24))
def test_random_programs_against_the_exact_evaluator(seed):
    program = random_program(seeded(seed + 100), kinds=SMOOTH if seed % 2 else SMOOTH + SHAPED)
    rng = np.random.default_rng(seed)
    arrays = [
        np.array([float(program.values[t][p]) for p in np.ndindex(*map(size, t.extents))]).reshape(
            [size(e) for e in t.extents]
        )
        for t in program.leaves
    ]
    for leaf in program.leaves:
        if not program.output.ndim or not leaf.ndim:
            continue
        derivative = s.jacobian(program.output, leaf)
        h = numeric.lambdify(list(program.leaves), s.compressed(derivative, program.output.ndim))(*arrays)
        true = np.array(program.evaluate(derivative), dtype=float)
        assert np.allclose(h.dense(), true, rtol=1e-9, atol=1e-11)
        v = rng.normal(size=h.column_shape)
        assert np.allclose(h @ v, np.tensordot(true, v, leaf.ndim), rtol=1e-9, atol=1e-10)


# -- what is stored ----------------------------------------------------------------------------------------------------


def test_sums_are_carried_out_where_that_is_smaller():
    derivative = CASES["least squares"][0]
    tall, _ = both(derivative, None, {"n": 60, "m": 3})
    wide, dense = both(derivative, None, {"n": 3, "m": 60})
    assert (tall.stored, wide.stored, wide.size) == (9, 180, 3600)
    x = wide.shifted(0.1).solve(np.ones(60))  # three outer products and a diagonal
    assert np.allclose((dense + 0.1 * np.eye(60)) @ x, 1)


def test_a_large_factorisation_is_never_dense():
    U, V, M = s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m")
    h = numeric.lambdify([U, V, M], s.compressed(s.hessian(np.sum((U @ V.T - M) ** 2), U)))(
        np.ones((20_000, 3)), np.eye(5, 3), np.ones((20_000, 5))
    )
    assert h.shape == (20_000, 3, 20_000, 3)
    assert h.stored == 9  # dense: 29 GB
    assert np.allclose(h @ np.ones((20_000, 3)), 2)
    assert np.allclose(h.solve(np.ones((20_000, 3))), 0.5)
    assert repr(h) == "<StructuredArray (20000, 3, 20000, 3): 9 numbers for 3600000000>"


@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"backend": "numba"}])
def test_options(options):
    if "backend" in options:
        pytest.importorskip("numba")
    for name in ("softmax of rows", "factorisation", "convolution", "embedding", "ridge", "identity"):
        derivative, rows, _, _ = CASES[name]
        h, dense = both(derivative, rows, ALL_SIZES[0], **options)
        assert h.dtype == options.get("dtype", "float64")
        assert h.dense().dtype == h.dtype == (h @ np.ones(h.column_shape, h.dtype)).dtype
        assert np.allclose(h.dense(), dense, rtol=1e-5)


def test_outputs_dense_and_structured_together():
    z = s.tensor("z", "k")
    loss = s.logsumexp(z)
    h = s.hessian(loss, z)
    f = numeric.lambdify(z, [loss, s.gradient(loss, z), s.compressed(h), h])
    value, gradient, structured, dense = f(np.array([1.0, 2.0, 4.0]))
    assert np.allclose(structured.dense(), dense)
    assert isinstance(dense, np.ndarray)
    assert np.isclose(gradient.sum(), 1)
    assert np.isclose(value, np.log(np.exp([1.0, 2.0, 4.0]).sum()))
    assert "softmax" in f.source or "exp" in f.source
    assert "a structured array (k, k)" in repr(f)


def test_extreme_logits():
    z = s.tensor("z", "k")
    for loss in (s.logsumexp(z), np.sum(np.log(1 + np.exp(z)))):
        h = numeric.lambdify(z, s.compressed(s.hessian(loss, z)))(np.array([800.0, -800.0, 0.0]))
        assert np.isfinite(h.dense()).all()


# -- SciPy and NumPy around it -----------------------------------------------------------------------------------------


def test_conjugate_gradients_and_eigenvalues():
    h, dense = both(CASES["ridge"][0], None, {"n": 3, "m": 40})
    x, failed = scipy.sparse.linalg.cg(h, np.ones(40), rtol=1e-10)
    assert not failed
    assert np.allclose(dense @ x, 1, atol=1e-6)
    largest = scipy.sparse.linalg.eigsh(h.operator, k=1, return_eigenvectors=False)
    assert np.isclose(largest[0], np.linalg.eigvalsh(dense)[-1])
    blocks, dense = both(CASES["softmax of rows"][0], None, ALL_SIZES[0])
    x, failed = scipy.sparse.linalg.cg(blocks.shifted(1.0).operator, np.ones(24), rtol=1e-10)
    assert not failed
    assert np.allclose((dense.reshape(24, 24) + np.eye(24)) @ x, 1)


def test_numpy_makes_it_dense_only_when_asked():
    h = StructuredArray.of_diagonal([1, 2, 3])
    assert np.array_equal(np.asarray(h, dtype="float32"), np.diag([1.0, 2.0, 3.0]))
    assert isinstance(np.ones(3) @ h, np.ndarray)
    with pytest.raises(TypeError):
        np.exp(h)
    with pytest.raises(ValueError, match="no dense array to share"):
        np.array(h, copy=False)


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softmax", "softmax of rows", "norm", "factorisation", "a constant"])
def test_singular_arrays_are_refused(name):
    h, _ = both(CASES[name][0], None, {"n": 4, "m": 3, "k": 5})
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        h.solve(np.ones(h.row_shape))


def test_shapes_are_checked():
    h, _ = both(CASES["factorisation"][0], None, ALL_SIZES[0])
    with pytest.raises(s.ShapeError, match=r"takes an array of shape \(6, 4\), a flat one \(24,\)"):
        _ = h @ np.ones(7)
    with pytest.raises(s.ShapeError, match="do not add up"):
        _ = h + StructuredArray.of_diagonal(np.ones(3))
    with pytest.raises(s.ShapeError, match="shifted: expected as many rows"):
        both(CASES["factorisation, mixed"][0], None, ALL_SIZES[0])[0].shifted(1.0)


def test_frameworks_are_refused():
    z = s.tensor("z", "k")
    with pytest.raises(s.UnsupportedError, match="structured arrays are NumPy's"):
        numeric.lambdify(z, s.compressed(s.jacobian(np.tanh(z), z)), backend="torch")


def test_arguments_are_checked():
    U, V = s.tensor("U", "n k"), s.tensor("V", "m k")
    c = s.compressed(s.hessian(np.sum((U @ V.T) ** 2), U))
    with pytest.raises(s.DeclarationError, match="dimension n, which is on none of the arguments"):
        numeric.lambdify(V, c)
    with pytest.raises(s.DeclarationError, match="not among the arguments"):
        numeric.lambdify(U, c)
    f = numeric.lambdify([U, V], c)
    with pytest.raises(s.EvaluationError, match="expected 2 arrays"):
        f(np.ones((2, 2)))
    with pytest.raises(s.EvaluationError, match="the dimension k is 2 in U and 3 in V"):
        f(np.ones((2, 2)), np.ones((2, 3)))


def test_given_arrays_are_not_shared():
    X, w = s.tensor("X", "n m"), s.tensor("w", "m")
    f = numeric.lambdify([X, w], s.compressed(s.hessian(np.sum((X @ w) ** 2), w)))
    data = np.ones((2, 9))
    h = f(data, np.ones(9))
    before = h.dense()
    data[:] = 7
    assert np.array_equal(h.dense(), before)

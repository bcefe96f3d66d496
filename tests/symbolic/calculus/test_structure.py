"""Structure is said where it follows, and only where it holds: every claim is checked at random numbers."""

import itertools

import numpy as np
import pytest

import numeric
import symbolic as s
from symbolic import structure
from symbolic.calculus.structure import KINDS
from symbolic.language.gallery import GALLERY
from symbolic.program.graph import leaves
from tests.symbolic.programs import SHAPED, SIZES, SMOOTH, random_program, random_values, seeded

X, w, y = s.tensor("X", "n m"), s.tensor("w", "m", role="parameter"), s.tensor("y", "n", role="target")
z, A, B = s.tensor("z", "k"), s.tensor("A", "k k"), s.tensor("B", "m m")
U, V, M = s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m")
Z, q = s.tensor("Z", "n k"), s.tensor("q", 2)
r3 = s.tensor("r3", 3)
G, t, one = s.tensor("G", "k m"), s.tensor("t", "m"), s.tensor("one", "m", assume="one_hot")
labels = s.tensor("labels", "n", dtype="int")
signal, kernel = s.tensor("signal", 9), s.tensor("kernel", 3)


def found(t, among=()):
    return {f.kind for f in structure(t, among)}


def examples():
    squares = np.sum((X @ w - y) ** 2)
    yield "least squares", s.hessian(squares, w), {"symmetric", "low_rank", "positive_semidefinite"}
    yield "logistic", s.hessian(s.binary_cross_entropy(X @ w, y), w), {
        "symmetric", "low_rank", "positive_semidefinite"}  # fmt: skip
    yield "softmax", s.jacobian(s.softmax(z), z), {
        "symmetric", "low_rank", "sums_to_zero", "positive_semidefinite"}  # fmt: skip
    yield "log-sum-exp", s.hessian(s.logsumexp(z), z), {
        "symmetric", "low_rank", "sums_to_zero", "positive_semidefinite"}  # fmt: skip
    yield "softmax of rows", s.jacobian(s.softmax(Z), Z), {
        "symmetric", "block_diagonal", "sums_to_zero", "positive_semidefinite"}  # fmt: skip
    yield "tanh", s.jacobian(np.tanh(z), z), {"symmetric", "diagonal", "positive_semidefinite"}
    yield "sine", s.jacobian(np.sin(z), z), {"symmetric", "diagonal"}
    yield "relu twice", s.hessian(np.sum(s.relu(z)), z), {"zero"}
    yield "quadratic form", s.hessian(z @ A @ z, z), {"symmetric"}
    yield "linear map", s.jacobian(A @ z, z), set()
    yield "outer product", np.outer(z, np.exp(z)), {"rank_one"}
    yield "two outer products", np.outer(z, np.exp(z)) + np.outer(z**2, z), {"low_rank"}
    yield "factorisation", s.hessian(np.sum((U @ V.T - M) ** 2), U), {
        "symmetric", "block_diagonal", "kronecker", "positive_semidefinite"}  # fmt: skip
    yield "two matrices", s.jacobian(A @ s.tensor("G", "k m") @ B, s.tensor("G", "k m")), {"zero"}
    yield "saddle", s.hessian(q[0] * q[1], q), {"symmetric"}
    yield "a single entry", s.hessian(r3[0] * r3[1], r3), {"symmetric"}
    yield "a shift", s.jacobian(np.roll(r3, 1), r3), {"banded"}
    yield "concave", s.hessian(-np.sum(z**2), z), {"symmetric", "diagonal"}
    yield "Gauss–Newton", s.gauss_newton(np.tanh(X @ w), w), {"symmetric", "low_rank", "positive_semidefinite"}
    yield "Fisher", s.fisher(-((X @ w - y) ** 2), w), {"symmetric", "low_rank", "positive_semidefinite"}
    yield "norm", s.hessian(np.linalg.norm(z), z), {"symmetric", "low_rank"}
    yield "layer norm", s.jacobian(s.layer_norm(z), z), {"symmetric", "low_rank", "sums_to_zero"}
    yield "softmax regression", s.hessian(s.cross_entropy(Z @ G, labels), G), {
        "symmetric", "sums_to_zero", "positive_semidefinite"}  # fmt: skip
    yield "one class of several", s.hessian(s.cross_entropy(G.T @ z, one), G), {
        "symmetric", "sums_to_zero", "positive_semidefinite"}  # fmt: skip
    yield "convolution", s.jacobian(np.convolve(signal, kernel, "valid"), signal), {"banded", "toeplitz"}
    yield "differences", s.hessian(np.sum((z[1:] - z[:-1]) ** 2), z), {"banded"}
    yield "cumulative sum", s.jacobian(np.cumsum(z), z), {"triangular"}
    yield "cumulative sum from the end", s.jacobian(np.cumsum(z[::-1])[::-1], z), {"triangular"}
    yield "third derivative", s.jacobian(s.hessian(np.sum(np.exp(X @ w)), w), w), {"symmetric"}
    # What looks like a structure and is none.
    yield "entrywise product with the transpose", A * A.T, {"symmetric"}
    yield "twice the outer product", s.jacobian(s.softmax(z), z) - np.outer(s.softmax(z), s.softmax(z)), {
        "symmetric", "low_rank"}  # fmt: skip
    yield "targets of any sign", s.hessian(s.cross_entropy(G.T @ z, t), G), {"symmetric", "sums_to_zero"}
    yield "weights of any sign", X.T @ np.diag(y) @ X, {"symmetric", "low_rank"}
    yield "difference of Gram matrices", X.T @ X - M.T @ M, {"symmetric", "low_rank"}
    yield "antisymmetric", A @ A - (A @ A).T, set()
    yield "softmax of the other axis", s.softmax(A, axis=0) * np.diag(z), {"symmetric", "diagonal"}


@pytest.mark.parametrize(("tensor", "kinds"), [pytest.param(t, k, id=n) for n, t, k in examples()])
def test_what_is_found(tensor, kinds):
    assert found(tensor) <= set(KINDS)
    assert found(tensor) - {"constant", "independent"} == kinds


def numbers(t, seed=0):
    """The dense array at random numbers, by the exact evaluator."""
    values = {}
    for n, leaf in enumerate(u for u in leaves([t]) if u.value is None):
        drawn = random_values(seeded(n + seed), leaf)
        if leaf.dtype == "int":
            drawn = {p: n % 2 for n, p in enumerate(drawn)}
        if "one_hot" in leaf.assume:
            drawn = {p: int(n == 1) for n, p in enumerate(drawn)}
        values[leaf] = drawn
    return np.array(s.evaluate(t, values, dims=SIZES), dtype=float)


def number(e, sizes):
    """A dimension's number."""
    return int(e.subs({sym: sizes[str(sym)] for sym in e.free_symbols}))


def holds(finding, array, sizes=SIZES):
    """Whether a finding is true of an array."""
    half = array.ndim // 2
    rows = int(np.prod(array.shape[:half]))
    matrix = array.reshape(rows, -1)
    i, j = np.indices(matrix.shape)
    known = {name: number(e, sizes) for name, e in finding.numbers}
    match finding.key:
        case "zero":
            return np.abs(array).max() < 1e-20  # what is exactly zero may be a difference of rounded numbers
        case "symmetric groups":
            size = array.ndim // int(known["count"])
            groups = [range(size * g, size * (g + 1)) for g in range(int(known["count"]))]
            orders = [[*itertools.chain(*order)] for order in itertools.permutations(groups)]
            return all(np.allclose(array, array.transpose(order)) for order in orders)
        case "symmetric":
            return np.allclose(matrix, matrix.T)
        case "diagonal":
            return np.allclose(matrix, np.diag(np.diag(matrix)))
        case "rank_one" | "rank_one equal":
            return np.linalg.matrix_rank(matrix) == 1
        case "low_rank":
            return np.linalg.matrix_rank(matrix) <= known["bound"]
        case "low_rank diagonal":  # with at most one more: the diagonal itself is not known
            d = diagonal_beside(matrix, int(known["bound"]))
            return d is None or np.linalg.matrix_rank(matrix - np.diag(d), tol=1e-6) <= known["bound"]
        case "banded":
            return not matrix[(j - i < known["low"]) | (j - i > known["high"])].any()
        case "toeplitz":
            return np.array_equal(matrix[1:, 1:], matrix[:-1, :-1])
        case "triangular lower":
            return not matrix[i < j].any()
        case "triangular upper":
            return not matrix[i > j].any()
        case "sums_to_zero":
            return all(np.allclose(array.sum(axis=a - 1), 0) for a in finding.axes)
        case "block_diagonal" | "block_diagonal equal":
            at = np.indices(array.shape)
            return not any(array[at[a - 1] != at[half + a - 1]].any() for a in finding.axes)
        case "kronecker" | "kronecker left" | "kronecker right":
            moved = array.transpose(0, 2, 1, 3).reshape(
                array.shape[0] * array.shape[2], -1
            )  # Van Loan and Pitsianis 1993
            return np.linalg.matrix_rank(moved) <= 1
        case "independent" | "constant":
            return True  # held by another test
    if finding.kind == "positive_semidefinite":
        return np.linalg.eigvalsh(matrix).min() > -1e-9
    raise AssertionError(f"no test knows {finding.key}")


def diagonal_beside(matrix, rank):
    """The diagonal that leaves a matrix of rank one, from its entries off the diagonal; None for other ranks."""
    if rank != 1 or len(matrix) < 3:
        return None
    left = np.empty(len(matrix))
    for i in range(len(matrix)):
        j, k = [n for n in range(len(matrix)) if n != i][:2]
        left[i] = matrix[i, j] * matrix[k, i] / matrix[k, j]
    return np.diag(matrix) - left


@pytest.mark.parametrize("tensor", [pytest.param(t, id=n) for n, t, _ in examples()])
def test_what_is_found_holds(tensor):
    for finding in structure(tensor):
        assert holds(finding, numbers(tensor)), finding.sentence


@pytest.mark.parametrize("seed", range(24))
def test_what_is_found_of_random_programs_holds(seed):
    program = random_program(seeded(seed + 500), length=4, kinds=SMOOTH if seed % 2 else SMOOTH + SHAPED)
    total = np.sum(program.output * program.output)
    for leaf in program.leaves[:4]:
        for derivative in (s.hessian(total, leaf), s.jacobian(program.output, leaf)):
            if derivative.ndim < 2:
                continue
            findings = structure(derivative)
            if findings:
                array = np.array(program.evaluate(derivative), dtype=float)
                assert all(holds(f, array) for f in findings), [f.sentence for f in findings]


SMALL_MODELS = [
    n for n in GALLERY if max(int(p.size) if isinstance(p.size, int) else 1 for p in s.variables(GALLERY[n].build()).values()) < 50
]  # fmt: skip


@pytest.mark.parametrize("name", [n for n in SMALL_MODELS if n not in ("gru-net", "elman-net", "gpt-block", "vae")])
def test_what_is_found_of_the_gallery_holds(name):
    loss = GALLERY[name].build()
    for p in s.variables(loss).values():
        if p.role != "parameter" or not p.ndim:
            continue
        h = s.hessian(loss, p)
        findings = structure(h)
        if findings:
            array, sizes = numeric_value(h)
            assert all(holds(f, array, sizes) for f in findings), [f.sentence for f in findings]


def numeric_value(t):
    """The dense array at random numbers and the sizes, in floating point: programs of the gallery are long for the exact evaluator."""
    rng = np.random.default_rng(0)
    given = {u.serial: u for u in leaves([t]) if u.value is None}
    dims = sorted({str(sym) for u in (*given.values(), t) for e in u.extents for sym in e.free_symbols})
    sizes = {name: n + 2 for n, name in enumerate(dims)}
    given.update({name: s.tensor(f"of_{name}", name) for name in dims})
    arrays = []
    for u in given.values():
        shape = [number(e, sizes) for e in u.extents]
        arrays.append(rng.integers(0, 2, shape) if u.dtype == "int" else valid(u, rng.uniform(0.2, 1.3, shape)))
    return numeric.lambdify(list(given.values()), t)(*arrays), sizes


def valid(u, drawn):
    """Numbers that hold to what is assumed of a tensor."""
    if u.assume & {"one_hot"}:
        return np.eye(drawn.shape[-1])[np.zeros(drawn.shape[:-1], int)]
    if u.assume & {"sign", "binary"}:
        return np.sign(drawn)
    return drawn / drawn.sum(axis=-1, keepdims=True) if u.assume & {"probability"} else drawn


def test_independence_names_the_variable():
    hessian = s.hessian(np.sum((X @ w - y) ** 2), w)
    told = [str(f) for f in structure(hessian, [w, y, X])]
    assert "It does not depend on w." in told
    assert "It does not depend on y." in told
    assert not any("on X" in t for t in told)
    assert found(s.hessian(np.sum(w * w), w)) >= {"constant", "diagonal"}


def test_products_with_the_hessian():
    C, v = np.sum(np.tanh(A @ z) ** 2), s.tensor("v", "k")
    values = {t: random_values(seeded(n), t) for n, t in enumerate([A, z, v])}

    def array(t):
        return np.array(s.evaluate(t, values, dims=SIZES), dtype=float)

    assert np.allclose(array(s.hvp(C, z, v)), array(s.hessian(C, z)) @ array(v))


def test_gauss_newton_is_the_hessian_of_a_linear_model():
    p = (X @ w).named("a")
    loss = np.sum(np.logaddexp(0, p))
    values = {t: random_values(seeded(n), t) for n, t in enumerate([X, w])}
    one, two = (np.array(s.evaluate(t, values, dims=SIZES), dtype=float) for t in (
        s.gauss_newton(p, w, loss), s.hessian(loss, w)))  # fmt: skip
    assert np.allclose(one, two)


def test_fisher_takes_one_number_a_sample():
    with pytest.raises(s.ShapeError, match="one log-likelihood per sample"):
        s.fisher(X, w)

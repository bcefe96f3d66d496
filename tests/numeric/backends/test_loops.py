"""Compiled loops compute what the NumPy back end computes, in both precisions, with NaN where there is NaN."""

import numpy as np
import pytest

import symbolic as s
from numeric import lambdify
from symbolic import gradient, hessian, jacobian, tensor

pytest.importorskip("numba")

SIZES = {"P": 3, "m": 4, "n": 5, "k": 2}
X, A, B = tensor("X", "P n"), tensor("A", "m n"), tensor("B", "n k")
v, w = tensor("v", "n"), tensor("w", "n")
tok = tensor("tok", "P", dtype="int")
image, kernel = tensor("image", "7"), tensor("kernel", "3")
stack, other = tensor("stack", "P m n"), tensor("other", "P n k")

PROGRAMS = {
    "pointwise": lambda: np.exp(-v) * np.tanh(w) + 1 / (1 + v**2) - np.sqrt(w**2 + 1) + np.abs(v),
    "broadcast": lambda: X[:, None, :] * A - v,
    "matrix product": lambda: X @ A.T,
    "chain": lambda: np.tanh(X @ A.T) @ A,
    "stacked product": lambda: stack @ other,
    "scaled product": lambda: 0.5 * (X @ B) + 1,
    "product with a slope": lambda: (s.relu(X) * v) @ B,
    "sum": lambda: np.sum(X, axis=0) + np.mean(X),
    "max": lambda: np.max(X, axis=1) - np.min(X),
    "product of all": lambda: np.prod(X, axis=1),
    "argmax": lambda: np.argmax(X, axis=1) + np.argmin(v),
    "log-sum-exp": lambda: s.logsumexp(X, axis=1),
    "softmax": lambda: s.softmax(X, axis=1),
    "gather": lambda: A[tok],
    "scatter": lambda: gradient(np.sum(A[tok] ** 2), A),
    "cumulative": lambda: np.cumsum(v),
    "strided": lambda: image[1::2] * image[0:6:2],
    "stride backwards": lambda: gradient(np.sum(image[1::2] ** 3), image),
    "padded": lambda: np.pad(v, (2, 1)),
    "joined": lambda: np.concatenate([v, 2 * w, v * w]),
    "reshaped": lambda: X.reshape(-1) ** 2,
    "unmerged": lambda: np.arange(6) * tensor("flat", "6").reshape((2, 3)).reshape(-1),
    "triangle": lambda: np.tril(np.outer(v, w)),
    "diagonal": lambda: np.diag(v) + np.diag(np.diag(np.outer(v, w))),
    "identity": lambda: jacobian(v * w, v),
    "where": lambda: np.where(v > w, v * w, np.exp(v)),
    "clipped": lambda: np.clip(v, -0.5, 0.5) + np.maximum(v, w) + np.minimum(v, w) + np.sign(v),
    "activations": lambda: s.gelu(v) + s.silu(w) + s.softplus(v) + s.sigmoid(w) + s.elu(v, 1.0) + s.leaky_relu(w, 0.1),
    "norm": lambda: np.linalg.norm(X, axis=1) + np.linalg.norm(A),
    "convolution": lambda: s.einsum("ij,j->i", np.stack([image[k : k + 3] for k in range(5)]), kernel),
    "gradient of a net": lambda: gradient(np.sum((np.tanh(A @ v) - 1) ** 2), A),
    "Hessian": lambda: hessian(np.sum(np.log(1 + np.exp(A @ v))), v),
    "truth": lambda: (v > w) & (v < 1),
    "powers": lambda: v**3 + np.abs(w) ** 1.5 + (1 + v**2) ** -2,
    "scalar": lambda: v @ w,
    "dimension": lambda: X.sum() / X.shape[0] + np.sqrt(X.shape[1]),
}


def arguments(output):
    rng = np.random.default_rng(3)
    leaves = list(s.language.samples.variables(output).values())
    arrays = []
    for t in leaves:
        shape = [SIZES.get(str(e), e) for e in t.shape]
        arrays.append(rng.integers(0, 4, shape) if t.dtype == "int" else rng.normal(size=shape))
    return leaves, arrays


@pytest.mark.parametrize("name", PROGRAMS)
def test_loops_agree_with_numpy(name):
    output = PROGRAMS[name]()
    leaves, arrays = arguments(output)
    expected = lambdify(leaves, output)(*arrays)
    found = lambdify(leaves, output, backend="numba")(*arrays)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["pointwise", "chain", "softmax", "dimension", "activations"])
def test_single_precision_stays_single(name):
    output = PROGRAMS[name]()
    leaves, arrays = arguments(output)
    small = [a.astype(np.float32) for a in arrays]
    found = lambdify(leaves, output, backend="numba", dtype="float32")(*small)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, lambdify(leaves, output)(*arrays), rtol=2e-5, atol=1e-5)


def test_nan_comes_through():
    x = np.array([np.nan, 1.0, -1.0, 0.0, 2.0])
    output = s.relu(v) + np.maximum(v, w) + np.sign(v)
    found = lambdify([v, w], output, backend="numba")(x, np.zeros(5))
    assert np.isnan(found[0])
    assert np.isfinite(found[1:]).all()
    assert np.isnan(lambdify([v], np.max(v), backend="numba")(x))
    assert np.isnan(lambdify([v], np.sum(v), backend="numba")(x))


def test_a_guarded_point_is_not_read():
    found = lambdify([v], np.pad(1 / v, (1, 1)), backend="numba")(np.array([1.0, 2.0, 4.0, 5.0, 8.0]))
    assert found.tolist() == [0, 1, 0.5, 0.25, 0.2, 0.125, 0]


def test_source_names_its_equations():
    f = lambdify([A, v], (A @ v).named("s_loops"), backend="numba")
    assert "s_loops" in f.source
    assert "njit" in f.source

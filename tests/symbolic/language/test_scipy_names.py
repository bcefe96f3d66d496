"""SciPy's names: what answers by protocol, what ``symbolic.linalg`` and ``symbolic.special`` offer, what the error says."""

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import symbolic as s
from symbolic import UnsupportedError, linalg, special
from tests.symbolic.numpy_oracle import numbers

RNG = np.random.default_rng(5)
SQUARE = RNG.normal(size=(3, 3)) + 2 * np.eye(3)
DEFINITE = SQUARE @ SQUARE.T + np.eye(3)
VECTOR = RNG.normal(size=3)
POSITIVE = RNG.uniform(0.2, 0.8, size=(2, 3))

CALLS = [
    ("linalg", "block_diag", (SQUARE, POSITIVE, DEFINITE), {}),
    ("linalg", "cholesky", (DEFINITE,), {}),
    ("linalg", "cholesky", (DEFINITE,), {"lower": True}),
    ("linalg", "eigh", (DEFINITE,), {"eigvals_only": True}),
    ("linalg", "solve", (DEFINITE, VECTOR), {"assume_a": "pos"}),
    ("linalg", "solve_triangular", (SQUARE, VECTOR), {}),
    ("linalg", "solve_triangular", (SQUARE, VECTOR), {"lower": True, "trans": 1}),
    ("linalg", "norm", (SQUARE, "nuc"), {}),
    ("linalg", "svd", (POSITIVE,), {"compute_uv": False}),
    *(("linalg", name, (DEFINITE / 4,), {}) for name in
      ["cosm", "det", "eigvalsh", "expm", "inv", "logm", "pinv", "sinm", "sqrtm", "svdvals"]),
    ("special", "softmax", (POSITIVE,), {}),
    ("special", "softmax", (POSITIVE,), {"axis": 0}),
    ("special", "log_softmax", (POSITIVE,), {"axis": 1}),
    ("special", "logsumexp", (POSITIVE,), {}),
    ("special", "logsumexp", (POSITIVE,), {"axis": 1, "b": POSITIVE + 1, "keepdims": True}),
    ("special", "polygamma", (1, POSITIVE), {}),
    *(("special", name, (POSITIVE,), {}) for name in
      ["digamma", "entr", "erf", "erfc", "expit", "gammaln", "i0", "i1", "log_ndtr", "logit", "ndtr", "sinc"]),
    *(("special", name, (POSITIVE, 1 - POSITIVE), {}) for name in ["kl_div", "rel_entr", "xlog1py", "xlogy"]),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "arrays", "options"), CALLS)
def test_symbolic_and_scipy_agree(module, name, arrays, options):
    own = getattr({"linalg": linalg, "special": special}[module], name)
    expected = getattr({"linalg": scipy.linalg, "special": scipy.special}[module], name)(*arrays, **options)
    tensors = [s.tensor(f"x{k}", a.shape) if isinstance(a, np.ndarray) and a.ndim else a for k, a in enumerate(arrays)]
    values = {t: a for t, a in zip(tensors, arrays, strict=True) if isinstance(t, s.Tensor)}
    np.testing.assert_allclose(numbers(own(*tensors, **options), values), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own(*arrays, **options), expected, rtol=1e-9, atol=1e-12)


def test_a_cholesky_factor_solves():
    factor = linalg.cho_factor(s.constant(DEFINITE))
    x = linalg.cho_solve(factor, s.constant(VECTOR))
    np.testing.assert_allclose(numbers(x, {}), np.linalg.solve(DEFINITE, VECTOR))
    np.testing.assert_allclose(linalg.cho_solve(linalg.cho_factor(DEFINITE, lower=True), VECTOR), numbers(x, {}))


@pytest.mark.parametrize("name", ["expm", "inv", "det", "solve", "cholesky", "sqrtm", "logm", "eigh", "svd", "pinv"])
def test_scipys_own_function_says_what_to_use(name):
    A = s.tensor("A", "n n")
    with pytest.raises(
        UnsupportedError, match=rf"scipy\.linalg\.{name} cannot take .*A \(n, n\).*use symbolic\.linalg\.{name}"
    ):
        getattr(scipy.linalg, name)(*([A, A] if name == "solve" else [A]))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_scipys_special_functions_that_are_no_ufuncs_say_what_to_use(name):
    with pytest.raises(UnsupportedError, match=rf"use symbolic\.special\.{name}"):
        getattr(scipy.special, name)(s.tensor("z", 3))


def test_an_array_indexed_by_a_tensor_is_told_apart():
    with pytest.raises(UnsupportedError, match=r"for A\[index\] constant\(A\)\[index\]"):
        np.asarray(s.tensor("z", 3))


def test_an_unknown_name_is_suggested():
    with pytest.raises(AttributeError, match="Did you mean 'softmax'"):
        special.soft_max  # noqa: B018

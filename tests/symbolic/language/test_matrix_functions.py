"""Matrix functions by their NumPy names: values, shapes, gradients of the combinations, refusals."""

import numpy as np
import pytest
import scipy.linalg

import symbolic as s
from symbolic.errors import ShapeError, UnsupportedError
from tests.symbolic.numpy_oracle import differences, numbers

RNG = np.random.default_rng(0)
GENERAL = RNG.normal(size=(3, 3)) + 2 * np.eye(3)
DEFINITE = GENERAL @ GENERAL.T / 4 + np.diag([1.0, 2.0, 4.0])
TALL = RNG.normal(size=(4, 3))
STACK = RNG.normal(size=(2, 3, 3)) + 2 * np.eye(3)

SAME_TEXT = [
    (lambda a: np.linalg.inv(a), GENERAL),
    (lambda a: np.linalg.inv(a), STACK),
    (lambda a: np.linalg.pinv(a), TALL),
    (lambda a: np.linalg.pinv(a.T), TALL),
    (lambda a: np.linalg.det(a), GENERAL),
    (lambda a: np.linalg.det(a), STACK),
    (lambda a: np.linalg.slogdet(a)[1], GENERAL),
    (lambda a: np.linalg.slogdet(a).sign * np.linalg.slogdet(a).logabsdet, -STACK),
    (lambda a: np.linalg.solve(a, a[:, 0] ** 2), GENERAL),
    (lambda a: np.linalg.solve(a, a.T), GENERAL),
    (lambda a: np.linalg.solve(a[0], a), STACK),
    (lambda a: np.linalg.solve(a, a[0]), STACK),
    (lambda a: np.linalg.lstsq(a, a[:, 0] ** 2, rcond=None)[0], TALL),
    (lambda a: np.linalg.matrix_power(a, 0) + a, GENERAL),
    (lambda a: np.linalg.matrix_power(a, 1), GENERAL),
    (lambda a: np.linalg.matrix_power(a, 3), GENERAL),
    (lambda a: np.linalg.matrix_power(a, 7), STACK),
    (lambda a: np.linalg.matrix_power(a, -2), GENERAL),
    (lambda a: np.linalg.multi_dot([a, a.T, a]), GENERAL),
    (lambda a: np.linalg.svd(a, compute_uv=False), TALL),
    (lambda a: np.linalg.svdvals(a), TALL),
    (lambda a: np.linalg.norm(a, 2), TALL),
    (lambda a: np.linalg.norm(a, -2), TALL),
    (lambda a: np.linalg.norm(a, "nuc"), TALL),
    (lambda a: np.linalg.norm(a, "nuc", axis=(0, 2)), STACK),
    (lambda a: np.linalg.norm(a, 2, axis=(1, 2), keepdims=True), STACK),
    (lambda a: np.linalg.norm(a, 1), TALL),
    (lambda a: np.linalg.norm(a, np.inf), TALL),
    (lambda a: np.linalg.norm(a, -1, axis=(2, 0)), STACK),
    (lambda a: np.linalg.norm(a), TALL),
    (lambda a: np.linalg.cond(a), TALL),
    (lambda a: np.linalg.cond(a, "fro"), GENERAL),
    (lambda a: np.trace(np.linalg.inv(a) @ a.T), GENERAL),
    (lambda a: np.linalg.tensorinv(a.reshape(4, 2, 2)), RNG.normal(size=(4, 4))),
    (lambda a: np.linalg.tensorsolve(a.reshape(2, 2, 4), a[:2, :2]), RNG.normal(size=(4, 4))),
]  # fmt: skip
SAME_TEXT[-2] = (lambda a: np.linalg.tensorinv(a.reshape(4, 2, 2), ind=1), SAME_TEXT[-2][1])


@pytest.mark.parametrize(("text", "at"), SAME_TEXT)
def test_the_same_text_gives_numbers_and_a_program(text, at):
    x = s.tensor("x", at.shape)
    out = text(x)
    np.testing.assert_allclose(numbers(out, {x: at}), text(at), rtol=1e-9, atol=1e-10)
    true = differences(text, at)
    np.testing.assert_allclose(numbers(s.jacobian(out, x), {x: at}), true, rtol=1e-6, atol=1e-7 * np.abs(true).max())


READS_SYMMETRIC = [
    (lambda a: np.linalg.cholesky(a), DEFINITE),
    (lambda a: np.linalg.cholesky(a, upper=True), DEFINITE),
    (lambda a: np.linalg.eigvalsh(a), DEFINITE),
    (lambda a: np.linalg.eigh(a)[0] ** 2, DEFINITE),
    (lambda a: (lambda w, v: (v / w) @ v.T)(*np.linalg.eigh(a)), DEFINITE),
    (lambda a: np.sum(np.log(np.diag(np.linalg.cholesky(a)))), DEFINITE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at"), READS_SYMMETRIC)
def test_functions_of_a_symmetric_matrix_are_taken_of_its_symmetric_part(text, at):
    x = s.tensor("x", at.shape)
    out = text(x)
    np.testing.assert_allclose(numbers(out, {x: at}), text(at), rtol=1e-9, atol=1e-10)
    true = differences(lambda a: text((a + a.T) / 2), at)
    np.testing.assert_allclose(numbers(s.jacobian(out, x), {x: at}), true, rtol=1e-6, atol=1e-8)


OWN_NAMES = [
    (s.expm, scipy.linalg.expm, GENERAL),
    (s.sqrtm, scipy.linalg.sqrtm, DEFINITE),
    (s.logm, scipy.linalg.logm, DEFINITE),
    (s.logdet, lambda a: np.linalg.slogdet(a)[1], GENERAL),
    (s.spectral_norm, lambda a: np.linalg.norm(a, 2), TALL),
    (s.nuclear_norm, lambda a: np.linalg.norm(a, "nuc"), TALL),
    (lambda a: s.quadratic_form(a, a[0]), lambda a: a[0] @ a @ a[0], GENERAL),
]


@pytest.mark.parametrize(("own", "text", "at"), OWN_NAMES)
def test_functions_that_only_symbolic_has(own, text, at):
    x = s.tensor("x", at.shape)
    out = own(x)
    np.testing.assert_allclose(numbers(out, {x: at}), text(at), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(numbers(s.jacobian(out, x), {x: at}), differences(text, at), rtol=1e-6, atol=1e-8)


def test_singular_vectors_rebuild_the_matrix_and_its_derivative():
    x = s.tensor("x", TALL.shape)
    u, d, vh = np.linalg.svd(x, full_matrices=False)
    out = (u * np.sqrt(d)) @ vh

    def text(a):
        u, d, vh = np.linalg.svd(a, full_matrices=False)
        return (u * np.sqrt(d)) @ vh

    np.testing.assert_allclose(numbers(out, {x: TALL}), text(TALL), rtol=1e-9)
    np.testing.assert_allclose(numbers(s.jacobian(out, x), {x: TALL}), differences(text, TALL), rtol=1e-6, atol=1e-8)


def test_named_dimensions_need_no_number():
    A, b, M = s.tensor("A", "n n"), s.tensor("b", "n"), s.tensor("M", "m n")
    assert s.gradient(b @ np.linalg.solve(A, b), A).shape == A.shape
    assert s.hessian(np.linalg.slogdet(A)[1], A).shape == A.shape * 2
    assert s.gradient(np.linalg.norm(M, "nuc"), M).shape == M.shape
    assert s.gradient(s.trace(s.expm(A)), A).shape == A.shape
    assert np.linalg.pinv(M).shape == M.T.shape


def test_what_has_no_derivative_here_is_refused_by_name():
    A, M = s.tensor("A", "n n"), s.tensor("M", "m n")
    with pytest.raises(UnsupportedError, match=r"np\.linalg\.eigvals .*complex; use eigvalsh"):
        np.linalg.eigvals(A)
    with pytest.raises(UnsupportedError, match="mode='complete' is not supported; expected 'reduced' or 'r'"):
        np.linalg.qr(M, mode="complete")
    with pytest.raises(UnsupportedError, match="full_matrices=False"):
        np.linalg.svd(M)
    with pytest.raises(UnsupportedError, match=r"matrix_power: the exponent is a whole number, got 0\.5"):
        np.linalg.matrix_power(A, 0.5)
    with pytest.raises(ShapeError, match="inverse: expected a square matrix"):
        np.linalg.inv(M)
    with pytest.raises(UnsupportedError, match="norm: ord=3 of a matrix"):
        np.linalg.norm(A, 3)

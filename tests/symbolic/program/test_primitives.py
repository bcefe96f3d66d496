"""Each primitive: value against NumPy and SciPy, rules against finite differences, laws, planted errors."""

import dataclasses
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import symbolic as s
from symbolic.errors import ShapeError
from symbolic.program.matrix_values import inverse
from symbolic.program.primitives import PRIMITIVES, apply
from tests.symbolic.numpy_oracle import differences, numbers

NEEDS_SYMMETRIC = {"cholesky", "eigenvalues", "eigenvectors"}
RECTANGULAR = {"pseudo_inverse", "singular_values", "left_singular_vectors", "right_singular_vectors"}
TALL = {"orthonormal_factor", "triangular_factor"}
NEAR_ONE = {"logm", "sqrtm"}


def points(name, rng, tall=True):
    """A point in the domain of a primitive: a list of arrays, one per operand."""
    if name in RECTANGULAR | TALL:
        return [rng.normal(size=(4, 3) if tall else (2, 3))]
    a = rng.normal(size=(3, 3))
    if name in NEEDS_SYMMETRIC or name in NEAR_ONE:
        a = a @ a.T / 3 + np.diag([1.0, 2.0, 4.0])
    if name in NEAR_ONE:
        a = a + rng.normal(size=(3, 3)) / 10
    return [a, rng.normal(size=(3, 2))] if name == "solve" else [a]


def symmetrised(name, arrays):
    """These functions are taken of (A + Aᵀ)/2; NumPy reads one triangle."""
    return [(a + a.T) / 2 for a in arrays] if name in NEEDS_SYMMETRIC else arrays


def program(name, arrays):
    tensors = [s.tensor(letter, a.shape) for letter, a in zip("AB", arrays, strict=False)]
    return tensors, apply(name, *tensors)


def reference(name):
    """The primitive in NumPy; the vectors' signs are fixed by their largest entry where signs are arbitrary."""

    def f(*arrays):
        tensors, out = program(name, arrays)
        return numbers(out, dict(zip(tensors, symmetrised(name, arrays), strict=True)))

    return f


def worst_error(name, seed=1, tall=True):
    """The largest relative error of the primitive's pullback and pushforward against differences."""
    rng = np.random.default_rng(seed)
    arrays = points(name, rng, tall)
    tensors, out = program(name, arrays)
    at = dict(zip(tensors, arrays, strict=True))
    errors = []
    for k, t in enumerate(tensors):
        f = reference(name)

        def moved(x, k=k, f=f):
            return f(*[x if j == k else a for j, a in enumerate(arrays)])

        true = differences(moved, arrays[k])
        derived = numbers(s.jacobian(out, t), at)
        direction = s.tensor("E", arrays[k].shape)
        e = rng.normal(size=arrays[k].shape)
        pushed = numbers(s.jvp(out, {t: direction}), {**at, direction: e})
        size = np.abs(true).max() + 1e-3
        errors.append(np.abs(derived - true).max() / size)
        errors.append(np.abs(pushed - np.tensordot(true, e, 2)).max() / size)
    return max(errors)


SHAPES = [(name, tall) for name in PRIMITIVES for tall in ([True, False] if name in RECTANGULAR else [True])]


@pytest.mark.parametrize(("name", "tall"), SHAPES)
def test_rules_agree_with_differences(name, tall):
    assert worst_error(name, tall=tall) < 1e-7


def scaled(rule):
    def wrong(*args, **options):
        result = rule(*args, **options)
        if isinstance(result, tuple):
            return tuple(None if part is None else part * 1.001 for part in result)
        return result * 1.001

    return wrong


@pytest.mark.parametrize("kind", ["pullback", "pushforward"])
@pytest.mark.parametrize("name", [n for n in PRIMITIVES if n != "sign_determinant"])
def test_an_error_of_a_thousandth_is_found(name, kind, monkeypatch):
    right = PRIMITIVES[name]
    monkeypatch.setitem(PRIMITIVES, name, dataclasses.replace(right, **{kind: scaled(getattr(right, kind))}))
    assert worst_error(name) > 1e-4


def test_a_derivative_that_is_zero_is_not_taken_for_another(monkeypatch):
    right = PRIMITIVES["sign_determinant"]
    wrong = dataclasses.replace(right, pullback=lambda bar, y, a: (bar[..., None, None] * a / 1000,))
    monkeypatch.setitem(PRIMITIVES, "sign_determinant", wrong)
    assert worst_error("sign_determinant") > 1e-4


@pytest.mark.parametrize("name", PRIMITIVES)
def test_value_is_that_of_numpy(name):
    arrays = symmetrised(name, points(name, np.random.default_rng(2)))
    tensors, out = program(name, arrays)
    at = dict(zip(tensors, arrays, strict=True))
    exact, expected = np.array(s.evaluate(out, at), float), numbers(out, at)
    if "vectors" in name:
        exact, expected = np.abs(exact), np.abs(expected)
    np.testing.assert_allclose(exact, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_stacks_of_matrices_are_matrices_one_by_one(name):
    rng = np.random.default_rng(3)
    pairs = [symmetrised(name, points(name, rng)) for _ in range(2)]
    stacks = [np.stack(parts) for parts in zip(*pairs, strict=True)]
    tensors, out = program(name, stacks)
    at = dict(zip(tensors, stacks, strict=True))
    together = numbers(out, at)
    weights = rng.normal(size=together.shape)
    pulled = numbers(s.vjp(out, tensors[0], s.constant(weights)), at)
    slow = np.array(s.evaluate(out, at), float)
    for k, arrays in enumerate(pairs):
        singles, one = program(name, arrays)
        here = dict(zip(singles, arrays, strict=True))
        np.testing.assert_allclose(together[k], numbers(one, here), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(
            pulled[k], numbers(s.vjp(one, singles[0], s.constant(weights[k])), here), rtol=1e-8, atol=1e-10
        )
        np.testing.assert_allclose(slow[k], np.array(s.evaluate(one, here), float))


@pytest.mark.parametrize(
    "name", ["inverse", "determinant", "cholesky", "eigenvalues", "singular_values", "expm", "solve"]
)
def test_second_derivatives_follow(name):
    rng = np.random.default_rng(4)
    arrays = points(name, rng)
    tensors, out = program(name, arrays)
    weights = rng.normal(size=numbers(out, dict(zip(tensors, arrays, strict=True))).shape)
    slope = s.gradient((out * s.constant(weights) if weights.shape else out * float(weights)).sum(), tensors[0])
    second = numbers(s.jacobian(slope, tensors[0]), dict(zip(tensors, arrays, strict=True)))

    def first(x):
        a = symmetrised(name, [x])[0]
        return numbers(slope, dict(zip(tensors, [a, *arrays[1:]], strict=True)))

    np.testing.assert_allclose(second, differences(first, arrays[0]), rtol=1e-6, atol=1e-7)
    transposed = np.moveaxis(second, (0, 1), (2, 3))
    np.testing.assert_allclose(second, transposed, rtol=1e-8, atol=1e-8)


def test_rational_points_stay_rational():
    entries = [[Fraction(1, 2), 2, 0], [1, Fraction(-3, 5), 4], [0, 7, Fraction(1, 3)]]
    at = {(i, j): entries[i][j] for i in range(3) for j in range(3)}
    A = s.tensor("A", (3, 3))
    det = s.evaluate(np.linalg.det(A), {A: at})
    assert det == Fraction(-3, 10) * Fraction(1, 3) - Fraction(1, 2) * 28 - 2 * Fraction(1, 3)
    unit = s.evaluate(np.linalg.inv(A) @ A, {A: at})
    assert unit == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    b = s.tensor("b", 3)
    x = s.evaluate(A @ np.linalg.solve(A, b), {A: at, b: {(0,): 1, (1,): 2, (2,): 3}})
    assert x == [1, 2, 3]


def test_exact_and_rounded_numbers_may_stand_in_one_matrix():
    half, three = Fraction(1, 2), mpmath.mpf(3)
    assert inverse(mpmath.mp, [[half, 0], [0, three]]) == [[2, 0], [0, 1 / three]]


def test_a_singular_point_is_an_error_of_its_own():
    A = s.tensor("A", (2, 2))
    with pytest.raises(s.EvaluationError, match="inverse: the matrix is singular"):
        s.evaluate(np.linalg.inv(A), {A: np.ones((2, 2))})
    assert s.evaluate(np.linalg.det(A), {A: np.ones((2, 2))}) == 0
    with pytest.raises(s.EvaluationError, match="not positive definite"):
        s.evaluate(np.linalg.cholesky(A), {A: -np.eye(2)})


def test_conditions_name_the_operand():
    A = s.tensor("A", "n n")
    assert np.linalg.inv(A).definition.condition == "A invertible"
    assert np.linalg.eigvalsh(A).definition.condition == "A symmetric with distinct eigenvalues"
    assert np.linalg.cholesky(A).definition.condition == "A symmetric positive definite"
    X = s.tensor("X", "m n")
    assert np.linalg.inv(X.T @ X).definition.condition == "the matrix made of X invertible"


@pytest.mark.parametrize("name", PRIMITIVES)
def test_shapes_are_checked(name):
    with pytest.raises(ShapeError, match=rf"{name}: expected a .*got x \(n,\)"):
        apply(name, s.tensor("x", "n"), *([s.tensor("B", "n k")] if name == "solve" else []))
    if name not in RECTANGULAR | TALL:
        with pytest.raises(ShapeError, match=rf"{name}: expected a square matrix, got M \(m, n\)"):
            apply(name, s.tensor("M", "m n"), *([s.tensor("B", "n k")] if name == "solve" else []))


def test_a_right_hand_side_must_fit():
    with pytest.raises(ShapeError, match=r"solve: A \(n, n\) and B \(m, k\) do not fit: expected .* \(n, k\)"):
        np.linalg.solve(s.tensor("A", "n n"), s.tensor("B", "m k"))


def test_structure_is_kept():
    S = s.tensor("S", "n n", assume="positive_definite")
    assert {"symmetric", "positive_definite", "invertible"} <= np.linalg.inv(S).assume
    assert "symmetric" in apply("expm", S).assume
    assert {"lower_triangular", "invertible"} <= np.linalg.cholesky(S).assume
    assert "orthogonal" in np.linalg.eigh(S).eigenvectors.assume
    assert "symmetric" not in np.linalg.inv(s.tensor("A", "n n")).assume


def test_every_entry_says_what_it_is():
    for name, row in PRIMITIVES.items():
        assert row.name == name
        assert "{0}" in row.latex
        assert "{0}" in row.numpy
        assert row.condition == "" or "{0}" in row.condition


@pytest.mark.parametrize("name", PRIMITIVES)
def test_values_in_floats_are_those_of_many_digits(name):
    arrays = [a.tolist() for a in symmetrised(name, points(name, np.random.default_rng(6)))]
    with mpmath.workdps(30):
        many = np.array(PRIMITIVES[name].value(mpmath.mp, *arrays), float)
    np.testing.assert_allclose(
        np.abs(np.array(PRIMITIVES[name].value(mpmath.fp, *arrays), float)), np.abs(many), rtol=1e-8
    )

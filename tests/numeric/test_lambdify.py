"""What ``lambdify`` promises around the numbers: shapes, dtypes, messages, source."""

import numpy as np
import pytest

import numeric
from symbolic import DeclarationError, EvaluationError, UnsupportedError, gradient, tensor


@pytest.fixture
def linear():
    x, W, b = tensor("x", "n"), tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
    return x, W, b, W @ x + b


def test_one_output_and_many(linear):
    x, W, b, s = linear
    values = np.ones(3), np.ones((2, 3)), np.zeros(2)
    np.testing.assert_array_equal(numeric.lambdify([x, W, b], s)(*values), [3, 3])
    assert isinstance(numeric.lambdify([x, W, b], (s, b))(*values), tuple)
    assert isinstance(numeric.lambdify([x, W, b], [s])(*values), list)


def test_computed_tensor_as_argument(linear):
    _, _, _, s = linear
    np.testing.assert_allclose(numeric.lambdify(s, gradient(np.sum(s * s), s))(np.array([1.0, 2.0])), [2, 4])


def test_dimension_mismatch_names_dimension_values_and_tensors(linear):
    x, W, b, s = linear
    f = numeric.lambdify([x, W, b], s)
    with pytest.raises(
        EvaluationError, match=r"dimension n is 4 in x and 3 in W: W \(m, n\) got an array of shape \(2, 3\)"
    ):
        f(np.ones(4), np.ones((2, 3)), np.ones(2))


def test_wrong_rank_fixed_size_and_count(linear):
    x, W, b, s = linear
    f = numeric.lambdify([x, W, b], s)
    with pytest.raises(EvaluationError, match=r"W \(m, n\) needs an array with 2 axes, got one of shape \(3,\)"):
        f(np.ones(3), np.ones(3), np.ones(2))
    with pytest.raises(EvaluationError, match=r"expected 3 arrays \(x, W, b\), got 2"):
        f(np.ones(3), np.ones((2, 3)))
    v = tensor("v", 3)
    with pytest.raises(EvaluationError, match=r"v \(3,\) got an array of shape \(4,\): expected 3 on axis 0, got 4"):
        numeric.lambdify([v], v * 2)(np.ones(4))


def test_composed_dimension_is_checked():
    n = tensor("x", "n")
    y = tensor("y", (n.shape[0] + 1,))
    f = numeric.lambdify([n, y], n.sum() + y.sum())
    assert f(np.ones(2), np.ones(3)) == 5
    with pytest.raises(EvaluationError, match=r"expected 3 \(n \+ 1\) on axis 0, got 4"):
        f(np.ones(2), np.ones(4))
    (z,) = (tensor("z", (n.shape[0] + 1,)),)
    assert numeric.lambdify(z, z.shape[0] * z.sum() - n.shape[0])(np.ones(3)) == 7


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(3) * 1j, "holds real numbers; got an array of dtype complex128"),
        (np.array(["a", "b"]), "holds real numbers; got an array of dtype <U1"),
    ],
)
def test_wrong_kind_of_numbers(value, message):
    x = tensor("x", "n")
    with pytest.raises(EvaluationError, match=message):
        numeric.lambdify(x, x * 2)(value)


def test_integers_are_not_floats():
    t, E = tensor("t", "p", dtype="int"), tensor("E", "n d")
    f = numeric.lambdify([t, E], E[t])
    with pytest.raises(EvaluationError, match=r"t \(p,\) holds integers; got an array of dtype float64"):
        f(np.array([0.0]), np.ones((2, 2)))
    with pytest.raises(EvaluationError, match=r"t \(p,\) holds -1, outside the axis of extent 2 of E"):
        f(np.array([-1]), np.ones((2, 2)))
    with pytest.raises(EvaluationError, match=r"t \(p,\) holds 2, outside the axis of extent 2 of E"):
        f(np.array([2]), np.ones((2, 2)))


def test_missing_argument_is_named(linear):
    x, W, _, s = linear
    with pytest.raises(DeclarationError, match=r"need b \(m,\), which is not among the arguments \(x, W\)"):
        numeric.lambdify([x, W], s)


def test_dimension_without_a_number():
    import symbolic

    x = tensor("x", "n")
    with pytest.raises(DeclarationError, match="the dimension q, which is on none of the arguments"):
        numeric.lambdify(x, symbolic.ones("q") * x.sum())


def test_unknown_options():
    x = tensor("x", "n")
    with pytest.raises(UnsupportedError, match="unknown back end 'nunpy'.*Did you mean 'numpy'"):
        numeric.lambdify(x, x * 2, backend="nunpy")
    with pytest.raises(EvaluationError, match="the dtype 'float16' is not supported"):
        numeric.lambdify(x, x * 2, dtype="float16")
    with pytest.raises(DeclarationError, match="an argument is a tensor, got str"):
        numeric.lambdify(["x"], x * 2)
    with pytest.raises(DeclarationError, match="given twice"):
        numeric.lambdify([x, x], x * 2)


@pytest.mark.parametrize(("dtype", "given", "result"), [
    (None, "float32", "float32"), (None, "float64", "float64"), ("float32", "float64", "float32"), ("float64", "float32", "float64"),
])  # fmt: skip
def test_dtype(dtype, given, result):
    x, z = tensor("x", "n"), tensor("z", "n", assume="positive")
    out = np.sqrt(x * x / 3 + x.shape[0]) * np.pi + np.log(z) * np.exp(x) / (1 + np.exp(x)) - (x > 0)
    f = numeric.lambdify([x, z], [out, out.sum()], dtype=dtype)
    assert [r.dtype for r in f(np.ones(3, given), np.ones(3, given))] == [np.dtype(result)] * 2


def test_integers_and_lists_for_reals():
    x = tensor("x", "n")
    np.testing.assert_array_equal(numeric.lambdify(x, x / 2)([1, 2]), [0.5, 1])
    a = tensor("a")
    assert numeric.lambdify(a, a * 3)(2) == 6.0


def test_outputs_do_not_alias_arguments():
    A = tensor("A", "m n")
    given = np.arange(6.0).reshape(2, 3)
    for out in (A.T, A, A[0], np.diagonal(A @ A.T)):
        got = numeric.lambdify(A, out)(given)
        got[...] = -1
    np.testing.assert_array_equal(given, np.arange(6.0).reshape(2, 3))


def test_names_that_would_be_code_are_replaced():
    t, other = tensor("lambda", "n"), tensor("np", "n")
    greek = tensor("θ", "dtype")
    f = numeric.lambdify([t, other, greek], t * other + greek.sum())
    np.testing.assert_array_equal(f(np.ones(2), np.ones(2), np.ones(3)), [4, 4])
    assert "lambda" not in f.source.split("#")[0]


def test_source_stands_alone_and_names_equations(linear):
    x, W, b, s = linear
    s.named("s")
    f = numeric.lambdify([x, W, b], [np.tanh(s), gradient(np.sum(np.tanh(s)), W)])
    assert "# s[i] = " in f.source
    scope = {}
    exec(f.source, scope)
    values = np.ones(3), np.ones((2, 3)), np.zeros(2)
    for got, want in zip(scope["computed"](*values), f(*values), strict=True):
        np.testing.assert_array_equal(got, want)


def test_shared_work_is_done_once():
    X = tensor("X", "p n")
    e = np.exp(X @ X.T)
    again = np.exp(X @ X.T)
    f = numeric.lambdify(X, [e.sum(), gradient(again.sum(), X), again.mean()])
    assert f.source.count("np.exp") == 1
    assert f.source.count(" X @ X.T") + f.source.count("(X @ X.T") == 1


def test_empty_batch_and_sizes_of_one():
    X, W = tensor("X", "p n"), tensor("W", "m n")
    loss = np.sum(np.maximum(X @ W.T, 0) ** 2)
    f = numeric.lambdify([X, W], [loss, gradient(loss, W), gradient(loss, X)])
    value, gW, gX = f(np.ones((0, 3)), np.ones((2, 3)))
    assert value == 0
    assert gX.shape == (0, 3)
    np.testing.assert_array_equal(gW, np.zeros((2, 3)))
    value, gW, _ = f(np.full((1, 1), 2.0), np.ones((1, 1)))
    assert (value, gW.item()) == (4.0, 8.0)


def test_a_guarded_point_is_never_read():
    x = tensor("x", "n")
    padded = np.pad(np.log(x), 1)
    np.testing.assert_array_equal(numeric.lambdify(x, padded)(np.ones(2)), [0, 0, 0, 0])
    A = tensor("A", "n n")
    given = np.full((3, 3), np.inf)
    given[np.tril_indices(3)] = 1
    np.testing.assert_array_equal(numeric.lambdify(A, np.tril(A).sum(1))(given), [1, 2, 3])

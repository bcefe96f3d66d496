"""Each pointwise function: on tensors, on arrays and on numbers alike, against SciPy or its formula, and its slope."""

import inspect

import numpy as np
import pytest
import scipy.special as sc

import symbolic
from symbolic.language import activations
from tests.symbolic.language.comparison import assert_gradient, value

REAL = np.array([[-3.1, -0.7, 0.4], [1.3, 2.2, 7.5]])
POSITIVE = np.array([[0.2, 0.9, 1.6], [2.4, 3.3, 5.1]])
UNIT = np.array([[0.1, 0.25, 0.4], [0.6, 0.75, 0.95]])
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _elu(x, a=1.0):
    return np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))


# name -> (an independent form in NumPy and SciPy, arguments)
EXPECTED = {
    "relu": (lambda x: np.maximum(x, 0), [REAL]),
    "leaky_relu": (lambda x, s: np.where(x > 0, x, s * x), [REAL, 0.2]),
    "relu6": (lambda x: np.clip(x, 0, 6), [REAL]),
    "elu": (_elu, [REAL, 1.5]),
    "celu": (lambda x, a: np.maximum(0, x) + np.minimum(0, a * np.expm1(x / a)), [REAL, 1.5]),
    "selu": (lambda x: SELU_SCALE * _elu(x, SELU_ALPHA), [REAL]),
    "hard_tanh": (lambda x: np.clip(x, -1, 1), [REAL]),
    "hard_sigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), [REAL]),
    "step": (lambda x: np.heaviside(x, 0), [REAL]),
    "sigmoid": (sc.expit, [REAL]),
    "log_sigmoid": (sc.log_expit, [REAL]),
    "softplus": (lambda x: np.logaddexp(0, x), [REAL]),
    "silu": (lambda x: x * sc.expit(x), [REAL]),
    "mish": (lambda x: x * np.tanh(np.log1p(np.exp(x))), [REAL]),
    "gelu": (lambda x: x * sc.ndtr(x), [REAL]),
    "gelu_tanh": (lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), [REAL]),
    "softsign": (lambda x: x / (1 + np.abs(x)), [REAL]),
    "tanhshrink": (lambda x: x - np.tanh(x), [REAL]),
    "erf": (sc.erf, [REAL]),
    "erfc": (sc.erfc, [REAL]),
    "logit": (sc.logit, [UNIT]),
    "ndtr": (sc.ndtr, [REAL]),
    "log_ndtr": (sc.log_ndtr, [REAL]),
    "gammaln": (sc.gammaln, [POSITIVE]),
    "digamma": (sc.digamma, [POSITIVE]),
    "polygamma": (sc.polygamma, [2, POSITIVE]),
    "xlogy": (sc.xlogy, [REAL, POSITIVE]),
    "xlog1py": (sc.xlog1py, [REAL, POSITIVE]),
    "entr": (sc.entr, [POSITIVE]),
    "rel_entr": (sc.rel_entr, [POSITIVE, POSITIVE[::-1].copy()]),
    "i0": (sc.i0, [REAL]),
    "i1": (sc.i1, [REAL]),
}
PUBLIC = {
    name
    for name, f in inspect.getmembers(activations, inspect.isfunction)
    if f.__module__ == activations.__name__ and not name.startswith("_") and f.__name__ == name
} - {"entrywise"}


def test_every_function_is_tested_and_exported():
    assert set(EXPECTED) == PUBLIC
    assert set(symbolic.__all__) >= PUBLIC


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_values_on_tensors_arrays_and_numbers(name):
    formula, args = EXPECTED[name]
    function, expected = getattr(symbolic, name), formula(*args)
    on_arrays = function(*args)
    assert isinstance(on_arrays, np.ndarray)
    np.testing.assert_allclose(on_arrays, expected, rtol=1e-12, atol=1e-14)
    tensors = [symbolic.tensor(f"x{k}", "m n") if np.ndim(a) else a for k, a in enumerate(args)]
    found = value(function(*tensors), {f"x{k}": a for k, a in enumerate(args)})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    number = function(*(a[0, 1].item() if np.ndim(a) else a for a in args))
    assert isinstance(number, (int, float))
    assert number == pytest.approx(expected[0, 1], rel=1e-12)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_slopes(name):
    args = EXPECTED[name][1]
    tensors = [symbolic.tensor(f"x{k}", (2, 3)) if np.ndim(a) else a for k, a in enumerate(args)]
    weights = np.arange(1.0, 7.0).reshape(2, 3)
    loss = (weights * getattr(symbolic, name)(*tensors)).sum()
    assert_gradient(loss, {f"x{k}": a for k, a in enumerate(args)})


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_shapes_of_arrays_and_float32(name):
    function, (_, args) = getattr(symbolic, name), EXPECTED[name]
    for shape in [(), (0,), (1,), (2, 1, 3)]:
        arrays = [np.full(shape, a.ravel()[1], dtype="float32") if np.ndim(a) else a for a in args]
        result = function(*arrays)
        assert result.shape == shape
        assert result.dtype.kind != "f" or result.dtype == np.float32


def test_saturated_values_neither_overflow_nor_warn():
    x = np.array([-1000.0, 1000.0])
    np.testing.assert_array_equal(symbolic.sigmoid(x), [0, 1])
    np.testing.assert_array_equal(symbolic.softplus(x), [0, 1000])
    np.testing.assert_array_equal(symbolic.elu(x), [-1, 1000])
    np.testing.assert_array_equal(symbolic.silu(x), [-0.0, 1000])


def test_a_list_is_no_array():
    with pytest.raises(symbolic.UnsupportedError, match=r"np.array"):
        symbolic.relu([1, 2])


def test_shape_functions_serve_arrays_too():
    x, i = np.arange(6.0).reshape(2, 3), np.array([[2, 0], [1, 1]])
    np.testing.assert_array_equal(symbolic.take_along_axis(x, i, 1), np.take_along_axis(x, i, 1))
    np.testing.assert_array_equal(symbolic.one_hot(i, 3), np.eye(3)[i])
    np.testing.assert_array_equal(symbolic.einsum("ij->ji", x), x.T)
    np.testing.assert_allclose(symbolic.softmax(x).sum(-1), [1, 1])
    np.testing.assert_allclose(
        symbolic.logsumexp(x, axis=0, keepdims=True), np.logaddexp.reduce(x, axis=0, keepdims=True)
    )
    np.testing.assert_allclose(symbolic.log_softmax(x, axis=None), x - np.logaddexp.reduce(x, axis=None))

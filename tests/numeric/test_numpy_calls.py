"""Every NumPy call of the language's tests, lowered: the generated code gives what NumPy gives."""

import numpy as np
import pytest

import numeric
from tests.symbolic.language.comparison import symbolic_of
from tests.symbolic.language.test_numpy_calls import CALLS


@pytest.mark.parametrize("name", CALLS)
def test_lowered_value(name):
    function, arrays, _ = CALLS[name]
    tensors = [symbolic_of(f"a{k}", a) for k, a in enumerate(arrays)]
    found, expected = numeric.lambdify(tensors, function(*tensors))(*arrays), np.asarray(function(*arrays))
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)

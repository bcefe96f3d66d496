"""The corpus of identities as code: what ``lambdify`` makes of each derivative is what the second interpreter computes."""

import numpy as np
import pytest

import numeric
from tests.symbolic.corpus.corpus import corpus, derived, distance, point
from tests.symbolic.numpy_oracle import NumPyOracle

ITEMS = corpus()


@pytest.mark.parametrize("part", range(10))
def test_derivatives_as_code(part):
    for item in ITEMS[part::10]:
        tensors, arrays = point(item)
        _, derivative = derived(item, tensors)
        expected = NumPyOracle({tensors[name]: array for name, array in arrays.items()})(derivative)
        with np.errstate(all="ignore"):
            found = numeric.lambdify(list(tensors.values()), derivative)(*arrays.values())
        assert distance(found, expected) < 1e-9, item["id"]

"""A cotangent has the shape of its tensor, also where it is the first part of a larger one."""

import numpy as np
import pytest

import symbolic as s

PARTS = [
    lambda x: np.concatenate([x, s.tensor("h", 4)]),
    lambda x: np.pad(x, (0, 3)),
    lambda x: np.concatenate([np.stack([x, x * x]), s.tensor("H", (2, 2))])[0],
]


@pytest.mark.parametrize("program", PARTS)
def test_the_first_part_of_a_cotangent_is_only_that_part(program):
    x = s.tensor("x", 2)
    y = program(x)
    g = s.tensor("g", y.shape)
    pulled = s.vjp(y, x, g)
    assert pulled.shape == (2,)
    values = {x: {(0,): 5, (1,): 6}, g: {(k,): 10 + k for k in range(y.shape[0])}}
    assert s.evaluate(pulled, values) == [10, 11]

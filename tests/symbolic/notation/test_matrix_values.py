"""A printed matrix formula is right: the tree that is printed has the exact evaluator's value."""

import numpy as np
import pytest
from scipy import special

import symbolic as s
from symbolic.notation import text
from symbolic.notation.closed import closed_of
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from tests.symbolic.notation.matrix_values import value
from tests.symbolic.notation.programs import SIZES, SYMBOLS, random_program, random_values

PROGRAMS = range(60)


def expected(t, values):
    return np.array(s.evaluate(t, values, dims=SIZES, precision=17), dtype=float)


def as_matrix(array):
    return array.reshape(-1, 1) if array.ndim < 2 else array


def check(t, leaves, seed):
    """The tree's value and the NumPy text's value against the evaluator; how many of the two exist."""
    values = random_values(leaves.values(), seed)
    truth = expected(t, values)
    try:
        tree = matrix_tree(closed_of(t))
    except NoMatrixForm:
        return 0
    np.testing.assert_allclose(value(tree, values, SYMBOLS), as_matrix(truth), rtol=1e-9, atol=1e-12)
    try:
        code = text(t, style="numpy")
    except s.UnsupportedError:
        return 1
    scope = {"np": np, "special": special} | {u.name: array for u, array in values.items()}
    np.testing.assert_allclose(eval(code, scope), truth, rtol=1e-9, atol=1e-12, err_msg=code)
    return 2


@pytest.mark.parametrize("seed", PROGRAMS)
def test_random_program(seed):
    t, leaves = random_program(np.random.default_rng(seed))
    if t.definition is not None:
        check(t, leaves, seed)


@pytest.mark.parametrize("seed", range(25))
def test_gradient_of_a_random_program(seed):
    rng = np.random.default_rng(1000 + seed)
    t, leaves = random_program(rng, depth=3)
    loss = np.sum(t * t) if t.ndim else t * t
    for x in leaves.values():
        check(s.gradient(loss, x), leaves, seed)


def test_most_random_programs_have_a_matrix_form():
    found = []
    for seed in PROGRAMS:
        t, leaves = random_program(np.random.default_rng(seed))
        if t.definition is not None:
            found.append(check(t, leaves, seed))
    assert len(found) > 45
    assert sum(k > 0 for k in found) > 0.9 * len(found)
    assert sum(k > 1 for k in found) > 0.8 * len(found)

"""Lowering on programs that nobody wrote for it: random ones, every NumPy call of the language, published identities."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import numeric
from symbolic import NotDifferentiableError, UnsupportedError, constant, gradient, hessian, jacobian, tensor
from symbolic.language.samples import average_loss, variables
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from tests.symbolic.corpus.corpus import corpus, derived, distance, point
from tests.symbolic.language.test_numpy_calls import CALLS
from tests.symbolic.numpy_oracle import NumPyOracle
from tests.symbolic.programs import KINKED, SHAPED, SIZES, SMOOTH, random_program, seeded, size

PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def arrays_of(program):
    """The exact values of a random program's leaves as float arrays."""
    found = []
    for t in program.leaves:
        array = np.zeros([size(e) for e in t.extents])
        for index, value in program.values[t].items():
            array[index] = float(value)
        found.append(array)
    return found


def agree(program, outputs, tolerance=1e-9, dtype="float64"):
    found = numeric.lambdify(list(program.leaves), outputs, dtype=dtype)(*arrays_of(program))
    for out, got in zip(outputs, found, strict=True):
        want = np.array(program.evaluate(out, precision=17), dtype=float)
        assert got.shape == want.shape
        assert got.dtype == np.dtype(dtype)
        scale = 1 + np.max(np.abs(want), initial=0)
        assert np.max(np.abs(got - want), initial=0) <= tolerance * scale, out.definition


@given(st.integers(0, 10**6))
@PROPERTY
def test_random_programs(seed):
    program = random_program(seeded(seed), 6, SMOOTH + SHAPED + KINKED)
    agree(program, [program.output])
    agree(program, [program.output], 1e-3, "float32")


@given(st.integers(0, 10**6))
@PROPERTY
def test_random_jacobians(seed):
    program = random_program(seeded(seed), 4, SMOOTH + SHAPED + KINKED)
    agree(program, [program.output, *(jacobian(program.output, t) for t in program.leaves[:3])])


@given(st.integers(0, 10**6))
@PROPERTY
def test_random_hessians(seed):
    program = random_program(seeded(seed), 3)
    loss = np.sum(program.output * program.output) / 2
    agree(program, [loss, hessian(loss, program.leaves[0]), hessian(loss, program.leaves[1], program.leaves[2])])


@given(st.integers(0, 10**6), st.sampled_from([1, 3]))
@PROPERTY
def test_random_training_steps(seed, samples):
    """In place, in buffers, call by call: the same numbers as the readable code."""
    program = random_program(seeded(seed), 6, SMOOTH + SHAPED + KINKED)
    loss = np.sum(program.output * program.output) / 2
    B = program.leaves[3]
    if all(t is not B for t in leaves([loss])):
        return
    mean = average_loss(loss, "samples")
    known = variables(mean)
    rng = np.random.default_rng(seed)
    numbers = {**SIZES, "samples": samples}
    arrays = {
        n: rng.normal(size=[int(e.subs({sym: numbers[str(sym)] for sym in e.free_symbols})) for e in t.extents])
        for n, t in known.items()
    }
    f = numeric.lambdify(list(known.values()), [mean, gradient(mean, known["B"])])
    value, g = f(*arrays.values())
    parameters = {"B": arrays["B"].copy()}
    step = numeric.training_step(loss, learning_rate=0.5, dtype="float64")
    found = step(parameters, {n: a for n, a in arrays.items() if n != "B"})
    assert found == pytest.approx(value, rel=1e-9, abs=1e-12)
    scale = 1 + np.max(np.abs(g))
    np.testing.assert_allclose(parameters["B"], arrays["B"] - 0.5 * g, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("name", CALLS)
def test_numpy_calls(name):
    function, arrays, _ = CALLS[name]
    arrays = [np.asarray(a) for a in arrays]
    kinds = {"i": "int", "u": "int", "b": "bool"}
    tensors = [tensor(f"t{k}", a.shape, dtype=kinds.get(a.dtype.kind, "real")) for k, a in enumerate(arrays)]
    out, want = function(*tensors), function(*arrays)
    many = isinstance(out, (list, tuple))
    outputs, wanted = (list(out), list(want)) if many else ([out], [want])
    pairs = [(o, w) for o, w in zip(outputs, wanted, strict=True) if isinstance(o, Tensor)]
    found = numeric.lambdify(tensors, [o for o, _ in pairs])(*arrays)
    for got, (_, array) in zip(found, pairs, strict=True):
        assert got.shape == np.shape(array)
        np.testing.assert_allclose(np.asarray(got, float), np.asarray(array, float), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("item", corpus(), ids=lambda item: item["id"])
def test_published_derivatives(item):
    tensors, arrays = point(item)
    try:
        output, derivative = derived(item, tensors)
    except (UnsupportedError, NotDifferentiableError) as error:
        pytest.skip(str(error))
    names = list(tensors)
    got = numeric.lambdify([tensors[n] for n in names], [constant(output), derivative])(*(arrays[n] for n in names))
    oracle = NumPyOracle({tensors[n]: arrays[n] for n in names})
    with np.errstate(all="ignore"):
        for value, out in zip(got, (output, derivative), strict=True):
            assert distance(value, oracle(out)) < 1e-9


def test_sizes_of_the_random_programs_are_distinct():
    assert len(set(SIZES.values())) == len(SIZES)

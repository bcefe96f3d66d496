"""Large programs: kernels between calls of BLAS and NumPy give what NumPy alone gives, and equal ones are compiled once."""

import numpy as np
import pytest
import sympy as sp

from numeric import training_step
from numeric.backends.kernel_steps import kernel_step
from numeric.backends.loops.kernels import leading
from numeric.functions import lambdify
from numeric.lowering import prepared
from numeric.lowering.exponentials import apart, has_dear, is_dear, normalised
from numeric.lowering.kernels import Kernel, grouped
from numeric.lowering.program import Program
from numeric.lowering.sharing import shared
from numeric.training.initial import initial_parameters
from symbolic import softmax, tensor
from symbolic.language.gallery.transformers import GPT
from symbolic.language.losses.classification import cross_entropy

pytest.importorskip("numba")


def small_gpt(depth):
    tokens, following = tensor("tokens", 5, dtype="int"), tensor("following", 3, role="target", dtype="int")
    return cross_entropy(GPT(7, 5, 12, 3, depth)(tokens)[2:].named("s"), following).named("C")


def batches(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [{"tokens": rng.integers(0, 7, (n, 5)), "following": rng.integers(0, 7, (n, 3))} for n in sizes]


def trained(backend, method, sizes, dtype="float64", **options):
    loss = small_gpt(1)
    step = training_step(loss, method=method, backend=backend, dtype=dtype, **options)
    parameters = initial_parameters(loss, seed=1, dtype=dtype)
    return step, parameters, [step(parameters, batch) for batch in batches(sizes)]


@pytest.mark.parametrize(
    ("method", "options"), [("sgd", {"clip_norm": 0.5}), pytest.param("adamw", {}, marks=pytest.mark.slow)]
)
def test_kernels_train_as_numpy_does(method, options):
    step, found, losses = trained("auto", method, [6, 4, 6, 1], learning_rate=0.05, **options)
    assert step.backend == "numba"
    assert "def kernel(" in step.source
    other, expected, wanted = trained("numpy", method, [6, 4, 6, 1], learning_rate=0.05, **options)
    np.testing.assert_allclose(losses, wanted, rtol=1e-11)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-7, atol=1e-11, err_msg=name)
    for name, value in other.state_arrays().items():
        np.testing.assert_allclose(step.state_arrays()[name], value, rtol=1e-7, atol=1e-13, err_msg=name)


def test_a_seed_repeats_every_bit():
    runs = [trained("numba", "adam", [6, 4], dtype="float32") for _ in range(2)]
    assert runs[0][2] == runs[1][2]
    for name, value in runs[0][1].items():
        assert np.array_equal(value, runs[1][1][name]), name


def sources(depth, size):
    """The kernels of a model for one size of batch."""
    step = training_step(small_gpt(depth), backend="numba")
    program, _ = step.for_batch(size, {})
    kernels, _ = kernel_step(program, step.dtype)[1].split("def prepared")
    return set(kernels.split("# kernel")[1:]), kernels


def test_blocks_of_a_model_and_batches_share_kernels():
    two, text = sources(2, 6)
    assert sources(2, 4)[1] == text
    three, more = sources(3, 6)
    assert sources(4, 6)[1] == more
    assert len(three) <= len(two) + 2 < 40


def test_nan_survives():
    loss = small_gpt(1)
    step = training_step(loss, backend="numba")
    parameters = initial_parameters(loss, dtype="float32")
    parameters["U_1"][0, 0] = np.nan
    assert np.isnan(step(parameters, batches([3])[0]))
    assert np.isnan(parameters["W_q_1"]).all()


# -- one exponential of each entry ---------------------------------------------------------------------------------------


def rewritten_rows(x):
    """A softmax and its logarithm's sum, before and after ``normalised``."""
    t = tensor("x", "n m")
    p = softmax(t)
    outputs = [p, np.sum(p * t), np.log(np.sum(np.exp(t), axis=1, keepdims=True))]
    program = prepared([t], outputs)
    changed = shared(normalised(program))
    plain, short = (lambdify([t], list(some)) for some in (outputs, changed.outputs))
    with np.errstate(all="ignore"):
        return plain(x), short(x), changed


def exponentials(program: Program) -> int:
    return sum(t.definition.reduce == "logsumexp" or t.definition.body.has(sp.exp) for t in program.steps)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_softmax_takes_one_exponential(scale):
    x = scale * np.random.default_rng(0).normal(size=(4, 5))
    plain, short, program = rewritten_rows(x)
    for a, b in zip(plain, short, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-13, atol=1e-300)
    assert exponentials(program) == 1


def test_infinite_and_missing_rows():
    x = np.array([[-np.inf, 0.0, 1.0], [-np.inf, -np.inf, -np.inf], [np.nan, 0.0, 1.0], [np.inf, 0.0, 1.0]])
    plain, short, _ = rewritten_rows(x)
    np.testing.assert_allclose(short[0][0], plain[0][0])
    assert np.isnan(short[0][1:3]).all()
    assert np.isnan(short[0][3, 0])
    np.testing.assert_allclose(short[2], plain[2], rtol=1e-15)


def test_dear_functions_stand_alone():
    x, w = tensor("x", "n m"), tensor("w", "m")
    y = np.tanh(np.exp(x) * w) ** 2 + w
    program = shared(apart(prepared([x, w], [y])))
    for t in program.steps:
        body = t.definition.body
        assert is_dear(body) or not has_dear(body)
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(3, 4)), rng.normal(size=4)
    f = lambdify([x, w], list(program.outputs))
    np.testing.assert_allclose(f(*arrays)[0], np.tanh(np.exp(arrays[0]) * arrays[1]) ** 2 + arrays[1], rtol=1e-14)


def test_kernels_hold_what_follows_row_by_row():
    x, w = tensor("x", (6, 8)), tensor("w", (8, 5))
    c = (x - x.mean(axis=1, keepdims=True)).named("c")
    y = (c / np.sqrt((c * c).mean(axis=1, keepdims=True) + 1)).named("y")
    program = prepared([x, w], [c, y @ w, y.sum(axis=0)])
    found = list(grouped(program, leading))
    kernels = [k for k in found if isinstance(k, Kernel)]
    assert len(kernels) == 2
    assert kernels[0].depth == 1
    assert {t.label for t in kernels[0].steps} >= {"c", "y"}
    assert sum(not isinstance(k, Kernel) for k in found) == 1

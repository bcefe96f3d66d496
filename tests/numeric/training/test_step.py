"""The training step: equal to lambdified gradients and the method's own equations, whatever the batch size."""

import numpy as np
import pytest

import numeric
import symbolic as s
from numeric.errors import OptionError
from numeric.training.methods import METHODS, Hyperparameters, update
from symbolic import DeclarationError, EvaluationError, UnsupportedError, gradient, tensor
from symbolic.language.samples import average_loss, variables


def network():
    x, y = tensor("x", "n"), tensor("y", "k", role="target")
    W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
    V = tensor("V", "k m", role="parameter")
    return np.sum((V @ np.maximum(W @ x + b, 0) - y) ** 2)


def classifier():
    x, label = tensor("x", "n"), tensor("label", role="target", dtype="int")
    W, E = tensor("W", "k n", role="parameter"), tensor("E", "k k", role="parameter")
    z = W @ x
    return s.logsumexp(z) - (E @ z)[label] + np.tanh(E)[label, label]


SIZES = {"n": 5, "m": 4, "k": 3}


def start(loss, rng, dtype="float64"):
    return {
        name: rng.normal(size=[SIZES[str(e)] for e in t.extents]).astype(dtype)
        for name, t in variables(loss).items()
        if t.role == "parameter"
    }


def batch_of(loss, size, rng, dtype="float64"):
    found = {}
    for name, t in variables(loss).items():
        shape = [size, *(SIZES[str(e)] for e in t.extents)]
        if t.role in ("input", "target"):
            found[name] = rng.integers(0, 3, shape) if t.dtype == "int" else rng.normal(size=shape).astype(dtype)
    return found


def by_hand(loss, method, parameters, batch, options, count, state):
    """One step by lambdified gradients and the method's equations, each evaluated on its own."""
    mean = average_loss(loss, "P")
    needed = variables(mean)
    given = {**parameters, **batch}
    values = [given[name] for name in needed]
    loss_before = numeric.lambdify(list(needed.values()), mean)(*values)
    after = {}
    for name in parameters:
        g = numeric.lambdify(list(needed.values()), gradient(mean, needed[name]))(*values)
        w_, g_ = tensor(name, g.shape), tensor("g", g.shape)
        hyper = Hyperparameters(method)
        rule = update(method, w_, g_, hyper)
        before = [pair[0] for pair in rule.state.values()]
        f = numeric.lambdify(
            [w_, g_, *before, *hyper.tensors.values()], [rule.following, *(p[1] for p in rule.state.values())]
        )
        states = [state.setdefault(f"{name}.{key}", np.zeros(g.shape)) for key in rule.state]
        new, *new_states = f(parameters[name], g, *states, *options.values(), count)
        after[name] = new
        state.update(dict(zip([f"{name}.{key}" for key in rule.state], new_states, strict=True)))
    return loss_before, after


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("model", [network, classifier])
def test_step_is_the_methods_equations(method, model):
    rng, loss = np.random.default_rng(0), model()
    step = numeric.training_step(loss, method=method, learning_rate=0.05, dtype="float64")
    parameters, state = start(loss, rng), {}
    for count, size in enumerate((3, 1), start=1):
        batch = batch_of(loss, size, rng)
        before = {k: v.copy() for k, v in parameters.items()}
        want, after = by_hand(loss, METHODS[method], before, batch, step.options, count, state)
        arrays = {k: id(v) for k, v in parameters.items()}
        assert step(parameters, batch) == pytest.approx(want, rel=1e-12)
        assert {k: id(v) for k, v in parameters.items()} == arrays
        for name in parameters:
            np.testing.assert_allclose(parameters[name], after[name], rtol=1e-9, atol=1e-12)
        for name, array in step.state_arrays().items():
            np.testing.assert_allclose(array, state[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [1, 16, 40])
def test_blocks_of_rows_and_large_rank_one_products(size, monkeypatch):
    rng, loss = np.random.default_rng(7), network()
    for name, n in (("n", 200), ("m", 70)):
        monkeypatch.setitem(SIZES, name, n)
    step = numeric.training_step(loss, learning_rate=0.01, dtype="float64")
    parameters, batch = start(loss, rng), batch_of(loss, size, rng)
    before = {k: v.copy() for k, v in parameters.items()}
    want, after = by_hand(loss, METHODS["sgd"], before, batch, step.options, 1, {})
    assert step(parameters, batch) == pytest.approx(want, rel=1e-12)
    for name in parameters:
        np.testing.assert_allclose(parameters[name], after[name], rtol=1e-9, atol=1e-9)
    assert ("reshape(2, 16, 200)" in step.source) == (size == 40)
    assert ("[None]" in step.source) == (size == 1)


def test_float32_stays_float32():
    rng, loss = np.random.default_rng(1), network()
    step = numeric.training_step(loss, method="adam")
    parameters = start(loss, rng, "float32")
    first = step(parameters, batch_of(loss, 8, rng, "float32"))
    assert isinstance(first, float)
    assert {v.dtype for v in parameters.values()} == {np.dtype("float32")}
    assert "float64" not in step.source


def test_epoch_meets_every_sample_once():
    rng, loss = np.random.default_rng(2), network()
    parameters, data = start(loss, rng), batch_of(loss, 7, rng)
    one = {k: v.copy() for k, v in parameters.items()}
    mean = numeric.training_step(loss, learning_rate=1e-2, dtype="float64").epoch(
        parameters, data, 3, np.random.default_rng(5)
    )
    step, total = numeric.training_step(loss, learning_rate=1e-2, dtype="float64"), 0.0
    order = np.random.default_rng(5).permutation(7)
    for rows in (order[:3], order[3:6], order[6:]):
        total += step(one, {k: v[rows] for k, v in data.items()}) * len(rows)
    assert mean == pytest.approx(total / 7)
    for name in one:
        np.testing.assert_array_equal(parameters[name], one[name])


def test_frozen_parameters_stay():
    rng, loss = np.random.default_rng(3), network()
    parameters = start(loss, rng)
    before = {k: v.copy() for k, v in parameters.items()}
    numeric.training_step(loss, dtype="float64", frozen=("b",))(parameters, batch_of(loss, 4, rng))
    np.testing.assert_array_equal(parameters["b"], before["b"])
    assert not np.array_equal(parameters["W"], before["W"])


def test_restored_state_goes_on_in_the_same_bits():
    rng, loss = np.random.default_rng(4), network()
    batches = [batch_of(loss, 3, rng) for _ in range(4)]
    one = start(loss, rng)
    two = {k: v.copy() for k, v in one.items()}
    step = numeric.training_step(loss, method="adam", dtype="float64")
    for batch in batches:
        step(one, batch)
    first = numeric.training_step(loss, method="adam", dtype="float64")
    for batch in batches[:2]:
        first(two, batch)
    second = numeric.training_step(loss, method="adam", dtype="float64")
    second.restore(first.state_arrays(), first.count)
    for batch in batches[2:]:
        second(two, batch)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_messages():
    rng, loss = np.random.default_rng(5), network()
    step = numeric.training_step(loss)
    parameters, batch = start(loss, rng, "float32"), batch_of(loss, 4, rng, "float32")
    with pytest.raises(EvaluationError, match=r"batch has no array for input x \(P, n\); it has y"):
        step(parameters, {"y": batch["y"]})
    with pytest.raises(
        EvaluationError, match=r"updated in place, so it must be an array of dtype float32; got float64"
    ):
        step({**parameters, "W": parameters["W"].astype(float)}, batch)
    with pytest.raises(EvaluationError, match="the dimension n is 5 in W and 6 in x"):
        step(parameters, {**batch, "x": np.ones((4, 6), "float32")})
    step(parameters, batch)
    with pytest.raises(EvaluationError, match="the dimension P is 3 in y and 4 in x"):
        step(parameters, {**batch, "y": batch["y"][:3]})
    parameters["W"].flags.writeable = False
    with pytest.raises(EvaluationError, match="read-only"):
        numeric.training_step(loss)(parameters, batch)
    with pytest.raises(OptionError, match="no method 'sgdd'"):
        numeric.training_step(loss, method="sgdd")
    with pytest.raises(OptionError, match="no option 'momentun'"):
        numeric.training_step(loss, method="momentum", momentun=0.5)
    with pytest.raises(UnsupportedError, match="unknown back end"):
        numeric.training_step(loss, backend="cuda")
    x = tensor("x", "n")
    with pytest.raises(DeclarationError, match="no parameter to train"):
        numeric.training_step(np.sum(x * x))


def test_batch_of_another_dtype_is_converted():
    rng, loss = np.random.default_rng(6), network()
    step = numeric.training_step(loss, learning_rate=1e-2)
    parameters, batch = start(loss, rng, "float32"), batch_of(loss, 4, rng)
    same = {k: v.copy() for k, v in parameters.items()}
    step(parameters, batch)
    step(parameters, batch)
    other = numeric.training_step(loss, learning_rate=1e-2)
    for _ in range(2):
        other(same, {k: v.astype("float32") for k, v in batch.items()})
    for name in same:
        np.testing.assert_array_equal(parameters[name], same[name])


def test_auto_compiles_small_programs_whole_and_the_loops_of_large_ones():
    pytest.importorskip("numba")
    x, y = tensor("x", 3), tensor("y", 3, role="target")
    W = tensor("W", (3, 3), role="parameter")
    z = x
    for _ in range(40):
        z = np.tanh(W @ z)
    small = numeric.training_step(np.sum((np.tanh(W @ x) - y) ** 2), backend="auto")
    large = numeric.training_step(np.sum((z - y) ** 2), backend="auto")
    assert (small.backend, large.backend) == ("numba", "numba")
    parameters = {"W": np.eye(3, dtype="float32")}
    batch = {"x": np.ones((2, 3), "float32"), "y": np.zeros((2, 3), "float32")}
    for step in (small, large):
        step(parameters, batch)
    assert "def computed(" in small.source
    assert "math.tanh(" in small.source
    assert "def kernel(" in large.source
    assert "hyperbolic_tangent(" in large.source


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("compiler", ["machine", "numba"])
def test_compiled_epochs_are_numpys(compiler, batch, dtype, monkeypatch):
    pytest.importorskip("numba")
    if compiler == "numba":  # what multiplies large matrices: here all are
        monkeypatch.setattr("numeric.backends.loops.writer.LARGE", 0)
    found = []
    for backend in ("numba", "numpy"):
        loss = classifier()
        step = numeric.training_step(loss, method="adam", learning_rate=0.01, backend=backend, dtype=dtype)
        rng = np.random.default_rng(0)
        parameters, data = start(loss, rng, dtype), batch_of(loss, 12, rng, dtype)
        turned = {k: np.asfortranarray(v) for k, v in parameters.items()}  # the order in memory does not matter
        losses = step.over(turned, data, np.random.default_rng(1).permutation(12), batch)
        more = step(turned, batch_of(loss, batch, rng, dtype))
        found.append((np.append(losses, more), turned, step.state_arrays()))
    close = {"float32": 2e-4, "float64": 1e-9}[dtype]
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=close)
    for one, other in zip(found[0][1:], found[1][1:], strict=True):
        for name, value in one.items():
            np.testing.assert_allclose(value, other[name], rtol=close, atol=close, err_msg=name)

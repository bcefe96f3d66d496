"""Batches in parts on several threads: what one thread computes, wherever the samples do not depend on each other."""

import numpy as np
import pytest

from numeric import train, training_step
from numeric.backends.loops import threads
from numeric.lowering import prepared
from numeric.lowering.splitting import split
from numeric.training.initial import initial_parameters
from symbolic import tensor
from symbolic.language.gallery.transformers import GPT
from symbolic.language.losses.classification import cross_entropy
from symbolic.program.dims import dim_symbol


def small_gpt():
    tokens, following = tensor("tokens", 5, dtype="int"), tensor("following", 3, role="target", dtype="int")
    return cross_entropy(GPT(7, 5, 12, 3, 1)(tokens)[2:].named("s"), following).named("C")


def trained(backend, sizes, **options):
    """The losses, the parameters and the last source after some steps in double precision."""
    rng, loss = np.random.default_rng(0), small_gpt()
    step = training_step(loss, backend=backend, dtype="float64", learning_rate=0.05, **options)
    parameters = initial_parameters(loss, seed=1, dtype="float64")
    batches = [{"tokens": rng.integers(0, 7, (n, 5)), "following": rng.integers(0, 7, (n, 3))} for n in sizes]
    return [step(parameters, batch) for batch in batches], parameters, step.source


@pytest.fixture
def eager(monkeypatch):
    """Any work is worth a thread, and there are three."""
    pytest.importorskip("numba")
    from numeric.backends import parallel_steps

    monkeypatch.setattr(parallel_steps, "WORTH", 0)
    monkeypatch.setattr(threads, "available", lambda: 3)


def test_parts_train_as_the_whole_does(eager):
    losses, found, source = trained("numba", [6, 6, 9], method="momentum", clip_norm=0.5)
    assert source.startswith("# for each of 3 parts of a batch")
    wanted, expected, _ = trained("numpy", [6, 6, 9], method="momentum", clip_norm=0.5)
    np.testing.assert_allclose(losses, wanted, rtol=1e-12)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-8, atol=1e-12, err_msg=name)
    again, same, _ = trained("numba", [6, 6, 9], method="momentum", clip_norm=0.5)
    assert again == losses
    assert all(np.array_equal(same[name], value) for name, value in found.items())


def test_a_run_resumed_with_fewer_threads_ends_in_the_same_bits(eager, monkeypatch, tmp_path):
    rng = np.random.default_rng(2)
    data = {"tokens": rng.integers(0, 7, (12, 5)), "following": rng.integers(0, 7, (12, 3))}
    options = {"backend": "numba", "batch_size": 6, "learning_rate": 0.05, "seed": 3, "progress": False}
    whole = train(small_gpt(), data, epochs=3, **options)
    assert whole.settings["threads"] == 3
    file = tmp_path / "run.npz"
    train(small_gpt(), data, epochs=1, checkpoint=file, **options)
    monkeypatch.setattr(threads, "available", lambda: 1)
    rest = train(small_gpt(), data, epochs=3, checkpoint=file, resume=True, **options)
    assert rest.losses == whole.losses
    assert all(np.array_equal(rest.parameters[name], value) for name, value in whole.parameters.items())
    alone = train(small_gpt(), data, epochs=3, **options)
    assert any(not np.array_equal(alone.parameters[name], value) for name, value in whole.parameters.items())


def test_a_batch_without_equal_parts_stays_whole(eager):
    losses, _, source = trained("numba", [5])
    assert "parts of a batch" not in source
    np.testing.assert_allclose(losses, trained("numpy", [5])[0], rtol=1e-12)


def programs(output):
    x, w = tensor("x", "P n"), tensor("w", "n", role="parameter")
    return split(prepared([x, w], [output(x, w)]), dim_symbol("P"))


def test_sums_over_samples_are_what_is_split():
    found = programs(lambda x, w: np.sum(np.tanh(x @ w)) ** 2)
    assert found is not None
    assert (found.kept, found.batched) == ((1,), (0,))
    assert [t.shape for t in found.inner.outputs] == [()]


@pytest.mark.parametrize(
    "output",
    [
        lambda x, w: np.sum(np.tanh((x - x.mean(axis=0)) @ w)),  # samples need the mean of all
        lambda x, w: np.tanh(x @ w),  # a result for each sample
        lambda x, w: np.max(x @ w),  # no sum
        lambda x, w: np.sum((x @ w) * (x @ w)[::-1]),  # another sample
        lambda x, w: np.sum(np.tanh(x @ x.T)),  # every pair of samples
    ],
)
def test_samples_that_depend_on_each_other_are_not_split(output):
    assert programs(output) is None


def test_variables_limit_the_threads(monkeypatch):
    for name in threads.LIMITS:
        monkeypatch.delenv(name, raising=False)
    whole = threads.available()
    assert whole >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads.available() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "999")
    assert threads.available() == whole

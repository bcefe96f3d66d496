"""The mean over samples equals the mean of the losses of the samples one by one."""

import numpy as np
import pytest

import symbolic as s
from tests.symbolic.language.comparison import assert_gradient, value

RNG = np.random.default_rng(5)
P, N, M, K, V = 3, 2, 4, 3, 5
DATA = {
    "x": RNG.normal(size=(P, N)),
    "y": RNG.normal(size=(P, M)),
    "t": RNG.integers(0, K, size=P),
    "tok": RNG.integers(0, V, size=(P, 4)),
}
SHARED = {
    "W": RNG.normal(size=(M, N)),
    "b": RNG.normal(size=M),
    "U": RNG.normal(size=(K, M)),
    "E": RNG.normal(size=(V, K)),
}


def declared():
    return (
        s.tensor("x", "n"),
        s.tensor("y", "m", role="target"),
        s.tensor("t", role="target", dtype="int"),
        s.tensor("tok", 4, dtype="int"),
        s.tensor("W", "m n", role="parameter"),
        s.tensor("b", "m", role="parameter"),
        s.tensor("U", "k m", role="parameter"),
        s.tensor("E", "v k", role="parameter"),
    )


def squared():
    x, y, _, _, W, b, *_ = declared()
    return s.squared_error(np.tanh(W @ x + b), y)


def labelled():
    x, _, t, _, W, b, U, _ = declared()
    return s.cross_entropy(U @ s.relu(W @ x + b), t)


def embedded():
    *_, tok, _, _, _, E = declared()
    return np.sum(s.softmax(E[tok], axis=-1)[:, 0] ** 2) + np.max(E[tok[::-1]])


def regularised():
    x, y, _, _, W, b, *_ = declared()
    return s.squared_error(W @ x + b, y) + 0.1 * np.sum(W**2)


def shaped():
    x, _, _, _, W, *_ = declared()
    h = np.concatenate([x, x[::-1]])
    return np.sum(np.cumsum(h.reshape(-1)) ** 2) * np.prod(x) + np.min(np.outer(W @ x, x))


def by_matrices():
    """Primitives: a matrix of each sample, and one matrix that all samples share."""
    x, _, _, _, W, *_ = declared()
    own = np.outer(x, x) + s.eye("n")
    shared = W.T @ W + s.eye("n")
    return (
        s.logdet(own)
        + x @ np.linalg.solve(shared, x)
        + np.sum(np.linalg.solve(own, W.T))
        + np.trace(np.linalg.inv(own))
    )


@pytest.mark.parametrize("build", [by_matrices, squared, labelled, embedded, regularised, shaped])
def test_mean_of_the_losses_of_single_samples(build):
    loss = build()
    average = s.average_loss(loss, "P")
    names = s.variables(loss)
    single = [
        value(loss, {n: DATA[n][p] if n in DATA else SHARED[n] for n in names}, {"n": N, "m": M, "k": K})
        for p in range(P)
    ]
    everything = {n: (DATA | SHARED)[n] for n in names}
    assert value(average, everything) == pytest.approx(np.mean(single), rel=1e-12)
    batched = s.variables(average)
    for n, t in names.items():
        assert batched[n] is t if n in SHARED else (batched[n].shape[0], batched[n].shape[1:]) == (s.Dim("P"), t.shape)
    assert_gradient(average, everything, [batched[n] for n in names if n in SHARED])


def test_names_facts_and_calls_stay():
    x = s.tensor("x", "n k")
    p = s.softmax(x, axis=0).named("p")
    (many,) = s.batched([p], "P")
    assert (many.name, many.shape, many.call[0]) == ("p", (s.Dim("P"), s.Dim("n"), s.Dim("k")), p.call[0])
    assert many.facts[0].axes == (1,)


def test_a_loss_without_inputs_is_its_own_mean():
    W = s.tensor("W", "m n", role="parameter")
    loss = np.sum(W**2)
    assert s.average_loss(loss, "P") is loss


def test_the_sample_axis_is_new():
    x = s.tensor("x", "P n")
    with pytest.raises(s.DeclarationError, match=r"x \(P, n\) has a dimension of that name"):
        s.average_loss(np.sum(x), "P")


def test_only_scalars_are_averaged():
    with pytest.raises(s.ShapeError, match=r"average_loss: expected a scalar, got x \(n,\)"):
        s.average_loss(s.tensor("x", "n"), "P")

"""The weighted mean of a cross-entropy is PyTorch's; the plain mean stays the default."""

import numpy as np
import pytest

import numeric
import symbolic as s

z, t, w = s.tensor("z", ("n", 4)), s.tensor("t", "n", role="target", dtype="int"), s.tensor("w", 4)
RNG = np.random.default_rng(0)
Z, T, W = RNG.normal(size=(6, 4)), RNG.integers(0, 4, 6), RNG.uniform(0.2, 2, 4)


@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize("weights", [w, W, None], ids=["tensor", "array", "none"])
def test_the_weighted_mean_is_pytorchs(weights, smoothing):
    torch = pytest.importorskip("torch")
    loss = s.cross_entropy(z, t, weights=weights, label_smoothing=smoothing, reduction="weighted_mean")
    value, slope = numeric.lambdify([z, t, w], [loss, s.gradient(loss, z)])(Z, T, W)
    given = torch.tensor(Z, requires_grad=True)
    factors = None if weights is None else torch.tensor(W)
    theirs = torch.nn.functional.cross_entropy(given, torch.tensor(T), factors, label_smoothing=smoothing)
    theirs.backward()
    assert np.isclose(value, theirs.item(), rtol=1e-13)
    assert np.allclose(slope, given.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_on_arrays_and_against_its_definition():
    log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    each = -W[T] * log_p[np.arange(6), T]
    assert np.isclose(s.cross_entropy(Z, T, weights=W, reduction="weighted_mean"), each.sum() / W[T].sum())
    assert np.isclose(s.cross_entropy(Z, T, weights=W), each.mean())
    assert np.isclose(
        s.negative_log_likelihood(log_p, T, weights=W, reduction="weighted_mean"), each.sum() / W[T].sum()
    )


def test_probabilities_are_refused():
    with pytest.raises(s.UnsupportedError, match="divides by the weights of integer labels"):
        s.cross_entropy(z, s.tensor("q", ("n", 4)), weights=w, reduction="weighted_mean")

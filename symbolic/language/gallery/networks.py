"""Neural networks: perceptrons, convolutions, autoencoders."""

from __future__ import annotations

from symbolic.language.activations import relu
from symbolic.language.elementary import exp, tanh
from symbolic.language.gallery.entry import Entry
from symbolic.language.layers.convolution import Conv2d
from symbolic.language.layers.linear import Linear, linear
from symbolic.language.layers.pooling import max_pool2d
from symbolic.language.layers.prototypes import RadialBasis
from symbolic.language.layers.recurrent import GRU, Elman
from symbolic.language.losses.classification import cross_entropy
from symbolic.language.losses.distributions import bernoulli_nll, gaussian_kl
from symbolic.language.losses.regression import squared_error
from symbolic.language.models import Sequential, mlp
from symbolic.language.shaping import zeros
from symbolic.program.tensors import Tensor, tensor


def perceptron() -> Tensor:
    """Two layers, ȳ = W₂ tanh(W₁ x + b₁) + b₂, with the cost ‖y − ȳ‖²."""
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    y_bar = mlp(["n", "h", "m"], tanh)(x)
    return squared_error(y_bar, y).named("C")


def digits_net() -> Tensor:
    """The digits' 8 × 8 images as 64 numbers, 64 → 60 → 40 → 10 with ReLU between, trained by the cross-entropy."""
    x, t = tensor("x", 64), tensor("t", role="target", dtype="int")
    return cross_entropy(mlp([64, 60, 40, 10])(x), t).named("C")


def convolutional_net() -> Tensor:
    """Two convolutions of 3 × 3, each with ReLU and 2 × 2 max pooling, and a linear map to ten classes.

    (LeCun et al. 1998, made small: 1 × 8 × 8 images, 8 and 16 channels.)
    """
    x, t = tensor("x", (1, 8, 8)), tensor("t", role="target", dtype="int")
    net = Sequential(
        Conv2d(1, 8, 3, padding="same", label="1"),
        relu,
        lambda z: max_pool2d(z, 2),
        Conv2d(8, 16, 3, padding="same", label="2"),
        relu,
        lambda z: max_pool2d(z, 2).reshape(-1),
        Linear(64, 10, label="3"),
    )
    return cross_entropy(net(x), t).named("C")


def radial_basis_net() -> Tensor:
    """ȳ = w · exp(−γ_k ‖x − w_k‖²) + b with the cost (y − ȳ)². (Broomhead and Lowe 1988.)"""
    x, y = tensor("x", "n"), tensor("y", 1, role="target")
    units = RadialBasis("n", "K", label="1")
    y_bar = Linear("K", 1, label="2")(units(x).named("z_1")).named("y_bar")
    return squared_error(y_bar, y).named("C")


def autoencoder() -> Tensor:
    """x̄ = W₂ tanh(W₁ x + b₁) + b₂ through k numbers z, with the cost ‖x − x̄‖²."""
    x = tensor("x", "n")
    encode, decode = Linear("n", "k", label="1"), Linear("k", "n", label="2")
    z = tanh(encode(x)).named("z")
    x_bar = decode(z).named("x_bar")
    return squared_error(x_bar, x).named("C")


def variational_autoencoder() -> Tensor:
    """Minus the evidence bound of a variational autoencoder with given noise ε. (Kingma and Welling 2014.)

    z = μ + exp(l/2) ⊙ ε with μ and l linear in a hidden layer; −log p(x | z) for x in [0, 1]ⁿ with logits linear in a
    hidden layer of z; plus KL(N(μ, exp(l)) ‖ N(0, 1)).
    """
    x, noise = tensor("x", "n", assume="unit_interval"), tensor("epsilon", "k")
    inwards, mean, log_variance = Linear("n", "h", label="1"), Linear("h", "k", label="2"), Linear("h", "k", label="3")
    outwards, logit = Linear("k", "h", label="4"), Linear("h", "n", label="5")
    hidden = tanh(inwards(x)).named("z_1")
    mu, log_v = mean(hidden).named("mu"), log_variance(hidden).named("l")
    z = (mu + exp(log_v / 2) * noise).named("z")
    s = logit(tanh(outwards(z)).named("z_4")).named("s")
    return (bernoulli_nll(s, x) + gaussian_kl(mu, log_v)).named("C")


def elman_net() -> Tensor:
    """An Elman net over four steps, h_t = tanh(W x_t + U h_{t−1} + b), the last state mapped to ȳ; (y − ȳ)² summed."""
    x, h, y = tensor("x", (4, "n")), zeros("h").named("h_0"), tensor("y", "m", role="target")
    cell, readout = Elman("n", "h"), Linear("h", "m", label="y")
    for t, state in enumerate(cell.states(x, h), start=1):
        h = state.named(f"h_{t}")
    y_bar = linear(h, readout.W, readout.b).named("y_bar")
    return squared_error(y_bar, y).named("C")


def gated_recurrent_net() -> Tensor:
    """A GRU over four steps, the last state mapped to class scores, trained by the cross-entropy."""
    x, h, label = tensor("x", (4, "n")), zeros("h").named("h_0"), tensor("t", role="target", dtype="int")
    cell, readout = GRU("n", "h"), Linear("h", "m", label="y")
    for t, state in enumerate(cell.states(x, h), start=1):
        h = state.named(f"h_{t}")
    return cross_entropy(readout(h).named("s"), label).named("C")


MODELS = (
    Entry("perceptron", "Two-layer perceptron", "regression", perceptron),
    Entry("digits-net", "Digits net, 64-60-40-10", "classification", digits_net),
    Entry("conv-net", "Small convolutional net", "classification", convolutional_net),
    Entry("rbf-net", "Radial basis function net", "regression", radial_basis_net),
    Entry("autoencoder", "Autoencoder", "unsupervised", autoencoder),
    Entry("vae", "Variational autoencoder with given noise", "probabilistic", variational_autoencoder),
    Entry("elman-net", "Elman net over four steps", "sequence", elman_net),
    Entry("gru-net", "Gated recurrent net over four steps", "sequence", gated_recurrent_net),
)

"""The systems of an introduction to gradient-based learning and backpropagation (LeCun, New York University, 2020)."""

from __future__ import annotations

from symbolic.language.activations import relu
from symbolic.language.elementary import tanh
from symbolic.language.gallery.entry import Entry
from symbolic.language.index_notation import Sum, Wiring, define, indices
from symbolic.language.layers.prototypes import nearest_distance
from symbolic.language.losses.regression import squared_error
from symbolic.language.models import mlp
from symbolic.program.initialisation import fan_in, normal
from symbolic.program.tensors import Tensor, tensor


def linear_model() -> Tensor:
    """The linear model ȳ = Σᵢ wᵢ xᵢ with the cost C = (y − ȳ)²."""
    x, y = tensor("x", "n"), tensor("y", role="target")
    w = tensor("w", "n", role="parameter", init=fan_in("n"))
    y_bar = (w @ x).named("y_bar")
    return ((y - y_bar) ** 2).named("C")


def nearest_prototype() -> Tensor:
    """The distance to the nearest prototype, min_k ‖x − w_k‖²; its gradient reaches the winning row alone."""
    x, W = tensor("x", "n"), tensor("W", "K n", role="parameter", init=normal(1))
    return nearest_distance(x, W).named("C")


def wired_net() -> Tensor:
    """A net of any wiring: s[i] = Σ_{j ∈ UP(i)} w[i, j] z[j] and z[i] = f(s[i]), twice, with a squared cost.

    Unit i sums over its predecessors UP(i) alone; here five inputs, four hidden units and two outputs, one of which also
    reads an input directly.
    """
    hidden = Wiring("UP", [(0, 0), (0, 1), (1, 1), (1, 2), (1, 4), (2, 3), (3, 0), (3, 4)], units=(4, 5))
    outputs = Wiring("VP", [(0, 0), (0, 1), (1, 1), (1, 2), (1, 3)], units=(2, 4))
    skip = Wiring("SP", [(1, 2)], units=(2, 5))
    x, y = tensor("x", 5), tensor("y", 2, role="target")
    w, v = (tensor(n, s, role="parameter", init=fan_in(3)) for n, s in (("w", (4, 5)), ("v", (2, 4))))
    u = tensor("u", (2, 5), role="parameter", init=fan_in(3))
    i, j, k = indices("i j k")
    s = define[i](Sum[j : hidden(i)](w[i, j] * x[j])).named("s")
    z = tanh(s).named("z")
    i, j = indices("i j")
    y_bar = define[i](Sum[j : outputs(i)](v[i, j] * z[j]) + Sum[k : skip(i)](u[i, k] * x[k])).named("y_bar")
    return squared_error(y_bar, y).named("C")


def pointwise_function() -> Tensor:
    """Through a pointwise function z = h(s): dC/ds = dC/dz · h′(s), here with h = tanh and C = ‖z − y‖²."""
    s, y = tensor("s", "n"), tensor("y", "n", role="target")
    z = tanh(s).named("z")
    return squared_error(z, y).named("C")


def weighted_sum() -> Tensor:
    """Through a weighted sum: one z feeds s[i] = w[i] z for i = 0, 1, 2, so dC/dz = Σᵢ dC/ds[i] · w[i]."""
    z, y = tensor("z"), tensor("y", 3, role="target")
    w = tensor("w", 3, role="parameter", init=normal(1))
    s = (w * z).named("s")
    return squared_error(s, y).named("C")


def stack() -> Tensor:
    """A stack of linear and pointwise blocks, s_{k+1} = w_k z_k and z_k = h(s_k), three deep, with a squared cost."""
    z, y = tensor("z_0", "n_0"), tensor("y", "n_3", role="target")
    for k in range(3):
        w = tensor(f"w_{k}", (f"n_{k + 1}", f"n_{k}"), role="parameter", init=fan_in(f"n_{k}"))
        s = (w @ z).named(f"s_{k + 1}")
        z = s if k == 2 else relu(s).named(f"z_{k + 1}")
    return squared_error(z, y).named("C")


def example_net() -> Tensor:
    """The example net: a 3 × 10 × 20 image as 600 numbers, linear maps with biases 600 → 60 → 40 → 10, ReLU between them,
    and the squared cost."""
    image, y = tensor("image", (3, 10, 20)), tensor("y", 10, role="target")
    x = image.reshape(-1).named("x")
    y_bar = mlp([600, 60, 40, 10])(x)
    return squared_error(y_bar, y).named("C")


def vector_module() -> Tensor:
    """Through a vector module z_f [d_f × 1] ↦ z_g [d_g × 1]: ∂c/∂z_f = ∂c/∂z_g · ∂z_g/∂z_f, gradients being rows.

    The module here is z_g = tanh(W z_f), the cost c = ‖z_g − y‖².
    """
    z_f, y = tensor("z_f", "d_f"), tensor("y", "d_g", role="target")
    W = tensor("W", "d_g d_f", role="parameter", init=fan_in("d_f"))
    z_g = tanh(W @ z_f).named("z_g")
    return squared_error(z_g, y).named("c")


def module_stack() -> Tensor:
    """A stack of modules z_{k+1} = f_k(z_k, w_k): for each the Jacobians by its state and by its parameter.

    Here f_k(z, w) = tanh(w z), three deep, with the cost c = ‖z_3 − y‖².
    """
    z, y = tensor("z_0", "d_0"), tensor("y", "d_3", role="target")
    for k in range(3):
        w = tensor(f"w_{k}", (f"d_{k + 1}", f"d_{k}"), role="parameter", init=fan_in(f"d_{k}"))
        z = tanh(w @ z).named(f"z_{k + 1}")
    return squared_error(z, y).named("c")


MODELS = (
    Entry("linear-model", "Linear model with squared cost", "chapter", linear_model),
    Entry("nearest-prototype", "Nearest prototype", "chapter", nearest_prototype),
    Entry("wired-net", "Net with a wiring of its own", "chapter", wired_net),
    Entry("pointwise", "Through a pointwise function", "chapter", pointwise_function, ("s",)),
    Entry("weighted-sum", "Through a weighted sum", "chapter", weighted_sum, ("z", "w")),
    Entry("stack", "Stack of linear and pointwise blocks", "chapter", stack),
    Entry("example-net", "The example net, 600-60-40-10", "chapter", example_net),
    Entry("vector-module", "Through a vector module", "chapter", vector_module, ("z_f", "W")),
    Entry("module-stack", "Stack of modules with parameters", "chapter", module_stack),
)

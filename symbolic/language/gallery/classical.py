"""Classical models: regressions, the support vector machine, matrix factorisation, a Gaussian process."""

from __future__ import annotations

from symbolic.language.elementary import exp
from symbolic.language.gallery.entry import Entry
from symbolic.language.layers.linear import linear
from symbolic.language.losses.classification import binary_cross_entropy, cross_entropy, hinge
from symbolic.language.losses.distributions import poisson_nll
from symbolic.language.losses.penalties import weight_decay
from symbolic.language.losses.regression import squared_error
from symbolic.language.matrix_functions import logdet, solve
from symbolic.language.operations import constant
from symbolic.language.shaping import eye
from symbolic.program.initialisation import ZEROS, fan_in, normal
from symbolic.program.tensors import Tensor, tensor


def strength(value: float) -> Tensor:
    """A penalty's factor, printed as λ."""
    return constant(value).named("lam", r"\lambda")


def linear_regression() -> Tensor:
    """ȳ = W x + b with the cost ‖y − ȳ‖²."""
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    W = tensor("W", "m n", role="parameter", init=fan_in("n"))
    b = tensor("b", "m", role="parameter", init=ZEROS)
    y_bar = linear(x, W, b).named("y_bar")
    return squared_error(y_bar, y).named("C")


def ridge_regression() -> Tensor:
    """(y − w·x)² + λ ‖w‖² with λ = 0.1."""
    x, y = tensor("x", "n"), tensor("y", role="target")
    w = tensor("w", "n", role="parameter", init=ZEROS)
    y_bar = (w @ x).named("y_bar")
    return ((y - y_bar) ** 2 + strength(0.1) * (w * w).sum()).named("C")


def logistic_regression() -> Tensor:
    """P(y = 1) = σ(w·x + b), trained by the cross-entropy softplus(s) − y s."""
    x, y = tensor("x", "n"), tensor("y", role="target", assume="binary")
    w = tensor("w", "n", role="parameter", init=ZEROS)
    b = tensor("b", role="parameter", init=ZEROS)
    s = (w @ x + b).named("s")
    return binary_cross_entropy(s, y).named("C")


def softmax_regression() -> Tensor:
    """P(class) = softmax(W x + b), trained by the cross-entropy with an integer label t."""
    x, t = tensor("x", "n"), tensor("t", role="target", dtype="int")
    W = tensor("W", "k n", role="parameter", init=ZEROS)
    b = tensor("b", "k", role="parameter", init=ZEROS)
    s = linear(x, W, b).named("s")
    return cross_entropy(s, t).named("C")


def poisson_regression() -> Tensor:
    """Counts y with rate λ = exp(w·x + b): minus the log-likelihood up to log y!, exp(s) − y s."""
    x, y = tensor("x", "n"), tensor("y", role="target")
    w = tensor("w", "n", role="parameter", init=ZEROS)
    b = tensor("b", role="parameter", init=ZEROS)
    s = (w @ x + b).named("s")
    return poisson_nll(s, y).named("C")


def support_vector_machine() -> Tensor:
    """max(0, 1 − y (w·x + b)) + ½ λ ‖w‖² for labels y = ±1, λ = 0.01. (Cortes and Vapnik 1995.)"""
    x, y = tensor("x", "n"), tensor("y", role="target", assume="sign")
    w = tensor("w", "n", role="parameter", init=fan_in("n"))
    b = tensor("b", role="parameter", init=ZEROS)
    s = (w @ x + b).named("s")
    return (hinge(s, y) + weight_decay(w, rate=strength(0.01))).named("C")


def matrix_factorisation() -> Tensor:
    """(r − u_i · v_j)² + λ (‖u_i‖² + ‖v_j‖²) for one rating r of item j by user i, λ = 0.02. (Koren et al. 2009.)"""
    i, j = tensor("i", dtype="int"), tensor("j", dtype="int")
    r = tensor("r", role="target")
    U = tensor("U", "m k", role="parameter", init=normal(0.1))
    V = tensor("V", "n k", role="parameter", init=normal(0.1))
    u, v = U[i].named("u"), V[j].named("v")
    r_bar = (u @ v).named("r_bar")
    return ((r - r_bar) ** 2 + strength(0.02) * ((u * u).sum() + (v * v).sum())).named("C")


def gaussian_process() -> Tensor:
    """Minus the log marginal likelihood of a Gaussian process, ½ yᵀ K⁻¹ y + ½ log det K (+ ½ P log 2π, a constant).

    K[p, q] = exp(a − ‖x_p − x_q‖²/(2 exp(2l))) + exp(n) [p = q], with the logarithms a, l, n of signal variance, length
    and noise variance as parameters. (Rasmussen and Williams 2006, eq. 5.8.)
    """
    X, y = tensor("X", "P d"), tensor("y", "P", role="target")
    a, length, noise = (tensor(n, role="parameter", init=ZEROS) for n in ("a", "l", "n"))
    difference = X[:, None, :] - X[None, :, :]
    squared = (difference * difference).sum(axis=-1)
    K = (exp(a - squared / (2 * exp(2 * length))) + exp(noise) * eye("P")).named("K")
    return (y @ solve(K, y) / 2 + logdet(K) / 2).named("C")


MODELS = (
    Entry("linear-regression", "Linear regression", "regression", linear_regression),
    Entry("ridge-regression", "Ridge regression", "regression", ridge_regression),
    Entry("logistic-regression", "Logistic regression", "classification", logistic_regression),
    Entry("softmax-regression", "Softmax regression", "classification", softmax_regression),
    Entry("poisson-regression", "Poisson regression", "regression", poisson_regression),
    Entry("svm", "Support vector machine", "classification", support_vector_machine),
    Entry("matrix-factorisation", "Matrix factorisation", "unsupervised", matrix_factorisation),
    Entry("gaussian-process", "Gaussian process, marginal likelihood", "probabilistic", gaussian_process, whole=True),
)

"""Every loss: the same function on arrays and on tensors, against SciPy, PyTorch or a formula; gradients by differences."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import scipy.special as sc
import scipy.stats as st

import symbolic as s
from symbolic.language import losses
from tests.symbolic.language.comparison import assert_gradient, symbolic_of, value

RNG = np.random.default_rng(3)
A, B, C = (RNG.normal(size=(2, 3)) for _ in range(3))
P, Q = sc.softmax(A, -1), sc.softmax(B, -1)
BITS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
SIGNS = 2 * BITS - 1
LABELS = np.array([2, 0])
COUNTS = np.array([[0.0, 2.0, 1.0], [4.0, 1.0, 3.0]])
V = np.array([[0.5, 1.0, 2.0], [0.3, 0.7, 1.5]])
K = np.array([0.5, 1.0, 2.0])


def torch_loss(name, **options):
    def call(*arrays):
        torch = pytest.importorskip("torch")
        return getattr(torch.nn.functional, name)(*map(torch.tensor, arrays), **options).item()

    return call


def log_p(z):
    return z - sc.logsumexp(z, -1, keepdims=True)


def hinge_terms(z, t):
    return [[1 + z[p, c] - z[p, t[p]] for c in range(3) if c != t[p]] for p in range(2)]


# name -> list of (options, independent value, arrays)
CASES = {
    "squared_error": [({}, lambda a, b: ((a - b) ** 2).sum(), [A, B]), ({"reduction": "mean"}, torch_loss("mse_loss"), [A, B])],
    "mean_squared_error": [({}, torch_loss("mse_loss"), [A, B])],
    "absolute_error": [({}, lambda a, b: np.abs(a - b).sum(), [A, B])],
    "huber": [({"delta": 0.7}, torch_loss("huber_loss", delta=0.7, reduction="sum"), [A, B])],
    "smooth_l1": [({"beta": 0.7}, torch_loss("smooth_l1_loss", beta=0.7, reduction="sum"), [A, B])],
    "log_cosh": [({}, lambda a, b: np.log(np.cosh(a - b)).sum(), [A, B])],
    "quantile_error": [({"quantile": 0.2}, lambda a, b: sum(0.2 * r if r > 0 else -0.8 * r for r in (b - a).flat), [A, B])],
    "epsilon_insensitive": [({"epsilon": 0.3}, lambda a, b: np.clip(np.abs(a - b) - 0.3, 0, None).sum(), [A, B])],
    "cross_entropy": [
        ({}, torch_loss("cross_entropy"), [A, LABELS]),
        ({}, torch_loss("cross_entropy"), [A[0], np.array(1)]),
        ({}, torch_loss("cross_entropy"), [A, Q]),
        ({"label_smoothing": 0.2}, torch_loss("cross_entropy", label_smoothing=0.2), [A, LABELS]),
        ({"label_smoothing": 0.2}, torch_loss("cross_entropy", label_smoothing=0.2), [A, Q]),
        ({"weights": K}, lambda z, t: -np.mean([K[c] * log_p(z)[p, c] for p, c in enumerate(t)]), [A, LABELS]),
        ({"weights": K}, lambda z, q: -(K * q * log_p(z)).sum(-1).mean(), [A, Q]),
        ({"axis": 0}, lambda z, q: -(q * log_p(z.T).T).sum(0).mean(), [A, Q]),
        ({"axis": 1}, torch_loss("cross_entropy"), [RNG.normal(size=(2, 3, 2)), RNG.integers(0, 3, (2, 2))]),
    ],
    "cross_entropy_of_probabilities": [
        ({}, lambda p, t: -np.mean([np.log(p[k, c]) for k, c in enumerate(t)]), [P, LABELS]),
        ({}, lambda p, q: sc.rel_entr(q, p).sum(-1).mean() + st.entropy(q, axis=-1).mean(), [P, Q]),
    ],
    "negative_log_likelihood": [({}, torch_loss("nll_loss"), [A, LABELS])],
    "binary_cross_entropy": [
        ({}, torch_loss("binary_cross_entropy_with_logits"), [A, BITS]),
        ({"weights": V}, lambda z, y: (V * -st.bernoulli.logpmf(y, sc.expit(z))).mean(), [A, BITS]),
    ],
    "binary_cross_entropy_of_probabilities": [({}, torch_loss("binary_cross_entropy"), [P, Q])],
    "logistic_loss": [({}, torch_loss("soft_margin_loss"), [A, SIGNS])],
    "hinge": [({}, lambda z, y: np.clip(1 - y * z, 0, None).mean(), [A, SIGNS])],
    "squared_hinge": [({}, lambda z, y: (np.clip(1 - y * z, 0, None) ** 2).mean(), [A, SIGNS])],
    "multiclass_hinge": [({}, lambda z, t: np.clip(hinge_terms(z, t), 0, None).sum(-1).mean(), [A, LABELS])],
    "crammer_singer_hinge": [({}, lambda z, t: np.clip(np.max(hinge_terms(z, t), -1), 0, None).mean(), [A, LABELS])],
    "focal_loss": [
        ({}, lambda z, y: -np.where(y > 0, sc.expit(-z) ** 2 * sc.log_expit(z), sc.expit(z) ** 2 * sc.log_expit(-z)).mean(), [A, BITS])
    ],
    "kl_divergence": [({}, lambda p, q: sc.rel_entr(p, q).sum(), [P, Q])],
    "entropy": [({}, lambda p: st.entropy(p, axis=-1).sum(), [P])],
    "gaussian_kl": [({}, lambda m, v: 0.5 * (m**2 + np.exp(v) - v - 1).sum(), [A, B])],
    "gaussian_nll": [
        ({}, lambda m, y: -st.norm.logpdf(y, m).sum(), [A, B]),
        ({}, lambda m, y, v: -st.norm.logpdf(y, m, np.sqrt(v)).sum(), [A, B, V]),
    ],
    "laplace_nll": [({}, lambda m, y, b: -st.laplace.logpdf(y, m, b).sum(), [A, B, V])],
    "student_nll": [
        ({"freedom": 3}, lambda m, y: -st.t.logpdf(y, 3, m).sum(), [A, B]),
        ({}, lambda m, y, n, v: -st.t.logpdf(y, n, m, v).sum(), [A, B, V + 1, V]),
    ],
    "poisson_nll": [
        ({}, torch_loss("poisson_nll_loss", reduction="sum"), [A, COUNTS]),
        ({"full": True}, lambda z, y: -st.poisson.logpmf(y, np.exp(z)).sum(), [A, COUNTS]),
    ],
    "bernoulli_nll": [({}, lambda z, y: -st.bernoulli.logpmf(y, sc.expit(z)).sum(), [A, BITS])],
    "cosine_similarity": [({"axis": 0}, lambda a, b: [a[:, k] @ b[:, k] / np.linalg.norm(a[:, k]) / np.linalg.norm(b[:, k]) for k in range(3)], [A, B])],
    "cosine_loss": [({}, lambda a, b: 1 - torch_loss("cosine_similarity", dim=0)(a, b), [A[0], B[0]])],
    "cosine_embedding_loss": [({"margin": 0.1}, torch_loss("cosine_embedding_loss", margin=0.1), [A, B, SIGNS[:, 0].copy()])],
    "contrastive_loss": [
        ({"margin": 3}, lambda a, b, y: np.mean([d * d if k else max(0, 3 - d) ** 2 for d, k in zip(np.linalg.norm(a - b, axis=1), y, strict=True)]), [A, B, BITS[:, 0].copy()])
    ],
    "triplet_loss": [({}, lambda a, p, n: np.clip(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1, 0, None).mean(), [A, B, C])],
    "info_nce": [({"temperature": 0.5}, lambda q, k: torch_loss("cross_entropy")(q @ k.T / 0.5, np.arange(2)), [A, B])],
    "l1_penalty": [({"strength": 0.3}, lambda a, b: 0.3 * (np.abs(a).sum() + np.abs(b).sum()), [A, B])],
    "l2_penalty": [({}, lambda a: np.linalg.norm(a) ** 2, [A])],
    "weight_decay": [({"rate": 0.2}, lambda a, b: 0.1 * ((a**2).sum() + (b**2).sum()), [A, B])],
    "elastic_net": [({"strength": 2, "l1_ratio": 0.25}, lambda a: 0.5 * np.abs(a).sum() + 0.75 * (a**2).sum(), [A])],
}  # fmt: skip
EVERY = [(name, k) for name, cases in CASES.items() for k in range(len(cases))]


def test_every_loss_is_tested_and_exported():
    modules = [importlib.import_module(m.name) for m in pkgutil.iter_modules(losses.__path__, losses.__name__ + ".")]
    public = {
        name
        for module in modules
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not name.startswith("_")
    } - {"reduced", "same_shape", "holds_labels", "picked"}
    assert public == set(CASES)
    assert set(s.__all__) >= public


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_value_on_arrays_and_tensors(name, case):
    options, expected, arrays = CASES[name][case]
    function, wanted = getattr(s, name), expected(*arrays)
    np.testing.assert_allclose(function(*arrays, **options), wanted, rtol=1e-11)
    tensors = [symbolic_of(f"a{k}", a) for k, a in enumerate(arrays)]
    found = value(function(*tensors, **options), {f"a{k}": a for k, a in enumerate(arrays)})
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_gradient(name, case):
    options, _, arrays = CASES[name][case]
    tensors = [symbolic_of(f"a{k}", a) for k, a in enumerate(arrays)]
    loss = getattr(s, name)(*tensors, **options)
    assert_gradient(loss if not loss.ndim else np.sum(loss), {f"a{k}": a for k, a in enumerate(arrays)})


def test_saturated_logits_stay_finite():
    z, t = np.array([1000.0, -1000.0, 0.0]), np.array(1)
    assert s.cross_entropy(z, t) == 2000
    assert s.binary_cross_entropy(np.array([1000.0]), np.array([0.0])) == 1000


def test_shapes_must_agree():
    y_bar, y = s.tensor("y_bar", "m"), s.tensor("y", "n", role="target")
    with pytest.raises(
        s.ShapeError, match=r"squared_error: the prediction y_bar \(m,\) and the target y \(n,\) differ"
    ):
        s.squared_error(y_bar, y)
    with pytest.raises(s.ShapeError, match=r"cross_entropy: the labels t \(m,\)"):
        s.cross_entropy(s.tensor("z", "n k"), s.tensor("t", "m", dtype="int"))
    with pytest.raises(s.DeclarationError, match="Did you mean 'mean'"):
        s.squared_error(y, y, reduction="maen")

"""Every layer: its value against PyTorch's (or a formula in NumPy), its gradients against differences."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import symbolic as s
from symbolic.language import layers
from symbolic.language.layers import attention, convolution, gates, linear, norms, pooling, prototypes, recurrent
from symbolic.program.graph import topological
from tests.symbolic.language.comparison import assert_gradient, symbolic_of, value

RNG = np.random.default_rng(11)


def real(*shape):
    return RNG.normal(size=shape)


def torch_functions():
    return pytest.importorskip("torch").nn.functional


def layer_norm(x, axes, epsilon=1e-5):
    c = x - x.mean(axis=axes, keepdims=True)
    return c / np.sqrt((c**2).mean(axis=axes, keepdims=True) + epsilon)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(q, k, v, causal=False):
    scores = np.einsum("...td,...sd->...ts", q, k) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    return softmax(scores) @ v


def multi_head(x, Wq, Wk, Wv, Wo, heads):
    def cut(t):
        return t.reshape(t.shape[0], heads, -1).transpose(1, 0, 2)

    z = attend(cut(x @ Wq.T), cut(x @ Wk.T), cut(x @ Wv.T), causal=True)
    return z.transpose(1, 0, 2).reshape(x.shape) @ Wo.T


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, W, U, b):
    i, f, g, o = np.split(W @ x + U @ h + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c) + c


def gru(x, h, W, U, b, d):
    (a, e, f), (k, m, n) = np.split(W @ x + b, 3), np.split(U @ h + d, 3)
    z = sigmoid(e + m)
    return (1 - z) * np.tanh(f + sigmoid(a + k) * n) + z * h


def in_torch(name, **options):
    def call(*arrays):
        torch = pytest.importorskip("torch")
        return getattr(torch.nn.functional, name)(*map(torch.tensor, arrays), **options).numpy()

    return call


def pooled(name, *sizes, **options):
    def call(x):
        torch = pytest.importorskip("torch")
        return getattr(torch.nn.functional, name)(torch.tensor(x)[None], *sizes, **options)[0].numpy()

    return call


def convolved(name, **options):
    def call(x, W, b):
        torch = pytest.importorskip("torch")
        t = [torch.tensor(a) for a in (x, W, b)]
        return getattr(torch.nn.functional, name)(t[0][None], t[1], t[2], **options)[0].numpy()

    return call


X23, G3, B3 = real(2, 3), real(3), real(3)
IMAGE = real(4, 5, 6)
# name of the function -> list of (function of tensors, independent function of arrays, arrays)
CASES = {
    "linear": [
        (linear.linear, lambda x, W, b: W @ x + b, [real(3), real(4, 3), real(4)]),
        (linear.linear, lambda x, W: np.einsum("pqj,ij->pqi", x, W), [real(2, 2, 3), real(4, 3)]),
    ],
    "bilinear": [(linear.bilinear, in_torch("bilinear"), [real(2, 3), real(2, 4), real(5, 3, 4), real(5)])],
    "embedding": [(linear.embedding, lambda t, E: E[t], [np.array([[2, 0], [1, 2]]), real(3, 4)])],
    "conv1d": [
        (
            lambda x, W, b, o=o: convolution.conv1d(x, W, b, **o),
            convolved("conv1d", **o),
            [real(c, 9), real(4, c // g, 3), real(4)],
        )
        for c, g, o in [
            (2, 1, {}),
            (2, 1, {"stride": 2, "padding": 1}),
            (3, 1, {"dilation": 2, "padding": "same"}),
            (4, 2, {"groups": 2, "stride": 3, "padding": 2}),
        ]
    ],
    "conv2d": [
        (
            lambda x, W, b, o=o: convolution.conv2d(x, W, b, **o),
            convolved("conv2d", **o),
            [real(c, 5, 4), real(2, c // o.get("groups", 1), 3, 2), real(2)],
        )
        for c, o in [
            (2, {}),
            (2, {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}),
            (2, {"groups": 2, "padding": 1}),
        ]
    ],
    "conv1d_transpose": [
        (
            lambda x, W, b, o=o: convolution.conv1d_transpose(x, W, b, **o),
            convolved("conv_transpose1d", **o),
            [real(3, 4), real(3, 2, 3), real(2)],
        )
        for o in [{}, {"stride": 2, "padding": 1, "output_padding": 1}, {"dilation": 2}]
    ],
    "conv2d_transpose": [
        (
            lambda x, W, b: convolution.conv2d_transpose(x, W, b, stride=2, padding=(1, 0)),
            convolved("conv_transpose2d", stride=2, padding=(1, 0)),
            [real(2, 2, 3), real(2, 3, 3, 2), real(3)],
        )
    ],
    "max_pool1d": [(lambda x: pooling.max_pool1d(x, 2), pooled("max_pool1d", 2), [real(2, 7)])],
    "max_pool2d": [
        (lambda x: pooling.max_pool2d(x, 2), pooled("max_pool2d", 2), [real(2, 4, 5)]),
        (
            lambda x: pooling.max_pool2d(x, (3, 2), stride=(2, 1), padding=(1, 1)),
            pooled("max_pool2d", (3, 2), stride=(2, 1), padding=(1, 1)),
            [real(2, 4, 3)],
        ),
    ],
    "average_pool1d": [
        (
            lambda x: pooling.average_pool1d(x, 3, stride=2, padding=1),
            pooled("avg_pool1d", 3, stride=2, padding=1),
            [real(2, 7)],
        )
    ],
    "average_pool2d": [(lambda x: pooling.average_pool2d(x, 2), pooled("avg_pool2d", 2), [real(2, 4, 4)])],
    "global_average_pool": [(pooling.global_average_pool, lambda x: x.mean((-2, -1)), [real(2, 3, 4)])],
    "layer_norm": [(norms.layer_norm, lambda x, g, b: g * layer_norm(x, -1) + b, [X23, G3, B3])],
    "rms_norm": [(norms.rms_norm, lambda x, g: g * x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5), [X23, G3])],
    "batch_norm": [
        (norms.batch_norm, lambda x, g, b: g * layer_norm(x, 0) + b, [real(4, 3), G3, B3]),
        (
            lambda x, g, b: norms.batch_norm(x, g, b, axis=(0, 2, 3)),
            lambda x, g, b: g[:, None, None] * layer_norm(x, (0, 2, 3)) + b[:, None, None],
            [real(2, 3, 2, 2), G3, B3],
        ),
        (
            lambda x, g, b, m, v: norms.batch_norm(x, g, b, running=(m, v)),
            lambda x, g, b, m, v: g * (x - m) / np.sqrt(v + 1e-5) + b,
            [X23, G3, B3, real(3), np.array([0.5, 1.0, 2.0])],
        ),
    ],
    "running_statistics": [
        (
            lambda x, m, v: norms.running_statistics(x, m, v)[0] + norms.running_statistics(x, m, v)[1],
            lambda x, m, v: 0.9 * (m + v) + 0.1 * (x.mean(0) + x.var(0, ddof=1)),
            [real(4, 3), real(3), real(3)],
        )
    ],
    "group_norm": [
        (
            lambda x, g, b: norms.group_norm(x, 2, g, b),
            lambda x, g, b: (
                g[:, None, None] * layer_norm(x.reshape(2, 2, 2, 2, 3), (2, 3, 4)).reshape(x.shape) + b[:, None, None]
            ),
            [real(2, 4, 2, 3), real(4), real(4)],
        )
    ],
    "instance_norm": [(norms.instance_norm, lambda x: layer_norm(x, (-2, -1)), [real(2, 2, 3)])],
    "standardised": [(lambda x: norms.standardised(x, 1, 0.5), lambda x: layer_norm(x, 1, 0.5), [real(2, 3, 2)])],
    "attention": [
        (attention.attention, attend, [real(2, 3), real(4, 3), real(4, 2)]),
        (
            lambda q, k, v: attention.attention(q, k, v, causal=True),
            lambda q, k, v: attend(q, k, v, True),
            [real(2, 3, 2), real(2, 3, 2), real(2, 3, 2)],
        ),
    ],
    "attention_weights": [
        (
            lambda q, k: attention.attention_weights(q, k, scale=2),
            lambda q, k: softmax(2 * q @ k.T),
            [real(2, 3), real(4, 3)],
        )
    ],
    "split_heads": [
        (lambda x: attention.split_heads(x, 2), lambda x: x.reshape(3, 2, 2).transpose(1, 0, 2), [real(3, 4)])
    ],
    "merge_heads": [(attention.merge_heads, lambda x: np.concatenate(list(x), axis=-1), [real(2, 3, 2)])],
    "multi_head_attention": [
        (
            lambda x, *W: attention.multi_head_attention(x, *W, 2, causal=True),
            lambda x, *W: multi_head(x, *W, 2),
            [real(3, 4), *(real(4, 4) for _ in range(4))],
        )
    ],
    "sinusoidal_encoding": [
        (
            lambda x: x + attention.sinusoidal_encoding(3, 4),
            lambda x: (
                x
                + np.array(
                    [[f(t / 10000 ** (2 * i / 4)) for i in range(2) for f in (np.sin, np.cos)] for t in range(3)]
                )
            ),
            [real(3, 4)],
        )
    ],
    "rotary_encoding": [
        (
            attention.rotary_encoding,
            lambda x: np.stack(
                [
                    np.stack(
                        [
                            x[t, ::2] * np.cos(a) - x[t, 1::2] * np.sin(a),
                            x[t, ::2] * np.sin(a) + x[t, 1::2] * np.cos(a),
                        ],
                        -1,
                    ).ravel()
                    for t in range(3)
                    for a in [t / 10000 ** np.array([0, 0.5])]
                ]
            ),
            [real(3, 4)],
        )
    ],
    "glu": [(gates.glu, in_torch("glu"), [real(2, 6)])],
    "swiglu": [(gates.swiglu, lambda x, W, V: (W @ x) * sigmoid(W @ x) * (V @ x), [real(3), real(2, 3), real(2, 3)])],
    "geglu": [
        (
            gates.geglu,
            lambda x, W, V: in_torch("gelu")(W @ x) * (V @ x),
            [real(3), real(2, 3), real(2, 3)],
        )
    ],
    "dropout": [
        (lambda x, m: gates.dropout(x, m, 0.25), lambda x, m: x * m / 0.75, [real(3), np.array([1.0, 0.0, 1.0])])
    ],
    "elman_cell": [
        (
            recurrent.elman_cell,
            lambda x, h, W, U, b: np.tanh(W @ x + U @ h + b),
            [real(3), real(2), real(2, 3), real(2, 2), real(2)],
        )
    ],
    "lstm_cell": [
        (
            lambda *a: sum(recurrent.lstm_cell(*a)[1:], recurrent.lstm_cell(*a)[0]),
            lstm,
            [real(3), real(2), real(2), real(8, 3), real(8, 2), real(8)],
        )
    ],
    "gru_cell": [(recurrent.gru_cell, gru, [real(3), real(2), real(6, 3), real(6, 2), real(6), real(6)])],
    "steps": [(lambda x: sum(recurrent.steps(x)[1:]) * 1, lambda x: x[1:].sum(0), [real(3, 2)])],
    "squared_distances": [
        (prototypes.squared_distances, lambda x, W: ((x - W) ** 2).sum(1), [real(3), real(4, 3)]),
    ],
    "nearest_neighbour": [
        (prototypes.nearest_neighbour, lambda x, W: ((x - W) ** 2).sum(1).argmin(), [real(3), real(4, 3)]),
    ],
    "nearest_distance": [
        (prototypes.nearest_distance, lambda x, W: ((x - W) ** 2).sum(1).min(), [real(3), real(4, 3)]),
    ],
    "radial_basis": [
        (
            prototypes.radial_basis,
            lambda x, W, g: np.exp(-g * ((x - W) ** 2).sum(1)),
            [real(3), real(4, 3), np.array([0.1, 0.2, 0.3, 0.4])],
        ),
    ],
}
EVERY = [(name, k) for name, cases in CASES.items() for k in range(len(cases))]
NOT_LAYERS = {"labelled", "tuple_of", "windows"}


def modules():
    return [importlib.import_module(m.name) for m in pkgutil.iter_modules(layers.__path__, layers.__name__ + ".")]


def test_every_function_is_tested():
    public = {
        name
        for module in modules()
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public - NOT_LAYERS == set(CASES)


def declared(arrays):
    return [symbolic_of(f"a{k}", a) for k, a in enumerate(arrays)], {f"a{k}": a for k, a in enumerate(arrays)}


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_value(name, case):
    function, expected, arrays = CASES[name][case]
    tensors, values = declared(arrays)
    found = value(function(*tensors), values)
    wanted = expected(*arrays)
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "case"), [e for e in EVERY if e[0] != "nearest_neighbour"])
def test_gradient(name, case):
    function, _, arrays = CASES[name][case]
    tensors, values = declared(arrays)
    out = function(*tensors)
    weights = np.random.default_rng(1).normal(size=tuple(map(int, out.shape)))
    assert_gradient((out * weights).sum(), values)


def test_nothing_flows_back_through_the_nearest_neighbour():
    x, W = s.tensor("x", "n"), s.tensor("W", "K n", role="parameter")
    with pytest.raises(s.NotDifferentiableError, match="integers"):
        s.gradient(prototypes.nearest_neighbour(x, W), W)


# -- layers with parameters ------------------------------------------------------------------------------------------

D = s.Dim("d")
OBJECTS = {
    "Linear": (lambda: s.Linear("n", "m", label="1"), ["W_1 (m, n)", "b_1 (m,)"], lambda f: f(s.tensor("x", "n")), "(m,)"),
    "Bilinear": (lambda: s.Bilinear("n", "p", "m"), ["W (m, n, p)", "b (m,)"], lambda f: f(s.tensor("x", "n"), s.tensor("y", "p")), "(m,)"),
    "Embedding": (lambda: s.Embedding(50, "d"), ["E (50, d)"], lambda f: f(s.tensor("t", "T", dtype="int")), "(T, d)"),
    "Conv1d": (lambda: s.Conv1d(4, 6, 3, groups=2), ["W (6, 2, 3)", "b (6,)"], lambda f: f(s.tensor("x", "B 4 n")), "(B, 6, n - 2)"),
    "Conv2d": (lambda: s.Conv2d("c", 8, 3, padding="same", bias=False), ["W (8, c, 3, 3)"], lambda f: f(s.tensor("x", "c h w")), "(8, h, w)"),
    "Conv1dTranspose": (lambda: s.Conv1dTranspose(2, 3, 4, stride=2), ["W (2, 3, 4)", "b (3,)"], lambda f: f(s.tensor("x", "2 n")), "(3, 2*n + 2)"),
    "Conv2dTranspose": (lambda: s.Conv2dTranspose(2, 3, 2, stride=2), ["W (2, 3, 2, 2)", "b (3,)"], lambda f: f(s.tensor("x", "2 5 h")), "(3, 10, 2*h)"),
    "LayerNorm": (lambda: s.LayerNorm("d", label="a"), ["gamma_a (d,)", "beta_a (d,)"], lambda f: f(s.tensor("x", "T d")), "(T, d)"),
    "RMSNorm": (lambda: s.RMSNorm("d"), ["gamma (d,)"], lambda f: f(s.tensor("x", "T d")), "(T, d)"),
    "BatchNorm": (lambda: s.BatchNorm("d"), ["gamma (d,)", "beta (d,)"], lambda f: f(s.tensor("x", "B d")), "(B, d)"),
    "GroupNorm": (lambda: s.GroupNorm(2, 6), ["gamma (6,)", "beta (6,)"], lambda f: f(s.tensor("x", "B 6 h w")), "(B, 6, h, w)"),
    "MultiHeadAttention": (
        lambda: s.MultiHeadAttention(8, 2, causal=True, bias=True),
        ["W_q (8, 8)", "W_k (8, 8)", "W_v (8, 8)", "W_o (8, 8)", "b_q (8,)", "b_k (8,)", "b_v (8,)", "b_o (8,)"],
        lambda f: f(s.tensor("x", "T 8")), "(T, 8)",
    ),
    "SwiGLU": (lambda: s.SwiGLU("d", "h"), ["W (h, d)", "V (h, d)", "U (d, h)"], lambda f: f(s.tensor("x", "T d")), "(T, d)"),
    "FeedForward": (lambda: s.FeedForward("d", 4 * D), ["W (4*d, d)", "b (4*d,)", "U (d, 4*d)", "c (d,)"], lambda f: f(s.tensor("x", "T d")), "(T, d)"),
    "Residual": (lambda: s.Residual(s.Linear("d", "d")), ["W (d, d)", "b (d,)"], lambda f: f(s.tensor("x", "d")), "(d,)"),
    "Elman": (lambda: s.Elman("n", "m"), ["W (m, n)", "U (m, m)", "b (m,)"], lambda f: f(s.tensor("x", "4 n"), s.tensor("h", "m")), "(4, m)"),
    "LSTM": (lambda: s.LSTM("n", 3), ["W (12, n)", "U (12, 3)", "b (12,)"], lambda f: f(s.tensor("x", "4 n"), (s.tensor("h", 3), s.tensor("c", 3))), "(4, 3)"),
    "GRU": (lambda: s.GRU("n", "m"), ["W (3*m, n)", "U (3*m, m)", "b (3*m,)", "d (3*m,)"], lambda f: f(s.tensor("x", "4 n"), s.tensor("h", "m")), "(4, m)"),
    "RadialBasis": (lambda: s.RadialBasis("n", "K"), ["W (K, n)", "gamma (K,)"], lambda f: f(s.tensor("x", "n")), "(K,)"),
    "Sequential": (lambda: s.mlp(["n", 5, 3]), ["W_1 (5, n)", "b_1 (5,)", "W_2 (3, 5)", "b_2 (3,)"], lambda f: f(s.tensor("x", "n")), "(3,)"),
}  # fmt: skip


def test_every_layer_with_parameters_is_tested():
    classes = {
        name for name in s.__all__ if isinstance(getattr(s, name), type) and issubclass(getattr(s, name), s.Layer)
    }
    assert classes - {"Layer"} == set(OBJECTS)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_parameters_are_named_shared_and_initialised(name):
    build, parameters, apply, shape = OBJECTS[name]
    layer = build()
    assert [p.describe() for p in layer.parameters] == parameters
    assert all(isinstance(p.init, s.Initialisation) and p.role == "parameter" for p in layer.parameters)
    out = apply(layer)
    assert str(out.shape).replace("'", "") == shape
    used = [t for t in s.variables(out, apply(layer)).values() if t.role == "parameter"]
    assert set(used) == set(layer.parameters)


def test_recurrence_shares_its_weights_over_the_steps():
    cell = s.GRU(2, 3)
    values = {p.name: real(*p.shape) for p in cell.parameters} | {"x": real(3, 2), "h": real(3)}
    out = value(cell(s.tensor("x", "3 2"), s.tensor("h", 3)), values)
    h = values["h"]
    for t in range(3):
        h = gru(values["x"][t], h, values["W"], values["U"], values["b"], values["d"])
        np.testing.assert_allclose(out[t], h, rtol=1e-10)


def test_sequential_names_what_the_chapter_names():
    x = s.tensor("x", "n")
    net = s.Sequential(s.Linear("n", 4, label="1"), s.relu, lambda z: 2 * z, s.Linear(4, 3, label="2"), s.softmax)
    out = net(x)
    names = [t.name for t in topological([out]) if t.definition is not None and t.name]
    assert names == ["s_1", "z_1", "s_2", "z_2"]
    assert net(x).name is None
    with pytest.raises(s.DeclarationError, match=r"two parameters are called W: W \(4, n\) and W \(3, 4\); .* label="):
        s.Sequential(s.Linear("n", 4), s.relu, s.Linear(4, 3))


def test_errors_of_layers():
    with pytest.raises(s.ShapeError, match=r"conv2d: x \(3, h, w\) has 3 channels, W \(8, 4, 3, 3\) reads 4"):
        s.conv2d(s.tensor("x", "3 h w"), s.tensor("W", "8 4 3 3"))
    with pytest.raises(s.UnsupportedError, match="how often a stride of 2 fits the axis of extent n"):
        s.conv1d(s.tensor("x", "3 n"), s.tensor("W", "8 3 3"), stride=2)
    with pytest.raises(s.ShapeError, match="larger than the axis of 2"):
        s.max_pool1d(s.tensor("x", "2"), 3)
    with pytest.raises(s.UnsupportedError, match=r"x \(T, n\) is unrolled, so its first dimension T must be a number"):
        s.Elman("n", "m")(s.tensor("x", "T n"), s.tensor("h", "m"))
    with pytest.raises(s.ShapeError, match="does not split into 3 heads"):
        s.MultiHeadAttention(8, 3)(s.tensor("x", "T 8"))

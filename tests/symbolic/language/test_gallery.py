"""Every model of the gallery against the same model written in NumPy: its loss, and the loss's slope in a random direction."""

import numpy as np
import pytest
import scipy.special as sc

import numeric
import symbolic as s
from symbolic.calculus.pullback import cotangents, identity_seed
from symbolic.language.gallery import GALLERY, KINDS, named
from tests.symbolic.language.comparison import assert_gradient, value

SIZES = {"n": 3, "m": 2, "k": 4, "h": 5, "K": 6, "P": 4, "d": 2, "T": 3, "B": 2}
SIZES |= {"n_0": 2, "n_1": 3, "n_2": 4, "n_3": 5, "d_0": 2, "d_1": 3, "d_2": 4, "d_3": 5, "d_f": 3, "d_g": 2}
# How large an integer input may be: the number of classes, users, items, tokens.
RANGES = {
    "softmax-regression": {"t": 4},
    "digits-net": {"t": 10},
    "conv-net": {"t": 10},
    "gru-net": {"t": 2},
    "matrix-factorisation": {"i": 2, "j": 3},
    "gpt": {"tokens": 65, "following": 65},
    "gpt-sort": {"tokens": 3, "following": 3},
}
LARGE = {"example-net", "digits-net", "conv-net", "gpt", "gpt-block", "gpt-sort", "gru-net"}


def ce(z, t):
    return sc.logsumexp(z) - z[t]


def relu(x):
    return np.maximum(x, 0)


def norm(x, g, b):
    c = x - x.mean(-1, keepdims=True)
    return g * c / np.sqrt((c**2).mean(-1, keepdims=True) + 1e-5) + b


def three_layers(x, a):
    z = relu(a["W_1"] @ x + a["b_1"])
    z = relu(a["W_2"] @ z + a["b_2"])
    return a["W_3"] @ z + a["b_3"]


def wired(a):
    s_ = np.zeros(4)
    for i, j in [(0, 0), (0, 1), (1, 1), (1, 2), (1, 4), (2, 3), (3, 0), (3, 4)]:
        s_[i] += a["w"][i, j] * a["x"][j]
    z, out = np.tanh(s_), np.zeros(2)
    for i, j in [(0, 0), (0, 1), (1, 1), (1, 2), (1, 3)]:
        out[i] += a["v"][i, j] * z[j]
    out[1] += a["u"][1, 2] * a["x"][2]
    return ((out - a["y"]) ** 2).sum()


def stacked(a, last):
    z = a["z_0"]
    for k in range(3):
        z = a[f"w_{k}"] @ z
        z = np.tanh(z) if last else relu(z) if k < 2 else z
    return ((z - a["y"]) ** 2).sum()


def process(a):
    d = ((a["X"][:, None] - a["X"][None]) ** 2).sum(-1)
    K = np.exp(a["a"]) * np.exp(-d / (2 * np.exp(a["l"]) ** 2)) + np.exp(a["n"]) * np.eye(4)
    return 0.5 * a["y"] @ np.linalg.solve(K, a["y"]) + 0.5 * np.log(np.linalg.det(K))


def convolved(x, W, b):
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return np.array([[[(w * padded[:, p : p + 3, q : q + 3]).sum() + c for q in range(x.shape[2])] for p in range(x.shape[1])] for w, c in zip(W, b, strict=True)])  # fmt: skip


def halved(x):
    c, h, w = x.shape
    return x.reshape(c, h // 2, 2, w // 2, 2).max((2, 4))


def conv_net(a):
    z = halved(relu(convolved(a["x"], a["W_1"], a["b_1"])))
    z = halved(relu(convolved(z, a["W_2"], a["b_2"])))
    return ce(a["W_3"] @ z.ravel() + a["b_3"], a["t"])


def vae(a):
    hidden = np.tanh(a["W_1"] @ a["x"] + a["b_1"])
    mu, v = a["W_2"] @ hidden + a["b_2"], np.exp(a["W_3"] @ hidden + a["b_3"])
    z = mu + np.sqrt(v) * a["epsilon"]
    p = sc.expit(a["W_5"] @ np.tanh(a["W_4"] @ z + a["b_4"]) + a["b_5"])
    x = a["x"]
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum() + 0.5 * (mu**2 + v - np.log(v) - 1).sum()


def elman(a):
    h = np.zeros(5)
    for x in a["x"]:
        h = np.tanh(a["W"] @ x + a["U"] @ h + a["b"])
    return ((a["W_y"] @ h + a["b_y"] - a["y"]) ** 2).sum()


def gru(a):
    h = np.zeros(5)
    for x in a["x"]:
        p, q = np.split(a["W"] @ x + a["b"], 3), np.split(a["U"] @ h + a["d"], 3)
        r, z = sc.expit(p[0] + q[0]), sc.expit(p[1] + q[1])
        h = (1 - z) * np.tanh(p[2] + r * q[2]) + z * h
    return ce(a["W_y"] @ h + a["b_y"], a["t"])


def block(x, a, heads, k=""):
    tail = f"_{k}" if k else ""
    t, d = x.shape
    y = norm(x, a[f"gamma_a{k}"], a[f"beta_a{k}"])
    q, key, v = (np.stack(np.split(y @ a[f"W_{name}{tail}"].T, heads, axis=1)) for name in "qkv")
    scores = np.where(np.tri(t, dtype=bool), q @ key.transpose(0, 2, 1) / np.sqrt(d / heads), -np.inf)
    mixed = np.concatenate(list(sc.softmax(scores, -1) @ v), axis=1)
    x = x + mixed @ a[f"W_o{tail}"].T
    u = norm(x, a[f"gamma_b{k}"], a[f"beta_b{k}"]) @ a[f"W{tail}"].T + a[f"b{tail}"]
    u = 0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3)))
    return x + u @ a[f"U{tail}"].T + a[f"c{tail}"]


def gpt(a):
    h = a["E_tok"][a["tokens"]] + a["E_pos"]
    for k in (1, 2, 3):
        h = block(h, a, 4, k)
    z = norm(h, a["gamma_f"], a["beta_f"]) @ a["W_out"].T
    last = len(a["following"])
    return np.mean([ce(row, t) for row, t in zip(z[-last:], a["following"], strict=True)])


IN_NUMPY = {
    "linear-model": lambda a: (a["y"] - a["w"] @ a["x"]) ** 2,
    "nearest-prototype": lambda a: ((a["x"] - a["W"]) ** 2).sum(1).min(),
    "wired-net": wired,
    "pointwise": lambda a: ((np.tanh(a["s"]) - a["y"]) ** 2).sum(),
    "weighted-sum": lambda a: ((a["w"] * a["z"] - a["y"]) ** 2).sum(),
    "stack": lambda a: stacked(a, False),
    "example-net": lambda a: ((three_layers(a["image"].ravel(), a) - a["y"]) ** 2).sum(),
    "vector-module": lambda a: ((np.tanh(a["W"] @ a["z_f"]) - a["y"]) ** 2).sum(),
    "module-stack": lambda a: stacked(a, True),
    "linear-regression": lambda a: ((a["W"] @ a["x"] + a["b"] - a["y"]) ** 2).sum(),
    "ridge-regression": lambda a: (a["y"] - a["w"] @ a["x"]) ** 2 + 0.1 * a["w"] @ a["w"],
    "logistic-regression": lambda a: np.log1p(np.exp(-(2 * a["y"] - 1) * (a["w"] @ a["x"] + a["b"]))),
    "softmax-regression": lambda a: ce(a["W"] @ a["x"] + a["b"], a["t"]),
    "poisson-regression": lambda a: np.exp(a["w"] @ a["x"] + a["b"]) - a["y"] * (a["w"] @ a["x"] + a["b"]),
    "svm": lambda a: max(0, 1 - a["y"] * (a["w"] @ a["x"] + a["b"])) + 0.005 * a["w"] @ a["w"],
    "matrix-factorisation": lambda a: (
        (a["r"] - a["U"][a["i"]] @ a["V"][a["j"]]) ** 2
        + 0.02 * ((a["U"][a["i"]] ** 2).sum() + (a["V"][a["j"]] ** 2).sum())
    ),
    "gaussian-process": process,
    "perceptron": lambda a: ((a["W_2"] @ np.tanh(a["W_1"] @ a["x"] + a["b_1"]) + a["b_2"] - a["y"]) ** 2).sum(),
    "digits-net": lambda a: ce(three_layers(a["x"], a), a["t"]),
    "conv-net": conv_net,
    "rbf-net": lambda a: (
        (a["W_2"] @ np.exp(-a["gamma_1"] * ((a["x"] - a["W_1"]) ** 2).sum(1)) + a["b_2"] - a["y"]) ** 2
    ).sum(),
    "autoencoder": lambda a: ((a["W_2"] @ np.tanh(a["W_1"] @ a["x"] + a["b_1"]) + a["b_2"] - a["x"]) ** 2).sum(),
    "vae": vae,
    "elman-net": elman,
    "gru-net": gru,
    "gpt-block": lambda a: ((block(a["x"], a, 2) - a["y"]) ** 2).sum(),
    "gpt": gpt,
    "gpt-sort": gpt,
}


def size(extent):
    return int(extent.subs({k: SIZES[k.name] for k in extent.free_symbols}))


def arrays_of(name, tensors, seed=0):
    rng = np.random.default_rng(seed)
    arrays = {}
    for t in tensors:
        shape = tuple(map(size, t.extents))
        if t.dtype == "int":
            arrays[t.name] = rng.integers(0, RANGES[name][t.name], size=shape)
        elif "sign" in t.assume:
            arrays[t.name] = np.sign(rng.normal(size=shape))
        elif "binary" in t.assume:
            arrays[t.name] = 1.0 * rng.integers(0, 2, size=shape)
        elif "unit_interval" in t.assume:
            arrays[t.name] = rng.uniform(size=shape)
        else:
            arrays[t.name] = rng.normal(size=shape) * (0.5 if t.role == "parameter" else 1)
    return arrays


def test_every_model_is_written_in_numpy_as_well():
    assert set(IN_NUMPY) == set(GALLERY)


@pytest.mark.parametrize("name", sorted(GALLERY))
def test_loss_and_its_slope(name):
    entry = GALLERY[name]
    loss = entry.build()
    tensors = list(s.variables(loss).values())
    arrays = arrays_of(name, tensors)
    expected = IN_NUMPY[name](arrays)
    wrt = [t for t in tensors if t.name in entry.wrt] if entry.wrt else [t for t in tensors if t.role == "parameter"]
    assert wrt
    bars = cotangents(loss, identity_seed(loss), wrt)
    found = numeric.lambdify(tensors, [loss, *(bars[t] for t in wrt)])(*(arrays[t.name] for t in tensors))
    assert found[0] == pytest.approx(expected, rel=1e-10)
    rng = np.random.default_rng(1)
    for t, g in zip(wrt, found[1:], strict=True):
        assert g.shape == arrays[t.name].shape
        direction, h = rng.normal(size=g.shape), 1e-6
        ahead, behind = (IN_NUMPY[name](arrays | {t.name: arrays[t.name] + e * direction}) for e in (h, -h))
        assert np.sum(g * direction) == pytest.approx((ahead - behind) / (2 * h), rel=1e-5, abs=1e-6), t
    if name not in LARGE:
        assert value(loss, arrays) == pytest.approx(expected, rel=1e-10)
        assert_gradient(loss, arrays, wrt)


@pytest.mark.parametrize("name", sorted(n for n, e in GALLERY.items() if not e.whole))
def test_mean_over_samples(name):
    loss = GALLERY[name].build()
    average = s.average_loss(loss, "B")
    single, many = s.variables(loss), s.variables(average)
    samples = [arrays_of(name, single.values(), seed) for seed in (0, 1)]
    shared = {n for n, t in single.items() if many[n] is t}
    arrays = {n: samples[0][n] if n in shared else np.stack([a[n] for a in samples]) for n in many}
    expected = np.mean([IN_NUMPY[name](a | {n: samples[0][n] for n in shared}) for a in samples])
    found = numeric.lambdify(list(many.values()), average)(*(arrays[n] for n in many))
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", sorted(GALLERY))
def test_entry(name):
    entry = GALLERY[name]
    loss = entry.build()
    assert entry.name == name
    assert entry.kind in KINDS
    assert entry.title
    assert entry.description.endswith((".", ")"))
    assert loss.ndim == 0
    assert loss.name in ("C", "c")
    assert set(entry.wrt) <= set(named(loss))
    parameters = [t for t in s.variables(loss).values() if t.role == "parameter"]
    assert all(t.init is not None for t in parameters)

"""Convolutions and pooling of random geometry in both back ends: values by loops written out here, pullbacks by their laws."""

import itertools

import numpy as np
import pytest

import numeric.backends.loops.products as products
from numeric import lambdify
from symbolic import gradient, tensor
from symbolic.language.layers.convolution import conv1d, conv2d, conv2d_transpose
from symbolic.language.layers.pooling import average_pool2d, max_pool1d, max_pool2d

BACKENDS = ["numpy", "numba"]


def backend_or_skip(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    return backend


def geometry(seed):
    """Sizes that differ from each other, and options that fit them; the batch may be shorter than a run or longer."""
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 1, 2, 3]))
    stride, dilation, pad = (
        tuple(int(v) for v in rng.integers(low, high, 2)) for low, high in ((1, 4), (1, 3), (0, 3))
    )
    kernel = tuple(int(v) for v in rng.permutation([1, 2, 3])[:2])
    batch = int(rng.choice([2, 17]))
    into, out = groups * int(rng.choice([1, 4])), groups * int(rng.choice([1, 5, 7]))
    sizes = tuple(int(v) for v in rng.permutation([6, 8, 9, 11])[:2])
    return {
        "x": (batch, into, *sizes), "W": (out, into // groups, *kernel),
        "options": {"stride": stride, "dilation": dilation, "padding": pad, "groups": groups},
    }  # fmt: skip


def convolved(x, W, stride, dilation, padding, groups):
    """s[n, o, p, q] = Σ W[o, c, u, v] x[n, c, stride·p + dilation·u − padding, …], as it is defined."""
    (a, b), (d, e), (r, t) = stride, dilation, padding
    _, _, height, width = x.shape
    outs, depth, k, m = W.shape
    shape = [(n + 2 * p - g * (w - 1) - 1) // s + 1 for n, p, g, w, s in
             zip((height, width), padding, dilation, (k, m), stride, strict=True)]  # fmt: skip
    s = np.zeros((len(x), outs, *shape))
    for o, p, q, c, u, v in itertools.product(range(outs), *map(range, shape), range(depth), range(k), range(m)):
        i, j = a * p + d * u - r, b * q + e * v - t
        if 0 <= i < height and 0 <= j < width:
            s[:, o, p, q] += W[o, c, u, v] * x[:, (o // (outs // groups)) * depth + c, i, j]
    return s


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("backend", BACKENDS)
def test_convolution_and_its_pullbacks(backend, seed, monkeypatch):
    """The map is linear in each argument, so ⟨ȳ, conv(ẋ, W)⟩ = ⟨x̄, ẋ⟩ holds for every ẋ, and alike for W."""
    backend_or_skip(backend)
    if backend == "numba" and seed >= 4:
        pytest.skip("compiling takes seconds; four geometries are enough")
    monkeypatch.setattr(products, "ENTRIES", 1 << 16 if seed % 2 else 64)
    g = geometry(seed)
    rng = np.random.default_rng(seed)
    x, W = tensor("x", ("n", *g["x"][1:])), tensor("W", g["W"])
    s = conv2d(x, W, **g["options"])
    weight = tensor("G", s.shape)
    value = np.sum(weight * s)
    f = lambdify([x, W, weight], [s, gradient(value, x), gradient(value, W)], backend=backend)
    arrays = [rng.normal(size=shape) for shape in (g["x"], g["W"])]
    expected = convolved(*arrays, **g["options"])
    cotangent = rng.normal(size=expected.shape)
    found, of_x, of_W = f(*arrays, cotangent)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    for _ in range(3):
        dx, dW = rng.normal(size=g["x"]), rng.normal(size=g["W"])
        assert np.sum(cotangent * convolved(dx, arrays[1], **g["options"])) == pytest.approx(
            np.sum(of_x * dx), rel=1e-9
        )
        assert np.sum(cotangent * convolved(arrays[0], dW, **g["options"])) == pytest.approx(
            np.sum(of_W * dW), rel=1e-9
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", [1, 4])
def test_convolution_agrees_with_torch(backend, seed):
    torch = pytest.importorskip("torch")
    backend_or_skip(backend)
    g = geometry(seed)
    rng = np.random.default_rng(seed)
    x, W, b = tensor("x", ("n", *g["x"][1:])), tensor("W", g["W"]), tensor("b", g["W"][:1])
    value = np.sum(np.tanh(conv2d(x, W, b, **g["options"])) ** 2)
    f = lambdify([x, W, b], [value, *(gradient(value, t) for t in (x, W, b))], backend=backend)
    arrays = [rng.normal(size=shape) for shape in (g["x"], g["W"], g["W"][:1])]
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    loss = (torch.nn.functional.conv2d(*leaves, **g["options"]).tanh() ** 2).sum()
    expected = [loss, *torch.autograd.grad(loss, leaves)]
    for found, wanted in zip(f(*arrays), expected, strict=True):
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_transposed_and_one_dimensional(backend):
    """A transposed convolution is the adjoint of the convolution with the same weights."""
    backend_or_skip(backend)
    rng = np.random.default_rng(0)
    x, z, W = rng.normal(size=(17, 3, 9, 7)), rng.normal(size=(17, 5, 5, 4)), rng.normal(size=(5, 3, 3, 2))
    tz, tW = tensor("z", "n 5 5 4"), tensor("W", "5 3 3 2")
    options = {"stride": (2, 2), "padding": (1, 1)}
    up = lambdify([tz, tW], conv2d_transpose(tz, tW, output_padding=(0, 1), **options), backend=backend)(z, W)
    down = convolved(x, W, dilation=(1, 1), groups=1, **options)
    assert up.shape == x.shape
    assert np.sum(up * x) == pytest.approx(np.sum(z * down), rel=1e-10)
    v, k = rng.normal(size=(9, 4, 13)), rng.normal(size=(6, 4, 3))
    tv, tk = tensor("v", "n 4 13"), tensor("k", "6 4 3")
    found = lambdify([tv, tk], conv1d(tv, tk, stride=2, padding=1), backend=backend)(v, k)
    expected = convolved(v[..., None], k[..., None], (2, 1), (1, 1), (1, 0), 1)[..., 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def pooled(x, cotangent, kernel, stride, pad):
    """Maxima over windows, and the cotangent sent to the first maximum of each."""
    value, back = np.empty_like(cotangent), np.zeros_like(x)
    for n, c, p, q in np.ndindex(cotangent.shape):
        best = None
        for u, v in itertools.product(*map(range, kernel)):
            i, j = stride[0] * p + u - pad[0], stride[1] * q + v - pad[1]
            if 0 <= i < x.shape[2] and 0 <= j < x.shape[3]:
                entry = x[n, c, i, j]
                if best is None or entry > best[0] or (np.isnan(entry) and not np.isnan(best[0])):
                    best = entry, i, j
        value[n, c, p, q] = best[0]
        back[n, c, best[1], best[2]] += cotangent[n, c, p, q]
    return value, back


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("kernel", "stride", "pad"),
    [((2, 2), (2, 2), (0, 0)), ((3, 2), (2, 1), (1, 0)), ((2, 3), (3, 3), (0, 1)), ((1, 3), (2, 2), (0, 0))],
)
def test_max_pooling_with_ties_and_nan(backend, kernel, stride, pad):
    """Overlapping, touching and separate windows; whole numbers tie, and a NaN is the maximum of its windows."""
    backend_or_skip(backend)
    rng = np.random.default_rng(2)
    x = rng.integers(-2, 3, (17, 3, 6, 9)).astype(float)
    x[3, 1, 2, 4] = x[5, 2, 0, 0] = np.nan
    t = tensor("x", "n 3 6 9")
    z = max_pool2d(t, kernel, stride=stride, padding=pad)
    weight = tensor("G", z.shape)
    f = lambdify([t, weight], [z, gradient(np.sum(weight * z), t)], backend=backend)
    cotangent = rng.normal(size=(17, *map(int, z.shape[1:])))
    found, back = f(x, cotangent)
    expected, expected_back = pooled(x, cotangent, kernel, stride, pad)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(back, expected_back, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_pooling_along_one_axis_and_means(backend):
    backend_or_skip(backend)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(9, 4, 8, 6))
    t = tensor("x", "n 4 8 6")
    found, mean = lambdify([t], [max_pool1d(t, 3), average_pool2d(t, 2)], backend=backend)(x)
    np.testing.assert_array_equal(found, x.reshape(9, 4, 8, 2, 3).max(-1))
    np.testing.assert_allclose(mean, x.reshape(9, 4, 4, 2, 3, 2).mean((3, 5)), rtol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_outside_a_window_stays_outside(backend):
    """A border is never a product with what it borders: zero times NaN would be NaN."""
    backend_or_skip(backend)
    x, W = np.ones((9, 1, 5, 5)), np.ones((4, 1, 3, 3))
    x[2, 0, 0, 0] = np.nan
    tx, tW = tensor("x", "n 1 5 5"), tensor("W", "4 1 3 3")
    found = lambdify([tx, tW], conv2d(tx, tW, padding=1), backend=backend)(x, W)
    assert np.isnan(found[2, :, :2, :2]).all()
    assert np.isnan(found).sum() == 4 * 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_repeat_to_the_bit(backend):
    import numeric
    from numeric.training.initial import initial_parameters
    from symbolic.language.gallery import GALLERY

    backend_or_skip(backend)
    rng = np.random.default_rng(5)
    data = {"x": rng.normal(size=(64, 1, 8, 8)).astype("f"), "t": rng.integers(0, 10, 64)}
    ends = []
    for _ in range(2):
        loss = GALLERY["conv-net"].build()
        step = numeric.training_step(loss, learning_rate=0.1, backend=backend, dtype="float32")
        parameters = initial_parameters(loss, seed=0, dtype="float32")
        step.epoch(parameters, data, 24, np.random.default_rng(0))
        ends.append(parameters)
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0])

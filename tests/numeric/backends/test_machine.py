"""The compiler of kernels: what it makes of a text is what Python makes of it, in vectors and out of them."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite")
from numeric.backends.machine.calls import Calls, Given, Kernel, empty
from numeric.backends.machine.objects import addresses, multiplication
from numeric.backends.machine.translation import function_tree, parameters
from numeric.backends.machine.vectors import reductions, running
from symbolic.errors import UnsupportedError
from tests.numeric.backends.running import by_machine, by_python

ROWS = """\
def kernel(r0: real[:, 5, {n}], r1: real[{n}], w0: real[:, 5, {n}], w1: real[:, 5], c0: real, c1: real):
    n = w0.shape[0]
    v0 = np.empty(({n},), real)
    for o0 in range(n):
        for o1 in range(5):
            i1_s = c0
            i2_s = c1
            i3_s = c1
            for o2 in range({n}):
                x0 = r0[o0, o1, o2] * r1[o2] - 0.5
                v0[o2] = x0
                i1_s += abs(x0)
                i2_s = larger(i2_s, x0)
                i3_s = -larger(-i3_s, -x0)
            x1 = math.sqrt(i1_s) + i2_s / (i3_s + 3)
            w1[o0, o1] = x1
            for o3 in range({n}):
                w0[o0, o1, o3] = (x1 if v0[o3] <= c0 else v0[o3] ** 3) + (c1 if math.isnan(v0[o3]) else real(o3))
"""
PRODUCTS = """\
def kernel(r0: real[:, {n}], w0: real[:], c0: real):
    n = w0.shape[0]
    for i in range(n):
        s = c0
        for k in range({n}):
            s *= r0[i, k]
        w0[i] = s
"""
SCATTER = """\
def kernel(r0: whole[:, 4], r1: real[:, 4, {n}], w0: real[:, {n}], c0: real):
    n = w0.shape[0]
    n_r0 = r0.shape[0]
    w0[:] = c0
    for i in range(n_r0):
        for j in range(4):
            t = r0[i, j]
            if 0 <= t < n and r1[i, j, 0] > c0:
                for k in range({n}):
                    w0[t, k] += r1[i, j, k]
            else:
                w0[0, :] = c0
"""
CHOSEN = """\
def kernel(r0: truth[:, {n}], r1: whole[:], w0: real[:, {n}], c0: real, c1: real):
    n = w0.shape[0]
    for i in range(n):
        for j in range({n}):
            w0[i, j] = (c0 if r0[i, j] and not (r1[i] // 3 == j % 4) else c1 * real((r1[i] - 7) % 5))
"""


def arrays(n, dtype, seed=0):
    rng = np.random.default_rng(seed)
    real = [rng.normal(size=shape).astype(dtype) for shape in [(3, 5, n), (n,), (3, n), (6, 4, n)]]
    return [*real, rng.integers(-1, 8, (6, 4)), rng.random((3, n)) < 0.5, rng.integers(-9, 9, 3)]


def both(text, dtype, results, read, *numbers):
    """The results (shapes given) by machine and by Python."""
    found = []
    for run in (by_machine, by_python):
        outputs = [np.full(shape, 7, dtype) for shape in results]
        run(text, dtype, *read, *outputs, *numbers)
        found.append(outputs)
    return zip(*found, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 3, 16, 40, 65, 200])
def test_rows_sums_and_largest(n, dtype):
    r0, r1, *_ = arrays(n, dtype)
    r0[1, 2, n // 2] = np.nan
    zero, minus = np.dtype(dtype).type(0), np.dtype(dtype).type(-1)
    close = {"float32": 2e-4, "float64": 1e-12}[dtype]
    for found, wanted in both(ROWS.format(n=n), dtype, [(3, 5, n), (3, 5)], [r0, r1], zero, minus):
        np.testing.assert_allclose(found, wanted, rtol=close, atol=close)
        assert np.isnan(found[1, 2]).any()


@pytest.mark.parametrize("n", [2, 17, 150])
def test_products(n):
    r0 = 1 + arrays(n, "float64")[2] / 50
    for found, wanted in both(PRODUCTS.format(n=n), "float64", [(3,)], [r0], 1.0):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("n", [1, 20])
def test_scatters_test_before_they_read(n):
    *_, r1, r0, _, _ = arrays(n, "float64")
    for found, wanted in both(SCATTER.format(n=n), "float64", [(8, n)], [r0, r1], 0.0):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("n", [5, 16, 33])
def test_whole_numbers_and_truth_values(n):
    *_, r0, r1 = arrays(n, "float64")
    for found, wanted in both(CHOSEN.format(n=n), "float64", [(3, n)], [r0, r1], 1.5, -2.0):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("how", ["rows", "columns", "every second"])
def test_views_are_read_where_they_lie(how):
    text = PRODUCTS.format(n=20).replace("real[:, 20]", "view[real, :, 20]")
    r0 = 1 + arrays(20, "float64")[2] / 50
    wide = np.zeros((3, 40))
    wide[:, ::2] = r0
    given = {"rows": r0, "columns": np.asfortranarray(r0), "every second": wide[:, ::2]}[how]
    for found, wanted in both(text, "float64", [(3,)], [given], 1.0):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


VIEWS = """\
def kernel(r0: real[:, 6], r1: whole[:], w0: real[:, 6], w1: real[:], w2: real[()]):
    for b in range(r1.shape[0]):
        a0 = r0[r1[b] : r1[b] + 2]
        n0 = a0.shape[0]
        v0 = a0.reshape((3, 4,))
        v1 = np.empty((n0, 6,), np.int64)
        for i in range(n0):
            for j in range(6):
                v1[i, j] = max(i * 4 - j, -1)
        x = -1
        for i in range(6):
            if v0[i // 2, i % 2] > v0[0, 0] or i == 0:
                x = min(i, 4)
        w1[b] = real(x) + real(v1[1, 2])
    w0[...] = r0
    w2[()] = real(x) ** 2 + 1
"""
LIBRARY = """\
def kernel(r0: real[:, 21], w0: real[:, 21]):
    n = w0.shape[0]
    for i in range(n):
        for j in range(21):
            x = abs(r0[i, j]) + 0.25
            w0[i, j] = math.log(x) + math.exp(-x) * math.tanh(x) + math.erf(x) + math.log1p(x) - x ** 1.5 + math.lgamma(x) - x**-2
"""


def test_views_and_copies():
    r0 = arrays(6, "float64")[2]
    r0 = np.concatenate([r0, r0 + 1])
    for found, wanted in both(VIEWS, "float64", [(6, 6), (3,), ()], [r0, np.array([0, 3, 4])]):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_the_library(dtype):
    r0 = np.random.default_rng(0).normal(size=(4, 21)).astype(dtype)
    close = {"float32": 3e-5, "float64": 1e-12}[dtype]
    for found, wanted in both(LIBRARY, dtype, [(4, 21)], [r0]):
        np.testing.assert_allclose(found, wanted, rtol=close, atol=close)


def test_products_of_views():
    rng = np.random.default_rng(0)
    text = "def kernel(r0: real[:, 40], r1: real[:, 40], w0: real[:, 9]):\n    product(r0, r1.reshape((9, 40)).T, w0)\n"
    multiplication("float64")
    r0, r1, w0 = rng.normal(size=(7, 40)), rng.normal(size=(9, 40)), np.empty((7, 9))
    by_machine(text, "float64", r0, r1, w0)
    np.testing.assert_allclose(w0, r0 @ r1.T, rtol=1e-12)


def loops(text):
    """The innermost loop of a text."""
    node = function_tree(text)
    while any(hasattr(s, "body") for s in node.body):
        node = next(s for s in node.body if hasattr(s, "body"))
    return node.target.id, node.body


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ("w0[i, k] = r0[i, k] + r0[k]", True),
        ("s += r0[i, k]", True),
        ("x = r0[i, k]\n            w0[i, k] = x * x", True),
        ("w0[k, i] = r0[i, k]", False),  # no run
        ("w0[i, k] = r0[i, k + 1]", False),
        ("w0[i, k] = r0[i, r1[k]]", False),  # a gather
        ("w0[i] += r0[i, k]", False),  # what one round leaves to the next
        ("s += r0[i, k]\n            w0[i, k] = s", False),
        ("w0[i, k] = x\n            x = r0[i, k]", False),
        ("s = larger(s, s + r0[i, k])", False),
    ],
)
def test_which_loops_are_vectors(body, fits):
    text = f"def kernel(n):\n    for i in range(n):\n        for k in range(9):\n            {body}\n"
    assert running(*loops(text), lambda array: True) is fits


def test_what_a_loop_gathers():
    text = "def kernel(n):\n    for k in range(9):\n        s += 1\n        p *= 2\n        a = larger(a, k)\n        b = -larger(-b, -k)\n"
    assert reductions(loops(text)[1]) == {"s": "+", "p": "*", "a": "larger", "b": "smaller"}


def test_what_has_no_code_is_said():
    with pytest.raises(UnsupportedError, match=r"no machine code for 'while True:"):
        addresses({"kernel": "def kernel(w0: real[:]):\n    while True:\n        pass\n"}, "float64")
    with pytest.raises(UnsupportedError, match="no machine code for the function gamma"):
        addresses({"kernel": "def kernel(w0: real[:], c0: real):\n    w0[0] = math.gamma(c0)\n"}, "float64")


def test_arguments_move_and_numbers_change():
    text = "def kernel(r0: real[:], w0: real[:], c0: real, c1: real):\n    n = w0.shape[0]\n    for i in range(n):\n        w0[i] = c0 * r0[i] + c1\n"
    kernel = Kernel(addresses({"kernel": text}, "float32")["kernel"], tuple(parameters(function_tree(text))))
    given, out = np.empty(50, "f"), empty((25,), np.float32)
    assert out.ctypes.data % 64 == 0
    calls = Calls(np.float32, [given, Given(1)])
    calls.add(kernel, given[25:], out, Given(1), (0,))
    calls.ready()
    for factor, more in ((2, 1), (3, -1)):
        x = np.random.default_rng(factor).normal(size=50).astype("f")
        calls.bind(x, np.float32(factor))
        calls.put(0, 3, more)
        calls.run(0, 1)
        np.testing.assert_allclose(out, factor * x[25:] + more, rtol=1e-6)


def test_altered_objects_are_compiled_anew(tmp_path):
    program = (
        "import numpy as np\nfrom tests.numeric.backends.running import by_machine\nout = np.empty(1)\n"
        "by_machine('def kernel(w0: real[:], c0: real):\\n    w0[0] = c0 + 2.25\\n', 'float64', out, 1.0)\nprint(out[0])\n"
    )
    for change in (bytes, lambda data: data[:-1] + b"?", lambda data: data[:20]):
        for path in tmp_path.glob("kernels_*.o"):
            path.write_bytes(change(path.read_bytes()))
        environment = {**os.environ, "CHAINRULE_CACHE_DIR": str(tmp_path)}
        found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert found.stdout == "3.25\n", found.stderr

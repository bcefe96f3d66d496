"""JAX and PyTorch compute what the NumPy back end computes, on their own arrays, and derive what we derive."""

import subprocess
import sys

import numpy as np
import pytest
import sympy as sp

import symbolic as s
from numeric import lambdify
from numeric.errors import MissingExtraError
from numeric.sampling import draw, sizes_for
from symbolic import gradient, tensor
from symbolic.errors import EvaluationError, UnsupportedError
from symbolic.language.gallery import GALLERY
from symbolic.language.operations import pointwise
from symbolic.language.samples import variables
from symbolic.program.functions import FUNCTIONS
from symbolic.program.primitives import PRIMITIVES, apply
from tests.numeric.programs import CASES, DIFFERENTIABLE, arrays, build


@pytest.fixture(params=["jax", "torch"])
def library(request):
    pytest.importorskip(request.param)
    return request.param


def agree(tensors, outputs, values, library, rtol=1e-10, dtype=None):
    with np.errstate(all="ignore"):
        wanted = lambdify(tensors, outputs, dtype=dtype)(*values)
    found = lambdify(tensors, outputs, backend=library, dtype=dtype)(*values)
    for value, array in zip(found, wanted, strict=True):
        value = np.asarray(value)
        assert value.shape == np.shape(array)
        assert value.dtype.kind == np.asarray(array).dtype.kind
        if value.dtype.kind == "f":
            assert value.dtype == array.dtype
        np.testing.assert_allclose(value, array, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", CASES)
def test_programs_agree_with_numpy(name, library):
    tensors, outputs = build(name)
    if name in DIFFERENTIABLE:
        real = [t for t in tensors if t.dtype == "real"]
        outputs = outputs + [gradient((o * o).sum(), t) for o in outputs for t in real[-1:]]
    agree(tensors, outputs, arrays(tensors, np.random.default_rng(4)), library)


POINTS = {
    "> 0": [0.1, 0.9, 3.0, 40.0],
    "> 1": [1.1, 2.0, 3.0, 40.0],
    "< 1": [-3.0, -0.2, 0.3, 0.99],
    "in (-1, 1)": [-0.9, -0.2, 0.3, 0.99],
    "in (0, 1)": [0.1, 0.4, 0.7, 0.95],
    "": [-50.0, -2.0, -0.4, 0.0, 0.6, 1.0, 4.0, 19.0, 26.0, 60.0, np.nan],
}
ORDERS = {**dict.fromkeys(("jv", "yv", "iv", "kv"), (0, 1)), "polygamma": (1, 2), "zeta": (2, 3)}
TWO = {"arctan2", "gammainc", "maximum", "minimum", "less", "less_equal", "equal", "xlogy"}
NOT_THERE = {
    "jax": {"jv", "yv", "iv", "kv", "dawsn", "ellipk", "ellipe", "logm"},
    "torch": {"dawsn", "expi", "si", "ci", "spence", "ellipk", "ellipe", "betainc", "logm", "sqrtm"},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_the_table(name, library):
    row, x, y = FUNCTIONS[name], tensor("x", "n"), tensor("y", "n")
    values = np.array(POINTS[row.domain])
    if name == "expi":  # its pole is NaN to JAX
        values = values[values != 0]
    if name == "erfcx":
        values = values[values > -20]
    if name in ORDERS:
        outputs = [pointwise(name, lambda e, k=k: row.head(k, e), x) for k in ORDERS[name]]
    elif name in TWO:
        outputs = [pointwise(name, row.head, x, y), pointwise(name, row.head, x, 0.7)]
    elif name == "betainc":
        outputs = [pointwise(name, lambda e: row.head(2, sp.Rational(3, 2), e), x)]
    elif name == "where":
        outputs = [pointwise(name, row.head, x > y, x, y), pointwise(name, row.head, x > y, 0.1, 0.2) * x]
    else:
        outputs = [pointwise(name, row.head, x), pointwise(name, row.head, 2 * x) + x]
        values = values / 2 if row.domain == "in (-1, 1)" else values
    if name in NOT_THERE[library]:
        with pytest.raises(UnsupportedError, match=f"no {name}.*use backend='numpy'"):
            lambdify([x, y], outputs, backend=library)
        return
    agree([x, y], outputs, [values, values[::-1].copy()], library, 1e-9)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitives(name, library):
    a, b = tensor("a", "k 3 3", assume="positive_definite"), tensor("b", "k 3 2")
    output = apply(name, a, b) if name == "solve" else apply(name, a)
    if name in NOT_THERE[library]:
        with pytest.raises(UnsupportedError, match=f"no {name}"):
            lambdify([a, b], output, backend=library)
        return
    rng = np.random.default_rng(2)
    values = [
        np.stack([draw(tensor("a", "3 3", assume="positive_definite"), {}, rng) for _ in range(2)]),
        rng.normal(size=(2, 3, 2)),
    ]
    if name in ("expm", "logm", "sqrtm", "sinm", "cosm"):
        a, values[0] = tensor("a", "3 3"), values[0][0] / 5
        output = apply(name, a)
    wanted = lambdify([a, b], output)(*values)
    found = np.asarray(lambdify([a, b], output, backend=library)(*values))
    if "vectors" in name:  # whose signs are free
        wanted, found = np.abs(wanted), np.abs(found)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


MODELS = ["vae", "rbf-net", *(pytest.param(name, marks=pytest.mark.slow) for name in ("conv-net", "gpt-block"))]


@pytest.mark.parametrize("name", MODELS)
def test_derived_gradients_are_those_of_the_library(name, library):
    loss = GALLERY[name].build()
    given = list(variables(loss).values())
    weights = [t for t in given if t.role == "parameter"]
    sizes, rng = sizes_for(given), np.random.default_rng(6)
    values = [draw(t, sizes, rng) * (0.3 if t.role == "parameter" and not t.assume else 1) for t in given]
    derived = lambdify(given, [gradient(loss, t) for t in weights], backend=library)(*values)
    f = lambdify(given, loss, backend=library)
    places = [k for k, t in enumerate(given) if t.role == "parameter"]
    if library == "jax":
        import jax

        found = jax.jit(jax.grad(f, argnums=places))(*values)
    else:
        import torch

        leaves = [torch.tensor(v, requires_grad=k in places) for k, v in enumerate(values)]
        f(*leaves).backward()
        found = [leaves[k].grad for k in places]
    for ours, theirs in zip(derived, found, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-10, atol=1e-10)


A, x, tok = tensor("A", "m n"), tensor("x", "n"), tensor("tok", "p", dtype="int")


def test_single_precision_stays_single(library):
    values = [np.ones((2, 3), np.float32), np.ones(3, np.float32)]
    found = lambdify([A, x], [np.exp(A @ x) / 3, s.softmax(A, axis=1)], backend=library)(*values)
    assert {np.asarray(v).dtype for v in found} == {np.dtype("float32")}
    found = lambdify([A, x], A @ x + 0.1, backend=library, dtype="float32")(np.ones((2, 3)), np.ones(3))
    assert np.asarray(found).dtype == np.float32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([np.ones((2, 3)), np.ones(4)], "the dimension n is 3 in A and 4 in x"),
        ([np.ones((2, 3))], "expected 2 arrays"),
        ([np.ones((2, 3)), np.ones(3) * 1j], "x.* holds real numbers"),
    ],
)
def test_arrays_that_do_not_fit(values, message, library):
    with pytest.raises(EvaluationError, match=message):
        lambdify([A, x], A @ x, backend=library)(*values)


def test_positions_outside_an_axis(library):
    with pytest.raises(EvaluationError, match="tok.* holds 7, outside the axis of extent 2"):
        lambdify([A, tok], A[tok], backend=library)(np.ones((2, 3)), np.array([0, 7]))


def test_arrays_are_the_library_s_own(library):
    owner = pytest.importorskip("jax.numpy" if library == "jax" else "torch")
    own = owner.ones((2, 3))
    f = lambdify([A, x], [A @ x, (A > 0) & (x > 0), np.argmax(A, axis=1)], backend=library)
    found = f(own, np.ones(3))
    assert all(type(v).__module__.split(".")[0] in ("jaxlib", "torch") for v in found)
    with pytest.raises(EvaluationError, match="tok.* holds int numbers"):
        lambdify([A, tok], A[tok], backend=library)(own, owner.ones(3))


@pytest.mark.parametrize(
    "name", ["diag_matrix", "pad", "gather_rows", "one_hot", "arange", "constants", "tril", "windows"]
)
def test_pytorch_computes_on_the_device_of_its_arguments(name):
    """The device without storage stands for a GPU: arrays of two devices do not mix."""
    torch = pytest.importorskip("torch")
    tensors, outputs = build(name)
    real = [t for t in tensors if t.dtype == "real"]
    outputs = outputs + [gradient((o * o).sum(), t) for o in outputs for t in real[-1:]]
    values = [torch.tensor(v, device="meta") for v in arrays(tensors, np.random.default_rng(4))]
    found = lambdify(tensors, outputs, backend="torch")(*values)
    assert {v.device.type for v in found} == {"meta"}


def test_source_runs_on_its_own(library, tmp_path):
    loss = np.sum(np.tanh(A @ x)[::-1] ** 2)
    source = lambdify([A, x], [loss, gradient(loss, A)], backend=library).source
    assert "numpy as np" not in source
    (tmp_path / "printed.py").write_text(source)
    array = {"jax": "import jax.numpy as jnp\narray = jnp.array", "torch": "import torch\narray = torch.tensor"}[
        library
    ]
    typed = "" if library == "jax" else ", dtype=torch.float64"
    program = f"from printed import computed\n{array}\nC, G = computed(array([[1., 2.]]{typed}), array([.1, .2]{typed}))\nprint(G.dtype, float(C))"
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    kind, value = answer.stdout.split()
    assert kind.endswith("float64")
    assert float(value) == pytest.approx(np.tanh(0.5) ** 2, rel=1e-14)


def test_jax_refuses_to_round_silently():
    jax = pytest.importorskip("jax")
    f = lambdify([A, x], A @ x, backend="jax")
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(EvaluationError, match="jax_enable_x64"):
            f(np.ones((2, 3)), np.ones(3))
    finally:
        jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_missing_library_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"chainrule\[{name}\]"):
        lambdify([A, x], A @ x, backend=name)

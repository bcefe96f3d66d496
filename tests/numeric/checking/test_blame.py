# ruff: noqa: F722, F821, RUF059 (annotations tell shapes; caches are unpacked as people do)
"""The wrong line is named, the mistake too, and both only where that is sure: on functions as people write them."""

import importlib.util

import numpy as np
import pytest

from numeric.checking import check_backward
from symbolic.verification.diagnosis import MISTAKES
from tests.numeric.checking.corpus.reading import entries

RIGHT = [e for e in entries() if not e.old]
WRONG = [e for e in entries() if e.old]


@pytest.mark.parametrize("entry", RIGHT, ids=lambda e: f"{e.file}-{e.backward}")
def test_right_code_is_never_accused(entry, tmp_path):
    if entry.needs_torch:
        pytest.importorskip("torch")
    verdict = check_backward(*entry.subject(tmp_path))
    assert verdict.status in ("proved", "agrees"), verdict
    assert not verdict.culprits
    assert not verdict.blame


@pytest.mark.parametrize("entry", WRONG[::17], ids=lambda e: f"{e.file}-{e.backward}-{e.line}")
def test_a_planted_mistake_is_never_right(entry, tmp_path):
    if entry.needs_torch:
        pytest.importorskip("torch")
    verdict = check_backward(*entry.subject(tmp_path))
    assert verdict.status in ("refuted", "shape"), verdict
    assert verdict.culprits
    for line in verdict.culprits:
        assert not line.label or line.label in MISTAKES


def normalised(x: "n d", gamma: "d"):
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + 1e-5)
    xhat = (x - mu) / std
    return gamma * xhat, (x, mu, std, xhat, gamma)


def normalised_backward(dout, cache):
    x, mu, std, xhat, gamma = cache
    d = x.shape[1]
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dvar = (dxhat * (x - mu) * 0.5 * std**-3).sum(axis=1, keepdims=True)
    dmu = (-dxhat / std).sum(axis=1, keepdims=True)
    dx = dxhat / std + dvar * 2 * (x - mu) / d + dmu / d
    return dx, dgamma


def test_the_line_is_judged_twice_and_what_follows_is_not_blamed():
    verdict = check_backward(normalised_backward, normalised)
    assert {o.name: o.status in ("proved", "agrees") for o in verdict.outputs} == {"x": False, "gamma": True}
    (wrong,) = verdict.culprits
    assert (wrong.variable, wrong.label, wrong.status, wrong.follows) == ("dvar", "sign", "refuted", False)
    assert "-0.5 * std ** (-3)" in wrong.repair.replace("**-3", "** (-3)").replace("std ** -3", "std ** (-3)")
    follows = [x for x in verdict.lines if x.follows]
    assert [x.variable for x in follows] == ["dx"]
    assert [x.variable for x in verdict.lines if x.status == "agrees"] == ["dgamma", "dxhat", "dmu"]
    assert f"line {follows[0].line} follows from it" in verdict.blame[0]


def two_layers(x: "n d", W: "d h", V: "h k"):
    s = x @ W
    z = np.tanh(s)
    return z @ V, (x, s, z)


def test_two_mistakes_are_two():
    def backward(dout, cache, W, V):
        x, s, z = cache
        dV = dout.T @ z
        dz = dout @ V.T
        ds = dz * (1 - s**2)
        dW = x.T @ ds
        dx = ds @ W.T
        return dx, dW, dV

    verdict = check_backward(backward, two_layers)
    assert [(x.variable, x.label) for x in verdict.culprits] == [
        ("dV", "wrong order of factors"),
        ("ds", "h' at the wrong argument"),
    ]


def test_a_repair_that_does_not_hold_at_other_sizes_is_none():
    def backward(dout, cache, W, V):
        x, s, z = cache
        dV = z.T @ dout
        ds = (dout @ V.T) * (1 - z**2)
        dW = x.T @ ds * np.exp(x.shape[0]) / 31.4159
        dx = ds @ W.T
        return dx, dW, dV

    (wrong,) = check_backward(backward, two_layers).culprits
    assert (wrong.variable, wrong.label, wrong.repair) == ("dW", "", "")
    assert wrong.evidence


def test_a_function_that_raises_is_blamed_where_it_raises():
    def backward(dout, cache, W, V):
        x, s, z = cache
        dV = z.T @ dout
        ds = (dout @ V) * (1 - z**2)
        dW = x.T @ ds
        dx = ds @ W.T
        return dx, dW, dV

    verdict = check_backward(backward, two_layers)
    assert verdict.status == "shape"
    (wrong,) = verdict.culprits
    assert (wrong.label, wrong.repair) == ("missing transpose", "ds = dout @ V.T * (1 - z ** 2)")
    assert "ValueError at line" in wrong.evidence


class Dense:
    """A layer that keeps what it needs."""

    def __init__(self, n_in, n_out):
        self.W = np.zeros((n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Careless(Dense):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.mean(axis=0)
        return dout @ self.W.T


class Squared:
    """PyTorch's way: static methods and a context."""

    @staticmethod
    def forward(ctx, x: "n d", w: "d m"):
        ctx.save_for_backward(x, w)
        return (x @ w) ** 2

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        grad_s = 2 * grad_output * (x @ w)
        return grad_s @ w.T, x.T @ grad_s


def test_layers_and_functions_with_a_context():
    assert {o.name for o in check_backward(Dense).outputs} == {"x", "self.W", "self.b"}
    assert check_backward(Dense).status in ("proved", "agrees")
    (wrong,) = check_backward(Careless).culprits
    assert (wrong.variable, wrong.label) == ("db", "extra 1/P")
    assert check_backward(Squared).status in ("proved", "agrees")


def test_a_loss_and_its_gradient_from_one_function():
    def ridge(w: "d", X: "n d", y: "n", lam: ""):
        r = X @ w - y
        loss = 0.5 * r @ r + lam * w @ w
        return loss, X.T @ r + lam * w

    verdict = check_backward(ridge)
    assert verdict.status == "refuted"
    assert [x.label for x in verdict.culprits] == ["factor 2"]


def test_random_code_is_asked_to_be_repeatable():
    draws = iter(np.random.default_rng(1).normal(size=1000))

    def noisy(x: "n"):
        return x * next(draws)

    with pytest.raises(ValueError, match="gives another output"):
        check_backward(lambda g, x: g, noisy)


class Affine:
    """A layer that is given its arrays."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Scaled:
    """Of which only the gradient that it keeps tells that gamma is an array."""

    power = 1

    def __init__(self, gamma):
        self.gamma = gamma

    def forward(self, x: "n d"):
        self.z = np.tanh(x)
        return self.gamma * self.z

    def backward(self, dout):
        self.dgamma = (dout * self.z**self.power).sum(axis=0)
        return dout * self.gamma * (1 - self.z**2)


def test_layers_that_are_given_arrays_are_judged_by_all_of_them():
    verdict = check_backward(Affine)
    assert {o.name: o.status in ("proved", "agrees") for o in verdict.outputs} == dict.fromkeys(
        ["x", "self.W", "self.b"], True
    )
    assert check_backward(Scaled).status in ("proved", "agrees")
    wrong = check_backward(type("Squared", (Scaled,), {"power": 2}))
    assert {o.name: o.status for o in wrong.outputs}["self.gamma"] == "refuted"


def pooled(h: "b t d", w: "d"):
    a = np.exp(h @ w)
    a = a / a.sum(axis=1, keepdims=True)
    ctx = (a[:, :, None] * h).sum(axis=1)
    return ctx, (h, w, a)


def test_an_output_may_be_called_as_caches_are():
    def backward(dctx, cache):
        h, w, a = cache
        da = (dctx[:, None, :] * h).sum(axis=2)
        ds = a * (da - (da * a).sum(axis=1, keepdims=True))
        return a[:, :, None] * dctx[:, None, :] + ds[:, :, None] * w, np.einsum("bt,btd->d", ds, h)

    assert check_backward(backward, pooled).status in ("proved", "agrees")


def test_one_mistake_that_spoils_two_gradients_is_one():
    def backward(dout, cache, W, V):
        x, s, z = cache
        dV = z.T @ dout
        dz = dout @ V.T  # which is true of z, and used as what belongs to s
        return dz @ W.T, x.T @ dz, dV

    (wrong,) = check_backward(backward, two_layers).culprits
    assert (wrong.variable, wrong.label) == ("dz", "missing h'")


def recurrence(x: "t n", W: "n n"):
    h, hs = np.zeros(x.shape[1]), []
    for u in x:
        h = np.tanh(W @ h + u)
        hs.append(h)
    return np.array(hs), (hs, W)


def test_in_a_loop_the_line_that_first_goes_wrong_is_named():
    def backward(dhs, cache):
        hs, W = cache
        dx, dW = np.zeros((len(hs), len(W))), np.zeros_like(W)
        later = np.zeros(len(W))
        for t in range(len(hs) - 1, -1, -1):
            dh = dhs[t] + later
            da = dh * (1 - hs[t])
            dW += np.outer(da, hs[t - 1] if t else 0 * da)
            dx[t] = da
            later = W.T @ da
        return dx, dW

    (wrong,) = check_backward(backward, recurrence).culprits
    assert (wrong.variable, wrong.repair) == ("da", "da = dh * (1 - hs[t] ** 2)")


def leaky(x: "n d", slope=0.1):
    y = x.copy()
    y[x < 0] *= slope
    return y / x.shape[0], x


SOURCE = """def backward(dout, cache):
    x = cache
    n = len(x)
    dx = dout.copy()
    {}
    {}
    return dx
"""


@pytest.mark.parametrize(
    ("masked", "last", "label", "repair"),
    [
        ("dx[dout < 0] *= 0.1", "dx /= n", "h' at the wrong argument", "dx[x < 0] *= 0.1"),
        ("dx[x > 0] *= 0.1", "dx /= n", "wrong h'", "dx[x < 0] *= 0.1"),
        ("dx[x < 0] *= 0.1", "dx *= n", "wrong exponent", "dx /= n"),
        ("dx[x < 0] *= 0.1", "dx /= dx.size", "extra 1/P", "dx /= n"),
    ],
)
def test_what_is_changed_in_place_is_mended_in_place(masked, last, label, repair, tmp_path):
    path = tmp_path / "written.py"
    path.write_text(SOURCE.format(masked, last))
    spec = importlib.util.spec_from_file_location("written", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (wrong,) = check_backward(module.backward, leaky).culprits
    assert (wrong.label, wrong.repair) == (label, repair)


def strongest(x: "n t", K: "t"):
    z = x * K
    out = np.zeros(z.shape[0])
    for i in range(z.shape[0]):
        out[i] = max(z[i].max(), 0.0)
    return out, (x, K, z)


def strongest_backward(dout, cache):
    x, K, z = cache
    dx, dK = np.zeros_like(x), np.zeros_like(K)
    for i in range(z.shape[0]):
        t = z[i].argmax()
        if z[i, t] < 0:
            dx[i, t] = dout[i] * K[t]
            dK[t] += dout[i] * x[i, t]
    return dx, dK


def ranked(score: "n", grade: "n"):
    loss, grad = 0.0, np.zeros_like(score)
    for i in range(len(score)):
        for j in range(len(score)):
            if grade[i] > grade[j]:
                loss += np.log1p(np.exp(score[j] - score[i]))
                p = 1 / (1 + np.exp(score[i] - score[j]))
                if i == j:
                    continue
                grad[i] -= p
                grad[j] -= p
    return loss, grad


def test_a_condition_that_is_turned_round_is_named_and_mended():
    (wrong,) = check_backward(strongest_backward, strongest).culprits
    assert (wrong.code, wrong.repair, wrong.label) == ("if z[i, t] < 0:", "if z[i, t] > 0:", "wrong h'")


def test_under_a_condition_the_line_that_is_wrong_is_blamed_not_the_condition():
    (wrong,) = check_backward(ranked).culprits
    assert (wrong.code, wrong.repair, wrong.label) == ("grad[j] -= p", "grad[j] += p", "sign")


def bending(w: "n"):
    return np.sum((w[2:] - 2 * w[1:-1] + w[:-2]) ** 2) + np.sum(np.cos(w))


def bending_gradient(w):
    second = w[2:] - 2 * w[1:-1] + w[:-2]
    dw = -np.sin(w)
    dw[1:-1] = dw[1:-1] - 4 * second
    dw[2:] += 2 * second
    dw[:-2] += 2 * second
    return dw


def ends(q: "n"):
    return np.sum(q[1:-1] ** 3) + np.sum(q[1:] * q[:-1])


def ends_gradient(q):
    dq = np.zeros_like(q)
    dq[1:-1] = 3 * q[1:-1] ** 2 + q[:-2] - q[2:]
    dq[0] = q[1]
    dq[-1] = q[-2]
    return dq


def test_of_an_array_that_is_written_in_pieces_the_wrong_piece_is_blamed():
    assert check_backward(bending_gradient, bending).status in ("proved", "agrees")
    (wrong,) = check_backward(ends_gradient, ends).culprits
    assert wrong.code == "dq[1:-1] = 3 * q[1:-1] ** 2 + q[:-2] - q[2:]"
    assert (wrong.label, wrong.repair) == ("sign", "dq[1:-1] = 3 * q[1:-1] ** 2 + q[:-2] + q[2:]")

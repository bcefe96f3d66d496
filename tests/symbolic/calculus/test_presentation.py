"""Presented forms: the textbook's, with the value of what was derived, independent of the order of building."""

import functools

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import numeric
import symbolic as s
from symbolic.calculus.closed_form import closed_form
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.presentation import present, presented, scope_of, simplified
from symbolic.calculus.realisation import realised
from symbolic.program.expressions import Access
from symbolic.program.facts import Fact
from tests.symbolic.programs import KINKED, SHAPED, SMOOTH, flat, random_program, seeded

X, w, t = s.tensor("X", "N d"), s.tensor("w", "d", role="parameter"), s.tensor("t", "N", role="target")
z, y, q = s.tensor("z", "n"), s.tensor("y", "n", assume="one_hot"), s.tensor("q", "n", role="target")
x, b = s.tensor("x", "m"), s.tensor("b", "n", role="parameter")
W = s.tensor("W", "n m", role="parameter")
A = s.tensor("A", "n n")
U, V, M = s.tensor("U", "n k"), s.tensor("V", "m k"), s.tensor("M", "n m")


def textbook():
    p = s.softmax(z).named("p")
    h = np.tanh(W @ x + b).named("h")
    sigma = s.sigmoid(X @ w).named("sigma")
    log_loss = -np.sum(t * np.log(sigma) + (1 - t) * np.log(1 - sigma))
    residual = X @ w - t
    factors = U @ V.T - M
    yield "softmax", s.jacobian(p, z), "p[i]*Equal(i, j) - p[i]*p[j]"
    yield "cross-entropy, one-hot", s.gradient(-np.sum(y * np.log(p)), z), "p[i] - y[i]"
    yield "cross-entropy", s.gradient(-np.sum(q * np.log(p)), z), "p[i]*sum[k](q[k]) - q[i]"
    yield "cross-entropy, Hessian", s.hessian(-np.sum(y * np.log(p)), z), "p[i]*Equal(i, j) - p[i]*p[j]"
    yield "tanh", s.jacobian(h, x), "(1 - h[i]**2)*W[i, j]"
    yield "tanh and squares", s.gradient(np.sum((h - q) ** 2), b), "2*(1 - h[i]**2)*(h[i] - q[i])"
    yield "logistic", s.gradient(log_loss, w), "sum[k]((sigma[k] - t[k])*X[k, i])"
    yield "logistic, Hessian", s.hessian(log_loss, w), "sum[k]((1 - sigma[k])*sigma[k]*X[k, i]*X[k, j])"
    yield "least squares", s.gradient(np.sum(residual**2), w), "2*sum[r]((sum[k](w[k]*X[r, k]) - t[r])*X[r, i])"
    yield "least squares, Hessian", s.hessian(np.sum(residual**2), w), "2*sum[k](X[k, i]*X[k, j])"
    yield "quadratic form", s.gradient(z @ A @ z, z), "sum[k]((A[i, k] + A[k, i])*z[k])"
    yield "factorisation", s.gradient(np.sum(factors**2), U), "2*sum[r]((sum[k](U[i, k]*V[r, k]) - M[i, r])*V[r, j])"
    yield "factorisation, Hessian", s.hessian(np.sum(factors**2), U), "2*Equal(i, l)*sum[k](V[k, j]*V[k, m])"
    yield (
        "ridge",
        s.gradient(np.sum(residual**2) + 3 * np.sum(w * w), w),
        ("2*(3*w[i] + sum[r]((sum[k](w[k]*X[r, k]) - t[r])*X[r, i]))"),
    )


def read(text: str, expr: sp.Expr) -> bool:
    """Whether an expression prints as the text, up to the order of terms and factors."""

    def canonical(s: str):
        return sorted(s.replace(" ", "").replace("+", ""))

    names = {f"_{a.tensor.serial}[": "softmax[" for a in expr.atoms(Access) if a.tensor.call}
    return canonical(functools.reduce(lambda told, name: told.replace(*name), names.items(), str(expr))) == canonical(
        text
    )


@pytest.mark.parametrize(("tensor", "text"), [pytest.param(g, r, id=n) for n, g, r in textbook()])
def test_the_form_that_a_person_writes(tensor, text):
    assert read(text, presented(tensor).expr), presented(tensor).expr


def test_layer_norm_has_three_terms():
    u, g = s.tensor("u", "n"), s.tensor("g", "n")
    c = (u - u.mean()).called("c", u, facts=[Fact((-1,), 1, sp.S.Zero)])
    r = (1 / np.sqrt((c * c).mean() + 1e-5)).named("r")
    hat = (c * r).named("hat")
    shown = present(closed_form(s.vjp(hat, u, g)), [hat, r, c]).expr
    assert read("(g[i] - sum[k](g[k])/n - hat[i]*sum[k](g[k]*hat[k])/n)*r", shown), shown


def test_softmax_is_found_without_a_name():
    loss = np.log(np.sum(np.exp(z))) - z @ y
    (found,) = {a.tensor for a in presented(s.gradient(loss, z)).expr.atoms(type(z.access(0))) if a.tensor.call}
    assert found.call == (r"\operatorname{softmax}", (z,))
    assert presented(s.gradient(loss, z)) == presented(s.gradient(np.logaddexp.reduce(z) - np.sum(y * z), z))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.integers(0, 10**6))
def test_the_value_stays(seed):
    rng = seeded(seed)
    program = random_program(rng, 4, SMOOTH + SHAPED + KINKED)
    derived = s.gradient(np.sum(program.output * program.output), rng.choice(program.leaves))
    expected = flat(program.evaluate(derived))
    got = flat(program.evaluate(simplified(derived)))
    assert [float(v) for v in got] == pytest.approx([float(v) for v in expected], rel=1e-9, abs=1e-9)


def test_rows_that_sum_to_zero_are_told_from_a_trace_that_is_zero():
    A, B, c = s.tensor("A", "k k"), s.tensor("B", "k k"), s.tensor("c", "k")
    change = A @ B - (A @ B).T
    for axis in (0, 1):
        total = np.sum(c * np.exp(np.sum(change, axis=axis)))
        assert s.check(simplified(total), total).holds
        slope = s.gradient(np.sum(c * np.sum(change, axis=axis) ** 2), A)
        assert s.check(simplified(slope), slope).holds


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.permutations(range(4)))
def test_the_order_of_building_does_not_show(order):
    terms = [np.sum((W @ x - q) ** 2), z @ W @ x, np.sum(b * (W @ x)), np.sum(np.tanh(W @ x))]
    total = terms[order[0]] + terms[order[1]] + terms[order[2]] + terms[order[3]]
    assert presented(s.gradient(total, W)) == presented(s.gradient(sum(terms[1:], terms[0]), W))


def test_presenting_keeps_the_normal_form():
    derived = s.gradient(np.sum((np.tanh(W @ x + b) - q) ** 2), W)
    form = present(closed_form(derived), scope_of(derived))
    assert normal_form(form) == normal_form(closed_form(derived))
    assert normal_form(closed_form(realised(form))) == normal_form(closed_form(derived))


def test_what_nobody_reads_stays_as_it_is():
    deep = z
    for _ in range(80):
        deep = np.tanh(deep) * z + 1
    assert simplified(deep) is deep
    assert s.structure(deep) == ()


@pytest.mark.parametrize("exponents", [np.arange(5), s.tensor("k", 5, dtype="int")], ids=["constant", "declared"])
def test_a_guard_protects_what_stands_in_an_exponent(exponents):
    """Σ_i (V_{i+1} − V_i) γ^{k_i}: the powers are as many as the differences, one fewer than the values."""
    values, gamma = s.tensor("V", 6), s.tensor("gamma", assume="positive")
    loss = np.sum((values[1:] - values[:-1]) * gamma**exponents)
    given = [values, gamma, *([exponents] if isinstance(exponents, s.Tensor) else [])]
    arrays = [np.zeros(6), 0.5, *([np.arange(5)] if len(given) > 2 else [])]
    powers = 0.5 ** np.arange(5)
    expected = np.append(0, powers) - np.append(powers, 0)
    for result in (s.derive(loss, wrt=[values]).gradient(values), simplified(s.gradient(loss, values))):
        np.testing.assert_allclose(numeric.lambdify(given, result)(*arrays), expected)

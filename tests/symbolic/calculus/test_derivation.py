"""A derivation's steps have the value of its answers, and tell them as a lecture does."""

import sys
from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symbolic as s
from symbolic import derive
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.normal_form import proof_form
from symbolic.calculus.realisation import realised
from symbolic.calculus.records import KINDS, Chain, Derivative
from symbolic.calculus.rules import RULES
from tests.symbolic.programs import KINKED, SHAPED, SIZES, SMOOTH, flat, random_program, random_values, seeded, size


def network():
    x, y = s.tensor("x", "n"), s.tensor("y", "m", role="target")
    W1, b1 = s.tensor("W1", "k n", role="parameter"), s.tensor("b1", "k", role="parameter")
    W2, b2 = s.tensor("W2", "m k", role="parameter"), s.tensor("b2", "m", role="parameter")
    return np.sum((W2 @ np.tanh(W1 @ x + b1) + b2 - y) ** 2), (W1, b1, W2, b2), (x, y)


def array(t, values) -> np.ndarray:
    return np.array(s.evaluate(t, values, dims=SIZES), dtype=float)


def test_modules_get_the_names_of_a_lecture():
    C, _, _ = network()
    assert [t.name for t in derive(C).program] == ["s_1", "z_1", "s_2", "C"]
    assert [t.name for t in derive(C).program] == ["s_1", "z_1", "s_2", "C"]


def test_names_of_the_user_are_kept():
    x, W = s.tensor("x", "n"), s.tensor("W", "m n", role="parameter")
    hidden = (W @ x).named("h")
    d = derive(np.sum(np.tanh(hidden) ** 2).named("E"))
    assert [t.name for t in d.program] == ["h", "z_1", "E"]
    assert d.program[0] is hidden
    d.program[1].named("mine")
    assert d.program[1].name == "mine"


def test_every_step_is_told():
    C, (W1, *_), _ = network()
    d = derive(C)
    assert [step.number for step in d.steps] == list(range(1, len(d.steps) + 1))
    for step in d.steps:
        assert step.kind in KINDS
        assert step.rule in RULES
        assert "{" not in step.sentence
        assert all(n < step.number for n in step.inputs)
        assert step.tensor is not None
    assert [str(step.left) for step in d.steps if step.kind == "local_jacobian"] == [
        "∂C/∂s_2", "∂s_2/∂W2", "∂s_2/∂b2", "∂s_2/∂z_1", "∂z_1/∂s_1", "∂s_1/∂W1", "∂s_1/∂b1"]  # fmt: skip
    (chain,) = (step for step in d.steps if step.kind == "chain" and step.left == Derivative(C, (d.program[1],)))
    assert str(chain.right) == "∂C/∂s_2 · ∂s_2/∂z_1"
    assert [str(e) for _, extents in chain.shapes for e in extents] == ["1", "k", "1", "m", "m", "k"]
    result = next(step for step in d.steps if step.kind == "result" and step.left == Derivative(C, (W1,)))
    assert result.tensor is d.gradient(W1)
    assert str(result.right.expr) == "x[j]*dC_ds_1[i]"
    assert str(next(x for x in d.steps if str(x.left) == "∂z_1/∂s_1").right.expr) == "(1 - z_1[i]**2)*Equal(i, j)"


def test_local_jacobians_multiply_to_the_results():
    C, parameters, data = network()
    d = derive(C)
    values = {t: random_values(seeded(n), t) for n, t in enumerate([*parameters, *data])}
    local = {(st.left.of, st.left.by[0]): st.tensor for st in d.steps if st.kind == "local_jacobian"}
    for step in d.steps:
        if step.kind != "chain":
            continue
        assert isinstance(step.right, Chain)
        total = 0
        for outer, inner in step.right.terms:
            row = array(d.results[outer.by[0]], values)
            jacobian = array(local[inner.of, inner.by[0]], values)
            total = total + np.tensordot(row, jacobian, axes=row.ndim)
        assert np.allclose(total, array(step.tensor, values))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.integers(0, 10**6))
def test_steps_and_answer_agree(seed):
    rng = seeded(seed)
    program = random_program(rng, 5, SMOOTH + SHAPED + KINKED)
    loss = np.sum(program.output * program.output)
    x = rng.choice(program.leaves)
    d = derive(loss, [x])
    expected = [float(v) for v in flat(program.evaluate(s.gradient(loss, x)))]
    assert [float(v) for v in flat(program.evaluate(d.gradient(x)))] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for step in d.steps:
        if isinstance(step.right, Closed) and prod(size(e) for e in step.right.extents) < 50:
            told = [float(v) for v in flat(program.evaluate(realised(step.right)))]
            computed = [float(v) for v in flat(program.evaluate(step.tensor))]
            assert told == pytest.approx(computed, rel=1e-9, abs=1e-9)


def test_softmax_and_cross_entropy_meet():
    z, y = s.tensor("z", "n"), s.tensor("y", "n", role="target", assume="one_hot")
    d = derive(-np.sum(y * np.log(s.softmax(z))), z)
    assert d.program[0].name == "p"
    assert proof_form(d.gradient(z)) == proof_form(s.softmax(z) - y)
    assert {a.tensor.name for a in d.forms[z].expr.atoms(type(z.access(0)))} == {"p", "y"}


def test_what_does_not_matter_is_said():
    x, w, v = s.tensor("x", "n"), s.tensor("w", "n", role="parameter"), s.tensor("v", "m", role="parameter")
    d = derive(np.sum(w * x), [w, v])
    assert d.independent == (v,)
    assert d.steps[-1].rule == "independent"
    assert str(proof_form(d.gradient(v)).expr) == "0"


def test_without_parameters_the_inputs_are_meant():
    x, y = s.tensor("x", "n"), s.tensor("y", "n", role="target")
    assert derive(np.sum(x * y)).wrt == (x,)
    with pytest.raises(s.DeclarationError, match="no parameter and no real input"):
        derive(np.sum(s.arange(3)))
    with pytest.raises(s.ShapeError, match="gradient: expected a scalar"):
        derive(x * y).gradient(x)


def test_a_jacobian_has_the_output_first():
    x, W = s.tensor("x", "n"), s.tensor("W", "m n", role="parameter")
    d = derive(np.tanh(W @ x))
    assert [str(e) for e in d.jacobian(W).shape] == ["m", "m", "n"]


def test_conditions_are_those_of_what_is_used():
    x, w = s.tensor("x", "n"), s.tensor("w", "n", role="parameter")
    d = derive(np.sum(s.relu(w * x)) + np.log(np.sum(w)) + np.max(w) + np.log(np.sum(x)))
    told = sorted(map(str, d.conditions))
    assert len(told) == 3
    assert any("relu′(0) = 0" in c for c in told)
    assert any("> 0" in c for c in told)
    assert any("tie" in c for c in told)


def test_second_derivatives_and_directions():
    C, (W1, b1, *_), _ = network()
    d = derive(C)
    assert [str(e) for e in d.hessian(b1).shape] == ["k", "k"]
    assert [str(e) for e in d.hessian(W1, b1).shape] == ["k", "n", "k"]
    dot = s.tensor("dot", "k")
    assert proof_form(d.jvp({b1: dot})) == proof_form(np.sum(d.gradient(b1) * dot))
    bar = s.tensor("bar", "")
    assert proof_form(d.vjp(b1, bar)) == proof_form(bar * d.gradient(b1))


def deep(layers: int):
    z = s.tensor("x", "n")
    weights = [s.tensor(f"W{k}", "n n", role="parameter") for k in range(layers)]
    for W in weights:
        z = np.tanh(W @ z)
    return np.sum(z), weights


def test_a_thousand_equations_need_no_recursion():
    limit = sys.getrecursionlimit()
    loss, weights = deep(500)
    d = derive(loss)
    assert d.gradient(weights[0]).name == "dC_dW0"
    assert len(d.program) == 1001 > limit
    assert sys.getrecursionlimit() == limit


def test_long_unnamed_chains_are_cut_into_modules():
    x, w = s.tensor("x", "n"), s.tensor("w", "n", role="parameter")
    z = x
    for _ in range(100):
        z = z * 2
    for _ in range(40):
        z = z + np.sin(z * w) * x
    d = derive(np.sum(z))
    assert len(d.program) > 40
    assert d.steps[-1].left == Derivative(d.output, (w,))
    values = {t: random_values(seeded(n), t) for n, t in enumerate([x, w])}
    assert np.allclose(array(d.gradient(w), values), array(s.gradient(np.sum(z), w), values))


def test_a_step_states_itself():
    x, w = s.tensor("x", "n"), s.tensor("w", "n", role="parameter")
    steps = s.derive(((w @ x) ** 2).named("C")).steps
    assert steps[0].statement == r"s_{1} = w^{\top} x"
    assert steps[-1].statement == r"\frac{\partial C}{\partial w} = \frac{\partial C}{\partial s_{1}} x"
    assert steps[-1]._repr_latex_() == rf"$\displaystyle {steps[-1].statement}$"

"""The steps of a derivation in three notations, and what stands beside them."""

import numpy as np
import pytest
import sympy as sp

import symbolic as s
from symbolic import tensor
from symbolic.calculus.closed_form import Condition
from symbolic.language.gallery import GALLERY
from symbolic.notation import condition, shape_line, statement
from tests.symbolic.notation.test_markup import is_well_formed

STYLES = ("matrix", "index", "perturbation")


@pytest.fixture(scope="module")
def derivation():
    x, t = tensor("x", "n"), tensor("t", "k", role="target")
    W, b, V = (tensor(*p, role="parameter") for p in (("W", "m n"), ("b", "m"), ("V", "k m")))
    return s.derive(np.sum((V @ np.tanh(W @ x + b) - t) ** 2))


def stated(derivation, left, kind):
    """The statements, in the three styles, of the step of this kind about ``left``."""
    step = next(st for st in derivation.steps if st.kind == kind and str(st.left) == left)
    return [statement(step, style) for style in STYLES]


def test_definition(derivation):
    step = derivation.steps[0]
    assert [statement(step, style) for style in STYLES] == [
        r"s_{1} = W x + b",
        r"(s_{1})_{i} = \sum_{j = 0}^{n - 1} W_{i j} x_{j} + b_{i}",
        r"\mathrm{d}s_{1} = W\, \mathrm{d}x + \mathrm{d}W\, x + \mathrm{d}b",
    ]


def test_local_jacobian(derivation):
    assert stated(derivation, "∂z_1/∂s_1", "local_jacobian") == [
        r"\frac{\partial z_{1}}{\partial s_{1}} = \operatorname{diag}(\mathbf{1} - z_{1} \odot z_{1})",
        r"\frac{\partial (z_{1})_{i}}{\partial (s_{1})_{j}} = (1 - (z_{1})_{i}^{2}) \delta_{i j}",
        r"\mathrm{d}z_{1} = (\mathbf{1} - z_{1} \odot z_{1}) \odot \mathrm{d}s_{1}",
    ]


def test_chain_rule(derivation):
    assert stated(derivation, "∂C/∂z_1", "chain") == [
        r"\frac{\partial C}{\partial z_{1}} = \frac{\partial C}{\partial s_{2}} \cdot \frac{\partial s_{2}}{\partial z_{1}}",
        r"\frac{\partial C}{\partial (z_{1})_{i}} = "
        r"\sum_{j = 0}^{k - 1} \frac{\partial C}{\partial (s_{2})_{j}} \frac{\partial (s_{2})_{j}}{\partial (z_{1})_{i}}",
        r"\mathrm{d}C = \frac{\partial C}{\partial s_{2}}\, \mathrm{d}s_{2} = "
        r"\frac{\partial C}{\partial s_{2}} \cdot \frac{\partial s_{2}}{\partial z_{1}}\, \mathrm{d}z_{1}",
    ]


def test_no_index_has_the_letter_of_a_dimension(derivation):
    _, by_entries, _ = stated(derivation, "∂C/∂V", "chain")
    assert r"\sum_{l = 0}^{k - 1}" in by_entries


def test_result(derivation):
    assert stated(derivation, "∂C/∂W", "result") == [
        r"\frac{\partial C}{\partial W} = \frac{\partial C}{\partial s_{1}} x^{\top}",
        r"\frac{\partial C}{\partial W_{i j}} = \frac{\partial C}{\partial (s_{1})_{i}} x_{j}",
        r"\mathrm{d}C = \left(\frac{\partial C}{\partial s_{1}}\right)^{\top}\, \mathrm{d}W\, x",
    ]


def test_row_convention(derivation):
    step = next(st for st in derivation.steps if st.kind == "result" and str(st.left) == "∂C/∂z_1")
    assert statement(step, row=True) == r"\frac{\partial C}{\partial z_{1}} = \frac{\partial C}{\partial s_{2}} V"
    pointwise = next(st for st in derivation.steps if st.kind == "result" and str(st.left) == "∂C/∂s_1")
    assert statement(pointwise, row=True) == (
        r"\frac{\partial C}{\partial s_{1}} = \frac{\partial C}{\partial z_{1}} \odot (\mathbf{1} - z_{1} \odot z_{1})^{\top}"
    )
    (_, result), *factors = next(
        st.shapes for st in derivation.steps if st.kind == "chain" and str(st.left) == "∂C/∂z_1"
    )
    assert shape_line(result, [shape for _, shape in factors]) == r"[1 \times m] = [1 \times k] \cdot [k \times m]"


def test_every_step_is_well_formed(derivation):
    for step in derivation.steps:
        for style in STYLES:
            is_well_formed(statement(step, style))
            is_well_formed(statement(step, style, shapes=True, row=True, first=1, width=50))


def test_conditions():
    x = tensor("x_hat", "n")
    entry = x.access(*x.fresh_indices())
    assert condition(Condition("> 0", entry)) == r"\hat{x}_{i} > 0"
    assert condition(Condition("≠ 0", 1 + entry)) == r"\hat{x}_{i} + 1 \ne 0"
    assert condition(Condition("in (-1, 1)", sp.tanh(entry))) == r"\tanh(\hat{x}_{i}) \in (-1, 1)"
    assert condition(Condition("A_1 100% invertible")) == r"\text{A\_1 100\% invertible}"
    assert condition(Condition("relu′(0) = 0")) == r"\text{relu$'$(0) = 0}"


LONG = {
    "gpt",
    "gpt-sort",
    "gpt-block",
    "gru-net",
    "elman-net",
    "gaussian-process",
}  # seconds each, and nothing new in their steps


@pytest.mark.parametrize("name", [name for name in GALLERY if name not in LONG])
def test_every_model_of_the_gallery_states_its_steps(name):
    for step in s.derive(GALLERY[name].build()).steps:
        if step.level <= 1:
            for style in STYLES:
                is_well_formed(statement(step, style))

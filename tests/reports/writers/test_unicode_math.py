"""Formulas as characters: read at a glance in a terminal and read aloud for a page."""

from pathlib import Path

import pytest

from reports.writers.unicode_math import unicode_math

FORMULAS = (Path(__file__).parent / "formulas.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\frac{\partial C}{\partial W_{ij}} = \delta_i x_j", "∂C/∂Wᵢⱼ = δᵢ xⱼ"),
        (r"\frac{a+b}{c}", "(a + b)/c"),
        (r"\tfrac12 \lVert \hat y - y \rVert^2", "1/2 ‖ŷ − y ‖²"),
        (r"(W^\top \delta) \odot h'(s)", "(Wᵀδ) ⊙ h′(s)"),
        (r"\operatorname{softmax}(z)", "softmax(z)"),
        (r"\mathbb{R}^{m\times n}", "ℝ^(m × n)"),
        (r"x_{\text{train}}", "x_train"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}^\top", "[1, 2; 3, 4]ᵀ"),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "a = b\n= c"),
        (r"\underbrace{x}_{n\times 1}", "x[n × 1]"),
        (r"\sqrt[3]{a b}", "³√(a b)"),
        (r"\class{t1}{x} + \textcolor{red}{y}", "x + y"),
        (r"\text{if $x_1$ > 0}", "if x₁ > 0"),
        ("a < b", "a < b"),
        (r"\newcommand{\R}{\mathbb{R}} \R^n", "ℝⁿ"),
    ],
)
def test_shown(latex, shown):
    assert unicode_math(latex) == shown


@pytest.mark.parametrize("latex", FORMULAS)
def test_no_command_is_left(latex):
    assert "\\" not in unicode_math(latex)


def test_what_cannot_be_read_is_shown_as_it_is():
    assert unicode_math(r"\frac{a") == r"\frac{a"

"""Broken formulas say the same, in lines that fit."""

from pathlib import Path

import pytest

from reports.writers.breaking import broken, measure
from reports.writers.mathml import convert
from reports.writers.tex import split, tokens

FORMULAS = (Path(__file__).parent / "formulas.txt").read_text(encoding="utf-8").splitlines()
LONG = [
    r"\frac{\partial C}{\partial W_{ij}} = \sum_k \delta_k \frac{\partial s_k}{\partial W_{ij}} = \delta_i x_j + \lambda W_{ij}",
    r"a_1 + a_2 - a_3 + (b_1 + b_2) \cdot \left( c_1 - c_2 \right) + e^{-x} - \tfrac12 d",
    r"\operatorname{loss}(x_1, x_2, x_3, x_4, x_5, x_6, x_7) = -\sum_i y_i \log p_i + \lambda \lVert w \rVert^2",
    r"y \le a + b \le c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t",
]


def lines(latex):
    found = tokens(latex)
    assert found[:1] == [r"\begin"], "it was not broken"
    return split(found[found.index("}") + 1 : len(found) - 1 - found[::-1].index(r"\end")], r"\\")


def said(latex):
    """The tokens that are mathematics and not layout."""
    words = latex.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", "")
    return [token for token in tokens(words) if token not in (" ", "&", r"\\", r"\quad")]


@pytest.mark.parametrize("latex", LONG)
@pytest.mark.parametrize("width", [9, 14, 20])
def test_long_formulas_are_broken_and_say_the_same(latex, width):
    made = broken(latex, width)
    assert said(made) == said(latex)
    convert(made, True)
    assert len(lines(made)) > 1


@pytest.mark.parametrize("latex", FORMULAS)
def test_whatever_is_broken_stays_readable(latex):
    made = broken(latex, 5)
    if made != latex:
        assert said(made) == said(latex)
    convert(made, True)


def test_lines_fit():
    for width in (20, 30, 40):
        for line in lines(broken(LONG[3], width)):
            assert measure(line) <= width + 2.5  # the indent of a line that goes on


def test_a_formula_that_fits_is_left_alone():
    assert broken(LONG[0], 80) == LONG[0]
    assert broken(r"\begin{aligned} a &= b \\ &= c \end{aligned}", 3).startswith(r"\begin{aligned} a &= b")


def test_signs_of_one_term_and_what_brackets_hold_stay_together():
    made = broken(r"f(a + b) = -x + (c - d) + \left( e + g \right) \cdot -h", 9)
    for line in lines(made):
        text = "".join(line)
        assert text.count("(") == text.count(")")
        assert not text.strip().endswith(("-", "+", "="))


def test_width_grows_with_what_is_seen():
    assert measure(tokens(r"\frac{a+b+c}{d}")) < measure(tokens("a+b+c+d"))
    assert measure(tokens("x_{ij}")) < measure(tokens("xij"))
    assert measure(tokens(r"\class{t1}{x}")) == measure(tokens("x"))
    assert measure(tokens(r"\underbrace{x}_{\text{a very long label}}")) > 5


def test_formulas_that_stand_apart_are_broken_between_them():
    line = r"S = XW + b, \qquad A = h(S), \qquad O = AV"
    assert broken(line, 60) == line
    assert broken(line, 28) == r"\begin{gathered} S = XW + b, \qquad A = h(S), \\ O = AV \end{gathered}"

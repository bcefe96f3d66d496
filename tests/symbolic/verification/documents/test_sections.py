"""Sections that are read by themselves, and those that rest on what a section before them defines."""

import pytest

from symbolic.verification.documents import check_document


def statuses(text: str) -> list[str]:
    return [c.status for c in check_document(text).claims]


def test_a_function_of_an_earlier_section_keeps_its_meaning():
    text = r"""
# Exercise 1
$u\in\mathbb{R}^k$, $\sigma(t) = \max(0, t)$, $f = \sum_i \sigma(u_i)$.

$$\nabla_u f = u$$

# Exercise 2
$x\in\mathbb{R}^n$ and $a = \sigma(x)$.

$$\frac{\partial a_i}{\partial x_i} = a_i(1 - a_i)$$
"""
    assert statuses(text) == ["refuted", "refuted"]


def test_a_cost_of_an_earlier_section_is_the_one_that_is_differentiated():
    text = r"""
# Exercise 1
$A\in\mathbb{R}^{m\times n}$, $x\in\mathbb{R}^n$, $b\in\mathbb{R}^m$ and $L = \frac12\|Ax-b\|^2$.

$$\nabla_x L = A^\top(Ax-b)$$

# Exercise 2
With $r = Ax-b$ show that

$$\nabla_x L = A^\top r$$

$$\nabla_x L = 2A^\top r$$
"""
    assert statuses(text) == ["proved", "proved", "refuted"]


@pytest.mark.parametrize(("factor", "expected"), [("", "proved"), ("2", "refuted")])
def test_an_index_runs_to_the_end_that_its_own_section_tells(factor: str, expected: str):
    text = r"""
# One
$x_i, w\in\mathbb{R}^n$, $y\in\mathbb{R}^m$ and $L = \frac12\sum_{i=1}^m (x_i^\top w - y_i)^2$.

$$\nabla_w L = \sum_{i=1}^m (x_i^\top w - y_i)x_i$$

# Two
$a_i, v\in\mathbb{R}^p$ for $i = 1,\dots,q$ and $g = \frac12\sum_{i=1}^q (a_i^\top v)^2$.

$$\nabla_v g = %s\sum_i a_i a_i^\top v$$
"""
    assert statuses(text % factor) == ["proved", expected]

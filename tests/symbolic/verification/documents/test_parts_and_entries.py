"""Derivatives by parts that are named late, by matrices written out by entries, and numbers worked out from general formulas."""

from __future__ import annotations

import pytest

from symbolic.verification.document_verdict import RIGHT
from symbolic.verification.documents import check_document

GIVEN = r"Let $A \in \mathbb{R}^{m\times n}$, $x \in \mathbb{R}^n$, $y, p \in \mathbb{R}^m$. "


def right(text: str) -> list[bool]:
    return [c.status in RIGHT for c in check_document(text).claims]


@pytest.mark.parametrize(
    ("cost", "part", "claims"),
    [
        (r"\frac12 (Ax - y)^\top \operatorname{diag}(p) (Ax - y)", "r = Ax - y", [(r"p \odot r", True), (r"\frac12 p \odot r", False)]),
        (r"(Ax - y)^\top (Ax - y)", "r = Ax - y", [("2r", True), ("r", False)]),
        (r"\frac12\|\tanh(Ax) - y\|^2 + x^\top x", r"r = \tanh(Ax)", [("r - y", True), ("2(r - y)", False)]),
        (r"p^\top \tanh(Ax)", r"r = \tanh(Ax)", [("p", True), ("y", False)]),
    ],
)  # fmt: skip
def test_the_derivative_by_a_part_that_is_named_later(cost, part, claims):
    text = rf"{GIVEN}Put $C = {cost}$. With ${part}$:" + "".join(f"\n\n$$\\nabla_r C = {c}$$" for c, _ in claims)
    assert right(text) == [holds for _, holds in claims]


def test_an_activation_of_a_part_that_is_named_later():
    text = (
        GIVEN + r"$B \in \mathbb{R}^{n\times m}$, $t \in \mathbb{R}^n$. The block is $z = x + B \tanh(Ax)$, the cost "
        r"$C = \frac12\|z - t\|^2$. Names: $u = Ax$, $h = \tanh(u)$. Then $\frac{\partial C}{\partial h} = B^\top (z - t)$ "
        r"and $\frac{\partial C}{\partial h} = B (z - t)$."
    )
    first, second = check_document(text).claims
    assert first.status in RIGHT
    assert second.status == "shape"


def test_the_derivative_by_a_matrix_that_is_written_out():
    text = r"""Let $A = \begin{bmatrix} a & b \\ c & d \end{bmatrix}$ with real numbers $a, b, c, d$. Put $D = ad - bc$. Then

$$\frac{\partial D}{\partial A} = \begin{bmatrix} d & -c \\ -b & a \end{bmatrix}$$
$$\frac{\partial D}{\partial A} = \begin{bmatrix} d & -b \\ -c & a \end{bmatrix}$$
"""
    assert right(text) == [True, False]


def test_numbers_are_held_to_the_formula_for_every_i():
    text = r"""Given $x_1 = 1$, $y_1 = 2$, $x_2 = 2$, $y_2 = 2.5$ and $a = 0.5$, $b = 0.2$. The residuals are $r_i = a x_i + b - y_i$:

$$r_1 = 0.5 \cdot 1 + 0.2 - 2 = -1.3$$
$$r_2 = 0.5 \cdot 2 + 0.2 - 2.5 = -1.2$$

With $E = \frac12 (r_1^2 + r_2^2)$ we have

$$\frac{\partial E}{\partial a} = r_1 x_1 + r_2 x_2 = -3.9$$
$$\frac{\partial E}{\partial b} = \frac12 (r_1 + r_2) = \frac12 (-1.3 - 1.3) = -1.3$$
"""
    claims = check_document(text).claims
    assert [c.status in RIGHT for c in claims] == [True, True, True, False, True, True, False, False, False]
    assert [c.follows for c in claims[-2:]] == [True, True]


def test_the_letter_of_a_function_of_numbers_is_a_number():
    text = r"""Let $w, x \in \mathbb{R}^n$ and $\sigma(t) = \frac{1}{1+e^{-t}}$. We use $1 - \sigma(t) = \sigma(-t)$, not $\sigma(-t) = -\sigma(t)$."""
    assert right(text) == [True, False]


@pytest.mark.parametrize(
    "entries", [r"p_1 (1 - p_1), \dots, p_m (1 - p_m)", r"p_1 - p_1^2, p_2 - p_2^2, \ldots, p_m - p_m^2"]
)
def test_a_diagonal_matrix_by_its_entries(entries):
    text = (
        GIVEN
        + rf"Let $S = \operatorname{{diag}}({entries})$. Then $S y = p \odot (1 - p) \odot y$ and $S y = p \odot y$."
    )
    verdict = check_document(text)
    assert [c.status in RIGHT for c in verdict.claims] == [True, False]
    assert [t.kind for t in verdict.taken] == ["definition"]


def test_a_number_of_more_digits_than_its_factors_show_follows_and_is_repaired_as_a_decimal():
    text = r"""Given $w = 0.4$, $v = 3.7$, $x = 0.5$. Let $h = \tanh(wx)$ and $o = \tanh(vh)$.

$$h = 0.1974$$
$$v h = 3.7 \cdot 0.1974 = 0.7303$$
$$o = \tanh(0.7303) = 0.5233$$
"""
    claims = check_document(text).claims
    assert [c.status in RIGHT for c in claims] == [True, True, True, True, False]
    assert [claims[2].follows, claims[4].follows] == [True, False]
    assert claims[-1].repair == "0.6232"

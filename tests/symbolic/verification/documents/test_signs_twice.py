"""Signs with two uses on one sheet, and numbers written without decimals."""

import pytest

from symbolic.verification.documents import check_document

NORM = r"""
For $x,g\in\mathbb{R}^n$ let $r=\sqrt{\sum_{i=1}^nx_i^2}$ and $y=\frac{g\odot x}{r}$. Let $\delta=\frac{\partial L}{\partial y}$.

$$\frac{\partial y_i}{\partial x_j}=\frac{g_i}{r}\left(\delta_{ij}-\frac{x_ix_j}{%s}\right)$$
$$\frac{\partial L}{\partial g}=\frac{\delta\odot x}{r}$$
"""


@pytest.mark.parametrize(("below", "expected"), [("r^2", ["proved", "proved"]), ("r", ["refuted", "proved"])])
def test_delta_with_two_indices_is_kroneckers_beside_a_vector_delta(below, expected):
    assert [c.status for c in check_document(NORM % below).claims] == expected


@pytest.mark.parametrize(("number", "right"), [("20", True), ("-20", False), ("10", False), ("0", False)])
def test_a_whole_number_is_held_to_all_its_digits(number, right):
    (claim,) = check_document(rf"$a=4$, $b=5$ and $c=ab$. Then $c={number}$.").claims
    assert claim.status == ("agrees" if right else "refuted")
    assert claim.repair in ("", "20")


def test_a_wrong_table_of_whole_numbers_is_refuted():
    sheet = r"""
$x=(1,2)^\top$, $g=(0,1)^\top$ and $f=g^\top Wx$ with $W\in\mathbb{R}^{2\times 2}$.

$$\frac{\partial f}{\partial W}=\begin{pmatrix}0&0\\1&%s\end{pmatrix}$$
"""
    assert [c.status for c in check_document(sheet % 2).claims] == ["agrees"]
    (wrong,) = check_document(sheet % 1).claims
    assert (wrong.status, wrong.diagnosis) == ("refuted", "")

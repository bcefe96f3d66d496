"""The mistakes that are named on the sheets of homework: which label a wrong line gets."""

from __future__ import annotations

from symbolic.verification.documents import check_document


def test_a_spelt_out_sigmoid_taken_at_the_wrong_argument():
    text = r"""Let $x\in\mathbb{R}^n$, $U\in\mathbb{R}^{m\times n}$, $v\in\mathbb{R}^m$, $t \in\mathbb{R}$ and $\sigma(u) = \frac{1}{1+e^{-u}}$.

$$a = U x, \qquad h = \sigma(a), \qquad F = \frac{1}{2}(v^\top h - t)^2$$

With $e = v^\top h - t$: $\frac{\partial F}{\partial a} = e\, v \odot a \odot (1 - a)$."""
    assert str(check_document(text).claims[-1].diagnosis).startswith("h' at the wrong argument")


def test_a_penalty_that_is_lost_with_its_weight():
    text = r"""Let $A \in \mathbb{R}^{m\times n}$, $b \in \mathbb{R}^m$, $x \in \mathbb{R}^n$, $\alpha > 0$, $f = \|Ax - b\|_2^2 + \alpha \|x\|_2^2$.

$$\nabla_x^2 f = 2 A^\top A$$
$$\nabla_x f = 2 A^\top (Ax - b)$$
"""
    assert {str(c.diagnosis).split(":")[0] for c in check_document(text).claims} == {"forgotten regulariser"}

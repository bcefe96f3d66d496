"""Nets whose layers, steps and gradients are named as in lectures: W^{[l]}, h_t for t = 1, 2, 3, and dW for ∂J/∂W."""

import pytest

from symbolic.verification.documents import check_document
from tests.symbolic.verification.documents.marks import STATUS, marks

LAYERS = [
    r"for $l = 1, 2$: $W^{[l]} \in \mathbb{R}^{n_l \times n_{l-1}}$, $b^{[l]} \in \mathbb{R}^{n_l}$",
    r"$W^{[l]} \in \mathbb{R}^{n_l \times n_{l-1}}$ and $b^{[l]} \in \mathbb{R}^{n_l}$, $l \in \{1, 2\}$",
    r"$W^{[l]} \in \mathbb{R}^{n_l \times n_{l-1}}$ and $b^{[l]} \in \mathbb{R}^{n_l}$",
]
TWO_LAYERS = r"""Let $a^{[0]} \in \mathbb{R}^{n_0}$, $y \in \mathbb{R}^{n_2}$, HEAD.

$$z^{[1]} = W^{[1]} a^{[0]} + b^{[1]}, \quad a^{[1]} = \tanh(z^{[1]}), \quad z^{[2]} = W^{[2]}a^{[1]} + b^{[2]}, \quad L = \tfrac12\|z^{[2]} - y\|^2$$

$$\frac{\partial L}{\partial z^{[2]}} = z^{[2]} - y$$
$$\frac{\partial L}{\partial W^{[2]}} = (z^{[2]} - y)\, a^{[1]\top}$$
$$\frac{\partial L}{\partial a^{[1]}} = W^{[2]\top}(z^{[2]} - y)$$
$$\frac{\partial L}{\partial b^{[1]}} = W^{[2]\top}(z^{[2]} - y)$$
"""
ROWS = r"""Let $X\in\mathbb{R}^{m\times n}$, $W\in\mathbb{R}^{n\times k}$, $b\in\mathbb{R}^k$, $Y\in\mathbb{R}^{m\times k}$,
$Z = XW + \mathbf 1b^\top$, $A = \sigma(Z)$ and $J = \frac{1}{2m}\|A-Y\|_F^2$."""
BACKWARD = r"""

$$dA = \frac1m(A-Y)$$
$$dZ = dA\odot A\odot(1-A)$$
$$dW = X^\top dZ$$
$$db = dZ^\top\mathbf 1$$
$$dX = W\,dZ$$
"""


@pytest.mark.parametrize("head", LAYERS)
@pytest.mark.parametrize("written", ["brackets", "parentheses", "below"])
def test_layers_declared_by_a_letter_are_known_by_number(head, written):
    text = TWO_LAYERS.replace("HEAD", head)
    if written == "parentheses":
        text = text.replace("^{[", "^{(").replace("]}", ")}").replace("]\\top", ")\\top")
    elif written == "below":
        text = text.replace("a^{[1]\\top}", "a_1^\\top").replace("W^{[2]\\top}", "W_2^\\top")
        text = text.replace("^{[", "_{").replace("]}", "}")
    assert marks(text) == "TTTF"


def test_a_generic_derivation_and_its_last_layer():
    text = r"""For $l = 1, \dots, L$ let $W^{[l]} \in \mathbb{R}^{n_l\times n_{l-1}}$, $b^{[l]}\in\mathbb{R}^{n_l}$ and
$$z^{[l]} = W^{[l]}a^{[l-1]} + b^{[l]},\qquad a^{[l]} = \tanh(z^{[l]}),$$
with $a^{[0]} = x \in \mathbb{R}^{n_0}$ and cost $C = \frac12\|a^{[L]} - y\|^2$. Let $\delta^{[l]} = \frac{\partial C}{\partial z^{[l]}}$.
$$\delta^{[L]} = (a^{[L]} - y)\odot(1 - a^{[L]}\odot a^{[L]})$$
$$\delta^{[l]} = \left(W^{[l+1]\top}\delta^{[l+1]}\right)\odot(1-a^{[l]}\odot a^{[l]})$$
$$\frac{\partial C}{\partial W^{[l]}} = \delta^{[l]} a^{[l-1]\top}$$
$$\frac{\partial C}{\partial a^{[l]}} = W^{[l]\top}\delta^{[l]}$$
"""
    assert marks(text) == "TTTF"


def test_steps_of_a_recurrence_by_number():
    text = r"""For $t=1,2,3$: $x_t\in\mathbb{R}^n$, $h_t \in\mathbb{R}^m$, with $h_0\in\mathbb{R}^m$, $W\in\mathbb{R}^{m\times n}$,
$U\in\mathbb{R}^{m\times m}$ and $$h_t = \tanh(Wx_t + Uh_{t-1}), \qquad L = c^\top h_3, \quad c\in\mathbb{R}^m.$$
$$\frac{\partial L}{\partial h_2} = U^\top\left(c\odot(1-h_3^2)\right)$$
$$\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1-h_t^2)\,U$$
$$\frac{\partial L}{\partial h_2} = U^\top c$$
"""
    assert marks(text) == "TTF"


def test_one_row_may_be_written_with_both_indices():
    text = r"""$A, Y \in \mathbb{R}^{1 \times m}$, $J = \frac12\sum_{i=1}^m (A_{1i} - Y_{1i})^2$.
$$\frac{\partial J}{\partial A_{1i}} = A_{1i} - Y_{1i}$$
$$\frac{\partial J}{\partial A_{1i}} = Y_{1i} - A_{1i}$$
"""
    assert marks(text) == "TF"


@pytest.mark.parametrize(
    "told",
    [
        "We write $dV$ for $\\partial J/\\partial V$.",
        "As in code, $dW = \\frac{\\partial J}{\\partial W}$ and so on.",
        "Here $dA$ denotes the gradient of the loss with respect to $A$.",
        "Backward pass:",
    ],
)
def test_d_of_a_free_symbol_is_the_gradient_by_it(told):
    found = check_document(f"{ROWS} {told}{BACKWARD}")
    assert "".join(STATUS[claim.status] for claim in found.claims) == "TTTTF"
    assert any("d before a symbol is read as the derivative of J" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROWS + "\n\nTaking differentials with $dW$ only:\n\n$$dZ = X\\,dW$$\n$$dA = A\\odot(1-A)\\odot dZ$$\n$$dA = A \\odot dZ$$", "TTF"),
        (r"Let $x\in\mathbb{R}^n$, $A \in \mathbb{R}^{n\times n}$, $s = Ax$, $f = s^\top s$. $$ds = A\,dx$$ $$df = 2s^\top ds$$", "TT"),
    ],
)  # fmt: skip
def test_a_differential_stays_one(text, expected):
    assert marks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Let $u, v\in\mathbb{R}$ and $g = u^2 e^{v}$. Then $g_u = 2ue^v$, $g_v = ue^v$ and $g_{uv} = 2ue^v$.", "TFT"),
        (r"Let $x, b \in \mathbb{R}$, $E = (x - b)^2$ and let $E_b = E + 1$ be the biased error. $$\frac{\partial E_b}{\partial x} = 2(x-b)$$", "T"),
        (
            r"Let $A, P\in\mathbb{R}^{n\times n}$, $P$ symmetric, $x\in\mathbb{R}^n$, $\dot x = Ax$ and $V = x^\top Px$. "
            r"$$\dot V = x^\top A P x$$ $$\dot V = 2x^\top P \dot x = x^\top(A^\top P + PA)x$$",
            "FTT",
        ),
        (
            r"Let $R\in\mathbb{R}^{m\times n}$, $U\in\mathbb{R}^{m\times k}$, $V\in\mathbb{R}^{n\times k}$, where $u_i$, $v_j$ are the "
            r"rows of $U$ and $V$, and $F = \|R - UV^\top\|_F^2$. "
            r"$$\frac{\partial F}{\partial u_{ia}} = -2\sum_{j}(R_{ij} - u_i^\top v_j)v_{ja}$$",
            "T",
        ),
    ],
    ids=["partial derivatives by subscripts", "a name with a subscript", "rates", "rows of two matrices"],
)  # fmt: skip
def test_a_derivative_written_like_a_name_is_a_claim(text, expected):
    assert marks(text) == expected

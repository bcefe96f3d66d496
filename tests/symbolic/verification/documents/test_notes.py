"""What lecture notes leave unsaid or write loosely: each rule of reading with a right and a wrong line of its own."""

import pytest

from symbolic.verification.documents import check_document
from tests.symbolic.verification.documents.marks import marks

FENCED = r"""
Let $P \in \mathbb{R}^{k\times k}$ be invertible and $`u \in \mathbb{R}^k`$.

```math
\begin{align}
\nabla_P \log |P| &= P^{-T} \\
\nabla_u\, u^T P u &= 2 P u
\end{align}
```

and $`\nabla_u u^T u = 2u`$, but not

~~~python
u = 3 * u
~~~
"""

BOXED = r"""
For $r \in \mathbb{R}^p$ let $E = \sum_j r_j^3$.

$$\boxed{\frac{\partial E}{\partial r_j} = 3 r_j^2}$$
\[ \fbox{\frac{\partial E}{\partial r_j} = r_j^2} \]
"""

ACCENTS = r"""
Let $q, t \in \mathbb{R}^p$, $\hat{q_j} = 5 q_j$, $\ell_{\text{exp}} = \sum_j e^{-\hat{q}_j t_j}$ and $\ell_\text{log} = \sum_j \log(1 + \hat{q_j}^2)$.

$$\frac{\partial \ell_{\text{exp}}}{\partial q_j} = -5 t_j e^{-\hat{q}_j t_j}, \qquad
\frac{\partial \ell_\text{log}}{\partial q_j} = \frac{2\hat{q}_j}{1 + \hat{q}_j^2}$$
"""

ANEW = r"""
## Plain

Let $A \in \mathbb{R}^{m\times n}$, $b \in \mathbb{R}^m$ and

$$
f(v) = \lVert A v - b \rVert^2
$$

for $v \in \mathbb{R}^n$, so that $\nabla f = 2A^\top(Av - b)$.

## With a penalty

Now let

$$
f(v) = \lVert A v - b \rVert^2 + \mu \lVert v \rVert^2
$$

with $\mu > 0$. Then

$$
\nabla f = 2A^\top(Av - b) + 2\mu v
$$
$$
\nabla f = 2A^\top(Av - b) + \mu v
$$
"""

SYSTEM = r"""
Für $M \in \mathbb{R}^{k\times p}$, $\beta \in \mathbb{R}^p$, $z \in \mathbb{R}^k$ und $\kappa > 0$ sei
$$ R = \lVert M\beta - z \rVert^2 + \kappa \lVert \beta \rVert^2 $$

Damit $\nabla_\beta R = 2M^\top(M\beta - z) + 2\kappa\beta$ verschwindet:
$$ M^\top M \beta + \kappa \beta = M^\top z $$
$$ (z - M\beta)^\top M = \kappa\beta^\top $$

Aber: $M^\top M\beta = M^\top z + \beta$.
"""

ENTRIES = r"""
The outputs are $s_c = \sum_q g_{qc} h_q + e_c$ and $F = \frac12 \sum_c (s_c - t_c)^2$.

$$\frac{\partial F}{\partial s_c} = s_c - t_c$$
$$\frac{\partial F}{\partial g_{qc}} = (s_c - t_c) h_q$$
$$\frac{\partial F}{\partial e_c} = (s_c - t_c) h_c$$
"""

BY_LETTER = r"""
Hidden units $u_q = \sum_p v_{pq} x_p$, $h_q = \tanh(u_q)$, outputs $u_r = \sum_q v_{qr} h_q$, $h_r = \tanh(u_r)$, cost
$Q = \frac12 \sum_r (h_r - t_r)^2$.

$$\frac{\partial Q}{\partial u_r} = (h_r - t_r)(1 - h_r^2)$$
$$\frac{\partial Q}{\partial v_{qr}} = (h_r - t_r)(1 - h_r^2)\, h_q$$
$$\frac{\partial Q}{\partial v_{pq}} = \sum_r (h_r - t_r)(1 - h_r^2)\, v_{qr}\, (1 - h_q^2)\, x_p$$
$$\frac{\partial Q}{\partial v_{pq}} = \sum_r (h_r - t_r)(1 - h_r^2)\, v_{qr}\, x_p$$
"""

UNTOLD = r"""
For $x \in \mathbb{R}^d$ let $z_1 = V_1 x + c_1$, $h = \tanh(z_1)$, $z_2 = V_2 h + c_2$ and $C = \lVert z_2 \rVert^2$.

$$\frac{\partial C}{\partial V_2} = 2 z_2 h^\top$$
$$\frac{\partial C}{\partial c_1} = (V_2^\top 2z_2) \odot (1 - h \odot h)$$
$$\frac{\partial C}{\partial V_1} = 2 V_2^\top z_2 x^\top$$
"""

FIXED = r"""
The items have features $b_j \in \mathbb{R}^m$, $j \in S$, the user $a \in \mathbb{R}^m$; $p_j = \frac{e^{a^\top b_j}}{\sum_{j' \in S} e^{a^\top b_{j'}}}$.
With the item $r$ that was chosen, $N = -\log p_r$.

$$\nabla_a N = \sum_{j \in S} p_j b_j - b_r$$
$$\nabla_a N = b_r - \sum_{j \in S} p_j b_j$$
"""

SECOND_SIDE = r"""
Let $v \in \mathbb{R}^p$ and $K = Energy[v] = v^\top v = 2\lVert v \rVert^2$. Then $\nabla K = 2v$.
"""

WORDS = r"""
$$ net_{a1} = w_1 x_1 + w_2 x_2, \qquad out_{a1} = \sigma(net_{a1}), \qquad E_{o_1} = \frac12 (out_{a1} - o_1)^2 $$

$$ \frac{\partial E_{o_1}}{\partial out_{a1}} = out_{a1} - o_1, \qquad \frac{\partial E_{o_1}}{\partial w_2} = (out_{a1} - o_1)\, x_2 $$
"""

GENERAL = r"""
Let $x \in \mathbb{R}^n$, $W^{(1)} \in \mathbb{R}^{h\times n}$, $W^{(2)} \in \mathbb{R}^{k\times h}$, $z^{(1)} = W^{(1)} x$, $a^{(1)} = \tanh(z^{(1)})$,
$z^{(2)} = W^{(2)} a^{(1)}$ and $L = \frac12 \lVert z^{(2)} - y \rVert^2$. We write $\delta^{(l)} = \frac{\partial L}{\partial z^{(l)}}$.

$$\delta^{(2)} = z^{(2)} - y$$
$$\delta^{(1)} = (W^{(2)})^\top \delta^{(2)}$$
$$\frac{\partial L}{\partial W^{(1)}} = \delta^{(1)} x^\top$$
"""

CONSTANTS = r"""
Let $F = G X H$ with $G \in \mathbb{R}^{p\times m}$, $X \in \mathbb{R}^{m\times n}$, $H \in \mathbb{R}^{n\times q}$. Since $G$ and $H$ are fixed, $dG = 0$, $dH = 0$ and
$$ dF = (dG) X H + G (dX) H + G X (dH) = G (dX) H $$
$$ dF = H (dX) G $$
"""

POINT = r"""
For one example $x \in \mathbb{R}^n$, $y \in \{0, 1\}$ let $s = \theta^\top x$, $p = \frac{1}{1 + e^{-s}}$ and
$$ J(\theta; x, y) = -y \ln p - (1 - y)\ln(1 - p) $$
$$ \frac{\partial J(\theta; x, y)}{\partial \theta} = \frac{\partial J}{\partial p}.\frac{\partial p}{\partial \theta} = \frac{p - y}{p(1 - p)}\frac{\partial p}{\partial \theta} $$ (3)
$$ (3) = (p - y) x = (y - p) x $$
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FENCED, "TFT"),
        (BOXED, "TF"),
        (ACCENTS, "TF"),
        (ANEW, "TTF"),
        (SYSTEM, "TF"),
        (ENTRIES, "TTF"),
        (BY_LETTER, "TTTF"),
        (UNTOLD, "TTF"),
        (FIXED, "TF"),
        (SECOND_SIDE, "FT"),
        (WORDS, "TF"),
        (GENERAL, "TFT"),
        (CONSTANTS, "TTF"),
        (POINT, "TTF"),
    ],
    ids=lambda value: value if len(value) < 9 else "",
)
def test_each_rule_reads_the_right_line_and_finds_the_wrong_one(text, expected):
    assert marks(text) == expected


def test_a_claim_about_what_was_not_read_is_not_right():
    text = r"""
The data are $x_1, \dots, x_m \in \mathbb{R}$, $\gamma \in \mathbb{R}$ and $\ell$ is a function of $y_1, \dots, y_m \in \mathbb{R}$.

$\mu = \frac1m \sum_{i=1}^m x_i$ and $y_i = \gamma \foo{x_i}$.

$$\frac{\partial \ell}{\partial \gamma} = \sum_{i=1}^m \frac{\partial \ell}{\partial y_i} x_i$$
"""
    assert check_document(text).claims[-1].status == "undecided"


def test_targets_of_a_softmax_sum_to_one_where_the_document_speaks_of_labels():
    text = r"""
Let $S \in \mathbb{R}^{n\times c}$, $P = \operatorname{softmax}(S)$ row-wise and $L = -\sum_{i=1}^n \sum_{j=1}^c T_{ij} \log P_{ij}$%s.
$$\frac{\partial L}{\partial S} = P - T$$
"""
    (told,) = check_document(text % " with the labels $T$").claims
    assert told.status in ("proved", "agrees")
    assert any("sum to 1" in c for c in told.conditions)
    (untold,) = check_document(text % "").claims
    assert untold.status == "undecided"
    assert "sum to 1" in untold.evidence


def test_a_left_side_that_is_only_guessed_at_accuses_nobody():
    text = r"""
Let $x \in \mathbb{R}^n$, $V \in \mathbb{R}^{m\times n}$, $s = Vx$, $o = \sigma(s)$ and $C = \sum_i o_i$.

We know $\sigma'(t) = \sigma(t)(1 - \sigma(t)) = o_1(1 - o_1)$, but not $\sigma'(t) = \sigma(t)(1 + \sigma(t))$.
"""
    assert marks(text) == "T?F"


def test_what_reads_a_symbol_whose_definition_is_lost_is_left_open():
    text = r"""
Let $x \in \mathbb{R}^n$, $t \in \mathbb{R}^m$, $E = \frac12 \sum_j (z_j - t_j)^2$ with $z_j = \foo{x}_j$ and $\epsilon_j = z_j - t_j$.

$$\frac{\partial E}{\partial x_i} = \sum_j \epsilon_j$$
"""
    assert marks(text)[-1] == "?"

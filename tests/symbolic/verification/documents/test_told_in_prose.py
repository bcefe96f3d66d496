"""What prose and tables say of symbols: properties in relative clauses, sets for all that follow, tables of symbols."""

from __future__ import annotations

import pytest

from symbolic.verification.document_verdict import RIGHT
from symbolic.verification.documents import check_document

SYMMETRIC = [
    r"Let $x \in \mathbb{R}^n$ be the state and $A \in \mathbb{R}^{n\times n}$ the weight matrix, which is symmetric.",
    r"Let $x \in \mathbb{R}^n$ and $A \in \mathbb{R}^{n\times n}$ the mass matrix, assumed symmetric and invertible.",
    r"Let $x$ be an $n \times 1$ vector and $A$ a symmetric positive definite $n\times n$ matrix.",
    r"Sei $x \in \mathbb{R}^n$ und $A \in \mathbb{R}^{n\times n}$ eine Matrix, die symmetrisch und positiv definit ist.",
    r"Soit $x \in \mathbb{R}^n$ et $A \in \mathbb{R}^{n\times n}$ une matrice qui est symétrique.",
    r"Sia $x \in \mathbb{R}^n$ e $A \in \mathbb{R}^{n\times n}$ una matrice che è simmetrica.",
    r"设 $x \in \mathbb{R}^n$，$A \in \mathbb{R}^{n\times n}$ 是对称矩阵。",
    r"Let $x \in \mathbb{R}^n$ and $A \in \mathbb{R}^{n\times n}$ the precision matrix of the model.",
]
GENERAL = [
    r"Let $x \in \mathbb{R}^n$ and $A \in \mathbb{R}^{n\times n}$ a matrix, which need not be symmetric.",
    r"Let $A \in \mathbb{R}^{n\times n}$ and $x \in \mathbb{R}^n$. Symmetric matrices come later.",
    r"Let $A \in \mathbb{R}^{n\times n}$, $x \in \mathbb{R}^n$, a symmetric $n\times n$ matrix $S$ being used further on.",
]


@pytest.mark.parametrize("given", SYMMETRIC)
def test_a_property_said_behind_a_symbol_is_assumed(given):
    verdict = check_document(given + "\n\nThen $q = x^\\top A x$ and $\\nabla_x q = 2 A x$.")
    assert [c.status in RIGHT for c in verdict.claims] == [True]


@pytest.mark.parametrize("given", GENERAL)
def test_what_is_said_of_another_symbol_is_not_assumed(given):
    verdict = check_document(given + "\n\nThen $q = x^\\top A x$ and $\\nabla_x q = 2 A x$.")
    assert [c.status for c in verdict.claims] == ["refuted"]


@pytest.mark.parametrize(
    "mask",
    [
        r"a 0/1 mask $M \in \mathbb{R}^{n\times m}$",
        r"a binary mask $M \in \mathbb{R}^{n\times m}$",
        r"$M \in \mathbb{R}^{n\times m}$ with entries 0 or 1",
    ],
)
def test_a_mask_of_zeros_and_ones_is_its_own_square(mask):
    text = rf"Let $X \in \mathbb{{R}}^{{n\times m}}$ and {mask}. Put $J = \frac12\|M \odot X\|_F^2$. Then $\frac{{\partial J}}{{\partial X}} = M \odot X$."
    assert [c.status in RIGHT for c in check_document(text).claims] == [True]


def test_all_vectors_live_in_one_set():
    text = r"""All vectors live in $\mathbb{R}^n$: the gates $a_f, a_g$, the old state $c_0$, and a constant vector $k$.

$$f = \sigma(a_f), \qquad g = \tanh(a_g), \qquad c = f \odot c_0 + g, \qquad L = k^\top c$$

$$\frac{\partial L}{\partial a_f} = k \odot c_0 \odot f \odot (1 - f)$$
$$\frac{\partial L}{\partial a_g} = k \odot (1 - g^2)$$
$$\frac{\partial L}{\partial a_g} = k \odot (1 - g)$$"""
    assert [c.status in RIGHT for c in check_document(text).claims] == [True, True, False]


def test_a_constant_vector_is_no_number():
    text = r"For a constant vector $c$ ($k \times 1$) and $\beta \in \mathbb{R}^k$ let $\phi = (c^\top\beta)^2$. Then $\frac{\partial\phi}{\partial\beta} = 2 c c^\top\beta$."
    assert [c.status in RIGHT for c in check_document(text).claims] == [True]


MARKDOWN = r"""
| symbol | meaning | size |
|--------|---------|------|
| $X$ | inputs, one per row | $N \times D$ |
| $w$ | weights | $D$ |
| $A$ | symmetric matrix | $D \times D$ |
| $c$ | offset | scalar |
"""
LATEX = r"""
\begin{tabular}{lll}
symbol & meaning & dimension \\ \hline
$X$ & inputs & $N \times D$ \\
$w$ & weights & $D$ \\
$A$ & symmetric matrix & $\mathbb{R}^{D \times D}$ \\
$c$ & offset & scalar \\
\end{tabular}
"""


@pytest.mark.parametrize("table", [MARKDOWN, LATEX])
def test_a_table_of_symbols_tells_shapes_and_properties(table):
    text = (
        table
        + r"""
$$L = \frac12 w^\top A w + c\sum_{n=1}^N \sum_{d=1}^D X_{nd} w_d$$

$$\nabla_w L = A w + c X^\top \mathbf{1}$$
"""
    )
    verdict = check_document(text, latex="tabular" in table)
    assert [c.status in RIGHT for c in verdict.claims] == [True]
    assert {"X: N × D", "w: D", "c: real number"} <= set(verdict.declarations)


@pytest.mark.parametrize("size", ["n", "d"])
def test_layers_that_start_from_a_declared_input(size):
    text = rf"""Let $a^{{(0)}} \in \mathbb{{R}}^{{{size}_0}}$ be the input, $W^{{(l)}} \in \mathbb{{R}}^{{{size}_l\times {size}_{{l-1}}}}$.

For $l=1,\dots,L$: $z^{{(l)}}=W^{{(l)}}a^{{(l-1)}}$, $a^{{(l)}}=\tanh(z^{{(l)}})$. Cost $J=\frac12\|a^{{(L)}}-y\|^2$.

Define $\delta^{{(l)}}=\partial J/\partial z^{{(l)}}$.

- $\partial J/\partial W^{{(l)}}=\delta^{{(l)}}(a^{{(l-1)}})^\top$
- $\partial J/\partial W^{{(l)}}=\delta^{{(l)}}(a^{{(l)}})^\top$
"""
    right, wrong = check_document(text).claims
    assert right.status in RIGHT
    assert wrong.status == "shape"
    assert "a^{(l)} stands" in str(wrong.diagnosis)


ONE_HOT = [
    r"Siano $z \in \mathbb{R}^k$ e $t \in \mathbb{R}^k$ il vettore bersaglio (one-hot).",
    r"Let $z \in \mathbb{R}^k$, and let $t \in \mathbb{R}^k$ be the label in one-hot encoding.",
    r"Let $z \in \mathbb{R}^k$ and $t \in \{0,1\}^k$ with $\sum_{j=1}^k t_j = 1$.",
    r"Let $z \in \mathbb{R}^k$ and $t \in \mathbb{R}^k$ with exactly one entry equal to 1 and zeros elsewhere.",
    r"Let $z \in \mathbb{R}^k$ and $t \in \mathbb{R}^k$. The entries of $t$ sum to one.",
    r"设 $z \in \mathbb{R}^k$，$t \in \mathbb{R}^k$ 是独热编码的标签。",
]


@pytest.mark.parametrize("given", ONE_HOT)
def test_a_label_whose_entries_sum_to_one(given):
    text = (
        given
        + r"""

$$s_i = \frac{e^{z_i}}{\sum_{j=1}^k e^{z_j}}, \quad L = -\sum_{i=1}^k t_i \log s_i$$

$$\frac{\partial L}{\partial z} = s - t$$"""
    )
    assert [c.status for c in check_document(text).claims] == ["proved"]


SCALARS = [
    r"Für reelle Zahlen $\mu, m$ und positive Zahlen $\sigma, s$ und den Vektor $x \in \mathbb{R}^n$ sei",
    r"Soient des nombres réels $\mu, m$, des nombres réels positifs $\sigma, s$ et $x \in \mathbb{R}^n$. On pose",
    r"Siano dati i numeri reali $\mu, m$, i numeri reali $\sigma, s$ e $x \in \mathbb{R}^n$. Poniamo",
    r"Sean los números reales $\mu, m$ y los números reales positivos $\sigma, s$, y $x \in \mathbb{R}^n$. Sea",
]


@pytest.mark.parametrize("given", SCALARS)
def test_numbers_in_other_languages(given):
    text = (
        given
        + r""" $K = \log\frac{s}{\sigma} + \frac{\sigma^2 + (\mu - m)^2}{2 s^2} + x^\top x$.

$$\frac{\partial K}{\partial \mu} = \frac{\mu - m}{s^2}$$
$$\frac{\partial K}{\partial \sigma} = \frac{\sigma}{s^2} + \frac{1}{\sigma}$$"""
    )
    right, wrong = check_document(text).claims
    assert right.status in RIGHT
    assert wrong.status == "refuted"
    assert "sigma" not in wrong.repair.replace(r"\sigma", "")


def test_constants_by_their_index_are_a_list():
    text = r"""Let $x \in \mathbb{R}^N$ and $L = \sum_{i=1}^N c_i x_i^2$ with constants $c_i$.

$$\frac{\partial L}{\partial x_j} = 2 c_j x_j$$
$$\frac{\partial}{\partial x_j} \sum_{i=1}^N c_i^2 x_i = \sum_{i=1}^N c_i$$"""
    assert [c.status in RIGHT for c in check_document(text).claims] == [True, False]


def test_a_table_of_symbols_with_a_residual_called_e():
    text = r"""
| 符号 | 含义 | 形状 |
|------|------|------|
| $X$ | 设计矩阵 | $m \times n$ |
| $y$ | 目标向量 | $m$ |
| $w$ | 参数 | $n$ |

损失函数 $J = \frac{1}{m} \|Xw - y\|^2$。令 $e = Xw - y$。

$$\nabla_w J = \frac{2}{m} X^\top e$$
$$\frac{\partial J}{\partial e} = \frac{2}{m} e$$
$$\frac{\partial J}{\partial e} = \frac{1}{m} e$$
"""
    assert [c.status in RIGHT for c in check_document(text).claims] == [True, True, False]


def test_names_that_macros_write_are_shown_whole():
    text = r"""\newcommand{\bw}{\mathbf{w}} \newcommand{\norm}[1]{\lVert #1 \rVert}
Let $\bw, y \in \mathbb{R}^n$ and $f = \norm{\bw - y}^2$. Put $\hat{\bw} = \bw/\norm{\bw}$. Then $\nabla_{\bw} f = \bw - y$."""
    verdict = check_document(text)
    assert verdict.claims[0].repair.replace("  ", " ") == r"2 (\mathbf{w} - y)"
    assert [t.latex for t in verdict.taken][-1] == r"\hat{\bw} = \bw/\norm{\bw}"


@pytest.mark.parametrize("of", ["of $N$ scalars", "of $N$ numbers", "of $N$ real numbers"])
def test_how_many_numbers_there_are_is_no_number_of_them(of):
    text = rf"""The batch is a vector $x \in \mathbb{{R}}^N$ {of}. Put $L = \sum_{{i=1}}^N c_i x_i^2$ with constants $c_i$.

$$\frac{{\partial L}}{{\partial x_i}} = 2 c_i x_i$$"""
    assert [c.status for c in check_document(text).claims] == ["proved"]

"""What is said beside a formula: the entries that it is meant for, σ told by its square, properties in four languages."""

import pytest

from symbolic.verification.documents import check_document
from tests.symbolic.verification.documents.marks import marks


@pytest.mark.parametrize(
    "claim",
    [
        r"$$\frac{\partial L}{\partial s_j}=p_j\quad(j\ne1)$$",
        r"$$\frac{\partial L}{\partial s_j}=p_j, \; j \neq 1.$$",
        r"$$\frac{\partial L}{\partial s_j}=p_j\quad\text{if } j>1$$",
        r"$$\frac{\partial L}{\partial s_j}=p_j \qquad (j \geq 2)$$",
        r"$$\frac{\partial L}{\partial s_j}=p_j, \quad j=2,\dots,N.$$",
        r"For $j\ne 1$ we have $$\frac{\partial L}{\partial s_j}=p_j$$",
        r"$$\frac{\partial L}{\partial s_j}=p_j - 1\quad(j = 1)$$",
    ],
)
def test_a_claim_on_some_entries_is_judged_on_those(claim):
    given = "Let $s\\in\\mathbb{R}^{N}$, $p=\\operatorname{softmax}(s)$ and $L=-\\log p_1$.\n\n"
    assert marks(given + claim) == "T"
    assert marks(given + claim.replace(r"}=p_j", r"}=2p_j")) == "F"


def test_entries_without_a_case_are_all_of_them():
    text = "Let $s\\in\\mathbb{R}^{N}$, $p=\\operatorname{softmax}(s)$ and $L=-\\log p_1$. $$\\frac{\\partial L}{\\partial s_j}=p_j$$"
    assert marks(text) == "F"


NORMED = r"""For $x\in\mathbb{R}^n$: $\mu = \frac1n\sum_i x_i$, $\sigma^2 = \frac1n\sum_i(x_i-\mu)^2$, $\hat x_i = ROOT$.

$$\frac{\partial\mu}{\partial x_j} = \frac1n$$
"""


def test_a_symbol_that_is_told_by_its_square_depends_on_what_stands_there():
    normed = NORMED.replace("ROOT", r"(x_i-\mu)/\sigma") + (
        r"$$\frac{\partial\hat x_i}{\partial x_j} = \frac1\sigma\left(\delta_{ij}-\frac1n-\frac1n\hat x_i\hat x_j\right)$$"
        r"$$\frac{\partial\hat x_i}{\partial x_j} = \frac1\sigma\left(\delta_{ij}-\frac1n\right)$$"
    )
    assert marks(normed) == "TTF"  # not: σ is any number
    radius = r"Let $x,y\in\mathbb{R}$ with $r^2 = x^2+y^2$, $r>0$. $$\frac{\partial r}{\partial x} = \frac xr$$ $$\frac{\partial r}{\partial y} = \frac{x}{r}$$"
    assert marks(radius) == "TF"


def test_a_square_that_alone_is_used_stays_a_symbol():
    text = NORMED.replace("ROOT", r"(x_i-\mu)/\sqrt{\sigma^2}") + (
        r"$$\frac{\partial\sigma^2}{\partial x_j} = \frac2n(x_j-\mu)$$"
        r"$$\frac{\partial\hat x_i}{\partial\sigma^2} = -\frac12(x_i-\mu)(\sigma^2)^{-3/2}$$"
    )
    assert marks(text) == "TTT"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"Sia $A \in \mathbb{R}^{n\times n}$ una matrice simmetrica, $x, b \in \mathbb{R}^n$", "TT"),
        (r"Siano $A \in \mathbb{R}^{n\times n}$, $x, b \in \mathbb{R}^n$, dove $A$ è simmetrica", "TT"),
        (r"Sei $A \in \mathbb{R}^{n\times n}$ eine symmetrische Matrix, $x, b \in \mathbb{R}^n$", "TT"),
        (r"Soit $A \in \mathbb{R}^{n\times n}$ symétrique définie positive, $x, b \in \mathbb{R}^n$", "TT"),
        (r"Sea $A \in \mathbb{R}^{n\times n}$ una matriz simétrica, $x, b \in \mathbb{R}^n$", "TT"),
        (r"Sia $A \in \mathbb{R}^{n\times n}$ non simmetrica, $x, b \in \mathbb{R}^n$", "FF"),
    ],
)
def test_properties_in_other_languages(said, expected):
    assert (
        marks(f"{said}, $f(x) = x^\\top A x + b^\\top x$.\n\n$$\\nabla f(x) = 2Ax + b$$\n\n$$\\nabla^2 f(x) = 2A$$\n")
        == expected
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            r"For $x\in\mathbb{R}^n$ with positive entries and $p>1$ let $N=\left(\sum_ix_i^p\right)^{1/p}$. "
            r"$$\frac{\partial N}{\partial x_j} = N^{1-p}x_j^{p-1}$$ $$\frac{\partial N}{\partial x_j} = pN^{1-p}x_j^{p-1}$$",
            "TF",
        ),
        (
            r"Let $n > 1$, $x\in\mathbb{R}^n$ and $f = \frac{1}{n-1}\sum_{i=1}^n x_i^2$ with $n \geq 2$ observations. "
            r"$$\nabla f = \frac{2}{n-1}x$$ $$\nabla f = \frac{2}{n}x$$",
            "TF",
        ),
    ],
    ids=["a number", "a size"],
)
def test_a_bound_declares_a_number_but_no_size(text, expected):
    assert marks(text) == expected


@pytest.mark.parametrize(
    "where", ["En el mínimo,", "Nel minimo", "Nel punto di massimo", "Im Minimum gilt", "At the minimum"]
)
def test_a_gradient_that_vanishes_at_an_optimum_accuses_nobody(where):
    given = (
        r"Let $A \in \mathbb{R}^{n\times n}$ be symmetric, $x, b \in \mathbb{R}^n$ and $f(x) = x^\top A x + b^\top x$. "
    )
    assert "F" not in marks(rf"{given}{where} $\nabla f(x) = 0$.")
    assert marks(rf"{given}We find $\nabla f(x) = 0$.") == "F"


def test_a_differential_of_a_part_that_is_named_later_follows_what_varies():
    text = (
        r"Let $X\in\mathbb{R}^{n\times d}$, $Y\in\mathbb{R}^{n\times k}$, $f(W)=\frac{1}{2n}\|XW-Y\|_F^2$ for $W\in\mathbb{R}^{d\times k}$. "
        r"Write $R=XW-Y$. Then $dR=X\,dW$ and $$df = \frac1n\operatorname{tr}(R^\top dR)$$ $$df = \operatorname{tr}(R^\top dR)$$"
    )
    assert marks(text) == "TTF"


def test_a_mistake_is_told_without_names_that_the_document_has_not():
    text = (
        r"Let $Q,K,V\in\mathbb{R}^{T\times d}$, $S = QK^\top$, $O = SV$, $L = \ell(O)$. "
        r"$$\frac{\partial L}{\partial K} = \frac{\partial L}{\partial S}Q$$"
    )
    (claim,) = check_document(text).claims
    assert (claim.status, claim.diagnosis, claim.repair) == ("refuted", "missing transpose", "")


def test_a_word_on_the_left_is_a_name_and_no_product():
    given = r"Let $w,o\in\mathbb{R}^n$, $t\in\mathbb{R}$, $net=\sum_iw_io_i$, $y=\sigma(net)$ and $E=\tfrac12(t-y)^2$. "
    assert marks(given + r"$$\frac{\partial E}{\partial w_i}=\frac{\partial E}{\partial y}\frac{dy}{dnet}o_i$$") == "T"
    assert (
        marks(given + r"$$\frac{\partial E}{\partial net}=(y-t)\,y(1-y)$$ $$\frac{\partial E}{\partial net}=y-t$$")
        == "TF"
    )
    assert marks(r"Let $a,b,c\in\mathbb{R}$ with $f=(abc)^2$. $$abc=f$$") == "F"


def test_a_number_may_take_the_place_of_another():
    given = r"Take $x=2$, $w=-3$, $b=1$. Then $s=wx+b=-5$. "
    assert marks(given + r"For $w=3$ instead: $s=wx+b=7$.") == "TTT"
    assert marks(given + r"For $w=3$ instead: $s=wx+b=8$.").endswith("F")
    assert marks(given + r"So $w=3$.").endswith("F")

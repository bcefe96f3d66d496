"""Operators and compositions as lecturers write them, each with right lines (T) and mistakes (F) in the order of the claims."""

import pytest

from symbolic.verification.documents import check_document

MAPS = (
    r"Let $f:\mathbb{R}^n\to\mathbb{R}^m$, $f(x)=\sin(Ax)$ with $A\in\mathbb{R}^{m\times n}$, and $g:\mathbb{R}^m\to\mathbb{R}$, "
    r"$g(y)=\frac12\|y\|^2$. "
)
QUADRATIC = r"Let $Q\in\mathbb{R}^{n\times n}$ and $f(x)=x^\top Qx$ for $x\in\mathbb{R}^n$; $h,k\in\mathbb{R}^n$. "
LEAST_SQUARES = r"Let $A\in\mathbb{R}^{m\times n}$ have full column rank, $x\in\mathbb{R}^n$, $b\in\mathbb{R}^m$ and $f=\frac12\|Ax-b\|^2$. "
CASES = {
    "a composition named": (MAPS + r"For $h=g\circ f$ we have $\nabla h(x)=A^\top(\cos(Ax)\odot\sin(Ax))$.", "T"),
    "a composition in brackets": (MAPS + r"Then $\nabla(g\circ f)(x)=A^\top(\cos(Ax)\odot\sin(Ax))$.", "T"),
    "the chain rule of Jacobians": (MAPS + r"Then $\nabla(g\circ f)(x)=J_f(x)^\top\nabla g(f(x))$.", "T"),
    "the chain rule without a transpose": (MAPS + r"Then $\nabla(g\circ f)(x)=J_f(x)\nabla g(f(x))$.", "F"),
    "a composition's slope at the wrong place": (MAPS + r"Then $\nabla(g\circ f)(x)=A^\top\sin(Ax)$.", "F"),
    "second derivatives along directions": (
        QUADRATIC
        + r"Then $D^2f(x)[h,h]=2h^\top Qh$ and $D^2f(x)[h,k]=h^\top(Q+Q^\top)k$ but not $D^2f(x)[h,h]=h^\top Qh$.",
        "TTF",
    ),
    "a scalar function in words": (
        r"Let $O=XW$ with $X\in\mathbb{R}^{n\times d}$, $W\in\mathbb{R}^{d\times k}$, and let $L$ be a scalar function of $O$ with "
        r"$G=\partial L/\partial O$. Then $\frac{\partial L}{\partial W}=X^\top G$ and $\frac{\partial L}{\partial X}=W^\top G$.",
        "TF",
    ),
    "a Greek unknown": (
        r"Let $X\in\mathbb{R}^{n\times p}$, $y\in\mathbb{R}^n$ and $J(\beta)=\|y-X\beta\|^2$. Then "
        r"$\nabla J(\beta)=-2X^\top(y-X\beta)$ and $\nabla^2J(\beta)=X^\top X$.",
        "TF",
    ),
    "a solution": (
        LEAST_SQUARES + r"Setting $\nabla_xf=0$ we find $x=(A^\top A)^{-1}A^\top b$.",
        "T",
    ),
    "a part's differential": (LEAST_SQUARES + r"With $u=Ax-b$, $df=u^\top du$ and not $df=2u^\top du$.", "TF"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_operators(text, expected):
    verdict = check_document(text)
    got = "".join("T" if c.right else "F" if c.right is False else "?" for c in verdict.claims)
    assert got == expected, [(c.latex, c.status, c.evidence) for c in verdict.claims]


def test_a_composition_of_arrays_is_their_product_entry_by_entry():
    text = r"Let $a,b\in\mathbb{R}^n$ and $c=a\circ b$. Then $\frac{\partial c}{\partial a}=\operatorname{diag}(b)$."
    assert [c.right for c in check_document(text).claims] == [True]


def test_what_is_no_solution_is_left_open():
    text = LEAST_SQUARES + r"Then $\nabla_xf=A^\top(Ax-b)$. Setting it to zero gives $x=A^\top b$."
    assert [c.status for c in check_document(text).claims][1:] in ([], ["undecided"])


POSITIVE = r"Let $x\in\mathbb{R}$ with $x>0$. "
WHOLE = {
    "x log x": (
        POSITIVE + r"Then $\frac{d}{dx}\,x\log x=\log x$ is wrong and $\frac{d}{dx}\,x\log x=\log x+1$ right.",
        "FT",
    ),
    "a bracket and a factor": (
        POSITIVE + r"Then $\frac{d}{dx}(x^2+1)e^x=2xe^x+(x^2+1)e^x$ and not $\frac{d}{dx}(x^2+1)e^x=2xe^x$.",
        "TF",
    ),
    "two functions": (POSITIVE + r"Then $\frac{d}{dx}e^x\sin x=e^x\sin x$.", "F"),
    "a chain rule on the right": (
        r"Let $w,x,b,y\in\mathbb{R}$, $a=wx+b$, $L=\frac12(a-y)^2$. Then "
        r"$\frac{\partial L}{\partial w}=\frac{\partial}{\partial w}(wx+b)\cdot(a-y)=x(a-y)$.",
        "TT",
    ),
    "the Frobenius product": (
        r"Let $X\in\mathbb{R}^{n\times d}$, $W\in\mathbb{R}^{d\times k}$, $Y\in\mathbb{R}^{n\times k}$ and $f=\|XW-Y\|_F^2$. With the "
        r"Frobenius product $X:X=\operatorname{tr}(X^\top X)$ and $M=XW-Y$, $f=M:M$ and $df=2M:dM=2M:(X\,dW)$, but not $df=M:dM$.",
        "TTTF",
    ),
    "a general letter written out": (
        r"Let $h_0,y\in\mathbb{R}^n$, $W_1,W_2\in\mathbb{R}^{n\times n}$, $h_1=W_1h_0$, $h_2=W_2h_1$, $E=\frac12\|h_2-y\|^2$ and "
        r"$g_k=\partial E/\partial h_k$. Then $g_2=h_2-y$, $g_1=W_2^\top g_2$ and, wrongly, $g_0=W_1g_1$.",
        "TTF",
    ),
    "a name under a brace": (
        r"Let $w,x\in\mathbb{R}^n$, $b\in\mathbb{R}$ and $f=\sigma(\underbrace{w^\top x+b}_{=:z})$. Then "
        r"$\nabla_wf=\sigma(z)(1-\sigma(z))x$ and not $\nabla_wf=\sigma(z)x$.",
        "TF",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WHOLE.values(), ids=WHOLE)
def test_how_far_an_operator_reaches_and_what_a_sign_means(text, expected):
    test_operators(text, expected)


@pytest.mark.parametrize(
    "said",
    [
        "Subject to $a^\\top x=c$ we minimise $f=\\frac12x^\\top x$.",
        "Minimizziamo $f=\\frac12x^\\top x$ sotto il vincolo $a^\\top x=c$.",
        "Minimiere $f=\\frac12x^\\top x$ unter der Nebenbedingung $a^\\top x=c$.",
        "On minimise $f=\\frac12x^\\top x$ sous la contrainte $a^\\top x=c$.",
        "With $f=\\frac12x^\\top x-\\lambda(a^\\top x-c)$, setting $\\nabla_xf=0$ gives $\\lambda=c/(a^\\top a)$.",
    ],
)
def test_a_constraint_is_no_claim(said):
    text = r"Let $a,x\in\mathbb{R}^n$ and $c,\lambda\in\mathbb{R}$. " + said
    assert check_document(text).claims == ()

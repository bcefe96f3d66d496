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

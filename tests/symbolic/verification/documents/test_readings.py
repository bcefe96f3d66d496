"""Nobody is accused of a reading: what may be read otherwise is left open or read rightly, and a plain mistake is still named.

Each case is a right calculation whose letters, sums, conditions or words can be taken wrongly, and the same with a mistake.
"""

import pytest

from symbolic.verification.documents import check_document

X = r"Let $x\in\mathbb{R}^n$, $w\in\mathbb{R}^n$, $A\in\mathbb{R}^{n\times n}$ and $b\in\mathbb{R}^n$. "
NOT_ACCUSED = {
    "up to a constant": X + r"Let $f=\frac12\|x-b\|^2$. Up to a constant, $f=\frac12x^\top x-b^\top x$.",
    "at the optimum": X + r"Let $f=x^\top Ax$. At the minimum $\nabla_xf=0$.",
    "treated as constant": X
    + r"Let $r=\|x\|$ and $y=x/r$. Treating $r$ as a constant, $\frac{\partial y}{\partial x}=I/r$.",
    "supposed for contradiction": X + r"Let $f=x^\top Ax$. Suppose for contradiction that $\nabla_xf=2x$.",
    "an equivalence": X + r"Let $f=\frac12\|Ax-b\|^2$. Then $\nabla_xf=A^\top b$ if and only if $A^\top Ax=2A^\top b$.",
    "a condition in words": X + r"Let $f=\frac12\|Ax-b\|^2$. When the residual vanishes, $\nabla_xf=0\cdot x$.",
    "a fraction on the line": "Let $m,s\\in\\mathbb{R}$, $s>0$. Let $f=(m-1)^2/(2s^2)$. Then $\\frac{\\partial f}{\\partial m}=2(m-1)/2s^2$.",
    "a sum's reach": X + r"Let $f=\sum_{i=1}^n(x_i+1)$. Then $f=\sum_{i=1}^nx_i+1$.",
    "a logarithm's reach": "Let $a,c>0$. Let $f=\\log(ac)$. Then $f=\\log a\\,c$.",
    "symmetric in a case": X + r"Let $f=x^\top Ax$. If $A$ is symmetric, $\nabla_xf=2Ax$. Hence also $\nabla_x^2f=2A$.",
    "a letter of a new part": X
    + r"Let $f=x^\top x$. Then $\nabla_xf=2x$."
    + "\n\n"
    + r"$f=w^\top x+\|w\|^2$ has $\nabla_wf=x+2w$.",
    "rows under a new heading": "# One\n\nLet $x_1,\\dots,x_n>0$ and $f=\\sum_ix_i^2$. Then $\\frac{\\partial f}{\\partial x_i}=2x_i$.\n\n"
    "# Two\n\nLet $X\\in\\mathbb{R}^{n\\times p}$ have rows $x_i^\\top$, $y\\in\\mathbb{R}^n$, $v\\in\\mathbb{R}^p$ and "
    "$g=\\frac12\\sum_{i=1}^n(x_i^\\top v-y_i)^2$. Then $\\nabla_vg=X^\\top(Xv-y)$.",
    "the root of a square that is told": r"Let $x\in\mathbb{R}^n$ and $r^2=x^\top x$. Then $\nabla_xr=x/r$.",
    "a nabla without a variable": "$x\\in\\mathbb{R}^n$, $A\\in\\mathbb{R}^{n\\times n}$, $b\\in\\mathbb{R}^n$. "
    "$f=x^\\top Ax-b^\\top x$, $\\nabla f=(A+A^\\top)x-b$.",
    "differentials beside a size d": "Let $X\\in\\mathbb{R}^{m\\times d}$.\n\n$$\\begin{aligned}\n"
    "df&=\\operatorname{tr}(X^\\top dX)+\\operatorname{tr}(dX^\\top X)\\\\\n&=2\\operatorname{tr}(X^\\top dX)\n\\end{aligned}$$\n\n"
    "where $f=\\|X\\|_F^2$.",
    "by a rewritten variable": r"Let $s\in\mathbb{R}^n$ with $s>0$, $K=\frac12\sum_j(s_j^2-\log s_j^2)$ and $l_j=\log s_j^2$. "
    r"Then $\frac{\partial K}{\partial l_j}=\frac12(s_j^2-1)$.",
    "by a part that is named later": r"Let $a,c,t\in\mathbb{R}$, $h=\tanh(at+c)$ and $z=at+c$. Then $\frac{\partial h}{\partial z}=1-h^2$.",
    "ones of a size that nothing tells": r"Let $x\in\mathbb{R}^n$, $H=I-\frac1n\mathbf 1\mathbf 1^\top$ and $f=x^\top Hx$. "
    r"Then $\nabla_xf=2x-\frac2n\mathbf 1\mathbf 1^\top x$.",
    "a condition before a list": X
    + r"Let $m=\max(0,w^\top x)$. If the unit is active ($w^\top x>0$):"
    + "\n\n- $\\nabla_wm=x$\n- $\\nabla_xm=w$",
    "two conditions": X + r"Let $r=Ax-b$ and $f=\frac12r^\top r$. A solution satisfies $\nabla_xf=0$ and $A^\top r=0$.",
    "all in one space": "Anchor $a$, positive $p$, negative $q$, all in $\\mathbb{R}^d$. Let $D=\\|a-p\\|^2-\\|a-q\\|^2$. "
    "Then $\\nabla_aD=2(q-p)$.",
    "numbers before brackets": "Let $L=(y-wx-b)^2$ with all scalars. Then $\\frac{dL}{dw}=-2x(y-wx-b)$.",
    "a function through what it names": r"Let $w\in\mathbb{R}$, $c>0$, $s=\sigma(cw)$ and $E(w)=-\log s$. Then $E'(w)=-c(1-s)$.",
    "e as an error and as a base": r"Let $e\in\mathbb{R}^d$, $u\in\mathbb{R}^d$, $s=u^\top e$ and $f=\log(1+e^s)$. Then $\nabla_ef=\sigma(s)u$.",
    "functions alone": r"Recall $\tanh'=1-\tanh^2$ and $\sigma'=\sigma(1-\sigma)$ for the sigmoid $\sigma$.",
    "counts": r"Let $q\in(0,1)$ and $k=\binom{5}{2}q^2(1-q)^3$. Then $\frac{dk}{dq}=10(2q(1-q)^3-3q^2(1-q)^2)$, since $\frac{5!}{2!\,3!}=10$.",
    "a pair of indices in brackets": r"Repeated indices are summed over. Let $x\in\mathbb{R}^n$ and $f=\frac14(x_ix_i)^2$. "
    r"Then $\frac{\partial f}{\partial x_j}=(x_ix_i)x_j$.",
    "set to zero": X
    + r"Let $f=x^\top x-\lambda(b^\top x)$ with $\lambda\in\mathbb{R}$. Setting the gradient to zero: $2x=\lambda b$.",
    "a gradient written as a differential": r"Let $z\in\mathbb{R}^n$, $c\in\mathbb{R}^n$, $a=2z$ and $L=\frac12\|a-c\|^2$. Then $\frac{\partial L}{\partial a}=a-c$ "
    r"and $da=a-c$.",
    "an inequality for all that follows": X
    + r"Let $m=1-w^\top x$ and $L=\max(0,m)$. Suppose the margin is violated, i.e. $m>0$."
    + "\n\n"
    + r"$\nabla_wL=-x$",
    "two lines under one bound": r"Let $r,k\in\mathbb{R}$, $k>0$ and $h=\max(r^2,k|r|)$. For $r>k$: $\frac{\partial h}{\partial r}=2r$ and "
    r"$\frac{\partial h}{\partial k}=0$.",
    "a vector beside a list of its letter": r"Let $u\in\mathbb{R}^d$, $v\in\mathbb{R}^d$ and $u_1,\dots,u_K\in\mathbb{R}^d$. Let "
    r"$J=u^\top v+\sum_{k=1}^Ku_k^\top v$. Then $\nabla_uJ=v$ and $\nabla_vJ=u+\sum_{k=1}^Ku_k$.",
    "entries of a declared vector": r"Let $y\in\mathbb{R}^{2n}$, $x\in\mathbb{R}^n$, $c\in\mathbb{R}$ with $y_{2i}=cx_i$. For a cost $L$ with "
    r"$g=\frac{\partial L}{\partial y}$ we have $\frac{\partial L}{\partial x_i}=cg_{2i}$.",
    "a condition in brackets": X
    + r"Let $f=x^\top A^\top Ax$. For an orthonormal basis ($A^\top A=I$): $\nabla_xf=2x$.",
    "a letter of a later exercise": "1. Let $X\\in\\mathbb{R}^{n\\times p}$, $v\\in\\mathbb{R}^p$, $y\\in\\mathbb{R}^n$, $f=\\|Xv-y\\|^2$. "
    "The first residual is $X_1-y_1=x^\\top v-y_1$.\n\n2. Let $x\\in\\mathbb{R}^d$ and $g=x^\\top x$. Then $\\nabla_xg=2x$.",
}
ACCUSED = {
    "a sign": X + r"Let $f=\frac12\|x-b\|^2$. Then $\nabla_xf=b-x$.",
    "a wrong expansion": X + r"Let $f=\frac12\|x-b\|^2$. Then $f=\frac12x^\top x+b^\top x+\frac12b^\top b$.",
    "a wrong fraction": "Let $m,s\\in\\mathbb{R}$, $s>0$. Let $f=(m-1)^2/(2s^2)$. Then $\\frac{\\partial f}{\\partial m}=(m-1)/s$.",
    "a wrong sum": X + r"Let $f=\sum_{i=1}^n(x_i+1)$. Then $f=\sum_{i=1}^nx_i+2n$.",
    "symmetry that is denied": X + r"Let $f=x^\top Ax$. Is it true that $\nabla_xf=2Ax$? No, only for symmetric $A$.",
    "a lost penalty under a heading": "# One\n\nLet $w,c\\in\\mathbb{R}^n$ and $L=\\frac12\\|w-c\\|^2$. Then $\\nabla_wL=w-c$.\n\n"
    "# Two\n\nNow let $\\lambda>0$ and $L=\\frac12\\|w-c\\|^2+\\frac\\lambda2\\|w\\|^2$. Then $\\nabla_wL=w-c$.",
    "a wrong root": r"Let $x\in\mathbb{R}^n$ and $r^2=x^\top x$. Then $\nabla_xr=x$.",
    "a wrong factor by a rewritten variable": r"Let $s\in\mathbb{R}^n$ with $s>0$, $K=\frac12\sum_j(s_j^2-\log s_j^2)$ and "
    r"$l_j=\log s_j^2$. Then $\frac{\partial K}{\partial l_j}=s_j^2-1$.",
    "when we differentiate": X + r"Let $f=\frac12\|Ax-b\|^2$. When we differentiate, we get $\nabla_xf=A(Ax-b)\cdot2$.",
    "a function's derivative": r"Recall $\tanh'=1-\tanh$.",
    "an inner product of listed vectors": r"Let $x_i,w\in\mathbb{R}^d$ for $i=1,\dots,n$ and $L=\frac12\sum_{i=1}^n(x_i^\top w)^2$. "
    r"Then $\nabla_w^2L=\sum_{i=1}^nx_i^\top x_i$.",
    "a wrong number of figures": r"We have $e^2=7.398$.",
    "a primed name": r"Let $x>0$ and $g=e^{3x}\ln x$. Then $g'=3e^{3x}\ln x+e^{3x}$.",
    "rows in plain words": "W is an m by n matrix and x has n entries. Let $f=\\frac12\\|Wx\\|^2$. Then $\\nabla_xf=WWx$.",
    "a claim in brackets behind a case": X
    + r"Let $f=\frac12\|Ax-b\|^2$. For the gradient ($\nabla_xf=A(Ax-b)$) one needs $A$.",
    "what one finds in Italian": "Sia $x\\in\\mathbb{R}^n$, $A\\in\\mathbb{R}^{n\\times n}$ e $f=x^\\top Ax$. Si ha $\\nabla_xf=2Ax$.",
    "a wrong count": r"We have $\binom{5}{2}=12$.",
    "what the author calls wrong": X + r"Let $f=x^\top x$. Dropping the factor, as in $\nabla_xf=x$, is a mistake.",
    "an item under a list": X + r"Let $f=x^\top x$. The gradients are:" + "\n\n- $\\nabla_xf=x$",
    "a wrong line and what follows": X
    + r"Let $f=\frac12\|x-b\|^2$. Expanding, $f=\frac12x^\top x+b^\top x+\frac12b^\top b$."
    + "\n\n"
    + r"Therefore $\nabla_xf=x+b$.",
}


@pytest.mark.parametrize("text", NOT_ACCUSED.values(), ids=NOT_ACCUSED)
def test_nobody_is_accused_of_a_reading(text):
    verdict = check_document(text)
    assert not [c for c in verdict.claims if c.status in ("refuted", "shape", "unreadable")], verdict.claims


@pytest.mark.parametrize("text", ACCUSED.values(), ids=ACCUSED)
def test_a_mistake_is_still_named(text):
    verdict = check_document(text)
    assert [c for c in verdict.claims if c.status in ("refuted", "shape")], verdict.claims


def test_what_is_left_open_names_both_readings():
    (claim,) = check_document(NOT_ACCUSED["a fraction on the line"]).claims
    assert claim.status == "undecided"
    assert "below the bar" in claim.evidence
    assert "which is meant" in claim.evidence

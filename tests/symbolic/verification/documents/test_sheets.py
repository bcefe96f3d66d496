"""Sheets that declare little or nothing: what their formulas together tell is taken, what they leave open is asked."""

from __future__ import annotations

import pytest

from symbolic.verification.document_verdict import RIGHT, WRONG
from symbolic.verification.documents import check_document


def judged(text: str) -> list[str]:
    """right, wrong or open for each claim."""
    return [
        "right" if c.status in RIGHT else "wrong" if c.status in WRONG else "open" for c in check_document(text).claims
    ]


SHEETS = {
    "a cost with a penalty": (
        r"""We minimise $$E(\mathbf{a}) = \|\mathbf{B}\mathbf{a} - \mathbf{r}\|^2 + \mu\|\mathbf{a}\|^2.$$
$$\frac{\partial E}{\partial \mathbf{a}} = 2\mathbf{B}^\top(\mathbf{B}\mathbf{a}-\mathbf{r}) + 2\mu\mathbf{a}$$
$$\nabla\nabla E = 2(\mathbf{B}^\top\mathbf{B} + \mu\mathbf{I})$$
$$\frac{\partial E}{\partial \mathbf{a}} = 2\mathbf{B}^\top(\mathbf{B}\mathbf{a}-\mathbf{r}) + \mu\mathbf{a}$$""",
        ["right", "right", "wrong"],
    ),
    "one sample beside the list of samples": (
        r"""$Q(v) = \frac12\sum_{i=1}^{m}(f_v(x^{(i)}) - y^{(i)})^2$ with $f_v(x) = v^T x$. For one example
$$\frac{\partial}{\partial v_j}\frac12(f_v(x) - y)^2 = (f_v(x) - y)x_j$$
$$\frac{\partial Q}{\partial v_j} = \sum_{i=1}^{m}(f_v(x^{(i)}) - y^{(i)})x_j^{(i)}$$
$$\frac{\partial Q}{\partial v_j} = \sum_{i=1}^{m}(y^{(i)} - f_v(x^{(i)}))x_j^{(i)}$$""",
        ["right", "right", "wrong"],
    ),
    "labels and samples below a sum without limits": (
        r"""Labels $y_i \in \{-1, 1\}$ and $F(u) = \sum_i \log(1+e^{-y_iu^Tx_i})$. Then
$$\nabla F(u) = -\sum_i \frac{y_ix_i}{1+e^{y_iu^Tx_i}}$$
$$\nabla^2 F(u) = \sum_i \sigma(u^Tx_i)(1-\sigma(u^Tx_i))x_ix_i^T$$""",
        ["right", "right"],
    ),
    "a sum over all entries with 1/n": (
        r"""$m = \frac1n\sum_ix_i$, $s = \sqrt{\frac1n\sum_i(x_i-m)^2}$, $y_i = \frac{x_i-m}{s}$.
$$\frac{\partial s}{\partial x_j} = \frac{x_j-m}{ns}$$
$$\frac{\partial y_i}{\partial x_j} = \frac1s\left(\delta_{ij}-\frac1n-\frac{y_iy_j}{n}\right)$$
$$\frac{\partial y_i}{\partial x_j} = \frac1s\left(\delta_{ij}-\frac{y_iy_j}{n}\right)$$""",
        ["right", "right", "wrong"],
    ),
    "steps of a recurrence of numbers": (
        r"""$h_t = ah_{t-1}+bx_t$, $h_0 = 0$, $y = ch_2$, $E = \frac12(y-d)^2$.
$$\frac{\partial h_2}{\partial b} = x_2+ax_1$$
$$\frac{\partial E}{\partial a} = (y-d)c\,h_1$$
$$\frac{\partial E}{\partial c} = (y-d)h_1$$""",
        ["right", "right", "wrong"],
    ),
    "gates that read two columns as one": (
        r"""$f_t = \sigma(V_f[h_{t-1},x_t]+b_f)$, $g_t = \tanh(V_g[h_{t-1},x_t]+b_g)$, $c_t = f_t\odot c_{t-1}+(1-f_t)\odot g_t$, $h_t = \tanh(c_t)$.
$$\frac{\partial L}{\partial g_t} = \frac{\partial L}{\partial c_t}\odot(1-f_t)$$
$$\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t}\odot(c_{t-1}-g_t)$$
$$\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t}\odot(c_{t-1}+g_t)$$""",
        ["right", "right", "wrong"],
    ),
    "matrices by their gradients": (
        r"""From the tables: $$\frac{\partial}{\partial X}\mathrm{Tr}(AXB) = A^TB^T$$ $$\frac{\partial\,a^TX^{-1}b}{\partial X} = -X^{-T}ab^TX^{-T}$$
$$\nabla_xx^TAx = (A+A^T)x$$""",
        ["right", "right", "right"],
    ),
    "units of two layers told apart by their letters": (
        r"""$E = \frac12\sum_k(y_k-t_k)^2$, $y_k = \sum_jw_{kj}^{(2)}z_j$, $z_j = h(a_j)$, $a_j = \sum_iw_{ji}^{(1)}x_i$,
$$\delta_k = y_k-t_k$$ $$\delta_j = h'(a_j)\sum_kw_{kj}^{(2)}\delta_k$$
$$\frac{\partial E}{\partial w_{ji}^{(1)}} = \delta_jx_i$$ $$\frac{\partial E}{\partial w_{kj}^{(2)}} = \delta_kz_j$$""",
        ["right", "right"],
    ),
    "one vector apart from a list of others": (
        r"""$J = -\log\sigma(u_o^Tv_c)-\sum_{k=1}^K\log\sigma(-u_k^Tv_c)$. $$\frac{\partial J}{\partial u_o} = (\sigma(u_o^Tv_c)-1)v_c$$
$$\frac{\partial J}{\partial u_k} = \sigma(u_k^Tv_c)v_c$$""",
        ["right", "right"],
    ),
    "a matrix that by custom holds the samples as rows": (
        r"""$E(\mathbf{w}) = \frac12\sum_{n=1}^N(\mathbf{w}^T\boldsymbol\phi_n-t_n)^2$.
$$\nabla E(\mathbf{w}) = \sum_{n=1}^N(\mathbf{w}^T\boldsymbol\phi_n-t_n)\boldsymbol\phi_n = \boldsymbol\Phi^T(\boldsymbol\Phi\mathbf{w}-\mathbf{t})$$""",
        ["right", "right"],
    ),
    "lists without commas": (
        r"""$J(\theta) = \sum_{i=1}^m w^{(i)}(\theta^Tx^{(i)}-y^{(i)})^2$ with $\vec{y} = (y^{(1)} y^{(2)} \ldots y^{(m)})^T$ and
$W = \mathrm{diag}(w^{(1)},\ldots,w^{(m)})$. $$\nabla_\theta J = 2X^TW(X\theta-\vec{y})$$""",
        ["right"],
    ),
    "multipliers among the arguments": (
        r"""$F(w,b,\alpha) = \frac12\|w\|^2-\sum_{i=1}^m\alpha_i[y^{(i)}(w^Tx^{(i)}+b)-1]$.
$$\nabla_wF(w,b,\alpha) = w-\sum_{i=1}^m\alpha_iy^{(i)}x^{(i)}$$ $$\frac{\partial F}{\partial\alpha_i} = 1-y^{(i)}(w^Tx^{(i)}+b)$$""",
        ["right", "right"],
    ),
    "errors of each step": (
        r"""$h_t = \sigma(Ux_t+Vh_{t-1}+b)$, $\hat y_t = Wh_t$, $E_t = \frac12\|\hat y_t-y_t\|^2$. $$\frac{\partial E_t}{\partial h_t} = W^\top(\hat y_t-y_t)$$
$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(h_t\odot(1-h_t))V$$ $$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2)V$$""",
        ["right", "right", "wrong"],
    ),
    "a temperature": (
        r"$p = \mathrm{softmax}(z/T)$, $L = -y^\top\log p$ with $y$ one-hot. $$\nabla_zL = \frac1T(p-y)$$ $$\nabla_zL = p-y$$",
        ["right", "wrong"],
    ),
    "rows before matrices": (
        r"""$h = \tanh(xV+c)$, $p = \mathrm{softmax}(hU+a)$, $J = -\sum_iy_i\log p_i$ with $y$ one-hot.
With $z = xV+c$ and $s = hU+a$: $$\frac{\partial J}{\partial s} = p-y$$ $$\frac{\partial J}{\partial h} = (p-y)U^T$$ $$\frac{\partial J}{\partial V} = x^T\left((p-y)U^T\odot(1-h^2)\right)$$""",
        ["right", "right", "right"],
    ),
    "numbered steps of a recurrence that is told one step ahead": (
        r"$v_{t+1} = \beta v_t+g_t$, $v_0=0$. $$v_3 = g_2+\beta g_1+\beta^2g_0$$ $$v_2 = g_0+\beta g_1$$",
        ["right", "wrong"],
    ),
    "a matrix that equals its transpose where it is declared": (
        r"Let $A = A^\top\in\mathbb{R}^{n\times n}$ and $f(x) = \frac12x^\top Ax-b^\top x$. $$\nabla f(x) = Ax-b$$ $$\nabla f(x) = Ax+b$$",
        ["right", "wrong"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), SHEETS.values(), ids=SHEETS)
def test_what_formulas_tell_together_is_read(text: str, expected: list[str]):
    assert judged(text) == expected


OPEN = {
    "symmetry that nothing tells": (
        r"$f(x) = x^TAx - b^Tx$ and $g(x) = c^Tx$. $$\nabla f(x) = 2Ax-b$$ $$\nabla g(x) = c$$",
        ["open", "right"],
        "symmetric",
    ),
    "how a matrix holds the samples where it does not fit": (
        r"""$E(\mathbf{w}) = \frac12\sum_{n=1}^N(\mathbf{w}^T\boldsymbol\phi_n-t_n)^2$.
$$\nabla E(\mathbf{w}) = \sum_{n=1}^N(\mathbf{w}^T\boldsymbol\phi_n-t_n)\boldsymbol\phi_n = 2\boldsymbol\Phi^T(\boldsymbol\Phi\mathbf{w}-\mathbf{t})$$""",
        ["right", "open"],
        "Phi",
    ),
    "symmetry of a weight between brackets": (
        r"$$\frac{\partial}{\partial\mathbf{s}}(\mathbf{x}-\mathbf{A}\mathbf{s})^\top\mathbf{W}(\mathbf{x}-\mathbf{A}\mathbf{s}) = -2\mathbf{A}^\top\mathbf{W}(\mathbf{x}-\mathbf{A}\mathbf{s})$$ $$\frac{\partial\,\mathbf{b}^\top\mathbf{s}}{\partial\mathbf{s}} = \mathbf{b}$$",
        ["open", "right"],
        "symmetric",
    ),
    "d before what is free": (
        r"$\mathbf{S} = \mathbf{QK}^\top$, $\mathbf{P} = \mathrm{softmax}(\mathbf{S})$, $\mathbf{O} = \mathbf{PV}$. $$\mathbf{dV} = \mathbf{P}^\top\mathbf{dO}$$",
        ["open"],
        "short for the derivative",
    ),
    "steps of a recurrence as if they were free": (
        r"$v_{t+1} = \beta v_t+g_t$, $p_{t+1} = p_t-\eta v_{t+1}$. $$p_{t+1} = p_t-\eta g_t+\beta(p_t-p_{t-1})$$",
        ["open"],
        "p_t",
    ),
}


@pytest.mark.parametrize(("text", "expected", "named"), OPEN.values(), ids=OPEN)
def test_what_formulas_leave_open_is_no_mistake(text: str, expected: list[str], named: str):
    assert judged(text) == expected
    assert any(named in c.evidence for c in check_document(text).claims if c.status == "undecided")


def test_what_is_taken_is_said():
    verdict = check_document(r"$f(w) = \|Xw-t\|^2$. $$\nabla f(w) = 2X^T(Xw-t)$$")
    assert [c.status for c in verdict.claims] == ["proved"]
    assert any(note.startswith("w is not declared and read as an array") for note in verdict.notes)


def test_a_declared_shape_is_never_replaced():
    verdict = check_document(
        r"Let $w \in \mathbb{R}^5$. $f(w) = \|Xw-t\|^2$. $$\nabla f(w) = 2X^T(Xw-t)$$ $$\nabla f(w) = X^T(Xw-t)$$"
    )
    assert [c.status for c in verdict.claims] == ["proved", "refuted"]
    assert "w: 5" in verdict.declarations

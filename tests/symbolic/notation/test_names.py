"""Names as mathematics, and nothing of TeX's in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import symbolic as s
from symbolic.notation import latex, name_latex, name_text
from symbolic.notation.dialect import balanced

GOLDEN = [
    ("W", "W", "W"),
    ("W1", "W_{1}", "W1"),
    ("W12", "W_{12}", "W12"),
    ("delta_1", r"\delta_{1}", "δ1"),
    ("theta", r"\theta", "θ"),
    ("theta2", r"\theta_{2}", "θ2"),
    ("eps", r"\varepsilon", "ε"),
    ("lambda_", r"\lambda", "λ"),
    ("Sigma", r"\Sigma", "Σ"),
    ("Alpha", r"\mathrm{A}", "Α"),
    ("y_bar", r"\bar{y}", "ȳ"),
    ("x_hat", r"\hat{x}", "x̂"),
    ("w_dot", r"\dot{w}", "ẇ"),
    ("x_hat_1", r"\hat{x}_{1}", "x̂1"),
    ("W1_bar", r"\bar{W}_{1}", "W̄1"),
    ("w_star", r"w^{\star}", "w*"),
    ("f_prime", "f'", "f′"),
    ("z_f", "z_{f}", "z_f"),
    ("d_g", "d_{g}", "d_g"),
    ("W_out", r"W_{\mathrm{out}}", "W_out"),
    ("x_train_1", r"x_{\mathrm{train},1}", "x_train_1"),
    ("sigma_max", r"\sigma_{\mathrm{max}}", "σ_max"),
    ("loss", r"\mathrm{loss}", "loss"),
    ("conv1", r"\mathrm{conv}_{1}", "conv_1"),
    ("dC_dW", r"\frac{\partial C}{\partial W}", "∂C/∂W"),
    ("dC_ddelta_1", r"\frac{\partial C}{\partial \delta_{1}}", "∂C/∂δ1"),
    ("δ", r"\delta", "δ"),
    ("δ1", r"\delta_{1}", "δ1"),
    ("β_hat", r"\hat{\beta}", "β̂"),
    ("ẋ", r"\dot{x}", "ẋ"),
    ("ŷ", r"\hat{y}", "ŷ"),
    ("größe", r"\text{größe}", "größe"),
]


@pytest.mark.parametrize(("name", "tex", "plain"), GOLDEN)
def test_name(name, tex, plain):
    assert name_latex(name) == tex
    assert name_text(name) == plain


def test_entries_of_names():
    assert name_latex("W", "i j") == "W_{i j}"
    assert name_latex("y_bar", "i") == r"\bar{y}_{i}"
    assert name_latex("z_f", "i") == "(z_{f})_{i}"
    assert name_latex("dC_dW", "i j") == r"\frac{\partial C}{\partial W_{i j}}"


@given(st.from_regex(r"[^\W\d]\w{0,30}", fullmatch=True))
def test_no_name_leaks_into_tex(name):
    tex = name_latex(name)
    assert balanced(tex)
    assert not set(tex) & set("$%&#~\n")
    s.tensor(name, "n")


def test_tex_of_a_tensor_is_respected():
    W = s.tensor("W", "m n", tex=r"\mathbf{W}")
    x = s.tensor("x", "n", tex=r"\boldsymbol{x}_{0}")
    assert latex(W @ x) == r"\mathbf{W}\, \boldsymbol{x}_{0}"
    assert latex(W @ x, style="index") == r"\sum_{j = 0}^{n - 1} \mathbf{W}_{i j} (\boldsymbol{x}_{0})_{j}"


def test_unbalanced_tex_falls_back_to_the_name():
    W = s.tensor("W", "n n", tex=r"\mathbf{W")
    assert latex(W + W.T) == r"W + W^{\top}"


def test_very_long_names_keep_their_ends():
    assert name_latex("a" * 40) == r"\mathrm{aaaaaaaaaaaa}\ldots\mathrm{aaaaaaaa}"
    one, two = (f"layer_norm_of_the_{k}_attention_block_query_weight_1" for k in ("first", "second"))
    assert r"\ldots" in name_latex(one)
    assert name_latex("W_norm_of_block_1") == r"W_{\mathrm{norm},\mathrm{of},\mathrm{block},1}"
    assert name_latex(f"{one}_a_b_c") != name_latex(f"{two}_b_b_c")

"""Every LaTeX string that is printed is balanced, parses, and converts to MathML."""

from string import Formatter

import latex2mathml.converter
import numpy as np
import pylatexenc.latexwalker
import pytest
import sympy as sp

import symbolic as s
from symbolic.notation import Derivative, Palette, latex, statement, text
from symbolic.notation.dialect import balanced
from symbolic.notation.lines import visible_width
from symbolic.program.equations import Equation
from symbolic.program.functions import FUNCTIONS
from symbolic.program.primitives import PRIMITIVES
from symbolic.program.primitives import apply as apply_primitive
from symbolic.program.tensors import computed
from tests.symbolic.notation.programs import random_program
from tests.symbolic.notation.test_golden import GRADIENTS, INDEX, MATRIX


def is_well_formed(tex):
    assert balanced(tex), tex
    walker = pylatexenc.latexwalker.LatexWalker(f"${tex}$", tolerant_parsing=False)
    walker.get_latex_nodes()
    assert latex2mathml.converter.convert(tex).startswith("<math")


def every_rendering(t):
    for style in ("index", "matrix", "perturbation"):
        try:
            yield latex(t, style=style)
            yield latex(t, style=style, shapes=True, first=1)
        except s.NotDifferentiableError:
            assert style == "perturbation"


@pytest.mark.parametrize("t", [t for t, _ in MATRIX + INDEX] + [s.gradient(loss, by) for loss, by, _ in GRADIENTS])
def test_golden_programs(t):
    for tex in every_rendering(t):
        is_well_formed(tex)


@pytest.mark.parametrize("seed", range(30))
def test_random_programs(seed):
    t, leaves = random_program(np.random.default_rng(seed))
    for tex in every_rendering(t):
        is_well_formed(tex)
    for x in list(leaves.values())[:4]:
        is_well_formed(latex(s.gradient(np.sum(t), x)))


def _differentiable(row, argument):
    symbols = sp.symbols("a b c", real=True)[: 1 + max(int(f) for _, f, _, _ in Formatter().parse(row.latex) if f)]
    try:
        return not row.head(*symbols).diff(symbols[argument]).has(sp.Derivative)
    except (s.ChainruleError, ValueError):
        return False


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_every_function_prints(row):
    arity = len({field for _, field, _, _ in Formatter().parse(row.latex) if field})
    x = [s.tensor(name, "n") for name in "xyz"[:arity]]
    i = x[0].fresh_indices()
    fixed = sp.Integer(2)  # an order, such as that of a Bessel function
    arguments = [t.access(*i) if arity == 1 or _differentiable(row, k) else fixed for k, t in enumerate(x)]
    t = computed(Equation(i, row.head(*arguments)))
    for tex in (latex(t, style="index"), latex(t), latex(t, style="perturbation")):
        is_well_formed(tex)
        assert "Heaviside" not in tex
    assert all("x" in text(t, style=style) or arguments[0] == 2 for style in ("index", "matrix"))


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_every_primitive_prints(row):
    A, B = s.tensor("A", "n n", assume="positive_definite"), s.tensor("B", "n n")
    operands = (A, B) if "{1}" in row.latex else (A,)
    for t in (apply_primitive(row.name, *operands), 2 * apply_primitive(row.name, *(o + o for o in operands))):
        for tex in (latex(t), latex(t, style="index")):
            is_well_formed(tex)
            assert "A" in tex
            assert "{{" not in tex


def test_shapes_stand_under_factors():
    W, x = s.tensor("W", "m n"), s.tensor("x", "n")
    assert latex(W @ x, shapes=True) == r"\underbrace{W}_{m \times n} \underbrace{x}_{n \times 1}"


def test_a_gradient_as_a_row():
    W, x, y = s.tensor("W", "m n"), s.tensor("x", "n"), s.tensor("y", "m")
    C = np.sum((W @ x - y) ** 2).named("C")
    assert statement(Derivative(C, x), right=s.gradient(C, x), row=True) == (
        r"\frac{\partial C}{\partial x} = 2 (W x - y)^{\top} W"
    )


def test_left_sides():
    C, J = s.tensor("C"), s.tensor("s", "m")
    W, b = s.tensor("W", "m n"), s.tensor("b", "m")
    assert latex(Derivative(C, W)) == r"\frac{\partial C}{\partial W}"
    assert latex(Derivative(C, (b, b))) == r"\frac{\partial^{2} C}{\partial b^{2}}"
    assert latex(Derivative(C, (W, b))) == r"\frac{\partial^{2} C}{\partial W \, \partial b}"
    x = s.tensor("x", "n")
    state = (W @ x).named("q")
    entry = statement(Derivative(state, W), right=s.jacobian(state, W), style="index")
    assert entry == r"\frac{\partial q_{i}}{\partial W_{j k}} = \delta_{i j} x_{k}"
    assert J.name == "s"


def test_colour_classes_follow_a_tensor():
    W, x, b = s.tensor("W", "m n"), s.tensor("x", "n"), s.tensor("b", "m")
    palette = Palette.of([W, x])
    assert latex(W @ x + b, palette=palette) == r"\class{t1}{W} \class{t2}{x} + b"
    assert latex(W @ x, style="index", palette=palette).endswith(r"\class{t1}{W_{i j}} \class{t2}{x_{j}}")


def test_long_formulas_are_broken_at_their_terms():
    x = s.tensor("x", "n")
    t = sum((np.sin(k * x) * np.exp(x) for k in range(1, 8)), 0 * x).named("y")
    whole, lines = statement(t), statement(t, width=40)
    assert whole.count(r"\\") == 0
    assert lines.startswith(r"\begin{aligned} y &= ")
    rows = lines.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}").split(r"\\")
    assert len(rows) > 2
    assert all(visible_width(row) < 50 for row in rows)
    is_well_formed(lines)


def test_rendering_shows_the_definition():
    W, x = s.tensor("W", "m n"), s.tensor("x", "n")
    assert W._repr_latex_() == r"$\displaystyle W \in \mathbb{R}^{m \times n}$"
    assert (W @ x).named("s")._repr_latex_() == r"$\displaystyle s = W x$"
    z, label = s.tensor("z", "k"), s.tensor("t", "k", assume="one_hot")
    loss = -np.sum(label * np.log(np.exp(z) / np.sum(np.exp(z))))
    assert s.gradient(loss, z)._repr_latex_() == r"$\displaystyle \operatorname{softmax}(z) - t$"


def test_a_deep_program_without_names_stays_readable():
    A, h = s.tensor("A", "n n"), s.tensor("h", "n")
    for _ in range(300):
        h = np.tanh(A @ h)
    shown = h._repr_latex_()
    assert len(shown) < 6000
    assert r"\dots" in shown
    is_well_formed(shown.strip("$"))

"""A wiring prints as the set of predecessors over which a sum runs."""

from symbolic import Sum, Wiring, define, gradient, indices, tensor
from symbolic.notation import latex, text

UP, VP = Wiring("UP", [(0, 1), (2, 0), (1, 2)], units=(3, 4)), Wiring("VP", [(0, 0), (1, 2)], units=(2, 3))
i, j = indices("i j")
x = tensor("x", 4)
w, v = (tensor(n, shape, role="parameter") for n, shape in (("w", (3, 4)), ("v", (2, 3))))
s = define[i](Sum[j : UP(i)](w[i, j] * x[j]))
y = define[i](Sum[j : VP(i)](v[i, j] * s[j]))


def test_sum_over_predecessors():
    assert latex(s, style="index") == r"\sum_{j \in \mathrm{UP}(i)} w_{i j} x_{j}"


def test_sum_over_successors_and_a_single_mask():
    loss = define(Sum[i](s[i]))
    assert latex(gradient(loss, x), style="index") == r"\sum_{j: i \in \mathrm{UP}(j)} w_{j i}"
    assert latex(gradient(loss, w), style="index") == r"\mathrm{UP}_{i j}\, x_{j}"


def test_each_sum_names_what_is_known():
    printed = latex(gradient(define(Sum[i](y[i])), x), style="index")
    assert printed == r"\sum_{j: i \in \mathrm{UP}(j)} \sum_{k: j \in \mathrm{VP}(k)} v_{k j} w_{j i}"


def test_text():
    assert "UP" in text(s)

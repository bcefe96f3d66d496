"""Sums as people write them: what the index counts, where it starts and ends, which letters run."""

import numpy as np
import pytest

import symbolic as s
from symbolic.verification.documents import check_document
from symbolic.verification.formulas import formula

x, w, A = s.tensor("x", "n"), s.tensor("w", "3"), s.tensor("A", "n n")
VALUES = {x: np.array([1, 4, 9, 16]), w: np.array([1, 10, 100]), A: np.arange(16).reshape(4, 4)}
GIVEN = VALUES[x]
OFF = VALUES[A].sum() - np.trace(VALUES[A])

SUMS = [
    (r"\sum_{i=1}^n i x_i", 100),
    (r"\sum_i i\,x_i", 100),
    (r"\sum_{i=0}^{n-1} i x_i", 70),
    (r"\sum_{i=1}^n (-1)^i x_i", 10),
    (r"\sum_{i=1}^n \frac{x_i}{i}", 10),
    (r"\sum_{i=2}^n x_i", 29),
    (r"\sum_{i<n} x_i", 14),
    (r"\sum_{i \le 2} x_i", 5),
    (r"\sum_{i=1}^{n-1} (x_{i+1} - x_i)^2", 83),
    (r"\sum_{i=2}^n (x_i - x_{i-1})^2", 83),
    (r"\sum_{1 \le i < n} (x_{i+1} - x_i)^2", 83),
    (r"\sum_{i=0}^{n-2} x_{i+1} x_i", 184),
    (r"\sum_{i=1}^2 \sum_{j=1}^3 x_{i+j-1} w_j", 2635),
    (r"\sum_{i=1}^n \sum_{j=1}^i x_j", 50),
    (r"\sum_{i=1}^n \sum_{j=1}^{i-1} x_j", 20),
    (r"\sum_{i=1}^n \sum_{j=i}^n x_j", 100),
    (r"\sum_{i=1}^n \sum_{j=i+1}^n x_i x_j", 273),
    (r"\sum_{i<j} x_i x_j", 273),
    (r"\sum_{1 \le i < j \le n} x_i x_j", 273),
    (r"\sum_{i \ne j} A_{ij}", OFF),
]


@pytest.mark.parametrize(("text", "value"), SUMS, ids=[text for text, _ in SUMS])
def test_a_sum_has_the_value_that_is_meant(text, value):
    t = formula(text, [x, w, A])
    used = {leaf: VALUES[leaf] for leaf in VALUES if leaf.name in text}
    assert s.evaluate(t, used) == value


@pytest.mark.parametrize(("text", "value"), [(r"\sum_{i=0}^{n} 2^i", 31), (r"\sum_{i=1}^{n} i^2", 30), (r"\sum_{i,j=1}^n |i-j|", 20)])  # fmt: skip
def test_a_sum_over_no_axis_runs_between_its_limits(text, value):
    assert s.evaluate(formula(rf"{text} + 0\,x^\top x", [x]), {x: GIVEN}) == value


def test_the_truth_tells_whether_an_index_is_given():
    assert s.check(r"x_{n-1} x_n", x[-2] * x[-1]).holds
    assert s.check(r"x_n x_n", x * x).holds
    assert s.check(r"\sum_{i \ne j} A_{ij}", A.sum() - np.trace(A)).holds
    assert s.check(r"\sum_{i \ne j} A_{ij}", A.sum(axis=0) - np.diagonal(A)).holds


@pytest.mark.parametrize(
    ("claim", "statuses"),
    [
        (r"\frac{\partial f}{\partial x_n} = 2(x_n - x_{n-1})", ("proved", "agrees")),
        (r"\frac{\partial f}{\partial x_n} = 2(x_{n-1} - x_n)", ("refuted",)),
        (r"\frac{\partial f}{\partial x_1} = 2(x_1 - x_2)", ("proved", "agrees")),
        (r"\frac{\partial f}{\partial x_1} = 2(x_2 - x_1)", ("refuted",)),
    ],
)
def test_the_first_and_the_last_entry_of_a_chain(claim, statuses):
    text = rf"Let $x \in \mathbb{{R}}^n$ and $f = \sum_{{i=1}}^{{n-1}} (x_{{i+1}} - x_i)^2$. Then ${claim}$."
    (verdict,) = check_document(text).claims
    assert verdict.status in statuses, verdict


def test_pairs_in_a_definition_run_over_both_letters():
    text = r"Let $x \in \mathbb{R}^n$ and $f = \sum_{i \neq j} (x_i - x_j)^2$. Then $\frac{\partial f}{\partial x_k} = 4\sum_j (x_k - x_j)$."
    (verdict,) = check_document(text).claims
    assert verdict.status in ("proved", "agrees"), verdict


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{\partial \operatorname{vec}(z)}{\partial\operatorname{vec}(W)^\top} = x^\top \otimes I_m",
        r"\frac{\partial L}{\partial W_{jk}} = z_j x_k",
        r"L'(b) = z",
    ],
)
def test_rows_with_otimes_and_primes_of_whole_arrays(claim):
    text = r"Let $x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$, $b \in \mathbb{R}^m$, $z = Wx + b$, "
    (verdict,) = check_document(text + rf"$L(b) = \frac12\|Wx + b\|^2$. Then ${claim}$.").claims
    assert verdict.status in ("proved", "agrees"), verdict


def test_an_identity_of_unknown_size_under_otimes_is_no_wrong_shape():
    text = r"Let $x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$ and $z = Wx$. Then "
    claim = r"$\frac{\partial \operatorname{vec}(z)}{\partial\operatorname{vec}(W)^\top} = x^\top \otimes I$"
    (verdict,) = check_document(text + claim).claims
    assert verdict.status == "unreadable"

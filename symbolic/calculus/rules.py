"""The table of rules: what every step of a derivation rests on, each with a sentence to print and its source.

A sentence has fields in braces, filled by the report: ``{of}`` and ``{by}`` are the tensors of the step. Rewrites have the
names of the functions in ``monomial_rules``, ``sum_rules`` and ``function_rules`` that apply them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A key, the sentence that states it, and where it comes from."""

    key: str
    sentence: str
    source: str = ""


_CALCULUS = "Magnus and Neudecker, Matrix Differential Calculus"
_ALGEBRA = "elementary algebra"

_TABLE = (
    Rule("definition", "{of} is defined by"),
    Rule("local_jacobian", "The local Jacobian of {of} with respect to {by}, everything else held fixed", _CALCULUS),
    Rule(
        "chain_rule",
        "By the chain rule, the derivative with respect to {by} is a product of rows and Jacobians",
        _CALCULUS,
    ),
    Rule(
        "total_derivative",
        "{by} is used in several places; by the chain rule the contributions are added",
        _CALCULUS,
    ),
    Rule("substitution", "The local Jacobians are inserted and multiplied"),
    Rule("result", "Multiplied out and simplified"),
    Rule("seed", "The derivative of {of} with respect to itself is 1"),
    Rule("independent", "{of} does not depend on {by}; the derivative is zero"),
    Rule("distribution", "Sums are distributed over products", _ALGEBRA),
    Rule("delta_elimination", "A Kronecker delta removes a sum: Σ_k δ_ik f(k) = f(i)", _ALGEBRA),
    Rule("delta_substitution", "Where δ_ij = 1 the indices are equal: δ_ij f(j) = δ_ij f(i)", _ALGEBRA),
    Rule("idempotence", "Indicators, signs and binary values are simplified by their powers", _ALGEBRA),
    Rule("one_hot_product", "Of a one-hot row only one entry is 1: y_k y_l = δ_kl y_k"),
    Rule("guard_union", "A product of guarded terms is guarded by both conditions"),
    Rule("division", "A quotient is divided: a/(1 + a) = 1 − 1/(1 + a)", _ALGEBRA),
    Rule("half_lines", "Step functions of x and −x exclude each other"),
    Rule("pythagoras", "sin² + cos² = 1"),
    Rule("declared_fact", "A known sum is inserted, such as Σ_k p_k = 1 for a probability vector"),
    Rule("orthogonality", "The matrix is orthogonal: QᵀQ = I"),
    Rule("inverse_product", "A matrix times its inverse is the identity"),
    Rule("logsumexp", "log-sum-exp is written as the logarithm of a sum"),
    Rule("exp_log", "The exponential of a logarithm is its argument: e^(c log u) = u^c"),
    Rule("basis", "Functions are written through exp, log and the step function"),
    Rule("entropy", "x log y is written out"),
    Rule("cases", "A distinction of cases is written with its indicator"),
    Rule("power", "Powers are multiplied out", _ALGEBRA),
    Rule("folding", "A known quantity is written by its name"),
    Rule("common_factor", "Common factors are taken out", _ALGEBRA),
)

RULES: dict[str, Rule] = {rule.key: rule for rule in _TABLE}

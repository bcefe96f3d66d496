"""The table of mistakes: the labels that a diagnosis may give, from the most specific to the most general.

A label is never shown because it looks likely; it is shown when undoing the mistake was confirmed to give the truth. Where
several repairs work, the one whose label comes first here is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbolic.verification.verdict import Diagnosis


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake: its label, and the sentence that explains it (``{}`` is filled with what was found)."""

    label: str
    sentence: str


_TABLE = (
    Mistake("sign", "the sign is wrong: {}"),
    Mistake("factor 2", "a factor 2 or ½ is {}"),
    Mistake("missing 1/P", "the sum should be a mean: the factor {} is missing"),
    Mistake("extra 1/P", "the mean should be a sum: the factor {} is one too many"),
    Mistake("factor", "a constant factor is wrong: {}"),
    Mistake("layout", "the result is right in the other layout: transpose the whole"),
    Mistake("symmetric assumption", "{} was taken to be symmetric, which is not declared"),
    Mistake("missing transpose", "{} should be transposed"),
    Mistake("wrong order of factors", "the factors of a product are in the wrong order: {}"),
    Mistake(
        "softmax Jacobian taken as diagonal", "softmax couples its entries: its Jacobian is diag(p) − p pᵀ, not {}"
    ),
    Mistake("diagonal Jacobian", "the Jacobian of an elementwise function is diagonal: {}"),
    Mistake("pre-activation and activation", "the value before and after the nonlinearity are confused: {}"),
    Mistake("missing h'", "the derivative of {} is missing"),
    Mistake("h' at the wrong argument", "the derivative is taken at the wrong argument: {}"),
    Mistake("wrong h'", "the derivative is that of another function, not of {}"),
    Mistake("wrong extremum", "the maximum and the minimum are confused: {}"),
    Mistake("h instead of h'", "the function {} stands where its derivative belongs"),
    Mistake("Hadamard and matrix product", "an elementwise product and a matrix product are confused: {}"),
    Mistake("missing sum over the batch", "the contributions must be summed over {}"),
    Mistake("sum over the wrong axis", "the sum runs over the wrong axis: {}"),
    Mistake("forgotten regulariser", "the derivative of the penalty is missing: {}"),
    Mistake("forgotten path", "a path from the variable to the output is not counted: {}"),
    Mistake("wrong layer index", "{} stands where another layer's belongs"),
    Mistake("off by one", "an index, exponent or count is off by one: {}"),
    Mistake("wrong index", "an index is another's: {}"),
    Mistake("flipped kernel", "a kernel is to be turned round where it is not, or is where it should not be: {}"),
    Mistake("lost repetitions", "entries with the same index must be added up, which += does not do: {}"),
    Mistake("wrong order of steps", "the steps are taken in the wrong order: {}"),
    Mistake("keepdims missing", "the summed axis must be kept, so that the result is subtracted row by row: {}"),
    Mistake("keepdims too many", "the summed axis is kept where it should go: {}"),
    Mistake("missing factor", "a factor is missing: {}"),
    Mistake("extra factor", "a factor is one too many: {}"),
    Mistake("missing term", "a term is missing: {}"),
    Mistake("extra term", "a term is one too many: {}"),
    Mistake("wrong exponent", "an exponent is wrong: {}"),
    Mistake("extra sum", "what is summed should stay as it is: {}"),
    Mistake("wrong tensor", "{}"),
)

MISTAKES: dict[str, Mistake] = {m.label: m for m in _TABLE}
RANK: dict[str, int] = {m.label: k for k, m in enumerate(_TABLE)}


def rank(found: Diagnosis | None) -> int:
    """The place of a mistake in the table, behind all of them where none was found."""
    return len(RANK) if found is None else RANK[found.label]


def is_specific(found: Diagnosis | None) -> bool:
    """Whether a mistake is named that is more than a factor, a term or a tensor too many or too few."""
    return rank(found) < RANK["missing factor"]


def explained(label: str, detail: str) -> str:
    """The sentence for a label with its detail filled in."""
    return MISTAKES[label].sentence.format(detail)

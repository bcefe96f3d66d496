"""Verdicts: what is said of a claim, with the evidence that it rests on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from symbolic.errors import ChainruleError, UnsupportedError
from symbolic.notation import latex, text
from symbolic.program.tensors import Tensor

STATUSES = ("proved", "agrees", "refuted", "layout", "shape", "undecided")


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on: a readable sentence, and the same as data.

    ``points`` random points at the given ``sizes`` (one dict of dimension → number each), real numbers of ``digits``
    decimal digits, residues modulo ``primes``; ``degree`` bounds the degree of the difference where the program is
    rational, None elsewhere; ``rewrites`` are the names of the rewrites of a proof.
    """

    sentence: str
    points: int = 0
    sizes: tuple[tuple[tuple[str, int], ...], ...] = ()
    digits: int = 0
    primes: tuple[int, ...] = ()
    degree: int | None = None
    rewrites: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Counterexample:
    """A point at which claim and truth differ, small enough to check by hand.

    ``sizes``: numbers of the named dimensions; ``values``: name and nested values of each declared tensor; ``entry``: the
    index, from 0, of the entry shown; ``claimed`` and ``true``: its two values, exact fractions or decimals.
    """

    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, Any], ...]
    entry: tuple[int, ...]
    claimed: str
    true: str

    def __str__(self) -> str:
        given = [f"{name} = {number}" for name, number in self.sizes]
        given += [f"{name} = {_value_text(value)}" for name, value in self.values]
        where = f"entry {_entry_text(self.entry)} of the claim" if self.entry else "the claim"
        at = f"at {', '.join(given)}: " if given else ""
        return f"{at}{where} is {self.claimed}, the truth is {self.true}"


@dataclass(frozen=True)
class Diagnosis:
    """The likely mistake: shown only because undoing it was confirmed to give the truth.

    ``label`` is a key of the table of mistakes, ``sentence`` says what happened, ``repair`` is the corrected expression,
    ``confirmed`` the status (proved or agrees) of the repaired claim.
    """

    label: str
    sentence: str
    repair: Tensor
    confirmed: str

    def __str__(self) -> str:
        return f"{self.label}: {self.sentence}"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one claim; see ``symbolic.check``.

    ``status``: proved, agrees, refuted, layout, shape or undecided. ``conditions``: where both sides are defined and which
    conventions at kinks were met. ``counterexample`` and ``diagnosis`` belong to wrong claims and may be None.
    """

    status: str
    evidence: Evidence
    conditions: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    diagnosis: Diagnosis | None = None
    claim: Tensor | None = field(default=None, repr=False)
    truth: Tensor | None = field(default=None, repr=False)

    @property
    def repair(self) -> Tensor | None:
        """The corrected claim, if the mistake was found."""
        return self.diagnosis.repair if self.diagnosis else None

    @property
    def holds(self) -> bool | None:
        """True for proved and agrees, False for refuted and shape, None for layout and undecided."""
        return {"proved": True, "agrees": True, "refuted": False, "shape": False}.get(self.status)

    def __bool__(self) -> bool:
        raise UnsupportedError(
            "a verdict is more than true or false; read .status, or .holds (True, False, or None for layout and undecided)"
        )

    def __str__(self) -> str:
        lines = [f"{self.status}: {self.evidence}"]
        lines += [f"where {condition}" for condition in self.conditions]
        if self.counterexample:
            lines.append(str(self.counterexample))
        if self.diagnosis:
            lines.append(f"likely mistake: {self.diagnosis}")
            lines.append(f"corrected: {self.repair_text}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rest = str(self).splitlines()
        status, _, sentence = head.partition(": ")
        items = "".join(f"<li>{html.escape(line)}</li>" for line in rest)
        return (
            f'<div class="verdict {self.status}"><strong>{html.escape(status)}</strong>: {html.escape(sentence)}'
            + (f"<ul>{items}</ul>" if items else "")
            + "</div>"
        )

    def _repr_latex_(self) -> str:
        if self.claim is None or self.truth is None:
            return ""
        relation = {"proved": "=", "agrees": "=", "refuted": r"\neq", "shape": r"\neq"}.get(
            self.status, r"\overset{?}{=}"
        )
        try:
            return f"$\\displaystyle {latex(self.claim)} {relation} {latex(self.truth)}$"
        except ChainruleError:
            return ""

    @property
    def repair_latex(self) -> str:
        """The corrected claim in LaTeX, empty if there is none."""
        return latex(self.repair) if self.repair is not None else ""

    @property
    def repair_text(self) -> str:
        """The corrected claim as text, empty if there is none."""
        return text(self.repair) if self.repair is not None else ""


def number_text(v: Any, digits: int = 8) -> str:
    """A whole number or fraction as it is, any other number to the given digits.

    >>> number_text(Fraction(3, 2)), number_text(-2), number_text(0.333333333333)
    ('3/2', '-2', '0.33333333')
    """
    if isinstance(v, (int, Fraction)):
        return str(v)
    if isinstance(v, float):
        return f"{v:.{digits}g}"
    import mpmath

    return mpmath.nstr(v, digits)


def unravelled(position: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The index of a flat position.

    >>> unravelled(5, (2, 3))
    (1, 2)
    """
    entry: list[int] = []
    for n in reversed(shape):
        position, k = divmod(position, n)
        entry.append(k)
    return tuple(reversed(entry))


def nested(flat: Sequence[Any], shape: Sequence[int]) -> Any:
    """Flat values as nested tuples; fractions that are whole become ints.

    >>> nested([1, 2, 3, 4, 5, 6], (2, 3))
    ((1, 2, 3), (4, 5, 6))
    """
    if not shape:
        v = flat[0]
        return int(v) if isinstance(v, Fraction) and v.denominator == 1 else v
    step = len(flat) // shape[0] if shape[0] else 0
    return tuple(nested(flat[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0]))


def _value_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value_text(v) for v in value) + "]"
    return number_text(value)


def _entry_text(entry: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, entry)) + "]"

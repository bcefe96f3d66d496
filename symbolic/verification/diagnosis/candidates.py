"""Candidates: edits of one of the two programs, each with the mistake that the edit would undo or make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symbolic.errors import ChainruleError
from symbolic.notation import name_text, text
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.surgery import rebuilt


@dataclass(frozen=True, eq=False)
class Candidate:
    """An edit of one side that may explain the difference.

    ``side`` is the program that is edited: an edited claim is to have the truth's values (and is the repair), an edited
    truth the claim's (the mistake made on purpose; the repair is then the truth). ``changes`` replaces tensors of that
    program. ``after``: the label before which it is not meant, where both explain the difference.
    """

    label: str
    detail: str
    side: str
    output: Tensor
    changes: Mapping[Tensor, Tensor]
    after: str = ""

    @property
    def tensor(self) -> Tensor:
        """The edited program."""
        return rebuilt(self.output, self.changes)


def replaced(label: str, detail: str, claim: Tensor, by: Tensor) -> Candidate:
    """The candidate that puts another tensor in the place of the whole claim."""
    return Candidate(label, detail, "claim", claim, {claim: by})


def name_of(t: Tensor) -> str:
    """How a detail mentions a tensor: its name, or its mark, which ``readable`` resolves."""
    return t.label


def readable(detail: str, tensors: Iterable[Tensor]) -> str:
    """A detail with the marks of unnamed tensors (``_12[i]``) written as what they compute, and named ones as in print."""
    tensors = list(tensors)
    unnamed = {t.label: t for t in tensors if t.name is None}
    named = {t.name: t for t in tensors if t.name is not None}
    if named:
        names = "|".join(sorted(map(re.escape, named), key=len, reverse=True))
        detail = re.sub(rf"(?<!\w)({names})(?!\w)(?:\[[^\]]*\])?", lambda mark: name_text(mark[1]), detail)
    detail = re.sub(r"(?<!\*)\*(?!\*)", "·", detail)

    def written(mark: re.Match) -> str:
        t = unnamed.get(mark[1])
        try:
            formula = text(t) if t is not None else ""
        except ChainruleError:
            formula = ""
        if not formula or len(formula) > LONGEST:
            return "an intermediate result"
        return formula if formula.isalnum() or mark.end() == len(mark.string) else f"({formula})"

    return _MARK.sub(written, detail)


LONGEST = 60
_MARK = re.compile(r"(?<!\w)(_\d+)(?:\[[^\]]*\])?")

"""Candidates: edits of one of the two programs, each with the mistake that the edit would undo or make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.surgery import rebuilt


@dataclass(frozen=True, eq=False)
class Candidate:
    """An edit of one side that may explain the difference.

    ``side`` is the program that is edited: an edited claim is to have the truth's values (and is the repair), an edited
    truth the claim's (the mistake made on purpose; the repair is then the truth). ``changes`` replaces tensors of that
    program.
    """

    label: str
    detail: str
    side: str
    output: Tensor
    changes: Mapping[Tensor, Tensor]

    @property
    def tensor(self) -> Tensor:
        """The edited program."""
        return rebuilt(self.output, self.changes)


def replaced(label: str, detail: str, claim: Tensor, by: Tensor) -> Candidate:
    """The candidate that puts another tensor in the place of the whole claim."""
    return Candidate(label, detail, "claim", claim, {claim: by})


def name_of(t: Tensor) -> str:
    """How a message calls a tensor: its name, or the formula of its body."""
    if t.name:
        return t.name
    body = getattr(t.definition, "body", None)
    text = str(body) if body is not None else t.label
    return text if len(text) <= 40 else "an intermediate result"

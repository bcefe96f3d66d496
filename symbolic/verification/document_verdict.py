"""What is said of a document: a verdict for each claim, the layout, what was declared, what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symbolic.verification.elaboration.scope import Layout

RIGHT = ("proved", "agrees")
WRONG = ("refuted", "shape")


def in_one_line(latex: str) -> str:
    """A formula as it stands in a document, without its marks of alignment and breaks of lines."""
    return " ".join(latex.replace("&", " ").split())


@dataclass(frozen=True)
class ClaimVerdict:
    """One claim, judged twice: ``status`` against the model, ``follows`` against what the author wrote before.

    ``line`` and ``column`` are where its formula starts, from 1. ``status``: proved, agrees, refuted, layout, shape,
    undecided, unreadable. ``follows``: True, False, or None at the start of a derivation. ``place``: its offsets in the text.
    """

    line: int
    column: int
    latex: str
    status: str
    follows: bool | None
    evidence: str = ""
    diagnosis: str = ""
    repair: str = ""
    counterexample: str = ""
    conditions: tuple[str, ...] = ()
    place: tuple[int, int] = (0, 0)

    @property
    def right(self) -> bool | None:
        """True, False, or None where it is neither (another layout, not decided, not read)."""
        return True if self.status in RIGHT else False if self.status in WRONG else None

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "line": self.line,
            "column": self.column,
            "latex": self.latex,
            "status": self.status,
            "follows": self.follows,
            "diagnosis": self.diagnosis or None,
            "repair": self.repair or None,
            "counterexample": self.counterexample or None,
            "evidence": self.evidence,
            "conditions": list(self.conditions),
        }

    def left_open(self, reason: str) -> ClaimVerdict:
        """The same line, accused of nothing."""
        return replace(
            self, status="undecided", follows=None, evidence=reason, diagnosis="", repair="", counterexample=""
        )


@dataclass(frozen=True)
class Problem:
    """Something that could not be understood, with its place and what to do."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True)
class Taken:
    """An equality that is no claim: a "definition" says what a symbol is; a "condition" where something holds; what is
    "unjudged" is anything else (a range, a general form that later lines fill in). ``line`` and ``column`` are where it starts, from 1.
    """

    line: int
    column: int
    latex: str
    kind: str


@dataclass(frozen=True)
class DocumentVerdict:
    """The judgement of a document; see ``check_document``.

    ``declarations`` say how symbols were read, ``blame`` in one sentence each which line is wrong and which follow from it,
    ``taken`` how the equalities were read that are no claims: none is passed over.
    """

    claims: tuple[ClaimVerdict, ...]
    layout: Layout
    layout_reason: str
    declarations: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    blame: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    taken: tuple[Taken, ...] = ()

    def exit_code(self, strict: bool = False) -> int:
        """0 all right, 1 something refuted, 2 something undecided or not understood."""
        right = RIGHT[:1] if strict else RIGHT
        if any(c.status in WRONG or c.status == "layout" for c in self.claims):
            return 1
        return 2 if self.problems or any(c.status not in right for c in self.claims) or not self.claims else 0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "claims": [c.as_dict() for c in self.claims],
            "layout": str(self.layout),
            "declarations": list(self.declarations),
            "problems": [{"line": p.line, "column": p.column, "message": p.message} for p in self.problems],
            "blame": list(self.blame),
            "notes": list(self.notes),
            "taken": [{"line": t.line, "column": t.column, "latex": t.latex, "as": t.kind} for t in self.taken],
        }

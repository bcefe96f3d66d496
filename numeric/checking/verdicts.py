"""What is said of a backward function: a verdict for each gradient, for each line, and which line is to blame."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT, WRONG = ("proved", "agrees"), ("refuted", "shape")
WORST_FIRST = ("refuted", "shape", "undecided", "agrees", "proved")


@dataclass(frozen=True)
class OutputVerdict:
    """One output of a backward function: the parameter that it is the gradient of, a status as in ``symbolic.check``, why.

    ``line``: where its value is last assigned, 0 if that is not known.
    """

    name: str
    status: str
    evidence: str
    line: int = 0
    counterexample: str = ""


@dataclass(frozen=True)
class LineVerdict:
    """One line of a backward function, judged twice, as a line of a document is.

    ``status``: agrees or refuted, against the cotangent of the forward function's own intermediate value; undecided where
    only a repair tells that the line is wrong. ``follows``: right once the lines before it are mended; None where nothing was
    wrong before it. ``diagnosis`` and ``repair`` are given only where the repaired line, run again, makes the gradients right.
    """

    line: int
    code: str
    variable: str
    status: str
    follows: bool | None
    evidence: str = ""
    diagnosis: str = ""
    label: str = ""
    repair: str = ""
    function: str = ""


@dataclass(frozen=True)
class CodeVerdict:
    """The verdict on a backward function; ``found``: the shapes were not told but found by trial.

    ``lines`` that could be judged, in the order of the file; ``blame`` in one sentence for each line that breaks.
    """

    outputs: tuple[OutputVerdict, ...]
    shapes: tuple[tuple[str, tuple[str, ...]], ...]
    found: bool = False
    lines: tuple[LineVerdict, ...] = ()
    blame: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """The worst of the outputs' statuses."""
        return next((status for status in WORST_FIRST if any(o.status == status for o in self.outputs)), "undecided")

    @property
    def culprits(self) -> tuple[LineVerdict, ...]:
        """The lines that are wrong of themselves."""
        return tuple(line for line in self.lines if line.status in WRONG and not line.follows)

    def exit_code(self, strict: bool = False) -> int:
        """0 all right, 1 something refuted, 2 something undecided."""
        statuses = [o.status for o in self.outputs]
        if any(s in WRONG for s in statuses):
            return 1
        return 0 if statuses and all(s in (RIGHT[:1] if strict else RIGHT) for s in statuses) else 2

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON: gradients as claims, and lines, both with the keys that claims of documents have."""
        return {
            "claims": [_claim(o, self.culprits) for o in self.outputs],
            "lines": [_line_claim(line) for line in self.lines],
            "blame": list(self.blame),
            "notes": list(self.notes),
            "shapes": {name: list(shape) for name, shape in self.shapes},
            "shapes_found_by_trial": self.found,
        }


def _claim(o: OutputVerdict, culprits: tuple[LineVerdict, ...]) -> dict[str, object]:
    """A gradient; where it is wrong, with the mistake of the line that breaks, its own or the one that it follows from."""
    wrong = o.status in WRONG
    own = next((x for x in culprits if x.line == o.line), None)
    culprit = own or (culprits[0] if culprits else None) if wrong else None
    return {
        "name": o.name,
        "line": o.line or None,
        "latex": f"d{o.name}",
        "status": o.status,
        "follows": own is None if culprit else None,
        "diagnosis": (culprit.diagnosis or None) if culprit else None,
        "repair": (culprit.repair or None) if culprit else None,
        "counterexample": o.counterexample or None,
        "evidence": o.evidence,
    }


def _line_claim(x: LineVerdict) -> dict[str, object]:
    return {
        "name": x.variable,
        "line": x.line,
        "latex": x.code,
        "status": x.status,
        "follows": x.follows,
        "diagnosis": x.diagnosis or None,
        "repair": x.repair or None,
        "counterexample": None,
        "evidence": x.evidence,
    }

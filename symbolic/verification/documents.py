"""``check_document``: a hand calculation in Markdown or LaTeX, judged line by line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from symbolic.verification.document_verdict import RIGHT, WRONG, ClaimVerdict, DocumentVerdict, Problem, Taken
from symbolic.verification.elaboration.scope import Layout
from symbolic.verification.judging.blame import blame
from symbolic.verification.judging.judge import Judge
from symbolic.verification.judging.layout import inferred
from symbolic.verification.judging.reader import Reader
from symbolic.verification.judging.reservations import resting
from symbolic.verification.judging.second_reading import reconsidered
from symbolic.verification.judging.supplied import with_supplied
from symbolic.verification.reading.declarations import declarations
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.parts import Part, parts
from symbolic.verification.reading.pieces import Source, split
from symbolic.verification.reading.sections import Section, own_sections

__all__ = ["ClaimVerdict", "DocumentVerdict", "check_document"]

MOST_CLAIMS = 500


def check_document(text: str, latex: bool | None = None, seconds: float = 120) -> DocumentVerdict:
    """Judge every claim of a document. ``latex``: whether it is LaTeX rather than Markdown (None: looked at).

    What the document declares and defines becomes the program; every further equality is a claim, judged against the program
    and against the line before. Nothing in the document is executed. ``seconds`` bounds the whole; what is left is a problem.

    >>> verdict = check_document(r"Let $x \\in \\mathbb{R}^n$ and $f = x^\\top x$. Then $\\nabla_x f = x$.")
    >>> [(c.line, c.status) for c in verdict.claims]
    [(1, 'refuted')]
    """
    if latex is None:
        latex = r"\begin{document}" in text or r"\documentclass" in text
    source = split(text, latex)
    read = [(part, declarations(part.source)) for part in parts(source, latex)]
    deadline = time.monotonic() + seconds
    given = next((declared.otimes for _, declared in read if declared.otimes), "")
    judged = _judged(read, given or "kronecker", deadline)
    supplied = _supplied(read, judged, given or "kronecker", deadline)
    if supplied is not None:
        read, judged = supplied
    other = None
    if not given and re.search(r"\\otimes|⊗", text) and _misfits(judged.claims):
        other = _judged(read, "hadamard", deadline)
        if _misfits(other.claims) < _misfits(judged.claims):
            other.notes.append("⊗ is read as the product entry by entry; as an outer product the shapes do not fit")
            judged = other
    otimes = "hadamard" if judged is other else given or "kronecker"
    layout = judged.layout
    declare = partial(with_supplied, layout=layout, otimes=otimes) if supplied is not None else declarations
    for section in own_sections(source, latex) if len(judged.claims) > 1 else ():
        _read_by_itself(judged, section, declare, otimes, deadline)
    first = judged.claims
    judged.claims = reconsidered(
        source, latex, judged.claims, judged.notes, judged.layout, otimes, lambda: time.monotonic() > deadline, declare
    )
    left = {c.place[0] for c in judged.claims}
    judged.taken += [(c.place[0], c.latex, "definition") for c in first if c.place[0] not in left]
    placed = sorted(
        {Problem(source.line(place), source.column(place), message) for place, message in judged.problems},
        key=lambda p: (p.line, p.column),
    )
    return DocumentVerdict(
        tuple(judged.claims),
        judged.layout,
        judged.reason,
        tuple(dict.fromkeys(judged.symbols)),
        tuple(placed),
        blame(judged.claims),
        tuple(dict.fromkeys(judged.notes)),
        tuple(Taken(source.line(p), source.column(p), latex, kind) for p, latex, kind in sorted(judged.taken)),
    )


@dataclass
class _Judged:
    layout: Layout
    reason: str
    claims: list[ClaimVerdict] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    taken: list[tuple[int, str, str]] = field(default_factory=list)


def _read_by_itself(
    judged: _Judged, section: Section, declare: Callable[[Source], Declarations], otimes: str, deadline: float
) -> None:
    """Take the reading of a section without the ones before it, where more of its claims are right in it."""
    part = section.part
    mine = {c.place[0]: c for c in judged.claims if part.start <= c.place[0] < part.end}
    if all(c.status in RIGHT for c in mine.values()) or (
        section.borrowed and any(c.status == "refuted" for c in mine.values())
    ):
        return
    alone = _judged([(part, declare(part.source))], otimes, deadline, judged.layout)
    other = {c.place[0]: c for c in alone.claims}
    right = {at for at, c in other.items() if c.status in RIGHT}
    accused = {at for at, c in other.items() if c.status in WRONG and (at not in mine or mine[at].status not in WRONG)}
    before = {at for at, c in mine.items() if c.status in RIGHT}
    if (section.borrowed and accused) or not before < right:
        return

    def outside(items: list, place: Callable) -> list:
        return [item for item in items if not part.start <= place(item) < part.end]

    judged.claims = sorted(
        [*outside(judged.claims, lambda c: c.place[0]), *alone.claims], key=lambda claim: claim.place[0]
    )
    judged.problems = [*outside(judged.problems, lambda p: p[0]), *alone.problems]
    judged.taken = [*outside(judged.taken, lambda t: t[0]), *alone.taken]
    judged.symbols += alone.symbols
    line = part.source.line(part.start)
    judged.notes += [*alone.notes, f"the section from line {line} on is read without what sections before it say"]


def _judged(
    read: list[tuple[Part, Declarations]], otimes: str, deadline: float, layout: Layout | None = None
) -> _Judged:
    """All claims of a document under one reading of ⊗, in the ``layout`` given or inferred."""
    sources = [(part.source, declared, (part.start, part.end)) for part, declared in read]
    found = _Judged(layout, "") if layout is not None else _Judged(*inferred(sources, otimes))
    for part, declared in read:
        reader = Reader(part.source, declared, found.layout, otimes)
        judge = Judge(reader)
        for line in reader.lines():
            if not part.start <= line.chain.start < part.end:
                continue
            if len(found.claims) >= MOST_CLAIMS or time.monotonic() > deadline:
                message = "the time or the number of claims for one document is used up; split it"
                reader.problem((line.chain.start, line.chain.end), message)
                break
            verdict = judge(line)
            if judge.is_condition(line, verdict):
                reader.suppose(verdict.place[0], verdict.latex)
                reader.resting.append(line)
                found.taken.append((line.start, verdict.latex, "condition"))
            else:
                found.claims.append(resting(reader, line, verdict))
        found.problems += [p for p in (*declared.problems, *reader.problems) if part.start <= p[0] < part.end]
        found.symbols += _declared(declared, reader)
        found.notes += reader.scope.notes
        for chain, defines in reader.unclaimed:
            if part.start <= chain.start < part.end and not any(
                chain.start <= p[0] < chain.end for p in found.problems
            ):
                latex = part.source.text[chain.start : chain.end].strip()
                condition = any(chain.start <= place < chain.end for place in reader.supposed_at)
                kind = "definition" if defines else "condition" if condition else "unjudged"
                found.taken.append((chain.start, latex, kind))
    return found


def _supplied(
    read: list[tuple[Part, Declarations]], judged: _Judged, otimes: str, deadline: float
) -> tuple[list[tuple[Part, Declarations]], _Judged] | None:
    """The document with the shapes that its formulas together tell of undeclared symbols; None where that reads no more of it."""
    if not any(c.status == "unreadable" for c in judged.claims) and not judged.problems:
        return None
    again = [(part, with_supplied(part.source, judged.layout, otimes)) for part, _ in read]
    told = any(found.supplied for _, found in again)
    other = _judged(again, otimes, deadline) if told else None
    return (again, other) if other is not None and _better(other.claims, judged.claims) else None


def _better(new: list[ClaimVerdict], old: list[ClaimVerdict]) -> bool:
    """Whether a reading finds more lines right, and none wrong that was right."""
    right, wrong = ({c.place[0] for c in new if c.status in kind} for kind in (RIGHT, WRONG))
    before = {c.place[0] for c in old if c.status in RIGHT}
    return len(right) > len(before) and not before & wrong and len(wrong) <= len(right)


def _misfits(claims: list[ClaimVerdict]) -> int:
    return sum(c.status == "shape" for c in claims)


def _declared(declared: Declarations, reader: Reader) -> tuple[str, ...]:
    """How each symbol was read, in words."""
    found = []
    for name, item in declared.names.items():
        value = reader.scope.values.get(name)
        if value is None:
            continue
        shape = " × ".join(str(e) for e in value.tensor.extents) or "real number"
        assume = (
            f", {', '.join(sorted(a.replace('_', ' ') for a in value.tensor.assume))}" if value.tensor.assume else ""
        )
        found.append(f"{item.tex}: {shape}{assume}")
    for name, meaning in reader.scope.functions.items():
        if isinstance(meaning, str):
            found.append(f"{name}: read as the function {meaning}")
        elif type(meaning).__name__ == "Generic":
            found.append(f"{name}: any differentiable function, entry by entry")
    return tuple(found)

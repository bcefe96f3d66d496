"""A document read a second time, with its letters in other meanings, before any of its lines is called wrong.

The same letter is often introduced twice. Where a line fails with one meaning and holds with another, and that other
reading makes no further line wrong, the mistake may be the reader's: the line is left open, and its author is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbolic.verification.document_verdict import RIGHT, WRONG, ClaimVerdict
from symbolic.verification.elaboration.scope import Layout
from symbolic.verification.judging.judge import Judge
from symbolic.verification.judging.reader import Reader
from symbolic.verification.judging.reservations import is_unconnected, resting
from symbolic.verification.reading.declarations import declarations
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.parts import Part, alone, introduced, parts, perhaps_anew, told_anew
from symbolic.verification.reading.pieces import Source

Declare = Callable[[Source], Declarations]
_ASSUMED = ("is not declared and read as", "is not defined: it is read as")


@dataclass(frozen=True)
class _Other:
    """Another reading: its parts, in words how it differs, and the place of the line that it takes for a definition."""

    parts: tuple[Part, ...]
    words: str
    defines: int = -1
    alone: bool = False  # whether that line alone, with its new symbols, is reason enough
    sums: bool = False  # whether dZ of a batch is the derivative of the sum of the losses


def reconsidered(
    source: Source,
    latex: bool,
    claims: list[ClaimVerdict],
    notes: list[str],
    layout: Layout,
    otimes: str,
    over: Callable[[], bool],
    declare: Declare = declarations,
) -> list[ClaimVerdict]:
    """The claims, those left open that hold under another meaning of their letters; ``declare`` reads declarations."""
    found = {c.place[0]: c for c in claims}
    if not any(c.status in WRONG for c in claims):
        return claims
    for other in _others(source, latex, claims):
        wrong = {at for at, c in found.items() if c.status in WRONG or is_unconnected(c)}
        inside = {at for at in wrong if any(p.start <= at < p.end for p in other.parts)}
        if not inside or over() or (other.defines >= 0 and other.defines not in wrong):
            continue
        status = _verdicts(other, inside, notes, layout, otimes, over, declare)
        cleared = {at for at in inside if at in status and status[at].status in RIGHT}
        if not cleared and not other.alone:
            continue
        every = _verdicts(other, None, notes, layout, otimes, over, declare)
        worse = sum(v.status in WRONG and at in found and at not in wrong for at, v in every.items())
        if not every or worse >= (len(cleared) if other.sums else 1):
            continue
        if (other.defines >= 0 or other.sums) and len(cleared) > 1:
            _adopt(found, _verdicts(other, None, notes, layout, otimes, over, declare, explains=True), other, notes)
            continue
        for at in sorted(cleared | ({other.defines} & inside)):
            sentence = "as it is read it does not hold, but "
            sentence += f"it does {other.words}" if at in cleared else f"it is no claim {other.words}"
            found[at] = found[at].left_open(f"{sentence}; say which is meant")
    return [found[c.place[0]] for c in claims if c.place[0] in found]


def _adopt(found: dict[int, ClaimVerdict], every: dict[int, ClaimVerdict], other: _Other, notes: list[str]) -> None:
    """Take a line for a definition where that makes several lines behind it right and none wrong; it is said so."""
    notes.append(
        f"read {other.words}: with the earlier meaning lines behind it would be wrong, with this one they are right"
    )
    found.pop(other.defines, None)
    found.update({at: verdict for at, verdict in every.items() if at in found and at > other.defines})


def _others(source: Source, latex: bool, claims: list[ClaimVerdict]) -> Iterator[_Other]:
    """The other readings of a document, the narrowest first."""
    told = introduced(source)
    for part in alone(source, latex):
        again = {n for n, a in told if part.start <= a < part.end} & {n for n, a in told if a < part.start}
        if again:
            line = source.line(min(a for n, a in told if n in again and part.start <= a < part.end))
            yield _Other((part,), f"with {', '.join(sorted(again))} as introduced from line {line} on")
    usual = parts(source, latex)
    if len(usual) > 1 and not told_anew(source):
        yield _Other((Part(0, len(source.text), source),), "with the letters as the document first introduces them")
    if re.search(r"(?<![A-Za-z])d\s*\\?[A-Z]", source.text):
        words = "with dZ of what is computed for a batch as the derivative of the sum of the losses, not of their mean"
        yield _Other((Part(0, len(source.text), source),), words, sums=True)
    for start, (name, new) in perhaps_anew(source).items():
        cut = parts(source, latex, frozenset([start]))
        here = next(p for p in cut if p.start <= start < p.end)
        yield _Other((here,), f"if line {source.line(start)} defines {name} anew", start, new)


def _verdicts(
    other: _Other,
    places: set[int] | None,
    notes: list[str],
    layout: Layout,
    otimes: str,
    over: Callable[[], bool],
    declare: Declare,
    explains: bool = False,
) -> dict[int, ClaimVerdict]:
    """The verdict on each claim (at ``places``, or all) in another reading; none where that takes more for granted."""
    found: dict[int, ClaimVerdict] = {}
    for part in other.parts:
        reader = Reader(part.source, declare(part.source), layout, otimes, other.sums)
        judge = Judge(reader, explains)
        for line in reader.lines():
            if over():
                return {}
            if not part.start <= line.start < part.end or (places is not None and line.start not in places):
                continue
            verdict = judge(line)
            if judge.is_condition(line, verdict):
                reader.resting.append(line)
            else:
                found[verdict.place[0]] = resting(reader, line, verdict)
        if any(sign in note and note not in notes for note in reader.scope.notes for sign in _ASSUMED):
            return {}
    return found

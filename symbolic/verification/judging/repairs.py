"""The mistake in a line that is found by editing what is written, confirmed by what the edited line says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symbolic.errors import ChainruleError
from symbolic.verification.diagnosis.edits import MOST_EDITS, Edit
from symbolic.verification.diagnosis.mistakes import RANK, explained
from symbolic.verification.effort import SECOND, spend, spent
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar.syntax import Node
from symbolic.verification.judging.comparison import Judged, compare

TRY = 1000.0  # effort of reading one edited formula


def repaired(
    tries: Iterable[Edit], judged: Judged, truth: Value, value: Callable[[Node], Value], effort: float = SECOND
) -> Judged:
    """``judged`` with the mistake whose undoing makes the formula right, if one of ``tries`` does."""
    end = spent() + effort
    found: list[tuple[str, str]] = []
    for tried, (label, detail, edited) in enumerate(tries):
        if tried >= MOST_EDITS or spent() > end:
            break
        spend(TRY)
        if found and RANK[label] >= min(RANK[other] for other, _ in found):
            continue
        try:
            claim = value(edited)
        except (ChainruleError, ArithmeticError, RecursionError):
            continue
        if compare(claim, truth, True, diagnosed=False).verdict.status in ("proved", "agrees"):
            found.append((label, detail))
    if not found:
        return judged
    label, detail = min(found, key=lambda item: RANK[item[0]])
    bare = replace(judged.verdict, diagnosis=None)
    return replace(judged, verdict=bare, label=f"{label}: {explained(label, detail)}")

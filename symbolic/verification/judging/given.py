"""Numbers that a document gives, put in for the symbols that it gives them for."""

from __future__ import annotations

from dataclasses import replace

from symbolic.program.graph import leaves
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.comparison import Judged, compare
from symbolic.verification.judging.reader import Line, Reader
from symbolic.verification.judging.worked import constant
from symbolic.verification.reading.names import name_of


def with_given(reader: Reader, line: Line, judged: Judged) -> Judged:
    """A claim that is right once the numbers that the document gives are put in, where the claim names none of their symbols.

    0, 1 and −1 are not put in: a factor or term that a person forgot could hide behind them.
    """
    claim, truth = judged.claim, judged.truth
    if judged.verdict.status != "refuted" or claim is None or truth is None or not reader.given:
        return judged
    if any(name_of(n) in reader.given for n in s.walk(line.right)):
        return judged
    numbers_ = {
        value.tensor.serial: constant(given, given.shape)
        for name, given in reader.given.items()
        if (value := reader.scope.values.get(name)) is not None
        and value.tensor.definition is None
        and not {abs(x) for x in given.entries} <= {0, 1}
    }
    put_in = [t.serial for t in leaves([truth, claim]) if t.serial in numbers_]
    if not put_in:
        return judged
    held = [substituted(t, lambda u: numbers_.get(u.serial)) for t in (claim, truth)]
    again = compare(Value(held[0]), Value(held[1]), True, diagnosed=False)
    return replace(judged, verdict=again.verdict) if again.holds else judged

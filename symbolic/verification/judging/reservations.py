"""Wrong claims that are left open all the same: what is said of them was not understood, or may be read otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from symbolic.program.equations import Equation
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.document_verdict import ClaimVerdict
from symbolic.verification.elaboration.operators import named_values
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope
from symbolic.verification.elaboration.values import Value, number
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.ahead import defined_later, free_symbol
from symbolic.verification.judging.comparison import Judged, compare, said
from symbolic.verification.judging.derivative_claims import is_derivative
from symbolic.verification.judging.doubts import holds_otherwise
from symbolic.verification.judging.mood import conditionally, loosely
from symbolic.verification.judging.solutions import as_solution
from symbolic.verification.judging.supposed import is_zero
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.parts import apart, concludes

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader


def is_unconnected(verdict: ClaimVerdict) -> bool:
    """Whether a line was left open since no path was read from the variable to what is differentiated."""
    return verdict.status == "undecided" and verdict.evidence.endswith("so this would be 0")


def of_unconnected(truth: Value, judged: Judged) -> Judged:
    """A wrong derivative of what does not contain the variable is left open: no path was read, though one may be meant."""
    of, by = truth.of, truth.by
    if judged.verdict.status not in ("refuted", "shape") or of is None or by is None or by.definition is not None:
        return judged
    nothing = isinstance(eq := truth.tensor.definition, Equation) and eq.body == 0
    if not nothing or any(t is by for t in leaves([of])):
        return judged
    if of.name is None:
        return said("undecided", f"{by.name} does not stand in what is differentiated here, so this would be 0")
    return said("undecided", f"{by.name} does not stand in {of.name} as it is written here, so this would be 0")


def on_condition(reader: Reader, line: Line, judged: Judged) -> Judged:
    """A claim that fails in general is left open where the document says more of its symbols than was understood, or less.

    Derivatives of a cost that is never defined are told by derivatives of it; a right side without any says
    something about that cost, which may well be so.
    """
    if judged.holds and _says_nothing(reader, line, judged):
        return said("undecided", "nothing that was read connects this cost with what it is differentiated by")
    if judged.verdict.status not in ("refuted", "shape"):
        return judged
    lost = reader.unread | set(reader.failed)
    if lost:
        read = {t.name for t in leaves([t for t in (judged.claim, judged.truth) if t is not None])}
        for name in sorted(lost - reader.definitions.keys()):
            if re.sub(r"_[a-z]{1,3}$", "", name) in read - {name}:  # z where z_j = … could not be read
                return said(
                    "undecided",
                    f"the definition of {name} could not be read, so what is said of it cannot be judged",
                )
        for node in (n for side in (line.left, line.right) if isinstance(side, s.Node) for n in s.walk(side)):
            name = name_of(node)
            if name in lost and name not in reader.definitions:
                return said(
                    "undecided",
                    f"the definition of {name} could not be read, so what is said of it cannot be judged",
                )
    if isinstance(line.left, s.Differential) and _short_for_gradient(reader):
        return said(
            "undecided", "what is free varies freely; if d is short for the derivative of a cost, write it as ∂"
        )
    if judged.verdict.status == "shape" and (name := _supplied(reader, line)):
        return said(
            "undecided", f"{name} is not declared; with the shapes that the other formulas tell this does not fit"
        )
    varied = isinstance(line.left, s.Differential) and isinstance(line.right, s.Node) and not is_zero(line.right)
    if varied and not any(isinstance(n, s.Differential) for n in s.walk(line.right)):
        sentence = "nothing varies on the right; if d is short for the derivative of a cost, write it as ∂"
        return said("undecided", sentence)
    behind = _declared_behind(reader, line)
    if behind:
        return said("undecided", f"{behind} is declared only in a part further on, and may mean something else here")
    free = free_symbol(reader, line.left)
    if free:
        if isinstance(line.left, s.Scripted) and name_of(line.left) not in reader.scope.values:
            reader.unadopted.add(free)  # an entry of an array
        solution = as_solution(reader, line, reader.scope.values[free].tensor, judged.claim)
        told = f"{free} is declared as free; what {free} equals is no consequence of what is written"
        return solution or said("undecided", told)
    later = defined_later(reader, line)
    if later:
        return said("undecided", f"{later} is defined only further on, so this may be said of any {later}")
    twice = _told_twice(reader, line)
    if twice:
        return said("undecided", f"{twice} is told twice, and this may be said of either")
    if judged.claim is None or judged.truth is None:
        return judged
    steps = _steps(reader, judged.claim, judged.truth)
    if steps:
        return said("undecided", f"{' and '.join(steps)} are steps of one recurrence, which is not put in here")
    unknown = reader.of_costs
    if (unknown & serials(judged.truth) or _of_unknown_cost(reader, line)) and not unknown & serials(judged.claim):
        names = ", ".join(sorted(reader.costs))
        return said(
            "undecided", f"{names} is not defined in this document, so its derivative cannot be compared with this"
        )
    read = {t.name for t in leaves([judged.claim, judged.truth])}
    nothing = isinstance(eq := judged.truth.definition, Equation) and eq.body == 0
    for name in sorted(reader.unadopted):
        if nothing or reader.scope.values[name].tensor.name in read:
            return said("undecided", f"what is said of {name}, which is declared as free, is not put in here")
    told = {t.name for t in leaves([judged.truth])}
    for name, meaning in reader.scope.functions.items():
        if isinstance(meaning, Generic) and f"{name}_a_" in read and f"{name}_a_" not in told:
            return said("unreadable", f"the function {name} is not declared; say what it is, as in ${name}(t) = …$")
    for names, text, fixes in reader.conditions:
        if read & names and not (fixes and fixes not in read):
            return said("undecided", f"it does not hold in general, and the condition {text} is not used here")
    return judged


def resting(reader: Reader, line: Line, verdict: ClaimVerdict) -> ClaimVerdict:
    """The verdict on a wrong equality that may follow from a condition shortly before it: ``Bw = λSw``, so ``w⊤Bw = λ``.

    It does not where other words than "so" stand between them.
    """
    if verdict.status != "refuted" or not isinstance(line.left, s.Node) or is_derivative(line.left):
        return verdict
    named = _symbols(reader, line)
    for condition in reversed(reader.resting):
        symbols, chain = _symbols(reader, condition), condition.chain
        if line.chain is not chain and not concludes(reader.source.text, chain.end, line.chain.start):
            continue
        if len(symbols & named) >= min(2, len(symbols)):
            told = " ".join(reader.source.text[chain.start : chain.end].split())
            return verdict.left_open(f"it does not hold in general, and may rest on the condition {told}")
    return verdict


def _symbols(reader: Reader, line: Line) -> set[str]:
    """The names of the values on both sides of a line."""
    nodes = [n for side in (line.left, line.right) if isinstance(side, s.Node) for n in s.walk(side)]
    return {name for n in nodes if (name := name_of(n)) in reader.scope.values}


def _short_for_gradient(reader: Reader) -> bool:
    """Whether the sheet says of some symbol that nothing defines what dV is: as a differential it would be free."""
    for _, chain in reader.everything:
        left, right = (reader.side(chain, k) for k in (0, 1)) if chain.signs[:1] == ("=",) else (None, None)
        if not isinstance(left, s.Differential) or left.body is None or not isinstance(right, s.Node) or is_zero(right):
            continue
        held = reader.scope.values.get(name_of(left.body) or "")
        if held is not None and held.tensor.definition is None:
            return True
    return False


def _supplied(reader: Reader, line: Line) -> str:
    """A symbol of a line whose shape is told by the formulas alone; empty if there is none."""
    names = {name_of(n) for side in (line.left, line.right) if isinstance(side, s.Node) for n in s.walk(side)}
    return min((name for name in reader.declared.supplied if name in names), default="")


def _told_twice(reader: Reader, line: Line) -> str:
    """A function of which a line speaks and which two formulas define, neither of them a claim; empty if there is none."""
    told: dict[str, set[object]] = {}
    for position in reader.done:
        chain = reader.everything[position][1]
        left, right = reader.side(chain, 0), reader.side(chain, 1)
        if isinstance(left, s.Call) and isinstance(left.head, s.Symbol) and isinstance(right, s.Node):
            told.setdefault(left.head.name, set()).add(s.plain(right))
    stack = [n for n in (line.left, line.right) if isinstance(n, s.Node)]
    read: set[str | None] = set()
    while stack:
        new = {name_of(n) for n in s.walk(stack.pop())} - read
        read |= new
        stack += [f.body for name in new if isinstance(f := reader.scope.functions.get(name or ""), FunctionOf)]
    return min((name for name, formulas in told.items() if len(formulas) > 1 and name in read), default="")


def _steps(reader: Reader, claim: Tensor, truth: Tensor) -> list[str]:
    """Two free steps of what a recurrence says, θ_t and θ_{t-1} beside θ_{t+1} = …; none where at most one is free."""
    free = {t.name for t in leaves([claim, truth]) if t.name}
    found: dict[str, list[str]] = {}
    for name in sorted(free):
        if match := re.fullmatch(r"(\w+?)_([a-z])(?:(?:plus|minus)\d)?", name):
            found.setdefault(match[1], []).append(name)
    for base, names in found.items():
        defined = any(re.fullmatch(rf"{base}_[a-z](?:(?:plus|minus)\d)?", name) for name in reader.definitions)
        if len(names) > 1 and defined:
            return names
    return []


def of_guess(reader: Reader, line: Line, judged: Judged, guessed: list[str], before: bool) -> Judged:
    """A wrong claim whose left side is only guessed at: dW before a side that is not read, σ′(z) of a z that nothing is.

    ``guessed``: the arguments that nothing declares; ``before``: whether the side before this one was judged.
    """
    if judged.verdict.status not in ("refuted", "shape") or line.k == 1 or not isinstance(line.right, s.Node):
        return judged
    if reader.gradients_of is not None and not before:
        return said("undecided", "the side before this one is not read, and may say of what this is the derivative")
    named = named_values(line.right, reader.scope) if isinstance(line.left, s.Call) and guessed else ()
    if any(x.tensor.definition is not None for x in named):
        return said("undecided", f"{guessed[0]} is not declared, and may be what the right side is about")
    return judged


def _declared_behind(reader: Reader, line: Line) -> str:
    """A symbol of a line that is declared only in another part of the document behind it; empty if there is none."""
    text, end = reader.source.text, line.chain.end
    for node in (n for side in (line.left, line.right) if isinstance(side, s.Node) for n in s.walk(side)):
        base = node.base if isinstance(node, s.Scripted) else node
        for name in {name_of(node), name_of(base)} - {None}:
            item = reader.declared.names.get(name or "")
            if item is not None and item.place > end and apart(text, end, item.place):
                return item.tex
    return ""


def _says_nothing(reader: Reader, line: Line, judged: Judged) -> bool:
    """Whether a claim about a cost that is never defined only holds as 0 = 0, of a variable that this cost is not read to have."""
    if not _of_unknown_cost(reader, line) or judged.truth is None or is_zero(line.right):
        return False
    return compare(Value(judged.truth), number(0), False, diagnosed=False).holds


def _of_unknown_cost(reader: Reader, line: Line) -> bool:
    """Whether the left side differentiates a cost that the document never defines."""
    nodes = s.walk(line.left) if isinstance(line.left, s.Node) else ()
    return any(isinstance(n, s.Derivative) and n.of is not None and name_of(n.of) in reader.costs for n in nodes)


def doubted(
    reader: Reader,
    line: Line,
    scope: Scope,
    truth: Value,
    judged: Judged,
    value: Callable[[s.Node], Value],
    derivative: bool,
    judged_for: bool = False,
) -> Judged:
    """A wrong claim is left open where its sentence does not state it outright, or where another reading makes it right."""
    if judged.verdict.status not in ("refuted", "shape") or not isinstance(line.right, s.Node):
        return judged
    if judged.verdict.status == "refuted":
        loose = loosely(reader.source, line.chain.start, line.chain.end)
        if loose:
            return said("undecided", f"it does not hold exactly, and the sentence says “{loose}”")
        leaves_ = [] if judged.claim is None or judged.truth is None else leaves([judged.claim, judged.truth])
        condition = conditionally(reader, line, set().union(*(t.assume for t in leaves_)), judged_for)
        if condition:
            return said("undecided", f"it does not hold in general, and the condition “{condition}” is not understood")
    other = holds_otherwise(scope, line.right, truth, value, reader.source.text, derivative)
    if other:
        return said(
            "undecided", f"as it is read it does not hold, but it does if {other}; which is meant? Brackets tell"
        )
    return judged


def serials(t: Tensor) -> set[int]:
    """The numbers of the declared tensors that ``t`` reads."""
    return {u.serial for u in leaves([t])}


def _untied(reader: Reader, line: Line) -> str:
    """A symbol of a right side that nothing declares and no definition reads: Φ where all else is said of the rows φ_n."""
    guessed = {name for name in reader.inferred.values() if name in reader.declared.supplied}
    if not guessed or not isinstance(line.right, s.Node):
        return ""
    read = {
        t.serial
        for name in reader.definitions
        if name in reader.scope.values
        for t in leaves([reader.scope.values[name].tensor])
    }
    tied = {name for k, name in reader.inferred.items() if k in read}
    left = {x.tensor.serial for x in named_values(line.left, reader.scope)} if isinstance(line.left, s.Node) else set()
    for value in named_values(line.right, reader.scope):
        if (name := reader.inferred.get(value.tensor.serial, "")) in reader.declared.customary:
            return name
    for value in named_values(line.right, reader.scope) if tied else ():
        name = reader.inferred.get(value.tensor.serial, "")
        if name in guessed - tied and value.tensor.serial not in left:
            return name
    return ""


def related(reader: Reader, line: Line, judged: Judged) -> Judged:
    """A wrong claim left open where it puts something else for a symbol that the document never declares.

    ``L = ½‖ŷ − y‖² = ½‖Xw − y‖²`` is no mistake if nothing that was read says what ŷ is.
    """
    untied = _untied(reader, line) if judged.verdict.status in ("refuted", "shape") else ""
    if untied:
        return said("undecided", f"nothing says what {untied} is, nor ties it to what this is about")
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    claim, truth = ({t.serial: t for t in leaves([u]) if t.definition is None} for u in (judged.claim, judged.truth))
    replaced = sorted(reader.inferred[k] for k in truth.keys() - claim.keys() if k in reader.inferred)
    if not replaced or not claim.keys() - truth.keys():
        return judged
    return said("undecided", f"nothing says what {', '.join(replaced)} is, so it may be what stands here instead of it")

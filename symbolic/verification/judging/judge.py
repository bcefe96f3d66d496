"""Each line judged twice: is it true of the model, and does it follow from what the author wrote before?"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from symbolic.errors import ChainruleError
from symbolic.notation import text
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.edits import edits, slope_edits
from symbolic.verification.document_verdict import ClaimVerdict
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.derivatives import subject
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.scope import Generic, Scope
from symbolic.verification.elaboration.values import ShapeMisfit, SizeUnknown, UnknownSymbol, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import NotJudged, ReadingError
from symbolic.verification.judging import numbers
from symbolic.verification.judging.ahead import free_symbol
from symbolic.verification.judging.authored import Authored
from symbolic.verification.judging.comparison import Judged, compare, said
from symbolic.verification.judging.derivative_claims import entries, is_derivative
from symbolic.verification.judging.differentials import Variations
from symbolic.verification.judging.equations import is_equation
from symbolic.verification.judging.given import with_given
from symbolic.verification.judging.mood import unstated, where_zero
from symbolic.verification.judging.occasions import concerns, occasion, restricted
from symbolic.verification.judging.reader import Line, Reader
from symbolic.verification.judging.readings import is_chain_rule, readings, with_arguments, with_variable
from symbolic.verification.judging.repairs import repaired
from symbolic.verification.judging.reservations import doubted, of_guess, of_unconnected, on_condition, related, serials
from symbolic.verification.judging.standing import with_standing
from symbolic.verification.judging.supposed import (
    follows_from_zero,
    in_brackets,
    is_zero,
    sets_to_zero,
    with_bound,
    with_distribution,
    with_property,
    with_supposed,
)
from symbolic.verification.judging.units import is_unit, with_units
from symbolic.verification.judging.worked import Worked
from symbolic.verification.reading.program import free_letters
from symbolic.verification.reading.reach import bracketed
from symbolic.verification.reading.statements import written
from symbolic.verification.verdict import Diagnosis

_UNNAMED = re.compile(r"t_\{\d{2,}\}")  # an intermediate result, which tells a reader nothing


class Judge:
    """Judges the lines that a reader hands on, in order."""

    def __init__(self, reader: Reader, explains: bool = True):
        self.reader = reader
        self.explains = explains  # whether a wrong line is to be explained, and what it follows from told
        self.authored = Authored()
        self.variations = Variations(reader)
        self.worked = Worked(reader, self.authored)
        self.right: dict[tuple[int, int], bool] = {}
        self.explained: dict[int, Judged] = {}
        self.guessed: list[str] = []  # arguments of the line that nothing declares

    def __call__(self, line: Line) -> ClaimVerdict:
        """The verdict on one line."""
        error = next((side for side in (line.left, line.right) if isinstance(side, ReadingError)), None)
        if error is not None:
            self.reader.problem(error.span, str(error))
            status = "undecided" if isinstance(error, NotJudged) else "unreadable"
            return self.verdict(line, said(status, str(error)), None)
        try:
            if numbers.is_numeric(line.right) and self.worked.applies(line):
                judged, follows = self.worked.judge(line)
                return self.verdict(line, judged, follows)
            return self.symbolic(line)
        except ShapeMisfit as misfit:
            return self.unfit(line, misfit)
        except ReadingError as problem:
            if isinstance(problem, UnknownSymbol) and is_chain_rule(line.left, line.right):
                return self.verdict(line, said("proved", "the chain rule, whatever the functions are"), None)
            self.reader.problem(problem.span, str(problem))
            return self.verdict(line, said("unreadable", str(problem)), None)
        except ChainruleError as problem:
            return self.verdict(line, said("undecided", str(problem)), None)
        except (ArithmeticError, RecursionError, MemoryError) as problem:
            return self.verdict(line, said("undecided", f"the line is too large to be judged ({problem})"), None)
        except Exception as problem:  # a document is data: a line that fails does not take the others with it
            reason = f"judging this line failed ({type(problem).__name__}: {problem}); please report it"
            return self.verdict(line, said("undecided", reason), None)

    def is_condition(self, line: Line, verdict: ClaimVerdict) -> bool:
        """Whether a line that does not hold in general is a condition, ``∇L = Px + q = 0``, or ≈, and claims nothing."""
        if is_unit(self.reader, line.chain):
            return True
        if verdict.status in ("proved", "agrees", "layout") or not isinstance(line.right, s.Node):
            return False
        if verdict.status == "unreadable":
            return is_zero(line.right) and unstated(self.reader, line)
        if line.chain.sides[line.k].sign == "~" and not numbers.is_numeric(line.right):
            return True
        zero = sets_to_zero(self.reader, line, self.claims_derivative(line))
        if zero or unstated(self.reader, line):
            return zero or verdict.status != "undecided" or bool(free_symbol(self.reader, line.left))
        if self.claims_derivative(line):
            return False
        if in_brackets(self.reader, line.chain):
            return True
        vanishes = verdict.status != "undecided" and where_zero(self.reader.source, line.chain.start, line.chain.end)
        if vanishes or follows_from_zero(self.reader, line):
            return True
        return verdict.status == "refuted" and is_equation(self.reader, line)

    def unfit(self, line: Line, misfit: ShapeMisfit) -> ClaimVerdict:
        """Shapes that do not fit: the claim's own if they are on its right side."""
        inside = line.right.span[0] <= misfit.span[0] <= line.right.span[1] and not isinstance(misfit, SizeUnknown)
        self.reader.problem(misfit.span, str(misfit))
        judged = on_condition(self.reader, line, self.explained.pop(id(line), None) or said("shape", str(misfit)))
        return self.verdict(
            line, judged if inside else said("unreadable", str(misfit)), False if inside and line.k > 1 else None
        )

    def verdict(self, line: Line, judged: Judged, follows: bool | None) -> ClaimVerdict:
        """The record of a line."""
        source = self.reader.source
        if line.chain.error is not None:
            place, text = line.chain.start, source.text[line.chain.start : line.chain.end]
        else:
            place, text = written(source, line.chain, line.k)
        given = judged.verdict
        if given.status == "layout":
            follows = None
        held = self.reader.scope.values
        made = {x.tensor.serial for name, x in held.items() if name.endswith("_")}  # of functions told no further
        read = serials(judged.truth) if judged.truth is not None else set()
        shown = given.repair
        if shown is None and given.status in ("refuted", "layout", "shape"):
            shown = judged.truth
        if isinstance(shown, Tensor) and made & serials(shown):
            shown = None
        sayable = not self.reader.unsayable & read
        return ClaimVerdict(
            source.line(place),
            source.column(place),
            text,
            given.status,
            follows,
            str(given.evidence),
            self.mistake(given.diagnosis, judged.truth) if given.diagnosis else judged.label,
            judged.repair or (printed(shown) if sayable else ""),
            str(given.counterexample) if given.counterexample and sayable and not made & read else "",
            given.conditions,
            (place, place + len(text)),
        )

    def mistake(self, diagnosis: Diagnosis, truth: Tensor | None) -> str:
        """The mistake in words; its label alone where the words would name what has no name in the document."""
        hidden = [t for t in leaves([truth]) if t.serial in self.reader.unsayable] if truth is not None else []
        said_of_them = any(text(t) in diagnosis.sentence for t in hidden)
        return diagnosis.label if said_of_them else str(diagnosis)

    # -- symbols ---------------------------------------------------------------------------------------------------------

    def symbolic(self, line: Line) -> ClaimVerdict:
        """A line whose right side is an expression."""
        nodes = [n for n in (line.left, line.before, line.right) if isinstance(n, s.Node)]
        self.reader.tell_arguments(line.left)
        saved = self.reader.scope
        try:
            self.reader.scope = with_arguments(saved, line.left, line.right, undeclared=True)
            self.guessed = sorted(self.reader.scope.values.keys() - saved.values.keys())
            return self.judged(line, nodes)
        except ShapeMisfit:
            self.reader.scope = with_arguments(saved, line.left, line.right, undeclared=False)
            if self.reader.scope is saved:
                raise
            return self.judged(line, nodes)
        finally:
            self.reader.scope = saved

    def judged(self, line: Line, nodes: list[s.Node]) -> ClaimVerdict:
        """The verdict on a line whose sides are read; a dimension as an index, x_n, is any entry or else the last one."""
        env = free_letters(self.reader.scope, nodes, self.reader.declared.ranges)
        verdict = self.judged_with(line, env)
        fixed = {letter: place for letter, place in env.items() if letter not in self.reader.scope.dims}
        if verdict.status not in ("refuted", "shape") or len(fixed) == len(env):
            return verdict
        try:
            other = self.judged_with(line, fixed)
        except ReadingError:
            return verdict
        if other.status not in ("proved", "agrees"):
            return self.judged_with(line, env)
        letters = ", ".join(env.keys() - fixed.keys())
        note = f"{letters} is read as the dimension where it stands as an index: the last entry"
        if note not in self.reader.scope.notes:
            self.reader.scope.notes.append(note)
        return other

    def judged_with(self, line: Line, env: dict) -> ClaimVerdict:
        """The verdict on a line with these index letters free."""
        scope = self.variations.scope(line, env)
        if isinstance(line.left, s.Node) and isinstance(line.right, s.Node):
            told = self.reader.declared.roles
            scope = with_variable(scope, line.left, line.right, lambda where, node: self.value(where, env, node), told)
        truth = self.value(scope, env, line.left)
        case = occasion(self.reader, line, env)
        case = case if case is not None and concerns(scope, env, case, truth) else None
        if case is not None:
            truth = restricted(scope, env, case, truth)
        derivative = self.claims_derivative(line)
        claim, judged = self.read_right(scope, env, line, truth, derivative, case)
        judged = with_supposed(self.reader, line, env, with_given(self.reader, line, judged))
        judged = with_property(self.reader, line, with_bound(self.reader, with_units(self.reader, line, judged)))
        judged = with_standing(self.reader, line, env, with_distribution(self.reader, judged))
        judged = on_condition(self.reader, line, judged)
        value = partial(self.value, scope, env)
        judged = doubted(self.reader, line, scope, truth, judged, value, derivative, case is not None)
        judged = related(self.reader, line, judged)
        if case is not None:
            told = f"judged for {self.reader.source.text[case.span[0] : case.span[1]]}"
            judged = replace(judged, verdict=replace(judged.verdict, conditions=(*judged.verdict.conditions, told)))
        before = line.k == 1 or (id(line.chain), line.k - 1) in self.right
        judged = of_unconnected(truth, of_guess(self.reader, line, judged, self.guessed, before))
        follows = self.follows(line, scope, env, claim, judged, derivative)
        self.right[id(line.chain), line.k] = judged.holds
        if (
            scope.tangents
            and claim is not None
            and isinstance(line.left, s.Differential)
            and line.left.body is not None
        ):
            self.note_differential(line, scope, env, claim)
        if derivative and claim is not None and case is None:
            self.note(line, env, judged)
        return self.verdict(line, judged, follows)

    def value(self, scope: Scope, env, node: s.Node) -> Value:
        """The value of a node in a scope; what is missing is defined first."""
        saved = self.reader.scope
        self.reader.scope = scope
        try:
            return self.reader.value(node, env)
        finally:
            self.reader.scope = saved

    def read_right(
        self, scope: Scope, env, line: Line, truth: Value, derivative: bool, case: s.Relation | None = None
    ) -> tuple[Value | None, Judged]:
        """The right side in the first reading of its signs whose shape fits the left side, and the comparison."""
        first: tuple[Value | None, Judged] | None = None
        misfit: ShapeMisfit | None = None
        for reading in readings(scope, line.right):
            try:
                claim = self.value(reading, env, line.right)
            except ShapeMisfit as error:
                misfit = misfit or error
                continue
            if case is not None:
                claim = restricted(reading, env, case, claim)
            either = truth.by is not None and truth.by.serial in scope.along_rows
            judged = compare(claim, truth, derivative, either=either, diagnosed=self.explains)
            other = bracketed(line.right) if judged.verdict.status == "refuted" else None
            if other is not None:
                whole = self.value(reading, env, other)
                again = compare(whole, truth, derivative, either=either, diagnosed=False)
                if again.holds:
                    told = (*again.verdict.conditions, "with the sign of the sum for its first term only")
                    return whole, replace(again, verdict=replace(again.verdict, conditions=told))
            if judged.verdict.status != "shape":
                return claim, self.explained_by_slopes(reading, env, line, truth, judged)
            first = first or (claim, judged)
        if first is None:
            problem = misfit or ReadingError("the right side is not read", line.right.span)
            if misfit is not None:
                self.explained[id(line)] = self.mended(scope, env, line, truth, said("shape", str(misfit)))
            raise problem
        return first[0], first[1] if first[1].label else self.mended(scope, env, line, truth, first[1])

    def mended(self, scope: Scope, env, line: Line, truth: Value, judged: Judged) -> Judged:
        """A claim whose shapes do not fit, with the one change of the formula that makes it right."""
        if truth.form or isinstance(line.right, ReadingError) or not self.explains:
            return judged
        shown = judged if judged.truth is not None else replace(judged, truth=_plain(truth))
        tries = edits(line.right, self.reader.source.text)
        return repaired(tries, shown, truth, lambda node: self.value(scope, env, node))

    def explained_by_slopes(self, scope: Scope, env, line: Line, truth: Value, judged: Judged) -> Judged:
        """A wrong claim about a function that is told no further, with h for h′ or h′ at another argument as its mistake."""
        found = judged.verdict.diagnosis
        if judged.verdict.status != "refuted" or not self.explains or (found and found.label != "wrong tensor"):
            return judged
        general = {name for name, meaning in scope.functions.items() if isinstance(meaning, (Generic, str))}
        names = [
            n for n, x in scope.values.items() if x.rank and not n.endswith("_") and x.tensor.definition is not None
        ]
        tries = slope_edits(line.right, self.reader.source.text, general, names)
        return repaired(tries, judged, truth, lambda node: self.value(scope, env, node))

    def claims_derivative(self, line: Line) -> bool:
        """Whether the left side is a derivative, or a symbol that the author introduced as one."""
        node = line.left
        name = node.name if isinstance(node, s.Symbol) else None
        if name is not None and name in self.reader.definitions:
            node = self.reader.definitions[name]
        return is_derivative(node)

    # -- follows -----------------------------------------------------------------------------------------------------------

    def follows(
        self, line: Line, scope: Scope, env, claim: Value | None, judged: Judged, derivative: bool
    ) -> bool | None:
        """Whether the claim follows from what was written before."""
        if claim is None or not self.explains:
            return None
        if line.k > 1 and isinstance(line.before, s.Node):
            return self.from_side(line, scope, env, claim, judged)
        found = subject(Elaborator(scope, env), line.left)
        if found is None:
            return judged.holds if self.variations.told(line.right) and judged.verdict.status != "undecided" else None
        of, steps = found
        worlds = []
        if len(steps) == 1:
            by = steps[0][0]
            predictions = self.authored.predictions(of.tensor, by) + self.variations.coefficient(of.tensor, by)
            worlds = [scope.claiming({(of.tensor.serial, by.serial): p}) for p in predictions]
        elif (of.tensor, steps[0][0]) in self.authored.claims:
            worlds = [scope.claiming(self.authored.keyed())]
        if not worlds:
            return self.through_claims(line, scope, env, judged)
        if not self.authored.wrong and judged.verdict.status in ("proved", "agrees", "refuted"):
            return judged.holds
        for world in worlds:
            try:
                if compare(claim, self.value(world, env, line.left), derivative, diagnosed=False).verdict.status in (
                    "proved",
                    "agrees",
                    "layout",
                ):
                    return True
            except ReadingError:
                continue
        return None if judged.holds else False

    def note_differential(self, line: Line, scope: Scope, env, claim: Value) -> None:
        """Remember a line for dC: what stands in front of each differential is a derivative."""
        of = self.value(scope, env, line.left.body).tensor
        self.variations.note(of, claim, dict(scope.tangents))
        for name, t in self.variations.written([line.right]).items():
            if t not in scope.tangents:
                alone = {t: self.variations.tangent(name, t)}
                try:
                    self.variations.note(of, self.value(replace(scope, tangents=alone), env, line.right), alone)
                except ReadingError:
                    continue

    def through_claims(self, line: Line, scope: Scope, env, judged: Judged) -> bool | None:
        """A right line that is written with derivatives which were claimed before follows from them."""
        if not judged.holds or self.authored.wrong or not isinstance(line.right, s.Node):
            return None
        for node in s.walk(line.right):
            if isinstance(node, s.Derivative) and node.of is not None:
                try:
                    of, steps = subject(Elaborator(scope, env), node) or (None, [])
                except ReadingError:
                    continue
                if of is not None and (of.tensor, steps[0][0]) in self.authored.claims:
                    return True
        return None

    def from_side(self, line: Line, scope: Scope, env, claim: Value, judged: Judged) -> bool | None:
        """Whether the claim equals the side before, truly or with the author's earlier derivatives."""
        worlds = [scope]
        if self.right.get((id(line.chain), line.k - 1)) and judged.verdict.status in ("proved", "agrees", "refuted"):
            return judged.holds
        if self.authored.claims and any(is_derivative(n) for n in (*s.walk(line.before), *s.walk(line.right))):
            worlds.append(scope.claiming(self.authored.keyed()))
        undecided = False
        for k, world in enumerate(worlds):
            for reading in readings(world, line.before):
                try:
                    before = self.value(reading, env, line.before)
                    here = claim if k == 0 else self.value(world, env, line.right)
                except ReadingError:
                    undecided = True
                    continue
                status = compare(here, before, True, diagnosed=False).verdict.status
                if status in ("proved", "agrees", "layout"):
                    return True
                undecided = undecided or status == "undecided"
                if status != "shape":
                    break
        return None if undecided else False

    def note(self, line: Line, env, judged: Judged) -> None:
        """Remember what the author claims for a derivative."""
        world = self.reader.scope.claiming(self.authored.keyed())
        try:
            found = subject(Elaborator(world, env), line.left)
            if found is None or len(found[1]) != 1:
                return
            of, ((by, places, _),) = found
            value = self.value(world, env, line.right)
            truth = self.value(self.reader.scope, env, line.left)
            if value.form or (value.rank == 0 and truth.rank):
                value = (
                    v.fitted(value, truth, (0, 0))
                    if value.form
                    else v.pointwise(lambda a, b: a + b * 0, [value, truth], (0, 0))
                )
        except (ReadingError, ChainruleError):
            return
        claimed = entries(of, by, places, value, judged.verdict.status == "layout")
        if claimed is not None:
            self.authored.note(of.tensor, by, claimed, judged.holds)


def _plain(value: Value) -> Tensor | None:
    """The tensor of a value without free indices, to be shown."""
    return value.tensor if not value.labels else None


def printed(t: Tensor | None) -> str:
    """A tensor's value as LaTeX, if it prints short enough to be of use."""
    if t is None:
        return ""
    try:
        from symbolic.notation import latex

        text = latex(t)
    except Exception:  # printing is a courtesy; a verdict never fails for it
        return ""
    return text if len(text) <= 600 and not _UNNAMED.search(text) else ""

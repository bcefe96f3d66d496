"""Which line is wrong, which lines follow from it, and how the line should read.

A line is held to the true cotangent of the forward function's own value of that name. The first line that is not true, and
whose truth put in its place makes gradients right, is where the calculation breaks; what comes after it is judged again
with the right value. Lines without a name that tells what they should be are judged by repair alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numeric.checking import names
from numeric.checking.calls import Call, Point
from numeric.checking.cases import Case, cases
from numeric.checking.gradients import last_assignments
from numeric.checking.lines import Given, Judged, Key, Lines, in_time
from numeric.checking.pieces import Piece, wrong_piece
from numeric.checking.probes import leaf
from numeric.checking.program import Program, reached
from numeric.checking.repairs import CASES, UNITS, Repair, Target, is_alias, repair
from numeric.checking.slices import Statement, callers, reads, slice_of, statements, writes
from numeric.checking.verdicts import WRONG, LineVerdict, OutputVerdict
from numeric.checking.wording import first_line, sentence, variable
from numeric.checking.work import Work
from symbolic.verification.diagnosis.mistakes import explained

MOST_MISTAKES = 5


@dataclass(frozen=True)
class Blame:
    """The lines that were judged, sentences that say what broke, and the line of each returned gradient."""

    lines: tuple[LineVerdict, ...] = ()
    sentences: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def blamed(call: Call, points: Sequence[Point], outputs: Sequence[OutputVerdict], seed: int = 0) -> Blame:
    """Who is to blame for wrong gradients; where none is wrong, only the places of the gradients."""
    program = _program(call, points[0])
    if program is None:
        return Blame(notes=("the source of the function is not known: its lines are not judged",))
    places = {n: s.lineno for n, s in last_assignments(call, program).items()}
    if not any(o.status in WRONG for o in outputs):
        return Blame(places=places)
    found = cases(call, seed, CASES)
    try:
        return _Search(call, program, found, places).found()
    except Exception as error:  # whatever running pieces of another person's code may raise
        return Blame(places=places, notes=(f"the lines could not be judged ({type(error).__name__}: {error})",))


def _program(call: Call, point: Point) -> Program | None:
    """The backward function with the functions of its file that it runs through."""
    back = call.subject.back

    def once() -> Any:
        _, state, result = call.forward(point.values, point.sizes)
        return call.backward(point.values, point.cotangents, state, result)

    file = getattr(getattr(back, "__code__", None), "co_filename", "")
    _, inside = reached(once, file, getattr(back, "__globals__", {}))
    program = Program(back, inside)
    return program if back.__name__ in program.trees else None


class _Search:
    """Mistake after mistake: the place, the repair, and on with the program mended."""

    def __init__(self, call: Call, program: Program, found: list[Case], places: Mapping[str, int]):
        self.call, self.program, self.cases, self.places = call, program, found, places
        self.lines = Lines(call, program, found)
        self.of_loss = _of_loss(call, program)
        self.given: dict[Key, list[tuple[Any, ...]]] = {}
        self.work = Work(1.5 * UNITS, found[0].lines)

    def found(self) -> Blame:
        """All that is found, until the gradients are right or nothing more is found."""
        wrong_lines: list[LineVerdict] = []
        first: list[Judged] = []
        for _ in range(MOST_MISTAKES):
            right = self.right(self.given)
            wrong = frozenset(self.cases[0].true) - right
            if not wrong:
                break
            judged = self.lines.judged(self.given)
            first = first or judged
            suspect, mended = self._suspect(judged, wrong, right)
            piece = wrong_piece(self.program, self.cases[0], suspect) if suspect is not None else None
            region = self._region(suspect, judged, wrong, piece)
            done = self._repair(suspect, mended, wrong, right, region, judged, piece)
            if len(wrong) > 1 and (done is None or not wrong <= done.mended):
                done = self._together(wrong, right, judged) or done
            line = self._line(suspect, region, wrong, done, piece)
            if line is None:
                break
            wrong_lines.append(line)
            if done is not None:
                done.edit.apply()
                self.program.settle(done.function)
            elif suspect is not None and suspect.should is not None:
                self.given[suspect.key] = suspect.should
            else:
                break
        return self._told(wrong_lines, first)

    # -- running -----------------------------------------------------------------------------------------------------

    def made(self, name: str) -> Callable[..., Any]:
        """The program with one function as it stands; with what was given, if something was."""
        if self.given:
            return self.lines.variant(self.given)[0]
        return self.program.variant({name: self.program.trees[name]})

    def right(self, given: Given) -> frozenset[str]:
        """The gradients that are right at the cases for which truth is known."""
        found = frozenset(self.cases[0].true)
        number = min([CASES, *(min(2, len(v)) for v in given.values())])
        for k, case in enumerate(self.cases[:number]):
            found &= case.right(case.run(self.lines.variant(given, k)[0]))
        return found

    # -- the place ---------------------------------------------------------------------------------------------------

    def _suspect(
        self, judged: Sequence[Judged], wrong: frozenset[str], right: frozenset[str]
    ) -> tuple[Judged | None, frozenset[str]]:
        """The first line that is not true and whose truth makes wrong gradients right and no right one wrong."""
        self.lines.judge_returned(judged, last_assignments(self.call, self.program))
        last = {(j.site.function, j.site.text): j for j in judged if j.true is not None}
        for j in in_time(judged):
            if j.true is not False or j.should is None or j.key in self.given:
                continue
            now = self.right({**self.given, j.key: j.should})
            if right <= now and now & wrong and last[j.site.function, j.site.text] is j:
                return j, now & wrong
        return None, frozenset()

    def _region(
        self, suspect: Judged | None, judged: Sequence[Judged], wrong: frozenset[str], piece: Piece | None
    ) -> list[Statement]:
        """The statements that may be wrong: what the suspect comes from, as far as nothing on the way is known to be true."""
        unsure = {id(j.site.statement) for j in judged if not j.true}
        true = {id(j.site.statement) for j in judged if j.true} - unsure
        known: dict[str, set[str]] = {}
        for j in judged:
            if j.site.kind == "parameter" and j.true:
                known.setdefault(j.site.function, set()).add(j.site.text)
        if suspect is not None:
            start = piece.statement if piece is not None else suspect.site.statement
            entry = suspect.site.function
            first = [(entry, start)] if start is not None else callers(self.program.trees, entry)
        else:
            starts = last_assignments(self.call, self.program)
            first = [(self.call.subject.back.__name__, starts[n]) for n in sorted(wrong) if n in starts]
        found: dict[int, Statement] = {}
        for s in first:
            for part in slice_of(self.program.trees, s, lambda s: id(s[1]) in true, known):
                found.setdefault(id(part[1]), part)
        return (
            list(found.values()) if suspect is not None else sorted(found.values(), key=lambda s: (s[0], s[1].lineno))
        )

    # -- the repair --------------------------------------------------------------------------------------------------

    def _repair(
        self,
        suspect: Judged | None,
        mended: frozenset[str],
        wrong: frozenset[str],
        right: frozenset[str],
        region: Sequence[Statement],
        judged: Sequence[Judged],
        piece: Piece | None,
    ) -> Repair | None:
        partial = frozenset(id(j.site.statement) for j in judged if j.partly)
        ahead = frozenset(id(j.site.statement) for j in judged if j.ahead)
        if self.given:  # truth was put in for an earlier line at some cases only: no repair could be confirmed at all
            return None
        should = suspect.should[0] if suspect is not None and suspect.should else ()
        passing = min(suspect.first_wrong(), len(should) - 1) if suspect is not None and should else 0
        target = Target(
            mended or wrong,
            right,
            suspect.site.statement if suspect else None,
            should[passing] if should else None,
            passing + 1 if len(should) > 1 else 0,
        )
        if piece is not None:
            target = Target(target.mend, right, piece.statement, piece.value)
        done = None
        if (
            suspect is not None and passing > 0 and len(should) > 1
        ):  # right at first: what one pass hands to the next is wrong
            handed = [s for s in region if _hands_on(s, suspect)]
            between = Target(mended, right)
            done = repair(
                self.program, self.cases, handed, between, self.made, self._share(0.4), partial, ahead, self.of_loss
            )
        done = done or repair(
            self.program, self.cases, region, target, self.made, self._share(1.0), partial, ahead, self.of_loss
        )
        if done is None and not mended and len(wrong) > 1:  # several mistakes, one gradient each
            starts = last_assignments(self.call, self.program)
            for name in sorted(wrong & set(starts)):
                narrow = slice_of(
                    self.program.trees, (self.call.subject.back.__name__, starts[name]), lambda s: False, {}
                )
                one = Target(frozenset([name]), right)
                done = done or repair(
                    self.program, self.cases, narrow, one, self.made, self._share(0.5), partial, ahead, self.of_loss
                )
        return done

    def _together(self, wrong: frozenset[str], right: frozenset[str], judged: Sequence[Judged]) -> Repair | None:
        """One change that makes all wrong gradients right, in what they have in common: one mistake is likelier than several."""
        if self.given:
            return None
        starts, name = last_assignments(self.call, self.program), self.call.subject.back.__name__
        slices = [
            slice_of(self.program.trees, (name, starts[n]), lambda s: False, {}) for n in sorted(wrong & set(starts))
        ]
        if not slices:
            return None
        shared = set.intersection(*({id(s) for _, s in part} for part in slices))
        ahead = frozenset(id(j.site.statement) for j in judged if j.ahead)
        return repair(
            self.program, self.cases, [s for s in slices[0] if id(s[1]) in shared], Target(wrong, right), self.made,
            self._share(0.5), frozenset(), ahead, self.of_loss,
        )  # fmt: skip

    def _share(self, part: float) -> Work:
        """Work for the next repair: several mistakes share what there is."""
        share = Work(part * max(0.15 * UNITS, min(UNITS, self.work.left)), self.cases[0].lines)
        self.work.left -= share.left
        return share

    # -- what is said ------------------------------------------------------------------------------------------------

    def _line(
        self,
        suspect: Judged | None,
        region: Sequence[Statement],
        wrong: frozenset[str],
        done: Repair | None,
        piece: Piece | None,
    ) -> LineVerdict | None:
        if done is not None:
            return self._mended(suspect, done)
        if suspect is not None and suspect.site.statement is not None:
            s = piece.statement if piece is not None else suspect.site.statement
            function, said = suspect.site.function, suspect.evidence()
        else:
            starts = last_assignments(self.call, self.program)
            s = next((starts[n] for n in sorted(wrong) if n in starts), None)
            function, said = self.call.subject.back.__name__, ""
        if s is None:
            return None
        lines = sorted({t.lineno for name, t in region if name == function})
        between = f"the mistake is in lines {lines[0]}–{lines[-1]}" if len(lines) > 1 else ""
        evidence = "; ".join(part for part in (said, between) if part)
        code = first_line(ast.unparse(s))
        at = suspect.site.line if suspect is not None and piece is None else s.lineno
        return LineVerdict(at, code, variable(code), "refuted", None, evidence, function=function)

    def _mended(self, suspect: Judged | None, done: Repair) -> LineVerdict:
        s = suspect.site.statement if suspect is not None else None
        own = suspect.evidence() if suspect is not None and s is not None and s.lineno == done.line else ""
        mended = ", ".join(f"d{leaf(n)}" for n in sorted(done.mended))
        said = f"with the line mended {mended} equal differences of the forward function at {CASES} sizes"
        return LineVerdict(
            done.line, first_line(done.before), variable(done.before), "refuted", False if own else None,
            "; ".join(part for part in (own, said) if part), explained(done.edit.label, done.edit.detail), done.edit.label,
            first_line(done.after), done.function,
        )  # fmt: skip

    def _told(self, wrong: Sequence[LineVerdict], first: Sequence[Judged]) -> Blame:
        """All lines that could be judged: the wrong ones, those that follow from them, and those that are true."""
        after = {j.key: j for j in self.lines.judged(self.given)} if wrong else {}
        blamed_lines = {(x.function, x.line) for x in wrong}
        lines = list(wrong)
        for j in first:
            s = j.site
            if s.kind in ("parameter", "return") or j.true is None or (s.function, s.line) in blamed_lines:
                continue
            if s.statement is None or is_alias(s.statement) or not j.why:
                continue
            now = after.get(j.key)
            code = first_line(ast.unparse(s.statement))
            if j.true:
                lines.append(LineVerdict(s.line, code, s.variable, "agrees", None, j.why, function=s.function))
            elif now is not None and now.true:
                said = "right once what comes before it is mended"
                lines.append(LineVerdict(s.line, code, s.variable, "refuted", True, said, function=s.function))
        lines.sort(key=lambda x: (x.function != self.call.subject.back.__name__, x.line))
        return Blame(tuple(lines), _sentences(wrong, lines), self.places)


def _hands_on(s: Statement, suspect: Judged) -> bool:
    """Whether a statement assigns what the suspect reads in the pass after."""
    function, part = s
    read = reads(suspect.site.statement) if suspect.site.statement is not None else set()
    return function == suspect.site.function and part.lineno > suspect.site.line and bool(writes(part) & read)


def _of_loss(call: Call, program: Program) -> frozenset[int]:
    """The statements that compute the loss, in a function that returns it with its gradients."""
    name = call.subject.back.__name__
    parts = names.returned(program.trees[name])
    if call.subject.kind != "both" or not parts:
        return frozenset()
    wanted = {n.id for n in ast.walk(parts[0]) if isinstance(n, ast.Name)}
    starts = [s for s in statements(program.trees[name]) if writes(s) & wanted]
    return frozenset(id(s) for at in starts for _, s in slice_of(program.trees, (name, at), lambda s: False, {}))


def _sentences(wrong: Sequence[LineVerdict], lines: Sequence[LineVerdict]) -> tuple[str, ...]:
    said = [sentence(x) for x in wrong]
    following = sorted({x.line for x in lines if x.status in WRONG and x.follows})
    if following and said:
        many = len(following) > 1
        listed = ", ".join(map(str, following))
        said[-1] += f"; line{'s' if many else ''} {listed} follow{'' if many else 's'} from it"
    return tuple(said)

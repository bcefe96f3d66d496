"""Judging worked numbers: ``symbol = formula = numbers = value``, to the digits shown."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.functions import Equal
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, computed
from symbolic.verification.diagnosis.mistakes import explained
from symbolic.verification.elaboration.derivatives import subject
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.values import Value
from symbolic.verification.evaluation import Evaluator
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging import numbers
from symbolic.verification.judging.authored import Authored
from symbolic.verification.judging.comparison import Judged, said
from symbolic.verification.judging.numbers import Literal, half_unit
from symbolic.verification.reading.program import free_letters
from symbolic.verification.verdict import Diagnosis

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_TINY = Fraction(1, 10**15)


@dataclass
class Worked:
    """The numbers of a document so far: given ones, and claimed ones (right, or only claimed)."""

    reader: Reader
    authored: Authored
    right: dict[Tensor, Literal] = field(default_factory=dict)
    claimed: dict[Tensor, Literal] = field(default_factory=dict)
    sound: Authored = field(default_factory=Authored)
    shown: list[tuple[Fraction, int]] = field(default_factory=list)
    last: dict[int, bool] = field(default_factory=dict)

    def applies(self, line: Line) -> bool:
        """Whether the left side has a number: everything that it is computed from is given.

        A formula of numbers alone is compared to the digits shown if there are any behind the point, else exactly.
        """
        literal = numbers.literal(line.right)
        rounded = literal is not None and any(d > 0 for d in literal.digits)
        if numbers.is_numeric(line.left):
            return rounded
        if not self.reader.given and not rounded:
            return False
        env = free_letters(self.reader.scope, [line.left], self.reader.declared.ranges)
        left = self.reader.value(line.left, env)
        read = leaves([left.tensor])
        return all(self._given(t) for t in read) if read else rounded and not left.form

    def judge(self, line: Line) -> tuple[Judged, bool | None]:
        """The verdict on a line whose right side is numbers, and whether it follows."""
        scope = self.reader.scope
        env = free_letters(scope, [line.left], self.reader.declared.ranges)
        left = self.reader.value(line.left, env)
        missing = [t for t in leaves([left.tensor]) if not self._given(t)]
        if missing:
            raise ReadingError(
                f"no number is given for {', '.join(t.name or 'an unnamed tensor' for t in missing)}", line.left.span
            )
        exact = self.numbers(left, {})
        sound = self.world(line, left, self.sound, self.right)
        author = self.world(line, left, self.authored, self.claimed)
        written = numbers.literal(line.right)
        claimed = list(written.entries) if written is not None else self.of_node(line.right)
        if len(claimed) != len(exact):
            return said("shape", f"{len(exact)} numbers are on the left, {len(claimed)} on the right"), None
        before = self.of_node(line.before) if line.k > 1 and numbers.is_numeric(line.before) else None
        slack = self.slack(line.right, claimed) if written is None else [Fraction(0)] * len(claimed)
        units = [half_unit(d) for d in written.digits] if written is not None else slack

        def fits(values: list[Fraction] | None, more: list[Fraction] | None = None) -> bool:
            if values is None or len(values) != len(claimed):
                return False
            room = [u + m for u, m in zip(units, more or [Fraction(0)] * len(units), strict=True)]
            return all(abs(a - c) <= u + max(abs(a), 1) * _TINY for a, c, u in zip(values, claimed, room, strict=True))

        through = before is not None and self.last.get(id(line.chain), False) and fits(before)
        holds = fits(exact) or fits(sound) or through
        follows = self.follows(line, fits, before, exact, author, written is not None, holds)
        self.last[id(line.chain)] = holds
        self.note(line, left, env, written, claimed, holds)
        judged = self.said(holds, exact, claimed, written, any("." in n.text for n in numbers.numerals(line.right)))
        if not holds and before is not None and written is not None and not fits(before):
            value = ", ".join(_decimal(x, max(written.digits) + 1) for x in before[:4])
            judged = replace(judged, label=f"arithmetic: the numbers before it give {value}")
        return judged, follows

    def follows(self, line: Line, fits, before, exact, author, literal: bool, holds: bool) -> bool | None:
        """Whether the numbers follow from the side before, or from earlier numbers."""
        if line.k > 1:
            if before is not None:  # a right number may come from more digits than the factors show
                return fits(before) or (holds and fits(before, self.slack(line.before, before)))
            return fits(author) or fits(exact) or any(map(fits, self.of_formula(line)))
        used = literal or any(self._known(n) for n in numbers.numerals(line.right))
        if fits(author):
            return True if used else None
        return None if holds else False

    def of_formula(self, line: Line) -> list[list[Fraction]]:
        """The numbers that the formula before gives, from the given ones and from those that the author claims."""
        try:
            value = self.reader.value(line.before, free_letters(self.reader.scope, [line.before], {}))
            if value.labels or not all(self._given(t) for t in leaves([value.tensor])):
                return []
            return [self.numbers(value, held) for held in ({}, self.claimed)]
        except ChainruleError:
            return []

    def said(
        self, holds: bool, exact: list[Fraction], claimed: list[Fraction], written: Literal | None, decimals: bool
    ) -> Judged:
        """The verdict in words; ``decimals``: the line is written with a decimal point, so its numbers are."""
        digits = max(written.digits) if written is not None and written.digits else 6
        show = _decimal if written is not None or decimals else _exact
        values = ", ".join(show(x, digits + 2) for x in exact[:6])
        if holds:
            how = f"to the {digits} digits shown" if written is not None else "within the rounding of the numbers in it"
            return said("agrees", f"the value is {values}; right {how}")
        shown = ", ".join(show(x, digits + 2) for x in claimed[:6])
        refuted = said("refuted", f"the value is {values}, not {shown}")
        found = _slip(exact, written) if written is not None else None
        if written is not None and digits and len(exact) == 1:
            refuted = replace(refuted, repair=f"{float(exact[0]):.{min(digits, 15)}f}")
        return replace(refuted, verdict=replace(refuted.verdict, diagnosis=found)) if found else refuted

    # -- values --------------------------------------------------------------------------------------------------------------

    def _given(self, t: Tensor) -> bool:
        held = self.reader.scope.values
        return t.value is not None or any(n in held and held[n].tensor is t for n in self.reader.given)

    def tables(self) -> dict[Tensor, Any]:
        """The given numbers as tables for the evaluator."""
        found = {}
        for name, given in self.reader.given.items():
            value = self.reader.scope.values.get(name)
            if value is not None and value.tensor.definition is None:
                found[value.tensor] = table(given)
        return found

    def numbers(self, value: Value, more: Mapping[Tensor, Literal]) -> list[Fraction]:
        """The entries of a value, with some computed tensors held at claimed numbers."""
        held = {**self.tables(), **{t: table(n) for t, n in more.items()}}
        needed = {t.serial for t in topological([value.tensor], stop=lambda t: t in held)}
        result = Evaluator({t: x for t, x in held.items() if t.serial in needed}, precision=40)(value.tensor)
        return [_fraction(result[point]) for point in sorted(result)]

    def of_node(self, node: s.Node) -> list[Fraction]:
        """The entries of an expression in numbers."""
        return self.numbers(self.reader.value(node, {}), {})

    def world(
        self, line: Line, left: Value, authored: Authored, held: Mapping[Tensor, Literal]
    ) -> list[Fraction] | None:
        """The left side computed from claimed numbers: of intermediate results and of derivatives."""
        scope = self.reader.scope
        try:
            env = free_letters(scope, [line.left], {})
            found = subject(Elaborator(scope, env), line.left)
            world = scope
            if found is not None and len(found[1]) == 1:
                of, by = found[0].tensor, found[1][0][0]
                predictions = [p for p in authored.predictions(of, by) if p is not authored.claims.get((of, by))]
                if predictions:
                    world = scope.claiming({(of.serial, by.serial): predictions[-1]})
                value = Elaborator(world, env)(line.left)
            else:
                name = line.left.name if isinstance(line.left, s.Symbol) else None
                from symbolic.verification.reading.names import name_of

                name = name or name_of(line.left)
                definition = self.reader.definitions.get(name or "")
                node = definition if definition is not None else line.left
                value = Elaborator(scope.claiming(authored.keyed()), env)(node)
            return self.numbers(value, {t: n for t, n in held.items() if t is not left.tensor})
        except ChainruleError:
            return None

    def _known(self, numeral: s.Number) -> bool:
        number = Fraction(numeral.text)
        return any(abs(number) == abs(value) for value, _ in self.shown)

    def slack(self, node: s.Node, values: list[Fraction]) -> list[Fraction]:
        """How far rounding of the numbers in a formula can move its value (to first order)."""
        given = {abs(e) for literal in self.reader.given.values() for e in literal.entries}
        total = [Fraction(0)] * len(values)
        for numeral in numbers.numerals(node):
            number = Fraction(numeral.text)
            digits = len(numeral.text.partition(".")[2])
            if number in given or (digits < 3 and not self._known(numeral)):
                continue
            moved = self.of_node(_replaced(node, numeral, number + half_unit(digits)))
            total = [t + abs(m - x) for t, m, x in zip(total, moved, values, strict=True)]
        return [t * Fraction(11, 10) for t in total]

    def note(self, line: Line, left: Value, env, written: Literal | None, claimed: list[Fraction], holds: bool) -> None:
        """Remember the numbers of a line."""
        shape = tuple(int(e) for e in left.tensor.extents if e.is_Integer)
        literal = written if written is not None else Literal(shape, tuple(claimed), (12,) * len(claimed))
        if written is not None:
            self.shown.extend(zip(written.entries, written.digits, strict=True))
        found = subject(Elaborator(self.reader.scope, env), line.left)
        if found is None:
            if left.tensor.definition is not None and left.tensor.name is not None and written is not None:
                self.claimed[left.tensor] = literal
                self.right.pop(left.tensor, None)
                if holds:
                    self.right[left.tensor] = literal
            return
        if len(found[1]) != 1 or left.labels or len(shape) != left.tensor.ndim:
            return
        of, by = found[0].tensor, found[1][0][0]
        if all(p is None for p in found[1][0][1]):
            t = constant(literal, shape)
            self.authored.note(of, by, t, holds)
            if holds:
                self.sound.note(of, by, t, True)
            else:
                self.sound.claims.pop((of, by), None)


def _slip(exact: list[Fraction], written: Literal) -> Diagnosis | None:
    """A sign or a factor 2 by which all the numbers are off."""
    rounded = tuple(Fraction(_decimal(x, d)) for x, d in zip(exact, written.digits, strict=True))
    right = constant(Literal(written.shape, rounded, written.digits), written.shape)
    digits = zip(exact, written.entries, written.digits, strict=True)
    if not any(exact) or any(x and abs(x - c) <= half_unit(d) for x, c, d in digits):
        return None  # some entry is right as it stands
    for label, factor, detail in (
        ("sign", Fraction(-1), "the number has the opposite sign"),
        ("factor 2", Fraction(2), "one too many: the number is twice the value"),
        ("factor 2", Fraction(1, 2), "missing: the number is half the value"),
    ):
        if all(
            abs(factor * x - c) <= half_unit(d) * max(1, factor)
            for x, c, d in zip(exact, written.entries, written.digits, strict=True)
        ):
            return Diagnosis(label, explained(label, detail), right, "agrees")
    return None


def table(given: Literal) -> dict[tuple[int, ...], Fraction]:
    """Numbers by their index."""
    return dict(zip(itertools.product(*map(range, given.shape)), given.entries, strict=True))


def constant(given: Literal, shape: tuple[int, ...]) -> Tensor:
    """Numbers as a computed tensor."""
    indices = tuple(Index("i", n) for n in shape)
    terms = [
        sp.Rational(x.numerator, x.denominator)
        * sp.Mul(*(Equal(i, sp.Integer(k)) for i, k in zip(indices, point, strict=True)))
        for point, x in zip(itertools.product(*map(range, shape)), given.entries, strict=True)
    ]
    return computed(Equation(indices, sp.Add(*terms)))


def _fraction(x: Any) -> Fraction:
    if isinstance(x, (int, Fraction)):
        return Fraction(x)
    return Fraction(str(x)) if "." in str(x) or "e" in str(x) else Fraction(int(x))


def _exact(x: Fraction, digits: int) -> str:
    """A fraction as such where it is one that a person would write."""
    return str(x) if x.denominator <= 1000 else _decimal(x, digits)


def _decimal(x: Fraction, digits: int) -> str:
    if digits < 0:
        return str(float(x))
    text = f"{float(x):.{min(digits, 15)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _replaced(node: s.Node, numeral: s.Number, number: Fraction) -> s.Node:
    """The tree with one numeral moved."""
    if node is numeral:
        text = s.Number(node.span, str(number.numerator))
        return s.Fraction(node.span, text, s.Number(node.span, str(number.denominator)))
    changes: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        if name == "span":
            continue
        old = getattr(node, name)
        new = _deep(old, numeral, number)
        if new is not old:
            changes[name] = new
    if not changes:
        return node
    return replace(node, **changes)


def _deep(thing: Any, numeral: s.Number, number: Fraction) -> Any:
    if isinstance(thing, s.Node):
        return _replaced(thing, numeral, number)
    if isinstance(thing, tuple):
        parts = tuple(_deep(x, numeral, number) for x in thing)
        return parts if any(a is not b for a, b in zip(parts, thing, strict=True)) else thing
    return thing

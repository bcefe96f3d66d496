"""Entering what a document defines, in whatever order it stands: what is needed first is entered first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.open_sizes import with_ones
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import (
    FreeIndex,
    NotWritten,
    SizeUnknown,
    UnknownSymbol,
    Value,
    number,
    pointwise,
)
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words
from symbolic.verification.grammar.source import ReadingError, expanded
from symbolic.verification.judging import numbers
from symbolic.verification.judging.ahead import is_model
from symbolic.verification.judging.costs import assume_beyond, assume_cost, cost_of
from symbolic.verification.judging.directions import assume_direction
from symbolic.verification.judging.entries import Entries, is_entries
from symbolic.verification.judging.fitted import Fitted
from symbolic.verification.judging.general import enter_numbered
from symbolic.verification.judging.steps import EQUAL
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.neighbours import shape_told
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.program import define, enter, free_letters, identifier, numeric_leaf, target
from symbolic.verification.reading.statements import Chain

_KNOWN = frozenset(words.FUNCTIONS.values())


class Definitions(Fitted):
    """The part of a reader that enters definitions into its scope."""

    source: Source
    declared: Declarations
    scope: Scope
    everything: list[tuple[Piece, Chain]]
    problems: list[tuple[int, str]]
    given: dict[str, Any]
    done: set[int]
    definitions: dict[str, s.Node]
    failed: dict[str, int]
    told_by: dict[int, int]
    entering: set[int]
    unread: set[str]
    costs: set[str]
    side: Callable[[Chain, int], s.Node | ReadingError]
    problem: Callable[[tuple[int, int], str], None]
    is_condition: Callable[[Chain, s.Node], bool]
    is_definition: Callable[[s.Node, Piece, Chain], bool]

    # -- definitions -------------------------------------------------------------------------------------------------------

    def define(
        self, position: int, chain: Chain, left: s.Node, depth: int = 0, right: s.Node | ReadingError | None = None
    ) -> str | None:
        """Enter a definition, those that it needs first; None (and a problem) where it cannot be read.

        Where the first side of ``J = CE(y, ŷ) = −∑ y log ŷ`` cannot be read, the next one says what J is. ``right`` stands
        for the sides of the chain where they are not yet what the left side is.
        """
        if right is not None:
            return self._defined(position, chain, left, depth, right)
        known = None
        for k in range(1, len(chain.sides)):
            if chain.signs[k - 1] not in EQUAL or (k > 1 and numbers.is_numeric(self.side(chain, k))):
                break
            name = self._defined(position, chain, left, depth, self.side(chain, k))
            if name is not None:
                self.failed.pop(name, None)
                self.told_by[id(chain)] = k
                return name
            known = len(self.problems) if known is None else known
            del self.problems[known:]
        return None

    def _defined(
        self, position: int, chain: Chain, left: s.Node, depth: int, right: s.Node | ReadingError
    ) -> str | None:
        """Enter a definition by one side of its chain."""
        if isinstance(right, ReadingError):
            self.problem(right.span, str(right))
            return None
        tex = self.source.text[chain.sides[0].start : chain.sides[0].end].strip()
        tex = tex if "_" in tex else expanded(tex, self.source.macros)
        if numbers.is_numeric(right):
            return self.define_number(chain, left, right, tex)
        if cost_of(self, left, right):
            self.done.add(position)
            self.definitions[name_of(left) or ""] = right
            return name_of(left)
        if isinstance(left, s.Call):
            self.arguments_told(left, right)
        for _ in range(40):
            try:
                name = define(self.scope, left, right, self.declared.ranges, tex)
                self.definitions[name] = right
                self.done.add(position)
                return name
            except UnknownSymbol as error:
                if depth > 20 or not (
                    self.define_first(error.name, position, depth)
                    or self.define_shifted(error.name, 0)
                    or self.define_step(error.name, 0)
                    or enter_numbered(self, error.name)  # type: ignore[arg-type]
                    or self.told(error, left, right)
                    or self.assumed(error)
                ):
                    return self._not_defined(left, error)
            except NotWritten as error:
                if not assume_beyond(self, error.of, error.by):
                    return self._not_defined(left, error)
            except SizeUnknown as error:
                name = with_ones(
                    self.scope, [right], lambda scope: define(scope, left, right, self.declared.ranges, tex)
                )
                if name is None:
                    return self._not_defined(left, error)
                self.definitions[name] = right
                self.done.add(position)
                return name
            except FreeIndex as error:
                fixed = [self.fix(letter) for letter in error.letters]
                if not all(fixed):
                    return self._not_defined(left, error)
            except ReadingError as error:
                return self._not_defined(left, error)
            except (ChainruleError, RecursionError) as error:
                return self._not_defined(
                    left, ReadingError(str(error), (chain.sides[1].tokens and (chain.start, chain.end)) or (0, 0))
                )
        return None

    def told(self, error: UnknownSymbol, left: s.Node, right: s.Node) -> bool:
        """Whether the definition tells the shape of an undeclared symbol on its right side; it is said so."""
        base, _, letter = error.name.partition("_")
        if letter and base not in self.scope.values and self.is_entry_or_index(error.name):
            return self.told(UnknownSymbol(base, "", error.span), left, right)
        if self.counts_entries(error.name):
            return False
        if error.name in self.unread or error.name in self.failed or not re.fullmatch(r"[A-Za-z]\w*", error.name):
            return False
        if self.fitted(left, right):
            return error.name in self.scope.values
        for node in s.walk(right):
            if isinstance(node, s.Scripted) and node.sub is not None and node.sup is not None:
                self.known(replace(node, sub=None))
        env = free_letters(self.scope, [right, left], self.declared.ranges)
        ranges = Entries(self) if is_entries(self, error.name) else lambda letter: None
        shape = shape_told(
            self.scope, env, right, error.name, self.known, self._is_number(left), ranges, self._extents(left)
        )
        if error.name in self.scope.values:
            return True  # it had to be entered to tell its neighbours
        if shape is None:
            return False
        self.enter_told(error.name, shape)
        return True

    def _extents(self, left: s.Node) -> tuple[sp.Expr, ...] | None:
        """The extents of a left side that is declared."""
        held = self.scope.values.get(name_of(left) or "")
        return None if held is None or held.form or held.labels else held.core

    def _is_number(self, left: s.Node) -> bool:
        """Whether a left side is an entry, y_i, or a declared real number."""
        try:
            name, places = target(self.scope, left)
        except ReadingError:
            return False
        declared = self.declared.names.get(name)
        entry = bool(places) and all(p in self.declared.ranges or p in self.scope.letters for p in places)
        return entry or (declared is not None and not declared.shape)

    def arguments_told(self, left: s.Call, right: s.Node) -> None:
        """Enter the undeclared arrays among the arguments of ``f(x) = ½x⊤Px + q⊤x``, where the formula tells their shapes."""
        if any(
            (name := name_of(a)) and name not in self.scope.values and name not in self.scope.dims
            for a in left.arguments
        ):
            self.fitted(left, right, arrays=not any(name_of(a) in self.scope.values for a in left.arguments))
        for argument in left.arguments:
            name = name_of(argument)
            if (
                not isinstance(argument, s.Symbol)
                or name is None
                or name in self.scope.values
                or name in self.scope.dims
            ):
                continue
            env = free_letters(self.scope, [right], self.declared.ranges)
            if shape_told(self.scope, env, right, name, self.known):
                self.told(UnknownSymbol(name, "", argument.span), left, right)

    def fix(self, letter: str) -> bool:
        """Read o of ``J = −log p_o`` as one index, which nothing runs over; it is said so."""
        counts = letter in self.declared.ranges or letter in self.scope.values or self.counts_entries(f"x_{letter}")
        if counts or len(letter) != 1:
            return False
        self.scope.values[letter] = Value(tensor(identifier(letter), (), dtype="int", role="target"))
        self.scope.tex[letter] = letter
        self.scope.notes.append(f"{letter} is read as one fixed index")
        return True

    def tell_arguments(self, node: s.Node) -> None:
        """Enter what the document says of the J of ``∂J(θ)/∂θ``, which tells what its argument θ is."""
        for call in s.walk(node):
            head = call.head if isinstance(call, s.Call) else None
            name = head.name if isinstance(head, s.Symbol) else None
            if name is not None and name not in self.scope.values and name not in _KNOWN:
                self.define_first(name, -1, 0)

    def _not_defined(self, left: s.Node, error: ReadingError) -> None:
        name = name_of(left)
        if name:
            self.failed[name] = error.span[0]
        if not self.is_of_numbered_layers(left):
            self.problem(error.span, str(error))
        return None

    def define_first(self, name: str, position: int, depth: int) -> bool:
        """Enter the definition of ``name`` that stands elsewhere in the document, if there is one."""
        for later, (_, chain) in enumerate(self.everything):
            if (
                later in self.done
                or later == position
                or later in self.entering
                or chain.error
                or not chain.signs
                or chain.signs[0] not in EQUAL
            ):
                continue
            left = self.side(chain, 0)
            if not isinstance(left, s.Node):
                continue
            try:
                called = (
                    isinstance(left, s.Call) and isinstance(left.head, s.Symbol) and all(map(name_of, left.arguments))
                )
                introduced = left.head.name if called else target(self.scope, left)[0]  # type: ignore[union-attr]
            except ReadingError:
                continue
            if is_model(self, chain, left):  # type: ignore[arg-type]
                continue
            if name in (introduced, name_of(left)) and (
                name not in self.scope.values or self.scope.values[name].tensor.definition is None
            ):
                self.entering.add(later)
                try:
                    return self.define(later, chain, left, depth + 1) is not None
                finally:
                    self.entering.discard(later)
        return not name.endswith("_u2") and self.define_root(name, position, depth)

    def define_root(self, name: str, position: int, depth: int) -> bool:
        """Enter σ where the document tells σ²: the positive root; it is said so."""
        square = f"{name}_u2"
        if name in self.scope.functions or name in self.unread:
            return False
        if square not in self.scope.values and not self.define_first(square, position, depth):
            return False
        of = self.scope.values[square]
        enter(self.scope, name, pointwise(sp.sqrt, [of], (0, 0)), self.scope.tex[square].split("^")[0].strip())
        self.scope.notes.append(f"{name} is read as the positive root of {name}^2, which the document tells")
        return True

    def assumed(self, error: UnknownSymbol) -> bool:
        """Whether an undeclared symbol is the next layer's, or can be read as any cost or as a real number; it is said so."""
        if self.define_shifted(error.name, 0) or self.define_step(error.name, 0) or self.function_alone(error):
            return True
        if enter_numbered(self, error.name) or assume_direction(self, error.name):  # type: ignore[arg-type]
            return True
        assumed = (
            self.assume_vector(error)
            or assume_cost(self, error.name)
            or self.assume_mean(error.name)
            or self.assume_argument(error)
        )
        return assumed or self.assume_rate(error) or self.assume_scalar(error)

    def define_everything(self) -> None:
        """Enter the definitions that stand further on."""
        started = {self.introduces(self.side(self.everything[k][1], 0)) for k in self.entering} - {None}
        for position, (piece, chain) in enumerate(self.everything):
            if position in self.done or position in self.entering or chain.error or not chain.signs:
                continue
            left = self.side(chain, 0)
            if (
                isinstance(left, s.Node)
                and chain.signs[0] in EQUAL
                and not self.is_condition(chain, left)
                and self.introduces(left) not in started
                and self.is_definition(left, piece, chain)
            ):
                self.entering.add(position)
                known = len(self.problems)
                self.define(position, chain, left, 15)
                del self.problems[known:]
                self.entering.discard(position)

    def introduces(self, left: s.Node | ReadingError) -> str | None:
        """The name that a left side would introduce."""
        try:
            return target(self.scope, left)[0] if isinstance(left, s.Node) else None
        except ReadingError:
            return None

    def definitions_of_derivatives(self) -> set[str]:
        """Names that stand for a derivative."""
        return {
            name
            for name, node in self.definitions.items()
            if any(isinstance(n, (s.Derivative, s.Nabla)) for n in s.walk(node))
        }

    def define_number(self, chain: Chain, left: s.Node, right: s.Node, tex: str) -> str | None:
        """A symbol given as numbers is a variable whose value is known."""
        try:
            name, _ = target(self.scope, left)
        except ReadingError:
            return None
        if isinstance(left, s.Scripted) and name in self.scope.values:
            return None
        given = numbers.literal(right, chain, self.source.text)
        starts = self.is_start(left) or (name.endswith("_0") and name not in self.differentiated_by())
        if starts and given is not None and not any(given.entries):
            enter(self.scope, name, number(0), tex)  # h_0 = 0: of whatever shape
            self.definitions[name] = right
            return name
        if given is None:
            name = define(self.scope, left, right, self.declared.ranges, tex)
            self.definitions[name] = right
            return name
        held = self.scope.values.get(name)
        if held is None or held.tensor.extents != tuple(sp.Integer(n) for n in given.shape):
            numeric_leaf(self.scope, name, given.shape, tex)
        self.given[name] = given
        return name

    def differentiated_by(self) -> set[str]:
        """The names by which some line differentiates."""
        nodes = [n for _, c in self.everything for k in range(len(c.sides)) if isinstance(n := self.side(c, k), s.Node)]
        found = [b for node in nodes for n in s.walk(node) if isinstance(n, s.Derivative) for b in n.by]
        found += [n.by for node in nodes for n in s.walk(node) if isinstance(n, s.Nabla) and n.by is not None]
        return {name for b in found if (name := name_of(b)) is not None}

    def known(self, node: s.Node) -> Value | None:
        """The value of a node, or None where something in it is not declared."""
        try:
            return self.value(node, free_letters(self.scope, [node], self.declared.ranges))
        except ReadingError:
            return None

    def value(self, node: s.Node, env) -> Value:
        """The value of a node, with what is missing entered first where that is possible."""

        for _ in range(40):
            try:
                return Elaborator(self.scope, env)(node)
            except UnknownSymbol as error:
                if not (self.define_first(error.name, -1, 0) or self.assumed(error)):
                    raise
            except NotWritten as error:
                if not assume_beyond(self, error.of, error.by):
                    raise
            except SizeUnknown:
                value = with_ones(self.scope, [node], lambda scope: Elaborator(scope, env)(node))
                if value is None:
                    raise
                return value
        raise ReadingError("the definitions go round in a circle", node.span)

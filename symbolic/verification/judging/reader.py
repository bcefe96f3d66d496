"""Going through a document line by line: definitions enter the program, every further equality is handed on as a claim."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Layout, Scope, Unread
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol, Value
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.tokens import Vocabulary
from symbolic.verification.judging import numbers
from symbolic.verification.judging.costs import assume_cost, cotangent
from symbolic.verification.reading.assumptions import assumption
from symbolic.verification.reading.declarations import Declarations, Declared, name_of
from symbolic.verification.reading.functions import function_names, left_names, primed_names, unread_names
from symbolic.verification.reading.layers import mentions, shifted
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.program import define, enter, numeric_leaf, scope_from, target
from symbolic.verification.reading.statements import Chain, chains

_EQUAL = frozenset(["=", ":=", "~"])
_INTRODUCES = re.compile(
    r"(?i)\b(let|define|put|set|consider|take|suppose|given|write|call|denote|introduce|now|where|with)\s+(?:also\s+|now\s+|us\s+|again\s+|\w+\s+by\s+)?$"
)


@dataclass
class Line:
    """One equality to be judged: ``left`` is the first side of its chain, ``before`` the side before, ``right`` what is claimed."""

    chain: Chain
    k: int
    left: s.Node | ReadingError
    before: s.Node | ReadingError
    right: s.Node | ReadingError
    defined: str | None = None


@dataclass
class Reader:
    """The state while a document is read in order."""

    source: Source
    declared: Declarations
    layout: Layout
    otimes: str = "kronecker"
    scope: Scope = field(init=False)
    everything: list[tuple[Piece, Chain]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    definitions: dict[str, s.Node] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    entering: set[int] = field(default_factory=set)
    costs: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)

    def __post_init__(self):
        functions = function_names(self.source, self.declared)
        applied = [*functions, *primed_names(self.source, self.declared)]
        written = frozenset([*self.declared.names, *left_names(self.source)])
        vocabulary = Vocabulary(written, frozenset(applied), self.source.macros)
        for piece in self.source.pieces:
            if piece.mathematics:
                self.everything.extend((piece, chain) for chain in chains(self.source, piece, vocabulary))
        for _, chain in self.everything:
            left = self.side(chain, 0) if chain.signs == ("=",) else None
            stated = assumption(self.side, chain, left) if isinstance(left, s.Node) else None
            if stated is not None and stated[0] in self.declared.names:
                self.declared.assume.setdefault(stated[0], set()).add(stated[1])
        self.scope = scope_from(self.declared, self.layout, self.source.macros, functions, self.otimes)
        self.unread = unread_names(self.source, [chain for _, chain in self.everything])
        for _, chain in self.everything:
            left = self.side(chain, 0) if chain.signs[:1] == ("=",) else None
            if isinstance(left, s.Call) and isinstance(left.head, s.Symbol):
                self.tell_function(left.head.name, left, self.side(chain, 1))
        for name in self.unread:
            if isinstance(self.scope.functions.get(name), Generic):
                self.scope.functions[name] = Unread(name)

    def tell_function(self, name: str, left: s.Call, right: s.Node | ReadingError) -> None:
        """``h(s) = …`` says what h is, wherever it stands."""
        if not isinstance(self.scope.functions.get(name), Generic) or not all(name_of(a) for a in left.arguments):
            return
        told = isinstance(right, s.Node)
        self.scope.functions[name] = (
            FunctionOf(tuple(name_of(a) or "" for a in left.arguments), right) if told else Unread(name)
        )

    # -- going through -------------------------------------------------------------------------------------------------

    def lines(self):
        """Every claim, in order; definitions are entered on the way."""
        for position, (piece, chain) in enumerate(self.everything):
            if position in self.done:
                yield from self.after_definition(chain)
                continue
            yield from self.read(position, piece, chain)

    def after_definition(self, chain: Chain):
        """The claims of a chain whose first equality was entered ahead of time."""
        if len(chain.sides) > 2:
            yield from self.links(chain, 2, None)

    def read(self, position: int, piece: Piece, chain: Chain):
        """One chain: a definition, claims, or neither."""
        if chain.error is not None:
            self.problem(chain.error.span, str(chain.error))
            if "=" in self.source.text[chain.start : chain.end]:
                yield Line(chain, 1, chain.error, chain.error, chain.error)
            return
        if not chain.signs or not all(sign in _EQUAL for sign in chain.signs):
            return
        left = self.side(chain, 0)
        if isinstance(left, s.Node):
            if self.is_condition(chain, left) or self.is_assumption(chain, left):
                return
            if self.is_definition(left, piece, chain):
                self.function_by_value(chain)
                self.entering.add(position)
                name = self.define(position, chain, left)
                self.entering.discard(position)
                if name is not None:
                    yield from self.links(chain, 3 if self.names_function(chain) else 2, name)
                    return
                if self.is_definition(left, piece, chain):
                    return
        yield from self.links(chain, 1, None)

    def function_by_value(self, chain: Chain) -> None:
        """``z = h(s) = tanh(s)`` says what h is."""
        if self.names_function(chain):
            call, body = self.side(chain, 1), self.side(chain, 2)
            if isinstance(call, s.Call) and isinstance(call.head, s.Symbol) and isinstance(body, s.Node):
                self.scope.functions[call.head.name] = FunctionOf(tuple(name_of(a) or "" for a in call.arguments), body)

    def names_function(self, chain: Chain) -> bool:
        """Whether the second side of a chain is an untold function of symbols and the third its formula."""
        if len(chain.sides) < 3:
            return False
        call = self.side(chain, 1)
        if (
            not isinstance(call, s.Call)
            or not isinstance(call.head, s.Symbol)
            or not all(name_of(a) for a in call.arguments)
        ):
            return False
        meaning = self.scope.functions.get(call.head.name)
        return isinstance(meaning, Generic) or (isinstance(meaning, FunctionOf) and meaning.body == self.side(chain, 2))

    def links(self, chain: Chain, first: int, defined: str | None):
        """The claims of a chain from the given link on."""
        nodes = [self.side(chain, k) for k in range(len(chain.sides))]
        for k in range(first, len(nodes)):
            if isinstance(nodes[k], s.Dots):
                continue
            yield Line(chain, k, nodes[0], nodes[k - 1], nodes[k], defined)

    def side(self, chain: Chain, k: int) -> s.Node | ReadingError:
        """One side as a tree, or why it has none."""
        side = chain.sides[k]
        if not side.tokens:
            return ReadingError("nothing stands on this side of the equality", (side.start, side.end))
        try:
            return parse(side.tokens)
        except ReadingError as error:
            return error

    def problem(self, span: tuple[int, int], message: str) -> None:
        """Report something that was not understood."""
        if (span[0], message) not in self.problems:
            self.problems.append((span[0], message))

    # -- what is no claim ------------------------------------------------------------------------------------------------

    def is_condition(self, chain: Chain, left: s.Node) -> bool:
        """``i = j``, ``p = 1, …, P``, ``n = 3``: said of indices and sizes."""
        items = left.items if isinstance(left, s.Items) else (left,)
        if any(t.type == "DOTS" for t in chain.sides[-1].tokens) and all(
            isinstance(i, s.Symbol) and i.name not in self.scope.values for i in items
        ):
            return True
        if len(chain.sides) != 2 or not isinstance(left, s.Symbol) or left.name in self.scope.values:
            return False
        right = self.side(chain, 1)
        if left.name in self.scope.dims and isinstance(right, s.Number):
            return True
        return (
            left.name in self.index_letters()
            and isinstance(right, (s.Symbol, s.Number))
            and getattr(right, "name", "") not in self.scope.values
        )

    def index_letters(self) -> set[str]:
        """Letters that stand as indices somewhere in the document."""
        found = self.__dict__.get("_letters")
        if found is None:
            found = {"i", "j", "k", "l", "p", *self.declared.ranges}
            self.__dict__["_letters"] = found
        return found

    def is_assumption(self, chain: Chain, left: s.Node) -> bool:
        """``A = A⊤`` and ``Q⊤Q = I`` of declared matrices."""
        of = left.of.name if isinstance(left, s.Derivative) and isinstance(left.of, s.Symbol) else None
        if of is not None and (of in self.costs or (of not in self.scope.values and assume_cost(self, of))):
            return cotangent(self, chain, of) is not None
        return assumption(self.side, chain, left) is not None

    def is_definition(self, left: s.Node, piece: Piece, chain: Chain) -> bool:
        """Whether the left side is a symbol that has no value yet, or one that the prose introduces anew."""
        if isinstance(left, s.Call) and isinstance(left.head, s.Symbol):
            return (
                left.head.name in self.scope.functions
                and left.head.name not in self.definitions
                and all(map(name_of, left.arguments))
            )
        try:
            name, places = target(self.scope, left)
        except ReadingError:
            return False
        if name in self.definitions or name in self.given:
            return bool(self.introduced(piece, chain)) and not self.mentions(chain, name)
        held = self.scope.values.get(name)
        if held is not None:
            return held.tensor.definition is None and not self.mentions(chain, name) and name not in self.used(chain)
        base = left.base.name if isinstance(left, s.Scripted) and isinstance(left.base, s.Symbol) else None
        if base is not None and base in self.scope.values and name != base and not places:
            rank = self.scope.values[base].rank
            return rank == 0 or isinstance(left.sup, s.Group)
        return True

    def introduced(self, piece: Piece, chain: Chain) -> bool:
        """Whether the prose right before says let, define, put …"""
        before = self.source.text[max(0, piece.start - 60) : piece.start].rstrip("$\\([ \n")
        return chain.start <= piece.start + 3 and bool(_INTRODUCES.search(before + " "))

    def mentions(self, chain: Chain, name: str) -> bool:
        """Whether the right side names the symbol itself."""
        right = self.side(chain, 1)
        if not isinstance(right, s.Node):
            return False
        return any(isinstance(n, (s.Symbol, s.Scripted)) and name_of(n) == name for n in s.walk(right))

    def used(self, chain: Chain) -> set[str]:
        """Names whose tensors are read by what was defined so far."""
        read: set[str] = set()
        for name in self.definitions:
            value = self.scope.values.get(name)
            if value is not None:
                stack = [value.tensor]
                seen = set()
                while stack:
                    t = stack.pop()
                    if t.serial in seen:
                        continue
                    seen.add(t.serial)
                    stack.extend(t.operands)
                read.update(n for n, v in self.scope.values.items() if v.tensor.serial in seen)
        return read

    # -- definitions -------------------------------------------------------------------------------------------------------

    def define(self, position: int, chain: Chain, left: s.Node, depth: int = 0) -> str | None:
        """Enter a definition, those that it needs first; None (and a problem) where it cannot be read."""
        right = self.side(chain, 1)
        if isinstance(right, ReadingError):
            self.problem(right.span, str(right))
            return None
        tex = self.source.text[chain.sides[0].start : chain.sides[0].end].strip()
        if numbers.is_numeric(right):
            return self.define_number(chain, left, right, tex)
        for _ in range(40):
            try:
                name = define(self.scope, left, right, self.declared.ranges, tex)
                self.definitions[name] = right
                self.done.add(position)
                return name
            except UnknownSymbol as error:
                if depth > 20 or not (self.define_first(error.name, position, depth) or self.assumed(error)):
                    return self._not_defined(left, error)
            except ReadingError as error:
                return self._not_defined(left, error)
            except (ChainruleError, RecursionError) as error:
                return self._not_defined(
                    left, ReadingError(str(error), (chain.sides[1].tokens and (chain.start, chain.end)) or (0, 0))
                )
        return None

    def _not_defined(self, left: s.Node, error: ReadingError) -> None:
        name = name_of(left)
        if name:
            self.failed[name] = error.span[0]
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
                or chain.signs[0] not in _EQUAL
            ):
                continue
            left = self.side(chain, 0)
            if not isinstance(left, s.Node):
                continue
            try:
                introduced, _ = target(self.scope, left)
            except ReadingError:
                continue
            if introduced == name and (
                name not in self.scope.values or self.scope.values[name].tensor.definition is None
            ):
                self.entering.add(later)
                try:
                    return self.define(later, chain, left, depth + 1) is not None
                finally:
                    self.entering.discard(later)
        return False

    def define_shifted(self, name: str, depth: int) -> bool:
        """Enter ``z^{(l+1)}`` by what is written for ``z^{(l)}``."""
        for letter in self.declared.layers:
            for _, chain in self.everything:
                if chain.error or not chain.signs or chain.signs[0] not in _EQUAL or depth > 20:
                    continue
                left, right = self.side(chain, 0), self.side(chain, 1)
                if not isinstance(left, s.Node) or not isinstance(right, s.Node) or not mentions(left, letter):
                    continue
                left, right = shifted(left, letter, 1), shifted(right, letter, 1)
                try:
                    introduced, _ = target(self.scope, left)
                except ReadingError:
                    continue
                if introduced == name and self.enter_next(left, right, depth):
                    return True
        return False

    def enter_next(self, left: s.Node, right: s.Node, depth: int) -> bool:
        """Enter one definition of the next layer, those that it needs first."""
        for _ in range(20):
            try:
                name = define(self.scope, left, right, self.declared.ranges, target(self.scope, left)[0])
                self.definitions[name] = right
                return True
            except UnknownSymbol as error:
                if not (self.define_first(error.name, -1, depth + 1) or self.define_shifted(error.name, depth + 1)):
                    return False
            except ReadingError:
                return False
        return False

    def next_layers(self) -> None:
        """Enter the next layer of everything that is defined for a generic one, where the document speaks of it."""
        for letter in self.declared.layers:
            if not re.search(rf"[\^_]\s*\{{?\s*[(\[]?\s*\\?{letter}\s*\+\s*1", self.source.text):
                continue
            for name in list(self.definitions):
                for _, chain in self.everything:
                    left = self.side(chain, 0) if chain.signs else None
                    if isinstance(left, s.Node) and name_of(left) == name and mentions(left, letter):
                        following = name_of(shifted(left, letter, 1))
                        held = self.scope.values.get(following or "")
                        if following and (held is None or held.tensor.definition is None):
                            self.define_shifted(following, 0)

    def assumed(self, error: UnknownSymbol) -> bool:
        """Whether an undeclared symbol is the next layer's, or can be read as any cost or as a real number; it is said so."""
        return self.define_shifted(error.name, 0) or assume_cost(self, error.name) or self.assume_scalar(error)

    def define_everything(self) -> None:
        """Enter the definitions that stand further on."""
        for position, (piece, chain) in enumerate(self.everything):
            if position in self.done or position in self.entering or chain.error or not chain.signs:
                continue
            left = self.side(chain, 0)
            if isinstance(left, s.Node) and chain.signs[0] in _EQUAL and self.is_definition(left, piece, chain):
                self.entering.add(position)
                known = len(self.problems)
                self.define(position, chain, left, 15)
                del self.problems[known:]
                self.entering.discard(position)

    def definitions_of_derivatives(self) -> set[str]:
        """Names that stand for a derivative."""
        return {
            name
            for name, node in self.definitions.items()
            if any(isinstance(n, (s.Derivative, s.Nabla)) for n in s.walk(node))
        }

    def assume_scalar(self, error: UnknownSymbol) -> bool:
        """In a document that declares nothing, an undeclared symbol is a real number; it is said so."""
        if self.declared.names or not re.fullmatch(r"[A-Za-z]\w*", error.name):
            return False
        item = Declared(error.name, (), error.name, error.span[0])
        numeric_leaf(self.scope, error.name, (), error.name)
        self.scope.notes.append(f"{item.tex} is not declared and read as a real number")
        return True

    def define_number(self, chain: Chain, left: s.Node, right: s.Node, tex: str) -> str | None:
        """A symbol given as numbers is a variable whose value is known."""
        try:
            name, _ = target(self.scope, left)
        except ReadingError:
            return None
        if isinstance(left, s.Scripted) and name in self.scope.values:
            return None
        given = numbers.literal(right, chain, self.source.text)
        if given is None:
            name = define(self.scope, left, right, self.declared.ranges, tex)
            self.definitions[name] = right
            return name
        held = self.scope.values.get(name)
        if held is None or held.tensor.extents != tuple(sp.Integer(n) for n in given.shape):
            numeric_leaf(self.scope, name, given.shape, tex)
        self.given[name] = given
        return name

    def value(self, node: s.Node, env) -> Value:
        """The value of a node, with what is missing entered first where that is possible."""
        from symbolic.verification.elaboration.elaborate import Elaborator

        for _ in range(40):
            try:
                return Elaborator(self.scope, env)(node)
            except UnknownSymbol as error:
                if not (self.define_first(error.name, -1, 0) or self.assumed(error)):
                    raise
        raise ReadingError("the definitions go round in a circle", node.span)


__all__ = ["Line", "Reader", "ShapeMisfit", "enter"]

"""Going through a document line by line: definitions enter the program, every further equality is handed on as a claim."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from symbolic.errors import ChainruleError
from symbolic.verification.elaboration.calls import conditional
from symbolic.verification.elaboration.names import is_word
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Layout, Scope, Unread
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging import numbers
from symbolic.verification.judging.ahead import define_density, define_parametrised, folded, is_model
from symbolic.verification.judging.conditions import Conditions
from symbolic.verification.judging.costs import start_section
from symbolic.verification.judging.entries import layers_by_letter
from symbolic.verification.judging.general import enter_numbered, is_general, works_out
from symbolic.verification.judging.named_derivatives import enter_rate, is_partial_derivative, is_slope
from symbolic.verification.judging.shorthand import cost_of_shorthand, summed_over
from symbolic.verification.judging.sides import Sides
from symbolic.verification.judging.spelling import turned
from symbolic.verification.judging.steps import EQUAL
from symbolic.verification.judging.supposed import is_supposition, is_zero
from symbolic.verification.judging.told_functions import tell_functions
from symbolic.verification.reading import told_as
from symbolic.verification.reading.assumptions import assumption, sums_to_one
from symbolic.verification.reading.compounds import compounds
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.domains import applied
from symbolic.verification.reading.families import define_beside
from symbolic.verification.reading.functions import (
    function_names,
    left_names,
    parametrised_names,
    primed_names,
    unread_names,
)
from symbolic.verification.reading.functions_alone import with_argument
from symbolic.verification.reading.layered import defined_instances
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.powers import told_by_squares
from symbolic.verification.reading.program import scope_from, target
from symbolic.verification.reading.properties import is_case
from symbolic.verification.reading.statements import Chain, chains, equates_inside, goes_on, written
from symbolic.verification.reading.subscripted_calls import subscripted_calls, whole_calls
from symbolic.verification.reading.underbraces import named_parts

_INTRODUCES = re.compile(
    r"(?i)\b(let|define|put|set|consider|take|suppose|given|(?<!also )(?<!could )(?<!can )(?<!may )write|call|denote|introduce|now|where|with)\s+(?:also\s+|now\s+|us\s+|again\s+|\w+\s+by\s+)?$"
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

    @property
    def start(self) -> int:
        """The place where the claim is written."""
        return self.chain.sides[0 if self.k == 1 else self.k].start if self.chain.error is None else self.chain.start


@dataclass
class Reader(Conditions):
    """The state while a document is read in order."""

    source: Source
    declared: Declarations
    layout: Layout
    otimes: str = "kronecker"
    sums: bool = False
    """Whether dZ of a computed Z is the derivative of the sum of the losses, and not of the cost, their mean."""
    scope: Scope = field(init=False)
    everything: list[tuple[Piece, Chain]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    definitions: dict[str, s.Node] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    told_by: dict[int, int] = field(default_factory=dict)
    """Which side of a chain, by its number, says what the name on its left is."""
    inferred: dict[int, str] = field(default_factory=dict)
    """Names of the tensors whose shape the formulas alone tell, by serial."""
    entering: set[int] = field(default_factory=set)
    costs: set[str] = field(default_factory=set)
    assumed_costs: set[str] = field(default_factory=set)
    here: int = 0
    """The place that is being read."""
    of_costs: set[int] = field(default_factory=set)
    """Serials of the tensors that stand for what a document does not say of its costs."""
    unsayable: set[int] = field(default_factory=set)
    """Those of them that have no name in the document, so that nothing shown may mention them."""
    unread: set[str] = field(default_factory=set)
    same_functions: set[int] = field(default_factory=set)
    conditions: list[tuple[set[str], str, str]] = field(default_factory=list)
    resting: list[Line] = field(default_factory=list)
    """The lines that were found to be conditions, on which others may rest."""
    constants: set[str] = field(default_factory=set)
    """Declared symbols of which the document says that they do not vary: ``dA = 0``."""
    compounds: frozenset[tuple[str, str]] = frozenset()
    lettered: frozenset[str] = frozenset()
    """Names that are another array with other letters below them."""
    called: dict[str, s.Node] = field(default_factory=dict)
    whole: dict[str, s.Node] = field(default_factory=dict)
    folded: list[tuple[int, tuple, s.Node]] = field(default_factory=list)
    gradients_of: s.Node | None = None
    batch: s.Symbol | None = None
    """The cost of which dW is a short name for the gradient, where d is no sign of a differential."""
    supposed: list[tuple[Chain, s.Relation]] = field(default_factory=list)
    unadopted: set[str] = field(default_factory=set)
    unclaimed: list[tuple[Chain, bool]] = field(default_factory=list)
    """Equalities of which nothing is judged, and whether they are definitions."""
    supposed_at: set[int] = field(default_factory=set)
    """The places of equalities that are conditions."""
    stated: set[int] = field(default_factory=set)
    """Those of them that no word makes the case of one sentence."""

    def __post_init__(self):
        self.sides = Sides(self)
        parametrised = parametrised_names(self.source, self.declared)
        functions = [*dict.fromkeys([*function_names(self.source, self.declared), *parametrised])]
        applied = [*functions, *primed_names(self.source, self.declared)]
        written = frozenset([*self.declared.names, *left_names(self.source, self.declared)])
        vocabulary = replace(
            self.source.vocabulary,
            names=written,
            functions=frozenset(applied),
            parametrised=frozenset(parametrised),
        )
        for piece in self.source.pieces:
            if piece.mathematics:
                for chain in chains(self.source, piece, vocabulary):
                    before = self.everything[-1] if self.everything else None
                    if before is None or not (
                        goes_on(self.source, before[1], chain) or told_as.joins(self.source, before, piece, chain)
                    ):
                        self.everything.append((piece, chain))
        known = {str(c.sides[0].tokens[0]) for _, c in self.everything if len(c.sides) > 1 and c.sides[0].tokens}
        for piece in [p for p in self.source.pieces if p.mathematics]:
            for chain in named_parts(self.source, piece, vocabulary, known | set(self.declared.names)):
                at = next((k for k, (other, _) in enumerate(self.everything) if other is piece), len(self.everything))
                self.everything.insert(at, (piece, chain))
                known.add(str(chain.sides[0].tokens[0]))
        self.lettered = layers_by_letter(self)
        written_out = [chain for _, chain in self.everything]
        define_beside(self.declared, written_out)
        self.called = subscripted_calls(written_out, self.declared.families, functions)
        self.whole = whole_calls(written_out, self.called)
        functions = [name for name in functions if name not in self.whole]
        for _, chain in self.everything:
            left = self.side(chain, 0) if chain.signs == ("=",) else None
            stated = assumption(self.side, chain, left) if isinstance(left, s.Node) else None
            one = sums_to_one(left, self.side(chain, 1)) if isinstance(left, s.Node) else None
            if one is not None and (one not in self.declared.names or len(self.declared.names[one].shape) == 1):
                self.declared.assume.setdefault(one, set()).add("probability")
            if stated is not None and stated[0] in self.declared.names:
                before = self.source.text[max(0, chain.start - 60) : chain.start].rstrip("$\\( ")
                into = self.declared.perhaps if is_case(f"{before} ", False) else self.declared.assume
                into.setdefault(stated[0], set()).add(stated[1])
        lefts = [n for _, chain in self.everything if chain.signs and isinstance(n := self.side(chain, 0), s.Node)]
        self.compounds = compounds(lefts, self.declared.names)
        self.folded = folded([chain for _, chain in self.everything], self.side)
        self.scope = scope_from(self.declared, self.layout, self.source.macros, functions, self.otimes)
        self.note_supplied()
        equated = [(chain.signs[:1], self.side(chain, 0)) for _, chain in self.everything if chain.signs]
        for name in defined_instances(equated, self.declared):
            self.scope.values.pop(name, None)
        self.unread = unread_names(self.source, [chain for _, chain in self.everything])
        tell_functions(self)
        for name in self.unread:
            if isinstance(self.scope.functions.get(name), Generic):
                self.scope.functions[name] = Unread(name)
        define_parametrised(self)
        self.gradients_of = cost_of_shorthand(self)
        self.batch = summed_over(self) if self.sums else None
        if self.gradients_of is not None:
            told = self.source.text[self.gradients_of.span[0] : self.gradients_of.span[1]]
            self.scope.notes.append(
                f"d before a symbol is read as the derivative of {told} by it, and not as a differential"
            )
        self.sides.kept = {}
        for name in told_by_squares(self):
            free = self.scope.values.pop(name, None)
            if not self.define_root(name, -1, 0) and free is not None:
                self.scope.values[name] = free

    # -- going through -------------------------------------------------------------------------------------------------

    def lines(self):
        """Every claim, in order; definitions are entered on the way."""
        for position, (piece, chain) in enumerate(self.everything):
            start_section(self, chain.start)
            if position in self.done:
                self.unclaimed.append((chain, True))
                yield from self.after_definition(chain)
                continue
            claimed = False
            try:
                for line in self.read(position, piece, chain):
                    claimed = True
                    yield line
            except ChainruleError as error:  # one formula that cannot be read does not take the others with it
                span = error.span if isinstance(error, ReadingError) else (chain.start, chain.end)
                self.problem(span, str(error))
            if not claimed and chain.error is None and (EQUAL & set(chain.signs) or equates_inside(chain)):
                self.unclaimed.append((chain, self.defines(position, chain)))

    def defines(self, position: int, chain: Chain) -> bool:
        """Whether an equality says what a symbol is, and nothing that could be judged."""
        if position in self.done or id(chain) in self.same_functions or chain.start in self.declared.told:
            return True
        left = self.side(chain, 0)
        return isinstance(left, s.Node) and (name_of(left) in self.given or is_general(self, left, self.side(chain, 1)))

    def after_definition(self, chain: Chain):
        """The claims of a chain whose first equality was entered ahead of time."""
        yield from self.links(chain, self.told_by.get(id(chain), 1) + 1, None)

    def read(self, position: int, piece: Piece, chain: Chain):
        """One chain: a definition, claims, or neither."""
        if chain.error is not None:
            self.problem(chain.error.span, str(chain.error))
            if "=" in self.source.text[chain.start : chain.end]:
                yield Line(chain, 1, chain.error, chain.error, chain.error)
            return
        equal = next((k for k, sign in enumerate(chain.signs) if sign not in EQUAL), len(chain.signs))
        if "=!" in chain.signs:
            self.suppose(*written(self.source, chain, chain.signs.index("=!") + 1))
        if not equal or id(chain) in self.same_functions or chain.start in self.declared.told:
            return
        if equal < len(chain.signs):  # a = b > 0
            chain = replace(chain, sides=chain.sides[: equal + 1])
        if len(chain.sides) > 2 and is_zero(self.side(chain, 0)):  # 0 = ∇f = …
            self.suppose(*written(self.source, chain, 1))
            chain = replace(chain, sides=chain.sides[1:])
        chain = with_argument(chain, self.scope.functions, self.scope.values)
        left = self.side(chain, 0)
        if isinstance(left, s.Group) and isinstance(left.body, s.Number) and left.body.text.isdigit():
            chain = replace(chain, sides=chain.sides[1:])  # (2) = … goes on from the line that has this number
            if len(chain.sides) > 1:
                yield from self.links(chain, 1, None)
            return
        if self.gradients_of is not None and len(chain.sides) == 2 and s.plain(left) == s.plain(self.side(chain, 1)):
            return  # dW = ∂J/∂W says what dW is
        if isinstance(left, s.Call) and define_density(self, position, chain, left):
            yield from self.links(chain, 2, None)
            return
        density = conditional(left) if isinstance(left, s.Node) else None
        if density is not None and density not in self.scope.values:
            self.scope.notes.append(f"what {density} is, is not read; nothing is judged by it")
            return
        if isinstance(left, s.Sum) and isinstance(right := self.side(chain, 1), s.Node):
            chain, left = turned(self, chain, left, right)
        if isinstance(left, s.Node):
            if self.is_condition(chain, left) or self.is_assumption(chain, left):
                return
            general = self.is_step(left) or is_general(self, left, self.side(chain, 1))
            if self.is_placeholder(position, chain, left) or (general and len(chain.sides) == 2):
                return
            if is_model(self, chain, left):
                self.scope.notes.append(
                    f"{self.source.text[chain.start : chain.end].strip()} is read as a model of the data and not as a definition"
                )
                return
            if self.is_definition(left, piece, chain):
                self.function_by_value(chain)
                self.entering.add(position)
                name = self.define(position, chain, left)
                self.entering.discard(position)
                if name is not None:
                    told = self.told_by.get(id(chain), 1)
                    yield from self.links(chain, 3 if self.names_function(chain) else told + 1, name)
                    return
                if self.is_definition(left, piece, chain):
                    yield from self.links(chain, 2, None)
                    return
            elif self.is_condition_on_leaves(chain) or is_supposition(self, chain, left):
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
            if any(self.is_expansion(n) for n in (nodes[k - 1], nodes[k])):
                place, told = written(self.source, chain, k)
                line = self.source.line(place)
                self.scope.notes.append(f"{told} (line {line}) is told up to a remainder only, so it is not judged")
                continue
            yield Line(chain, k, nodes[0], nodes[k - 1], nodes[k], defined)

    def is_expansion(self, node: s.Node | ReadingError) -> bool:
        """Whether a side is known up to a remainder or a constant only: ``… + O(‖h‖²)``, ``… + o(t)``, ``… + const``."""
        return isinstance(node, s.Node) and any(
            (isinstance(n, s.Symbol) and n.name == "const")
            or (
                (found := applied(n)) is not None
                and found[0] in ("O", "o", "calO")
                and found[0] not in self.scope.values
                and isinstance(self.scope.functions.get(found[0], Generic("")), Generic)
            )
            for n in s.walk(node)
        )

    def side(self, chain: Chain, k: int) -> s.Node | ReadingError:
        """One side as a tree, or why it has none."""
        return self.sides(chain, k)

    def problem(self, span: tuple[int, int], message: str) -> None:
        """Report something that was not understood."""
        if (span[0], message) not in self.problems:
            self.problems.append((span[0], message))

    # -- what is a definition -------------------------------------------------------------------------------------------

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
        if isinstance(left, s.Scripted) and left.sub is None and numbers.both(left, self.side(chain, 1)):
            return False  # e^2 = 7.389
        if name not in self.scope.values and name.endswith("_dot") and enter_rate(self, name):
            return False
        if name in self.definitions or name in self.given:
            anew = (
                name in self.given
                and numbers.is_numeric(self.side(chain, 1))
                and numbers.instead(self.source.text, chain)
            )
            return anew or (bool(self.introduced(piece, chain)) and not self.mentions(chain, name))
        held = self.scope.values.get(name)
        if held is not None:
            told = name not in self.declared.names and not held.rank and numbers.is_numeric(self.side(chain, 1))
            unused = told or name not in self.used(chain)
            return held.tensor.definition is None and not self.mentions(chain, name) and unused
        base = left.base.name if isinstance(left, s.Scripted) and isinstance(left.base, s.Symbol) else None
        if base is not None and base in self.scope.values and name != base and not places:
            held = self.scope.values[base]
            rank = held.rank
            if not rank and (is_partial_derivative(self, left) or "sign" in held.tensor.assume):
                return False
            if is_slope(left, held):
                return False
            if left.primes and left.sub is None and left.sup is None and held.tensor.definition is None:
                return True  # h′ = (1 − z)∘h + z∘c: of a declared array its transpose is nothing to be claimed
            return rank == 0 or isinstance(left.sup, s.Group) or is_word(left.sup) or is_word(left.sub)
        if enter_numbered(self, name, derivatives=True):
            return False
        if numbers.is_numeric(self.side(chain, 1)) and works_out(self, name):
            return False
        return not self.is_last_error(name) and not self.define_step(name, 0)

    def introduced(self, piece: Piece, chain: Chain) -> bool:
        """Whether the prose right before says let, define, put …"""
        before = self.source.text[max(0, piece.start - 60) : piece.start].rstrip("$\\([ \n")
        return chain.start <= piece.start + 3 and bool(_INTRODUCES.search(before + " "))

    def mentions(self, chain: Chain, name: str) -> bool:
        """Whether the right side names the symbol itself."""
        right = self.side(chain, 1)
        if not isinstance(right, s.Node):
            return False
        stack: list[s.Node] = [right]
        while stack:
            node = stack.pop()
            if isinstance(node, s.Scripted) and name_of(node) != name and name_of(node) in self.scope.values:
                continue  # a_f with a name of its own is not f
            if isinstance(node, (s.Symbol, s.Scripted)) and name_of(node) == name:
                return True
            stack.extend(s.children(node))
        return False

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

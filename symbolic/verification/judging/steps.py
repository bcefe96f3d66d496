"""Layers and steps that a document writes for a general letter: the next one, a numbered one, the last one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import NotWritten, UnknownSymbol
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.assumed import Assumed
from symbolic.verification.judging.costs import assume_beyond
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.layers import at_layer, layer_numbers, mentions, numbered, shifted, step_before
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.pieces import Piece
from symbolic.verification.reading.program import define, target
from symbolic.verification.reading.statements import Chain

EQUAL = frozenset(["=", ":=", "~"])


class Steps(Assumed):
    """The part of a reader that enters what is told of layers and steps."""

    declared: Declarations
    scope: Scope
    everything: list[tuple[Piece, Chain]]
    definitions: dict[str, s.Node]
    side: Callable[[Chain, int], s.Node | ReadingError]
    define_first: Callable[[str, int, int], bool]

    def equated(self, chain: Chain) -> tuple[s.Node | None, s.Node | None]:
        """The sides of the equality that a chain begins with, as far as they are read."""
        if not chain.is_equality:
            return None, None
        left, right = (self.side(chain, k) for k in (0, 1))
        return left if isinstance(left, s.Node) else None, right if isinstance(right, s.Node) else None

    def is_of_numbered_layers(self, left: s.Node) -> bool:
        """Whether a left side stands for layers that the document writes by their numbers."""
        return any(
            mentions(left, letter) and len(layer_numbers(letter, self.source.text)) > 1
            for letter in self.declared.layers
        )

    def define_shifted(self, name: str, depth: int) -> bool:
        """Enter ``z^{(l+1)}`` by what is written for ``z^{(l)}``."""
        for letter in self.declared.layers:
            for _, chain in self.everything:
                if chain.error or not chain.signs or chain.signs[0] not in EQUAL or depth > 20:
                    continue
                left, right = self.side(chain, 0), self.side(chain, 1)
                if not isinstance(left, s.Node) or not isinstance(right, s.Node) or not mentions(left, letter):
                    continue
                pairs = [(shifted(left, letter, 1), shifted(right, letter, 1))]
                if letter in self.declared.last_layers:
                    last = self.declared.last_layers[letter]
                    pairs.append((at_layer(left, letter, last), at_layer(right, letter, last)))
                if number := re.search(r"_[lu]?([1-9]\d?)$", name):
                    pairs.append(tuple(numbered(side, letter, int(number[1])) for side in (left, right)))
                for there, told in pairs:
                    try:
                        introduced, _ = target(self.scope, there)
                    except ReadingError:
                        continue
                    if introduced == name and self.enter_next(there, told, depth):
                        return True
        return False

    @cached_property
    def step_letters(self) -> set[str]:
        """Letters that count the steps of a recurrence, ``h_t = f(h_{t-1}, x_t)``."""
        return {t for t, right in self._indexed() if step_before(right, t) and t not in self.scope.layers}

    @cached_property
    def error_letters(self) -> set[str]:
        """k of ``g_k = ∂E/∂x_k``."""
        return {k for k, right in self._indexed() if len(k) == 1 and isinstance(right, s.Derivative)}

    def _indexed(self) -> Iterator[tuple[str, s.Node]]:
        """t and the right side of each ``h_t = …``."""
        for _, chain in self.everything:
            left, right = self.equated(chain)
            if right is not None and _index(left):
                yield _index(left), right

    def is_step(self, left: s.Node) -> bool:
        """Whether a left side stands for every step: it is entered for the steps that the document speaks of."""
        return (
            isinstance(left, s.Scripted) and isinstance(left.sub, s.Symbol) and left.sub.name in self.step_letters
            and left.sub.name not in self.scope.values
        )  # fmt: skip

    def is_start(self, left: s.Node) -> bool:
        """Whether a left side is the numbered start of a recurrence, h_0."""
        if (
            not isinstance(left, s.Scripted)
            or not isinstance(left.sub, s.Number)
            or not isinstance(left.base, s.Symbol)
        ):
            return False
        steps = (self.side(chain, 0) for _, chain in self.everything if chain.signs[:1] == ("=",))
        return any(
            isinstance(n, s.Scripted) and self.is_step(n) and s.plain(n.base) == s.plain(left.base) for n in steps
        )

    def define_step(self, name: str, depth: int) -> bool:
        """Enter ``h_2`` by what is written for ``h_t``."""
        match = re.fullmatch(r"(\w+)_(\d{1,2})", name)
        if not match or depth > 20:
            return False
        for _, chain in self.everything:
            left, right = self.equated(chain)
            if left is None or right is None or _base(left) != match.group(1):
                continue
            letter, ahead = (_index(left), 0) if self.is_step(left) else _ahead(left, right)
            number = int(match.group(2)) - ahead
            if not letter or number < 0:
                continue
            there, told = (s.at_number(n, letter, number) for n in (left, right))
            if self.enter_next(there, told, depth + 1):
                return True
        return False

    def is_last_error(self, name: str) -> bool:
        """Whether ``δ^L`` or ``δ^{(2)}`` is what the document introduces as ``δ^l = ∂C/∂z^l``; it is then entered so."""
        number = re.search(r"_[lu]?(\d{1,2})$", name)
        for letter in sorted(self.declared.layers | self.error_letters):
            last = self.declared.last_layers.get(letter)
            for _, chain in self.everything:
                left, right = self.equated(chain)
                if left is None or not isinstance(right, (s.Derivative, s.Product)) or not mentions(left, letter):
                    continue
                if not any(isinstance(n, (s.Derivative, s.Nabla)) for n in s.walk(right)):
                    continue
                sides = [[at_layer(n, letter, last) for n in (left, right)]] if last else []
                sides += [[numbered(n, letter, int(number[1])) for n in (left, right)]] if number else []
                for there, told in sides:
                    try:
                        introduced, _ = target(self.scope, there)
                    except ReadingError:
                        continue
                    if introduced == name and self.enter_next(there, told, 0):
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
                if not (
                    self.define_first(error.name, -1, depth + 1)
                    or self.define_shifted(error.name, depth + 1)
                    or self.define_step(error.name, depth + 1)
                ):
                    return False
            except NotWritten as error:
                if not assume_beyond(self, error.of, error.by):
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


def _index(left: s.Node | None) -> str:
    """t of h_t."""
    return left.sub.name if isinstance(left, s.Scripted) and isinstance(left.sub, s.Symbol) else ""


def _ahead(left: s.Node, right: s.Node) -> tuple[str, int]:
    """(t, 1) of ``v_{t+1} = f(v_t)``; no letter for anything else."""
    below = left.sub if isinstance(left, s.Scripted) else None
    if not isinstance(below, s.Sum) or len(below.terms) != 2:
        return "", 0
    (_, letter), (sign, by) = below.terms
    if not isinstance(letter, s.Symbol) or not isinstance(by, s.Number) or not by.text.isdigit() or sign < 0:
        return "", 0
    reads = any(isinstance(n, s.Scripted) and _index(n) == letter.name for n in s.walk(right))
    return (letter.name, int(by.text)) if reads else ("", 0)


def _base(left: s.Node) -> str:
    """h of h_t."""
    return left.base.name if isinstance(left, s.Scripted) and isinstance(left.base, s.Symbol) else ""

"""Equalities that claim nothing: ranges of indices, assumptions, conditions on what is declared, placeholders."""

from __future__ import annotations

import re

from symbolic.verification.elaboration.scope import FunctionOf, Generic
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.costs import assume_cost, cotangent
from symbolic.verification.judging.definitions import Definitions
from symbolic.verification.reading.assumptions import assumption, sums_to_one
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.statements import Chain

_SUPPOSES = re.compile(
    r"\b(where|with|such that|assum\w*|suppos\w*|if|since|as|because|provided|subject to|given|constraint|normali[sz]ed\w*|"
    r"vincol\w*|soggett\w+ a|tal[ei] che|nebenbedingung\w*|unter|contraintes?|tel(?:le)?s? que|restricci[oó]n|sujeto a|tal que)\W*$"
)


class Conditions(Definitions):
    """The part of a reader that tells conditions from claims."""

    conditions: list[tuple[set[str], str, str]]
    constants: set[str]

    def suppose(self, place: int, text: str) -> None:
        """Say of an equality that it is read as a condition."""
        self.supposed_at.add(place)
        self.scope.notes.append(f"{text} (line {self.source.line(place)}) is read as a condition and not as a claim")

    def is_condition(self, chain: Chain, left: s.Node) -> bool:
        """``i = j``, ``p = 1, …, P``, ``n = 3``: said of indices and sizes; what the sign of a product stands for."""
        pair = left.factors if isinstance(left, s.Product) and len(chain.sides) == 2 else ()
        if [sign for sign, _ in pair] == ["", "DDOT"] and all(isinstance(n, s.Symbol) for _, n in pair):
            return True  # A:B = tr(A⊤B) says what : is
        items = left.items if isinstance(left, s.Items) else (left,)
        if (
            any(t.type == "DOTS" for t in chain.sides[-1].tokens)
            and all(isinstance(i, s.Symbol) and i.name not in self.scope.values for i in items)
            and not isinstance(self.side(chain, len(chain.sides) - 1), s.Call)  # S = diag(p_1, …, p_n) says what S is
        ):
            return True
        if len(chain.sides) != 2 or not isinstance(left, s.Symbol) or left.name in self.scope.values:
            return False
        right = self.side(chain, 1)
        if left.name in self.scope.dims and isinstance(right, s.Number):
            return True
        return (
            left.name in self.index_letters() | self.step_letters
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
        """``A = A⊤`` and ``Q⊤Q = I`` of declared matrices; ``dA = 0`` of a constant A."""
        if isinstance(left, s.Differential) and left.body is not None and len(chain.sides) == 2:
            name, right = name_of(left.body) or "", self.side(chain, 1)
            held = self.scope.values.get(name)
            if (
                held is not None
                and held.tensor.definition is None
                and isinstance(right, s.Number)
                and right.text == "0"
            ):
                self.constants.add(name)
                return True
        of = left.of.name if isinstance(left, s.Derivative) and isinstance(left.of, s.Symbol) else None
        if of is not None and (of in self.costs or (of not in self.scope.values and assume_cost(self, of))):
            return cotangent(self, chain, of) is not None
        stated = assumption(self.side, chain, left)
        return stated is not None and stated[0] not in self.definitions

    def is_condition_on_leaves(self, chain: Chain) -> bool:
        """``where ∑ y_i = 1``: an equality between declared symbols that the prose supposes."""
        if len(chain.sides) != 2:
            return False
        left = self.side(chain, 0)
        if isinstance(left, s.Call) and isinstance(left.head, (s.Symbol, s.Scripted)):
            head = left.head.base if isinstance(left.head, s.Scripted) else left.head
            if isinstance(head, s.Symbol) and isinstance(self.scope.functions.get(head.name), FunctionOf):
                return False  # "with H'(e) = …" of a function that the document defines
        names = set()
        for k in (0, 1):
            node = self.side(chain, k)
            if not isinstance(node, s.Node) or any(
                isinstance(n, (s.Derivative, s.Nabla, s.Differential)) for n in s.walk(node)
            ):
                return False
            named = {name_of(n) for n in s.walk(node) if isinstance(n, (s.Symbol, s.Scripted))}
            names |= {n for n in named if n in self.scope.values}
        if (
            not names
            or any(self.scope.values[n].tensor.definition is not None for n in names)
            or names & set(self.given)
        ):
            return False
        stated = sums_to_one(self.side(chain, 0), self.side(chain, 1))
        before = self.source.text[max(0, chain.start - 40) : chain.start].lower()
        if stated is None and not _SUPPOSES.search(before):
            return False
        if stated is None or "probability" not in self.declared.assume.get(stated, ()):
            text = " ".join(self.source.text[chain.start : chain.end].split())
            self.conditions.append((names, text, self.fixed_by(chain)))
            self.suppose(chain.start, text)
        return True

    def fixed_by(self, chain: Chain) -> str:
        """m of the condition ``μ⊤w = m``: a number that the condition fixes, so that it says nothing of lines without m."""
        for k in (0, 1):
            name = name_of(side) if isinstance(side := self.side(chain, k), s.Node) else None
            held = self.scope.values.get(name or "")
            if name and held is not None and not held.rank:
                return name
        return ""

    def is_placeholder(self, position: int, chain: Chain, left: s.Node) -> bool:
        """``r = f(θ)`` with an untold f, where the document says further on what r is."""
        right = self.side(chain, 1)
        name = name_of(left)
        if (
            name is None
            or len(chain.sides) != 2
            or not isinstance(right, s.Call)
            or not isinstance(right.head, s.Symbol)
        ):
            return False
        if not isinstance(self.scope.functions.get(right.head.name), Generic):
            return False
        for later, (_, other) in enumerate(self.everything):
            if later > position and other.is_equality:
                following, told = self.side(other, 0), self.side(other, 1)
                if isinstance(following, s.Node) and name_of(following) == name and isinstance(told, s.Node):
                    return not any(isinstance(n, s.Symbol) and n.name == right.head.name for n in s.walk(told))
        return False

"""The formulas of a sheet, and what in them is a symbol, what a list of items: ``x^{(i)}``, ``w_j``, ``h_{t-1}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symbolic.verification.elaboration.names import letters, script_name
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.fitting import Known

_PRODUCTS = ("", "CDOT")
_POWERS = frozenset(["e", "setR", "setN", "setZ"])
_COUNTERS = frozenset("ijklmn")
COSTS = frozenset(["C", "L", "J", "E", "N", "K", "M", "T", "D", "Q", "F"])
"""Capitals that customarily are numbers."""


@dataclass(frozen=True)
class Key:
    """A symbol, or a list of items: its name, and on how many letters above and below it stands."""

    name: str
    above: int = 0
    below: int = 0

    @property
    def places(self) -> int:
        return self.above + self.below


@dataclass(frozen=True)
class Equality:
    """Two sides, and whether the sheet introduces the left one by it."""

    left: s.Node
    right: s.Node
    defines: bool


@dataclass
class Sheet:
    """What the formulas of a sheet are made of."""

    equalities: Sequence[Equality]
    known: Known
    functions: Mapping[str, tuple[tuple[str, ...], s.Node] | str | None]
    """The functions: parameters and body where a formula tells them, the name of a known one."""
    ranges: Mapping[str, str]
    bold: frozenset[str]
    fixed: frozenset[str]
    """Names that are no unknown: sizes, constants, what is declared."""
    bound: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    arrays: bool = False
    """Whether anything in the formulas belongs to arrays."""
    rows: bool = False
    """Whether some small letter stands before a capital as a row would: xW."""

    def __post_init__(self):
        nodes = [n for e in self.equalities for side in (e.left, e.right) for n in s.walk(side)]
        self.bound = frozenset(
            letter
            for n in nodes
            if isinstance(n, s.Big) and n.sub is not None
            for m in s.walk(n.sub.left if isinstance(n.sub, s.Relation) else n.sub)
            if isinstance(m, s.Symbol)
            for letter in [m.name]
        )
        self.steps = frozenset(t for n in nodes if isinstance(n, s.Scripted) and (t := _shifted(n.sub)))
        self.arrays = bool(self.bold) or any(map(of_arrays, nodes))
        self.rows = any(
            sign in _PRODUCTS
            and isinstance(one, (s.Symbol, s.Scripted))
            and is_small(one)
            and is_large(two)
            and not is_turned(one)
            and not is_turned(two)
            for n in nodes
            if isinstance(n, s.Product)
            for (_, one), (sign, two) in zip(n.factors, n.factors[1:], strict=False)
        )
        inside = {id(m) for n in nodes if isinstance(n, s.Scripted) for x in (n.sub, n.sup) if x for m in s.walk(x)}
        self.bare = frozenset(n.name for n in nodes if isinstance(n, s.Symbol) and id(n) not in inside)

    def counts(self, letter: str) -> bool:
        """Whether a letter in a script counts items."""
        if letter in self.ranges or letter in self.bound:
            return True
        return (letter in _COUNTERS or letter in self.steps) and letter not in self.bare

    def index(self, node: s.Node) -> str | None:
        """What stands at a place of a script: its letter, "" for a number or a label; None where it is part of a name."""
        if isinstance(node, s.Symbol):
            last = any(self.ranges.get(letter) == node.name for letter in self.steps)  # h_T
            return node.name if self.counts(node.name) else "" if last else None
        if isinstance(node, s.Sum):
            found = [n.name for n in s.walk(node) if isinstance(n, s.Symbol)]
            return "" if found and all(map(self.counts, found)) else None
        if isinstance(node, s.Scripted) and isinstance(node.sub, s.Symbol) and self.counts(node.sub.name):
            return ""  # w_{y_i}
        return None

    def key(self, node: s.Node) -> tuple[Key, tuple[str, ...]] | None:
        """The symbol or the list that a node is of, and its letters; None where a node is neither."""
        if isinstance(node, s.Symbol):
            return Key(node.name), ()
        if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol) or node.primes:
            return None
        if node.base.name in _POWERS and node.sub is None:
            return None
        name, above, below = node.base.name, [], []
        if node.indexed is not None:
            found = [self.index(p) for p in letters(node.indexed) or []]
            if None in found:
                return None
            below += [x for x in found if x is not None]
        if isinstance(node.sup, s.Group):
            parts = letters(node.sup) or []
            found = [self.index(p) for p in parts]
            if all(self.numbers(p) for p in parts) and Key(name, len(parts)) in self.lists:
                above += [""] * len(parts)
            elif None in found:
                name += f"^{script_name(node.sup)}"
            else:
                above += [x for x in found if x is not None]
        elif isinstance(node.sup, (s.Symbol, s.Product)) and not s.is_transpose(node.sup):
            name += f"^{script_name(node.sup)}"
        if node.sub is not None:
            parts = letters(node.sub) or []
            found = [self.index(p) for p in parts]
            numbers = all(map(self.numbers, parts))
            if parts and None not in found:
                below += [x for x in found if x is not None]
            elif (numbers or self.fixes(parts)) and Key(name, len(above), len(parts)) in self.lists:
                below += [""] * len(parts)
            else:
                name += f"_{script_name(node.sub)}"
        return Key(name, len(above), len(below)), (*above, *below)

    def numbers(self, part: s.Node) -> bool:
        """Whether a script is the number of an item: 1, or the m of x_1, …, x_m."""
        last = isinstance(part, s.Symbol) and part.name in self.ranges.values()
        return isinstance(part, s.Number) or last

    def fixes(self, parts: list[s.Node]) -> bool:
        """Whether a script is a letter that the sheet uses as one fixed index: o of u_o beside u_w, where it writes p(o) too."""
        return _letter(parts) and isinstance(parts[0], s.Symbol) and parts[0].name in self.bare

    @property
    def lists(self) -> frozenset[Key]:
        """The lists of which some item stands with a letter."""
        found = self.__dict__.get("_lists")
        if found is None:
            self.__dict__["_lists"] = frozenset()
            keys = [
                k for e in self.equalities for side in (e.left, e.right) for n in s.walk(side) if (k := self.key(n))
            ]
            found = self.__dict__["_lists"] = frozenset(k for k, _ in keys if k.places)
        return found


def _letter(parts: list[s.Node]) -> bool:
    """Whether one small letter stands in a script: the o of u_o beside u_w."""
    return len(parts) == 1 and isinstance(parts[0], s.Symbol) and len(parts[0].name) == 1 and parts[0].name.islower()


def _shifted(sub: s.Node | None) -> str:
    """t of ``t-1``."""
    if isinstance(sub, s.Sum) and len(sub.terms) == 2:
        (_, first), (_, second) = sub.terms
        if isinstance(first, s.Symbol) and isinstance(second, s.Number):
            return first.name
    return ""


def of_arrays(n: s.Node) -> bool:
    """Whether a sign belongs to arrays: a norm, a transpose, ⊙, a softmax, a trace, a list in brackets."""
    return (
        (isinstance(n, s.Norm) and n.kind == "norm")
        or (isinstance(n, s.Scripted) and s.is_transpose(n.sup))
        or (isinstance(n, s.Product) and any(sign == "ODOT" for sign, _ in n.factors))
        or (isinstance(n, s.Group) and n.bracket == "[" and isinstance(n.body, s.Items))
        or (isinstance(n, s.Call) and isinstance(n.head, s.Symbol) and n.head.name in ("softmax", "trace", "det"))
    )


def is_turned(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and s.is_transpose(node.sup)


def is_large(node: s.Node) -> bool:
    """Whether a factor is a capital letter, turned or not."""
    base = node.base if isinstance(node, s.Scripted) else node
    return isinstance(base, s.Symbol) and base.name[0].isupper() and base.name not in COSTS


def is_small(node: s.Node) -> bool:
    base = node.base if isinstance(node, s.Scripted) else node
    return isinstance(base, s.Symbol) and len(base.name) == 1 and base.name.islower() and base.name not in "de"

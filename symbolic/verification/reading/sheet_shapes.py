"""The shapes of a sheet's formulas under one choice of what its undeclared symbols are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy as sp

from symbolic.program.dims import dim_symbol
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words
from symbolic.verification.reading.fitting import ONE, Misfit, Shape, Sizes, Trial, of_value
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.sheets import Equality, Key, Sheet

NUMBER, COLUMN, MATRIX, ROW = range(4)
_MISFIT = {"definition": 3.0, "claim": 1.5}
_LOSSES = frozenset(["C", "L", "J", "E", "ell", "calL", "calJ", "calC", "calE", "l"])


@dataclass
class SheetShapes(Trial):
    """The shapes of a sheet's formulas under one choice."""

    sheet: Sheet = field(kw_only=True)
    kinds: dict[Key, int] = field(kw_only=True)
    places: dict[Key, list[sp.Expr]] = field(default_factory=dict)
    items: dict[Key, Shape] = field(default_factory=dict)
    letter: dict[str, sp.Expr] = field(default_factory=dict)
    seen: dict[str, list[sp.Expr]] = field(default_factory=dict)
    calls: int = 0

    def with_kind(self, key: Key, kind: int) -> SheetShapes:
        """The same with one more key decided."""
        sizes = Sizes({}, dict(self.sizes.bound), set(self.sizes.open))
        places = {k: list(v) for k, v in self.places.items()}
        made = replace(
            self, sizes=sizes, kinds={**self.kinds, key: kind}, items=dict(self.items), places=places, seen={}
        )
        extents = [sizes.fresh() for _ in range(2)]
        made.items[key] = [(ONE, ONE), (extents[0], ONE), (extents[0], extents[1]), (ONE, extents[0])][kind]
        return made

    def strain(self, which: Iterable[int]) -> float:
        """How badly formulas, by their numbers, fit."""
        cost = 0.0
        for k in which:
            equality = self.sheet.equalities[k]
            bound = dict(self.sizes.bound)
            if not self.holds(equality):
                self.sizes.bound = bound
                cost += _MISFIT["definition" if equality.defines else "claim"]
        return cost

    def holds(self, equality: Equality) -> bool:
        """Whether the two sides have one shape."""
        self.letter = {}
        left = equality.left.head if isinstance(equality.left, s.Call) else equality.left
        try:
            told = self.shape(equality.right)
            found = self.sheet.key(left)
            if found is not None and found[0] not in self.items and equality.defines:
                if told is not None:
                    self.items[found[0]] = told
                self._count(*found)
                if found[0].name in _LOSSES and told is not None and tuple(map(self.sizes.of, told)) != (ONE, ONE):
                    return False
            else:
                self.sizes.equal(told, self.shape(equality.left))
        except Misfit:
            return False
        finally:
            for name, size in self.letter.items():
                self.seen.setdefault(name, []).append(size)
        return True

    def _size(self, letter: str) -> sp.Expr:
        if letter not in self.letter:
            known = self.sheet.ranges.get(letter)
            self.letter[letter] = dim_symbol(known) if known else self.sizes.fresh()
        return self.letter[letter]

    def _count(self, key: Key, at: tuple[str, ...]) -> None:
        places = self.places.setdefault(key, [self.sizes.fresh() for _ in range(key.places)])
        for place, letter in zip(places, at, strict=True):
            if letter and letter not in self.sheet.steps:
                self.sizes.unify(place, self._size(letter))

    def symbol(self, node: s.Symbol | s.Scripted) -> Shape | None:
        if isinstance(node, s.Scripted) and s.is_transpose(node.sup) and not node.primes:
            inner = self.shape(replace(node, sup=None) if node.sub is not None or node.indexed else node.base)
            return None if inner is None else (inner[1], inner[0])
        if isinstance(node, s.Scripted) and isinstance(node.sup, (s.Number, s.Sum, s.Fraction)):
            inner = self.shape(replace(node, sup=None) if node.sub is not None or node.indexed else node.base)
            if inner is not None and ONE not in map(self.sizes.of, inner):
                self.sizes.unify(*inner)
            return inner
        held = self.known(name_of(node) or "")
        if held is not None:
            return of_value(held)
        found = self.sheet.key(node)
        if found is None:
            return self.shape(node.base) if isinstance(node, s.Scripted) and node.sub is None and not node.sup else None
        key, at = found
        if not key.places and (key.name in self.sheet.fixed or key.name in self.letter):
            size = self.sizes.fresh() if key.name == "I" else ONE
            return None if key.name == "ones" else (size, size)
        if key.places:
            self._count(key, at)
        entries = {COLUMN: 1, ROW: 1, MATRIX: 2}.get(self.kinds.get(Key(key.name), NUMBER))
        if key in self.items and not (key.places and self.kinds.get(key) == NUMBER and entries == key.places):
            return self.items[key]
        return self._entry(key, at)

    def _entry(self, key: Key, at: tuple[str, ...]) -> Shape | None:
        """An entry: of a bare array, or of an item of a list."""
        whole = Key(key.name, key.above) if key.above and key.below else Key(key.name)
        of = self.items.get(whole) or (_told(self.known(key.name)) if not whole.places else None)
        below = at[key.above :] if whole.places else at
        if of is None or not key.places:
            return None
        sizes = [size for size in of if self.sizes.of(size) != ONE]
        if len(sizes) == len(below):
            for size, letter in zip(sizes, below, strict=True):
                if letter and letter not in self.sheet.steps:
                    self.sizes.unify(size, self._size(letter))
            return (ONE, ONE)
        if len(sizes) == 2 and len(below) == 1:
            if below[0]:
                self.sizes.unify(of[0], self._size(below[0]))
            return (of[1], ONE)
        raise Misfit

    def shape(self, node: s.Node) -> Shape | None:
        if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) and node.base.name == "e" and node.sup:
            return self.shape(node.sup)
        if isinstance(node, s.Group) and node.bracket == "[" and isinstance(node.body, s.Items):
            shapes = [self.shape(item) for item in node.body.items]
            if any(x is not None and self.sizes.of(x[1]) != ONE for x in shapes):
                raise Misfit
            if None in shapes:
                return None
            return (sp.Add(*[x[0] for x in shapes if x is not None]), ONE)  # [h, x], one below the other
        if isinstance(node, s.Big):
            return self._big(node)
        if isinstance(node, s.Indicator):
            return (ONE, ONE)
        if isinstance(node, s.Differential):
            return self.shape(node.body) if node.body is not None else None
        if isinstance(node, s.Derivative):
            return None if node.of is None else self._derived(self.shape(node.of), node)
        if isinstance(node, s.Norm) and node.kind == "abs":
            inner = self.shape(node.body)
            if inner is not None and inner != (ONE, ONE):
                self.sizes.unify(*inner)
            return (ONE, ONE)
        if isinstance(node, s.Fraction):
            above, below = self.shape(node.numerator), self.shape(node.denominator)
            if below is not None and tuple(map(self.sizes.of, below)) != (ONE, ONE):
                return self.sizes.equal(above, below) if above != (ONE, ONE) else below
            return above
        if isinstance(node, s.Sum):
            return self._sum(node)
        if isinstance(node, s.Product):
            return self._operated(node)
        if isinstance(node, s.Scripted) and not isinstance(node.base, s.Symbol):
            inner = self.shape(node.base)
            if node.sub is not None or node.indexed is not None:
                return (ONE, ONE)
            if inner is None or inner == (ONE, ONE):
                return inner
            return (inner[1], inner[0]) if s.is_transpose(node.sup) else inner
        return super().shape(node)

    def _sum(self, node: s.Sum) -> Shape | None:
        """The common shape; a numeral, and a number where arrays are added, are added to every entry."""
        told: Shape | None = None
        for _, term in node.terms:
            if not isinstance(term, s.Number):
                told = self.sizes.equal(told, self.shape(term))
        return told if told is not None or any(not isinstance(t, s.Number) for _, t in node.terms) else (ONE, ONE)

    def _big(self, node: s.Big) -> Shape | None:
        counter = node.sub.left if isinstance(node.sub, s.Relation) else node.sub
        names = [n.name for n in s.walk(counter) if isinstance(n, s.Symbol)] if counter is not None else []
        before = dict(self.letter)
        for name in names:
            self.letter.pop(name, None)
        if len(names) == 1 and isinstance(node.sub, s.Relation) and node.sub.sign == "=":
            plain = isinstance(node.sup, s.Symbol) and isinstance(node.sub.right, s.Number)
            self.letter[names[0]] = dim_symbol(node.sup.name) if plain else self.sizes.fresh()  # type: ignore[union-attr]
        try:
            return self.shape(node.body)
        finally:
            for name in names:
                if name in self.letter:
                    self.seen.setdefault(name, []).append(self.letter[name])
            self.letter = {**{k: v for k, v in self.letter.items() if k not in names}, **before}

    def _operated(self, node: s.Product) -> Shape | None:
        """A product, or a derivative of what stands behind its sign."""
        for k, (_, factor) in enumerate(node.factors):
            operator = isinstance(factor, s.Nabla) or (isinstance(factor, s.Derivative) and factor.of is None)
            if operator and k + 1 < len(node.factors):
                rest = node.factors[k + 1 :]
                inner = self.shape(rest[0][1] if len(rest) == 1 else replace(node, factors=rest))
                behind = self._derived(inner, factor)
                front = self.product(replace(node, factors=node.factors[:k])) if k else (ONE, ONE)
                if front is None or behind is None:
                    return None
                return behind if front == (ONE, ONE) else None
        return self.product(node)

    def _derived(self, of: Shape | None, node: s.Node) -> Shape | None:
        by = node.by if isinstance(node, s.Derivative) else (node.by,) if isinstance(node, s.Nabla) and node.by else ()
        shapes = [self.shape(b) for b in by]
        if not by or of is None or None in shapes:
            return None
        order = node.order if isinstance(node, s.Nabla) else len(by)
        (first, *others) = [x for x in shapes if x is not None]
        if first == (ONE, ONE) and all(x == first for x in others):
            return of
        if of != (ONE, ONE) or first is None:
            return None
        if order == 1:
            return first
        last = others[-1] if others else first
        return (first[0], last[0]) if order == 2 and first[1] == last[1] == ONE else None

    def call(self, node: s.Call) -> Shape | None:
        head = node.head.base if isinstance(node.head, s.Scripted) else node.head
        name = head.name if isinstance(head, s.Symbol) else ""
        known = self.sheet.functions.get(name)
        name = known if isinstance(known, str) else name
        if name in ("softmax", "log_softmax") and len(node.arguments) == 1:
            inner = self.shape(node.arguments[0])
            entry = isinstance(node.head, s.Scripted) and node.head.sub is not None
            if inner == (ONE, ONE):
                raise Misfit
            return (ONE, ONE) if entry else inner
        if name in ("max", "min", "sum", "mean", "logsumexp"):
            for argument in node.arguments:
                self.shape(argument)
            return (ONE, ONE)
        if name == "diag" and len(node.arguments) > 1:
            size = self.sizes.fresh()
            return size, size
        if name == "diag" and len(node.arguments) == 1:
            inner = self.shape(node.arguments[0])
            if inner == (ONE, ONE):
                raise Misfit
            return None if inner is None or inner[1] != ONE else (inner[0], inner[0])
        if name not in self.sheet.functions and name not in words.FUNCTIONS.values():
            if len(node.arguments) != 1:
                return None
            return self.product(s.Product(node.span, (("", node.head), ("", node.arguments[0]))))  # w⊤(a − b)
        told = self.sheet.functions.get(name)
        if isinstance(known, str) or name not in self.sheet.functions:
            return super().call(replace(node, head=s.Symbol(node.head.span, name, name)))
        inner = [self.shape(a) for a in node.arguments]
        if not isinstance(told, tuple):
            return inner[0] if len(inner) == 1 else None
        parameters, body = told
        if self.calls > 3 or len(parameters) != len(inner):
            return None
        mine = [self.items.get(Key(p)) for p in parameters]
        if any(
            of and self.kinds.get(Key(p)) and given == (ONE, ONE)
            for p, of, given in zip(parameters, mine, inner, strict=True)
        ):
            raise Misfit  # h(x) of a number, where x is an array
        outer = dict(self.letter)
        self.calls += 1
        try:
            for p, given in zip(parameters, inner, strict=True):
                if given is not None:
                    self.items[Key(p)] = given
            return self.shape(body)
        finally:
            self.calls -= 1
            self.letter = outer
            for p, before in zip(parameters, mine, strict=True):
                self.items.pop(Key(p), None)
                if before is not None:
                    self.items[Key(p)] = before


def _told(held: Value | None) -> Shape | None:
    return of_value(held) if held is not None else None

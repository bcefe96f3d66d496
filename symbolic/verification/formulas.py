"""One formula in LaTeX, with declared symbols, as a tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.names import candidate_names, letters
from symbolic.verification.elaboration.scope import USUAL, Layout, Scope
from symbolic.verification.elaboration.sums import extents, extents_of_all
from symbolic.verification.elaboration.values import SizeUnknown, UnknownSymbol, Value, fitted, ordered
from symbolic.verification.equality_shapes import same_shape
from symbolic.verification.formula_clauses import Clause, clauses, is_outside
from symbolic.verification.grammar import parse, tokenize
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.parser import parse as parse_tokens
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.reach import index_symbols, lettered, widened

__all__ = ["Formula", "formula", "known_names", "scope_of"]


def formula(
    text: str,
    symbols: Iterable[Tensor] | Mapping[str, Tensor],
    layout: Layout = USUAL,
    like: Tensor | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Tensor:
    """The tensor that a LaTeX (or Unicode) expression states, built from ``symbols`` (by name, or under given names).

    Of an equation, the side after the first equality sign is taken. Free indices become leading axes, in the order in
    which the left side names them (alphabetical where there is none). A bare I or 1, and 0, take the size of ``like``.
    After a comma or a word the formula may say what its symbols mean: ``\\delta x^\\top, \\quad \\delta = Wx - y``. ``sizes``
    are numbers for letters that count something, where the tensors' own sizes are numbers.

    Raises ``ReadingError`` with the place and what was expected: an unknown command or symbol, shapes that do not fit.

    >>> import symbolic as s
    >>> W, x = s.tensor("W", "m n"), s.tensor("x", "n")
    >>> formula(r"2 W x x^\\top", [W, x]).shape
    (m, n)
    """
    return Formula(text, symbols, layout, sizes).tensor(like)


class Formula:
    """A formula that is read once: its syntax, and the tensors that it and edits of it state."""

    def __init__(
        self,
        text: str,
        symbols: Iterable[Tensor] | Mapping[str, Tensor],
        layout: Layout = USUAL,
        sizes: Mapping[str, int] | None = None,
    ):
        self.scope = scope_of(symbols, layout)
        for name, size in (sizes or {}).items():
            if name not in self.scope.values:
                self.scope.dims.setdefault(name, sp.Integer(size))
        claim, told = clauses(tokenize(text, self.scope.vocabulary()))
        sides = [[]]
        for token in claim:
            if token.type == "REL" and token in ("=", ":=") and is_outside(sides[-1]):
                sides.append([])
            elif token.type not in ("AMP", "ROW", "SEP") or not is_outside(sides[-1]):
                sides[-1].append(token)
        nodes = [parse_tokens(side) for side in sides[:2]]
        self._define(told, nodes)
        outside = index_symbols(nodes[0]) if len(nodes) > 1 else set()
        nodes[-1] = widened(lettered(nodes[-1], outside), outside)
        self.left, self.node = (nodes[0] if len(nodes) > 1 else None), nodes[-1]

    def _define(self, told: Sequence[Clause], nodes: Sequence[s.Node]) -> None:
        """What the clauses after the claim say: δ = p − y. One may read what a later one defines."""
        used = {letter for node in nodes for letter in index_symbols(node)}
        pending = list(told)
        while pending:
            for clause in pending:
                if clause.name in used:
                    raise ReadingError(f"the index {clause.name} is given a value", clause.left.span)
                try:
                    value = Elaborator(self.scope)(clause.right) if isinstance(clause.left, s.Symbol) else None
                    if value is None or value.labels:
                        value = Value(self._stated(clause.right, clause.left, None))
                except UnknownSymbol:
                    if clause is pending[-1]:
                        raise
                    continue
                self.scope.values[clause.name] = value
                self.scope.tex.setdefault(clause.name, clause.name)
                pending.remove(clause)
                break

    def tensor(self, like: Tensor | None = None, node: s.Node | None = None) -> Tensor:
        """The tensor of the formula, or of ``node`` in its place; see ``formula``."""
        node = self.node if node is None else node
        try:
            return self._stated(node, self.left, like)
        except SizeUnknown:
            found = [t for name in self.scope.dims if (t := self._with_ones_of(name, node, like)) is not None]
            if len(found) != 1:
                raise
            return found[0]

    def _with_ones_of(self, dimension: str, node: s.Node, like: Tensor | None) -> Tensor | None:
        """The tensor if a vector of ones of untold size is of this one, as in I − 𝟏𝟏⊤/n; None if that does not fit."""
        self.scope.ones = dimension
        try:
            made = self._stated(node, self.left, like)
        except ReadingError:
            return None
        finally:
            self.scope.ones = ""
        return made if like is None or same_shape(made.extents, like.extents) else None

    def _stated(self, node: s.Node, left: s.Node | None, like: Tensor | None) -> Tensor:
        sides = [n for n in (left, node) if n is not None]
        free = extents(Elaborator(self.scope), sides)
        elaborate = Elaborator(self.scope, {letter: (letter, e) for letter, e in free.items()})
        value = elaborate(node)
        if like is not None and left is None and value.rank + len(value.labels) != like.ndim:
            value = self._of_rank(elaborate, node, like.ndim) or value
        if value.form and like is not None:
            value = fitted(value, Value(like), node.span)
        if value.form:
            raise ReadingError("the size of the result is not known; write it as an index, as in I_n", node.span)
        order = list(extents(Elaborator(self.scope), sides[:1])) if left is not None else sorted(value.labels)
        if left is not None:
            order = [letter for letter in letters_in_order(left) if letter in value.labels] or order
        labels = [label for label in order if label in value.labels] + [
            label for label in value.labels if label not in order
        ]
        return ordered(value, labels, {label: value.extent(label) for label in value.labels})

    def _of_rank(self, elaborate: Elaborator, node: s.Node, rank: int) -> Value | None:
        """The value in another reading of its indices that has the wanted rank: j of ∑_{i≠j} is given instead of summed
        over, n of x_n is the dimension instead of any index."""
        known = extents_of_all(elaborate, node)
        given = {
            n.right.name: (n.right.name, known[n.right.name])
            for n in s.walk(node)
            if isinstance(n, s.Relation) and n.sign == "!=" and isinstance(n.right, s.Symbol) and n.right.name in known
        }
        fixed = {letter: place for letter, place in elaborate.env.items() if letter not in self.scope.dims}
        for other in (elaborate.inside(given), Elaborator(self.scope, fixed)):
            try:
                value = other(node)
            except ReadingError:
                continue
            if value.rank + len(value.labels) == rank:
                return value
        return None


def letters_in_order(node: s.Node) -> list[str]:
    """The index letters of a left side in the order in which it names them: ∂p_i/∂z_j gives i, j."""
    if isinstance(node, s.Derivative):
        parts = [*([node.of] if node.of is not None else []), *node.by]
        return list(dict.fromkeys(letter for part in parts for letter in letters_in_order(part)))
    if isinstance(node, s.Scripted):
        found = [
            p.name for script in (node.indexed, node.sub) for p in letters(script) or [] if isinstance(p, s.Symbol)
        ]
        return list(dict.fromkeys([*letters_in_order(node.base), *found]))
    return list(dict.fromkeys(letter for child in s.children(node) for letter in letters_in_order(child)))


def scope_of(symbols: Iterable[Tensor] | Mapping[str, Tensor], layout: Layout = USUAL) -> Scope:
    """A scope that knows the given tensors, what they are computed from, and their dimensions.

    A tensor is found under its name and under the name that its LaTeX reads as.
    """
    scope = Scope(layout=layout)
    scope.functions["sigma"] = "sigmoid"
    given = symbols.items() if isinstance(symbols, Mapping) else [(t.name, t) for t in symbols]
    found: dict[str, Tensor] = {}
    for name, t in given:
        for u in topological([t]):
            if u.name is not None:
                found.setdefault(u.name, u)
        if name is not None:
            found[name] = t
    for name, t in found.items():
        # lambda_ is what Python lets a λ be called; an intermediate result that was given a name is read as one thing
        for spelling in {name, name.rstrip("_"), *_spellings(name), *known_names(t)}:
            scope.values.setdefault(spelling, Value(t, whole=t.name is None))
        scope.tex[name] = t.tex or name
        for e in t.extents:
            for symbol in e.free_symbols:
                scope.dims.setdefault(symbol.name, symbol)
    for name in list(scope.dims):
        if name in scope.values:
            del scope.dims[name]
    if "sigma" in scope.values:
        del scope.functions["sigma"]
    return scope


def known_names(t: Tensor) -> set[str]:
    """The names under which reading finds what is printed for ``t``: its ``tex``, W_1 for W1 and S_B for SB."""
    return {name for text in (t.tex, t.name) if text for name in _spellings(text)}


def _spellings(text: str) -> set[str]:
    """The names under which reading finds what is written so."""
    spellings: set[str] = set()
    if text[:1].isalpha() and (text[1:].isdigit() or (len(text) == 2 and text[1].isupper())):
        spellings.add(f"{text[0]}_{text[1:]}")
    try:
        node = parse(text)
    except ReadingError:
        return spellings
    if isinstance(node, s.Symbol):
        spellings.add(node.name)
    elif isinstance(node, s.Scripted):
        spellings.update(name for name, _, _ in candidate_names(node)[:1])
    return spellings

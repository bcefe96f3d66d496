"""The sides of equalities as trees, in the names in force; a tree is kept until these change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.verification.elaboration.scope import Names
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.ahead import with_name
from symbolic.verification.judging.entries import by_letters
from symbolic.verification.judging.spelling import as_written, differentiated_whole, spelt, without_arguments
from symbolic.verification.reading.reach import index_symbols, lettered, widened
from symbolic.verification.reading.repeated import single_letters, summed

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader
    from symbolic.verification.reading.statements import Chain


class Sides:
    """The trees of one reader. ``kept`` is None as long as the reader itself is still being made."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.parsed: dict[tuple[int, int], tuple[Chain, s.Node]] = {}
        self.kept: dict[tuple[int, int], tuple[tuple[object, ...], s.Node | ReadingError]] | None = None

    def __call__(self, chain: Chain, k: int) -> s.Node | ReadingError:
        """One side as a tree, or why it has none."""
        if self.kept is None:
            return self.read(chain, k)
        scope = self.reader.scope
        if not isinstance(scope.values, Names) or not isinstance(scope.functions, Names):
            return self.read(chain, k)
        state = (chain, scope.values, scope.values.version, scope.functions, scope.functions.version)
        found = self.kept.get((id(chain), k))
        if found is not None and all(
            a is b or (isinstance(a, int) and a == b) for a, b in zip(found[0], state, strict=True)
        ):
            return found[1]
        node = self.read(chain, k)
        self.kept[id(chain), k] = (state, node)
        return node

    def read(self, chain: Chain, k: int) -> s.Node | ReadingError:
        """One side, read anew."""
        reader, side = self.reader, chain.sides[k]
        if not side.tokens:
            return ReadingError("nothing stands on this side of the equality", (side.start, side.end))
        try:
            node = by_letters(spelt(reader, self.written(chain, k)), reader.lettered)
            node = self.with_folded(chain, node) if k else node
            if k == 0:
                node = differentiated_whole(reader, without_arguments(reader, lettered(node, set())))
                return summed(node, single_letters(node)) if reader.declared.einstein else node
            first = parse(chain.sides[0].tokens) if chain.sides[0].tokens else None
            if reader.declared.einstein:
                return summed(node, single_letters(first) if first is not None else set())
            outside = index_symbols(first) if first is not None else set()
            return widened(lettered(node, outside), outside)
        except ReadingError as error:
            return error

    def written(self, chain: Chain, k: int) -> s.Node:
        """One side as it is written, which no definition changes."""
        if self.kept is None:
            return as_written(self.reader, parse(chain.sides[k].tokens))
        found = self.parsed.get((id(chain), k))
        if found is None or found[0] is not chain:
            found = self.parsed[id(chain), k] = (chain, as_written(self.reader, parse(chain.sides[k].tokens)))
        return found[1]

    def with_folded(self, chain: Chain, node: s.Node) -> s.Node:
        """A right side written with the names that the document gives to parts of it further on."""
        for later, part, name in self.reader.folded:
            if chain.start < later:
                node = with_name(node, part, name)
        return node

"""Letters for indices: i, j, k, …, kept apart from the names of tensors and dimensions in the same formula."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import sympy as sp

from symbolic.notation.names import base_letter
from symbolic.program.expressions import Access, Index, Reduction

_POOL = "ijklpqrstuvabcdefghmnoxyzw"


class Letters:
    """An assignment of letters to indices. ``with_(indices)`` extends it; letters already in use are skipped."""

    def __init__(self, avoid: Iterable[str], known: dict[Index, str] | None = None):
        self.avoid = frozenset(avoid)
        self.known = dict(known or {})

    @classmethod
    def apart_from(cls, *expressions: sp.Basic, names: Iterable[str] = ()) -> Letters:
        """Letters that are no name of a tensor or dimension in the expressions, nor in ``names``."""
        taken = {base_letter(n) for n in names}
        for e in expressions:
            for symbol in e.free_symbols | {s for i in e.atoms(Index) for s in i.extent.free_symbols}:
                if not isinstance(symbol, Index):
                    taken.add(base_letter(symbol.name))
            taken |= {base_letter(a.tensor.name) for a in e.atoms(Access) if a.tensor.name}
            taken |= {base_letter(s.name) for r in e.atoms(Reduction) for i in r.bound for s in i.extent.free_symbols}
        return cls(taken)

    def __getitem__(self, index: Index) -> str:
        return self.known.get(index, index.name)

    def with_(self, indices: Iterable[Index]) -> Letters:
        """The assignment extended to ``indices``."""
        known = dict(self.known)
        for index in indices:
            used = set(known.values())
            known[index] = next(c for c in _candidates(index) if c not in used and c not in self.avoid)
        return Letters(self.avoid, known)


def _candidates(index: Index) -> Iterator[str]:
    extent = index.extent
    if extent.is_Symbol and len(extent.name) == 1 and extent.name.isupper():
        yield extent.name.lower()  # Over N samples runs n, over P runs p.
    yield from _POOL
    yield from (f"i_{n}" for n in itertools.count(1))

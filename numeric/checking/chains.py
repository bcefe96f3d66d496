"""From a statement to one after it whose right value is known: whether an edit leads there, without running the whole function."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.checking.cases import duplicate, quiet
from numeric.checking.differences import close
from numeric.checking.edits import Edit, Place, copied
from numeric.checking.probes import kept, located
from numeric.checking.program import lone
from numeric.checking.work import Work


@dataclass(frozen=True, eq=False)
class Chain:
    """The statements from ``place`` to one that should give ``value``, the names that they read, and what these stand for.

    ``block`` is where they stand; an edit changes them there.
    """

    place: Place
    block: list[ast.stmt]
    first: int
    last: int
    value: np.ndarray
    scope: Mapping[str, Any]

    def leads(self, edit: Edit, work: Work) -> bool:
        """Whether the value comes out with the edit; what cannot be run alone might."""
        work.left -= 25 + 3 * (self.last - self.first)
        for _, new in edit.changes:
            for node in new if isinstance(new, list) else [new]:
                if isinstance(node, ast.AST):
                    located(node, self.place.statement.lineno)
        edit.apply()
        try:
            *before, end = self.block[self.first : self.last + 1]
            result = end.value if isinstance(end, ast.Return) else _assigned(end)
            if not isinstance(end, ast.Return):
                before = [*before, end]
            if result is None:
                return True
            objects = {n: v for n, v in self.place.objects.items() if n in self._names(before, result)}
            with quiet():
                found = kept(lone(result, list(objects), self.scope, before)(*duplicate(list(objects.values()))))
        except Exception:  # an edit that does not fit
            return False
        finally:
            edit.undo()
        if found is None:
            return True
        return found.shape == self.value.shape and close(found, self.value)

    def _names(self, before: list[ast.stmt], result: ast.expr) -> set[str]:
        return {n.id for s in [*before, result] for n in ast.walk(s) if isinstance(n, ast.Name)}


def _assigned(s: ast.stmt) -> ast.expr | None:
    """What a statement assigns, as it is read."""
    targets = s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AugAssign) else []
    if len(targets) != 1 or not isinstance(targets[0], (ast.Name, ast.Attribute)):
        return None
    made = copied(targets[0])
    made.ctx = ast.Load()
    return made


def chain_between(place: Place, end: Place, value: np.ndarray, scope: Mapping[str, Any]) -> Chain | None:
    """The chain, where both stand in one block and nothing but simple statements is between."""
    (owner, part, first), (other, its, last) = place.where, end.where
    if owner is not other or part != its or first is None or last is None or first >= last:
        return None
    block = getattr(owner, part)
    simple = (ast.Assign, ast.AugAssign, ast.Expr)
    between = block[first:last]
    if not all(isinstance(s, simple) for s in between) or not isinstance(block[last], (*simple, ast.Return)):
        return None
    if isinstance(block[last], ast.Return) and isinstance(block[last].value, (ast.Tuple, ast.Dict, ast.List)):
        return None
    return Chain(place, block, first, last, value, scope)

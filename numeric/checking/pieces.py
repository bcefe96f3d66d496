"""Arrays that are written piece by piece (``g[0] = …``, ``g[1:-1] = …``): the piece in which one is wrong."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np

from numeric.checking.cases import Case
from numeric.checking.edits import copied
from numeric.checking.lines import Judged
from numeric.checking.places import places
from numeric.checking.probes import kept
from numeric.checking.program import Program, lone


@dataclass(frozen=True, eq=False)
class Piece:
    """The statement that wrote a wrong entry last, and what the array should hold, where nothing is added to it later."""

    statement: ast.stmt
    value: np.ndarray | None


def wrong_piece(program: Program, case: Case, suspect: Judged) -> Piece | None:
    """The piece to blame where the last of several that write a suspected array need not be; None if it is.

    Pieces inside loops are not looked at: each of their passes writes entries of its own.
    """
    last, name = suspect.site.statement, suspect.site.function
    body = program.trees[name].body
    base = _base(last) if last is not None else None
    if base is None or last not in body or not suspect.should or len(suspect.values[0]) != 1:
        return None
    claimed, true = suspect.values[0][0], suspect.should[0][0]
    if claimed is None or claimed.shape != true.shape:
        return None
    off = ~np.isclose(claimed, true, rtol=1e-4, atol=1e-6)
    writers = [s for s in body[: body.index(last) + 1] if _base(s) == base or _assigns(s, base)]
    for k, s in reversed(list(enumerate(writers))):
        entries = _entries(program, case, name, s, claimed.shape)
        if entries is None:
            return None
        if off.flat[entries.ravel()].any():
            alone = all(_base(w) is not None for w in writers[k:])
            return Piece(s, true if alone else None) if s is not last else None
    return None


def _base(s: ast.stmt) -> str | None:
    """The array of which a statement writes a part."""
    target = s.targets[0] if isinstance(s, ast.Assign) else s.target if isinstance(s, ast.AugAssign) else None
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        return target.value.id
    return None


def _assigns(s: ast.stmt, name: str) -> bool:
    target = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
    return isinstance(target, ast.Name) and target.id == name and not isinstance(s, ast.For)


def _entries(program: Program, case: Case, name: str, s: ast.stmt, shape: tuple[int, ...]) -> np.ndarray | None:
    """The numbers of the entries that a statement writes; None if its index has no value."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    target = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
    if not isinstance(target, ast.Subscript):
        return numbers
    found = places(program, case, [(name, s)], True, None, 0)
    if not found:
        return None
    objects = found[0][0].objects
    part = ast.Subscript(ast.Name("_", ast.Load()), copied(target.slice), ast.Load())
    try:
        return kept(lone(part, ["_", *objects], program.functions[name].__globals__)(numbers, *objects.values()))
    except Exception:  # an index that fits another array
        return None

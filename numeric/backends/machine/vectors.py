"""Which loops can run in vector registers.

An innermost loop can, if every array that it touches is read or written along a run of memory or at one place, and if what
one round leaves to the next is a sum, a product or a largest number.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

ROLLED = 8  # vectors from which on a loop is written as a loop


def indices(subscript: ast.Subscript) -> list[ast.expr]:
    """The positions of an entry."""
    at = subscript.slice
    return list(at.elts) if isinstance(at, ast.Tuple) else [at]


def reductions(body: Sequence[ast.stmt]) -> dict[str, str]:
    """The numbers that a loop gathers, and how: ``"+"``, ``"*"``, ``"larger"`` or ``"smaller"``."""
    found: dict[str, str] = {}
    for s in body:
        match s:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add()):
                found[name] = "+"
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Mult()):
                found[name] = "*"
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_largest(name, value):
                found[name] = "larger"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.UnaryOp(op=ast.USub(), operand=value)) if (
                _is_largest(name, value)
            ):
                found[name] = "smaller"
    return found


def _is_largest(name: str, value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="larger"), args=[ast.Name(id=first), _]):
            return first == name
        case ast.Call(func=ast.Name(id="larger"), args=[ast.UnaryOp(operand=ast.Name(id=first)), _]):
            return first == name
    return False


def running(name: str, body: Sequence[ast.stmt], is_run: Callable[[str], bool]) -> bool:
    """Whether the loop over ``name`` can take many rounds at once; ``is_run`` says of which arrays the last axis is a run."""
    if any(isinstance(s, (ast.For, ast.If)) for s in body):
        return False
    gathered = reductions(body)
    made: set[str] = {name}
    for s in body:
        for subscript in _subscripts(s):
            *outer, last = indices(subscript)
            if any(_names(e) & made for e in outer):
                return False
            along = isinstance(last, ast.Name) and last.id == name
            if not along and _names(last) & made:
                return False
            if along and not is_run(subscript.value.id):  # type: ignore[attr-defined]
                return False
            if not along and isinstance(subscript.ctx, ast.Store):
                return False
        target = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
        if isinstance(target, ast.Name):
            if target.id in gathered:
                if _reads(s, target.id) > (isinstance(s, ast.Assign)):
                    return False
            else:
                if isinstance(s, ast.AugAssign) or target.id in _early(body, s):
                    return False
                made.add(target.id)
    return not any(_reads(s, g) for g in gathered for s in body if _target(s) != g)


def _target(s: ast.stmt) -> str:
    target = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _early(body: Sequence[ast.stmt], own: ast.stmt) -> set[str]:
    """The names that are read before a statement, or by it."""
    found: set[str] = set()
    for s in body:
        found |= _names(s.value)  # type: ignore[attr-defined]
        if s is own:
            return found
    return found


def _reads(s: ast.stmt, name: str) -> int:
    return sum(isinstance(e, ast.Name) and e.id == name for e in ast.walk(s.value))  # type: ignore[attr-defined]


def _names(e: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(e) if isinstance(node, ast.Name)}


def _subscripts(s: ast.stmt) -> Iterator[ast.Subscript]:
    return (node for node in ast.walk(s) if isinstance(node, ast.Subscript))

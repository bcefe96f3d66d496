"""Where a forward function guards its arguments: ``np.clip(p, 1e-9, 1 - 1e-9)`` says that p is meant to lie between 0 and 1."""

from __future__ import annotations

import ast
from collections.abc import Container

_TINY = 1e-3


def guarded(tree: ast.AST | None, names: Container[str]) -> dict[str, tuple[float, float]]:
    """The intervals of arguments that are clipped at a tiny number above a bound: there, nobody means the function.

    Clipping at other numbers is a part of the function, as in ``np.clip(x, -1, 1)``.

    >>> tree = ast.parse("np.log(np.clip(p, 1e-9, 1 - 1e-9)) + np.maximum(q, 1e-12) + np.clip(x, -1, 1)")
    >>> dict(sorted(guarded(tree, ["p", "q", "x"]).items()))
    {'p': (0.0, 1.0), 'q': (0.0, 2.0)}
    """
    found = {}
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        args = node.args if _is_module(node.func.value) else [node.func.value, *node.args]
        bounds = {k.arg: k.value for k in node.keywords}
        if name in ("clip", "clamp", "maximum") and args and ast.unparse(args[0]) in names:
            low = _number(args[1] if len(args) > 1 else bounds.get("min", bounds.get("a_min")))
            high = _number(args[2] if len(args) > 2 else bounds.get("max", bounds.get("a_max")))
            if low is not None and 0 < low <= _TINY:
                upper = 1.0 if high is not None and 1 - _TINY <= high <= 1 else 2.0 if high is None else high
                found[ast.unparse(args[0])] = (0.0, upper)
    return found


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "torch", "xp")


def _number(node: ast.AST | None) -> float | None:
    """The number that is written, or that a name like ``eps`` is taken for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id.lower() in ("eps", "epsilon", "tiny"):
        return 1e-9
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left = _number(node.left)
        right = _number(node.right)
        return left - right if left is not None and right is not None else None
    return None

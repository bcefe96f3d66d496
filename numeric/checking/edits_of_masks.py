"""Edits of what is changed in place, under a mask or as a whole by ``*=`` and ``/=``, and of what is asked: comparisons."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.edits import Edit, Node, Place, copied, expression, put, short


def scalings(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Another value by which an array is multiplied or divided in place, or what is done under a mask."""
    s = place.statement
    if isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Mult, ast.Div)):
        op = ast.Div() if isinstance(s.op, ast.Mult) else ast.Mult()
        yield Edit("wrong exponent", f"of {ast.unparse(s.value)}", (((s, "op", None), op),))
        target = place.scope.get(ast.unparse(s.target))
        number = isinstance(s.value, ast.Constant)
        for text, value in _spread(place, getattr(target, "ndim", 0)):
            if text != ast.unparse(s.value) and _fits(value, target):
                label = "missing factor" if number else "wrong tensor"
                said = text if number else f"{ast.unparse(s.value)} instead of {text}"
                yield Edit(label, said, (((s, "value", None), expression(text)),), 1.5 + len(text) / 20)
        sizes = [f"{n}.size" for n in place.arrays() if n == ast.unparse(s.target) or n in ast.unparse(s.value)]
        now = place.value(s.value)
        for count in (*place.counts(), *sizes) if isinstance(s.op, ast.Div) else ():
            new = expression(count)
            value = place.run(new)
            if count != ast.unparse(s.value) and now is not None and value is not None and not now.ndim:
                label = "extra 1/P" if now > value else "missing 1/P"
                yield Edit(label, f"1/{ast.unparse(s.value)} for 1/{count}", (((s, "value", None), new),))
    t = s.targets[0] if isinstance(s, ast.Assign) and len(s.targets) == 1 else None
    if isinstance(t, ast.Subscript) and isinstance(s.value, ast.Constant) and _mask(place, t):
        for name in _numbers(place):
            new = ast.AugAssign(copied(t), ast.Mult(), expression(name))
            yield Edit("factor", f"{s.value.value} for {name}", ((place.where, new),))


_TURNED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE}
_OPPOSITE = {ast.Gt: ast.LtE, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def comparisons(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A comparison turned round or made its opposite: ``x[x > 0]`` for ``x[x < 0]``, ``if not on[i]`` for ``if on[i]``."""
    for n in found:
        if isinstance(n.node, ast.Compare) and len(n.node.ops) == 1:
            said = f"the two sides of {short(n.node)}"
            for weight, other in ((1.0, _TURNED), (1.2, _OPPOSITE)):
                new = other.get(type(n.node.ops[0]))
                if new is not None:
                    yield Edit("wrong h'", said, (((n.node, "ops", 0), new()),), weight)
        elif isinstance(n.node, ast.UnaryOp) and isinstance(n.node.op, (ast.Invert, ast.Not)):
            yield Edit("wrong h'", f"the two sides of {short(n.node.operand)}", put(n, n.node.operand))
        elif n.depth == 0 and isinstance(place.statement, ast.If):
            new = ast.UnaryOp(ast.Not(), copied(n.node))
            yield Edit("wrong h'", f"the two sides of {short(n.node)}", put(n, new), 1.2)


def _spread(place: Place, rank: int) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays and numbers in scope, each with the axes that it lacks behind or before: ``w[:, None]``."""
    for n, v in place.arrays().items():
        yield n, v
        if 0 < v.ndim < rank:
            more = rank - v.ndim
            yield f"{n}[{', '.join([':'] * v.ndim + ['None'] * more)}]", v.reshape((*v.shape, *(1,) * more))
    for n in _numbers(place):
        v = np.asarray(place.scope[n], dtype=float)
        yield n, v
    sums = [(n, v) for n, v in place.arrays().items() if v.ndim and v.dtype.kind == "f"][-6:]
    yield from ((f"{n}.sum()", v.sum()) for n, v in sums)


def _numbers(place: Place) -> list[str]:
    return [n for n, v in place.scope.items() if isinstance(v, np.ndarray) and not v.ndim and v.dtype.kind in "fiu"]


def _fits(value: np.ndarray, target: np.ndarray | None) -> bool:
    if target is None or np.ndim(value) > target.ndim:
        return False
    pairs = zip(np.shape(value)[::-1], target.shape[::-1], strict=False)
    return all(m in (1, n) for m, n in pairs)


def _mask(place: Place, t: ast.Subscript) -> bool:
    """Whether entries are chosen by truth values."""
    parts = t.slice.elts if isinstance(t.slice, ast.Tuple) else [t.slice]
    values = [place.run(copied(p)) for p in itertools.islice(parts, 4) if not isinstance(p, ast.Slice)]
    return any(isinstance(v, np.ndarray) and v.dtype.kind == "b" and v.ndim for v in values)

"""Edits of what flows on: values that are computed and never read, what a loop carries from pass to pass, running sums."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.edits import Edit, Node, Place, binary, called, copied, expression, is_term, method, put, short
from numeric.checking.edits_of_matter import multipliable
from numeric.checking.slices import writes


def unread(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A value that the function computes, or takes from its cache, and never reads: as a term or as a factor."""
    for name in place.unread:
        value = place.scope.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fb":
            continue
        mask = value.dtype.kind == "b"
        for n in found:
            if is_term(n) and n.depth <= 5 and not mask and place.takes(n.node, value):
                for op in (ast.Add(), ast.Sub()):
                    new = binary(op, copied(n.node), expression(name))
                    yield Edit("forgotten path", name, put(n, new), 1 + n.depth + isinstance(op, ast.Sub) / 4)
        for n, weight in multipliable(found):
            if place.takes(n.node, value):
                new = binary(ast.Mult(), copied(n.node), expression(name))
                yield Edit("missing h'" if mask else "missing factor", name, put(n, new), 1 + weight)


def carried(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """What a statement in a loop assigned in the pass before, left out: as it is, times a number, through a matrix."""
    whole = next((n for n in found if n.depth == 0 and is_term(n)), None)
    if whole is None or not place.in_loop or not isinstance(place.statement, ast.Assign):
        return
    for name in writes(place.statement):
        before = place.scope.get(name)
        if not isinstance(before, np.ndarray) or before.dtype.kind != "f":
            continue
        texts = [name]
        for other, value in place.scope.items():
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or other == name:
                continue
            if value.shape in ((), before.shape):
                texts += [f"{other} * {name}", f"(1 - {other}) * {name}"]
            if value.ndim == 2 and before.ndim and value.shape[0] == value.shape[1] == before.shape[-1]:
                texts += [f"{other}.T @ {name}", f"{other} @ {name}"] if before.ndim == 1 else [f"{name} @ {other}.T"]
        for text in texts:
            for op in (ast.Add(), ast.Sub()):
                new = binary(op, copied(whole.node), expression(text))
                yield Edit("forgotten path", text, put(whole, new), 1 + len(text) / 20 + isinstance(op, ast.Sub))


def running_sums(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A running sum from the wrong end, or left out."""
    for n in found:
        node = n.node
        if isinstance(node, ast.Call) and called(node) in ("cumsum", "cumprod"):
            inner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
            first = node.args[0] if node.args else inner
            if first is None:
                continue
            turned, plain = expression(f"({ast.unparse(first)})[::-1]"), _unturned(first)
            for new_first in (turned, plain):
                if new_first is not None:
                    made = copied(node)
                    if node.args:
                        made.args[0] = new_first
                    else:
                        made.func.value = new_first
                    new = ast.Subscript(made, expression("x[::-1]").slice, ast.Load())
                    yield Edit("wrong order of steps", short(node), put(n, new), 1.5)
                    yield Edit("wrong order of steps", short(node), put(n, made), 2)
        elif n.depth == 0 and is_term(n) and "cumsum" in place.text and place.module != "torch":
            value = place.value(node)
            for axis in range(value.ndim if value is not None else 0):
                index = ", ".join([":"] * axis + ["::-1"])
                text = f"({ast.unparse(node)})"
                for new in (
                    method(copied(node), "cumsum", axis=axis),
                    expression(f"{text}[{index}].cumsum(axis={axis})[{index}]"),
                ):
                    yield Edit("missing sum over the batch", f"axis {axis}, running", put(n, new), 2)


def _unturned(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and ast.unparse(node.slice) == "::-1":
        return copied(node.value)
    return None

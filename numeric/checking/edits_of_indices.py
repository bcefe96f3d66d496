"""Edits of indices: off by one, another layer's, another counter's; slices that begin elsewhere; flipped kernels."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from numeric.checking.edits import Edit, Node, Path, Place, binary, called, copied, expression, is_term, put, short

_MOST_COUNTERS = 4


_LAYER = "wrong layer index"
_TIME = re.compile(r"(t|tau|step|time)(_?\w)?\Z")


def positions(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Indices, bounds and steps that are off by one; loops that run one iteration too few."""
    yield from _shifted(place, found)
    layers = {id(part) for n in found for part in ast.walk(_index_of_list(place, n.node))}
    for n in found:
        node = n.node
        if not n.index or (n.call and not n.call.startswith(("range", "arange"))):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            for other in (node.value + 1, node.value - 1):
                yield Edit(
                    _LAYER if id(node) in layers else "off by one",
                    f"{node.value} for {other}",
                    put(n, expression(repr(other))),
                )
        elif isinstance(node, (ast.Name, ast.BinOp, ast.Attribute, ast.Subscript)) or _is_length(node):
            for op, sign in ((ast.Add(), "+"), (ast.Sub(), "-")):
                new = binary(op, copied(node), ast.Constant(1))
                said = f"{short(node)} for {short(node)} {sign} 1"
                yield Edit(_LAYER if id(node) in layers else "off by one", said, put(n, new), 1.5)
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.right, ast.Constant)
            and isinstance(node.op, (ast.Add, ast.Sub))
        ):
            said = f"{short(node)} for {short(node.left)}"
            yield Edit(_LAYER if id(node) in layers else "off by one", said, put(n, copied(node.left)))
        if isinstance(node, ast.Call) and called(node) == "range" and len(node.args) == 1:
            new = ast.Call(node.func, [ast.Constant(1), copied(node.args[0])], [])
            yield Edit("off by one", short(node), put(n, new), 2)
        if isinstance(node, ast.Call) and called(node) == "range" and len(node.args) == 2:
            yield Edit("off by one", short(node), put(n, ast.Call(node.func, [copied(node.args[1])], [])), 2)
        if isinstance(node, ast.Call) and called(node) == "range":
            turned = ast.Call(ast.Name("reversed", ast.Load()), [copied(node)], [])
            yield Edit("wrong order of steps", short(node), put(n, turned), 2)
        if isinstance(node, ast.Call) and called(node) == "reversed":
            yield Edit("wrong order of steps", short(node), put(n, copied(node.args[0])), 2)


def _shifted(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """``x[:H, :W]`` made ``x[c : c + H, c : c + W]``, as where a border was padded."""
    numbers = [
        n
        for n, v in place.scope.items()
        if isinstance(v, np.ndarray) and v.dtype.kind in "iu" and not v.ndim and 0 < int(v) < 9
    ]
    for n in found:
        if not isinstance(n.node, ast.Subscript):
            continue
        parts = n.node.slice.elts if isinstance(n.node.slice, ast.Tuple) else [n.node.slice]
        open_ended = [p for p in parts if isinstance(p, ast.Slice) and _starts_at_zero(p) and p.upper is not None]
        for starts in itertools.product(numbers, repeat=len(open_ended)) if open_ended and len(open_ended) < 3 else ():
            changes = []
            for c, p in zip(starts, open_ended, strict=True):
                upper = copied(p.upper)  # type: ignore[arg-type]
                changes += [
                    ((p, "lower", None), expression(c)),
                    ((p, "upper", None), binary(ast.Add(), expression(c), upper)),
                ]
            said = " and ".join(dict.fromkeys(starts))
            yield Edit("off by one", f"the slices begin at 0, not at {said}", tuple(changes), 1 + len(set(starts)))


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called(node) == "len"


def others(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Another counter, or a sum or difference of two, as an index; kernels flipped and not."""
    counters = _counters(place)
    texts = list(counters)
    for a, b in itertools.permutations(counters, 2):
        texts += [f"{a} - {b}", *([f"{a} + {b}"] if a < b else [])]
    texts += [f"-1 - {c}" for c in counters]
    seen: set[int] = set()
    for n in found:
        node = n.node
        if n.index and not n.call and id(node) not in seen and isinstance(node, (ast.Name, ast.BinOp, ast.UnaryOp)):
            seen |= {id(part) for part in ast.walk(node)}
            for text in texts:
                if text != ast.unparse(node) and {p.id for p in ast.walk(node) if isinstance(p, ast.Name)} & set(
                    counters
                ):
                    yield Edit("wrong index", f"{short(node)} for {text}", put(n, expression(text)), 1 + len(text) / 9)
        if n.index and isinstance(node, ast.Name) and node.id in counters:
            for step in _steps(place):
                yield Edit(
                    "wrong index", f"{node.id} for {step} * {node.id}", put(n, expression(f"{step} * {node.id}")), 2
                )
        yield from _throughout(place, n, counters)
        yield from _flips(place, n)
        yield from _other_ends(n)
        yield from _indicators(place, n)


def _throughout(place: Place, n: Node, counters: Sequence[str]) -> Iterator[Edit]:
    """Another counter, or a multiple of one, wherever a counter stands in an index; two counters exchanged."""
    if not isinstance(n.node, ast.Subscript) or n.index:
        return
    standing = [m for m in ast.walk(n.node.slice) if isinstance(m, ast.Name) and m.id in counters]
    used = list(dict.fromkeys(m.id for m in standing))
    whole = [m for m in place.objects if isinstance(place.objects[m], (int, np.integer)) and m not in counters]
    others = [*counters, *(m for m in whole if len(m) <= 6)]
    for a in used:
        texts = [*(b for b in others if b != a), *(f"{step} * {a}" for step in (*_steps(place), 2))]
        for text in texts if sum(m.id == a for m in standing) > 1 else ():
            yield Edit("wrong index", f"{a} for {text}", _renamed(n, {a: expression(text)}), 1.5)
    for a, b in itertools.combinations(used, 2):
        turned = _renamed(n, {a: expression(b), b: expression(a)})
        yield Edit("wrong index", f"{a} and {b} exchanged", turned, 1.2)


def _renamed(n: Node, new: dict[str, ast.expr]) -> tuple[tuple[Path, ast.expr], ...]:
    made = copied(n.node)

    class Renaming(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copied(new[node.id]) if node.id in new else node

    made.slice = Renaming().visit(made.slice)
    return put(n, made)


def _indicators(place: Place, n: Node) -> Iterator[Edit]:
    """``p[k] - (k == y[i])`` for ``p[k]``: the one that a label takes away."""
    node = n.node
    if not is_term(n) or not isinstance(node, (ast.Subscript, ast.Name)):
        return
    value = place.value(node)
    if value is None or value.ndim or value.dtype.kind != "f":
        return
    counters = _counters(place)
    labels = [m for m, v in place.scope.items() if isinstance(v, np.ndarray) and v.dtype.kind in "iu" and v.ndim == 1]
    for c, m, i in itertools.product(counters, labels, counters):
        if c != i and "[" not in m:
            new = expression(f"{ast.unparse(node)} - ({c} == {m}[{i}])")
            yield Edit("missing term", f"({c} == {m}[{i}])", put(n, new), 2 + n.depth / 4)


def _other_ends(n: Node) -> Iterator[Edit]:
    """``x[n:]`` for ``x[:n]`` or ``x[:-n]``, and the other way round."""
    if not isinstance(n.node, ast.Subscript):
        return
    for p in n.node.slice.elts if isinstance(n.node.slice, ast.Tuple) else [n.node.slice]:
        if not isinstance(p, ast.Slice) or p.step is not None or (p.lower is None) == (p.upper is None):
            continue
        bound = p.lower if p.lower is not None else p.upper
        if bound is None:
            continue
        bare = bound.operand if isinstance(bound, ast.UnaryOp) else bound
        negative = ast.UnaryOp(ast.USub(), copied(bare))
        for lower, upper in ((copied(bare), None), (None, copied(bare)), (copied(negative), None), (None, negative)):
            new = ast.Slice(lower, upper, None)
            if ast.unparse(new) != ast.unparse(p):
                changes = (((p, "lower", None), lower), ((p, "upper", None), upper))
                yield Edit("wrong index", f"{ast.unparse(p)} for {ast.unparse(new)}", changes, 2)


def _flips(place: Place, n: Node) -> Iterator[Edit]:
    node = n.node
    if isinstance(node, ast.Call) and called(node) in ("flip", "fliplr", "flipud", "rot90") and node.args:
        yield Edit("flipped kernel", short(node.args[0]), put(n, copied(node.args[0])))
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(isinstance(p, ast.Slice) and p.step is not None and ast.unparse(p.step) == "-1" for p in parts):
            yield Edit("flipped kernel", short(node.value), put(n, copied(node.value)))
    value = place.scope.get(ast.unparse(node))
    if is_term(n) and isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim:
        flips = ["[::-1]"] if value.ndim == 1 else ["[..., ::-1, ::-1]", "[..., ::-1]", "[::-1]"]
        for k, index in enumerate(flips if place.module != "torch" else ()):
            yield Edit("flipped kernel", short(node), put(n, expression(f"({ast.unparse(node)}){index}")), 2 + k)


def _counters(place: Place) -> list[str]:
    """Whole numbers that the function counts with."""
    found = [n for n, v in place.objects.items() if isinstance(v, (int, np.integer)) and not isinstance(v, bool)]
    return [n for n in found if len(n) <= 6 and not n.isupper()][-_MOST_COUNTERS:]


def _steps(place: Place) -> list[str]:
    """Small whole numbers that were given: strides, dilations."""
    found = [n for n, v in place.objects.items() if type(v) is int and 1 < v < 9 and n not in _counters(place)]
    return [n for n in found if not n.isupper()][:3]


def _index_of_list(place: Place, node: ast.AST) -> ast.AST:
    """The index of an entry of a list of arrays, as layers are kept in; otherwise nothing, and for steps of time."""
    if isinstance(node, ast.Subscript) and isinstance(_value(place, node.value), (list, tuple)):
        steps = any(isinstance(n, ast.Name) and _TIME.match(n.id) for n in ast.walk(node.slice))
        return ast.Pass() if steps else node.slice
    return ast.Pass()


def _value(place: Place, node: ast.AST) -> Any:
    if isinstance(node, ast.Name):
        return place.objects.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_value(place, node.value), node.attr, None)
    return None


def _starts_at_zero(p: ast.Slice) -> bool:
    return p.lower is None or (isinstance(p.lower, ast.Constant) and p.lower.value == 0)

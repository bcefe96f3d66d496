"""Edits that bring something in: a derivative, a factor, a term, another variable, a path that was forgotten."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.confusions import alike, confusion
from numeric.checking.edits import (
    Edit,
    Node,
    Place,
    binary,
    called,
    copied,
    expression,
    is_gradient,
    is_slope,
    is_term,
    put,
    short,
)
from numeric.checking.slices import writes

_MOST = 14  # variables that are tried


def known(place: Place) -> dict[str, np.ndarray]:
    """Arrays in scope, not too many: those with plain names first."""
    arrays = place.arrays()
    written = ast.unparse(place.statement)
    return {n: v for k, (n, v) in enumerate(arrays.items()) if k < 2 * _MOST or n in written}


def names(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Another variable of the same shape, an activation for its argument among them."""
    values = place.arrays()
    for n in found:
        text = ast.unparse(n.node)
        value = values.get(text)
        if value is None and isinstance(n.node, ast.Subscript) and not n.index:
            base = values.get(ast.unparse(n.node.value))
            for other, w in values.items() if base is not None else ():
                if w.ndim and w.ndim < base.ndim:
                    yield Edit("wrong tensor", f"{text} instead of {other}", put(n, expression(other)), 3)
            for other, w in values.items() if base is not None else ():
                if other != ast.unparse(n.node.value) and w.shape == base.shape:
                    label = confusion(ast.unparse(n.node.value), other, n, place)
                    yield Edit(
                        label,
                        f"{ast.unparse(n.node.value)} instead of {other}",
                        (((n.node, "value", None), expression(other)),),
                        2,
                    )
        if value is None or n.exponent or not isinstance(n.node, (ast.Name, ast.Subscript, ast.Attribute)):
            continue
        for other, w in values.items():
            if (
                other != text
                and (w.shape == value.shape or (place.loose and w.ndim == value.ndim))
                and not np.array_equal(w, value)
            ):
                yield Edit(
                    confusion(text, other, n, place),
                    f"{text} instead of {other}",
                    put(n, expression(other)),
                    1.5 + (not alike(text, other)),
                )
    for n in found:
        if isinstance(n.node, ast.Constant) and n.call.startswith("where:") and not n.index:
            for other, w in values.items():
                if w.dtype.kind == "f":
                    yield Edit("wrong tensor", f"{n.node.value} instead of {other}", put(n, expression(other)), 2)
    counts = {**place.counts()}
    for n in found:
        text = ast.unparse(n.node)
        if text in counts and not n.index:
            for other in counts:
                if other != text:
                    yield Edit("factor", f"{text} for {other}", put(n, expression(other)), 2)
            for other, w in values.items():
                if not w.ndim and w.dtype.kind == "f":
                    yield Edit("wrong tensor", f"{text} instead of {other}", put(n, expression(other)), 2)
    yield from _together(place, found, values)
    for n in found:
        node = n.node
        if is_slope(node):
            yield from _in_slope(n, values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) in ("1", "1.0"):
            yield Edit("wrong tensor", f"{short(node)} instead of {short(node.right)}", put(n, copied(node.right)), 1.2)
        elif (
            isinstance(node, ast.Name)
            and node.id in values
            and is_term(n)
            and (isinstance(n.path[0], (ast.BinOp, ast.Subscript)) or n.call)
        ):
            new = binary(ast.Sub(), ast.Constant(1), copied(node))
            yield Edit("wrong tensor", f"{node.id} instead of 1 - {node.id}", put(n, new), 1.3)


def _in_slope(n: Node, values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """Another variable throughout 1 − a²."""
    standing = {m.id for m in ast.walk(n.node) if isinstance(m, ast.Name) and m.id in values}
    for text in standing:
        for other, w in values.items():
            if other != text and w.shape == values[text].shape and not np.array_equal(w, values[text]):
                new = re.sub(rf"\b{text}\b", other, ast.unparse(n.node))
                yield Edit("h' at the wrong argument", f"{text} instead of {other}", put(n, expression(new)), 1.8)


def composites(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A variable where an expression of its shape stands: hp for o * tanh(c)."""
    values = known(place)
    for n in found:
        owner = n.path[0]
        operand = isinstance(owner, (ast.BinOp, ast.Attribute)) or n.call.startswith(
            ("dot", "matmul", "outer", "einsum")
        )
        if n.index or n.exponent or not operand or not isinstance(n.node, (ast.BinOp, ast.Call)) or n.depth > 3:
            continue
        value = place.value(n.node)
        for name, v in values.items() if value is not None and value.ndim else ():
            if v.shape == value.shape and v.dtype.kind == "f":
                yield Edit("wrong tensor", f"{short(n.node)} instead of {name}", put(n, expression(name)), 3 + n.depth)


def swaps(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Two variables exchanged."""
    values = place.arrays()
    standing = [n for n in found if isinstance(n.node, (ast.Name, ast.Subscript, ast.Attribute)) and is_term(n)]
    known = [(n, ast.unparse(n.node)) for n in standing if ast.unparse(n.node) in values]
    for (m, a), (n, b) in itertools.combinations(known, 2):
        if a != b and values[a].shape == values[b].shape and not np.array_equal(values[a], values[b]):
            changes = ((m.path, expression(b)), (n.path, expression(a)))
            yield Edit("wrong layer index" if alike(a, b) else "wrong tensor", f"{a} and {b} exchanged", changes, 2)


def _together(place: Place, found: Sequence[Node], values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """A variable that stands several times, as z in a(1 − a), replaced everywhere in the statement."""
    places: dict[str, list[Node]] = {}
    for n in found:
        if isinstance(n.node, (ast.Name, ast.Subscript, ast.Attribute)) and ast.unparse(n.node) in values:
            places.setdefault(ast.unparse(n.node), []).append(n)
    for text, standing in places.items():
        if len(standing) > 1:
            for other, w in values.items():
                if other != text and w.shape == values[text].shape and not np.array_equal(w, values[text]):
                    changes = tuple((n.path, expression(other)) for n in standing)
                    label = (
                        "h' at the wrong argument"
                        if any(n.slope for n in standing)
                        else confusion(text, other, standing[0], place)
                    )
                    yield Edit(label, f"{text} instead of {other}", changes, 2)


def multipliable(found: Sequence[Node]) -> Iterator[tuple[Node, float]]:
    """Places where a factor may be missing: the whole, addends, factors of matrix products, what is summed."""
    for n in found:
        owner = n.path[0]
        if not is_term(n):
            continue
        whole = n.depth == 0
        addend = isinstance(owner, ast.BinOp) and isinstance(owner.op, (ast.Add, ast.Sub))
        factor = isinstance(owner, ast.BinOp) and isinstance(owner.op, ast.MatMult)
        summed = isinstance(owner, ast.Call) or n.call.partition(":")[0] in (
            "sum",
            "mean",
            "dot",
            "matmul",
            "outer",
            "einsum",
            "at",
            "tensordot",
        )
        summed = summed or (isinstance(owner, ast.Attribute) and owner.attr in ("sum", "mean", "dot", "T", "reshape"))
        summed = summed or isinstance(owner, (ast.List, ast.Tuple, ast.Dict))  # the parts that are joined or returned
        taken = isinstance(owner, ast.Subscript) and n.path[1] == "value"  # x[index], where the index repeats rows
        summed = summed or (taken and (not isinstance(n.node, ast.Name) or isinstance(owner.slice, ast.Name)))
        if whole or addend or factor or summed:
            yield n, float(n.depth) / 2


def missing_factors(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A variable, or one over it, missing as a factor."""
    values = known(place)
    scaled = isinstance(place.statement, ast.AugAssign) and isinstance(place.statement.op, (ast.Mult, ast.Div))
    for n, weight in multipliable(found):
        weight += 4.0 * scaled  # rather in what is scaled
        for name, value in values.items():
            kind = "missing h'" if value.dtype.kind == "b" else "missing factor"
            if place.takes(n.node, value):
                yield Edit(kind, name, put(n, binary(ast.Mult(), copied(n.node), expression(name))), 1 + weight)
                if value.dtype.kind == "f":
                    new = binary(ast.Div(), copied(n.node), expression(name))
                    yield Edit("missing factor", f"1/{name}", put(n, new), 1.5 + weight)
                if n.depth == 0 and value.dtype.kind == "f":
                    new = binary(ast.Mult(), ast.UnaryOp(ast.USub(), copied(n.node)), expression(name))
                    yield Edit("missing factor", f"-{name}", put(n, new), 2.5 + weight)
            inner = place.value(n.node)
            if n.depth == 0 and isinstance(place.statement, ast.AugAssign):
                inner = place.scope.get(ast.unparse(place.statement.target), inner)
            most = inner.ndim - value.ndim if inner is not None else 1
            for more in range(1, min(most, 3) + 1) if value.ndim > 0 else ():
                wide, text = value.reshape((*value.shape, *(1,) * more)), f"{name}[..., {', '.join(['None'] * more)}]"
                text = text.replace("..., ", ":, ") if value.ndim == 1 else text
                if place.takes(n.node, wide):
                    for op, said in ((ast.Mult(), name), (ast.Div(), f"1/{name}")):
                        new = binary(op, copied(n.node), expression(text))
                        yield Edit(kind, said, put(n, new), 2 + weight)
            if not value.ndim and value.dtype.kind == "f":
                new = binary(ast.Mult(), copied(n.node), expression(f"(1 - {name})"))
                yield Edit("missing factor", f"1 - {name}", put(n, new), 2 + weight)


def terms(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A term missing: another path, the derivative of a penalty."""
    values = known(place)
    scalars = [n for n, v in values.items() if not v.ndim]
    for n in found:
        if n.index or n.exponent or n.depth > 2 or not is_term(n):
            continue
        for name, value in values.items():
            few = len(scalars) <= 4 and (n.call.startswith("where") or name in place.unread)
            if (not value.ndim and n.depth and not few) or not place.takes(n.node, value):
                continue
            label = "forgotten path" if is_gradient(name) or name in place.carried else "missing term"
            for op in (ast.Add(), ast.Sub()):
                yield Edit(
                    label,
                    name,
                    put(n, binary(op, copied(n.node), expression(name))),
                    1 + n.depth + isinstance(op, ast.Sub) / 4,
                )
            for scalar in scalars if n.depth == 0 else ():
                for text in (f"{scalar} * {name}", f"2 * {scalar} * {name}"):
                    if value.ndim:
                        new = binary(ast.Add(), copied(n.node), expression(text))
                        yield Edit("forgotten regulariser", text, put(n, new), 1 + len(text) / 40)
            if n.depth == 0 and value.ndim:
                for count in list(place.counts())[:3]:
                    for scalar in scalars:
                        new = binary(ast.Add(), copied(n.node), expression(f"{scalar} * {name} / {count}"))
                        yield Edit("forgotten regulariser", f"{scalar} * {name} / {count}", put(n, new), 2)
        if n.depth == 0:
            yield from _dropped_terms(n)
    yield from _outer_terms(place, found, values)
    yield from _left_out(found)
    yield from _by_multiplication(place, found, values)


def _outer_terms(place: Place, found: Sequence[Node], values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """v vᵀ and v wᵀ beside a matrix, the identity beside a square one."""
    vectors = {n: v for n, v in values.items() if v.ndim == 1 and v.dtype.kind == "f"}
    for n in found:
        if not is_term(n) or n.depth > 2 or place.module == "torch":
            continue
        value = place.value(n.node)
        if value is None or value.ndim != 2:
            continue
        rows, columns = value.shape
        texts = [
            f"{place.module}.outer({a}, {b})"
            for a, b in itertools.product(vectors, repeat=2)
            if (vectors[a].size, vectors[b].size) == (rows, columns)
        ]
        sizes = [c for c, size in place.counts().items() if size == rows == columns and not n.depth]
        texts += [f"{place.module}.eye({c})" for c in sizes]
        for text in texts:
            for op in (ast.Add(), ast.Sub()):
                yield Edit("forgotten path", text, put(n, binary(op, copied(n.node), expression(text))), 2 + n.depth)


def _dropped_terms(n: Node) -> Iterator[Edit]:
    if isinstance(n.node, ast.BinOp) and isinstance(n.node.op, (ast.Add, ast.Sub)):
        yield Edit("extra term", short(n.node.right), put(n, copied(n.node.left)), 1.5)
        yield Edit("extra term", short(n.node.left), put(n, copied(n.node.right)), 2)


def _left_out(found: Sequence[Node]) -> Iterator[Edit]:
    for n in found:
        if n.depth and not n.index:
            yield from _dropped_terms(n)


def _by_multiplication(place: Place, found: Sequence[Node], values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """The path that goes through a matrix product: ``+ da @ W.T`` beside a term."""
    n = next((n for n in found if n.depth == 0 and is_term(n)), None)
    if n is None:
        return
    flowing = [m for m in values if is_gradient(m) or m in writes(place.statement)]
    written = ast.unparse(place.statement)
    flowing.sort(key=lambda m: re.search(rf"\b{re.escape(m)}\b", written) is None)
    for a in flowing[:10]:
        for w, value in values.items():
            if w != a and value.ndim == 2:
                for text, made in _matrix_products(a, values[a], w, value):
                    if not place.takes(n.node, made):
                        continue
                    yield Edit("forgotten path", text, put(n, binary(ast.Add(), copied(n.node), expression(text))), 2)
            if w != a and value.ndim and value.shape == values[a].shape and place.takes(n.node, value):
                new = binary(ast.Add(), copied(n.node), expression(f"{a} * {w}"))
                yield Edit("forgotten path", f"{a} * {w}", put(n, new), 2)


def _matrix_products(a: str, v: np.ndarray, b: str, w: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if v.ndim and v.shape[-1] == w.shape[1]:
        yield f"{a} @ {b}.T", v @ w.T
    if v.ndim and v.shape[-1] == w.shape[0]:
        yield f"{a} @ {b}", v @ w
    if 0 < v.ndim < 3 and w.shape[0] == v.shape[0]:
        yield f"{b}.T @ {a}", w.T @ v
    if 0 < v.ndim < 3 and w.shape[1] == v.shape[0]:
        yield f"{b} @ {a}", w @ v


def softmaxes(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Softmax's sum over its row, left out."""
    values = known(place)
    for n in found:
        if is_term(n) and n.depth <= 3:
            yield from _softmax(n, values, place)


def couplings(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """What normalisation couples: the mean and the variance of a norm."""
    values = known(place)
    rank = max((v.ndim for v in place.scope.values() if isinstance(v, np.ndarray)), default=0)
    axes = (
        ["0", "-1", "1", "None"][: 2 if rank < 2 else 4]
        if rank <= 2
        else ["-1", "0", "1", "(0, 2, 3)", "(1, 2)", "(2, 3)", "(1, 2, 3)", "(0, 1)", "None"]
    )
    bent = [y for y, v in values.items() if v.ndim >= max(1, rank - 1) and v.dtype.kind == "f" and not is_gradient(y)]
    said = [
        ast.unparse(k.value)
        for n in ast.walk(place.statement)
        if isinstance(n, ast.Call)
        for k in n.keywords
        if k.arg == "axis"
    ]
    axes = list(dict.fromkeys([*said, *axes]))
    for n in found:
        addend = isinstance(n.path[0], ast.BinOp)
        if not is_term(n) or n.depth > 2 or (n.depth and not addend):
            continue
        text = ast.unparse(n.node)
        for axis in axes:
            mean = f"({text}).mean(axis={axis}, keepdims=True)" if axis != "None" else f"({text}).mean()"
            yield Edit(
                "forgotten path", f"the mean along {axis}", put(n, expression(f"({text}) - {mean}")), 2 + n.depth / 2
            )
            for y in bent:
                yield from _projected(n, text, y, axis)
                if y in text:
                    continue
                curved = f"{y} * (({text}) * {y}).mean(axis={axis}, keepdims=True)"
                both = f"({text}) - {mean} - {curved}"
                yield Edit(
                    "forgotten path",
                    f"the variance along {axis}",
                    put(n, expression(f"({text}) - {curved}")),
                    2.5 + n.depth / 2,
                )
                yield Edit(
                    "forgotten path", f"mean and variance along {axis}", put(n, expression(both)), 3 + n.depth / 2
                )


def _projected(n: Node, text: str, y: str, axis: str) -> Iterator[Edit]:
    """What is left of a cotangent once its part along a vector of length one, or divided by its length, is taken away."""
    along = f"(({text}) * {y}).sum(axis={axis}, keepdims=True)" if axis != "None" else f"(({text}) * {y}).sum()"
    square = f"({y} ** 2).sum(axis={axis}, keepdims=True)" if axis != "None" else f"({y} ** 2).sum()"
    for k, part in enumerate((f"{y} * {along}", f"{y} * {along} / {square}")):
        new = expression(f"({text}) - {part}")
        yield Edit("forgotten path", f"the norm of {y} along {axis}", put(n, new), 3 + k + n.depth / 2)


def _softmax(n: Node, values: dict[str, np.ndarray], place: Place) -> Iterator[Edit]:
    """p∘(1 − p)∘g, p∘g and p∘(g − …) made p∘(g − Σ p∘g)."""
    yield from _projections(n, values)
    if isinstance(n.node, ast.Call) and called(n.node) == "diag" and len(n.node.args) == 1:
        for p in {m.id for m in ast.walk(n.node.args[0]) if isinstance(m, ast.Name) and m.id in values}:
            new = expression(f"({ast.unparse(n.node.func)}({p}) - {place.module}.outer({p}, {p}))")
            yield Edit("softmax Jacobian taken as diagonal", short(n.node), put(n, new))
    parts = factors_of(n.node)
    if len(parts) < 2:
        return
    texts = [ast.unparse(p) for p in parts]
    for k, part in enumerate(parts) if len(parts) == 2 else ():
        p = ast.unparse(part.right) if isinstance(part, ast.BinOp) and is_slope(part) else ""
        if p in values and p != texts[1 - k]:  # t (1 − p), where t is p g
            t = texts[1 - k]
            for axis in ("-1", "0"):
                new = expression(f"{t} - {p} * ({t}).sum(axis={axis}, keepdims=True)")
                yield Edit("softmax Jacobian taken as diagonal", short(n.node), put(n, new), 1.5)
    for p in [t for t in texts if t in values and values[t].ndim]:
        rest = [t for t in texts if t != p and t.replace("(", "").replace(")", "") not in (f"1 - {p}", f"1.0 - {p}")]
        diagonal = len(rest) < len(texts) - 1
        if not rest:
            continue
        g = " * ".join(f"({t})" if not t.isidentifier() else t for t in rest)
        for axis in ("-1", "0", "1", "None"):
            total = f"({g} * {p}).sum(axis={axis}, keepdims=True)" if axis != "None" else f"({g} * {p}).sum()"
            new = f"{p} * ({g} - {total})"
            yield Edit(
                "softmax Jacobian taken as diagonal", f"{short(n.node)}", put(n, expression(new)), 1 + (not diagonal)
            )


def _projections(n: Node, values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """p∘(g − s) with a wrong s."""
    parts = factors_of(n.node)
    for p, difference in itertools.permutations(parts, 2) if len(parts) == 2 else ():
        if not isinstance(difference, ast.BinOp) or not isinstance(difference.op, ast.Sub):
            continue
        name, g, taken = ast.unparse(p), ast.unparse(difference.left), difference.right
        summed = any(isinstance(m, ast.Call) and called(m) in ("sum", "mean", "einsum", "dot") for m in ast.walk(taken))
        label = "sum over the wrong axis" if summed else "softmax Jacobian taken as diagonal"
        for axis in ("-1", "0", "1") if name in values else ():
            total = f"({g} * {name}).sum(axis={axis}, keepdims=True)"
            changes = (((difference, "right", None), expression(total)),)
            yield Edit(label, f"{short(taken)} for Σ {g} {name} along axis {axis}", changes, 1.5)


def factors_of(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node]

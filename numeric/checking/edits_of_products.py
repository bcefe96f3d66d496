"""Edits of products and layouts: transposes, orders of factors and of axes, elementwise and matrix products."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.edits import Edit, Node, Place, binary, called, copied, expression, is_term, put, receiver, short


def transposes(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A transpose missing or one too many, factors in the other order, elementwise for matrix product."""
    for n in found:
        node = n.node
        if n.index or n.exponent:
            continue
        if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
            yield Edit("missing transpose", short(node.value), put(n, copied(node.value)), 1.2)
        elif isinstance(node, (ast.Name, ast.Subscript, ast.Call, ast.Attribute)) and is_term(n) and _is_turnable(n):
            if any(isinstance(v, np.ndarray) and v.ndim > 2 for v in place.scope.values()):
                turned = ast.Call(
                    ast.Attribute(copied(node), "swapaxes", ast.Load()), [expression("-1"), expression("-2")], []
                )
                yield Edit("missing transpose", short(node), put(n, turned), 1.1 + n.depth / 4)
            yield Edit(
                "missing transpose",
                short(node),
                put(n, ast.Attribute(copied(node), "T", ast.Load())),
                1.0 + n.depth / 4,
            )
        pair = product_of(node)
        if pair is not None:
            yield from _products(n, *pair)
        if isinstance(node, ast.Call) and called(node) == "outer" and len(node.args) == 2:
            a, b = node.args
            yield Edit("wrong order of factors", short(node), (((node, "args", 0), b), ((node, "args", 1), a)))
            yield Edit("Hadamard and matrix product", short(node), put(n, binary(ast.Mult(), copied(a), copied(b))), 2)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield from _matrix_for_elementwise(place, n, node)
        if isinstance(node, ast.Call) and called(node) in ("transpose", "swapaxes", "permute", "swapdims"):
            yield Edit("missing transpose", short(node), put(n, copied(receiver(node))), 1.2)
            yield from _permuted(n, node)
        if (
            isinstance(node, ast.Call)
            and called(node) == "einsum"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield from _subscripts(node)
        if isinstance(node, ast.Call) and called(node) == "reshape":
            yield from _reshaped(n, node)


def symmetrised(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """X + Xᵀ for X or 2 X, of a square matrix."""
    for n in found:
        if not n.index and not n.exponent:
            yield from _symmetrised(place, n)


def _symmetrised(place: Place, n: Node) -> Iterator[Edit]:
    node = n.node
    bare = node.right if isinstance(node, ast.BinOp) and ast.unparse(node.left) in ("2", "2.0") else node
    if not isinstance(bare, (ast.Name, ast.Subscript, ast.Attribute)):
        return
    value = place.value(bare)
    if value is not None and value.ndim == 2 and value.shape[0] == value.shape[1]:
        text = ast.unparse(bare)
        yield Edit("symmetric assumption", text, put(n, expression(f"({text} + {text}.T)")), 2 + (bare is node))


def _is_turnable(n: Node) -> bool:
    """Where a transpose makes sense: a whole right side, a factor of a product, an operand."""
    return (
        n.depth == 0
        or isinstance(n.path[0], ast.BinOp)
        or n.call.partition(":")[0] in ("dot", "matmul", "outer", "mm", "append")
    )


def product_of(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """The factors of a matrix product, however it is written."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return node.left, node.right
    if isinstance(node, ast.Call) and called(node) in ("dot", "matmul", "mm", "bmm"):
        if len(node.args) == 2:
            return node.args[0], node.args[1]
        if len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            return node.func.value, node.args[0]
    return None


def _products(n: Node, a: ast.expr, b: ast.expr) -> Iterator[Edit]:
    bare_a, bare_b = (x.value if isinstance(x, ast.Attribute) and x.attr == "T" else x for x in (a, b))

    def flipped(x: ast.expr, bare: ast.expr, on: bool) -> ast.expr:
        return ast.Attribute(copied(bare), "T", ast.Load()) if on else copied(bare)

    for first, second, swapped in ((bare_a, bare_b, False), (bare_b, bare_a, True)):
        for t, u in itertools.product((False, True), repeat=2):
            new = binary(ast.MatMult(), flipped(first, first, t), flipped(second, second, u))
            label = "wrong order of factors" if swapped else "missing transpose"
            if ast.unparse(new) != ast.unparse(n.node):
                detail = short(n.node) if swapped else short(bare_a if t != (a is not bare_a) else bare_b)
                yield Edit(label, detail, put(n, new), 1.5 + (t != (a is not bare_a)) + (u != (b is not bare_b)))
    yield Edit("Hadamard and matrix product", short(n.node), put(n, binary(ast.Mult(), copied(a), copied(b))), 2)
    if isinstance(b, ast.Attribute) and b.attr == "T":
        yield Edit(
            "Hadamard and matrix product", short(n.node), put(n, binary(ast.Mult(), copied(a), copied(bare_b))), 2.5
        )


def _matrix_for_elementwise(place: Place, n: Node, node: ast.BinOp) -> Iterator[Edit]:
    for t, u, swap in itertools.product((False, True), repeat=3):
        a, b = (node.right, node.left) if swap else (node.left, node.right)
        left = ast.Attribute(copied(a), "T", ast.Load()) if t else copied(a)
        right = ast.Attribute(copied(b), "T", ast.Load()) if u else copied(b)
        yield Edit(
            "Hadamard and matrix product", short(node), put(n, binary(ast.MatMult(), left, right)), 1.5 + t + u + swap
        )


def _permuted(n: Node, node: ast.Call) -> Iterator[Edit]:
    """Other orders of axes in ``x.transpose(0, 2, 1)``."""
    offset = 0 if receiver(node) is not (node.args[0] if node.args else None) else 1
    args = node.args[offset:]
    if len(args) == 1 and isinstance(args[0], ast.Tuple):
        owner, name, base, args = args[0], "elts", 0, args[0].elts
    else:
        owner, name, base = node, "args", offset
    if not 2 <= len(args) <= 6 or not all(isinstance(a, ast.Constant) for a in args):
        return
    if called(node) in ("transpose", "permute"):
        size = len(args)
        orders = list(itertools.permutations(range(size)))[:120]
    else:
        size = max((abs(int(a.value)) for a in args), default=2) + 2  # type: ignore[attr-defined]
        orders = list(itertools.combinations(range(size), 2))
    for order in orders:
        if [a.value for a in args] != list(order):  # type: ignore[attr-defined]
            changes = tuple(((owner, name, base + k), ast.Constant(v)) for k, v in enumerate(order))
            yield Edit("missing transpose", short(node), changes, 2)


def _reshaped(n: Node, node: ast.Call) -> Iterator[Edit]:
    """Sizes of a reshape in another order, with the transpose that belongs to it."""
    args = (
        node.args
        if len(node.args) > 1
        else node.args[0].elts
        if node.args and isinstance(node.args[0], ast.Tuple)
        else []
    )
    owner, name = (node, "args") if len(node.args) > 1 else (node.args[0] if node.args else node, "elts")
    if not 2 <= len(args) <= 4:
        return
    for order in itertools.permutations(range(len(args))):
        if list(order) != list(range(len(args))):
            changes = tuple(((owner, name, k), copied(args[v])) for k, v in enumerate(order))
            yield Edit("missing transpose", short(node), changes, 3)
            inverse = tuple(int(v) for v in np.argsort(order))
            turned = ast.Call(
                func=ast.Attribute(value=node, attr="transpose", ctx=ast.Load()),
                args=[ast.Constant(v) for v in inverse],
                keywords=[],
            )
            yield Edit("missing transpose", short(node), (*changes, (n.path, turned)), 3.5)


def _subscripts(node: ast.Call) -> Iterator[Edit]:
    """Other letters in an einsum: those of an operand or of the output in another order."""
    text = node.args[0].value.replace(" ", "")  # type: ignore[attr-defined]
    if "->" not in text or "." in text:
        return
    inputs, out = text.split("->")
    parts = [*inputs.split(","), out]
    letters = sorted(set("".join(parts)))
    seen = {text}

    def edit(parts: Sequence[str], label: str, weight: float) -> Iterator[Edit]:
        made = ",".join(parts[:-1]) + "->" + parts[-1]
        if made not in seen:
            seen.add(made)
            yield Edit(label, f"'{text}' for '{made}'", (((node, "args", 0), ast.Constant(made)),), weight)

    for k, part in enumerate(parts):
        for order in list(itertools.permutations(part))[:24]:
            changed = [*parts]
            changed[k] = "".join(order)
            yield from edit(changed, "missing transpose", 1)
    for k, part in enumerate(parts):
        for at in range(len(part)):
            for letter in letters:
                changed = [*parts]
                changed[k] = part[:at] + letter + part[at + 1 :]
                if len(set(changed[-1])) == len(changed[-1]):
                    yield from edit(changed, "sum over the wrong axis", 2)

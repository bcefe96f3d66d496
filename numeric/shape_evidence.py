"""What a function's text tells of the ranks of its arrays: ``N, C, H, W = x.shape``, ``x[:, 0, 1]``, ``x.sum(axis=2)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

_BY_AXIS = frozenset(["sum", "mean", "max", "min", "var", "std", "argmax", "prod", "norm", "cumsum", "softmax"])

_ELEMENTWISE = frozenset(["exp", "log", "abs", "sqrt", "square", "tanh", "sign", "asarray", "array"])


@dataclass(frozen=True)
class Ranks:
    """The least rank of an array, and the exact one where something tells it."""

    least: int = 0
    exact: int | None = None

    def allow(self, rank: int) -> bool:
        """Whether an array of this rank fits the text."""
        return rank == self.exact if self.exact is not None else rank >= self.least

    def also(self, other: Ranks) -> Ranks:
        """Both together; where two exact ranks differ, the text says nothing (a name stands for two arrays)."""
        if self.exact is not None and other.exact is not None and self.exact != other.exact:
            return Ranks()
        exact = self.exact if self.exact is not None else other.exact
        return Ranks(max(self.least, other.least), exact)


def ranks_told(trees: Iterable[ast.AST | None], wanted: Iterable[str]) -> dict[str, Ranks]:
    """Ranks by how an array is written (``x``, ``p['W']``), for the wanted ones that the text says something of.

    >>> tree = ast.parse("N, C, H, W = x.shape; y = w[:, None] * b[0, 1]; z = np.sum(v, axis=1)")
    >>> {n: (r.least, r.exact) for n, r in sorted(ranks_told([tree], ["b", "v", "w", "x"]).items())}
    {'b': (2, None), 'v': (2, None), 'w': (1, None), 'x': (0, 4)}
    """
    wanted = set(wanted)
    found: dict[str, Ranks] = {}
    for tree in trees:
        if tree is None:
            continue
        as_written, rebound = _aliases(tree, wanted)
        for node in ast.walk(tree):
            for part, told in _told(node):
                name = as_written.get(text := ast.unparse(_core(part)), text)
                if name in wanted and name not in rebound:
                    found[name] = found.get(name, Ranks()).also(told)
    return {n: found[n] for n in wanted if n in found}


_TWO_VALUED = re.compile(r"(.*[\W_])?(masks?|labels?|y|t|r|targets?|class(es)?)\W*\Z", re.IGNORECASE)


def compared(trees: Iterable[ast.AST | None], wanted: Iterable[str]) -> dict[str, frozenset[int]]:
    """Arrays whose entries are asked to equal a whole number, a counter or one another, with the numbers that are named.

    Random real numbers never equal anything: what such code does where they are equal would not be seen. An array that is
    compared with 0 alone is one of these only if it is called as masks and labels are; ``x == 0`` guards a division.

    >>> tree = ast.parse("np.where(y == 1, a, b); c = l[:, None] == l[None, :]; x[x == 0] = 1; m == 0; z == z.max()")
    >>> {n: sorted(v) for n, v in sorted(compared([tree], ["y", "l", "x", "m", "z"]).items())}
    {'l': [], 'y': [1]}
    """
    wanted = set(wanted)
    found: dict[str, set[int]] = {}
    told: set[str] = set()
    for tree in trees:
        if tree is None:
            continue
        as_written, rebound = _aliases(tree, wanted)
        counters = _counters(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
                continue
            sides = (node.left, node.comparators[0])
            for side, other in (sides, sides[::-1]):
                text = ast.unparse(_array(side))
                name = as_written.get(text, text)
                if name not in wanted or name in rebound:
                    continue
                if (number := _whole(other)) is not None:
                    found.setdefault(name, set()).add(number)
                elif ast.unparse(other) in counters or (
                    ast.unparse(_array(other)) == text and ast.unparse(other) != ast.unparse(side)
                ):
                    told.add(name)
    told |= {n for n, numbers in found.items() if numbers != {0} or _TWO_VALUED.match(n)}
    return {n: frozenset(found.get(n, ())) for n in told}


def _array(node: ast.AST) -> ast.AST:
    """What entries are taken of: ``y`` in ``y[i]``."""
    while isinstance(node, ast.Subscript) and not isinstance(getattr(node.slice, "value", None), str):
        node = node.value
    return node


def _counters(tree: ast.AST) -> set[str]:
    """The names that loops over ``range`` give to their numbers."""
    return {
        f.target.id
        for f in ast.walk(tree)
        if isinstance(f, (ast.For, ast.comprehension))
        and isinstance(f.target, ast.Name)
        and isinstance(f.iter, ast.Call)
        and getattr(f.iter.func, "id", "") == "range"
    }


def _aliases(tree: ast.AST, wanted: set[str]) -> tuple[dict[str, str], set[str]]:
    """Names that are given to entries (``W = p["W"]``, in tuples too), and wanted names that are assigned anew."""
    found: dict[str, str] = {}
    rebound: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = list(zip(target.elts, value.elts, strict=True))
        for t, v in pairs:
            if isinstance(t, ast.Name) and ast.unparse(v) in wanted:
                found[t.id] = ast.unparse(v)
            elif isinstance(t, ast.Name) and t.id in wanted:
                rebound.add(t.id)
    return found, rebound


def _told(node: ast.AST) -> Iterable[tuple[ast.expr, Ranks]]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and _is_shape(node.value):
        yield node.value.value, Ranks(exact=len(node.targets[0].elts))  # type: ignore[attr-defined]
    if isinstance(node, ast.Subscript):
        base = node.value
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if isinstance(base, ast.Attribute) and _is_shape(base):
            axis = _whole(node.slice)
            if axis is not None:
                yield base.value, Ranks(axis + 1 if axis >= 0 else -axis)
        else:
            taken = [p for p in parts if not _is_new_axis(p)]
            yield base, Ranks(len(taken) - any(isinstance(p, ast.Constant) and p.value is ... for p in taken))
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value, Ranks(2)
    if isinstance(node, ast.Call):
        yield from _of_call(node)


def _is_shape(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _of_call(node: ast.Call) -> Iterable[tuple[ast.expr, Ranks]]:
    name = getattr(node.func, "attr", "")
    method = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in (
        "np", "numpy", "torch", "np.linalg", "F",
    )  # fmt: skip
    subject = node.func.value if method and isinstance(node.func, ast.Attribute) else (node.args or [None])[0]
    args = node.args if method else node.args[1:]
    if subject is None:
        return
    if name == "einsum" and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        inputs = node.args[0].value.replace(" ", "").partition("->")[0].split(",")
        for letters, operand in zip(inputs, node.args[1:], strict=False):
            if "." not in letters:
                yield operand, Ranks(exact=len(letters))
    elif name in ("transpose", "permute") and args:
        order = args[0].elts if len(args) == 1 and isinstance(args[0], (ast.Tuple, ast.List)) else args
        if len(order) > 1:
            yield subject, Ranks(exact=len(order))
    elif name in _BY_AXIS:
        axis = next((k.value for k in node.keywords if k.arg in ("axis", "dim")), None)
        axes = axis.elts if isinstance(axis, ast.Tuple) else [axis] if axis is not None else args[:1]
        known = [a for a in map(_whole, axes) if a is not None]
        if known:
            yield subject, Ranks(max(a + 1 if a >= 0 else -a for a in known))
    elif name == "pad" and args and isinstance(args[0], (ast.Tuple, ast.List)) and len(args[0].elts) > 2:
        yield subject, Ranks(exact=len(args[0].elts))


def _core(node: ast.expr) -> ast.expr:
    """What an expression takes entry by entry: ``v`` in ``np.exp(-v) ** 2``."""
    while True:
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
            node = node.left
        elif isinstance(node, ast.UnaryOp):
            node = node.operand
        elif isinstance(node, ast.Call) and len(node.args) == 1 and getattr(node.func, "attr", "") in _ELEMENTWISE:
            node = node.args[0]
        else:
            return node


def _whole(node: ast.AST) -> int | None:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    return sign * node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _is_new_axis(node: ast.AST) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or getattr(node, "attr", "") == "newaxis"

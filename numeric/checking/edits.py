"""Edits of one statement, each with the mistake that it undoes: what is tried where a line is wrong.

An edit replaces nodes of the syntax tree in place and puts them back. Whether it is the repair is decided by running the
function again, never here.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numeric.checking import names

Path = tuple[ast.AST, str, int | None]


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of a statement: the ``label`` of the mistake that it undoes, and a few words on what it does.

    ``weight`` orders edits of one label: the smaller, the simpler.
    """

    label: str
    detail: str
    changes: tuple[tuple[Path, Any], ...]
    weight: float = 1.0
    old: list[Any] = field(default_factory=list)

    def apply(self) -> None:
        """Make the change."""
        self.old[:] = [_get(path) for path, _ in self.changes]
        for path, new in self.changes:
            _set(path, new)

    def undo(self) -> None:
        """Take it back."""
        for (path, _), old in zip(self.changes, self.old, strict=True):
            _set(path, old)


def _get(path: Path) -> Any:
    node, name, k = path
    return getattr(node, name) if k is None else getattr(node, name)[k]


def _set(path: Path, new: Any) -> None:
    node, name, k = path
    if k is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[k] = new


@dataclass(frozen=True, eq=False)
class Place:
    """A statement with what was known before it ran: ``scope`` maps expressions (``x``, ``cache['W']``) to their values.

    ``module`` is how NumPy (or PyTorch) is called in the file; ``where`` is the
    statement's own path, ``own`` are the names that the function itself assigned,
    ``objects`` all that its names stand for. ``loose``: the line raises, so that
    shapes tell nothing. ``run`` gives the value of an expression there, ``text`` is
    the source of both functions and of those that they call, ``unread`` are names
    that the function assigns and never reads, ``carried`` those that a loop changes
    and that had a value before it.
    """

    statement: ast.stmt
    scope: Mapping[str, Any]
    module: str
    where: Path = (ast.Module([], []), "body", 0)
    own: frozenset[str] = frozenset()
    in_loop: bool = False
    objects: Mapping[str, Any] = field(default_factory=dict)
    loose: bool = False
    run: Callable[[ast.expr], np.ndarray | None] = lambda node: None
    text: str = ""
    unread: tuple[str, ...] = ()
    carried: frozenset[str] = frozenset()
    known: dict[int, np.ndarray | None] = field(default_factory=dict)

    def value(self, node: ast.expr) -> np.ndarray | None:
        """What a part of the statement gives."""
        if id(node) not in self.known:
            self.known[id(node)] = self.run(node)
        return self.known[id(node)]

    def takes(self, node: ast.expr, term: np.ndarray) -> bool:
        """Whether a term may be added to a part of the statement, or be a factor of it, and leave its shape."""
        value = self.value(node)
        if value is None:
            return True
        shape = value.shape
        target = getattr(self.statement, "target", None)
        if isinstance(self.statement, ast.AugAssign) and node is self.statement.value and target is not None:
            shape = getattr(self.scope.get(ast.unparse(target)), "shape", shape)  # it may have that of what it changes
        if node is not getattr(self.statement, "value", None):  # inside a line another operand may have the axis
            return all(1 in (m, n) or m == n for m, n in zip(term.shape[::-1], shape[::-1], strict=False))
        return term.ndim <= len(shape) and all(m in (1, n) for m, n in zip(term.shape[::-1], shape[::-1], strict=False))

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of real numbers or truth values, and real scalars; each value once, by its simplest name."""
        real = {n: v for n, v in self.scope.items() if isinstance(v, np.ndarray) and v.dtype.kind in "fb"}
        found: dict[str, np.ndarray] = {}
        for n in sorted(real, key=lambda n: (not n.isidentifier(), "[" in n, names.is_cache(n), not is_gradient(n))):
            if not any(real[n].shape == w.shape and np.array_equal(real[n], w) for w in found.values()):
                found[n] = real[n]
        written = ast.unparse(self.statement)
        found |= {n: v for n, v in real.items() if n in written}
        return found

    def counts(self) -> dict[str, int]:
        """Whole numbers above one, among them the lengths of axes, by how they are written."""
        found: dict[str, int] = {}
        for n, v in self.scope.items():
            if isinstance(v, np.ndarray) and v.dtype.kind in "iu" and not v.ndim and int(v) > 1:
                found[n] = int(v)
        named = set(found.values())
        for n, v in self.scope.items():
            if isinstance(v, np.ndarray) and v.ndim:
                for k, size in enumerate(v.shape):
                    if size > 1 and size not in named:
                        found[f"{n}.shape[{k}]"] = size
                        named.add(size)
        return found


def expression(text: str) -> ast.expr:
    """The tree of an expression that this module writes."""
    return ast.parse(text, mode="eval").body


def value_path(s: ast.stmt) -> Path | None:
    """Where the right side of a statement hangs."""
    if isinstance(s, ast.For):
        return s, "iter", None
    if isinstance(s, ast.If):
        return s, "test", None
    if getattr(s, "value", None) is not None:
        return s, "value", None
    return None


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a right side: its path, what it is in (``index``: inside brackets; ``slope``: in 1 − a², a(1 − a) or a comparison)."""

    node: ast.expr
    path: Path
    index: bool
    exponent: bool
    call: str
    depth: int
    slope: bool = False


def nodes(s: ast.stmt) -> list[Node]:
    """All expressions of the right side, and of the target's indices; callees and names of modules left out."""
    found: list[Node] = []

    def walk(node: ast.AST, path: Path, index: bool, exponent: bool, name: str, depth: int, slope: bool) -> None:
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.JoinedStr)):
            return
        if isinstance(node, ast.expr) and not isinstance(node, (ast.Slice, ast.Starred)):
            found.append(Node(node, path, index, exponent, name, depth, slope))
        slope = slope or is_slope(node)
        for key, child in ast.iter_fields(node):
            many = isinstance(child, list)
            for k, part in enumerate(child if many else [child]):
                if not isinstance(part, (ast.expr, ast.keyword)):
                    continue
                if isinstance(node, ast.Call) and key == "func":
                    if isinstance(part, ast.Attribute) and not _is_module(part.value):
                        walk(part.value, (part, "value", None), index, exponent, "", depth + 1, slope)
                    continue
                inside = index or (isinstance(node, ast.Subscript) and key == "slice")
                inside = inside or (isinstance(node, ast.Tuple) and isinstance(part, (ast.Constant, ast.UnaryOp)))
                power = exponent or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and key == "right")
                callee = called(node) if isinstance(node, ast.Call) else ""
                if callee in _BY_AXIS and _is_whole(part):
                    inside = True
                if isinstance(part, ast.keyword):
                    walk(part.value, (part, "value", None), True, power, f"{callee}:{part.arg}", depth + 1, slope)
                elif not (isinstance(node, ast.Attribute) and _is_module(node)):
                    walk(
                        part,
                        (node, key, k if many else None),
                        inside,
                        power,
                        f"{callee}:{k}" if callee else "",
                        depth + 1,
                        slope,
                    )

    start = value_path(s)
    if start is not None:
        walk(_get(start), start, isinstance(s, ast.For), False, "", 0, False)
    for t in s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AugAssign) else []:
        if isinstance(t, ast.Subscript):
            walk(t.slice, (t, "slice", None), True, False, "", 1, False)
    return found


_BY_AXIS = frozenset(
    ["sum", "mean", "max", "min", "var", "std", "argmax", "argmin", "prod", "cumsum", "transpose", "swapaxes", "reshape",
     "squeeze", "unsqueeze", "expand_dims", "repeat", "zeros", "ones", "concatenate", "stack", "permute", "flip"]
)  # fmt: skip


def _is_whole(node: ast.AST) -> bool:
    """A whole number, as axes and sizes are written."""
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)


_DERIVATIVE = re.compile(
    r"(prime|deriv\w*|grad|gradient|_d)\Z|\Ad_?(sigmoid|tanh|relu|softplus|act\w*)\Z", re.IGNORECASE
)


def is_slope(node: ast.AST) -> bool:
    """``1 - …``, comparisons and ``sigmoid_prime(…)``: where derivatives of activations are written."""
    if isinstance(node, ast.Compare):
        return True
    if isinstance(node, ast.Call):
        return _DERIVATIVE.search(called(node)) is not None
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub) or not isinstance(node.left, ast.Constant):
        return False
    taken = node.right
    squared = isinstance(taken, ast.BinOp) and isinstance(taken.op, ast.Mult)
    if squared:
        return ast.unparse(taken.left) == ast.unparse(taken.right)
    if isinstance(taken, ast.BinOp):
        return isinstance(taken.op, ast.Pow) and not isinstance(taken.left, ast.BinOp)
    return True


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in (
        "np",
        "numpy",
        "torch",
        "math",
        "F",
        "scipy",
        "xp",
        "cp",
        "jnp",
        "self",
    )


def called(node: ast.Call) -> str:
    """The last part of what is called: ``sum`` for ``np.sum(x)`` and ``x.sum()``."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def put(node: Node, new: ast.expr) -> tuple[tuple[Path, Any], ...]:
    """The change that puts an expression in the place of a node."""
    return ((node.path, new),)


def binary(op: ast.operator, a: ast.expr, b: ast.expr) -> ast.BinOp:
    """``a op b``."""
    return ast.BinOp(left=a, op=op, right=b)


def method(value: ast.expr, name: str, **options: Any) -> ast.Call:
    """``value.name(…)``."""
    return ast.Call(
        func=ast.Attribute(value=value, attr=name, ctx=ast.Load()),
        args=[],
        keywords=[
            ast.keyword(arg=k, value=ast.Constant(v) if not isinstance(v, tuple) else expression(repr(v)))
            for k, v in options.items()
        ],
    )


def receiver(node: ast.Call) -> ast.expr:
    """What a method or function is applied to."""
    if isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "torch")
    ):
        return node.func.value
    return node.args[0] if node.args else node


def short(node: ast.AST) -> str:
    """An expression as text, cut where it is long."""
    text = ast.unparse(node)
    return text if len(text) <= 48 else text[:45] + "…"


def is_gradient(name: str) -> bool:
    """Whether a variable is called as gradients are: ``dx``, ``grad_W``, ``delta``."""
    if re.match(r"(data|dist|den|dot|dif|dim|depth|dev|drop)", name):
        return False
    return re.match(
        r"_?(d[A-Z]|d_|d[a-z]{1,2}\d*\Z|d[a-z]|grad|g_|g[a-z]?\d?\Z|delta|upstream)", name
    ) is not None or name.endswith(("grad", "bar"))


def is_term(n: Node) -> bool:
    """Whether a node may hold an array: not an index, an exponent or an option."""
    return not n.index and not n.exponent and not isinstance(n.node, (ast.Constant, ast.Tuple, ast.List, ast.Dict))


def copied(node: ast.expr) -> Any:
    """A copy, so that a node never hangs in two places."""
    return copy.deepcopy(node)

"""Probes: places in a function where a value is looked at, moved a little, or put in the place of another.

A probe stands behind every assignment to a name (behind the loop, if only entries of the name are assigned in it), at the
parameters, at what is returned, and, in forward functions, around every expression.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numeric.checking.program import Program

PROBE = "__chainrule_probe__"
FILLS = frozenset(["at", "copyto", "put", "place", "put_along_axis", "fill_diagonal"])
_GROWS = frozenset(["append", "extend", "insert", "fill", "add_", "index_add_", "scatter_add_", "zero_"])


@dataclass(frozen=True, eq=False)
class Site:
    """A place with a probe: ``kind`` is assign, after (a loop), parameter, return,
    inner (the value of an expression) or use (a value where it is read); ``text`` is the target as it is written."""

    number: int
    function: str
    line: int
    text: str
    kind: str
    statement: ast.stmt | None = field(default=None, repr=False)

    @property
    def variable(self) -> str:
        """The last name of the target: ``W1`` for ``grads["W1"]``, ``dx`` for ``self.dx``."""
        return leaf(self.text)


def leaf(text: str) -> str:
    """``W1`` for ``grads['W1']``, ``dW`` for ``self.dW`` and ``weights_0`` for ``self.weights[0]``.

    >>> leaf("grads['W1']"), leaf("self.dW"), leaf("dx"), leaf("self.weights[0]")
    ('W1', 'dW', 'dx', 'weights_0')
    """
    text = re.sub(r"\[(\d+)\]\Z", r"_\1", text)
    return text.rstrip("]'\"").rpartition("'")[2].rpartition('"')[2].rpartition(".")[2]


class Watch:
    """What the probes of one run do: keep what they see, and change one value where that is asked for."""

    def __init__(
        self,
        given: Mapping[int, Sequence[Any]] | None = None,
        moved: tuple[int, int, Any] | None = None,
        keep: bool = True,
    ):
        self.given, self.moved, self.keep = dict(given or {}), moved, keep
        self.seen: dict[int, list[Any]] = {}
        self.counts: dict[int, int] = {}

    def __call__(self, site: int, value: Any) -> Any:
        k = self.counts[site] = self.counts.get(site, -1) + 1
        if site in self.given and k < len(self.given[site]):
            value = _like(self.given[site][k], value)
        if self.moved is not None and self.moved[:2] == (site, k):
            value = value + _like(self.moved[2], value)
        if self.keep:
            self.seen.setdefault(site, []).append(kept(value))
        return value


def _like(array: Any, value: Any) -> Any:
    if type(value).__module__.partition(".")[0] == "torch":
        import torch

        return torch.as_tensor(np.asarray(array), dtype=value.dtype)
    if isinstance(value, (float, np.floating)):
        return float(array)
    return np.array(array, dtype=np.asarray(array).dtype)


def kept(value: Any) -> Any:
    """A copy of an array or number; None for anything else."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return np.array(value)
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return np.asarray(value)
    return None


def is_real(value: Any) -> bool:
    """Whether a kept value is an array of real numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


# -- where probes stand ------------------------------------------------------------------------------------------------


def probed(program: Program, inner: bool = False) -> tuple[dict[str, ast.FunctionDef], list[Site]]:
    """The trees of all functions with probes, and the sites; statements of the sites are those of the program's trees."""
    sites: list[Site] = []
    trees = {name: _Placing(name, sites, inner).function(tree) for name, tree in program.trees.items()}
    return trees, sites


class _Placing:
    def __init__(self, function: str, sites: list[Site], inner: bool):
        self.name, self.sites, self.inner = function, sites, inner

    def site(self, kind: str, text: str, line: int, statement: ast.stmt | None) -> int:
        self.sites.append(Site(len(self.sites), self.name, line, text, kind, statement))
        return len(self.sites) - 1

    def function(self, tree: ast.FunctionDef) -> ast.FunctionDef:
        made = copy.copy(tree)
        self.before: set[str] = set()
        self.anew = _assigned_anew(tree)
        names = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)]
        self.locals = set(names) | {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        first = [self.probe(ast.Name(n, ast.Load()), "parameter", tree.lineno, None) for n in names]
        made.body = [*first, *self.block(tree.body, 0)]
        return made

    def probe(self, target: ast.expr, kind: str, line: int, statement: ast.stmt | None) -> ast.stmt:
        read, written = _in_context(target, ast.Load()), _in_context(target, ast.Store())
        number = self.site(kind, ast.unparse(target), line, statement)
        return located(ast.Assign(targets=[written], value=call(number, read)), line)

    def block(self, body: Sequence[ast.stmt], loops: int) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in body:
            made += self.statement(statement, loops)
        return made

    def statement(self, s: ast.stmt, loops: int) -> list[ast.stmt]:
        if isinstance(s, (ast.For, ast.While)):
            changed = copy.copy(s)
            changed.body, changed.orelse = self.block(s.body, loops + 1), self.block(s.orelse, loops + 1)
            after = (
                []
                if loops
                else [self.probe(t, "after", last.lineno, last) for t, last in _filled_within(s, self.before)]
            )
            return [changed, *after]
        if isinstance(s, ast.If):
            changed = copy.copy(s)
            changed.body, changed.orelse = self.block(s.body, loops), self.block(s.orelse, loops)
            return [changed]
        if isinstance(s, (ast.With, ast.Try)):
            changed = copy.copy(s)
            changed.body = self.block(s.body, loops)
            return [changed]
        if isinstance(s, ast.Return) and s.value is not None:
            changed = copy.copy(s)
            changed.value = self.returned(s.value, s)
            return [changed]
        if isinstance(s, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)):
            if not loops:
                self.before |= {ast.unparse(t) for t, _ in assigned(s)}
            after = [
                self.probe(t, "assign", s.lineno, s)
                for t, whole in assigned(s)
                if not loops or (whole and (not isinstance(s, ast.AugAssign) or ast.unparse(t) in self.anew))
            ]
            return [self.watched(s), *after]
        return [s]

    def watched(self, s: ast.stmt) -> ast.stmt:
        if not self.inner or getattr(s, "value", None) is None:
            return s
        changed = copy.copy(s)
        changed.value = _Around(self, s).visit(copy.deepcopy(s.value))
        return changed

    def returned(self, value: ast.expr, s: ast.stmt, key: ast.expr | None = None) -> ast.expr:
        if isinstance(value, (ast.Tuple, ast.List)):
            return ast.copy_location(type(value)([self.returned(v, s) for v in value.elts], ast.Load()), value)
        if isinstance(value, ast.Dict):
            return ast.copy_location(
                ast.Dict(value.keys, [self.returned(v, s, k) for k, v in zip(value.keys, value.values, strict=True)]),
                value,
            )
        if isinstance(value, ast.Name) and not self.inner and key is None:
            return value
        if self.inner:
            value = _Around(self, s).visit(copy.deepcopy(value))
        text = (
            f"return[{ast.unparse(key)}]" if key is not None else ast.unparse(value) if not self.inner else "returned"
        )
        number = self.site("return", text, value.lineno, s)
        return located(call(number, value), value.lineno)


class _Around(ast.NodeTransformer):
    """Probes around the expressions of a statement."""

    def __init__(self, placing: _Placing, statement: ast.stmt):
        self.placing, self.statement = placing, statement

    def wrap(self, node: ast.expr) -> ast.expr:
        kind = "use" if isinstance(node, (ast.Name, ast.Subscript)) else "inner"
        number = self.placing.site(kind, "", node.lineno, self.statement)
        return located(call(number, node), node.lineno)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.wrap(node) if isinstance(node.ctx, ast.Load) and node.id in self.placing.locals else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self.wrap(node)

    visit_UnaryOp = visit_BinOp

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return self.wrap(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(a) for a in node.args]
        for k in node.keywords:
            k.value = self.visit(k.value)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        return self.wrap(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return node

    visit_GeneratorExp = visit_SetComp = visit_DictComp = visit_ListComp


def call(number: int, value: ast.expr) -> ast.Call:
    """A probe around an expression."""
    return ast.Call(func=ast.Name(PROBE, ast.Load()), args=[ast.Constant(number), value], keywords=[])


def located(node: Any, number: int) -> Any:
    """The node, all of it on one line of the file."""
    for n in ast.walk(node):
        if not hasattr(n, "lineno") and isinstance(n, (ast.stmt, ast.expr, ast.keyword, ast.arg)):
            n.lineno = n.end_lineno = number
            n.col_offset = n.end_col_offset = 0
    return node


def _in_context(target: ast.expr, context: ast.expr_context) -> ast.expr:
    changed = copy.deepcopy(target)
    changed.ctx = context
    return changed


def assigned(s: ast.stmt) -> Iterator[tuple[ast.expr, bool]]:
    """The targets of a statement that have a name of their own; False for those of which only entries are assigned."""
    if isinstance(s, ast.Expr):
        f = s.value.func if isinstance(s.value, ast.Call) else None
        if isinstance(f, ast.Attribute) and isinstance(s.value, ast.Call):
            if f.attr in FILLS and s.value.args and isinstance(s.value.args[0], ast.Name):
                yield s.value.args[0], False
            elif f.attr in _GROWS and isinstance(f.value, ast.Name) and f.attr not in ("append", "extend", "insert"):
                yield f.value, False
        return
    if isinstance(s, ast.AnnAssign) and s.value is None:
        return
    targets = s.targets if isinstance(s, ast.Assign) else [s.target] if hasattr(s, "target") else []
    for t in _single(targets):
        if isinstance(t, ast.Name) or is_keyed(t):
            yield t, True
        elif isinstance(t, ast.Subscript):
            base: ast.expr = t
            while isinstance(base, ast.Subscript) and not is_keyed(base):
                base = base.value
            if isinstance(base, ast.Name) or is_keyed(base):
                yield base, False


def _single(targets: Sequence[ast.expr]) -> Iterator[ast.expr]:
    for t in targets:
        if isinstance(t, (ast.Tuple, ast.List)):
            yield from _single(t.elts)
        elif isinstance(t, ast.Starred):
            yield t.value
        else:
            yield t


def is_keyed(t: ast.expr) -> bool:
    """``grads["W"]`` or ``self.dW``: a part of something that has a name of its own."""
    if isinstance(t, ast.Attribute):
        return isinstance(t.value, ast.Name)
    return (
        isinstance(t, ast.Subscript)
        and isinstance(t.slice, ast.Constant)
        and isinstance(t.slice.value, str)
        and (isinstance(t.value, ast.Name) or is_keyed(t.value))
    )


def _assigned_anew(tree: ast.FunctionDef) -> set[str]:
    """What a loop's body assigns before it adds to it, in every pass."""
    found: set[str] = set()
    for loop in [n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While))]:
        for s in loop.body:
            if isinstance(s, ast.Assign):
                found |= {ast.unparse(t) for t, whole in assigned(s) if whole}
    return found


def _filled_within(loop: ast.stmt, before: set[str]) -> list[tuple[ast.expr, ast.stmt]]:
    """What a loop accumulates, fills by entries or assigns anew, with the last statement that does."""
    found: dict[str, tuple[ast.expr, ast.stmt]] = {}
    filled: set[str] = set()
    for s in sorted((s for s in ast.walk(loop) if isinstance(s, ast.stmt)), key=lambda s: s.lineno):
        for t, whole in assigned(s):
            found[ast.unparse(t)] = t, s
            if not whole or isinstance(s, ast.AugAssign):
                filled.add(ast.unparse(t))
    return [pair for text, pair in found.items() if text in filled or text in before]

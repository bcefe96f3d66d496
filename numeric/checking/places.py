"""The statements of functions with what is known there: the values of names, of entries, of what can be computed from them."""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from numeric.checking.cases import Case, duplicate, quiet
from numeric.checking.edits import Place, called, expression
from numeric.checking.probes import kept, located
from numeric.checking.program import Program, lone, spoken_text
from numeric.checking.slices import Statement, writes

LOCALS = "__chainrule_locals__"


def places(
    program: Program, case: Case, region: Sequence[Statement], loose: bool, start: ast.stmt | None, passing: int
) -> list[tuple[Place, str]]:
    """The statements of the region with the values that their functions hold before them, in a loop those of the last pass.

    Where ``passing`` is not 0, those of that pass, in which the statement ``start`` gives what is known of it.
    """
    marked = {id(s): k for k, (_, s) in enumerate(region)}
    held: dict[int, dict[str, Any]] = {}
    passes: dict[int, int] = {}

    def look(k: int, values: dict[str, Any]) -> None:
        passes[k] = passes.get(k, 0) + 1
        if passing and (passes[k] > passing or (region[k][1] is start and passes[k] != passing)):
            return
        held[k] = {n: v for n, v in values.items() if not n.startswith("__")}
        try:
            held[k] = copy.deepcopy(held[k])
        except Exception:  # something that cannot be copied
            held[k] = {n: v for n, v in held[k].items() if kept(v) is not None}

    names = {name for name, _ in region}
    trees = {n: _looking(program.trees[n], marked) if n in names else program.trees[n] for n in program.trees}
    case.run(program.variant(trees, {LOCALS: look}))
    found = []
    text = spoken_text(case.call.subject.ahead, case.call.subject.back)
    for name, s in region:
        where = _where(program.trees[name], s)
        objects = held.get(marked[id(s)])
        if where is None or objects is None or _guards_a_loop(program.trees[name], s):
            continue
        arguments = {a.arg for a in program.trees[name].args.args}
        scope = {**dict(_values(objects)), **_indexed(program, name, objects)}
        own = frozenset(n for n in scope if n.partition("[")[0].partition(".")[0] not in arguments)
        module = _module(program.functions[name].__globals__)
        found.append(
            (
                Place(
                    s,
                    scope,
                    module,
                    where,
                    own,
                    _in_loop(program.trees[name], s),
                    objects,
                    loose or start is None or s is start,
                    _running(program, name, objects),
                    text,
                    _unread(program.trees[name]),
                    _carried(program.trees[name]),
                ),
                name,
            )
        )
    return found


def _carried(tree: ast.FunctionDef) -> frozenset[str]:
    """The names that a loop assigns and that were assigned before it."""
    before: set[str] = set()
    found: set[str] = set()
    for s in tree.body:
        stored = {n.id for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found |= stored & before if isinstance(s, (ast.For, ast.While)) else set()
        before |= stored
    return frozenset(found)


def _unread(tree: ast.FunctionDef) -> tuple[str, ...]:
    """The names that a function assigns, as a value or from its cache, and never reads."""
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    given = [a.arg for a in tree.args.args]
    return tuple(dict.fromkeys(n for n in (*given, *(m.id for m in names)) if n not in read and n != "_"))


def _running(program: Program, name: str, objects: Mapping[str, Any]) -> Callable[[ast.expr], np.ndarray | None]:
    """Values of expressions where the function's names stand for what they do at a statement."""

    def run(node: ast.expr) -> np.ndarray | None:
        try:
            line = lone(node, list(objects), program.functions[name].__globals__)
            with quiet():
                return kept(line(*duplicate(list(objects.values()))))
        except Exception:  # what needs more than its names, or an edit that does not fit
            return None

    return run


def _indexed(program: Program, name: str, objects: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``x[t]`` and the like, as far as the function writes them and they have values here."""
    found: dict[str, Any] = {}
    scope = program.functions[name].__globals__
    written = [n for n in ast.walk(program.trees[name]) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Load)]
    counters = {n.slice.id for n in written if isinstance(n.slice, ast.Name)}
    arrays = [n for n, v in objects.items() if getattr(kept(v), "ndim", 0) > 1]
    more = [expression(f"{n}[{t}]") for t in sorted(counters) for n in arrays]
    more += [expression(text) for text in _under_masks(program.trees[name], objects)]
    more += [expression(text) for text in _at_written_indices(written, objects)]
    for node in [*written, *more, *_called(program.trees[name])]:
        text = ast.unparse(node)
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in scope}
        if text in found or not used <= set(objects) or ".shape" in text or len(found) > 32:
            continue
        value = None
        with quiet(), contextlib.suppress(Exception):  # an index may be out of bounds here
            value = kept(lone(node, list(objects), scope)(*objects.values()))
        if value is not None and value.dtype.kind == "f" and len(text) <= 40:
            found[text] = value
    return found


def _at_written_indices(written: Sequence[ast.Subscript], objects: Mapping[str, Any]) -> list[str]:
    """``h[:, t]`` for every array of two axes or more, where the function writes ``x[:, t]``."""
    arrays = {n: a.ndim for n, v in objects.items() if (a := kept(v)) is not None and a.dtype.kind == "f"}
    indices = {
        ast.unparse(w)[len(ast.unparse(w.value)) :]: len(w.slice.elts)
        for w in written
        if isinstance(w.slice, ast.Tuple) and any(isinstance(p, ast.Name) for p in w.slice.elts)
    }
    return [f"{n}{index}" for index, rank in list(indices.items())[:4] for n, ndim in arrays.items() if ndim >= rank]


def _called(tree: ast.FunctionDef) -> list[ast.Call]:
    """``np.exp(t)`` and the like, as the function writes them."""
    functions = ("exp", "sqrt", "tanh", "sigmoid", "cos", "sin")
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and called(n) in functions and len(n.args) == 1]
    return [n for n in found if isinstance(n.args[0], (ast.Name, ast.Attribute)) and not n.keywords]


def _under_masks(tree: ast.FunctionDef, objects: Mapping[str, Any]) -> list[str]:
    """``x[mask]`` for every array of the mask's shape, where the function chooses entries by it."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, (ast.Slice, ast.Tuple, ast.Constant)):
            continue
        base = kept(objects.get(node.value.id)) if isinstance(node.value, ast.Name) else None
        if base is None or not {n.id for n in ast.walk(node.slice) if isinstance(n, ast.Name)} <= set(objects):
            continue
        masks = (ast.UnaryOp, ast.Compare, ast.BoolOp)
        mask = kept(objects.get(node.slice.id)) if isinstance(node.slice, ast.Name) else None
        if isinstance(node.slice, masks) or (mask is not None and mask.dtype.kind == "b"):
            same = [n for n, v in objects.items() if getattr(kept(v), "shape", None) == base.shape]
            found |= dict.fromkeys(f"{n}[{ast.unparse(node.slice)}]" for n in same)
    return list(found)[:12]


def _looking(tree: ast.FunctionDef, marked: Mapping[int, int]) -> ast.FunctionDef:
    def block(body: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for s in body:
            if id(s) in marked:
                look = ast.Call(
                    ast.Name(LOCALS, ast.Load()),
                    [ast.Constant(marked[id(s)]), ast.Call(ast.Name("locals", ast.Load()), [], [])],
                    [],
                )
                made.append(located(ast.Expr(look), s.lineno))
            made.append(inner(s))
        return made

    def inner(s: ast.stmt) -> ast.stmt:
        if not isinstance(s, (ast.For, ast.While, ast.If, ast.With, ast.Try)):
            return s
        changed = copy.copy(s)
        for part in ("body", "orelse", "finalbody"):
            if getattr(s, part, None):
                setattr(changed, part, block(getattr(s, part)))
        return changed

    made = copy.copy(tree)
    made.body = block(tree.body)
    return made


def _values(objects: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Arrays and numbers in scope, those in dictionaries, tuples and ``self`` by how they are written."""
    for name, value in objects.items():
        array = kept(value)
        if array is not None:
            yield f"{prefix}{name}", array
        elif isinstance(value, Mapping) and len(value) < 30:
            for key, v in value.items():
                if isinstance(key, str) and kept(v) is not None:
                    yield f"{prefix}{name}[{key!r}]", kept(v)
        elif isinstance(value, tuple) and len(value) < 12 and not prefix:
            for k, v in enumerate(value):
                if getattr(kept(v), "ndim", 0):
                    yield f"{name}[{k}]", kept(v)
        elif name in ("self", "ctx") and hasattr(value, "__dict__"):
            yield from _values({k: v for k, v in vars(value).items() if k != "saved_tensors"}, f"{name}.")


def _where(tree: ast.FunctionDef, s: ast.stmt):
    for node in ast.walk(tree):
        for part in ("body", "orelse", "finalbody"):
            for k, child in enumerate(
                getattr(node, part, None) or [] if not isinstance(node, (ast.IfExp, ast.Lambda)) else []
            ):
                if child is s:
                    return node, part, k
    return None


def _in_loop(tree: ast.FunctionDef, s: ast.stmt) -> bool:
    return any(
        isinstance(n, (ast.For, ast.While)) and any(c is s for c in ast.walk(n)) for n in ast.walk(tree) if n is not s
    )


def _guards_a_loop(tree: ast.FunctionDef, s: ast.stmt) -> bool:
    """Whether a ``while`` depends on what the statement assigns, or on a condition in it: it might never end."""
    if isinstance(s, ast.If) and any(c is s for w in ast.walk(tree) if isinstance(w, ast.While) for c in ast.walk(w)):
        return True
    tested = {
        n.id for w in ast.walk(tree) if isinstance(w, ast.While) for n in ast.walk(w.test) if isinstance(n, ast.Name)
    }
    return bool(tested & writes(s))


def _module(scope: Mapping[str, Any]) -> str:
    for wanted in ("numpy", "torch"):
        for name, value in scope.items():
            if getattr(value, "__name__", "") == wanted:
                return name
    return "np"

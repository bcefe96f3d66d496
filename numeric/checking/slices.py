"""Which lines a value comes from: a slice of a function by the names that its statements read and assign."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from numeric.checking.probes import assigned

_LENGTHENS = ("append", "extend", "insert", "appendleft")
_JUMPS = (ast.Continue, ast.Break, ast.Return)
Statement = tuple[str, ast.stmt]  # the function's name and the statement


def statements(tree: ast.FunctionDef) -> Iterator[ast.stmt]:
    """The simple statements of a function, the heads of its loops and its conditions, in the order of the file."""

    def walk(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for s in body:
            if isinstance(s, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.For, ast.If)):
                yield s
            for part in ("body", "orelse", "finalbody"):
                if isinstance(s, (ast.For, ast.While, ast.If, ast.With, ast.Try)):
                    yield from walk(getattr(s, part, []))

    yield from walk(tree.body)


def head(s: ast.stmt) -> ast.AST:
    """Of a loop what it runs over, of a condition what it asks; another statement as it is."""
    return s.iter if isinstance(s, ast.For) else s.test if isinstance(s, ast.If) else s


def reads(s: ast.stmt) -> set[str]:
    """The names that a statement reads; those whose entries it changes among them."""
    node = head(s)
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    found |= {
        ast.unparse(n)
        for n in ast.walk(node)
        if isinstance(n, (ast.Attribute, ast.Subscript)) and isinstance(n.ctx, ast.Load)
    }
    if isinstance(s, ast.AugAssign):
        found |= {ast.unparse(s.target)}
    found |= {ast.unparse(t) for t, whole in assigned(s) if not whole}
    return found


def writes(s: ast.stmt) -> set[str]:
    """The names that a statement assigns or changes."""
    if isinstance(s, ast.For):
        return {n.id for n in ast.walk(s.target) if isinstance(n, ast.Name)}
    if isinstance(s, ast.If):
        return set()
    call = s.value if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) else None
    if call is not None and isinstance(call.func, ast.Attribute) and call.func.attr in _LENGTHENS:
        return {ast.unparse(call.func.value)}
    return {ast.unparse(t) for t, _ in assigned(s)}


def slice_of(
    trees: Mapping[str, ast.FunctionDef],
    start: Statement,
    is_true: Callable[[Statement], bool],
    true_parameters: Mapping[str, set[str]],
    within: tuple[str, ...] = (),
) -> list[Statement]:
    """The statement, the conditions that it is under and the statements before it whose values these use, not beyond
    statements whose values are known to be true."""
    function, last = start
    order = list(statements(trees[function]))
    loops, asked = _around(trees[function], (ast.For, ast.While)), _around(trees[function], (ast.If,))
    outermost = {id(s) for s in trees[function].body}
    place = {id(s): k for k, s in enumerate(order)}
    chosen: dict[int, ast.stmt] = {id(last): last}
    pending = [last]
    while pending:
        s = pending.pop()
        for t in order:
            if id(t) in asked.get(id(s), ()) and id(t) not in chosen:
                chosen[id(t)] = t
                pending.append(t)
        need = reads(s)
        for t in reversed(order):
            before = place[id(t)] < place.get(id(s), 0) or bool(loops.get(id(t), set()) & loops.get(id(s), set()))
            hit = writes(t) & need if before else set()
            if not hit:
                continue
            known = is_true((function, t))
            if not known and id(t) not in chosen:
                chosen[id(t)] = t
                pending.append(t)
            if known or (isinstance(t, ast.Assign) and id(t) in outermost and all(whole for _, whole in assigned(t))):
                need = need - hit
    found: list[Statement] = [(function, s) for s in order if id(s) in chosen and head(s) is s]
    inside = {k for s in chosen.values() for k in loops.get(id(s), set())}
    found += [(function, s) for s in order if isinstance(s, ast.If) and id(s) in chosen]
    found += [(function, s) for s in order if isinstance(s, ast.For) and id(s) in inside]
    parameters = {a.arg for a in trees[function].args.args}
    if any(reads(s) & (parameters - true_parameters.get(function, set())) for s in chosen.values()):
        for caller in callers(trees, function, within):
            found += slice_of(trees, caller, is_true, true_parameters, (*within, function))
    called = {name for s in chosen.values() for name in _called(s)}
    for name in sorted(called & set(trees) - {function, *within}):
        found += [(name, s) for s in statements(trees[name]) if not is_true((name, s))]
    return found


def callers(trees: Mapping[str, ast.FunctionDef], function: str, within: tuple[str, ...] = ()) -> list[Statement]:
    """The statements that call a function."""
    return [
        (name, s)
        for name, tree in trees.items()
        if name != function and name not in within
        for s in statements(tree)
        if function in _called(s)
    ]


def _called(s: ast.stmt) -> set[str]:
    """The functions that a statement calls by their names; of a loop or a condition, its head."""
    return {n.func.id for n in ast.walk(head(s)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def _around(tree: ast.FunctionDef, kinds: tuple[type[ast.stmt], ...]) -> dict[int, set[int]]:
    """For each statement the loops, or the conditions, around it; a condition that leads elsewhere, as to ``continue``, is
    around what comes after it in its block."""
    found: dict[int, set[int]] = {}

    def walk(body: list[ast.stmt], around: set[int]) -> None:
        for s in body:
            found[id(s)] = set(around)
            if ast.If in kinds and isinstance(s, ast.If) and any(isinstance(n, _JUMPS) for n in ast.walk(s)):
                around = around | {id(s)}
            inner = around | {id(s)} if isinstance(s, kinds) else around
            for part in ("body", "orelse", "finalbody"):
                if isinstance(s, (ast.For, ast.While, ast.If, ast.With, ast.Try)):
                    walk(getattr(s, part, []), inner)

    walk(tree.body, set())
    return found

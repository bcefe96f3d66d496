"""The functions that a person handed in, as syntax trees: run as they stand, with probes, or with one expression changed.

It is the user's own code, which the user asked to run; a variant of it is compiled and never printed into text and back.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any


class Program:
    """The functions of one file that a call runs through, each with its tree; ``entry`` is the one that is called."""

    def __init__(self, entry: Callable[..., Any], reached: Mapping[str, FunctionType] | None = None):
        self.entry = entry
        self.functions: dict[str, FunctionType] = {}
        self.trees: dict[str, ast.FunctionDef] = {}
        self.settled: dict[str, CodeType] = {}
        for f in [entry, *(reached or {}).values()]:
            tree = tree_of(f)
            if tree is not None and f.__name__ not in self.trees:
                self.functions[f.__name__], self.trees[f.__name__] = f, tree

    @property
    def file(self) -> str:
        """The file that the entry stands in."""
        return getattr(getattr(self.entry, "__code__", None), "co_filename", "")

    def settle(self, name: str) -> None:
        """Keep a function as its tree is now; every later variant has it so."""
        self.settled[name] = _compiled(self.trees[name], self.functions[name])

    def source(self) -> str:
        """The sources of all functions."""
        return "\n".join(map(ast.unparse, self.trees.values()))

    def variant(self, trees: Mapping[str, ast.FunctionDef], extra: Mapping[str, Any] | None = None) -> FunctionType:
        """The entry, with other trees for some functions, which see the names of ``extra`` besides their own globals."""
        codes = {**self.settled, **{name: _compiled(trees[name], self.functions[name]) for name in trees}}
        scope = dict(self.entry.__globals__)
        scope.update(extra or {})
        old = self.entry.__globals__
        for f in self.functions.values():  # those that the call runs through see each other's variants
            if f.__globals__ is old and old.get(f.__name__) is f:
                scope[f.__name__] = _made(f, codes.get(f.__name__), scope)
        return _made(self.entry, codes.get(self.entry.__name__), scope)


def _made(f: FunctionType, code: CodeType | None, scope: dict[str, Any]) -> FunctionType:
    code = code or f.__code__
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    made = FunctionType(code, scope, f.__name__, f.__defaults__, tuple(cells[n] for n in code.co_freevars))
    made.__kwdefaults__ = f.__kwdefaults__
    made.__annotations__ = f.__annotations__
    made.__doc__ = f.__doc__
    return made


def _compiled(tree: ast.FunctionDef, f: FunctionType) -> CodeType:
    """The code of a function; names that it closes over stay such, as parameters of a function around it."""
    args = getattr(tree, "bare_args", None)
    if args is None:
        args = tree.bare_args = _without_values(tree.args)  # type: ignore[attr-defined]
    bare = ast.FunctionDef(name=tree.name, args=args, body=tree.body, decorator_list=[], returns=None, type_params=[])
    node: ast.stmt = ast.copy_location(bare, tree)
    free = f.__code__.co_freevars
    if free:
        around = ast.arguments(posonlyargs=[], args=[_arg(n) for n in free], kwonlyargs=[], kw_defaults=[], defaults=[])
        node = ast.FunctionDef(
            name="closing", args=around, body=[node], decorator_list=[], returns=None, type_params=[]
        )
        ast.copy_location(node, tree)
    module = ast.Module(body=[node], type_ignores=[])
    code = compile(module, f.__code__.co_filename, "exec", dont_inherit=True)
    for _ in range(2 if free else 1):
        code = next(c for c in code.co_consts if isinstance(c, CodeType))
    return code


def lone(
    value: ast.expr, parameters: Sequence[str], scope: Mapping[str, Any], before: Sequence[ast.stmt] = ()
) -> FunctionType:
    """A function that computes one expression of a person's function, after some of its statements, from its names' values."""
    args = ast.arguments(posonlyargs=[], args=[_arg(n) for n in parameters], kwonlyargs=[], kw_defaults=[], defaults=[])
    node = ast.FunctionDef(
        name="line", args=args, body=[*before, ast.Return(value)], decorator_list=[], returns=None, type_params=[],
        lineno=1, col_offset=0,
    )  # fmt: skip
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    code = compile(module, "<line>", "exec", dont_inherit=True)
    return FunctionType(next(c for c in code.co_consts if isinstance(c, CodeType)), scope, "line")  # type: ignore[arg-type]


def _arg(name: str) -> ast.arg:
    return ast.arg(arg=name, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)


def _without_values(args: ast.arguments) -> ast.arguments:
    """The parameters without annotations and with defaults that are never computed; the function keeps its own."""

    def bare(a: ast.arg | None) -> ast.arg | None:
        return None if a is None else _arg(a.arg)

    return ast.arguments(
        posonlyargs=[_arg(a.arg) for a in args.posonlyargs],
        args=[_arg(a.arg) for a in args.args],
        vararg=bare(args.vararg),
        kwonlyargs=[_arg(a.arg) for a in args.kwonlyargs],
        kw_defaults=[None] * len(args.kwonlyargs),
        kwarg=bare(args.kwarg),
        defaults=[],
    )


def tree_of(f: Callable[..., Any]) -> ast.FunctionDef | None:
    """The syntax tree of a function with the line numbers of its file; None for what has no source or is no ``def``."""
    try:
        lines, first = inspect.getsourcelines(f)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    if getattr(f, "__name__", "") != tree.body[0].name:
        return None
    ast.increment_lineno(tree, first - 1)
    return tree.body[0]


def spoken_text(*functions: Callable[..., Any]) -> str:
    """The sources of functions and of those of their files that they name."""
    found: dict[str, str] = {}
    for f in functions:
        scope = getattr(f, "__globals__", {})
        named = [scope.get(n) for n in getattr(getattr(f, "__code__", None), "co_names", ())]
        for g in [f, *(n for n in named if isinstance(n, FunctionType))]:
            try:
                found[g.__name__] = inspect.getsource(g)
            except (OSError, TypeError):  # no source: it says nothing
                continue
    return "\n".join(found.values())


def reached(call: Callable[[], Any], file: str, scope: Mapping[str, Any]) -> tuple[Any, dict[str, FunctionType]]:
    """The value of ``call`` and the functions of ``file`` that it ran through, by name, in the order of their first calls."""
    known = {f.__code__: f for f in scope.values() if isinstance(f, FunctionType)}
    found: dict[str, FunctionType] = {}

    def trace(frame: Any, event: str, _: Any) -> None:
        f = known.get(frame.f_code)
        if event == "call" and f is not None and frame.f_code.co_filename == file:
            found.setdefault(f.__name__, f)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        value = call()
    finally:
        sys.settrace(before)
    return value, found

"""Backward functions that raise where their forward functions run: which line, and what would make it run and be right."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType
from typing import Any

from numeric.checking import names
from numeric.checking.calls import Call
from numeric.checking.cases import cases
from numeric.checking.gradients import last_assignments
from numeric.checking.probes import located
from numeric.checking.program import Program
from numeric.checking.repairs import CASES, UNITS, Target, repair
from numeric.checking.slices import slice_of, statements
from numeric.checking.verdicts import CodeVerdict, LineVerdict, OutputVerdict
from numeric.checking.wording import first_line, sentence, variable
from numeric.checking.work import Work
from symbolic.verification.diagnosis.mistakes import explained

_SURE = ("missing transpose", "wrong order of factors", "keepdims missing", "keepdims too many")


def crashed(call: Call, error: Exception, seed: int = 0) -> CodeVerdict | None:
    """The verdict on a backward function that raises where its forward function runs; None if that may not be its fault."""
    back = call.subject.back
    program = Program(back, {f.__name__: f for f in _same_file(back)})
    place = _raised_in(error, program)
    if place is None:
        return None
    if call.subject.kind == "both":
        ahead = _loss_alone(program, back.__name__, error)
        if ahead is None:
            return None
        call = copy.copy(call)
        call.subject = replace(call.subject, ahead=ahead)
    wanted = list(last_assignments(call, program))
    if not wanted:
        return None
    found = cases(call, seed, CASES, wanted)
    target = Target(frozenset(wanted), frozenset())
    function, line = place
    here = [s for s in statements(program.trees[function]) if s.lineno <= line]
    region = slice_of(program.trees, (function, here[-1]), lambda s: False, {}) if here else []
    first = [s for s in region if s[1].lineno == here[-1].lineno]
    done = None
    for part in (first, [s for s in region if s not in first]):
        done = done or repair(
            program,
            found,
            part,
            target,
            lambda name: program.variant({name: program.trees[name]}),
            Work(UNITS, 100),
        )
    said = f"{type(error).__name__} at line {line}: {error}"
    told = any(
        word in str(error) for word in ("shape", "align", "broadcast", "size", "dimension", "bounds", "axis", "axes")
    )
    if done is None and (call.searched or not told):
        return None
    if call.searched and done is not None and done.edit.label not in _SURE:
        return None  # the shapes may be what is wrong
    at = done.line if done else line
    code = done.before if done else ast.unparse(here[-1])
    wrong = LineVerdict(
        at, first_line(code), variable(code), "shape", None, said,
        explained(done.edit.label, done.edit.detail) if done else "", done.edit.label if done else "",
        first_line(done.after) if done else "", done.function if done else function,
    )  # fmt: skip
    outputs = tuple(OutputVerdict(n, "shape", f"the gradient is not computed: {said}", at) for n in wanted)
    shapes = tuple((n, tuple(s)) for n, s in call.shapes.items())
    return CodeVerdict(outputs, shapes, call.searched, (wrong,), (sentence(wrong),), tuple(call.notes))


def _loss_alone(program: Program, name: str, error: Exception) -> Callable[..., Any] | None:
    """A function that returns a loss and its gradients, cut before the statement that raises; None if the loss comes after."""
    tree, lines = program.trees[name], []
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code is program.functions[name].__code__:
            lines.append(frame.tb_lineno)
        frame = frame.tb_next
    loss = next(iter(names.returned(tree)), None)
    at = next(
        (k for k, s in enumerate(tree.body) if lines and s.lineno <= lines[0] <= (s.end_lineno or s.lineno)), None
    )
    if at is None or not isinstance(loss, ast.Name):
        return None
    later = {
        n.id for s in tree.body[at:] for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    if loss.id in later:
        return None
    cut = copy.copy(tree)
    value = ast.Tuple([ast.Name(loss.id, ast.Load()), ast.Constant(None)], ast.Load())
    cut.body = [*tree.body[:at], located(ast.Return(value), tree.body[at].lineno)]
    return program.variant({name: cut})


def _same_file(back: Callable[..., Any]) -> list[Any]:
    scope = getattr(back, "__globals__", {})
    return [
        f
        for f in scope.values()
        if (isinstance(f, FunctionType) and f.__globals__ is scope and "backward" in f.__name__) or f is back
    ]


def _raised_in(error: Exception, program: Program) -> tuple[str, int] | None:
    """The innermost function of the program that an error came through, and the line there."""
    frame, found = error.__traceback__, None
    codes = {f.__code__: n for n, f in program.functions.items()}
    while frame is not None:
        if frame.tb_frame.f_code in codes:
            found = codes[frame.tb_frame.f_code], frame.tb_lineno
        frame = frame.tb_next
    return found

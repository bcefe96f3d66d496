"""``chainrule check FILE.py:NAME``: backward code against forward code. The code is the user's own, and it runs."""

from __future__ import annotations

import ast
import inspect
import json
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from numeric.checking import CodeVerdict, LineVerdict, check_backward
from numeric.checking.names import CACHE, is_cotangent
from reports.commands.check import UNREADABLE, class_table, combined, sign
from reports.document.catalogue import Catalogue
from symbolic.errors import ChainruleError, suggestion


@dataclass(frozen=True)
class CheckedCode:
    """A function with its verdict, or with the reason why it has none and the exit code for that."""

    name: str
    against: str = ""
    verdict: CodeVerdict | None = None
    reason: str = ""
    code: int = 0

    @property
    def path(self) -> str:
        """The file that it stands in."""
        return self.name.rpartition(":")[0]


def check_code(
    files: tuple[str, ...],
    forward: str | None,
    shapes: tuple[str, ...],
    settings: tuple[str, ...],
    seed: int,
    style: str,
    strict: bool,
    words: Catalogue,
) -> tuple[str, int]:
    """The text for the terminal or the file, and the exit code."""
    if not all(":" in name for name in files):
        raise click.UsageError("backward functions (FILE.py:NAME) are checked apart from documents")
    told = dict(part.split("=", 1) for part in shapes if "=" in part)
    options = {name: _value(text) for name, _, text in (part.partition("=") for part in settings)}
    checked = [_checked(name, forward, told, options, seed, strict) for name in files]
    for one in checked:
        if one.reason:
            click.echo(f"chainrule check: {one.reason}", err=True)
    return _rendered(checked, style, words), combined([one.code for one in checked])


def _value(text: str) -> Any:
    """A number, a truth value or a list as Python writes it; anything else is a word. Nothing is evaluated."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _checked(
    name: str, forward: str | None, told: Mapping[str, str], options: Mapping[str, Any], seed: int, strict: bool
) -> CheckedCode:
    path, _, wanted = name.rpartition(":")
    try:
        left = _run(path)
        backward = _found(path, left, wanted.partition(".")[0])
        ahead = _found(path, left, forward.partition(".")[0]) if forward else None
    except _NotThere as error:
        return CheckedCode(name, reason=str(error), code=UNREADABLE)
    if forward is None and not isinstance(backward, type) and _needs_forward(backward):
        forward = _partner(wanted, left)
        ahead = left.get(forward or "")
    if forward is None and not isinstance(backward, type) and _needs_forward(backward):
        raise click.UsageError(f"{wanted} is checked against its forward function: give --of NAME")
    if backward is ahead and not isinstance(backward, type):
        ahead = None
    try:
        verdict = check_backward(backward, ahead, told, seed, options=options)
    except ChainruleError as error:
        return CheckedCode(name, reason=f"{name}: {error}", code=2)
    except Exception as error:  # the user's own code
        said = f"{name}: {wanted} or {forward or wanted} raised {type(error).__name__}: {error}{_at(error, path)}"
        return CheckedCode(name, reason=said, code=2)
    return CheckedCode(name, forward or "", verdict, code=verdict.exit_code(strict))


def _needs_forward(function: Any) -> bool:
    """Whether a function takes a cotangent or a cache, and so does not compute the loss itself."""
    parameters = inspect.signature(function).parameters
    return any(is_cotangent(name) or CACHE.match(name) for name in parameters)


def _partner(backward: str, left: Mapping[str, object]) -> str | None:
    """The forward function that a backward function's name tells: ``conv_forward`` or ``conv`` for ``conv_backward``."""
    names = []
    for word, other in (("backward", "forward"), ("bwd", "fwd"), ("backprop", "forward"), ("grad", "forward")):
        if word in backward:
            rest = backward.replace(word, "").strip("_").replace("__", "_")
            names += [backward.replace(word, other), rest, f"{rest}_forward", f"forward_{rest}"]
    return next((n for n in names if n and n != backward and callable(left.get(n))), None)


def _at(error: Exception, path: str) -> str:
    """The line of the user's file at which an error was raised."""
    frame, line = error.__traceback__, 0
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            line = frame.tb_lineno
        frame = frame.tb_next
    return f" (line {line})" if line else ""


# -- formats -------------------------------------------------------------------------------------------------------------


def _rendered(checked: list[CheckedCode], style: str, words: Catalogue) -> str:
    if style == "json":
        found = [_as_dict(one) for one in checked]
        return json.dumps(found[0] if len(found) == 1 else {"documents": found}, indent=2, ensure_ascii=False)
    known = [one for one in checked if one.verdict is not None]
    if style != "text":
        return "\n".join(_annotated(one, style, words) for one in known)
    parts = [_summary(one, words) for one in known]
    if len(checked) > 1:
        parts.append(_table(checked, words))
    return "\n\n".join(parts)


def _as_dict(one: CheckedCode) -> dict[str, object]:
    if one.verdict is None:
        return {"file": one.name, "claims": [], "error": one.reason, "exit_code": one.code}
    return {"file": one.name, **one.verdict.as_dict(), "exit_code": one.code}


def _annotated(one: CheckedCode, style: str, words: Catalogue) -> str:
    from reports.document.codework import annotated
    from reports.writers import written

    text = Path(one.path).read_text(encoding="utf-8", errors="replace")
    name = f"{Path(one.path).name}:{one.name.rpartition(':')[2]}"
    page = written(annotated(name, text, one.verdict, words), {"latex": "tex"}.get(style, style))
    return page if isinstance(page, str) else page.decode()


def _summary(one: CheckedCode, words: Catalogue) -> str:
    """A function's verdict for the terminal: gradients, then the lines that are wrong or follow."""
    from reports.document.said import said

    verdict = one.verdict
    name = words("checked.terminal.against", name=one.name, forward=one.against) if one.against else one.name
    lines = [click.style(name, bold=True)]
    if verdict.found:
        told = ", ".join(f"{name} ({', '.join(shape)})" for name, shape in verdict.shapes)
        lines.append("  " + words("checked.terminal.found", shapes=told))
    for o in verdict.outputs:
        at = f"{o.line:>4}" if o.line else "    "
        status, why = words(f"status.{o.status}"), said(o.evidence, words)
        lines.append(f"  {at}  {sign(o.status, words)} d{o.name.rpartition('.')[2]:<12} {status}: {why}")
    wrong = [x for x in verdict.lines if x.status in ("refuted", "shape")]
    if wrong:
        lines.append("  " + words("checked.terminal.lines"))
        for x in wrong:
            lines += _line(x, words)
    lines += [f"  {said(sentence, words)}" for sentence in verdict.blame]
    lines += ["  " + words("checked.terminal.note", note=said(note, words)) for note in verdict.notes]
    return "\n".join(lines)


def _line(x: LineVerdict, words: Catalogue) -> list[str]:
    from reports.document.said import mistake, said

    if x.follows:
        return [f"  {x.line:>4}  {click.style(words('checked.terminal.follows'), fg='yellow')} {x.code}"]
    more = [said(x.evidence, words)] if x.evidence else []
    if x.diagnosis:
        more.append(words("checked.mistake", mistake=mistake(x.diagnosis, words)))
    if x.repair:
        more.append(words("checked.terminal.repair", repair=x.repair))
    return [f"  {x.line:>4}  {sign(x.status, words)} {x.code}", *(f"                {line}" for line in more)]


def _table(checked: list[CheckedCode], words: Catalogue) -> str:
    """One line a function: how its gradients came out, and where the first mistake is."""
    rows: list[tuple[str, list[object], str]] = []
    for one in checked:
        if one.verdict is None:
            reason = one.reason.rpartition(": ")[2]
            rows.append((one.name, [], words("checked.terminal.not_judged", reason=reason)))
            continue
        statuses = [o.status for o in one.verdict.outputs]
        right = sum(s in ("proved", "agrees") for s in statuses)
        wrong = sum(s in ("refuted", "shape") for s in statuses)
        first = next((_first(x, words) for x in one.verdict.culprits), "")
        rows.append((one.name, [len(statuses), right, wrong, len(statuses) - right - wrong], first))
    return class_table(["function", "gradients", "right", "wrong", "open", "first"], rows, words)


def _first(x: LineVerdict, words: Catalogue) -> str:
    from reports.document.said import label

    return words("checked.terminal.first", line=x.line) + (f" ({label(x.label, words)})" if x.label else "")


# -- the user's file -----------------------------------------------------------------------------------------------------


class _NotThere(Exception):
    """A file or function that cannot be had."""


def _run(path: str) -> dict[str, object]:
    """What a Python file leaves; it is the user's own code, and runs."""
    folder = str(Path(path).resolve().parent)
    sys.path.insert(0, folder)
    try:
        return runpy.run_path(path, run_name="chainrule_check")
    except OSError as error:
        raise _NotThere(f"{path}: {error.strerror or error}") from None
    except (Exception, SystemExit) as error:
        raise _NotThere(f"{path} raised {type(error).__name__}: {error}") from None
    finally:
        sys.path.remove(folder)


def _found(path: str, left: dict[str, object], name: str) -> Any:
    found = left.get(name)
    if not callable(found):
        known = [n for n, x in left.items() if callable(x) and not n.startswith("_")]
        raise _NotThere(f"{path}: there is no function {name!r}.{suggestion(name, known)}")
    return found

"""Backward code with its verdicts: the functions again, line by line, with a mark, evidence and repair beside each line."""

from __future__ import annotations

import ast

from numeric.checking.verdicts import RIGHT, WRONG, CodeVerdict, LineVerdict, OutputVerdict
from reports.document.model import Code, Document, List, Mark, Note, Paragraph, Section, Table


def annotated(name: str, text: str, verdict: CodeVerdict) -> Document:
    """The document of a checked function. Whatever stands in the file comes out as text, never as markup."""
    blocks: list = [_summary(verdict), Section("Gradients", [_gradients(verdict)])]
    for title, first, last in _functions(text, verdict):
        blocks.append(Section(title, _listing(text.splitlines(), first, last, verdict)))
    if verdict.shapes:
        shapes = ", ".join(f"{n} ({', '.join(s)})" for n, s in verdict.shapes)
        how = "found by trial, as nothing tells them" if verdict.found else "as declared"
        blocks.append(
            Section("Shapes", [Paragraph(f"{shapes}: {how}."), *([List(list(verdict.notes))] if verdict.notes else [])])
        )
    return Document(f"Checked: {name}", blocks)


def _summary(verdict: CodeVerdict) -> Note:
    statuses = [o.status for o in verdict.outputs]
    right, wrong = sum(s in RIGHT for s in statuses), sum(s in WRONG for s in statuses)
    counts = {"right": right, "wrong": wrong, "not decided": len(statuses) - right - wrong}
    said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    blocks: list = [Paragraph(said or "no gradient was returned")]
    return Note([*blocks, *([List(list(verdict.blame))] if verdict.blame else [])], kind="info", title="Verdict")


def _gradients(verdict: CodeVerdict) -> Table:
    rows = [
        ([Code(f"d{o.name.rpartition('.')[2]}", "python")], str(o.line or "–"), [Mark(o.status, o.evidence)])
        for o in verdict.outputs
    ]
    return Table(["gradient", "line", "verdict"], rows)


def _functions(text: str, verdict: CodeVerdict) -> list[tuple[str, int, int]]:
    """The functions in which a line was judged or a gradient assigned: title, first and last line."""
    judged = {x.line for x in verdict.lines} | {o.line for o in verdict.outputs if o.line}
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(node.lineno <= n <= (node.end_lineno or 0) for n in judged):
            found.append((node.name, node.lineno, node.end_lineno or node.lineno))
    return sorted(found, key=lambda f: f[1])


_SIGNS = {"proved": "✓", "agrees": "✓", "refuted": "✗", "shape": "✗", "undecided": "?"}


def _listing(lines: list[str], first: int, last: int, verdict: CodeVerdict) -> list:
    """The lines of a function with their numbers and signs; after a line that breaks, what is to be said of it."""
    known: dict[int, list[LineVerdict]] = {}
    for x in verdict.lines:
        known.setdefault(x.line, []).append(x)
    gradients = {o.line: o for o in verdict.outputs}
    blocks: list = []
    shown: list[str] = []
    for number in range(first, last + 1):
        found = known.get(number, [])
        shown.append(f"{number:>4} {_sign(found, gradients.get(number))} {lines[number - 1].rstrip()}")
        broken = [x for x in found if x.status in WRONG and not x.follows]
        if broken:
            blocks.append(Code("\n".join(shown)))
            shown = []
            blocks += [_broken(x) for x in broken]
    return [*blocks, *([Code("\n".join(shown))] if shown else [])]


def _sign(found: list[LineVerdict], gradient: OutputVerdict | None) -> str:
    """``✗`` for a line that breaks, ``↳`` for one that follows, ``✓`` for one that is true."""
    wrong = [x for x in found if x.status in WRONG]
    if wrong:
        return "↳" if all(x.follows for x in wrong) else "✗"
    if found:
        return _SIGNS[found[0].status]
    return _SIGNS[gradient.status] if gradient is not None else " "


def _broken(x: LineVerdict) -> Note:
    blocks: list = [Paragraph((Mark(x.status, x.evidence),))]
    if x.diagnosis:
        blocks.append(Paragraph(f"Likely mistake: {x.diagnosis}."))
    if x.repair:
        blocks.append(Code(x.repair, "python", "It should be"))
    return Note(blocks, kind="warning", title=f"Line {x.line}")

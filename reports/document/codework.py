"""Backward code with its verdicts: the functions again, line by line, with a mark, evidence and repair beside each line."""

from __future__ import annotations

import ast

from numeric.checking.verdicts import RIGHT, WRONG, CodeVerdict, LineVerdict, OutputVerdict
from reports.document.catalogue import Catalogue
from reports.document.model import Code, Document, List, Mark, Note, Paragraph, Section, Table
from reports.document.said import mistake, said


def annotated(name: str, text: str, verdict: CodeVerdict, words: Catalogue) -> Document:
    """The document of a checked function. Whatever stands in the file comes out as text, never as markup."""
    gradients = Section(words("checked.gradients"), [_gradients(verdict, words)], "gradients")
    blocks: list = [_summary(verdict, words), gradients]
    for title, first, last in _functions(text, verdict):
        blocks.append(Section(title, _listing(text.splitlines(), first, last, verdict, words)))
    if verdict.shapes:
        shapes = ", ".join(f"{n} ({', '.join(s)})" for n, s in verdict.shapes)
        how = words("checked.shapes_found" if verdict.found else "checked.shapes_declared", shapes=shapes)
        notes = [List([said(note, words) for note in verdict.notes])] if verdict.notes else []
        blocks.append(Section(words("checked.shapes"), [Paragraph(how), *notes], "shapes"))
    return Document(words("checked.title", name=name), blocks, words.language)


def _summary(verdict: CodeVerdict, words: Catalogue) -> Note:
    statuses = [o.status for o in verdict.outputs]
    right, wrong = sum(s in RIGHT for s in statuses), sum(s in WRONG for s in statuses)
    counts = {"right": right, "wrong": wrong, "undecided": len(statuses) - right - wrong}
    told = ", ".join(f"{number} {words(f'checked.count.{what}')}" for what, number in counts.items() if number)
    blocks: list = [Paragraph(told or words("checked.no_gradient"))]
    blame = [List([said(sentence, words) for sentence in verdict.blame])] if verdict.blame else []
    return Note([*blocks, *blame], kind="info", title=words("checked.verdict"))


def _gradients(verdict: CodeVerdict, words: Catalogue) -> Table:
    rows = [
        (
            [Code(f"d{o.name.rpartition('.')[2]}", "python")],
            str(o.line or "–"),
            [Mark(o.status, said(o.evidence, words))],
        )
        for o in verdict.outputs
    ]
    return Table([words(f"checked.column.{c}") for c in ("gradient", "line", "verdict")], rows)


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


def _listing(lines: list[str], first: int, last: int, verdict: CodeVerdict, words: Catalogue) -> list:
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
            blocks += [_broken(x, words) for x in broken]
    return [*blocks, *([Code("\n".join(shown))] if shown else [])]


def _sign(found: list[LineVerdict], gradient: OutputVerdict | None) -> str:
    """``✗`` for a line that breaks, ``↳`` for one that follows, ``✓`` for one that is true."""
    wrong = [x for x in found if x.status in WRONG]
    if wrong:
        return "↳" if all(x.follows for x in wrong) else "✗"
    if found:
        return _SIGNS[found[0].status]
    return _SIGNS[gradient.status] if gradient is not None else " "


def _broken(x: LineVerdict, words: Catalogue) -> Note:
    blocks: list = [Paragraph((Mark(x.status, said(x.evidence, words)),))]
    if x.diagnosis:
        blocks.append(Paragraph(words("checked.mistake_is", mistake=mistake(x.diagnosis, words))))
    if x.repair:
        blocks.append(Code(x.repair, "python", words("checked.repair_is")))
    return Note(blocks, kind="warning", title=words("checked.line", line=x.line))

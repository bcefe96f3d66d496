"""A worksheet: the model, lines of which some are wrong, and the answer key, as one document or two."""

from __future__ import annotations

from reports.document.model import Document, Emphasis, Formula, Math, Paragraph, Section, Text
from symbolic.notation import declaration, statement
from symbolic.verification.exercises import Exercise, Line

TASK = "Which of these lines are right? Name the mistake in each of the others and write the line that is right."


def worksheet(sheet: Exercise, title: str, key: bool = True) -> Document:
    """The document of an exercise; ``key`` adds the answers after the questions."""
    symbols: list = [Text("Let ")]
    for position, t in enumerate(sheet.declared):
        symbols += [Text(", ")] if position else []
        symbols.append(Math(declaration(t)))
    blocks: list = [Paragraph([*symbols, Text(", and")])]
    blocks += [Formula(statement(t, "matrix")) for t in sheet.steps]
    lines: list = [Paragraph(TASK)]
    lines += [Formula(f"{line.left} = {line.claim}", number=str(k)) for k, line in enumerate(sheet.lines, 1)]
    sections = [Section("Model", blocks), Section("Lines", lines)]
    if key:
        sections.append(answers(sheet))
    return Document(title, sections, metadata={"Seed": str(sheet.seed)})


def answers(sheet: Exercise) -> Section:
    """The answer key."""
    return Section("Answers", [block for k, line in enumerate(sheet.lines, 1) for block in _answer(k, line)])


def _answer(number: int, line: Line) -> list:
    head = Emphasis(f"({number})", strong=True)
    if line.right:
        return [Paragraph([head, Text(" right.")])]
    blocks: list = [
        Paragraph([head, Text(f" wrong: {line.sentence}. The right line:")]),
        Formula(f"{line.left} = {line.truth}"),
    ]
    if line.counterexample is not None:
        blocks.append(Paragraph(f"For instance, {line.counterexample}."))
    return blocks

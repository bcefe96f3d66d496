"""A worksheet: the model, lines of which some are wrong, and the answer key, as one document or two."""

from __future__ import annotations

from reports.document.catalogue import Catalogue
from reports.document.model import Block, Document, Emphasis, Formula, Math, Paragraph, Section, Text
from reports.document.phrases import assigned, joined, phrase
from reports.document.said import mistake, said
from symbolic.notation import declaration, statement
from symbolic.verification.exercises import Exercise, Line


def worksheet(sheet: Exercise, title: str, words: Catalogue, key: bool = True) -> Document:
    """The document of an exercise on the model ``title``; ``key`` adds the answers after the questions."""
    symbols = joined([Math(declaration(t)) for t in sheet.declared])
    blocks: list[Block] = [Paragraph(phrase(words, "exercise.let", symbols=symbols))]
    blocks += [Formula(statement(t, "matrix")) for t in sheet.steps]
    lines: list[Block] = [Paragraph(words("exercise.task"))]
    lines += [Formula(f"{line.left} = {line.claim}", number=str(k)) for k, line in enumerate(sheet.lines, 1)]
    sections = [Section(words("exercise.model"), blocks, "model"), Section(words("exercise.lines"), lines, "lines")]
    if key:
        sections.append(answers(sheet, words))
    return _document(sheet, words("exercise.title", title=title), sections, words)


def answer_sheet(sheet: Exercise, title: str, words: Catalogue) -> Document:
    """The answers as a document of their own."""
    heading = words("exercise.key_title", title=words("exercise.title", title=title))
    return _document(sheet, heading, [answers(sheet, words)], words)


def _document(sheet: Exercise, title: str, sections: list[Section], words: Catalogue) -> Document:
    return Document(title, sections, words.language, {words("rule.name.seed"): str(sheet.seed)})


def answers(sheet: Exercise, words: Catalogue) -> Section:
    """The answer key."""
    found = [block for k, line in enumerate(sheet.lines, 1) for block in _answer(k, line, words)]
    return Section(words("exercise.answers"), found, "answers")


def _answer(number: int, line: Line, words: Catalogue) -> list[Block]:
    head = Emphasis(f"({number})", strong=True)
    if line.right:
        return [Paragraph([head, Text(" " + words("exercise.right"))])]
    wrong = words("exercise.wrong", mistake=mistake(line.sentence, words))
    blocks: list[Block] = [Paragraph([head, Text(" " + wrong)]), Formula(f"{line.left} = {line.truth}")]
    if line.counterexample is not None:
        example = said(str(line.counterexample), words)
        blocks.append(Paragraph(phrase(words, "exercise.instance", example=assigned(example))))
    return blocks

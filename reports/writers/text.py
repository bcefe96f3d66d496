"""A document for the terminal: plain text, with mathematics in Unicode characters where they suffice."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from reports.document.catalogue import Catalogue, catalogue
from reports.document.model import (
    Code,
    Document,
    DocumentError,
    Emphasis,
    Figure,
    Fold,
    Formula,
    Inline,
    Link,
    List,
    Mark,
    Math,
    Note,
    Paragraph,
    Section,
    Step,
    Steps,
    Table,
    Text,
)
from reports.writers.breaking import broken
from reports.writers.unicode_math import unicode_math

SIGNS = {"proved": "✓", "agrees": "≈", "refuted": "✗", "layout": "⇄", "shape": "⊠", "undecided": "?"}
UNDERLINES = "=-~·"
WIDEST_CELL = 48


def text(document: Document, width: int = 88) -> str:
    """The document in lines of at most ``width`` characters, but for formulas, tables and source, which are not cut."""
    writer = _Writer(catalogue(document.language), width)
    title = writer.inlines(document.title)
    facts = [f"{printable(key)}: {printable(value)}" for key, value in document.metadata.items()]
    lines = [*writer.heading(title, 0), *(line for fact in facts for line in writer.wrapped(fact)), ""]
    lines += writer.blocks(document.blocks, 1)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n") + "\n"


def printable(words: str) -> str:
    """Words without characters that would move a terminal's cursor, hide text or reverse its direction."""
    return "".join(" " if c in "\n\t" else c if _shows(c) else "\ufffd" for c in words)


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


class _Writer:
    def __init__(self, words: Catalogue, width: int):
        self.words, self.width = words, width

    # --- inlines ------------------------------------------------------------------------------------------------------

    def inlines(self, content: tuple[Inline, ...]) -> str:
        return "".join(self.inline(node) for node in content)

    def inline(self, node: Inline) -> str:
        match node:
            case Text(words):
                return printable(words)
            case Math(latex):
                return printable(unicode_math(latex).replace("\n", "; "))
            case Code(source=source):
                return f"`{printable(source)}`"
            case Link(target, content):
                words = self.inlines(content)
                return words if target.startswith("#") or target == words else f"{words} <{printable(target)}>"
            case Emphasis(content, strong):
                return f"*{self.inlines(content)}*" if strong else self.inlines(content)
            case Mark():
                badge = f"[{SIGNS[node.status]} {self.words(f'status.{node.status}')}]"
                return f"{badge} {self.inlines(node.evidence)}" if node.evidence else badge
        raise DocumentError(f"the text writer knows no inline {type(node).__name__}")

    # --- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, nodes, depth: int) -> list[str]:
        return [line for node in nodes for line in (*self.block(node, depth), "")]

    def block(self, node, depth: int) -> list[str]:
        match node:
            case Section():
                return [*self.heading(self.inlines(node.title), depth), "", *self.blocks(node.blocks, depth + 1)]
            case Paragraph(content):
                return self.wrapped(self.inlines(content))
            case Formula():
                return _indented(self.formula(node))
            case Steps(steps):
                return [line for step in steps for line in self.step(step, depth)]
            case Table():
                return self.table(node)
            case Code():
                caption = self.wrapped(self.inlines(node.caption)) if node.caption else []
                return [*caption, *_indented([printable(line.expandtabs(4)) for line in node.source.splitlines()])]
            case Figure():
                words = f"[{self.words('figure.figure')}: {printable(node.alt)}]"
                return [*self.wrapped(words), *self.wrapped(self.inlines(node.caption))]
            case List(items, ordered):
                return [
                    line
                    for number, item in enumerate(items, 1)
                    for line in self.wrapped(self.inlines(item), first=f"{number}. " if ordered else "• ")
                ]
            case Note():
                title = self.inlines(node.title) or self.words(f"note.{node.kind}")
                inside = self.blocks(node.content, depth)
                return [f"│ {line}" for line in (*self.wrapped(title), *_without_last_blank(inside))]
            case Fold(summary, inside):
                return [*self.wrapped(f"▸ {self.inlines(summary)}"), "", *_indented(self.blocks(inside, depth))]
        raise DocumentError(f"the text writer knows no block {type(node).__name__}")

    def heading(self, title: str, depth: int) -> list[str]:
        lines = self.wrapped(title)
        rule = UNDERLINES[min(depth, len(UNDERLINES) - 1)] * max((_cells(line) for line in lines), default=1)
        return [*lines, rule]

    def wrapped(self, words: str, first: str = "") -> list[str]:
        later = " " * len(first)
        return textwrap.wrap(
            words,
            self.width,
            initial_indent=first,
            subsequent_indent=later,
            break_long_words=True,
            break_on_hyphens=False,
        )

    def formula(self, node: Formula) -> list[str]:
        tellings = node.tellings()
        lines = []
        for styles, latex in tellings:
            if len(tellings) > 1:
                own = " · ".join(self.words(f"style.{style}") for style in styles if style in node.styles)
                lines.append(f"{own}:")
            shown = [printable(line) for line in unicode_math(broken(latex, self.width * 0.8)).split("\n")]
            lines += _indented(shown) if len(tellings) > 1 else shown
        if node.number:
            lines[-1] += f"   ({printable(node.number)})"
        return lines

    def step(self, step: Step, depth: int) -> list[str]:
        badge = f"  [{SIGNS[step.check.status]} {self.words(f'status.{step.check.status}')}]" if step.check else ""
        head = f"{self.words('step.step')} {step.number}. {self.inlines(step.title)}{badge}"
        facts: list[tuple[str, str]] = []
        if step.rule:
            facts.append(("step.rule", self.inlines(step.rule)))
        if step.shapes:
            facts.append(("step.shapes", self.inlines(step.shapes)))
        if step.conditions:
            facts.append(("step.conditions", "; ".join(self.inlines(condition) for condition in step.conditions)))
        if step.inputs:
            key = "step.inputs_many" if len(step.inputs) > 1 else "step.inputs"
            facts.append((key, ", ".join(map(str, step.inputs))))
        if step.check and step.check.evidence:
            facts.append(("step.check", self.inlines(step.check.evidence)))
        lines = [*self.wrapped(head), *_indented(self.formula(step.statement), 4)]
        for key, value in facts:
            lines += _indented(self.wrapped(value, first=f"{self.words(key)}: "))
        if step.code:
            lines += _indented([printable(line) for line in step.code.source.splitlines()], 4)
        return [*lines, *_indented(self.blocks(step.details, depth + 1)), ""]

    def table(self, node: Table) -> list[str]:
        rows = [[self.inlines(column.title) for column in node.columns]]
        rows += [[self.inlines(cell) for cell in row] for row in node.rows]
        widths = [min(WIDEST_CELL, max(_cells(row[place]) for row in rows)) for place in range(len(node.columns))]
        lines = self.wrapped(self.inlines(node.caption)) if node.caption else []
        for number, row in enumerate(rows):
            cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
            for line in range(max(map(len, cells), default=0)):
                parts = [
                    _padded(cell[line] if line < len(cell) else "", width, column.align)
                    for cell, width, column in zip(cells, widths, node.columns, strict=True)
                ]
                lines.append("  ".join(parts))
            if number == 0:
                lines.append("  ".join("─" * width for width in widths))
        return lines


def _indented(lines: list[str], by: int = 2) -> list[str]:
    return [" " * by + line if line else "" for line in lines]


def _without_last_blank(lines: list[str]) -> list[str]:
    return lines[:-1] if lines and not lines[-1] else lines


def _cells(words: str) -> int:
    """How many columns of a terminal the words take: accents none, wide characters two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def _padded(words: str, width: int, align: str) -> str:
    room = max(0, width - _cells(words))
    left = {"left": 0, "right": room, "center": room // 2}[align]
    return " " * left + words + " " * (room - left)

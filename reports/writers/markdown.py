"""A document as Markdown with mathematics in dollars, as GitHub, Jupyter and pandoc read it.

Drawings are data addresses, collected at the end, so that one file is all and its text stays readable.
"""

from __future__ import annotations

import base64
import re
import unicodedata
import urllib.parse

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
from reports.writers.anchors import Anchors, anchor, step_anchor
from reports.writers.macros import expanded
from reports.writers.svg import drawing
from reports.writers.tex import Reader, tokens

SIGNS = {"proved": "✓", "agrees": "≈", "refuted": "✗", "layout": "⇄", "shape": "⊠", "undecided": "?"}
SPECIAL = re.compile(r"([\\`*_\[\]|<>~$&])")
AT_START = re.compile(r"^(\s*)(?:([-+#=:])|(\d+)([.)]))", re.MULTILINE)
GONE_WITH_ARGUMENT = {
    r"\label",
    r"\cssId",
    r"\htmlId",
    r"\style",
    r"\htmlStyle",
    r"\htmlData",
    r"\class",
    r"\htmlClass",
}
ALIGNMENTS = {"left": ":---", "center": ":---:", "right": "---:"}


def markdown(document: Document) -> str:
    """The text. Raises ``DocumentError`` with the type of a node that it does not know."""
    writer = MarkdownWriter(catalogue(document.language))
    parts = [f"# {writer.inlines(document.title)}"]
    if document.metadata:
        parts.append("  \n".join(f"{escape(key)}: {escape(value)}" for key, value in document.metadata.items()))
    parts.append(writer.blocks(document.blocks, 2))
    if writer.drawings:
        parts.append("\n".join(f"[{name}]: {_address(svg)}" for name, svg in writer.drawings.items()))
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(words: str) -> str:
    r"""Words that mean only themselves in Markdown, wherever in a line they stand.

    >>> print(escape("<b> *a* \\"))
    \<b\> \*a\* \\
    """
    shown = "".join(c if c in "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in words)
    return SPECIAL.sub(r"\\\1", " ".join(shown.split("\n")))


def dollar_math(latex: str) -> str:
    r"""LaTeX that MathJax and KaTeX both take between dollars: on one line, without comments, classes and links.

    >>> dollar_math(r"\class{t1}{x} % note")
    '{x}'
    """
    try:
        return " ".join("".join(_dollar(Reader(expanded(tokens(latex))))).split())
    except Exception:  # what cannot be read is quoted as it was written
        quoted = re.sub(r"([\\{}$%#&_^~])", "?", latex)
        return rf"\text{{{' '.join(quoted.split())}}}"


def _dollar(reader: Reader):
    while reader:
        token = reader.next()
        if token in GONE_WITH_ARGUMENT or token == r"\href":
            reader.argument()
        elif token == "$":
            yield r"\$"
        elif token in ("<", ">"):
            yield r"\lt " if token == "<" else r"\gt "
        else:
            glued = token[0] == "\\" and token[1:].isalpha() and reader.peek()[:1].isalpha()
            yield token + " " if glued else token


class MarkdownWriter:
    """Blocks and inlines as Markdown; ``drawings`` gathers the SVG of figures by the name that the text uses."""

    def __init__(self, words: Catalogue, attachments: bool = False):
        self.words, self.attachments = words, attachments
        self.anchors = Anchors()
        self.drawings: dict[str, str] = {}

    # --- inlines ------------------------------------------------------------------------------------------------------

    def inlines(self, content: tuple[Inline, ...]) -> str:
        return "".join(self.inline(node) for node in content)

    def inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return escape(text)
            case Math(latex):
                return f"${dollar_math(latex)}$"
            case Code(source=source):
                return code_span(source)
            case Link(target, content):
                return self.link(target, self.inlines(content))
            case Emphasis(content, strong):
                words = self.inlines(content)
                stars = "**" if strong else "*"
                return f"{stars}{words}{stars}" if words.strip() else words
            case Mark():
                badge = f"**{escape(SIGNS[node.status])} {escape(self.words(f'status.{node.status}'))}**"
                return f"{badge} {self.inlines(node.evidence)}" if node.evidence else badge
        raise DocumentError(f"the Markdown writer knows no inline {type(node).__name__}")

    def link(self, target: str, words: str) -> str:
        if target.startswith("#"):
            return f"[{words}](#{anchor(target)})"
        if target.lower().startswith(("http://", "https://", "mailto:")):
            return f"[{words}](<{urllib.parse.quote(target, safe='/:?=&#@!,;+~.-_%')}>)"
        return words

    # --- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, nodes, level: int) -> str:
        return "\n\n".join(part for node in nodes if (part := self.block(node, level)))

    def block(self, node, level: int) -> str:
        match node:
            case Section():
                heading = self.heading(node, level)
                return "\n\n".join(part for part in (heading, self.blocks(node.blocks, level + 1)) if part)
            case Paragraph(content):
                return self.paragraph(content)
            case Formula():
                return self.formula(node)
            case Steps(steps):
                group = self.anchors.steps(node)
                return "\n\n".join(self.step(step, group, level) for step in steps)
            case Table():
                return self.table(node)
            case Code():
                caption = f"{self.inlines(node.caption)}\n\n" if node.caption else ""
                return caption + fenced(node.source, node.language)
            case Figure():
                return self.figure(node)
            case List(items, ordered):
                return "\n".join(
                    f"{f'{number}.' if ordered else '-'} {first_words(self.inlines(item))}"
                    for number, item in enumerate(items, 1)
                )
            case Note():
                title = self.inlines(node.title) or escape(self.words(f"note.{node.kind}"))
                return _quoted(f"**{title}**\n\n{self.blocks(node.content, level)}")
            case Fold(summary, inside):
                return f"**{self.inlines(summary)}**\n\n{self.blocks(inside, level)}"
        raise DocumentError(f"the Markdown writer knows no block {type(node).__name__}")

    def heading(self, node: Section, level: int) -> str:
        name = self.anchors.section(node)
        return f'<a id="{name}"></a>\n\n{"#" * min(level, 6)} {self.inlines(node.title)}'

    def paragraph(self, content: tuple[Inline, ...]) -> str:
        return first_words(self.inlines(content))

    def formula(self, node: Formula) -> str:
        name = self.anchors.given(node.id)
        parts = [f'<a id="{name}"></a>'] if name else []
        tellings = node.tellings()
        for place, (styles, latex) in enumerate(tellings):
            if len(tellings) > 1:
                own = " · ".join(self.words(f"style.{style}") for style in styles if style in node.styles)
                parts.append(f"*{escape(own)}*")
            number = rf" \qquad \text{{({node.number})}}" if node.number and place == 0 else ""
            parts.append(f"$$\n{dollar_math(latex)}{number}\n$$")
        return "\n\n".join(parts)

    def step(self, step: Step, group: str, level: int) -> str:
        badge = f" — {self.inline(Mark(step.check.status))}" if step.check else ""
        label = escape(f"{self.words('step.step')} {step.number}")
        heading = f"{'#' * min(level, 6)} {label}: {self.inlines(step.title)}{badge}"
        parts = [f'<a id="{step_anchor(group, step)}"></a>', heading, self.formula(step.statement)]
        facts = self.facts(step, group)
        if facts:
            parts.append("\n".join(f"- {escape(self.words(key))}: {value}" for key, value in facts))
        if step.code:
            parts.append(fenced(step.code.source, step.code.language))
        if step.details:
            parts.append(self.blocks(step.details, level + 1))
        return "\n\n".join(parts)

    def facts(self, step: Step, group: str) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        if step.rule:
            rows.append(("step.rule", self.inlines(step.rule)))
        if step.shapes:
            rows.append(("step.shapes", self.inlines(step.shapes)))
        if step.conditions:
            rows.append(("step.conditions", "; ".join(self.inlines(condition) for condition in step.conditions)))
        if step.inputs:
            links = [f"[{number}](#{step_anchor(group, number)})" for number in step.inputs]
            rows.append(("step.inputs_many" if len(links) > 1 else "step.inputs", ", ".join(links)))
        if step.check and step.check.evidence:
            rows.append(("step.check", self.inlines(step.check.evidence)))
        return rows

    def table(self, node: Table) -> str:
        lines = [f"{self.inlines(node.caption)}\n"] if node.caption else []
        lines.append(_row(self.inlines(column.title) for column in node.columns))
        lines.append(_row(ALIGNMENTS[column.align] for column in node.columns))
        lines += [_row(self.inlines(cell).replace("$|$", r"$\vert$") for cell in row) for row in node.rows]
        return "\n".join(lines)

    def figure(self, node: Figure) -> str:
        name = f"figure-{len(self.drawings) + 1}"
        self.drawings[name] = drawing(node.svg, name, node.alt, alone=True)
        place = f"(attachment:{name}.svg)" if self.attachments else f"[{name}]"
        anchored = self.anchors.given(node.id)
        image = (f'<a id="{anchored}"></a>' if anchored else "") + f"![{escape(node.alt)}]{place}"
        return f"{image}\n\n*{self.inlines(node.caption)}*" if node.caption else image


def first_words(line: str) -> str:
    r"""A line that begins no list, heading or rule.

    >>> print(first_words("1. a"), first_words("- b"))
    1\. a \- b
    """
    return AT_START.sub(lambda m: rf"{m[1]}\{m[2]}" if m[2] else rf"{m[1]}{m[3]}\{m[4]}", line)


def code_span(source: str) -> str:
    """Source within a line, in as many backticks as it takes."""
    source = " ".join(source.split("\n"))
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", source)), default=0))
    space = " " if source.startswith("`") or source.endswith("`") else ""
    return f"{ticks}{space}{source}{space}{ticks}" if source.strip() else escape(source)


def fenced(source: str, language: str = "") -> str:
    """Source in a fence that is longer than any within it."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", source)), default=0))
    name = re.sub(r"[^A-Za-z0-9+#-]", "", language)
    return f"{ticks}{name}\n{source.rstrip()}\n{ticks}"


def _row(cells) -> str:
    return "| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()

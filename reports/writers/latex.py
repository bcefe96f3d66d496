r"""A document as a LaTeX article that a basic TeX installation compiles, with or without shell escape, without overfull boxes.

Long formulas are broken (``breaking``), and what is still too wide is measured by TeX and set smaller. Every telling of
a formula is printed, and what a page folds is unfolded here.
"""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from latex2mathml.symbols_parser import convert_symbol

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
    plain,
    walk,
)
from reports.writers.anchors import Anchors, anchor, step_anchor
from reports.writers.breaking import broken, measure
from reports.writers.latex_tables import LONG, places
from reports.writers.latex_text import escape, formula, outline
from reports.writers.svg import drawing
from reports.writers.svg_tikz import tikz
from reports.writers.tex import tokens

PREAMBLE = Path(__file__).parent / "page" / "preamble.tex"
HEADINGS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")
SIGNS = {
    "proved": (r"\checkmark", "good"),
    "agrees": (r"\approx", "good"),
    "refuted": (r"\times", "bad"),
    "layout": (r"\rightleftharpoons", "warning"),
    "shape": (r"\boxtimes", "bad"),
    "undecided": (r"{?}", "warning"),
}
WIDTH = 62  # of a formula, in letters, before it is broken
NARROW = 50  # of a formula beside the name of a fact


def latex(document: Document) -> str:
    """The article's source. Raises ``DocumentError`` with the type of a node that it does not know."""
    words = catalogue(document.language)
    writer = _Writer(words)
    title = writer.inlines(document.title)
    body = writer.blocks(document.blocks, depth=0)
    facts = [rf"\soft{{{escape(key)}}}~{escape(value)}" for key, value in document.metadata.items()]
    gap = r" \quad "
    sections = sum(isinstance(node, Section) for node in walk(document))
    parts = [
        PREAMBLE.read_text(encoding="utf-8").rstrip(),
        *writer.needed(document),
        rf"\hypersetup{{pdftitle={{{outline(plain(document.title))}}},pdfcreator={{chainrule}}}}",
        rf"\renewcommand{{\contentsname}}{{{escape(words('page.contents'))}}}",
        r"\begin{document}",
        rf"{{\raggedright\LARGE\bfseries {title}\par}}",
        rf"{{\small\raggedright {gap.join(facts)}\par}}" if facts else "",
        r"\tableofcontents" if sections > 2 else "",
        body,
        r"\end{document}",
    ]
    return "\n".join(part for part in parts if part) + "\n"


class _Writer:
    def __init__(self, words: Catalogue):
        self.words = words
        self.anchors = Anchors()
        self.symbols: set[str] = set()
        self.figures = 0
        self.room: float = WIDTH  # letters on a line of the text that is being written

    def needed(self, document: Document) -> list[str]:
        """What the preamble must add for this document: TikZ, and symbols that a basic installation may lack."""
        figures = any(isinstance(node, Figure) for node in walk(document))
        load = r"\IfFileExists{tikz.sty}{\usepackage{tikz}\usetikzlibrary{shapes.misc}}{}"
        lines = [load] if figures else []
        for symbol in sorted(self.symbols):
            code = convert_symbol(symbol) or ""
            character = chr(int(code, 16)) if code and set(code) <= set("0123456789ABCDEFabcdef") else "?"
            lines.append(rf"\providecommand{{{symbol}}}{{\text{{{escape(character)}}}}}")
        return lines

    # --- inlines ------------------------------------------------------------------------------------------------------

    def inlines(self, content: tuple[Inline, ...]) -> str:
        return "".join(self.inline(node) for node in content)

    def inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return escape(text)
            case Math(source):
                return self.math(source)
            case Code(source=source):
                return rf"{{\ttfamily {escape(source)}}}"
            case Link():
                return self.link(node)
            case Emphasis(content, strong):
                return rf"\{'textbf' if strong else 'emph'}{{{self.inlines(content)}}}"
            case Mark():
                badge = self.mark(node)
                return f"{badge} {self.inlines(node.evidence)}" if node.evidence else badge
        raise DocumentError(f"the LaTeX writer knows no inline {type(node).__name__}")

    def math(self, source: str) -> str:
        wide = measure(tokens(source)) > self.room / 2 or r"\begin" in source
        made = formula(broken(source, self.room) if wide else source, self.symbols)
        made = re.sub(
            r"^\\begin\{aligned\}", r"\\begin{aligned}[t]", made
        )  # its first line stands on the line of the text
        return rf"\inlined{{{made}}}" if wide else f"${made}$"

    def link(self, node: Link) -> str:
        content = self.inlines(node.content)
        if node.target.startswith("#"):
            return rf"\hyperlink{{{anchor(node.target)}}}{{{content}}}"
        if node.target.lower().startswith(("http://", "https://", "mailto:")):
            address = urllib.parse.quote(node.target, safe="/:?=&#@!,;+~.-_%")
            for character in "%#&_~":
                address = address.replace(character, "\\" + character)
            return rf"\href{{{address.replace(chr(92) + '~', '~')}}}{{\underline{{\smash{{{content}}}}}}}"
        return content

    def mark(self, node: Mark) -> str:
        sign, color = SIGNS[node.status]
        return rf"\badge{{{color}}}{{{sign}}}{{{escape(self.words(f'status.{node.status}'))}}}"

    def title(self, content: tuple[Inline, ...]) -> str:
        """A title that may go to the table of contents and to the PDF's outline."""
        return rf"\texorpdfstring{{{self.inlines(content)}}}{{{outline(plain(content))}}}"

    # --- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, nodes, depth: int) -> str:
        return "\n\n".join(self.block(node, depth) for node in nodes)

    def block(self, node, depth: int) -> str:
        match node:
            case Section():
                return self.section(node, depth)
            case Paragraph(content):
                return self.inlines(content)
            case Formula():
                return self.formula(node)
            case Steps(steps):
                group = self.anchors.steps(node)
                return "\n\n".join(self.step(step, group, depth) for step in steps)
            case Table():
                return self.table(node)
            case Code():
                return self.listing(node)
            case Figure():
                return self.figure(node)
            case List(items, ordered):
                name = "enumerate" if ordered else "itemize"
                inside = "\n".join(rf"\item {{}}{self.inlines(item)}" for item in items)
                return f"\\begin{{{name}}}\n{inside}\n\\end{{{name}}}" if items else ""
            case Note():
                title = self.inlines(node.title) if node.title else escape(self.words(f"note.{node.kind}"))
                return f"\\begin{{remark}}{{{title}}}\n{self.blocks(node.content, depth)}\n\\end{{remark}}"
            case Fold(summary, inside):
                return rf"\heading{{{self.inlines(summary)}}}" + "\n\n" + self.blocks(inside, depth)
        raise DocumentError(f"the LaTeX writer knows no block {type(node).__name__}")

    def section(self, node: Section, depth: int) -> str:
        name = self.anchors.section(node)
        command = HEADINGS[min(depth, len(HEADINGS) - 1)]
        heading = rf"\{command}{{{self.title(node.title)}}}\hypertarget{{{name}}}{{}}"
        return heading + "\n\n" + self.blocks(node.blocks, depth + 1)

    def formula(self, node: Formula) -> str:
        name = self.anchors.given(node.id)
        lines = [rf"\hypertarget{{{name}}}{{}}"] if name else []
        tellings = node.tellings()
        for place, (styles, source) in enumerate(tellings):
            if len(tellings) > 1:
                own = " · ".join(self.words(f"style.{style}") for style in styles if style in node.styles)
                lines.append(rf"\telling{{{escape(own)}}}")
            lines.append(self.displayed(source, node.number if place == 0 else ""))
        return "\n".join(lines)

    def displayed(self, source: str, number: str = "") -> str:
        made = formula(broken(source, WIDTH), self.symbols)
        if number:
            return rf"\displayednumber{{{made}}}{{{escape(number)}}}"
        return rf"\displayed{{{made}}}"

    def step(self, step: Step, group: str, depth: int) -> str:
        name = step_anchor(group, step)
        label = f"{self.words('step.step')} {step.number}"
        badge = self.mark(Mark(step.check.status)) if step.check else ""
        lines = [
            rf"\step{{\hypertarget{{{name}}}{{}}{escape(label)}}}{{{self.inlines(step.title)}}}{{{badge}}}",
            self.formula(step.statement),
            *self.facts(step, group),
        ]
        if step.code:
            lines.append(self.listing(step.code))
        if step.details:
            lines.append(self.blocks(step.details, depth + 1))
        return "\n".join(lines)

    def facts(self, step: Step, group: str) -> list[str]:
        rows: list[tuple[str, str]] = []
        if step.rule:
            rows.append(("step.rule", self.inlines(step.rule)))
        if step.shapes:
            rows.append(("step.shapes", self.within(NARROW, step.shapes)))
        if step.conditions:
            rows.append(("step.conditions", "; ".join(self.inlines(condition) for condition in step.conditions)))
        if step.inputs:
            links = [rf"\hyperlink{{{step_anchor(group, number)}}}{{{number}}}" for number in step.inputs]
            rows.append(("step.inputs_many" if len(links) > 1 else "step.inputs", ", ".join(links)))
        if step.check and step.check.evidence:
            rows.append(("step.check", self.inlines(step.check.evidence)))
        return [rf"\fact{{{escape(self.words(key))}}}{{{value}}}" for key, value in rows]

    def table(self, node: Table) -> str:
        columns = places(node)
        widths = [place.width for place in columns]
        head = " & ".join(
            rf"\textbf{{{self.within(width, column.title)}}}"
            for width, column in zip(widths, node.columns, strict=True)
        )
        rows = [
            " & ".join(self.within(width, cell) or "{}" for width, cell in zip(widths, row, strict=True))
            for row in node.rows
        ]
        long = len(rows) > LONG
        ends = r"\\[4pt]" if any(r"\frac" in row for row in rows) else r"\\"  # fractions of two rows do not touch
        body = "\n".join(rf"{{}}{row} {ends}" for row in rows)
        middle = r"\midrule\endhead" if long else r"\midrule"
        specification = "".join(place.specification for place in columns)
        inside = f"{{{specification}}}\n\\toprule\n{{}}{head} {ends}\n{middle}\n{body}\n\\bottomrule\n"
        caption = (
            rf"{{\small\color{{soft}}\raggedright {self.inlines(node.caption)}\par}}\nopagebreak" + "\n"
            if node.caption
            else ""
        )
        if long:
            return f"{caption}{{\\small\\begin{{longtable}}{inside}\\end{{longtable}}}}"
        table = f"\\begin{{tabular}}{inside}\\end{{tabular}}"
        return f"{caption}{{\\small\\fitted{{\\linewidth}}{{{table}}}\\par}}"

    def within(self, width: float | None, content: tuple[Inline, ...]) -> str:
        """Inlines in a column so many letters wide."""
        before, self.room = self.room, width or self.room
        try:
            return self.inlines(content)
        finally:
            self.room = before

    def listing(self, node: Code) -> str:
        lines = [rf"\codeline{{{escape(line.expandtabs(4), keep_spaces=True)}}}" for line in node.source.splitlines()]
        caption = rf"\noindent\soft{{\small {self.inlines(node.caption)}}}\par" + "\n" if node.caption else ""
        inside = "\n".join(lines)
        return f"\\begin{{listing}}\n{caption}{inside}\n\\end{{listing}}"

    def figure(self, node: Figure) -> str:
        self.figures += 1
        name = self.anchors.given(node.id)
        lines = [rf"\hypertarget{{{name}}}{{}}"] if name else []
        drawn = node.tikz or tikz(drawing(node.svg, f"figure-{self.figures}", node.alt, alone=True))
        words = rf"\textbf{{{escape(self.words('figure.figure'))}.}} {escape(node.alt)}"
        if drawn:
            lines.append(f"\\drawn{{{drawn.strip()}}}{{{words}}}")
        else:
            lines.append(rf"\described{{{words}}}")
        if node.caption:
            lines.append(rf"{{\small\color{{soft}}\raggedright {self.inlines(node.caption)}\par}}")
        return "\n".join(lines)

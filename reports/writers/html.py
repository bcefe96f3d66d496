"""A document as one self-contained HTML page: no script, nothing fetched, readable without colour and on paper.

The choice of notation and of step size is pure CSS over radio buttons. The page is XML as well as HTML.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from reports.document.catalogue import Catalogue, catalogue
from reports.document.model import (
    STYLES,
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
from reports.writers import fonts
from reports.writers.anchors import Anchors, anchor, step_anchor
from reports.writers.breaking import broken
from reports.writers.mathml import UNPRINTABLE, mathml
from reports.writers.svg import drawing
from reports.writers.unicode_math import unicode_math

PAGE = Path(__file__).parent / "page"
SIGNS = {"proved": "✓", "agrees": "≈", "refuted": "✗", "layout": "⇄", "shape": "⊠", "undecided": "?"}
CLOSING = re.compile(r"[,.;:!?)\]’”]+")
SAFE_LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
DEEPEST_IN_CONTENTS = 2
WIDTH = 62  # of a formula, in letters, before it is broken


def html(document: Document) -> str:
    """The page. Raises ``DocumentError`` with the type of a node that it does not know."""
    words = catalogue(document.language)
    writer = _Writer(words)
    body = writer.blocks(document.blocks, level=2)
    style = _style()
    styles = _styles_used(document)
    levels = sorted({node.level for node in walk(document) if isinstance(node, Step)})
    page = _skeleton().render(
        language=document.language,
        policy=_policy(style),
        title=plain(document.title),
        style=Markup(style),  # noqa: S704  (our own files)
        heading=writer.inlines(document.title),
        metadata=document.metadata,
        styles=[*styles, "all"] if len(styles) > 1 else (),
        style_chosen="matrix" if "matrix" in styles else next(iter(styles), ""),
        levels=[0, *range(1, max(levels) + 1)] if len(levels) > 1 else (),
        level_chosen=1,
        contents=writer.contents(),
        body=body,
        words=words,
    )
    return UNPRINTABLE.sub("\ufffd", page)


def tag(name: str, *children: Markup | str, **attributes: str | bool | None) -> Markup:
    """One element. Strings among the children and all attributes are escaped; None and "" leave an attribute out.

    >>> print(tag("p", "a < b", class_="note"))
    <p class="note">a &lt; b</p>
    """
    given = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value)
    opening = "".join(f' {key}="{escape(key if value is True else value)}"' for key, value in given)
    content = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{opening}>{content}</{name}>")  # noqa: S704  (every part is escaped above)


class _Writer:
    def __init__(self, words: Catalogue):
        self.words = words
        self.anchors = Anchors()
        self.figures = self.listings = 0
        self.within = ""  # the id of the heading above
        self.headings: list[tuple[int, str, Markup]] = []

    # --- inlines ------------------------------------------------------------------------------------------------------

    def inlines(self, content: tuple[Inline, ...]) -> Markup:
        """The inlines in a row; no line begins with the comma or the full stop after a formula."""
        found, after = Markup(""), 0
        for k, node in enumerate(content):
            text = node.text if isinstance(node, Text) else ""
            written = escape(text[after:]) if text else self.inline(node)
            after = 0
            following = content[k + 1] if k + 1 < len(content) else None
            if isinstance(node, Math) and isinstance(following, Text) and (close := CLOSING.match(following.text)):
                after = close.end()
                written = tag("span", written, close[0], class_="unbroken")
            found += written
        return found

    def inline(self, node: Inline) -> Markup:
        match node:
            case Text(text):
                return escape(text)
            case Math(latex):
                return _math(latex, display=False)
            case Code(source=source, language=language):
                return tag("code", source, class_=_language_class(language))
            case Link(target, content):
                if SAFE_LINK.match(target):
                    outside = not target.startswith("#")
                    return tag("a", self.inlines(content), href=target, rel="noopener noreferrer" if outside else None)
                return self.inlines(content)
            case Emphasis(content, strong):
                return tag("strong" if strong else "em", self.inlines(content))
            case Mark():
                return self.mark(node)
        raise DocumentError(f"the HTML writer knows no inline {type(node).__name__}")

    def mark(self, node: Mark) -> Markup:
        sign = tag("span", SIGNS[node.status], class_="mark-sign", aria_hidden="true")
        badge = tag("span", sign, self.words(f"status.{node.status}"), class_=f"mark mark-{node.status}")
        return badge + Markup(" ") + self.inlines(node.evidence) if node.evidence else badge

    # --- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, nodes, level: int) -> Markup:
        return Markup("\n").join(self.block(node, level) for node in nodes)

    def block(self, node, level: int) -> Markup:
        match node:
            case Section():
                return self.section(node, level)
            case Paragraph(content):
                return tag("p", self.inlines(content))
            case Formula():
                return self.formula(node)
            case Steps(steps):
                group = self.anchors.steps(node)
                return Markup("\n").join(self.step(step, group, level) for step in steps)
            case Table():
                return self.table(node)
            case Code():
                return self.listing(node)
            case Figure():
                return self.figure(node)
            case List(items, ordered):
                return tag("ol" if ordered else "ul", *(tag("li", self.inlines(item)) for item in items))
            case Note():
                return self.note(node, level)
            case Fold(summary, inside, is_open):
                return self.fold(self.inlines(summary), self.blocks(inside, level), is_open)
        raise DocumentError(f"the HTML writer knows no block {type(node).__name__}")

    def section(self, node: Section, level: int) -> Markup:
        name, title = self.anchors.section(node), self.inlines(node.title)
        self.headings.append((level - 1, name, title))
        heading = tag(f"h{min(level, 6)}", title, id=f"{name}-title")
        self.within = f"{name}-title"
        return tag(
            "section", heading, "\n", self.blocks(node.blocks, level + 1), id=name, aria_labelledby=f"{name}-title"
        )

    def formula(self, node: Formula) -> Markup:
        tellings = node.tellings()
        parts = [self.telling(node, styles, latex, alone=len(tellings) == 1) for styles, latex in tellings]
        number = tag("span", f"({node.number})", class_="number") if node.number else ""
        kinds = "formula numbered" if node.number else "formula"
        return tag("div", *parts, number, class_=kinds, id=self.anchors.given(node.id))

    def telling(self, node: Formula, styles: tuple[str, ...], latex: str, alone: bool) -> Markup:
        formula = _math(broken(latex, WIDTH), display=True, source=latex)
        if alone:
            return formula
        own = [style for style in styles if style in node.styles]
        stands_in = [style for style in styles if style not in node.styles]
        kinds = ["telling", *(f"for-{style}" for style in styles), *(f"stands-in-{style}" for style in stands_in)]
        label = " · ".join(self.words(f"style.{style}") for style in own)
        return tag("div", tag("div", label, class_="telling-name"), formula, class_=" ".join(kinds))

    def step(self, step: Step, group: str, level: int) -> Markup:
        name = step_anchor(group, step)
        number = tag("span", f"{self.words('step.step')} {step.number}", class_="step-number")
        title = tag(f"h{min(level, 6)}", number, self.inlines(step.title), class_="step-title", id=f"{name}-title")
        badge = self.mark(Mark(step.check.status)) if step.check else ""
        body = tag(
            "div",
            self.formula(step.statement),
            self.facts(step, group),
            self.sources(step),
            self.blocks(step.details, level + 1),
            class_="step-body",
        )
        unfolding = tag("details", tag("summary", title, badge), "\n", body, open=step.open)
        return tag("section", unfolding, class_=f"step level-{step.level}", id=name, aria_labelledby=f"{name}-title")

    def facts(self, step: Step, group: str) -> Markup:
        rows: list[tuple[str, Markup]] = []
        if step.rule:
            rows.append(("step.rule", self.inlines(step.rule)))
        if step.shapes:
            rows.append(("step.shapes", self.inlines(step.shapes)))
        if step.conditions:
            conditions = [self.inlines(condition) for condition in step.conditions]
            listed = tag("ul", *(tag("li", condition) for condition in conditions))
            rows.append(("step.conditions", listed if len(conditions) > 1 else conditions[0]))
        if step.inputs:
            links = [tag("a", str(number), href=f"#{step_anchor(group, number)}") for number in step.inputs]
            key = "step.inputs_many" if len(links) > 1 else "step.inputs"
            rows.append((key, Markup(", ").join(links)))
        if step.check and step.check.evidence:
            rows.append(("step.check", self.inlines(step.check.evidence)))
        pairs = [tag("div", tag("dt", self.words(key)), tag("dd", value)) for key, value in rows]
        return tag("dl", *pairs, class_="facts") if pairs else Markup("")

    def sources(self, step: Step) -> Markup:
        """LaTeX and code, each selected whole by one click."""
        blocks = []
        for styles, latex in step.statement.tellings():
            name = "LaTeX" if len(styles) == len(STYLES) else f"LaTeX · {self.words(f'style.{styles[0]}')}"
            blocks.append((name, latex, "latex"))
        if step.code:
            blocks.append((self.words("step.code"), step.code.source, step.code.language))
        parts = [
            tag(
                "div",
                tag("div", name, class_="source-name"),
                tag("pre", tag("code", source, class_=_language_class(language)), tabindex="0"),
                class_=f"source listing source-{'latex' if language == 'latex' else 'code'}",
            )
            for name, source, language in blocks
        ]
        summary = tag("summary", self.words("step.sources" if step.code else "step.latex_only"))
        return tag("details", summary, *parts, class_="fold sources")

    def table(self, node: Table) -> Markup:
        heads = [tag("th", self.inlines(c.title), scope="col", class_=f"at-{c.align}") for c in node.columns]
        rows = []
        for row in node.rows:
            cells = []
            for place, (column, cell) in enumerate(zip(node.columns, row, strict=True)):
                header = node.row_headers and place == 0
                scope = "row" if header else None
                cells.append(
                    tag("th" if header else "td", self.inlines(cell), scope=scope, class_=f"at-{column.align}")
                )
            rows.append(tag("tr", *cells))
        caption = tag("caption", self.inlines(node.caption)) if node.caption else ""
        named = self.within if not node.caption else None
        table = tag("table", caption, tag("thead", tag("tr", *heads)), tag("tbody", *rows), aria_labelledby=named)
        return tag("div", table, class_="table")

    def listing(self, node: Code) -> Markup:
        source = tag("pre", tag("code", node.source, class_=_language_class(node.language)), tabindex="0")
        self.listings += 1
        return self.captioned(node.caption, f"{self.words('listing.listing')} {self.listings}", "listing", source)

    def figure(self, node: Figure) -> Markup:
        self.figures += 1
        svg = Markup(drawing(node.svg, f"figure-{self.figures}", node.alt))  # noqa: S704  (cleaned by drawing)
        name = f"{self.words('figure.figure')} {self.figures}"
        return self.captioned(node.caption, name, "", tag("div", svg, class_="drawing"), node.id)

    def captioned(self, caption: tuple[Inline, ...], name: str, kind: str, content: Markup, given: str = "") -> Markup:
        """A figure that is called by its caption, or by ``name`` where it has none; the caption of a listing comes first."""
        identifier = self.anchors.unique(f"{anchor(name)}-caption") if caption else ""
        parts = [content, *([tag("figcaption", self.inlines(caption), id=identifier)] if caption else [])]
        return tag(
            "figure",
            *(reversed(parts) if kind == "listing" else parts),
            class_=kind,
            id=self.anchors.given(given),
            aria_labelledby=identifier,
            aria_label="" if caption else name,
        )

    def note(self, node: Note, level: int) -> Markup:
        title = self.inlines(node.title) if node.title else escape(self.words(f"note.{node.kind}"))
        heading = tag("p", title, class_="note-title")
        return tag("div", heading, self.blocks(node.content, level), class_=f"note note-{node.kind}", role="note")

    def fold(self, summary: Markup, inside: Markup, is_open: bool = False) -> Markup:
        return tag("details", tag("summary", summary), inside, class_="fold", open=is_open)

    # --- the table of contents ----------------------------------------------------------------------------------------

    def contents(self) -> Markup:
        shown = [heading for heading in self.headings if heading[0] <= DEEPEST_IN_CONTENTS]
        if len(shown) < 2:
            return Markup("")
        parts, depth = [], 0
        for level, name, title in shown:
            if level > depth:
                parts.append("<ol>" * (level - depth))
            else:
                parts.append("</li>" + "</ol></li>" * (depth - level))
            parts.append("<li>" * 1 + str(tag("a", title, href=f"#{name}")))
            depth = level
        parts.append("</li></ol>" * depth)
        return Markup("".join(parts))  # noqa: S704  (built of escaped parts)


def _styles_used(document: Document) -> list[str]:
    used = {style for node in walk(document) if isinstance(node, Formula) for style in node.styles}
    return [style for style in STYLES if style in used]


def _math(latex: str, display: bool, source: str = "") -> Markup:
    name = unicode_math(source or latex).replace("\n", "; ")
    return Markup(mathml(latex, display, name))  # noqa: S704  (serialised from elements)


def _language_class(language: str) -> str | None:
    return f"language-{language}" if language else None


@functools.cache
def _style() -> str:
    face = f'@font-face{{font-family:"STIX Two Math Subset";src:url({fonts.embedded()}) format("woff2")}}\n'
    sheets = "".join((PAGE / name).read_text(encoding="utf-8") for name in ("page.css", "mathematics.css"))
    return face + re.sub(r"/\*.*?\*/\n?", "", sheets, flags=re.DOTALL)


@functools.cache
def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src-elem 'sha256-{digest}'; style-src-attr 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _skeleton() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(PAGE)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("skeleton.html")

"""A document as PDF without TeX and without a browser: typst sets the page, ziamath draws the formulas.

Both come from pip (the extra ``pdf``) and are imported when used. Words reach typst only as string literals.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

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
)
from reports.writers.anchors import Anchors, anchor, step_anchor
from reports.writers.breaking import broken
from reports.writers.mathml import NAMESPACE, convert
from reports.writers.svg import drawing

PREAMBLE = Path(__file__).parent / "page" / "preamble.typ"
WIDTH = 62  # of a formula, in letters, before it is broken
SIZES = {False: 10.8, True: 12.0}  # of formulas in lines and of displayed ones, in points
SIDES = {"to-left": "left", "to-right": "right", "to-centre": "center"}
GOOD, BAD, WARNING = 'rgb("#14501f")', 'rgb("#8f1b16")', 'rgb("#6b4106")'
SIGNS = {
    "proved": ("✓", GOOD),
    "agrees": ("≈", GOOD),
    "refuted": ("✗", BAD),
    "layout": ("⇄", WARNING),
    "shape": ("⊠", BAD),
    "undecided": ("?", WARNING),
}
TERMS = dict(
    zip(
        ("t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"),
        ("#a8231c", "#0b57a4", "#1d6b2f", "#74389a", "#85500a", "#00686f", "#a5246b", "#4a4a9e"),
        strict=True,
    )
)


def compiled(document: Document) -> bytes:
    """The PDF. Raises what typst and ziamath raise, and ``ImportError`` where they are not installed."""
    import typst

    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        source = Path(folder) / "report.typ"
        source.write_text(typst_source(document, Path(folder)), encoding="utf-8")
        return typst.compile(str(source), root=folder, format="pdf")


def typst_source(document: Document, folder: Path) -> str:
    """The typst source; formulas and drawings are written into ``folder`` as SVG."""
    writer = _Writer(catalogue(document.language), folder)
    facts = "#h(1.4em)".join(f"#soft[{literal(key)}] {literal(value)}" for key, value in document.metadata.items())
    return "\n\n".join(
        (
            PREAMBLE.read_text(encoding="utf-8"),
            f"#set document(title: {quoted(plain(document.title))})",
            f"#text(size: 19pt, weight: 600)[{writer.inlines(document.title)}]",
            f"#text(size: 9pt)[{facts}]",
            writer.blocks(document.blocks, 1),
        )
    )


def quoted(words: str) -> str:
    """Words as a string of typst's."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c if c >= " " else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'


def literal(words: str) -> str:
    """Words within typst's markup, where nothing in them means anything."""
    return f"#{quoted(words)};"


class _Writer:
    def __init__(self, words: Catalogue, folder: Path):
        self.words, self.folder = words, folder
        self.anchors = Anchors()
        self.drawn: dict[tuple[str, bool], tuple[str, float, float]] = {}
        self.figures = 0

    # --- inlines ------------------------------------------------------------------------------------------------------

    def inlines(self, content: tuple[Inline, ...]) -> str:
        return "".join(self.inline(node) for node in content)

    def inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return literal(text)
            case Math(latex):
                name, width, depth = self.formula_image(latex, display=False)
                return f'#box(baseline: {depth:.2f}pt, image("{name}", width: {width:.2f}pt, alt: {quoted(latex)}));'
            case Code(source=source):
                return f"#raw({quoted(source)});"
            case Link(target, content):
                return self.link(target, self.inlines(content))
            case Emphasis(content, strong):
                return f"#{'strong' if strong else 'emph'}[{self.inlines(content)}];"
            case Mark():
                badge = self.mark(node)
                return f"{badge} {self.inlines(node.evidence)}" if node.evidence else badge
        raise DocumentError(f"the typst writer knows no inline {type(node).__name__}")

    def link(self, target: str, content: str) -> str:
        if target.startswith("#"):
            return f"#goto({quoted(anchor(target))})[{content}];"
        if target.lower().startswith(("http://", "https://", "mailto:")):
            return f"#link({quoted(target)})[#underline[{content}]];"
        return content

    def mark(self, node: Mark) -> str:
        sign, color = SIGNS[node.status]
        return f"#badge({color}, {quoted(sign)}, {quoted(self.words(f'status.{node.status}'))});"

    def formula_image(self, latex: str, display: bool) -> tuple[str, float, float]:
        """File, width and depth (both in points) of a formula; drawn once however often it stands there."""
        key = (latex, display)
        if key not in self.drawn:
            from ziamath.zmath import Math as Drawn

            math = ElementTree.Element("math", {"xmlns": NAMESPACE, "display": "block" if display else "inline"})
            math.append(_body(latex, display))
            svg = Drawn(ElementTree.tostring(math, encoding="unicode"), size=SIZES[display]).svg()
            _, top, width, height = map(float, ElementTree.fromstring(svg).get("viewBox", "").split())  # noqa: S314
            name = f"formula-{len(self.drawn) + 1}.svg"
            (self.folder / name).write_text(svg, encoding="utf-8")
            self.drawn[key] = (name, width, max(0.0, top + height))
        return self.drawn[key]

    # --- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, nodes, level: int) -> str:
        return "\n\n".join(self.block(node, level) for node in nodes)

    def block(self, node, level: int) -> str:
        match node:
            case Section():
                name = self.anchors.section(node)
                heading = f"#heading(level: {min(level, 6)})[{self.inlines(node.title)}] #label({quoted(name)})"
                return heading + "\n\n" + self.blocks(node.blocks, level + 1)
            case Paragraph(content):
                return f"#par[{self.inlines(content)}]"
            case Formula():
                return self.formula(node)
            case Steps(steps):
                group = self.anchors.steps(node)
                return "\n\n".join(self.step(step, group, level) for step in steps)
            case Table():
                return self.table(node)
            case Code():
                caption = f"#soft[{self.inlines(node.caption)}]\n\n" if node.caption else ""
                return f"{caption}#raw({quoted(node.source.rstrip())}, block: true, lang: {quoted(node.language)})"
            case Figure():
                return self.figure(node)
            case List(items, ordered):
                inside = "".join(f"[{self.inlines(item)}]" for item in items)
                return f"#{'enum' if ordered else 'list'}{inside}" if items else ""
            case Note():
                title = self.inlines(node.title) or literal(self.words(f"note.{node.kind}"))
                return f"#note([{title}], [{self.blocks(node.content, level)}])"
            case Fold(summary, inside):
                return f"#strong[{self.inlines(summary)}]\n\n{self.blocks(inside, level)}"
        raise DocumentError(f"the typst writer knows no block {type(node).__name__}")

    def formula(self, node: Formula) -> str:
        name = self.anchors.given(node.id)
        parts = [f"#anchored({quoted(name)})"] if name else []
        tellings = node.tellings()
        for place, (styles, latex) in enumerate(tellings):
            if len(tellings) > 1:
                own = " · ".join(self.words(f"style.{style}") for style in styles if style in node.styles)
                parts.append(f"#text(size: 8.5pt, soft({quoted(own)}))")
            image, width, _ = self.formula_image(broken(latex, WIDTH), display=True)
            number = f"[({literal(node.number)})]" if node.number and place == 0 else "none"
            parts.append(f'#formula("{image}", {width:.2f}pt, {number})')
        return "\n".join(parts)

    def step(self, step: Step, group: str, level: int) -> str:
        name = step_anchor(group, step)
        label = f"#soft[{literal(self.words('step.step'))} {literal(str(step.number))}]"
        head = f"#anchored({quoted(name)}){label} #h(0.4em) #strong[{self.inlines(step.title)}]"
        badge = self.mark(Mark(step.check.status)) if step.check else ""
        parts = [self.formula(step.statement), *self.facts(step, group)]
        if step.code:
            parts.append(f"#raw({quoted(step.code.source.rstrip())}, block: true, lang: {quoted(step.code.language)})")
        parts.append(self.blocks(step.details, level + 1))
        inside = "\n\n".join(parts)
        return f"#step([{head}], [{badge}], [\n{inside}\n])"

    def facts(self, step: Step, group: str) -> list[str]:
        rows: list[tuple[str, str]] = []
        if step.rule:
            rows.append(("step.rule", self.inlines(step.rule)))
        if step.shapes:
            rows.append(("step.shapes", self.inlines(step.shapes)))
        if step.conditions:
            rows.append(
                ("step.conditions", literal("; ").join(self.inlines(condition) for condition in step.conditions))
            )
        if step.inputs:
            links = [f"#goto({quoted(step_anchor(group, number))})[{number}];" for number in step.inputs]
            rows.append(("step.inputs_many" if len(links) > 1 else "step.inputs", ", ".join(links)))
        if step.check and step.check.evidence:
            rows.append(("step.check", self.inlines(step.check.evidence)))
        return [f"#fact({quoted(self.words(key))}, [{value}])" for key, value in rows]

    def table(self, node: Table) -> str:
        aligns = ", ".join(column.align for column in node.columns)
        head = ", ".join(f"[#strong[{self.inlines(column.title)}]]" for column in node.columns)
        cells = ",\n".join(f"[{self.inlines(cell)}]" for row in node.rows for cell in row)
        caption = f"#soft[{self.inlines(node.caption)}]\n\n" if node.caption else ""
        return (
            f"{caption}#table(columns: {len(node.columns)}, align: ({aligns},), table.hline(),\n"
            f"table.header({head}), table.hline(stroke: 0.5pt),\n{cells}, table.hline())"
        )

    def figure(self, node: Figure) -> str:
        self.figures += 1
        name = f"figure-{self.figures}.svg"
        svg = drawing(node.svg, f"figure-{self.figures}", node.alt, alone=True)
        (self.folder / name).write_text(svg, encoding="utf-8")
        anchored = self.anchors.given(node.id)
        label = f"#anchored({quoted(anchored)})\n" if anchored else ""
        picture = f'#align(center, image("{name}", {_fit(svg)}alt: {quoted(node.alt)}))'
        caption = f"\n\n#text(size: 9pt)[#soft[{self.inlines(node.caption)}]]" if node.caption else ""
        return label + picture + caption


def _body(latex: str, display: bool) -> ElementTree.Element:
    try:
        body = convert(latex, display)
    except Exception:  # shown as it was written
        body = ElementTree.Element("mtext")
        body.text = latex or " "
    for node in body.iter():
        for name in node.get("class", "").split():
            if name in TERMS:
                node.set("mathcolor", TERMS[name])
            if name in SIDES:  # ziamath knows what MathML Core has left to style sheets
                node.set("columnalign", SIDES[name])
    return body


def _fit(svg: str) -> str:
    """What keeps a drawing within the page: nothing where it is narrower already."""
    found = re.match(r'<svg[^>]*?\bwidth="([\d.]+)(pt|px)?"', svg)
    width = float(found[1]) * (1 if found[2] == "pt" else 0.75) if found else 1000.0
    return f"width: {width:.1f}pt, " if width <= 448 else "width: 100%, "

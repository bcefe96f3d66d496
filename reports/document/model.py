"""The document: frozen blocks and inlines. Builders make them, writers read them, and neither knows the other.

Nothing here is markup, with two exceptions: mathematics is LaTeX made by ``symbolic.notation``, and a figure is SVG
(optionally TikZ too) made by ``reports.figures``. Every other string is plain text, whatever characters it holds;
escaping it is each writer's duty.

Where a field takes inlines, a plain string, one inline, or any iterable of both will do; where it takes blocks, one
block or any iterable. Both are stored as tuples, so that a document is hashable in spirit and frozen in fact.

>>> page = Document("A net", [Section("Cost", [Paragraph(["where ", Math("y"), " is given"]), Formula("C = s^2")])])
>>> page.blocks[0].blocks[0].content
(Text(text='where '), Math(latex='y'), Text(text=' is given'))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal, TypeAlias

from symbolic.errors import ChainruleError, suggestion

STYLES = ("index", "matrix", "perturbation")  # the three tellings of one statement
STATUSES = ("proved", "agrees", "refuted", "layout", "shape", "undecided")  # those of symbolic.check's verdicts
LEVELS = (0, 1, 2)  # results, a lecturer's steps, every rewrite
NOTES = ("condition", "warning", "info")
ALIGNMENTS = ("left", "center", "right")


class DocumentError(ChainruleError, TypeError):
    """A value where a block or an inline must stand, or a node that a writer does not know."""


# --- inlines ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Math:
    """A formula within a line, as LaTeX without dollars."""

    latex: str


@dataclass(frozen=True)
class Code:
    """Source text: within a line where inlines stand, a listing of its own where blocks stand.

    ``language`` is a name that highlighters know ("python", "latex"); it changes nothing in the text.
    """

    source: str
    language: str = ""
    caption: Content = ()

    def __post_init__(self):
        _set(self, caption=inlines(self.caption))


@dataclass(frozen=True)
class Link:
    """A link to an address, or within the document to the id of a section, a formula or a step, as ``"#id"``."""

    target: str
    content: Content

    def __post_init__(self):
        _set(self, content=inlines(self.content))


@dataclass(frozen=True)
class Emphasis:
    content: Content
    strong: bool = False

    def __post_init__(self):
        _set(self, content=inlines(self.content))


@dataclass(frozen=True)
class Mark:
    """The mark of a verdict: its status, one of ``STATUSES``, and in words what it rests on."""

    status: str
    evidence: Content = ()

    def __post_init__(self):
        _one_of("Mark", "status", self.status, STATUSES)
        _set(self, evidence=inlines(self.evidence))


Inline: TypeAlias = Text | Math | Code | Link | Emphasis | Mark
Content: TypeAlias = "str | Inline | Iterable[str | Inline]"


# --- blocks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paragraph:
    content: Content

    def __post_init__(self):
        _set(self, content=inlines(self.content))


@dataclass(frozen=True)
class Formula:
    """A displayed formula, in one telling or in several.

    ``latex`` is what is shown where there is but one; ``styles`` maps some of ``STYLES`` to LaTeX and the reader
    chooses. A style that is missing is served by the first one that is there. ``number`` is printed beside it;
    ``id`` is what a link points to.
    """

    latex: str = ""
    number: str = ""
    id: str = ""
    styles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        for style in self.styles:
            _one_of("Formula", "style", style, STYLES)
        styles = {style: self.styles[style] for style in STYLES if style in self.styles}
        _set(self, styles=MappingProxyType(styles), latex=self.latex or next(iter(styles.values()), ""))
        if not self.latex:
            raise DocumentError("Formula: there is no LaTeX in it; give latex or at least one of styles")

    def tellings(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Each distinct LaTeX with the styles that it serves; all of ``STYLES`` are served.

        >>> Formula(styles={"index": "a_i", "perturbation": "da"}).tellings()
        ((('index', 'matrix'), 'a_i'), (('perturbation',), 'da'))
        """
        if not self.styles:
            return ((STYLES, self.latex),)
        first = next(iter(self.styles.values()))
        serves: dict[str, tuple[str, ...]] = {}
        for style in STYLES:
            latex = self.styles.get(style, first)
            serves[latex] = (*serves.get(latex, ()), style)
        return tuple((styles, latex) for latex, styles in serves.items())

    def __hash__(self):
        return hash((self.latex, self.number, self.id, tuple(self.styles.items())))


@dataclass(frozen=True)
class Step:
    """One step of a derivation. All but number, title and statement may be left empty.

    ``rule`` names what justifies it; ``shapes`` is the line [1×d_f] = [1×d_g]·[d_g×d_f]; ``conditions`` hold beside
    it; ``inputs`` are the numbers of the steps of the same ``Steps`` that it uses; ``code`` computes it; ``check`` is
    its evidence; ``level`` says who wants to see it (see ``LEVELS``); ``details`` are blocks that unfold.
    """

    number: int
    title: Content
    statement: Formula
    rule: Content = ()
    shapes: Content = ()
    conditions: Iterable[Content] = ()
    inputs: Iterable[int] = ()
    code: Code | None = None
    check: Mark | None = None
    level: int = 0
    open: bool = True
    details: Blocks = ()

    def __post_init__(self):
        _one_of("Step", "level", self.level, LEVELS)
        _set(
            self,
            title=inlines(self.title),
            rule=inlines(self.rule),
            shapes=inlines(self.shapes),
            conditions=tuple(inlines(condition) for condition in self.conditions),
            inputs=tuple(self.inputs),
            details=blocks(self.details),
        )


@dataclass(frozen=True)
class Steps:
    """The steps of one derivation. ``id`` begins the ids of its steps: step 3 of ``"net"`` is ``"net-3"``."""

    steps: Iterable[Step]
    id: str = ""

    def __post_init__(self):
        steps = tuple(self.steps)
        for step in steps:
            if not isinstance(step, Step):
                raise DocumentError(f"Steps: a Step must stand here, got {type(step).__name__} ({step!r:.60})")
        numbers = [step.number for step in steps]
        if len(set(numbers)) < len(numbers):
            raise DocumentError(f"Steps: the numbers of steps must differ, got {numbers}")
        for step in steps:
            for number in step.inputs:
                if number not in numbers:
                    raise DocumentError(f"Steps: step {step.number} uses step {number}, which is not among {numbers}")
        _set(self, steps=steps)


@dataclass(frozen=True)
class Column:
    title: Content
    align: Literal["left", "center", "right"] = "left"

    def __post_init__(self):
        _one_of("Column", "align", self.align, ALIGNMENTS)
        _set(self, title=inlines(self.title))


@dataclass(frozen=True)
class Table:
    """Rows of cells, each cell inlines. With ``row_headers`` the first cell of a row names that row."""

    columns: Iterable[Column | str]
    rows: Iterable[Iterable[Content]]
    caption: Content = ()
    row_headers: bool = False

    def __post_init__(self):
        columns = tuple(column if isinstance(column, Column) else Column(column) for column in self.columns)
        rows = tuple(tuple(inlines(cell) for cell in row) for row in self.rows)
        for number, row in enumerate(rows, 1):
            if len(row) != len(columns):
                raise DocumentError(
                    f"Table: row {number} has {len(row)} cells where {len(columns)} columns are declared"
                )
        _set(self, columns=columns, rows=rows, caption=inlines(self.caption))


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG, said in words by ``alt``; ``tikz`` is the same drawing for LaTeX, where there is one."""

    svg: str
    alt: str
    caption: Content = ()
    tikz: str = ""
    id: str = ""

    def __post_init__(self):
        if not self.alt.strip():
            raise DocumentError("Figure: alt must say in words what the drawing shows, got nothing")
        _set(self, caption=inlines(self.caption))


@dataclass(frozen=True)
class List:
    items: Iterable[Content]
    ordered: bool = False

    def __post_init__(self):
        _set(self, items=tuple(inlines(item) for item in self.items))


@dataclass(frozen=True)
class Note:
    """Something set apart: a side condition, a warning, or what is worth knowing (see ``NOTES``)."""

    content: Blocks
    kind: Literal["condition", "warning", "info"] = "info"
    title: Content = ()

    def __post_init__(self):
        _one_of("Note", "kind", self.kind, NOTES)
        _set(self, content=blocks(self.content), title=inlines(self.title))


@dataclass(frozen=True)
class Fold:
    """Blocks that hide behind one line until the reader opens them."""

    summary: Content
    blocks: Blocks
    open: bool = False

    def __post_init__(self):
        _set(self, summary=inlines(self.summary), blocks=blocks(self.blocks))


@dataclass(frozen=True)
class Section:
    """A heading with what belongs to it; its level is how deep it is nested. ``id`` defaults to one from the title."""

    title: Content
    blocks: Blocks
    id: str = ""

    def __post_init__(self):
        _set(self, title=inlines(self.title), blocks=blocks(self.blocks))


Block: TypeAlias = Paragraph | Formula | Steps | Table | Code | Figure | List | Note | Fold | Section
Blocks: TypeAlias = "str | Block | Iterable[str | Block]"


@dataclass(frozen=True)
class Document:
    """A whole report. ``language`` chooses the catalogue of the words that writers add ("Step", "Rule", …).

    ``metadata`` are short facts to print under the title (``{"Model": "net.py", "Seed": "0"}``).
    """

    title: Content
    blocks: Blocks
    language: str = "en"
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        metadata = MappingProxyType({str(key): str(value) for key, value in self.metadata.items()})
        _set(self, title=inlines(self.title), blocks=blocks(self.blocks), metadata=metadata)


# --- making and reading -----------------------------------------------------------------------------------------------

INLINES = (Text, Math, Code, Link, Emphasis, Mark)
BLOCKS = (Paragraph, Formula, Steps, Table, Code, Figure, List, Note, Fold, Section)


def inlines(content: Content) -> tuple[Inline, ...]:
    """Content as a tuple of inlines; strings become ``Text``, and what is no inline raises ``DocumentError``."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if isinstance(content, INLINES):
        return (content,)
    return tuple(_inline(part) for part in _parts(content, "an inline", INLINES))


def _inline(part) -> Inline:
    if isinstance(part, str):
        return Text(part)
    if isinstance(part, INLINES):
        return part
    raise _stranger(part, "an inline", INLINES)


def blocks(content: Blocks) -> tuple[Block, ...]:
    """Content as a tuple of blocks; strings become paragraphs, and what is no block raises ``DocumentError``."""
    if isinstance(content, str):
        return (Paragraph(content),) if content else ()
    if isinstance(content, BLOCKS):
        return (content,)
    return tuple(_block(part) for part in _parts(content, "a block", BLOCKS))


def _block(part) -> Block:
    if isinstance(part, str):
        return Paragraph(part)
    if isinstance(part, BLOCKS):
        return part
    raise _stranger(part, "a block", BLOCKS)


def plain(content: Iterable[Inline]) -> str:
    """The words of inlines without any form: for ids, titles of windows and names read aloud."""
    return "".join(_plain(part) for part in content)


def _plain(part: Inline) -> str:
    match part:
        case Text(text):
            return text
        case Math(latex):
            return latex
        case Code(source=source):
            return source
        case Link(content=content) | Emphasis(content=content):
            return plain(content)
        case Mark(status=status):
            return status
    raise _stranger(part, "an inline", INLINES)


def walk(node) -> Iterator[object]:
    """A node and everything below it, in reading order, whatever its depth.

    >>> [type(node).__name__ for node in walk(Section("A", [Formula("x")]))]
    ['Section', 'Text', 'Formula']
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(reversed(node))
        elif hasattr(node, "__dataclass_fields__"):
            yield node
            waiting.extend(getattr(node, item.name) for item in reversed(fields(node)))


def _parts(content, wanted: str, known):
    try:
        return iter(content)
    except TypeError:
        raise _stranger(content, wanted, known) from None


def _stranger(value, wanted: str, known) -> DocumentError:
    names = ", ".join(kind.__name__ for kind in known)
    return DocumentError(f"{wanted} must stand here ({names}), got {type(value).__name__}: {value!r:.60}")


def _one_of(node: str, what: str, value, known) -> None:
    if value not in known:
        choices = ", ".join(map(str, known))
        raise DocumentError(
            f"{node}: {what} must be one of {choices}, got {value!r}.{suggestion(value, map(str, known))}"
        )


def _set(node, **values) -> None:
    """Store normalised values in a frozen node that is being made."""
    for name, value in values.items():
        object.__setattr__(node, name, value)

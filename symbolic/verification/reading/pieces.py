"""A document as pieces of prose and mathematics, each with its place. Markdown and LaTeX; code is left out."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from symbolic.verification.grammar import words
from symbolic.verification.grammar.scanning import Vocabulary
from symbolic.verification.grammar.source import ReadingError, enclosing

LARGEST_DOCUMENT = 400_000
MOST_PIECES = 4_000

_ENVIRONMENTS = frozenset(words.ROW_ENVIRONMENTS - {"split"})  # "aligned" outside mathematics is a slip that reads well
_MACRO = re.compile(
    r"\\(?:re|provide)?newcommand\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[\d\]\s*)?\{|\\def\s*\\([A-Za-z]+)\s*(?:#\d\s*)*\{"
)
_ALIGNED_ARRAY = re.compile(
    r"\s*\\begin\{array\}\s*\{[^{}]*\}((?:(?!\\(?:begin|end)\{array\}).)*)\\end\{array\}\s*[.,;]?\s*$", re.DOTALL
)
_OPERATOR = re.compile(r"\\DeclareMathOperator\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*\{([^{}\\]{1,40})\}")
_FROBENIUS = re.compile(
    r"[A-Z]\s*:\s*[A-Z]\s*=\s*\{?\\?(?:operatorname\*?\{|mathrm\{|text\{|rm\s+)?\\?(?:tr|Tr|trace|sum)\b"
    r"|(?i:\bfrobenius(?:[ -]inner)?[ -]product|\b(?:frobenius|trace|inner|double[- ]dot|doppelpunkt)[^.$]{0,60}\b(?:colon|:)|"
    r"\bcolon\b[^.$]{0,60}\b(?:frobenius|trace|inner)|(?:frobenius|double[- ]dot)[^.$]{0,40}\$\s*[a-z]\s*:\s*[a-z])"
)
_PLAIN_TEX = re.compile(r"\\(?:eqalign|eqalignno|displaylines)\s*\{")
_FENCE = re.compile(r"(?m)^([ \t]*)```[ \t]*math\b[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL)
_LENGTH = re.compile(
    r"(?<![A-Za-z\\{])([A-Za-z])\s*(?::?=|\\equiv|\\coloneqq)\s*(?:\\left)?(?:\\\||\||\\[lr]?[Vv]ert\b|\\norm\s*\{)\s*"
    r"\\(?:mathbf|boldsymbol|bm|vec|vb|va|pmb)\s*\{?\s*\1(?![A-Za-z_^])"
)
_WORDS = re.compile(r"\\(?:text|mbox|textrm|textbf|textit|textnormal)\s*\{")
_NAME = r"[A-Za-zα-ωΑ-Ω][₀-₉]*"
_IN_PROSE = re.compile(
    rf"(?<![\w\\$]){_NAME}(?:\s*,\s*{_NAME})*\s*∈\s*ℝ(?:\^\{{[^{{}}$\n]*\}}|\^\w|[⁰¹²³⁴-⁹ⁿᵐᵏᵈᵖᵃᵇᶜᵉʰʲˡʳˢᵗˣ×]+)?"
)


@dataclass(frozen=True)
class Piece:
    """Prose, or mathematics without its delimiters: ``source[start:end]``."""

    start: int
    end: int
    mathematics: bool
    display: bool = False


@dataclass(frozen=True)
class Source:
    """A document's text with its pieces, in order, and its macros without arguments."""

    text: str
    pieces: tuple[Piece, ...]
    macros: dict[str, str]
    front: tuple[tuple[str, str, int], ...] = ()
    apart: frozenset[str] = frozenset()
    """Letters that are another symbol in bold: r of r = ‖𝐫‖."""
    ranges: tuple[tuple[int, str, str], ...] = ()
    """(from where, index letter, size) of letters that run to another end in each section of a document."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the document itself tells of how it is written, before any name is declared."""
        frobenius = bool(_FROBENIUS.search(self.text))
        return Vocabulary(macros=self.macros, apart=self.apart, frobenius=frobenius)

    def range_at(self, letter: str, place: int) -> str | None:
        """The size that the section around a place gives to an index letter, where sections differ."""
        return next((size for start, of, size in reversed(self.ranges) if of == letter and start <= place), None)

    def line(self, place: int) -> int:
        """The line, from 1, of an offset."""
        return bisect_right(self._starts, place)

    def column(self, place: int) -> int:
        """The column, from 1, of an offset."""
        return place - self._starts[self.line(place) - 1] + 1

    def prose(self, start: int, end: int) -> str:
        """What stands between two places, without mathematics."""
        words_ = [self.text[max(p.start, start) : min(p.end, end)] for p in self.pieces if not p.mathematics]
        return " ".join(word for word in words_ if word)

    @property
    def _starts(self) -> list[int]:
        found = self.__dict__.get("_line_starts")
        if found is None:
            found = [0, *(m.end() for m in re.finditer("\n", self.text))]
            object.__setattr__(self, "_line_starts", found)
        return found


def split(text: str, latex: bool = False) -> Source:
    """The pieces of a document.

    >>> [text for text in ("Let $x$ be",) for p in split(text).pieces if p.mathematics]
    ['Let $x$ be']
    """
    if len(text) > LARGEST_DOCUMENT:
        raise ReadingError(f"the document has {len(text)} characters; at most {LARGEST_DOCUMENT} are read")
    text = _as_latex(text if latex else _fenced(text))
    masked = _without_comments(text) if latex else _without_code(text)
    macros = _macros(masked)
    front: tuple[tuple[str, str, int], ...] = ()
    start = 0
    if latex:
        begin = masked.find(r"\begin{document}")
        start = begin + len(r"\begin{document}") if begin >= 0 else 0
        end = masked.find(r"\end{document}")
        masked = masked[: end if end >= 0 else len(masked)]
    else:
        start, front = _front_matter(masked)
    pieces = _scan(masked, start, latex)
    pieces = pieces if latex else [part for piece in pieces for part in _plain_declarations(masked, piece)]
    return Source(text, tuple(pieces), macros, front, frozenset(_LENGTH.findall(masked)))


def _as_latex(text: str) -> str:
    """Plain TeX's ``\\eqalign{a &= b \\cr}`` as rows of LaTeX, every character in its place."""
    while match := _PLAIN_TEX.search(text):
        end = enclosing(text, match.end(), 1)
        inner = re.sub(r"\\cr(?![A-Za-z])", r"\\\\ ", text[match.end() : end])
        text = text[: match.start()] + " " * len(match.group()) + inner + " " + text[end + 1 :]
    return text


def _fenced(text: str) -> str:
    """Markdown with its fences of mathematics as displays, every character in its place."""

    def display(match: re.Match) -> str:
        opening, closing = (f"{'$$':{n}}" for n in (match.start(2) - match.start(), match.end() - match.end(2)))
        return opening[:-1] + "\n" + match.group(2) + closing

    return _FENCE.sub(display, text)


def _scan(text: str, start: int, latex: bool) -> list[Piece]:
    pieces: list[Piece] = []
    prose = k = start
    opening = re.compile(r"\\[\\$]|\$\$|\$|\\\(|\\\[|\\begin\{([A-Za-z]+\*?)\}")
    while True:
        match = opening.search(text, k)
        if match is None or len(pieces) > MOST_PIECES:
            break
        found = _mathematics(text, match, latex)
        if found is None:
            k = match.end()
            continue
        piece, k = found
        if match.start() > prose:
            pieces.append(Piece(prose, match.start(), False))
        pieces.append(piece)
        prose = k
    if len(text) > prose:
        pieces.append(Piece(prose, len(text), False))
    return pieces


def _plain_declarations(text: str, piece: Piece) -> list[Piece]:
    """Prose with each ``x, y ∈ ℝⁿ`` that stands in it without dollars as mathematics."""
    found, start = [], piece.start
    for match in _IN_PROSE.finditer(text, piece.start, piece.end) if not piece.mathematics else ():
        found += [Piece(start, match.start(), False), Piece(match.start(), match.end(), True)]
        start = match.end()
    return [p for p in (*found, Piece(start, piece.end, piece.mathematics, piece.display)) if p.end > p.start]


def _mathematics(text: str, match: re.Match, latex: bool) -> tuple[Piece, int] | None:
    sign = match.group()
    if sign in (r"\\", r"\$"):
        return None
    if sign.startswith(r"\begin"):
        name = match.group(1)
        if name not in _ENVIRONMENTS:
            return None
        closing = text.find(rf"\end{{{name}}}", match.end())
        if closing < 0:
            return None
        end = closing + len(rf"\end{{{name}}}")
        inner = match.end()
        if name.startswith("alignat"):
            arg = re.compile(r"\{\d*\}").match(text, inner)
            inner = arg.end() if arg else inner
        return Piece(inner, closing, True, True), end
    if sign == "$":
        following = text[match.end() : match.end() + 1]
        if not following or (not latex and following.isspace() and not _is_formula(text, match.end())):
            return None
        closing = _closing_dollar(text, match.end(), latex)
        return None if closing is None else (Piece(match.end(), closing, True), closing + 1)
    target = {"$$": "$$", r"\(": r"\)", r"\[": r"\]"}[sign]
    closing = text.find(target, match.end())
    if closing < 0:
        return None
    start, end = _rows_of(text, match.end(), closing)
    return Piece(start, end, True, sign != r"\("), closing + len(target)


def _rows_of(text: str, start: int, end: int) -> tuple[int, int]:
    """What stands inside a display that is one array aligned at its relation signs, ``a &=& b``; else the display."""
    array = _ALIGNED_ARRAY.match(text, start, end)
    if array is None or not re.search(r"&\s*(?:=|:=|\\equiv|\\approx|\\in\b)\s*&", text[array.start(1) : array.end(1)]):
        return start, end
    return array.span(1)


def _closing_dollar(text: str, start: int, latex: bool) -> int | None:
    k = start
    while k < len(text):
        c = text[k]
        if c == "\\":
            words_ = _WORDS.match(text, k)
            k = enclosing(text, words_.end(), 1) + 1 if words_ else k + 2  # \text{where $x > 0$}
            continue
        if c == "$":
            spaced = text[k - 1].isspace() and not _is_formula(text, start)
            return k if latex or not (spaced or text[k + 1 : k + 2].isdigit()) else None
        if (c == "\n" and text[k + 1 : k + 2] in ("\n", "")) or text.startswith("\n\r\n", k):
            return None
        k += 1
    return None


def _is_formula(text: str, start: int) -> bool:
    """Whether what stands up to the next dollar is mathematics even if a space separates it from its dollars."""
    return bool(re.compile(r"[^$\n]*?(?:\\[A-Za-z]|[\w)}\]]\s*=)[^$\n]*\$").match(text, start))


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with stretches replaced by spaces, lines kept."""
    out = list(text)
    for a, b in spans:
        for k in range(a, min(b, len(out))):
            if out[k] != "\n":
                out[k] = " "
    return "".join(out)


def _without_comments(text: str) -> str:
    spans = [m.span() for m in re.finditer(r"(?<!\\)%[^\n]*", text)]
    spans += [
        m.span()
        for m in re.finditer(r"\\begin\{(verbatim\*?|lstlisting|minted|comment)\}.*?\\end\{\1\}", text, re.DOTALL)
    ]
    spans += [m.span() for m in re.finditer(r"\\verb\*?([^A-Za-z\s]).*?\1", text)]
    return _blank(text, spans)


def _without_code(text: str) -> str:
    """Markdown without fenced, indented and inline code, HTML blocks and comments."""
    from markdown_it import MarkdownIt

    starts = [0, *(m.end() for m in re.finditer("\n", text)), len(text) + 1]
    spans = []
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.map:
            start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
            if token.info.strip() == "math":
                text = _as_display(text, start, end)
            else:
                spans.append((start, end))
    text = re.sub(r"(?<!\$)\$`([^`\n]+)`\$(?!\$)", r"\\(\1\\)", text)
    spans += [m.span() for m in re.finditer(r"<!--.*?-->", text, re.DOTALL)]
    spans += [m.span() for m in re.finditer(r"(?is)<(script|style)\b.*?</\1\s*>", text)]
    spans += [m.span() for m in re.finditer(r"(?<!`)(`+)(?!`)[^`\n]+(?<!`)\1(?!`)", text)]
    return _blank(text, spans)


def _as_display(text: str, start: int, end: int) -> str:
    """The text with a fenced block of mathematics, from ``start`` to ``end``, as a display of the same length."""
    opening, _, rest = text[start:end].partition("\n")
    closing = re.sub(r"(?m)^([ >]*)(`{3,}|~{3,})[ \t]*$", lambda m: m[1] + "$$".ljust(len(m[2])), rest)
    return f"{text[:start]}{'$$':>{len(opening)}}\n{closing}{text[end:]}"


def _macros(text: str) -> dict[str, str]:
    """What ``\\newcommand`` and ``\\def`` abbreviate, and declared operators."""
    found: dict[str, str] = {}
    for match in _MACRO.finditer(text):
        level, k = 1, match.end()
        while k < len(text) and level:
            level += (text[k] == "{" and text[k - 1] != "\\") - (text[k] == "}" and text[k - 1] != "\\")
            k += 1
        body = text[match.end() : k - 1]
        if len(body) <= 200:
            found[match.group(1) or match.group(2)] = body
    for match in _OPERATOR.finditer(text):
        found[match.group(1)] = rf"\operatorname{{{match.group(2)}}}"
    return found


def _front_matter(text: str) -> tuple[int, tuple[tuple[str, str, int], ...]]:
    """``key: value`` lines between --- at the top of the document."""
    match = re.match(r"---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", text, re.DOTALL)
    if not match:
        return 0, ()
    entries = []
    for line in re.finditer(
        r"^[ \t]*([^\s:#][^:\n]*?)[ \t]*:[ \t]*([^\n\r]+?)[ \t]*\r?$", match.group(1), re.MULTILINE
    ):
        entries.append((line.group(1), line.group(2).strip("\"'"), match.start(1) + line.start()))
    return match.end(), tuple(entries)

"""The prose of a hand calculation as blocks: paragraphs, lists and tables of Markdown, words and lists of LaTeX.

What is markup of the author's becomes blocks of ours or vanishes; everything else is text as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from reports.document.model import Block, Inline, List, Paragraph, Table, Text

_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "c": "\u0327", "v": "\u030c"}
_ACCENT = re.compile(r"\\(?:(['`^\"~])\s*|([cv])\s*(?=\{))(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))")
_LETTERS = {
    r"\ss": "ß", r"\ae": "æ", r"\oe": "œ", r"\o": "ø", r"\aa": "å", r"\l": "ł", r"\S": "§", r"\ldots": "…", r"\dots": "…",
    r"\LaTeX": "LaTeX", r"\TeX": "TeX",
}  # fmt: skip
_LETTER = re.compile(
    "|".join(rf"{re.escape(name)}(?![A-Za-z])(?:\{{\}}|\s+(?=[a-zà-ÿ]))?" for name in sorted(_LETTERS, reverse=True))
)
_SILENT = re.compile(
    r"\\(?:label|cite[tp]?|vspace\*?|hspace\*?|pagestyle|thispagestyle|bibliographystyle|bibliography|setcounter|renewcommand)"
    r"(?:\[[^\]]*\])?(?:\{[^{}]*\})+|\\(?:noindent|maketitle|newpage|clearpage|medskip|smallskip|bigskip|centering|par|hfill|"
    r"small|large|Large|bfseries|itshape|qed|tableofcontents|hline|toprule|midrule|bottomrule)(?![A-Za-z])\*?"
)
_DRESSED = re.compile(r"\\(?:emph|text(?:bf|it|rm|sc|sf|tt|sl)?|underline|mbox|url)\s*\{([^{}]*)\}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{(\w+)\*?\}(?:\[[^\]]*\]|\{[^{}]*\})*")
_ITEM = re.compile(r"^\s*(?:[-*+•]|(\d{1,2})[.)]|\\item(?:\s*\[([^\]]*)\])?)\s+")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|?)+\s*$")
Line = list[Inline]


def blocks(written: Sequence[Inline], latex: bool) -> list[Block]:
    """The blocks of what stands between two displays or blank lines: inlines whose text holds the author's line ends."""
    found: list[Block] = []
    lines = _lines(written)
    while lines:
        k = next((k for k, line in enumerate(lines) if k and _is_rule(line) and _is_row(lines[k - 1])), None)
        if k is None:
            return found + _flowing(lines, latex)
        found += _flowing(lines[: k - 1], latex)
        end = next((j for j in range(k + 1, len(lines)) if not _is_row(lines[j])), len(lines))
        head, rows = _cells(lines[k - 1], latex), [_cells(line, latex) for line in lines[k + 1 : end]]
        titles = ["".join(part.text for part in cell if isinstance(part, Text)).strip() for cell in head]
        found.append(Table(titles, [(row + [[]] * len(head))[: len(head)] for row in rows]))
        lines = lines[end:]
    return found


def plain(text: str, latex: bool) -> str:
    """The words of a stretch of prose, without its markup."""
    if latex:
        text = re.sub(r"(?<!\\)%.*", "", text)
        text = _SILENT.sub(" ", _ENVIRONMENT.sub(" ", text))
        text = _ACCENT.sub(lambda m: _accented(m[1] or m[2], m[3] or m[4]), text)
        text = _LETTER.sub(lambda m: _LETTERS[re.match(r"\\[A-Za-z]+", m[0])[0]], text)  # type: ignore[index]
        while (undressed := _DRESSED.sub(r"\1", text)) != text:
            text = undressed
        text = re.sub(r"\\footnote\s*\{([^{}]*)\}", r" (\1)", text)
        text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”").replace("~", "\u00a0")
        text = re.sub(r"\\\\(?:\[[^\]]*\])?|\\,", " ", text)
        return re.sub(r"\\([%&_#${} ])", r"\1", text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s{0,3}>\s?", "", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|(?<!\w)[*_](?=\w)|(?<=[\w.,;:!?)])[*_](?!\w))", "", text)


def _accented(accent: str, letter: str) -> str:
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])


def _lines(written: Iterable[Inline]) -> list[Line]:
    lines: list[Line] = [[]]
    for part in written:
        if not isinstance(part, Text):
            lines[-1].append(part)
            continue
        first, *others = part.text.split("\n")
        lines[-1].append(Text(first))
        lines += [[Text(other)] for other in others]
    return lines


def _flowing(lines: list[Line], latex: bool) -> list[Block]:
    """Lines as paragraphs and lists; a list's item goes on until the next one."""
    found: list[Block] = []
    items: list[Line] = []
    flow: Line = []
    ordered = False

    def close() -> None:
        if items:
            found.append(List([_worded(item, latex) for item in items], ordered))
            items.clear()
        words = _worded(flow, latex)
        if any(not isinstance(part, Text) or part.text.strip() for part in words):
            found.append(Paragraph(tuple(words)))
        flow.clear()

    for line in lines:
        mark = _ITEM.match(line[0].text) if line and isinstance(line[0], Text) else None
        if mark is not None:
            if not items:
                close()
            ordered = bool(mark[1])
            told = f"{mark[2]} " if mark[2] else ""
            items.append([Text(told + line[0].text[mark.end() :]), *line[1:]])  # type: ignore[union-attr]
        else:
            (items[-1] if items else flow).extend([Text(" "), *line])
    close()
    return found


def _worded(line: Line, latex: bool) -> Line:
    """The inlines of a line with their words alone; neighbouring texts are one, so that markup may reach over line ends."""
    joined: Line = []
    for part in line:
        if isinstance(part, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + part.text)
        else:
            joined.append(part)
    return [
        Text(re.sub(r"[ \t\n]+", " ", plain(part.text, latex))) if isinstance(part, Text) else part for part in joined
    ]


def _is_row(line: Line) -> bool:
    return sum(part.text.count("|") for part in line if isinstance(part, Text)) >= 2


def _is_rule(line: Line) -> bool:
    return all(isinstance(part, Text) for part in line) and bool(
        _RULE.match("".join(part.text for part in line if isinstance(part, Text)))
        and any(isinstance(part, Text) and "|" in part.text for part in line)
    )


def _cells(line: Line, latex: bool) -> list[Line]:
    """The cells of a row, cut at its bars."""
    cells: list[Line] = [[]]
    for part in line:
        if not isinstance(part, Text):
            cells[-1].append(part)
            continue
        first, *others = part.text.split("|")
        cells[-1].append(Text(first))
        cells += [[Text(other)] for other in others]
    empty = [not any(not isinstance(p, Text) or p.text.strip() for p in cell) for cell in cells]
    cells = cells[1:] if empty and empty[0] else cells
    cells = cells[:-1] if empty and empty[-1] else cells
    return [_worded(cell, latex) for cell in cells]

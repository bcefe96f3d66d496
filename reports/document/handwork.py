"""A hand calculation with its verdicts: the document again, a mark, evidence and repair beside each claim."""

from __future__ import annotations

import re

from reports.document.model import (
    Document,
    Emphasis,
    Formula,
    List,
    Mark,
    Math,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
)
from symbolic.verification.document_verdict import ClaimVerdict, DocumentVerdict
from symbolic.verification.reading.pieces import Piece, Source, split

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*$|^\s*\\(?:sub)*(?:section|paragraph)\*?\{([^{}]*)\}", re.MULTILINE)
WORDS = {
    "proved": "right",
    "agrees": "right",
    "refuted": "wrong",
    "layout": "right in the other layout",
    "shape": "wrong: the shapes do not fit",
    "undecided": "not decided",
    "unreadable": "not read",
}


def annotated(name: str, text: str, verdict: DocumentVerdict, latex: bool = False) -> Document:
    """The document of a hand calculation and its verdict. Whatever stands in it comes out as text, never as markup."""
    source = split(text, latex)
    blocks: list = [_summary(verdict)]
    blocks += _body(source, verdict)
    if verdict.declarations:
        blocks.append(
            Section(
                "How the symbols were read",
                [List(list(verdict.declarations)), Paragraph(f"Layout: {verdict.layout} ({verdict.layout_reason}).")],
            )
        )
    return Document(f"Checked: {name}", blocks)


def _summary(verdict: DocumentVerdict):
    counts = counted(verdict)
    said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    items = [*map(_blamed, verdict.blame), *(typeset(str(p)) for p in verdict.problems)]
    return Note(
        [Paragraph(said or "no claim was found"), *([List(items)] if items else [])], kind="info", title="Verdict"
    )


def _blamed(sentence: str) -> tuple:
    """A sentence of blame with what the line should be as mathematics."""
    said, told, repair = sentence.partition("; it should be ")
    return (Text(said + told), Math(repair)) if told else (Text(said),)


def typeset(sentence: str) -> tuple:
    """A sentence with what stands between dollars as mathematics."""
    parts = sentence.split("$")
    if len(parts) % 2 == 0:
        return (Text(sentence),)
    return tuple(Math(part) if k % 2 else Text(part) for k, part in enumerate(parts) if part)


def counted(verdict: DocumentVerdict) -> dict[str, int]:
    """How many claims came out how."""
    found = {"right": 0, "wrong": 0, "in the other layout": 0, "not decided or not read": 0}
    for claim in verdict.claims:
        kind = (
            "right"
            if claim.right
            else "wrong"
            if claim.right is False
            else "in the other layout"
            if claim.status == "layout"
            else "not decided or not read"
        )
        found[kind] += 1
    return found


def _body(source: Source, verdict: DocumentVerdict) -> list:
    """The pieces of the document in order, claims marked."""
    sections: list[tuple[str, list]] = [("", [])]
    line: list = []

    def close() -> None:
        if line:
            sections[-1][1].append(Paragraph(tuple(line)))
            line.clear()

    for piece in source.pieces:
        claims = [c for c in verdict.claims if piece.start <= c.place[0] < piece.end]
        if not piece.mathematics:
            _prose(source.text[piece.start : piece.end], sections, line, close)
        elif piece.display:
            close()
            sections[-1][1].append(Formula(_displayed(source, piece)))
            if claims:
                sections[-1][1].append(_table(claims))
        else:
            line.append(Math(source.text[piece.start : piece.end].strip() or r"\,"))
            for claim in claims:
                line.append(Text(" "))
                line.append(_mark(claim, brief=bool(claim.right)))
                line.append(Text(" "))
                line.extend(remark(claim))
                line.append(Text(" "))
    close()
    blocks = list(sections[0][1])
    for title, content in sections[1:]:
        blocks.append(Section(title or "…", content or [Paragraph("")]))
    return blocks


def _prose(text: str, sections: list, line: list, close) -> None:
    """Headings open sections, blank lines end paragraphs; everything else is text as it stands."""
    at = 0
    for match in _HEADING.finditer(text):
        _paragraphs(text[at : match.start()], line, close)
        close()
        sections.append(((match.group(1) or match.group(2) or "").strip(), []))
        at = match.end()
    _paragraphs(text[at:], line, close)


def _paragraphs(text: str, line: list, close) -> None:
    for k, part in enumerate(re.split(r"\n\s*\n", text)):
        if k:
            close()
        words = re.sub(r"\s+", " ", re.sub(r"(\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", part))
        if words.strip():
            line.append(Text(words))


def _displayed(source: Source, piece: Piece) -> str:
    text = re.sub(r"\\(label|tag\*?)\{[^{}]*\}", "", source.text[piece.start : piece.end]).strip()
    if ("&" in text or "\\\\" in text) and not text.lstrip().startswith(r"\begin"):
        return rf"\begin{{aligned}} {text} \end{{aligned}}"
    return text or r"\,"


def _table(claims: list[ClaimVerdict]) -> Table:
    rows = [
        (str(c.line), [Math(c.latex.replace("&", " ").strip())], [_mark(c)], _follows(c), remark(c)) for c in claims
    ]
    return Table(["line", "claim", "verdict", "follows", "remark"], rows)


def _mark(claim: ClaimVerdict, brief: bool = False) -> Mark | Emphasis:
    """The verdict with its evidence; in running text with the first part of it."""
    if claim.status == "unreadable":
        return Emphasis("not read", strong=True)
    return Mark(claim.status, claim.evidence.partition(";")[0] if brief else claim.evidence)


def _follows(claim: ClaimVerdict) -> str:
    return {True: "yes", False: "no", None: "–"}[claim.follows]


def remark(claim: ClaimVerdict) -> tuple:
    """What is to be said of a claim in a few words."""
    if claim.right:
        return (Text("; ".join(claim.conditions)),)
    parts: list = [WORDS[claim.status]]
    if claim.status in ("undecided", "unreadable", "shape", "layout"):
        parts = [f"{WORDS[claim.status]}: {claim.evidence}"]
    if claim.follows and claim.right is False:
        parts.append("it follows correctly from an earlier mistake")
    if claim.diagnosis:
        parts.append(f"likely mistake: {claim.diagnosis}")
    if claim.repair:
        parts.append(("it should be ", Math(claim.repair)))
    if claim.counterexample:
        parts.append(claim.counterexample)
    found: list = []
    for part in parts:
        found += ["; "] if found else []
        found += part if isinstance(part, tuple) else [part]
    return tuple(Text(x) if isinstance(x, str) else x for x in found)

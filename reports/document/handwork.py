"""A hand calculation with its verdicts: the document again, a mark, evidence and repair beside each claim."""

from __future__ import annotations

import re

from reports.document.catalogue import Catalogue
from reports.document.model import (
    Block,
    Document,
    Emphasis,
    Fold,
    Formula,
    Inline,
    List,
    Mark,
    Math,
    Note,
    Paragraph,
    Section,
    Text,
    plain,
)
from reports.document.phrases import joined, phrase
from reports.document.said import mistake, said
from symbolic.verification.document_verdict import ClaimVerdict, DocumentVerdict
from symbolic.verification.reading.pieces import Piece, Source, split

TOLD = ("undecided", "unreadable", "shape", "layout")  # verdicts whose evidence says what is the matter
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*$|^\s*\\(?:sub)*(?:section|paragraph)\*?\{([^{}]*)\}", re.MULTILINE)


def annotated(name: str, text: str, verdict: DocumentVerdict, words: Catalogue, latex: bool = False) -> Document:
    """The document of a hand calculation and its verdict. Whatever stands in it comes out as text, never as markup."""
    source = split(text, latex)
    blocks: list = [_summary(verdict, words)]
    blocks += _body(source, verdict, words)
    if verdict.declarations:
        read = List(list(verdict.declarations))
        layout = words("checked.layout", **layout_of(verdict, words))
        blocks.append(Section(words("checked.symbols"), [read, Paragraph(layout)], "symbols"))
    return Document(words("checked.title", name=name), blocks, words.language)


def layout_of(verdict: DocumentVerdict, words: Catalogue) -> dict[str, str]:
    """The layout and how it is known, in words."""
    first, second = str(verdict.layout).split("; ")
    layout = said(f"{first}; {second}", words)
    return {"layout": layout, "reason": said(verdict.layout_reason, words)}


def _summary(verdict: DocumentVerdict, words: Catalogue) -> Note:
    items = [_blamed(sentence, words) for sentence in verdict.blame]
    items += [(Text(f"{p.line}:{p.column}: "), *typeset(said(p.message, words))) for p in verdict.problems]
    blocks = [Paragraph(counts_of(verdict, words)), *([List(items)] if items else [])]
    return Note(blocks, kind="info", title=words("checked.verdict"))


def counts_of(verdict: DocumentVerdict, words: Catalogue) -> str:
    """How many claims came out how, in words."""
    counts = [f"{number} {words(f'checked.count.{kind}')}" for kind, number in counted(verdict).items() if number]
    return ", ".join(counts) or words("checked.no_claim")


def _blamed(sentence: str, words: Catalogue) -> tuple:
    """A sentence of blame with what the line should be as mathematics."""
    blame, told, repair = sentence.partition("; it should be ")
    return (Text(said(blame, words) + "; "), *_repair(repair, words)) if told else (Text(said(blame, words)),)


def _repair(repair: str, words: Catalogue) -> tuple[Inline, ...]:
    return phrase(words, "checked.repair", repair=Math(repair))


def typeset(sentence: str) -> tuple:
    """A sentence with what stands between dollars as mathematics."""
    parts = sentence.split("$")
    if len(parts) % 2 == 0:
        return (Text(sentence),)
    return tuple(Math(part) if k % 2 else Text(part) for k, part in enumerate(parts) if part)


def counted(verdict: DocumentVerdict) -> dict[str, int]:
    """How many claims came out how."""
    found = {"right": 0, "wrong": 0, "layout": 0, "open": 0}
    for claim in verdict.claims:
        kind = (
            "right"
            if claim.right
            else "wrong"
            if claim.right is False
            else "layout"
            if claim.status == "layout"
            else "open"
        )
        found[kind] += 1
    return found


def _body(source: Source, verdict: DocumentVerdict, words: Catalogue) -> list:
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
                sections[-1][1].extend(_verdicts(claims, words))
        else:
            line.append(Math(source.text[piece.start : piece.end].strip() or r"\,"))
            for claim in claims:
                line.append(Text(" "))
                line.append(_mark(claim, words, claim.evidence.partition(";")[0] if claim.right else claim.evidence))
                line.append(Text(" "))
                line.extend(remark(claim, words))
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


def _verdicts(claims: list[ClaimVerdict], words: Catalogue) -> list[Block]:
    """A line for each claim of a display, what its verdict rests on folded below; the one claim of a display stands above."""
    found: list[Block] = []
    for claim in claims:
        line: list[Inline] = [_mark(claim, words, rests=""), Text(f" {words('checked.line', line=str(claim.line))}")]
        if len(claims) > 1:
            line += [Text(": "), Math(claim.latex.replace("&", " ").strip())]
        parts = [_follows(claim, words), remark(claim, words, beside=True)]
        if claim.status in TOLD:
            parts.append(typeset(said(claim.evidence, words)))
        told = joined([part for part in parts if plain(part).strip()], "; ")
        found.append(Paragraph((*line, *([Text("; " if len(claims) > 1 else ": ")] if told else []), *told)))
        if claim.status not in TOLD and claim.evidence:
            found.append(Fold(words("checked.evidence"), [Paragraph(said(claim.evidence, words))]))
    return found


def _mark(claim: ClaimVerdict, words: Catalogue, rests: str) -> Mark | Emphasis:
    """The verdict, with what it ``rests`` on in words."""
    if claim.status == "unreadable":
        return Emphasis(words("checked.status.unreadable"), strong=True)
    return Mark(claim.status, said(rests, words))


def _follows(claim: ClaimVerdict, words: Catalogue) -> tuple[Inline, ...]:
    """Whether a line follows from the one before; of one that repeats an earlier mistake, its remark says so."""
    if claim.follows is None or (claim.follows and claim.right is False):
        return ()
    return (Text(words("checked.follows_before" if claim.follows else "checked.breaks")),)


def remark(claim: ClaimVerdict, words: Catalogue, beside: bool = False) -> tuple[Inline, ...]:
    """What is to be said of a claim in a few words; ``beside`` its mark, which has its status and evidence."""
    if claim.right:
        return (Text("; ".join(claim.conditions)),)
    status = words(f"checked.status.{claim.status}")
    if claim.status in ("undecided", "unreadable", "shape", "layout"):
        status = f"{status}: {said(claim.evidence, words)}"
    parts: list[tuple[Inline, ...]] = [] if beside else [typeset(status)]
    if claim.follows and claim.right is False:
        parts.append((Text(words("checked.follows")),))
    if claim.diagnosis:
        parts.append((Text(words("checked.mistake", mistake=mistake(claim.diagnosis, words))),))
    if claim.repair:
        parts.append(_repair(claim.repair, words))
    if claim.counterexample:
        parts.append((Text(said(claim.counterexample, words)),))
    return joined(parts, "; ")

"""A hand calculation with its verdicts: the document again, a mark, evidence and repair beside each claim."""

from __future__ import annotations

import re
from dataclasses import replace

from reports.document import prose
from reports.document.catalogue import Catalogue
from reports.document.model import (
    Block,
    Content,
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
    Table,
    Text,
)
from reports.document.phrases import assigned, joined, phrase
from reports.document.said import mistake, properties, said
from symbolic.verification.document_verdict import ClaimVerdict, DocumentVerdict, Problem, Taken, in_one_line
from symbolic.verification.grammar.source import expanded
from symbolic.verification.judging.blame import runs
from symbolic.verification.reading.pieces import Piece, Source, split

TOLD = ("undecided", "unreadable", "shape", "layout")  # verdicts whose evidence says what is the matter
_SHAPE = re.compile(r"[\w+*/() -]{1,12}( × [\w+*/() -]{1,12})*")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*$|^\s*\\(?:sub)*(?:section|paragraph)\*?\{([^{}]*)\}", re.MULTILINE)


def annotated(name: str, text: str, verdict: DocumentVerdict, words: Catalogue, latex: bool = False) -> Document:
    """The document of a hand calculation and its verdict. Whatever stands in it comes out as text, never as markup."""
    source = split(text, latex)
    verdict = _spelt_out(verdict, source)
    blocks: list = [_summary(verdict, words)]
    blocks += _body(source, verdict, words, latex)
    if verdict.declarations:
        columns = [words("report.column.symbol"), words("checked.column.read")]
        layout = words("checked.layout", **layout_of(verdict, words))
        table = Table(columns, [_declared(line, words) for line in verdict.declarations])
        blocks.append(Section(words("checked.symbols"), [table, Paragraph(layout)], "symbols"))
    items = [typeset(said(note, words)) for note in verdict.notes]
    if lines := definitions(verdict):
        items.append((Text(words("checked.definitions", lines=lines)),))
    items += [
        phrase(words, "checked.not_judged", line=Text(str(t.line)), formula=Math(in_one_line(t.latex)))
        for t in unjudged(verdict)
    ]
    if items:
        blocks.append(Section(words("checked.reading"), [List(items)], "reading"))
    return Document(words("checked.title", name=name), blocks, words.language)


def _spelt_out(verdict: DocumentVerdict, source: Source) -> DocumentVerdict:
    """The verdict with the author's own macros replaced wherever a formula is shown."""

    def spelt(text: str) -> str:
        return expanded(text, source.macros)

    claims = tuple(
        replace(c, latex=spelt(c.latex), repair=spelt(c.repair), counterexample=spelt(c.counterexample))
        for c in verdict.claims
    )
    taken = tuple(replace(t, latex=spelt(t.latex)) for t in verdict.taken)
    told = {"blame": tuple(map(spelt, verdict.blame)), "declarations": tuple(map(spelt, verdict.declarations))}
    return replace(verdict, claims=claims, taken=taken, **told)


def layout_of(verdict: DocumentVerdict, words: Catalogue) -> dict[str, str]:
    """The layout and how it is known, in words."""
    first, second = str(verdict.layout).split("; ")
    layout = said(f"{first}; {second}", words)
    return {"layout": layout, "reason": said(verdict.layout_reason, words)}


def _declared(line: str, words: Catalogue) -> tuple[Content, Content]:
    """A symbol and how it was read: its shape, what is known of it."""
    name, _, read = line.partition(": ")
    shape, comma, known = read.partition(", ")
    if not _SHAPE.fullmatch(shape):
        return Math(name), said(read, words)
    sizes = "" if shape == "real number" else f"^{{{shape}}}".replace("×", r"\times")
    return Math(name), (Math(r"\mathbb{R}" + sizes), Text(comma + properties(known, words)))


def _summary(verdict: DocumentVerdict, words: Catalogue) -> Note:
    items = [_blamed(sentence, words) for sentence in verdict.blame]
    items += [(Text(f"{p.line}:{p.column}: "), *typeset(said(p.message, words))) for p in unread(verdict)]
    blocks = [Paragraph(counts_of(verdict, words)), *([List(items)] if items else [])]
    return Note(blocks, kind="info", title=words("checked.verdict"))


def unread(verdict: DocumentVerdict) -> list[Problem]:
    """What was not understood, without what stands beside a claim anyway."""
    told = {claim.evidence for claim in verdict.claims}
    return [p for p in verdict.problems if p.message not in told]


def definitions(verdict: DocumentVerdict) -> str:
    """The lines of the equalities that were read as definitions: ``3, 5–7``."""
    return ", ".join(runs(sorted({t.line for t in verdict.taken if t.kind == "definition"})))


def unjudged(verdict: DocumentVerdict) -> list[Taken]:
    """The equalities that are neither claims nor definitions; of conditions a note speaks."""
    return [t for t in verdict.taken if t.kind == "unjudged"]


def evidence_of(claim: ClaimVerdict, verdict: DocumentVerdict, words: Catalogue) -> str:
    """What a verdict rests on; of what was not understood also where it stands, line:column."""
    place = next((f"{p.line}:{p.column}: " for p in verdict.problems if p.message == claim.evidence), "")
    return place + said(claim.evidence, words)


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


def _body(source: Source, verdict: DocumentVerdict, words: Catalogue, latex: bool) -> list:
    """The pieces of the document in order, claims marked."""
    sections: list[tuple[str, list]] = [("", [])]
    line: list = []
    beside: list[ClaimVerdict] = []  # the claims in the paragraph that is being filled

    def close() -> None:
        if line:
            sections[-1][1].extend(prose.blocks(line, latex))
            sections[-1][1].extend(_remarks(beside, verdict, words))
            line.clear()
            beside.clear()

    for piece in source.pieces:
        claims = [c for c in verdict.claims if piece.start <= c.place[0] < piece.end]
        if not piece.mathematics:
            _prose(source.text[piece.start : piece.end], sections, line, close, latex)
        elif piece.display:
            close()
            sections[-1][1].append(Formula(expanded(_displayed(source, piece), source.macros)))
            if claims:
                sections[-1][1].extend(_verdicts(claims, verdict, words))
        else:
            written = source.text[piece.start : piece.end].strip()
            line.append(Math(expanded(written, source.macros) or r"\,"))
            for claim in claims:
                line += [Text(" "), _mark(claim, words)]
            beside += claims
    close()
    blocks = list(sections[0][1])
    for title, content in sections[1:]:
        blocks.append(Section(title or "…", content or [Paragraph("")]))
    return blocks


def _prose(text: str, sections: list, line: list, close, latex: bool) -> None:
    """Headings open sections, blank lines end paragraphs."""
    at = 0
    for match in _HEADING.finditer(text):
        _paragraphs(text[at : match.start()], line, close)
        close()
        sections.append((prose.plain(match.group(1) or match.group(2) or "", latex).strip(), []))
        at = match.end()
    _paragraphs(text[at:], line, close)


def _paragraphs(text: str, line: list, close) -> None:
    for k, part in enumerate(re.split(r"\n\s*\n", text)):
        if k:
            close()
        if part.strip():
            line.append(Text(part))


def _displayed(source: Source, piece: Piece) -> str:
    text = re.sub(r"\\(label|tag\*?)\{[^{}]*\}", "", source.text[piece.start : piece.end]).strip()
    if ("&" in text or "\\\\" in text) and not text.lstrip().startswith(r"\begin"):
        return rf"\begin{{aligned}} {text} \end{{aligned}}"
    return text or r"\,"


def _verdicts(claims: list[ClaimVerdict], verdict: DocumentVerdict, words: Catalogue) -> list[Block]:
    """The verdicts on the claims of a display: a row for each, or a line for one, and what is to be said of them."""
    if len(claims) == 1:
        (claim,) = claims
        parts: list[Content] = [_mark(claim, words), words("checked.line", line=str(claim.line))]
        if (follows := _follows(claim)) is not None:
            parts.append(words("checked.follows_before" if follows else "checked.breaks"))
        return [Paragraph(joined(parts, " · ")), *_remarks(claims, verdict, words)]
    chained = any(_follows(claim) is not None for claim in claims)
    titles = ["line", "verdict", *(["before"] if chained else []), "claim"]
    told = {True: words("checked.before.yes"), False: words("checked.before.no"), None: ""}
    rows = [
        [
            str(claim.line),
            _mark(claim, words),
            *([told[_follows(claim)]] if chained else []),
            Math(in_one_line(claim.latex)),
        ]
        for claim in claims
    ]
    return [Table([words(f"checked.column.{title}") for title in titles], rows), *_remarks(claims, verdict, words)]


def _mark(claim: ClaimVerdict, words: Catalogue) -> Mark | Emphasis:
    if claim.status == "unreadable":
        return Emphasis(words("checked.status.unreadable"), strong=True)
    return Mark(claim.status)


def _follows(claim: ClaimVerdict) -> bool | None:
    """Whether a line follows from the one before; None where nothing says so, and of one whose remark does."""
    return None if claim.follows and claim.right is False else claim.follows


def _remarks(claims: list[ClaimVerdict], verdict: DocumentVerdict, words: Catalogue) -> list[Block]:
    """What is to be said of each claim that is not right; what the other verdicts rest on, folded."""
    found: list[Block] = []
    rests: list[Content] = []
    for claim in claims:
        title = words("checked.line", line=str(claim.line))
        shown = [] if claim.status in TOLD else [claim.evidence]
        rest = "; ".join(said(sentence, words) for sentence in (*shown, *claim.conditions) if sentence)
        rests += [f"{title}: {rest}"] if rest else []
        if not claim.right and (items := _remark(claim, verdict, words)):
            found.append(Note(List(items), kind="warning" if claim.right is False else "info", title=title))
    return [*found, *([Fold(words("checked.evidence"), List(rests))] if rests else [])]


def _remark(claim: ClaimVerdict, verdict: DocumentVerdict, words: Catalogue) -> list[Content]:
    """The mistake, the repaired line, the counterexample: what there is of them, an item each."""
    items: list[Content] = []
    if claim.status in TOLD and claim.evidence:
        items.append(typeset(evidence_of(claim, verdict, words)))
    if claim.follows and claim.right is False:
        items.append(words("checked.follows"))
    if claim.diagnosis:
        items.append(words("checked.mistake", mistake=mistake(claim.diagnosis, words)))
    if claim.repair:
        items.append(_repair(claim.repair, words))
    if claim.counterexample:
        items.append(assigned(said(claim.counterexample, words)))
    return items

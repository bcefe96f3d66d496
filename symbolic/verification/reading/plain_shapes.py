"""Shapes told in plain words, in or outside of formulas: "W is an m by n matrix", "x has n entries", "X: n × d", "W1 (h, n)"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symbolic.verification.reading.pieces import Source

_NAME = r"(?<![\w\\])\\?[A-Za-z]+(?:_\{?\w{1,3}\}?|\d)?(?!\w)"
_SIZE = r"(?:[A-Za-z](?:_\{?\w\}?)?|\d{1,4})"
_NAMES = rf"({_NAME}(?:\s*(?:,|and|,\s*and)\s*{_NAME})*)"
_BY = rf"({_SIZE})\s*(?:×|x|by|-by-)\s*({_SIZE})(?!\w)"
_IS = r"(?:is|are|be|denotes?)\s+(?:an?\s+|the\s+)?"
_KIND = r"(?:(?:(?!(?:and|or|with|of|is|are|by|the|a|an)\b)[a-z]+(?:-[a-z]+)?)\s+){0,3}"
_ENTRIES = r"(?:components?|entries|elements|coordinates|dimensions?|numbers)"
_MATRICES = (
    rf"{_NAMES}\s+{_IS}{_KIND}{_BY}[- ]*{_KIND}(?:matri(?:x|ces))?",
    rf"{_NAMES}\s*:\s*{_BY}",
    rf"\b(?:an?|the)\s+{_BY}[- ]*{_KIND}matrix\s+({_NAME})",
    rf"({_NAME})\s+(?:has|with|having)\s+({_SIZE})\s+rows?\s+and\s+({_SIZE})\s+columns?",
)
_VECTORS = (
    rf"{_NAMES}\s+{_IS}{_KIND}({_SIZE})\s*-?\s*(?:dimensional\s+|dim\.?\s+)?{_KIND}vectors?\b",
    rf"{_NAMES}\s+(?:has|have|with|having)\s+({_SIZE})\s+(?:real\s+)?{_ENTRIES}\b",
)
_TUPLE = re.compile(rf"({_NAME})\s*:?\s*\(\s*({_SIZE})\s*,\s*(?:({_SIZE})\s*)?\)")
_ALONE = re.compile(rf"({_NAME})\s*\(\s*({_SIZE})\s*\)")
_IN_BRACKETS = re.compile(rf"{_NAME}\s*\(\s*{_BY}\s*\)")
_WORDS = frozenset(
    [
        "a",
        "an",
        "is",
        "of",
        "the",
        "and",
        "with",
        "it",
        "in",
        "to",
        "or",
        "by",
        "as",
        "at",
        "on",
        "we",
        "so",
        "if",
        "be",
    ]
)


def plain_shapes(source: Source) -> Iterator[tuple[str, tuple[str, ...], int, str]]:
    """(name, shape, place, what is said of it) of each symbol of the formulas whose shape the document's plain words tell."""
    mathematics = " ".join(source.text[p.start : p.end] for p in source.pieces if p.mathematics)
    for start, sentence in _sentences(source):
        for name, shape, said in _told(sentence):
            if name not in _WORDS and _occurs(name, mathematics):
                yield name, shape, start, said


def _said(sentence: str, match: re.Match) -> str:
    """The words of a match and those behind it that belong to it; none where they deny something."""
    words = match.group() + re.split(r"[,:(]|\band\b|\bwith\b", sentence[match.end() :])[0]
    return "" if re.search(r"\b(?:not|never|any|arbitrary|necessarily)\b", words) else words


def _told(sentence: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for pattern in _MATRICES:
        for match in re.finditer(pattern, sentence):
            groups = list(match.groups())
            names, sizes = (groups[-1], groups[:-1]) if pattern.startswith(r"\b") else (groups[0], groups[1:])
            for name in _split(names):
                yield name, tuple(_size(x) for x in sizes), _said(sentence, match)
    for pattern in _VECTORS:
        for match in re.finditer(pattern, sentence):
            for name in _split(match.group(1)):
                yield name, (_size(match.group(2)),), _said(sentence, match)
    tuples = list(_TUPLE.finditer(sentence))
    if any(m.group(3) is None for m in tuples):  # (n,) is the shape of a vector and no function's argument
        for match in tuples:
            yield _canonical(match.group(1)), tuple(_size(x) for x in match.groups()[1:] if x), ""
    if _IN_BRACKETS.search(sentence):
        for match in _ALONE.finditer(sentence):
            yield _canonical(match.group(1)), (_size(match.group(2)),), ""


def _sentences(source: Source) -> Iterator[tuple[int, str]]:
    """The sentences, their short formulas as plain text, each with where it begins."""
    text, starts = "", []
    for piece in source.pieces:
        part = source.text[piece.start : piece.end]
        if piece.mathematics:
            short = not piece.display and len(part) <= 30 and not re.search(r"[=+<>]|\\in\b|\\frac", part)
            part = re.sub(r"\\(?:times|cdot)(?![A-Za-z])\s*", "× ", part).strip() if short else "¶"
        starts.append((len(text), piece.start))
        text += part
    text = re.sub(r"\$", " ", text)
    begin = 0
    for match in re.finditer(r"[.;!?]\s|\n\s*\n|\n\s*[-*+]\s|$", text):
        sentence = text[begin : match.start()]
        if sentence.strip():
            yield next((at for k, at in reversed(starts) if k <= begin), 0), sentence
        begin = match.end()


def _split(names: str) -> list[str]:
    return [_canonical(n) for n in re.split(r"\s*(?:,\s*and\b|,|\band\b)\s*", names) if n.strip()]


def _canonical(name: str) -> str:
    """``W1``, ``W_1`` and ``W_{1}`` as W_1; a Greek letter without its backslash."""
    clean = name.strip().lstrip("\\").replace("{", "").replace("}", "")
    return re.sub(r"^([A-Za-z])(\d)$", r"\1_\2", clean)


def _size(text: str) -> str:
    return text.replace("{", "").replace("}", "")


def _occurs(name: str, mathematics: str) -> bool:
    """Whether a name is a symbol of the formulas."""
    base, _, below = name.partition("_")
    script = rf"\s*_\s*\{{?\s*{re.escape(below)}" if below else ""
    return (
        len(base) == 1 or bool(re.search(rf"\\{base}(?![A-Za-z])", mathematics))
        if not script
        else bool(re.search(rf"(?<![A-Za-z\\])\\?{base}{script}", mathematics))
    )

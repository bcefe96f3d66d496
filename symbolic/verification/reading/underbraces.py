"""Names under braces: ``σ(\\underbrace{w^⊤x + b}_{=:z})`` says what z is."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from symbolic.verification.grammar.source import ReadingError, enclosing
from symbolic.verification.grammar.tokens import Vocabulary, tokenize
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.statements import Chain, Side

_BRACE = re.compile(r"\\(?:under|over)brace\s*\{")
_LABEL = re.compile(
    r"\s*[_^]\s*\{\s*(?:=\s*:|:\s*=|=)?\s*((?:\\[A-Za-z]+|[A-Za-z])(?:_(?:\w|\{\w+\}))?)\s*(?::\s*=|=\s*:|=)?\s*\}"
)


def named_parts(source: Source, piece: Piece, vocabulary: Vocabulary, known: Container[str]) -> Iterator[Chain]:
    """A chain ``z = w⊤x + b`` for each brace of a piece that names a symbol which is not ``known``."""
    text = source.text
    for match in _BRACE.finditer(text, piece.start, piece.end):
        end = enclosing(text, match.end(), 1)
        label = _LABEL.match(text, end + 1, piece.end)
        if label is None:
            continue
        try:
            name = tokenize(text, vocabulary, *label.span(1))
            told = tokenize(text, vocabulary, match.end(), end)
        except ReadingError:
            continue
        if [t.type for t in name][:1] != ["SYMBOL"] or str(name[0]) in known or any(t.type == "REL" for t in told):
            continue
        if len(told) > 1:
            sides = [Side(name, *label.span(1)), Side(told, match.end(), end, "=")]
            yield Chain(sides, False, match.end(), end)

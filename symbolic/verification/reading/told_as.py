"""Definitions in words: "let $\\ell$ be $\\frac12\\|y-t\\|^2$" is ℓ = ½‖y − t‖²."""

from __future__ import annotations

import re
from dataclasses import replace

from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.statements import Chain

_IS = re.compile(
    r"[\s$)\\]*\b(?:be|denotes?|is defined (?:as|by|to be)|is given by|sei|sia|soit|désigne|vale|è definit[ao] (?:da|come))"
    r"(?:\s+(?:the\s+)?(?:function|loss|cost|quantity|scalar|vector|matrix|sum|expression))?[\s$(\\]*"
)
_FORMULA = frozenset(["PLUS", "MINUS", "FRAC", "LNORM", "BIG", "FUNC", "SUP", "ODOT", "SQRT"])


def joins(source: Source, before: tuple[Piece, Chain], piece: Piece, chain: Chain) -> bool:
    """Whether a formula is what the words before it say that the symbol before them is; it is then joined to that symbol."""
    (first, left) = before
    if first.display or left.error or chain.error or len(left.sides) != 1 or not chain.sides or first is piece:
        return False
    if not _IS.fullmatch(source.text, left.end, chain.start):
        return False
    kinds = {t.type for t in chain.sides[0].tokens}
    if not kinds & _FORMULA or kinds & {"TIMES", "DOTS"} or any(sign != "=" for sign in chain.signs):
        return False
    if [t.type for t in left.sides[0].tokens][:1] not in (["SYMBOL"], ["FUNC"]) or "COMMA" in {
        t.type for t in left.sides[0].tokens
    }:
        return False
    left.sides.extend([replace(chain.sides[0], sign="="), *chain.sides[1:]])
    left.end = chain.end
    return True

"""What letters run over, and sizes that are told in other sizes: ``p = 1, …, P``, ``m = n − k + 1``."""

from __future__ import annotations

import re
from dataclasses import replace

from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.positive import sizes_of
from symbolic.verification.reading.statements import Chain

_SUM = re.compile(
    r"(?:\\sum|Σ|∑)\s*(?:\\limits)?\s*_\{?\s*([a-z])\s*=\s*1\s*\}?\s*\^\s*(?:\{\s*([A-Za-z])\s*\}|([A-Za-z]))"
)
_MEAN = re.compile(
    r"\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*([nmNMPdDKHB])\s*\}?\s*(?:\\,|\\;)?\s*\\sum\s*(?:\\limits)?\s*_\{?\s*([a-z])\s*\}?(?!\s*[=^\w\\])"
)  # 1/n ∑_i: i runs over n things
_SUM_OVER = re.compile(
    r"(?:\\sum|\\prod|Σ|∑)\s*(?:\\limits)?\s*_\{?\s*([a-z])(?:'|^\{?\\prime\}?)?\s*\\in\s*"
    r"(?:\\(?:mathcal|mathrm|text|mathit)\s*\{\s*([A-Za-z]{1,12})\s*\}|([A-Z][A-Za-z]{0,11})(?![A-Za-z_^(]))"
)


def declare_range(found: Declarations, chain: Chain) -> None:
    """``p = 1, …, P`` and ``1 ≤ p ≤ P``: the letter's range."""
    if chain.signs == ("<=", "<=") and [t.type for t in chain.sides[1].tokens] == ["SYMBOL"]:
        first, letter, last = ("".join(str(t) for t in side.tokens) for side in chain.sides)
        if first == "1" and re.fullmatch(r"\w+([+-]\w+)*", last):
            found.ranges[letter] = last
        return
    if len(chain.sides) != 2 or chain.signs[0] not in ("=", "in"):
        return
    tokens = [t for t in chain.sides[1].tokens if t.type not in ("LCURLY", "RCURLY", "COMMA")]
    types = [t.type for t in tokens]
    if "DOTS" not in types or types[0] != "NUMBER" or types.index("DOTS") > 2:
        return
    last = tokens[types.index("DOTS") + 1 :]
    if not last:
        return
    text = "".join(str(t) for t in last)
    text = re.sub(r"[{}]", "", text)
    if tokens[0].value == "0" and re.fullmatch(r"\w+-1", text):
        text = text[:-2]
    elif tokens[0].value == "0" and re.search(r"[+-]", text):
        text += "+1"
    if re.fullmatch(r"[A-Za-z]\w*(?:[+-]\w+)*|\d+", text):
        for token in chain.sides[0].tokens:
            if token.type == "SYMBOL":
                found.ranges[str(token)] = text


def tell_size(found: Declarations, chain: Chain) -> None:
    """``m = n − k + 1`` of the name of a size: the size in other sizes."""
    if chain.error or chain.signs not in (("=",), (":=",)) or len(chain.sides[0].tokens) != 1:
        return
    name = str(chain.sides[0].tokens[0])
    right = "".join(str(t) for t in chain.sides[1].tokens)
    sizes = sizes_of(found)
    if name not in sizes or name in found.names or not re.fullmatch(r"\w+([+-]\w+)+", right):
        return
    if not all(part.isdigit() or part in sizes for part in re.split(r"[+-]", right)) or name in re.split(
        r"[+-]", right
    ):
        return
    for key, item in found.names.items():
        if name in item.shape:
            found.names[key] = replace(item, shape=tuple(right if size == name else size for size in item.shape))
    found.ranges.update({letter: right for letter, size in found.ranges.items() if size == name})


def sum_ranges(found: Declarations, source: Source) -> None:
    """Enter what the sums say that their letters run over: ∑_{i=1}^n, ∑_{i∈B}, 1/n ∑_i."""
    for pattern in (_SUM, _SUM_OVER):
        for piece in source.pieces:
            for match in pattern.finditer(source.text, piece.start, piece.end) if piece.mathematics else ():
                found.ranges.setdefault(match.group(1), match.group(2) or match.group(3))
    for piece in source.pieces:
        for match in _MEAN.finditer(source.text, piece.start, piece.end) if piece.mathematics else ():
            found.ranges.setdefault(match.group(2), match.group(1))

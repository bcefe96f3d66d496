"""Who is to blame: the lines where a calculation breaks, and those that only carry the mistake on."""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.verification.document_verdict import WRONG, ClaimVerdict


def blame(claims: Sequence[ClaimVerdict]) -> tuple[str, ...]:
    """One sentence for each line that breaks: ``line 4 is wrong; lines 5–7 follow correctly from it``."""
    found: list[tuple[ClaimVerdict, list[int]]] = []
    for claim in claims:
        if claim.status not in WRONG:
            continue
        if claim.follows and found:
            found[-1][1].append(claim.line)
        else:
            found.append((claim, []))
    return tuple(_sentence(origin, carried) for origin, carried in found)


def _sentence(origin: ClaimVerdict, carried: list[int]) -> str:
    later = sorted({line for line in carried if line != origin.line})
    text = f"line {origin.line} is wrong"
    if later:
        text += f"; {_lines(later)} {'follow' if len(later) > 1 else 'follows'} correctly from it"
    if origin.repair:
        text += f"; it should be {origin.repair}"
    return text


def runs(lines: list[int]) -> list[str]:
    """Rising numbers of lines, those that follow each other as a range: 5–7, 9."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return [str(a) if a == b else f"{a}–{b}" for a, b in found]


def _lines(lines: list[int]) -> str:
    """``lines 5–7 and 9``."""
    texts = runs(lines)
    joined = texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]
    return f"{'line' if len(lines) == 1 else 'lines'} {joined}"

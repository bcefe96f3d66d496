"""Whether the letter d of a formula is a differential: ``df = …``, ``d/dx``, ``(dA)``."""

from __future__ import annotations

import re

from symbolic.verification.grammar import words

_LEAD = re.compile(
    r"^\s*(?:\\begin\{\w+\*?\}\s*)?&?\s*(?:\\(?:implies|Rightarrow|Longrightarrow|therefore)\b|⇒)?\s*&?\s*"
)
"""What may stand before a formula in its row."""


def of_differentials(text: str) -> bool:
    """Whether the letter d is a differential in this formula."""
    if re.search(r"\\d?t?frac\s*\{\s*(?:\\mathrm\s*\{?)?d\b|\\[dt]?frac\s*\{\s*d(?:\^|\s*[A-Za-z\\}])", text):
        return True
    if re.search(r"(?<![A-Za-z\\])d\s*(?:\\?[A-Za-z]+)(?:_\{?\w+\}?)?\s*/\s*d", text):
        return True
    if re.search(
        r"\(\s*d\s*(?:[A-Z](?![a-z])|\\[A-Za-z]+\s*\))", text
    ):  # (dA) and tr(dA⊤B), also in a row that goes on
        return True
    text = _LEAD.sub("", text)
    head = re.compile(r"\s*[({]?\s*(?:d|\\mathrm\s*\{?d\}?)(?:\^\{?\d\}?)?\s*(?:\\[,!])?\s*[(\\A-Za-z{]").match(text)
    if not head:
        return False
    left = text.split("=")[0].strip(" &\n")
    named = re.fullmatch(r"d(_\{?\w+\}?)?(\^\{?\w+\}?)?(?:\s*\\(\w+))?", left)
    return "=" not in text or not named or (named.group(3) or "") in {*words.GREEK, *words.GREEK_VARIANTS}

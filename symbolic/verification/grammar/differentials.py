"""Whether the letter d of a formula is a differential: ``df = …``, ``d/dx``, ``(dA)``."""

from __future__ import annotations

import re

from symbolic.verification.grammar import words

_LEAD = re.compile(
    r"^\s*(?:\\begin\{\w+\*?\}\s*)?&?\s*(?:\\(?:implies|Rightarrow|Longrightarrow|therefore)\b|⇒)?\s*&?\s*"
)
"""What may stand before a formula in its row."""
_PARTS = re.compile(r"\\(?:implies|Rightarrow|Longrightarrow|iff|quad|qquad)\b|[;⇒]")


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
    return any(_begins(part) for part in _PARTS.split(text))


def _begins(text: str) -> bool:
    """Whether one formula of a row begins with a differential."""
    text = _LEAD.sub("", text)
    head = re.compile(r"\s*[({]?\s*(?:d|\\mathrm\s*\{?d\}?)(?:\^\{?\d\}?)?\s*(?:\\[,!])?\s*[(\\A-Za-z{]").match(text)
    if not head:
        return False
    command = re.compile(r"\\([A-Za-z]+)").match(text, head.end() - 1)
    if command and command.group(1) in {*words.OPERATORS, *words.RELATIONS}:  # d \times d
        return False
    left = text.split("=")[0].strip(" &\n")
    named = re.fullmatch(r"d(_\{?\w+\}?)?(\^\{?\w+\}?)?(?:\s*\\(\w+))?", left)
    return "=" not in text or not named or (named.group(3) or "") in {*words.GREEK, *words.GREEK_VARIANTS}

"""Properties that prose gives to symbols: "a symmetric matrix A", "Λ, which is positive definite", "a 0/1 mask M"."""

from __future__ import annotations

import re
from collections.abc import Callable

from symbolic.verification.reading.declared import PROPERTIES, Declarations

Symbols = Callable[[str], list[tuple[str, int, str]]]
"""The names, places and LaTeX of the formulas that are marked in a text."""

_MARKED = r"\u27e6(?:\d+)\u27e7"
_GROUP = rf"(?:{_MARKED}(?:\s*(?:,|and|or|,\s*and)\s*)?)+"
_IF = re.compile(
    r"(?i)\b(?:only|if|when|whenever|unless|case|provided|were|falls|wenn|nur|sofern|si|quando|lorsque|cuando)\b[^.:;]{0,30}$"
)
_FOR = re.compile(r"(?i)\b(?:for|für|pour|per|para)\s+(?:an?\s+|the\s+|any\s+|all\s+|une?\s+|ein\w*\s+)?$")
_GIVES = re.compile(
    r"(?i)\b(?:let|consider|suppose|given|define|assum\w+|where|with|throughout|minimi[sz]e|sei|seien|soit|soient|sia|siano|sea|sean|betrachte)\b"
)
_IS = "(?:is|are|be|being|è|sono|ist|sind|est|sont|es|son)"  # in the languages of the hand-ins, as far as PROPERTIES go
_DENIES = r"not|never|any|arbitrary|necessarily|nicht|non|pas"
_ARTICLE = "(?:an?|the|una?|une|eine?)"
_ARRAY = "(?:matrice|matriz|vettore|vecteur)"
_NOUNS = (
    "matrix|matrices|matrice|matrici|matriz|vectors?|vector of|labels?|targets?|real|scalars?|constants?|numbers?|distributions?|"
    "weights?|weighting|weight|cost|penalty|mass|stiffness|inertia|metric|kernel|noise|input|output|state|control|parameters?|"
    "rates?|masks?|indicators?|reelle[nr]?|réels?|reali|reales|reais|zahl|zahlen|nombres?|numer[io]|números?|"
    "skalare?|scalaires?|scalari|escalares?|vektor(?:en)?|vecteurs?|vettor[ei]|vetor(?:es)?|matriz(?:es)?|matrix|matrizen"
)
_ADJECTIVE = "|".join(sorted(map(re.escape, PROPERTIES), key=len, reverse=True))
_LIST = rf"((?:(?:{_ADJECTIVE})(?![\w-])(?:\s*,\s*|\s+(?:and|und|et|ed|e|y)\s+|\s*))+)"
_SAID = re.compile(rf"({_GROUP})\s*(?:{_IS}|denotes?|stands? for)\s+([^.;\u27e6]*)")
_BEHIND_SHAPE = re.compile(rf"({_GROUP})\s*{_IS}\s+(?:{_ARTICLE}\s+)?(?:real\s+)?\u27e6\d+\u27e7[- ]*([^.;\u27e6]*)")
_BEFORE = re.compile(
    rf"(?i)(?<![\w-])(?:(not|non|no|nicht|pas)\s+)?({_ADJECTIVE})(?:\s+(?:{_NOUNS}))*\s+"
    rf"(?:{_MARKED}[- ]*(?:[a-z-]+\s+){{0,2}}(?:{_NOUNS})\s+)?({_GROUP})"
)
_BEHIND = re.compile(
    rf"(?i){_MARKED}(?:\s+and\s+{_MARKED})*\s*(?:[,(]\s*)?(?:{_ARTICLE}\s+|both\s+|real\s+|with\s+|{_ARRAY}\s+)*"
    rf"((?:(?:{_ADJECTIVE})(?:\s*,\s*|\s+(?:and\s+)?)?)+)"
    rf"(?!\s*(?:(?!and\b|or\b|with\b|where\b|so\b|then\b)\w+\s+){{0,2}}\u27e6(?!\d+\u27e7[- ]*(?:{_NOUNS})\b(?!\s*\u27e6)))"
    r"(?!\s*columns)"
)
_NOUN_FIRST = re.compile(
    rf"(?i){_MARKED}\s*,?\s*(?:{_ARTICLE})\s+(?:{_ARRAY})\s+((?:(?:{_ADJECTIVE})(?:\s+(?:e|et|y)\s+|\s*))+)"
)
_RELATIVE = re.compile(
    rf"(?i)({_GROUP})[^.;:\u27e6]{{0,60}}?\b(?:(?:which|that|che|qui|que)\s+({_IS}|é)\s+(?:(?:assumed|supposed|taken|to|be|both|also)\s+)*"
    rf"|(?:assumed|supposed|supposée?s?|supposta|supuesta|suposta)\s+(?:to\s+be\s+)?){_LIST}"
)
_RELATIVE_VERB_LAST = re.compile(
    rf"(?i)({_GROUP})[^.;:\u27e6]{{0,60}}?,\s*(?:die|der|das)\s+{_LIST}(ist|sei|sind|seien)\b"
)
_ALL = re.compile(rf"(?i)\b(?:both|all)\s+(?:of\s+(?:them|which)\s+|are\s+)*((?:(?:{_ADJECTIVE})\s*)+)")
_SPREAD = r"(?:covariance|precision|gram)"
_POSITIVE_BY_NAME = (
    re.compile(rf"(?i)\b{_SPREAD}(?:\s+matri(?:x|ces))?\s+({_GROUP})"),
    re.compile(rf"(?i)({_MARKED})\s*(?:,\s*|is\s+|be\s+|denotes\s+)?(?:an?|the|its|their)\s+{_SPREAD}\s+matrix\b"),
)
_ZEROS_AND_ONES = re.compile(
    rf"(?i)({_GROUP})[^.;\u27e6]{{0,60}}\b(?:entries|elements|values|of|are)\s+(?:in\s+|either\s+|only\s+)*(?:zeros?|0)\s*(?:or|and|/)\s*(?:ones?|1)\b"
)
_ONE_HOT = re.compile(
    rf"(?i)({_MARKED})((?:(?!\b(?:{_DENIES}|no|need)\b)[^.;:\u27e6]){{0,80}}?)"
    r"(?:\bone[- ]?hot|\b1-of-|\bexactly\s+one\s+(?:entry|element|component|1\b|one\b)|one-hot|独热)"
)
_SUMS_TO_ONE = re.compile(
    rf"(?i)(?:entries|components|elements|coordinates)\s+(?:of|in)\s+({_MARKED})\s+(?:are\s+nonnegative\s+and\s+)?(?:sum|add)\s+(?:up\s+)?to\s+(?:one|1)\b"
)
_IDEOGRAPHS = {
    "对称": "symmetric", "正定": "positive definite", "可逆": "invertible", "正交": "orthogonal", "对角": "diagonal",
    "正数": "positive", "正实数": "positive", "独热": "one-hot", "對稱": "symmetric",
}  # fmt: skip
_IDEOGRAPH = "|".join(_IDEOGRAPHS)
_IDEOGRAPHS_BEHIND = re.compile(rf"({_GROUP})\s*(?:是|为|為)(?:一个)?((?:(?:{_IDEOGRAPH})(?:且|、|的)?)+)")
_IDEOGRAPHS_BEFORE = re.compile(rf"(?<![非不])((?:(?:{_IDEOGRAPH})(?:且|、|的)?)+)(?:矩阵|矩陣|向量)?\s*({_GROUP})")


def give_properties(found: Declarations, sentence: str, symbols: Symbols, states: bool) -> None:
    """Enter what a sentence, its formulas as marks, says of the symbols in it; ``states``: whether it states an equality."""

    def enter(match: re.Match, marked: str, said: str) -> None:
        before = sentence[: match.start()]
        case = None if excludes(before) else is_case(before, states or "\u27e8" in sentence)
        given = symbols(marked)
        if case and not _IF.search(before):  # "for one-hot y" introduces a y that nothing else declares
            new = [one for one in given if one[0] not in found.names]
            give(found, new, said)
            given = [one for one in given if one not in new]
        give(found, given, said, case)

    for match in _SAID.finditer(sentence):
        said = match.group(2)
        if not (re.search(rf"\b(no|need|{_DENIES})\b", said) and "sym" in said):
            enter(match, match.group(1), said)
    for match in _BEHIND_SHAPE.finditer(sentence):
        if not re.search(rf"\b({_DENIES})\b", match.group(2)):
            enter(match, match.group(1), match.group(2))
    for match in _BEFORE.finditer(sentence):
        if not match.group(1):
            enter(match, match.group(3), match.group(2))
    for match in (*_BEHIND.finditer(sentence), *_NOUN_FIRST.finditer(sentence)):
        enter(match, match.group(0), match.groups()[-1])
    for match in _RELATIVE.finditer(sentence):
        enter(match, _subject(match.group(1), match.group(2) or "is"), match.group(3))
    for match in _RELATIVE_VERB_LAST.finditer(sentence):
        enter(match, _subject(match.group(1), match.group(3)), match.group(2))
    for match in _ALL.finditer(sentence):
        enter(match, sentence[: match.start()], match.group(1))
    for pattern in _POSITIVE_BY_NAME:
        for match in pattern.finditer(sentence):
            give(found, symbols(match.group(1)), "positive definite")
    for match in _ONE_HOT.finditer(sentence):
        enter(match, match.group(1), "one-hot")
    for match in _SUMS_TO_ONE.finditer(sentence):
        enter(match, match.group(1), "probability")
    for match in _ZEROS_AND_ONES.finditer(sentence):
        enter(match, match.group(1), "binary")
    for match in (*_IDEOGRAPHS_BEHIND.finditer(sentence), *_IDEOGRAPHS_BEFORE.finditer(sentence)):
        marked, said = sorted(match.groups(), key=lambda part: "\u27e6" not in part)
        enter(match, marked, ", ".join(word for key, word in _IDEOGRAPHS.items() if key in said))


def _subject(marked: str, verb: str) -> str:
    """The formulas that a relative clause speaks of: the last one, where its verb is singular."""
    return (
        marked if verb.lower() in ("are", "sono", "sind", "seien", "sont", "son") else re.findall(_MARKED, marked)[-1]
    )


def excludes(before: str) -> bool:
    """Whether the words before a property say that it is not supposed: "only for", "unless"."""
    return bool(re.search(r"(?i)\b(?:only|unless|except|nur|seulement|solo)\b[^.:;]{0,30}$", before))


def is_case(before: str, states: bool) -> bool:
    """Whether the words before a property make it that of a case: "if", "only for"; "for" where the sentence states something."""
    return bool(_IF.search(before) or (states and _FOR.search(before) and not _GIVES.search(before)))


def give(found: Declarations, symbols: list[tuple[str, int, str]], said: str, case: bool | None = False) -> None:
    """Enter what is said of symbols; ``case``: in some lines only, or ("only") not in those that are written."""
    lowered, into = said.lower(), found.perhaps if case else found.assume if case is False else {}
    for words_, assumption in PROPERTIES.items():
        match = re.search(rf"(?<![\w-]){re.escape(words_)}(?![\w-])", lowered)
        if match and not re.search(r"\b(not|never|non|no)\s+(?:\w+\s+)?$", lowered[: match.start()]):
            if assumption == "positive" and "definite" in lowered:
                continue
            for name, _, _ in symbols:
                into.setdefault(name, set()).add(assumption)

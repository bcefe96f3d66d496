"""A stretch of a document as plain LaTeX, each character with its place in the document.

Unicode mathematics becomes the LaTeX that it stands for, comments vanish, and the macros that the document
defines are replaced (a bounded number of times). Nothing else is ever expanded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from symbolic.errors import ChainruleError
from symbolic.notation.dialect import balanced
from symbolic.verification.grammar import words

LONGEST_FORMULA = 20_000
MOST_REPLACEMENTS = 400
_DEFINITION = re.compile(
    r"\\(?:re|provide)?newcommand\*?\s*\{?\s*\\[A-Za-z]+\s*\}?\s*(?:\[\d\]\s*)?(?=\{)|\\def\s*\\[A-Za-z]+\s*(?:#\d\s*)*(?=\{)"
)
_TRANSPOSE_BEFORE = re.compile(
    r"(?:^|(?<=[=+\-(,&\s]))(\{\s*\}\s*\^\s*(?:\{\s*)?(?:[tT]|\\top|\\(?:mathsf|mathrm|text)\s*\{?\s*[tT]\s*\}?)(?:\s*\})?)(?:\\[!,:;]|\s)*"
)
_OVER = re.compile(r"\\over(?![A-Za-z])\s*")
_BRACED_ARRAY = re.compile(
    r"\\left\s*\\(?:\{|lbrace)\s*\\begin\{array\}\s*(?:\{[^{}]*\})?((?:(?!\\begin\{array\}|\\end\{array\}).)*)\\end\{array\}\s*\\right\s*\.",
    re.DOTALL,
)
_MACRO = re.compile(r"\\([A-Za-z]+)")


class ReadingError(ChainruleError, ValueError):
    """Mathematics that cannot be read: ``span`` is where, the message says what was expected and what to do."""

    def __init__(self, message: str, span: tuple[int, int] = (0, 0)):
        super().__init__(message)
        self.span = span


class NotJudged(ReadingError):
    """Mathematics that is read but has no place in an equation of tensors, such as an integral."""


@dataclass(frozen=True)
class Stretch:
    """LaTeX ``text``; ``places[k]`` is the offset in the document of its k-th character (one more for the end)."""

    text: str
    places: tuple[int, ...]


def normalise(source: str, start: int = 0, end: int | None = None, macros: Mapping[str, str] | None = None) -> Stretch:
    """The stretch ``source[start:end]`` as plain LaTeX.

    >>> normalise("∂C/∂x₁ = ŷ²").text
    '\\\\partial C/\\\\partial x_{1} = \\\\hat{y}^{2}'
    """
    end = len(source) if end is None else end
    if end - start > LONGEST_FORMULA:
        raise ReadingError(
            f"a formula of {end - start} characters is longer than {LONGEST_FORMULA}; split it", (start, end)
        )
    out: list[str] = []
    places: list[int] = []

    def put(text: str, place: int) -> None:
        out.extend(text)
        places.extend([place] * len(text))

    k = start
    while k < end:
        c = source[k]
        following = source[k + 1] if k + 1 < end else ""
        if c == "\\" and following:
            put(c, k)
            put(following, k + 1)
            k += 2
        elif c == "%":
            while k < end and source[k] != "\n":
                k += 1
        elif c in words.SUPERSCRIPTS or c in words.SUBSCRIPTS:
            table, sign = (words.SUPERSCRIPTS, "^") if c in words.SUPERSCRIPTS else (words.SUBSCRIPTS, "_")
            put(sign + "{", k)
            while k < end and source[k] in table:
                put(table[source[k]], k)
                k += 1
            put("}", k - 1)
        elif c in words.UNICODE:
            put(words.UNICODE[c], k)
            k += 1
        elif ord(c) > 127 or (following and following in words.COMBINING):
            k = _composed(source, k, end, put)
        else:
            put(" " if c in "\r\t" else c, k)
            k += 1
    stretch = Stretch("".join(out), (*places, end))
    stretch = _expanded(_without_definitions(stretch), macros) if macros else stretch
    return _transposed_behind(_with_cases(_with_fractions(stretch)))


def _with_fractions(stretch: Stretch) -> Stretch:
    """The stretch with ``{a \\over b}`` written as a fraction."""
    for _ in range(MOST_REPLACEMENTS):
        match = _OVER.search(stretch.text)
        if match is None:
            return stretch
        start, end = enclosing(stretch.text, match.start(), -1), enclosing(stretch.text, match.end() - 1, 1)
        pieces = ((start, match.start()), (match.end(), end))
        text, places = stretch.text[:start] + r"\frac", (*stretch.places[:start], *[stretch.places[start]] * 5)
        for a, b in pieces:
            text += "{" + stretch.text[a:b] + "}"
            places = (*places, stretch.places[a], *stretch.places[a:b], stretch.places[b])
        stretch = Stretch(text + stretch.text[end:], (*places, *stretch.places[end:]))
    return stretch


def enclosing(text: str, k: int, step: int) -> int:
    """Where the group around k begins or ends (inside its braces)."""
    level = 0
    while 0 <= k < len(text):
        escaped = k > 0 and text[k - 1] == "\\"
        if text[k] in "{}" and not escaped:
            level += 1 if (text[k] == "{") == (step > 0) else -1
            if level < 0:
                return k + 1 if step < 0 else k
        k += step
    return 0 if step < 0 else len(text)


def _with_cases(stretch: Stretch) -> Stretch:
    """The stretch with a brace before an array, and none behind it, written as cases."""
    for _ in range(MOST_REPLACEMENTS):
        match = _BRACED_ARRAY.search(stretch.text)
        if match is None:
            return stretch
        a, b = match.span(1)
        opening, closing = r"\begin{cases}", r"\end{cases}"
        text = stretch.text[: match.start()] + opening + stretch.text[a:b] + closing + stretch.text[match.end() :]
        first, last = stretch.places[match.start()], stretch.places[b]
        places = (*stretch.places[: match.start()], *[first] * len(opening), *stretch.places[a:b])
        stretch = Stretch(text, (*places, *[last] * len(closing), *stretch.places[match.end() :]))
    return stretch


def _transposed_behind(stretch: Stretch) -> Stretch:
    """The stretch with ``{}^t A`` written as A^⊤."""
    text, places = stretch.text, stretch.places
    for _ in range(MOST_REPLACEMENTS):
        match = _TRANSPOSE_BEFORE.search(text)
        if match is None:
            break
        start, k = match.start(1), match.end()
        end = _atom_end(text, k)
        if end == k:
            break
        mark = r"^{\top}"
        text = text[:start] + text[k:end] + mark + text[end:]
        places = (*places[:start], *places[k:end], *[places[start]] * len(mark), *places[end:])
    return Stretch(text, places)


def _atom_end(text: str, k: int) -> int:
    """Where a symbol or bracket that begins at k ends, with what stands below it."""
    match = re.compile(r"\\left\s*(?=[(\[])|(?=[(\[])").match(text, k)
    if match is not None and match.end() < len(text):
        opening, level, j = text[match.end()], 0, match.end()
        closing = {"(": ")", "[": "]"}[opening]
        while j < len(text):
            level += (text[j] == opening) - (text[j] == closing)
            j += 1
            if not level:
                return j
        return k
    simple = re.compile(r"(?:\\[A-Za-z]+(?:\s*\{[^{}]*\})?|[A-Za-z])(?:_(?:\{[^{}]*\}|\\[A-Za-z]+|\w))?").match(text, k)
    return simple.end() if simple else k


def _composed(source: str, k: int, end: int, put) -> int:
    """A letter with combining accents, or a letter of a mathematical alphabet."""
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", source[k]))
    base, marks, n = parts[0], list(parts[1:]), 1
    while k + n < end and source[k + n] in words.COMBINING:
        marks.append(source[k + n])
        n += 1
    if base in words.UNICODE:
        base = words.UNICODE[base]
    elif ord(base) > 127 and not base.isalpha():
        raise ReadingError(f"the character {source[k]!r} (U+{ord(source[k]):04X}) is not read", (k, k + 1))
    for mark in marks:
        accent = words.COMBINING.get(mark)
        if accent:
            base = f"\\{accent}{{{base}}}"
    put(base, k)
    return k + n


def _without_definitions(stretch: Stretch) -> Stretch:
    """The stretch without the definitions of macros that stand in it: they were read before."""
    while match := _DEFINITION.search(stretch.text):
        (_, body), end = _arguments(stretch.text, match.end(), 1)[0][0], _arguments(stretch.text, match.end(), 1)[1]
        if body <= match.end():
            break
        text = stretch.text[: match.start()] + stretch.text[end:]
        stretch = Stretch(text, (*stretch.places[: match.start()], *stretch.places[end:]))
    return stretch


def expanded(text: str, macros: Mapping[str, str]) -> str:
    r"""A formula with the author's own macros replaced, as it stands where that has no end.

    >>> expanded(r"\pd{C}{x} = \tr A", {"pd": r"\frac{\partial #1}{\partial #2}", "tr": r"\operatorname{tr}"})
    '\\frac{\\partial C}{\\partial x} = \\operatorname{tr}  A'
    """
    try:
        return _expanded(Stretch(text, tuple(range(len(text)))), macros).text if macros else text
    except (ReadingError, IndexError):
        return text


def _expanded(stretch: Stretch, macros: Mapping[str, str]) -> Stretch:
    """The document's own macros replaced, arguments in place of #1, #2; a bounded number of times and up to a bounded length."""
    for _ in range(MOST_REPLACEMENTS):
        match = next((m for m in _MACRO.finditer(stretch.text) if m.group(1) in macros), None)
        if match is None:
            return stretch
        body, place = macros[match.group(1)], stretch.places[match.start()]
        wanted = max((int(n) for n in re.findall(r"#(\d)", body)), default=0)
        arguments, end = _arguments(stretch.text, match.end(), wanted)
        text, places = [], []
        for part in re.split(r"(#\d)", body + ("" if wanted else " ")):
            if re.fullmatch(r"#\d", part):
                a, b = arguments[int(part[1]) - 1]
                text.append(stretch.text[a:b])
                places.extend(stretch.places[a:b])
            else:
                text.append(part)
                places.extend([place] * len(part))
        last = len("".join(text).rstrip()) - 1
        if last >= 0 and places[last] == place and end > match.start():  # what ends there ends behind the macro
            places[last] = stretch.places[end - 1]
        whole = stretch.text[: match.start()] + "".join(text) + stretch.text[end:]
        if len(whole) > LONGEST_FORMULA:
            break
        stretch = Stretch(whole, (*stretch.places[: match.start()], *places, *stretch.places[end:]))
    raise ReadingError("the document's macros expand without end", (stretch.places[0], stretch.places[-1]))


def _arguments(text: str, start: int, count: int) -> tuple[list[tuple[int, int]], int]:
    """Where the arguments of a macro stand: groups without their braces, or single signs."""
    found, k = [], start
    for _ in range(count):
        while k < len(text) and text[k] in " \n":
            k += 1
        if k >= len(text):
            found.append((k, k))
        elif text[k] == "{":
            level, j = 1, k + 1
            while j < len(text) and level:
                level += (text[j] == "{" and text[j - 1] != "\\") - (text[j] == "}" and text[j - 1] != "\\")
                j += 1
            found.append((k + 1, j - 1))
            k = j
        else:
            sign = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL).match(text, k)
            found.append((k, sign.end()))
            k = sign.end()
    return found, k


def written(text: str, span: tuple[int, int]) -> str:
    r"""What is written at a place, with the braces that close behind it.

    >>> written("x = a^{(l)} b", (4, 10))
    'a^{(l)}'
    """
    start, end = span
    while end < len(text) and text[end] == "}" and not balanced(text[start:end]):
        end += 1
    return text[start:end].strip()

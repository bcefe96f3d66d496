"""Reading LaTeX formulas as tokens and arguments: what the writers that must look inside a formula share.

This is no TeX: it knows braces, commands, environments and comments, which is what formulas are made of. Depth and
length are bounded, since a formula may come from a document that somebody else wrote.
"""

from __future__ import annotations

import re
import unicodedata

from symbolic.errors import ChainruleError

LONGEST = 200_000  # characters in one formula, after macros
DEEPEST = 80  # braces and environments within one another

TOKEN = re.compile(
    r"(?P<comment>%[^\n]*\n?)|(?P<space>\s+)|(?P<command>\\(?:[a-zA-Z]+|.))|(?P<other>.)",
    re.DOTALL,
)


class FormulaError(ChainruleError, ValueError):
    """A formula that cannot be read; writers then show its source."""


def tokens(latex: str) -> list[str]:
    r"""The tokens of a formula: commands, single characters, and one space for any run of white space.

    >>> tokens(r"\frac{a}2 % half")
    ['\\frac', '{', 'a', '}', '2', ' ']
    """
    if len(latex) > LONGEST:
        raise FormulaError(f"a formula of {len(latex):,} characters; at most {LONGEST:,} are read")
    found = []
    for match in TOKEN.finditer(latex):
        if match["space"]:
            found.append(" ")
        elif not match["comment"]:
            found.append(match.group())
    return found


class Reader:
    """Reads tokens one by one, and arguments as TeX would take them."""

    def __init__(self, found: list[str], depth: int = 0):
        if depth > DEEPEST:
            raise FormulaError(f"braces nest more than {DEEPEST} deep")
        self.tokens, self.position, self.depth = found, 0, depth

    def within(self, found: list[str]) -> Reader:
        """A reader of an argument: one level deeper."""
        return Reader(found, self.depth + 1)

    def __bool__(self):
        return self.position < len(self.tokens)

    def peek(self, ahead: int = 0) -> str:
        place = self.position + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def next(self) -> str:
        if not self:
            raise FormulaError("the formula ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def skip_spaces(self) -> None:
        while self.peek() == " ":
            self.position += 1

    def group(self) -> list[str]:
        """What stands up to the brace that closes the one just read."""
        return self._until("{", "}")

    def argument(self) -> list[str]:
        """The next argument: a group without its braces, or one token."""
        self.skip_spaces()
        token = self.next()
        if token == "{":
            return self.group()
        if token == "}":
            raise FormulaError("an argument is missing before }")
        return [token]

    def optional(self) -> list[str] | None:
        """The next argument in square brackets, or None where there is none."""
        start = self.position
        self.skip_spaces()
        if self.peek() != "[":
            self.position = start
            return None
        self.next()
        found, depth = [], 0
        while True:
            token = self.next()
            if token == "]" and depth == 0:
                return found
            depth += (token == "{") - (token == "}")
            found.append(token)

    def environment(self) -> tuple[str, list[str]]:
        r"""Name and body of the environment whose \begin was just read."""
        name = "".join(self.argument()).replace(" ", "")
        start, depth = self.position, 1
        while depth:
            token = self.next()
            depth += (token == r"\begin") - (token == r"\end")
        body = self.tokens[start : self.position - 1]
        closing = "".join(self.argument()).replace(" ", "")
        if closing != name:
            raise FormulaError(rf"\begin{{{name}}} is closed by \end{{{closing}}}")
        return name, body

    def _until(self, opening: str, closing: str) -> list[str]:
        start, depth = self.position, 1
        while depth:
            token = self.next()
            depth += (token == opening) - (token == closing)
        return self.tokens[start : self.position - 1]


def split(found: list[str], *separators: str) -> list[list[str]]:
    r"""Cut tokens at separators that stand at the top: outside braces, environments and \left … \right.

    >>> split(tokens(r"a & {b & c} & d"), "&")
    [['a', ' '], [' ', '{', 'b', ' ', '&', ' ', 'c', '}', ' '], [' ', 'd']]
    """
    parts: list[list[str]] = [[]]
    for token, depth in depths(found):
        if depth == 0 and token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


OPENING, CLOSING = {"{", r"\begin", r"\left"}, {"}", r"\end", r"\right"}


def depths(found: list[str]):
    """Each token with how many braces, environments and fences enclose it; what opens or closes counts as inside."""
    depth = 0
    for token in found:
        depth += token in OPENING
        yield token, depth
        depth -= token in CLOSING


ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307"}
SPACES = {r"\ ": " ", "~": " ", r"\,": " ", r"\;": " ", r"\:": " ", r"\!": "", r"\quad": "  ", r"\qquad": "    "}
WORDS = {r"\textbackslash": "\\", r"\textasciitilde": "~", r"\textasciicircum": "^", r"\ldots": "…", r"\dots": "…"}
LETTERS = {r"\ss": "ß", r"\ae": "æ", r"\o": "ø", r"\aa": "å", r"\l": "ł", r"\S": "§", r"\i": "ı"}


def text_runs(found: list[str], depth: int = 0) -> list[tuple[bool, str]]:
    r"""The content of ``\text``: runs of (is it mathematics?, plain text or LaTeX).

    >>> text_runs(tokens(r"where $x_i$ is 5\%"))
    [(False, 'where '), (True, 'x_i'), (False, ' is 5%')]
    """
    runs: list[tuple[bool, str]] = []
    reader = Reader(found, depth)

    def add(text):
        if runs and not runs[-1][0]:
            text = runs.pop()[1] + text
        runs.append((False, text))

    while reader:
        token = reader.next()
        if token == "$":
            inside = []
            while (inner := reader.next()) != "$":
                inside.append(inner)
            runs.append((True, "".join(inside)))
        elif token == r"\(":
            inside = []
            while (inner := reader.next()) != r"\)":
                inside.append(inner)
            runs.append((True, "".join(inside)))
        elif token == "{":
            for is_math, text in text_runs(reader.group(), reader.depth + 1):
                runs.append((True, text)) if is_math else add(text)
        elif token[0] == "\\" and token[1:] in ACCENTS:
            letter = "".join(text for _, text in text_runs(reader.argument(), reader.depth + 1))
            add(unicodedata.normalize("NFC", letter + ACCENTS[token[1:]]))
        elif token in WORDS or token in LETTERS:
            reader.skip_spaces()
            if reader.peek() == "{" and reader.peek(1) == "}":
                reader.argument()
            add({**WORDS, **LETTERS}[token])
        elif token in SPACES:
            add(SPACES[token])
        elif token[0] == "\\" and token[1:].isalpha():
            continue  # \bfseries and the like: the words matter, not their form
        else:
            add(token.removeprefix("\\") if len(token) == 2 else token)
    return runs

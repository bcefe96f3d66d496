"""Reading signs, names and scripts: the part of reading that needs no command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lark import Token

from symbolic.verification.grammar import words
from symbolic.verification.grammar.brackets import innermost
from symbolic.verification.grammar.differentials import of_differentials
from symbolic.verification.grammar.source import ReadingError, Stretch, enclosing

DEEPEST = 40
MOST_TOKENS = 3000

_NUMBER = re.compile(r"\d+(?:\{,\}\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?|\.\d+")
_DECIMAL_COMMA = re.compile(r"(0(?=\{,\}\d)|\d+(?=\{,\}(?!\d{3}(?!\d))))\{,\}(\d+)(?!\d|\{,\})")
_INDEX = re.compile(
    r"\[\s*(?:[a-zA-Z](?:\s*[-+]\s*\d{1,2})?|\d{1,3})(?:\s*,\s*(?:[a-zA-Z]|\d{1,3}|:)(?:\s*[-+]\s*\d{1,2})?)*\s*\]"
)
_SWITCH = re.compile(r"\\(rm|bf|it|sf|tt|cal|boldmath)(?![A-Za-z])\s*")
_CONDITION = re.compile(r"[<>=]|\\(?:ge|le|geq|leq|ne|neq|in|lt|gt)\b")
_PLAIN = {
    "(": "LPAR",
    ")": "RPAR",
    "]": "RBRACK",
    "+": "PLUS",
    "-": "MINUS",
    "*": "AST",
    "/": "SLASH",
    ",": "COMMA",
    ";": "SEP",
    "&": "AMP",
    "<": "REL",
    ">": "REL",
}


@dataclass(frozen=True)
class Vocabulary:
    """What the document has introduced: its names, those that are functions (``parametrised``: with
    their parameters as a subscript, as in h_θ(x)), and its macros without arguments; ``differentials``: whether
    the row before, which this one goes on, is about differentials; ``apart``: letters that are another symbol in bold;
    ``frobenius``: whether A:B is the Frobenius product."""

    names: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    parametrised: frozenset[str] = frozenset()
    macros: Mapping[str, str] = field(default_factory=dict)
    differentials: bool = False
    apart: frozenset[str] = frozenset()
    frobenius: bool = False


NOTHING_DECLARED = Vocabulary()


class Scanner:
    """Signs, names and scripts; what a backslash introduces is read by the subclass."""

    def __init__(self, stretch: Stretch, vocabulary: Vocabulary):
        self.text, self.places, self.vocabulary = stretch.text, stretch.places, vocabulary
        self.k = 0
        self.depth = 0
        self.cases = 0  # inside how many lists of cases
        self.script = 0  # inside how many sub- and superscripts
        self.whole = False  # whether a word is all of a script, as in x_\max
        self.open_bars = {"ABS": 0, "NORM": 0}
        self.pending_bars = 0  # how many brackets opened by \\left. end with a bar
        self.tokens: list[Token] = []
        self.differentials = "d" not in vocabulary.names and (vocabulary.differentials or of_differentials(self.text))

    # -- basics ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Read to the end."""
        while self._more():
            self.unit()

    def _more(self) -> bool:
        self._spaces()
        return self.k < len(self.text)

    def _spaces(self) -> None:
        while self.k < len(self.text) and self.text[self.k] in " \n~":
            self.k += 1

    def _peek(self) -> str:
        self._spaces()
        return self.text[self.k] if self.k < len(self.text) else ""

    def put(self, kind: str, value: str, start: int, end: int | None = None) -> None:
        """Add a token for ``text[start:end]``."""
        if len(self.tokens) >= MOST_TOKENS:
            raise ReadingError(f"more than {MOST_TOKENS} signs in one formula; split it", self.span(start))
        end = self.k if end is None else end
        self.tokens.append(
            Token(kind, value, start_pos=self.places[start], end_pos=max(self.places[start : max(end, start + 1)]) + 1)
        )

    def several(self, start: int, **tokens: str) -> None:
        """Add tokens for one place."""
        for kind, value in tokens.items():
            self.put(kind, value, start)

    def span(self, start: int) -> tuple[int, int]:
        """The place in the document of ``text[start:k]``."""
        return self.places[start], max(self.places[start : max(self.k, start + 1)]) + 1

    def error(self, message: str, start: int) -> ReadingError:
        """A reading error at ``text[start:k]``."""
        return ReadingError(message, self.span(start))

    def _last(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def _after_operand(self) -> bool:
        return self._last() in words.ENDS_OPERAND

    # -- one unit ------------------------------------------------------------------------------------------------------

    def unit(self) -> None:
        """Read one sign, name or command with its arguments."""
        self._spaces()
        start, c = self.k, self.text[self.k]
        if c == "\\":
            self.command()
        elif c == "{":
            self.group()
        elif c == "}":
            self.k += 1
            raise self.error("a closing brace without an opening one", start)
        elif c in "^_":
            self.k += 1
            self.scripted(c, start)
        elif c.isdigit() or (c == "." and self.text[self.k + 1 : self.k + 2].isdigit()):
            self.number()
        elif c.isalpha():
            self.letters()
        elif c == "'":
            self.k += 1
            self.put("PRIME", "'", start)
        elif c == "|":
            double = self.text.startswith("||", self.k) and (self.open_bars["NORM"] or not self.open_bars["ABS"])
            self.k += 2 if double else 1
            self.bar("NORM" if double else "ABS", start)
        elif c == "[":
            match = _INDEX.match(self.text, self.k)
            adjacent = (
                self.k > 0 and not self.text[self.k - 1].isspace() and self._last() in ("SYMBOL", "RBRACE", "RINDEX")
            )
            self.k += 1
            self.put("LINDEX" if match and adjacent else "LBRACK", "[", start)
            if match and adjacent:
                self.inside("]", "RINDEX")
        elif c in ":=!":
            sign = next(s for s in (":=", "==", "!=", "=", ":", "!") if self.text.startswith(s, self.k))
            self.k += len(sign)
            if sign == "!":
                self.put("BANG", "!", start)
                return
            product = sign == ":" and self.vocabulary.frobenius and self._after_operand() and not self._maps()
            kind = "DDOT" if product else "COLON" if sign == ":" else "REL"
            self.put(kind, "=" if sign == "==" else sign, start)
        elif c == ".":
            self.k += 1
            self.put("SEP", ".", start)
        elif c == ";" and (kind := innermost(self.tokens)):
            self.k += 1
            self.put("BELOW" if kind == "LBRACK" else "COMMA", c, start)
        elif c in _PLAIN:
            self.k += 1
            sign = c + "=" if c in "<>" and self.text[self.k : self.k + 1] == "=" else c
            self.k += len(sign) - 1
            self.put(_PLAIN[c], sign, start)
        else:
            self.k += 1
            raise self.error(f"the character {c!r} is not read here", start)

    def _maps(self) -> bool:
        """Whether a colon just read is none between factors: in a script, or before the sets of a function, f : X → Y."""
        return self.script > 0 or bool(
            re.compile(r"[^=]*(?:\\(?:to|rightarrow|mapsto)\b|\\mathbb)").match(self.text, self.k)
        )

    def inside(self, closing: str, kind: str) -> None:
        """Read index signs up to ``closing``."""
        self.script += 1
        while self._more() and self.text[self.k] != closing:
            self.unit()
        self.script -= 1
        self.k += 1
        self.put(kind, closing, self.k - 1)

    def command(self) -> None:
        """Read what a backslash introduces."""
        raise NotImplementedError

    def switched(self, style: str, start: int, inside: tuple[int, int]) -> None:
        """Read a group that begins with a change of type."""
        raise NotImplementedError

    def group(self) -> None:
        """Read ``{…}``; an empty pair is nothing."""
        start = self.k
        self.k += 1
        if self._peek() == "}":
            self.k += 1
            return
        switch = _SWITCH.match(self.text, self.k)
        if switch:  # {\rm tr}
            closing = enclosing(self.text, switch.end(), 1)
            self.k = closing + 1
            self.switched(switch.group(1), start, (switch.end(), closing))
            return
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"braces nested deeper than {DEEPEST}", start)
        self.put("LBRACE", "{", start, start + 1)
        while self._more() and self.text[self.k] != "}":
            self.unit()
        if not self._more():
            raise self.error("a brace is opened here and never closed", start)
        self.k += 1
        self.put("RBRACE", "}", self.k - 1)
        self.depth -= 1

    def argument(self) -> None:
        """Read one argument, a group or a single sign, and put braces around it."""
        if not self._more():
            raise self.error("the formula ends where an argument was expected", max(self.k - 1, 0))
        start, before = self.k, len(self.tokens)
        if self.text[start] == "{":
            self.group()
            if len(self.tokens) > before and self.tokens[before].type != "LBRACE":  # {\rm x}
                self.put("LBRACE", "{", start, start + 1)
                self.tokens.insert(before, self.tokens.pop())
                self.put("RBRACE", "}", self.k - 1)
            return
        self.put("LBRACE", "{", start, start + 1)
        if self.text[self.k].isdigit():
            self.k += 1
            self.put("NUMBER", self.text[start], start)
        elif self.text[self.k].isalpha():
            self.k += 1
            self.put("SYMBOL", self.text[start], start)
        else:
            self.unit()
        self.put("RBRACE", "}", self.k - 1, self.k)

    def raw_argument(self) -> str:
        """The text of one argument, unread."""
        if not self._more():
            return ""
        if self.text[self.k] != "{":
            match = re.compile(r"\\[A-Za-z]+|.").match(self.text, self.k)
            self.k = match.end()
            return match.group()
        start, level = self.k, 0
        while self.k < len(self.text):
            c = self.text[self.k]
            self.k += 2 if c == "\\" else 1
            level += (c == "{") - (c == "}")
            if level == 0:
                return self.text[start + 1 : self.k - 1]
        raise self.error("a brace is opened here and never closed", start)

    # -- scripts, numbers, bars ------------------------------------------------------------------------------------------

    def scripted(self, sign: str, start: int) -> None:
        """Read ``^…`` or ``_…``."""
        saved = self.k
        raw = self.raw_argument().strip()
        if sign == "^" and re.fullmatch(r"(\\prime\s*)+|'+", raw):
            for _ in range(max(raw.count("prime"), raw.count("'"))):
                self.put("PRIME", "'", start)
            return
        self.put("SUP" if sign == "^" else "SUB", sign, start, start + 1)
        mark = {
            r"\ast": "*",
            r"\star": "*",
            r"\dagger": "†",
            r"\circ": "∘",
            r"\odot": "∘",
            "++": "+",
            r"\times": "×",
        }.get(raw, raw)
        if mark in ("+", "-", "*", "†", "∘", "×"):
            self.several(start, LBRACE="{", MARK=mark, RBRACE="}")
            return
        power = re.fullmatch(r"\\(?:circ|odot)\s*(\d)", raw)
        if power and sign == "^":  # entry by entry
            self.several(start, LBRACE="{", MARK="∘", NUMBER=power.group(1), RBRACE="}")
            return
        self.k = saved
        whole, self.whole = self.whole, raw.lstrip("\\") in {*words.ROMAN, *words.FUNCTIONS}
        self.script += 1
        self.argument()
        self.script -= 1
        self.whole = whole

    def number(self) -> None:
        """Read a numeral; ``1[…]`` with a condition is an indicator."""
        start = self.k
        comma = _DECIMAL_COMMA.match(self.text, self.k)
        if comma:
            self.k = comma.end()
            self.put("NUMBER", f"{comma.group(1)}.{comma.group(2)}", start)
            return
        match = _NUMBER.match(self.text, self.k)
        text = match.group()
        if "e" in text and ("e" in self.vocabulary.names or text[-1] == "e"):
            text = text[: text.index("e")]
        self.k += len(text)
        if text == "1" and self.indicator(start):
            return
        self.put("NUMBER", text.replace("{,}", ""), start)

    def indicator(self, start: int) -> bool:
        """Whether a 1 just read is the sign of an indicator: a condition in brackets or in its index follows."""
        saved = self.k
        rest = re.compile(r"\s*(?:\\left|\\[bB]igg?l?|\\!|\\,)*\s*(_|\\\{|\[|\(|\{)").match(self.text, self.k)
        if not rest:
            return False
        opening = rest.group(1)
        self.k = rest.end()
        if opening == "{" and self.text[start:saved].strip() == "1":
            self.k = saved
            return False
        if opening == "_":
            content = self.raw_argument()
        else:
            content = self.text[self.k : self._closing(self.k, opening)]
        self.k = saved
        if not _CONDITION.search(content):
            return False
        self.put("INDICATOR", "1", start)
        return True

    def _closing(self, start: int, opening: str) -> int:
        pairs = {"\\{": ("{", "}"), "[": ("[", "]"), "(": ("(", ")"), "{": ("{", "}")}[opening]
        level = 1
        for k in range(start, len(self.text)):
            level += (self.text[k] == pairs[0]) - (self.text[k] == pairs[1])
            if level == 0:
                return k
        return len(self.text)

    def bar(self, kind: str, start: int, side: str = "") -> None:
        """A bar opens or closes an absolute value or norm; one that does neither stands for itself."""
        closes = side == "R" or (side != "L" and self._after_operand() and self.open_bars[kind] > 0)
        if kind == "ABS" and side != "L" and not self.open_bars[kind] and self._after_operand() and self._peek() == "_":
            self.put("EVAL", "|", start)
        elif closes:
            self.open_bars[kind] -= 1
            self.put("R" + kind, "|", start)
        elif (
            side == "L"
            or not self._after_operand()
            or self._last() in ("RABS", "RNORM")
            or kind == "NORM"
            or self._pairs(kind)
        ):
            self.open_bars[kind] += 1
            self.put("L" + kind, "|", start)
        else:
            self.put("BAR", "|", start)

    def _pairs(self, kind: str) -> bool:
        sign = re.compile(r"(?<!\\)\|")
        return len(sign.findall(self.text, self.k)) % 2 == 1

    # -- names -----------------------------------------------------------------------------------------------------------

    def letters(self) -> None:
        """Read a run of letters: a declared word, a function's name, a differential, or one letter."""
        start = self.k
        run = re.compile(r"[^\W\d_]+").match(self.text, self.k).group()
        if not self.script:
            for length in range(len(run), 1, -1):
                if run[:length] in self.vocabulary.names:
                    self.k += length
                    self.name(run[:length], start)
                    return
            if run in words.PLAIN_WORDS and not self._spelt_by_symbols(run):
                self.k += len(run)
                self.word(run, start)
                return
            if run[0] == "d" and self.differentials and self._takes_differential(start + 1):
                self.k += 1
                self.put("DIFF", "d", start)
                return
        self.k += 1
        self.name(run[0], start)

    def _spelt_by_symbols(self, run: str) -> bool:
        following = self.text[self.k + len(run) : self.k + len(run) + 1]
        return all(letter in self.vocabulary.names for letter in run) and following not in ("(", "[")

    def _takes_differential(self, k: int) -> bool:
        match = re.compile(r"(?:\^\{?\d\}?)?\s*(?:\\[,!;]|\\left)?\s*([A-Za-z(\\{/}]|$)").match(self.text, k)
        if not match:
            return False
        command = re.compile(r"\\([A-Za-z]+)").match(self.text, match.start(1))
        return command is None or (command.group(1) not in words.OPERATORS and command.group(1) not in words.RELATIONS)

    def name(self, name: str, start: int) -> None:
        """A symbol, or a function of the document where an argument follows."""
        if name in self.vocabulary.parametrised:
            written = re.compile(
                r"\s*_(?:\{[^{}]*\}|\\?[A-Za-z]+)(?=\s*(?:'|\^\{?\\prime\}?)*\s*(?:\\left)?\s*\()"
            ).match(self.text, self.k)
            self.k = written.end() if written else self.k
        if name in self.vocabulary.functions and re.compile(
            r"\s*(?:'|\^\{?\\prime\}?|\^\{?-1\}?|\^\{?\(?\w\)?\}?|_\{?\w+\}?)*\s*(?:\\left|\\!|\\[bB]igg?l?|\\,)*\s*[(\[]"
        ).match(self.text, self.k):
            self.put("FUNC", name, start)
        else:
            self.put("SYMBOL", name, start)

    def word(self, word: str, start: int) -> None:
        """A word in roman type: a function, a declared name, or an unknown name."""
        if word in self.vocabulary.names:
            self.name(word, start)
        elif word in ("grad", "Grad", "gradient"):
            self.put("NABLA", "∇", start)
        elif word in words.FUNCTIONS and not (
            self.script  # x_max and ℓ_log, but e^{∑_i x_i}
            and (
                (word in ("in", "max", "min", "sum") and self._peek() != "_") or self.whole or self._peek() in ("", "}")
            )
        ):
            name = words.FUNCTIONS[word]
            follows = self._peek()
            drawn = self.text.startswith("\\sum", start)  # ∑(a)² sums squares, sum(a)² is the square of a sum
            if name in words.BIG and (
                (name == "sum" and (drawn or follows != "(")) or follows == "_" or name.startswith("arg")
            ):
                self.put("BIG", name, start)
            else:
                self.put("FUNC", name, start)
        else:
            self.name(word, start)

"""Mathematics to tokens. The declared names decide where ``Wx`` splits and whether ``h(s)`` is a call."""

from __future__ import annotations

import re

from lark import Token

from symbolic.verification.grammar import words
from symbolic.verification.grammar.scanning import (
    DEEPEST,
    NOTHING_DECLARED,
    Scanner,
    Vocabulary,
)
from symbolic.verification.grammar.source import NotJudged, ReadingError, Stretch, normalise

__all__ = ["ReadingError", "Vocabulary", "tokenize"]

_ENVIRONMENT = re.compile(r"\s*\{([A-Za-z]+\*?)\}")


def tokenize(
    source: str, vocabulary: Vocabulary = NOTHING_DECLARED, start: int = 0, end: int | None = None
) -> list[Token]:
    """The tokens of ``source[start:end]``, each with its place in ``source``.

    Raises ``ReadingError`` for unknown commands, unbalanced braces and what is beyond the bounds on size and depth.
    """
    stretch = normalise(source, start, end, vocabulary.macros)
    scanner = Commands(stretch, vocabulary)
    scanner.run()
    return scanner.tokens


class Commands(Scanner):
    """What a backslash introduces."""

    # -- commands --------------------------------------------------------------------------------------------------------

    def command(self) -> None:
        """Read one command with its arguments."""
        start = self.k
        match = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL).match(self.text, self.k)
        if not match:
            self.k += 1
            raise self.error("a backslash ends the formula", start)
        self.k = match.end()
        name = match.group(1)
        if name == "\\":
            options = re.compile(r"\*?\s*\[[^\]\n]{0,12}(?:pt|em|ex|mm|cm|baselineskip)\]").match(self.text, self.k)
            self.k = options.end() if options else self.k
            self.put("ROW", "\\\\", start)
            return
        bare = name.rstrip("*")
        if bare in words.GREEK_VARIANTS:
            bare = words.GREEK_VARIANTS[bare]
        if bare in words.OPENERS or bare in words.CLOSERS or bare == "middle":
            self.fence(bare, start)
        elif bare in words.GREEK:
            self.name(bare, start)
        elif bare == "frac" or bare in ("dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"):
            self.put("FRAC", "frac", start)
            self.argument()
            self.argument()
        elif bare in ("binom", "dbinom", "tbinom"):
            self.put("FUNC", "binomial", start)
            for sign, kind in (("(", "LPAR"), (",", "COMMA")):
                self.put(kind, sign, start, start + 1)
                self.argument()
            self.put("RPAR", ")", self.k - 1)
        elif bare == "sqrt":
            self.root(start)
        elif bare in ("newcommand", "renewcommand", "providecommand", "DeclareMathOperator", "def"):
            self.definition(bare)
        elif bare in ("pdv", "dv", "pd", "od", "pderiv", "deriv"):
            self.quotient("PARTIAL" if bare.startswith("p") else "DIFF", start)
        elif bare in ("norm", "abs", "Norm", "Abs"):
            self.barred("NORM" if bare.lower() == "norm" else "ABS", start)
        elif bare in ("R", "Re", "reals", "Reals", "RR"):
            self.put("SYMBOL", "setR", start)
        elif bare in ("dd", "diff") and "dd" not in self.vocabulary.names:
            self.put("DIFF", "d", start)
        elif bare == "partial":
            self.put("PARTIAL", "∂", start)
        elif bare in ("nabla", "grad", "gradient"):
            self.put("NABLA", "∇", start)
        elif bare in words.BEYOND:
            raise NotJudged(
                f"{words.BEYOND[bare]} are not worked out here, so this line is left open", self.span(start)
            )
        elif bare == "arg":
            self.k = re.compile(r"\s*(?:\\,|\\!)?\s*").match(self.text, self.k).end()
            following = re.compile(r"\\(max|min)").match(self.text, self.k)
            self.k = following.end() if following else self.k
            self.put("BIG", "arg" + (following.group(1) if following else "max"), start)
        elif bare in words.FUNCTIONS and bare not in words.STYLES:
            self.word(bare, start)
        elif bare == "prod":
            self.put("BIG", "prod", start)
        elif bare in words.STYLES or bare in words.ROMAN:
            self.styled(bare, start)
        elif bare in words.SCRIPTS:
            self.name("cal" + self.raw_argument().strip(), start)
        elif bare in words.ACCENTS:
            self.accented(words.ACCENTS[bare], start)
        elif bare in ("mathbb", "mathbbm", "mathds", "Bbb", "mathbbold"):
            self.double_struck(start)
        elif bare == "|":
            self.bar("NORM", start)
        elif bare in ("Vert", "vert"):
            self.bar("NORM" if bare == "Vert" else "ABS", start)
        elif bare in words.FENCES:
            kind = words.FENCES[bare]
            if kind == "RABS" and not self.open_bars["ABS"] and self._peek() == "_":
                self.put("EVAL", "|", start)
                return
            for bar in ("ABS", "NORM"):
                self.open_bars[bar] += (kind == "L" + bar) - (kind == "R" + bar)
            self.put(kind, bare, start)
        elif bare in words.OPERATORS:
            self.put(words.OPERATORS[bare], bare, start)
        elif bare == "not":
            self._spaces()
            self.k = re.compile(r"=|\\[A-Za-z]+|.").match(self.text, self.k).end()
            self.put("REL", "!=", start)
        elif bare in ("overset", "stackrel", "underset"):
            above = self.raw_argument().strip()
            self.argument()
            del self.tokens[-1], self.tokens[-2]
            if above == "!" and self._last() == "REL":  # demanded, not found
                self.put("REL", "=!", start)
                del self.tokens[-2]
        elif bare in words.RELATIONS:
            sign = words.RELATIONS[bare]
            self.put("BAR" if sign == "|" else "REL", sign, start)
        elif bare in words.TRANSPOSED:
            self.put("TOP", "⊤", start)
        elif bare == "prime":
            self.put("PRIME", "'", start)
        elif bare in words.DOTS:
            self.put("DOTS", "…", start)
        elif bare in words.SEPARATORS:
            if bare == "hspace":
                self.raw_argument()
            self.put("SEP", bare, start)
        elif bare == "infty":
            self.put("SYMBOL", "infinity", start)
        elif bare in ("begin", "end"):
            self.environment(bare, start)
        elif bare == "substack":
            self.argument()
            for k, token in enumerate(self.tokens):
                if token.type == "ROW":
                    self.tokens[k] = Token("COMMA", ",", start_pos=token.start_pos, end_pos=token.end_pos)
        elif bare in ("underbrace", "overbrace"):
            self.argument()
            if self._peek() in ("_", "^"):
                self.k += 1
                self.raw_argument()
        elif bare in ("boxed", "fbox", "ensuremath", "mathop", "textcolor"):
            if bare == "textcolor":
                self.raw_argument()
            first = len(self.tokens)
            self.argument()
            if any(token.type in ("REL", "AMP", "ROW") for token in self.tokens[first:]):
                del self.tokens[-1], self.tokens[first]  # a box around an equality is no bracket
        elif bare in ("intertext", "shortintertext"):
            self.put("TEXT", self.raw_argument(), start)
        elif bare in words.WITH_ARGUMENT_DROPPED:
            self.raw_argument()
        elif bare == "colon":
            self.put("COLON", ":", start)
        elif name in words.SPACES or bare in words.SPACES or name in " \n":
            pass
        else:
            raise self.error(
                f"the command \\{name} is not known; write it with standard mathematics (a macro without arguments may be "
                "defined by \\newcommand)",
                start,
            )

    def definition(self, which: str) -> None:
        """A macro's definition among mathematics: it was read before, here it is nothing."""
        if which == "def":
            self.k = re.compile(r"\s*\\[A-Za-z]+\s*(?:#\d\s*)*|").match(self.text, self.k).end()
        else:
            self.raw_argument()
            self.k = re.compile(r"\s*(?:\[[^\]]*\]\s*)*").match(self.text, self.k).end()
        self.raw_argument()

    def quotient(self, kind: str, start: int) -> None:
        """``\\pdv[n]{f}{x}``."""
        order = re.compile(r"\s*\[(\d)\]").match(self.text, self.k)
        self.k = order.end() if order else self.k
        self.put("FRAC", "frac", start)
        for part in (0, 1):
            self.put("LBRACE", "{", start, start + 1)
            self.put(kind, "d", start)
            if order and not part:
                for sign, value in (("SUP", "^"), ("LBRACE", "{"), ("NUMBER", order.group(1)), ("RBRACE", "}")):
                    self.put(sign, value, start)
            self.argument()
            if order and part:
                for sign, value in (("SUP", "^"), ("LBRACE", "{"), ("NUMBER", order.group(1)), ("RBRACE", "}")):
                    self.put(sign, value, start)
            self.put("RBRACE", "}", start)

    def barred(self, kind: str, start: int) -> None:
        """``\\norm{x}``, ``\\abs{x}``."""
        self.put("L" + kind, "|", start)
        self.argument()
        self.put("R" + kind, "|", start)

    def fence(self, side: str, start: int) -> None:
        """``\\left`` and its kin: the sign that follows opens or closes."""
        rest = re.compile(r"\s*(\\?\||\.|\\[lr]?[vV]ert)").match(self.text, self.k)
        if not rest:
            return
        sign = rest.group(1)
        if sign == ".":
            self.k = rest.end()
            if side == "left" and self._bar_ends():
                self.put("LPAR", "(", start)
                self.pending_bars += 1
            return
        if sign in ("|", "\\|"):
            self.k = rest.end()
            if side == "right" and sign == "|" and self.pending_bars:
                self.pending_bars -= 1
                self.put("RPAR", ")", start)
            plain = side in ("big", "Big", "bigg", "Bigg", "middle")
            self.bar("ABS" if sign == "|" else "NORM", start, "" if plain else "R" if side in words.CLOSERS else "L")

    def _bar_ends(self) -> bool:
        """Whether the ``\\right`` that belongs to a ``\\left.`` just read is a bar with a place below it."""
        level = 1
        for match in re.compile(r"\\(left|right)(?![A-Za-z])\s*(\\?[A-Za-z|.()\[\]{}]+|.)").finditer(self.text, self.k):
            level += 1 if match.group(1) == "left" else -1
            if level == 0:
                return bool(re.compile(r"\\right\s*(?:\||\\[lr]?vert)\s*_").match(self.text, match.start()))
        return False

    def root(self, start: int) -> None:
        """``\\sqrt[n]{…}``."""
        self.put("SQRT", "sqrt", start)
        if self._peek() == "[":
            self.k += 1
            self.put("LINDEX", "[", self.k - 1)
            self.inside("]", "RINDEX")
        self.argument()

    def switched(self, style: str, start: int, inside: tuple[int, int]) -> None:
        """``{\\rm tr}`` is ``\\mathrm{tr}``."""
        raw = self.text[slice(*inside)].strip()
        if style == "cal":
            self.name("cal" + raw, start)
        else:
            self.styled({"it": "bf", "boldmath": "bf"}.get(style, style), start, raw)

    def styled(self, style: str, start: int, raw: str | None = None) -> None:
        """A change of type: bold leaves a symbol what it is, roman makes a word of letters."""
        raw = self.raw_argument().strip() if raw is None else raw
        plain = re.sub(r"\\[,!;: ]|\s", "", raw) if style in ("operatorname", "mathop") else raw
        if style in words.ROMAN and words.CONSTANT.fullmatch(plain):
            self.put("SYMBOL", "const", start)
            return
        if self.cases and style in words.ROMAN and not self._known(plain):
            if re.search(r"otherwise|else|sonst", plain):
                self.put("SYMBOL", "otherwise", start)
            return
        if plain == "1" and style in {*words.STYLES, "tt", "mathtt"}:
            if not self.indicator(start):
                self.put("SYMBOL", "ones", start)
        elif plain == "0" and style in words.STYLES:
            self.put("NUMBER", "0", start)
        elif style in words.ROMAN and plain == "d" and "d" not in self.vocabulary.names and not self.script:
            self.put("DIFF", "d", start)
        elif style in words.ROMAN and re.fullmatch(r"[^\W\d_][^\W_]*", plain):
            if style in ("text", "textrm", "mbox", "textnormal") and len(plain) > 1 and not self._known(plain):
                self.put("TEXT", plain, start)
            else:
                self.word(plain, start)
        elif style in words.ROMAN:
            self.put("TEXT", plain, start)
        else:
            self.put("LBRACE", "{", start, start + 1)
            inner = Commands(Stretch(raw, self._places_of(raw)), self.vocabulary)
            inner.script, inner.depth = self.script, self.depth + 1
            if inner.depth > DEEPEST:
                raise self.error(f"braces nested deeper than {DEEPEST}", start)
            inner.run()
            if len(inner.tokens) == 1 and inner.tokens[0].type in ("SYMBOL", "FUNC"):
                self.tokens.pop()
                name = str(inner.tokens[0])
                self.name(f"{name}_vec" if name in self.vocabulary.apart else name, start)
                return
            if [token.type for token in inner.tokens] == ["NABLA"]:
                self.tokens[-1] = inner.tokens[0]
                return
            self.tokens.extend(inner.tokens)
            self.put("RBRACE", "}", start)

    def _known(self, word: str) -> bool:
        return (
            self.script > 0
            or word in self.vocabulary.names
            or word in words.FUNCTIONS
            or word in self.vocabulary.functions
        )

    def _places_of(self, raw: str) -> tuple[int, ...]:
        at = self.text.rfind(raw, 0, self.k) if raw else self.k
        return self.places[at : at + len(raw) + 1]

    def accented(self, accent: str, start: int) -> None:
        """A hat, bar, tilde or dot makes another symbol of a symbol."""
        raw = self.raw_argument().strip()
        below = re.fullmatch(r"(\\?[A-Za-z]+)\s*([_^].+)", raw, re.DOTALL)  # \hat{x_i} is \hat{x}_i
        inner = self._inside(below.group(1) if below else raw)
        letters = [t for t in inner.tokens if t.type not in ("LBRACE", "RBRACE")]
        if not letters or any(t.type not in ("SYMBOL", "FUNC", "BIG") for t in letters):
            raise self.error(f"an accent over {raw!r} is read only over a name", start)
        self.name("".join(map(str, letters)) + "_" + accent, start)
        if below:
            self.tokens.extend(self._inside(below.group(2)).tokens)

    def _inside(self, raw: str) -> Commands:
        """What an argument says, read as the name that an accent makes another one of, or as the scripts of that."""
        inner = Commands(Stretch(raw, self._places_of(raw)), self.vocabulary)
        inner.script, inner.depth = 1, self.depth + 1
        if inner.depth > DEEPEST:
            raise self.error(f"braces nested deeper than {DEEPEST}", self.k)
        inner.run()
        return inner

    def double_struck(self, start: int) -> None:
        """ℝ, 𝟙 and their kin."""
        raw = self.raw_argument().strip()
        if raw in ("1", "I", "l", "\\mathbb{1}"):
            if not self.indicator(start):
                self.put("SYMBOL", "ones", start)
        else:
            self.put("SYMBOL", "set" + raw, start)

    def environment(self, which: str, start: int) -> None:
        """``\\begin`` and ``\\end``: matrices and cases are mathematics, the others only lay out rows."""
        match = _ENVIRONMENT.match(self.text, self.k)
        if not match:
            raise self.error(f"\\{which} needs the name of an environment", start)
        self.k = match.end()
        name = match.group(1)
        opening = which == "begin"
        if name in words.MATRIX_ENVIRONMENTS:
            if name == "array" and opening:
                self.raw_argument()
            self.put("BEGINM" if opening else "ENDM", name, start)
        elif name in words.CASES_ENVIRONMENTS:
            self.cases += 1 if opening else -1
            self.put("CASES" if opening else "ENDCASES", name, start)
        elif name in words.ROW_ENVIRONMENTS:
            if opening and name.startswith("alignat"):
                self.raw_argument()
            self.put("ROW", "", start)
        else:
            raise self.error(f"the environment {name} is not read in mathematics", start)

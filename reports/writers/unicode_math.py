r"""LaTeX formulas as a line of Unicode: what a terminal shows, and what is read aloud for a formula on a page."""

from __future__ import annotations

import functools
import re
import unicodedata

from latex2mathml.symbols_parser import convert_symbol

from reports.writers.alphabets import plain_letter, styled
from reports.writers.macros import expanded
from reports.writers.mathml_commands import (
    ALIGNED,
    ARROWS,
    BOXES,
    CASES,
    CENTRED,
    DROPPED,
    DROPPED_WITH,
    FENCES,
    FONTS,
    KEPT_SECOND,
    LOWERED,
    MATRICES,
    OPEN,
    OPERATORS,
    OVER,
    RAISED,
    RELATIONS,
    SPACES,
    TEXT,
    TRANSPARENT,
    UNDER,
)
from reports.writers.tex import Reader, split, text_runs, tokens

UP = {letter: raised for raised, letter in RAISED.items() if len(letter) == 1} | {
    "⊤": "ᵀ",
    "T": "ᵀ",
    "′": "′",
    "″": "″",
}
DOWN = {letter: lowered for lowered, letter in LOWERED.items()}
DOWN |= dict(zip("aehlopstuvx0123456789", "ₐₑₕₗₒₚₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉", strict=True))
COMBINING = {"ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "˙": "\u0307", "¨": "\u0308", "→": "\u20d7", "ˇ": "\u030c"}
COMBINING |= {"´": "\u0301", "`": "\u0300", "˘": "\u0306", "˚": "\u030a", "\u0302": "\u0302", "~": "\u0303"}
SPACED = set("=≠<>≤≥≈≡∼≃≅≔∝→←↦⇒⇐⇔⟹⟺⟶∈∉⊂⊆∣≪≫≜+−±×⊙⊗⊕∘⊛")
BIG = re.compile(r"\\(?:big|Big|bigg|Bigg)[lrm]?$")


@functools.lru_cache(maxsize=4096)
def unicode_math(latex: str) -> str:
    r"""The formula in characters, one line per line of an alignment; its source where it cannot be read.

    >>> print(unicode_math(r"\frac{\partial C}{\partial W} = \delta\,x^\top"))
    ∂C/∂W = δ xᵀ
    >>> print(unicode_math(r"s_i = \sum_{j=1}^{n} W_{ij} x_j + \hat{b}_{\text{out}}"))
    sᵢ = ∑_(j = 1)ⁿ Wᵢⱼ xⱼ + b̂_out
    """
    try:
        lines = _Line().read(Reader(expanded(tokens(latex)))).split("\n")
    except Exception:  # any formula that cannot be read is shown as it was written
        return latex
    return "\n".join(_tidy(line) for line in lines).strip()


def _tidy(line: str) -> str:
    line = re.sub(r"([(\[{⟨⌊⌈])\s+|\s+(?=[)\]}⟩⌋⌉,;])", r"\1", " ".join(line.split()))
    return line.strip()


class _Line:
    def read(self, reader: Reader) -> str:
        parts = []
        while reader:
            parts.append(self.unit(reader))
        return "".join(parts)

    def argument(self, reader: Reader) -> str:
        reader.skip_spaces()
        if reader.peek() == "{":
            return self.read(reader.within(reader.argument())).strip()
        return self.unit(reader).strip()

    def unit(self, reader: Reader) -> str:
        token = reader.next()
        if token == "{":
            return self.read(reader.within(reader.group()))
        if token in "_^":
            return self.script(token, self.argument(reader))
        if token == "'":
            return "′"
        if token[0] == "\\":
            return self.command(token, reader)
        if token == ":" and reader.peek() == "=":
            reader.next()
            token = "≔"
        return self.character("−" if token == "-" else token, reader)

    def character(self, character: str, reader: Reader) -> str:
        if character in SPACED:
            return f" {character} "
        return character + (" " if character == "," else "")

    def script(self, sign: str, content: str) -> str:
        table = UP if sign == "^" else DOWN
        tight = content.replace(" ", "").replace("−", "-")
        short = len(tight) == 1 or sign == "^" or set(tight) <= set("0123456789+-ijkmn")  # words are read better plain
        if tight and short and all(character in table for character in tight):
            return "".join(table[character] for character in tight)
        return sign + (content if _atom(content) else f"({content})")

    def command(self, token: str, reader: Reader) -> str:
        if token == r"\begin":
            return self.environment(reader)
        if token in TEXT:
            reader.skip_spaces()
            runs = text_runs(reader.argument())
            return "".join(self.read(Reader(tokens(text))) if is_math else text for is_math, text in runs)
        if token in FONTS:
            content = self.argument(reader)
            keep = FONTS[token] in ("double-struck", "script")
            return "".join(styled(c, FONTS[token]) if keep else c for c in content)
        if token in OPERATORS or token == r"\operatorname":
            return self.name(token, reader)
        if token in (r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"):
            return "/".join(_guarded(self.argument(reader)) for _ in range(2)) + " "
        if token in (r"\binom", r"\dbinom", r"\tbinom"):
            return f"C({self.argument(reader)}, {self.argument(reader)})"
        if token == r"\sqrt":
            root = reader.optional()
            degree = self.script("^", self.read(reader.within(root))) if root else ""
            return f"{degree}√{_guarded(self.argument(reader))}"
        if token in OVER or token in UNDER:
            return self.accent(token, reader)
        if token in ARROWS:
            below = reader.optional()
            label = ", ".join([self.argument(reader), *([self.read(reader.within(below))] if below else [])])
            return f" {ARROWS[token]}[{label}] "
        if token in (r"\overset", r"\underset", r"\stackrel"):
            label, base = self.argument(reader), self.argument(reader)
            return f"{base}[{label}] "
        if token in (r"\class", r"\htmlClass", r"\textcolor", r"\colorbox", r"\href", *KEPT_SECOND):
            reader.argument()
            return self.argument(reader)
        if token in BOXES or token in TRANSPARENT or token in (r"\mathop", r"\substack"):
            return self.argument(reader)
        if token in (r"\left", r"\right", r"\middle") or BIG.match(token):
            reader.skip_spaces()
            return FENCES.get(reader.next(), "")
        return self.simple(token, reader)

    def simple(self, token: str, reader: Reader) -> str:
        if token in FENCES:
            if token in OPEN:
                reader.skip_spaces()
            return FENCES[token]
        if token in SPACES:
            return " " if SPACES[token] > 0 else ""
        if token in RELATIONS:
            return f" {RELATIONS[token]} "
        if token in DROPPED_WITH or token in (r"\tag", r"\color", r"\phantom", r"\hphantom", r"\vphantom"):
            reader.argument()
            return ""
        if token in DROPPED or token.endswith("style"):
            return ""
        if token == r"\prime":
            return "′"
        if token == r"\\":
            return "\n"
        code = convert_symbol(token)
        if not code or not all(c in "0123456789ABCDEFabcdef" for c in code):
            return token + " "
        character = plain_letter(chr(int(code, 16)))
        if character in "∑∏∫":
            return character
        reader.skip_spaces()
        return self.character(character, reader)

    def name(self, token: str, reader: Reader) -> str:
        if token == r"\operatorname":
            if reader.peek() == "*":
                reader.next()
            word = "".join(" " if t in SPACES else t for t in reader.argument())
        else:
            word = OPERATORS[token][0]
        reader.skip_spaces()
        return f" {word}" + ("" if reader.peek() in ("(", "_", "^", r"\left") else " ")

    def accent(self, token: str, reader: Reader) -> str:
        character, _ = (OVER if token in OVER else UNDER)[token]
        base = self.argument(reader)
        if token in (r"\underbrace", r"\overbrace"):
            reader.skip_spaces()
            if reader.peek() in ("_", "^"):
                reader.next()
                return f"{_guarded(base)}[{self.argument(reader)}] "
            return base
        if character in COMBINING and len(base) == 1:
            return unicodedata.normalize("NFC", base + COMBINING[character])
        return f"{token[1:]}({base})"

    def environment(self, reader: Reader) -> str:
        name, body = reader.environment()
        plain = name.removesuffix("*")
        inside = reader.within(body)
        if plain in ("array", "alignedat", "alignat"):
            inside.argument()
        inside.optional()
        rows = []
        for line in split(inside.tokens[inside.position :], r"\\", r"\cr"):
            row = inside.within(line)
            row.optional()
            while row.peek() in (r"\hline", " "):
                row.next()
            if row:
                rows.append([self.read(row.within(cell)).strip() for cell in split(row.tokens[row.position :], "&")])
        if plain in ALIGNED or plain in CENTRED:
            return "\n".join(" ".join(row) for row in rows)
        if plain in CASES:
            return "{ " + "; ".join(", ".join(row) for row in rows)
        opening, closing = MATRICES.get(plain, ("[", "]"))
        content = "; ".join(", ".join(row) for row in rows)
        return f"{FENCES.get(opening, '[')}{content}{FENCES.get(closing, ']')}"


def _atom(content: str) -> bool:
    return content.isalnum() or len(content) <= 1 or _bracketed(content)


def _bracketed(content: str) -> bool:
    """Whether one pair of brackets already holds all of it."""
    if content[:1] + content[-1:] != "()":
        return False
    depth = 0
    for place, character in enumerate(content):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(content) - 1
    return False


def _guarded(content: str) -> str:
    """In brackets unless it is one piece: ``∂C`` and ``xᵢ`` are, ``a + b`` is not."""
    whole = not re.search(r"[\s/+−±×⋅=]", content)
    return content if whole or _bracketed(content) else f"({content})"

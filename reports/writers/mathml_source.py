r"""LaTeX rewritten into the dialect that latex2mathml converts faithfully.

What that library reads wrongly, or MathML Core no longer draws, becomes a *mark*: ``\class{@kind n}{…}``, which passes
through the conversion untouched and which ``mathml_tree`` turns into the right elements. ``n`` is the place of the
mark's value in ``Rewritten.values``; no text of a user ever passes through the library.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from latex2mathml.symbols_parser import convert_symbol

from reports.writers.alphabets import styled
from reports.writers.macros import expanded
from reports.writers.mathml_commands import (
    ALIGNED,
    ARROWS,
    BIG,
    BOXES,
    CASES,
    CENTRED,
    COLOR,
    DROPPED,
    DROPPED_WITH,
    FENCES,
    FONTS,
    FORMS,
    KEPT_SECOND,
    LOWERED,
    MATRICES,
    OPERATORS,
    OVER,
    RAISED,
    READ,
    RELATIONS,
    SAFE_LINK,
    SIZES,
    SPACES,
    TEXT,
    TRANSPARENT,
    UNDER,
    VARIANTS,
)
from reports.writers.tex import FormulaError, Reader, split, text_runs, tokens


@dataclass(frozen=True)
class TableForm:
    """How a table of mathematics is set: columns' alignment, and where rules run (before column or row n)."""

    kind: str
    align: str
    columns_ruled: tuple[int, ...] = ()
    rows_ruled: tuple[int, ...] = ()


@dataclass
class Rewritten:
    latex: str
    values: list = field(default_factory=list)


def rewrite(latex: str) -> Rewritten:
    """The formula in the library's dialect, with the values of its marks; raises ``FormulaError``."""
    writer = _Rewriter()
    return Rewritten(writer.formula(Reader(expanded(tokens(latex)))), writer.values)


class _Rewriter:
    def __init__(self):
        self.values: list = []

    def mark(self, kind: str, value: object, content: str) -> str:
        self.values.append(value)
        return rf"\class{{@{kind} {len(self.values) - 1}}}{{{content}}}"

    def formula(self, reader: Reader, font: str = "") -> str:
        parts = []
        while reader:
            parts.append(self.unit(reader, font))
        return "".join(parts)

    def argument(self, reader: Reader, font: str = "") -> str:
        """The next argument, rewritten; without braces around it."""
        reader.skip_spaces()
        if reader.peek() == "{":
            reader.next()
            return self.formula(reader.within(reader.group()), font)
        if reader.peek().isdigit():  # one digit, as in \\frac12
            return self.mark("number", styled(reader.next(), font), "0")
        return self.unit(reader, font)

    def unit(self, reader: Reader, font: str) -> str:
        """The next token with all that belongs to it."""
        token = reader.next()
        if token[0] == "\\":
            return self.command(token, reader, font)
        return self.character(token, reader, font)

    # --- characters ---------------------------------------------------------------------------------------------------

    def character(self, token: str, reader: Reader, font: str) -> str:
        if token == " ":
            return " "
        if token == "{":
            inner = reader.group()
            if inner == [","]:
                return self.mark("operator", (",", "tight"), ",")
            return "{" + self.formula(reader.within(inner), font) + "}"
        if token == "}":
            raise FormulaError("a } closes nothing")
        if token in "_^":
            return token + "{" + self.argument(reader, font) + "}"
        if token == "'":
            return self.primes(reader, font)
        if token == "&":
            raise FormulaError("a & stands outside a table")
        if token == "$":
            raise FormulaError("a $ stands within a formula")
        if token == "~":
            return self.mark("space", SPACES["~"], "x")
        if token.isdigit() and token.isascii():
            return self.number(token, reader, font)
        if token in FENCES and token not in ("/", "."):
            return self.mark("fence", (FENCES[token], FORMS.get(token, "infix"), 0), "x")
        if token == ":" and reader.peek() == "=":
            reader.next()
            return self.mark("operator", ("≔", ""), "x")
        if token in RAISED or token in LOWERED:
            return self.scripted(token, reader, font)
        return self.letter(token, reader, font)

    def number(self, token: str, reader: Reader, font: str) -> str:
        digits = token
        while reader.peek().isdigit() or (reader.peek() == "." and "." not in digits and reader.peek(1).isdigit()):
            digits += reader.next()
        return self.mark("number", "".join(styled(digit, font) for digit in digits), "0")

    def letter(self, character: str, reader: Reader, font: str) -> str:
        """One character that stands for itself, as whatever element Unicode says it is."""
        if character.isalpha() or character in "∂∇":
            if font == "normal":
                return self.mark("identifier", (character, "normal"), "x")
            return self.mark("identifier", (styled(character, font), font), "x")
        return self.mark("operator", (character, self.limits(reader)), "x")

    def limits(self, reader: Reader) -> str:
        r"""What a \limits or \nolimits that follows an operator says."""
        start = reader.position
        reader.skip_spaces()
        if reader.peek() in (r"\limits", r"\nolimits"):
            return reader.next()[1:]
        reader.position = start
        return ""

    def primes(self, reader: Reader, font: str) -> str:
        count = 1
        while reader.peek() == "'":
            reader.next()
            count += 1
        reader.skip_spaces()
        after = ""
        if reader.peek() == "^":
            reader.next()
            after = self.argument(reader, font)
        return "^{" + self.mark("prime", count, "x") + after + "}"

    def scripted(self, token: str, reader: Reader, font: str) -> str:
        table, sign = (RAISED, "^") if token in RAISED else (LOWERED, "_")
        content = table[token]
        while reader.peek() in table:
            content += table[reader.next()]
        return sign + "{" + self.formula(Reader(tokens(content), reader.depth + 1), font) + "}"

    # --- commands -----------------------------------------------------------------------------------------------------

    def command(self, token: str, reader: Reader, font: str) -> str:
        if token == r"\begin":
            return self.environment(reader, font)
        if token in TEXT:
            return self.text(reader, TEXT[token])
        if token in FONTS:
            return self.in_font(reader, FONTS[token])
        if token in OPERATORS:
            return self.name(*OPERATORS[token], reader)
        if token in OVER or token in UNDER:
            return self.accent(token, reader, font)
        if token in BOXES:
            return self.mark("class", BOXES[token], self.argument(reader, font))
        if token in (r"\left", r"\right", r"\middle"):
            return self.fence(token, reader)
        if BIG.match(token):
            return self.big(token, reader)
        if token in FENCES:
            return self.mark("fence", (FENCES[token], FORMS.get(token, "infix"), 0), "x")
        if token in SPACES:
            return self.mark("space", SPACES[token], "x")
        if token in RELATIONS:
            wide = self.mark("space", SPACES[r"\;"], "x")
            return wide + self.mark("operator", (RELATIONS[token], ""), "x") + wide
        if token in READ:
            return self.read_well(token, reader, font)
        special = getattr(self, "on_" + token[1:], None) if token[1:].isalpha() else None
        if special:
            return special(reader, font)
        if token in ARROWS:
            return self.arrow(token, reader, font)
        if token in TRANSPARENT:
            return "{" + self.argument(reader, font) + "}"
        if token in KEPT_SECOND:
            reader.argument()
            return "{" + self.argument(reader, font) + "}"
        if token in DROPPED:
            return " "
        if token in DROPPED_WITH:
            for _ in range(DROPPED_WITH[token]):
                reader.argument()
            return " "
        return self.symbol(token, reader, font)

    def symbol(self, token: str, reader: Reader, font: str) -> str:
        code = convert_symbol(token)
        if token[1:] in ("%", "#", "_", "&", "$"):
            return self.mark("operator", (token[1:], "tight"), "x")
        if not code or "-" in code or " " in code:
            return self.mark("text", (token, "unknown"), r"\text{x}")
        return self.letter(VARIANTS.get(token) or chr(int(code, 16)), reader, font)

    def name(self, text: str, limits: bool, reader: Reader) -> str:
        said = self.limits(reader)
        return self.mark("name", (text, said == "limits" or (limits and said != "nolimits")), "x")

    def text(self, reader: Reader, form: str) -> str:
        reader.skip_spaces()
        token = reader.next()
        parts = []
        for is_math, content in text_runs(reader.group() if token == "{" else [token], reader.depth):
            if is_math:
                parts.append("{" + self.formula(Reader(tokens(content), reader.depth + 1)) + "}")
            else:
                parts.append(self.mark("text", (content, form), r"\text{x}"))
        return "{" + "".join(parts) + "}"

    def in_font(self, reader: Reader, font: str) -> str:
        reader.skip_spaces()
        if reader.peek() != "{":
            return self.unit(reader, font)
        reader.next()
        inner = reader.group()
        word = "".join(inner)
        is_word = len(word) > 1 and not set(word) & set("\\{}_^'$&")
        if is_word and font in ("normal", "italic", "sans-serif", "monospace"):
            return self.mark("word", (word, font), "x")
        return "{" + self.formula(reader.within(inner), font) + "}"

    def accent(self, token: str, reader: Reader, font: str) -> str:
        above = token in OVER
        character, stretchy = (OVER if above else UNDER)[token]
        base = self.argument(reader, font)
        side = r"\overset" if above else r"\underset"
        drawn = self.mark("accent", (character, stretchy), rf"{side}{{x}}{{{base}}}")
        if token in (r"\underbrace", r"\overbrace"):
            reader.skip_spaces()
            if reader.peek() == ("^" if above else "_"):
                reader.next()
                return rf"{side}{{{self.argument(reader, font)}}}{{{drawn}}}"
        return drawn

    def arrow(self, token: str, reader: Reader, font: str) -> str:
        below = reader.optional()
        above = self.argument(reader, font)
        drawn = rf"\overset{{{above}}}{{x}}"
        if below:
            drawn = rf"\underset{{{self.formula(reader.within(below), font)}}}{{{drawn}}}"
        return self.mark("arrow", ARROWS[token], drawn)

    def fence(self, token: str, reader: Reader) -> str:
        reader.skip_spaces()
        delimiter = reader.next()
        if delimiter not in FENCES and delimiter not in ("<", ">"):
            raise FormulaError(f"{token} must be followed by a fence, not {delimiter}")
        return f"{token}{delimiter} "

    def big(self, token: str, reader: Reader) -> str:
        size, side = BIG.match(token).groups()
        reader.skip_spaces()
        delimiter = reader.next()
        if delimiter not in FENCES:
            raise FormulaError(f"{token} must be followed by a fence, not {delimiter}")
        form = {"l": "prefix", "r": "postfix", "m": "infix", "": FORMS.get(delimiter, "infix")}[side]
        return self.mark("fence", (FENCES[delimiter], form, SIZES[size]), "x")

    def read_well(self, token: str, reader: Reader, font: str) -> str:
        options = reader.optional() if token == r"\sqrt" else None
        root = f"[{{{self.formula(reader.within(options), font)}}}]" if options else ""
        arguments = "".join(f"{{{self.argument(reader, font)}}}" for _ in range(READ[token]))
        return f"{token}{root}{arguments} "

    # --- commands with a way of their own: on_<name> ------------------------------------------------------------------

    def on_operatorname(self, reader: Reader, font: str) -> str:
        starred = reader.peek() == "*"
        if starred:
            reader.next()
        name = "".join(" " if t in SPACES else t for t in reader.argument() if t != " ").replace("\\", "")
        return self.name(name, starred, reader)

    def on_mathop(self, reader: Reader, font: str) -> str:
        inner = [token for token in reader.argument() if token not in (r"\mathrm", r"\rm", "{", "}")]
        if all(token.isalpha() or token == " " for token in inner):
            return self.name("".join(inner).strip(), True, reader)
        return "{" + self.formula(reader.within(inner), font) + "}"

    def on_not(self, reader: Reader, font: str) -> str:
        reader.skip_spaces()
        token = reader.next()
        code = convert_symbol(token) if token[0] == "\\" else f"{ord(token):x}"
        if not code:
            raise FormulaError(rf"\not before {token}")
        return self.mark("operator", (unicodedata.normalize("NFC", chr(int(code, 16)) + "\u0338"), ""), "x")

    def on_prime(self, reader: Reader, font: str) -> str:
        return self.mark("prime", 1, "x")

    def on_colon(self, reader: Reader, font: str) -> str:
        return self.mark("operator", (":", "punctuation"), "x")

    def on_class(self, reader: Reader, font: str) -> str:
        name = re.sub(r"[^A-Za-z0-9_ -]", "", "".join(reader.argument()))
        return self.mark("class", name, self.argument(reader, font))

    on_htmlClass = on_class

    def on_href(self, reader: Reader, font: str) -> str:
        address = "".join(reader.argument()).replace("\\", "")
        content = self.argument(reader, font)
        return self.mark("link", address, content) if SAFE_LINK.match(address) else f"{{{content}}}"

    def on_color(self, reader: Reader, font: str) -> str:
        color = "".join(reader.argument())
        rest = Reader(reader.tokens[reader.position :], reader.depth)
        reader.position = len(reader.tokens)
        return self.mark("color", color if COLOR.match(color) else "", self.formula(rest, font))

    def on_textcolor(self, reader: Reader, font: str) -> str:
        color = "".join(reader.argument())
        return self.mark("color", color if COLOR.match(color) else "", self.argument(reader, font))

    def on_colorbox(self, reader: Reader, font: str) -> str:
        color = "".join(reader.argument())
        return self.mark("background", color if COLOR.match(color) else "", self.text(reader, ""))

    def on_fcolorbox(self, reader: Reader, font: str) -> str:
        reader.argument()
        return self.mark("class", "boxed", self.on_colorbox(reader, font))

    def on_tag(self, reader: Reader, font: str) -> str:
        starred = reader.peek() == "*"
        if starred:
            reader.next()
        words = "".join(text for _, text in text_runs(reader.argument()))
        return self.mark("text", (words if starred else f"({words})", "tag"), r"\text{x}")

    def on_substack(self, reader: Reader, font: str) -> str:
        return self.table("substack", reader.within(reader.argument()), font, "c")

    # --- environments -------------------------------------------------------------------------------------------------

    def environment(self, reader: Reader, font: str) -> str:
        name, body = reader.environment()
        plain = name.removesuffix("*")
        inside = reader.within(body)
        if plain in MATRICES:
            opening, closing = MATRICES[plain]
            align = "".join(inside.optional() or ["c"]) if name.endswith("*") else "c"
            table = self.table("small" if plain == "smallmatrix" else "matrix", inside, font, align)
            return rf"{{\left{opening} {table}\right{closing} }}" if opening else f"{{{table}}}"
        if plain in CASES:
            opening, closing = (rf"\{side}" if side else "." for side in CASES[plain])
            kind = "dcases" if plain.startswith("d") else "cases"
            return rf"{{\left{opening} {self.table(kind, inside, font, 'l')}\right{closing} }}"
        if plain in ALIGNED:
            if plain in ("alignedat", "alignat"):
                inside.argument()
            inside.optional()
            return self.table("aligned", inside, font, "rcl" if plain == "eqnarray" else "rl")
        if plain in CENTRED:
            inside.optional()
            return self.table("gathered", inside, font, "c")
        if plain in ("array", "subarray"):
            inside.optional()
            align, ruled = columns(inside.argument())
            return self.table("array", inside, font, align, ruled)
        raise FormulaError(f"the environment {name} is not known")

    def table(self, kind: str, reader: Reader, font: str, align: str, ruled: tuple[int, ...] = ()) -> str:
        lines = split(reader.tokens[reader.position :], r"\\", r"\cr")
        rows, rules = [], []
        for place, line in enumerate(lines):
            inside = reader.within(line)
            if place:
                inside.optional() if inside.peek() in ("[", " ") else None
                if inside.peek() == "*":
                    inside.next()
                    inside.optional()
            inside.skip_spaces()
            while inside.peek() in (r"\hline", r"\hdashline", r"\toprule", r"\midrule", r"\bottomrule"):
                inside.next()
                inside.skip_spaces()
                rules.append(len(rows))
            if not inside and place == len(lines) - 1:
                continue
            cells = split(inside.tokens[inside.position :], "&")
            rows.append([self.formula(inside.within(cell), font) for cell in cells])
        body = r"\\".join("&".join(f"{{{cell}}}" for cell in row) for row in rows)
        form = TableForm(kind, align, ruled, tuple(rules))
        return self.mark("table", form, rf"\begin{{matrix}}{body}\end{{matrix}}")


def columns(specification: list[str]) -> tuple[str, tuple[int, ...]]:
    r"""Alignment and ruled places of an array's columns.

    >>> columns(tokens("|l|c@{}r"))
    ('lcr', (0, 1))
    """
    align, ruled, reader = "", [], Reader(specification)
    while reader:
        token = reader.next()
        if token in "lcr":
            align += token
        elif token in "pmb":
            reader.argument()
            align += "l"
        elif token == "|":
            ruled.append(len(align))
        elif token in "@!><":
            reader.argument()
        elif token == "*":
            count = min(int("".join(reader.argument()) or 0), 100)
            inner, _ = columns(reader.argument())
            align += inner * count
    return align or "c", tuple(ruled)

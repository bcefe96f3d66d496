r"""Words and formulas made safe for LaTeX: every character printed, no command that a document must not run.

``escape`` is for words. ``formula`` lets through what ``mathml_commands`` and the table of symbols know; anything else
is printed as its own name, so that ``\input`` or ``\write`` in a quoted formula is only ever seen, never obeyed.
"""

from __future__ import annotations

import re
import unicodedata

from latex2mathml.symbols_parser import convert_symbol

from reports.writers import mathml_commands as known
from reports.writers.alphabets import plain_letter
from reports.writers.macros import expanded
from reports.writers.mathml import convert
from reports.writers.tex import Reader, text_runs, tokens

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # two would join into a dash
}
PUNCTUATION = dict(zip("–—‘’“”«»…•§°€£", (
    *("--", "---", "`", "'", "``", "''", r"\guillemotleft{}", r"\guillemotright{}", r"\ldots{}", r"\textbullet{}"),
    *(r"\S{}", r"\textdegree{}", r"\texteuro{}", r"\pounds{}"),
), strict=True))  # fmt: skip
MATHEMATICS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ϵ": r"\epsilon",
    "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu",
    "µ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "ς": r"\varsigma",
    "τ": r"\tau", "υ": r"\upsilon", "φ": r"\varphi", "ϕ": r"\phi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi", "Σ": r"\Sigma",
    "Υ": r"\Upsilon", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega", "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum",
    "∏": r"\prod", "∫": r"\int", "√": r"\surd", "∞": r"\infty", "≤": r"\le", "≥": r"\ge", "≠": r"\ne",
    "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "×": r"\times", "·": r"\cdot", "⋅": r"\cdot", "÷": r"\div",
    "±": r"\pm", "−": "-", "→": r"\to", "←": r"\leftarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow",
    "⇔": r"\Leftrightarrow", "⟹": r"\Longrightarrow", "⊙": r"\odot", "⊗": r"\otimes", "⊕": r"\oplus",
    "∘": r"\circ", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset", "⊆": r"\subseteq", "∪": r"\cup", "∩": r"\cap",
    "∀": r"\forall", "∃": r"\exists", "∅": r"\emptyset", "⊤": r"\top", "⊥": r"\perp", "‖": r"\Vert", "′": "{}'",
    "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots", "⟨": r"\langle", "⟩": r"\rangle", "ℓ": r"\ell", "ℝ": r"\mathbb{R}",
    "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "𝔼": r"\mathbb{E}", "✓": r"\checkmark", "✗": r"\times", "∝": r"\propto",
    "≪": r"\ll", "≫": r"\gg", "≔": r"\mathrel{:=}", "⊛": r"\circledast", "∣": r"\mid", "∗": "*", "ℒ": r"\mathcal{L}",
}  # fmt: skip
MATHEMATICS |= {raised: f"^{{{letter.strip()}}}" for raised, letter in known.RAISED.items()}
MATHEMATICS |= {lowered: f"_{{{letter}}}" for lowered, letter in known.LOWERED.items()}
COMBINING = {"\u0301": "'", "\u0300": "`", "\u0302": "^", "\u0308": '"', "\u0303": "~", "\u0304": "=", "\u030c": "v"}
COMBINING |= {"\u0307": ".", "\u030a": "r", "\u0327": "c", "\u0328": "k", "\u0306": "u", "\u030b": "H"}
LETTERS = {"ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}"}
LETTERS |= {"œ": r"\oe{}", "Œ": r"\OE{}", "ı": r"\i{}", "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,"}
OUTLINED = {**dict.fromkeys("\\^~{}", "/"), **{character: "\\" + character for character in "$&#%_"}}
JOINED = re.compile(r"\S{12,}")
LONG_WORD = re.compile(r"[^\s\u200b]{24,}")
BREAK = "\u200b"  # where a long word may be broken


def escape(text: str, keep_spaces: bool = False) -> str:
    r"""Words for LaTeX. Long words may be broken; ``keep_spaces`` is for source text.

    >>> escape("50 % of \\alpha_1")
    '50 \\% of \\textbackslash{}alpha\\_1'
    """
    text = unicodedata.normalize("NFC", text)
    text = JOINED.sub(lambda match: re.sub(r"([^\w\s]+)", rf"\1{BREAK}", match.group()), text)
    text = LONG_WORD.sub(lambda match: BREAK.join(re.findall(r".{1,8}", match.group())), text)
    return "".join(_character(character, keep_spaces) for character in text)


def outline(text: str) -> str:
    r"""Words for a PDF's outline and title, where no command works: what has no ASCII letter is named or "?".

    >>> outline("naïve ∂ & 日")
    'naive partial \\& ?'
    """
    parts = []
    for character in unicodedata.normalize("NFC", text):
        base = unicodedata.normalize("NFKD", plain_letter(character))[0]
        if character in MATHEMATICS and not base.isascii():
            parts.append("".join(re.findall("[A-Za-z]+", MATHEMATICS[character])) or "?")
        else:
            parts.append(OUTLINED.get(base, base) if " " <= base < "\x7f" else "?")
    return "".join(parts)


def _character(character: str, keep_spaces: bool) -> str:
    if character == " ":
        return r"\ " if keep_spaces else " "
    if character == BREAK:
        return r"\softbreak{}"
    if character in SPECIAL:
        return SPECIAL[character]
    if " " < character < "\x7f":
        return character
    if character in PUNCTUATION:
        return PUNCTUATION[character]
    if character in LETTERS:
        return LETTERS[character]
    if character in MATHEMATICS:
        return rf"\ensuremath{{{MATHEMATICS[character]}}}"
    if plain_letter(character) != character:
        return _character(plain_letter(character), keep_spaces)
    base, *accents = unicodedata.normalize("NFD", character)
    if accents and base.isascii() and all(accent in COMBINING for accent in accents):
        for accent in accents:
            base = rf"\{COMBINING[accent]}{{{base}}}"
        return base
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return rf"\unknowncharacter{{{ord(character):04X}}}{{}}"
    return rf"\unknowncharacter{{{ord(character):04X}}}{{{character}}}"


# --- formulas ---------------------------------------------------------------------------------------------------------

INNER = {"align": "aligned", "flalign": "aligned", "split": "aligned", "eqnarray": "aligned", "alignat": "alignedat"}
INNER |= {"gather": "gathered", "multline": "gathered", "multlined": "gathered", "subarray": "array"}
GONE = {"equation", "displaymath", "subequations"}
ENVIRONMENTS = {*known.MATRICES, *INNER.values(), *known.CASES, "aligned", "alignedat", "gathered", "array"}
LET_THROUGH = {
    *(*known.FONTS, *known.TEXT, *known.OVER, *known.UNDER, *known.OPERATORS, *known.READ, *known.SPACES),
    *(*known.FENCES, *known.ARROWS, *known.RELATIONS, *known.TRANSPARENT, *known.BOXES),
    *(r"\left", r"\right", r"\middle", r"\limits", r"\nolimits", r"\mathop", r"\operatorname", r"\not", r"\colon"),
    *(r"\prime", r"\substack", r"\class", r"\textcolor", r"\color", r"\\", r"\begin", r"\end", r"\hline"),
    *(r"\{", r"\}", r"\|", r"\%", r"\#", r"\_", r"\&", r"\$", r"\ ", r"\,", r"\;", r"\:", r"\!", r"\>"),
}
ARGUMENT_GONE = {r"\label", r"\cssId", r"\htmlId", r"\style", r"\htmlStyle", r"\htmlData", r"\href"}
IN_FORMULA = {**MATHEMATICS, "′": "'"}


def formula(latex: str, symbols: set[str]) -> str:
    r"""A formula for LaTeX's mathematics; symbols that LaTeX may lack are added to ``symbols``.

    >>> formula(r"\input{secret} + \begin{align*} a &= b \end{align*}", set())
    '\\unknowncommand{input}{secret} + \\begin{aligned} a &= b \\end{aligned}'
    """
    try:
        convert(latex)  # what TeX would stop at, it refuses too
        found = expanded(tokens(latex))
        return "".join(_formula(Reader(found), symbols)).strip()
    except Exception:  # what cannot be read is printed as it was written
        return rf"\text{{\ttfamily {escape(latex)}}}"


def _formula(reader: Reader, symbols: set[str]):
    while reader:
        token = reader.next()
        if token in (r"\begin", r"\end"):
            yield from _environment(token, reader)
        elif token in ARGUMENT_GONE:
            reader.argument()
        elif token == r"\tag":
            starred = reader.peek() == "*" and reader.next()
            words = escape("".join(reader.argument()))
            yield rf"\qquad\text{{{words}}}" if starred else rf"\qquad\text{{({words})}}"
        elif token == r"\htmlClass":
            yield r"\class"
        elif token in known.TEXT:
            yield from _words(token, reader)
        elif token in (r"\colorbox", r"\fcolorbox"):
            for _ in range(2 if token == r"\fcolorbox" else 1):
                reader.argument()
            yield from _words(r"\text", reader)
        elif token in (r"\class", r"\textcolor", r"\color"):
            name = re.sub(r"[^A-Za-z0-9-]", "", "".join(reader.argument()))
            yield rf"\class{{{name}}}" if token == r"\class" else rf"\terms{token[1:]}{{{name}}}"
        elif token in known.DROPPED:
            yield " "
        elif token == r"\mathbb" and (reader.peek() == "1" or reader.tokens[reader.position :][:3] == ["{", "1", "}"]):
            reader.argument()
            yield r"\indicator "
        elif token[0] == "\\":
            yield from _command(token, reader, symbols)
        elif token in IN_FORMULA:
            yield f"{IN_FORMULA[token]} "
        elif token == "#":
            yield r"\#"
        elif token == "$" or not token.isascii():
            yield rf"\text{{{escape(token)}}}"
        else:
            yield token


def _command(token: str, reader: Reader, symbols: set[str]):
    glue = " " if token[1:].isalpha() and reader.peek()[:1].isalpha() else ""
    if token in LET_THROUGH or known.BIG.match(token):
        yield token + glue
    elif token[1:].isalpha() and convert_symbol(token):
        symbols.add(token)
        yield token + glue
    else:
        yield rf"\unknowncommand{{{re.sub('[^A-Za-z]', '', token)}}}"


def _environment(token: str, reader: Reader):
    name = "".join(reader.argument()).replace(" ", "")
    plain = name.removesuffix("*")
    if plain in GONE:
        return
    inner = INNER.get(plain, plain)
    if inner not in ENVIRONMENTS:
        raise ValueError(f"the environment {name} is not known")
    if token == r"\begin" and name.endswith("*") and plain in known.MATRICES:
        reader.optional()
    yield rf"{token}{{{inner}}}"
    if token == r"\begin" and inner in ("array", "alignedat"):
        specification = "".join(t for t in reader.argument() if t in "lcr|" or t.isdigit())
        yield f"{{{specification}}}"


def _words(token: str, reader: Reader):
    reader.skip_spaces()
    inside = "".join(
        f"${formula(content, set())}$" if is_math else escape(content)
        for is_math, content in text_runs(reader.argument())
    )
    yield rf"{token}{{{inside}}}"

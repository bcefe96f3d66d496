"""Names of tensors and dimensions as mathematics: Greek letters, subscripts, accents, differentials.

A name is read once, into a ``Name``, and printed as LaTeX or as plain text. What a reader cannot take for mathematics
(words, foreign scripts) is set upright, and no character that means something to TeX gets through.

>>> name_latex("W1"), name_latex("delta_1"), name_latex("y_bar"), name_latex("dC_dW")
('W_{1}', '\\\\delta_{1}', '\\\\bar{y}', '\\\\frac{\\\\partial C}{\\\\partial W}')
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega"
_UPPER_IN_TEX = frozenset(["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"])
_LETTER = dict(zip(_LOWER.split(), "αβγδεζηθικλμνξοπρστυφχψω", strict=True))
_LETTER |= {name.capitalize(): letter.upper() for name, letter in _LETTER.items()}
_VARIANT = {"varepsilon": "ε", "vartheta": "ϑ", "varphi": "φ", "varrho": "ϱ", "varsigma": "ς", "varpi": "ϖ"}
_LETTER |= _VARIANT | {"ell": "ℓ", "nabla": "∇"}
_SPELLED = {"eps": "varepsilon", "lam": "lambda", "lmbda": "lambda", "sigm": "sigma"}
_FROM_UNICODE = {letter: name for name, letter in reversed(_LETTER.items())} | {"ϕ": "phi", "ϵ": "epsilon"}

_ACCENTS = {
    "bar": ("bar", "\u0304"), "hat": ("hat", "\u0302"), "tilde": ("tilde", "\u0303"), "dot": ("dot", "\u0307"),
    "ddot": ("ddot", "\u0308"), "vec": ("vec", "\u20d7"), "check": ("check", "\u030c"), "breve": ("breve", "\u0306"),
}  # fmt: skip
_FROM_COMBINING = {mark: word for word, (_, mark) in _ACCENTS.items()} | {"\u0301": "acute", "\u0300": "grave"}
_ACCENTS |= {"acute": ("acute", "\u0301"), "grave": ("grave", "\u0300")}
_SUPERSCRIPTS = {"prime": ("'", "′"), "star": (r"\star", "*"), "plus": ("+", "⁺"), "minus": ("-", "⁻")}
_DERIVATIVE = re.compile(r"d(?P<of>[^\W_]\w*?)_d(?P<by>[^\W_]\w*)\Z")
_HEAD = re.compile(r"(?P<letters>\D+?)(?P<digits>\d*)\Z")
_LETTERS_OF_TEX = re.compile(r"[A-Za-z]+\Z")


@dataclass(frozen=True)
class Name:
    """A name's parts: its base, the accents over it, its subscripts and superscripts."""

    base: str
    accents: tuple[str, ...] = ()
    subscripts: tuple[str, ...] = ()
    superscripts: tuple[str, ...] = ()

    def latex(self, indices: str = "") -> str:
        """LaTeX, with ``indices`` (LaTeX of an entry's indices) after it."""
        text = _letters_latex(self.base)
        for accent in self.accents:
            text = rf"\{_ACCENTS[accent][0]}{{{text}}}"
        sub = ",".join(_letters_latex(s) if s else r"\ldots" for s in _shortened(self.subscripts))
        sup = "".join(_SUPERSCRIPTS[s][0] for s in self.superscripts)
        if sub:
            text += f"_{{{sub}}}"
        if sup:
            text += sup if set(sup) == {"'"} else f"^{{{sup}}}"
        if not indices:
            return text
        return f"({text})_{{{indices}}}" if sub or sup else f"{text}_{{{indices}}}"

    def text(self) -> str:
        """Plain text with Unicode letters."""
        base = _letters_text(self.base) + "".join(_ACCENTS[a][1] for a in self.accents)
        sub = "_".join(_letters_text(s) for s in self.subscripts)
        joint = "" if sub.isdigit() and len(_letters_text(self.base)) == 1 else "_"
        base = unicodedata.normalize("NFC", base)
        return base + (joint + sub if sub else "") + "".join(_SUPERSCRIPTS[s][1] for s in self.superscripts)


@lru_cache(maxsize=4096)
def parse_name(name: str) -> Name:
    """The parts of an identifier.

    >>> parse_name("W1_bar")
    Name(base='W', accents=('bar',), subscripts=('1',), superscripts=())
    """
    chunks = [c for c in re.split(r"_+", unicodedata.normalize("NFKC", name)) if c]
    if not chunks:
        return Name("_")
    marks, base, digits = _head(chunks[0])
    subscripts, superscripts = ([digits] if digits else []), []
    for chunk in chunks[1:]:
        if chunk in _ACCENTS:
            marks.append(chunk)
        elif chunk in _SUPERSCRIPTS:
            superscripts.append(chunk)
        else:
            subscripts.append(_FROM_UNICODE.get(chunk, chunk))
    return Name(base, tuple(marks), tuple(subscripts), tuple(superscripts))


def _head(chunk: str) -> tuple[list[str], str, str]:
    """Accents, letters and digits of a name's first part: an accent sits on a single letter, never inside a word."""
    letter, *rest = unicodedata.normalize("NFD", chunk)
    marks = list(itertools.takewhile(lambda c: c in _FROM_COMBINING, rest))
    digits = "".join(rest[len(marks) :])
    if letter in _FROM_UNICODE and not unicodedata.combining((digits + " ")[0]):
        return [_FROM_COMBINING[c] for c in marks], _FROM_UNICODE[letter], digits
    if marks and (not digits or digits.isdigit()):
        return [_FROM_COMBINING[c] for c in marks], letter, digits
    match = _HEAD.match(chunk)
    return ([], match["letters"], match["digits"]) if match else ([], chunk, "")


def is_word(name: str) -> bool:
    """True where the name's base is no single letter, so that a product needs a space beside it."""
    base = parse_name(name).base
    base = _SPELLED.get(base, base)
    return len(base) > 1 and base not in _LETTER


def is_derivative(name: str) -> bool:
    """True for names such as dC_dW, which print as ∂C/∂W."""
    return _DERIVATIVE.match(name) is not None


def base_letter(name: str) -> str:
    """The letter or word that a name starts with, for keeping index letters apart from it."""
    return parse_name(name).base


_LONGEST_WORD = 24  # letters; neither TeX nor a page breaks a word in a formula
_LONGEST_SUBSCRIPT = 30
_KEPT = (2, 3)  # subscripts at the beginning and the end, where names differ


def _shortened(subscripts: tuple[str, ...]) -> tuple[str, ...]:
    """Subscripts with an empty one in the place of those that would make them too long."""
    first, last = _KEPT
    if sum(map(len, subscripts)) <= _LONGEST_SUBSCRIPT or len(subscripts) <= first + last:
        return subscripts
    return *subscripts[:first], "", *subscripts[-last:]


def _letters_latex(word: str) -> str:
    r"""A word as LaTeX; the middle of a very long one is left out.

    >>> print(_letters_latex("averylongnamethatsomebodygave"))
    \mathrm{averylongnam}\ldots\mathrm{bodygave}
    """
    word = _SPELLED.get(word, word)
    if len(word) > _LONGEST_WORD:
        return rf"{_letters_latex(word[:12])}\ldots{_letters_latex(word[-8:])}"
    if word in _UPPER_IN_TEX or word in _VARIANT or word in ("ell", "nabla") or (word in _LETTER and word.islower()):
        return "o" if word == "omicron" else f"\\{word}"
    if word in _LETTER:
        return rf"\mathrm{{{_LATIN_CAPITALS[word]}}}"
    if word.isdigit() or (len(word) == 1 and _LETTERS_OF_TEX.match(word)):
        return word
    if re.fullmatch(r"[A-Za-z0-9]+", word):
        return rf"\mathrm{{{word}}}"
    return rf"\text{{{_harmless(word)}}}"


_LATIN_CAPITALS = dict(
    zip(
        ["Alpha", "Beta", "Epsilon", "Zeta", "Eta", "Iota", "Kappa", "Mu", "Nu", "Omicron", "Rho", "Tau", "Chi"],
        "ABEZHIKMNOPTX",
        strict=True,
    )
)


def _letters_text(word: str) -> str:
    word = _SPELLED.get(word, word)
    return _LETTER.get(word, word)


def _harmless(word: str) -> str:
    """Only letters, digits and marks: everything that TeX could take for a command is dropped."""
    return "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else r"\_" for c in word)


def name_latex(name: str, indices: str = "") -> str:
    r"""LaTeX of an identifier, with ``indices`` for an entry of it.

    >>> name_latex("x_hat"), name_latex("W1", "i j"), name_latex("loss"), name_latex("δ")
    ('\\hat{x}', '(W_{1})_{i j}', '\\mathrm{loss}', '\\delta')
    """
    derivative = _DERIVATIVE.match(name)
    if derivative:
        of, by = parse_name(derivative["of"]), parse_name(derivative["by"])
        return rf"\frac{{\partial {of.latex()}}}{{\partial {by.latex(indices)}}}"
    return parse_name(name).latex(indices)


def name_text(name: str) -> str:
    """Plain text of an identifier.

    >>> name_text("delta_1"), name_text("y_bar"), name_text("W1"), name_text("dC_dW")
    ('δ1', 'ȳ', 'W1', '∂C/∂W')
    """
    derivative = _DERIVATIVE.match(name)
    if derivative:
        return f"∂{name_text(derivative['of'])}/∂{name_text(derivative['by'])}"
    return parse_name(name).text()

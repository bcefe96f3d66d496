r"""The LaTeX dialect. Printers compose pieces; a dialect knows how each is written (``plain`` is the other one).

A ``Piece`` carries the level of its outermost operation, so that brackets are set exactly where they are needed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import ClassVar

import sympy as sp

from symbolic.notation.names import is_derivative, is_word, name_latex
from symbolic.notation.options import Options
from symbolic.program.functions import Function
from symbolic.program.tensors import Tensor

ADD, HADAMARD, MUL, PREFIX, POWER, ATOM = range(1, 7)
_FIRST, _LAST = 5, 2  # terms of a sum that is shortened
_TALL = re.compile(r"\\(frac|sum|prod|begin|sqrt|underbrace|underset|left|max|min|dot|lVert)(?![a-zA-Z])")


@dataclass(frozen=True)
class Piece:
    """A printed expression: its text, the level of its outermost operation, and its terms if it is a sum.

    ``words``: whether it begins and ends in upright letters, so that a product needs a space beside it. ``open``: a sum
    sign whose body extends to the right.
    """

    text: str
    level: int = ATOM
    words: tuple[bool, bool] = (False, False)
    open: bool = False
    terms: tuple[tuple[bool, str], ...] = ()


class Latex:
    """LaTeX that both a basic TeX installation and MathML converters read."""

    dot = r" \cdot "
    dots = r"\overset{{{}}}{{\cdots}}"
    hadamard_sign = r" \odot "
    quotient_sign = r" \oslash "
    relations: ClassVar[dict[str, str]] = {"<": "<", "<=": r"\le", "=": "=", "in": r"\in"}
    opposites: ClassVar[dict[str, str]] = {"<": r"\ge", ">": r"\le", r"\le": ">", r"\ge": "<", "=": r"\ne", r"\ne": "="}
    unequal, negation = r"\ne", r"\neg "
    indicator_form = r"\\mathbf\{1\}(?:\\left)?\[((?:[^\[\]]|\[[^\[\]]*\])*?)(?:\\right)?\]"

    def __init__(self, options: Options = Options()):  # noqa: B008 - frozen
        self.options = options

    def without_shapes(self) -> Latex:
        """The same dialect for what already has a shape under it."""
        return type(self)(replace(self.options, shapes=False))

    # -- names and numbers

    def tensor(self, t: Tensor, indices: Sequence[str] = ()) -> Piece:
        """A tensor's name, an entry of it, or the well-known function that it is."""
        joined = joined_indices(indices)
        if t.tex is not None and balanced(t.tex):
            text = t.tex
            if joined:
                text = f"({text})_{{{joined}}}" if re.search(r"[_^+\-= ]|\\frac", text) else f"{text}_{{{joined}}}"
            word = "{" in t.tex or " " in t.tex
        else:
            label = generated_name(t)
            text, word = name_latex(label, joined), is_word(label) and not is_derivative(label)
        level = PREFIX if text.startswith(r"\frac") else POWER if has_superscript(text) else ATOM
        return Piece(self.coloured(t, text), level, (word, word))

    def coloured(self, t: Tensor, text: str) -> str:
        """The text in its tensor's colour class."""
        colour = self.options.palette.colour(t)
        return rf"\class{{{colour}}}{{{text}}}" if colour else text

    def symbol(self, name: str) -> Piece:
        """A dimension."""
        return Piece(name_latex(name), ATOM, (is_word(name),) * 2)

    def constant(self, e: sp.Expr) -> Piece:
        """π, e, ∞."""
        return Piece({sp.pi: r"\pi", sp.E: "e", sp.oo: r"\infty", sp.EulerGamma: r"\gamma"}.get(e) or sp.latex(e))

    def array(self, rows: Sequence[Sequence[str]]) -> Piece:
        """A small matrix of numbers."""
        inner = r" \\ ".join(" & ".join(row) for row in rows)
        return Piece(rf"{{\begin{{pmatrix}} {inner} \end{{pmatrix}}}}")

    # -- algebra

    def bracket(self, text: str) -> str:
        """Parentheses as tall as what they hold."""
        return rf"\left({text}\right)" if _TALL.search(text) else f"({text})"

    def at_least(self, piece: Piece, level: int) -> str:
        """The text, bracketed unless its level is high enough."""
        return piece.text if piece.level >= level else self.bracket(piece.text)

    def fraction(self, numerator: str, denominator: str) -> Piece:
        """numerator / denominator."""
        return Piece(rf"\frac{{{numerator}}}{{{denominator}}}", PREFIX)

    def power(self, base: Piece, exponent: str) -> Piece:
        """base^exponent; trigonometric functions carry a whole exponent at their name."""
        if base.text.startswith("\\") and base.level == PREFIX and exponent.isdigit():
            match = re.match(r"\\(sin|cos|tan|sinh|cosh|tanh)(?=\(|\\left)", base.text)
            if match:
                end = match.end()
                return replace(base, text=f"{base.text[:end]}^{{{exponent}}}{base.text[end:]}")
        text = self.at_least(base, ATOM)
        return Piece(f"{text}^{{{exponent}}}", POWER, (base.words[0] and text == base.text, False))

    def root(self, text: str) -> Piece:
        """√text."""
        return Piece(rf"\sqrt{{{text}}}", ATOM)

    def times(self, pieces: Sequence[Piece]) -> Piece:
        """Factors side by side."""
        return juxtaposed(self, pieces, " ", r"\,", self.dot)

    def plus(self, terms: Sequence[tuple[bool, Piece]]) -> Piece:
        """A sum of signed terms."""
        parts = self.shortened([(negative, self.at_least(p, HADAMARD)) for negative, p in terms])
        return Piece(joined_terms(parts), ADD, terms=parts)

    def shortened(self, terms: Sequence[tuple[bool, str]]) -> tuple[tuple[bool, str], ...]:
        """The terms of a sum, the middle ones of a longer one than was asked for left out."""
        return shortened(terms, self.options.terms, self.dots)

    def negative(self, piece: Piece) -> Piece:
        """−piece."""
        return Piece("-" + self.at_least(piece, MUL), ADD, terms=((True, self.at_least(piece, MUL)),))

    def product(
        self, number: sp.Rational, above: Sequence[tuple[Piece, bool]], below: Sequence[Piece], scalar_below: bool
    ) -> Piece:
        """A product of a number, factors (each with whether it is a mere number or dimension) and divisors.

        Over a divisor of numbers and dimensions stand only such, and the rest follows; over any other, all but sums.
        """
        if number == 0:
            return Piece("0")
        size, signed = abs(number), number < 0
        divisors = ([Piece(str(size.q))] if size.q != 1 else []) + list(below)
        numerators = [Piece(str(size.p))] if size.p != 1 else []
        if not divisors:
            whole = self.times([*numerators, *(p for p, _ in above)]) if numerators or above else Piece("1")
            return self.negative(whole) if signed else whole
        under = self.times(divisors).text
        plain = numerators + [p for p, is_plain in above if is_plain]
        rest = [p for p, is_plain in above if not is_plain]
        if not scalar_below:
            closed = [p for p in rest if not p.open]
            plain, rest = (plain + closed, [p for p in rest if p.open]) if plain or closed else (rest[:1], rest[1:])
        over = self.times(plain) if plain else Piece("1")
        whole = self.times([self.fraction(over.text, under), *rest])
        return self.negative(whole) if signed else whole

    # -- functions, sums and conditions

    divides = r"\mid"

    def log(self, text: str) -> str:
        """log text."""
        return rf"\log {text}"

    def stacked(self, lines: Sequence[str]) -> str:
        """Conditions under a sum sign, one above the other."""
        return "\\substack{" + r" \\ ".join(lines) + "}" if len(lines) > 1 else lines[0]

    def entry_of(self, whole: Piece, indices: Sequence[str]) -> Piece:
        """An entry of a printed expression."""
        joined = joined_indices(indices)
        closed = re.fullmatch(r"\\operatorname\{\w+\}(\(.*\)|\\left\(.*\\right\))", whole.text)
        base = whole.text if closed or whole.level >= ATOM else self.bracket(whole.text)
        return Piece(f"{base}_{{{joined}}}", ATOM, whole.words)

    def function(self, row: Function, arguments: Sequence[Piece], elementwise: bool = False) -> Piece:
        """A function of the table through its template."""
        if row.name == "exp":
            if elementwise or _TALL.search(arguments[0].text):
                return Piece(rf"\exp{self.bracket(arguments[0].text)}", PREFIX)
            return Piece(f"e^{{{arguments[0].text}}}", POWER)
        template = row.latex
        for position in range(len(arguments)):
            template = template.replace(rf" \left({{{position}}}\right)", rf"\left({{{position}}}\right)")
        text = template.format(*(a.text for a in arguments))
        if not any(_TALL.search(a.text) for a in arguments):
            text = _loosened(text)
        if row.name == "xlogy":
            return Piece(rf"{self.at_least(arguments[0], MUL)} \log{self.bracket(arguments[1].text)}", MUL)
        if row.name == "where" and {arguments[1].text, arguments[2].text} == {"0", "1"}:
            return self.indicator(self.condition(arguments[0], arguments[1].text == "0"))
        if row.name == "where":
            condition = self.condition(arguments[0])
            rows = rf"{arguments[1].text} & {condition} \\ {arguments[2].text} & \text{{otherwise}}"
            return Piece(rf"\begin{{cases}} {rows} \end{{cases}}", MUL)
        closed = text.startswith((r"|", r"\left|", r"\left\l", r"\mathbb", r"\mathbf", r"\lfloor", r"\lceil", "["))
        return Piece(text, ATOM if closed else PREFIX)

    def condition(self, piece: Piece, denied: bool = False) -> str:
        """What stands beside a case: the relation inside an indicator, else that the value is not zero."""
        parts = list(re.finditer(self.indicator_form, piece.text))
        between = re.sub(self.indicator_form, "", piece.text).replace(self.hadamard_sign.strip(), "")
        whole = not between.strip()
        relation = ", ".join(m[1] for m in parts) if parts and whole else f"{piece.text} {self.unequal} 0"
        signs = [s for s in self.opposites if relation.count(f" {s} ") == 1 and len(parts) <= 1]
        if not denied:
            return relation
        if len(signs) == 1:
            return relation.replace(f" {signs[0]} ", f" {self.opposites[signs[0]]} ")
        return f"{self.negation}{self.bracket(relation)}"

    def reduction(self, operator: str, kind: str, below: str, above: str, body: Piece) -> Piece:
        """A sum or another reduction with its limits in front of its body."""
        limits = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
        inner = self.at_least(body, MUL)
        if kind in ("argmax", "argmin"):
            sign = rf"\underset{{{below}}}{{{operator}}}\,"
            return Piece(f"{sign} {inner}", MUL, open=True)
        if kind == "logsumexp":
            return Piece(rf"\log \sum{limits} {self.function_exp(body)}", MUL, open=True)
        return Piece(f"{operator}{limits} {inner}", MUL, open=True)

    def function_exp(self, body: Piece) -> str:
        """e^body."""
        return f"e^{{{body.text}}}" if not _TALL.search(body.text) else rf"\exp{self.bracket(body.text)}"

    def delta(self, i: str, j: str) -> Piece:
        """Kronecker's delta."""
        return Piece(rf"\delta_{{{i} {j}}}" if len(i) == len(j) == 1 else rf"\delta_{{{i}, {j}}}")

    def indicator(self, condition: str) -> Piece:
        """1 where the condition holds, else 0."""
        return Piece(rf"\mathbf{{1}}[{condition}]")

    def relation(self, left: str, sign: str, right: str) -> str:
        """left < right and the like."""
        return f"{left} {self.relations[sign]} {right}"

    def member(self, j: str, name: str, i: str) -> str:
        """j ∈ UP(i), a condition on the indices of a wiring."""
        return self.relation(j, "in", f"{name}({i})")

    def quotient(self, e: str, n: str) -> Piece:
        """The whole part of e/n."""
        return Piece(rf"\lfloor {e} / {n} \rfloor")

    def remainder(self, e: str, n: str) -> Piece:
        """e mod n."""
        return Piece(rf"{e} \bmod {n}", MUL)

    def derivative(self, of: str, by: Sequence[str]) -> Piece:
        """∂of/∂by; the same variable twice is squared."""
        power = f"^{{{len(by)}}}" if len(by) > 1 else ""
        groups = [(v, len(list(run))) for v, run in itertools.groupby(by)]
        below = r" \, ".join(rf"\partial {v}" + (f"^{{{n}}}" if n > 1 else "") for v, n in groups)
        return Piece(rf"\frac{{\partial{power} {of}}}{{{below}}}")

    # -- matrices

    def transpose(self, piece: Piece) -> Piece:
        """pieceᵀ."""
        if piece.level == POWER and piece.text.endswith("^{-1}"):
            return replace(piece, text=piece.text[: -len("^{-1}")] + r"^{-\top}")
        closed = piece.level == PREFIX and piece.text.endswith(")")
        inner = piece.text if closed else self.at_least(piece, ATOM)
        return Piece(inner + r"^{\top}", POWER, piece.words if inner == piece.text else (False, False))

    def call(self, name: str, *arguments: str) -> Piece:
        r"""\operatorname{name}(arguments)."""
        return Piece(rf"\operatorname{{{name}}}{self.bracket(', '.join(arguments))}", ATOM)

    def call_of(self, tex: str, arguments: Sequence[Piece]) -> Piece:
        """A well-known function, given as LaTeX: a template with {0}, a command, or a plain name."""
        if "{0}" in tex:
            return self.template(tex, arguments)
        inner = self.bracket(", ".join(a.text for a in arguments))
        return Piece((tex if tex.startswith("\\") else rf"\operatorname{{{tex}}}") + inner, ATOM)

    def template(self, latex: str, arguments: Sequence[Piece]) -> Piece:
        """A primitive's template; an operand that is not already enclosed is bracketed where it needs it."""
        parts = list(Formatter().parse(latex))
        text = ""
        for position, (literal, field, _, _) in enumerate(parts):
            text += literal
            if field is None:
                continue
            a, following = arguments[int(field)], parts[position + 1][0] if position + 1 < len(parts) else ""
            if not following and re.search(r"\\(operatorname\{[^}]*\}|[a-zA-Z]+) $", text):
                text = text.removesuffix(" ") + self.bracket(a.text)
            elif re.search(r"[(\[|,{]\s*$", text) and re.match(r"\s*(\\right)?[)\]|,}]", following):
                text += a.text
            else:
                last = 0 < position == len(parts) - 1  # A⁻¹B is a product
                text += self.at_least(a, MUL if last else ATOM)
        if not any(_TALL.search(a.text) for a in arguments):
            text = _loosened(text)
        several = sum(field is not None for _, field, _, _ in parts) > 1 and parts[-1][1] is not None
        power = re.search(r"\^\{?[^{}]*\}?$", text)
        level = MUL if several else POWER if power else PREFIX if text.startswith("\\") else ATOM
        return Piece(text, level)

    def extremum(self, kind: str, text: str) -> Piece:
        """max or min of all entries."""
        return Piece(rf"\{kind}{self.bracket(text)}", PREFIX)

    def hadamard(self, above: Sequence[Piece], below: Sequence[Piece]) -> Piece:
        """Entry by entry: the product of ``above``, divided by the product of ``below``."""

        def factor(p: Piece) -> str:
            chained = p.level == HADAMARD and self.quotient_sign not in p.text and not p.text[:1].isdigit()
            return p.text if chained else self.at_least(p, PREFIX)

        text = self.hadamard_sign.join(map(factor, above))
        if below:
            under = self.hadamard_sign.join(self.at_least(p, PREFIX) for p in below)
            text += self.quotient_sign + (self.bracket(under) if len(below) > 1 else under)
        return Piece(text, HADAMARD) if len(above) + len(below) > 1 else above[0]

    kronecker_sign = r" \otimes "

    def kronecker(self, pieces: Sequence[Piece]) -> Piece:
        """A Kronecker product, its factors bracketed unless they are single symbols or calls."""
        return Piece(self.kronecker_sign.join(self.at_least(p, POWER) for p in pieces), HADAMARD)

    def ones(self) -> Piece:
        """The column of ones."""
        return Piece(r"\mathbf{1}")

    def identity(self) -> Piece:
        """The identity matrix."""
        return Piece("I")

    def norm(self, text: str, kind: str) -> Piece:
        """‖text‖ with the kind as its subscript."""
        tall = _TALL.search(text)
        bars = (r"\left\lVert ", r" \right\rVert") if tall else (r"\lVert ", r" \rVert")
        return Piece(bars[0] + text + bars[1] + (f"_{{{kind}}}" if kind else ""))

    def elementwise_power(self, base: Piece, exponent: str) -> Piece:
        """Entry by entry base^exponent."""
        return Piece(rf"{self.at_least(base, ATOM)}^{{\odot {exponent}}}", POWER)

    def shape_under(self, text: str, rows: str, columns: str) -> str:
        """The text with its shape under it."""
        return rf"\underbrace{{{text}}}_{{{rows} \times {columns}}}"


def _loosened(text: str) -> str:
    r"""Without \left and \right, which only tall content needs (they add space)."""
    text = re.sub(r"\\left([(\[|])", r"\1", text)
    text = re.sub(r"\\right([)\]|])", r"\1", text)
    return text.replace(r"\left\l", r"\l").replace(r"\right\r", r"\r")


def juxtaposed(dialect: Latex, pieces: Sequence[Piece], thin: str, wide: str, dot: str) -> Piece:
    kept = [p for p in pieces if p.text]
    if len(kept) == 1:
        return kept[0]
    text = ""
    for position, p in enumerate(kept):
        last = position == len(kept) - 1
        part = dialect.bracket(p.text) if p.level < MUL or (p.open and not last) else p.text
        if position:
            before = kept[position - 1]
            digit = part[:1] in tuple("0123456789") and text[-1:].isalnum()
            bracketed = part != p.text
            spaced = not bracketed and (p.words[0] or before.words[1]) and not part.startswith(("(", r"\left("))
            text += dot if digit else wide + (" " if wide == r"\," else "") if spaced else thin
        text += part
    return Piece(text, MUL, (kept[0].words[0], kept[-1].words[1]), kept[-1].open)


def joined_terms(terms: Sequence[tuple[bool, str]]) -> str:
    """Signed terms as one line."""
    first, *rest = terms
    return ("-" if first[0] else "") + first[1] + "".join((" - " if n else " + ") + text for n, text in rest)


def shortened(
    terms: Sequence[tuple[bool, str]], most: int | None, dots: str = Latex.dots
) -> tuple[tuple[bool, str], ...]:
    r"""Signed terms, of more than ``most`` the first and last with ``dots`` between them, which say how many are left out.

    >>> shortened([(False, f"a_{k}") for k in range(9)], 8)[4:]
    ((False, 'a_4'), (False, '\\overset{2}{\\cdots}'), (False, 'a_7'), (False, 'a_8'))
    """
    if most is None or len(terms) <= most:
        return tuple(terms)
    return (*terms[:_FIRST], (False, dots.format(len(terms) - _FIRST - _LAST)), *terms[-_LAST:])


def joined_indices(indices: Sequence[str]) -> str:
    """Letters side by side, anything else apart by commas."""
    return (" " if all(len(i) == 1 and i.isalpha() for i in indices) else ", ").join(indices)


def balanced(latex: str) -> bool:
    """True where braces, \\left/\\right and environments pair up."""
    depth = 0
    for c in re.sub(r"\\.", "", latex):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    lefts = len(re.findall(r"\\left(?![a-zA-Z])", latex)) - len(re.findall(r"\\right(?![a-zA-Z])", latex))
    return depth == 0 and lefts == 0 and latex.count(r"\begin{") == latex.count(r"\end{")


def has_superscript(latex: str) -> bool:
    r"""Whether a second superscript would clash: ``W^{(2)}`` has one, ``h_{k^2}`` has none.

    >>> has_superscript("W^{(2)}_i"), has_superscript("h_{k^2}")
    (True, False)
    """
    depth = 0
    for c in re.sub(r"\\.", "", latex):
        depth += (c == "{") - (c == "}")
        if c == "^" and depth == 0:
            return True
    return False


def generated_name(t: Tensor) -> str:
    """The name, or for an unnamed tensor t with its serial number."""
    return t.name or f"t_{t.serial}"

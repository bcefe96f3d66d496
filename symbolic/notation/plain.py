"""The plain-text dialect, in Unicode, for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import sympy as sp

from symbolic.notation.dialect import ADD, ATOM, MUL, POWER, Latex, Piece, generated_name, juxtaposed
from symbolic.notation.names import name_text
from symbolic.program.functions import Function
from symbolic.program.tensors import Tensor


class Text(Latex):
    """Plain text for a terminal, in Unicode."""

    dot = "·"
    dots = "… ({}) …"
    hadamard_sign = " ⊙ "
    quotient_sign = " ⊘ "
    kronecker_sign = " ⊗ "
    relations: ClassVar[dict[str, str]] = {"<": "<", "<=": "≤", "=": "=", "in": "∈"}
    opposites: ClassVar[dict[str, str]] = {"<": "≥", ">": "≤", "≤": ">", "≥": "<", "=": "≠", "≠": "="}
    unequal, negation = "≠", "not "
    indicator_form = r"(?<!\w)\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]"

    def tensor(self, t: Tensor, indices: Sequence[str] = ()) -> Piece:
        name = name_text(generated_name(t))
        return Piece(f"{name}[{', '.join(indices)}]" if indices else name)

    def symbol(self, name: str) -> Piece:
        return Piece(name_text(name))

    def constant(self, e: sp.Expr) -> Piece:
        return Piece({sp.pi: "π", sp.E: "e", sp.oo: "∞"}.get(e) or str(e))

    def array(self, rows: Sequence[Sequence[str]]) -> Piece:
        return Piece("[" + "; ".join(", ".join(row) for row in rows) + "]")

    def bracket(self, text: str) -> str:
        return f"({text})"

    divides = "divides"

    def log(self, text: str) -> str:
        return f"log {text}"

    def stacked(self, lines: Sequence[str]) -> str:
        return ", ".join(lines)

    def entry_of(self, whole: Piece, indices: Sequence[str]) -> Piece:
        return Piece(f"{self.at_least(whole, ATOM)}[{', '.join(indices)}]")

    def fraction(self, numerator: str, denominator: str) -> Piece:
        def side(text: str) -> str:
            simple = r"[\w.]*(\[[\w, ]*\])?|[\w√]*\([^()]*\)|‖[^‖]*‖"
            return text if re.fullmatch(simple, text) else f"({text})"

        return Piece(f"{side(numerator)}/{side(denominator)}", MUL)

    def power(self, base: Piece, exponent: str) -> Piece:
        inner = exponent if re.fullmatch(r"\w+", exponent) else f"({exponent})"
        return Piece(f"{self.at_least(base, ATOM)}^{inner}", POWER)

    def root(self, text: str) -> Piece:
        return Piece(f"√({text})", ATOM)

    def times(self, pieces: Sequence[Piece]) -> Piece:
        return juxtaposed(self, pieces, " ", " ", "·")

    def negative(self, piece: Piece) -> Piece:
        return Piece("-" + self.at_least(piece, MUL), ADD, terms=((True, self.at_least(piece, MUL)),))

    def function(self, row: Function, arguments: Sequence[Piece], elementwise: bool = False) -> Piece:
        texts = [a.text for a in arguments]
        if row.name == "where" and set(texts[1:]) == {"0", "1"}:
            return self.indicator(self.condition(arguments[0], texts[1] == "0"))
        if row.name in _TEXT_FORMS:
            return Piece(_TEXT_FORMS[row.name].format(*texts))
        return Piece(f"{row.name}({', '.join(texts)})")

    def reduction(self, operator: str, kind: str, below: str, above: str, body: Piece) -> Piece:
        sign = {"sum": "Σ", "prod": "Π"}.get(kind, kind)
        name, equals, low = below.partition(" = ")
        limits = (f"{name}={low}..{above}" if above else below) if equals or above else below
        return Piece(f"{sign}_{{{limits}}} {self.at_least(body, MUL)}", MUL, open=True)

    def delta(self, i: str, j: str) -> Piece:
        return Piece(f"δ[{i}, {j}]")

    def indicator(self, condition: str) -> Piece:
        return Piece(f"[{condition}]")

    def quotient(self, e: str, n: str) -> Piece:
        return Piece(f"⌊{e}/{n}⌋")

    def remainder(self, e: str, n: str) -> Piece:
        return Piece(f"{e} mod {n}", MUL)

    def derivative(self, of: str, by: Sequence[str]) -> Piece:
        order = len(by)
        power = f"^{order}" if order > 1 else ""
        return Piece(f"∂{power}{of}/" + "".join(f"∂{v}" for v in by), MUL)

    def transpose(self, piece: Piece) -> Piece:
        return Piece(f"{self.at_least(piece, ATOM)}ᵀ", POWER)

    def call(self, name: str, *arguments: str) -> Piece:
        return Piece(f"{name.replace(chr(92) + ',', '')}({', '.join(arguments)})")

    def call_of(self, tex: str, arguments: Sequence[Piece]) -> Piece:
        return self.call(plain_text(tex), *(a.text for a in arguments))

    def template(self, latex: str, arguments: Sequence[Piece]) -> Piece:
        piece = super().template(latex, arguments)
        return Piece(plain_text(piece.text), piece.level)

    def extremum(self, kind: str, text: str) -> Piece:
        return Piece(f"{kind}({text})")

    def ones(self) -> Piece:
        return Piece("𝟏")

    def norm(self, text: str, kind: str) -> Piece:
        return Piece(f"‖{text}‖" + (f"_{kind}" if kind else ""))

    def elementwise_power(self, base: Piece, exponent: str) -> Piece:
        return Piece(f"{self.at_least(base, ATOM)}^⊙{exponent}", POWER)

    def shape_under(self, text: str, rows: str, columns: str) -> str:
        return f"{text} [{rows}×{columns}]"

    def coloured(self, t: Tensor, text: str) -> str:
        return text


def plain_text(latex: str) -> str:
    """A short LaTeX template as plain text."""
    text = re.sub(r"\\(?:operatorname|mathrm|text|mathbf)\{([^{}]*)\}", r"\1", latex)
    text = text.replace(r"^{-1}", "⁻¹").replace(r"^{\top}", "ᵀ").replace(r"^{-\top}", "⁻ᵀ").replace(r"^{+}", "⁺")
    return re.sub(r"\\(?:left|right|,|;|!)|[\\{}]", "", text).strip()


_TEXT_FORMS = {
    "sigmoid": "σ({0})", "absolute": "|{0}|", "step": "[{0} > 0]", "less": "[{0} < {1}]", "less_equal": "[{0} ≤ {1}]",
    "equal": "[{0} = {1}]", "floor": "⌊{0}⌋", "ceil": "⌈{0}⌉", "maximum": "max({0}, {1})", "minimum": "min({0}, {1})",
}  # fmt: skip

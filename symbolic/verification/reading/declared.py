"""The record of what a document declares, and what its front matter and its prose on conventions put into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from symbolic.verification.reading.pieces import Source

PROPERTIES = {
    "symmetric": "symmetric", "one-hot": "one_hot", "onehot": "one_hot", "positive definite": "positive_definite",
    "positive-definite": "positive_definite", "invertible": "invertible", "non-singular": "invertible", "nonsingular": "invertible",
    "regular": "invertible", "orthogonal": "orthogonal", "diagonal": "diagonal", "positive": "positive", "nonzero": "nonzero",
    "non-zero": "nonzero", "probability": "probability", "binary": "binary", "0/1": "binary", "0-1": "binary", "zero-one": "binary", "lower triangular": "lower_triangular",
    "lower-triangular": "lower_triangular", "spd": "positive_definite",
    "simmetrica": "symmetric", "simmetriche": "symmetric", "symmetrisch": "symmetric", "symmetrische": "symmetric",
    "symétrique": "symmetric", "symétriques": "symmetric", "simétrica": "symmetric", "simétricas": "symmetric",
    "definita positiva": "positive_definite", "positiv definit": "positive_definite", "positiv definite": "positive_definite",
    "définie positive": "positive_definite", "definida positiva": "positive_definite", "invertibile": "invertible",
    "invertierbar": "invertible", "invertierbare": "invertible", "inversible": "invertible", "ortogonale": "orthogonal",
    "orthogonale": "orthogonal", "ortogonal": "orthogonal", "diagonale": "diagonal", "positivo": "positive", "positiva": "positive",
    "positivi": "positive", "positif": "positive", "positives": "positive", "positifs": "positive", "positivos": "positive",
    "positivas": "positive", "positiven": "positive", "positiver": "positive",
}  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """One declared name: the extents as names or numbers, what is assumed, where."""

    name: str
    shape: tuple[str, ...]
    tex: str
    place: int
    row: bool = False
    dtype: str = "real"
    assume: frozenset[str] = frozenset()
    sample: str = ""


@dataclass(frozen=True)
class Kin:
    """The matrix of which vectors are the rows or the columns, and the letter that counts them if one does."""

    matrix: str
    columns: bool = False
    sample: str = ""


@dataclass
class Declarations:
    """What a whole document declares."""

    names: dict[str, Declared] = field(default_factory=dict)
    assume: dict[str, set[str]] = field(default_factory=dict)
    perhaps: dict[str, set[str]] = field(default_factory=dict)
    """What is assumed of a symbol in some lines only: "if A is symmetric"."""
    roles: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    layout: dict[str, str] = field(default_factory=dict)
    otimes: str = ""
    einstein: bool = False
    layers: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    kin: dict[str, Kin] = field(default_factory=dict)
    """The name x of vectors x_i that a declared matrix holds."""
    families: dict[str, str] = field(default_factory=dict)
    """The name of the list u_1, …, u_K where u alone is another vector."""
    columns: set[str] = field(default_factory=set)
    """Names x of which a matrix holds the x_i as its columns, or the x_i⊤ as its rows, so that x_i is a column."""
    last_layers: dict[str, str] = field(default_factory=dict)
    of_time: dict[str, str] = field(default_factory=dict)
    """What is declared as a function of time, A of A(t), with its argument."""
    instances: set[str] = field(default_factory=set)
    """Names of single layers and steps, W_2 or h_3, whose shapes the declaration of the generic one tells."""
    prose: str = ""
    told: set[int] = field(default_factory=set)
    """Where lines stand that only say what a symbol is."""
    supplied: set[str] = field(default_factory=set)
    """Names that the document does not declare, entered with the shapes that its formulas together tell."""
    customary: set[str] = field(default_factory=set)
    """Matrices among them that by custom alone hold the items of a list as rows: X of x_1, …, x_n."""


def state_conventions(found: Declarations, mathematics: str) -> None:
    """Layouts and signs that the prose explains."""
    text = re.sub(r"[*_\s]+", " ", found.prose.lower())
    found.einstein = bool(
        re.search(
            r"einstein(?:'s|ian)?\b[^.]{0,30}\b(?:summation|sum|convention|notation)|summation convention|repeated ind(?:ex|ices) (?:is|are|mean|imply)",
            text,
        )
    ) and not re.search(r"\b(?:no|not|without|never)\b[^.]{0,25}(?:einstein|summation convention)", text)
    if re.search(r"numerator[- ]layout", text):
        found.layout.update(jacobian="numerator", gradient="row")
    if re.search(r"denominator[- ]layout", text):
        found.layout.update(jacobian="denominator", gradient="column")
    if re.search(
        r"(derivative|gradient)s?\b[^.]{0,90}\b(is|are|as|be)( an?| always| written as)* rows?\b|row[- ](vector )?convention|gradients? (is|are)( an?)? row",
        text,
    ):
        found.layout["gradient"] = "row"
    elif re.search(
        r"(derivative|gradient)s?\b[^.]{0,90}\b(is|are|as|be)( an?| always| written as)* columns?\b|gradients? (is|are)( an?)? column|column[- ](vector )?convention",
        text,
    ):
        found.layout["gradient"] = "column"
    if (
        "\\odot" not in mathematics
        and "\\circ" not in mathematics
        and re.search(r"(element|entry|component|coordinate)[- ]?wise (product|multiplication)|hadamard", text)
    ):
        found.otimes = "hadamard"


def read_front(found: Declarations, source: Source) -> None:
    """Front matter: ``W: m n, symmetric``, ``layout: row``."""
    for key, value, place in source.front:
        if key.lower() == "layout":
            for word in re.findall(r"[a-z]+", value.lower()):
                if word in ("row", "column"):
                    found.layout["gradient"] = word
                elif word in ("numerator", "denominator"):
                    found.layout["jacobian"] = word
                    found.layout.setdefault("gradient", "row" if word == "numerator" else "column")
            continue
        parts = [p.strip() for p in value.split(",")]
        shape = re.sub(
            r"\\mathbb\{R\}|ℝ|\^|[{}()\[\]]|\\times|×|(?<=\s)x(?=\s)|(?<=[\w])\s*x\s*(?=\d|[a-z]\b)", " ", parts[0]
        )
        if not re.fullmatch(r"[\w\s]*|scalar", shape) or key.lower() in (
            "title",
            "author",
            "date",
            "lang",
            "output",
            "tags",
            "subtitle",
        ):
            continue
        sizes = () if shape.strip() in ("scalar", "R", "") else tuple(w for w in shape.split() if w != "R")
        for name in re.split(r"[\s,]+", key):
            if not re.fullmatch(r"\\?\w+", name):
                continue
            clean = name.lstrip("\\")
            found.names[clean] = Declared(clean, sizes, name, place)
            found.assume.setdefault(clean, set()).update(
                PROPERTIES[p.lower()] for p in parts[1:] if p.lower() in PROPERTIES
            )

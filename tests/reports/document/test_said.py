"""Whatever the judges can say is in the catalogue: a sentence that is written in their code and missing there fails here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import numeric.checking
import symbolic.verification
from reports.document.catalogue import catalogue
from reports.document.said import label, mistake, recognised, said
from symbolic.calculus.conditions import TIES
from symbolic.program.functions import FUNCTIONS
from symbolic.program.primitives import PRIMITIVES
from symbolic.verification.diagnosis.mistakes import MISTAKES
from symbolic.verification.reading import declared

FILES = [f for room in (symbolic.verification, numeric.checking) for f in sorted(Path(room.__path__[0]).rglob("*.py"))]
FILLED = "Q7"  # what stands for a field
CODE = re.compile(r"\.\w+\(|\*\*|\*|\{m\}|\\|<|\(\?|\.[*+]|\w\|\w|\n")  # programs, regular expressions, markup
SPOKEN = {"exp", "relu", "sin", "softplus", "tanh"}
VOCABULARY = {*declared.PROPERTIES, *declared.PROPERTIES.values()}  # words that documents are read by

# Pieces of sentences that the catalogue has whole.
PARTS = {
    "Q7 is Q7, differences of the forward function give Q7",
    " and along Q7 random directions",
    "equal to differences of the forward function in Q7 entriesQ7, at Q7",
    "no gradient by {} was found under a name like grad_{}",
    " (Q7 may be it)",
    "line Q7",
    ": Q7 is wrong",
    "Q7, at Q7",
    "; lineQ7 Q7 followQ7 from it",
    "; Q7 Q7 correctly from it",
    "two Q7 are multiplied, Q7 and Q7: Q7",
    "write x⊤y for the inner product, xy⊤ for the outer one or x⊙y entry by entry",
    "one of them should be transposed",
    "; the Q7 factor's transpose would fit",
    "; one of them is transposed",
    " (Q7 is declared)",
    "Q7_Q7 may be a row or a column of Q7",
    "so this would be 0",
    "Q7; write the limits of the sum",
    "; expected Q7",
    "one choice of sizes",
    "Q7 choices of sizes",
    "equal in all Q7 entries at Q7 random points (Q7) in numbers of 30 to 110 digits, and at Q7 further points in floats",
    ", where the difference has degree at most Q7",
    " (by Schwartz and Zippel a chance below 10^-Q7 of an accident)",
    "as it is read it does not hold, but ",
    "it does Q7",
    "it is no claim Q7",
    "Q7; say which is meant",
    "is not declared and read as",
    "is not defined: it is read as",
    "at Q7: ",
    "entry Q7 of the claim",
    "Q7Q7 is Q7, the truth is Q7",
    "with value",
    "real number",
    "the value is Q7; right Q7",
    "Q7: the claim is Q7 times the truth",
    "within the rounding of the numbers in it",
    "the claim",
    "a Q7 of Q7 numbers",
    "Q7 of shape Q7",
}

# Never part of a report: how Python's functions were called, or a method of the judge that another takes over from.
ELSEWHERE = {
    "check: sizes[Q7] must be a whole number of at least 1, got Q7",
    "check: the claim's parameter Q7 is none of the truth's tensors (Q7); pass symbols={Q7: ...} or annotate it with its dims.Q7",
    "exercise: no tensor has role='parameter'; say by which to differentiate",
    "exercise: the number of lines must be at least 1, got Q7",
    "a verdict is more than true or false; read .status, or .holds (True, False, or None for layout and undecided)",
    "likely mistake: Q7",
    "corrected: Q7",
    "the function",
    "the backward function",
    "Q7 is no fraction",
    "a root of a fraction",
    "Q7 of a fraction",
    "functions of matrices as numbers of the kind Q7",
    "functions of matrices as residues",
    "a root is no rational function",
    "a computed exponent is no rational function",
    "Q7 is no rational function",
    "Q7 as a residue",
    "a division by a residue of zero",
    "exponentials nested deeper than the tower of primes",
    "half angle",
    "a root of a number that is no square modulo the prime",
    "power Q7",
    "Q7 points",
    "classes Q7",
    "diag(p∘(1 − p))",  # a formula
}


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """The strings of a file outside docstrings and calls of ``re``, with their lines; fields are filled."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside: set[int] = set()
    for node in ast.walk(tree):
        quoted = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        pattern = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.")
        if quoted or pattern or isinstance(node, ast.JoinedStr):
            inside |= {id(n) for n in ast.walk(node) if n is not node}
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(v.value if isinstance(v, ast.Constant) else FILLED for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def sentences(file: Path) -> dict[str, int]:
    """The strings that have a space and a word in them, each with its first line."""
    found: dict[str, int] = {}
    for line, text in literals(file):
        words = re.findall(r"[a-z]{2,}", text)
        if words and " " in text.strip() and not CODE.search(text) and text not in VOCABULARY:
            found.setdefault(text, line)
    return found


def known(text: str) -> bool:
    """Whether the catalogue has a sentence: as a whole, after a label, or all the parts that semicolons end."""
    if text in PARTS | ELSEWHERE | MISTAKES.keys() or text in (m.sentence for m in MISTAKES.values()):
        return True
    name, colon, rest = text.partition(": ")
    if colon and label(name, catalogue("it")) != name:
        return known(rest)
    whole = re.sub(f"(?<=[a-z]){FILLED}(?=;|$)", "", text.removeprefix("; "))
    return filled(whole) or all(filled(part) for part in whole.split("; "))


def filled(part: str) -> bool:
    """Whether it is a sentence of the catalogue whose fields hold no words that the catalogue has not."""
    if not set(re.findall(r"[A-Za-z]{2,}", part.replace(FILLED, ""))) - SPOKEN:
        return True
    found = recognised(part, detail=True)
    return found is not None and all(value != part and filled(value) for value in found[1].values())


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_every_sentence_of_the_judges_is_in_the_catalogue(file):
    assert {line: text for text, line in sentences(file).items() if not known(text)} == {}


def test_no_exception_is_left_over():
    written = {text for file in FILES for text in sentences(file)}
    assert PARTS - written == set()
    assert ELSEWHERE - written == set()


def test_a_sentence_that_is_missing_is_found(tmp_path):
    (tmp_path / "judge.py").write_text('raise ReadingError(f"the {name} is greener than {other}", span)\n')
    (text,) = sentences(tmp_path / "judge.py")
    assert text == "the Q7 is greener than Q7"
    assert not known(text)


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        (
            "as it is read it does not hold, but it does if the sum Σ_i x_i ends with its first term; which is meant? Brackets tell",
            "come è letta non vale, ma vale se la somma Σ_i x_i finisce con il suo primo termine; che cosa si intende? Lo dicono le parentesi",
        ),
        (
            "the claim cannot be read as a program: the sum: the size of W (a m×n matrix) is not known here; write it as an index, as in I_n",
            "l’affermazione non si legge come un programma: la somma: la dimensione di W (una matrice m×n) qui non è nota; si scriva come indice, come in I_n",
        ),
        (
            "'+' does not fit here; expected a number, a symbol, (",
            "'+' qui non va bene; si attende un numero, un simbolo, (",
        ),
        (
            "it does not hold in general, but it does where A is symmetric; is that supposed here?",
            "in generale non vale, ma vale dove A è simmetrica; qui lo si suppone?",
        ),
        ("a constant factor is wrong: 1/n for 1/m", "un fattore costante è sbagliato: 1/n al posto di 1/m"),
    ],
)
def test_sentences_within_sentences(english, italian):
    assert said(english, catalogue("it")) == italian
    assert said(english, catalogue("en")) == english


def test_details_are_recognised_in_mistakes_alone():
    assert said("no room for that", catalogue("it")) == "no room for that"


def test_labels_with_and_without_a_sentence():
    words = catalogue("it")
    assert mistake("arithmetic: the numbers before it give 3", words) == "aritmetica: i numeri che precedono danno 3"
    assert mistake("forgotten path", words) == "cammino dimenticato"
    assert mistake("no room for that", words) == "no room for that"


def test_every_condition_of_a_verdict_is_in_the_catalogue():
    primitives = [p.condition.format("the matrix made of X") for p in PRIMITIVES.values() if p.condition]
    kinks = [row.kink for row in FUNCTIONS.values() if row.kink and not re.fullmatch(r"\w+′\(0\) = 0", row.kink)]
    for condition in (*TIES.values(), *primitives, *kinks):
        assert recognised(condition) is not None, condition
    assert said("the matrix made of X, λ invertible", catalogue("it")) == "la matrice fatta di X, λ invertibile"

"""Hand calculations in many notations, with the expected judgement of every claim beside them.

A sidecar's ``true``: true, false, "layout", "shape" (shapes do not fit), "unreadable", "undecided"; ``follows``: true, false or null
(the start of a derivation: nothing is expected); ``diagnosis``: the label that the mistake must get.
"""

import json
import re
from pathlib import Path

import pytest

from symbolic.verification.documents import check_document
from symbolic.verification.reading.pieces import split

FOLDER = Path(__file__).parent / "handwork"
DOCUMENTS = sorted(p for p in FOLDER.iterdir() if p.suffix in (".md", ".tex"))
EQUALITY = re.compile(r"(?<![<>\\!:_^{])=")  # not ≤, and not the lower limit of a sum
ALLOWED = {
    "true": {"proved", "agrees"},
    "false": {"refuted", "shape"},
    "layout": {"layout"},
    "shape": {"shape"},
    "unreadable": {"unreadable"},
    "undecided": {"undecided"},
    "layout or false": {"layout", "refuted"},
}


def passed_over(text, latex, verdict):
    """Formulas with an equality of which nothing is said: no claim, no definition, no note that it is not judged, no problem."""
    source = split(text, latex)
    spoken_of = [source.text[: c.place[0]].count("\n") + 1 for c in verdict.claims]
    spoken_of += [t.line for t in verdict.taken] + [p.line for p in verdict.problems]
    formulas = [source.text[p.start : p.end] for p in source.pieces if p.mathematics]
    lines = [range(source.line(p.start), source.line(p.end) + 1) for p in source.pieces if p.mathematics]
    return [
        formula
        for formula, within in zip(formulas, lines, strict=True)
        if EQUALITY.search(formula) and not any(line in within for line in spoken_of)
    ]


def squeezed(latex):
    return "".join(latex.split()).replace("&", "").rstrip(".,;")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.stem)
def test_document(path):
    expected = json.loads((FOLDER / f"{path.stem}.expected.json").read_text())["claims"]
    text, latex = path.read_bytes().decode(), path.suffix == ".tex"
    verdict = check_document(text, latex=latex)
    assert passed_over(text, latex, verdict) == []
    assert [(c.line, squeezed(c.latex)) for c in verdict.claims] == [
        (e["line"], squeezed(e["latex"])) for e in expected
    ]
    for claim, e in zip(verdict.claims, expected, strict=True):
        said = f"{path.stem}:{claim.line} {claim.latex}: {claim.status}, {claim.evidence}"
        assert claim.status in ALLOWED[str(e["true"]).lower()], said
        if e["follows"] is not None:
            assert claim.follows in (e["follows"], None), said
        if e["true"] is False and e["mistake"]:
            assert claim.evidence, said
        if "diagnosis" in e:
            assert claim.diagnosis.partition(":")[0] == e["diagnosis"], f"{said}; {claim.diagnosis}"


def test_there_are_enough():
    assert len(DOCUMENTS) >= 25


UNDEFINED_COST = r"""
Let $z \in \mathbb{R}^{n}$, $W \in \mathbb{R}^{m\times n}$ and set $s = Wz$, $a = \sigma(s)$. For some cost $C$,

$$\frac{\partial C}{\partial s} = \frac{\partial C}{\partial a} \odot a \odot (1-a)$$
$$\frac{\partial C}{\partial s} = \frac{\partial C}{\partial a} \odot (1-a)$$
$$\frac{\partial C}{\partial s} = 2 a$$
"""


def test_nothing_is_held_against_a_cost_that_is_never_defined():
    """The chain rule is judged whatever C is; what C itself is, nobody can say, and nothing made up for it is shown."""
    right, wrong, open_ = check_document(UNDEFINED_COST).claims
    assert right.status in ("proved", "agrees")
    assert (wrong.status, open_.status) == ("refuted", "undecided")
    assert "C is not defined" in open_.evidence
    assert not [
        text for c in (right, wrong, open_) for text in (c.repair, c.counterexample) if "kappa" in text or "rho" in text
    ]

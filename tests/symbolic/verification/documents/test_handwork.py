"""Hand calculations in many notations, with the expected judgement of every claim beside them.

A sidecar's ``true``: true, false, "layout", "shape" (shapes do not fit), "unreadable", "undecided"; ``follows``: true, false or null
(the start of a derivation: nothing is expected).
"""

import json
from pathlib import Path

import pytest

from symbolic.verification.documents import check_document

FOLDER = Path(__file__).parent / "handwork"
DOCUMENTS = sorted(p for p in FOLDER.iterdir() if p.suffix in (".md", ".tex"))
ALLOWED = {
    "true": {"proved", "agrees"},
    "false": {"refuted", "shape"},
    "layout": {"layout"},
    "shape": {"shape"},
    "unreadable": {"unreadable"},
    "undecided": {"undecided"},
    "layout or false": {"layout", "refuted"},
}


def squeezed(latex):
    return "".join(latex.split()).replace("&", "").rstrip(".,;")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.stem)
def test_document(path):
    expected = json.loads((FOLDER / f"{path.stem}.expected.json").read_text())["claims"]
    verdict = check_document(path.read_bytes().decode(), latex=path.suffix == ".tex")
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


def test_there_are_enough():
    assert len(DOCUMENTS) >= 25

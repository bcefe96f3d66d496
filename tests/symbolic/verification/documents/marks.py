"""The verdicts on a document in one letter each."""

from symbolic.verification.documents import check_document

STATUS = {
    "proved": "T",
    "agrees": "T",
    "refuted": "F",
    "shape": "F",
    "layout": "L",
    "undecided": "?",
    "unreadable": "?",
}


def marks(text):
    """T for a right claim, F for a wrong one, L for one in the other layout, ? for one that is left open, in order."""
    return "".join(STATUS[claim.status] for claim in check_document(text).claims)

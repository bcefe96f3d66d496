"""What it means that one variable stands where another belongs: by their names, and by how the source makes one from the other."""

from __future__ import annotations

import re

from numeric.checking.edits import Node, Place, is_gradient


def alike(a: str, b: str) -> bool:
    """Whether two names differ in their numbers alone, as those of two layers do."""
    return re.sub(r"\d+", "", a) == re.sub(r"\d+", "", b)


def confusion(text: str, other: str, n: Node, place: Place) -> str:
    """The label for reading one variable where another belongs."""
    if n.slope:
        return "h' at the wrong argument"
    if is_gradient(text) and is_gradient(other) and _made_from(other, text, place):
        return "missing h'"  # the cotangent after a nonlinearity, for the one before it
    if not is_gradient(text) and (_applied(other, text, place) or _applied(text, other, place)):
        return "pre-activation and activation"
    if alike(text, other):
        return "wrong layer index"
    return "wrong tensor"


def _made_from(name: str, other: str, place: Place) -> bool:
    """Whether the source computes a name entry by entry from another: ``dz = da * (z > 0)``."""
    made = re.search(rf"(?m)^\s*{re.escape(name)}\s*=(?!=)(.*)$", place.text)
    return (
        made is not None
        and re.search(rf"(?<![\w.]){re.escape(other)}(?![\w.\[])", made[1]) is not None
        and re.search(r"@|dot|matmul|einsum|outer", made[1]) is None
        and "*" in made[1]
    )


def _applied(name: str, other: str, place: Place) -> bool:
    """Whether the source makes a name by applying a function to another, entry by entry: ``a = np.tanh(z)``."""
    made = re.search(rf"(?m)^\s*{re.escape(name)}\s*=(?!=)(.*)$", place.text)
    return (
        made is not None
        and re.search(rf"\((?:[^()]*[^\w.(])?{re.escape(other)}(?![\w.\[])", made[1]) is not None
        and re.search(r"@|dot|matmul|einsum|outer|sum|mean|zeros|ones|shape", made[1]) is None
    )

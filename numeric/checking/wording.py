"""How a line and what is wrong with it are put into words."""

from __future__ import annotations

import re

from numeric.checking.probes import leaf
from numeric.checking.verdicts import LineVerdict


def first_line(code: str) -> str:
    """The first line of a statement; of a loop its head."""
    return code.splitlines()[0] if code else code


def variable(code: str) -> str:
    """What a statement assigns, without its indices; empty if it assigns nothing.

    >>> variable("dW[:, j] += x[i]"), variable("grads['b'] = dz.sum(0)"), variable("return dx"), variable("if z <= 0:")
    ('dW', 'b', '', '')
    """
    if code.startswith(("if ", "for ")):
        return ""
    found = re.match(r"[\w.]+(\['\w+'\])?", code.partition("=")[0].strip())
    return leaf(found[0]) if found and "=" in code else ""


def sentence(x: LineVerdict) -> str:
    """One sentence on a line that is wrong."""
    said = f"line {x.line}" + (f" ({x.function})" if x.function else "") + f": {x.variable or 'it'} is wrong"
    if x.diagnosis:
        said += f" ({x.diagnosis})"
    if x.repair:
        said += f"; it should be {x.repair}"
    return said

r"""LaTeX to MathML that browsers draw right: rewrite, convert with latex2mathml, repair, validate.

``mathml`` never raises and never shows nothing: a formula that cannot be read appears as its own source. What the
library reads wrongly, and how that is met, is listed in ``mathml_source``; what browsers must be told by style sheet
stands in ``page.css`` under "mathematics".
"""

from __future__ import annotations

import functools
import re
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.converter import Converter

from reports.writers.mathml_source import rewrite
from reports.writers.mathml_tree import repair, validate
from reports.writers.tex import FormulaError

# What no page may hold: control characters, halves of pairs, and marks that reverse the direction of what follows.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
NAMESPACE = "http://www.w3.org/1998/Math/MathML"


@functools.lru_cache(maxsize=4096)
def mathml(latex: str, display: bool = False, name: str = "") -> str:
    r"""A ``<math>`` element as text, with the LaTeX as its annotation and ``name`` as what is read aloud.

    >>> mathml("x")
    '<math><semantics><mi>x</mi><annotation encoding="application/x-tex">x</annotation></semantics></math>'
    """
    latex, name = UNPRINTABLE.sub("\ufffd", latex), UNPRINTABLE.sub("\ufffd", name)
    try:
        body = convert(latex, display)
    except Exception:  # the library raises ValueError, StopIteration, IndexError, RecursionError and more
        body = Element("mtext", {"class": "source"})
        body.text = latex or " "
    math = Element("math", {"display": "block"} if display else {})
    if name:
        math.set("aria-label", name)
    semantics = SubElement(math, "semantics")
    semantics.append(body)
    SubElement(semantics, "annotation", encoding="application/x-tex").text = latex
    return tostring(math, encoding="unicode")


def convert(latex: str, display: bool = False) -> Element:
    """The formula as one MathML element; raises ``FormulaError``, or whatever the library raises, if it cannot."""
    rewritten = rewrite(latex)
    found = Converter(display="block" if display else "inline").convert_to_element(rewritten.latex)
    body = repair(found[0], rewritten.values)
    if body is None:
        raise FormulaError("nothing is left of the formula")
    validate(body)
    return body

"""Labels as SVG: mathematics set by ziamath where it is installed, else as plain italic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree

_PER_CHARACTER = 0.56  # mean width of a character of plain text, in units of its size


@dataclass(frozen=True)
class Label:
    """An SVG fragment whose origin is the top left corner of a box of the given size; it draws in ``currentColor``."""

    svg: str
    width: float
    height: float


@lru_cache(maxsize=4096)
def label(tex: str, size: float = 15.0) -> Label:
    """The label for a LaTeX formula.

    >>> label("x").width < label("x + y").width
    True
    """
    try:
        from ziamath.config import config
        from ziamath.zmath import Latex
    except ImportError:
        return _plain(tex, size)
    config.svg2 = False  # paths in place: identifiers of glyphs would collide between the figures of a page
    try:
        drawn = Latex(_simplified(tex), size=size, color="currentColor").svgxml()
    except Exception:  # ziamath raises whatever its parser meets; a plain label is better than no figure
        return _plain(tex, size)
    left, top, width, height = (float(v) for v in drawn.attrib["viewBox"].split())
    for element in drawn.iter():
        element.tag = element.tag.rpartition("}")[2]
    inner = "".join(ElementTree.tostring(child, encoding="unicode") for child in drawn)
    return Label(f'<g transform="translate({-left:.2f} {-top:.2f})">{inner}</g>', width, height)


def _simplified(tex: str) -> str:
    """What ziamath's LaTeX reader understands: no colour classes."""
    return re.sub(r"\\class\{[^{}]*\}", "", tex)


def _plain(tex: str, size: float) -> Label:
    words = re.sub(r"\\(?:operatorname|mathrm|text|mathbf|left|right|,|;)\b\*?", "", tex)
    words = re.sub(r"\\frac\{(.*?)\}\{(.*)\}", r"\1/\2", words).replace(r"\partial", "∂")
    words = re.sub(r"[{}\\$^_]", "", words).strip() or "·"
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    width = _PER_CHARACTER * size * len(words)
    return Label(
        f'<text y="{0.8 * size:.1f}" font-family="STIX Two Math, serif" font-style="italic" font-size="{size}" '
        f'fill="currentColor">{escaped}</text>',
        width,
        size,
    )

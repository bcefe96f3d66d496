"""Labels as SVG: mathematics set by ziamath where it is installed, else as plain italic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree

_COMMANDS = re.compile(r"([A-Za-z])([^A-Za-z]*)")
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
        if "d" in element.attrib:
            element.set("d", _compact(element.attrib["d"]))
    inner = "".join(ElementTree.tostring(child, encoding="unicode") for child in drawn)
    return Label(f'<g transform="translate({-left:.2f} {-top:.2f})">{inner}</g>', width, height)


def _compact(path: str) -> str:
    """The outline in steps from point to point, to a hundredth: less than half as long, and nothing to see.

    Each step leads on from where the rounded ones ended, so that errors do not add up. What is not made of lines and
    quadratic or cubic curves comes back as it is.

    >>> _compact("M 7.933 -12.265 L 8 -12 Q 8.439 -12.265 8.813 -12.05 Z")
    'm7.93-12.27l.07.27q.44-.27.81-.05z'
    """
    written, x, y = "", 0.0, 0.0
    start = (0.0, 0.0)
    for command, numbers in _COMMANDS.findall(path):
        values = [float(n) for n in numbers.split()]
        if command == "Z":
            written, (x, y) = written + "z", start
            continue
        if command not in "MLQC" or not values or len(values) % 2:
            return path
        steps = [round(v - (y if k % 2 else x), 2) for k, v in enumerate(values)]
        x, y = x + steps[-2], y + steps[-1]
        if command == "M":
            start = x, y
        written += command.lower() + _beside(steps)
    return written


def _beside(numbers: list[float]) -> str:
    """Numbers as short as SVG allows: a sign or a leading point tells them apart."""
    written = ""
    for number in numbers:
        digits = f"{number:.2f}".rstrip("0").rstrip(".").replace("0.", ".", 1) if abs(number) < 1 else f"{number:g}"
        digits = "0" if digits in ("", "-", "-0") else digits
        last = written.rpartition("-")[2].rpartition(" ")[2]
        joins = not written or digits[0] == "-" or (digits[0] == "." and "." in last)
        written += digits if joins else f" {digits}"
    return written


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

r"""Drawings for LaTeX: SVG as a ``tikzpicture`` of paths, for plots that have no TikZ of their own.

What plots and diagrams consist of is read: paths, basic shapes, groups, references, transforms, clips and solid paint.
A drawing with anything else (pictures, text in a browser's font) is not drawn, and its description is printed instead.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from reports.writers.svg_paths import IDENTITY, NUMBER, Matrix, Point, Segment, moved, segments, times, transform

LONGEST = 600_000  # characters of SVG; TeX reads paths slowly
FARTHEST = 8000.0  # beyond the page and within what TeX can count; what lies there is clipped away
SILENT = {"defs", "title", "desc", "metadata", "clipPath", "symbol", "marker", "style"}
NAMES = {
    "black": "000000",
    "white": "ffffff",
    "red": "ff0000",
    "currentcolor": "000000",
    "grey": "808080",
    "gray": "808080",
}
INHERITED = {
    *("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity"),
    *("fill-opacity", "fill-rule", "opacity"),
}


class _Unreadable(Exception):
    """The drawing holds something that this module does not draw."""


@dataclass(frozen=True)
class _Place:
    """What an element inherits: paint, the map to the page, and the ids of the whole drawing."""

    paint: dict[str, str]
    matrix: Matrix
    by_id: dict[str, ElementTree.Element]


def tikz(svg: str) -> str:
    """The drawing as TikZ, or "" where it cannot be drawn that way."""
    if len(svg) > LONGEST:
        return ""
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  (no external entities: expat resolves none)
        by_id = {node.get("id", ""): node for node in root.iter() if node.get("id")}
        lines = _element(root, _Place({"fill": "#000000", "stroke": "none"}, IDENTITY, by_id))
    except (_Unreadable, ElementTree.ParseError, ValueError, KeyError, IndexError, RecursionError):
        return ""
    return "\n".join([r"\begin{tikzpicture}[x=0.75bp,y=-0.75bp]", *lines, r"\end{tikzpicture}"])


def _element(node: ElementTree.Element, place: _Place) -> list[str]:
    if not isinstance(node.tag, str):
        return []
    tag = node.tag.rsplit("}", 1)[-1]
    if tag in SILENT or node.get("display") == "none":
        return []
    matrix = times(place.matrix, transform(node.get("transform", "")))
    if tag == "use":
        matrix = times(matrix, (1, 0, 0, 1, float(node.get("x", "0")), float(node.get("y", "0"))))
    here = replace(place, paint=place.paint | _own_paint(node), matrix=matrix)
    lines = _drawn(tag, node, here)
    clip = _clip(node, here) if lines else ""
    return [r"\begin{scope}", clip, *lines, r"\end{scope}"] if clip else lines


def _drawn(tag: str, node: ElementTree.Element, place: _Place) -> list[str]:
    if tag in ("g", "svg", "a"):
        return [line for child in node for line in _element(child, place)]
    if tag == "use":
        reference = next((value for name, value in node.attrib.items() if name.rsplit("}", 1)[-1] == "href"), "")
        return _element(place.by_id[reference.removeprefix("#")], place)
    path = _path(_segments(tag, node), place.matrix)
    options = _options(place)
    return [rf"\path[{options}] {path};"] if options and path else []


def _segments(tag: str, node: ElementTree.Element) -> list[Segment]:
    def n(name: str) -> float:
        return float(node.get(name, "0").removesuffix("px"))

    if tag == "path":
        return segments(node.get("d", ""))
    if tag == "rect":
        x, y, w, h = n("x"), n("y"), n("width"), n("height")
        r = min(n("rx") or n("ry"), w / 2, h / 2)
        a = f"a {r} {r} 0 0 1"
        return segments(
            f"M {x + r} {y} h {w - 2 * r} {a} {r} {r} v {h - 2 * r} {a} {-r} {r} "
            f"h {2 * r - w} {a} {-r} {-r} v {2 * r - h} {a} {r} {-r} Z"
        )
    if tag in ("circle", "ellipse"):
        rx, ry = (n("r"), n("r")) if tag == "circle" else (n("rx"), n("ry"))
        half = f"a {rx} {ry} 0 1 0"
        return segments(f"M {n('cx') - rx} {n('cy')} {half} {2 * rx} 0 {half} {-2 * rx} 0 Z")
    if tag == "line":
        return [("M", ((n("x1"), n("y1")),)), ("L", ((n("x2"), n("y2")),))]
    if tag in ("polyline", "polygon"):
        return segments(f"M {node.get('points', '')}" + (" Z" if tag == "polygon" else ""))
    raise _Unreadable(tag)


def _path(found: list[Segment], matrix: Matrix) -> str:
    parts = []
    for kind, points in found:
        shown = [_point(moved(matrix, point)) for point in points]
        if kind == "M":
            parts.append(shown[0])
        elif kind == "L":
            parts.append(f"-- {shown[0]}")
        elif kind == "C":
            parts.append(f".. controls {shown[0]} and {shown[1]} .. {shown[2]}")
        else:
            parts.append("-- cycle")
    return " ".join(parts)


def _point(point: Point) -> str:
    x, y = (max(-FARTHEST, min(FARTHEST, coordinate)) for coordinate in point)
    return f"({_n(x)},{_n(y)})"


def _options(place: _Place) -> str:
    paint, options = place.paint, []
    opacity = float(paint.get("opacity", "1"))
    for name, key in (("fill", "fill"), ("stroke", "draw")):
        color = _color(paint.get(name, "none"))
        if color:
            options.append(f"{key}={{{color}}}")
            strength = opacity * float(paint.get(f"{name}-opacity", "1"))
            if strength < 1:
                options.append(f"{key} opacity={strength:.3g}")
    if any(option.startswith("draw=") for option in options):
        options += _line(place)
    if options and paint.get("fill-rule") == "evenodd":
        options.append("even odd rule")
    return ", ".join(options)


def _line(place: _Place) -> list[str]:
    paint = place.paint
    a, b, c, d, _, _ = place.matrix
    scale = 0.75 * math.sqrt(abs(a * d - b * c))
    options = [f"line width={_n(scale * float(NUMBER.findall(paint.get('stroke-width', '1'))[0]))}bp"]
    dashes = [_n(scale * float(number)) for number in NUMBER.findall(paint.get("stroke-dasharray", ""))]
    if dashes:
        dashes = dashes * 2 if len(dashes) % 2 else dashes
        pattern = " ".join(f"{'off' if place % 2 else 'on'} {dash}bp" for place, dash in enumerate(dashes))
        options.append(f"dash pattern={pattern}")
    cap, join = paint.get("stroke-linecap", "butt"), paint.get("stroke-linejoin", "miter")
    options.append(f"line cap={'rect' if cap == 'square' else cap if cap in ('butt', 'round') else 'butt'}")
    options.append(f"line join={join if join in ('miter', 'round', 'bevel') else 'miter'}")
    return options


def _color(value: str) -> str:
    value = value.strip().lower()
    if value in ("none", "transparent", ""):
        return ""
    digits = NAMES.get(value, value.removeprefix("#"))
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch("[0-9a-f]{6}", digits):
        parts = NUMBER.findall(value)
        if not value.startswith("rgb(") or len(parts) != 3:
            raise _Unreadable(value)
        digits = "".join(f"{int(float(part)):02x}" for part in parts)
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return f"rgb,255:red,{red};green,{green};blue,{blue}"


def _own_paint(node: ElementTree.Element) -> dict[str, str]:
    given = {name: value for name, value in node.attrib.items() if name in INHERITED}
    for part in node.get("style", "").split(";"):
        name, _, value = part.partition(":")
        if name.strip() in INHERITED:
            given[name.strip()] = value.strip()
    return {name: value for name, value in given.items() if value not in ("inherit", "")}


def _clip(node: ElementTree.Element, place: _Place) -> str:
    given = node.get("clip-path", "") or next(iter(re.findall(r"clip-path:\s*([^;]+)", node.get("style", ""))), "")
    reference = re.search(r"url\(\s*['\"]?#([^)'\"]+)", given)
    if not reference:
        return ""
    shapes = [_segments(child.tag.rsplit("}", 1)[-1], child) for child in place.by_id[reference[1]]]
    path = " ".join(_path(shape, place.matrix) for shape in shapes)
    return rf"\clip {path};" if path else ""


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.0005 else "0"

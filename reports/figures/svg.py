"""Block diagrams as SVG, inline in a page (which sets the colours) or stand-alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reports.document.catalogue import Catalogue
from reports.figures.blocks import FOLDS, Diagram, Edge, Node
from reports.figures.labels import Label, label
from reports.figures.layout import GAP_X, Layout, Size, place

Point = tuple[float, float]

STYLE = (
    ".bd{color:#1b1b1f}.bd .ink{stroke:currentColor;fill:none;stroke-width:1.4}.bd .solid{fill:currentColor}"
    ".bd .paper{fill:var(--paper,#fff);stroke:currentColor;stroke-width:1.4}"
    ".bd .back{stroke:var(--flow,#b3261e);fill:none;stroke-width:1.4;stroke-dasharray:5 3}.bd .head{fill:var(--flow,#b3261e)}"
    "@media (prefers-color-scheme:dark){.bd{color:#e6e6ea;--paper:#17171a;--flow:#ff8a80}}"
)
_PAPER, _FLOW = "var(--paper,#fff)", "var(--flow,#b3261e)"
_HEAD = 7.0
LEAST = 0.72  # of a wide drawing's size, on a narrow screen, where it is scrolled instead
NARROW = 480  # pixels: what is less wide shrinks with the page
WIDEST = 1020.0  # pixels: a drawing of this width, at its least size, fills a column of text


def to_svg(diagram: Diagram, standalone: bool = True, words: Catalogue | None = None) -> str:
    """The drawing as an SVG element with its text alternative in ``words``; ``standalone`` adds the namespace.

    Raises ``ValueError`` for a node of unknown kind.
    """
    labels = {node.key: label(node.label) for node in diagram.nodes}
    layout = arranged(diagram)
    parts = [_edge(diagram, e, layout) for e in diagram.edges]
    parts += [_node(node, layout.centres[node.key], labels[node.key]) for node in diagram.nodes]
    drop = max((flow.height for flow in _flows(diagram)), default=0.0)
    width, height = math.ceil(layout.width), math.ceil(layout.height + drop)
    said = diagram.description(words)
    least = f' style="min-width:{LEAST * width:.0f}px"' if width > NARROW else ""
    space = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    return (
        f'<svg{space} class="bd" role="img" '
        f'aria-label="{escape(said)}" viewBox="0 0 {width} {height}" width="{width}" height="{height}"{least}>'
        f"<title>{escape(said)}</title><style>{STYLE}</style>{''.join(parts)}</svg>"
    )


def arranged(diagram: Diagram) -> Layout:
    """The layout with each node as large as its label needs, and room between layers for what flows back."""
    sizes = {node.key: size_of(node, label(node.label)) for node in diagram.nodes}
    flows = _flows(diagram)
    gap = max([GAP_X, *(words.width + 16 for words in flows)])
    below = max([0.0, *(words.height for words in flows)])
    found = place(diagram, sizes, gap, WIDEST, below)
    widest = WIDEST
    while found.width > WIDEST and widest > WIDEST / 2:  # what passes between rows runs in the margins and needs room
        widest -= max(found.width - WIDEST, WIDEST / 20)
        found = min(found, place(diagram, sizes, gap, widest, below), key=lambda layout: max(layout.width, WIDEST))
    return found


def _flows(diagram: Diagram) -> list[Label]:
    return [label(e.gradient, 11.0) for e in diagram.edges if e.gradient]


def size_of(node: Node, words: Label) -> Size:
    """The size of a node with these words in it; raises ``ValueError`` for a node of unknown kind."""
    if node.kind in ("observed", "computed", "parameter"):
        height = max(words.height + 12, 30.0)
        return Size(max(words.width + 14, height), height)
    if node.kind == "function":
        return Size(max(words.width + 34, 48.0), max(words.height + 16, 34.0))
    if node.kind == "cost":
        side = max(words.width + 16, words.height + 14, 34.0)
        return Size(side, side)
    if node.kind in FOLDS:
        return Size(words.width + 18, words.height + 14)
    raise ValueError(f"cannot draw a node of kind {node.kind!r}")


def _node(node: Node, centre: Point, words: Label) -> str:
    x, y = centre
    size = size_of(node, words)
    left, top, right, bottom = x - size.width / 2, y - size.height / 2, x + size.width / 2, y + size.height / 2
    nudge = -4 if node.kind == "function" else 0
    inside = f'<g transform="translate({x - words.width / 2 + nudge:.1f} {y - words.height / 2:.1f})">{words.svg}</g>'
    if node.kind in ("observed", "computed", "parameter"):
        round_ = f'<rect x="{left:.1f}" y="{top:.1f}" width="{size.width:.1f}" height="{size.height:.1f}" rx="{size.height / 2:.1f}"'
        if node.kind == "observed":
            return f'{round_} class="solid"/>{inside.replace("currentColor", _PAPER)}'
        return f'{round_} class="paper"/>{inside}'
    if node.kind == "function":
        nose = size.height / 2
        path = f"M{left:.1f} {top:.1f}H{right - nose:.1f}A{nose:.1f} {nose:.1f} 0 0 1 {right - nose:.1f} {bottom:.1f}H{left:.1f}Z"
        return f'<path d="{path}" class="paper"/>{inside}'
    if node.kind == "cost":
        return f'<rect x="{left:.1f}" y="{top:.1f}" width="{size.width:.1f}" height="{size.height:.1f}" class="paper"/>{inside}'
    return inside


@dataclass(frozen=True)
class Wire:
    """An edge as it is drawn: from border to border, beside it what flows back, and the middle of the words for that."""

    forward: Sequence[Point]
    backward: Sequence[Point] = ()
    place: Point = (0.0, 0.0)


def wire(diagram: Diagram, edge: Edge, layout: Layout) -> Wire:
    """The points of an edge and, if a gradient flows back, of a line beside it from the same end to the same end."""
    nodes = {n.key: n for n in diagram.nodes}
    route = list(layout.routes[edge])
    start, end = nodes[edge.source], nodes[edge.target]
    a = _border(route[0], size_of(start, label(start.label)), start.kind, route[1])
    b = _border(route[-1], size_of(end, label(end.label)), end.kind, route[-2])
    points = [a, *route[1:-1], b]
    if edge.gradient is None:
        return Wire(points)
    moved = _beside(points, 7.0)
    if not edge.gradient:
        return Wire(points, moved)
    words = label(edge.gradient, 11.0)
    (ax, ay), (bx, by) = max(itertools.pairwise(moved), key=lambda ends: math.dist(*ends))
    mx, my = (ax + bx) / 2, (ay + by) / 2
    level = abs(by - ay) < abs(bx - ax)
    if level:
        return Wire(points, moved, (mx, my + 3 + words.height / 2))
    # Right of both lines: left of a box wires come in from the row before.
    return Wire(points, moved, (max(mx, (a[0] + b[0]) / 2) + words.width / 2 + 4, my))


def _edge(diagram: Diagram, edge: Edge, layout: Layout) -> str:
    drawn = wire(diagram, edge, layout)
    ahead, back = drawn.forward, drawn.backward
    parts = f'<path d="{_curve(ahead)}" class="ink"/>{_arrow(ahead[-2], ahead[-1], "solid")}'
    if back:
        parts += f'<path d="{_curve(back)}" class="back"/>{_arrow(back[1], back[0], "head")}'
    if edge.gradient:
        words, (x, y) = label(edge.gradient, 11.0), drawn.place
        inside = words.svg.replace("currentColor", _FLOW)
        parts += f'<g transform="translate({x - words.width / 2:.1f} {y - words.height / 2:.1f})">{inside}</g>'
    return parts


def _beside(points: Sequence[Point], distance: float) -> list[Point]:
    """The line at a distance to the right hand of this one; corners are mitred."""
    normals = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length = math.hypot(bx - ax, by - ay) or 1.0
        normals.append((-(by - ay) / length, (bx - ax) / length))
    moved = []
    for k, (px, py) in enumerate(points):
        (ux, uy), (vx, vy) = normals[max(k - 1, 0)], normals[min(k, len(normals) - 1)]
        scale = distance / (1 + ux * vx + uy * vy) if ux * vx + uy * vy > -0.9 else distance
        moved.append((px + scale * (ux + vx), py + scale * (uy + vy)))
    return moved


def _border(centre: Point, size: Size, kind: str, towards: Point) -> Point:
    """Where the line from the centre leaves the shape."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    w, h = size.width / 2, size.height / 2
    if dx == dy == 0:
        return centre
    if kind in ("observed", "computed", "parameter") and size.width - size.height < 4:
        scale = h / math.hypot(dx, dy)
    else:
        scale = min(w / abs(dx) if dx else math.inf, h / abs(dy) if dy else math.inf)
    return centre[0] + dx * scale, centre[1] + dy * scale


def _curve(points: Sequence[Point]) -> str:
    """A smooth way through the points, level at each of them; straight where it goes straight."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for bend, ((ax, ay), (bx, by)) in zip(bends(points), itertools.pairwise(points), strict=True):
        if bend:
            middle = (ax + bx) / 2
            path += f"C{middle:.1f} {ay:.1f} {middle:.1f} {by:.1f} {bx:.1f} {by:.1f}"
        else:
            path += f"L{bx:.1f} {by:.1f}"
    return path


def bends(points: Sequence[Point]) -> list[bool]:
    """Which pieces of a way are curved: those between way-points that neither lie level nor stand on each other."""
    return [
        len(points) > 2 and abs(ay - by) >= 0.5 and abs(ax - bx) >= 0.5
        for (ax, ay), (bx, by) in itertools.pairwise(points)
    ]


def _arrow(previous: Point, tip: Point, kind: str) -> str:
    dx, dy = tip[0] - previous[0], tip[1] - previous[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    base = (tip[0] - _HEAD * ux, tip[1] - _HEAD * uy)
    left, right = (base[0] - 3.2 * uy, base[1] + 3.2 * ux), (base[0] + 3.2 * uy, base[1] - 3.2 * ux)
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in (tip, left, right))
    return f'<polygon points="{corners}" class="{kind}"/>'

"""SVG path data as absolute lines and cubic curves, and the affine maps that move them."""

from __future__ import annotations

import math
import re

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]  # (x, y) -> (a x + c y + e, b x + d y + f)
Segment = tuple[str, tuple[Point, ...]]  # "M" and "L" with one point, "C" with three, "Z" with none

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
TRANSFORM = re.compile(r"(\w+)\s*\(([^)]*)\)")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def times(outer: Matrix, inner: Matrix) -> Matrix:
    """The map that applies ``inner`` first."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def moved(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    return (a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f)


def transform(text: str) -> Matrix:
    """The map that a ``transform`` attribute states; raises ``ValueError`` for one that is not known.

    >>> transform("translate(1 2) scale(3)")
    (3.0, 0.0, 0.0, 3.0, 1.0, 2.0)
    """
    matrix = IDENTITY
    for name, arguments in TRANSFORM.findall(text):
        v = [float(number) for number in NUMBER.findall(arguments)]
        if name == "translate":
            step: Matrix = (1, 0, 0, 1, v[0], v[1] if len(v) > 1 else 0)
        elif name == "scale":
            step = (v[0], 0, 0, v[-1], 0, 0)
        elif name == "rotate":
            cosine, sine = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
            step = (cosine, sine, -sine, cosine, 0, 0)
            if len(v) == 3:
                step = times(times((1, 0, 0, 1, v[1], v[2]), step), (1, 0, 0, 1, -v[1], -v[2]))
        elif name == "matrix" and len(v) == 6:
            step = (v[0], v[1], v[2], v[3], v[4], v[5])
        else:
            raise ValueError(f"the transform {name} is not known")
        matrix = times(matrix, step)
    return matrix


def segments(data: str) -> list[Segment]:
    """The path as absolute segments.

    >>> segments("M 1 1 h 2 s 1 0 1 1 z")
    [('M', ((1.0, 1.0),)), ('L', ((3.0, 1.0),)), ('C', ((3.0, 1.0), (4.0, 1.0), (4.0, 2.0))), ('Z', ())]
    """
    found: list[Segment] = []
    here = start = (0.0, 0.0)
    control: tuple[str, Point] = ("", here)  # the last control point, for the smooth commands
    for letter, v in _commands(data):
        upper, relative = letter.upper(), letter.islower()
        at = here

        def p(i, at=at, v=v, relative=relative):
            return (v[i] + at[0] * relative, v[i + 1] + at[1] * relative)

        kind: str = upper
        ends: tuple[Point, ...] = ()
        if upper in "ML":
            ends = (p(0),)
            start = ends[0] if upper == "M" else start
        elif upper == "H":
            kind, ends = "L", ((v[0] + at[0] * relative, at[1]),)
        elif upper == "V":
            kind, ends = "L", ((at[0], v[0] + at[1] * relative),)
        elif upper in "CS":
            first = p(0) if upper == "C" else _mirrored(control, "C", at)
            rest = (p(2), p(4)) if upper == "C" else (p(0), p(2))
            kind, ends = "C", (first, *rest)
            control = ("C", ends[1])
        elif upper in "QT":
            middle = p(0) if upper == "Q" else _mirrored(control, "Q", at)
            end = p(2) if upper == "Q" else p(0)
            kind, ends = "C", (_between(at, middle, 2 / 3), _between(end, middle, 2 / 3), end)
            control = ("Q", middle)
        elif upper == "A":
            arcs = _arc(at, v, p(5))
            found.extend(arcs)
            here = p(5)
            control = ("", here)
            continue
        elif upper == "Z":
            here = start
            found.append(("Z", ()))
            continue
        if upper not in "CSQT":
            control = ("", at)
        found.append((kind, ends))
        here = ends[-1] if ends else here
    return found


def _commands(data: str):
    """(letter, arguments) of each command; what repeats without its letter gets it."""
    letter, numbers = "", []
    for command, number in TOKEN.findall(data):
        if command:
            letter, numbers = command, []
            if command in "Zz":
                yield command, []
        else:
            numbers.append(float(number))
            if letter and len(numbers) == ARGUMENTS[letter.upper()]:
                yield letter, numbers
                numbers = []
                letter = {"M": "L", "m": "l"}.get(letter, letter)


def _mirrored(control: tuple[str, Point], kind: str, here: Point) -> Point:
    known, point = control
    return (2 * here[0] - point[0], 2 * here[1] - point[1]) if known == kind else here


def _between(a: Point, b: Point, share: float) -> Point:
    return (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))


def _arc(start: Point, v: list[float], end: Point) -> list[Segment]:
    """An elliptical arc as cubic curves of at most a quarter turn (SVG 2, appendix B.2.4)."""
    rx, ry, turn = abs(v[0]), abs(v[1]), math.radians(v[2])
    if not rx or not ry or start == end:
        return [("L", (end,))]
    cosine, sine = math.cos(turn), math.sin(turn)
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = cosine * dx + sine * dy, -sine * dx + cosine * dy
    grow = math.sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = rx * grow, ry * grow
    under = (rx * ry) ** 2 - (rx * y) ** 2 - (ry * x) ** 2
    factor = math.sqrt(max(0.0, under) / ((rx * y) ** 2 + (ry * x) ** 2)) * (-1 if bool(v[3]) == bool(v[4]) else 1)
    cx, cy = factor * rx * y / ry, -factor * ry * x / rx
    first = math.atan2((y - cy) / ry, (x - cx) / rx)
    sweep = math.atan2((-y - cy) / ry, (-x - cx) / rx) - first
    sweep += 2 * math.pi * ((v[4] and sweep < 0) - (not v[4] and sweep > 0))
    centre = ((start[0] + end[0]) / 2 + cosine * cx - sine * cy, (start[1] + end[1]) / 2 + sine * cx + cosine * cy)
    frame: Matrix = (cosine * rx, sine * rx, -sine * ry, cosine * ry, *centre)
    pieces = max(1, math.ceil(abs(sweep) / (math.pi / 2) - 1e-9))
    angle = sweep / pieces
    k = 4 / 3 * math.tan(angle / 4)
    found: list[Segment] = []
    for piece in range(pieces):
        a, b = first + piece * angle, first + (piece + 1) * angle
        unit = (
            (math.cos(a) - k * math.sin(a), math.sin(a) + k * math.cos(a)),
            (math.cos(b) + k * math.sin(b), math.sin(b) - k * math.cos(b)),
            (math.cos(b), math.sin(b)),
        )
        found.append(("C", (moved(frame, unit[0]), moved(frame, unit[1]), moved(frame, unit[2]))))
    return found

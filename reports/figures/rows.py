"""A wide drawing in several rows, read like text: left to right, then the next row.

A row ends where a box would begin that no longer fits. What crosses to the next row goes right, down, left and down
again along the margins.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

Point = tuple[float, float]
MARGIN = 16.0


def in_rows(
    columns: Mapping[int, Sequence[str]],
    starts: Mapping[str, bool],
    left: Mapping[str, float],
    right: Mapping[str, float],
    widest: float,
) -> list[list[int]]:
    """The layers of each row; ``starts`` says of a node whether a row may begin with it."""
    rows: list[list[int]] = []
    for k in sorted(columns):
        begins = all(starts.get(key, True) for key in columns[k])
        end = max(right[key] for key in columns[k])
        first = min(left[key] for key in columns[rows[-1][0]]) if rows else 0.0
        if not rows or (begins and end - first > widest):
            rows.append([])
        rows[-1].append(k)
    if len(rows) > 1 and len(rows[-1]) == 1:  # a lonely cost goes back to what it judges
        last = rows.pop()
        rows[-1] += last
    return rows


def stacked(
    rows: Sequence[Sequence[int]],
    columns: Mapping[int, Sequence[str]],
    x: Mapping[str, float],
    y: Mapping[str, float],
    left: Mapping[str, float],
    room: Mapping[str, tuple[float, float]],
    between: float,
) -> tuple[dict[str, float], dict[str, float], dict[str, int], list[float]]:
    """Abscissae and ordinates row by row, the row of each node, and the heights of the gaps between rows."""
    new_x, new_y, row_of, gaps = {}, {}, {}, []
    down = 0.0
    for number, layers in enumerate(rows):
        keys = [key for k in layers for key in columns[k]]
        start = min(left[key] for key in keys)
        top = min(y[key] - room[key][0] for key in keys)
        if number:
            gaps.append(down - MARGIN - 7)
        for key in keys:
            new_x[key], new_y[key], row_of[key] = x[key] - start, y[key] - top + down, number
        down += max(y[key] + room[key][1] for key in keys) - top + between
    return new_x, new_y, row_of, gaps


def way(
    chain: Sequence[str], places: Mapping[str, Point], row_of: Mapping[str, int], gaps: Sequence[float], edge: float
) -> list[Point]:
    """The points of an edge, with the corners of its ways to next rows; ``edge`` is the right margin."""
    points = [places[chain[0]]]
    for before, after in itertools.pairwise(chain):
        ay, (bx, by) = places[before][1], places[after]
        if row_of[before] != row_of[after]:
            across = gaps[row_of[after] - 1]
            points += [(edge, ay), (edge, across), (-MARGIN, across), (-MARGIN, by)]
        points.append((bx, by))
    return points

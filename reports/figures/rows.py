"""A wide drawing in several rows, read like text: left to right, then the next row.

A row ends where a box would begin that no longer fits. What crosses to the next row goes right, down, left and down
again along the margins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]
MARGIN = 16.0
ROW, LONELY, TOO_WIDE = (
    3.0,
    50.0,
    200.0,
)  # the cost in wires cut: of a row, of a last row of one layer, of twice the width
LANE = 14.0  # between two wires that cross to the next row side by side: each has what flows back beside it


def in_rows(
    columns: Mapping[int, Sequence[str]],
    starts: Mapping[str, bool],
    left: Mapping[str, float],
    right: Mapping[str, float],
    widest: float,
    entering: Mapping[int, int],
) -> list[list[int]]:
    """The layers of each row; ``starts`` says of a node whether a row may begin with it.

    Of all ways to break the drawing the one with the fewest rows and the fewest wires cut between them (``entering``
    counts those that come into a layer), found from the end as a paragraph's lines are (Knuth and Plass 1981).
    """
    layers = sorted(columns)
    first = [min(left[key] for key in columns[k]) for k in layers]
    last = list(itertools.accumulate((max(right[key] for key in columns[k]) for k in layers), max))
    end = len(layers)
    opens = [all(starts.get(key, True) for key in columns[k]) for k in layers] + [True]
    cost, nexts = [0.0] * (end + 1), [end] * end
    for n in reversed(range(end)):
        ways = []
        for cut in range(n + 1, end + 1):
            if not opens[cut]:
                continue
            filled = (last[cut - 1] - first[n]) / widest
            if filled > 1 and ways:
                break
            wires = entering.get(layers[cut], 0) if cut < end else 0
            alone = LONELY if cut == end and n == end - 1 > 0 else 0.0  # a lonely cost stays with what it judges
            ways.append((ROW + wires + alone + max(filled - 1, 0.0) * TOO_WIDE + cost[cut], -cut))
        cost[n], found = min(ways)
        nexts[n] = -found
    rows, n = [], 0
    while n < end:
        rows.append(layers[n : nexts[n]])
        n = nexts[n]
    return rows


def crossings(
    chains: Iterable[Sequence[str]],
    rows: Sequence[Sequence[int]],
    columns: Mapping[int, Sequence[str]],
    y: Mapping[str, float],
) -> list[dict[tuple[str, str], int]]:
    """For each gap between rows the wires that cross it, each with its lane, from the lowest start on."""
    row_of = {key: number for number, layers in enumerate(rows) for k in layers for key in columns[k]}
    found: list[list[tuple[str, str]]] = [[] for _ in rows[1:]]
    for chain in chains:
        for before, after in itertools.pairwise(chain):
            if row_of[before] != row_of[after]:
                found[row_of[after] - 1].append((before, after))
    ordered = [sorted(dict.fromkeys(wires), key=lambda wire: (-y[wire[0]], -y[wire[1]])) for wires in found]
    return [{wire: lane for lane, wire in enumerate(wires)} for wires in ordered]


def stacked(
    rows: Sequence[Sequence[int]],
    columns: Mapping[int, Sequence[str]],
    x: Mapping[str, float],
    y: Mapping[str, float],
    left: Mapping[str, float],
    room: Mapping[str, tuple[float, float]],
    between: Sequence[float],
) -> tuple[dict[str, float], dict[str, float], dict[str, int], list[float]]:
    """Abscissae and ordinates row by row, the row of each node, and the heights of the lowest wires in the gaps.

    ``between`` is the free space under each row.
    """
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
        down += max(y[key] + room[key][1] for key in keys) - top + between[number]
    return new_x, new_y, row_of, gaps


def way(
    chain: Sequence[str],
    places: Mapping[str, Point],
    row_of: Mapping[str, int],
    gaps: Sequence[float],
    lanes: Sequence[Mapping[tuple[str, str], int]],
    edge: float,
) -> list[Point]:
    """The points of an edge, with the corners of its ways to next rows; ``edge`` is the right margin.

    Lanes are nested, so that wires which keep their order do not cross.
    """
    points = [places[chain[0]]]
    for before, after in itertools.pairwise(chain):
        ay, (bx, by) = places[before][1], places[after]
        if row_of[before] != row_of[after]:
            gap = row_of[after] - 1
            lane, last = lanes[gap][before, after], len(lanes[gap]) - 1
            right, left = edge + lane * LANE, -MARGIN - (last - lane) * LANE
            across = gaps[gap] - (last - lane) * LANE
            points += [(right, ay), (right, across), (left, across), (left, by)]
        points.append((bx, by))
    return points
